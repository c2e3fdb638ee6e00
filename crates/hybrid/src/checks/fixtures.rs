//! Exports of a tenant for tests, as the collector leaves them: a folder with a manifest, so that an empty list says that there is
//! nothing.

use super::testing::Stage;

/// The object id of Anna in the cloud.
pub(crate) const ANNA_ID: &str = "11111111-1111-1111-1111-111111111111";
/// That of somebody else.
pub(crate) const BERT_ID: &str = "22222222-2222-2222-2222-222222222222";

/// A stage with these lists: pairs of a dataset and its objects, without the brackets.
pub(crate) fn collected(stage: Stage, lists: &[(&str, &str)]) -> Stage {
    let mut files = vec![];
    let mut entries = vec![];
    for (dataset, objects) in lists {
        let context = match *dataset {
            "users" | "deletedUsers" => "users",
            "domains" => "domains",
            "licensedGroups" => "groups",
            "subscribedSkus" => "subscribedSkus",
            "roleAssignments" => "roleManagement/directory/roleAssignments",
            "roleEligibility" => "roleManagement/directory/roleEligibilityScheduleInstances",
            "roleDefinitions" => "roleManagement/directory/roleDefinitions",
            "syncFeatures" => "directory/onPremisesSynchronization",
            _ => "",
        };
        let text = if context.is_empty() {
            format!("[{objects}]")
        } else {
            let metadata = format!("https://graph.microsoft.com/v1.0/$metadata#{context}");
            format!(r#"{{"@odata.context":"{metadata}","value":[{objects}]}}"#)
        };
        files.push((format!("{dataset}.json"), text));
        entries.push(format!(r#"{{"file":"{dataset}.json","dataset":"{dataset}","complete":true}}"#));
    }
    let manifest = format!(r#"{{"schema":"adrecover/collector/v1","files":[{}]}}"#, entries.join(","));
    files.push(("manifest.json".to_owned(), manifest));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    stage.evidence(&files)
}

/// The properties of a cloud user with these changed or added, as one object.
pub(crate) fn user(changes: serde_json::Value) -> String {
    let mut user = serde_json::json!({
        "id": ANNA_ID,
        "userPrincipalName": "anna@contoso.com",
        "mail": "anna@contoso.com",
        "mailNickname": "anna",
        "proxyAddresses": ["SMTP:anna@contoso.com", "smtp:a.example@contoso.com"],
        "onPremisesImmutableId": super::testing::ANCHOR,
        "onPremisesSyncEnabled": true,
        "deletedDateTime": null,
        "usageLocation": "DE",
        "assignedLicenses": [],
        "licenseAssignmentStates": [],
        "onPremisesProvisioningErrors": [],
    });
    merge(&mut user, changes);
    user.to_string()
}

/// The same of a mailbox in use.
pub(crate) fn mailbox(changes: serde_json::Value) -> String {
    let mut mailbox = serde_json::json!({
        "ExchangeGuid": "aaaaaaaa-0000-4000-8000-000000000001",
        "ArchiveGuid": "00000000-0000-0000-0000-000000000000",
        "ExternalDirectoryObjectId": ANNA_ID,
        "PrimarySmtpAddress": "anna@contoso.com",
        "EmailAddresses": ["SMTP:anna@contoso.com"],
        "IsInactiveMailbox": false,
        "IsSoftDeletedByRemove": false,
        "IsSoftDeletedByDisable": false,
        "WhenSoftDeleted": null,
    });
    merge(&mut mailbox, changes);
    mailbox.to_string()
}

/// `null` stays; a text `-` takes the property away, so that it was not asked for.
fn merge(object: &mut serde_json::Value, changes: serde_json::Value) {
    let (Some(object), serde_json::Value::Object(changes)) = (object.as_object_mut(), changes) else {
        return;
    };
    for (name, value) in changes {
        if value == "-" {
            object.remove(&name);
        } else {
            object.insert(name, value);
        }
    }
}

/// A stage with one live cloud user, an empty bin and no mailbox.
pub(crate) fn with_user(stage: Stage, changes: serde_json::Value) -> Stage {
    collected(stage, &[("users", &user(changes)), ("deletedUsers", "")])
}
