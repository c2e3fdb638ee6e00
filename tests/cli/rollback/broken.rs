//! What is not rolled back, and journals and questions that are wrong.

use adrecover_core::change::{AttributeChange, Batch, LinkChange, LinkTarget, ObjectChange, Phase};
use adrecover_journal::{Options, Writer};

use super::{back, by_hand, changed, moment, notes, rolling};
use crate::support::{Keeper, Scene};

#[test]
fn wrong_questions() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").add();
    let keeper = Keeper::begin(&scene);
    let guid = user.guid.as_str();
    for arguments in [
        vec!["--guid", guid],
        vec!["--to", "1h"],
        vec!["--guid", guid, "--to", "soon"],
        vec!["--guid", guid, "--to", "2999-01-01"],
        vec!["--guid", guid, "--to", "1h", "--changed-since", "1h"],
        vec!["--changed-since", "1h", "--changed-until", "2h"],
        vec!["--changed-until", "2h"],
        vec!["--guid", guid, "--under", scene.ou(), "--to", "1h"],
        vec!["--guid", guid, "--to", "1h", "--attribute", "unicodePwd"],
        vec!["--guid", guid, "--to", "1h", "--attribute", "objectSid"],
        vec!["--guid", guid, "--to", "1h", "--attribute", "a)(b=*"],
        vec!["--guid", "no guid", "--to", "1h"],
    ] {
        rolling(&scene, &keeper, arguments).run().exits(2);
    }
    rolling(&scene, &keeper, ["nobody of that name", "--to", "1h"]).run().exits(4);
    let then = moment();
    let out = back(&scene, &keeper, &user, &then, &[]).exits(0);
    assert_eq!(out.object()["outcome"], "alreadyRestored");
    // Before the journal was begun.
    let early = back(&scene, &keeper, &user, "400d", &[]).exits(6);
    assert_eq!(early.blocks(), ["rollback.tooEarly"]);
    let file = scene.file_with("changes-x.db", "this is no journal, whatever its name says");
    let run = scene.program().args(["rollback", "-o", "json", "--guid", guid, "--to", "1h", "--journal"]);
    run.arg(file).run().exits(12);
    scene
        .run(["rollback", "-o", "json", "--guid", guid, "--to", "1h", "--journal", "/nowhere/x.db"])
        .exits(4);
}

#[test]
fn deleted_and_new_objects() {
    let Some(scene) = Scene::new() else { return };
    let gone = scene.user("Gone").add();
    let keeper = Keeper::begin(&scene);
    let then = moment();
    let new = scene.user("New").add();
    scene.delete([&gone]);
    keeper.follow();
    let deleted = back(&scene, &keeper, &gone, &then, &[]).exits(6);
    assert_eq!(deleted.blocks(), ["rollback.deleted"]);
    deleted.says("--fill-from journal");
    let created = back(&scene, &keeper, &new, &then, &[]).exits(0).object();
    assert_eq!(created["outcome"], "skipped");
    assert!(created["message"].as_str().unwrap().contains("is not deleted by a roll back"));
    assert!(!scene.hand().is_deleted(&new));
}

/// A journal is foreign input: whoever has written it gets nothing into the directory that has to be named.
#[test]
fn a_journal_that_lies() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").with("department", "Sales").add();
    let admins = scene.hand().search("(sAMAccountName=Domain Admins)", &["objectGUID"]).remove(0);
    let admins = adrecover_core::ObjectGuid::from_wire(admins.octets("objectGUID")[0]).unwrap();
    let keeper = Keeper::begin(&scene);
    let then = moment();
    let guid: adrecover_core::ObjectGuid = user.guid.parse().unwrap();
    {
        let name = keeper.path().file_name().unwrap().to_str().unwrap();
        let forest = name.trim_start_matches("changes-").trim_end_matches(".db");
        let writer = Writer::open(keeper.path(), forest, &Options::default()).unwrap();
        let happened: chrono::DateTime<chrono::Utc> = then.parse().unwrap();
        let mut lie = ObjectChange::new(guid, "");
        let mut group = ObjectChange::new(admins, "");
        lie.when_changed = Some(happened - chrono::TimeDelta::seconds(1));
        group.when_changed = lie.when_changed;
        let big = vec![b'x'; 200_000];
        for (attribute, value) in [
            ("servicePrincipalName", &b"host/evil"[..]),
            ("msDS-AllowedToDelegateTo", b"cifs/dc1"),
            ("scriptPath", b"\\\\evil\\x.cmd"),
            ("description", &big),
            ("objectSid", b"\x01\x05"),
            ("sIDHistory", b"\x01\x05"),
            ("noSuchAttribute", b"x"),
            ("department)(cn=*", b"x"),
            ("userAccountControl", b"524800"),
            ("title", b"lied\x00\xff"),
        ] {
            let values = vec![value.to_vec()];
            lie.attributes.push(AttributeChange { name: attribute.to_owned().into(), values, stamp: None });
        }
        let target = LinkTarget { guid: Some(guid), sid: None, dn: user.dn.clone(), data: vec![] };
        let attribute = "member".into();
        group.links.push(LinkChange { attribute, target, is_present: true, stamp: None });
        let naming_context = scene.lab.base.parse().unwrap();
        let objects = vec![lie, group];
        let batch = Batch {
            naming_context,
            phase: Phase::Following,
            is_first: false,
            objects,
            cursor: None,
            is_last: true,
        };
        writer.ingest(&batch, happened).unwrap();
    }
    let before = scene.hand().get(&user, &["*", "memberOf"]);
    let out = back(&scene, &keeper, &user, &then, &["--dry-run"]);
    let object = out.object();
    assert_eq!(changed(&object), ["title"], "{out}");
    for name in ["servicePrincipalName", "msDS-AllowedToDelegateTo", "scriptPath", "userAccountControl"] {
        assert!(notes(&object).contains(&format!("--attribute {name}")), "{name}: {out}");
    }
    let left = by_hand(&object).join("\n");
    assert!(left.contains("description was") && left.contains("is a protected group"), "{left}");
    let out = back(&scene, &keeper, &user, &then, &["--attribute", "memberOf"]).exits(3);
    assert!(by_hand(&out.object())[0].contains("protected group"), "{out}");
    assert_eq!(scene.hand().get(&user, &["*", "memberOf"]), before);
}
