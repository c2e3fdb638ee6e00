//! What is different of an object, by the writes that it happened in.

use adrecover_core::change::Stamp as CoreStamp;

use crate::codec::change::Replaced;
use crate::codec::state::{Name, Stamp, State};
use crate::kind::{Kind, Status};
use crate::rows::Edge;

/// What is to be done to a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkWork {
    Add {
        attribute: i64,
        target: i64,
        data: i64,
    },
    Close(Edge),
    /// All that there is, in both directions: the object is stripped.
    CloseAll,
    /// The same, but for what was told of a time after this one: the object has been back since, and others may point to it again.
    CloseBefore(i64),
}

/// What happened in one write of a directory, or all of which that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// Where and when; `None` where the directory did not tell.
    pub(super) stamp: Option<Stamp>,
    pub(super) kind: Kind,
    pub(super) replaced: Replaced<'static>,
    pub(super) links: Vec<LinkWork>,
}

/// Everything that is different of an object.
#[derive(Debug, Default)]
pub(super) struct Delta {
    pub(super) groups: Vec<Group>,
    /// The object as it is now, where that is different.
    pub(super) state: Option<State<'static>>,
    pub(super) parent: i64,
    pub(super) status: Option<Status>,
    /// Which write everything belongs to that has no stamp of its own: that of the deletion, if it is one.
    pub(super) rest: Option<Stamp>,
    /// When that was, as nearly as is known, where it has no stamp.
    pub(super) happened: i64,
    /// Links that are there and were named.
    pub(super) seen: Vec<Edge>,
    /// The hashes of new names.
    pub(super) lookups: Vec<i64>,
}

impl Delta {
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// It is a deletion that was over when anything was told: what was told of the time after it stays.
    pub(super) fn is_over(&mut self) {
        let happened = self.happened;
        let links = self.groups.iter_mut().flat_map(|group| &mut group.links);
        links
            .filter(|work| **work == LinkWork::CloseAll)
            .for_each(|work| *work = LinkWork::CloseBefore(happened));
    }

    /// The write that something belongs to.
    pub(super) fn group(&mut self, stamp: Option<Stamp>) -> &mut Group {
        let write = |s: Stamp| (s.at, s.controller, s.usn);
        let stamp = stamp.or(self.rest);
        let at = match self.groups.iter().position(|g| g.stamp.map(write) == stamp.map(write)) {
            Some(at) => at,
            None => {
                let (kind, replaced) = (Kind::default(), Replaced::default());
                self.groups.push(Group { stamp, kind, replaced, links: vec![] });
                self.groups.len() - 1
            }
        };
        &mut self.groups[at]
    }

    /// The changes in the order in which they happened; what was changed with a deletion, or after it, comes with it or after it.
    pub(super) fn in_order(&mut self) -> Vec<(i64, Group)> {
        let happened = self.happened;
        let when = |g: &Group| g.stamp.map_or(happened, |s| if s.at == 0 { happened } else { s.at });
        let mut groups: Vec<(i64, Group)> =
            std::mem::take(&mut self.groups).into_iter().map(|g| (when(&g), g)).collect();
        groups.sort_by_key(|(at, group)| (*at, group.kind.has(Kind::STATUS)));
        groups
    }
}

/// The name of an object that it has now.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) name: Name<'static>,
    pub(super) parent: i64,
}

/// A stamp as it is kept. A time that is out of range is none.
pub(super) fn stamp(stamp: &CoreStamp, controller: i64) -> Stamp {
    Stamp {
        at: stamp.at.map_or(0, |at| at.timestamp()),
        controller,
        usn: stamp.usn as i64,
        version: i64::from(stamp.version),
    }
}
