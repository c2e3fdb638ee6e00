//! Health and metrics.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use adrecover_agent::{AgentOptions, AlertOptions, Event};

use crate::stage::{Stage, quick};
use crate::told::company;

fn address(stage: &Stage) -> Option<SocketAddr> {
    let events = stage.events.lock().unwrap();
    events.iter().find_map(|event| match event {
        Event::Listening { address } => Some(*address),
        _ => None,
    })
}

fn ask(to: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn get(to: SocketAddr, path: &str) -> String {
    ask(to, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).unwrap()
}

/// Runs an agent with a port; `asked` is called on another thread.
fn beside(stage: &Stage, options: AgentOptions, asked: impl FnOnce(SocketAddr) + Send + 'static) {
    let mut setup = stage.setup();
    setup.listen = Some("127.0.0.1:0".parse().unwrap());
    let mut asked = Some(asked);
    let mut thread: Option<std::thread::JoinHandle<()>> = None;
    stage.until(options, setup, || {
        if thread.is_none() && !stage.directory.reads.borrow().is_empty() {
            let (to, asked) = (address(stage), asked.take());
            thread = to.zip(asked).map(|(to, asked)| std::thread::spawn(move || asked(to)));
        }
        thread.as_ref().is_some_and(std::thread::JoinHandle::is_finished)
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn who_asks_gets_an_answer() {
    let stage = Stage::new(company());
    beside(&stage, quick(), |to| {
        // Asked on the way, it tells of the way.
        let end = Instant::now() + Duration::from_secs(5);
        while !get(to, "/metrics").contains("\nadrecover_agent_full_reads_total 2\n") && Instant::now() < end
        {
            std::thread::sleep(Duration::from_millis(20));
        }
        let health = get(to, "/healthz");
        let (head, body) = health.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("application/json"), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["status"], &body["server"]), (&"ok".into(), &"dc1".into()));
        assert_eq!(body["contexts"].as_array().unwrap().len(), 2);

        let metrics = get(to, "/metrics");
        assert!(metrics.contains("text/plain; version=0.0.4"), "{metrics}");
        for line in [
            "adrecover_agent_info{version=\"0.1.0\",forest=\"contoso.com\"} 1",
            "adrecover_agent_connected 1",
            "adrecover_agent_lag_seconds{context=\"DC=contoso,DC=com\"} 0",
            "adrecover_agent_objects_read_total 8",
            "adrecover_agent_full_reads_total 2",
            "adrecover_agent_journal_objects{status=\"live\"} 8",
        ] {
            assert!(metrics.contains(&format!("\n{line}\n")), "{line}\n{metrics}");
        }
        for (request, code) in [
            ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
            ("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", "405"),
            ("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
            ("nonsense\r\n\r\n", "400"),
        ] {
            let answer = ask(to, request).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{request}\n{answer}");
        }
        let long = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(100_000));
        assert!(!ask(to, &long).unwrap_or_default().starts_with("HTTP/1.1 200"));
    });
}

#[test]
fn who_sends_nothing_hangs_nobody() {
    let stage = Stage::new(company());
    beside(&stage, quick(), |to| {
        let idle: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(to).unwrap()).collect();
        let began = Instant::now();
        loop {
            let answer = ask(to, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap_or_default();
            if answer.starts_with("HTTP/1.1 200") {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(9), "it hangs");
            std::thread::sleep(Duration::from_millis(200));
        }
        drop(idle);
    });
    // The loop went on meanwhile.
    assert!(stage.directory.reads.borrow().len() > 10);
}

#[test]
fn a_blind_agent_is_not_well() {
    let stage = Stage::new(company());
    stage.directory.refuse_other.set(true);
    let alerts = AlertOptions { blind_after: Duration::from_secs(1), ..AlertOptions::default() };
    beside(&stage, AgentOptions { alerts, ..quick() }, |to| {
        std::thread::sleep(Duration::from_millis(1500));
        let health = get(to, "/healthz");
        assert!(health.starts_with("HTTP/1.1 503") && health.contains("\"blind\""), "{health}");
        assert!(health.contains("\"trouble\": \"the account may not read"), "{health}");
    });
}

#[test]
fn a_port_in_use_is_said_and_the_agent_goes_on() {
    let stage = Stage::new(company());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut setup = stage.setup();
    setup.listen = Some(taken.local_addr().unwrap());
    stage.until(quick(), setup, || stage.directory.reads.borrow().len() > 1);
    assert_eq!(stage.said(|event| matches!(event, Event::NotListening { .. })), 1);
}
