//! A server in this process for one worker, and the program that is to talk to it.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::OnceLock;

use adrecover_core::ObjectGuid;
use adrecover_simdc::access::Caller;
use adrecover_simdc::directory::Sight;
use adrecover_simdc::lab::Lab;
use adrecover_simdc::tls::Certificates;
use adrecover_simdc::{Background, Clock, Directory, ServerOptions};
use tempfile::TempDir;

use super::cases::Job;
use crate::faults::running::Running;
use crate::support::{Output, Run, Secrets, private, quoted};

/// The password of the user before its deletion.
pub(super) const OLD_PASSWORD: &str = "Before-the-Deletion.1";
const NAME: &str = "Vera Victim";
const UPN_BEFORE: &str = "vera.before@contoso.test";
/// Few entries a page, so that a list takes several pages.
const PAGE: usize = 10;

/// The directories that cases begin with.
struct World {
    plain: Directory,
    bin: Directory,
    /// The administrator's logon name and password.
    logon: String,
    password: String,
}

/// A user that was deleted.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) guid: ObjectGuid,
    pub(super) dn: String,
    pub(super) groups: Vec<String>,
}

#[expect(clippy::disallowed_methods, reason = "the program compares the times of the directory with its own")]
fn world() -> &'static (World, [Target; 2]) {
    static WORLD: OnceLock<(World, [Target; 2])> = OnceLock::new();
    WORLD.get_or_init(|| {
        let lab = |bin| {
            // The same numbers each time, so that every run sees the same directory.
            let mut number = 0u64;
            let random = move || {
                number += 1;
                number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number << 7
            };
            Lab::new(Ipv4Addr::LOCALHOST.into(), bin, Clock::new(chrono::Utc::now), random).unwrap()
        };
        let (mut plain, mut bin) = (lab(false), lab(true));
        let targets = [&mut plain.directory, &mut bin.directory].map(|directory| {
            directory.settings.limits.page_size = PAGE;
            victim(directory)
        });
        let world = World {
            logon: plain.files.logon("Administrator"),
            password: plain.files.passwords["administrator"].clone(),
            plain: plain.directory,
            bin: bin.directory,
        };
        (world, targets)
    })
}

/// Adds a user in one of two groups, and deletes it.
fn victim(directory: &mut Directory) -> Target {
    let home = format!("OU=OnPremises,{}", directory.domain());
    let dn = format!("CN={NAME},{home}");
    let mut groups = ["Sales", "VPN"].map(|name| format!("CN={name},OU=Groups,{home}"));
    groups.sort();
    let given: [(&str, &[u8]); 5] = [
        ("objectClass", b"user"),
        ("sAMAccountName", b"vera"),
        ("userPrincipalName", UPN_BEFORE.as_bytes()),
        ("userAccountControl", b"512"),
        ("unicodePwd", &quoted(OLD_PASSWORD)),
    ];
    let given: Vec<_> =
        given.iter().map(|(name, value)| ((*name).to_owned(), vec![value.to_vec()])).collect();
    let id = directory.add(&dn, &given, &Caller::system(), true).unwrap();
    directory.join(&groups[0], &dn).unwrap();
    directory.delete(&dn, &Caller::system(), Sight::ALL, false).unwrap();
    directory.take_changed();
    Target { guid: directory.store.get(id).unwrap().guid, dn, groups: groups.to_vec() }
}

/// One worker's server, folder and program.
pub(super) struct Stand {
    pub(super) server: Background,
    folder: TempDir,
    url: String,
    secrets: Secrets,
    case: Cell<usize>,
}

impl Stand {
    /// The global catalogue's port is always the same: so each has an address of its own, and that of another test process
    /// is another one.
    pub(super) fn new(number: usize) -> Self {
        let [high, low] = (std::process::id() as u16).to_be_bytes();
        let address: IpAddr = Ipv4Addr::new(127, 128 | high & 63, low, number as u8 + 1).into();
        let certificates = Certificates::new(&["localhost"], address).unwrap();
        let options = ServerOptions {
            address,
            ldap: None,
            ldaps: Some(0),
            catalogue: None,
            catalogue_tls: Some(3269),
            tls: certificates.config().unwrap(),
        };
        let (world, _) = world();
        let server = Background::start(world.plain.clone(), &options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        file("ca.pem", &certificates.ca_pem);
        file("config.toml", "");
        file("password", &world.password);
        private(&folder.path().join("password"));
        let secrets = Secrets::of(vec![world.password.clone(), OLD_PASSWORD.to_owned()]);
        let url = format!("ldaps://{}", server.ldaps().unwrap());
        Self { server, folder, url, secrets, case: Cell::new(0) }
    }

    /// Begins a case: a directory and a folder in which nothing has happened yet.
    pub(super) fn renew(&self, job: Job) -> Target {
        let (world, targets) = world();
        self.server.observe(|_| {});
        self.server.faults().arm(None);
        let fresh = if job.has_bin() { &world.bin } else { &world.plain };
        let mut directory = self.server.directory();
        // Most cases change nothing.
        if directory.recycle_bin() != job.has_bin() || directory.store.usn() != fresh.store.usn() {
            *directory = fresh.clone();
        }
        drop(directory);
        // What the last case wrote is not needed any more.
        let _ = std::fs::remove_dir_all(self.place());
        self.case.set(self.case.get() + 1);
        std::fs::create_dir_all(self.state()).unwrap();
        targets[usize::from(job.has_bin())].clone()
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join(format!("case{}", self.case.get()))
    }

    pub(super) fn state(&self) -> PathBuf {
        self.place().join("state")
    }

    /// A file of this case.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.place().join(name)
    }

    /// The program, as the administrator.
    pub(super) fn program(&self) -> Run {
        let (world, _) = world();
        let at = |name: &str| self.folder.path().join(name);
        Run::new(self.folder.path(), self.secrets.clone())
            .env("ADRECOVER_STATE_DIR", self.state())
            .env("ADRECOVER_CONFIG", at("config.toml"))
            .env("ADRECOVER_CA", at("ca.pem"))
            // Reading those of the system takes longer than all the rest.
            .env("SSL_CERT_FILE", at("ca.pem"))
            .env("SSL_CERT_DIR", at("none"))
            .env("ADRECOVER_USER", &world.logon)
            .env("ADRECOVER_PASSWORD_FILE", at("password"))
            .server(&self.url)
    }

    /// No secret is in what the program wrote for this case.
    pub(super) fn keeps_secrets(&self) {
        for path in crate::support::files_below(&self.state()) {
            self.secrets.are_not_in(std::fs::read(&path).unwrap(), &path.display());
        }
    }

    /// Runs it to its end, which is near. No secret may be in what it prints.
    #[track_caller]
    pub(super) fn run(&self, run: Run) -> Output {
        let output = Running::start(run).end();
        super::is_sound(&output);
        self.secrets.are_not_in(&output.stdout, &output);
        self.secrets.are_not_in(&output.stderr, &output);
        output
    }
}
