//! From a deletion to `ready`: a user deleted on the real domain controller, whose cloud user and mailbox are in their bins, as the
//! collector's folder tells it.

use serde_json::{Value, json};

use crate::support::{Object, Run, Scene, to_base64};

/// The object id of the user in the cloud.
pub(crate) const CLOUD_ID: &str = "11111111-2222-4333-8444-555555555555";
const SKU: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
pub(crate) const CONNECTOR: &str = "5e2f0a31-7b1d-4c3e-9f60-0a1b2c3d4e5f";

/// The objects of a tenant.
#[derive(Default)]
pub(crate) struct Tenant {
    /// The users.
    pub(crate) live: Vec<Value>,
    /// The users in the bin.
    pub(crate) deleted: Vec<Value>,
    /// The soft-deleted mailboxes.
    pub(crate) mailboxes: Vec<Value>,
    /// When the collector was there.
    pub(crate) at: String,
}

/// A tenant in which only this user was deleted, with its mailbox.
pub(crate) fn tenant(scene: &Scene, user: &Object, address: &str) -> Tenant {
    let listed = scene.run(["list", &user.sam, "-o", "json"]).exits(0).json();
    let item = &listed["items"][0];
    let at = item["deletedAt"].as_str().unwrap();
    let guid: adrecover_core::ObjectGuid = user.guid.parse().unwrap();
    let cloud = json!({
        "id": CLOUD_ID, "userPrincipalName": format!("{}{address}", CLOUD_ID.replace('-', "")), "deletedDateTime": at,
        "displayName": "Anna", "mail": address, "mailNickname": user.sam, "proxyAddresses": [format!("SMTP:{address}")],
        "accountEnabled": true, "usageLocation": "DE", "assignedLicenses": [{"skuId": SKU, "disabledPlans": []}],
        "licenseAssignmentStates": [{"skuId": SKU, "assignedByGroup": null, "state": "Active", "error": "None"}],
        "onPremisesSyncEnabled": true, "onPremisesLastSyncDateTime": at, "onPremisesProvisioningErrors": [],
        "onPremisesImmutableId": to_base64(&guid.to_wire()), "onPremisesObjectIdentifier": null,
        "onPremisesSecurityIdentifier": item["sid"], "onPremisesDistinguishedName": user.dn, "isCloudManaged": false,
    });
    let mailbox = json!({
        "ExchangeGuid": "aaaaaaaa-0000-4000-8000-000000000001", "ArchiveGuid": "00000000-0000-0000-0000-000000000000",
        "ExternalDirectoryObjectId": CLOUD_ID, "PrimarySmtpAddress": address, "EmailAddresses": [format!("SMTP:{address}")],
        "IsInactiveMailbox": false, "IsSoftDeletedByDisable": true, "IsSoftDeletedByRemove": false, "WhenSoftDeleted": at,
    });
    Tenant { live: vec![], deleted: vec![cloud], mailboxes: vec![mailbox], at: at.to_owned() }
}

/// What the collector would have gathered of a tenant.
pub(crate) fn collected(scene: &Scene, tenant: Tenant) -> std::path::PathBuf {
    let Tenant { live, deleted, mailboxes, at } = tenant;
    let domain = |name: &str| json!({"id": name, "isVerified": true, "authenticationType": "Managed"});
    let sku = json!({
        "skuId": SKU, "skuPartNumber": "ENTERPRISEPACK", "capabilityStatus": "Enabled", "consumedUnits": 5,
        "prepaidUnits": {"enabled": 10, "suspended": 0, "warning": 0}, "servicePlans": [],
    });
    let features = json!({"id": "x", "features": {
        "blockSoftMatchEnabled": true, "softMatchOnUpnEnabled": true, "synchronizeUpnForManagedUsersEnabled": true,
        "blockCloudObjectTakeoverThroughHardMatchEnabled": true,
    }});
    let roles = "roleManagement/directory";
    let lists = [
        ("users", "users", live),
        ("deletedUsers", "directory/deletedItems/microsoft.graph.user", deleted),
        ("domains", "domains", vec![domain("contoso.test")]),
        (
            "organisation",
            "organization",
            vec![json!({"id": CLOUD_ID, "onPremisesSyncEnabled": true, "onPremisesLastSyncDateTime": at})],
        ),
        ("subscribedSkus", "subscribedSkus", vec![sku]),
        ("licensedGroups", "groups", vec![]),
        ("roleAssignments", &format!("{roles}/roleAssignments"), vec![]),
        ("roleEligibility", &format!("{roles}/roleEligibilityScheduleInstances"), vec![]),
        ("roleDefinitions", &format!("{roles}/roleDefinitions"), vec![]),
        ("syncFeatures", "directory/onPremisesSynchronization", vec![features]),
        ("mailboxes", "", vec![]),
        ("softDeletedMailboxes", "", mailboxes),
        ("inactiveMailboxes", "", vec![]),
        (
            "scheduler",
            "",
            vec![json!({
                "AllowedSyncCycleInterval": "00:30:00", "NextSyncCyclePolicyType": "Delta", "SyncCycleEnabled": true, "MaintenanceEnabled": true,
                "StagingModeEnabled": false, "SchedulerSuspended": false, "SyncCycleInProgress": false,
            })],
        ),
        (
            "runHistory",
            "",
            vec![json!({
                "RunHistoryId": "55555555-5555-5555-5555-555555555501", "ConnectorId": "66666666-6666-6666-6666-666666666666",
                "ConnectorName": "contoso.onmicrosoft.com - AAD", "RunProfileName": "Export", "Result": "success", "IsRunComplete": true,
                "StartDate": at, "EndDate": at,
            })],
        ),
        ("events", "", vec![]),
    ];
    let folder = scene.file("collected");
    std::fs::create_dir_all(&folder).unwrap();
    let mut files = vec![];
    for (dataset, context, objects) in lists {
        let text = match context {
            "" => json!(objects),
            _ => {
                json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/$metadata#{context}"), "value": objects})
            }
        };
        std::fs::write(folder.join(format!("{dataset}.json")), text.to_string()).unwrap();
        files
            .push(json!({"file": format!("{dataset}.json"), "dataset": dataset, "complete": true, "at": at}));
    }
    let manifest = json!({"schema": "adrecover/collector/v1", "script": "1", "at": at, "files": files});
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    configuration(scene, &folder);
    folder
}

/// The exported configuration of the engine: this test's OU, read from the lab, and one rule of the administrator's own.
fn configuration(scene: &Scene, folder: &std::path::Path) {
    let connector = format!(
        "<ma-data><id>{{{CONNECTOR}}}</id><name>contoso.test</name><category>AD</category><private-configuration>\
         <adma-configuration><forest-name>contoso.test</forest-name><parameter-values>\
         <parameter name=\"Connector.GroupFilteringGroupDn\"></parameter></parameter-values></adma-configuration>\
         </private-configuration><ma-partition-data><partition><id>{{1}}</id><name>{}</name><selected>1</selected><filter>\
         <object-classes><object-class>user</object-class></object-classes><containers><exclusions></exclusions><inclusions>\
         <inclusion>{}</inclusion></inclusions></containers></filter><parameter-values>\
         <parameter name=\"last-dc\">dc1.contoso.test</parameter></parameter-values></partition></ma-partition-data></ma-data>",
        scene.lab.base,
        scene.ou()
    );
    let rule = format!(
        "<synchronizationRule><id>{{3}}</id><name>Keep out</name><direction>Inbound</direction>\
         <connector>{{{CONNECTOR}}}</connector><sourceObjectType>user</sourceObjectType><targetObjectType>person</targetObjectType>\
         <linkType>Join</linkType><precedence>50</precedence><attribute-mappings><mapping><dest>cloudFiltered</dest>\
         <expression>True</expression></mapping></attribute-mappings><synchronizationCriteria><conditions><scope>\
         <csAttribute>description</csAttribute><csOperator>EQUAL</csOperator><csValue>keep out</csValue></scope></conditions>\
         </synchronizationCriteria></synchronizationRule>"
    );
    for (name, text) in [
        (format!("Connectors/Connector_{{{CONNECTOR}}}.xml"), connector),
        ("SynchronizationRules/SynchronizationRule_{3}.xml".to_owned(), rule),
    ] {
        let path = folder.join("sync-configuration").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// What keeps a user from being ready.
pub(crate) fn open(report: &Value) -> Vec<String> {
    let checks = report["users"][0]["checks"].as_array().unwrap().iter();
    let blocks = |c: &&Value| c["severity"] == "block" && (c["status"] == "fail" || c["status"] == "unknown");
    checks.filter(blocks).map(|c| format!("{} {}", c["id"], c["detail"])).collect()
}

#[test]
fn one_command_restores_and_the_preflight_says_ready() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").deleted();
    let address = format!("{}@contoso.test", user.sam.to_lowercase());
    let folder = collected(&scene, tenant(&scene, &user, &address));
    let restore = |more: &[&str]| -> Run {
        let run =
            scene.program().args(["restore", "--guid", &user.guid, "--yes", "-o", "json", "--require-ready"]);
        run.arg("--evidence").arg(&folder).args(more)
    };
    // What a tombstone lost is missed before anything is written.
    let report = restore(&["--upn", &address]).run().exits(6);
    assert!(report.blocks().contains(&"preflight.mail.primarySmtp".to_owned()), "{report}");
    assert!(scene.hand().is_deleted(&user));
    let passwords = scene.secret_path("passwords.csv");
    let set =
        [format!("mail={address}"), format!("proxyAddresses=SMTP:{address}"), "displayName=Anna".to_owned()];
    let mut more = vec!["--upn", &address, "--enable", "--expect-smtp", &address];
    set.iter().for_each(|value| more.extend(["--set", value]));
    let generate = format!("--generate-password={}", passwords.display());
    more.push(&generate);
    let report = restore(&more).run().exits(0);
    assert_eq!(report.object()["verified"], true, "{report}");
    let check = scene
        .program()
        .args(["preflight", "--guid", &user.guid, "-o", "json"])
        .arg("--evidence")
        .arg(&folder);
    let out = check.run();
    let document = out.json();
    assert_eq!(open(&document), Vec::<String>::new(), "{out}");
    assert_eq!(document["users"][0]["verdict"], "ready", "{out}");
    assert_eq!(document["users"][0]["primarySmtp"]["agrees"], true, "{out}");
    out.exits(0);
}
