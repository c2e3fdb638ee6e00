//! The container to restore into. Samba takes a deleted container, Deleted Objects itself, or a user for a parent (seen
//! on a real DC); Windows answers 0x2089 for a deleted or missing one.

use super::{Block, Case, block};
use crate::facts::{ParentFacts, Presence};

const DELETED_OBJECTS: &str = "CN=Deleted Objects,";

pub(super) fn check_place(case: &Case<'_>) -> Option<Block> {
    if !case.object.presence.comes_back() {
        return None;
    }
    match &case.object.parent {
        ParentFacts::Deleted { in_plan: true, .. } => None,
        ParentFacts::Deleted { guid, dn, name, in_plan: false } => Some(
            block("parent.deleted", format!("its container `{name}` is itself deleted"))
                .object(dn.clone())
                .way_out(format!(
                    "--tree {guid} restores the container with what was in it; --to DN restores elsewhere"
                )),
        ),
        ParentFacts::Missing { dn: Some(dn) } => Some(
            block("parent.missing", format!("the container `{dn}` does not exist"))
                .object(dn.clone())
                .way_out("--to DN of an existing container"),
        ),
        ParentFacts::Missing { dn: None } => Some(
            block("parent.missing", "the object does not say where it was deleted from")
                .way_out("--to DN of a container"),
        ),
        ParentFacts::Live { dn, .. } => in_another_place(case, dn),
    }
}

fn in_another_place(case: &Case<'_>, parent: &crate::Dn) -> Option<Block> {
    let text = parent.to_string();
    if text.to_lowercase().starts_with(&DELETED_OBJECTS.to_lowercase()) || parent.is_mangled() {
        return Some(
            block(
                "parent.deletedObjects",
                "the target lies in Deleted Objects, where a live object cannot be found",
            )
            .object(text)
            .way_out("--to DN of a live container"),
        );
    }
    let source = match case.object.presence {
        // A new object comes into the domain, wherever the old one was.
        Presence::Absent => Some(case.domain.domain.clone()),
        _ => case.object.dn.parse().ok().and_then(|dn| naming_context(case, &dn)),
    };
    if naming_context(case, parent) != source {
        return Some(
            block(
                "parent.namingContext",
                "the target lies in another naming context than the deleted object",
            )
            .object(text)
            .way_out("--to DN of a container in the naming context that the object was deleted from"),
        );
    }
    None
}

/// The nearest naming context above a DN.
fn naming_context(case: &Case<'_>, dn: &crate::Dn) -> Option<crate::Dn> {
    case.domain.naming_contexts.iter().filter(|nc| dn.is_at_or_below(nc)).max_by_key(|nc| nc.depth()).cloned()
}

pub(super) fn check_class(case: &Case<'_>) -> Option<Block> {
    if !case.object.presence.comes_back() {
        return None;
    }
    let ParentFacts::Live { dn, classes, may_hold: Some(false), .. } = &case.object.parent else {
        return None;
    };
    let class = classes.last().map_or("object", String::as_str);
    Some(
        block("parent.class", format!("a `{class}` cannot hold a `{}`", case.object.class))
            .object(dn.to_string())
            .way_out("--to DN of an organizational unit or container"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, guid, ids, object};
    use super::*;

    fn with_parent(parent: ParentFacts) -> Vec<String> {
        let mut facts = object();
        facts.parent = parent;
        ids(&facts, &domain(), &Default::default())
    }

    fn live(dn: &str, may_hold: bool) -> ParentFacts {
        ParentFacts::Live {
            dn: dn.parse().unwrap(),
            guid: guid(3),
            classes: vec!["user".into()],
            may_hold: Some(may_hold),
        }
    }

    #[test]
    fn a_parent_must_be_a_live_container_of_the_same_naming_context() {
        let deleted =
            |in_plan| ParentFacts::Deleted { guid: guid(3), dn: "OU=x".into(), name: "x".into(), in_plan };
        assert_eq!(with_parent(deleted(false)), ["parent.deleted"]);
        assert!(with_parent(deleted(true)).is_empty());
        assert_eq!(with_parent(ParentFacts::Missing { dn: Some("OU=x".into()) }), ["parent.missing"]);
        assert_eq!(with_parent(ParentFacts::Missing { dn: None }), ["parent.missing"]);
        assert_eq!(
            with_parent(live("CN=Deleted Objects,DC=contoso,DC=com", true)),
            ["parent.deletedObjects"]
        );
        assert_eq!(
            with_parent(live("CN=Sites,CN=Configuration,DC=contoso,DC=com", true)),
            ["parent.namingContext"]
        );
        assert_eq!(with_parent(live("CN=UserB,DC=contoso,DC=com", false)), ["parent.class"]);
        assert!(with_parent(live("OU=Ok,DC=contoso,DC=com", true)).is_empty());
    }
}
