//! Links: what points to what, compared value by value.

use std::collections::{HashMap, HashSet};

use adrecover_core::change::{LinkChange, ObjectChange, WholeLinks};

use super::delta::{Delta, LinkWork};
use super::pen::Pen;
use crate::context::Reading;
use crate::kind::{Kind, Status};
use crate::rows::{Edge, ObjectRow};
use crate::store::{Param, StoreError, sql};

/// The attribute, the target and the data of a link: within one object its name.
type Ends = (i64, i64, i64);

impl Pen<'_> {
    /// The ends of a link that is kept.
    pub(super) fn ends(&mut self, link: &LinkChange) -> Result<Option<Ends>, StoreError> {
        let Some(attribute) = self.attribute(&link.attribute)? else { return Ok(None) };
        let target = self.target(&link.target)?;
        let data = if link.target.data.is_empty() { 0 } else { self.content(&link.target.data)? };
        Ok(Some((attribute, target, data)))
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
        // A long list is compared in memory, a few values where they lie, and so the further part of a list that comes in parts: most
        // of it is new where it is read for the first time.
        let is_part = self.context.reading == Reading::First && !change.is_whole;
        let all = if !is_part && (change.links.len() > 8 || change.whole_links != WholeLinks::None) {
            Some(self.open_links(row.id)?)
        } else {
            None
        };
        let mut named = HashSet::new();
        for link in change.links.iter().rev() {
            let Some(ends) = self.ends(link)? else { continue };
            if !named.insert(ends) {
                continue;
            }
            let open = match &all {
                Some(all) => all.get(&ends).copied(),
                None => self.open_link(row.id, ends)?,
            };
            let (attribute, target, data) = ends;
            let work = match (link.is_present, open) {
                (true, None) if status == Status::Stripped => continue,
                (true, None) => LinkWork::Add { attribute, target, data },
                (false, Some(edge)) => LinkWork::Close(edge),
                (true, Some(edge)) => {
                    if self.context.reading != Reading::Not && edge.mark != self.context.generation {
                        delta.seen.push(edge);
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
        all: HashMap<Ends, Edge>,
        named: &HashSet<Ends>,
        delta: &mut Delta,
    ) -> Result<(), StoreError> {
        if change.whole_links == WholeLinks::None {
            return Ok(());
        }
        let mut left: Vec<(Ends, Edge)> = all.into_iter().filter(|(ends, _)| !named.contains(ends)).collect();
        left.sort_unstable_by_key(|(ends, _)| *ends);
        for ((attribute, target, _), edge) in left {
            let name = self.journal.attribute_name(attribute)?;
            if !change.whole_links.includes(&name) {
                continue;
            }
            // A link to an object in the Recycle Bin is hidden and not gone ([MS-ADTS] 3.1.1.1.9).
            if target != source && self.journal.pointed(target)?.status == Status::Deleted {
                continue;
            }
            let group = delta.group(None);
            group.kind |= Kind::LINKS | Kind::IMPLIED;
            group.links.push(LinkWork::Close(edge));
        }
        Ok(())
    }

    fn open_links(&self, source: i64) -> Result<HashMap<Ends, Edge>, StoreError> {
        let edges = self.edges(sql::LINKS_OPEN_FROM, &[source])?;
        Ok(edges.into_iter().map(|edge| ((edge.attribute, edge.target, edge.data), edge)).collect())
    }

    /// A link that is there.
    fn open_link(&self, source: i64, ends: Ends) -> Result<Option<Edge>, StoreError> {
        let (attribute, target, data) = ends;
        let params = [source, attribute, target, data].map(Param::Int);
        self.store.first(sql::LINK_OPEN, &params, |row| {
            let (added, mark) = (row.int(0)?, row.int(1)?);
            Ok(Edge { source, attribute, target, data, added, removed: 0, mark })
        })
    }

    pub(super) fn edges(&self, sql: &'static str, params: &[i64]) -> Result<Vec<Edge>, StoreError> {
        let params: Vec<Param<'_>> = params.iter().copied().map(Param::Int).collect();
        self.store.all(sql, &params, Edge::read)
    }

    /// Writes what is to be done to the links of an object with a change; 0 is none.
    pub(super) fn put_links(&mut self, source: i64, seq: i64, work: &[LinkWork]) -> Result<(), StoreError> {
        for work in work {
            match *work {
                LinkWork::Add { attribute, target, data } => {
                    let mark = self.context.generation;
                    let edge = Edge { source, attribute, target, data, added: seq, removed: 0, mark };
                    self.put_edge(edge)?;
                    self.outcome.links_added += 1;
                }
                LinkWork::Close(edge) => self.close_link(edge, seq)?,
                LinkWork::CloseAll => self.close_all(source, seq, None)?,
                LinkWork::CloseBefore(happened) => self.close_all(source, seq, Some(happened))?,
            }
        }
        Ok(())
    }

    /// Closes the links of an object in both directions; where its deletion was over before anything was told, not those that were
    /// told of the time after it.
    fn close_all(&mut self, object: i64, seq: i64, happened: Option<i64>) -> Result<(), StoreError> {
        for sql in [sql::LINKS_OPEN_FROM, sql::LINKS_OPEN_TO] {
            for edge in self.edges(sql, &[object])? {
                let is_later = match happened {
                    Some(happened) => self.is_told_after(&edge, happened)?,
                    None => false,
                };
                if !is_later {
                    self.close_link(edge, seq)?;
                }
            }
        }
        Ok(())
    }

    /// Whether this read has told that a link was there after that time.
    fn is_told_after(&self, edge: &Edge, happened: i64) -> Result<bool, StoreError> {
        if self.context.reading != Reading::Not {
            return Ok(edge.mark == self.context.generation);
        }
        if self.context.cycle_from == 0 || edge.added < self.context.cycle_from {
            return Ok(false);
        }
        Ok(self.journal.change(edge.added)?.is_some_and(|change| change.happened > happened))
    }

    fn close_link(&mut self, edge: Edge, seq: i64) -> Result<(), StoreError> {
        self.end_link(edge, seq)?;
        self.outcome.links_removed += 1;
        Ok(())
    }

    pub(super) fn put_edge(&self, edge: Edge) -> Result<(), StoreError> {
        let Edge { source, attribute, target, data, added, removed, mark } = edge;
        let seal = edge.seal(&self.journal.sealer);
        let params = [source, attribute, target, data, added, removed, mark, seal].map(Param::Int);
        self.store.put(sql::LINK_INSERT, &params)
    }

    /// Writes by which change a link was removed; 0 is by none.
    pub(super) fn end_link(&self, edge: Edge, removed: i64) -> Result<(), StoreError> {
        let Edge { source, attribute, target, data, added, .. } = edge;
        let seal = Edge { removed, ..edge }.seal(&self.journal.sealer);
        let params = [removed, seal, source, attribute, target, data, added].map(Param::Int);
        self.store.put(sql::LINK_END, &params)
    }

    /// Marks links that a full read named.
    pub(super) fn mark_links(&self, seen: &[Edge]) -> Result<(), StoreError> {
        for edge in seen {
            let Edge { source, attribute, target, data, added, .. } = *edge;
            let params = [self.context.generation, source, attribute, target, data, added].map(Param::Int);
            self.store.put(sql::LINK_MARK, &params)?;
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
        let since = [object, self.context.cycle_from, Kind::IMPLIED.number()];
        for edge in self.edges(sql::LINKS_IMPLIED_TO, &since)? {
            self.end_link(edge, to)?;
        }
        Ok(())
    }
}
