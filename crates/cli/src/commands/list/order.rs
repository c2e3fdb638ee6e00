//! In which order objects are listed.

use std::cmp::{Ordering, Reverse};
use std::str::FromStr;

use adrecover_core::deleted::DeletedObject;

use super::columns::{Column, Sight};

/// A field and a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    by: Column,
    descending: bool,
}

/// The latest deletion first.
impl Default for Order {
    fn default() -> Self {
        Self { by: Column::Deleted, descending: true }
    }
}

impl FromStr for Order {
    type Err = String;

    /// `FIELD`, `FIELD:asc` or `FIELD:desc`; times come latest first where nothing is said.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (field, direction) = text.split_once(':').map_or((text, None), |(f, d)| (f, Some(d)));
        let by: Column = field.parse()?;
        let descending = match direction {
            None => by == Column::Deleted,
            Some(d) if d.eq_ignore_ascii_case("asc") => false,
            Some(d) if d.eq_ignore_ascii_case("desc") => true,
            Some(d) => return Err(format!("the direction `{d}` is neither asc nor desc")),
        };
        Ok(Self { by, descending })
    }
}

impl Order {
    /// Sorts; what is equal is in the order of its GUIDs, so that the same objects always come the same way. What has no value
    /// comes last.
    pub(super) fn sort(self, objects: &mut [DeletedObject]) {
        match self.by {
            Column::Deleted => self.by_key(objects, |o| o.deleted_at),
            Column::Expires => self.by_key(objects, |o| o.expires_at),
            Column::DaysLeft => self.by_key(objects, |o| o.days_left),
            Column::Sid => self.by_key(objects, |o| o.sid.clone()),
            column => self.by_key(objects, |o| {
                Some(column.raw(o, Sight::Live).to_lowercase()).filter(|t| !t.is_empty())
            }),
        }
    }

    fn by_key<K: Ord>(self, objects: &mut [DeletedObject], key: impl Fn(&DeletedObject) -> Option<K>) {
        objects.sort_by_cached_key(|o| {
            let key = key(o);
            (key.is_none(), Directed { key, descending: self.descending }, o.guid)
        });
    }
}

struct Directed<K> {
    key: K,
    descending: bool,
}

impl<K: Ord> Ord for Directed<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.descending { Reverse(&self.key).cmp(&Reverse(&other.key)) } else { self.key.cmp(&other.key) }
    }
}

impl<K: Ord> PartialOrd for Directed<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord> PartialEq for Directed<K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<K: Ord> Eq for Directed<K> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_directions() {
        assert_eq!("deleted".parse::<Order>().unwrap(), Order::default());
        assert!(!"NAME".parse::<Order>().unwrap().descending);
        assert!("name:desc".parse::<Order>().unwrap().descending);
        assert!("colour".parse::<Order>().unwrap_err().contains("samAccountName"));
        assert!("name:up".parse::<Order>().is_err());
    }
}
