//! Which of the 27 cases a user is in, as far as evidence tells, and what to do about it.
//!
//! [`find`] takes what is known ([`Inputs`]) and gives the three states, each with where it comes from ([`Findings`]). What is
//! still unknown may be asked for and set there. [`Guide::new`] makes of it what `adrecover guide` prints, and [`script`] the
//! PowerShell of the steps. The rules are `adrecover_core::decision_table`; nothing here reads a clock or a server.

mod answers;
mod cause;
mod clocks;
mod document;
pub(crate) mod entra;
pub(crate) mod identity;
mod mailbox;
pub mod script;
mod unknowns;

#[cfg(test)]
mod tests;

use adrecover_core::ObjectGuid;
use adrecover_core::decision_table::{Answers, Case, EntraState, MailboxState, OnPremises, Question, Values};
use adrecover_core::time::Timestamp;
use serde::Serialize;

pub use cause::Cause;
pub use clocks::Clock;
pub use document::{Finding as StateDocument, Guide, Remaining, StepDocument, WarningDocument, remaining};

pub use unknowns::{Possible, Unknown};

use crate::evidence::{Dataset, Evidence, Known, User, UserField};
use crate::graph::Key;
use crate::scope::SyncScope;

/// Where a state comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// An option.
    Flag,
    /// The live directory.
    Directory,
    /// Exports.
    Export,
    /// Microsoft Graph.
    Graph,
    /// A person who was asked.
    Answer,
}

impl Source {
    /// Where a user comes from.
    fn of_user(user: &User<'_>) -> Self {
        let newest = user.sources().next();
        if newest.is_some_and(|file| file.path.starts_with("https:")) { Self::Graph } else { Self::Export }
    }

    /// Where a list comes from: of several, what is newest. What was asked of Graph has an address for a path.
    fn of(evidence: Option<&Evidence>, dataset: Dataset) -> Self {
        let files =
            evidence.iter().flat_map(|e| e.listings_of(dataset).filter_map(|l| e.files().get(l.file)));
        let newest = files.max_by_key(|file| file.at);
        if newest.is_some_and(|file| file.path.starts_with("https:")) { Self::Graph } else { Self::Export }
    }
}

/// A state, or why it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The state.
    pub state: Option<T>,
    /// Where it comes from.
    pub source: Option<Source>,
    /// What shows it, or why it is not known: fragments.
    pub because: Vec<String>,
    /// The command that would tell, as a template, where the state is not known.
    pub command: String,
}

impl<T> Found<T> {
    /// A state that somebody said.
    pub fn said(state: T, source: Source) -> Self {
        Self { state: Some(state), source: Some(source), because: vec![], command: String::new() }
    }

    fn seen(state: T, source: Source, because: Vec<String>) -> Self {
        Self { because, ..Self::said(state, source) }
    }

    fn unknown(because: Vec<String>, command: impl Into<String>) -> Self {
        Self { state: None, source: None, because, command: command.into() }
    }
}

/// What the directory on premises says of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnPremisesFacts {
    /// Whether it is deleted.
    pub is_deleted: bool,
    /// `objectGUID`.
    pub guid: Option<ObjectGuid>,
    /// `objectSid`, as text.
    pub sid: Option<String>,
    /// The DN: of a deleted object the one before the deletion.
    pub dn: Option<String>,
    /// `userPrincipalName`.
    pub upn: Option<String>,
    /// `sAMAccountName`.
    pub account: Option<String>,
    /// `displayName`.
    pub display_name: Option<String>,
    /// `mailNickname`.
    pub mail_nickname: Option<String>,
    /// The primary SMTP address: of `proxyAddresses`, else `mail`.
    pub primary_smtp: Option<String>,
    /// `targetAddress` without `SMTP:`.
    pub target_address: Option<String>,
    /// `mS-DS-ConsistencyGuid` in base64.
    pub consistency_anchor: Option<String>,
    /// `msExchMailboxGuid`.
    pub exchange_guid: Option<uuid::Uuid>,
    /// Whether the object was deleted with the Recycle Bin on: else it is a tombstone.
    pub recycle_bin: Option<bool>,
    /// Why it cannot be undeleted; `None` where it can, or is not deleted.
    pub not_restorable_because: Option<String>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Until when it can be undeleted.
    pub expires_at: Option<Timestamp>,
}

/// What is known before anything is looked for.
#[derive(Debug, Default)]
pub struct Inputs<'a> {
    /// What the user was called.
    pub called: Option<&'a str>,
    /// The state on premises, from an option.
    pub on_premises: Option<OnPremises>,
    /// The state of the Entra user, from an option.
    pub entra: Option<EntraState>,
    /// The state of the mailbox, from an option.
    pub mailbox: Option<MailboxState>,
    /// What the directory says.
    pub facts: Option<&'a OnPremisesFacts>,
    /// Why the directory says nothing, where it was asked.
    pub no_facts_because: Option<String>,
    /// The exports.
    pub evidence: Option<&'a Evidence>,
    /// The configuration of the sync engine.
    pub scope: Option<&'a SyncScope>,
}

/// A cloud object or a mailbox that claims to be the user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// `user` or `mailbox`.
    pub kind: &'static str,
    /// Its object id or ExchangeGuid.
    pub id: Option<String>,
    /// Its UPN or primary SMTP address.
    pub name: Option<String>,
    /// Its state: `present`, `soft-deleted`.
    pub state: &'static str,
    /// By what it claims the user: `sourceAnchor`, `sid`, `userPrincipalName`, …
    pub by: Vec<&'static str>,
    /// Whether it is the one that the state is of.
    pub is_chosen: bool,
}

/// The three states and all else that was found.
#[derive(Debug, Clone)]
pub struct Findings {
    /// What the user was called.
    pub called: Option<String>,
    /// On premises.
    pub on_premises: Found<OnPremises>,
    /// The Entra user.
    pub entra: Found<EntraState>,
    /// The mailbox.
    pub mailbox: Found<MailboxState>,
    /// What is known of the ways inside the case.
    pub answers: Answers,
    /// Values for commands.
    pub values: Values,
    /// Cloud objects that claim the user, where there are several of a kind.
    pub duplicates: Vec<Claim>,
    /// How the account came to be deleted.
    pub cause: Option<Cause>,
    /// Why that is thought.
    pub cause_because: Option<&'static str>,
    /// Which other causes are possible.
    pub cause_candidates: Vec<Cause>,
    /// What runs out, and when.
    pub clocks: Vec<Clock>,
    /// What else has to be said: id and text.
    pub remarks: Vec<(&'static str, String)>,
}

impl Findings {
    /// The case, where all three states are known.
    pub fn case(&self) -> Option<Case> {
        Some(Case {
            on_premises: self.on_premises.state?,
            entra: self.entra.state?,
            mailbox: self.mailbox.state?,
        })
    }
}

/// The names under which evidence is asked for, and what it answers.
pub fn find(inputs: &Inputs<'_>, now: Timestamp) -> Findings {
    let keys = identity::Keys::of(inputs);
    let entra = entra::look(inputs.evidence, &keys);
    let keys = keys.with(entra.user);
    let mailbox = mailbox::look(inputs.evidence, &keys, entra.user);
    let mut remarks = vec![];
    let on_premises = on_premises(inputs);
    let entra_state = said_or(inputs.entra, entra.found, "entra", &mut remarks);
    let mailbox_state = said_or(inputs.mailbox, mailbox.found, "mailbox", &mut remarks);
    let mut duplicates = entra.claims;
    duplicates.extend(mailbox.claims);
    let seen = answers::Seen { inputs, user: entra.user, mailbox: mailbox.mailbox, keys: &keys };
    let (cause, cause_because, cause_candidates) =
        cause::infer(&seen, on_premises.state, entra_state.state, mailbox_state.state);
    let clocks = clocks::all(&seen, now, on_premises.state, entra_state.state, mailbox_state.state);
    remarks.extend(entra.remarks);
    remarks.extend(clocks.iter().filter_map(Clock::remark));
    Findings {
        called: inputs.called.map(str::to_owned),
        answers: answers::answers(&seen),
        values: answers::values(&seen),
        on_premises,
        entra: entra_state,
        mailbox: mailbox_state,
        duplicates,
        cause,
        cause_because,
        cause_candidates,
        clocks,
        remarks,
    }
}

/// What was said wins over what was seen; a contradiction is told.
fn said_or<T: Copy + PartialEq + std::fmt::Display>(
    said: Option<T>,
    seen: Found<T>,
    what: &str,
    remarks: &mut Vec<(&'static str, String)>,
) -> Found<T> {
    let Some(state) = said else { return seen };
    if let Some(other) = seen.state.filter(|other| *other != state) {
        let text = format!("--{what} says {state}, and the evidence says {other}: the option is believed");
        remarks.push(("contradiction", text));
    }
    Found::said(state, Source::Flag)
}

fn on_premises(inputs: &Inputs<'_>) -> Found<OnPremises> {
    if let Some(state) = inputs.on_premises {
        return Found::said(state, Source::Flag);
    }
    if is_not_synchronised(inputs.evidence) {
        let because = "the tenant is not synchronised (onPremisesSyncEnabled of the organisation)".to_owned();
        let source = Source::of(inputs.evidence, Dataset::Organisation);
        return Found::seen(OnPremises::Managed, source, vec![because]);
    }
    if let Some(facts) = inputs.facts {
        let (state, word) =
            if facts.is_deleted { (OnPremises::Deleted, "deleted") } else { (OnPremises::Present, "there") };
        let dn = facts.dn.as_deref().unwrap_or("the account");
        return Found { because: vec![format!("{dn} is {word}")], ..Found::said(state, Source::Directory) };
    }
    let because = inputs
        .no_facts_because
        .clone()
        .unwrap_or_else(|| "no directory was asked: name a user and a server, or give --on-prem".to_owned());
    Found::unknown(vec![because], "adrecover show {user}")
}

/// Under which names the account may be found on premises: as it was called, and as the cloud user knows it. A tombstone has lost
/// its UPN, and is found by SID, GUID or account name.
pub fn names_on_premises(evidence: Option<&Evidence>, called: &str) -> Vec<String> {
    let mut names = vec![called.to_owned()];
    let inputs = Inputs { called: Some(called), evidence, ..Inputs::default() };
    let Some(user) = entra::look(evidence, &identity::Keys::of(&inputs)).user else { return names };
    let mut add = |name: Option<String>| names.extend(name.filter(|n| !n.is_empty()));
    add(user.text(UserField::OnPremisesSecurityIdentifier).value().map(str::to_owned));
    let anchor = user.immutable_id().value().and_then(adrecover_core::guid::of_source_anchor);
    add(anchor.map(|guid| guid.to_string()));
    add(user.text(UserField::OnPremisesSamAccountName).value().map(str::to_owned));
    names
}

/// By what the user may be found in the cloud: what it was called, and what the directory says of it.
pub fn cloud_keys(called: Option<&str>, facts: Option<&OnPremisesFacts>) -> Vec<Key> {
    let inputs = Inputs { called, facts, ..Inputs::default() };
    identity::Keys::of(&inputs).of_graph()
}

/// Whether the newest export of the organisation says that nothing is synchronised.
pub fn is_not_synchronised(evidence: Option<&Evidence>) -> bool {
    let organisation = evidence.and_then(Evidence::organisation);
    organisation.is_some_and(|o| matches!(o.on_premises_sync_enabled(), Known::Value(false) | Known::Absent))
}

/// The questions that a case is divided by.
fn questions(case: Case) -> impl Iterator<Item = Question> {
    let steps = case.cell().steps;
    Question::ALL.into_iter().filter(move |q| steps.iter().any(|p| p.when.iter().any(|b| b.question == *q)))
}
