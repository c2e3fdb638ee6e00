//! What an agent tells: alerts, health, metrics, the service manager.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::mpsc;

use serde_json::Value;

use super::running::agent;
use super::{Running, wait};
use crate::support::{Scene, schema};

/// A program that appends alerts to a file, and the file.
fn teller(scene: &Scene) -> (PathBuf, PathBuf) {
    let out = scene.file("alerts");
    let text = format!("#!/bin/sh\n(cat; echo) >> {0}\nenv >> {0}.env\n", out.display());
    let program = scene.file_with("tell", text);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    (program, out)
}

fn alerts(out: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(out).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Takes one request and answers it.
fn listener() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook-path", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut octets, mut buffer) = (vec![], [0; 4096]);
            while !String::from_utf8_lossy(&octets).ends_with('}') {
                match stream.read(&mut buffer) {
                    Ok(length @ 1..) => octets.extend_from_slice(&buffer[..length]),
                    _ => break,
                }
            }
            let _ = tell.send(String::from_utf8_lossy(&octets).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        }
    });
    (url, told)
}

#[test]
fn a_deletion_that_is_watched_is_told_by_every_channel() {
    let Some(scene) = Scene::new() else { return };
    let (member, other) = (scene.user("Max").add(), scene.user("Otto").add());
    let group = scene.group("Watched").with("member", &member.dn).add();
    let (program, out) = teller(&scene);
    // Sockets are no files that could be read afterwards.
    let log = scene.secret_path("log");
    let syslog = UnixDatagram::bind(&log).unwrap();
    let (url, posted) = listener();
    let url_file = scene.secret_file("hook", &url);
    let header = scene.secret_file("header", "X-Token: very-secret-token");
    scene.keep_secret("very-secret-token");
    scene.keep_secret("hook-path");
    let account = scene.lab.account("ADMIN");
    let password = std::fs::read_to_string(&account.password_file).unwrap();
    let run = agent(
        &scene,
        &[
            "--watch",
            &group.guid,
            "--alert-command",
            program.to_str().unwrap(),
            &format!("--alert-syslog={}", log.display()),
            "--alert-webhook",
            &format!("@{}", url_file.display()),
            "--alert-webhook-header-file",
            header.to_str().unwrap(),
        ],
    );
    // The password is in its environment, and in that of nobody else.
    let run = run.env_remove("ADRECOVER_PASSWORD_FILE").env("ADRECOVER_PASSWORD", password.trim_end());
    let running = Running::begin(run);
    wait("the first pass", || super::status_of_or_none(&scene, &member.guid).is_some());
    scene.delete([&other, &member]);
    wait("the alert", || alerts(&out).len() == 1);
    let alert = alerts(&out).remove(0);
    schema::check(&alert, &"the alert");
    assert_eq!((&alert["kind"], &alert["count"]), (&"watchedDeletion".into(), &1.into()));
    let object = &alert["objects"][0];
    assert_eq!((&object["guid"], &object["dn"]), (&member.guid.as_str().into(), &member.dn.as_str().into()));
    assert!(object["because"].to_string().contains("it was a member of"), "{object}");
    assert_eq!(object["deletedOn"], "DC1");

    let request = posted.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert!(request.contains("x-token: very-secret-token\r\n"), "{request}");
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["id"], alert["id"]);

    let mut buffer = [0; 4096];
    syslog.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let length = syslog.recv(&mut buffer).unwrap();
    let message = String::from_utf8_lossy(&buffer[..length]);
    assert!(message.starts_with("<26>1 ") && message.contains(" adrecover "), "{message}");
    assert!(message.contains("watchedDeletion - \u{feff}") && message.contains(&member.dn), "{message}");

    let output = running.stop().exits(0);
    assert!(output.stderr.contains("alert watchedDeletion: CN="), "{output}");
}

#[test]
fn too_many_deletions_are_told_once() {
    let Some(scene) = Scene::new() else { return };
    let (program, out) = teller(&scene);
    let users = scene.add(["a", "b", "c", "d"].map(|name| scene.contact(name)));
    // Others delete in this domain, too: what counts is that ours are among them.
    let options = ["--mass-deletion", "4/1h", "--alert-command", program.to_str().unwrap()];
    let running = Running::start(&scene, &options);
    scene.delete(&users);
    wait("the alert", || !alerts(&out).is_empty());
    let alert = alerts(&out).remove(0);
    schema::check(&alert, &"the alert");
    assert_eq!(alert["kind"], "massDeletion");
    assert!(alert["count"].as_u64().unwrap() >= 4, "{alert}");
    assert!(alert["next"][0].as_str().unwrap().starts_with("adrecover history --incident --since "));
    running.stop().exits(0);
}

fn get(to: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(to).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {to}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[test]
fn health_and_metrics_of_a_real_domain() {
    let Some(scene) = Scene::new() else { return };
    let running = Running::start(&scene, &["--listen", "127.0.0.1:0"]);
    let line = running.hears("health and metrics are at");
    let to = line.rsplit_once("http://").unwrap().1.to_owned();
    wait("health", || get(&to, "/healthz").0.starts_with("HTTP/1.1 200"));
    let (_, body) = get(&to, "/healthz");
    let health: Value = serde_json::from_str(&body).unwrap();
    schema::check(&health, &body);
    assert_eq!(health["status"], "ok");
    wait("the count", || get(&to, "/metrics").1.contains("journal_objects{status=\"live\"}"));
    let (head, metrics) = get(&to, "/metrics");
    assert!(head.contains("version=0.0.4"), "{head}");
    assert!(metrics.contains("adrecover_agent_lag_seconds{context=\"DC=contoso,DC=test\"} "), "{metrics}");
    // Every line is a comment, or a name with a number.
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        assert!(line.rsplit_once(' ').is_some_and(|(_, number)| number.parse::<f64>().is_ok()), "{line}");
    }
    running.stop().exits(0);
    // From elsewhere nobody may ask.
    let output = agent(&scene, &["--listen", "0.0.0.0:9847"]).run().exits(2);
    assert!(output.stderr.contains("for this computer only"), "{output}");
}

#[test]
fn the_service_manager_hears_of_it() {
    let Some(scene) = Scene::new() else { return };
    let socket = scene.secret_path("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let run = agent(&scene, &[]).env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "400000");
    let running = Running::begin(run);
    let hear = |what: &str| {
        let mut heard = vec![];
        while !heard.iter().any(|line: &String| line.starts_with(what)) {
            let mut buffer = [0; 1000];
            let length = manager.recv(&mut buffer).unwrap_or_else(|e| panic!("{what}: {e}; {heard:?}"));
            heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
    };
    for what in ["STATUS=connected to dc1.contoso.test", "READY=1", "STATUS=reading changes of", "WATCHDOG=1"]
    {
        hear(what);
    }
    running.stop().exits(0);
    hear("STOPPING=1");
}
