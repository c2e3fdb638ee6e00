//! A restore that fills from the cloud, killed in the middle of its writes: the same command and `operations --resume` end as
//! the undisturbed one.

use super::proxy::{Fault, Proxy, Script};
use super::running::Running;
use crate::fill::{Lost, evidence, lose, now, tenant_of};
use crate::support::{Run, Scene};

fn proxy(scene: &Scene, script: Script) -> Proxy {
    let address: std::net::IpAddr = scene.lab.address.parse().unwrap();
    Proxy::start((address, 0).into(), (address, 636).into(), script)
}

fn restore(scene: &Scene, lost: &Lost, folder: &std::path::Path) -> Run {
    scene.restoring(&lost.user).args(["--fill-from", "cloud", "--evidence"]).arg(folder)
}

#[test]
fn an_interrupted_filling_goes_on() {
    let Some(scene) = Scene::new() else { return };
    let first = lose(&scene, "Measured");
    let folder = evidence(&scene, tenant_of(&scene, &first));
    let quiet = proxy(&scene, Script::QUIET);
    Running::start(restore(&scene, &first, &folder).args(["--dry-run"]).server(&quiet.url())).end().exits(0);
    let planned = quiet.requests();
    drop(quiet);
    std::fs::remove_dir_all(&folder).unwrap();
    for (name, resume) in [("Again", false), ("Resumed", true)] {
        let lost = lose(&scene, name);
        let folder = evidence(&scene, tenant_of(&scene, &lost));
        // Some writes after the undelete: logon name and a few attributes are there, others are not.
        let way = proxy(&scene, Script::at_request(planned + 5, Fault::Pause));
        let mut running = Running::start(restore(&scene, &lost, &folder).server(&way.url()));
        assert!(running.reaches(&way), "it ended before");
        running.kill();
        drop(way);
        let half = now(&scene, &lost);
        assert_ne!(half, lost.before);
        assert!(!scene.hand().is_deleted(&lost.user));
        let out = match resume {
            true => scene.run(["operations", "--resume", "-o", "json", "--yes"]),
            false => restore(&scene, &lost, &folder).run(),
        };
        let out = out.exits(0);
        assert_eq!(out.object()["verified"], true, "{out}");
        assert_eq!(now(&scene, &lost), lost.before, "{out}");
        // It was finished, and not begun anew.
        let operations = scene.run(["operations", "-o", "json"]).exits(0).json();
        let items = operations["items"].as_array().unwrap();
        assert_eq!(items.iter().filter(|item| item["state"] == "interrupted").count(), 0, "{operations}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
