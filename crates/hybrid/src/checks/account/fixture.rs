//! Evidence of users and descriptors of access for the tests.

use adrecover_core::Sid;
use adrecover_core::security::{Access, Ace, AceFlags, AceKind, SecurityDescriptor};

use crate::checks::testing::ANCHOR;

/// The account of the engine.
pub(crate) const ENGINE: &str = "S-1-5-21-1-2-3-1104";

/// The first lines of an answer of Graph about users.
pub(crate) const USERS: &str =
    r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":["#;

/// Anna in the cloud, with more properties.
pub(crate) fn anna(more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(
        r#"{USERS}{{"id":"11111111-1111-1111-1111-111111111111","userPrincipalName":"anna@contoso.com",
          "onPremisesImmutableId":"{ANCHOR}"{comma}{more}}}]}}"#
    )
}

/// A descriptor that grants these rights to everybody in the directory and those to the engine.
pub(crate) fn descriptor(everybody: Access, engine: Access, is_protected: bool) -> SecurityDescriptor {
    let ace = |trustee: &str, access| Ace {
        kind: AceKind::Allow,
        flags: AceFlags(0),
        access,
        object_type: None,
        inherited_object_type: None,
        trustee: trustee.parse::<Sid>().ok(),
    };
    let control = if is_protected { 0x9004 } else { 0x8004 };
    let dacl = vec![ace("S-1-5-11", everybody), ace(ENGINE, engine)];
    SecurityDescriptor { control, owner: None, group: None, dacl: Some(dacl) }
}
