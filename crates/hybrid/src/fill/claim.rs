//! Whose cloud object it is: values of somebody else's must not get into a user.

use crate::checks::{Case, CloudObject, Found};
use crate::compare::same;
use crate::evidence::{User, UserField, Users};

/// The cloud object that values may be taken of.
pub(super) enum Claim<'a> {
    /// It is this user's: the source anchor, the object identifier or the SID says so, and no other object has one of these.
    Certain(User<'a>),
    /// It may be this user's; why that is not certain.
    Unsure(User<'a>, String),
    /// There is none, or it is not known which; why.
    None(String),
}

/// What only the object of this very user can have.
const CERTAIN: [Found; 3] = [Found::Anchor, Found::ObjectIdentifier, Found::Sid];
/// What somebody else may have by now.
const NAMES: [Found; 3] = [Found::DistinguishedName, Found::PrimarySmtp, Found::Upn];

pub(super) fn claim<'a>(case: &Case<'a>) -> Claim<'a> {
    let Some(evidence) = case.evidence else {
        return Claim::None("no export of the cloud was given: nothing is filled from it".to_owned());
    };
    let lists = [evidence.users(), evidence.deleted_users()];
    match claimants(case, &lists, &CERTAIN).as_slice() {
        [] => {}
        [(user, by)] => return certain(case, *user, *by),
        several => return Claim::None(told(several)),
    }
    match claimants(case, &lists, &NAMES).as_slice() {
        [] => Claim::None(none(case)),
        [(user, by)] => Claim::Unsure(
            *user,
            format!("the cloud object was found by {} only, which somebody else may have by now", by.by()),
        ),
        several => Claim::None(told(several)),
    }
}

fn certain<'a>(case: &Case<'a>, user: User<'a>, by: Found) -> Claim<'a> {
    if case.has_other_sid(user) {
        let why = format!("the cloud object has {} of this user, but the SID of another object", by.by());
        return Claim::Unsure(user, why);
    }
    Claim::Certain(user)
}

/// Every cloud object that has one of these, once, with the first of them.
fn claimants<'a>(case: &Case<'a>, lists: &[Users<'a>; 2], all: &[Found]) -> Vec<(User<'a>, Found)> {
    let mut out: Vec<(User<'a>, Found)> = vec![];
    for by in all {
        for user in
            lists.iter().filter_map(|users| case.matches(*by, users)).flat_map(|matches| matches.found)
        {
            // One that is listed as live and as deleted is one.
            if !out.iter().any(|(known, _)| is_one(*known, user)) {
                out.push((user, *by));
            }
        }
    }
    out
}

fn is_one(a: User<'_>, b: User<'_>) -> bool {
    let id = |user: User<'_>| user.text(UserField::Id).value().map(str::to_owned);
    match (id(a), id(b)) {
        (Some(a), Some(b)) => same(&a, &b),
        (None, None) => a.upn().value().is_some() && a.upn() == b.upn(),
        _ => false,
    }
}

fn told(several: &[(User<'_>, Found)]) -> String {
    let one = |(user, by): &(User<'_>, Found)| {
        let name = user.upn().value().or(user.text(UserField::Id).value()).unwrap_or("(no name)");
        let state = if user.is_deleted() { "deleted" } else { "live" };
        format!("`{}` ({state}, by {})", name.chars().take(120).collect::<String>(), by.by())
    };
    let named: Vec<String> = several.iter().take(5).map(one).collect();
    format!(
        "{} cloud objects claim to be this user, so that nothing is filled: {}; `adrecover guide` helps to tell them apart",
        several.len(),
        named.join(", ")
    )
}

fn none(case: &Case<'_>) -> String {
    match &case.cloud {
        CloudObject::Unknown(why) => {
            format!("no cloud object of this user was found, and not all there is was looked at: {why}")
        }
        _ => "the cloud has no object of this user: nothing is filled from it".to_owned(),
    }
}
