//! `cloud conflicts`: who holds the names of a deleted user.

use serde_json::{Value, json};

use super::*;

#[test]
fn all_names_are_free() {
    let stage = Stage::new();
    let document = stage.cloud(["conflicts", UPN]).run().exits(0).json();
    assert_eq!((&document["free"], &document["id"]), (&json!(true), &json!(ANNA)));
    let names: Vec<&Value> = document["names"].as_array().unwrap().iter().map(|n| &n["name"]).collect();
    assert_eq!(names, [UPN, "ao@contoso.test"]);
    stage.program().args(["cloud", "conflicts", UPN]).run().exits(0).says("all names are free");
    stage.tenant.assert_clean();
}

#[test]
fn whoever_holds_one_blocks_and_is_named() {
    let stage = Stage::new();
    stage.add(OTHER, UPN, json!({ "proxyAddresses": ["SMTP:new@contoso.test"], "mail": "new@contoso.test" }));
    let contact =
        json!({ "id": SALES, "displayName": "A contact", "proxyAddresses": ["smtp:ao@contoso.test"] });
    stage.tenant.state().lists.insert("contacts", vec![contact]);
    let document = stage.cloud(["conflicts", UPN]).run().exits(6).json();
    assert_eq!((&document["free"], &document["id"]), (&json!(false), &json!(ANNA)));
    let holder = &document["names"][0]["heldBy"][0];
    assert_eq!(
        (&holder["id"], &holder["kind"], &holder["property"]),
        (&json!(OTHER), &json!("user"), &json!("userPrincipalName"))
    );
    assert_eq!(document["names"][1]["heldBy"][0]["kind"], "contact");
    let text = stage.program().args(["cloud", "conflicts", UPN]).run().exits(6);
    text.says("a name is taken").says(OTHER).says("the contact");
    let csv = stage.program().args(["cloud", "conflicts", UPN, "-o", "csv"]).run().exits(6);
    assert!(csv.stdout.contains(&format!("{UPN},false,user,{OTHER},")), "{csv}");
    // Of a name that is taken it does not matter what else is not known.
    stage.forbid("/v1.0/groups");
    stage.cloud(["conflicts", UPN]).run().exits(6);
}

#[test]
fn another_deleted_user_keeps_nothing_from_anybody() {
    let stage = Stage::new();
    stage.add(
        OTHER,
        "new@contoso.test",
        json!({ "proxyAddresses": ["SMTP:new@contoso.test", "smtp:ao@contoso.test"] }),
    );
    stage.tenant.state().delete_user(OTHER.parse().unwrap(), "2026-11-21T08:00:00Z");
    let document = stage.cloud(["conflicts", ANNA]).run().exits(0).json();
    assert_eq!(document["names"][1]["heldBy"][0]["kind"], "deletedUser");
    assert_eq!(document["names"][1]["free"], true);
}

#[test]
fn an_answer_that_is_missing_is_no_free_name() {
    let stage = Stage::new();
    stage.forbid("/v1.0/contacts");
    let document = stage.cloud(["conflicts", UPN]).run().exits(3).json();
    assert_eq!((&document["free"], &document["names"][0]["free"]), (&Value::Null, &Value::Null));
    assert_eq!(document["unanswered"][0]["permission"], "OrgContact.Read.All");
    stage
        .program()
        .args(["cloud", "conflicts", UPN])
        .run()
        .exits(3)
        .says("UNKNOWN")
        .says("OrgContact.Read.All");
    stage.forbid(BIN);
    // The one that is meant may be in the list that was not seen.
    stage.add(OTHER, UPN, json!({}));
    let error = stage.cloud(["conflicts", UPN]).run().exits(11).error();
    assert!(error["hint"].as_str().unwrap().contains("User.Read.All"), "{error}");
}

#[test]
fn none_and_several() {
    let stage = Stage::new();
    stage.cloud(["conflicts", "nobody@contoso.test"]).run().exits(4).error();
    stage.add(OTHER, UPN, json!({ "proxyAddresses": [] }));
    stage.tenant.state().delete_user(OTHER.parse().unwrap(), "2026-11-21T08:00:00Z");
    let error = stage.cloud(["conflicts", UPN]).run().exits(5).error();
    let ids: Vec<&Value> = error["candidates"].as_array().unwrap().iter().map(|c| &c["guid"]).collect();
    assert!(ids.contains(&&json!(ANNA)) && ids.contains(&&json!(OTHER)), "{error}");
    stage.program().args(["cloud", "conflicts", UPN]).run().exits(5).says(OTHER).says("deleted 2026-11-21");
    stage.cloud(["conflicts", OTHER]).run().exits(0);
}
