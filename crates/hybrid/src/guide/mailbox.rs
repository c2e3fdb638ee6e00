//! The state of the mailbox from exports. Graph cannot show a soft-deleted one.

use std::collections::BTreeSet;

use adrecover_core::decision_table::MailboxState as State;
use uuid::Uuid;

use super::entra::of;
use super::identity::{By, Keys};
use super::{Claim, Found, Source};
use crate::evidence::{Dataset, Evidence, Gap, Known, Mailbox, MailboxState, Matches, User};

/// What was found of the mailbox.
pub(super) struct Look<'a> {
    pub(super) found: Found<State>,
    /// The mailbox that the state is of.
    pub(super) mailbox: Option<Mailbox<'a>>,
    /// All that claim to be the user's, where there are several.
    pub(super) claims: Vec<Claim>,
}

impl Look<'_> {
    fn unknown(because: Vec<String>, command: impl Into<String>) -> Self {
        Self { found: Found::unknown(because, command), mailbox: None, claims: vec![] }
    }
}

const LIVE: &str = "Get-EXOMailbox -Identity {mailboxId} -Properties ExternalDirectoryObjectId, ExchangeGuid | Select-Object PrimarySmtpAddress, ExternalDirectoryObjectId, ExchangeGuid";
const SOFT: &str = "Get-Mailbox -SoftDeletedMailbox -Identity {mailboxId} | Select-Object ExchangeGuid, IsInactiveMailbox, WhenSoftDeleted, ExternalDirectoryObjectId";
const INACTIVE: &str = "Get-Mailbox -InactiveMailboxOnly -Identity {mailboxId} | Select-Object ExchangeGuid, ExternalDirectoryObjectId";

/// By what a mailbox is the user's, the strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claims {
    Address,
    ExchangeGuid,
    User,
}

impl Claims {
    fn name(self) -> &'static str {
        match self {
            Self::Address => "primarySmtpAddress",
            Self::ExchangeGuid => "msExchMailboxGuid",
            Self::User => "externalDirectoryObjectId",
        }
    }
}

/// Looks for the mailbox in all three lists.
pub(super) fn look<'a>(evidence: Option<&'a Evidence>, keys: &Keys, user: Option<User<'a>>) -> Look<'a> {
    let Some(evidence) = evidence else {
        return Look::unknown(vec!["no export of mailboxes was given".into()], format!("{LIVE}\n{SOFT}"));
    };
    let all = evidence.mailboxes();
    let id: Option<Uuid> =
        user.and_then(|u| u.id().value()).or_else(|| keys.first(By::ObjectId).and_then(|id| id.parse().ok()));
    let mut lookups: Vec<(Claims, Matches<'a, Mailbox<'a>>)> = vec![];
    lookups.extend(id.map(|id| (Claims::User, all.by_external_directory_object_id(id))));
    lookups.extend(keys.exchange_guid.map(|guid| (Claims::ExchangeGuid, all.by_exchange_guid(guid))));
    let mut addresses: Vec<&str> = keys.all(By::Smtp).chain(keys.all(By::Upn)).collect();
    addresses.dedup();
    lookups.extend(addresses.into_iter().map(|address| (Claims::Address, all.by_primary_smtp(address))));
    if lookups.is_empty() {
        return Look::unknown(vec!["no address or id is known to look for a mailbox by".into()], LIVE);
    }
    let mut found: Vec<(Claims, Mailbox<'a>)> = vec![];
    let mut gaps = BTreeSet::new();
    for (by, matches) in lookups {
        gaps.extend(matches.gaps);
        for mailbox in matches.found {
            if !found.iter().any(|(_, known)| is_same(known, &mailbox)) {
                found.push((by, mailbox));
            }
        }
    }
    choose(found, &gaps)
}

fn is_same(a: &Mailbox<'_>, b: &Mailbox<'_>) -> bool {
    match (a.exchange_guid(), b.exchange_guid()) {
        (Known::Value(a_guid), Known::Value(b_guid)) => a_guid == b_guid && a.state() == b.state(),
        _ => false,
    }
}

/// The one with the strongest claim. Of several with the same, which one is meant is for a person to say; the state is known all
/// the same where they agree in it.
fn choose<'a>(mut found: Vec<(Claims, Mailbox<'a>)>, gaps: &BTreeSet<Gap>) -> Look<'a> {
    found.sort_by_key(|(by, _)| std::cmp::Reverse(*by));
    let tied = found.iter().take_while(|(by, _)| *by == found[0].0).count() > 1;
    let claims: Vec<Claim> = if found.len() > 1 {
        found.iter().enumerate().map(|(i, (by, m))| claim(*by, m, i == 0 && !tied)).collect()
    } else {
        vec![]
    };
    let Some((by, mailbox)) = found.first().copied() else { return nowhere(gaps) };
    let agree = found.iter().filter(|(other, _)| *other == by).all(|(_, m)| state(m) == state(&mailbox));
    if tied && !agree {
        let because = "several mailboxes claim to be this user's: see the duplicates".to_owned();
        return Look { claims, ..Look::unknown(vec![because], format!("{LIVE}\n{SOFT}")) };
    }
    let Some(state) = state(&mailbox) else {
        let because = "the export does not say whether the mailbox is deleted".to_owned();
        return Look { claims, ..Look::unknown(vec![because], SOFT) };
    };
    let word = match mailbox.state() {
        Known::Value(MailboxState::Inactive) => "inactive",
        _ => state.name(),
    };
    let name = mailbox.primary_smtp().value().unwrap_or("the mailbox");
    let many = if tied { "; there are several such" } else { "" };
    let because = vec![format!("{name} is {word}, found by {}{many}", by.name())];
    Look {
        found: Found::seen(state, Source::Export, because),
        mailbox: Some(mailbox).filter(|_| !tied),
        claims,
    }
}

fn state(mailbox: &Mailbox<'_>) -> Option<State> {
    Some(match mailbox.state().value()? {
        MailboxState::Live => State::Present,
        MailboxState::SoftDeleted | MailboxState::Inactive => State::SoftDeleted,
    })
}

fn claim(by: Claims, mailbox: &Mailbox<'_>, is_chosen: bool) -> Claim {
    Claim {
        kind: "mailbox",
        id: mailbox.exchange_guid().value().map(|guid| guid.to_string()),
        name: mailbox.primary_smtp().value().map(str::to_owned),
        state: state(mailbox).map_or("unknown", State::name),
        by: vec![by.name()],
        is_chosen,
    }
}

/// Found nowhere: none, where all three lists were looked at.
fn nowhere<'a>(gaps: &BTreeSet<Gap>) -> Look<'a> {
    if gaps.is_empty() {
        let because = "in none of the lists of live, soft-deleted and inactive mailboxes, which are complete"
            .to_owned();
        return Look {
            found: Found::seen(State::None, Source::Export, vec![because]),
            mailbox: None,
            claims: vec![],
        };
    }
    let lacks = |dataset: Dataset| gaps.iter().any(|gap| of(gap) == dataset);
    let lists = [
        (Dataset::Mailboxes, LIVE),
        (Dataset::SoftDeletedMailboxes, SOFT),
        (Dataset::InactiveMailboxes, INACTIVE),
    ];
    let mut commands: Vec<&str> = lists.iter().filter(|(list, _)| lacks(*list)).map(|(_, c)| *c).collect();
    if commands.is_empty() {
        commands.push(SOFT);
    }
    let mut because = vec!["not found in the exports, which are not all".to_owned()];
    because.extend(gaps.iter().map(Gap::to_string));
    Look::unknown(because, commands.join("\n"))
}
