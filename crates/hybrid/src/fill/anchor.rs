//! `mS-DS-ConsistencyGuid`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Draft, present};
use crate::scope::model::SettingName;

const ATTRIBUTE: &str = "mS-DS-ConsistencyGuid";

/// The source anchor of the cloud, where the engine takes it from that attribute (its default since 2017) and it is one: base64 of
/// 16 octets.
pub(super) fn add(draft: &mut Draft<'_, '_>) {
    let setting = draft.case.sync_setting(SettingName::AnchorAttribute).map(|(value, _)| value);
    if setting.is_some_and(|name| !name.eq_ignore_ascii_case(ATTRIBUTE)) {
        return;
    }
    let Some(theirs) = present(draft.user.immutable_id()) else { return };
    match STANDARD.decode(theirs) {
        Ok(octets) if octets.len() == 16 => {
            let source = draft.source.clone();
            draft.octets(ATTRIBUTE, &octets, &source);
        }
        _ => draft.note(format!(
            "the cloud's source anchor `{}` is not base64 of 16 octets: {ATTRIBUTE} is not filled from it",
            theirs.chars().take(120).collect::<String>()
        )),
    }
}
