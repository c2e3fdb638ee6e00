//! What is not filled: taken addresses, what is there, what may be somebody else's, what nobody named.

use serde_json::json;

use super::{change, evidence, filling, lose, now, tenant_of, warnings};
use crate::support::{Ldif, Scene};

#[test]
fn an_address_that_somebody_took_meanwhile_is_left_out_and_a_logon_name_blocks() {
    let Some(scene) = Scene::new() else { return };
    let lost = lose(&scene, "Taken");
    let folder = evidence(&scene, tenant_of(&scene, &lost));
    let before = scene.hand().state(&lost.user);
    let thief = scene.contact("Thief").with("proxyAddresses", format!("smtp:alias.{}", lost.address)).add();
    let out = filling(&scene, &lost.user, &folder).arg("--dry-run").run().exits(0);
    let told = warnings(&out.object());
    assert!(told.contains(&thief.dn) && told.contains("alias."), "{out}");
    let steps = out.object()["steps"].to_string();
    assert!(steps.contains("SMTP:") && !steps.contains("alias."), "{out}");
    scene.delete([&thief]);

    let thief = scene.user("Thief2").set("userPrincipalName", lost.address.to_uppercase()).add();
    let out = filling(&scene, &lost.user, &folder).run().exits(6);
    assert!(out.blocks().contains(&"name.userPrincipalName".to_owned()), "{out}");
    assert_eq!(scene.hand().state(&lost.user), before);
    // Another name wins over the source.
    let other = format!("other.{}", lost.address);
    scene.hand().change(&Ldif::default().delete(&thief.dn));
    let out = filling(&scene, &lost.user, &folder).args(["--upn", &other, "--set", "title=Boss"]).run();
    let report = out.object();
    assert!(matches!(out.code, Some(0 | 6)), "{out}");
    let set = |name: &str| {
        let steps = report["steps"].as_array().unwrap();
        steps.iter().find(|s| s["attribute"] == name || s["step"] == name).unwrap().clone()
    };
    assert_eq!(set("setUpn")["value"], other.as_str());
    assert_eq!((&set("title")["value"], &set("title")["source"]), (&json!("Boss"), &json!("--set")));
}

#[test]
fn what_is_there_is_never_overwritten() {
    let Some(scene) = Scene::new() else { return };
    let lost = lose(&scene, "Kept");
    let folder = evidence(&scene, tenant_of(&scene, &lost));
    let mine = format!("SMTP:{}", lost.address);
    scene.restore(&lost.user, ["--set", "title=Boss", "--set", &format!("proxyAddresses={mine}")]).exits(0);
    let out = filling(&scene, &lost.user, &folder).run();
    let report = out.object();
    assert_eq!(out.code, Some(0), "{out}");
    let notes = warnings(&report);
    assert!(
        notes.contains("title is not filled: the object has `Boss`, and deletedUsers.json has `Clerk`"),
        "{out}"
    );
    assert!(notes.contains("proxyAddresses is not filled: the object has"), "{out}");
    let entry = scene.hand().get(&lost.user, &["title", "proxyAddresses", "mail", "department"]);
    assert_eq!(entry.text("title"), "Boss");
    assert_eq!(entry.texts("proxyAddresses"), [mine]);
    // What it still lacks is filled: it had it once.
    assert_eq!(entry.text("mail"), lost.address);
    assert!(entry.has("department"));
}

#[test]
fn a_cloud_object_found_by_name_only_fills_what_is_named() {
    let Some(scene) = Scene::new() else { return };
    let lost = lose(&scene, "Named");
    let mut tenant = tenant_of(&scene, &lost);
    // No SID, another anchor: only the DN is the user's.
    change(&mut tenant, json!({"onPremisesSecurityIdentifier": null}));
    let folder = evidence(&scene, tenant);
    let dry = |more: &[&str]| filling(&scene, &lost.user, &folder).args(["--dry-run"]).args(more).run();
    let out = dry(&[]);
    let filled = |out: &crate::support::Output| {
        let report = out.object();
        let steps = report["steps"].as_array().unwrap().clone();
        let names = steps.iter().filter_map(|s| s["attribute"].as_str().map(str::to_owned));
        names.collect::<Vec<_>>()
    };
    assert!(filled(&out).is_empty(), "{out}");
    let notes = warnings(&out.object());
    assert!(
        notes.contains("found by the distinguished name only") && notes.contains("--fill-attribute"),
        "{out}"
    );
    let out = dry(&["--fill-attribute", "MAIL", "--fill-attribute", "title"]);
    assert_eq!(filled(&out), ["mail", "title"], "{out}");
}

#[test]
fn of_several_cloud_objects_none_fills() {
    let Some(scene) = Scene::new() else { return };
    let lost = lose(&scene, "Double");
    let mut tenant = tenant_of(&scene, &lost);
    let guid: adrecover_core::ObjectGuid = lost.user.guid.parse().unwrap();
    let mut other = tenant.deleted[0].clone();
    other["id"] = json!("99999999-2222-4333-8444-555555555555");
    other["userPrincipalName"] = json!(format!("second.{}", lost.address));
    other["deletedDateTime"] = json!(null);
    other["onPremisesSecurityIdentifier"] = json!(null);
    other["onPremisesImmutableId"] = json!(crate::support::to_base64(&guid.to_wire()));
    tenant.live.push(other);
    let folder = evidence(&scene, tenant);
    let out = filling(&scene, &lost.user, &folder).args(["--dry-run"]).run();
    let notes = warnings(&out.object());
    assert!(notes.contains("2 cloud objects claim to be this user") && notes.contains("second."), "{out}");
    assert!(!out.object()["steps"].to_string().contains("setAttribute"), "{out}");
}

#[test]
fn wrong_usage() {
    let Some(scene) = Scene::new() else { return };
    let lost = lose(&scene, "Usage");
    let before = scene.hand().state(&lost.user);
    let folder = evidence(&scene, tenant_of(&scene, &lost));
    let evidence = ["--evidence", folder.to_str().unwrap()];
    let cases: [(&[&str], &str); 6] = [
        (&["--fill-from", "ldif:/no/such/file.ldf"], "cannot be read"),
        (&["--fill-from", "cloud"], "nothing is known of the cloud"),
        (&["--fill-from", "nonsense:x"], "available: journal"),
        (&["--fill-from", "cloud", "--fill-attribute", "unicodePwd"], "secret"),
        (&["--fill-from", "cloud", "--fill-attribute", "sIDHistory"], "the directory owns it"),
        (&["--fill-attribute", "scriptPath"], "--fill-from"),
    ];
    for (arguments, said) in cases {
        let mut run = scene.restoring(&lost.user).args(arguments);
        if !matches!(arguments, ["--fill-from", "cloud"]) {
            run = run.args(evidence);
        }
        let out = run.run().exits(2);
        assert!(out.error().to_string().contains(said), "{out}");
    }
    // An agent keeps one where it runs; here is none.
    let out = scene.restoring(&lost.user).args(["--fill-from", "journal"]).run().exits(4);
    assert!(out.error().to_string().contains("agent run"), "{out}");
    assert_eq!(scene.hand().state(&lost.user), before);
    // Something to fill from is suggested where there is something to fill.
    let out = scene.restore(&lost.user, [""; 0]).exits(0);
    assert!(out.object()["next"].to_string().contains("--fill-from cloud --cloud PATH"), "{out}");
    assert!(now(&scene, &lost).iter().all(|(_, values)| values.is_empty()));
}
