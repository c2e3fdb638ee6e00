//! Which domain controller to connect to where none is named.

use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use adrecover_ldap::locate::{self, LocateError, Located, SiteSource, Wanted};
use adrecover_ldap::{ConnectOptions, Scheme, ServerUrl};

use crate::error::{CliError, Kind};
use crate::files;
use crate::printer::Printer;
use crate::settings::Settings;

/// The realm that Kerberos packages come with: nobody's.
const NOBODYS_REALM: &str = "athena.mit.edu";

/// A domain and how it came to be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    pub(crate) name: String,
    pub(crate) because: &'static str,
}

/// Where the servers to try come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// In words.
    pub(crate) how: String,
    /// The hosts of this computer's site, where that is known.
    pub(crate) of_site: Option<Vec<String>>,
}

impl Origin {
    /// The servers were named.
    pub(crate) fn named() -> Self {
        Self { how: "named by --server, its variable or the profile".to_owned(), of_site: None }
    }
}

/// The domain that is meant: the one that is named, this computer's own, or that of the account's UPN.
pub(crate) fn domain(settings: &Settings) -> Result<Domain, CliError> {
    let named = settings.domain.clone().map(|name| (name, "--domain"));
    let own = || own_domain().map(|name| (name, "this computer's own domain"));
    let of_account = || {
        let (_, suffix) = settings.user.as_deref()?.rsplit_once('@')?;
        Some((suffix.to_owned(), "the domain of the account"))
    };
    let (name, because) = named.or_else(own).or_else(of_account).ok_or_else(nothing_named)?;
    Ok(Domain { name, because })
}

/// Neither a server nor a domain is known.
fn nothing_named() -> CliError {
    CliError::usage("no server is named").hint(
        "give --server ldaps://dc1.contoso.com or --domain contoso.com, one of the variables ADRECOVER_SERVER and \
         ADRECOVER_DOMAIN, or a profile with `server` or `domain`",
    )
}

/// `USERDNSDOMAIN` on Windows; elsewhere the default realm of Kerberos, in lower case.
fn own_domain() -> Option<String> {
    if cfg!(windows) {
        return std::env::var("USERDNSDOMAIN")
            .ok()
            .map(|name| name.to_lowercase())
            .filter(|name| !name.is_empty());
    }
    let files = match std::env::var_os("KRB5_CONFIG").filter(|v| !v.is_empty()) {
        Some(list) => std::env::split_paths(&list).collect(),
        None => vec![PathBuf::from("/etc/krb5.conf")],
    };
    files.iter().find_map(|file| default_realm(&read(file)?)).filter(|realm| realm != NOBODYS_REALM)
}

fn read(file: &Path) -> Option<String> {
    let octets = files::read(file, 1 << 20, false).ok()?;
    Some(String::from_utf8_lossy(&octets).into_owned())
}

/// `default_realm` of a krb5.conf, in lower case.
fn default_realm(text: &str) -> Option<String> {
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        if let Some((key, value)) = line.split_once('=')
            && section == "[libdefaults]"
            && key.trim() == "default_realm"
            && !value.trim().is_empty()
        {
            return Some(value.trim().to_lowercase());
        }
    }
    None
}

/// Fills in the servers of the domain that is meant, in the order in which to try them, and says how they were found.
pub(crate) async fn find(
    domain: &Domain,
    settings: &Settings,
    options: &mut ConnectOptions,
    printer: &Printer,
) -> Result<Origin, CliError> {
    printer.detail(1, format!("looking for the domain controllers of {} ({})", domain.name, domain.because));
    let wanted = Wanted {
        domain: domain.name.clone(),
        site: settings.site.clone(),
        dns_server: settings.dns_server,
        timeout: settings.timeout,
        seed: std::hash::RandomState::new().build_hasher().finish(),
    };
    let located = locate::locate(&wanted).await.map_err(|error| failure(&error, domain))?;
    located.trace.iter().for_each(|line| printer.detail(2, line));
    let origin = origin(domain, &located);
    printer.detail(1, &origin.how);
    let scheme = if settings.kerberos || settings.starttls { Scheme::Ldap } else { Scheme::Ldaps };
    let url = |host: &str, port: u16| {
        let url = ServerUrl::new(scheme, host);
        // The records name the port of plain LDAP.
        if scheme == Scheme::Ldap { url.with_port(port) } else { url }
    };
    options.servers = located.servers.iter().map(|found| url(&found.host, found.port)).collect();
    options.catalogues = located
        .catalogues
        .iter()
        .map(|found| ServerUrl::new(scheme, &found.host).with_port(scheme.global_catalog_port()))
        .collect();
    let all = located.servers.iter().chain(&located.catalogues);
    options.addresses = all.map(|found| (found.host.clone(), found.addresses.clone())).collect();
    Ok(origin)
}

fn origin(domain: &Domain, located: &Located) -> Origin {
    let site = match &located.site {
        Some((site, SiteSource::Given)) => format!("the site is {site} (--site)"),
        Some((site, SiteSource::Ping)) => format!("the site is {site} (as a domain controller tells it)"),
        None => "the site of this computer is not known".to_owned(),
    };
    let how = format!("found in the DNS for {} ({}); {site}", domain.name, domain.because);
    let of_site = located.servers.iter().filter(|found| found.is_of_site).map(|found| found.host.clone());
    Origin { how, of_site: located.site.is_some().then(|| of_site.collect()) }
}

fn failure(error: &LocateError, domain: &Domain) -> CliError {
    let kind = match error {
        LocateError::BadName { .. } => Kind::Usage,
        _ => Kind::Unreachable,
    };
    CliError::new(kind, format!("{error} (the domain is {})", domain.because)).hint(error.hint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_realm_is_read() {
        let text = "# x\n[libdefaults]\n  default_realm = CONTOSO.COM\n[realms]\n default_realm = OTHER\n";
        assert_eq!(default_realm(text).as_deref(), Some("contoso.com"));
        assert_eq!(default_realm("[realms]\ndefault_realm = X"), None);
        assert_eq!(default_realm("[libdefaults]\ndefault_realm =\n"), None);
    }
}
