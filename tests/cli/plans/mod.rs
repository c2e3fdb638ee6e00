//! Saved plans, what takes an operation back, and the journal of what was done.

mod apply;
mod foreign;
mod operations;
mod undo;

use std::path::PathBuf;

use crate::support::{Object, Output, Scene, schema};

/// Saves the plan of a restore without carrying it out.
fn saved(scene: &Scene, object: &Object, arguments: &[&str]) -> PathBuf {
    let path = scene.file("plan.json");
    let dry = ["--dry-run", "--plan-out", path.to_str().unwrap()];
    scene.restoring(object).args(arguments).args(dry).run();
    assert!(scene.hand().is_deleted(object));
    schema::check(&serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(), &path.display());
    path
}

fn apply(scene: &Scene, plan: &std::path::Path, more: &[&str]) -> Output {
    scene.program().args(["apply", "-o", "json", "--yes"]).arg(plan).args(more).run()
}

/// The id of the operation that a run did.
fn operation(out: &Output) -> String {
    out.json()["operation"].as_str().unwrap_or_else(|| panic!("no operation\n{out}")).to_owned()
}

fn undo(scene: &Scene, id: &str, more: &[&str]) -> Output {
    scene.program().args(["undo", "-o", "json", "--yes", id]).args(more).run()
}
