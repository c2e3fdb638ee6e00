//! What else happened in a time that looks as if it belonged to a deletion.

use adrecover_core::UserAccountControl;
use adrecover_core::time::Timestamp;

use super::Moment;
use crate::journal::Journal;
use crate::kind::Kind;
use crate::rows::ChangeRow;
use crate::store::{Param, sql};
use crate::{JournalError, StoreError};

/// How much of what else happened, deletions and what came of them aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alongside {
    /// Members that were removed from groups.
    pub memberships_removed: u64,
    /// Objects that were moved, once for each time.
    pub moved: u64,
    /// Objects that were renamed and stayed where they were.
    pub renamed: u64,
    /// Accounts that were disabled.
    pub disabled: u64,
}

impl Journal {
    /// What else happened from one second to another, both included.
    pub fn alongside(&self, from: Timestamp, to: Timestamp) -> Result<Alongside, JournalError> {
        self.asking(|| {
            let mut out = Alongside::default();
            let (from, to) = (Param::Int(from.timestamp()), Param::Int(to.timestamp()));
            if let Some(member) = self.known_attribute("member")? {
                let params = [Param::Int(member), from, to, Param::Int(Kind::STATUS.number())];
                out.memberships_removed = self.store.count(sql::LINKS_ENDED_BETWEEN, &params)?;
            }
            let kinds = Kind::NAME | Kind::ATTRIBUTES;
            let uac = self.known_attribute("userAccountControl")?;
            let params = [from, to, Param::Int(kinds.number())];
            // What is left of each is its number: a time may be long.
            let found = self
                .store
                .all(sql::CHANGES_OF_KIND_BETWEEN, &params, |row| Ok((row.int(0)?, Kind::of(row.int(2)?))))?;
            for (seq, _) in found.into_iter().filter(|(_, kind)| !kind.has(Kind::STATUS)) {
                let Some(change) = self.change(seq)? else { continue };
                match self.is_move(&change)? {
                    Some(true) => out.moved += 1,
                    Some(false) => out.renamed += 1,
                    None => {}
                }
                if let Some(uac) = uac
                    && self.disables(&change, uac)?
                {
                    out.disabled += 1;
                }
            }
            Ok(out)
        })
    }

    /// Whether a change of the name was one of the place; `None` where it was neither.
    fn is_move(&self, change: &ChangeRow) -> Result<Option<bool>, StoreError> {
        let Some(old) = change.replaced()?.name else { return Ok(None) };
        let (name, parent) = self.name_at(change.object, Moment::Before(change.seq.saturating_add(1)))?;
        let was = (old.parent.unwrap_or(0), &old.name.container);
        Ok(Some(was != (parent, &name.container)))
    }

    /// Whether it disabled an account.
    fn disables(&self, change: &ChangeRow, uac: i64) -> Result<bool, StoreError> {
        let replaced = change.replaced()?;
        let Some(old) = replaced.attributes.iter().find(|a| a.id == uac).and_then(|a| a.old.as_ref()) else {
            return Ok(false);
        };
        let disabled = |values: Vec<Vec<u8>>| {
            let text = values.first().and_then(|v| std::str::from_utf8(v).ok());
            text.and_then(UserAccountControl::parse).map(|uac| !uac.is_enabled())
        };
        if disabled(self.values(&old.values)?) != Some(false) {
            return Ok(false);
        }
        let row = self.pointed(change.object)?;
        let Some(past) = self.past(&row, Moment::Before(change.seq.saturating_add(1)))? else {
            return Ok(false);
        };
        let new = past.state.get(uac).map_or(Ok(vec![]), |a| self.values(&a.values))?;
        Ok(disabled(new) == Some(true))
    }
}
