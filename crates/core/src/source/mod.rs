//! A directory that is only read: the one interface of all files and servers that tell what objects were.
//!
//! An LDIF export, an AD Explorer snapshot, an `ntds.dit`, a backup of Samba, an event log, a mounted snapshot behind LDAP: each
//! lists objects, looks one up, tells its links, and says of what moment it is, how it was read and which of its parts could
//! not be read. A source has no way to change anything.
//!
//! Calls block. What is listed is handed over one by one, so that nothing grows with the size of the source; a visitor ends a
//! listing with [`ControlFlow::Break`]. Damage of a part costs that part: it is put into [`Source::damage`] and the rest is read.
//! An `Err` is what prevents an answer altogether.

mod about;
mod damage;
mod error;
mod event;
mod linked;
mod object;

use std::ops::ControlFlow;

pub use about::{About, Counts, Moment, SourceKind};
pub use damage::{Damage, DamageReport};
pub use error::SourceError;
pub use event::{Actor, Event, EventKind, Subject};
pub use linked::{backward_of, forward_of, is_link};
pub use object::{Gap, GapReason, Link, LinkEnd, LinkState, Object, Standing};

use crate::{Dn, ObjectGuid, Sid};

/// What takes the objects, links and events of a listing, one by one.
pub type Visit<'a, T> = &'a mut dyn FnMut(T) -> ControlFlow<()>;

/// A directory that is only read.
///
/// A source may keep positions and caches between calls, therefore `&mut self`.
pub trait Source: Send {
    /// What it is and of what moment; made when it was opened.
    fn about(&self) -> &About;

    /// Hands over every object of the selection, in the order of the source. Attributes that are links are not among those of
    /// the objects: [`Self::links`] tells them.
    fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError>;

    /// The objects with this name, whatever their state, live ones first. Several may have one name, except a GUID.
    ///
    /// Without an index of its own a source is listed.
    fn find(&mut self, key: &Key) -> Result<Vec<Object>, SourceError> {
        find_by_listing(self, key)
    }

    /// Hands over the links of an object that this source gave: those that it holds (`member` of a group), or those of others that
    /// point to it (`member` of its groups, always by the forward attribute's name). Removed and deactivated ones come too, marked.
    fn links(
        &mut self,
        object: &Object,
        direction: Direction,
        visit: Visit<'_, Link>,
    ) -> Result<(), SourceError>;

    /// Hands over what the source tells of things that happened: change records of an LDIF file, records of an event log. In the order
    /// of the source. Most sources have none.
    fn events(&mut self, of: Option<&Key>, visit: Visit<'_, Event>) -> Result<(), SourceError> {
        let _ = (of, visit);
        Ok(())
    }

    /// How many objects there are, by their state; lists them where that is not known.
    fn count(&mut self) -> Result<Counts, SourceError> {
        if let Some(counts) = self.about().counts {
            return Ok(counts);
        }
        let mut counts = Counts::default();
        let wanted = Selection { attributes: Some(vec![]), ..Selection::everything() };
        self.list(&wanted, &mut |object| {
            counts.add(object.standing);
            ControlFlow::Continue(())
        })?;
        Ok(counts)
    }

    /// What could not be read so far. Listing everything makes it complete.
    fn damage(&self) -> &DamageReport;
}

/// Which objects a listing hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Live ones.
    pub live: bool,
    /// Deleted ones that can be restored: those in the Recycle Bin, and tombstones.
    pub deleted: bool,
    /// Recycled ones.
    pub recycled: bool,
    /// Only this object and what lies below it.
    pub under: Option<Dn>,
    /// The attributes to give; `None` for all that the source has. Those that [`Object`] and its state are read from
    /// (`objectGUID`, `objectSid`, `isDeleted`, `isRecycled`) are read in any case, and need not be among those given.
    pub attributes: Option<Vec<String>>,
}

impl Selection {
    /// All objects, whatever their state, with all attributes.
    #[must_use]
    pub fn everything() -> Self {
        Self { live: true, deleted: true, recycled: true, under: None, attributes: None }
    }

    /// Whether an object of this state is handed over.
    #[must_use]
    pub fn takes(&self, standing: Standing) -> bool {
        use crate::lifetime::State;
        match standing {
            Standing::Live => self.live,
            Standing::Deleted(State::Recycled) => self.recycled,
            Standing::Deleted(State::Deleted | State::Tombstone) => self.deleted,
        }
    }

    /// Whether an object with this name is handed over. A name that is no DN lies below nothing.
    #[must_use]
    pub fn covers(&self, dn: &str) -> bool {
        let Some(base) = &self.under else { return true };
        dn.parse::<Dn>().is_ok_and(|dn| dn.is_at_or_below(base))
    }

    /// Whether an attribute is given, by its name in any case and without options.
    #[must_use]
    pub fn names(&self, attribute: &str) -> bool {
        let Some(names) = &self.attributes else { return true };
        names.iter().any(|name| name.eq_ignore_ascii_case(attribute))
    }
}

/// What an object is looked for by. Texts are found in any case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// `objectGUID`.
    Guid(ObjectGuid),
    /// `objectSid`.
    Sid(Sid),
    /// Its DN in the source.
    Dn(Dn),
    /// `sAMAccountName`.
    Account(String),
    /// `userPrincipalName`.
    Principal(String),
    /// The value of the nearest component of its DN; of a deleted object the one before its deletion.
    Name(String),
}

impl Key {
    /// Whether an object has this name. Its entry must have the attributes that are asked for ([`Self::attribute`]).
    #[must_use]
    pub fn matches(&self, object: &Object) -> bool {
        let is = |attribute: &str, text: &str| {
            let text = text.to_lowercase();
            object.entry.texts(attribute).iter().any(|value| value.to_lowercase() == text)
        };
        match self {
            Self::Guid(guid) => object.guid == Some(*guid),
            Self::Sid(sid) => object.sid.as_ref() == Some(sid),
            Self::Dn(dn) => object.entry.dn.parse::<Dn>().is_ok_and(|own| own == *dn),
            Self::Account(text) => is("sAMAccountName", text),
            Self::Principal(text) => is("userPrincipalName", text),
            Self::Name(text) => crate::deleted::original_rdn(&object.entry)
                .is_some_and(|rdn| rdn.value().to_lowercase() == text.to_lowercase()),
        }
    }

    /// The attribute that it is a value of, where it is one.
    #[must_use]
    pub fn attribute(&self) -> Option<&'static str> {
        match self {
            Self::Guid(_) => Some("objectGUID"),
            Self::Sid(_) => Some("objectSid"),
            Self::Account(_) => Some("sAMAccountName"),
            Self::Principal(_) => Some("userPrincipalName"),
            Self::Dn(_) | Self::Name(_) => None,
        }
    }
}

/// Which end of its links an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It has the forward attribute: what it points to.
    Holds,
    /// Others have it: what points to it.
    PointedTo,
}

/// The most objects that one look-up gives.
pub const MOST_FOUND: usize = 1000;

/// Finds by looking at every object, for sources without an index for this kind of name.
pub fn find_by_listing<S: Source + ?Sized>(source: &mut S, key: &Key) -> Result<Vec<Object>, SourceError> {
    let mut found = vec![];
    source.list(&Selection::everything(), &mut |object| {
        if key.matches(&object) {
            found.push(object);
        }
        let is_done = found.len() >= MOST_FOUND || (matches!(key, Key::Guid(_)) && !found.is_empty());
        if is_done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    found.sort_by_key(|object| object.standing != Standing::Live);
    Ok(found)
}

#[cfg(test)]
mod tests;
