//! Connection settings under a name: `adrecover profile`.

use crate::support::{Run, Scene};

/// The program with nothing but a configuration file.
fn bare(scene: &Scene) -> Run {
    let run = scene.program().env("ADRECOVER_CONFIG", scene.file("config.toml"));
    ["ADRECOVER_SERVER", "ADRECOVER_USER", "ADRECOVER_PASSWORD_FILE", "ADRECOVER_CA"]
        .into_iter()
        .fold(run, Run::env_remove)
}

#[test]
fn the_daily_command_needs_nothing_else() {
    let Some(scene) = Scene::new() else { return };
    let admin = scene.lab.account("ADMIN");
    let add = bare(&scene).args(["profile", "add", "lab", "--default", "--server", &scene.lab.server]);
    let add = add.args(["--user", &admin.name, "--ca"]).arg(&scene.lab.ca).arg("--password-file");
    let shown = add.arg(&admin.password_file).args(["-o", "json"]).run().exits(0).json();
    assert_eq!(shown["items"][0]["settings"]["user"], admin.name.as_str());
    assert_eq!(shown["items"][0]["isDefault"], true);
    bare(&scene).args(["list", "nobody is called like this"]).run().exits(4);
    let tested = bare(&scene).args(["profile", "test", "lab", "-o", "json"]).run().exits(0).json();
    assert_eq!((&tested["host"], &tested["isReadOnly"]), (&"dc1.contoso.test".into(), &false.into()));
    assert_eq!(tested["account"], admin.name.as_str());
    bare(&scene).args(["profile", "test"]).run().exits(0).says("dc1.contoso.test");
}

#[test]
fn what_cannot_be_kept_or_found_is_said() {
    let Some(scene) = Scene::new() else { return };
    bare(&scene).args(["profile", "list"]).run().exits(4);
    bare(&scene).args(["profile", "show", "x"]).run().exits(2).says("no profile `x`");
    bare(&scene).args(["profile", "test", "x"]).run().exits(2).says("config.toml");
    bare(&scene).args(["profile", "add", "x"]).run().exits(2).says("no connection option");
    bare(&scene).args(["profile", "add", "a/b", "--domain", "d.test"]).run().exits(2).says("a/b");
    let add = || bare(&scene).args(["profile", "add", "x", "--domain", "d.test"]);
    add().run().exits(0);
    add().run().exits(2).says("--replace");
    add().args(["--kerberos", "--replace"]).run().exits(0).says("kerberos true");
    bare(&scene).args(["profile", "list", "-o", "csv"]).run().exits(0).says("x,false,");
    std::fs::write(scene.file("config.toml"), "[profiles.x\n").unwrap();
    add().run().exits(2).says("line 1");
}
