//! The primary SMTP address: does the on-premises object have the one that the cloud object and the mailbox have?

use serde::Serialize;

use super::case::{Case, CloudObject};
use super::rule::Seen;
use crate::compare::same;
use crate::evidence::{Known, MailboxField, UserField};

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The `SMTP:` values of `proxyAddresses`, without the type. One, or something is wrong; `None` where they were not read.
    pub on_premises: Option<Vec<String>>,
    /// Those of the cloud object; `None` where no export tells them.
    pub cloud: Option<Vec<String>>,
    /// That of the mailbox; `None` where no export tells it.
    pub mailbox: Option<String>,
    /// Whether they agree; `None` where there is nothing to compare with.
    pub agrees: Option<bool>,
    /// The answer in words.
    pub answer: String,
    /// What to change; `None` where there is nothing to change.
    pub change: Option<String>,
    /// Where the values come from.
    pub evidence: Vec<Seen>,
}

/// Compares the three.
pub(super) fn answer(case: &Case<'_>) -> Answer {
    let mut evidence = vec![case.saw("proxyAddresses")];
    let on_premises = case.primary_smtps();
    let own = match &on_premises {
        Known::Value(all) => Some(all.clone()),
        Known::Absent => Some(vec![]),
        Known::NotAsked => None,
    };
    let cloud = case.cloud_user().and_then(|user| {
        let all = user.primary_smtp().asked()?;
        evidence.push(case.saw_cloud(user, UserField::ProxyAddresses));
        Some(all.unwrap_or_default().into_iter().map(str::to_owned).collect::<Vec<_>>())
    });
    let mailbox = case.mailboxes().and_then(|matches| matches.only()).and_then(|mailbox| {
        let address = mailbox.primary_smtp().value()?.to_owned();
        evidence.push(case.saw_mailbox(mailbox, MailboxField::PrimarySmtpAddress));
        Some(address)
    });
    let (agrees, answer, change) = compare(case, own.as_deref(), cloud.as_deref(), mailbox.as_deref());
    Answer { on_premises: own, cloud, mailbox, agrees, answer, change, evidence }
}

type Told = (Option<bool>, String, Option<String>);

fn compare(case: &Case<'_>, own: Option<&[String]>, cloud: Option<&[String]>, mailbox: Option<&str>) -> Told {
    let Some(own) = own else {
        return (None, "proxyAddresses of the user was not read".to_owned(), None);
    };
    let wanted = match (cloud.unwrap_or_default(), mailbox) {
        ([of_cloud], Some(of_mailbox)) if !same(of_cloud, of_mailbox) => {
            let answer = format!("the cloud object has {of_cloud} and the mailbox {of_mailbox}");
            return (
                Some(false),
                answer,
                Some("find out which of the two is right before anything is synchronised".to_owned()),
            );
        }
        ([of_cloud], _) => Some(of_cloud.as_str()),
        (_, of_mailbox) => of_mailbox,
    };
    match (own, wanted) {
        (_, None) => (None, nothing_to_compare(case, cloud), None),
        ([own], Some(wanted)) if same(own, wanted) => {
            (Some(true), format!("{own} here and in the cloud"), None)
        }
        ([], Some(wanted)) => (
            Some(false),
            format!("none here; {wanted} in the cloud"),
            Some(format!("add SMTP:{wanted} to proxyAddresses")),
        ),
        ([own], Some(wanted)) => {
            let change = format!(
                "make SMTP:{wanted} the primary address of proxyAddresses, and smtp:{own} a further one"
            );
            (Some(false), format!("{own} here; {wanted} in the cloud"), Some(change))
        }
        (several, Some(wanted)) => {
            let change = format!("leave SMTP:{wanted} alone in capitals in proxyAddresses");
            (
                Some(false),
                format!("{} here: one must be the primary; {wanted} in the cloud", several.join(" and ")),
                Some(change),
            )
        }
    }
}

fn nothing_to_compare(case: &Case<'_>, cloud: Option<&[String]>) -> String {
    match (&case.cloud, cloud) {
        (CloudObject::NoEvidence, _) => "no export of the cloud was given to compare with".to_owned(),
        (CloudObject::None, _) => "there is no cloud object to compare with".to_owned(),
        (CloudObject::Unknown(why), _) => format!("the cloud object was not found: {why}"),
        (CloudObject::One(..), None) => "the export of the cloud does not hold proxyAddresses".to_owned(),
        (CloudObject::One(..), Some([])) => "the cloud object has no primary SMTP address".to_owned(),
        (CloudObject::One(..), Some(_)) => "the cloud object has several primary SMTP addresses".to_owned(),
    }
}
