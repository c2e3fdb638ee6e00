//! The new relative name: its type is the deleted object's, its value one that AD can hold.
//!
//! Samba accepts another RDN type; the object can then never be restored again (65, mandatory `cn` missing; seen on a
//! real DC).

use super::{Block, Case, block};
use crate::dn::{DELETED_MARK, MAX_RDN_VALUE};

pub(super) fn check_type(case: &Case<'_>) -> Option<Block> {
    let asked = case.request.new_name.as_deref()?;
    let (kind, _) = asked.split_once('=')?;
    let kind = kind.trim();
    let is_type = ["CN", "OU", "DC", "O", "L", "UID"].iter().any(|k| k.eq_ignore_ascii_case(kind));
    if !is_type || kind.eq_ignore_ascii_case(case.object.rdn.kind()) {
        return None;
    }
    Some(
        block(
            "name.rdnType",
            format!(
                "--new-name {asked} would change the name's type from {} to {kind}",
                case.object.rdn.kind()
            ),
        )
        .way_out(format!("--new-name \"{}=…\", or the name without its type", case.object.rdn.kind())),
    )
}

pub(super) fn check_value(case: &Case<'_>) -> Option<Block> {
    if !case.object.presence.comes_back() {
        return None;
    }
    let value = case.identity.rdn.value();
    let limited = ["CN", "OU"].iter().any(|k| k.eq_ignore_ascii_case(case.identity.rdn.kind()));
    let length = value.chars().count();
    if value.is_empty() || (limited && length > MAX_RDN_VALUE) {
        let message = format!("the name has {length} characters; AD takes 1 to {MAX_RDN_VALUE}");
        return Some(block("name.length", message).way_out("--new-name with a shorter name"));
    }
    if value.contains(DELETED_MARK) {
        return Some(
            block("name.mark", "the name holds the mark that AD gives to deleted objects")
                .way_out("--new-name with another name"),
        );
    }
    if case.object.name_may_be_cut && case.request.new_name.is_none() {
        return Some(
            block(
                "name.cut",
                format!("the end of the name may have been cut when it was deleted; it now reads `{value}`"),
            )
            .way_out("--new-name with the whole name, or with this one"),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, ids, object};
    use crate::request::RestoreRequest;

    fn named(name: &str) -> RestoreRequest {
        RestoreRequest { new_name: Some(name.into()), ..Default::default() }
    }

    #[test]
    fn the_type_stays_and_the_value_fits() {
        assert_eq!(ids(&object(), &domain(), &named("OU=UserA")), ["name.rdnType"]);
        assert!(ids(&object(), &domain(), &named("CN=Other")).is_empty());
        assert!(ids(&object(), &domain(), &named("a = b")).is_empty());
        assert_eq!(ids(&object(), &domain(), &named(&"x".repeat(65))), ["name.length"]);
        assert_eq!(ids(&object(), &domain(), &named("")), ["name.length"]);
        assert_eq!(ids(&object(), &domain(), &named("a\nDEL:b")), ["name.mark"]);
        let mut cut = object();
        cut.name_may_be_cut = true;
        assert_eq!(ids(&cut, &domain(), &Default::default()), ["name.cut"]);
        assert!(ids(&cut, &domain(), &named("Whole Name")).is_empty());
    }
}
