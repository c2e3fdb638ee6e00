//! The identifiers that rights are about, as the schema and the extended rights of every forest have them ([MS-ADA1] to [MS-ADA3],
//! [MS-ADSC], [MS-ADTS] 5.1.3.2.1).

use uuid::{Uuid, uuid};

use crate::Sid;

/// The control access right to reanimate tombstones, granted at the head of a naming context.
pub const REANIMATE_TOMBSTONES: Uuid = uuid!("45ec5156-db7e-47bb-b53f-dbeb2d03c40f");
/// The control access right to set a password without knowing the old one.
pub const RESET_PASSWORD: Uuid = uuid!("00299570-246d-11d0-a768-00aa006e0529");

/// The class `user`.
pub const USER: Uuid = uuid!("bf967aba-0de6-11d0-a285-00aa003049e2");
/// The class `inetOrgPerson`.
pub const INET_ORG_PERSON: Uuid = uuid!("4828cc14-1437-45bc-9b07-ad6f015e5f28");
/// The class `group`.
pub const GROUP: Uuid = uuid!("bf967a9c-0de6-11d0-a285-00aa003049e2");
/// The class `computer`.
pub const COMPUTER: Uuid = uuid!("bf967a86-0de6-11d0-a285-00aa003049e2");
/// The class `contact`.
pub const CONTACT: Uuid = uuid!("5cb41ed0-0e4c-11d0-a286-00aa003049e2");
/// The class `organizationalUnit`.
pub const ORGANIZATIONAL_UNIT: Uuid = uuid!("bf967aa5-0de6-11d0-a285-00aa003049e2");
/// The class `container`.
pub const CONTAINER: Uuid = uuid!("bf967a8b-0de6-11d0-a285-00aa003049e2");

/// The class `msDS-GroupManagedServiceAccount`.
pub const GROUP_MANAGED_SERVICE_ACCOUNT: Uuid = uuid!("7b8b558a-93a5-4af7-adca-c017e67f1057");
/// The class `msDS-ManagedServiceAccount`.
pub const MANAGED_SERVICE_ACCOUNT: Uuid = uuid!("ce206244-5827-4a86-ba1c-1c0c386c1b64");

const PUBLIC_INFORMATION: Uuid = uuid!("e48d0154-bcf8-11d1-8702-00c04fb96050");
const ACCOUNT_RESTRICTIONS: Uuid = uuid!("4c164200-20c0-11d0-a768-00aa006e0529");
const MEMBERSHIP: Uuid = uuid!("bc0ac240-79a9-11d0-9020-00c04fc2d4cf");

/// An attribute, as rights name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property {
    /// `schemaIDGUID`.
    pub attribute: Uuid,
    /// `attributeSecurityGUID`: the property set that it belongs to.
    pub set: Option<Uuid>,
}

/// `name`, which every rename and undelete writes.
pub const NAME: Property =
    Property { attribute: uuid!("bf967a0e-0de6-11d0-a285-00aa003049e2"), set: Some(PUBLIC_INFORMATION) };
/// `cn`.
pub const CN: Property =
    Property { attribute: uuid!("bf96793f-0de6-11d0-a285-00aa003049e2"), set: Some(PUBLIC_INFORMATION) };
/// `ou`.
pub const OU: Property =
    Property { attribute: uuid!("bf9679f0-0de6-11d0-a285-00aa003049e2"), set: Some(PUBLIC_INFORMATION) };
/// `userPrincipalName`.
pub const USER_PRINCIPAL_NAME: Property =
    Property { attribute: uuid!("28630ebb-41d5-11d1-a9c1-0000f80367c1"), set: Some(PUBLIC_INFORMATION) };
/// `userAccountControl`.
pub const USER_ACCOUNT_CONTROL: Property =
    Property { attribute: uuid!("bf967a68-0de6-11d0-a285-00aa003049e2"), set: Some(ACCOUNT_RESTRICTIONS) };
/// `member`.
pub const MEMBER: Property =
    Property { attribute: uuid!("bf9679c0-0de6-11d0-a285-00aa003049e2"), set: Some(MEMBERSHIP) };

/// A class that deleted objects commonly have: its name and its `schemaIDGUID`.
pub fn class(name: &str) -> Option<(&'static str, Uuid)> {
    const KNOWN: [(&str, Uuid); 9] = [
        ("user", USER),
        ("inetOrgPerson", INET_ORG_PERSON),
        ("group", GROUP),
        ("computer", COMPUTER),
        ("contact", CONTACT),
        ("organizationalUnit", ORGANIZATIONAL_UNIT),
        ("container", CONTAINER),
        ("msDS-GroupManagedServiceAccount", GROUP_MANAGED_SERVICE_ACCOUNT),
        ("msDS-ManagedServiceAccount", MANAGED_SERVICE_ACCOUNT),
    ];
    KNOWN.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// OWNER RIGHTS: whoever owns the object.
pub const OWNER_RIGHTS: &str = "S-1-3-4";
/// Everyone.
pub const EVERYONE: &str = "S-1-1-0";
/// Whoever logged on with a password or a ticket.
pub const AUTHENTICATED_USERS: &str = "S-1-5-11";
/// Whoever came over the network.
pub const NETWORK: &str = "S-1-5-2";
/// The built-in group Administrators.
pub const ADMINISTRATORS: &str = "S-1-5-32-544";

/// Whether the SID is this well-known one ([MS-DTYP] 2.4.2.4).
pub fn is(sid: &Sid, well_known: &str) -> bool {
    well_known.parse::<Sid>().is_ok_and(|known| known == *sid)
}
