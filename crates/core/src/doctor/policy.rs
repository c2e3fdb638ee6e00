//! What becomes of what is deleted in this forest.

use super::{Check, CheckStatus, DoctorFacts, Need};
use crate::lifetime::{DeletionPolicy, State};
use crate::time::rfc3339;

/// The functional level of the forest from which the Recycle Bin can be switched on: 2008 R2 ([MS-ADTS] 3.1.1.9.1).
const BIN_LEVEL: i64 = 4;
/// A shorter time than a holiday is easily missed.
const SHORT: i64 = 30;
/// The attributes whose loss hurts most where accounts are synchronised to a cloud.
const WORTH_KEEPING: [&str; 3] = ["userPrincipalName", "mail", "mS-DS-ConsistencyGuid"];

pub(super) fn checks(facts: &DoctorFacts) -> Vec<Check> {
    vec![recycle_bin(facts), lifetimes(facts), preserved(facts)]
}

fn recycle_bin(facts: &DoctorFacts) -> Check {
    let id = "policy.recycleBin";
    let title = "Recycle Bin";
    let Some(policy) = facts.policy.effective else {
        return Check::new(id, title, CheckStatus::Unknown, "the configuration could not be read")
            .needed(Need::Ability);
    };
    if policy.recycle_bin {
        return Check::new(
            id,
            title,
            CheckStatus::Ok,
            "on: objects come back with their attributes and memberships",
        )
        .needed(Need::Ability);
    }
    let seen = "off: a deleted object keeps little more than its name, SID and GUID; attributes and memberships come from other sources";
    let check = Check::new(id, title, CheckStatus::Warn, seen).needed(Need::Ability);
    if facts.server.is_samba {
        return check.fix(["leave it off: Samba cannot undelete objects of the bin; keep a journal of changes or backups instead"]);
    }
    match facts.server.levels[1] {
        Some(level) if level < BIN_LEVEL => {
            check.fix(["raise the functional level of the forest to 2008 R2 or later first, which cannot be undone"])
        }
        _ => check.fix([
            format!(
                "Enable-ADOptionalFeature 'Recycle Bin Feature' -Scope ForestOrConfigurationSet -Target '{}'",
                facts.domain.dns_name()
            ),
            "restore what is deleted now before that: switching it on, which cannot be undone, puts all present tombstones past recovery"
                .to_owned(),
        ]),
    }
}

fn lifetimes(facts: &DoctorFacts) -> Check {
    let id = "policy.lifetimes";
    let title = "lifetimes";
    let Some(policy) = facts.policy.effective else {
        return Check::new(id, title, CheckStatus::Unknown, "the configuration could not be read");
    };
    let (state, days) = match policy.recycle_bin {
        true => (State::Deleted, policy.deleted_object_lifetime),
        false => (State::Tombstone, policy.tombstone_lifetime),
    };
    let until = facts
        .server
        .clock
        .and_then(|clock| policy.expires(state, clock.local))
        .map_or_else(|| "beyond any calendar".to_owned(), |at| rfc3339(at)[..10].to_owned());
    let seen = format!(
        "an object deleted today can be restored until {until} ({days} days); {}",
        configured(facts, &policy)
    );
    if days >= SHORT {
        return Check::new(id, title, CheckStatus::Ok, seen);
    }
    let attribute = if policy.recycle_bin { "msDS-DeletedObjectLifetime" } else { "tombstoneLifetime" };
    let command = match super::fixes::safe(&facts.policy.directory_service) {
        Some(dn) => format!("Set-ADObject \"{dn}\" -Replace @{{'{attribute}' = 180}}"),
        None => format!("set {attribute} to 180"),
    };
    Check::new(id, title, CheckStatus::Warn, seen).fix([command])
}

/// The two attributes as they stand there, and what they mean where that is not what they say ([MS-ADTS] 3.1.1.1.15).
fn configured(facts: &DoctorFacts, policy: &DeletionPolicy) -> String {
    let value = |raw: Option<i64>, effective: i64, absent: &str| match raw {
        None => format!("absent, which means {absent}"),
        Some(raw) if raw == effective => raw.to_string(),
        Some(raw) => format!("{raw}, which counts as {effective}"),
    };
    let tombstone = value(facts.policy.tombstone_lifetime, policy.tombstone_lifetime, "60");
    if !policy.recycle_bin {
        return format!("tombstoneLifetime is {tombstone}");
    }
    let same = policy.tombstone_lifetime.to_string();
    let deleted = value(facts.policy.deleted_object_lifetime, policy.deleted_object_lifetime, &same);
    format!("msDS-DeletedObjectLifetime is {deleted}, tombstoneLifetime is {tombstone}")
}

/// `searchFlags` bit 8, fPRESERVEONDELETE ([MS-ADTS] 2.2.9).
fn preserved(facts: &DoctorFacts) -> Check {
    let id = "policy.preserved";
    let title = "what a tombstone keeps";
    let Some(names) = &facts.preserved else {
        return Check::new(id, title, CheckStatus::Unknown, "the schema could not be read");
    };
    let has = |name: &&str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    let (kept, lost): (Vec<&str>, Vec<&str>) = WORTH_KEEPING.into_iter().partition(has);
    let mut seen = format!("{} attributes are marked to be kept on deletion", names.len());
    for (these, what) in [(&kept, "among them"), (&lost, "not")] {
        if !these.is_empty() {
            seen.push_str(&format!(", {what} {}", these.join(", ")));
        }
    }
    let check = Check::new(id, title, CheckStatus::Ok, seen);
    let bin_is_on = facts.policy.effective.is_some_and(|p| p.recycle_bin);
    if bin_is_on || lost.is_empty() {
        return check;
    }
    check.fix([format!(
        "a schema administrator can have {} kept from now on by adding 8 to searchFlags of the attribute's schema object",
        lost.join(", ")
    )])
}
