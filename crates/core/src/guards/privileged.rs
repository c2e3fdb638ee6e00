//! Privileged objects come back only with consent and a new password: whoever deleted one may have had a reason, and its
//! old password may be known.

use super::{Block, Case, block};
use crate::facts::Presence;

pub(super) fn check_consent(case: &Case<'_>) -> Option<Block> {
    if case.request.allow_privileged || !case.object.presence.comes_back() {
        return None;
    }
    let evidence = case.object.privileged.first()?;
    Some(
        block("privileged.consent", format!("the object is or was privileged: {evidence}"))
            .way_out("--allow-privileged, and a new password for an account"),
    )
}

/// The same for an object that is live and would be changed: a password reset of an administrator, say.
pub(super) fn check_live(case: &Case<'_>) -> Option<Block> {
    if case.request.allow_privileged || case.object.presence != Presence::Live {
        return None;
    }
    let evidence = case.object.privileged.first()?;
    Some(
        block("privileged.consent", format!("the object is privileged: {evidence}"))
            .way_out("--allow-privileged"),
    )
}

pub(super) fn check_password(case: &Case<'_>) -> Option<Block> {
    let deleted = case.object.presence.comes_back();
    let consented = case.request.allow_privileged && !case.object.privileged.is_empty();
    if !deleted || !consented || !case.object.kind.is_account() || case.request.password.sets_one() {
        return None;
    }
    Some(
        block("privileged.password", "a privileged account is restored only with a new password")
            .way_out("--new-password-file FILE or --generate-password=FILE"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, ids, object};
    use crate::request::{PasswordWish, RestoreRequest};

    #[test]
    fn consent_and_a_password_are_both_needed() {
        let mut facts = object();
        facts.privileged = vec!["adminCount was set".into()];
        let mut request = RestoreRequest::default();
        assert_eq!(ids(&facts, &domain(), &request), ["privileged.consent"]);
        request.allow_privileged = true;
        assert_eq!(ids(&facts, &domain(), &request), ["privileged.password"]);
        request.password = PasswordWish::Generate;
        assert!(ids(&facts, &domain(), &request).is_empty());
    }
}
