//! What does not parse is wrong usage, with the part that is wrong.

use crate::support::{Output, Scene};

fn wrong(scene: &Scene, arguments: &[&str]) -> Output {
    let out = scene.program().args(["-o", "json"]).args(arguments).run().exits(2);
    assert_eq!(out.error()["kind"], "usage", "{out}");
    assert_eq!(out.stderr, "", "{out}");
    out
}

#[test]
fn values_that_do_not_parse() {
    let Some(scene) = Scene::new() else { return };
    let cases: [(&[&str], &str); 16] = [
        (&["list", "--since", "soon"], "`soon`"),
        (&["list", "--until", "2026-13-01"], "`2026-13-01`"),
        (&["list", "--since", "1d", "--until", "2d"], "--since"),
        (&["list", "--under", "Sales"], "`Sales`"),
        (&["list", "--under", ""], "--under"),
        (&["list", "--ldap-filter", "(cn=a"], "is not closed"),
        (&["list", "--ldap-filter", "cn=a)("], "filter"),
        (&["list", "--type", "usr"], "usr"),
        (&["list", "--state", "dead"], "dead"),
        (&["list", "--sort", "colour"], "colour"),
        (&["list", "--columns", "name,colour"], "colour"),
        (&["list", "--limit", "0"], "--limit"),
        (&["list", "--partition", "schema"], "schema"),
        (&["show", "--guid", "3c45a0ae"], "`3c45a0ae`"),
        (&["show", "--dn", "CN"], "`CN`"),
        (&["restore", "--guid", "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3g"], "4a3g"),
    ];
    for (arguments, named) in cases {
        let out = wrong(&scene, arguments);
        assert!(out.error()["message"].as_str().unwrap().contains(named), "{out}");
    }
}

#[test]
fn what_cannot_be_had_together() {
    let Some(scene) = Scene::new() else { return };
    for arguments in [
        ["list", "-o", "csv", "--sort", "name"].as_slice(),
        &["list", "-o", "jsonl", "--sort", "name"],
        &["list", "-o", "csv", "--classic"],
        &["list", "--classic", "--columns", "name"],
    ] {
        scene.run(arguments).exits(2).says("error:");
    }
    scene.run(["list", &scene.tag, "-o", "csv", "--sort", "name", "--limit", "5"]).exits(4);
}
