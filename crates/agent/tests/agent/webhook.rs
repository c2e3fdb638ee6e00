//! Alerts by HTTP.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use adrecover_agent::{AgentOptions, AlertOptions, Channel, Event, WatchFor, WebhookChannel};
use adrecover_journal::Query;

use crate::stage::{Stage, quick};
use crate::told::{company, deleted};

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().tls_backend_preconfigured(tls())
}

/// Nobody is trusted: no test goes beyond this computer.
fn tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}

/// Answers these, one after the other, and gives what was asked.
fn listener(answers: Vec<&'static str>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut octets = vec![];
            let mut buffer = [0; 4096];
            while !String::from_utf8_lossy(&octets).ends_with('}') {
                let length = stream.read(&mut buffer).unwrap();
                octets.extend_from_slice(&buffer[..length]);
            }
            tell.send(String::from_utf8(octets).unwrap()).unwrap();
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, told)
}

#[test]
fn it_is_posted_and_tried_again() {
    let stage = Stage::new(company());
    let queries = vec![Query::Account("ada".to_owned())];
    let watch = vec![WatchFor { name: "ada".to_owned(), queries }];
    let options = AgentOptions { alerts: AlertOptions { watch, ..AlertOptions::default() }, ..quick() };
    stage.once(options.clone()).unwrap();
    stage.directory.changes.borrow_mut().push(deleted(10, "Ada"));
    let refused = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    // A redirect is not followed: it would take the alert, and the header, elsewhere.
    let elsewhere = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, told) = listener(vec![refused, elsewhere]);
    let header = stage.folder.path().join("header");
    std::fs::write(&header, "Authorization: Bearer s3cret-token\n").unwrap();
    let channel = WebhookChannel::new(&url, Some(header), client()).unwrap();
    assert_eq!(format!("{channel:?}"), "WebhookChannel(http://127.0.0.1)");
    let mut setup = stage.setup();
    setup.channels.push(Channel::Webhook(channel));
    let mut heard = vec![];
    stage.until(options, setup, || {
        heard.extend(told.try_iter());
        heard.len() == 2
    });
    for request in &heard {
        assert!(request.starts_with("POST /secret-path HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer s3cret-token\r\n"), "{request}");
        let body: serde_json::Value =
            serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(
            (&body["schema"], &body["kind"]),
            (&"adrecover/alert/v1".into(), &"watchedDeletion".into())
        );
    }
    assert_eq!(stage.said(|event| matches!(event, Event::AlertFailed { .. })), 1);
    let said = format!("{:?}", stage.events.lock().unwrap());
    assert!(
        said.contains("answered 503") && !said.contains("s3cret") && !said.contains("secret-path"),
        "{said}"
    );
}

#[test]
fn urls_and_headers_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = folder.path().join("header");
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let refused = |url: &str, header| WebhookChannel::new(url, header, client()).unwrap_err();
    for url in ["", "x", "http://hook.example/s3cret", "ftp://localhost/", "https://me:pw@hook.example/"] {
        assert!(!refused(url, None).contains("s3cret"), "{url}");
    }
    for header in ["", "no header", "na me: x", "X-Token: a\u{7f}s3cret"] {
        let said = refused("https://hook.example/", file(header));
        assert!(said.contains("header") && !said.contains("s3cret"), "{said}");
    }
    assert!(WebhookChannel::new("https://hook.example/", file("X-Token: a\r\n"), client()).is_ok());
    assert!(WebhookChannel::new("http://[::1]:80/", None, client()).is_ok());
}
