//! `userPrincipalName`.

use adrecover_core::fill::LOGON_NAME;

use super::addresses::is_initial;
use super::{Draft, present};
use crate::checks::suffix;
use crate::evidence::{UserField, without_prefix};

/// The name that it was synchronised with; else the one that it has in the cloud, where the engine takes that from
/// `userPrincipalName`. A placeholder of the cloud's own is no logon name: it has it because its own was taken, or because
/// its domain is not the tenant's.
pub(super) fn add(draft: &mut Draft<'_, '_>) {
    let (attribute, _) = draft.case.upn_attribute();
    let is_usual = attribute.eq_ignore_ascii_case(LOGON_NAME);
    let id = draft.user.text(UserField::Id).value().unwrap_or_default();
    let synchronised = present(draft.user.text(UserField::OnPremisesUserPrincipalName));
    let synchronised = synchronised.map(|upn| without_prefix(upn, id).unwrap_or(upn));
    let of_cloud = present(draft.user.upn());
    let Some(upn) = synchronised.or(of_cloud) else { return };
    if synchronised.is_none() && !is_usual {
        let text = format!(
            "the engine makes the cloud's logon name of {attribute}: userPrincipalName is not filled from it; give it with --upn"
        );
        return draft.note(text);
    }
    if suffix(upn).is_some_and(is_initial) {
        let text =
            format!("the logon name `{}` is the cloud's own: give the real one with --upn", brief(upn));
        return draft.note(text);
    }
    draft.text(LOGON_NAME, upn);
}

fn brief(text: &str) -> String {
    text.chars().take(120).collect()
}
