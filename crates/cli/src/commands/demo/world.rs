//! A running stand-in with its folder: certificates, password files, the journal and the place where commands are run.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use adrecover_core::ObjectGuid;
use adrecover_engine::Journal;
use adrecover_simdc::lab::{Files, Lab};
use adrecover_simdc::{Clock, Server, ServerOptions};
use tempfile::TempDir;

use super::place;
use super::random::Random;
use crate::error::CliError;
use crate::printer::Printer;

/// Who can log on: what the account may do, and its name.
pub(super) const ACCOUNTS: [(&str, &str, &str); 4] = [
    ("admin", "Administrator", "may do everything"),
    ("operator", "operator1", "may restore what was deleted below OU=OnPremises"),
    ("reader", "reader1", "may see what was deleted, and change nothing"),
    ("joe", "joe", "an ordinary user, who may not even see it"),
];

/// A directory, its server and its folder. Both are gone when it is dropped.
pub(super) struct World {
    /// Whether the Recycle Bin is on.
    pub(super) recycle_bin: bool,
    /// The URL of the server.
    pub(super) url: String,
    files: Files,
    server: Server,
    folder: TempDir,
}

impl World {
    /// Makes the example company, and serves it.
    pub(super) async fn start(recycle_bin: bool) -> Result<Self, CliError> {
        let mut random = Random::new()?;
        let candidates = place::candidates(|| random.next());
        let mut left = candidates.as_slice();
        let mut why = String::new();
        while !left.is_empty() {
            left = place::free(left, place::CATALOGUE)?;
            let [address, rest @ ..] = left else { break };
            let lab = Lab::new(*address, recycle_bin, clock(), || random.next()).map_err(failed)?;
            let options = ServerOptions {
                address: *address,
                ldap: None,
                ldaps: Some(0),
                catalogue: None,
                catalogue_tls: Some(place::CATALOGUE),
                tls: lab.files.certificates.config().map_err(failed)?,
            };
            match Server::start(lab.directory, &options).await {
                Ok(server) => return Self::with(recycle_bin, server, lab.files),
                // Somebody was quicker.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => why = format!("{address}: {error}"),
                Err(error) => return Err(failed(format!("{address}: {error}"))),
            }
            left = rest;
        }
        Err(place::taken(place::CATALOGUE, &why))
    }

    fn with(recycle_bin: bool, server: Server, files: Files) -> Result<Self, CliError> {
        let address = server.ldaps().ok_or_else(|| failed("it has no port"))?;
        let world = Self { recycle_bin, url: format!("ldaps://{address}"), files, server, folder: folder()? };
        world.write("ca.pem", &world.files.certificates.ca_pem)?;
        for (who, login, _) in ACCOUNTS {
            let password = world.files.passwords.get(&login.to_lowercase());
            world.write(&format!("{who}.password"), password.map_or("", String::as_str))?;
        }
        make_folder(&world.path("journal"))?;
        make_folder(&world.desk())?;
        Ok(world)
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where commands are run.
    pub(super) fn desk(&self) -> PathBuf {
        self.path("files")
    }

    /// Writes a file that nobody else can read.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), CliError> {
        let path = self.path(name);
        let written = private_file(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|e| CliError::file("write", &path, &e))
    }

    /// The logon name of an account.
    pub(super) fn logon(&self, login: &str) -> String {
        self.files.logon(login)
    }

    /// The container of the people.
    pub(super) fn home(&self) -> String {
        format!("OU=OnPremises,{}", self.server.directory().domain())
    }

    /// The variables that connect the program with it, as the administrator.
    pub(super) fn variables(&self) -> [(&'static str, OsString); 5] {
        [
            ("ADRECOVER_SERVER", self.url.clone().into()),
            ("ADRECOVER_USER", self.logon(ACCOUNTS[0].1).into()),
            ("ADRECOVER_PASSWORD_FILE", self.path("admin.password").into()),
            ("ADRECOVER_CA", self.path("ca.pem").into()),
            ("ADRECOVER_STATE_DIR", self.path("journal").into()),
        ]
    }

    /// The GUID of an example object.
    pub(super) fn guid(&self, label: &str) -> Result<ObjectGuid, CliError> {
        let guid = self.files.guid(label).and_then(|guid| guid.parse().ok());
        guid.ok_or_else(|| failed(format!("it has no `{label}`")))
    }

    /// Whether an example object is live now.
    pub(super) fn is_live(&self, guid: ObjectGuid) -> bool {
        let directory = self.server.directory();
        let id = directory.store.by_guid(guid);
        id.and_then(|id| directory.store.get(id)).is_some_and(adrecover_simdc::store::Object::is_live)
    }

    /// The newest operation.
    pub(super) fn newest_operation(&self) -> Result<String, CliError> {
        let journal = Journal::open(self.path("journal").join("operations.db"))?;
        let newest = journal.list(1)?.first().map(|operation| operation.id.to_string());
        newest.ok_or_else(|| CliError::unexpected("the journal of the demo is empty"))
    }

    /// Ends the server and removes the folder.
    pub(super) fn end(self, printer: &Printer) {
        drop(self.server);
        let path = self.folder.path().to_owned();
        if let Err(error) = self.folder.close() {
            printer.warn(format!("cannot remove {}: {error}", path.display()));
        }
    }
}

fn clock() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "the clock is read here and passed on")]
    Clock::new(chrono::Utc::now)
}

fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::unexpected(format!("the stand-in directory did not start: {error}"))
}

/// A new temporary folder for this user only.
fn folder() -> Result<TempDir, CliError> {
    // Commands are run in another folder, where a relative path would lead elsewhere.
    let parent = std::path::absolute(std::env::temp_dir()).unwrap_or_else(|_| std::env::temp_dir());
    let mut builder = tempfile::Builder::new();
    builder.prefix("adrecover-demo-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    builder.tempdir_in(&parent).map_err(|e| CliError::file("create a folder in", &parent, &e))
}

fn make_folder(path: &Path) -> Result<(), CliError> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "the mode is set on Unix only"))]
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|e| CliError::file("create", path, &e))
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
