//! This program around an agent.

use std::path::PathBuf;

use adrecover_agent::{Choice, NotConnected, Reason, World};
use adrecover_core::change::ChangesError;
use adrecover_journal::{JournalPlace, Options};
use adrecover_ldap::changes::{Changes, Way};
use adrecover_ldap::{BindFailure, ConnectError, KerberosFailure, Session};
use sha2::{Digest, Sha256};

use super::source::LiveSource;
use crate::context::{Ctx, Pin};
use crate::error::{CliError, Kind};
use crate::files;
use crate::journal::{Keeping, forest_of};

/// This program around an agent.
pub(crate) struct ProgramWorld<'a> {
    ctx: &'a Ctx,
    keeping: Keeping,
    max_octets: Option<u64>,
    /// Whether it was connected once, so that what is wrong now is not how it was set up.
    was_connected: bool,
    /// The password's file as it was used last, as a hash.
    used: Option<[u8; 32]>,
}

impl<'a> ProgramWorld<'a> {
    pub(crate) fn new(ctx: &'a Ctx, keeping: Keeping, max_octets: Option<u64>) -> Self {
        Self { ctx, keeping, max_octets, was_connected: false, used: None }
    }

    /// What is in the file of the password, or in the keytab, as a hash.
    fn password(&self) -> Option<[u8; 32]> {
        let settings = &self.ctx.settings;
        let file = if settings.kerberos {
            keytab()?
        } else {
            settings.password_file.clone().filter(|_| !settings.password_from_stdin())?
        };
        files::read(&file, 1 << 16, false).ok().map(|octets| Sha256::digest(octets).into())
    }

    /// What cannot be otherwise later, as far as can be told.
    fn failed(&self, error: CliError) -> NotConnected<CliError> {
        match error.kind {
            Kind::Interrupted => NotConnected::Never(error),
            Kind::Usage | Kind::BadInput if !self.was_connected => NotConnected::Never(error),
            _ => NotConnected::Later(error),
        }
    }
}

impl World for ProgramWorld<'_> {
    type Source = LiveSource;
    type Error = CliError;

    async fn connect(&mut self, choice: &Choice) -> Result<LiveSource, NotConnected<CliError>> {
        let pin = match choice {
            Choice::Any => Pin::Any,
            Choice::Only(host) => Pin::Only(host.clone()),
            Choice::First(host) => Pin::First(host.clone()),
        };
        self.used = self.password();
        let (options, _) = self.ctx.prepared(&pin).await.map_err(|error| self.failed(error))?;
        let session = match Session::connect(&options).await {
            Ok(session) => session,
            Err(error) if is_refusal(&error) => {
                // Who typed a wrong password types another one.
                let is_typed = !self.was_connected && self.ctx.is_typed();
                let wrap = if is_typed { NotConnected::Never } else { NotConnected::Refused };
                return Err(wrap(error.into()));
            }
            Err(error) => return Err(self.failed(error.into())),
        };
        let changes = Changes::open(session, Way::Best).await;
        let changes = changes.map_err(|error| NotConnected::Later(error.into()))?;
        if let Some(other) = self.keeping.other_forest(&forest_of(changes.session().root_dse())) {
            return Err(self.failed(other));
        }
        self.was_connected = true;
        Ok(LiveSource(changes))
    }

    fn has_other_logon(&self) -> bool {
        self.password().is_some_and(|now| Some(now) != self.used)
    }

    fn reason(&self, error: &CliError) -> Reason {
        Reason { message: error.message.clone(), hint: error.hint.clone() }
    }

    fn journal(&self, forest: &str) -> Result<(JournalPlace, Options), CliError> {
        self.keeping.written(forest, self.max_octets)
    }

    fn memory(&self, forest: &str) -> Result<Option<PathBuf>, CliError> {
        self.keeping.memory(forest)
    }

    fn known_forest(&self) -> Option<String> {
        self.keeping.known_forest()
    }
}

/// Whether a logon was refused, so that the same again may lock the account. A server that is only busy says so in another way, and a
/// ticket that has expired is nobody's password.
fn is_refusal(error: &ConnectError) -> bool {
    match error {
        ConnectError::Bind { failure, .. } => *failure != BindFailure::Other,
        ConnectError::Kerberos { failure, .. } => {
            matches!(failure, KerberosFailure::Other(_)) && keytab().is_some()
        }
        _ => false,
    }
}

/// The keytab that Kerberos gets tickets by (krb5.conf(5), `default_client_keytab_name`), where the environment names one.
fn keytab() -> Option<PathBuf> {
    let name = std::env::var("KRB5_CLIENT_KTNAME").ok()?;
    Some(PathBuf::from(name.strip_prefix("FILE:").unwrap_or(&name)))
}

/// What the directory does not tell.
impl From<ChangesError> for CliError {
    fn from(error: ChangesError) -> Self {
        let hint = error.hint();
        match error {
            ChangesError::Directory(error) => error.into(),
            ChangesError::RightMissing { .. } => {
                Self { hint, ..Self::new(Kind::AccessDenied, error.to_string()) }
            }
            _ => Self { hint, ..Self::unexpected(error.to_string()) },
        }
    }
}
