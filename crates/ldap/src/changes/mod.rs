//! What changes in a live directory, for the change journal ([`adrecover_core::change`]).
//!
//! [`Changes`] reads one naming context at a time: as a whole at first, and then what has changed since a [`Cursor`]. Three ways,
//! the first that the server and the account allow:
//!
//! | way | rights | what it tells |
//! |---|---|---|
//! | DirSync ([MS-ADTS] 3.1.1.3.4.1.3) | "Replicating Directory Changes" on the naming context | attributes and link values that changed, deleted objects too |
//! | DirSync with OBJECT_SECURITY | none but to read | the same of what the account may read; of a deletion that it may not see the GUID |
//! | by numbers: `uSNChanged` above the last one (3.1.1.1.9) | none but to read | whole objects; deleted ones where the account may list them |
//!
//! What all have in common:
//!
//! - Secrets are not asked for: the attributes are named one by one, from the schema (`schema`), without those that
//!   [`adrecover_core::secrets`] knows or the schema flags, and what comes unasked is dropped. So they never leave the server.
//!   Back links, calculated attributes and those that each domain controller has for itself are not asked for either, and the
//!   attribute that an object's name is made of is left out: the name says it, and DirSync of Samba does not return it.
//! - Values of links have the GUID of what they point to (Extended DN, 3.1.1.3.4.1.5). Other values that are names of objects are
//!   given as a server without that control gives them.
//! - A renamed container is one change: what is below it has another DN as well, and no change. The parent's GUID comes with each
//!   new name or place, so that names can be made anew.
//! - A deletion takes away all links from and to the object, and nothing tells so but the deletion itself: its groups are not
//!   changed by it. Undeleting a tombstone does not bring them back; undeleting from the Recycle Bin does, and that is not told
//!   either.
//! - Memory is bounded: a batch holds a few hundred objects or few megabytes, and the reply is read as fast as batches are taken.
//! - When the connection breaks, it is opened again to the same domain controller, and the page is asked for once more.
//!
//! Samba returns everything in one reply, has no cookie before its end, and refuses one of more than 256 MiB or 120 s. So there a
//! full read is made in windows of `uSNChanged`, with the cookie of the first one as the place to go on from afterwards (an object
//! that changes meanwhile is read again then). Its Get-Changes right does not replace the rights to read, as it does by the
//! specification: an account with it alone gets no security descriptors and few deleted objects.

mod control;
mod extended;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod notify;
mod object;
mod page;
mod place;
mod reading;
mod rest;
mod schema;
mod stamps;
mod values;
mod windows;

use std::collections::HashMap;

use adrecover_core::change::{ChangesError, Cursor, Position};
use adrecover_core::directory::Query;
use adrecover_core::{DirectoryError, Dn, ObjectGuid};

use crate::Session;
use crate::deleted::one;
pub use notify::Wake;
pub use reading::Reading;
use schema::Schema;

/// How changes may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// By the first way that works.
    #[default]
    Best,
    /// By DirSync, with the right for it.
    DirSync,
    /// By DirSync, with the account's own rights.
    OwnRights,
    /// By update sequence numbers.
    Numbers,
}

/// Reads what changes on one domain controller.
#[derive(Debug)]
pub struct Changes {
    session: Session,
    /// For questions while a reply is being read.
    side: Option<Session>,
    schema: Schema,
    /// Whether the schema has changed since it was read.
    is_schema_old: bool,
    /// The GUIDs of the heads of naming contexts.
    heads: HashMap<String, ObjectGuid>,
    way: Way,
}

/// Which database is asked, and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stand {
    invocation: ObjectGuid,
    usn: u64,
}

impl Changes {
    /// Begins. The session is kept, and opened again when it breaks.
    pub async fn open(session: Session, way: Way) -> Result<Self, ChangesError> {
        let schema = Schema::read(&session).await?;
        Ok(Self { session, side: None, schema, is_schema_old: false, heads: HashMap::new(), way })
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The naming contexts of the domain controller, the schema first: read in this order, no value of an attribute that was added
    /// to the schema meanwhile is missed.
    pub fn naming_contexts(&self) -> Vec<Dn> {
        let root = self.session.root_dse();
        let mut contexts = root.naming_contexts.clone();
        contexts.sort_by_key(|dn| *dn != root.schema_naming_context);
        contexts.dedup();
        contexts
    }

    /// Begins to read a naming context: what has changed since a cursor, or all of it.
    ///
    /// A cursor of another domain controller, of another forest, or from before the domain controller was put back is refused
    /// ([`ChangesError::needs_full_read`]).
    pub async fn read(&mut self, context: &Dn, from: Option<&Cursor>) -> Result<Reading<'_>, ChangesError> {
        if self.is_schema_old {
            self.schema = Schema::read(&self.session).await?;
            self.is_schema_old = false;
        }
        let head = self.head(context).await?;
        let stand = self.stand().await?;
        if let Some(cursor) = from {
            self.check(context, head, stand, cursor)?;
        }
        Ok(Reading::new(self, context.clone(), head, stand, from))
    }

    /// Asks the domain controller to tell when something changes, on a connection of its own. See [`Wake`].
    ///
    /// A connection can wait for changes of four naming contexts: the domain's come first, the schema's last.
    pub async fn wake(&self) -> Result<Wake, ChangesError> {
        let session = self.session.twin().await.map_err(unreachable)?;
        let mut contexts = self.naming_contexts();
        let root = self.session.root_dse();
        contexts.sort_by_key(|dn| (*dn == root.schema_naming_context, *dn != root.default_naming_context));
        Ok(Wake::new(session, contexts))
    }

    /// Ends it in the orderly way.
    pub async fn close(self) {
        for session in self.side.into_iter().chain([self.session]) {
            session.close().await;
        }
    }

    fn check(&self, context: &Dn, head: ObjectGuid, now: Stand, cursor: &Cursor) -> Result<(), ChangesError> {
        let server = self.session.server().to_string();
        if cursor.context != head {
            return Err(ChangesError::OtherContext { server, context: context.clone() });
        }
        if cursor.invocation != now.invocation {
            return Err(ChangesError::OtherServer { server, was: cursor.invocation, is: now.invocation });
        }
        let furthest = match cursor.position {
            Position::Usn { after, .. } => cursor.usn.max(after),
            Position::DirSync { .. } => cursor.usn,
        };
        if furthest > now.usn {
            return Err(ChangesError::WentBack { server, had: furthest, has: now.usn });
        }
        Ok(())
    }

    /// `objectGUID` of the head of a naming context.
    async fn head(&mut self, context: &Dn) -> Result<ObjectGuid, ChangesError> {
        let key = context.key();
        if let Some(guid) = self.heads.get(&key) {
            return Ok(*guid);
        }
        let query = Query::object(context.to_string()).attributes(["objectGUID"]);
        let guid = one(&self.session, &query).await?.and_then(|entry| entry.guid());
        let guid = guid.ok_or_else(|| unreadable(format!("the objectGUID of {context}")))?;
        self.heads.insert(key, guid);
        Ok(guid)
    }

    /// Which database this is now. The number is read last: whatever is read afterwards is at least as new.
    async fn stand(&self) -> Result<Stand, ChangesError> {
        let Some(own) = self.session.root_dse().ds_service_name.clone() else {
            return Err(unreadable("the name of the domain controller's own object".to_owned()).into());
        };
        let settings = one(&self.session, &Query::object(own).attributes(["invocationId"])).await?;
        let invocation = settings.and_then(|e| ObjectGuid::from_wire(e.value("invocationId")?).ok());
        let invocation =
            invocation.ok_or_else(|| unreadable("the domain controller's invocation id".to_owned()))?;
        let usn = self.session.highest_committed_usn().await?;
        let usn = usn.ok_or_else(|| unreadable("the highest update sequence number".to_owned()))?;
        Ok(Stand { invocation, usn })
    }

    /// A session for questions while a reply is being read on the first one.
    async fn side(&mut self) -> Option<&Session> {
        if self.side.is_none() {
            self.side = self.session.twin().await.ok();
        }
        self.side.as_ref()
    }
}

fn unreadable(what: String) -> DirectoryError {
    DirectoryError::BadRequest(format!(
        "{what} cannot be read: the account may lack the right, or this is no domain controller"
    ))
}

fn unreachable(error: crate::ConnectError) -> DirectoryError {
    DirectoryError::Unreachable { message: error.to_string(), hint: error.hint() }
}

#[cfg(test)]
mod tests;
