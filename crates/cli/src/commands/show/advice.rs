//! What to do next about an object.

use adrecover_core::Dn;
use adrecover_core::deleted::{DeletedObject, NeverRestored, NotRestorable, ParentState};
use adrecover_core::lifetime::State;

use super::document::Item;
use crate::journal::Holding;

/// Lines of advice; commands can be typed as they stand.
pub(super) fn next(
    item: &Item,
    stripped: &[String],
    never: Option<NeverRestored>,
    journal: Option<&Holding>,
) -> Vec<String> {
    let Item::Deleted(object) = item else { return vec![] };
    match object.not_restorable_because {
        None => restore(object, stripped, journal),
        // The reason is said where it is known.
        Some(NotRestorable::Class) if never.is_some() => vec![],
        Some(NotRestorable::Class) => vec!["objects of this class are not restored this way".into()],
        Some(NotRestorable::Recycled) => {
            vec!["it is recycled: no domain controller can undelete it any more".into()]
        }
        Some(NotRestorable::LifetimeOver) => vec![
            "its lifetime is over: domain controllers may remove it any time, and some may have done so"
                .into(),
        ],
        Some(NotRestorable::ServerCannot) => {
            vec!["this server (Samba with the Recycle Bin on) cannot undelete it over LDAP".into()]
        }
    }
}

fn restore(object: &DeletedObject, stripped: &[String], journal: Option<&Holding>) -> Vec<String> {
    const UPN: &str = "userPrincipalName";
    let mut lines = vec![];
    let fill = journal.map_or("", |journal| &journal.options);
    let mut command = format!("adrecover restore --guid {}{fill}", object.guid);
    match object.parent_state {
        Some(ParentState::Deleted) => {
            lines.push(
                "its last parent is deleted too: restore that first, or name another with --to DN".into(),
            );
            if let Some(guid) = parent_guid(object) {
                lines.push(format!("adrecover restore --tree {guid} --dry-run"));
            }
        }
        Some(ParentState::Missing) => {
            lines.push("its last parent is gone: name a container with --to DN".into());
            command.push_str(" --to DN");
        }
        Some(ParentState::Live) | None => {}
    }
    if object.state == State::Tombstone && object.kind.is_account() {
        let is_kept = journal.is_some_and(|journal| journal.attributes.iter().any(|n| n == UPN));
        if !is_kept && stripped.iter().any(|n| n == UPN) {
            lines.push("it had a userPrincipalName, which is lost: give one with --upn UPN".into());
        }
        lines.push("its password is lost: to have it enabled, add --enable --generate-password=FILE".into());
    }
    lines.push(format!("{command} --dry-run"));
    lines
}

fn parent_guid(object: &DeletedObject) -> Option<adrecover_core::ObjectGuid> {
    let parent: Dn = object.last_known_parent.as_deref()?.parse().ok()?;
    Some(parent.rdn()?.unmangled()?.1)
}
