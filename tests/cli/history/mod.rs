//! What the change journal tells: a life, a moment of it, an incident, and what it could give back.

mod beside;
mod incident;
mod life;
mod moment;
mod page;

use std::ffi::OsStr;

use serde_json::Value;

use crate::support::{Keeper, Output, Run, Scene};

/// `history` on the journal of a keeper, without any way to a directory.
fn history<A: AsRef<OsStr>>(
    scene: &Scene,
    keeper: &Keeper<'_>,
    arguments: impl IntoIterator<Item = A>,
) -> Output {
    alone(scene.program()).args(["history", "--journal"]).arg(keeper.path()).args(arguments).run()
}

/// The program where no directory can be reached, and none is named.
fn alone(run: Run) -> Run {
    ["ADRECOVER_SERVER", "ADRECOVER_USER", "ADRECOVER_PASSWORD_FILE", "ADRECOVER_CA"]
        .into_iter()
        .fold(run, Run::env_remove)
        .env("ADRECOVER_DOMAIN", "nowhere.invalid")
        .env("ADRECOVER_DNS_SERVER", "127.0.0.1:1")
}

/// The words for each change.
fn told(document: &Value) -> Vec<String> {
    let changes = document["changes"].as_array().unwrap();
    let words = |change: &Value| {
        let what: Vec<&str> =
            change["what"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
        what.join(" ")
    };
    changes.iter().map(words).collect()
}

/// The time that it is.
#[expect(clippy::disallowed_methods, reason = "what is asked about begins now")]
fn now() -> String {
    adrecover_core::time::rfc3339(adrecover_core::time::Timestamp::from(std::time::SystemTime::now()))
}

/// Now, with a second before and after it: the journal knows no smaller part of time.
fn between() -> String {
    let pause = std::time::Duration::from_millis(1100);
    std::thread::sleep(pause);
    let now = now();
    std::thread::sleep(pause);
    now
}
