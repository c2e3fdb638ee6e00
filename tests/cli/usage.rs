//! What needs no server: wrong usage, help, completions, the manual page.

use crate::support::Scene;

#[test]
fn wrong_usage_is_json_where_json_is_asked_for() {
    let Some(scene) = Scene::new() else { return };
    let cases: [(&[&str], &str); 7] = [
        (&[], "subcommand"),
        (&["lst"], "lst"),
        (&["list", "--nonsense"], "--nonsense"),
        (&["list", "a", "b"], "b"),
        (&["show"], "OBJECT"),
        (&["list", "--timeout", "0"], "--timeout"),
        (&["list", "--server", "ftp://dc1"], "ftp"),
    ];
    for (arguments, named) in cases {
        let out = scene.program().args(["-o", "json"]).args(arguments).run().exits(2);
        assert!(out.error()["message"].as_str().unwrap().contains(named), "{out}");
        assert_eq!(out.stderr, "", "{out}");
    }
    // With jsonl and csv it goes to standard error, and with the variable it is JSON too.
    let lines = scene.run(["-o", "jsonl", "lst"]).exits(2);
    assert!(lines.stdout.is_empty() && lines.stderr.starts_with("error:"), "{lines}");
    scene.program().env("ADRECOVER_OUTPUT", "json").args(["lst"]).run().exits(2).error();
}

#[test]
fn help_and_version_are_no_errors() {
    let Some(scene) = Scene::new() else { return };
    for arguments in [["--version"].as_slice(), &["--help"], &["restore", "--help"], &["list", "-h"]] {
        let out = scene.run(arguments).exits(0);
        assert!(out.stdout.contains("adrecover") && out.stderr.is_empty(), "{out}");
    }
    scene.run(["--help"]).exits(0).says("Exit codes:");
}

#[test]
fn completions_and_the_manual_page_need_no_settings() {
    let Some(scene) = Scene::new() else { return };
    let broken = scene.file_with("broken.toml", "this is = = no configuration");
    for (arguments, holds) in [
        (["completions", "bash"].as_slice(), "_adrecover"),
        (&["completions", "powershell"], "Register-ArgumentCompleter"),
        (&["man"], ".TH adrecover"),
    ] {
        let run = scene.program().env("ADRECOVER_CONFIG", &broken).args(arguments);
        run.run().exits(0).says(holds);
    }
    scene.program().env("ADRECOVER_CONFIG", &broken).args(["list"]).run().exits(2).says("broken.toml");
}

#[test]
fn colours_are_for_terminals() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Colour").deleted();
    let show = || scene.program().args(["show", &user.guid]);
    let has_colours = |out: crate::support::Output| out.exits(0).stdout.contains("\u{1b}[");
    assert!(!has_colours(show().run()));
    assert!(has_colours(show().args(["--color", "always"]).run()));
    assert!(has_colours(show().on_terminal(&[])));
    assert!(!has_colours(show().args(["--color", "never"]).on_terminal(&[])));
    assert!(!has_colours(show().env("NO_COLOR", "1").on_terminal(&[])));
}
