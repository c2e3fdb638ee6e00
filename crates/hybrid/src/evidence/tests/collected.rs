//! A folder as the collector's script writes it.

use std::fs;

use super::*;

/// A file of text with the mark that Windows PowerShell puts before it.
fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("\u{feff}{text}\r\n")).unwrap();
}

fn entry(
    dataset: &str,
    file: Option<&str>,
    complete: bool,
    properties: &[&str],
    error: Option<&str>,
) -> serde_json::Value {
    serde_json::json!({
        "dataset": dataset, "file": file, "complete": complete, "properties": properties, "error": error, "at": "2026-11-01T09:30:00Z",
    })
}

fn manifest(folder: &Path, files: &[serde_json::Value]) {
    let document = serde_json::json!({
        "files": files, "schema": MANIFEST, "script": "1", "at": "2026-11-01T09:30:00Z", "computer": "SYNC1", "powershell": "5.1",
    });
    write(folder, "manifest.json", &serde_json::to_string_pretty(&document).unwrap());
}

#[test]
fn the_collectors_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let page = |set: &str, value: &str, next: &str| {
        format!(
            r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#{set}"{next},"value":[{value}]}}"#
        )
    };
    let user = format!(
        r#"{{"id":"{ID}","userPrincipalName":"ana@contoso.com","deletedDateTime":null,"onPremisesImmutableId":"{ANCHOR}"}}"#
    );
    let other = user.replace("789ab", "00002").replace("ana", "ben");
    let next = r#","@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$skiptoken=x""#;
    write(at, "users.jsonl", &format!("{}\r\n{}", page("users", &user, next), page("users", &other, "")));
    write(at, "deleted-users.jsonl", &page("users", "", ""));
    write(at, "role-assignments.jsonl", &page("roleManagement/directory/roleAssignments", "", next));
    write(at, "mailboxes.json", "[]");
    let soft = r#"[{"ExchangeGuid":"2b1b1b1b-0000-4000-8000-000000000001","PrimarySmtpAddress":"a@b.c","EmailAddresses":["SMTP:a@b.c"],"ExternalDirectoryObjectId":null,"ImmutableId":null,"IsSoftDeletedByRemove":true}]"#;
    write(at, "mailboxes-soft-deleted.json", soft);
    write(at, "mailboxes-inactive.json", "");
    write(
        at,
        "scheduler.json",
        r#"[{"SyncCycleEnabled":true,"StagingModeEnabled":false,"NextSyncCyclePolicyType":"Delta","NextSyncCycleStartTimeInUTC":"2026-11-01T09:30:00.0000000Z","AllowedSyncCycleInterval":"00:30:00"}]"#,
    );
    write(at, "sync-configuration/Connectors/Connector_{x}.xml", "<ma-data/>");
    let mailbox = ["ExchangeGuid", "ExternalDirectoryObjectId", "IsSoftDeletedByRemove"];
    manifest(
        at,
        &[
            entry("users", Some("users.jsonl"), true, &["id"], None),
            entry("deletedUsers", Some("deleted-users.jsonl"), true, &["id"], None),
            entry("roleAssignments", Some("role-assignments.jsonl"), false, &[], Some("throttled\u{1b}")),
            entry("mailboxes", Some("mailboxes.json"), true, &mailbox, None),
            entry("softDeletedMailboxes", Some("mailboxes-soft-deleted.json"), true, &mailbox, None),
            entry("inactiveMailboxes", Some("mailboxes-inactive.json"), true, &mailbox, None),
            entry("scheduler", Some("scheduler.json"), true, &[], None),
            entry("syncFeatures", None, false, &[], Some("Forbidden")),
            entry("somethingNewer", Some("x.json"), true, &[], None),
        ],
    );
    let evidence = Evidence::load([at]).unwrap();
    assert_eq!(evidence.users().iter().count(), 2);
    assert!(evidence.users().by_upn("carl@contoso.com").is_none());
    assert!(
        evidence.deleted_users().by_id(ID.parse().unwrap()).gaps.is_empty(),
        "an empty list that was asked for"
    );
    // What the collector asked for and is null is absent; what it did not name is not known.
    let mailbox = evidence.mailboxes().iter().next().unwrap();
    assert!(mailbox.external_directory_object_id().is_absent());
    assert_eq!(mailbox.text(MailboxField::ImmutableId), Known::NotAsked);
    assert!(evidence.mailboxes().by_exchange_guid(ID.parse().unwrap()).is_none());
    assert_eq!(evidence.schedulers().next().unwrap().next_start(), Known::Value(hour(0)));
    let gaps = |dataset| evidence.coverage(dataset).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(
        gaps(Dataset::RoleAssignments)[0]
            .ends_with("holds not all role assignments: its last page names a next one; export all pages")
    );
    assert!(
        gaps(Dataset::SyncFeatures)[0]
            .ends_with("manifest.json holds not all synchronisation features: Forbidden")
    );
    assert_eq!(gaps(Dataset::Domains), ["no file holds domains"]);
    assert_eq!(evidence.handed_over().len(), 1);
    for file in evidence.files() {
        let is_configuration = file.path.extension().is_some_and(|e| e == "xml");
        assert_ne!(file.is_dated_inside, is_configuration, "{}", file.path.display());
    }
    assert!(evidence.warnings().is_empty(), "{:?}", evidence.warnings());

    // Whoever was asked for soft-deleted mailboxes and got an inactive one has not listed those.
    let inactive = soft.replace("\"IsSoftDeletedByRemove\":true", "\"IsInactiveMailbox\":true");
    write(at, "mailboxes-soft-deleted.json", &inactive);
    fs::remove_file(at.join("mailboxes-inactive.json")).unwrap();
    let evidence = Evidence::load([at]).unwrap();
    assert!(evidence.coverage(Dataset::SoftDeletedMailboxes).is_empty());
    assert!(!evidence.coverage(Dataset::InactiveMailboxes).is_empty());

    // One of its files alone is read by the same statements.
    let alone = Evidence::load([at.join("mailboxes-soft-deleted.json")]).unwrap();
    assert!(alone.mailboxes().iter().next().unwrap().external_directory_object_id().is_absent());
}

#[test]
fn a_manifest_of_another_version_or_a_broken_one_is_refused() {
    for (text, problem) in [
        (r#"{"schema":"adrecover/collector/v9","files":[]}"#, "a manifest of another version"),
        ("{\"schema\":\"adrecover/collector/v1\",\n\"files\":[", "the manifest is cut"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "manifest.json", text);
        let error = Evidence::load([folder.path()]).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn folders_are_walked_and_hidden_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a/b/users.json", r#"[{"userPrincipalName":"ana@contoso.com"}]"#);
    write(folder.path(), ".hidden", "hunter2");
    assert_eq!(Evidence::load([folder.path()]).unwrap().users().iter().count(), 1);
    write(folder.path(), "notes", "hunter2");
    let error = Evidence::load([folder.path()]).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "is no export that is known: text, and neither JSON nor CSV with a line of known names"
        ),
        "{error}"
    );
    let error = Evidence::load([folder.path().join("none")]).unwrap_err().to_string();
    assert!(error.starts_with("cannot read "), "{error}");
}
