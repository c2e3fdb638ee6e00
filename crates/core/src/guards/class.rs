//! Objects that are refused whatever is asked for (facts: [MS-ADTS] 3.1.1.5.3.7, and what their other halves are).

use super::{Block, Case, block};
use crate::deleted::NeverRestored;
use crate::facts::Presence;
use crate::kind::ObjectKind;

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    let name = case.object.rdn.value();
    let (id, message, way_out) = match case.object.never? {
        NeverRestored::Krbtgt => (
            "class.krbtgt",
            format!("`{name}` holds the keys of a Kerberos service; an undeleted one has no usable keys"),
            "for a read-only DC demote and promote it again; for the domain's own account restore a DC from backup",
        ),
        NeverRestored::DomainController => (
            "class.domainController",
            format!(
                "`{name}` belongs to a domain controller, whose other objects and keys do not come back with it"
            ),
            "promote the server again (clean its metadata up first)",
        ),
        NeverRestored::Trust => (
            "class.trust",
            format!("`{name}` is one side of a trust, whose secret is lost"),
            "create the trust again on both sides",
        ),
        NeverRestored::GroupPolicy => (
            "class.groupPolicy",
            format!(
                "`{name}` is a group policy: its settings lie in SYSVOL and do not come back with the object"
            ),
            "restore it with Restore-GPO from a policy backup",
        ),
        NeverRestored::System => (
            "class.system",
            format!("`{name}` (`{}`) can be created by the system only", case.object.class),
            "leave it to the system, or restore a DC from backup",
        ),
    };
    Some(block(id, message).way_out(way_out))
}

/// Whether an account is a domain controller's or a trust's stands in `userAccountControl`.
pub(super) fn check_unknown(case: &Case<'_>) -> Option<Block> {
    let object = case.object;
    let unread = object.kind.is_account() && object.uac.is_none() && object.never.is_none();
    if !unread || !matches!(object.presence, Presence::Deleted(_)) {
        return None;
    }
    Some(
        block(
            "class.unknown",
            "its userAccountControl cannot be read: whether it is a domain controller's account is not known",
        )
        .way_out("an account that may read the deleted object; `adrecover doctor` says what is missing"),
    )
}

/// Of which classes an object can be created anew so that it is of use: others hold what no source gives, or belong to a service that
/// makes its own.
pub(super) fn check_new(case: &Case<'_>) -> Option<Block> {
    let object = case.object;
    if object.presence != Presence::Absent || object.never.is_some() {
        return None;
    }
    let message = match object.kind {
        ObjectKind::User
        | ObjectKind::Group
        | ObjectKind::Contact
        | ObjectKind::Computer
        | ObjectKind::Ou => {
            if object.kind != ObjectKind::Group || object.group_type.is_some_and(|kind| kind & BUILTIN == 0) {
                return None;
            }
            "the source does not say what kind of group it was, or it was one of the system's own".to_owned()
        }
        _ => format!("objects of the class `{}` are not created anew", object.class),
    };
    Some(
        block("class.recreate", message).way_out("create it with the tool of the service that it belongs to"),
    )
}

/// `groupType` bit 1: GROUP_TYPE_BUILTIN_LOCAL_GROUP, which only the system creates ([MS-ADTS] 2.2.12).
const BUILTIN: i64 = 1;

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, ids, object};
    use super::*;

    #[test]
    fn an_account_of_unknown_kind_is_refused() {
        let mut facts = object();
        facts.uac = None;
        assert_eq!(ids(&facts, &domain(), &Default::default()), ["class.unknown"]);
        facts.kind = ObjectKind::Group;
        assert!(ids(&facts, &domain(), &Default::default()).is_empty());
    }

    #[test]
    fn krbtgt_and_others_are_refused() {
        for (never, id) in [
            (NeverRestored::Krbtgt, "class.krbtgt"),
            (NeverRestored::DomainController, "class.domainController"),
            (NeverRestored::Trust, "class.trust"),
            (NeverRestored::GroupPolicy, "class.groupPolicy"),
            (NeverRestored::System, "class.system"),
        ] {
            let mut facts = object();
            facts.never = Some(never);
            assert_eq!(ids(&facts, &domain(), &Default::default()), [id]);
        }
    }
}
