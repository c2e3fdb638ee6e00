//! A whole folder of the collector, with the configuration of the engine, and every check on it.

use std::fs;
use std::path::Path;

use adrecover_core::security::Access;
use serde_json::{Value, json};

use super::account::fixture::{ENGINE, descriptor};
use super::engine::fixture::{run, scheduler, settings};
use super::fixtures::{ANNA_ID, mailbox, user};
use super::scope::fixture::{CONNECTOR_XML, rule_xml};
use super::testing::{ANCHOR, Stage};
use super::{CheckReport, Choice, ConnectorAccount, RULES, Status, Subject, UserReport, Verdict, judge};
use crate::evidence::{Evidence, Known};

const AT: &str = "2026-11-26T11:30:00Z";
const SKU: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const GROUP: &str = "88888888-8888-8888-8888-888888888888";
const GROUP_SID: &str = "S-1-5-21-1-2-3-1300";
const GROUP_DN: &str = "CN=Licences E3,OU=Groups,DC=contoso,DC=test";
const MAILBOX: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const ROUTING: &str = "smtp:anna@contoso.mail.onmicrosoft.com";
const LEGACY: &str =
    "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=1-anna";
const SID: &str = "S-1-5-21-1-2-3-1104";

/// What the script does not ask for, and what is only a warning.
const MANAGER: (&str, &str) = ("account.lostAttributes", "not in the export: manager");

/// The properties of a user that the script selects and that a user of this test does not have.
const EMPTY: [&str; 17] = [
    "otherMails",
    "employeeId",
    "department",
    "jobTitle",
    "companyName",
    "officeLocation",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "mobilePhone",
    "preferredLanguage",
    "givenName",
    "surname",
    "assignedPlans",
    "provisionedPlans",
];

/// A folder that is written as the script writes it.
struct Folder {
    at: tempfile::TempDir,
    entries: Vec<Value>,
}

impl Folder {
    fn write(&self, name: &str, text: &str) {
        let path = self.at.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("\u{feff}{text}\r\n")).unwrap();
    }

    fn save(&mut self, dataset: &str, name: &str, text: &str, properties: &[&str]) {
        self.write(name, text);
        self.entries.push(json!({
            "dataset": dataset, "file": name, "complete": true, "properties": properties, "error": null, "at": AT,
        }));
    }

    /// Pages of Graph, each on a line.
    fn pages(&mut self, dataset: &str, name: &str, context: &str, objects: &[Value]) {
        let page = |value: &[Value], next: Option<&str>| {
            let context = format!("https://graph.microsoft.com/{context}");
            let mut page = json!({"@odata.context": context, "value": value});
            if let Some(next) = next {
                page["@odata.nextLink"] = json!(next);
            }
            page.to_string()
        };
        let pages = match objects {
            [first, rest @ ..] if !rest.is_empty() => {
                let next = "https://graph.microsoft.com/v1.0/next?$skiptoken=x";
                format!("{}\r\n{}", page(std::slice::from_ref(first), Some(next)), page(rest, None))
            }
            all => page(all, None),
        };
        self.save(dataset, name, &pages, &[]);
    }

    fn finish(self) -> tempfile::TempDir {
        let manifest = json!({
            "schema": crate::evidence::MANIFEST, "script": "1", "at": AT, "computer": "SYNC1", "powershell": "5.1", "files": self.entries,
        });
        self.write("manifest.json", &manifest.to_string());
        self.at
    }
}

fn cloud_user(in_bin: bool) -> Value {
    let mut user: Value = serde_json::from_str(&user(json!({
        "displayName": "Anna Example", "accountEnabled": true, "userType": "Member", "createdDateTime": "2020-01-01T00:00:00Z",
        "proxyAddresses": ["SMTP:anna@contoso.com", ROUTING], "businessPhones": [],
        "onPremisesSecurityIdentifier": SID, "onPremisesDistinguishedName": "CN=Anna,OU=Sales,DC=contoso,DC=test",
        "onPremisesDomainName": "contoso.test", "onPremisesSamAccountName": "anna", "onPremisesUserPrincipalName": "anna@contoso.com",
        "onPremisesLastSyncDateTime": "2026-11-20T09:00:00Z", "onPremisesExtensionAttributes":
            (1..=15).map(|n| (format!("extensionAttribute{n}"), Value::Null)).collect::<serde_json::Map<_, _>>(),
        "assignedLicenses": [{"skuId": SKU, "disabledPlans": []}], "licenseAssignmentStates": [
            {"skuId": SKU, "assignedByGroup": GROUP, "state": "Active", "error": "None", "disabledPlans": []},
        ],
    })))
    .unwrap();
    for name in EMPTY {
        user[name] = if name.ends_with("Plans") || name.ends_with("Mails") { json!([]) } else { Value::Null };
    }
    if in_bin {
        user["deletedDateTime"] = json!("2026-11-20T10:00:00Z");
        user["userPrincipalName"] = json!(format!("{}anna@contoso.com", ANNA_ID.replace('-', "")));
    }
    user
}

fn users(folder: &mut Folder, in_bin: bool) {
    let mut other = cloud_user(false);
    for (name, value) in [
        ("id", json!("33333333-3333-3333-3333-333333333333")),
        ("userPrincipalName", json!("carl@contoso.com")),
        ("mail", json!("carl@contoso.com")),
        ("proxyAddresses", json!(["SMTP:carl@contoso.com"])),
        ("onPremisesImmutableId", json!("AAECAwQFBgcICQoLDA0ODw==")),
        ("onPremisesSecurityIdentifier", json!("S-1-5-21-1-2-3-1106")),
        ("onPremisesDistinguishedName", json!("CN=Carl,OU=Sales,DC=contoso,DC=test")),
    ] {
        other[name] = value;
    }
    let identifier = |user: &Value, value: &str| {
        let (id, upn, at) = (&user["id"], &user["userPrincipalName"], &user["deletedDateTime"]);
        json!({"id": id, "userPrincipalName": upn, "deletedDateTime": at, "onPremisesObjectIdentifier": value})
    };
    let anna = cloud_user(in_bin);
    let named = identifier(&anna, ANCHOR);
    let others = identifier(&other, "AAECAwQFBgcICQoLDA0ODw==");
    let (live, bin) = if in_bin { (vec![other], vec![anna]) } else { (vec![other, anna], vec![]) };
    let (live_named, bin_named) =
        if in_bin { (vec![others], vec![named]) } else { (vec![others, named], vec![]) };
    folder.pages("users", "users.jsonl", "v1.0/$metadata#users(id,displayName)", &live);
    let deleted = "$metadata#directory/deletedItems/microsoft.graph.user(id,displayName)";
    folder.pages("deletedUsers", "deleted-users.jsonl", &format!("v1.0/{deleted}"), &bin);
    folder.pages("users", "users-identifier.jsonl", "beta/$metadata#users(id)", &live_named);
    folder.pages("deletedUsers", "deleted-users-identifier.jsonl", &format!("beta/{deleted}"), &bin_named);
    // Graph is taken to tell nothing of the bin.
    let behaviours: Vec<String> = live
        .iter()
        .map(|user| {
            let id = user["id"].as_str().unwrap();
            let context = format!(
                "https://graph.microsoft.com/v1.0/$metadata#users('{id}')/onPremisesSyncBehavior/$entity"
            );
            json!({"@odata.context": context, "id": id, "isCloudManaged": false}).to_string()
        })
        .collect();
    folder.save("syncBehaviour", "sync-behavior.jsonl", &behaviours.join("\r\n"), &["id", "isCloudManaged"]);
}

fn tenant(folder: &mut Folder) {
    let group = json!({
        "id": GROUP, "displayName": "Licences E3", "groupTypes": [], "securityEnabled": true, "assignedLicenses": [{"skuId": SKU, "disabledPlans": []}],
        "onPremisesSyncEnabled": true, "onPremisesSamAccountName": "lic-e3", "onPremisesSecurityIdentifier": GROUP_SID, "onPremisesDomainName": "contoso.test",
    });
    folder.pages("licensedGroups", "groups.jsonl", "v1.0/$metadata#groups(id,displayName)", &[group]);
    let domain = |name: &str| json!({"id": name, "isVerified": true, "isInitial": false, "isDefault": false, "authenticationType": "Managed"});
    let domains = ["contoso.com", "contoso.onmicrosoft.com", "contoso.mail.onmicrosoft.com"].map(domain);
    folder.pages("domains", "domains.jsonl", "v1.0/$metadata#domains", &domains);
    let organisation = json!({
        "id": "44444444-4444-4444-4444-444444444444", "displayName": "Contoso", "verifiedDomains": [],
        "onPremisesSyncEnabled": true, "onPremisesLastSyncDateTime": "2026-11-26T11:00:00Z",
    });
    folder.pages("organisation", "organization.jsonl", "v1.0/$metadata#organization(id)", &[organisation]);
    let sku = json!({
        "skuId": SKU, "skuPartNumber": "ENTERPRISEPACK", "capabilityStatus": "Enabled", "consumedUnits": 5,
        "prepaidUnits": {"enabled": 10, "suspended": 0, "warning": 0}, "servicePlans": [],
    });
    folder.pages("subscribedSkus", "subscribed-skus.jsonl", "v1.0/$metadata#subscribedSkus(skuId)", &[sku]);
    let role = "$metadata#roleManagement/directory";
    folder.pages("roleAssignments", "role-assignments.jsonl", &format!("v1.0/{role}/roleAssignments"), &[]);
    folder.pages(
        "roleEligibility",
        "role-eligibility.jsonl",
        &format!("v1.0/{role}/roleEligibilityScheduleInstances"),
        &[],
    );
    folder.pages(
        "roleDefinitions",
        "role-definitions.jsonl",
        &format!("beta/{role}/roleDefinitions(id)"),
        &[],
    );
    let features = json!({"id": "44444444-4444-4444-4444-444444444444", "configuration": {}, "features": {
        "blockSoftMatchEnabled": true, "softMatchOnUpnEnabled": true, "synchronizeUpnForManagedUsersEnabled": true,
        "blockCloudObjectTakeoverThroughHardMatchEnabled": true, "passwordSyncEnabled": true,
    }});
    folder.pages(
        "syncFeatures",
        "synchronization.jsonl",
        "v1.0/$metadata#directory/onPremisesSynchronization",
        &[features],
    );
}

fn mailboxes(folder: &mut Folder, in_bin: bool) {
    let mut anna: Value = serde_json::from_str(&mailbox(json!({
        "LegacyExchangeDN": LEGACY, "IsExchangeCloudManaged": false, "Alias": "anna", "EmailAddresses": ["SMTP:anna@contoso.com", ROUTING],
    })))
    .unwrap();
    if in_bin {
        anna["IsSoftDeletedByDisable"] = json!(true);
        anna["WhenSoftDeleted"] = json!("2026-11-20T10:00:00.0000000Z");
    }
    let properties: Vec<String> = anna.as_object().unwrap().keys().cloned().collect();
    let properties: Vec<&str> = properties.iter().map(String::as_str).collect();
    let one = json!([anna]).to_string();
    let (live, soft) = if in_bin { ("[]", one.as_str()) } else { (one.as_str(), "[]") };
    folder.save("mailboxes", "mailboxes.json", live, &properties);
    folder.save("softDeletedMailboxes", "mailboxes-soft-deleted.json", soft, &properties);
    folder.save("inactiveMailboxes", "mailboxes-inactive.json", "[]", &properties);
}

fn engine(folder: &mut Folder) {
    folder.save("scheduler", "scheduler.json", &format!("[{}]", scheduler(&[])), &[]);
    let export = run(1, "Export", "success", "2026-11-26T11:00:00.0000000Z");
    folder.save("runHistory", "run-history.json", &format!("[{export}]"), &[]);
    folder.save("events", "events.json", "[]", &["Id", "ProviderName", "TimeCreated", "RecordId"]);
    let settings = settings(&[
        ("Microsoft.Synchronize.ServerConfigurationVersion", "2.5.79.0"),
        ("Microsoft.SynchronizationOption.AnchorAttribute", "mS-DS-ConsistencyGuid"),
        ("Microsoft.SynchronizationOption.UPNAttribute", "userPrincipalName"),
    ]);
    folder.save(
        "globalSettings",
        "global-settings.json",
        &format!("[{settings}]"),
        &["InstanceId", "Parameters"],
    );
    let at = "sync-configuration";
    let connector = "5e2f0a31-7b1d-4c3e-9f60-0a1b2c3d4e5f";
    folder.write(&format!("{at}/Connectors/Connector_{{{connector}}}.xml"), CONNECTOR_XML);
    let rule = rule_xml("<expression>True</expression>");
    folder.write(&format!("{at}/SynchronizationRules/SynchronizationRule_{{3}}.xml"), &rule);
}

fn collected(in_bin: bool) -> tempfile::TempDir {
    let mut folder = Folder { at: tempfile::tempdir().unwrap(), entries: vec![] };
    users(&mut folder, in_bin);
    tenant(&mut folder);
    mailboxes(&mut folder, in_bin);
    engine(&mut folder);
    folder.finish()
}

/// Anna as she is again: everything is there.
fn anna(folder: &Path) -> Stage {
    let guid = MAILBOX.parse::<uuid::Uuid>().unwrap();
    let sid: adrecover_core::Sid = SID.parse().unwrap();
    let change: fn(&mut Subject) = |subject| {
        subject.privileged = Known::Absent;
        let read = Access::READ_PROPERTY | Access::LIST_OBJECT;
        subject.descriptor = Known::Value(descriptor(read, Access::WRITE_PROPERTY, false));
    };
    let token = vec!["S-1-5-11".parse().unwrap(), ENGINE.parse().unwrap()];
    let mut stage = Stage::new()
        .with("proxyAddresses", &["SMTP:anna@contoso.com", ROUTING, &format!("X500:{LEGACY}")])
        .with("targetAddress", &["SMTP:anna@contoso.mail.onmicrosoft.com"])
        .with("legacyExchangeDN", &["/o=Contoso/cn=Recipients/cn=anna"])
        .with("msExchRecipientTypeDetails", &["2147483648"])
        .with("msExchRecipientDisplayType", &["-2147483642"])
        .with("msExchRemoteRecipientType", &["4"])
        .octets("msExchMailboxGuid", &guid.to_bytes_le())
        .octets("objectSid", &sid.to_wire())
        .with("memberOf", &[GROUP_DN])
        .with("extensionAttribute1", &["yes"])
        .licensed_groups(&[(GROUP_SID, GROUP_DN)])
        .missing(&[])
        .account(ConnectorAccount { name: "CONTOSO\\MSOL_1".into(), token })
        .changed(change);
    stage.evidence = Some(Evidence::load([folder]).unwrap());
    stage.scope = Some(crate::scope::read(&[folder.join("sync-configuration")]).unwrap());
    stage
}

fn told(in_bin: bool) -> UserReport {
    let folder = collected(in_bin);
    let stage = anna(folder.path());
    let evidence = stage.evidence.as_ref().unwrap();
    assert!(evidence.warnings().is_empty(), "{:?}", evidence.warnings());
    stage.look(|case| judge(case, &Choice::default()))
}

fn open(report: &UserReport) -> Vec<&CheckReport> {
    let is_open = |check: &&CheckReport| !matches!(check.status, Status::Pass | Status::NotApplicable);
    report.checks.iter().filter(is_open).collect()
}

#[test]
fn a_live_cloud_user_is_ready_by_what_the_collector_gathers() {
    let report = told(false);
    let open: Vec<(&str, &str)> =
        open(&report).iter().map(|check| (check.id, check.detail.as_str())).collect();
    assert_eq!(open, [MANAGER], "{:#?}", report.checks);
    assert_eq!((report.verdict, report.checks.len()), (Verdict::Ready, RULES.len()));
    assert_eq!(report.primary_smtp.agrees, Some(true));
}

#[test]
fn a_cloud_user_in_the_bin_is_ready_by_what_the_collector_gathers() {
    let report = told(true);
    let open: Vec<(&str, Status)> = open(&report).iter().map(|check| (check.id, check.status)).collect();
    let expected = [("match.cloudManaged", Status::Unknown), (MANAGER.0, Status::Unknown)];
    assert_eq!(open, expected, "{:#?}", report.checks);
    assert_eq!((report.verdict, report.checks.len()), (Verdict::Ready, RULES.len()));
}
