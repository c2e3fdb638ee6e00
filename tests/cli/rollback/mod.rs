//! `rollback`: a live object's wrong change undone, from what the change journal has of it.

mod batch;
mod broken;
mod object;
mod plans;

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use crate::support::{Keeper, Object, Output, Run, Scene};

/// The time, once the second that it is in is over: what is changed after this is later than it, and what was changed before is not.
#[expect(clippy::disallowed_methods, reason = "changes are told apart by the time at which they are made")]
fn moment() -> String {
    let now = DateTime::<Utc>::from(std::time::SystemTime::now());
    std::thread::sleep(Duration::from_millis(2100));
    (now + chrono::TimeDelta::seconds(1)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `rollback … --yes` with JSON, before it is started.
fn rolling<'a>(scene: &Scene, keeper: &Keeper<'_>, arguments: impl IntoIterator<Item = &'a str>) -> Run {
    let run = scene.program().args(["rollback", "-o", "json", "--yes", "--journal"]).arg(keeper.path());
    run.args(arguments)
}

/// `rollback OBJECT --to WHEN --yes`.
#[track_caller]
fn back(scene: &Scene, keeper: &Keeper<'_>, object: &Object, to: &str, more: &[&str]) -> Output {
    let arguments = ["--guid", &object.guid, "--to", to];
    rolling(scene, keeper, arguments.into_iter().chain(more.iter().copied())).run()
}

/// What becomes of an attribute, by the report.
#[track_caller]
fn change<'v>(object: &'v Value, attribute: &str) -> &'v Value {
    let changes = object["changes"].as_array().unwrap();
    let found = changes.iter().find(|change| change["attribute"] == attribute);
    found.unwrap_or_else(|| panic!("{attribute} is not changed: {object}"))
}

/// The attributes that are changed, by the report.
fn changed(object: &Value) -> Vec<&str> {
    object["changes"].as_array().unwrap().iter().map(|c| c["attribute"].as_str().unwrap()).collect()
}

/// All notes of an object in one text.
fn notes(object: &Value) -> String {
    object["warnings"].to_string()
}

/// What is left to a person.
fn by_hand(object: &Value) -> Vec<String> {
    let steps = object["steps"].as_array().unwrap().iter().filter(|step| step["step"] == "manual");
    steps.map(|step| step["message"].as_str().unwrap().to_owned()).collect()
}
