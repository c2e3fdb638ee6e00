//! A domain controller that does not answer for a while, and another one in its place.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use adrecover_journal::Status;

use super::running::agent;
use super::{Running, status_of, wait};
use crate::support::{Account, Lab, Ldif, PASSWORD, Scene, quoted};

/// A way to a domain controller that can be closed.
struct Gate {
    port: u16,
    is_open: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Gate {
    fn to(lab: &Lab) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gate = Self {
            port: listener.local_addr().unwrap().port(),
            is_open: Arc::new(AtomicBool::new(true)),
            streams: Arc::default(),
        };
        let (is_open, streams) = (Arc::clone(&gate.is_open), Arc::clone(&gate.streams));
        let target = format!("{}:636", lab.address);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if !is_open.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&target) else { continue };
                let copy = |stream: &TcpStream| stream.try_clone().unwrap();
                streams.lock().unwrap().extend([copy(&client), copy(&server)]);
                for (from, to) in [(copy(&client), copy(&server)), (server, client)] {
                    std::thread::spawn(move || forward(from, to));
                }
            }
        });
        gate
    }

    fn url(&self) -> String {
        format!("ldaps://localhost:{}", self.port)
    }

    fn close(&self) {
        self.is_open.store(false, Ordering::SeqCst);
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn what_happened_meanwhile_is_caught_up() {
    let Some(scene) = Scene::new() else { return };
    let gate = Gate::to(scene.lab);
    let users = scene.add(["Ana", "Ben"].map(|name| scene.user(name)));
    let options = ["--interval", "1s", "--blind-after", "3s"];
    let running = Running::begin(agent(&scene, &options).server(&gate.url()).env("ADRECOVER_TIMEOUT", "2"));
    wait("the first pass", || super::status_of_or_none(&scene, &users[1].guid).is_some());
    gate.close();
    scene.delete(&users);
    running.hears("alert agentBlind");
    assert_eq!(status_of(&scene, &users[0].guid), Some(Status::Live));
    gate.open();
    running.hears("alert agentSeeing");
    for user in &users {
        wait("the deletion", || status_of(&scene, &user.guid) == Some(Status::Stripped));
    }
    let output = running.stop().exits(0);
    // The same domain controller: nothing was read as a whole for it.
    assert!(!output.stderr.contains("to compare it"), "{output}");
}

#[test]
fn one_that_is_not_there_at_the_start_is_waited_for_and_the_next_is_taken() {
    let Some(scene) = Scene::new() else { return };
    let gate = Gate::to(scene.lab);
    gate.close();
    let running = Running::begin(agent(&scene, &[]).server(&gate.url()));
    running.hears("not connected");
    gate.open();
    running.hears("connected to dc1");
    running.stop().exits(0);
    // The first that answers of several.
    gate.close();
    let servers = format!("{},{}", gate.url(), scene.lab.server);
    agent(&scene, &["--once"]).server(&servers).run().exits(0);
}

/// The password of the agent's account is changed, and then its file: it goes on by itself, and does not lock the account meanwhile.
#[test]
fn another_password_is_read_from_its_file() {
    let Some(scene) = Scene::new() else { return };
    let gate = Gate::to(scene.lab);
    let own = scene.user("Agent").add();
    let password_file = scene.secret_file("agent-password", PASSWORD);
    let account = Account { name: format!("{}@contoso.test", own.sam.to_lowercase()), password_file };
    let run = agent(&scene, &["--interval", "1s"]).server(&gate.url()).account(&account);
    let running = Running::begin(run);
    wait("the first pass", || super::status_of_or_none(&scene, &own.guid).is_some());
    let other = format!("Other-{}-Passw0rd", scene.tag);
    gate.close();
    // The one before the last one is taken for an hour.
    for password in ["Between-1-Passw0rd", &other] {
        scene.hand().change(&Ldif::default().replace(&own.dn, "unicodePwd", &[quoted(password)]));
    }
    gate.open();
    running.hears("the logon was refused");
    let failures = || scene.hand().get(&own, &["badPwdCount"]).text("badPwdCount").parse::<u32>().unwrap();
    let before = failures();
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(failures(), before, "it tried again with the same password");
    assert!(before < 5, "{before} tries");
    scene.secret_file("agent-password", &other);
    scene.hand().change(&Ldif::default().replace(&own.dn, "title", &["seen"]));
    wait("the change", || {
        let now = super::journal(&scene).now(own.guid.parse().unwrap()).unwrap().unwrap();
        now.attribute("title").is_some()
    });
    running.stop().exits(0);
}
