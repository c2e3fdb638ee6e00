//! `cloud show`: by any name, live and in the bin, in every form, with what was refused.

use adrecover_hybrid::graph::fake::Fault;
use serde_json::{Value, json};

use super::*;

#[test]
fn a_deleted_user_is_shown_by_each_of_its_names() {
    let stage = Stage::new();
    for called in [UPN, "ao@contoso.test", ANNA, OBJECT, ANCHOR, SID, "CONTOSO\\anna", "anna"] {
        let document = stage.cloud(["show", called]).run().exits(0).json();
        let anna = &document["items"][0];
        assert_eq!((&anna["id"], &anna["state"]), (&json!(ANNA), &json!("soft-deleted")), "{called}");
        assert_eq!((&anna["userPrincipalName"], &document["duplicates"]), (&json!(UPN), &json!(false)));
        assert_eq!(document["items"].as_array().unwrap().len(), 1, "{called}");
    }
    stage.tenant.assert_clean();
}

#[test]
fn everything_that_is_held_is_told() {
    let stage = Stage::new();
    let document = stage.cloud(["show", UPN]).run().exits(0).json();
    let anna = &document["items"][0];
    assert_eq!(anna["userPrincipalNameAsHeld"], format!("{}{UPN}", ANNA.replace('-', "")));
    assert_eq!(anna["proxyAddresses"], json!(["SMTP:anna@contoso.test", "smtp:ao@contoso.test"]));
    assert_eq!(anna["onPremises"]["sourceAnchorGuid"], OBJECT);
    assert_eq!(anna["onPremises"]["objectIdentifier"], OBJECT);
    assert_eq!(anna["daysLeft"], 28);
    let licence = &anna["licences"][0];
    assert_eq!((&licence["product"], &licence["group"]), (&json!("SPE_E3"), &json!("Sales")));
    assert_eq!((&licence["state"], &licence["error"]), (&json!("Error"), &json!("CountViolation")));
    assert_eq!(anna["provisioningErrors"][0]["value"], "SMTP:ao@contoso.test");
    assert_eq!((&anna["unknown"], &document["unanswered"]), (&json!([]), &json!([])));
    let text = stage.program().args(["cloud", "show", UPN]).run().exits(0);
    for part in [
        "in the bin",
        "28 days left",
        "SPE_E3, by the group Sales: Error (CountViolation)",
        OBJECT,
        "PropertyConflict",
    ] {
        assert!(text.stdout.contains(part), "{part}\n{text}");
    }
    let live = stage.program().args(["cloud", "show", "bert@contoso.test"]).run().exits(0);
    live.says("live").says("source of authority  on premises").does_not_say("stays in the bin");
    let csv = stage.program().args(["cloud", "show", UPN, "-o", "csv"]).run().exits(0);
    assert!(csv.stdout.starts_with("id,state,claims,userPrincipalName,") && csv.stdout.lines().count() == 2);
    let lines = stage.program().args(["cloud", "show", UPN, "-o", "jsonl"]).run().exits(0).json_lines();
    assert_eq!(lines, std::slice::from_ref(anna));
}

#[test]
fn several_that_claim_the_user_are_all_shown() {
    let stage = Stage::new();
    stage.add(OTHER, UPN, json!({ "onPremisesSyncEnabled": null, "proxyAddresses": [] }));
    let document = stage.cloud(["show", SID]).run().exits(0).json();
    let ids: Vec<&Value> = document["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
    assert_eq!((ids, &document["duplicates"]), (vec![&json!(ANNA), &json!(OTHER)], &json!(true)));
    assert_eq!(document["items"][1]["claims"], json!(["userPrincipalName"]));
    stage.program().args(["cloud", "show", SID]).run().exits(0).says("2 objects claim to be");
}

#[test]
fn lists_come_in_pages_and_patience_is_had() {
    let stage = Stage::new();
    for number in 0..12 {
        let name = format!("n{number}@contoso.test");
        stage.add(
            &format!("00000000-0000-4000-8000-{number:012}"),
            &name,
            json!({ "onPremisesSamAccountName": "twin" }),
        );
    }
    stage.tenant.state().page_size = 5;
    let document = stage.cloud(["show", "twin"]).run().exits(0).json();
    assert_eq!(document["items"].as_array().unwrap().len(), 12);
    stage.tenant.assert_clean();
    stage.tenant.state().faults =
        [Fault::Busy(429, Some("1".into())), Fault::Busy(503, Some("0".into()))].into();
    stage.cloud(["show", UPN]).run().exits(0);
    // More patience than there is.
    stage.tenant.state().faults = [Fault::Busy(429, Some("9999".into()))].into();
    let error = stage.cloud(["show", UPN]).run().exits(10).error();
    assert!(error["message"].as_str().unwrap().contains("throttling"), "{error}");
    assert!(error["message"].as_str().unwrap().contains("client-request-id"), "{error}");
}

#[test]
fn what_is_refused_is_named_with_its_permission() {
    let stage = Stage::new();
    stage.forbid("/v1.0/subscribedSkus");
    stage.forbid("/v1.0/roleManagement/directory/roleAssignments");
    let document = stage.cloud(["show", UPN]).run().exits(0).json();
    let permissions: Vec<&Value> =
        document["unanswered"].as_array().unwrap().iter().map(|u| &u["permission"]).collect();
    assert_eq!(permissions, ["Organization.Read.All", "RoleManagement.Read.Directory"]);
    let anna = &document["items"][0];
    assert_eq!((&anna["unknown"], &anna["roles"]), (&json!(["roles"]), &Value::Null));
    let text = stage.program().args(["cloud", "show", UPN]).run().exits(0);
    text.says("roles                UNKNOWN").says("it takes the permission Organization.Read.All");
    // Who is found may not be all.
    stage.forbid(BIN);
    let document = stage.cloud(["show", "bert@contoso.test"]).run().exits(3).json();
    assert_eq!(document["unanswered"][0]["what"], "deleted users");
    stage.forbid("/v1.0/users");
    let out = stage.cloud(["show", UPN]).run().exits(11);
    let error = out.error();
    assert!(error["hint"].as_str().unwrap().contains("User.Read.All"), "{error}");
    assert!(error["message"].as_str().unwrap().contains("request-id"), "{error}");
}

#[test]
fn nobody_and_nothing() {
    let stage = Stage::new();
    let error = stage.cloud(["show", "nobody@contoso.test"]).run().exits(4).error();
    assert_eq!(error["kind"], "notFound");
    stage.cloud(["show", ""]).run().exits(2);
    let before = stage.tenant.requests();
    let dn = stage.cloud(["show", "CN=Anna,OU=Sales,DC=contoso,DC=test"]).run().exits(2);
    assert!(dn.error()["message"].as_str().unwrap().contains("neither a UPN"), "{dn}");
    assert_eq!(stage.tenant.requests(), before, "wrong usage is told before anything is sent");
}
