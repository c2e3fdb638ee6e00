//! The name is taken in the container to restore into (68, 0x2071 on Windows).

use super::{Block, Case, block};

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    if !case.object.presence.comes_back() {
        return None;
    }
    let holder = case.object.name_holder.as_ref()?;
    Some(
        block("name.target", format!("an object named `{}` exists there already", case.identity.rdn.value()))
            .object(holder.dn.clone())
            .way_out("--new-name NAME, or --to DN of another container"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, guid, ids, object};
    use crate::facts::Holder;

    #[test]
    fn a_taken_name_blocks() {
        let mut facts = object();
        facts.name_holder =
            Some(Holder { guid: guid(9), dn: "CN=UserA,OU=OnPremises".into(), attribute: "cn".into() });
        assert_eq!(ids(&facts, &domain(), &Default::default()), ["name.target"]);
    }
}
