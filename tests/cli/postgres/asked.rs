//! One database for several forests: what agents keep in it is asked as from a file, and given back.

use adrecover_journal::{JournalPlace, Options, PostgresAddress, Writer};

use super::Database;
use crate::support::{Ldif, Scene};

const ONCE: [&str; 5] = ["agent", "run", "--once", "--listen", "none"];

#[test]
fn what_a_deletion_took_is_given_back() {
    let (Some(scene), Some(database)) = (Scene::new(), Database::new()) else { return };
    let user = scene.user("Ada").with("title", "Analyst").with("department", "Engines").add();
    let group = scene.group("Engineers").add();
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&user.dn]));
    database.run(&scene, &ONCE).run().exits(0).says("schema changes-contoso.test");
    scene.hand().change(&Ldif::default().replace(&user.dn, "title", &["Countess"]));
    database.run(&scene, &ONCE).run().exits(0);
    scene.delete([&user]);
    database.run(&scene, &ONCE).run().exits(0).does_not_say("reading all of");

    let document = database.run(&scene, &["history", "--guid", &user.guid, "-o", "json"]).run().exits(0);
    assert!(document.stdout.contains("Countess") && document.stdout.contains("Analyst"), "{document}");
    assert!(document.stdout.contains("(schema changes-contoso.test)"), "{document}");
    let listed = database.run(&scene, &["list", &scene.tag, "-o", "json"]).run().exits(0);
    let listed = listed.json();
    let is_user = |object: &&serde_json::Value| object["guid"] == user.guid.as_str();
    let found = listed["items"].as_array().unwrap().iter().find(is_user).unwrap();
    assert_eq!(found["canFillFrom"], serde_json::json!(["journal"]), "{found}");
    database
        .run(&scene, &["show", "--guid", &user.guid])
        .run()
        .exits(0)
        .says("change journal of contoso.test");
    // What is said to be run next names the journal, and nobody's password.
    let status =
        database.run(&scene, &["agent", "status", "--max-lag", "1h", "-o", "json"]).run().exits(0).json();
    assert_eq!((&status["forest"], &status["running"]), (&"contoso.test".into(), &false.into()));
    assert!(status["octets"].as_u64().unwrap() > 100_000, "{status}");

    let restore = [
        "restore",
        "--guid",
        &user.guid,
        "--fill-from",
        "journal",
        "--groups-from",
        "journal",
        "--yes",
        "-o",
        "json",
    ];
    let report = database.run(&scene, &restore).run().exits(0).object_of(&user);
    assert_eq!(report["verified"], true, "{report}");
    let now = scene.hand().get(&user.guid, &["title", "department", "memberOf"]);
    assert_eq!((now.text("title").as_str(), now.text("department").as_str()), ("Countess", "Engines"));
    assert_eq!(now.texts("memberOf"), std::slice::from_ref(&group.dn));

    // And a wrong change is rolled back.
    database.run(&scene, &ONCE).run().exits(0);
    let moment = last_change(&database, &user.guid);
    // Times are whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    scene.hand().change(&Ldif::default().replace(&user.dn, "title", &["Wrong"]));
    database.run(&scene, &ONCE).run().exits(0);
    let back = ["rollback", "--guid", &user.guid, "--to", &moment, "--yes", "-o", "json"];
    database.run(&scene, &back).run().exits(0);
    assert_eq!(scene.hand().get(&user.guid, &["title"]).text("title"), "Countess");
}

/// When an object was changed last, as the journal has it.
fn last_change(database: &Database, guid: &str) -> String {
    let guid: adrecover_core::ObjectGuid = guid.parse().unwrap();
    let hex: String = guid.to_wire().iter().map(|octet| format!("{octet:02x}")).collect();
    database.sql(&format!(
        "SELECT to_char(to_timestamp(MAX(happened)) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
         FROM \"changes-contoso.test\".changes c JOIN \"changes-contoso.test\".objects o ON o.id = c.object
         WHERE o.guid = '\\x{hex}'"
    ))
}

#[test]
fn several_forests_are_told_apart() {
    let (Some(scene), Some(database)) = (Scene::new(), Database::new()) else { return };
    database
        .run(&scene, &["agent", "status"])
        .run()
        .exits(4)
        .says("there is no change journal in postgres://lab@localhost");
    database.run(&scene, &ONCE).run().exits(0);
    database.run(&scene, &["agent", "status", "--max-lag", "1h"]).run().exits(0);
    let address = PostgresAddress::read(&database.address()).unwrap();
    let address = address.with_password(Some(database.server.password.clone().into()));
    let other = JournalPlace::in_database(address, "fabrikam.com");
    let other = Writer::open(other, "fabrikam.com", &Options::default()).unwrap();
    let several = database.run(&scene, &["agent", "status", "--max-lag", "1h"]).run().exits(2);
    several.says("changes-contoso.test, changes-fabrikam.com").says("--forest");
    let status = |forest: &str| {
        let arguments = ["agent", "status", "--max-lag", "1h", "-o", "json", "--forest", forest];
        database.run(&scene, &arguments).run()
    };
    assert_eq!(status("contoso.test").exits(0).json()["forest"], "contoso.test");
    let fabrikam = status("fabrikam.com").exits(3).json();
    assert_eq!((&fabrikam["forest"], &fabrikam["running"]), (&"fabrikam.com".into(), &true.into()));
    status("nowhere.example").exits(4).says("nowhere.example");
    // The one is written while the other one is; each by one agent.
    database.run(&scene, &ONCE).run().exits(0);
    drop(other);
    assert_eq!(status("fabrikam.com").exits(3).json()["running"], false);
}

#[test]
fn a_file_beside_it_stays_the_default() {
    let (Some(scene), Some(database)) = (Scene::new(), Database::new()) else { return };
    database.run(&scene, &ONCE).run().exits(0);
    let own = scene.file("agent-state").join("changes-contoso.test.db.agent");
    assert!(own.exists() && !scene.file("agent-state").join("changes-contoso.test.db").exists());
    let kept = scene.file("kept");
    database.run(&scene, &ONCE).env_remove("ADRECOVER_JOURNAL").arg("--journal").arg(&kept).run().exits(0);
    assert!(kept.join("changes-contoso.test.db").exists());
}
