//! What the options, the environment and the profile come to.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use adrecover_ldap::{Scheme, ServerUrl};

use crate::args::{Color, Format, GlobalArgs};
use crate::cloud::GraphArgs;
use crate::config::Profile;
use crate::elsewhere::server_of;
use crate::error::CliError;
use crate::journal::JournalArgs;
use crate::recovery::SyncArgs;

/// The settings of one run.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The servers to try, in order.
    pub(crate) servers: Vec<ServerUrl>,
    /// The domain to look for servers in.
    pub(crate) domain: Option<String>,
    /// The site to prefer.
    pub(crate) site: Option<String>,
    /// The DNS server to ask.
    pub(crate) dns_server: Option<SocketAddr>,
    /// Domain controllers of other domains of the forest, with the DNS names of those.
    pub(crate) servers_of: Vec<(String, ServerUrl)>,
    /// Whether to log on with a Kerberos ticket.
    pub(crate) kerberos: bool,
    /// The account to log on with.
    pub(crate) user: Option<String>,
    /// Where its password is; `-` is standard input.
    pub(crate) password_file: Option<PathBuf>,
    /// Certificates to trust besides those of the system.
    pub(crate) ca: Option<PathBuf>,
    /// Whether to start TLS on `ldap://`.
    pub(crate) starttls: bool,
    /// Whether any certificate is accepted.
    pub(crate) insecure: bool,
    /// What the profile says about signing in to Microsoft Graph; commands that do have the options.
    pub(crate) graph: GraphArgs,
    /// What the profile says about the server of the synchronisation; commands that run it have the options.
    pub(crate) sync: SyncArgs,
    /// What the profile says about the change journal; commands that use it have the options.
    pub(crate) journal: JournalArgs,
    /// How long to wait for a reply.
    pub(crate) timeout: Duration,
    /// The form of the data.
    pub(crate) output: Format,
    /// `-q` is -1, `-v` 1, …
    pub(crate) verbosity: i8,
    /// When to use colours.
    pub(crate) color: Color,
}

impl Settings {
    /// Option over variable (both stand in `given`) over profile over default.
    pub(crate) fn resolve(given: &GlobalArgs, profile: Option<&Profile>) -> Result<Self, CliError> {
        let none = Profile::default();
        let profile = profile.unwrap_or(&none);
        let servers = if given.server.is_empty() { &profile.server } else { &given.server };
        let starttls = given.starttls.or(profile.starttls).unwrap_or(false);
        let user = given.bind_user.clone().or_else(|| profile.user.clone());
        // Windows has a ticket of whoever has logged on.
        let own_ticket = cfg!(windows) && user.is_none();
        let kerberos = given.kerberos.or(profile.kerberos).unwrap_or(own_ticket);
        // A domain controller without a certificate, which is the default, answers on 389 only.
        let scheme = if kerberos || starttls { Scheme::Ldap } else { Scheme::Ldaps };
        let servers = servers.iter().map(|text| ServerUrl::read(text, scheme)).collect::<Result<_, _>>()?;
        let servers_of = if given.server_of.is_empty() { &profile.server_of } else { &given.server_of };
        let read = |url: &str| Ok(ServerUrl::read(url, scheme)?);
        let servers_of: Vec<(String, ServerUrl)> =
            servers_of.iter().map(|text| server_of(text, read)).collect::<Result<_, _>>()?;
        if let Some((_, url)) = servers_of.iter().find(|(_, url)| starttls && url.scheme == Scheme::Ldaps) {
            return Err(CliError::usage(format!(
                "--starttls is for ldap:// URLs; {url} is encrypted from the start"
            )));
        }
        let dns_server = given.dns_server.as_ref().or(profile.dns_server.as_ref());
        let dns_server = dns_server.map(|text| dns_address(text)).transpose()?;
        let timeout = given.timeout.or(profile.timeout).unwrap_or(60);
        if !(1..=86_400).contains(&timeout) {
            return Err(CliError::usage(format!("the timeout of {timeout} seconds is not 1 to 86400")));
        }
        let loud = if given.verbose > 0 { given.verbose } else { profile.verbose.unwrap_or(0) };
        let quiet = given.quiet.or(profile.quiet).unwrap_or(false) && given.verbose == 0;
        Ok(Self {
            servers,
            domain: given.domain.clone().or_else(|| profile.domain.clone()),
            site: given.site.clone().or_else(|| profile.site.clone()),
            dns_server,
            servers_of,
            kerberos,
            user,
            password_file: given.password_file.clone().or_else(|| profile.password_file.clone()),
            ca: given.ca.clone().or_else(|| profile.ca.clone()),
            starttls,
            insecure: given.insecure.or(profile.insecure).unwrap_or(false),
            graph: GraphArgs {
                tenant: profile.tenant.clone(),
                client_id: profile.client_id.clone(),
                client_secret_file: profile.client_secret_file.clone(),
                client_certificate: profile.client_certificate.clone(),
                device_code: profile.device_code,
                cloud_endpoint: profile.cloud_endpoint.clone(),
            },
            sync: SyncArgs { sync_server: profile.sync_server.clone(), sync_through: profile.sync_through },
            journal: JournalArgs {
                journal: profile.journal.clone(),
                forest: profile.forest.clone(),
                journal_key_file: profile.journal_key_file.clone(),
                journal_password_file: profile.journal_password_file.clone(),
            },
            timeout: Duration::from_secs(timeout.into()),
            output: given.output.or(profile.output).unwrap_or_default(),
            verbosity: if quiet { -1 } else { i8::try_from(loud).unwrap_or(i8::MAX) },
            color: given.color.or(profile.color).unwrap_or_default(),
        })
    }

    /// Whether the password of the connection is read from standard input, so that nothing else can be.
    pub(crate) fn password_from_stdin(&self) -> bool {
        self.password_file.as_ref().is_some_and(|p| p.as_os_str() == "-")
    }
}

/// An address with or without a port.
fn dns_address(text: &str) -> Result<SocketAddr, CliError> {
    let text = text.trim();
    let plain = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let address = plain.map(|address| SocketAddr::new(address, 53)).or_else(|| text.parse().ok());
    address.ok_or_else(|| {
        CliError::usage(format!("`{text}` is not the address of a DNS server"))
            .hint("give it as in --dns-server 10.0.0.1 or 10.0.0.1:53")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile {
            server: vec!["dc9".into()],
            user: Some("p".into()),
            timeout: Some(5),
            insecure: Some(true),
            verbose: Some(2),
            ..Profile::default()
        }
    }

    #[test]
    fn the_profile_fills_what_was_not_given() {
        let settings = Settings::resolve(&GlobalArgs::default(), Some(&profile())).unwrap();
        assert_eq!(settings.servers[0].to_string(), "ldaps://dc9");
        assert_eq!((settings.user.as_deref(), settings.timeout.as_secs()), (Some("p"), 5));
        assert!(settings.insecure && settings.verbosity == 2);
    }

    #[test]
    fn what_was_given_wins() {
        let given = GlobalArgs {
            server: vec!["ldap://dc1".into()],
            insecure: Some(false),
            quiet: Some(true),
            timeout: Some(7),
            ..GlobalArgs::default()
        };
        let settings = Settings::resolve(&given, Some(&profile())).unwrap();
        assert_eq!((settings.servers.len(), settings.servers[0].to_string().as_str()), (1, "ldap://dc1"));
        assert!(!settings.insecure && settings.verbosity == -1 && settings.timeout.as_secs() == 7);
    }

    #[test]
    fn a_bare_name_is_reached_as_the_logon_wants_it() {
        let url = |given: GlobalArgs| {
            let given = GlobalArgs { server: vec!["dc1".into()], ..given };
            Settings::resolve(&given, None).unwrap().servers[0].to_string()
        };
        assert_eq!(url(GlobalArgs::default()), "ldaps://dc1");
        assert_eq!(url(GlobalArgs { kerberos: Some(true), ..GlobalArgs::default() }), "ldap://dc1");
        assert_eq!(url(GlobalArgs { starttls: Some(true), ..GlobalArgs::default() }), "ldap://dc1");
    }

    #[test]
    fn a_dns_server_is_an_address() {
        assert_eq!(dns_address("10.0.0.1").unwrap().port(), 53);
        assert_eq!(dns_address("10.0.0.1:5353").unwrap().port(), 5353);
        assert_eq!(dns_address("::1").unwrap().to_string(), "[::1]:53");
        assert_eq!(dns_address("[::1]").unwrap().to_string(), "[::1]:53");
        assert_eq!(dns_address("dns.contoso.com").unwrap_err().code(), 2);
    }

    #[test]
    fn defaults() {
        let settings = Settings::resolve(&GlobalArgs::default(), None).unwrap();
        assert_eq!((settings.timeout.as_secs(), settings.output, settings.verbosity), (60, Format::Table, 0));
        assert!(settings.servers.is_empty() && !settings.insecure && !settings.starttls);
    }

    #[test]
    fn bad_values_are_usage_errors() {
        let given = GlobalArgs { server: vec!["http://dc1".into()], ..GlobalArgs::default() };
        assert_eq!(Settings::resolve(&given, None).unwrap_err().code(), 2);
        let zero = Profile { timeout: Some(0), ..Profile::default() };
        assert_eq!(Settings::resolve(&GlobalArgs::default(), Some(&zero)).unwrap_err().code(), 2);
    }
}
