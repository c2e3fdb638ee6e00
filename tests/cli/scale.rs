//! Sizes that no test domain has, on the stand-in. `tests/bench/run` has the full ones, in an optimised build: a million deleted
//! objects, a tree of ten thousand, a group of two hundred thousand members.

use std::net::{IpAddr, Ipv4Addr};

use adrecover_simdc::lab::Lab;
use adrecover_simdc::{Clock, Directory, Server, ServerOptions};

use crate::support::Output;

/// Deleted objects, generated as they are read.
const MANY: u64 = 100_000;
const TREE: usize = 2_000;
const LEVELS: usize = 12;
const CROWD: usize = 20_000;

/// A server of this process, with files for the program.
struct Place {
    folder: tempfile::TempDir,
    server: Server,
    logon: String,
}

impl Place {
    fn new(last: u8, prepare: impl FnOnce(&mut Lab, &str)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [high, low] = (std::process::id() as u16).to_be_bytes();
        // The program looks for the global catalogue at this address's well-known port.
        let address: IpAddr = Ipv4Addr::new(127, 192 | high & 31, low, last).into();
        let mut number = 0u64;
        let random = || {
            number += 1;
            number.wrapping_mul(0x2545_f491_4f6c_dd1d)
        };
        #[expect(clippy::disallowed_methods, reason = "the server of a test has a clock")]
        let clock = Clock::new(chrono::Utc::now);
        let mut lab = Lab::new(address, false, clock, random).unwrap();
        let home = format!("OU=OnPremises,{}", lab.directory.domain());
        prepare(&mut lab, &home);
        let options = ServerOptions {
            address,
            ldap: None,
            ldaps: Some(0),
            catalogue: None,
            catalogue_tls: Some(3269),
            tls: lab.files.certificates.config().unwrap(),
        };
        let server = serve(lab.directory, options);
        lab.files.write(folder.path(), server.ldaps().unwrap().port()).unwrap();
        Self { folder, server, logon: lab.files.logon("Administrator") }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let at = |name: &str| self.folder.path().join(name);
        let state = at("journal");
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_adrecover"))
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("ADRECOVER_SERVER", format!("ldaps://{}", self.server.ldaps().unwrap()))
            .env("ADRECOVER_USER", &self.logon)
            .env("ADRECOVER_PASSWORD_FILE", at("secrets/administrator"))
            .env("ADRECOVER_CA", at("tls/ca.pem"))
            .env("ADRECOVER_STATE_DIR", state)
            .output()
            .unwrap();
        Output {
            command: format!("adrecover {}", arguments.join(" ")),
            code: out.status.code(),
            stdout: String::from_utf8(out.stdout).unwrap(),
            stderr: String::from_utf8(out.stderr).unwrap(),
        }
    }
}

/// Serves on a thread of its own, as long as this process lives.
fn serve(directory: Directory, options: ServerOptions) -> Server {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            send.send(Server::start(directory, &options).await.unwrap()).ok().unwrap();
            std::future::pending::<()>().await;
        });
    });
    receive.recv().unwrap()
}

#[test]
fn many_deleted_objects() {
    let place = Place::new(1, |lab, home| {
        let parent = lab.directory.store.resolve(&home.parse().unwrap()).unwrap();
        lab.directory.add_bulk(MANY, parent).unwrap();
    });
    // One of them is found among all, and looked at by itself.
    let found = place.run(&["list", "bulk0099999", "-o", "json"]).exits(0).guids();
    let [guid] = found.as_slice() else { panic!("{found:?}") };
    place.run(&["show", guid, "-o", "json"]).exits(0).says("Bulk User 0099999");
    // It can be restored, and is not listed twice or any more.
    place.run(&["restore", "--guid", guid, "--yes", "-o", "json"]).exits(0);
    place.run(&["list", "bulk0099999", "-o", "json"]).exits(4);
}

#[test]
fn a_tree_of_thousands_of_objects_twelve_levels_deep() {
    let mut top = String::new();
    let place = Place::new(2, |lab, home| {
        top = lab.directory.add_deleted_tree(home, TREE, LEVELS).unwrap().to_string();
    });
    let out = place.run(&["restore", "--tree", &top, "--yes", "-o", "jsonl"]).exits(0);
    let verified =
        out.json_lines().iter().filter(|o| o["outcome"] == "restored" && o["verified"] == true).count();
    assert_eq!(verified, TREE);
    let directory = place.server.directory();
    let live =
        directory.store.iter().filter(|(_, o)| o.is_live() && o.rdn.value().starts_with("Leaf ")).count();
    assert_eq!(live, TREE - LEVELS);
}

#[test]
fn a_group_of_more_members_than_a_reply_holds() {
    let place = Place::new(3, |lab, home| {
        lab.directory.add_crowd(home, CROWD).unwrap();
    });
    // Values come in ranges of 1,500.
    let shown = place.run(&["show", "crowd", "-o", "json"]).exits(0).json();
    let members = shown["attributes"]["member"].as_array().unwrap();
    assert_eq!(members.len(), CROWD);
    let different: std::collections::HashSet<&str> = members.iter().filter_map(|m| m.as_str()).collect();
    assert_eq!(different.len(), CROWD);
}
