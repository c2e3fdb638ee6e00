//! One of the two sides: what it is asked, and what is known of how much it tells.

use std::collections::{HashMap, HashSet};

use crate::source::{Key, Object, Source, SourceError, Standing};
use crate::{Dn, ObjectGuid};

/// How many parents are remembered.
const PARENTS: usize = 50_000;
/// How many names of attributes are known; AD's schema has some thousand. Further ones are not compared.
const NAMES: usize = u16::MAX as usize;

/// A side.
pub(super) struct Side<'a> {
    pub(super) source: &'a mut dyn Source,
    /// Whether an attribute that is not there was not set.
    is_whole: bool,
    /// Attributes that any object of it has, as they are written and in lower case.
    pub(super) seen: HashSet<String>,
    /// Whether an attribute that it does not have is told of in any case.
    pub(super) tells_all: bool,
    parents: HashMap<String, Option<ObjectGuid>>,
}

/// What one side says of an attribute that an object does not have there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It was not set.
    Unset,
    /// It was not set, or not exported, or not readable.
    Unsure,
    /// Nothing.
    Unknown,
}

impl<'a> Side<'a> {
    pub(super) fn new(source: &'a mut dyn Source) -> Self {
        let is_whole = source.about().absence_is_unset;
        Self { source, is_whole, seen: HashSet::new(), tells_all: false, parents: HashMap::new() }
    }

    /// Whether what it does not have was not set, of every object.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What it says of an attribute that an object does not have.
    pub(super) fn absence(&self, object: &Object, attribute: &str) -> Absence {
        if self.is_whole || object.is_whole {
            Absence::Unset
        } else if self.tells_all || self.seen.contains(&attribute.to_ascii_lowercase()) {
            Absence::Unsure
        } else {
            Absence::Unknown
        }
    }

    /// The object of a GUID.
    pub(super) fn find(&mut self, guid: ObjectGuid) -> Result<Option<Object>, SourceError> {
        let found = self.source.find(&Key::Guid(guid))?;
        Ok(found.into_iter().next())
    }

    /// The GUID of the object with this name, where one is there.
    pub(super) fn guid_of(&mut self, dn: &Dn) -> Result<Option<ObjectGuid>, SourceError> {
        let key = dn.key();
        if let Some(known) = self.parents.get(&key) {
            return Ok(*known);
        }
        let found = self.source.find(&Key::Dn(dn.clone()))?;
        let guid = found.first().and_then(|object| object.guid);
        if self.parents.len() >= PARENTS {
            self.parents.clear();
        }
        self.parents.insert(key, guid);
        Ok(guid)
    }
}

/// Remembers that a side tells of an attribute.
pub(super) fn saw(seen: &mut HashSet<String>, attribute: &str) {
    if seen.len() < NAMES && !seen.contains(attribute) {
        seen.insert(attribute.to_ascii_lowercase());
        seen.insert(attribute.to_owned());
    }
}

/// Whether an object is live.
pub(super) fn is_live(object: &Object) -> bool {
    object.standing == Standing::Live
}

/// Numbers for the names of attributes.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<String, u16>,
}

impl Names {
    /// The number of a name, in any case; `None` where there are too many.
    pub(super) fn number(&mut self, name: &str) -> Option<u16> {
        if let Some(known) = self.numbers.get(name) {
            return Some(*known);
        }
        let lower = name.to_ascii_lowercase();
        let number = match self.numbers.get(&lower) {
            Some(known) => *known,
            None if self.numbers.len() >= NAMES => return None,
            None => {
                // Two keys may have one number: it is free all the same.
                let free = u16::try_from(self.numbers.len()).ok()?;
                self.numbers.insert(lower, free);
                free
            }
        };
        if self.numbers.len() < NAMES {
            self.numbers.insert(name.to_owned(), number);
        }
        Some(number)
    }
}
