//! By what a user is asked for: everything that a check or a decision may look it up by.

use adrecover_core::{ObjectGuid, Sid};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::read::Key;
use crate::checks::Subject;

/// Addresses of one user beyond these are not asked for; Entra ID takes about 300.
const ADDRESSES: usize = 500;

impl Key {
    /// All that a user of the directory may be found by in the cloud, and that others may have of it. An anchor in another attribute
    /// than the two usual ones is not among them: not finding that one means nothing.
    pub fn of_subject(subject: &Subject) -> Vec<Self> {
        let mut keys = vec![];
        let guids = [subject.guid(), subject.guid_value("mS-DS-ConsistencyGuid").value()];
        keys.extend(guids.into_iter().flatten().map(anchor));
        let master = subject.text("msExchMasterAccountSid").value().map(|sid| sid.into_owned());
        let sids = subject.sid().map(|sid| sid.to_string()).into_iter().chain(master);
        keys.extend(sids.map(Self::Sid));
        let account = subject.text("sAMAccountName").value().map(|name| name.into_owned());
        // Without a UPN the engine makes one of the account name and the domain.
        let made = account.as_ref().map(|name| format!("{name}@{}", subject.dn.dns_name()));
        keys.extend(account.map(Self::SamAccountName));
        let upns = [subject.text("userPrincipalName"), subject.text("mail")];
        for upn in upns.into_iter().filter_map(|upn| upn.value().map(|u| u.into_owned())).chain(made) {
            keys.push(Self::Address(upn.clone()));
            keys.push(Self::UserPrincipalName(upn));
        }
        for name in ["proxyAddresses", "targetAddress"] {
            let all = subject.texts(name).value().unwrap_or_default();
            keys.extend(all.into_iter().take(ADDRESSES).map(|address| Self::Address(address.into_owned())));
        }
        distinct(keys)
    }

    /// All that a user who is called so may be found by: an object id or a GUID of the directory, a source anchor, a SID, a UPN or an
    /// address, an account name. Nothing for a distinguished name: Graph does not look for one.
    pub fn of_name(name: &str) -> Vec<Self> {
        let name = name.trim();
        if let Ok(id) = name.parse::<Uuid>() {
            let guid = name.parse::<ObjectGuid>().ok();
            return std::iter::once(Self::Id(id)).chain(guid.map(anchor)).collect();
        }
        if name.parse::<Sid>().is_ok() {
            return vec![Self::Sid(name.to_owned())];
        }
        if name.contains('@') {
            let own = [Self::UserPrincipalName(name.to_owned()), Self::Address(name.to_owned())];
            return in_bin(name).map(Self::Id).into_iter().chain(own).collect();
        }
        if is_anchor(name) {
            return vec![Self::ImmutableId(name.to_owned())];
        }
        let account = name.rsplit_once('\\').map_or(name, |(_, account)| account);
        if account.is_empty() || account.contains(NOT_IN_ACCOUNTS) {
            return vec![];
        }
        vec![Self::SamAccountName(account.to_owned())]
    }
}

/// What no account name holds ([MS-SAMR] 3.1.1.6).
const NOT_IN_ACCOUNTS: [char; 15] =
    ['"', '/', '\\', '[', ']', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>'];

/// The object id that stands before the UPN of a deleted user, as it is copied from a list of them.
fn in_bin(upn: &str) -> Option<Uuid> {
    let (prefix, rest) = upn.split_at_checked(32)?;
    prefix.parse().ok().filter(|_| !rest.starts_with('@'))
}

/// Whether it is base64 of a GUID, or of something else with a character that no account name has.
fn is_anchor(name: &str) -> bool {
    let octets = STANDARD.decode(name);
    octets.is_ok_and(|octets| octets.len() == 16 || name.contains(['+', '/', '=']))
}

fn anchor(guid: ObjectGuid) -> Key {
    Key::ImmutableId(guid.source_anchor())
}

impl Key {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Id(_) => false,
            Self::ImmutableId(text)
            | Self::UserPrincipalName(text)
            | Self::Address(text)
            | Self::Sid(text)
            | Self::SamAccountName(text) => text.is_empty(),
        }
    }
}

/// Each key once, in their order.
pub(crate) fn distinct(keys: Vec<Key>) -> Vec<Key> {
    let mut seen = std::collections::HashSet::new();
    keys.into_iter().filter(|key| seen.insert(key.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let id = "8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab";
        assert_eq!(
            Key::of_name(id),
            [Key::Id(id.parse().unwrap()), Key::ImmutableId("KmtOjTwfW0qcfQEjRWeJqw==".into())]
        );
        assert_eq!(Key::of_name("S-1-5-21-1-2-3-500"), [Key::Sid("S-1-5-21-1-2-3-500".into())]);
        assert_eq!(Key::of_name(" CONTOSO\\anna "), [Key::SamAccountName("anna".into())]);
        assert_eq!(Key::of_name("a@b"), [Key::UserPrincipalName("a@b".into()), Key::Address("a@b".into())]);
        let prefixed = format!("{}a@b", id.replace('-', ""));
        assert_eq!(Key::of_name(&prefixed)[0], Key::Id(id.parse().unwrap()));
        // Whoever is called so has no prefix.
        let own = prefixed.replace("a@b", "@b");
        assert_eq!(Key::of_name(&own)[0], Key::UserPrincipalName(own));
        assert_eq!(Key::of_name(" "), []);
        for anchor in ["KmtOjTwfW0qcfQEjRWeJqw==", "MTIzNA=="] {
            assert_eq!(Key::of_name(anchor), [Key::ImmutableId(anchor.into())]);
        }
        assert_eq!(Key::of_name("anna1234"), [Key::SamAccountName("anna1234".into())]);
        assert_eq!(Key::of_name("no name, at all"), []);
        assert_eq!(Key::of_name("CN=Anna,OU=Sales,DC=contoso,DC=com"), []);
    }
}
