//! Who in the forest holds a name or an address: what uniqueness is judged by.

use std::collections::HashMap;

use adrecover_core::{Entry, ObjectGuid};

/// What must not be held twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held {
    /// `userPrincipalName`.
    Upn,
    /// An SMTP address of `proxyAddresses`, `mail` or `targetAddress`, without its type; others with it.
    Address,
    /// `mailNickname`.
    Nickname,
}

/// The attributes that the index is made of; `objectGUID` besides.
pub const ATTRIBUTES: [&str; 6] =
    ["objectGUID", "userPrincipalName", "proxyAddresses", "mail", "mailNickname", "objectClass"];

/// An object that holds something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its GUID.
    pub guid: Option<ObjectGuid>,
    /// Its DN.
    pub dn: String,
}

/// The names and addresses of the forest, or of that part of it that matters for the users who are checked.
#[derive(Debug, Default)]
pub struct Forest {
    holders: Vec<Holder>,
    by_key: HashMap<(Held, String), Vec<u32>>,
    /// Where it was read: the server.
    pub source: String,
    /// Why not everybody was asked; `None` where the global catalogue answered.
    pub gap: Option<String>,
}

impl Forest {
    /// An index that is filled from a server.
    pub fn of(source: &str) -> Self {
        Self { source: source.to_owned(), ..Self::default() }
    }

    /// Nobody could be asked, for this reason.
    pub fn unknown(gap: &str) -> Self {
        Self { gap: Some(gap.to_owned()), ..Self::default() }
    }

    /// Adds a live object.
    pub fn add(&mut self, entry: &Entry) {
        let Ok(number) = u32::try_from(self.holders.len()) else { return };
        let mut keys: Vec<(Held, String)> = vec![];
        keys.extend(entry.text("userPrincipalName").map(|upn| (Held::Upn, upn.to_lowercase())));
        keys.extend(entry.text("mailNickname").map(|name| (Held::Nickname, name.to_lowercase())));
        for name in ["proxyAddresses", "mail"] {
            keys.extend(
                entry.texts(name).iter().map(|address| (Held::Address, bare(address).to_lowercase())),
            );
        }
        if keys.is_empty() {
            return;
        }
        keys.sort_by(|a, b| (a.0 as u8, &a.1).cmp(&(b.0 as u8, &b.1)));
        keys.dedup();
        self.holders.push(Holder { guid: entry.guid(), dn: entry.dn.clone() });
        for key in keys {
            self.by_key.entry(key).or_default().push(number);
        }
    }

    /// The objects other than this one that hold something.
    pub fn others(&self, held: Held, value: &str, own: Option<ObjectGuid>) -> Vec<&Holder> {
        let key = (held, bare(value).to_lowercase());
        let found = self.by_key.get(&key).into_iter().flatten().map(|number| &self.holders[*number as usize]);
        let mut found: Vec<&Holder> = found.filter(|holder| own.is_none() || holder.guid != own).collect();
        // The domain controller and the global catalogue may both have told of it.
        let mut known = std::collections::HashSet::new();
        found.retain(|holder| {
            known.insert(holder.guid.map_or_else(|| holder.dn.to_lowercase(), |g| g.to_string()))
        });
        found
    }
}

/// An address without `smtp:`; one of another type with its type.
pub(crate) fn bare(address: &str) -> &str {
    match address.split_at_checked(5) {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("smtp:") => rest,
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_found_by_what_they_hold() {
        let guid = ObjectGuid::from_wire(&[7; 16]).unwrap();
        let mut forest = Forest::of("dc1");
        let entry = Entry::new("CN=a,DC=x")
            .with("objectGUID", [guid.to_wire()])
            .with("userPrincipalName", ["A@x.test"])
            .with("proxyAddresses", ["SMTP:a@x.test", "smtp:b@x.test", "X400:c"])
            .with("mail", ["a@x.test"]);
        forest.add(&entry);
        forest.add(&entry);
        let dns = |held, value, own| {
            forest.others(held, value, own).into_iter().map(|h| h.dn.clone()).collect::<Vec<_>>()
        };
        assert_eq!(dns(Held::Upn, "a@X.test", None), ["CN=a,DC=x"]);
        assert_eq!(dns(Held::Address, "smtp:B@x.test", None), ["CN=a,DC=x"]);
        assert_eq!(dns(Held::Address, "x400:C", None), ["CN=a,DC=x"]);
        assert!(dns(Held::Address, "SMTP:a@x.test", Some(guid)).is_empty());
        assert!(dns(Held::Nickname, "a", None).is_empty());
    }
}
