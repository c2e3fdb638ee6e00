//! Where an object lay whose containers may have been deleted before it, or with it.

use std::collections::HashMap;

use crate::ask::Moment;
use crate::codec::state::{Name, State};
use crate::journal::Journal;
use crate::kind::{Kind, Status};
use crate::names::{DEEPEST, joined};
use crate::rows::broken;
use crate::store::StoreError;

/// Names of containers at any moment. What is known of a container is asked once: many objects lie in one.
pub(super) struct Places<'a> {
    journal: &'a Journal,
    containers: HashMap<i64, Container>,
}

/// A container with all the names that it had.
struct Container {
    name: Name<'static>,
    parent: i64,
    status: Status,
    /// What its changes replaced, the newest first.
    changes: Vec<Before>,
}

struct Before {
    seq: i64,
    happened: i64,
    kind: Kind,
    name: Option<(Name<'static>, i64)>,
    status: Option<Status>,
}

impl<'a> Places<'a> {
    pub(super) fn new(journal: &'a Journal) -> Self {
        Self { journal, containers: HashMap::new() }
    }

    /// The DN of what has this name and lay there.
    pub(super) fn dn_of(
        &mut self,
        name: &Name<'_>,
        parent: i64,
        moment: Moment,
    ) -> Result<String, StoreError> {
        let (mut rdns, mut parent, mut moment) = (vec![name.clone().into_owned()], parent, moment);
        while parent != 0 && rdns.last().is_some_and(|name| name.container.is_none()) {
            if rdns.len() > DEEPEST {
                return Err(StoreError::damaged(format!("object {parent} lies in itself")));
            }
            let container = self.container(parent)?;
            moment = container.while_it_was_there(moment);
            let (name, above) = container.name_at(moment);
            rdns.push(name.clone());
            parent = above;
        }
        let mut dn = String::new();
        for name in rdns.iter().rev() {
            let container = name.container.as_deref().map_or(dn, str::to_owned);
            dn = joined(&name.rdn, &container)?;
        }
        Ok(dn)
    }

    fn container(&mut self, id: i64) -> Result<&Container, StoreError> {
        match self.containers.entry(id) {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let journal = self.journal;
                let row = journal.pointed(id)?;
                let payload = journal.state_payload(&row)?;
                let name =
                    State::read_name(&payload).ok_or_else(|| broken("state of object", id))?.into_owned();
                let mut changes = vec![];
                for change in journal.changes_of(id, Kind::NAME | Kind::STATUS)? {
                    let replaced = change.replaced()?;
                    changes.push(Before {
                        seq: change.seq,
                        happened: change.happened,
                        kind: change.kind,
                        name: replaced.name.map(|old| (old.name.into_owned(), old.parent.unwrap_or(0))),
                        status: replaced.status.map(Status::of),
                    });
                }
                Ok(entry.insert(Container { name, parent: row.parent, status: row.status, changes }))
            }
        }
    }
}

impl Container {
    /// The moment itself, or of one that was deleted then the last one before.
    fn while_it_was_there(&self, moment: Moment) -> Moment {
        let mut status = self.status;
        for change in &self.changes {
            if moment.includes(change.seq, change.happened) {
                let is_deleted = status.is_deleted() || status == Status::Gone;
                if !is_deleted {
                    return moment;
                }
                if change.kind.has(Kind::DELETED | Kind::GONE) && !change.kind.has(Kind::CREATED) {
                    return Moment::Before(change.seq);
                }
            } else if let Some(old) = change.status {
                status = old;
            }
        }
        moment
    }

    fn name_at(&self, moment: Moment) -> (&Name<'static>, i64) {
        let mut found = (&self.name, self.parent);
        for change in &self.changes {
            if moment.includes(change.seq, change.happened) {
                break;
            }
            if let Some((name, parent)) = &change.name {
                found = (name, *parent);
            }
        }
        found
    }
}
