//! The end of a full read: what it did not name is not there any more.

use super::delta::{Delta, Group, LinkWork};
use super::pen::{Pen, Seen};
use crate::codec::change::Replaced;
use crate::context::Reading;
use crate::kind::{Kind, Status, transition};
use crate::rows::{Edge, ObjectRow};
use crate::store::{Param, StoreError, sql};

impl Pen<'_> {
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        // A first read that was never begun anew has named all that there is.
        if self.context.reading == Reading::Again || self.context.generation > 1 {
            self.note_gone()?;
            self.close_unmarked()?;
        }
        self.resolve_names()?;
        self.resolve_parents()
    }

    fn note_gone(&mut self) -> Result<(), StoreError> {
        let params = [self.context.id, self.context.generation].map(Param::Int);
        let gone = self.store.all(sql::OBJECTS_UNMARKED, &params, |row| row.int(0))?;
        for id in gone {
            let row = self.journal.pointed(id)?;
            let mut delta = Delta::none(row.parent, self.now);
            delta.status = Some(Status::Gone);
            let group = delta.group(None);
            group.kind = transition(row.status, Status::Gone);
            group.replaced.status = Some(row.status.number());
            self.write_gone(&row, delta)?;
        }
        Ok(())
    }

    /// Its state stays as it was last seen.
    fn write_gone(&mut self, row: &ObjectRow, delta: Delta) -> Result<(), StoreError> {
        // What was not found is not marked as found.
        let generation = std::mem::replace(&mut self.context.generation, row.mark);
        let done = self.write(row, delta);
        self.context.generation = generation;
        done
    }

    fn close_unmarked(&mut self) -> Result<(), StoreError> {
        let rows = self.edges(sql::LINKS_UNMARKED, &[self.context.id, self.context.generation])?;
        let mut of: Option<(i64, i64)> = None;
        for edge in rows {
            let source = edge.source;
            let ends = [self.journal.pointed(source)?, self.journal.pointed(edge.target)?];
            // What is in the Recycle Bin keeps its links, which are hidden.
            if ends.iter().any(|end| end.status == Status::Deleted) {
                continue;
            }
            // A link went with the object at one of its ends, where that went in this read.
            let with = ends.iter().map(|end| self.went(end)).collect::<Result<Vec<_>, _>>()?;
            let seq = match with.into_iter().flatten().max() {
                Some(seq) => seq,
                None => match of.filter(|(object, _)| *object == source) {
                    Some((_, seq)) => seq,
                    None => {
                        let kind = Kind::LINKS | Kind::FOUND | Kind::IMPLIED;
                        let group = Group { stamp: None, kind, replaced: Replaced::default(), links: vec![] };
                        let seq = self.put_change(source, self.now, group)?;
                        of = Some((source, seq));
                        seq
                    }
                },
            };
            self.put_links(source, seq, &[LinkWork::Close(edge)])?;
        }
        Ok(())
    }

    /// The change of this full read by which an object went, if one did.
    fn went(&self, row: &ObjectRow) -> Result<Option<i64>, StoreError> {
        if !matches!(row.status, Status::Stripped | Status::Gone) {
            return Ok(None);
        }
        let kinds = Kind::DELETED | Kind::GONE | Kind::EXPIRED;
        let params = [Param::Int(row.id), Param::Int(kinds.number())];
        let seq = self.store.first(sql::CHANGE_LAST_OF_KIND, &params, |row| row.int_or_null(0))?.flatten();
        Ok(seq.filter(|seq| *seq >= self.context.full_from))
    }

    /// Objects whose container was told by its name only, and came after them: now it is there.
    pub(super) fn resolve_parents(&mut self) -> Result<(), StoreError> {
        for id in
            self.store.all(sql::OBJECTS_WITHOUT_PARENT, &[Param::Int(self.context.id)], |row| row.int(0))?
        {
            let row = self.journal.pointed(id)?;
            let mut state = self.journal.state(&row)?;
            let Some(container) = state.name.container.take() else { continue };
            let Some(parent) = self.named(&container)?.filter(|parent| *parent != id) else { continue };
            let numbers = [row.context, parent, row.status.number(), row.known_from, row.mark, id];
            self.store.put(sql::OBJECT_UPDATE, &numbers.map(Param::Int))?;
            self.put_state((id, row.guid, parent, row.status.number()), &state, sql::STATE_PUT)?;
        }
        Ok(())
    }

    /// Links that were told by a name only: now that all objects are there, the objects that have these names.
    fn resolve_names(&mut self) -> Result<(), StoreError> {
        let names = self.store.all(sql::OBJECTS_NAMED_ONLY, &[], |row| row.int(0))?;
        let mut done = Seen::new();
        for stub in names {
            let dn = crate::names::Names::new(self.journal, crate::ask::Moment::Now).dn(stub)?;
            if let Some(id) = self.named(&dn)? {
                for edge in self.edges(sql::LINKS_ALL_TO, &[stub])? {
                    self.put_edge(Edge { target: id, ..edge })?;
                }
                self.store.put(sql::LINKS_DELETE_TO, &[Param::Int(stub)])?;
                done.insert(stub);
            }
        }
        for stub in done {
            self.store.put(sql::STATE_DELETE, &[Param::Int(stub)])?;
            self.store.put(sql::OBJECT_DELETE, &[Param::Int(stub)])?;
        }
        Ok(())
    }
}
