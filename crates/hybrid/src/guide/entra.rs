//! The state of the Entra user from exports.

use std::collections::BTreeSet;

use adrecover_core::decision_table::EntraState;

use super::identity::{By, Keys};
use super::{Claim, Found, Source};
use crate::evidence::{Dataset, Evidence, Gap, Known, Matches, User, UserField, Users};

/// What was found of the Entra user.
pub(super) struct Look<'a> {
    pub(super) found: Found<EntraState>,
    /// The user that the state is of.
    pub(super) user: Option<User<'a>>,
    /// All that claim to be the user, where there are several.
    pub(super) claims: Vec<Claim>,
    pub(super) remarks: Vec<(&'static str, String)>,
}

impl Look<'_> {
    fn unknown(because: Vec<String>, command: String) -> Self {
        Self { found: Found::unknown(because, command), user: None, claims: vec![], remarks: vec![] }
    }
}

/// A user with all by which it claims to be the one.
struct Claimant<'a> {
    user: User<'a>,
    by: BTreeSet<By>,
}

impl Claimant<'_> {
    fn rank(&self) -> Option<By> {
        self.by.last().copied()
    }

    fn state(&self) -> EntraState {
        if self.user.is_deleted() { EntraState::SoftDeleted } else { EntraState::Present }
    }

    fn claim(&self, is_chosen: bool) -> Claim {
        Claim {
            kind: "user",
            id: self.user.id().value().map(|id| id.to_string()),
            name: self.user.upn().value().map(str::to_owned),
            state: self.state().name(),
            by: self.by.iter().rev().map(|by| by.name()).collect(),
            is_chosen,
        }
    }
}

const LIVE: &str = "Get-MgUser -UserId {upn} -Property Id, UserPrincipalName, OnPremisesImmutableId, OnPremisesSyncEnabled | Select-Object Id, UserPrincipalName, OnPremisesImmutableId, OnPremisesSyncEnabled";
const DELETED: &str = "Get-MgDirectoryDeletedItemAsUser -All -Property Id, UserPrincipalName, DeletedDateTime, OnPremisesImmutableId | Where-Object { ($_.UserPrincipalName -replace '^[0-9a-f]{32}') -eq {upn} } | Select-Object Id, UserPrincipalName, DeletedDateTime, OnPremisesImmutableId";

/// Looks for the user among the live and the deleted ones.
pub(super) fn look<'a>(evidence: Option<&'a Evidence>, keys: &Keys) -> Look<'a> {
    let Some(evidence) = evidence else {
        return Look::unknown(vec!["no export of the cloud was given".into()], format!("{LIVE}\n{DELETED}"));
    };
    if keys.keys.is_empty() {
        return Look::unknown(vec!["no user was named to look for".into()], LIVE.to_owned());
    }
    let mut claimants: Vec<Claimant<'a>> = vec![];
    let mut gaps: BTreeSet<Gap> = BTreeSet::new();
    // Which properties have to be there so that nothing found means something. A tombstone has lost its UPN: then its SID is.
    let has_upn = keys.first(By::Upn).is_some();
    let is_needed = |by: By| match by {
        By::ObjectId | By::Anchor | By::Upn | By::Account => true,
        By::Sid => !has_upn,
        By::ObjectIdentifier | By::Dn | By::Smtp | By::Address => false,
    };
    for users in [evidence.users(), evidence.deleted_users()] {
        for (by, value) in &keys.keys {
            let matches = search(users, *by, value);
            if is_needed(*by) {
                gaps.extend(matches.gaps);
            }
            matches.found.into_iter().for_each(|user| add(&mut claimants, user, *by));
        }
    }
    // An account name is unique in its domain only: with another SID it is somebody else.
    let sid = keys.first(By::Sid);
    claimants.retain(|c| c.rank() != Some(By::Account) || !is_other(&c.user, sid));
    choose(evidence, claimants, gaps)
}

fn is_other(user: &User<'_>, sid: Option<&str>) -> bool {
    let theirs = user.text(UserField::OnPremisesSecurityIdentifier).value();
    matches!((sid, theirs), (Some(ours), Some(theirs)) if !ours.eq_ignore_ascii_case(theirs))
}

pub(crate) fn search<'a>(users: Users<'a>, by: By, value: &str) -> Matches<'a, User<'a>> {
    match by {
        By::ObjectId => match value.parse() {
            Ok(id) => users.by_id(id),
            Err(_) => users.by_upn(value),
        },
        By::Anchor => users.by_immutable_id(value),
        By::ObjectIdentifier => users.by_on_premises_object_identifier(value),
        By::Sid => users.by_sid(value),
        By::Dn => users.by_dn(value),
        By::Upn => users.by_upn(value),
        By::Smtp => users.by_primary_smtp(value),
        By::Address => users.by_address(value),
        By::Account => users.by_sam_account_name(value),
    }
}

/// One object may be in two files, live in the one and deleted in the other: the newer file is believed.
fn add<'a>(claimants: &mut Vec<Claimant<'a>>, user: User<'a>, by: By) {
    let at = |user: &User<'_>| user.sources().next().map(|file| file.at);
    let same = claimants
        .iter_mut()
        .find(|c| matches!((c.user.id(), user.id()), (Known::Value(a), Known::Value(b)) if a == b));
    match same {
        Some(known) => {
            known.by.insert(by);
            if known.user.is_deleted() != user.is_deleted() && at(&user) > at(&known.user) {
                known.user = user;
            }
        }
        None => claimants.push(Claimant { user, by: BTreeSet::from([by]) }),
    }
}

/// The one with the strongest claim. Where two have the same, nobody knows which one is meant.
fn choose<'a>(evidence: &Evidence, mut claimants: Vec<Claimant<'a>>, gaps: BTreeSet<Gap>) -> Look<'a> {
    claimants.sort_by_key(|c| std::cmp::Reverse(c.rank()));
    let several = claimants.len() > 1;
    let tie = several && claimants[0].rank() == claimants[1].rank();
    let claims = if several {
        claimants.iter().enumerate().map(|(i, c)| c.claim(i == 0 && !tie)).collect()
    } else {
        vec![]
    };
    if tie {
        let because =
            "several cloud users claim to be this user by the same property: name one of them by its object id".to_owned();
        return Look { claims, ..Look::unknown(vec![because], "adrecover guide {entraId}".to_owned()) };
    }
    let Some(chosen) = claimants.first() else { return nowhere(evidence, &gaps) };
    let by = chosen.rank().map_or("", By::name);
    let name = chosen.user.upn().value().unwrap_or("a user without a UPN");
    let word = if chosen.user.is_deleted() { "in the bin" } else { "there" };
    let because = vec![format!("{name} is {word}, found by {by}")];
    let source = Source::of_user(&chosen.user);
    let remarks = claimants[1..].iter().filter(|c| !c.user.is_deleted()).filter_map(|c| taken(chosen, c));
    Look {
        found: Found::seen(chosen.state(), source, because),
        user: Some(chosen.user),
        claims,
        remarks: remarks.collect(),
    }
}

/// Where another live user holds the UPN or the address of the chosen one.
fn taken(chosen: &Claimant<'_>, other: &Claimant<'_>) -> Option<(&'static str, String)> {
    let what = match other.by.iter().rev().find(|by| matches!(by, By::Upn | By::Smtp))? {
        By::Upn => "the UPN",
        _ => "the primary SMTP address",
    };
    let id = other.user.text(UserField::Id).value().unwrap_or("without an id");
    let whose = chosen.user.text(UserField::Id).value().unwrap_or("the user");
    Some((
        "nameTaken",
        format!("the Entra user {id} holds {what} of {whose} now: free it before anything is restored"),
    ))
}

/// Found nowhere: hard-deleted where all of both lists was looked at.
fn nowhere<'a>(evidence: &Evidence, gaps: &BTreeSet<Gap>) -> Look<'a> {
    if gaps.is_empty() {
        let source = Source::of(Some(evidence), Dataset::DeletedUsers);
        let because = match source {
            Source::Graph => "neither among the users nor in the bin, by any of its names",
            _ => "neither among the users nor in the bin, and both lists are complete",
        };
        let found = Found::seen(EntraState::HardDeleted, source, vec![because.to_owned()]);
        return Look { found, user: None, claims: vec![], remarks: vec![] };
    }
    let lacks = |dataset: Dataset| gaps.iter().any(|gap| of(gap) == dataset);
    let mut commands = vec![];
    if lacks(Dataset::Users) {
        commands.push(LIVE);
    }
    if lacks(Dataset::DeletedUsers) {
        commands.push(DELETED);
    }
    let mut because = vec!["not found in the exports, which are not all".to_owned()];
    because.extend(gaps.iter().map(Gap::to_string));
    Look::unknown(because, commands.join("\n"))
}

/// The dataset that a gap is in.
pub(super) fn of(gap: &Gap) -> Dataset {
    match gap {
        Gap::NoExport(dataset) | Gap::Incomplete(dataset, ..) | Gap::NotAsked(dataset, ..) => *dataset,
    }
}
