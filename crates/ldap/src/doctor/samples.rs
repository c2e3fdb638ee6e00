//! The objects that rights are read from: the newest deleted ones, the containers they came from, users and groups there.

use adrecover_core::deleted::original_rdn;
use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::doctor::{DoctorFacts, Sample, Target};
use adrecover_core::kind::ObjectKind;
use adrecover_core::time::{Timestamp, to_generalized};
use adrecover_core::{DirectoryError, Dn, Entry, filter};
use chrono::Duration;

use super::{described, descriptor, limited, tolerated};
use crate::Session;

/// How many deleted objects are looked at.
const SAMPLES: usize = 5;
/// How many containers are looked at where none was named.
const CONTAINERS: usize = 5;
/// How many live users of a container are looked at.
const USERS: u64 = 1;
/// How many groups are looked at where none was named.
const GROUPS: usize = 3;
/// How many entries are read to find the newest.
const READ: u64 = 1000;
/// The ages within which the newest are looked for, in days. AD returns deleted objects in no order, and there may be millions.
const AGES: [i64; 3] = [1, 30, 365];
/// `GUID_USERS_CONTAINER_W` ([MS-ADTS] 6.1.1.4).
const USERS_CONTAINER: &str = "A9D1CA15768811D1ADED00C04FD8D5CD";

/// What a sample is read from. `allowedAttributes` tells a server that does not know `allowedAttributesEffective` from one that
/// allows nothing.
const RIGHTS: [&str; 5] =
    ["name", "msDS-LastKnownRDN", "lastKnownParent", "allowedAttributes", "allowedAttributesEffective"];

/// The newest deleted objects of the kinds that are restored, from the named containers where some are.
pub(super) async fn deleted(
    session: &Session,
    facts: &DoctorFacts,
    containers: &[Dn],
    now: Timestamp,
) -> Result<Vec<Sample>, DirectoryError> {
    let Some(container) = facts.container.dn.as_ref().filter(|_| facts.container.children > 0) else {
        return Ok(vec![]);
    };
    let parents = containers.iter().map(|dn| filter::equals("lastKnownParent", &dn.to_string()));
    let from = if containers.is_empty() { "(objectClass=*)".to_owned() } else { filter::any_of(parents) };
    let kinds = filter::any_of(
        ["user", "group", "organizationalUnit", "contact"].map(|class| filter::equals("objectClass", class)),
    );
    let mut newest = vec![];
    for age in AGES.map(Some).into_iter().chain([None]) {
        let since = age.map(|days| format!("(whenChanged>={})", to_generalized(now - Duration::days(days))));
        let parts = [Some(kinds.clone()), Some(from.clone()), since].into_iter().flatten();
        let query = Query::below(container, Scope::OneLevel, filter::all_of(parts))
            .attributes(["whenChanged"])
            .visibility(Visibility::Deleted);
        newest = tolerated(limited(session, &query, READ, None).await)?.unwrap_or_default().0;
        if newest.len() >= SAMPLES {
            break;
        }
    }
    newest.sort_by_key(|entry| std::cmp::Reverse(entry.time("whenChanged")));
    let mut samples = vec![];
    for entry in newest.iter().take(SAMPLES) {
        samples.extend(sample(session, &entry.dn, Visibility::Deleted).await?);
    }
    Ok(samples)
}

/// One object with what the caller may write of it.
async fn sample(
    session: &Session,
    dn: &str,
    visibility: Visibility,
) -> Result<Option<Sample>, DirectoryError> {
    let query = Query::object(dn).visibility(visibility);
    let Some(entry) = described(session, &query, &RIGHTS).await? else {
        return Ok(None);
    };
    let parsed = entry.dn.parse::<Dn>().ok();
    let rdn = match visibility {
        Visibility::Live => parsed.as_ref().and_then(Dn::rdn).cloned(),
        _ => original_rdn(&entry),
    };
    let Some(rdn) = rdn else {
        return Ok(None);
    };
    Ok(Some(Sample {
        guid: entry.guid(),
        name: rdn.value().to_owned(),
        kind: ObjectKind::of(&entry),
        class: entry.texts("objectClass").pop().unwrap_or_default(),
        rdn_attribute: rdn.kind().to_owned(),
        // Whatever was restored once still has it.
        last_known_parent: (visibility != Visibility::Live)
            .then(|| entry.dn_value("lastKnownParent"))
            .flatten(),
        descriptor: descriptor(&entry),
        writable: effective(&entry, "allowedAttributes", "allowedAttributesEffective"),
        dn: entry.dn,
    }))
}

/// The values of an attribute of effective rights: none where the server knows the attribute but allows nothing.
fn effective(entry: &Entry, known_by: &str, name: &str) -> Option<Vec<String>> {
    (entry.has(known_by) || entry.has(name)).then(|| entry.texts(name))
}

/// The containers that are named, else those that the samples were deleted from, else that of new users.
pub(super) async fn targets(
    session: &Session,
    facts: &DoctorFacts,
    named: &[Dn],
) -> Result<Vec<Target>, DirectoryError> {
    let mut dns: Vec<Dn> = named.to_vec();
    if dns.is_empty() {
        let parents = facts.deleted.iter().filter_map(|s| s.last_known_parent.clone());
        for parent in parents.filter(|p| !p.is_mangled()) {
            if !dns.contains(&parent) && dns.len() < CONTAINERS {
                dns.push(parent);
            }
        }
    }
    if dns.is_empty() {
        let query = Query::object(format!("<WKGUID={USERS_CONTAINER},{}>", facts.domain));
        dns.extend(described(session, &query, &[]).await?.and_then(|e| e.dn.parse().ok()));
    }
    let mut targets = vec![];
    for dn in dns {
        targets.push(target(session, dn).await?);
    }
    Ok(targets)
}

async fn target(session: &Session, dn: Dn) -> Result<Target, DirectoryError> {
    let classes = ["allowedChildClasses", "allowedChildClassesEffective"];
    let entry = described(session, &Query::object(dn.to_string()), &classes).await?;
    let Some(entry) = entry else {
        return Ok(Target { dn, exists: false, may_create: None, descriptor: None, users: vec![] });
    };
    let users = users(session, &dn).await?;
    let may_create = effective(&entry, classes[0], classes[1]);
    Ok(Target { dn, exists: true, may_create, descriptor: descriptor(&entry), users })
}

/// Users of a container, if possible such as are in groups.
async fn users(session: &Session, container: &Dn) -> Result<Vec<Sample>, DirectoryError> {
    for more in ["(memberOf=*)", ""] {
        // Protected accounts have rights of their own (AdminSDHolder, [MS-ADTS] 3.1.1.6.1) that say nothing about the others;
        // built-in ones are never deleted.
        let filter = format!(
            "(&(objectClass=user)(!(objectClass=computer))(!(adminCount=1))(!(isCriticalSystemObject=TRUE)){more})"
        );
        let query = Query::below(container.to_string(), Scope::OneLevel, filter).attributes(["objectGUID"]);
        let found = tolerated(limited(session, &query, USERS, None).await)?.unwrap_or_default().0;
        let mut users = vec![];
        for user in found {
            users.extend(sample(session, &user.dn, Visibility::Live).await?);
        }
        if !users.is_empty() {
            return Ok(users);
        }
    }
    Ok(vec![])
}

/// The groups that are named, else some that the live users are in.
pub(super) async fn groups(
    session: &Session,
    targets: &[Target],
    named: &[Dn],
) -> Result<Vec<Sample>, DirectoryError> {
    let mut dns: Vec<String> = named.iter().map(ToString::to_string).collect();
    if dns.is_empty() {
        for user in targets.iter().flat_map(|t| &t.users) {
            let query = Query::object(&user.dn).attributes(["memberOf"]);
            let found = tolerated(limited(session, &query, 1, None).await)?.unwrap_or_default().0;
            dns.extend(found.iter().flat_map(|e| e.texts("memberOf")));
        }
        dns.sort_unstable();
        dns.dedup();
        dns.truncate(GROUPS);
    }
    let mut samples = vec![];
    for dn in dns {
        samples.extend(sample(session, &dn, Visibility::Live).await?);
    }
    Ok(samples)
}
