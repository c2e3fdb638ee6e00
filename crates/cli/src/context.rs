//! What every command is given: settings, printer, clock and the way to the directory.

use std::sync::Arc;

use adrecover_core::time::Timestamp;
use adrecover_ldap::{BindMethod, ConnectOptions, Scheme, Session};

use crate::error::CliError;
use crate::files;
use crate::interrupt::Stop;
use crate::password;
use crate::printer::Printer;
use crate::settings::Settings;

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
}

impl Ctx {
    /// Connects to the first server that answers and logs on.
    ///
    /// Asks for the password where none is given. Once connected, Ctrl-C sets [`Self::stop`] instead of ending the program.
    pub(crate) async fn connect(&self) -> Result<Session, CliError> {
        self.stop.watch(&self.printer);
        let options = self.connect_options()?;
        if self.settings.insecure {
            self.printer.warn(
                "the server's certificate is not verified (--insecure): whoever answers sees the password",
            );
        }
        let session = self.stop.unless_asked(async { Ok(Session::connect(&options).await?) }).await?;
        let root_dse = session.root_dse();
        let host = root_dse.dns_host_name.as_deref().unwrap_or("a server without a name");
        self.printer.detail(1, format!("connected to {host} ({})", session.server()));
        Ok(session)
    }

    /// What it takes to connect, password included.
    pub(crate) fn connect_options(&self) -> Result<ConnectOptions, CliError> {
        let settings = &self.settings;
        if settings.servers.is_empty() {
            return Err(CliError::usage("no server is named").hint(
                "give --server ldaps://dc1.contoso.com, the variable ADRECOVER_SERVER, or a profile with `server`",
            ));
        }
        if let Some(url) = settings.servers.iter().find(|u| settings.starttls && u.scheme == Scheme::Ldaps) {
            return Err(CliError::usage(format!(
                "--starttls is for ldap:// URLs; {url} is encrypted from the start"
            ))
            .hint("leave out --starttls, or write ldap://"));
        }
        let Some(name) = settings.user.clone().filter(|name| !name.trim().is_empty()) else {
            return Err(CliError::usage("no account is named to log on with").hint(
                "give --user admin@contoso.com, the variable ADRECOVER_USER, or a profile with `user`",
            ));
        };
        let password = password::of_connection(&name, settings.password_file.as_deref(), &self.printer)?;
        let mut options =
            ConnectOptions::new(settings.servers.clone(), BindMethod::Simple { name, password });
        if let Some(ca) = &settings.ca {
            // Read here once with a limit: what reads it later has none.
            files::read(ca, 16 << 20, false)?;
        }
        options.starttls = settings.starttls;
        options.ca_file = settings.ca.clone();
        options.insecure = settings.insecure;
        options.timeout = settings.timeout;
        Ok(options)
    }
}
