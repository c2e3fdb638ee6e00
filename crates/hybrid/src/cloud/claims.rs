//! Which users of the cloud are meant by a name, and which others claim to be the same.

use std::collections::BTreeSet;

use crate::evidence::{Evidence, User, UserField};
use crate::guide::Inputs;
use crate::guide::entra::search;
use crate::guide::identity::{By, Keys};

/// A user, and by what it claims to be the one.
#[derive(Debug, Clone)]
pub struct Claimant<'a> {
    /// The user.
    pub user: User<'a>,
    by: BTreeSet<By>,
}

impl Claimant<'_> {
    /// By what, the strongest first.
    pub fn claims(&self) -> Vec<&'static str> {
        self.by.iter().rev().map(|by| by.name()).collect()
    }

    fn rank(&self) -> Option<By> {
        self.by.last().copied()
    }
}

/// Which user is meant.
#[derive(Debug)]
pub enum Choice<'a> {
    /// None is called so.
    None,
    /// This one.
    One(Claimant<'a>),
    /// One of these: nothing tells which.
    Several(Vec<Claimant<'a>>),
}

/// Those that are called so themselves.
pub(super) fn named<'a>(evidence: &'a Evidence, called: &str) -> Vec<Claimant<'a>> {
    let inputs = Inputs { called: Some(called), ..Inputs::default() };
    let mut keys: Vec<(By, String)> = Keys::of(&inputs).keys;
    let addresses: Vec<_> = keys
        .iter()
        .filter(|(by, _)| *by == By::Smtp)
        .map(|(_, value)| (By::Address, value.clone()))
        .collect();
    keys.extend(addresses);
    let mut found = vec![];
    keys.iter().for_each(|(by, value)| add(&mut found, evidence, *by, value));
    sorted(found)
}

/// The same, and those that have the identity of one of them.
pub(super) fn all<'a>(evidence: &'a Evidence, called: &str) -> Vec<Claimant<'a>> {
    let mut found = named(evidence, called);
    for known in found.clone() {
        let text = |field| known.user.text(field).value().filter(|text| !text.is_empty());
        let sid = text(UserField::OnPremisesSecurityIdentifier);
        for (by, value) in [
            (By::Anchor, text(UserField::OnPremisesImmutableId)),
            (By::ObjectIdentifier, text(UserField::OnPremisesObjectIdentifier)),
            (By::Sid, sid),
            (By::Upn, known.user.upn().value()),
        ] {
            value.iter().for_each(|value| add(&mut found, evidence, by, value));
        }
        for address in known.user.primary_smtp().value().unwrap_or_default() {
            add(&mut found, evidence, By::Smtp, address);
        }
        if let Some(account) = text(UserField::OnPremisesSamAccountName) {
            let mut same = vec![];
            add(&mut same, evidence, By::Account, account);
            // An account name is unique in its domain only: with another SID it is somebody else.
            same.retain(|c| {
                let theirs = c.user.text(UserField::OnPremisesSecurityIdentifier).value();
                sid.zip(theirs).is_none_or(|(ours, theirs)| ours.eq_ignore_ascii_case(theirs))
            });
            same.into_iter().for_each(|c| insert(&mut found, c.user, By::Account));
        }
    }
    sorted(found)
}

/// The one whose object id was given, else the deleted one, for it is those that are looked for, else the live one; of several the
/// one with the strongest claim.
pub(super) fn choose(mut found: Vec<Claimant<'_>>) -> Choice<'_> {
    if found.iter().any(|c| c.rank() == Some(By::ObjectId)) {
        found.retain(|c| c.rank() == Some(By::ObjectId));
    } else if found.iter().any(|c| c.user.is_deleted()) {
        found.retain(|c| c.user.is_deleted());
    }
    let strongest = found.iter().filter_map(Claimant::rank).max();
    found.retain(|c| c.rank() == strongest);
    match found.pop() {
        None => Choice::None,
        Some(one) if found.is_empty() => Choice::One(one),
        Some(last) => {
            found.push(last);
            Choice::Several(found)
        }
    }
}

fn add<'a>(found: &mut Vec<Claimant<'a>>, evidence: &'a Evidence, by: By, value: &str) {
    for users in [evidence.users(), evidence.deleted_users()] {
        search(users, by, value).found.into_iter().for_each(|user| insert(found, user, by));
    }
}

fn insert<'a>(found: &mut Vec<Claimant<'a>>, user: User<'a>, by: By) {
    let is_it = |c: &&mut Claimant<'a>| c.user.id() == user.id() && c.user.is_deleted() == user.is_deleted();
    match found.iter_mut().find(is_it) {
        Some(known) => {
            known.by.insert(by);
        }
        None => found.push(Claimant { user, by: BTreeSet::from([by]) }),
    }
}

/// The strongest claim first; of equal ones the live user, then by object id, so that the order is always the same.
fn sorted(mut found: Vec<Claimant<'_>>) -> Vec<Claimant<'_>> {
    found.sort_by_key(|c| (std::cmp::Reverse(c.rank()), c.user.is_deleted(), c.user.id().value()));
    found
}
