//! An account whose password is lost is enabled only together with a new one.

use super::{Block, Case, block};
use crate::facts::Presence;
use crate::kind::ObjectKind;
use crate::lifetime::State;
use crate::request::AccountWish;

pub(super) fn check_password(case: &Case<'_>) -> Option<Block> {
    let object = case.object;
    let lost = match object.presence {
        Presence::Deleted(state) => state == State::Tombstone,
        Presence::Absent => true,
        Presence::Live => !object.has_password && object.uac.is_some_and(|uac| !uac.is_enabled()),
    };
    let asked = case.request.account == AccountWish::Enable && !case.request.password.sets_one();
    if !asked || !lost || object.kind != ObjectKind::User || object.never.is_some() {
        return None;
    }
    Some(
        block("account.password", "its password is lost, and no new one is given: it cannot be enabled")
            .way_out("--new-password-file FILE or --generate-password=FILE, or leave out --enable"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, ids, object};
    use crate::facts::Presence;
    use crate::lifetime::State;
    use crate::request::{AccountWish, PasswordWish, RestoreRequest};

    #[test]
    fn a_tombstone_is_not_enabled_without_a_password() {
        let mut request = RestoreRequest { account: AccountWish::Enable, ..Default::default() };
        assert_eq!(ids(&object(), &domain(), &request), ["account.password"]);
        request.password = PasswordWish::No;
        assert_eq!(ids(&object(), &domain(), &request), ["account.password"]);
        request.password = PasswordWish::Given;
        assert!(ids(&object(), &domain(), &request).is_empty());

        request.password = PasswordWish::Unsaid;
        let mut live = object();
        live.presence = Presence::Live;
        live.dn = "CN=UserA,OU=OnPremises,DC=contoso,DC=com".into();
        assert!(ids(&live, &domain(), &request).is_empty(), "it is enabled");
        live.uac = crate::UserAccountControl::parse("514");
        assert_eq!(ids(&live, &domain(), &request), ["account.password"]);

        let mut bin = object();
        bin.presence = Presence::Deleted(State::Deleted);
        let mut windows = domain();
        windows.undeletes_from_bin = true;
        assert!(ids(&bin, &windows, &request).is_empty());
    }
}
