//! Whether what a step waits for is so, as far as evidence tells.

use adrecover_core::recovery::{Awaited, CloudChange};
use uuid::Uuid;

use crate::evidence::{Evidence, Gap, Known, Mailbox, MailboxState, SourceFile, User, UserField};

/// What evidence shows. The texts are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// It is so.
    So(String),
    /// It is not so yet.
    NotYet(String),
    /// It is otherwise, and time does not change that.
    Otherwise(String),
    /// It cannot be told.
    Unknown(String),
}

/// Looks for what a step waits for.
pub fn is_so(evidence: &Evidence, awaited: &Awaited) -> Sight {
    match awaited {
        Awaited::CloudUser { anchor, user } => cloud_user(evidence, anchor, *user),
        Awaited::Licences { anchor, products } => match live(evidence, anchor) {
            Ok(user) => licences(user, products),
            Err(sight) => sight,
        },
        Awaited::Mailbox { anchor, exchange_guid } => match live(evidence, anchor) {
            Ok(user) => mailbox(evidence, user, *exchange_guid),
            Err(sight) => sight,
        },
    }
}

/// Whether the cloud user of an anchor is live and linked, and is the expected one.
pub fn cloud_user(evidence: &Evidence, anchor: &str, expected: Option<Uuid>) -> Sight {
    let found = evidence.users().by_immutable_id(anchor);
    if found.found.len() > 1 {
        let all = found.found.iter().map(|user| named(*user)).collect::<Vec<_>>().join(" and ");
        return Sight::Otherwise(format!("several live cloud users have the source anchor {anchor}: {all}"));
    }
    let Some(user) = found.first() else { return not_linked(evidence, anchor, expected, &found.gaps) };
    if let (Some(expected), Known::Value(id)) = (expected, user.id())
        && expected != id
    {
        let before = match evidence.deleted_users().by_id(expected).first() {
            Some(_) => "which lies in the bin",
            None => "which is not seen any more",
        };
        return Sight::Otherwise(format!(
            "a second cloud user was made, {}, instead of {expected}, {before}: hold the synchronisation, give it no licence, and \
             ask `adrecover guide`",
            named(user)
        ));
    }
    if user.on_premises_sync_enabled() == Known::Value(false) {
        return Sight::NotYet(format!(
            "{} is live and not synchronised (onPremisesSyncEnabled is false){}",
            named(user),
            dated(user.sources().next())
        ));
    }
    let errors = user.provisioning_errors().value().unwrap_or_default();
    if !errors.is_empty() {
        let told = errors.iter().map(|e| format!("{} {} `{}`", e.category, e.property, e.value));
        return Sight::Otherwise(format!(
            "{} is back with errors of the synchronisation: {}",
            named(user),
            told.collect::<Vec<_>>().join("; ")
        ));
    }
    Sight::So(format!("{} is live and linked{}", named(user), dated(user.sources().next())))
}

fn not_linked(evidence: &Evidence, anchor: &str, expected: Option<Uuid>, gaps: &[Gap]) -> Sight {
    if let Some(id) = expected {
        if let Some(user) = evidence.users().by_id(id).first() {
            let anchor = user.immutable_id().value().unwrap_or("none");
            return Sight::NotYet(format!(
                "{} is live and has the source anchor {anchor}: the synchronisation has not linked it yet{}",
                named(user),
                dated(user.sources().next())
            ));
        }
        if let Some(user) = evidence.deleted_users().by_id(id).first() {
            return Sight::NotYet(format!(
                "{} is still in the bin{}",
                named(user),
                dated(user.sources().next())
            ));
        }
    }
    if gaps.is_empty() {
        return Sight::NotYet(format!("no live cloud user has the source anchor {anchor} yet"));
    }
    Sight::Unknown(told(gaps))
}

/// The one live user of an anchor, else what that means for whoever needs it.
fn live<'a>(evidence: &'a Evidence, anchor: &str) -> Result<User<'a>, Sight> {
    let found = evidence.users().by_immutable_id(anchor);
    match (found.only(), found.gaps.is_empty()) {
        (Some(user), _) => Ok(user),
        (None, true) => Err(Sight::NotYet("its cloud user is not live".to_owned())),
        (None, false) => Err(Sight::Unknown(told(&found.gaps))),
    }
}

/// Whether a user has licences, each of them in effect.
pub fn licences(user: User<'_>, products: &[Uuid]) -> Sight {
    let has = match user.licences() {
        Known::Value(all) => all.iter().filter_map(|l| l.sku_id.parse::<Uuid>().ok()).collect(),
        Known::Absent => vec![],
        Known::NotAsked => {
            return Sight::Unknown("the export of users does not hold assignedLicenses".to_owned());
        }
    };
    let missing: Vec<String> = products.iter().filter(|id| !has.contains(id)).map(Uuid::to_string).collect();
    if !missing.is_empty() {
        return Sight::NotYet(format!(
            "it does not have {}{}",
            missing.join(", "),
            dated(user.sources().next())
        ));
    }
    let states = user.licence_states().value().unwrap_or_default();
    let wrong: Vec<String> =
        states.iter().filter_map(|state| Some(format!("{}: {}", state.sku_id, state.error?))).collect();
    if !wrong.is_empty() {
        return Sight::NotYet(format!("not in effect: {}", wrong.join("; ")));
    }
    Sight::So(format!("it has them{}", dated(user.sources().next())))
}

fn mailbox(evidence: &Evidence, user: User<'_>, exchange_guid: Option<Uuid>) -> Sight {
    let Known::Value(id) = user.id() else {
        return Sight::Unknown("the export does not hold its id".to_owned());
    };
    let all = evidence.mailboxes();
    let found = match exchange_guid {
        Some(guid) => all.by_exchange_guid(guid),
        None => all.by_external_directory_object_id(id),
    };
    let is_live = |mailbox: &Mailbox<'_>| mailbox.state() == Known::Value(MailboxState::Live);
    // One file may be older than the other: a mailbox that is live in one of them has come back.
    let Some(mailbox) = found.found.iter().copied().find(is_live).or(found.first()) else {
        let own = all.by_external_directory_object_id(id);
        if let Some(other) = own.found.iter().find(|mailbox| is_live(mailbox)) {
            let guid = other.exchange_guid().value().map_or_else(String::new, |guid| guid.to_string());
            return Sight::Otherwise(format!(
                "the user has another mailbox than before, {guid}: `adrecover guide` says what to do"
            ));
        }
        return match found.gaps.is_empty() {
            true => Sight::NotYet("the mailbox is not there".to_owned()),
            false => Sight::Unknown(told(&found.gaps)),
        };
    };
    let when = dated(mailbox.sources().next());
    match (mailbox.state(), mailbox.external_directory_object_id()) {
        (Known::Value(MailboxState::Live), Known::Value(owner)) if owner == id => {
            Sight::So(format!("the mailbox is live and the user's own{when}"))
        }
        (Known::Value(MailboxState::Live), Known::Value(owner)) => Sight::Otherwise(format!(
            "the mailbox is live and belongs to the cloud user {owner}, not to {id}{when}"
        )),
        (Known::Value(MailboxState::Live), _) => {
            Sight::Unknown(format!("the mailbox is live, and whose it is is not in the export{when}"))
        }
        (Known::Value(MailboxState::SoftDeleted), _) => {
            Sight::NotYet(format!("the mailbox is still soft-deleted{when}"))
        }
        (Known::Value(MailboxState::Inactive), _) => Sight::NotYet(format!(
            "the mailbox is inactive: it does not come back by itself (`adrecover guide`){when}"
        )),
        (Known::NotAsked | Known::Absent, _) => {
            Sight::Unknown(format!("what has become of the mailbox is not in the export{when}"))
        }
    }
}

/// Whether a live user is as a change makes it.
pub fn is_changed(evidence: &Evidence, id: Uuid, change: &CloudChange) -> Sight {
    let found = evidence.users().by_id(id);
    let Some(user) = found.first() else {
        return match gone_from_bin(evidence, id) {
            Sight::So(text) => Sight::Unknown(text),
            other => other,
        };
    };
    match change {
        CloudChange::Licences { add } => {
            let products: Vec<Uuid> = add.iter().map(|grant| grant.product).collect();
            licences(user, &products)
        }
        CloudChange::UsageLocation { country } => match user.text(UserField::UsageLocation) {
            Known::Value(has) if has.eq_ignore_ascii_case(country) => {
                Sight::So(format!("its country is {has}"))
            }
            Known::NotAsked => Sight::Unknown("the export of users does not hold usageLocation".to_owned()),
            has => Sight::NotYet(format!("its country is {}", has.value().unwrap_or("none"))),
        },
    }
}

/// Whether a user has left the bin for the living.
pub fn gone_from_bin(evidence: &Evidence, id: Uuid) -> Sight {
    let live = evidence.users().by_id(id);
    if let Some(user) = live.first() {
        return Sight::So(format!("{} is live", named(user)));
    }
    let bin = evidence.deleted_users().by_id(id);
    if let Some(user) = bin.first() {
        return Sight::NotYet(format!("{} is in the bin", named(user)));
    }
    let gaps: Vec<Gap> = live.gaps.into_iter().chain(bin.gaps).collect();
    match gaps.is_empty() {
        true => Sight::Otherwise(format!("the cloud user {id} is neither live nor in the bin")),
        false => Sight::Unknown(told(&gaps)),
    }
}

fn named(user: User<'_>) -> String {
    let id = user.id().value().map_or_else(|| "without an id".to_owned(), |id| id.to_string());
    match user.upn().value() {
        Some(upn) => format!("the cloud user {upn} ({id})"),
        None => format!("the cloud user {id}"),
    }
}

/// What says how old a sight is.
fn dated(file: Option<&SourceFile>) -> String {
    file.map_or_else(String::new, |file| {
        let name = file.path.file_name().unwrap_or(file.path.as_os_str()).to_string_lossy();
        format!(" ({name}, {})", adrecover_core::time::rfc3339(file.at))
    })
}

fn told(gaps: &[Gap]) -> String {
    let mut all: Vec<String> = gaps.iter().map(ToString::to_string).collect();
    all.sort();
    all.dedup();
    all.join("; ")
}
