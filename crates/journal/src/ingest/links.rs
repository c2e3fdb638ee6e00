//! Links: what points to what, compared value by value.

use std::collections::{HashMap, HashSet};

use adrecover_core::change::{LinkChange, ObjectChange, WholeLinks};

use super::delta::{Delta, LinkWork};
use super::pen::Pen;
use crate::context::Reading;
use crate::kind::{Kind, Status};
use crate::rows::ObjectRow;
use crate::store::{Param, StoreError, sql};

/// The attribute, the target and the data of a link: within one object its name.
type Ends = (i64, i64, i64);

impl Pen<'_> {
    pub(super) fn ends(&mut self, link: &LinkChange) -> Result<Ends, StoreError> {
        let attribute = self.attribute(&link.attribute)?;
        let target = self.target(&link.target)?;
        let data = if link.target.data.is_empty() { 0 } else { self.content(&link.target.data)? };
        Ok((attribute, target, data))
    }

    /// What is different of an object's links, once it stands there.
    pub(super) fn compare_links(
        &mut self,
        row: &ObjectRow,
        change: &ObjectChange,
        status: Status,
        delta: &mut Delta,
    ) -> Result<(), StoreError> {
        if change.links.is_empty() && change.whole_links == WholeLinks::None {
            return Ok(());
        }
        // A long list is compared in memory, a few values where they lie.
        let all = if change.links.len() > 8 || change.whole_links != WholeLinks::None {
            Some(self.open_links(row.id)?)
        } else {
            None
        };
        let mut named = HashSet::new();
        for link in change.links.iter().rev() {
            if !self.keeps(&link.attribute) {
                continue;
            }
            let ends = self.ends(link)?;
            if !named.insert(ends) {
                continue;
            }
            let mark = match &all {
                Some(all) => all.get(&ends).copied(),
                None => self.open_link(row.id, ends)?,
            };
            let (attribute, target, data) = ends;
            let work = match (link.is_present, mark) {
                (true, None) if status == Status::Stripped => continue,
                (true, None) => LinkWork::Add { attribute, target, data },
                (false, Some(_)) => LinkWork::Close { attribute, target, data },
                (true, Some(mark)) => {
                    if self.context.reading != Reading::Not && mark != self.context.generation {
                        delta.seen.push(LinkWork::Add { attribute, target, data });
                    }
                    continue;
                }
                (false, None) => continue,
            };
            let stamp = self.stamp(link.stamp.as_ref())?;
            let group = delta.group(stamp);
            group.kind |= Kind::LINKS;
            group.links.push(work);
        }
        match all {
            // What an object in the Recycle Bin points to is hidden, and not gone. At the end of a full read all is closed that it did
            // not name.
            Some(all) if self.context.reading == Reading::Not && status != Status::Deleted => {
                self.missing(row.id, change, all, &named, delta)
            }
            _ => Ok(()),
        }
    }

    /// Closes what a whole list does not have.
    fn missing(
        &mut self,
        source: i64,
        change: &ObjectChange,
        all: HashMap<Ends, i64>,
        named: &HashSet<Ends>,
        delta: &mut Delta,
    ) -> Result<(), StoreError> {
        if change.whole_links == WholeLinks::None {
            return Ok(());
        }
        let mut left: Vec<Ends> = all.into_keys().filter(|ends| !named.contains(ends)).collect();
        left.sort_unstable();
        for (attribute, target, data) in left {
            let name = self.journal.ids.attribute_name(self.store, attribute)?;
            if !change.whole_links.includes(&name) {
                continue;
            }
            // A link to an object in the Recycle Bin is hidden and not gone ([MS-ADTS] 3.1.1.1.9).
            if target != source && self.journal.pointed(target)?.status == Status::Deleted {
                continue;
            }
            let group = delta.group(None);
            group.kind |= Kind::LINKS | Kind::IMPLIED;
            group.links.push(LinkWork::Close { attribute, target, data });
        }
        Ok(())
    }

    fn open_links(&self, source: i64) -> Result<HashMap<Ends, i64>, StoreError> {
        let rows = self.store.all(sql::LINKS_OPEN_OF, &[Param::Int(source)], |row| {
            Ok(((row.int(0)?, row.int(1)?, row.int(2)?), row.int(4)?))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// The mark of a link that is there.
    fn open_link(&self, source: i64, (attribute, target, data): Ends) -> Result<Option<i64>, StoreError> {
        let params = [source, attribute, target, data].map(Param::Int);
        self.store.first(sql::LINK_OPEN, &params, |row| row.int(1))
    }

    /// Writes what is to be done to the links of an object with a change; 0 is none.
    pub(super) fn put_links(&mut self, source: i64, seq: i64, work: &[LinkWork]) -> Result<(), StoreError> {
        for work in work {
            match *work {
                LinkWork::Add { attribute, target, data } => {
                    let mark = self.context.generation;
                    let params = [source, attribute, target, data, seq, mark].map(Param::Int);
                    self.outcome.links_added += self.store.execute(sql::LINK_INSERT, &params)?;
                }
                LinkWork::Close { attribute, target, data } => {
                    let params = [seq, source, attribute, target, data].map(Param::Int);
                    self.outcome.links_removed += self.store.execute(sql::LINK_CLOSE, &params)?;
                }
                LinkWork::CloseAll => {
                    let params = [seq, source].map(Param::Int);
                    self.outcome.links_removed += self.store.execute(sql::LINKS_CLOSE_FROM, &params)?;
                    self.outcome.links_removed += self.store.execute(sql::LINKS_CLOSE_TO, &params)?;
                }
            }
        }
        Ok(())
    }

    /// Marks links that a full read named.
    pub(super) fn mark_links(&self, source: i64, seen: &[LinkWork]) -> Result<(), StoreError> {
        for work in seen {
            if let LinkWork::Add { attribute, target, data } = *work {
                let params = [self.context.generation, source, attribute, target, data].map(Param::Int);
                self.store.execute(sql::LINK_MARK, &params)?;
            }
        }
        Ok(())
    }

    /// Links to an object that a list did not have any more, in this cycle, went with its deletion and not before: the list was read
    /// after it. One in the Recycle Bin has them still.
    pub(super) fn reattribute(&self, object: i64, status: Status, seq: i64) -> Result<(), StoreError> {
        if self.context.cycle_from == 0 {
            return Ok(());
        }
        let to = if status == Status::Deleted { 0 } else { seq };
        let params = [to, object, self.context.cycle_from, Kind::IMPLIED.number()].map(Param::Int);
        self.store.execute(sql::LINKS_IMPLIED_TO, &params).map(drop)
    }
}
