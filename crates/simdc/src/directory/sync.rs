//! DirSync: what has changed since the last time ([MS-ADTS] 3.1.1.3.4.1.3, and 3.1.1.5.? for its cookie's meaning; the shape of
//! entries as seen on a real DC).

use std::collections::HashSet;

use super::read::{Seen, parent_guid};
use super::{Directory, Reading};
use crate::Failure;
use crate::access::GET_CHANGES;
use crate::failure::Kind;
use crate::filter::{Filter, Name};
use crate::schema::{Attribute, known, schema};
use crate::store::{FORWARD_LINKS, Id, Object};
use crate::wire::reply::Entry;

/// The DirSync control of a request.
#[derive(Debug, Clone)]
pub struct DirSync {
    /// 1 asks with the caller's own rights, 0x8000_0000 for link values one by one.
    pub flags: u32,
    /// Where to go on; empty at the beginning.
    pub cookie: Vec<u8>,
}

/// What has changed.
#[derive(Debug)]
pub struct DirSyncReply {
    /// The objects, each with what has changed of it.
    pub entries: Vec<Entry>,
    /// Where to go on.
    pub cookie: Vec<u8>,
    /// Whether there is more at once.
    pub has_more: bool,
}

const OBJECT_SECURITY: u32 = 1;
const INCREMENTAL_VALUES: u32 = 0x8000_0000;
/// The most objects of one reply.
const AT_ONCE: usize = 1000;
const MAGIC: &[u8; 4] = b"MSDS";

impl Directory {
    /// What has changed in a naming context.
    pub fn dir_sync(
        &mut self,
        base: &str,
        filter: &Filter,
        attributes: &[String],
        control: &DirSync,
        reading: Reading<'_>,
    ) -> Result<DirSyncReply, Failure> {
        let name = Name::read(base).ok_or_else(Failure::bad_dn)?;
        let head = self.look_up(&name).ok_or_else(Failure::no_object)?;
        let object = self.store.get(head).ok_or_else(Failure::no_object)?;
        if object.root.is_none() {
            return Err(if control.flags & OBJECT_SECURITY != 0 {
                Failure::unwilling(0x2035)
            } else {
                Failure::no_access()
            });
        }
        let may = reading.caller.has_control(head, object, GET_CHANGES);
        if !may && control.flags & OBJECT_SECURITY == 0 {
            return Err(Failure::no_access());
        }
        let since = self.cookie(&control.cookie)?;
        let top = self.store.usn();
        let changed: Vec<Id> = self.store.by_usn(since + 1, top).collect();
        let mut reply = DirSyncReply { entries: vec![], cookie: vec![], has_more: false };
        let mut reached = top;
        for (at, id) in changed.iter().enumerate() {
            if reply.entries.len() >= AT_ONCE {
                reply.has_more = true;
                reached =
                    changed.get(at - 1).and_then(|id| self.store.get(*id)).map_or(since, |o| o.usn_changed);
                break;
            }
            let is_here = self.store.context_of_object(*id).is_some_and(|context| context.head == head);
            let Some(object) = self.store.get(*id).filter(|_| is_here) else { continue };
            let shows = may || self.sees(*id, reading.caller, super::Sight::ALL);
            let seen =
                Seen { directory: self, id: Some(*id), object: std::borrow::Cow::Borrowed(object), reading };
            if shows && filter.matches(&seen) == Some(true) {
                reply.entries.push(self.change_of(*id, object, since, attributes, control.flags, reading));
            }
        }
        reply.cookie = [MAGIC.as_slice(), &reached.to_le_bytes(), &self.invocation_id.to_wire()].concat();
        Ok(reply)
    }

    /// The update sequence number of a cookie; one of another DC, or none at all: 12, 202C.
    fn cookie(&self, cookie: &[u8]) -> Result<u64, Failure> {
        if cookie.is_empty() {
            return Ok(0);
        }
        let bad = || Failure::new(12, 0x202c, Kind::Service, "5010 (UNAVAIL_EXTENSION)");
        let rest = cookie.strip_prefix(MAGIC).filter(|rest| rest.len() == 24).ok_or_else(bad)?;
        if rest[8..] != self.invocation_id.to_wire() {
            return Err(bad());
        }
        Ok(u64::from_le_bytes(rest[..8].try_into().map_err(|_| bad())?))
    }

    fn change_of(
        &self,
        id: Id,
        object: &Object,
        since: u64,
        attributes: &[String],
        flags: u32,
        reading: Reading<'_>,
    ) -> Entry {
        let wanted: HashSet<String> = attributes.iter().map(|name| name.to_lowercase()).collect();
        let all = wanted.is_empty() || wanted.contains("*");
        let is_wanted = |attribute: &&Attribute| all || wanted.contains(&attribute.name.to_lowercase());
        let changed: HashSet<u32> = object.stamps.iter().filter(|s| s.usn > since).map(|s| s.attid).collect();
        let mut entry = Entry { dn: self.dn_text(Some(id), object, reading), attributes: vec![] };
        let mut put = |name: &str, values| entry.attributes.push((name.to_owned(), values));
        // Always there, whatever was asked for.
        for attribute in [known().object_guid, known().instance_type].map(|id| schema().attribute(id)) {
            put(attribute.name, self.values(Some(id), object, attribute, reading));
        }
        let name = schema().attribute(known().name).attid;
        if let Some(parent) = parent_guid(self, object).filter(|_| changed.contains(&name)) {
            put("parentGUID", vec![parent.to_wire().to_vec()]);
        }
        let replicated = schema().attributes().filter(|a| changed.contains(&a.attid) && a.link.is_none());
        for attribute in
            replicated.filter(is_wanted).filter(|a| !a.is_secret() && a.id != known().instance_type)
        {
            // An attribute that was removed has no values.
            put(attribute.name, self.values(Some(id), object, attribute, reading));
        }
        for attribute in FORWARD_LINKS.iter().map(|id| schema().attribute(*id)).filter(is_wanted) {
            self.put_links(id, attribute, since, flags, reading, &mut put);
        }
        entry
    }

    fn put_links(
        &self,
        id: Id,
        attribute: &Attribute,
        since: u64,
        flags: u32,
        reading: Reading<'_>,
        put: &mut impl FnMut(&str, Vec<Vec<u8>>),
    ) {
        let text = |target: Id| {
            let object = self.store.get(target)?;
            Some(self.dn_text(Some(target), object, reading).into_bytes())
        };
        let new: Vec<_> = self.store.links.values(id, attribute.id).filter(|(_, v)| v.usn > since).collect();
        if new.is_empty() {
            return;
        }
        if flags & INCREMENTAL_VALUES == 0 {
            put(attribute.name, self.store.links.targets(id, attribute.id).filter_map(text).collect());
            return;
        }
        for (present, range) in [(true, "1-1"), (false, "0-0")] {
            let of = new.iter().filter(|(_, value)| value.present == present);
            let values: Vec<_> = of.filter_map(|(target, _)| text(*target)).collect();
            if !values.is_empty() {
                put(&format!("{};range={range}", attribute.name), values);
            }
        }
    }
}
