//! Names that are written a million times and kept once: attributes and domain controllers.

use std::cell::RefCell;
use std::collections::HashMap;

use adrecover_core::ObjectGuid;

use crate::rows::broken;
use crate::seal::{Place, Sealer};
use crate::store::{Param, Store, StoreError, sql};

/// The rows of `attributes` and `controllers`. They are few and are never changed, so that they are kept in memory.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    attributes: RefCell<Table<String>>,
    accepted: RefCell<HashMap<String, i64>>,
    controllers: RefCell<Table<ObjectGuid>>,
    is_writer: bool,
}

#[derive(Debug)]
struct Table<T> {
    /// By the key under which it is found.
    by_key: HashMap<T, i64>,
    /// As it is shown.
    by_id: HashMap<i64, T>,
    last: i64,
    is_loaded: bool,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), by_id: HashMap::new(), last: 0, is_loaded: false }
    }
}

impl Ids {
    /// Forgets everything: what was added in a transaction that failed is not there.
    pub(crate) fn forget(&self) {
        self.attributes.take();
        self.accepted.take();
        self.controllers.take();
    }

    /// For whoever is the only one that writes: what was read once is all there is.
    pub(crate) fn of_writer() -> Self {
        Self { is_writer: true, ..Self::default() }
    }

    /// The id of an attribute that was found worth keeping, as it is spelt.
    pub(crate) fn accepted(&self, name: &str) -> Option<i64> {
        self.accepted.borrow().get(name).copied()
    }

    /// The id of an attribute that is worth keeping, in any case; it gets one where it has none.
    pub(crate) fn accept(&self, vault: Vault<'_>, name: &str) -> Result<i64, StoreError> {
        let id = match self.known_attribute(vault, name)? {
            Some(id) => id,
            None => {
                let mut table = self.attributes.borrow_mut();
                let id = table.last.saturating_add(1);
                vault.put(sql::ATTRIBUTE_INSERT, id, Place::Attribute { id }, name.as_bytes())?;
                table.note(id, name.to_ascii_lowercase(), name.to_owned());
                id
            }
        };
        self.accepted.borrow_mut().insert(name.to_owned(), id);
        Ok(id)
    }

    /// The id of an attribute that occurs in the journal.
    pub(crate) fn known_attribute(&self, vault: Vault<'_>, name: &str) -> Result<Option<i64>, StoreError> {
        let key = name.to_ascii_lowercase();
        let find = || self.attributes.borrow().by_key.get(&key).copied();
        if let Some(id) = find() {
            return Ok(Some(id));
        }
        self.load_attributes(vault)?;
        Ok(find())
    }

    /// The name of an attribute.
    pub(crate) fn attribute_name(&self, vault: Vault<'_>, id: i64) -> Result<String, StoreError> {
        let find = || self.attributes.borrow().by_id.get(&id).cloned();
        if let Some(name) = find() {
            return Ok(name);
        }
        self.load_attributes(vault)?;
        find().ok_or_else(|| StoreError::damaged(format!("attribute {id} has no name")))
    }

    /// The id of a domain controller; it gets one where it has none.
    pub(crate) fn controller(&self, vault: Vault<'_>, invocation: ObjectGuid) -> Result<i64, StoreError> {
        let find = || self.controllers.borrow().by_key.get(&invocation).copied();
        if let Some(id) = find() {
            return Ok(id);
        }
        self.load_controllers(vault)?;
        if let Some(id) = find() {
            return Ok(id);
        }
        let mut table = self.controllers.borrow_mut();
        let id = table.last.saturating_add(1);
        vault.put(sql::CONTROLLER_INSERT, id, Place::Controller { id }, &invocation.to_wire())?;
        table.note(id, invocation, invocation);
        Ok(id)
    }

    /// The invocation id of a domain controller; `None` for 0, which is none.
    pub(crate) fn invocation(&self, vault: Vault<'_>, id: i64) -> Result<Option<ObjectGuid>, StoreError> {
        if id == 0 {
            return Ok(None);
        }
        let find = || self.controllers.borrow().by_id.get(&id).copied();
        if find().is_none() {
            self.load_controllers(vault)?;
        }
        find().map(Some).ok_or_else(|| StoreError::damaged(format!("domain controller {id} has no row")))
    }

    fn load_attributes(&self, vault: Vault<'_>) -> Result<(), StoreError> {
        if self.is_writer && self.attributes.borrow().is_loaded {
            return Ok(());
        }
        let rows = vault.all(
            sql::ATTRIBUTES,
            |id| Place::Attribute { id },
            |octets| {
                String::from_utf8(octets).map_err(|_| StoreError::damaged("an attribute's name is no text"))
            },
        )?;
        let mut table = Table { is_loaded: true, ..Table::default() };
        for (id, name) in rows {
            table.note(id, name.to_ascii_lowercase(), name);
        }
        self.attributes.replace(table);
        Ok(())
    }

    fn load_controllers(&self, vault: Vault<'_>) -> Result<(), StoreError> {
        if self.is_writer && self.controllers.borrow().is_loaded {
            return Ok(());
        }
        let rows = vault.all(sql::CONTROLLERS, |id| Place::Controller { id }, |octets| guid(&octets))?;
        let mut table = Table { is_loaded: true, ..Table::default() };
        for (id, invocation) in rows {
            table.note(id, invocation, invocation);
        }
        self.controllers.replace(table);
        Ok(())
    }
}

impl<T: std::hash::Hash + Eq> Table<T> {
    fn note(&mut self, id: i64, key: T, shown: T) {
        self.by_key.insert(key, id);
        self.by_id.insert(id, shown);
        self.last = self.last.max(id);
    }
}

/// The rows and what they are sealed with.
#[derive(Clone, Copy)]
pub(crate) struct Vault<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) sealer: &'a Sealer,
}

impl Vault<'_> {
    fn put(self, sql: &'static str, id: i64, place: Place, octets: &[u8]) -> Result<(), StoreError> {
        let payload = self.sealer.seal(place, octets.to_vec()).ok_or(StoreError::NoRandomNumbers)?;
        self.store.put(sql, &[Param::Int(id), Param::Bytes(&payload)])
    }

    fn all<T>(
        self,
        sql: &'static str,
        place: impl Fn(i64) -> Place,
        read: impl Fn(Vec<u8>) -> Result<T, StoreError>,
    ) -> Result<Vec<(i64, T)>, StoreError> {
        self.store.all(sql, &[], |row| {
            let id = row.int(0)?;
            let opened = self.sealer.open(place(id), row.bytes(1)?).map_err(|_| broken("name", id))?;
            Ok((id, read(opened.into_owned())?))
        })
    }
}

/// A GUID in a column.
pub(crate) fn guid(octets: &[u8]) -> Result<ObjectGuid, StoreError> {
    ObjectGuid::from_wire(octets).map_err(|error| StoreError::damaged(error.to_string()))
}
