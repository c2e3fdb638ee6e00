//! `--cloud graph` in `preflight`, `guide` and `restore`: the same as exports of the same tenant, and what happens where Graph fails.

use std::path::PathBuf;

use adrecover_hybrid::graph::fake::{Fault, TENANT};
use serde_json::{Value, json};

use super::*;
use crate::support::graph::CONFIDENTIAL;
use crate::support::{Object, Output, Scene};

/// What the stand-in knows of each kind of object.
const CONTRACT: &str = include_str!("../../../crates/hybrid/src/graph/contract.json");

/// A scene with a tenant.
struct Hybrid {
    scene: Scene,
    tenant: Tenant,
}

impl Hybrid {
    fn new() -> Option<Self> {
        let scene = Scene::new()?;
        CONFIDENTIAL.iter().for_each(|part| scene.keep_secret(part));
        let hybrid = Self { scene, tenant: Tenant::new() };
        // An empty list of an export says nothing of what it would hold.
        for (id, upn) in [(BERT, "bert@contoso.test"), (SALES, "carl@contoso.test")] {
            hybrid.tenant.state().add_user(id.parse().unwrap(), cloud_user(upn, json!({})));
        }
        hybrid.delete(SALES);
        Some(hybrid)
    }

    /// A user of the directory who has all that the checks ask of it, and her address.
    fn ready_user(&self, name: &str) -> (Object, String) {
        let address = format!("{}@contoso.test", self.scene.account(name).to_lowercase());
        let draft = self.scene.user(name).set("proxyAddresses", format!("SMTP:{address}"));
        (draft.set("mail", &address).add(), address)
    }

    /// Her cloud user: as the synchronisation made it.
    fn cloud_user(&self, id: &str, user: &Object, upn: &str, more: Value) {
        let mut own = json!({
            "onPremisesImmutableId": anchor(user), "onPremisesSamAccountName": user.sam, "onPremisesDomainName": "contoso.test",
            "usageLocation": "DE",
        });
        for (name, value) in more.as_object().unwrap() {
            own[name.as_str()] = value.clone();
        }
        self.tenant.state().add_user(id.parse().unwrap(), cloud_user(upn, own));
    }

    fn delete(&self, id: &str) {
        let yesterday = adrecover_core::time::rfc3339(now() - chrono::Duration::days(1));
        self.tenant.state().delete_user(id.parse().unwrap(), &yesterday);
    }

    /// The program, which may ask the directory and the tenant.
    fn program(&self) -> Run {
        self.tenant.with_secret(self.scene.program(), &self.scene.secret_path(""))
    }

    fn preflight(&self, user: &Object, more: &[&str]) -> Output {
        self.program().args(["preflight", "--guid", &user.guid, "-o", "json"]).args(more).run()
    }

    /// Everything that the tenant holds, as exports.
    fn export(&self, name: &str) -> PathBuf {
        let folder = self.scene.file(name);
        std::fs::create_dir_all(&folder).unwrap();
        let contract: Value = serde_json::from_str(CONTRACT).unwrap();
        let properties = contract["entities"]["user"]["properties"].as_str().unwrap();
        let whole = |user: &Value| -> Value {
            let names = properties.split(' ').chain(["onPremisesObjectIdentifier"]);
            names.map(|name| (name.to_owned(), user[name].clone())).collect::<serde_json::Map<_, _>>().into()
        };
        let write = |file: &str, context: &str, value: Value| {
            let context = format!("https://graph.microsoft.com/v1.0/$metadata#{context}");
            let document = json!({ "@odata.context": context, "value": value });
            std::fs::write(folder.join(file), document.to_string()).unwrap();
        };
        let state = self.tenant.state();
        write("users.json", "users", state.users.iter().map(whole).collect());
        write("deleted.json", "users", state.bin.iter().map(whole).collect());
        for (list, context) in [
            ("domains", "domains"),
            ("organization", "organization"),
            ("subscribedSkus", "subscribedSkus"),
            ("groups", "groups"),
            ("roleAssignments", "roleManagement/directory/roleAssignments"),
            ("roleEligibilityScheduleInstances", "roleManagement/directory/roleEligibilityScheduleInstances"),
            ("roleDefinitions", "roleManagement/directory/roleDefinitions"),
            ("onPremisesSynchronization", "directory/onPremisesSynchronization"),
        ] {
            let objects = state.lists.get(list).cloned().unwrap_or_default();
            write(&format!("{list}.json"), context, objects.into());
        }
        let is_synchronised = |user: &&Value| user["onPremisesSyncEnabled"] == true;
        for (number, user) in state.users.iter().filter(is_synchronised).enumerate() {
            let id = user["id"].as_str().unwrap();
            let context = format!(
                "https://graph.microsoft.com/v1.0/$metadata#users('{id}')/onPremisesSyncBehavior/$entity"
            );
            let document = json!({ "@odata.context": context, "id": id, "isCloudManaged": false });
            std::fs::write(folder.join(format!("behaviour{number}.json")), document.to_string()).unwrap();
        }
        folder
    }
}

fn anchor(user: &Object) -> String {
    user.guid.parse::<adrecover_core::ObjectGuid>().unwrap().source_anchor()
}

/// The outcome of each check.
fn statuses(out: &Output) -> Vec<(String, String)> {
    let document = out.json();
    let checks = document["users"][0]["checks"].as_array().unwrap_or_else(|| panic!("no checks\n{out}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    checks.iter().map(|check| (text(&check["id"]), text(&check["status"]))).collect()
}

fn status(out: &Output, id: &str) -> String {
    statuses(out).into_iter().find(|(known, _)| known == id).unwrap().1
}

#[test]
fn graph_and_exports_of_the_same_tenant_say_the_same() {
    let Some(hybrid) = Hybrid::new() else { return };
    let (user, upn) = hybrid.ready_user("Same");
    type Prepare = fn(&Hybrid, &Object, &str);
    let scenes: [(&str, Prepare); 5] = [
        ("purged", |_, _, _| {}),
        ("live", |hybrid, user, upn| hybrid.cloud_user(ANNA, user, upn, json!({}))),
        ("a differing address", |hybrid, _, _| {
            hybrid.tenant.state().users[1]["proxyAddresses"] = json!(["SMTP:other@contoso.test"]);
        }),
        ("in the bin", |hybrid, _, _| hybrid.delete(ANNA)),
        ("somebody has the UPN", |hybrid, _, upn| {
            let cloud_only = json!({ "onPremisesSyncEnabled": null });
            hybrid.tenant.state().add_user(OTHER.parse().unwrap(), cloud_user(upn, cloud_only));
        }),
    ];
    for (number, (scene, prepare)) in scenes.into_iter().enumerate() {
        prepare(&hybrid, &user, &upn);
        let folder = hybrid.export(&format!("e{number}"));
        let folder = folder.to_str().unwrap();
        let of_files = hybrid.preflight(&user, &["--evidence", folder]);
        let of_graph = hybrid.preflight(&user, &["--cloud", "graph"]);
        assert_eq!(statuses(&of_graph), statuses(&of_files), "{scene}\n{of_files}\n{of_graph}");
        assert_eq!(of_graph.code, of_files.code, "{scene}");
        assert_ne!(status(&of_graph, "cloud.retentionClock"), "unknown", "{scene}\n{of_graph}");
        let guide = |option: &str, value: &str| {
            let run = hybrid.program().args(["guide", &user.guid, "--mailbox", "none", "-o", "json"]);
            run.args([option, value]).run().json()
        };
        let (mut of_files, mut of_graph) = (guide("--evidence", folder), guide("--cloud", "graph"));
        assert_eq!(
            of_graph["states"]["entra"]["source"],
            if of_graph["case"].is_null() { Value::Null } else { json!("graph") }
        );
        for document in [&mut of_files, &mut of_graph] {
            // Where it comes from is said differently, and so is what would tell.
            document["states"]["entra"].take();
            document["unknowns"].take();
        }
        assert_eq!(of_graph, of_files, "{scene}");
    }
    hybrid.tenant.assert_clean();
}

#[test]
fn files_and_graph_go_together_and_a_file_may_be_called_graph() {
    let Some(hybrid) = Hybrid::new() else { return };
    let (user, upn) = hybrid.ready_user("Mixed");
    hybrid.cloud_user(ANNA, &user, &upn, json!({}));
    let mailboxes = json!([mailbox(1, &upn), mailbox(2, "other@contoso.test")]);
    let mailboxes = hybrid.scene.file_with("mailboxes.json", mailboxes.to_string());
    let with = ["--cloud", "graph", "--mailboxes", mailboxes.to_str().unwrap()];
    let out = hybrid.preflight(&user, &with);
    assert_eq!(status(&out, "match.sourceAnchor"), "pass", "{out}");
    assert_eq!(out.json()["users"][0]["primarySmtp"]["mailbox"], upn, "{out}");
    let sources = out.json()["users"][0]["primarySmtp"]["evidence"].to_string();
    assert!(sources.contains("\"source\":\"127.0.0.1\"") && sources.contains("mailboxes.json"), "{sources}");
    let requests = hybrid.tenant.requests();
    let folder = hybrid.export("e");
    std::fs::copy(folder.join("users.json"), hybrid.scene.secret_path("../graph")).unwrap();
    let out = hybrid.preflight(&user, &["--cloud", "./graph"]);
    assert_eq!(status(&out, "match.sourceAnchor"), "pass", "{out}");
    assert_eq!(hybrid.tenant.requests(), requests, "a file was meant");
}

fn mailbox(number: u32, address: &str) -> Value {
    json!({
        "ExchangeGuid": format!("2b1b1b1b-0000-4000-8000-{number:012}"), "ExternalDirectoryObjectId": if number == 1 { ANNA } else { "" },
        "PrimarySmtpAddress": address, "EmailAddresses": [format!("SMTP:{address}")], "RecipientTypeDetails": "UserMailbox",
        "IsInactiveMailbox": false, "IsSoftDeletedByRemove": false, "IsSoftDeletedByDisable": false,
    })
}

#[test]
fn many_users_are_one_tenant() {
    let Some(hybrid) = Hybrid::new() else { return };
    let scene = &hybrid.scene;
    let names: [String; 52] = std::array::from_fn(|number| format!("Many{number}"));
    let (few, rest) = names.split_at(3);
    let few: [&String; 3] = std::array::from_fn(|number| &few[number]);
    let users = scene.add(few.map(|name| scene.user(name)));
    hybrid.cloud_user(ANNA, &users[0], "many@contoso.test", json!({}));
    let lines = || {
        let run =
            hybrid.program().args(["preflight", "--under", scene.ou(), "--cloud", "graph", "-o", "jsonl"]);
        let out = run.run();
        let found: Vec<String> = out
            .json_lines()
            .iter()
            .map(|user| {
                let check =
                    user["checks"].as_array().unwrap().iter().find(|c| c["id"] == "match.sourceAnchor");
                check.unwrap()["status"].as_str().unwrap().to_owned()
            })
            .collect();
        (found.len(), found.iter().filter(|status| *status == "unknown").count(), out)
    };
    let was_whole = || {
        let state = hybrid.tenant.state();
        state
            .log
            .iter()
            .any(|r| r.path == "/v1.0/users" && !r.query.iter().any(|(name, _)| name == "$filter"))
    };
    let (number, unknown, out) = lines();
    assert_eq!((number, unknown, was_whole()), (3, 0, false), "{out}");
    let rest: [&String; 49] = std::array::from_fn(|number| &rest[number]);
    scene.add(rest.map(|name| scene.user(name)));
    let (number, unknown, out) = lines();
    assert_eq!((number, unknown, was_whole()), (52, 0, true), "{out}");
    assert!(out.stderr.contains("whole tenant"), "{out}");
    hybrid.tenant.assert_clean();
}

#[test]
fn what_graph_refuses_is_a_warning_and_unknown() {
    let Some(hybrid) = Hybrid::new() else { return };
    let (user, upn) = hybrid.ready_user("Refused");
    hybrid.cloud_user(ANNA, &user, &upn, json!({}));
    hybrid.tenant.state().forbidden.insert(BIN.into());
    hybrid.tenant.state().forbidden.insert("/v1.0/domains".into());
    let out = hybrid.preflight(&user, &["--cloud", "graph"]).exits(3);
    assert_eq!(out.stderr.matches("User.Read.All").count(), 1, "{out}");
    assert!(out.stderr.contains("the permission Domain.Read.All"), "{out}");
    assert_eq!(status(&out, "upn.suffixVerified"), "unknown", "{out}");
    assert_eq!(status(&out, "match.sourceAnchor"), "pass", "{out}");
}

#[test]
fn a_tombstone_is_found_without_its_upn() {
    let Some(hybrid) = Hybrid::new() else { return };
    let lost = hybrid.scene.user("Lost").deleted();
    let upn = format!("{}@contoso.test", hybrid.scene.account("Lost").to_lowercase());
    // By its anchor, its SID, or its account name alone.
    let sid = hybrid.scene.run(["show", "--guid", &lost.guid, "-o", "json"]).json()["sid"]
        .as_str()
        .unwrap()
        .to_owned();
    for (only, value) in [
        ("onPremisesImmutableId", anchor(&lost)),
        ("onPremisesSecurityIdentifier", sid),
        ("onPremisesSamAccountName", lost.sam.clone()),
    ] {
        let mut state = hybrid.tenant.state();
        (state.users, state.bin) = (vec![], vec![]);
        state.add_user(ANNA.parse().unwrap(), cloud_user(&upn, json!({ only: value })));
        drop(state);
        hybrid.delete(ANNA);
        // What the cloud calls it leads to the account, and the account to the cloud.
        for called in [upn.as_str(), lost.guid.as_str(), lost.sam.as_str()] {
            let run = hybrid.program().args([
                "guide",
                called,
                "--mailbox",
                "soft-deleted",
                "--cloud",
                "graph",
                "-o",
                "json",
            ]);
            let document = run.run().exits(0).json();
            assert_eq!(document["case"], "deleted/soft-deleted/soft-deleted", "{only} {called}");
        }
        let run = hybrid.program().args([
            "restore",
            "--guid",
            &lost.guid,
            "--dry-run",
            "--cloud",
            "graph",
            "-o",
            "json",
        ]);
        let report = run.run();
        assert!(report.stdout.contains(&upn), "the restore was not held against the cloud: {only}\n{report}");
    }
    assert!(hybrid.scene.hand().is_deleted(&lost));
    hybrid.tenant.assert_clean();
}

#[test]
fn a_restore_ends_before_its_first_write_where_graph_fails() {
    let Some(hybrid) = Hybrid::new() else { return };
    let lost = hybrid.scene.user("Kept").deleted();
    let upn = format!("{}@contoso.test", hybrid.scene.account("Kept").to_lowercase());
    hybrid.cloud_user(ANNA, &lost, &upn, json!({}));
    hybrid.delete(ANNA);
    let plan = hybrid.scene.file("plan.json");
    let restore = || {
        let run = hybrid.program().args([
            "restore", "--guid", &lost.guid, "--upn", &upn, "--yes", "--cloud", "graph", "-o", "json",
        ]);
        run.arg("--plan-out").arg(&plan)
    };
    for number in [0, 3, 7] {
        let mut faults = vec![Fault::None; number];
        faults.push(Fault::Busy(429, Some("9999".into())));
        hybrid.tenant.state().faults = faults.into();
        let error = restore().run().exits(10).error();
        assert!(error["message"].as_str().unwrap().contains("throttling"), "{error}");
        hybrid.tenant.state().faults.clear();
    }
    // A wrong secret is told before the server is looked for.
    let wrong =
        restore().env("ADRECOVER_CLIENT_SECRET_FILE", hybrid.scene.secret_file("wrong", "not-the-secret"));
    let error = wrong.server("ldaps://127.0.0.1:1").run().exits(10).error();
    assert!(error["message"].as_str().unwrap().contains("AADSTS7000215"), "{error}");
    assert!(hybrid.scene.hand().is_deleted(&lost) && !plan.exists());
    hybrid.scene.run(["operations"]).does_not_say(&lost.guid).does_not_say("restore");
    restore().run();
    assert!(plan.exists());
}

#[test]
fn wrong_usage_is_told_before_anything_is_asked() {
    let Some(hybrid) = Hybrid::new() else { return };
    let user = hybrid.scene.user("Usage").deleted();
    let alone = hybrid.scene.run(["preflight", "x", "--cloud", "graph", "-o", "json"]).exits(2).error();
    assert!(alone["message"].as_str().unwrap().contains("--tenant"), "{alone}");
    let run = |arguments: &[&str]| hybrid.program().args(arguments).args(["--cloud", "graph"]);
    run(&["preflight", "x", "--on-prem-only"]).run().exits(2).says("--on-prem-only");
    run(&["guide", "--on-prem", "deleted"]).run().exits(2).says("give USER");
    let stdin =
        run(&["restore", "--guid", &user.guid, "--client-secret-file", "-", "--new-password-file", "-"]);
    stdin.run().exits(2).says("standard input");
    let stdin = run(&["restore", "--from-file", "-", "--client-secret-file", "-"]);
    stdin.run().exits(2).says("standard input");
    assert_eq!(hybrid.tenant.requests(), 0);
    hybrid.scene.run(["guide", "x", "--cloud", "graph", "--tenant", TENANT]).exits(2).says("--client-id");
}
