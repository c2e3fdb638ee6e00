//! `exchange.recipientTriple`.

use crate::checks::case::Case;
use crate::checks::command::{identity, once_live};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::Known;

use super::recipient::{REMOTE, is_on_premises};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "exchange.recipientTriple",
    title: "the three attributes that say what kind of recipient the user is fit together",
    severity: Severity::Warn,
    needs: Needs::Directory,
    why: "Exchange reads msExchRecipientTypeDetails, msExchRecipientDisplayType and msExchRemoteRecipientType together. Where they \
          contradict each other the mailbox is shown as another kind, cannot be managed, or is taken down \
          (DeprovisionMailbox). A tombstone has lost all three.",
    evidence: "msExchRecipientTypeDetails, msExchRecipientDisplayType, msExchRemoteRecipientType and homeMDB of the user",
    fix: "let Exchange write them: Enable-RemoteMailbox -Identity USER -RemoteRoutingAddress ALIAS@TENANT.mail.onmicrosoft.com, \
          with -Shared, -Room or -Equipment where it is one; Connect-Mailbox for a mailbox on premises. Do not write them by hand",
    source: "learn.microsoft.com/powershell/module/exchange/enable-remotemailbox; \
             learn.microsoft.com/powershell/module/exchange/set-remotemailbox; KB 2619308",
    judge,
};

/// A kind of recipient.
struct Kind {
    /// `msExchRecipientTypeDetails`.
    details: i64,
    /// What it is.
    name: &'static str,
    /// The values of `msExchRecipientDisplayType` that go with it.
    display: &'static [i64],
    /// The bits of room, equipment or shared (both) in `msExchRemoteRecipientType`, for one in the cloud.
    remote: Option<i64>,
    /// What makes it anew.
    switch: &'static str,
}

/// With the high bit of `msExchRecipientDisplayType` set the object is one of another organisation; 0x40000000 says that it can
/// be given rights.
static KINDS: [Kind; 10] = [
    Kind { details: 1, name: "mailbox", display: &[0, 1 << 30], remote: None, switch: "" },
    Kind { details: 2, name: "linked mailbox", display: &[0, 1 << 30], remote: None, switch: "" },
    Kind { details: 4, name: "shared mailbox", display: &[0, 1 << 30], remote: None, switch: "" },
    Kind { details: 16, name: "room mailbox", display: &[7], remote: None, switch: "" },
    Kind { details: 32, name: "equipment mailbox", display: &[8], remote: None, switch: "" },
    Kind {
        details: 128,
        name: "mail user",
        display: &[6, -2_147_483_642, -1_073_741_818],
        remote: None,
        switch: "",
    },
    Kind {
        details: REMOTE[0],
        name: "remote mailbox",
        display: &[-2_147_483_642, -1_073_741_818],
        remote: Some(0),
        switch: "",
    },
    Kind {
        details: REMOTE[1],
        name: "remote room mailbox",
        display: &[-2_147_481_850],
        remote: Some(32),
        switch: " -Room",
    },
    Kind {
        details: REMOTE[2],
        name: "remote equipment mailbox",
        display: &[-2_147_481_594],
        remote: Some(64),
        switch: " -Equipment",
    },
    Kind {
        details: REMOTE[3],
        name: "remote shared mailbox",
        display: &[-2_147_483_642, -1_073_741_818],
        remote: Some(96),
        switch: " -Shared",
    },
];

/// What a mailbox in the cloud is to Exchange on premises.
pub(crate) struct Remote {
    /// `msExchRecipientTypeDetails`.
    pub(crate) details: i64,
    /// `msExchRecipientDisplayType`, as `Enable-RemoteMailbox` writes it.
    pub(crate) display: i64,
    /// The switch of `Enable-RemoteMailbox`, with a blank before it.
    pub(crate) switch: &'static str,
}

/// By the `RecipientTypeDetails` that the mailbox has in the cloud: user, room, equipment or shared.
pub(crate) fn remote(in_cloud: u64) -> Option<Remote> {
    let number = [1, 16, 32, 4].iter().position(|details| *details == in_cloud)?;
    let kind = KINDS.iter().find(|kind| kind.details == REMOTE[number])?;
    Some(Remote { details: kind.details, display: *kind.display.first()?, switch: kind.switch })
}

const NAMES: [&str; 3] =
    ["msExchRecipientTypeDetails", "msExchRecipientDisplayType", "msExchRemoteRecipientType"];

fn judge(case: &Case<'_>) -> Finding {
    let seen = NAMES.map(|name| case.saw(name));
    let mut numbers = [None; 3];
    for (name, number) in NAMES.iter().zip(&mut numbers) {
        *number = match (case.subject.number(name), case.subject.octets(name)) {
            (Known::Value(value), _) => Some(value),
            (Known::Absent, _) => None,
            (Known::NotAsked, Known::Value(_)) => {
                return Finding::fail(format!("{name} is no number"))
                    .saw(seen)
                    .fix(once_live(case.subject, RULE.fix));
            }
            (Known::NotAsked, _) => return Finding::unknown(format!("{name} was not read")).saw(seen),
        };
    }
    triple(case, numbers).saw(seen)
}

fn triple(case: &Case<'_>, [details, display, remote]: [Option<i64>; 3]) -> Finding {
    let Some(details) = details else {
        return match (display, remote) {
            (None, None) => none(case),
            _ => Finding::fail("msExchRecipientTypeDetails is empty, and others of the three are not")
                .fix(way_out(case, "")),
        };
    };
    let Some(kind) = KINDS.iter().find(|kind| kind.details == details) else {
        return Finding::warn(format!(
            "msExchRecipientTypeDetails is {details}, which is no kind of mailbox of a user"
        ))
        .fix(once_live(case.subject, RULE.fix));
    };
    let mut wrong = vec![];
    match display {
        None => wrong.push("msExchRecipientDisplayType is empty".to_owned()),
        Some(display) if !kind.display.contains(&display) => {
            wrong.push(format!("msExchRecipientDisplayType {display} is not that of a {}", kind.name));
        }
        Some(_) => {}
    }
    wrong.extend(remote_type(kind, remote));
    if kind.remote.is_some() && matches!(case.subject.octets("homeMDB"), Known::Value(_)) {
        wrong.push("homeMDB names a database on premises".to_owned());
    }
    if wrong.is_empty() {
        return Finding::fine(kind.name);
    }
    let detail = format!("msExchRecipientTypeDetails {details} is a {}, and {}", kind.name, wrong.join("; "));
    Finding::fail(detail).fix(way_out(case, kind.switch))
}

fn remote_type(kind: &Kind, remote: Option<i64>) -> Option<String> {
    // 1 and 4: a mailbox is made, or was migrated. 2 and 16 are the same of archives. 8: it is taken down.
    match (kind.remote, remote) {
        (None, None | Some(0)) => None,
        // An archive in the cloud beside a mailbox on premises.
        (None, Some(bits)) if bits & !(2 | 16) == 0 => None,
        (None, Some(bits)) => {
            Some(format!("msExchRemoteRecipientType {bits} is that of a mailbox in the cloud"))
        }
        (Some(_), None) => Some("msExchRemoteRecipientType is empty".to_owned()),
        (Some(_), Some(bits)) if bits & 8 != 0 => {
            Some(format!("msExchRemoteRecipientType {bits} says that the mailbox is to be taken down"))
        }
        (Some(_), Some(bits)) if bits & 5 == 0 => Some(format!(
            "msExchRemoteRecipientType {bits} neither makes a mailbox nor says that one was migrated"
        )),
        (Some(shape), Some(bits)) if bits & 96 != shape => {
            Some(format!("msExchRemoteRecipientType {bits} is not that of a {}", kind.name))
        }
        _ => None,
    }
}

fn none(case: &Case<'_>) -> Finding {
    let has_mailbox = case.mailboxes().is_some_and(|mailboxes| !mailboxes.found.is_empty());
    if case.subject.was_tombstone && has_mailbox && is_on_premises(case) != Known::Value(true) {
        let detail = "the tombstone has lost all three, and there is a mailbox in the cloud: Exchange on premises does not know it";
        return Finding::fail(detail).fix(way_out(case, ""));
    }
    Finding::not_applicable("no Exchange server on premises has made the user a recipient")
}

fn way_out(case: &Case<'_>, switch: &str) -> String {
    let user = identity(case.subject);
    if is_on_premises(case) == Known::Value(true) {
        let way = format!("let Exchange write them: Connect-Mailbox for the mailbox on premises of {user}");
        return once_live(case.subject, &way);
    }
    let way = format!(
        "let Exchange write them: Enable-RemoteMailbox -Identity {user}{switch} -RemoteRoutingAddress \
         ALIAS@TENANT.mail.onmicrosoft.com; then Set-RemoteMailbox -ExchangeGuid, and check the addresses again"
    );
    once_live(case.subject, &way)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, mailbox, user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    fn with(values: [&str; 3]) -> Stage {
        NAMES.iter().zip(values).fold(Stage::new(), |stage, (name, value)| {
            if value.is_empty() { stage.without(name) } else { stage.with(name, &[value]) }
        })
    }

    #[test]
    fn cases() {
        let lost = Stage::new().changed(|subject| subject.was_tombstone = true);
        let lost = collected(
            lost,
            &[("users", &user(json!({}))), ("deletedUsers", ""), ("mailboxes", &mailbox(json!({})))],
        );
        table(
            &RULE,
            &[
                ("a remote mailbox", with(["2147483648", "-2147483642", "1"]), Status::Pass),
                ("migrated, with an archive", with(["2147483648", "-1073741818", "6"]), Status::Pass),
                ("a remote shared one", with(["34359738368", "-2147483642", "100"]), Status::Pass),
                ("a remote room", with(["8589934592", "-2147481850", "33"]), Status::Pass),
                ("remote equipment", with(["17179869184", "-2147481594", "65"]), Status::Pass),
                ("a mailbox here", with(["1", "1073741824", ""]), Status::Pass),
                ("a mailbox here with an archive there", with(["1", "1073741824", "2"]), Status::Pass),
                ("a mail user", with(["128", "6", ""]), Status::Pass),
                ("to be taken down", with(["2147483648", "-2147483642", "8"]), Status::Fail),
                ("a room by one only", with(["8589934592", "-2147481850", "1"]), Status::Fail),
                ("shared by one only", with(["2147483648", "-2147483642", "100"]), Status::Fail),
                ("no remote type", with(["2147483648", "-2147483642", ""]), Status::Fail),
                ("no display type", with(["2147483648", "", "1"]), Status::Fail),
                ("the display type of a mailbox here", with(["2147483648", "1073741824", "1"]), Status::Fail),
                ("no details", with(["", "-2147483642", "1"]), Status::Fail),
                ("a mail user with a mailbox there", with(["128", "6", "1"]), Status::Fail),
                (
                    "a database too",
                    with(["2147483648", "-2147483642", "1"]).with("homeMDB", &["CN=db"]),
                    Status::Fail,
                ),
                ("another kind", with(["4096", "0", ""]), Status::Warn),
                ("no number", with(["many", "", ""]), Status::Fail),
                ("none", with(["", "", ""]), Status::NotApplicable),
                ("lost", lost, Status::Fail),
                ("the directory alone", with(["128", "6", ""]).on_prem_only(), Status::Pass),
                ("not read", Stage::new().not_asked("msExchRemoteRecipientType"), Status::Unknown),
            ],
        );
    }
}
