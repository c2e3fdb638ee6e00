//! The stage of one test: a lab, a name that no other test has, and folders of its own.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::draft::{Object, PASSWORD};
use super::hand::Hand;
use super::lab::{self, Account, Lab};
use super::ldif::{Ldif, to_base64};
use super::output::Output;
use super::run::Run;

/// The stage of one test. When it is left, no secret may be in the journals, plans and other files that the program wrote.
pub(crate) struct Scene {
    /// The lab.
    pub(crate) lab: &'static Lab,
    /// What begins the names of all objects of this test and of no other: six letters and digits.
    pub(crate) tag: String,
    folder: TempDir,
    hand: Hand,
    ou: OnceLock<String>,
    secrets: Secrets,
}

/// The passwords that must not show up anywhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Rc<RefCell<Vec<String>>>);

impl Scene {
    /// On the lab without a Recycle Bin; `None` where it is to be skipped.
    pub(crate) fn new() -> Option<Self> {
        lab::plain().map(Self::on)
    }

    /// On the lab with the Recycle Bin on.
    pub(crate) fn with_bin() -> Option<Self> {
        lab::with_bin().map(Self::on)
    }

    /// On the lab with 20,000 users, all members of one group.
    #[cfg(feature = "kerberos")]
    pub(crate) fn crowded() -> Option<Self> {
        lab::crowded().map(Self::on)
    }

    /// On the stand-in with the Recycle Bin off.
    pub(crate) fn stand_in() -> Option<Self> {
        lab::stand_in().map(Self::on)
    }

    /// On a server that undeletes from the Recycle Bin: the stand-in, since the real test DC cannot.
    pub(crate) fn that_undeletes() -> Option<Self> {
        lab::stand_in_with_bin().map(Self::on)
    }

    fn on(lab: &'static Lab) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["state", "files", "secrets"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        private(&folder.path().join("state"));
        let secrets = Secrets(Rc::new(RefCell::new(lab.passwords())));
        secrets.0.borrow_mut().push(PASSWORD.to_owned());
        Self { lab, tag: tag(), folder, hand: Hand::new(lab), ou: OnceLock::new(), secrets }
    }

    /// The administrator's LDAP hand.
    pub(crate) fn hand(&self) -> &Hand {
        &self.hand
    }

    /// The LDAP hand of a user with a password.
    pub(crate) fn hand_of(&self, name: &str, password: &str) -> Hand {
        let password_file = self.secret_file(&format!("hand-{}", name.replace('/', "_")), password);
        Hand::of(self.lab, Account { name: name.to_owned(), password_file })
    }

    /// This test's own OU, made when it is first asked for.
    pub(crate) fn ou(&self) -> &str {
        self.ou.get_or_init(|| {
            let dn = format!("OU={},{}", self.tag, self.lab.home);
            self.hand.change(&Ldif::default().add(&dn, &[("objectClass".into(), "organizationalUnit")]));
            dn
        })
    }

    /// The folder of the operation journal.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A file that the program may read or write, and that must hold no secret.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }

    /// Such a file with a text.
    pub(crate) fn file_with(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A file that may hold secrets, such as one of generated passwords.
    pub(crate) fn secret_path(&self, name: &str) -> PathBuf {
        self.folder.path().join("secrets").join(name)
    }

    /// A file with a password, which from now on must not show up anywhere else.
    pub(crate) fn secret_file(&self, name: &str, password: &str) -> PathBuf {
        let path = self.secret_path(name);
        std::fs::write(&path, password).unwrap();
        private(&path);
        self.keep_secret(password);
        path
    }

    /// A password that from now on must not show up in any output or file of the program.
    pub(crate) fn keep_secret(&self, password: &str) {
        assert!(password.len() > 2, "what is that short is in every text");
        self.secrets.0.borrow_mut().push(password.to_owned());
    }

    /// A password that every policy takes, as a file: for `--new-password-file`.
    pub(crate) fn new_password(&self) -> (String, PathBuf) {
        let password = format!("New-{}-Passw0rd", self.tag);
        let file = self.secret_file("new-password", &password);
        (password, file)
    }

    /// The program, as the administrator of the lab.
    pub(crate) fn program(&self) -> Run {
        let run = Run::new(self.folder.path(), self.secrets.clone());
        #[cfg(feature = "kerberos")]
        let run = if std::env::var_os("ADRECOVER_TEST_TICKETS").is_some_and(|v| v == "1") {
            run.with_tickets(self.lab)
        } else {
            run
        };
        run.env("ADRECOVER_STATE_DIR", self.state())
            .env("ADRECOVER_CONFIG", self.no_config())
            .env("ADRECOVER_CA", &self.lab.ca)
            .server(&self.lab.server)
            .account(&self.lab.account("ADMIN"))
    }

    fn no_config(&self) -> PathBuf {
        let path = self.folder.path().join("config.toml");
        if !path.exists() {
            std::fs::write(&path, "").unwrap();
        }
        path
    }

    /// Runs the program as the administrator of the lab.
    #[track_caller]
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        self.program().args(arguments).run()
    }

    /// `list` with JSON.
    #[track_caller]
    pub(crate) fn list<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        self.program().args(["list", "-o", "json"]).args(arguments).run()
    }

    /// `restore --guid … --yes` with JSON.
    #[track_caller]
    pub(crate) fn restore<A: AsRef<OsStr>>(
        &self,
        object: &Object,
        arguments: impl IntoIterator<Item = A>,
    ) -> Output {
        self.restoring(object).args(arguments).run()
    }

    /// `restore --guid … --yes` with JSON, before it is started.
    pub(crate) fn restoring(&self, object: &Object) -> Run {
        self.program().args(["restore", "-o", "json", "--yes", "--guid", &object.guid])
    }
}

impl Secrets {
    /// These.
    pub(crate) fn of(secrets: Vec<String>) -> Self {
        Self(Rc::new(RefCell::new(secrets)))
    }

    /// Insists that no secret is in a text, as it is or encoded.
    #[track_caller]
    pub(crate) fn are_not_in(&self, text: impl AsRef<[u8]>, whence: &dyn std::fmt::Display) {
        let text = text.as_ref();
        for secret in self.0.borrow().iter() {
            let wide: Vec<u8> = format!("\"{secret}\"").encode_utf16().flat_map(u16::to_le_bytes).collect();
            let encoded = [to_base64(&wide), to_base64(secret.as_bytes())];
            let inner = wide[2..wide.len() - 2].to_vec();
            let forms =
                [secret.as_bytes().to_vec(), inner, encoded[0].clone().into(), encoded[1].clone().into()];
            for form in forms {
                assert!(!text.windows(form.len()).any(|w| w == form), "a password is shown in {whence}");
            }
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for folder in ["state", "files"] {
            for path in files_below(&self.folder.path().join(folder)) {
                self.secrets.are_not_in(std::fs::read(&path).unwrap(), &path.display());
            }
        }
    }
}

/// Every file in a folder and below it.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Makes a file or folder its owner's alone.
#[cfg(unix)]
pub(crate) fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn private(_path: &Path) {}

/// Four characters that no other run on this lab has had, and two for the test.
#[expect(clippy::disallowed_methods, reason = "names must differ from those of earlier runs on the same lab")]
fn tag() -> String {
    static RUN: OnceLock<u64> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let run = RUN.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_millis() as u64 / 97 + u64::from(std::process::id())
    });
    let digits = |mut number: u64, length: usize| {
        let mut out = vec![];
        for _ in 0..length {
            // Without vowels, so that no word comes about that a filter might look for.
            out.push(b"0123456789bcdfghjklmnpqrstvwxz"[(number % 30) as usize]);
            number /= 30;
        }
        String::from_utf8(out).unwrap()
    };
    format!("{}{}", digits(*run, 4), digits(NUMBER.fetch_add(1, Ordering::Relaxed).into(), 2))
}
