//! New passwords on their way to the directory: given, or generated and kept before they are used.

use std::io::Write;
use std::path::{Path, PathBuf};

use adrecover_core::plan::ObjectPlan;
use adrecover_engine::{PasswordError, PasswordSource, random_password};
use secrecy::{ExposeSecret, SecretString};

use crate::error::CliError;
use crate::folders;
use crate::printer::Printer;

/// Where passwords come from in this run.
pub(crate) enum Passwords {
    /// Nobody asked for one.
    None,
    /// The same for every user.
    Given(SecretString),
    /// Generated and appended to a file before use.
    IntoFile(FileSink),
    /// Generated and shown at the end.
    OnTerminal(Vec<(String, SecretString)>),
}

/// The first line of a file of generated passwords.
const HEADER: &[u8] = b"guid,userPrincipalName,password\r\n";

/// A file of generated passwords.
pub(crate) struct FileSink {
    path: PathBuf,
    file: std::fs::File,
}

impl FileSink {
    /// Makes the file; it must not exist.
    pub(super) fn create(path: &Path) -> Result<Self, CliError> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let made = options.open(path).and_then(|mut file| {
            file.write_all(HEADER)?;
            file.sync_all()?;
            Ok(file)
        });
        match made {
            Ok(file) => Ok(Self { path: path.to_owned(), file }),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Err(CliError::usage(format!(
                "{} exists: passwords are never written over it",
                path.display()
            ))
            .hint("name another file")),
            Err(e) => Err(CliError::file("create", path, &e)),
        }
    }

    /// Goes on in the file of an interrupted operation, or makes it where that had not come so far.
    pub(super) fn resume(path: &Path) -> Result<Self, CliError> {
        if !path.exists() {
            return Self::create(path);
        }
        let text = std::fs::read(path).map_err(|e| CliError::file("read", path, &e))?;
        let others_read = folders::is_open_to_others(path);
        if !text.starts_with(HEADER) || others_read {
            return Err(CliError::usage(format!(
                "{} exists and is not the password file of an interrupted operation",
                path.display()
            ))
            .hint("name another file"));
        }
        let file = std::fs::OpenOptions::new().append(true).open(path);
        Ok(Self { path: path.to_owned(), file: file.map_err(|e| CliError::file("write", path, &e))? })
    }

    fn keep(&mut self, object: &ObjectPlan, password: &SecretString) -> std::io::Result<()> {
        let name = logon_name(object);
        let mut line = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
        line.write_record([object.guid.to_string().as_str(), name.as_str(), password.expose_secret()])?;
        let line = line.into_inner().map_err(|e| std::io::Error::other(e.to_string()))?;
        self.file.write_all(&line)?;
        self.file.sync_all()
    }
}

impl PasswordSource for Passwords {
    fn password(&mut self, object: &ObjectPlan) -> Result<SecretString, PasswordError> {
        match self {
            Self::None => Err(PasswordError(format!("no password was given for {}", object.name))),
            Self::Given(password) => Ok(password.clone()),
            Self::IntoFile(sink) => {
                let password = random_password()?;
                sink.keep(object, &password)
                    .map_err(|e| PasswordError(format!("cannot write {}: {e}", sink.path.display())))?;
                Ok(password)
            }
            Self::OnTerminal(shown) => {
                let password = random_password()?;
                shown.push((logon_name(object), password.clone()));
                Ok(password)
            }
        }
    }
}

impl Passwords {
    /// Says where the passwords are, or shows them this once.
    pub(super) fn reveal(&self, printer: &Printer) {
        match self {
            Self::OnTerminal(shown) => {
                for (name, password) in shown {
                    printer.secret(&format!("password of {name}: {}", password.expose_secret()));
                }
            }
            Self::IntoFile(sink) => printer.note(format!("the passwords are in {}", sink.path.display())),
            Self::None | Self::Given(_) => {}
        }
    }
}

/// The logon name that the object will have; its account name or name where it gets none.
fn logon_name(object: &ObjectPlan) -> String {
    use adrecover_core::plan::Action;
    let upn = object.steps.iter().find_map(|s| match &s.action {
        Action::SetUpn { value, .. } => Some(value.clone()),
        Action::Reanimate { user_principal_name, .. } => user_principal_name.clone(),
        _ => None,
    });
    upn.or_else(|| object.user_principal_name.clone())
        .or_else(|| object.sam_account_name.clone())
        .unwrap_or_else(|| object.name.clone())
}
