//! What Exchange on premises knows of a mailbox in the cloud. Microsoft supports writing that through Exchange's cmdlets only: they
//! are told with the user's own values, and the attributes are offered to those who name them.

use super::addresses::Addresses;
use super::{Draft, Source, present};
use crate::checks::{Remote, identity, is_on_premises, quoted, remote};
use crate::compare::same;
use crate::evidence::{Known, Mailbox, UserField};

const DETAILS: &str = "msExchRecipientTypeDetails";

pub(super) fn add(draft: &mut Draft<'_, '_>, addresses: &Addresses) {
    let Some(mailbox) = draft.mailbox else { return };
    if !draft.has_schema(DETAILS) || is_on_premises(draft.case) == Known::Value(true) {
        return;
    }
    let source = Source::of(mailbox.sources());
    if let Some(guid) = mailbox.exchange_guid().value() {
        draft.octets("msExchMailboxGuid", &guid.to_bytes_le(), &source);
    }
    if let Some(guid) = mailbox.archive_guid().value() {
        draft.octets("msExchArchiveGuid", &guid.to_bytes_le(), &source);
    }
    let kind = mailbox.recipient_type_details().value().and_then(remote);
    if let (Some(kind), Some(bits)) =
        (&kind, mailbox.remote_recipient_type().value().filter(|bits| *bits != 0))
    {
        for (attribute, number) in [
            (DETAILS, kind.details.to_string()),
            ("msExchRecipientDisplayType", kind.display.to_string()),
            ("msExchRemoteRecipientType", bits.to_string()),
        ] {
            draft.texts(attribute, &[number], &source);
        }
    }
    if !matches!(draft.case.subject.octets(DETAILS), Known::Value(_)) {
        draft.offer.remote_mailbox = cmdlets(draft, mailbox, addresses, kind.as_ref());
    }
}

/// The cmdlets that do it. `Enable-RemoteMailbox` applies the address policy, unless it is told the primary address, and leaves the
/// GUIDs empty.
fn cmdlets(
    draft: &Draft<'_, '_>,
    mailbox: Mailbox<'_>,
    addresses: &Addresses,
    kind: Option<&Remote>,
) -> Option<String> {
    let routing = addresses.routing.as_ref()?;
    let user = identity(draft.case.subject);
    let mut enable = format!("Enable-RemoteMailbox -Identity {user}");
    if let Some(alias) = present(draft.user.text(UserField::MailNickname)) {
        enable.push_str(&format!(" -Alias {}", quoted(alias)));
    }
    if let Some(primary) = addresses.kept.iter().find_map(|address| address.strip_prefix("SMTP:")) {
        enable.push_str(&format!(" -PrimarySmtpAddress {}", quoted(primary)));
    }
    enable.push_str(&format!(
        " -RemoteRoutingAddress {}{}",
        quoted(routing),
        kind.map_or("", |kind| kind.switch)
    ));
    let mut set = format!("Set-RemoteMailbox -Identity {user} -EmailAddressPolicyEnabled $false");
    if let Some(guid) = mailbox.exchange_guid().value() {
        set.push_str(&format!(" -ExchangeGuid {guid}"));
    }
    if let Some(guid) = mailbox.archive_guid().value() {
        set.push_str(&format!(" -ArchiveGuid {guid}"));
    }
    let old = mailbox.legacy_exchange_dn().value().map(|name| format!("X500:{name}"));
    if let Some(old) = old.filter(|old| !addresses.kept.iter().any(|address| same(address, old))) {
        set.push_str(&format!(" -EmailAddresses @{{add={}}}", quoted(&old)));
    }
    Some(format!(
        "once it is restored, in Exchange's own shell: {enable}; {set}; then check the addresses again. Where Exchange takes the user \
         for a mail user already, first Set-ADUser -Identity {user} -Clear targetAddress,mailNickname: the cmdlet writes both"
    ))
}
