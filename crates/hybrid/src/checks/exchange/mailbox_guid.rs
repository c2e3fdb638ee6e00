//! `exchange.mailboxGuid`.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::checks::case::{Case, CloudObject};
use crate::checks::command;
use crate::checks::looked::gaps;
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::evidence::{Evidence, Known, Mailbox, MailboxField, MailboxState};

use super::recipient::{is_on_premises, is_remote};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "exchange.mailboxGuid",
    title: "the mailbox GUIDs of the user are those of its mailbox in the cloud, and endanger no other one",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "DATA LOSS: where the cloud user was deleted for good and its mailbox is still soft-deleted, a user who is synchronised \
          with the same ExchangeGuid or ArchiveGuid runs into a validation conflict, and the licence that it is given deletes the \
          old mailbox for ever. Apart from that: a GUID of another mailbox cuts Exchange on premises off from the mailbox, and a \
          GUID without a mailbox in the cloud ends with \"This user's on-premises mailbox hasn't been migrated to Exchange \
          Online\": the licence gives no mailbox.",
    evidence: "msExchMailboxGuid, msExchArchiveGuid and homeMDB of the user; ExchangeGuid, ArchiveGuid, ExternalDirectoryObjectId \
               and the state of all mailboxes in the cloud, live, soft-deleted and inactive; whether the cloud user is live, in \
               the bin or gone",
    fix: "save the content of the old mailbox first: New-MailboxRestoreRequest -SourceMailbox GUID -TargetMailbox OTHER-MAILBOX \
          -AllowLegacyDNMismatch. Else give the user the GUIDs of its mailbox (Set-RemoteMailbox -ExchangeGuid -ArchiveGuid), or \
          take away GUIDs that no mailbox has (Set-ADUser -Clear msExchMailboxGuid,msExchArchiveGuid)",
    source: "learn.microsoft.com/exchange/recipients-in-exchange-online/delete-or-restore-mailboxes; \
             learn.microsoft.com/powershell/module/exchange/new-mailboxrestorerequest",
    judge,
};

/// For how long a mailbox can be taken back.
const KEPT: TimeDelta = TimeDelta::days(30);

/// One of the two GUIDs.
#[derive(Clone, Copy, PartialEq)]
enum Which {
    Mailbox,
    Archive,
}

impl Which {
    fn attribute(self) -> &'static str {
        match self {
            Self::Mailbox => "msExchMailboxGuid",
            Self::Archive => "msExchArchiveGuid",
        }
    }

    fn field(self) -> MailboxField {
        match self {
            Self::Mailbox => MailboxField::ExchangeGuid,
            Self::Archive => MailboxField::ArchiveGuid,
        }
    }

    fn own(self, case: &Case<'_>) -> Known<Uuid> {
        let own = case.subject.guid_value(self.attribute()).map(|guid| Uuid::from_bytes_le(guid.to_wire()));
        // Zeros are none.
        if own == Known::Value(Uuid::nil()) { Known::Absent } else { own }
    }

    fn of(self, mailbox: Mailbox<'_>) -> Known<Uuid> {
        match self {
            Self::Mailbox => mailbox.exchange_guid(),
            Self::Archive => mailbox.archive_guid(),
        }
    }
}

fn judge(case: &Case<'_>) -> Finding {
    let seen = [case.saw("msExchMailboxGuid"), case.saw("msExchArchiveGuid")];
    let evidence = match case.need_evidence() {
        Ok(evidence) => evidence,
        Err(finding) => return finding.saw(seen),
    };
    Finding::all([of_guid(case, evidence, Which::Mailbox), of_guid(case, evidence, Which::Archive)]).saw(seen)
}

fn of_guid(case: &Case<'_>, evidence: &Evidence, which: Which) -> Finding {
    let own = match which.own(case) {
        Known::Value(own) => own,
        Known::Absent => return without(case, which),
        Known::NotAsked => return Finding::unknown(format!("{} was not read", which.attribute())),
    };
    let carriers = match which {
        Which::Mailbox => evidence.mailboxes().by_exchange_guid(own),
        Which::Archive => evidence.mailboxes().by_archive_guid(own),
    };
    if carriers.found.is_empty() {
        return carried_by_none(case, which, own, gaps(&carriers.gaps));
    }
    Finding::all(carriers.found.into_iter().map(|mailbox| carried(case, which, own, mailbox)))
}

/// A mailbox in the cloud has the GUID that the user has.
fn carried(case: &Case<'_>, which: Which, own: Uuid, mailbox: Mailbox<'_>) -> Finding {
    let finding = match (mailbox.state(), owner(case, mailbox)) {
        (Known::NotAsked | Known::Absent, _) => {
            Finding::unknown("the export of mailboxes does not say whether they are live or deleted")
        }
        (_, Owner::Unknown(why)) => Finding::unknown(why),
        (_, Owner::Own) => Finding::pass(),
        (Known::Value(MailboxState::Live), Owner::Gone) => Finding::fail(format!(
            "the mailbox {own} is live, and there is no cloud user of it: this is a case for Microsoft's support"
        ))
        .fix("do not synchronise or license the user before the support has been asked"),
        (Known::Value(state), Owner::Other(other)) => others(case, which, own, state, other),
        (Known::Value(MailboxState::SoftDeleted), _) => trap(case, which, own, mailbox),
        (Known::Value(MailboxState::Inactive), _) => inactive(case, which, own, mailbox),
    };
    finding.saw(saw(case, which, mailbox))
}

/// A mailbox of another cloud user.
fn others(case: &Case<'_>, which: Which, own: Uuid, state: MailboxState, other: Uuid) -> Finding {
    let state = match state {
        MailboxState::Live => "live",
        MailboxState::SoftDeleted => "soft-deleted",
        MailboxState::Inactive => "inactive",
    };
    let name = which.field().name();
    Finding::fail(format!("the {state} mailbox of the cloud user {other} has the {name} {own} of this user")).fix(format!(
        "find out whether this user belongs to that cloud user (match.sourceAnchor), and restore that one if it is in the bin; if \
         not, {}",
        clear(case)
    ))
}

/// The data loss.
fn trap(case: &Case<'_>, which: Which, own: Uuid, mailbox: Mailbox<'_>) -> Finding {
    let until = mailbox.soft_deleted_at().value().and_then(|at| at.checked_add_signed(KEPT));
    let time = match until.map(|until| (until, adrecover_core::time::rfc3339(until))) {
        Some((until, text)) if until > case.setting.now => format!("it can be saved until {text}"),
        Some((_, text)) => {
            format!("its 30 days ended {text}: what can still be saved is the support's to say")
        }
        None => "how long it is kept is not known".to_owned(),
    };
    let detail = format!(
        "DATA LOSS: the mailbox {} is soft-deleted and its cloud user is gone, and this user has its {} {own}: synchronising the \
         user ends in a validation conflict, and the licence that it is then given deletes the mailbox for ever; {time}",
        mailbox.exchange_guid().value().unwrap_or(own),
        which.field().name()
    );
    Finding::fail(detail).fix(save(case, mailbox, own))
}

fn save(case: &Case<'_>, mailbox: Mailbox<'_>, own: Uuid) -> String {
    let source = mailbox.exchange_guid().value().unwrap_or(own);
    let archive = match mailbox.archive_guid() {
        Known::Absent => "",
        _ => " (and once more with -SourceIsArchive for the archive)",
    };
    format!(
        "neither synchronise nor license this user yet. Copy the content into another mailbox: New-MailboxRestoreRequest \
         -SourceMailbox {source} -TargetMailbox OTHER-MAILBOX -AllowLegacyDNMismatch{archive}; wait until \
         Get-MailboxRestoreRequest says Completed; then {}",
        clear(case)
    )
}

fn clear(case: &Case<'_>) -> String {
    format!(
        "take the GUIDs off the user: {}",
        command::clear(case.subject, &["msExchMailboxGuid", "msExchArchiveGuid"])
    )
}

fn inactive(case: &Case<'_>, which: Which, own: Uuid, mailbox: Mailbox<'_>) -> Finding {
    let guid = mailbox.exchange_guid().value().unwrap_or(own);
    let detail = format!(
        "the inactive mailbox {guid} has the {} {own} of this user, and its cloud user is gone: synchronising the user ends in a \
         validation conflict",
        which.field().name()
    );
    // An archive that grows by itself, and a mailbox that still has a cloud user, cannot be taken back so.
    let is_growing = mailbox.flag(MailboxField::AutoExpandingArchiveEnabled) == Known::Value(true);
    let fix = if is_growing || !mailbox.external_directory_object_id().is_absent() {
        save(case, mailbox, own)
    } else {
        format!(
            "recover the mailbox before the user is synchronised: New-Mailbox -InactiveMailbox {guid} -Name NAME \
             -MicrosoftOnlineServicesID NAME@TENANT.onmicrosoft.com -Password …; this user then matches it by its primary SMTP \
             address"
        )
    };
    Finding::fail(detail).fix(fix)
}

/// Whose a mailbox is.
enum Owner {
    Own,
    Other(Uuid),
    Gone,
    Unknown(String),
}

fn owner(case: &Case<'_>, mailbox: Mailbox<'_>) -> Owner {
    let cloud = match &case.cloud {
        CloudObject::One(user, _) => Some(user.id()),
        CloudObject::None => None,
        CloudObject::Unknown(why) => return Owner::Unknown(why.clone()),
        CloudObject::NoEvidence => return Owner::Unknown("no export of users was given".to_owned()),
    };
    match (mailbox.external_directory_object_id(), cloud) {
        (Known::NotAsked, _) => {
            Owner::Unknown("the export of mailboxes does not hold ExternalDirectoryObjectId".to_owned())
        }
        (_, Some(Known::NotAsked | Known::Absent)) => {
            Owner::Unknown("the export of users does not hold their object ids".to_owned())
        }
        (Known::Value(theirs), Some(Known::Value(own))) if theirs == own => Owner::Own,
        (Known::Value(theirs), _) if is_known(case, theirs) => Owner::Other(theirs),
        _ => Owner::Gone,
    }
}

/// Whether a cloud user of this id is live or in the bin.
fn is_known(case: &Case<'_>, id: Uuid) -> bool {
    let Some(evidence) = case.evidence else { return false };
    [evidence.users(), evidence.deleted_users()].iter().any(|users| users.by_id(id).first().is_some())
}

/// The user has a GUID that no mailbox has.
fn carried_by_none(case: &Case<'_>, which: Which, own: Uuid, missing: Option<String>) -> Finding {
    // A mailbox of the cloud user that has another one.
    for mailbox in case.mailboxes().into_iter().flat_map(|matches| matches.found) {
        let is_own = matches!(owner(case, mailbox), Owner::Own);
        if let (true, Known::Value(theirs)) = (is_own, which.of(mailbox)) {
            let name = which.field().name();
            return Finding::fail(format!(
                "{} is {own}; the mailbox in the cloud has the {name} {theirs}",
                which.attribute()
            ))
            .saw(saw(case, which, mailbox))
            .fix(format!("give the user that of its mailbox: {}", give(case, name, &theirs.to_string())));
        }
    }
    match (is_on_premises(case), missing) {
        (Known::Value(true), _) => Finding::fine("the mailbox is on premises"),
        (_, Some(why)) => Finding::unknown(why),
        (Known::NotAsked, _) => Finding::unknown("whether the mailbox is on premises was not read"),
        _ if which == Which::Archive => Finding::warn(format!("msExchArchiveGuid is {own}, and no mailbox in the cloud has it"))
            .fix(command::clear(case.subject, &["msExchArchiveGuid"])),
        _ => Finding::fail(format!(
            "msExchMailboxGuid is {own}, and neither the cloud nor a database here has such a mailbox: the licence would give none \
             (\"This user's on-premises mailbox hasn't been migrated to Exchange Online\")"
        ))
        .fix(clear(case)),
    }
}

/// The user has no such GUID: it endangers nothing, as long as nobody writes that of an endangered mailbox.
fn without(case: &Case<'_>, which: Which) -> Finding {
    let none = || Finding::not_applicable(format!("the user has no {}", which.attribute()));
    let Some(mailboxes) = case.mailboxes().filter(|_| which == Which::Mailbox) else { return none() };
    let Some(mailbox) = mailboxes.first() else { return none() };
    let guid = mailbox.exchange_guid().value();
    let shown = guid.map_or_else(|| "GUID".to_owned(), |guid| guid.to_string());
    let finding = match (mailbox.state(), owner(case, mailbox)) {
        (Known::Value(MailboxState::SoftDeleted), Owner::Gone) => Finding::warn(format!(
            "the mailbox {shown} of this user's address is soft-deleted and its cloud user is gone: do not write its GUID to \
             msExchMailboxGuid, or the licence deletes the mailbox for ever (DATA LOSS)"
        ))
        .fix(save_into_new(mailbox, &shown)),
        (Known::Value(MailboxState::Live), Owner::Own) if is_remote(case) == Known::Value(true) => {
            Finding::warn("the remote mailbox has no msExchMailboxGuid: it cannot be moved back")
                .fix(give(case, "ExchangeGuid", &shown))
        }
        _ => Finding::pass(),
    };
    finding.saw(saw(case, which, mailbox))
}

/// Writes the GUID of a mailbox to the user.
fn give(case: &Case<'_>, parameter: &str, guid: &str) -> String {
    let set = format!("Set-RemoteMailbox -Identity {} -{parameter} {guid}", command::identity(case.subject));
    command::once_live(case.subject, &set)
}

fn save_into_new(mailbox: Mailbox<'_>, guid: &str) -> String {
    let archive = match mailbox.archive_guid() {
        Known::Absent => "",
        _ => " (and once more with -SourceIsArchive -TargetIsArchive for the archive)",
    };
    format!(
        "let the user get a new mailbox, and copy the old one into it before its 30 days end: New-MailboxRestoreRequest \
         -SourceMailbox {guid} -TargetMailbox NEW-MAILBOX -AllowLegacyDNMismatch{archive}"
    )
}

fn saw(case: &Case<'_>, which: Which, mailbox: Mailbox<'_>) -> Vec<Seen> {
    let mut seen = vec![
        case.saw_mailbox(mailbox, which.field()),
        case.saw_mailbox(mailbox, MailboxField::ExternalDirectoryObjectId),
    ];
    if let Known::Value(at) = mailbox.soft_deleted_at() {
        let mut when = case.saw_mailbox(mailbox, MailboxField::WhenSoftDeleted);
        when.value = Some(adrecover_core::time::rfc3339(at));
        seen.push(when);
    }
    seen
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::checks::fixtures::{ANNA_ID, BERT_ID, collected, mailbox, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{GUID, Stage, table};

    const MAILBOX: &str = "aaaaaaaa-0000-4000-8000-000000000001";
    const ARCHIVE: &str = "aaaaaaaa-0000-4000-8000-000000000002";

    fn octets(guid: &str) -> [u8; 16] {
        guid.parse::<Uuid>().unwrap().to_bytes_le()
    }

    fn own() -> Stage {
        Stage::new().octets("msExchMailboxGuid", &octets(MAILBOX))
    }

    /// Whether the cloud user is there, and a mailbox in one of the three lists.
    fn cloud(stage: Stage, has_user: bool, list: &str, changes: Value) -> Stage {
        let user = if has_user { user(json!({})) } else { String::new() };
        let mailbox = mailbox(changes);
        let at = |name: &str| if name == list { mailbox.as_str() } else { "" };
        collected(
            stage,
            &[
                ("users", &user),
                ("deletedUsers", ""),
                ("mailboxes", at("mailboxes")),
                ("softDeletedMailboxes", at("softDeletedMailboxes")),
                ("inactiveMailboxes", at("inactiveMailboxes")),
            ],
        )
    }

    fn soft(external: &str) -> Value {
        json!({"IsSoftDeletedByRemove": true, "WhenSoftDeleted": "2026-11-20T10:00:00Z", "ExternalDirectoryObjectId": external})
    }

    fn held(external: &str) -> Value {
        json!({"IsInactiveMailbox": true, "ExternalDirectoryObjectId": external})
    }

    #[test]
    fn cases() {
        let on_premises = |stage: Stage| stage.with("homeMDB", &["CN=db"]);
        let archive = |guid: &str| own().octets("msExchArchiveGuid", &octets(guid));
        let remote = |stage: Stage| stage.with("msExchRecipientTypeDetails", &["2147483648"]);
        let live = "mailboxes";
        table(
            &RULE,
            &[
                ("the same", cloud(own(), true, live, json!({})), Status::Pass),
                ("another one", cloud(own(), true, live, json!({"ExchangeGuid": BERT_ID})), Status::Fail),
                (
                    "both the same",
                    cloud(archive(ARCHIVE), true, live, json!({"ArchiveGuid": ARCHIVE})),
                    Status::Pass,
                ),
                (
                    "another archive",
                    cloud(archive(BERT_ID), true, live, json!({"ArchiveGuid": ARCHIVE})),
                    Status::Fail,
                ),
                ("an archive of none", cloud(archive(BERT_ID), true, live, json!({})), Status::Warn),
                ("of no mailbox", cloud(own(), true, "", json!({})), Status::Fail),
                ("of no mailbox there", cloud(on_premises(own()), true, "", json!({})), Status::Pass),
                (
                    "zeros",
                    cloud(Stage::new().octets("msExchMailboxGuid", &[0; 16]), true, "", json!({})),
                    Status::NotApplicable,
                ),
                (
                    "none, and a remote mailbox",
                    cloud(remote(Stage::new()), true, live, json!({})),
                    Status::Warn,
                ),
                ("none, and no Exchange here", cloud(Stage::new(), true, live, json!({})), Status::Pass),
            ],
        );
        table(
            &RULE,
            &[
                ("mailboxes are not exported", with_user(own(), json!({})), Status::Unknown),
                ("the state is not exported", no_state(), Status::Unknown),
                (
                    "users are not exported",
                    collected(own(), &[("softDeletedMailboxes", &mailbox(soft("")))]),
                    Status::Unknown,
                ),
                (
                    "not read",
                    cloud(Stage::new().not_asked("msExchMailboxGuid"), true, live, json!({})),
                    Status::Unknown,
                ),
                ("no export", own(), Status::Unknown),
                ("the directory alone", own().on_prem_only(), Status::NotApplicable),
            ],
        );
    }

    #[test]
    fn cases_of_endangered_mailboxes() {
        let archived = |external: &str| {
            let mut changes = soft(external);
            changes["ExchangeGuid"] = json!(BERT_ID);
            changes["ArchiveGuid"] = json!(ARCHIVE);
            changes
        };
        let only_archive = || Stage::new().octets("msExchArchiveGuid", &octets(ARCHIVE));
        let (live, bin, kept) = ("mailboxes", "softDeletedMailboxes", "inactiveMailboxes");
        table(
            &RULE,
            &[
                (
                    "soft-deleted, its cloud user is there",
                    cloud(own(), true, bin, soft(ANNA_ID)),
                    Status::Pass,
                ),
                ("THE TRAP", cloud(own(), false, bin, soft("")), Status::Fail),
                ("the trap, with the old id", cloud(own(), false, bin, soft(ANNA_ID)), Status::Fail),
                ("the trap, with a new cloud user", cloud(own(), true, bin, soft("")), Status::Fail),
                ("the trap, by the archive", cloud(only_archive(), false, bin, archived("")), Status::Fail),
                ("the trap, not sprung", cloud(Stage::new(), false, bin, soft("")), Status::Warn),
                ("inactive", cloud(own(), false, kept, held("")), Status::Fail),
                (
                    "live without a cloud user",
                    cloud(own(), false, live, json!({"ExternalDirectoryObjectId": ""})),
                    Status::Fail,
                ),
            ],
        );
    }

    fn no_state() -> Stage {
        let changes = json!({"IsInactiveMailbox": "-", "IsSoftDeletedByRemove": "-", "IsSoftDeletedByDisable": "-", "WhenSoftDeleted": "-"});
        let text = format!("[{}]", mailbox(changes));
        own().evidence(&[("mailboxes.json", &text)])
    }

    #[test]
    fn somebody_elses_mailbox_is_told() {
        let both = format!(
            "{},{}",
            user(json!({})),
            user(
                json!({"id": BERT_ID, "userPrincipalName": "b@x.com", "proxyAddresses": [], "onPremisesImmutableId": null})
            )
        );
        let mailbox = mailbox(json!({"ExternalDirectoryObjectId": BERT_ID}));
        let stage = collected(own(), &[("users", &both), ("deletedUsers", ""), ("mailboxes", &mailbox)]);
        let found = stage.look(|case| (RULE.judge)(case));
        assert_eq!(found.status, Status::Fail, "{}", found.detail);
        assert!(found.detail.contains(BERT_ID), "{}", found.detail);
    }

    #[test]
    fn the_trap_is_told_in_full() {
        let found = cloud(own(), false, "softDeletedMailboxes", soft("")).look(|case| (RULE.judge)(case));
        assert_eq!(found.severity.unwrap_or(RULE.severity), Severity::Block);
        for part in [
            "DATA LOSS",
            MAILBOX,
            "validation conflict",
            "deletes the mailbox for ever",
            "2026-12-20T10:00:00Z",
        ] {
            assert!(found.detail.contains(part), "{part}: {}", found.detail);
        }
        let fix = found.fix.unwrap();
        let request = format!(
            "New-MailboxRestoreRequest -SourceMailbox {MAILBOX} -TargetMailbox OTHER-MAILBOX -AllowLegacyDNMismatch"
        );
        let clear = format!("Set-ADUser -Identity {GUID} -Clear msExchMailboxGuid,msExchArchiveGuid");
        assert!(fix.contains(&request) && fix.contains(&clear), "{fix}");
        let inactive =
            cloud(own(), false, "inactiveMailboxes", held("")).look(|case| (RULE.judge)(case)).fix.unwrap();
        assert!(inactive.contains(&format!("New-Mailbox -InactiveMailbox {MAILBOX}")), "{inactive}");
    }
}
