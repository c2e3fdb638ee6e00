//! What describes a person: name, telephone, address, organisation, custom attributes.

use super::{Draft, present};
use crate::checks::{PAIRS, in_cloud, manager};
use crate::evidence::UserField;

/// Each property as it is. The manager is named by an object id in the cloud: the one who has it gives the DN.
pub(super) fn add(draft: &mut Draft<'_, '_>) {
    for (attribute, field) in PAIRS {
        let Some(value) = present(in_cloud(draft.user, field)) else { continue };
        if field != UserField::Manager {
            draft.text(attribute, value);
        } else if let Some(dn) = draft.case.evidence.and_then(|evidence| manager(evidence, value)) {
            draft.text(attribute, dn.trim());
        }
    }
}
