//! An address that `--set` gives is somebody else's: a directory synchronization would match or block the wrong one, and
//! no server checks it (protocol facts: a duplicate proxyAddresses value is accepted).

use super::{Block, Case, block};

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    let (address, holder) = case.object.address_holders.first()?;
    Some(
        block(
            "name.address",
            format!("the address `{address}` is in use by another object ({})", holder.attribute),
        )
        .object(holder.dn.clone())
        .way_out("another address, or take it from the other object first"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, guid, ids, object};
    use crate::facts::Holder;

    #[test]
    fn a_taken_address_blocks() {
        let mut facts = object();
        let holder = Holder { guid: guid(9), dn: "CN=Other".into(), attribute: "mail".into() };
        facts.address_holders = vec![("a@contoso.com".into(), holder)];
        assert_eq!(ids(&facts, &domain(), &Default::default()), ["name.address"]);
    }
}
