//! Names that go with requests: which naming context, which container, which RDN.

use adrecover_core::dn::MAX_RDN_VALUE;
use adrecover_core::{Dn, Rdn};

use super::Directory;
use crate::Failure;
use crate::failure::Kind;
use crate::schema::Class;
use crate::store::Id;

impl Directory {
    /// Whether an RDN fits a class: its type, and the length of its value ([MS-ADTS] 3.1.1.5.2.2; `rangeUpper` of `cn`).
    pub(super) fn check_rdn(rdn: &Rdn, class: &Class) -> Result<(), Failure> {
        let naming = || Failure::new(64, 0x2037, Kind::Name, "2005 (NAMING_VIOLATION)");
        if !rdn.kind().eq_ignore_ascii_case(class.rdn) || rdn.value().is_empty() {
            return Err(naming());
        }
        let limit = if class.rdn == "dc" { 255 } else { MAX_RDN_VALUE };
        if rdn.value().chars().count() > limit {
            return Err(Failure::constraint(0x2082, "cn"));
        }
        Ok(())
    }

    /// Whether an object of a class may live there: 0x2099 ERROR_DS_ILLEGAL_SUPERIOR.
    pub(super) fn check_superior(&self, parent: Id, class: &Class) -> Result<(), Failure> {
        let fits = self.store.get(parent).is_some_and(|object| class.may_be_below(object.class()));
        if fits { Ok(()) } else { Err(Failure::new(64, 0x2099, Kind::Name, "2005 (NAMING_VIOLATION)")) }
    }

    /// The live container of a DN, seen as the system: 0x2089 ERROR_DS_NO_PARENT_OBJECT "uninstantiated or deleted".
    pub(super) fn live_parent(&self, dn: &Dn) -> Result<Id, Failure> {
        let missing = || Failure::new(32, 0x2089, Kind::Update, "5012 (DIR_ERROR)");
        let parent = dn.parent().filter(|parent| !parent.is_empty()).ok_or_else(missing)?;
        let id = self.store.resolve(&parent).ok_or_else(missing)?;
        let is_live = self.store.get(id).is_some_and(|object| object.is_live());
        if is_live { Ok(id) } else { Err(missing()) }
    }

    /// Whether a DN lies in the naming context of an object.
    pub(super) fn is_in_context_of(&self, dn: &Dn, id: Id) -> bool {
        let own = self.store.context_of_object(id).map(|context| context.head);
        own.is_some() && self.store.context_of(dn).map(|context| context.head) == own
    }
}
