//! Distinguished names of objects: kept as their own part and the object that they lie in, so that the change of a container's name
//! is one change and not one for each object below.

use std::collections::HashMap;

use adrecover_core::dn::unmangle;
use adrecover_core::{Dn, Rdn};

use crate::ask::Moment;
use crate::codec::state::{Name, State};
use crate::journal::Journal;
use crate::kind::Kind;
use crate::rows::broken;
use crate::store::StoreError;

/// No directory is deeper: a longer way up is a circle in a damaged file.
pub(crate) const DEEPEST: usize = 250;

/// Splits a DN behind its nearest component, without changing a letter. The second part is empty where there is none.
pub(crate) fn split(dn: &str) -> (&str, &str) {
    let mut escaped = false;
    let mut quoted = false;
    for (at, octet) in dn.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b';' if !quoted => return (&dn[..at], &dn[at + 1..]),
            _ => {}
        }
    }
    (dn, "")
}

/// No name is longer: what a damaged file puts together could be of any length.
const LONGEST: usize = 64 * 1024;

/// The names that an object can be found by: the value of its nearest component, and for a deleted one the value before.
pub(crate) fn values(rdn: &str) -> Vec<String> {
    let Ok(rdn) = Rdn::first(rdn) else { return vec![] };
    let value = rdn.value();
    let mut out = vec![value.to_lowercase()];
    if let Some((old, _)) = unmangle(value) {
        out.push(old.to_lowercase());
    }
    out
}

/// A DN of its nearest component and the rest.
pub(crate) fn joined(rdn: &str, container: &str) -> Result<String, StoreError> {
    if container.is_empty() || rdn.is_empty() {
        return Ok(rdn.to_owned());
    }
    if rdn.len().saturating_add(container.len()) > LONGEST {
        return Err(StoreError::damaged("a name is longer than any"));
    }
    Ok(format!("{rdn},{container}"))
}

/// Whether two DNs are one by the directory's rules.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a == b || matches!((a.parse::<Dn>(), b.parse::<Dn>()), (Ok(a), Ok(b)) if a == b)
}

/// Whether two texts of a DN's nearest component are one name, to the letter: servers do not agree with themselves on what is escaped,
/// and how (Samba 4.17 tells `\\,` and `\\2C` of one object).
pub(crate) fn same_rdn(a: &str, b: &str) -> bool {
    a == b || matches!((Rdn::first(a), Rdn::first(b)), (Ok(a), Ok(b)) if a.to_string() == b.to_string())
}

/// The names of objects at one moment, each asked once.
pub(crate) struct Names<'a> {
    journal: &'a Journal,
    moment: Moment,
    known: HashMap<i64, String>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(journal: &'a Journal, moment: Moment) -> Self {
        Self { journal, moment, known: HashMap::new() }
    }

    /// The DN of an object; empty where it was never told.
    pub(crate) fn dn(&mut self, object: i64) -> Result<String, StoreError> {
        self.up(object, 0)
    }

    /// The DN of what has this name and lies there.
    pub(crate) fn dn_of(&mut self, name: &Name<'_>, parent: i64) -> Result<String, StoreError> {
        self.join(name, parent, 0)
    }

    fn up(&mut self, object: i64, depth: usize) -> Result<String, StoreError> {
        if let Some(dn) = self.known.get(&object) {
            return Ok(dn.clone());
        }
        if depth > DEEPEST {
            return Err(StoreError::damaged(format!("object {object} lies in itself")));
        }
        let (name, parent) = self.journal.name_at(object, self.moment)?;
        let dn = self.join(&name, parent, depth)?;
        // Only containers are asked for again, and there are few of them.
        if depth > 0 {
            self.known.insert(object, dn.clone());
        }
        Ok(dn)
    }

    fn join(&mut self, name: &Name<'_>, parent: i64, depth: usize) -> Result<String, StoreError> {
        let container = match &name.container {
            Some(dn) => dn.clone().into_owned(),
            None if parent != 0 => self.up(parent, depth + 1)?,
            None => String::new(),
        };
        joined(&name.rdn, &container)
    }
}

impl Journal {
    /// The own part of an object's name at a moment, and the object that it lay in.
    pub(crate) fn name_at(&self, object: i64, moment: Moment) -> Result<(Name<'static>, i64), StoreError> {
        let row = self.pointed(object)?;
        let payload = self.state_payload(&row)?;
        let name = State::read_name(&payload).ok_or_else(|| broken("state of object", object))?.into_owned();
        let mut found = (name, row.parent);
        if moment == Moment::Now {
            return Ok(found);
        }
        for change in self.changes_of(object, Kind::NAME)? {
            if moment.includes(change.seq, change.happened) {
                break;
            }
            if let Some(old) = change.replaced()?.name {
                found = (old.name.into_owned(), old.parent.unwrap_or(0));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dn_is_split_behind_its_first_part() {
        for (dn, rdn, rest) in [
            ("CN=a,DC=x", "CN=a", "DC=x"),
            ("CN=Doe\\, A,OU=b,DC=x", "CN=Doe\\, A", "OU=b,DC=x"),
            ("CN=\"a, b\",DC=x", "CN=\"a, b\"", "DC=x"),
            ("CN=a\\\\,DC=x", "CN=a\\\\", "DC=x"),
            ("DC=x", "DC=x", ""),
            ("", "", ""),
            ("CN=ü\\", "CN=ü\\", ""),
        ] {
            assert_eq!(split(dn), (rdn, rest));
        }
    }

    #[test]
    fn a_deleted_object_is_found_by_its_old_name() {
        let mangled = "CN=Ada\\0ADEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";
        assert_eq!(values(mangled).len(), 2);
        assert_eq!(values(mangled)[1], "ada");
        assert_eq!(values("CN=Ada"), ["ada"]);
        assert_eq!(values("nonsense"), Vec::<String>::new());
    }
}
