//! Domain controllers of the other domains of the forest, connected to when they are needed, with the same logon and the same
//! rules as the first.

use std::collections::HashMap;
use std::sync::Arc;

use adrecover_core::Dn;
use adrecover_core::elsewhere::{Elsewhere, Reaching};
use adrecover_core::facts::ForestDomain;
use adrecover_ldap::{BindMethod, ConnectOptions, ServerUrl, Session};

use crate::context::Ctx;
use crate::discovery::{self, Domain};
use crate::error::CliError;
use crate::printer::Printer;
use crate::settings::Settings;

/// The other domains.
pub(crate) struct Others {
    /// What the first connection was made with.
    options: ConnectOptions,
    settings: Settings,
    printer: Arc<Printer>,
    /// The domains of the forest.
    domains: Vec<ForestDomain>,
    /// What all domain controllers of the forest have in common.
    configuration: Dn,
    /// The domain controllers that were reached, and why others were not, by the DNS names of their domains.
    reached: HashMap<String, Result<Session, String>>,
}

impl Others {
    /// None is connected to yet.
    pub(crate) fn new(ctx: &Ctx, session: &Session, domains: &[ForestDomain]) -> Self {
        Self {
            options: session.options().clone(),
            settings: ctx.settings.clone(),
            printer: Arc::clone(&ctx.printer),
            domains: domains.to_vec(),
            configuration: session.root_dse().configuration_naming_context.clone(),
            reached: HashMap::new(),
        }
    }

    async fn reach(&self, dns: &str) -> Result<Session, String> {
        let is_it = |domain: &&ForestDomain| domain.dns.eq_ignore_ascii_case(dns);
        let Some(domain) = self.domains.iter().find(is_it) else {
            return Err(format!("the forest has no domain {dns}"));
        };
        let mut options = self.options.clone();
        options.catalogues = vec![];
        match &mut options.bind {
            // A domain controller finds accounts of other domains by their logon names only.
            BindMethod::Simple { name, .. } if name.contains('=') => {
                return Err(
                    "the account is named by its DN, by which no other domain knows it: log on with its UPN"
                        .to_owned(),
                );
            }
            BindMethod::Kerberos { realm: Some(realm), .. } => *realm = dns.to_uppercase(),
            _ => {}
        }
        let named = self.settings.servers_of.iter().filter(|(of, _)| of.eq_ignore_ascii_case(dns));
        options.servers = named.map(|(_, url)| url.clone()).collect();
        if options.servers.is_empty() {
            let domain = Domain { name: dns.to_owned(), because: "a domain of the forest" };
            let found = discovery::find(&domain, &self.settings, &mut options, &self.printer).await;
            found.map_err(|error| {
                format!("{}; name a domain controller: --server-of {dns}=ldaps://dc1.{dns}", error.message)
            })?;
        }
        let session = Session::connect(&options).await.map_err(|error| match error.hint() {
            Some(hint) => format!("{error}; {hint}"),
            None => error.to_string(),
        })?;
        let root_dse = session.root_dse();
        let (holds, url) = (&root_dse.default_naming_context, session.server());
        if *holds != domain.dn || root_dse.configuration_naming_context != self.configuration {
            let text = format!("{url} holds {holds}, which is not {} of this forest", domain.dn);
            session.close().await;
            return Err(text);
        }
        if root_dse.is_read_only() {
            return Err(format!(
                "{url} is a read-only domain controller: --server-of {dns}=URL names another"
            ));
        }
        self.printer.detail(1, format!("connected to {url} for the domain {dns}"));
        Ok(session)
    }
}

impl Elsewhere<Session> for Others {
    fn domain<'s>(&'s mut self, dns: &'s str) -> Reaching<'s, Session> {
        Box::pin(async move {
            let key = dns.to_lowercase();
            if !self.reached.contains_key(&key) {
                let reached = self.reach(dns).await;
                if let Err(reason) = &reached {
                    self.printer.detail(1, format!("the domain {dns} cannot be asked: {reason}"));
                }
                self.reached.insert(key.clone(), reached);
            }
            match self.reached.get_mut(&key) {
                Some(Ok(session)) => Ok(session),
                Some(Err(reason)) => Err(reason.clone()),
                None => Err(format!("the domain {dns} was not asked")),
            }
        })
    }
}

/// A domain and a domain controller of it: `emea.contoso.com=ldaps://dc9.emea.contoso.com`.
pub(crate) fn server_of(
    text: &str,
    read: impl Fn(&str) -> Result<ServerUrl, CliError>,
) -> Result<(String, ServerUrl), CliError> {
    let bad = || {
        CliError::usage(format!("--server-of `{text}` does not name a domain and a server"))
            .hint("give it as in --server-of emea.contoso.com=ldaps://dc1.emea.contoso.com")
    };
    let (domain, url) = text.split_once('=').ok_or_else(bad)?;
    let domain = domain.trim().trim_end_matches('.').to_lowercase();
    if domain.is_empty() || domain.contains(['/', ':', ' ']) || url.trim().is_empty() {
        return Err(bad());
    }
    Ok((domain, read(url.trim())?))
}

#[cfg(test)]
mod tests {
    use adrecover_ldap::Scheme;

    use super::*;

    fn read(text: &str) -> Result<(String, ServerUrl), CliError> {
        server_of(text, |url| Ok(ServerUrl::read(url, Scheme::Ldaps)?))
    }

    #[test]
    fn a_server_is_named_with_its_domain() {
        let (domain, url) = read("EMEA.contoso.com.=dc9.emea.contoso.com").unwrap();
        assert_eq!(
            (domain.as_str(), url.to_string().as_str()),
            ("emea.contoso.com", "ldaps://dc9.emea.contoso.com")
        );
        for bad in [
            "",
            "=",
            "emea.contoso.com",
            "emea.contoso.com=",
            "=ldaps://dc1",
            "ldaps://dc1=emea",
            "a=http://x",
        ] {
            assert_eq!(read(bad).unwrap_err().code(), 2, "{bad}");
        }
    }
}
