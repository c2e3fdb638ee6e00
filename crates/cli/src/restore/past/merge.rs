//! The links of several sources, put into the request: of each kind those of the most trusted source that tells of them, with what the
//! others say differently.

use std::collections::BTreeMap;

use adrecover_core::ObjectGuid;
use adrecover_core::fill::{Claim, Conflict};
use adrecover_core::request::{GroupWish, LinkWish, MemberKey, PrimaryGroupWish, RestoreRequest};
use adrecover_core::value::Value;

use super::{Before, MEMBER, Past, Pasts, Tie};
use crate::restore::fill::Source;

/// Which end of a link the object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    /// It has the attribute.
    Holds,
    /// Others have it.
    PointedTo,
}

/// Puts the links of these objects into the request: others from the sources of attributes, memberships from those of groups. What the
/// sources say besides is told once.
pub(crate) fn put_links(
    pasts: &Pasts,
    fills: &[Source],
    groups: &[Source],
    guids: &[ObjectGuid],
    request: &mut RestoreRequest,
) {
    let of = |sources: &[Source]| -> Vec<&Past> { sources.iter().filter_map(|s| pasts.get(s)).collect() };
    let only_groups = groups.iter().filter(|source| !fills.contains(source)).filter_map(|s| pasts.get(s));
    for past in only_groups {
        for before in past.objects.iter().filter(|before| !before.notes.is_empty()) {
            request.fill_notes.entry(before.guid).or_default().extend(before.notes.clone());
        }
    }
    for guid in guids {
        links(&of(fills), *guid, |tie| !tie.is_member(), request);
        links(&of(groups), *guid, Tie::is_member, request);
        primary_group(&of(groups), *guid, request);
    }
}

/// What one source, by its place in the order of trust, tells of links.
type Ties<'a> = (usize, Vec<&'a Tie>);

/// The links of one object, of the kinds that are wanted.
fn links(pasts: &[&Past], guid: ObjectGuid, is_wanted: impl Fn(&Tie) -> bool, request: &mut RestoreRequest) {
    let told: Vec<(&Past, &Before)> = pasts
        .iter()
        .filter_map(|past| Some((*past, past.of(guid)?)))
        .filter(|(_, before)| before.is_known)
        .collect();
    // Kinds in the order of their names, so that a plan is the same each time.
    let mut kinds: BTreeMap<(Side, String), Vec<Ties<'_>>> = BTreeMap::new();
    for (n, (_, before)) in told.iter().enumerate() {
        for (side, ties) in [(Side::Holds, &before.links), (Side::PointedTo, &before.referrers)] {
            for tie in ties.iter().filter(|tie| is_wanted(tie)) {
                let kind = kinds.entry((side, tie.attribute.to_lowercase())).or_default();
                match kind.last_mut() {
                    Some((last, ties)) if *last == n => ties.push(tie),
                    _ => kind.push((n, vec![tie])),
                }
            }
        }
    }
    for ((side, attribute), mut by_source) in kinds {
        // One that knows that there was none counts as well, and so does what it leaves out.
        let is_settled = |n: &usize| told[*n].1.has_all_links && !told[*n].1.is_rest;
        let first = by_source.first().map_or(0, |(n, _)| *n);
        if let Some(n) = (0..first).find(is_settled).filter(|n| told[*n].0.name != told[first].0.name) {
            by_source.insert(0, (n, vec![]));
        }
        let (chosen, others) = by_source.split_at(1);
        let Some((n, ties)) = chosen.first() else { continue };
        let (past, before) = told[*n];
        if before.is_rest {
            // What is still missing says nothing against what others have.
            for (n, ties) in &by_source {
                put(told[*n].0, told[*n].1, side, ties, request);
            }
            continue;
        }
        put(past, before, side, ties, request);
        let others: Vec<(&Past, &Before, &[&Tie])> =
            others.iter().map(|(n, ties)| (told[*n].0, told[*n].1, ties.as_slice())).collect();
        let silent = told.iter().enumerate().filter(|(n, (_, before))| {
            before.has_all_links && !before.is_rest && !by_source.iter().any(|(known, _)| known == n)
        });
        let silent: Vec<(&Past, &Before, &[&Tie])> =
            silent.map(|(_, (past, before))| (*past, *before, &[][..])).collect();
        let others = others.into_iter().chain(silent).filter(|(_, before, _)| !before.is_rest);
        let found = conflict(side, &attribute, (past, before, ties), others);
        request.conflicts.entry(guid).or_default().extend(found);
    }
    request.conflicts.retain(|_, conflicts| !conflicts.is_empty());
}

/// Puts links of one source into the request.
fn put(past: &Past, before: &Before, side: Side, ties: &[&Tie], request: &mut RestoreRequest) {
    let guid = before.guid;
    let named = |request: &RestoreRequest, name: &str| {
        request.fill_attributes.iter().any(|a| a.eq_ignore_ascii_case(name))
    };
    for tie in ties {
        if let Some(why) = &before.unsure
            && (tie.is_member() || !named(request, &tie.attribute))
        {
            let text = match tie.is_member() {
                true => format!(
                    "{MEMBER} of {}: `{}` is not taken: {why}; --groups-from file:CSV takes what you are sure of",
                    past.name, tie.dn
                ),
                false => format!(
                    "{} of {}: `{}` is not taken: {why}; --fill-attribute {} takes it all the same",
                    tie.attribute, past.name, tie.dn, tie.attribute
                ),
            };
            request.fill_notes.entry(guid).or_default().push(text);
            continue;
        }
        if side == Side::PointedTo && tie.is_member() && !tie.other.is_some_and(|g| past.chosen.contains(&g))
        {
            // A group that is deleted is found by the name that it had.
            let today = tie.other.and_then(|group| past.groups.get(&group).cloned());
            if let Some(group) = today.or_else(|| tie.dn.parse().ok()) {
                let member = MemberKey::Guid(guid);
                let (source, at) = (past.name.clone(), before.at);
                request.groups.push(GroupWish { member, group, source, at });
            }
            continue;
        }
        let Some(other) = tie.other else {
            request.fill_notes.entry(guid).or_default().push(format!(
                "{} of {} is not filled: `{}` is not there any more",
                tie.attribute, past.name, tie.dn
            ));
            continue;
        };
        let (holder, target) = match side {
            Side::Holds => (guid, other),
            Side::PointedTo => (other, guid),
        };
        request.links.push(LinkWish {
            holder,
            attribute: tie.attribute.clone(),
            target,
            name: tie.dn.clone(),
            source: past.name.clone(),
            at: before.at,
        });
    }
}

/// What one source says of a kind of links.
type Told<'a> = (&'a Past, &'a Before, &'a [&'a Tie]);

/// Where others say something else: of each the links that only one of them has.
fn conflict<'a>(
    side: Side,
    attribute: &str,
    (past, before, ties): (&Past, &Before, &[&Tie]),
    others: impl Iterator<Item = Told<'a>>,
) -> Option<Conflict> {
    let keys = |ties: &[&Tie]| ties.iter().map(|tie| tie.key()).collect::<Vec<_>>();
    let values = |ties: &[&Tie], without: &[String]| -> Vec<Value> {
        let only = ties.iter().filter(|tie| !without.contains(&tie.key()));
        only.take(MOST_TOLD).map(|tie| Value::Text(tie.dn.clone())).collect()
    };
    let chosen_keys = keys(ties);
    let (mut claims, mut shared) = (vec![], chosen_keys.clone());
    for (other, of, theirs) in others {
        let their_keys = keys(theirs);
        let is_same =
            their_keys.iter().all(|key| chosen_keys.contains(key)) && their_keys.len() == chosen_keys.len();
        if is_same {
            continue;
        }
        shared.retain(|key| their_keys.contains(key));
        claims.push(Claim { source: other.name.clone(), at: of.at, values: values(theirs, &chosen_keys) });
    }
    let name = ties.first().map_or(attribute, |tie| tie.attribute.as_str());
    let attribute = match side {
        Side::Holds => name.to_owned(),
        Side::PointedTo if name.eq_ignore_ascii_case(MEMBER) => "memberOf".to_owned(),
        Side::PointedTo => format!("{name} of others"),
    };
    let chosen = Claim { source: past.name.clone(), at: before.at, values: values(ties, &shared) };
    (!claims.is_empty()).then_some(Conflict { attribute, chosen, others: claims })
}

/// How many values of links a conflict names.
const MOST_TOLD: usize = 100;

/// The primary group of the first source that knows of one.
fn primary_group(pasts: &[&Past], guid: ObjectGuid, request: &mut RestoreRequest) {
    let known = pasts.iter().find_map(|past| {
        let before = past.of(guid).filter(|before| before.unsure.is_none())?;
        Some((*past, before, before.primary.clone()?))
    });
    let Some((past, before, (rid, group))) = known else { return };
    let (source, at) = (past.name.clone(), before.at);
    let member = MemberKey::Guid(guid);
    request.groups.push(GroupWish { member, group: group.clone(), source: source.clone(), at });
    request.primary_groups.insert(guid, PrimaryGroupWish { group, rid, source, at });
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::sources::SourceName;

    fn guid(n: u8) -> ObjectGuid {
        ObjectGuid::from_wire(&[n; 16]).unwrap()
    }

    fn tie(attribute: &str, n: u8) -> Tie {
        Tie { attribute: attribute.into(), other: Some(guid(n)), dn: format!("CN=o{n},DC=x") }
    }

    fn past(name: &str, links: Vec<Tie>, referrers: Vec<Tie>) -> (Source, Past) {
        let before = Before { is_known: true, links, referrers, ..Before::of(guid(1)) };
        let past = Past {
            name: format!("ldif:{name}"),
            objects: vec![before],
            chosen: HashSet::from([guid(1)]),
            ..Past::default()
        };
        (Source::Named(SourceName::parse(&format!("ldif:{name}")).unwrap()), past)
    }

    fn merged(list: Vec<(Source, Past)>) -> RestoreRequest {
        let sources: Vec<Source> = list.iter().map(|(source, _)| source.clone()).collect();
        let mut request = RestoreRequest::default();
        put_links(&Pasts { list }, &sources, &sources, &[guid(1)], &mut request);
        request
    }

    #[test]
    fn the_first_source_that_tells_of_a_kind_of_links_counts_and_the_others_are_told() {
        let a = past("a", vec![tie("manager", 5)], vec![]);
        let b = past("b", vec![tie("manager", 6)], vec![tie("member", 7), tie("member", 8)]);
        let c = past("c", vec![tie("manager", 5)], vec![tie("member", 8), tie("member", 9)]);
        let request = merged(vec![a, b, c]);
        let managers: Vec<(ObjectGuid, &str)> =
            request.links.iter().map(|l| (l.target, l.source.as_str())).collect();
        assert_eq!(managers, [(guid(5), "ldif:a")]);
        let groups: Vec<String> =
            request.groups.iter().map(|g| format!("{} {}", g.group, g.source)).collect();
        assert_eq!(groups, ["CN=o7,DC=x ldif:b", "CN=o8,DC=x ldif:b"]);
        let told = &request.conflicts[&guid(1)];
        let of = |claim: &Claim| claim.values.iter().map(Value::shown).collect::<Vec<_>>().join("; ");
        assert_eq!(
            (told.len(), told[0].attribute.as_str(), told[1].attribute.as_str()),
            (2, "manager", "memberOf")
        );
        assert_eq!((of(&told[0].chosen), of(&told[0].others[0])), ("CN=o5,DC=x".into(), "CN=o6,DC=x".into()));
        assert_eq!((of(&told[1].chosen), of(&told[1].others[0])), ("CN=o7,DC=x".into(), "CN=o9,DC=x".into()));
    }

    #[test]
    fn a_source_that_knows_that_there_was_none_counts_too() {
        let (a, mut first) = past("a", vec![], vec![]);
        first.objects[0].has_all_links = true;
        let request = merged(vec![(a, first), past("b", vec![tie("manager", 6)], vec![tie("member", 7)])]);
        assert!(request.links.is_empty() && request.groups.is_empty());
        assert_eq!(request.conflicts[&guid(1)].len(), 2);
        assert!(request.conflicts[&guid(1)][0].chosen.values.is_empty());
    }

    #[test]
    fn what_may_be_of_another_object_gives_no_membership() {
        let (a, mut first) = past("a", vec![tie("manager", 5)], vec![tie("member", 7)]);
        first.objects[0].unsure = Some("found by its name".into());
        let request = merged(vec![(a, first)]);
        assert!(request.links.is_empty() && request.groups.is_empty());
        let notes = request.fill_notes[&guid(1)].join("\n");
        assert!(notes.contains("--fill-attribute manager") && notes.contains("file:CSV"), "{notes}");
    }

    #[test]
    fn what_a_journal_still_misses_says_nothing_against_a_file() {
        let (a, mut first) = past("a", vec![], vec![tie("member", 6)]);
        first.objects[0].is_rest = true;
        let request = merged(vec![(a, first), past("b", vec![], vec![tie("member", 7)])]);
        assert_eq!((request.groups.len(), request.conflicts.len()), (2, 0));
    }
}
