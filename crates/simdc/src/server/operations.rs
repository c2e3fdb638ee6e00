//! Binds and writes.

use adrecover_core::directory::Scope;

use super::connection::Connection;
use super::controls::Asked;
use crate::access::Caller;
use crate::directory::{Logon, Manner, Reading};
use crate::failure::Kind;
use crate::filter::Filter;
use crate::schema::schema;
use crate::wire::reply::op;
use crate::wire::request::{Control, Request};
use crate::{Directory, Failure};

/// Nobody logged on (4DC ERROR_NOT_AUTHENTICATED).
pub(super) fn not_bound() -> Failure {
    Failure::new(
        1,
        0x4dc,
        Kind::Ldap,
        "In order to perform this operation a successful bind must be completed on the connection.",
    )
}

impl Connection {
    /// Nobody is logged on after a bind that failed (RFC 4511 4.2.1).
    pub(super) fn refuse_bind(&mut self, failure: Failure) -> Result<(), Failure> {
        self.caller = Caller::default();
        self.open.clear();
        Err(failure)
    }

    pub(super) fn bind(&mut self, name: &str, password: &[u8]) -> Result<(), Failure> {
        self.caller = Caller::default();
        self.open.clear();
        match self.shared.directory().logon(name, password)? {
            Logon::Anonymous => {}
            Logon::Account(caller) => self.caller = *caller,
        }
        Ok(())
    }

    /// Carries a write out, unless it is refused by a fault; gives the operation of the answer with the outcome.
    pub(super) fn write(
        &mut self,
        request: Request,
        controls: &[Control],
        refusal: Option<Failure>,
    ) -> (u8, Result<(), Failure>) {
        let op = match &request {
            Request::Add { .. } => op::ADD,
            Request::Delete(_) => op::DELETE,
            Request::ModifyDn { .. } => op::MODIFY_DN,
            Request::Compare { .. } => op::COMPARE,
            _ => op::MODIFY,
        };
        (op, refusal.map_or_else(|| self.carry_out(request, controls), Err))
    }

    fn carry_out(&mut self, request: Request, controls: &[Control]) -> Result<(), Failure> {
        let asked = Asked::read(controls)?;
        if !self.caller.is_known() {
            return Err(not_bound());
        }
        if self.kind.catalogue && !matches!(request, Request::Compare { .. }) {
            return Err(Failure::unwilling(0x2035));
        }
        let mut directory = self.shared.directory();
        let is_change = matches!(request, Request::Modify { .. } | Request::Compare { .. });
        if directory.home != crate::directory::Home::default() && !is_change {
            // Domains besides the first have groups to change, and that is all.
            return Err(Failure::unwilling(0x2035));
        }
        let outcome = self.carry_out_in(&mut directory, request, &asked);
        self.shared.written(&directory);
        outcome
    }

    fn carry_out_in(
        &self,
        directory: &mut Directory,
        request: Request,
        asked: &Asked,
    ) -> Result<(), Failure> {
        let (caller, is_encrypted) = (&self.caller, self.stream.is_encrypted());
        match request {
            Request::Modify { dn, changes } => {
                let manner = Manner { sight: asked.sight, is_encrypted, is_permissive: asked.permissive };
                directory.modify(&dn, &changes, caller, manner)
            }
            Request::Add { dn, attributes } => {
                directory.add(&dn, &attributes, caller, is_encrypted).map(|_| ())
            }
            Request::Delete(dn) => directory.delete(&dn, caller, asked.sight, asked.tree),
            Request::ModifyDn { dn, new_rdn, new_superior } => {
                directory.rename(&dn, &new_rdn, new_superior.as_deref(), caller, asked.sight)
            }
            Request::Compare { dn, attribute, value } => {
                let reading = Reading {
                    caller,
                    sight: asked.sight,
                    extended_dn: None,
                    sd_parts: 7,
                    is_catalogue: self.kind.catalogue,
                };
                let filter = schema().find(&attribute).map_or(Filter::Undefined, |a| Filter::Equal(a, value));
                let mut state = directory.begin(&dn, Scope::Base, filter, &["1.1".to_owned()], reading)?;
                let page = directory.page(&mut state, reading, 1, |_| {});
                // compareTrue and compareFalse are no success.
                let code = if page.entries == 1 { 6 } else { 5 };
                Err(Failure { code, win32: 0, diagnostic: String::new(), referral: None })
            }
            _ => Err(Failure::protocol("Unrecognized request")),
        }
    }
}
