//! Who in the forest holds a name or an address: what uniqueness is judged by.

use std::collections::HashMap;

use adrecover_core::{Entry, ObjectGuid};

use crate::compare::bare;

/// What must not be held twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held {
    /// `userPrincipalName`, and the attribute that the engine takes the UPN from where that is another one.
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
    /// The attribute that is indexed as a UPN besides `userPrincipalName`; `None` for none.
    pub upn_attribute: Option<String>,
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

    /// The same index, in which users are found as [`Held::Upn`] by this attribute too: the engine's alternate login id. To be said
    /// before anything is added, and the attribute to be read with [`ATTRIBUTES`].
    #[must_use]
    pub fn indexing(mut self, attribute: &str) -> Self {
        self.upn_attribute =
            (!attribute.eq_ignore_ascii_case("userPrincipalName")).then(|| attribute.to_owned());
        self
    }

    /// Whether everybody who has this attribute is found by it as [`Held::Upn`].
    pub fn indexes_upn(&self, attribute: &str) -> bool {
        let is = |name: &str| name.eq_ignore_ascii_case(attribute);
        is("userPrincipalName") || self.upn_attribute.as_deref().is_some_and(is)
    }

    /// Adds a live object.
    pub fn add(&mut self, entry: &Entry) {
        let Ok(number) = u32::try_from(self.holders.len()) else { return };
        let mut keys: Vec<(Held, String)> = vec![];
        keys.extend(entry.text("userPrincipalName").map(|upn| (Held::Upn, upn.to_lowercase())));
        // Contacts and groups have no UPN, whatever their other attributes hold.
        let classes = entry.texts("objectClass");
        if let Some(other) = &self.upn_attribute
            && (classes.is_empty() || classes.iter().any(|class| class.eq_ignore_ascii_case("user")))
        {
            keys.extend(entry.text(other).map(|upn| (Held::Upn, bare(&upn).to_lowercase())));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_attribute_is_found_as_a_upn() {
        let mut forest = Forest::of("dc1").indexing("mail");
        forest.add(&Entry::new("CN=a").with("mail", ["A@x.test"]).with("objectClass", ["top", "user"]));
        forest.add(&Entry::new("CN=b").with("mail", ["a@x.test"]).with("objectClass", ["top", "contact"]));
        let found = forest.others(Held::Upn, "a@X.test", None);
        assert_eq!(found.iter().map(|holder| holder.dn.as_str()).collect::<Vec<_>>(), ["CN=a"]);
        assert!(forest.indexes_upn("MAIL") && forest.indexes_upn("userprincipalname"));
        assert!(!forest.indexes_upn("employeeID") && !Forest::of("dc1").indexes_upn("mail"));
        assert_eq!(Forest::of("dc1").indexing("UserPrincipalName").upn_attribute, None);
    }

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
