//! What kind of recipient a user is to the Exchange servers on premises.

use crate::checks::case::Case;
use crate::evidence::Known;

/// The attributes that an Exchange server writes.
const WRITTEN: [&str; 5] = [
    "msExchRecipientTypeDetails",
    "msExchRemoteRecipientType",
    "msExchRecipientDisplayType",
    "msExchMailboxGuid",
    "homeMDB",
];

/// Remote mailboxes by `msExchRecipientTypeDetails`: user, room, equipment, shared.
pub(super) const REMOTE: [i64; 4] = [1 << 31, 1 << 33, 1 << 34, 1 << 35];

/// Whether the user is a remote mailbox: one that Exchange on premises knows to be in the cloud.
pub(super) fn is_remote(case: &Case<'_>) -> Known<bool> {
    let details = case.subject.number("msExchRecipientTypeDetails");
    if let Known::Value(details) = details
        && REMOTE.contains(&details)
    {
        return Known::Value(true);
    }
    let remote = case.subject.number("msExchRemoteRecipientType");
    match (details, remote) {
        // Provisioned or migrated, whatever the recipient type says.
        (_, Known::Value(bits)) if bits & 5 != 0 => Known::Value(true),
        (Known::NotAsked, _) | (_, Known::NotAsked) => Known::NotAsked,
        _ => Known::Value(false),
    }
}

/// Whether the mailbox is on premises: a database, or the recipient type of a mailbox there.
pub(crate) fn is_on_premises(case: &Case<'_>) -> Known<bool> {
    match (case.subject.octets("homeMDB"), case.subject.number("msExchRecipientTypeDetails")) {
        (Known::Value(_), _) => Known::Value(true),
        (_, Known::Value(1 | 2 | 4 | 16 | 32)) => Known::Value(true),
        (Known::NotAsked, _) | (_, Known::NotAsked) => Known::NotAsked,
        _ => Known::Value(false),
    }
}

/// Whether an Exchange server has ever written to the user.
pub(super) fn is_of_exchange(case: &Case<'_>) -> bool {
    WRITTEN.iter().any(|name| matches!(case.subject.octets(name), Known::Value(_)))
}
