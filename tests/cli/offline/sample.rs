//! The snapshot of a real domain by AD Explorer. It is no part of the project.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::alone;
use crate::support::{Output, Scene};

/// Where it is: the folder in `ADRECOVER_SAMPLES`, else the usual one beside the project. Where continuous integration lacks it,
/// that is an error.
fn sample() -> Option<PathBuf> {
    let given = std::env::var_os("ADRECOVER_SAMPLES").filter(|v| !v.is_empty());
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let file = given.map_or(usual, PathBuf::from).join("adexplorer/detectionlab.dat.gz");
    if file.is_file() {
        return Some(file);
    }
    let is_ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty());
    assert!(!is_ci, "ADRECOVER_SAMPLES does not name the folder of adexplorer");
    eprintln!("skipped: no adexplorer in the folder of ADRECOVER_SAMPLES");
    None
}

#[test]
fn the_snapshot_of_a_real_domain() {
    let (Some(file), Some(scene)) = (sample(), Scene::new()) else { return };
    let run = |arguments: &[&str]| -> Output { alone(scene.program()).args(arguments).run() };
    let path = file.to_str().unwrap();
    let info = run(&["offline", "info", path, "-o", "json"]).exits(0).json();
    assert_eq!((&info["source"]["kind"], &info["objects"]["total"]), (&json!("adexplorer"), &json!(3848)));
    assert_eq!(info["source"]["host"], "dc.windomain.local");
    assert_eq!(info["source"]["domain"], "DC=windomain,DC=local");
    assert_eq!(info["source"]["atFrom"], "written");
    run(&["offline", "info", path]).exits(0).says("3848 live").says("AD Explorer");

    let admin = run(&["show", "Administrator", "--offline", path, "-o", "json"]).exits(0).json();
    assert!(admin["sid"].as_str().unwrap().ends_with("-500"));
    let groups = admin["links"].to_string();
    assert!(groups.contains("CN=Domain Admins,") && groups.contains("pointedTo"), "{groups}");
    run(&["show", "--offline", path, "krbtgt"]).exits(0).says("never restored");

    // AD Explorer shows live objects.
    run(&["list", "--offline", path]).exits(4);
    // A snapshot is as it is. Of 26 objects its account could read the name alone, so that they are no one's.
    let same = run(&["offline", "diff", path, path, "-o", "json"]).exits(3).json();
    assert_eq!((&same["counts"]["withoutGuid"], &same["counts"]["changed"]), (&json!(26), &json!(0)));
    assert_eq!((&same["counts"]["gone"], &same["counts"]["new"]), (&json!(0), &json!(0)));
    run(&["offline", "diff", path, "--guid", "x"]).exits(2);
    let live = scene.run(["offline", "diff", path]).exits(2);
    live.says("DC=windomain,DC=local").says("no object is in both");
}
