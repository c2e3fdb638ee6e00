//! An address that `--set` gives is somebody else's: a directory synchronization would match or block the wrong one, and
//! no server checks it (protocol facts: a duplicate proxyAddresses value is accepted).

use super::{Block, Case, block};
use crate::request::smtp_addresses;

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    let set = case.request.set.iter().flat_map(|wish| smtp_addresses(&wish.attribute, &wish.values));
    let set: Vec<String> = set.collect();
    // What a source would fill is left out and told, so that it does not stop the rest.
    let (address, holder) = case.object.address_holders.iter().find(|(address, _)| set.contains(address))?;
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
    use crate::request::{AttributeWish, RestoreRequest};
    use crate::value::Value;

    #[test]
    fn a_taken_address_blocks() {
        let mut facts = object();
        let holder = Holder { guid: guid(9), dn: "CN=Other".into(), attribute: "mail".into() };
        facts.address_holders = vec![("a@contoso.com".into(), holder)];
        let wish =
            AttributeWish { attribute: "mail".into(), values: vec![Value::Text("A@contoso.com".into())] };
        let request = RestoreRequest { set: vec![wish], ..Default::default() };
        assert_eq!(ids(&facts, &domain(), &request), ["name.address"]);
        // One that a source would fill is left out.
        assert!(ids(&facts, &domain(), &Default::default()).is_empty());
    }
}
