//! One entry read as the beginning of an object's facts.

use adrecover_core::deleted::{Judge, never_restored, original_rdn};
use adrecover_core::facts::{DomainFacts, ObjectFacts, ParentFacts, Presence};
use adrecover_core::kind::ObjectKind;
use adrecover_core::lifetime::State;
use adrecover_core::request::RestoreRequest;
use adrecover_core::{Dn, Entry, UserAccountControl, metadata, value};

/// A mangled name is at most this many characters long: the limit of `cn`, 64, is not kept by mangled names, but AD cuts
/// names so that mark and GUID fit into the 255 characters of an RDN ([MS-ADTS] 3.1.1.5.5.1).
const LONGEST_MANGLED: usize = 255;

/// What an object was like that is created anew, as a source has it. `None` when it has no GUID or no name.
pub(super) fn absent(
    entry: &Entry,
    judge: &Judge,
    domain: &DomainFacts,
    request: &RestoreRequest,
) -> Option<ObjectFacts> {
    let facts = read(entry, judge, domain, request, &[])?;
    // What is mangled in the source has its place in another attribute.
    let place = match entry.is_deleted() {
        true => entry.dn_value("lastKnownParent"),
        false => facts.last_known_parent.clone(),
    };
    let uac = match facts.kind {
        ObjectKind::Computer => UserAccountControl::WORKSTATION_TRUST,
        _ => UserAccountControl::NORMAL_ACCOUNT,
    };
    let uac = UserAccountControl(uac | UserAccountControl::DISABLED);
    Some(ObjectFacts {
        dn: String::new(),
        usn_changed: None,
        presence: Presence::Absent,
        class: structural(entry),
        sid: None,
        user_principal_name: None,
        group_type: entry.integer("groupType"),
        uac: facts.kind.is_account().then_some(uac),
        has_password: false,
        keeps_old_password: false,
        deleted_at: None,
        expires_at: None,
        name_may_be_cut: false,
        last_known_parent: place,
        present: request.attributes().map(|name| (name.to_owned(), vec![])).collect(),
        ..facts
    })
}

/// The class to create: sources list classes in any order, and further ones may have been added by hand.
fn structural(entry: &Entry) -> String {
    const KNOWN: [&str; 6] = ["inetOrgPerson", "computer", "user", "group", "contact", "organizationalUnit"];
    let known = KNOWN.into_iter().find(|class| entry.is_class(class));
    known.map_or_else(
        || entry.texts("objectClass").pop().unwrap_or_else(|| "object".to_owned()),
        str::to_owned,
    )
}

/// Reads an entry; `None` when it has no GUID or no name. `filled` are the attributes that sources would fill.
pub(super) fn read(
    entry: &Entry,
    judge: &Judge,
    domain: &DomainFacts,
    request: &RestoreRequest,
    filled: &[&str],
) -> Option<ObjectFacts> {
    let guid = entry.guid()?;
    let rdn = original_rdn(entry)?;
    let kind = ObjectKind::of(entry);
    let uac = entry.uac();
    let is_deleted = entry.is_deleted();
    let presence = match is_deleted {
        true => Presence::Deleted(State::of(entry, domain.policy.recycle_bin)),
        false => Presence::Live,
    };
    let stamp_of = |attribute| entry.value("replPropertyMetaData").and_then(|v| metadata::find(v, attribute));
    let stamp = stamp_of(metadata::IS_DELETED);
    // What was written with the undelete or after it has its number or a higher one.
    let is_older = |undelete: metadata::Stamp| {
        stamp_of(metadata::UNICODE_PWD).is_some_and(|password| password.local_usn < undelete.local_usn)
    };
    let deleted_at =
        if is_deleted { stamp.and_then(|s| s.time).or_else(|| entry.time("whenChanged")) } else { None };
    let expires_at = match (presence, deleted_at) {
        (Presence::Deleted(state), Some(at)) => judge.policy.expires(state, at),
        _ => None,
    };
    let dn: Option<Dn> = entry.dn.parse().ok();
    let last_known_parent = match is_deleted {
        true => entry.dn_value("lastKnownParent"),
        false => dn.as_ref().and_then(Dn::parent),
    };
    let mangled_length = dn.as_ref().and_then(Dn::rdn).map_or(0, |r| r.value().chars().count());
    Some(ObjectFacts {
        guid,
        dn: entry.dn.clone(),
        usn_changed: entry.integer("uSNChanged"),
        presence,
        kind,
        class: entry.texts("objectClass").pop().unwrap_or_else(|| "object".to_owned()),
        name_may_be_cut: is_deleted && mangled_length >= LONGEST_MANGLED && !entry.has("msDS-LastKnownRDN"),
        rdn,
        sam_account_name: entry.text("sAMAccountName"),
        sid: entry.sid(),
        user_principal_name: entry.text("userPrincipalName"),
        group_type: None,
        uac,
        has_password: !is_deleted && uac.is_some_and(|uac| uac.is_enabled()),
        keeps_old_password: !is_deleted && stamp.is_some_and(is_older),
        deleted_at,
        expires_at,
        never: never_restored(entry, kind, uac),
        privileged: vec![],
        parent: ParentFacts::Missing { dn: last_known_parent.as_ref().map(Dn::to_string) },
        last_known_parent,
        sam_holders: vec![],
        upn_holders: vec![],
        address_holders: vec![],
        name_holder: None,
        stripped: vec![],
        had: None,
        present: request
            .attributes()
            .chain(filled.iter().copied())
            .map(|name| (name.to_owned(), value::from_attribute(entry.values(name))))
            .collect(),
        linked: vec![],
        groups: vec![],
        children: vec![],
        skipped: None,
    })
}
