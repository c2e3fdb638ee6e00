//! An object that is live already, but not where or as it is asked for.

use super::{Block, Case, block};
use crate::Dn;
use crate::facts::Presence;

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    if case.object.presence != Presence::Live {
        return None;
    }
    let dn: Dn = case.object.dn.parse().ok()?;
    let elsewhere = case.identity.to.as_ref().is_some_and(|to| &dn == to || !dn.is_at_or_below(to));
    let renamed = case.request.new_name.is_some() && case.identity.rdn != case.object.rdn;
    let other_account = case.request.sam_account_name.is_some()
        && case.identity.sam_account_name.as_deref().map(str::to_lowercase)
            != case.object.sam_account_name.as_deref().map(str::to_lowercase);
    if !(elsewhere || renamed || other_account) {
        return None;
    }
    Some(
        block("live.elsewhere", "the object is not deleted, and its place or names are not those asked for")
            .object(case.object.dn.clone())
            .way_out("leave out --to, --new-name and --sam-account-name; move or rename live objects with your usual tool"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, ids, object};
    use super::*;
    use crate::request::RestoreRequest;

    #[test]
    fn a_live_object_is_not_moved() {
        let mut live = object();
        live.presence = Presence::Live;
        live.dn = "CN=UserA,OU=OnPremises,DC=contoso,DC=com".into();
        assert!(ids(&live, &domain(), &Default::default()).is_empty());
        let here = RestoreRequest {
            to: Some("ou=onpremises,DC=contoso,DC=com".parse().unwrap()),
            ..Default::default()
        };
        assert!(ids(&live, &domain(), &here).is_empty());
        let there =
            RestoreRequest { to: Some("OU=Other,DC=contoso,DC=com".parse().unwrap()), ..Default::default() };
        assert_eq!(ids(&live, &domain(), &there), ["live.elsewhere"]);
        let named = RestoreRequest { new_name: Some("UserB".into()), ..Default::default() };
        assert_eq!(ids(&live, &domain(), &named), ["live.elsewhere"]);
    }
}
