//! A read-only domain controller is left for one that can be written to. The stand-in says that it is one; a real one was not
//! to be had.

use std::net::{IpAddr, Ipv4Addr};

use adrecover_simdc::lab::Lab;
use adrecover_simdc::tls::Certificates;
use adrecover_simdc::{Background, Clock, Directory, ServerOptions};

use crate::support::{Run, Secrets, private};

/// A read-only server and a writable one of one domain.
struct Pair {
    read_only: Background,
    writable: Background,
    folder: tempfile::TempDir,
    logon: String,
}

impl Pair {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program compares the times of the directory with its own"
    )]
    fn new() -> Self {
        let mut number = 0u64;
        let random = move || {
            number += 1;
            number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        let lab = Lab::new(Ipv4Addr::LOCALHOST.into(), false, Clock::new(chrono::Utc::now), random).unwrap();
        let address: IpAddr = Ipv4Addr::LOCALHOST.into();
        let certificates = Certificates::new(&["localhost"], address).unwrap();
        let start = |directory: Directory| {
            let tls = certificates.config().unwrap();
            let (ldap, catalogue, catalogue_tls) = (None, None, None);
            let options = ServerOptions { address, ldap, ldaps: Some(0), catalogue, catalogue_tls, tls };
            Background::start(directory, &options).unwrap()
        };
        let mut read_only = lab.directory.clone();
        read_only.settings.read_only = true;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("state")).unwrap();
        private(&folder.path().join("state"));
        std::fs::write(folder.path().join("ca.pem"), &certificates.ca_pem).unwrap();
        std::fs::write(folder.path().join("config.toml"), "").unwrap();
        std::fs::write(folder.path().join("password"), &lab.files.passwords["administrator"]).unwrap();
        private(&folder.path().join("password"));
        let logon = lab.files.logon("Administrator");
        Self { read_only: start(read_only), writable: start(lab.directory), folder, logon }
    }

    fn program(&self, servers: &[&Background]) -> Run {
        let urls: Vec<_> =
            servers.iter().map(|server| format!("ldaps://{}", server.ldaps().unwrap())).collect();
        let at = |name: &str| self.folder.path().join(name);
        Run::new(self.folder.path(), Secrets::of(vec![]))
            .env("ADRECOVER_STATE_DIR", at("state"))
            .env("ADRECOVER_CONFIG", at("config.toml"))
            .env("ADRECOVER_CA", at("ca.pem"))
            .env("ADRECOVER_USER", &self.logon)
            .env("ADRECOVER_PASSWORD_FILE", at("password"))
            .server(&urls.join(","))
    }
}

#[test]
fn it_is_left_for_a_writable_one() {
    let pair = Pair::new();
    let writable = format!("ldaps://{}", pair.writable.ldaps().unwrap());
    let out = pair.program(&[&pair.read_only, &pair.writable]).args(["list", "UserA", "-v"]).run().exits(0);
    assert!(out.stderr.contains(&format!("({writable})")), "{out}");
    let restore = pair.program(&[&pair.read_only, &pair.writable]).args(["restore", "UserA", "--yes"]);
    restore.run().exits(0);
}

#[test]
fn alone_it_lists_and_does_not_restore() {
    let pair = Pair::new();
    pair.program(&[&pair.read_only]).args(["list", "UserA"]).run().exits(0);
    let restore = pair.program(&[&pair.read_only]).args(["restore", "UserA", "--yes", "-o", "json"]);
    let out = restore.run().exits(10);
    assert!(out.error()["message"].as_str().unwrap().contains("read-only"), "{out}");
}
