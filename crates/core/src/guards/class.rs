//! Objects that are refused whatever is asked for (facts: [MS-ADTS] 3.1.1.5.3.7, and what their other halves are).

use super::{Block, Case, block};
use crate::deleted::NeverRestored;
use crate::facts::Presence;

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

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, ids, object};
    use super::*;

    #[test]
    fn an_account_of_unknown_kind_is_refused() {
        let mut facts = object();
        facts.uac = None;
        assert_eq!(ids(&facts, &domain(), &Default::default()), ["class.unknown"]);
        facts.kind = crate::kind::ObjectKind::Group;
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
