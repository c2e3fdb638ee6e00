//! Names that only one object may have.

use super::Directory;
use crate::Failure;
use crate::failure::Kind;
use crate::schema::{AttrId, known};
use crate::store::Id;

/// What is done when a name turns out to be taken: the codes differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Writing,
    Undeleting,
}

impl Directory {
    /// The live object other than this one that has a value of an attribute.
    pub(super) fn other_holder(&self, attribute: AttrId, value: &str, own: Option<Id>) -> Option<Id> {
        let found = self.store.by_value(attribute, value.as_bytes()).iter();
        found
            .copied()
            .find(|id| Some(*id) != own && self.store.get(*id).is_some_and(|object| object.is_live()))
    }

    /// `sAMAccountName` is one of a kind in the domain ([MS-SAMR] 3.1.1.6; on undelete 0x21C5
    /// ERROR_DS_UNDELETE_SAM_VALIDATION_FAILED, [MS-ERREF]).
    pub(super) fn check_account_name(
        &self,
        name: &str,
        own: Option<Id>,
        doing: Doing,
    ) -> Result<(), Failure> {
        let taken = self.other_holder(known().sam_account_name, name, own).is_some();
        match doing {
            _ if !taken => Ok(()),
            Doing::Writing => Err(Failure::new(68, 0x524, Kind::Update, "6005 (ENTRY_EXISTS)")),
            // The result code is not in the specification: unwillingToPerform is from memory.
            Doing::Undeleting => Err(Failure::unwilling(0x21c5)),
        }
    }

    /// `userPrincipalName` is one of a kind in the forest since Windows Server 2012 R2 ([MS-ADTS] 3.1.1.5.1.3); nor may it be what
    /// another account's name and the domain make.
    pub(super) fn check_upn(&self, upn: &str, own: Option<Id>) -> Result<(), Failure> {
        let implied =
            upn.split_once('@').filter(|(_, suffix)| suffix.eq_ignore_ascii_case(&self.settings.domain));
        // Also of an account that has a logon name of its own: the implied one stays its.
        let by_account =
            implied.and_then(|(account, _)| self.other_holder(known().sam_account_name, account, own));
        match self.other_holder(known().user_principal_name, upn, own).or(by_account) {
            Some(_) => Err(Failure::constraint(0x21c8, "userPrincipalName")),
            None => Ok(()),
        }
    }

    /// Service principal names are one of a kind as well.
    pub(super) fn check_spn(&self, spn: &str, own: Option<Id>) -> Result<(), Failure> {
        match self.other_holder(known().service_principal_name, spn, own) {
            Some(_) => Err(Failure::constraint(0x21c7, "servicePrincipalName")),
            None => Ok(()),
        }
    }

    /// A name in a container, whatever its type.
    pub(super) fn check_sibling(&self, parent: Id, name: &str, own: Option<Id>) -> Result<(), Failure> {
        match self.store.child(parent, name) {
            Some(holder) if Some(holder) != own => {
                Err(Failure::new(68, 0x2071, Kind::Update, "6005 (ENTRY_EXISTS)"))
            }
            _ => Ok(()),
        }
    }
}
