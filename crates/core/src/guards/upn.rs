//! The logon name is taken somewhere in the forest, or is somebody's mail address, or is no logon name at all.
//!
//! Windows since 2012 R2 refuses a duplicate in the forest (0x21C8, [MS-ADTS] 3.1.1.5.1.3) unless that check is switched
//! off; Samba checks its own database only. An address of another user blocks because the cloud would match the wrong one.

use super::{Block, Case, block};

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    if !would_change(case) {
        return None;
    }
    let upn = case.identity.user_principal_name.as_deref()?;
    if case.request.upn.is_some() && !is_upn(upn) {
        return Some(
            block(
                "name.userPrincipalNameForm",
                format!("`{upn}` is not a logon name: it takes the form name@suffix"),
            )
            .way_out("--upn NAME@SUFFIX"),
        );
    }
    let holder = case.object.upn_holders.first()?;
    let (id, what) = match holder.attribute.to_lowercase().as_str() {
        "userprincipalname" => {
            ("name.userPrincipalName", "is in use as the logon name of another object".to_owned())
        }
        "samaccountname" => (
            "name.userPrincipalName",
            "is another account's logon name by its account name and domain".to_owned(),
        ),
        _ => ("name.proxyAddress", format!("is an address ({}) of another object", holder.attribute)),
    };
    Some(block(id, format!("`{upn}` {what}")).object(holder.dn.clone()).way_out("--upn NAME@SUFFIX"))
}

/// Whether the object would get the name now: a live one keeps what it has, whoever else uses it.
pub(super) fn would_change(case: &Case<'_>) -> bool {
    case.object.presence.comes_back() || case.identity.user_principal_name != case.object.user_principal_name
}

/// One `@` with something on both sides and no white space or control characters ([MS-ADTS] 5.1.1.1.1 wants
/// `name@suffix`).
pub(crate) fn is_upn(text: &str) -> bool {
    matches!(text.split_once('@'), Some((local, suffix))
        if !local.is_empty() && !suffix.is_empty() && !suffix.contains('@'))
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.chars().count() <= 1024
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, guid, ids, object};
    use crate::facts::Holder;
    use crate::request::{RestoreRequest, UpnWish};

    #[test]
    fn taken_names_and_addresses_block() {
        let request =
            RestoreRequest { upn: Some(UpnWish::Value("usera@contoso.com".into())), ..Default::default() };
        assert!(ids(&object(), &domain(), &request).is_empty());
        for (attribute, id) in
            [("userPrincipalName", "name.userPrincipalName"), ("proxyAddresses", "name.proxyAddress")]
        {
            let mut facts = object();
            facts.upn_holders =
                vec![Holder { guid: guid(9), dn: "CN=Other".into(), attribute: attribute.into() }];
            assert_eq!(ids(&facts, &domain(), &request), [id]);
        }
        for bad in ["usera", "@contoso.com", "usera@", "a@b@c", "a b@c"] {
            let request = RestoreRequest { upn: Some(UpnWish::Value(bad.into())), ..Default::default() };
            assert_eq!(ids(&object(), &domain(), &request), ["name.userPrincipalNameForm"], "{bad}");
        }
    }
}
