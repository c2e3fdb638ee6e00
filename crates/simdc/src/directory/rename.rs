//! New names and places of live objects ([MS-ADTS] 3.1.1.5.4).

use adrecover_core::security::Access;
use adrecover_core::{Dn, Rdn};

use super::{Directory, Sight};
use crate::Failure;
use crate::access::Caller;
use crate::failure::Kind;
use crate::filter::Name;
use crate::schema::schema;
use crate::store::Id;

impl Directory {
    /// Renames or moves an object.
    pub fn rename(
        &mut self,
        dn: &str,
        new_rdn: &str,
        new_superior: Option<&str>,
        caller: &Caller,
        sight: Sight,
    ) -> Result<(), Failure> {
        let id = self.target(dn, caller, sight)?;
        let object = self.store.get(id).ok_or_else(Failure::no_object)?;
        if !object.is_live() {
            // Across naming contexts 0x2129 ERROR_DS_CANT_MOVE_DELETED_OBJECT, else 0x2077 (Microsoft's protocol test suite).
            return Err(Failure::unwilling(0x2077));
        }
        let rdn = Rdn::first(new_rdn).map_err(|_| Failure::bad_dn())?;
        Self::check_rdn(&rdn, object.class())?;
        let parent = match new_superior {
            Some(text) => self.new_parent(id, text)?,
            None => object.parent.ok_or_else(|| Failure::unwilling(0x2035))?,
        };
        self.check_may_move(id, parent, caller)?;
        let object = self.store.get(id).ok_or_else(Failure::no_object)?;
        if object.parent != Some(parent) {
            self.check_superior(parent, object.class())?;
        }
        self.check_sibling(parent, rdn.value(), Some(id))?;
        let kind = object.rdn.kind().to_owned();
        self.store.relocate(id, parent, Rdn::new(&kind, rdn.value()));
        let written =
            ["name", kind.as_str()].into_iter().filter_map(|name| schema().find(name)).map(|a| a.attid);
        self.touch(id, written.collect::<Vec<_>>());
        Ok(())
    }

    fn new_parent(&self, id: Id, text: &str) -> Result<Id, Failure> {
        let missing = || Failure::new(32, 0x208d, Kind::Name, "2001 (NO_OBJECT)");
        let name = Name::read(text).ok_or_else(Failure::bad_dn)?;
        let parent = self.look_up(&name).ok_or_else(missing)?;
        if !self.store.get(parent).is_some_and(|object| object.is_live()) {
            return Err(missing());
        }
        let dn: Dn = self.store.dn(parent);
        if !self.is_in_context_of(&dn, id) {
            return Err(Failure::new(71, 0x20b0, Kind::Service, "5012 (DIR_ERROR)"));
        }
        if self.store.line(parent).any(|above| above == id) {
            return Err(Failure::unwilling(0x2036));
        }
        Ok(parent)
    }

    fn check_may_move(&self, id: Id, parent: Id, caller: &Caller) -> Result<(), Failure> {
        let (Some(object), Some(container)) = (self.store.get(id), self.store.get(parent)) else {
            return Err(Failure::no_object());
        };
        let naming = ["name", object.class().rdn].into_iter().filter_map(|name| schema().find(name));
        let may_rename = naming.into_iter().all(|attribute| caller.may_write(id, object, attribute));
        let may_move = object.parent == Some(parent)
            || (caller.may(id, object, Access::DELETE)
                && caller.may_create(parent, container, object.class()));
        if may_rename && may_move { Ok(()) } else { Err(Failure::no_access()) }
    }
}
