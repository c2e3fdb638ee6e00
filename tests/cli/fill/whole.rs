//! From a deletion to ready in one command; again, saved and applied, taken back.

use serde_json::json;

use super::{change, draft, evidence, filling, lose, now, steps, tenant_of, warnings};
use crate::ready::open;
use crate::support::{Ldif, Scene, schema};

#[test]
fn one_command_fills_everything_and_the_preflight_says_ready() {
    let Some(scene) = Scene::new() else { return };
    let lost = lose(&scene, "Anna");
    let folder = evidence(&scene, tenant_of(&scene, &lost));
    let passwords = scene.secret_path("passwords.csv");
    let generate = format!("--generate-password={}", passwords.display());
    let restore = || {
        filling(&scene, &lost.user, &folder).args([
            "--enable",
            &generate,
            "--require-ready",
            "--expect-smtp",
            &lost.address,
        ])
    };
    // For people: each value with its source and its age.
    let shown =
        scene.program().args(["restore", "--guid", &lost.user.guid, "--dry-run", "--fill-from", "cloud"]);
    shown
        .arg("--evidence")
        .arg(&folder)
        .run()
        .exits(0)
        .says(&format!("set mail to {} (from deletedUsers.json, just made)", lost.address))
        .says(&format!("set userPrincipalName to {} (from deletedUsers.json, just made)", lost.address))
        .says("addresses that the cloud makes itself are left to it")
        .says("mobile: the directory does not show that the object ever had it");
    assert!(scene.hand().is_deleted(&lost.user));

    let out = restore().run().exits(0);
    let report = out.object();
    assert_eq!((&report["outcome"], &report["verified"]), (&json!("restored"), &json!(true)), "{out}");
    assert_eq!(now(&scene, &lost), lost.before, "{out}");
    assert_eq!(report["stillMissing"], json!(["description"]), "{out}");
    let mail = report["steps"].as_array().unwrap().iter().find(|s| s["attribute"] == "mail").unwrap();
    assert_eq!((&mail["source"], &mail["status"]), (&json!("deletedUsers.json"), &json!("done")));
    assert!(mail["sourceAt"].is_string(), "{mail}");
    assert!(scene.hand().get(&lost.user, &["userAccountControl"]).is_enabled());

    let check = scene.program().args(["preflight", "--guid", &lost.user.guid, "-o", "json"]);
    let out = check.arg("--evidence").arg(&folder).run();
    assert_eq!(open(&out.json()), Vec::<String>::new(), "{out}");
    assert_eq!(out.json()["users"][0]["verdict"], "ready", "{out}");
    out.exits(0);

    // The same command again changes nothing.
    let state = scene.hand().state(&lost.user);
    let out = restore().run().exits(0);
    // It goes on with the operation, which waits for the synchronisation: what is done stays done.
    assert!(out.stderr.contains("waits: going on with it"), "{out}");
    assert!(steps(&out.object()).iter().any(|step| step == "wait planned"), "{out}");
    assert_eq!(scene.hand().state(&lost.user), state);
}

#[test]
fn a_saved_plan_is_applied_without_the_exports() {
    let Some(scene) = Scene::new() else { return };
    let lost = lose(&scene, "Applied");
    let folder = evidence(&scene, tenant_of(&scene, &lost));
    let plan = scene.file("plan.json");
    let dry =
        filling(&scene, &lost.user, &folder).args(["--dry-run", "--plan-out"]).arg(&plan).run().exits(0);
    assert_eq!(dry.object()["outcome"], "planned", "{dry}");
    let text = std::fs::read_to_string(&plan).unwrap();
    schema::check(&serde_json::from_str(&text).unwrap(), &plan.display());
    std::fs::remove_dir_all(&folder).unwrap();

    // What was changed by hand is not carried out.
    let other = text.replace(&lost.address, &format!("evil{}", lost.address));
    let edited = scene.file_with("edited.json", other);
    let apply =
        |path: &std::path::Path| scene.program().args(["apply", "-o", "json", "--yes"]).arg(path).run();
    let steps_only = text.replacen("\"text\": \"Clerk\"", "\"text\": \"Boss\"", 1);
    apply(&scene.file_with("steps.json", steps_only)).exits(7);
    let secret = text.replace("\"attribute\": \"title\"", "\"attribute\": \"unicodePwd\"");
    apply(&scene.file_with("secret.json", secret)).exits(12).says("no plan of this program");
    // All of it changed alike is another plan: it is shown with its digest, and asked for.
    scene.program().args(["apply", "--dry-run"]).arg(&edited).run().exits(0).says("evil").says("SHA-256");
    assert!(scene.hand().is_deleted(&lost.user));

    let out = apply(&plan).exits(0);
    assert_eq!(out.object()["verified"], true, "{out}");
    assert_eq!(now(&scene, &lost), lost.before);
    apply(&plan).exits(7);
}

#[test]
fn it_is_taken_back() {
    let Some(scene) = Scene::new() else { return };
    let lost = lose(&scene, "Undone");
    let folder = evidence(&scene, tenant_of(&scene, &lost));
    let out = filling(&scene, &lost.user, &folder).run().exits(0);
    let id = out.json()["operation"].as_str().unwrap().to_owned();
    assert_eq!(now(&scene, &lost), lost.before);
    scene.run(["operations", &id]).exits(0).says("setAttribute").says(&lost.address);
    // What somebody has changed since stays.
    let title = Ldif::default().replace(&lost.user.dn, "title", &["Boss"]);
    scene.hand().change(&title);
    scene.run(["undo", "-o", "json", "--yes", &id]).exits(3);
    let left: Vec<(String, Vec<Vec<u8>>)> =
        now(&scene, &lost).into_iter().filter(|(_, values)| !values.is_empty()).collect();
    assert_eq!(left, [("title".to_owned(), vec![b"Boss".to_vec()])]);
    assert!(!scene.hand().get(&lost.user, &["userAccountControl"]).is_enabled());
}

/// Each object of a tree gets its own.
#[test]
fn each_user_of_a_tree_gets_its_own() {
    let Some(scene) = Scene::new() else { return };
    let team = scene.unit("Team");
    let dn = team.dn();
    let users = ["Bert", "Carla"].map(|name| draft(&scene, name).below(&dn).without("mS-DS-ConsistencyGuid"));
    let [bert, carla] = users;
    let group = scene.group("Group").below(&dn);
    let [team, bert, carla, _] = scene.add([team, bert, carla, group]);
    scene.hand().change(&Ldif::default().delete_tree(&team.dn));
    let losses = [bert, carla].map(|user| {
        let address = super::address(&scene, user.name.split_once(' ').unwrap().1);
        super::Lost { user, address, before: vec![] }
    });
    let mut tenants = losses.each_ref().map(|lost| {
        let mut tenant = tenant_of(&scene, lost);
        let guid: adrecover_core::ObjectGuid = lost.user.guid.parse().unwrap();
        let anchor = crate::support::to_base64(&guid.to_wire());
        let id = lost.user.guid.clone();
        change(
            &mut tenant,
            json!({"id": id, "onPremisesImmutableId": anchor, "userPrincipalName": lost.address}),
        );
        tenant.mailboxes.clear();
        tenant
    });
    let second = tenants[1].deleted.remove(0);
    let [mut tenant, _] = tenants;
    tenant.deleted.push(second);
    let folder = evidence(&scene, tenant);
    let run = scene.program().args([
        "restore",
        "-o",
        "json",
        "--yes",
        "--tree",
        &team.guid,
        "--fill-from",
        "cloud",
    ]);
    let out = run.arg("--evidence").arg(&folder).run();
    let out = if out.code == Some(0) { out } else { panic!("{out}") };
    for lost in &losses {
        assert_eq!(out.object_of(&lost.user.guid)["verified"], true, "{out}");
        let entry = scene.hand().get(&lost.user, &["mail", "userPrincipalName", "mS-DS-ConsistencyGuid"]);
        assert_eq!(entry.text("mail"), lost.address);
        assert_eq!(entry.text("userPrincipalName"), lost.address);
        // It never had one: its anchor is its GUID.
        assert!(!entry.has("mS-DS-ConsistencyGuid"));
        assert!(warnings(&out.object_of(&lost.user.guid)).contains("mS-DS-ConsistencyGuid"));
    }
}
