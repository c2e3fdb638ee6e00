//! From evidence to cases, and from cases to guides and scripts.

mod cases;
mod scripts;
mod states;

use std::path::Path;

use adrecover_core::time::Timestamp;
use chrono::DateTime;

use super::*;
use crate::evidence::Loader;

pub(super) const ID: &str = "11111111-aaaa-4000-8000-000000000001";
pub(super) const OTHER: &str = "11111111-aaaa-4000-8000-000000000002";
pub(super) const MAILBOX: &str = "2b1b1b1b-0000-4000-8000-000000000001";
/// The test vector of the source anchor.
pub(super) const GUID: &str = "8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab";
pub(super) const ANCHOR: &str = "KmtOjTwfW0qcfQEjRWeJqw==";
pub(super) const SID: &str = "S-1-5-21-1-2-3-1104";
pub(super) const UPN: &str = "ana@contoso.com";

/// 2026-11-20T09:30:00Z.
pub(super) fn now() -> Timestamp {
    DateTime::from_timestamp(1_795_167_000, 0).unwrap()
}

pub(super) fn load(files: &[(&str, &str)]) -> Evidence {
    let mut loader = Loader::new();
    for (at, (name, text)) in files.iter().enumerate() {
        let time = now() - chrono::Duration::hours(48 - at as i64);
        loader.add_reader(Path::new(name), time, text.as_bytes()).unwrap();
    }
    loader.finish()
}

/// A user of the cloud with these properties besides.
pub(super) fn user(id: &str, upn: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{id}","userPrincipalName":"{upn}","onPremisesImmutableId":null,"onPremisesSamAccountName":null,"onPremisesSecurityIdentifier":null,"proxyAddresses":["SMTP:{upn}"]{more}}}"#
    )
}

/// The user with the anchor.
pub(super) fn ana(more: &str) -> String {
    user(ID, UPN, more).replace(
        r#""onPremisesImmutableId":null,"onPremisesSamAccountName":null,"onPremisesSecurityIdentifier":null"#,
        &format!(
            r#""onPremisesImmutableId":"{ANCHOR}","onPremisesSamAccountName":"ana","onPremisesSecurityIdentifier":"{SID}""#
        ),
    )
}

pub(super) const DELETED: &str = r#","deletedDateTime":"2026-11-10T09:30:00Z""#;

pub(super) fn list(items: &[String]) -> String {
    let mut all = items.to_vec();
    // So that no list is empty or of one.
    all.push(items.first().map_or_else(String::new, |i| {
        i.replace("11111111-aaaa", "99999999-bbbb")
            .replace("2b1b1b1b", "9b9b9b9b")
            .replace(UPN, "zoe@contoso.com")
            .replace(ANCHOR, "AAAAAAAAAAAAAAAAAAAAAA==")
            .replace("\"ana\"", "\"zoe\"")
            .replace(SID, "S-1-5-21-1-2-3-9999")
    }));
    format!("[{}]", all.into_iter().filter(|i| !i.is_empty()).collect::<Vec<_>>().join(","))
}

pub(super) fn somebody(deleted: bool) -> String {
    user("77777777-cccc-4000-8000-000000000001", "ben@contoso.com", if deleted { DELETED } else { "" })
}

pub(super) fn mailbox(id: &str, more: &str) -> String {
    format!(
        r#"{{"ExchangeGuid":"{MAILBOX}","ExternalDirectoryObjectId":"{id}","PrimarySmtpAddress":"{UPN}","EmailAddresses":["SMTP:{UPN}","smtp:ana@contoso.mail.onmicrosoft.com"],"Alias":"ana","DisplayName":"Ana"{more}}}"#
    )
}

pub(super) const LIVE: &str =
    r#","IsInactiveMailbox":false,"IsSoftDeletedByRemove":false,"IsSoftDeletedByDisable":false"#;
pub(super) const SOFT: &str = r#","IsInactiveMailbox":false,"IsSoftDeletedByRemove":true,"IsSoftDeletedByDisable":false,"WhenSoftDeleted":"2026-11-11T09:30:00Z""#;
pub(super) const INACTIVE: &str =
    r#","IsInactiveMailbox":true,"IsSoftDeletedByRemove":true,"IsSoftDeletedByDisable":false"#;

/// A mailbox of somebody else, so that a list is there.
pub(super) fn other_mailbox(more: &str) -> String {
    mailbox("77777777-cccc-4000-8000-000000000001", more)
        .replace(MAILBOX, &format!("3c3c3c3c-{:04}-4000-8000-000000000002", more.len()))
        .replace(UPN, "ben@contoso.com")
}

/// Complete exports in which the user and the mailbox are as said: `None` for none.
pub(super) fn exports(entra: EntraState, box_state: Option<&str>) -> Evidence {
    let mut live = vec![somebody(false)];
    let mut bin = vec![somebody(true)];
    match entra {
        EntraState::Present => live.push(ana("")),
        EntraState::SoftDeleted => bin.push(ana(DELETED)),
        EntraState::HardDeleted => {}
    }
    let lists = [LIVE, SOFT, INACTIVE].map(|kind| {
        let mut all = vec![other_mailbox(kind)];
        all.extend(box_state.filter(|k| *k == kind).map(|k| mailbox(ID, k)));
        list(&all)
    });
    let [a, b, c] = &lists;
    let (live, bin) = (list(&live), list(&bin));
    load(&[
        ("users.json", &live),
        ("bin.json", &bin),
        ("live.json", a),
        ("soft.json", b),
        ("inactive.json", c),
    ])
}

/// What the directory says of the deleted account: a tombstone.
pub(super) fn tombstone() -> OnPremisesFacts {
    OnPremisesFacts {
        is_deleted: true,
        guid: GUID.parse().ok(),
        sid: Some(SID.into()),
        dn: Some("CN=Ana,OU=Sales,DC=contoso,DC=com".into()),
        account: Some("ana".into()),
        recycle_bin: Some(false),
        deleted_at: DateTime::from_timestamp(1_794_303_000 - 3600, 0),
        expires_at: DateTime::from_timestamp(1_794_303_000 + 180 * 86_400, 0),
        ..OnPremisesFacts::default()
    }
}
