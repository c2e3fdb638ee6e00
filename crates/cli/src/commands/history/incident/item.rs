//! One object that was deleted, and what can be had back of it from where.

use adrecover_core::deleted::never_restored;
use adrecover_core::kind::ObjectKind;
use adrecover_core::lifetime::{DeletionPolicy, State};
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::{Dn, Entry, ObjectGuid};
use adrecover_journal::{Casualty, Taken};
use serde::Serialize;

use super::super::changes::time;
use super::super::document::name_of;
use super::super::standing::Standing;
use super::recovery::Recovery;
use crate::journal::Controllers;

/// What of an object's state before its deletion is asked for.
pub(super) const ATTRIBUTES: [&str; 6] = [
    "objectClass",
    "sAMAccountName",
    "userPrincipalName",
    "userAccountControl",
    "lastKnownParent",
    "displayName",
];

/// An object that was deleted. What it has in common with an item of `adrecover/list/v1` is called the same.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) guid: ObjectGuid,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: ObjectKind,
    pub(super) display_name: Option<String>,
    pub(super) sam_account_name: Option<String>,
    pub(super) user_principal_name: Option<String>,
    /// Its DN before.
    pub(super) dn: String,
    /// Where it lay.
    pub(super) parent: Option<String>,
    #[serde(serialize_with = "time")]
    pub(super) deleted_at: Timestamp,
    /// Where the time is from: `directory`, `whenChanged`, `journal`.
    pub(super) time_from: &'static str,
    #[serde(serialize_with = "time")]
    pub(super) seen: Timestamp,
    pub(super) deleted_on: Option<String>,
    pub(super) found_by_comparison: bool,
    /// How often it was deleted in that time.
    pub(super) deletions: usize,
    pub(super) state: &'static str,
    #[serde(skip)]
    pub(super) standing: Standing,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(super) restored_at: Option<Timestamp>,
    pub(super) restorable: bool,
    pub(super) not_restorable_because: Option<&'static str>,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(super) expires_at: Option<Timestamp>,
    pub(super) days_left: Option<i64>,
    pub(super) can_fill_from: Vec<&'static str>,
    /// What can be had back, and from what.
    pub(super) recovery: Recovery,
    pub(super) taken: Counts,
    pub(super) missing: Counts,
}

/// How much a deletion took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    pub(super) attributes: usize,
    pub(super) groups: usize,
    pub(super) members: usize,
    pub(super) links: usize,
}

impl Counts {
    pub(super) fn any(&self) -> bool {
        *self != Self::default()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.attributes += other.attributes;
        self.groups += other.groups;
        self.members += other.members;
        self.links += other.links;
    }

    /// For people: `17 attributes, 3 memberships`.
    pub(super) fn words(&self) -> String {
        let all = [
            (self.attributes, "attribute", "attributes"),
            (self.groups, "membership", "memberships"),
            (self.members, "member", "members"),
            (self.links, "other link", "other links"),
        ];
        let words = all.iter().filter(|(number, ..)| *number > 0);
        let words = words.map(|(n, one, many)| format!("{n} {}", if *n == 1 { one } else { many }));
        let words: Vec<String> = words.collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }
}

impl From<Taken> for Counts {
    fn from(taken: Taken) -> Self {
        let Taken { attributes, groups, members, links } = taken;
        Self { attributes, groups, members, links }
    }
}

/// What is written besides the data where somebody wants rows.
pub(super) const COLUMNS: [&str; 23] = [
    "guid",
    "name",
    "type",
    "samAccountName",
    "userPrincipalName",
    "dn",
    "deletedAt",
    "timeFrom",
    "deletedOn",
    "state",
    "restoredAt",
    "restorable",
    "notRestorableBecause",
    "expiresAt",
    "canFillFrom",
    "recovery",
    "takenAttributes",
    "takenGroups",
    "takenMembers",
    "takenLinks",
    "missingAttributes",
    "missingGroups",
    "missingLinks",
];

impl Item {
    pub(super) fn new(
        casualty: Casualty,
        policy: Option<&DeletionPolicy>,
        controllers: &Controllers,
        now: Timestamp,
    ) -> Self {
        let entry = casualty
            .attributes
            .iter()
            .fold(Entry::new(&*casualty.dn), |entry, a| entry.with(&a.name, a.values.iter()));
        let kind = ObjectKind::of(&entry);
        let standing = Standing::of(casualty.status, casualty.was_binned, policy);
        let dn = place(&casualty, &entry);
        let expires_at = match standing {
            Standing::Deleted(state) => policy.and_then(|p| p.expires(state, casualty.happened)),
            _ => None,
        };
        let because = if never_restored(&entry, kind, entry.uac()).is_some() {
            Some("class")
        } else {
            match standing {
                Standing::Gone | Standing::Unseen => Some("gone"),
                Standing::Deleted(State::Recycled) => Some("recycled"),
                Standing::Deleted(_) if expires_at.is_some_and(|at| at <= now) => Some("lifetimeOver"),
                Standing::Deleted(_) | Standing::Live => None,
            }
        };
        let (taken, missing) = (Counts::from(casualty.taken), Counts::from(casualty.missing));
        // Of what is in the bin nothing is lost.
        let can_fill = match standing {
            Standing::Deleted(State::Deleted) => false,
            Standing::Live => missing.any(),
            _ => casualty.is_known,
        };
        Self {
            guid: casualty.guid,
            name: name_of(&dn),
            kind,
            display_name: entry.text("displayName"),
            sam_account_name: entry.text("sAMAccountName"),
            user_principal_name: entry.text("userPrincipalName"),
            parent: dn.parse::<Dn>().ok().and_then(|dn| dn.parent()).map(|dn| dn.to_string()),
            dn,
            deleted_at: casualty.happened,
            time_from: match casualty.stamp {
                Some(_) => "directory",
                None if casualty.happened != casualty.seen => "whenChanged",
                None => "journal",
            },
            seen: casualty.seen,
            deleted_on: casualty.stamp.map(|stamp| controllers.name(stamp.invocation)),
            found_by_comparison: casualty.is_found,
            deletions: casualty.times,
            state: standing.name(),
            standing,
            restored_at: casualty.back_since,
            restorable: because.is_none() && matches!(standing, Standing::Deleted(_)),
            not_restorable_because: because.filter(|_| standing != Standing::Live),
            expires_at,
            days_left: expires_at.map(|at| (at - now).num_seconds().div_euclid(86_400)),
            can_fill_from: if can_fill { vec!["journal"] } else { vec![] },
            recovery: Recovery::of(standing, because.is_some(), can_fill, missing.any()),
            taken,
            missing: if standing == Standing::Deleted(State::Deleted) { Counts::default() } else { missing },
        }
    }

    /// What can be had back and from what, for people.
    pub(super) fn way(&self) -> String {
        match (self.recovery, self.not_restorable_because) {
            (Recovery::BackInPart, _) => format!("back, and {} missing", self.missing.words()),
            (Recovery::Nothing | Recovery::JournalOnly, Some("class")) => {
                "never restored by this program".to_owned()
            }
            (Recovery::Nothing | Recovery::JournalOnly, Some(because)) => {
                let why = match because {
                    "lifetimeOver" => "its time is over",
                    "recycled" => "recycled",
                    _ => "not in the directory any more",
                };
                let rest = if self.can_fill_from.is_empty() { "" } else { "; the journal has what it was" };
                format!("no restore: {why}{rest}")
            }
            (recovery, _) => recovery.words().to_owned(),
        }
    }

    /// The row of CSV.
    pub(super) fn row(&self) -> [String; 23] {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let time = |value: Option<Timestamp>| value.map(rfc3339).unwrap_or_default();
        [
            self.guid.to_string(),
            self.name.clone(),
            self.kind.name().to_owned(),
            text(&self.sam_account_name),
            text(&self.user_principal_name),
            self.dn.clone(),
            rfc3339(self.deleted_at),
            self.time_from.to_owned(),
            text(&self.deleted_on),
            self.state.to_owned(),
            time(self.restored_at),
            self.restorable.to_string(),
            self.not_restorable_because.unwrap_or_default().to_owned(),
            time(self.expires_at),
            self.can_fill_from.join(" "),
            self.recovery.name().to_owned(),
            self.taken.attributes.to_string(),
            self.taken.groups.to_string(),
            self.taken.members.to_string(),
            self.taken.links.to_string(),
            self.missing.attributes.to_string(),
            self.missing.groups.to_string(),
            self.missing.links.to_string(),
        ]
    }
}

/// The DN before. What was deleted when it was first seen says itself where it lay.
fn place(casualty: &Casualty, entry: &Entry) -> String {
    if casualty.is_known {
        return casualty.dn.clone();
    }
    let parsed: Option<Dn> = casualty.dn.parse().ok();
    let old = parsed.as_ref().and_then(Dn::rdn).and_then(|rdn| rdn.unmangled());
    match (old, entry.dn_value("lastKnownParent")) {
        (Some((rdn, _)), Some(parent)) => parent.child(rdn).to_string(),
        _ => casualty.dn.clone(),
    }
}
