//! An object with very many links, a part at a time, so that a group of a hundred thousand members does not lie in memory in every
//! form that it passes through.

use std::borrow::Cow;
use std::vec;

use adrecover_core::Entry;
use adrecover_core::entry::Attribute;

use super::schema::{Kind, Schema};

/// So many values of a link are told at a time.
const PART: usize = 10_000;

/// The values of a link attribute of a full read that are still to be told.
#[derive(Debug)]
pub(super) struct Rest {
    /// The entry without attributes, but for what says whose it is.
    entry: Entry,
    name: Cow<'static, str>,
    values: vec::IntoIter<Vec<u8>>,
}

impl Rest {
    /// Takes what is too much for one batch away from the longest link attribute.
    pub(super) fn of(entry: &mut Entry, schema: &Schema) -> Option<Self> {
        // DirSync may name the values that were added, which in a full read are all: `member;range=1-1`.
        let is_link = |attribute: &&mut Attribute| {
            let plain = attribute.name.split(';').next().unwrap_or_default();
            schema.get(plain).is_some_and(|known| known.kind == Kind::Link)
        };
        let longest = entry.attributes.iter_mut().filter(|a| a.values.len() > PART).filter(is_link);
        let attribute = longest.max_by_key(|attribute| attribute.values.len())?;
        let values = attribute.values.split_off(PART).into_iter();
        let name = attribute.name.clone();
        let mut head = Entry::new(entry.dn.clone());
        if let Some(guid) = entry.guid() {
            head = head.with("objectGUID", [guid.to_wire()]);
        }
        Some(Self { entry: head, name, values })
    }

    /// The next part: an entry of links only.
    pub(super) fn next(&mut self) -> Option<Entry> {
        let values: Vec<Vec<u8>> = self.values.by_ref().take(PART).collect();
        if values.is_empty() {
            return None;
        }
        let mut entry = self.entry.clone();
        entry.attributes.push(Attribute { name: self.name.clone(), values });
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::schema::tests::schema;

    #[test]
    fn the_longest_list_of_links_comes_in_parts_and_every_value_once() {
        let values = |many: usize| (0..many).map(|n| format!("CN={n},DC=x")).collect::<Vec<_>>();
        let mut entry = Entry::new("CN=g,DC=x")
            .with("objectClass", ["group"])
            .with("description", values(PART + 1))
            .with("member;range=1-1", values(2 * PART + 5));
        let mut rest = Rest::of(&mut entry, &schema()).unwrap();
        let mut told: Vec<Vec<u8>> = entry.values("member;range=1-1").to_vec();
        assert_eq!((told.len(), entry.values("description").len()), (PART, PART + 1));
        while let Some(part) = rest.next() {
            assert_eq!((part.dn.as_str(), part.attributes.len()), ("CN=g,DC=x", 1));
            told.extend(part.values("member;range=1-1").to_vec());
        }
        assert_eq!(told, values(2 * PART + 5).into_iter().map(String::into_bytes).collect::<Vec<_>>());
        assert!(Rest::of(&mut Entry::new("CN=g").with("member", values(PART)), &schema()).is_none());
    }
}
