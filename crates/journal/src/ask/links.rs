//! What points to what: members, groups, managers, through deletions.

use adrecover_core::ObjectGuid;
use adrecover_core::secrets::is_secret;
use adrecover_core::time::Timestamp;

use super::Moment;
use crate::journal::Journal;
use crate::kind::{Kind, Status};
use crate::names::Names;
use crate::rows::{Edge, broken, moment as time};
use crate::store::{Param, sql};
use crate::{JournalError, StoreError};

/// The attribute of groups.
const MEMBER: &str = "member";

/// A value of a link attribute, seen from one of its two ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The forward link attribute: `member` also where it is seen from the member.
    pub attribute: String,
    /// The object at the other end.
    pub other: ObjectGuid,
    /// Its DN at the moment that was asked for.
    pub dn: String,
    /// Where it stood then.
    pub status: Status,
    /// The octets that belong to the value (the syntax DN-Binary); empty for a plain link.
    pub data: Vec<u8>,
    /// When it was added; `None` where it was there before the journal knew it.
    pub since: Option<Timestamp>,
}

/// Which end a question is asked from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the object that has the attribute.
    From,
    /// From the object that is pointed to.
    To,
}

/// A row of `links`, seen from one end, with what is known of its beginning and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkRow {
    pub(crate) edge: Edge,
    pub(crate) other: i64,
    pub(crate) added_at: Option<i64>,
    pub(crate) removed_at: Option<i64>,
    pub(crate) removed_by: Kind,
}

impl LinkRow {
    /// Whether the value was there. A change that is not kept any more was long ago.
    pub(crate) fn is_there(&self, moment: Moment) -> bool {
        let was = |seq: i64, at: Option<i64>| seq != 0 && at.is_none_or(|at| moment.includes(seq, at));
        let Edge { added, removed, .. } = self.edge;
        (added == 0 || was(added, self.added_at)) && !was(removed, self.removed_at)
    }
}

impl Journal {
    /// The members of a group at a moment: those that were there then, whatever has become of them since.
    pub fn members_of(&self, group: ObjectGuid, when: Timestamp) -> Result<Vec<Link>, JournalError> {
        self.member_links(group, Direction::From, when)
    }

    /// The groups that an object was a member of at a moment, its primary group aside.
    pub fn groups_of(&self, member: ObjectGuid, when: Timestamp) -> Result<Vec<Link>, JournalError> {
        self.member_links(member, Direction::To, when)
    }

    fn member_links(
        &self,
        guid: ObjectGuid,
        direction: Direction,
        when: Timestamp,
    ) -> Result<Vec<Link>, JournalError> {
        self.asking(|| {
            let member = self.known_attribute(MEMBER)?;
            let (Some(row), Some(member)) = (self.object(guid)?, member) else { return Ok(vec![]) };
            let moment = Moment::At(when.timestamp());
            if !visible(self.status_at(&row, moment)?) {
                return Ok(vec![]);
            }
            self.links_at(row.id, direction, Some(member), moment)
        })
    }

    /// The links of an object at a moment, without those to and from objects that were not there then: a directory does not
    /// show them either.
    pub(crate) fn links_at(
        &self,
        object: i64,
        direction: Direction,
        attribute: Option<i64>,
        moment: Moment,
    ) -> Result<Vec<Link>, StoreError> {
        let mut names = Names::new(self, moment);
        let mut out = vec![];
        for link in self.link_rows(object, direction)? {
            if attribute.is_some_and(|a| a != link.edge.attribute) || !link.is_there(moment) {
                continue;
            }
            if let Some(link) = self.link(&link, &mut names, moment)?.filter(|link| visible(link.status)) {
                out.push(link);
            }
        }
        Ok(out)
    }

    /// The link as it is told; `None` for one of an attribute that has come to be called a secret.
    pub(crate) fn link(
        &self,
        link: &LinkRow,
        names: &mut Names<'_>,
        moment: Moment,
    ) -> Result<Option<Link>, StoreError> {
        let attribute = self.attribute_name(link.edge.attribute)?;
        if is_secret(&attribute) {
            return Ok(None);
        }
        let other = self.pointed(link.other)?;
        Ok(Some(Link {
            attribute,
            other: other.guid,
            dn: names.dn(link.other)?,
            status: self.status_at(&other, moment)?,
            data: if link.edge.data == 0 { vec![] } else { self.content(link.edge.data)? },
            since: link.added_at.map(time),
        }))
    }

    pub(crate) fn link_rows(&self, object: i64, direction: Direction) -> Result<Vec<LinkRow>, StoreError> {
        let sql = if direction == Direction::From { sql::LINKS_FROM } else { sql::LINKS_TO };
        self.store.all(sql, &[Param::Int(object)], |row| {
            let edge = Edge::read(row)?;
            if row.int(7)? != edge.seal(&self.sealer) {
                return Err(broken("a link of object", object));
            }
            Ok(LinkRow {
                edge,
                other: if direction == Direction::From { edge.target } else { edge.source },
                added_at: row.int_or_null(8)?,
                removed_at: row.int_or_null(9)?,
                removed_by: Kind::of(row.int_or_null(10)?.unwrap_or(0)),
            })
        })
    }
}

/// Whether a directory shows links of an object that stands there. One that was never seen may well be there.
fn visible(status: Status) -> bool {
    matches!(status, Status::Live | Status::Unseen)
}
