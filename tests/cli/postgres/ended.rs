//! A database that ends while an agent writes: the agent says so, waits, and goes on; nothing is lost, and nothing doubled.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Database, Server};
use crate::agent::Running;
use crate::support::{Ldif, Scene};

/// A server for one test, which it may end.
struct Own(Server, String);

impl Own {
    fn start() -> Option<Self> {
        Server::find()?;
        let name = format!("own{}", std::process::id());
        let output = script().args(["--name", &name]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let state =
            text.lines().find_map(|line| line.strip_prefix("LAB_STATE='")).unwrap().trim_end_matches('\'');
        Some(Self(Server::at(Path::new(state)), name))
    }

    fn does(&self, what: &str) {
        assert!(script().args(["--name", &self.1, what]).status().unwrap().success(), "{what}");
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = script().args(["--name", &self.1, "--stop"]).status();
    }
}

fn script() -> Command {
    Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/lab/postgres"))
}

#[test]
fn the_agent_goes_on_when_it_is_back() {
    let (Some(scene), Some(own)) = (Scene::new(), Own::start()) else { return };
    let database = Database::on(own.0.clone());
    let [one, two] = scene.add(["One", "Two"].map(|name| scene.user(name)));
    let arguments = ["agent", "run", "--listen", "none", "--interval", "1s"];
    let running = Running::begin(database.run(&scene, &arguments));
    running.hears("the change journal is");
    let complete =
        || database.sql("SELECT COUNT(*) FROM \"changes-contoso.test\".contexts WHERE completed IS NOT NULL");
    crate::agent::wait("the first pass", || complete() == "5");
    // Somebody else does not write it meanwhile, and is told who does.
    let second = database.run(&scene, &["agent", "run", "--once", "--listen", "none"]).run().exits(2);
    second.says("another process writes").says("adrecover agent");

    own.does("--kill");
    scene.hand().change(&Ldif::default().replace(&one.dn, "title", &["while it was gone"]));
    scene.delete([&two]);
    running.hears("cannot be reached");
    own.does("--again");
    let history = |guid: &str| database.run(&scene, &["history", "--guid", guid, "-o", "json"]).run();
    crate::agent::wait("the deletion", || history(&two.guid).stdout.contains("deleted"));
    crate::agent::wait("the title", || history(&one.guid).stdout.contains("while it was gone"));
    running.stop().exits(0);
    // All that there is was read once: a full read finds nothing more.
    database.run(&scene, &["agent", "run", "--once", "--full", "--listen", "none"]).run().exits(0);
    let titles = history(&one.guid).exits(0).stdout.matches("while it was gone").count();
    assert_eq!(titles, 1);
}
