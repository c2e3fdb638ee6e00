//! `--fill-from evtx:FILE --groups-from evtx:FILE`: what the Security log of a domain controller tells.
//!
//! Samba writes no such log: the tests write the one that Windows would have written of what they do.

use std::path::PathBuf;

use adrecover_core::{ObjectGuid, Sid};
use adrecover_offline::testing::evtx::{Value as Field, Written, log};
use serde_json::{Value, json};

use super::journal::member;
use crate::support::{Object, Scene};

fn text(value: &str) -> Field {
    Field::Text(value.to_owned())
}

/// An event of the auditing with who did it.
fn event(scene: &Scene, id: u16, data: Vec<(&'static str, Field)>) -> Written {
    let mut all = vec![
        ("SubjectUserSid", Field::Sid(sid(scene, "CN=Administrator,CN=Users"))),
        ("SubjectUserName", text("Administrator")),
        ("SubjectDomainName", text("CONTOSO")),
    ];
    all.extend(data);
    Written { provider: "Microsoft-Windows-Security-Auditing", id, data: all }
}

fn sid(scene: &Scene, rdn: &str) -> Sid {
    let dn = format!("{rdn},{}", scene.lab.base);
    sid_of(scene, &dn)
}

fn sid_of(scene: &Scene, dn: &str) -> Sid {
    let found = scene.hand().search_in(dn, "base", "(objectClass=*)", &["objectSid"]);
    Sid::from_wire(found[0].octets("objectSid")[0]).unwrap()
}

fn guid(object: &Object) -> Field {
    Field::Guid(object.guid.parse::<ObjectGuid>().unwrap().to_wire())
}

/// 5136: a value was added.
fn value(scene: &Scene, object: &Object, class: &str, attribute: &str, syntax: &str, value: &str) -> Written {
    let data = vec![
        ("OpCorrelationID", text("{1}")),
        ("ObjectDN", text(&object.dn)),
        ("ObjectGUID", guid(object)),
        ("ObjectClass", text(class)),
        ("AttributeLDAPDisplayName", text(attribute)),
        ("AttributeSyntaxOID", text(syntax)),
        ("AttributeValue", text(value)),
        ("OperationType", text("%%14674")),
    ];
    event(scene, 5136, data)
}

/// The log of a user that was given a title and addresses, put into two groups, taken out of one of them, and deleted.
fn written(scene: &Scene, user: &Object, groups: [&Object; 2]) -> PathBuf {
    let [user_sid, one, two] = [&user.dn, &groups[0].dn, &groups[1].dn].map(|dn| sid_of(scene, dn));
    let membership = |id: u16, group: &Object, sid: &Sid| {
        let data = vec![
            ("TargetUserName", text(&group.sam)),
            ("TargetDomainName", text("CONTOSO")),
            ("TargetSid", Field::Sid(sid.clone())),
            ("MemberName", text(&user.dn)),
            ("MemberSid", Field::Sid(user_sid.clone())),
        ];
        event(scene, id, data)
    };
    let account = vec![
        ("TargetUserName", text(&user.sam)),
        ("TargetDomainName", text("CONTOSO")),
        ("TargetSid", Field::Sid(user_sid.clone())),
    ];
    let gone = vec![
        ("OpCorrelationID", text("{2}")),
        ("ObjectDN", text(&user.dn)),
        ("ObjectGUID", guid(user)),
        ("ObjectClass", text("user")),
        ("TreeDelete", text("%%14679")),
    ];
    let events = [
        value(scene, user, "user", "title", "2.5.5.12", "Clerk"),
        value(scene, user, "user", "telephoneNumber", "2.5.5.12", "+49 30 1"),
        value(scene, user, "user", "unicodePwd", "2.5.5.10", "Not-To-Be-Seen-1"),
        membership(4728, groups[0], &one),
        membership(4728, groups[1], &two),
        membership(4729, groups[1], &two),
        event(scene, 5141, gone),
        event(scene, 4726, account),
    ];
    scene.file_with("Security.evtx", log(&events))
}

#[test]
fn a_user_gets_what_the_security_log_tells() {
    let Some(scene) = Scene::new() else { return };
    let groups = scene.add([scene.group("Stays"), scene.group("Left")]);
    let user = scene.user("Anna").with("title", "Clerk").with("telephoneNumber", "+49 30 1").add();
    scene.hand().change(&member(&groups[0], &user));
    let path = written(&scene, &user, [&groups[0], &groups[1]]);
    let source = format!("evtx:{}", path.display());
    scene.delete([&user]);

    // Who deleted it, and what else the log is.
    let info = scene.run(["offline", "info", path.to_str().unwrap(), "-o", "json"]).exits(0);
    assert_eq!(info.json()["source"]["kind"], json!("evtx"), "{info}");
    let shown = scene.run(["show", "--offline", path.to_str().unwrap(), &user.sam, "-o", "json"]).exits(0);
    let state = shown.json();
    assert_eq!((&state["guid"], &state["state"]), (&json!(user.guid), &json!("tombstone")), "{shown}");

    let run = scene.program().args(["restore", "-o", "json", "--yes", "--guid", &user.guid]);
    let run = run.args(["--fill-from", &source, "--groups-from", &source]);
    let out = run.run().exits(0);
    let report = out.object();
    assert_eq!(report["verified"], true, "{report}");
    let step = |name: &str| -> Value {
        let mut steps = report["steps"].as_array().unwrap().iter();
        steps.find(|step| step["attribute"] == name).unwrap_or_else(|| panic!("no {name}: {report}")).clone()
    };
    assert_eq!(
        (&step("title")["source"], &step("title")["value"]),
        (&json!("evtx:Security.evtx"), &json!("Clerk"))
    );
    let entry = scene.hand().get(&user, &["title", "telephoneNumber", "memberOf"]);
    assert_eq!(
        (entry.text("title"), entry.text("telephoneNumber")),
        ("Clerk".to_owned(), "+49 30 1".to_owned())
    );
    assert_eq!(entry.texts("memberOf"), [groups[0].dn.clone()]);
    for seen in [info, shown, out] {
        assert!(!seen.to_string().contains("Not-To-Be-Seen"), "{seen}");
    }
}
