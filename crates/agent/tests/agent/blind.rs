//! An agent that sees nothing any more.

use std::time::Duration;

use adrecover_agent::{AgentOptions, AlertOptions};
use serde_json::Value;

use crate::stage::{Stage, quick};
use crate::told::company;

fn options() -> AgentOptions {
    let alerts = AlertOptions { blind_after: Duration::from_secs(2), ..AlertOptions::default() };
    AgentOptions { alerts, ..quick() }
}

fn kinds(alerts: &[Value]) -> Vec<&str> {
    alerts.iter().map(|alert| alert["kind"].as_str().unwrap()).collect()
}

#[test]
fn blind_and_seeing_again_each_once() {
    let stage = Stage::new(company());
    stage.directory.away.set(true);
    let mut setup = stage.setup();
    setup.channels.push(stage.channel());
    let mut since = None;
    stage.until(options(), setup, || {
        let alerts = stage.alerts();
        if alerts.len() == 1 {
            let since = since.get_or_insert_with(std::time::Instant::now);
            // It is told once, however long it lasts.
            if since.elapsed() > Duration::from_millis(1500) {
                stage.directory.away.set(false);
            }
        }
        alerts.len() > 1
    });
    let alerts = stage.alerts();
    assert_eq!(kinds(&alerts), ["agentBlind", "agentSeeing"]);
    assert!(alerts[0]["summary"].as_str().unwrap().contains("nobody answers"), "{}", alerts[0]);
}

/// With one pass at a time nobody sees how time goes by, but the journal tells.
#[test]
fn a_single_pass_tells_it_too() {
    let stage = Stage::new(company());
    let pass = || {
        let mut setup = stage.setup();
        setup.channels.push(stage.channel());
        stage.pass(options(), setup).is_ok()
    };
    assert!(pass());
    stage.directory.away.set(true);
    assert!(!pass());
    assert!(stage.alerts().is_empty());
    std::thread::sleep(Duration::from_secs(3));
    assert!(!pass() && !pass());
    assert_eq!(kinds(&stage.alerts()), ["agentBlind"]);
    stage.directory.away.set(false);
    assert!(pass() && pass());
    assert_eq!(kinds(&stage.alerts()), ["agentBlind", "agentSeeing"]);
}
