//! What every command is given: settings, printer, clock and the way to the directory.

use std::sync::{Arc, OnceLock};

use adrecover_agent::LogFile;
use adrecover_core::time::Timestamp;
use adrecover_ldap::{BindMethod, ConnectOptions, HAS_KERBEROS, Scheme, ServerUrl, Session};
use secrecy::SecretString;

use crate::discovery::{self, Origin};
use crate::error::CliError;
use crate::files;
use crate::interrupt::Stop;
use crate::password;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::sources::SourceArgs;

/// The context of one run.
pub(crate) struct Ctx {
    /// What the options come to.
    pub(crate) settings: Settings,
    /// Where data and messages go.
    pub(crate) printer: Arc<Printer>,
    /// When the program was started: the time that ages are measured against.
    pub(crate) now: Timestamp,
    /// Ctrl-C.
    pub(crate) stop: Stop,
    /// The password that was typed, for the next connection.
    pub(crate) typed: OnceLock<SecretString>,
    /// The service that this is, where it is one of Windows.
    pub(crate) service: Option<Service>,
}

/// What a service of Windows has in place of a terminal.
#[derive(Clone)]
pub(crate) struct Service {
    /// Where what it says goes.
    pub(crate) log: LogFile,
    /// To be called when it does its work.
    pub(crate) when_ready: Arc<dyn Fn() + Send + Sync>,
}

/// Which of several servers is wanted, by its DNS name.
///
/// A plan is carried out, and finished, where it was made: another domain controller may not have yet what this one shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pin {
    /// The first that can be used.
    Any,
    /// This one before others: something that was begun there may be left.
    First(String),
    /// This one alone, where it is among them.
    Only(String),
}

impl Pin {
    fn choose(&self, servers: &mut Vec<ServerUrl>) {
        let (Self::First(host) | Self::Only(host)) = self else { return };
        let is_it = |url: &ServerUrl| url.host.eq_ignore_ascii_case(host);
        if matches!(self, Self::Only(_)) && servers.iter().any(is_it) {
            servers.retain(is_it);
        }
        servers.sort_by_key(|url| !is_it(url));
    }
}

impl Ctx {
    /// Connects to the first server that answers and logs on.
    ///
    /// Asks for the password where none is given. Once connected, Ctrl-C sets [`Self::stop`] instead of ending the program.
    pub(crate) async fn connect(&self) -> Result<Session, CliError> {
        Ok(self.connect_to(&Pin::Any).await?.0)
    }

    /// The same for a server that is wanted, and where the servers came from.
    pub(crate) async fn connect_to(&self, pin: &Pin) -> Result<(Session, Origin), CliError> {
        let (options, origin) = self.prepared(pin).await?;
        let session = self.stop.unless_asked(async { Ok(Session::connect(&options).await?) }).await?;
        let root_dse = session.root_dse();
        let host = root_dse.dns_host_name.as_deref().unwrap_or("a server without a name");
        self.printer.detail(1, format!("connected to {host} ({})", session.server()));
        Ok((session, origin))
    }

    /// What it takes to connect, with what the password's file and the DNS say now.
    pub(crate) async fn prepared(&self, pin: &Pin) -> Result<(ConnectOptions, Origin), CliError> {
        self.stop.watch(&self.printer);
        let (mut options, origin) = self.stop.unless_asked(self.connect_options()).await?;
        pin.choose(&mut options.servers);
        if self.settings.insecure {
            self.printer.warn(
                "the server's certificate is not verified (--insecure): whoever answers sees the password",
            );
        }
        Ok((options, origin))
    }

    /// What it takes to connect, password included, and where the servers come from.
    async fn connect_options(&self) -> Result<(ConnectOptions, Origin), CliError> {
        let settings = &self.settings;
        if let Some(url) = settings.servers.iter().find(|u| settings.starttls && u.scheme == Scheme::Ldaps) {
            return Err(CliError::usage(format!(
                "--starttls is for ldap:// URLs; {url} is encrypted from the start"
            ))
            .hint("leave out --starttls, or write ldap://"));
        }
        // Before a password is asked for.
        let domain = match settings.servers.as_slice() {
            [] => Some(discovery::domain(settings)?),
            _ => None,
        };
        let mut options = ConnectOptions::new(settings.servers.clone(), self.bind_method()?);
        if let Some(ca) = &settings.ca {
            // Read here once with a limit: what reads it later has none.
            files::read(ca, 16 << 20, false)?;
        }
        options.starttls = settings.starttls;
        options.ca_file = settings.ca.clone();
        options.insecure = settings.insecure;
        options.timeout = settings.timeout;
        let origin = match &domain {
            Some(domain) => discovery::find(domain, settings, &mut options, &self.printer).await?,
            None => Origin::named(),
        };
        Ok((options, origin))
    }

    /// What it takes to connect to a server that is a source: its own account where one is named, else that of the connection.
    pub(crate) fn source_options(
        &self,
        url: &ServerUrl,
        args: &SourceArgs,
    ) -> Result<ConnectOptions, CliError> {
        let settings = &self.settings;
        let bind = match &args.source_user {
            Some(name) => BindMethod::Simple {
                name: name.clone(),
                password: match &args.source_password_file {
                    Some(file) => password::from_file(file, &self.printer)?,
                    None => {
                        return Err(CliError::usage(format!("there is no password for {name} on {url}"))
                            .hint("give it with --source-password-file FILE (- is standard input)"));
                    }
                },
            },
            None => self.bind_method()?,
        };
        let mut options = ConnectOptions::new(vec![url.clone()], bind);
        options.starttls = settings.starttls && url.scheme == Scheme::Ldap;
        options.ca_file.clone_from(&settings.ca);
        options.insecure = settings.insecure;
        options.timeout = settings.timeout;
        options.plain_loopback = true;
        Ok(options)
    }

    /// A ticket or a password.
    fn bind_method(&self) -> Result<BindMethod, CliError> {
        let settings = &self.settings;
        let name = settings.user.clone().filter(|name| !name.trim().is_empty());
        if settings.kerberos {
            if !HAS_KERBEROS {
                return Err(CliError::usage("this program was built without Kerberos").hint(
                    "the program of the Debian package has it, or build it with `cargo build --release --features kerberos`; or log on with --user and a password",
                ));
            }
            // Names of hosts belong to the realm that the Kerberos configuration says, unless a domain is named.
            let realm = settings.domain.as_ref().map(|domain| domain.to_uppercase());
            return Ok(BindMethod::Kerberos {
                principal: name.as_deref().map(principal).transpose()?,
                realm,
            });
        }
        let Some(name) = name else {
            return Err(CliError::usage("no account is named to log on with").hint(
                "give --user admin@contoso.com, the variable ADRECOVER_USER, or a profile with `user`; or --kerberos for \
                 the ticket that you have",
            ));
        };
        let password = match self.typed.get() {
            Some(typed) => typed.clone(),
            None => password::of_connection(&name, settings.password_file.as_deref(), &self.printer)?,
        };
        if self.is_typed() {
            let _ = self.typed.set(password.clone());
        }
        Ok(BindMethod::Simple { name, password })
    }

    /// Whether the password is one that cannot be read a second time: it was typed, or came on standard input.
    pub(crate) fn is_typed(&self) -> bool {
        let settings = &self.settings;
        let is_elsewhere = settings.password_file.is_some() || std::env::var_os(password::VARIABLE).is_some();
        !settings.kerberos && (settings.password_from_stdin() || !is_elsewhere)
    }
}

/// The Kerberos principal of a logon name: `admin@contoso.com` is `admin@CONTOSO.COM`.
fn principal(name: &str) -> Result<String, CliError> {
    match name.rsplit_once('@') {
        Some((account, realm)) if !account.is_empty() && !realm.is_empty() => {
            Ok(format!("{account}@{}", realm.to_uppercase()))
        }
        None if !name.contains(['\\', '=']) => Ok(name.to_owned()),
        _ => Err(CliError::usage(format!("`{name}` does not name the owner of a Kerberos ticket"))
            .hint("give --user admin@contoso.com, or leave --user out: then it is the ticket that is there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_server_is_tried_first_or_alone() {
        let chosen = |pin: Pin| {
            let mut servers: Vec<ServerUrl> =
                ["dc1.x", "dc2.x", "dc3.x"].map(|host| ServerUrl::new(Scheme::Ldap, host)).into();
            pin.choose(&mut servers);
            servers.iter().map(|url| url.host.clone()).collect::<Vec<_>>()
        };
        assert_eq!(chosen(Pin::Any), ["dc1.x", "dc2.x", "dc3.x"]);
        assert_eq!(chosen(Pin::First("DC2.x".into())), ["dc2.x", "dc1.x", "dc3.x"]);
        assert_eq!(chosen(Pin::Only("DC2.x".into())), ["dc2.x"]);
        // Then it is said that this is another one.
        assert_eq!(chosen(Pin::Only("dc9.x".into())), ["dc1.x", "dc2.x", "dc3.x"]);
    }

    #[test]
    fn a_principal_has_its_realm_in_capitals() {
        assert_eq!(principal("admin@contoso.com").unwrap(), "admin@CONTOSO.COM");
        assert_eq!(principal("admin").unwrap(), "admin");
        for bad in ["CONTOSO\\admin", "CN=admin,DC=contoso", "@contoso.com", "admin@"] {
            assert_eq!(principal(bad).unwrap_err().code(), 2, "{bad}");
        }
    }
}
