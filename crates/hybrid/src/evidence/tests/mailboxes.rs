//! Mailboxes: their three states, and what is said of none.

use super::*;

const GUID: &str = "2b1b1b1b-0000-4000-8000-000000000001";

fn mailbox(more: &str) -> String {
    format!(
        r#"[{{"ExchangeGuid":"{GUID}","PrimarySmtpAddress":"ana@contoso.com","EmailAddresses":["SMTP:ana@contoso.com","smtp:a@contoso.com"]{more}}}]"#
    )
}

#[test]
fn states() {
    use MailboxState::{Inactive, Live, SoftDeleted};
    for (more, state) in [
        (
            r#","IsInactiveMailbox":false,"IsSoftDeletedByRemove":false,"IsSoftDeletedByDisable":false"#,
            Known::Value(Live),
        ),
        (
            r#","IsInactiveMailbox":false,"IsSoftDeletedByRemove":true,"IsSoftDeletedByDisable":false"#,
            Known::Value(SoftDeleted),
        ),
        (r#","IsSoftDeletedByDisable":true"#, Known::Value(SoftDeleted)),
        (r#","WhenSoftDeleted":"2026-11-01T09:30:00Z""#, Known::Value(SoftDeleted)),
        (r#","RecipientSoftDeletedStatus":2"#, Known::Value(SoftDeleted)),
        (r#","RecipientSoftDeletedStatus":0"#, Known::Value(Live)),
        (r#","IsInactiveMailbox":true,"IsSoftDeletedByRemove":true"#, Known::Value(Inactive)),
        (r#","IsInactiveMailbox":false"#, Known::NotAsked),
        (r#","WhenSoftDeleted":null"#, Known::NotAsked),
        ("", Known::NotAsked),
    ] {
        let evidence = load(&[("m.json", &mailbox(more))]);
        assert_eq!(evidence.mailboxes().iter().next().unwrap().state(), state, "{more}");
    }
}

#[test]
fn fields() {
    let text = mailbox(
        r#","ArchiveGuid":"00000000-0000-0000-0000-000000000000","ExternalDirectoryObjectId":"","InPlaceHolds":[],"LitigationHoldEnabled":false,
        "RecipientTypeDetails":"UserMailbox","RemoteRecipientType":"ProvisionMailbox, ProvisionArchive","ImmutableId":null,"WhenSoftDeleted":"\/Date(1793525400000)\/","SKUAssigned":null,"LegacyExchangeDN":"/o=x""#,
    );
    let evidence = load(&[("m.json", &text)]);
    let mailbox = evidence.mailboxes().by_exchange_guid(GUID.parse().unwrap()).first().unwrap();
    assert!(mailbox.archive_guid().is_absent() && mailbox.external_directory_object_id().is_absent());
    assert!(mailbox.in_place_holds().is_absent());
    assert_eq!(mailbox.flag(MailboxField::LitigationHoldEnabled), Known::Value(false));
    assert_eq!(mailbox.flag(MailboxField::SkuAssigned), Known::NotAsked);
    assert_eq!(mailbox.text(MailboxField::ImmutableId), Known::NotAsked);
    assert_eq!(
        (mailbox.recipient_type_details(), mailbox.remote_recipient_type()),
        (Known::Value(1), Known::Value(3))
    );
    assert_eq!(mailbox.soft_deleted_at(), Known::Value(hour(0)));
    assert_eq!(mailbox.legacy_exchange_dn(), Known::Value("/o=x"));
    let numbers = load(&[(
        "m.json",
        &self::mailbox(r#","RecipientTypeDetails":34359738368,"RemoteRecipientType":100"#),
    )]);
    let mailbox = numbers.mailboxes().iter().next().unwrap();
    assert_eq!(
        (mailbox.recipient_type_details(), mailbox.remote_recipient_type()),
        (Known::Value(1 << 35), Known::Value(100))
    );
}

#[test]
fn finding_none_needs_all_three_lists() {
    let live = mailbox(
        r#","ExternalDirectoryObjectId":"8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab","IsSoftDeletedByRemove":false,"IsSoftDeletedByDisable":false"#,
    );
    let evidence = load(&[("m.json", &live)]);
    let found = evidence.mailboxes().by_external_directory_object_id(ID.parse().unwrap());
    assert_eq!(found.only().unwrap().primary_smtp(), Known::Value("ana@contoso.com"));
    let other = evidence.mailboxes().by_address("other@contoso.com");
    assert_eq!(
        other.gaps,
        [Gap::NoExport(Dataset::SoftDeletedMailboxes), Gap::NoExport(Dataset::InactiveMailboxes)]
    );
    assert!(evidence.mailboxes().by_address("A@contoso.com").only().is_some());
    assert!(evidence.mailboxes().by_primary_smtp("a@contoso.com").found.is_empty());
}

#[test]
fn a_mailbox_in_two_files() {
    let live = r#","IsSoftDeletedByRemove":false,"IsSoftDeletedByDisable":false"#;
    let evidence = load(&[("a", &mailbox("")), ("b", &mailbox(live))]);
    let all: Vec<_> = evidence.mailboxes().iter().map(|m| m.state()).collect();
    assert_eq!(all, [Known::Value(MailboxState::Live)]);
    let evidence = load(&[("a", &mailbox(r#","IsSoftDeletedByRemove":true"#)), ("b", &mailbox(live))]);
    assert_eq!(evidence.mailboxes().iter().count(), 2);
    assert!(warnings(&evidence)[0].contains("two lists that exclude each other"));
}
