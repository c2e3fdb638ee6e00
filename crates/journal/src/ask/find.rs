//! Which objects have or had a name.

use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid, Sid};

use super::Moment;
use crate::codec::state::Attribute;
use crate::journal::Journal;
use crate::kind::{Kind, Status};
use crate::lookup::{self, ACCOUNT, PRINCIPAL, Purpose, SID};
use crate::names::{self, Names};
use crate::rows::{ObjectRow, moment as time};
use crate::store::{Param, sql};
use crate::{JournalError, StoreError};

/// What an object is looked for by. Texts are found in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// `objectGUID`.
    Guid(ObjectGuid),
    /// Its DN.
    Dn(Dn),
    /// `objectSid`.
    Sid(Sid),
    /// `sAMAccountName`.
    Account(String),
    /// `userPrincipalName`.
    Principal(String),
    /// The value of the nearest component of its DN.
    Name(String),
}

/// An object that has or had a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Who it is.
    pub guid: ObjectGuid,
    /// Its DN now.
    pub dn: String,
    /// Where it stands now.
    pub status: Status,
    /// Until when it had the name; `None` where it still has it.
    pub until: Option<Timestamp>,
}

impl Journal {
    /// Whatever has this name, and after that what had it formerly, the latest first. Several objects may have had one name.
    pub fn find(&self, query: &Query) -> Result<Vec<Found>, JournalError> {
        self.asking(|| {
            let mut out = vec![];
            for id in self.candidates(query)? {
                let row = self.pointed(id)?;
                if row.status == Status::Unseen {
                    continue;
                }
                if let Some(until) = self.had(&row, query)? {
                    let dn = Names::new(self, Moment::Now).dn(id)?;
                    out.push(Found { guid: row.guid, dn, status: row.status, until: until.map(time) });
                }
            }
            out.sort_by_key(|found| (found.until.is_some(), std::cmp::Reverse(found.until)));
            Ok(out)
        })
    }

    /// Objects that may have the name: two names may have one hash.
    pub(crate) fn candidates(&self, query: &Query) -> Result<Vec<i64>, StoreError> {
        let name = |name: &str| lookup::of_text(&self.sealer, Purpose::Name, name);
        let hash = match query {
            Query::Guid(guid) => return Ok(self.object(*guid)?.map(|row| row.id).into_iter().collect()),
            Query::Dn(dn) => match dn.rdn() {
                Some(rdn) => name(rdn.value()),
                None => return Ok(vec![]),
            },
            Query::Sid(sid) => lookup::of_sid(&self.sealer, sid),
            Query::Account(text) => lookup::of_text(&self.sealer, Purpose::Account, text),
            Query::Principal(text) => lookup::of_text(&self.sealer, Purpose::Principal, text),
            Query::Name(text) => name(text),
        };
        self.store.all(sql::LOOKUP_GET, &[Param::Int(hash)], |row| row.int(0))
    }

    /// Until when an object had the name: `Some(None)` if it still has it, `None` if it never had.
    fn had(&self, row: &ObjectRow, query: &Query) -> Result<Option<Option<i64>>, StoreError> {
        match query {
            Query::Guid(_) => Ok(Some(None)),
            Query::Dn(dn) => self.had_name(row, |text| text.parse::<Dn>().is_ok_and(|d| d == *dn)),
            Query::Name(name) => {
                let name = name.to_lowercase();
                self.had_name(row, |dn| names::values(names::split(dn).0).contains(&name))
            }
            Query::Sid(sid) => self.had_value(row, SID, |value| *value == *sid.to_wire()),
            Query::Account(text) => self.had_value(row, ACCOUNT, same_text(text)),
            Query::Principal(text) => self.had_value(row, PRINCIPAL, same_text(text)),
        }
    }

    fn had_name(
        &self,
        row: &ObjectRow,
        is_it: impl Fn(&str) -> bool,
    ) -> Result<Option<Option<i64>>, StoreError> {
        if is_it(&Names::new(self, Moment::Now).dn(row.id)?) {
            return Ok(Some(None));
        }
        for change in self.changes_of(row.id, Kind::NAME)? {
            if let Some(old) = change.replaced()?.name {
                let mut names = Names::new(self, Moment::Before(change.seq));
                if is_it(&names.dn_of(&old.name, old.parent.unwrap_or(0))?) {
                    return Ok(Some(Some(change.happened)));
                }
            }
        }
        Ok(None)
    }

    fn had_value(
        &self,
        row: &ObjectRow,
        attribute: &str,
        is_it: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Option<i64>>, StoreError> {
        let Some(id) = self.known_attribute(attribute)? else { return Ok(None) };
        let is_there = |attribute: &Attribute<'_>| {
            self.values(&attribute.values).map(|values| values.iter().any(|v| is_it(v)))
        };
        if self.state(row)?.get(id).map_or(Ok(false), is_there)? {
            return Ok(Some(None));
        }
        for change in self.changes_of(row.id, Kind::ATTRIBUTES | Kind::STATUS)? {
            for old in change.replaced()?.attributes {
                if old.id == id && old.old.as_ref().map_or(Ok(false), is_there)? {
                    return Ok(Some(Some(change.happened)));
                }
            }
        }
        Ok(None)
    }
}

fn same_text(text: &str) -> impl Fn(&[u8]) -> bool {
    let text = text.to_lowercase();
    move |value| std::str::from_utf8(value).is_ok_and(|value| value.to_lowercase() == text)
}
