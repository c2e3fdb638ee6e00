//! A plan file is foreign input: what no plan of this program would say is not done.

use serde_json::{Value, json};

use super::{apply, saved};
use crate::support::Scene;

/// Changes a saved plan, and expects that it is refused as stale or damaged and that nothing is changed.
fn refused(scene: &Scene, plan: &Value, what: &str, edit: impl Fn(&mut Value)) {
    let mut edited = plan.clone();
    edit(&mut edited);
    assert_ne!(edited, *plan, "{what}: nothing was edited");
    let path = scene.file_with("edited.json", edited.to_string());
    let out = apply(scene, &path, &[]);
    assert!(matches!(out.code, Some(7 | 12)), "{what}\n{out}");
}

#[test]
fn what_was_edited_by_hand_is_refused() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Edited").deleted();
    let other = scene.user("Other").deleted();
    let elsewhere = scene.unit("Elsewhere").add();
    let group = scene.group("Not asked for").add();
    let upn = format!("{}edited@contoso.test", scene.tag);
    let path = saved(&scene, &user, &["--upn", &upn, "--set", "title=Clerk"]);
    let plan: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let before = [scene.hand().state(&user), scene.hand().state(&other)];

    let step = |action: Value| json!({"action": action, "why": "asked for", "undo": "nothing"});
    let push = |plan: &mut Value, action: Value| {
        plan["objects"][0]["steps"].as_array_mut().unwrap().push(step(action))
    };
    let set = |attribute: &str| json!({"step": "setAttribute", "attribute": attribute, "values": [{"text": "x"}], "source": "--set"});
    refused(&scene, &plan, "a foreign attribute", |p| push(p, set("servicePrincipalName")));
    refused(&scene, &plan, "a secret attribute", |p| push(p, set("unicodePwd")));
    refused(&scene, &plan, "another value", |p| {
        p["objects"][0]["steps"][3]["action"]["values"][0]["text"] = json!("Boss")
    });
    refused(&scene, &plan, "another logon name", |p| {
        p["objects"][0]["steps"][2]["action"]["value"] = json!("a@contoso.test")
    });
    refused(&scene, &plan, "an extra group", |p| {
        push(p, json!({"step": "addToGroup", "group": group.dn, "guid": group.guid, "source": "file:x"}));
    });
    refused(&scene, &plan, "a deletion", |p| push(p, json!({"step": "delete"})));
    refused(&scene, &plan, "a move", |p| {
        push(p, json!({"step": "move", "to": format!("CN=x,{}", elsewhere.dn)}))
    });
    refused(&scene, &plan, "enabled", |p| push(p, json!({"step": "enable"})));
    refused(&scene, &plan, "another place", |p| {
        p["objects"][0]["steps"][0]["action"]["to"] = json!(format!("CN={},{}", user.name, elsewhere.dn));
    });
    refused(&scene, &plan, "another container", |p| {
        p["objects"][0]["steps"][0]["action"]["parent"] = json!(elsewhere.guid);
    });
    refused(&scene, &plan, "another DN", |p| p["objects"][0]["dn"] = json!(format!("CN=x,{}", elsewhere.dn)));
    refused(&scene, &plan, "another object", |p| p["objects"][0]["guid"] = json!(other.guid));
    refused(&scene, &plan, "no password inside", |p| {
        p["objects"][0]["steps"][0]["action"]["password"] = json!("none")
    });
    refused(&scene, &plan, "not disabled", |p| {
        p["objects"][0]["steps"].as_array_mut().unwrap().remove(1);
    });
    refused(&scene, &plan, "done already", |p| p["objects"][0]["steps"][1]["already"] = json!(true));
    refused(&scene, &plan, "another way back", |p| p["objects"][0]["steps"][1]["undo"] = json!("nothing"));
    refused(&scene, &plan, "twice", |p| {
        let object = p["objects"][0].clone();
        p["objects"].as_array_mut().unwrap().push(object);
    });
    refused(&scene, &plan, "nothing", |p| p["objects"] = json!([]));
    refused(&scene, &plan, "another domain", |p| p["domain"] = json!("DC=fabrikam,DC=test"));
    refused(&scene, &plan, "a domain of another SID", |p| p["domainSid"] = json!("S-1-5-21-1-2-3"));
    refused(&scene, &plan, "an undo", |p| p["purpose"] = json!({"undo": {"operation": "x"}}));
    refused(&scene, &plan, "a secret wish", |p| {
        p["request"]["set"] = json!([{"attribute": "unicodePwd", "values": [{"text": "x"}]}]);
    });
    refused(&scene, &plan, "a wish that its steps do not show", |p| {
        p["request"]["account"] = json!("enable")
    });
    refused(&scene, &plan, "an unknown wish", |p| p["request"]["format"] = json!("disk"));
    refused(&scene, &plan, "an unknown step", |p| push(p, json!({"step": "shutdown"})));
    assert_eq!([scene.hand().state(&user), scene.hand().state(&other)], before);
}

/// What the program decides by must be the directory's answer, not the file's.
#[test]
fn what_the_file_says_of_the_object_itself_is_not_believed() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Kind").deleted();
    let path = saved(&scene, &user, &[]);
    let plan: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let before = scene.hand().state(&user);
    refused(&scene, &plan, "another type", |p| p["objects"][0]["type"] = json!("contact"));
    refused(&scene, &plan, "another account name", |p| p["objects"][0]["samAccountName"] = json!("somebody"));
    refused(&scene, &plan, "another name", |p| p["objects"][0]["name"] = json!("somebody"));
    assert_eq!(scene.hand().state(&user), before);
}

#[test]
fn what_is_no_plan_of_this_version() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Version").deleted();
    let path = saved(&scene, &user, &[]);
    let good = std::fs::read_to_string(path).unwrap();
    let cases = [
        (String::new(), "damaged or cut short"),
        (good[..good.len() / 2].to_owned(), "damaged or cut short"),
        ("guid,name\n".to_owned(), "damaged or cut short"),
        ("{}".to_owned(), "`schema` is missing"),
        (good.replace("plan/v1", "plan/v2"), "plan/v2"),
        (scene.list([&user.name]).stdout, "list/v1"),
        (good.replace("\"usnChanged\"", "\"usn\""), ""),
        (good.replace("\"reanimate\"", "\"resurrect\""), "not a valid plan"),
        (good.replace(&user.guid, "nonsense"), "not a valid plan"),
    ];
    for (text, said) in cases {
        let path = scene.file_with("bad.json", &text);
        let out = apply(&scene, &path, &[]);
        if said.is_empty() {
            // A field that is missing is one that does not agree.
            assert!(matches!(out.code, Some(7 | 12)), "{out}");
            continue;
        }
        let out = out.exits(12);
        let message = out.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("bad.json") && message.contains(said), "{said}\n{out}");
    }
    apply(&scene, &scene.file("not-there.json"), &[]).exits(2).says("not-there.json");
    assert!(scene.hand().is_deleted(&user));
}

/// Fields that a newer program may add are no reason to refuse.
#[test]
fn unknown_fields_are_passed_over() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Newer").deleted();
    let path = saved(&scene, &user, &[]);
    let mut plan: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    plan["comment"] = json!("for Monday");
    plan["objects"][0]["ticket"] = json!(4711);
    apply(&scene, &scene.file_with("newer.json", plan.to_string()), &[]).exits(0);
}
