//! Differences, written as changes.

use super::delta::{Delta, Group};
use super::pen::Pen;
use crate::Deletion;
use crate::ask::Moment;
use crate::context::Reading;
use crate::kind::{Kind, Status};
use crate::names::Names;
use crate::rows::{ObjectRow, moment as time};
use crate::seal::Place;
use crate::store::{Param, StoreError, sql};

impl Pen<'_> {
    /// Writes what is different of an object.
    pub(super) fn write(&mut self, row: &ObjectRow, mut delta: Delta) -> Result<(), StoreError> {
        self.mark_links(&delta.seen)?;
        // The marks of another naming context mean nothing in this one.
        let is_marked = self.context.reading == Reading::Not && row.context == self.context.id;
        let mark = if is_marked { row.mark } else { self.context.generation };
        if delta.is_empty() {
            if mark != row.mark {
                self.store.put(sql::OBJECT_MARK, &[Param::Int(mark), Param::Int(row.id)])?;
            }
            return Ok(());
        }
        let groups = delta.in_order();
        self.note_deletion(row, &groups, delta.status)?;
        for (happened, mut group) in groups {
            if self.context.reading != Reading::Not {
                group.kind |= Kind::FOUND;
            }
            let (kind, links) = (group.kind, std::mem::take(&mut group.links));
            let seq = self.put_change(row.id, happened, group)?;
            self.put_links(row.id, seq, &links)?;
            if kind.has(Kind::DELETED | Kind::EXPIRED) {
                self.reattribute(row.id, delta.status.unwrap_or(row.status), seq)?;
            }
            if kind.has(Kind::NAME | Kind::STATUS) {
                self.cache.borrow_mut().containers.clear();
            }
        }
        let status = delta.status.unwrap_or(row.status);
        let now = ObjectRow { parent: delta.parent, status, context: self.context.id, mark, ..row.clone() };
        if now != *row {
            let numbers = [now.context, now.parent, status.number(), now.known_from, mark, row.id];
            self.store.put(sql::OBJECT_UPDATE, &numbers.map(Param::Int))?;
        }
        if delta.state.is_some() || now.place() != row.place() {
            let state = match delta.state {
                Some(state) => state,
                None => self.journal.state(row)?,
            };
            self.put_state((row.id, row.guid, now.parent, status.number()), &state, sql::STATE_PUT)?;
        }
        self.put_lookups(row.id, &delta.lookups)
    }

    /// Writes a change and says its number.
    pub(super) fn put_change(&mut self, object: i64, happened: i64, group: Group) -> Result<i64, StoreError> {
        let seq = self.next_change();
        let (controller, usn) = group.stamp.map_or((0, 0), |stamp| (stamp.controller, stamp.usn));
        let (kind, seen) = (group.kind.number(), self.now);
        let place = Place::Change { seq, object, kind, happened, seen, controller, usn };
        let payload = self.seal(place, group.replaced.pack())?;
        let [seq_param, object, kind, happened, seen, controller, usn] =
            [seq, object, kind, happened, seen, controller, usn].map(Param::Int);
        let params = [seq_param, object, kind, happened, seen, controller, usn, Param::Bytes(&payload)];
        self.store.put(sql::CHANGE_INSERT, &params)?;
        self.outcome.changes += 1;
        Ok(seq)
    }

    /// What is told of a deletion or a restore besides.
    pub(super) fn note_deletion(
        &mut self,
        row: &ObjectRow,
        groups: &[(i64, Group)],
        status: Option<Status>,
    ) -> Result<(), StoreError> {
        for (happened, group) in groups {
            if group.kind.has(Kind::RESTORED) {
                self.outcome.restored += 1;
            }
            if group.kind.has(Kind::DELETED | Kind::GONE) {
                let controller = group.stamp.map_or(0, |stamp| stamp.controller);
                let deletion = Deletion {
                    guid: row.guid,
                    dn: Names::new(self.journal, Moment::Now).dn(row.id)?,
                    happened: time(*happened),
                    controller: self.journal.invocation(controller)?,
                    is_gone: group.kind.has(Kind::GONE),
                    status: status.unwrap_or(row.status),
                };
                self.outcome.deletions.push(deletion);
            }
        }
        Ok(())
    }
}
