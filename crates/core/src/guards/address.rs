//! An address that `--set` gives or a source fills is somebody else's: a directory synchronization would match or block the wrong one, and
//! no server checks it (protocol facts: a duplicate proxyAddresses value is accepted).

use super::{Block, Case, block};

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    let (address, holder) = case.object.address_holders.first()?;
    let way_out = match case.request.fills.contains_key(&case.object.guid) {
        true => {
            "take it from the other object first, or give the other addresses with --set, which wins over every source"
        }
        false => "another address, or take it from the other object first",
    };
    Some(
        block(
            "name.address",
            format!("the address `{address}` is in use by another object ({})", holder.attribute),
        )
        .object(holder.dn.clone())
        .way_out(way_out),
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
