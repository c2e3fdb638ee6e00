//! Searches: pages, DirSync, and those that wait for changes.

use std::io;

use adrecover_core::directory::Scope;

use super::connection::{Connection, Next, Open, Repeated, Watch};
use super::controls::{Asked, DIR_SYNC, PAGED_RESULTS};
use super::operations::not_bound;
use super::outbox::Outbox;
use super::root_dse;
use crate::Failure;
use crate::directory::Reading;
use crate::failure::Kind;
use crate::filter::{Filter, Name};
use crate::store::Id;
use crate::wire::reply::{self, Control, op};
use crate::wire::request::{self, Search};

/// How many octets are gathered before they are sent: the client works on them meanwhile.
const BATCH: usize = 1 << 12;
/// How many objects are read while nobody else may use the directory.
const AT_ONCE: usize = 4;
/// The most pages that may be open on one connection.
const MAX_OPEN: usize = 64;

impl Connection {
    pub(super) async fn search(
        &mut self,
        id: u32,
        search: Search,
        controls: &[request::Control],
    ) -> io::Result<Next> {
        let asked = match Asked::read(controls) {
            Ok(asked) => asked,
            Err(failure) => return self.done(id, &Err(failure), &[]).await,
        };
        if search.base.is_empty() && search.scope == Scope::Base {
            return self.root_dse(id, &search).await;
        }
        if !self.caller.is_known() {
            return self.done(id, &Err(not_bound()), &[]).await;
        }
        let filter = match Filter::compile(&search.filter) {
            Ok(filter) => filter,
            Err(failure) => return self.done(id, &Err(failure), &[]).await,
        };
        if asked.notifies {
            return self.watch(id, search, filter, asked).await;
        }
        if let Some(control) = asked.dir_sync.clone() {
            return self.dir_sync(id, &search, &filter, &control, &asked).await;
        }
        if let Some(cookie) =
            asked.page.as_ref().map(|(_, cookie)| cookie).filter(|cookie| !cookie.is_empty())
            && let Some(repeated) = self.repeated.as_ref().filter(|repeated| repeated.cookie == *cookie)
        {
            let page: Vec<_> = repeated.page.clone();
            return self.repeat(id, &page).await;
        }
        let opened = match &asked.page {
            Some((_, cookie)) if !cookie.is_empty() => self.reopen(cookie),
            _ => self.begin(&search, filter, &asked),
        };
        match opened {
            Ok(open) => self.page(id, &search, open, &asked).await,
            Err(failure) => self.done(id, &Err(failure), &[]).await,
        }
    }

    async fn root_dse(&mut self, id: u32, search: &Search) -> io::Result<Next> {
        let mut out = Outbox::default();
        let entry = root_dse::read(&self.shared.directory(), &self.caller, &search.attributes);
        reply::put_entry(&mut out.octets, id, &entry, search.types_only);
        out.end(op::ENTRY);
        out.push(op::DONE, &reply::result(id, op::DONE, &Ok(()), &[]));
        Ok(out.send(id, &mut self.stream, &self.shared.faults).await?.into())
    }

    /// The end of a search.
    async fn done(
        &mut self,
        id: u32,
        outcome: &Result<(), Failure>,
        controls: &[Control],
    ) -> io::Result<Next> {
        self.send(id, op::DONE, &reply::result(id, op::DONE, outcome, controls)).await
    }

    fn reading(&self, asked: &Asked) -> Reading<'_> {
        // The audit list takes a privilege that Administrators have; who asks for it without gets nothing of the descriptor.
        let administrators: Option<adrecover_core::Sid> = "S-1-5-32-544".parse().ok();
        let may_audit =
            self.caller.is_system || administrators.is_some_and(|sid| self.caller.sids.contains(&sid));
        let parts = asked.sd_parts.filter(|parts| *parts != 0).unwrap_or(15);
        Reading {
            caller: &self.caller,
            sight: asked.sight,
            extended_dn: asked.extended_dn,
            sd_parts: if parts & 8 != 0 && !may_audit { 0 } else { parts },
            is_catalogue: self.kind.catalogue,
        }
    }

    fn begin(&self, search: &Search, filter: Filter, asked: &Asked) -> Result<Open, Failure> {
        let reading = self.reading(asked);
        let mut directory = self.shared.directory();
        let mut state = directory.begin(&search.base, search.scope, filter, &search.attributes, reading)?;
        if asked.domain_scope {
            state.references.clear();
        }
        Ok(Open { state, attributes: search.attributes.clone() })
    }

    fn reopen(&mut self, cookie: &[u8]) -> Result<Open, Failure> {
        let number = <[u8; 8]>::try_from(cookie).ok().map(u64::from_le_bytes);
        let found = number.and_then(|number| self.open.remove(&number));
        // A cookie of another connection, or one that was used (57 ERROR_INVALID_PARAMETER, seen as 53 on a real DC).
        found.ok_or_else(|| Failure::unwilling(0x57))
    }

    /// One page, or the whole result where no page was asked for.
    async fn page(&mut self, id: u32, search: &Search, mut open: Open, asked: &Asked) -> io::Result<Next> {
        let most = self.shared.directory().settings.limits.page_size;
        let size = asked.page.as_ref().map_or(most, |(size, _)| (*size).min(most));
        let limit = match search.size_limit as usize {
            0 => size,
            limit => limit.min(size),
        };
        let mut out = Outbox::default();
        let mut record: Vec<(u8, Vec<u8>)> = vec![];
        let (mut given, mut has_more) = (0, true);
        while given < limit && has_more {
            let start = out.len();
            {
                let reading = self.reading(asked);
                let directory = self.shared.directory();
                let page = directory.page(&mut open.state, reading, AT_ONCE.min(limit - given), |entry| {
                    reply::put_entry(&mut out.octets, id, &entry, search.types_only);
                    out.end(op::ENTRY);
                });
                given += page.entries;
                has_more = page.has_more;
            }
            if self.shared.faults.is_armed() {
                record.push((op::ENTRY, out.octets[start..].to_vec()));
            }
            if out.len() >= BATCH {
                match out.send(id, &mut self.stream, &self.shared.faults).await?.into() {
                    Next::GoOn => {}
                    next => return Ok(next),
                }
            }
        }
        for dn in std::mem::take(&mut open.state.references) {
            let reference = reply::reference(id, &format!("ldap://{}/{dn}", dn.dns_name()));
            out.push(op::REFERENCE, &reference);
            record.push((op::REFERENCE, reference));
        }
        let (outcome, cookie) = self.end_of_page(search, open, asked, given, has_more);
        let controls: Vec<Control> =
            cookie.iter().map(|cookie| Control { oid: PAGED_RESULTS, value: paged_value(cookie) }).collect();
        let done = reply::result(id, op::DONE, &outcome, &controls);
        let next = cookie.filter(|cookie| !cookie.is_empty());
        out.push(op::DONE, &done);
        if let Some(cookie) = next {
            out.has_cookie();
            if self.shared.faults.repeats_page(out.count() as u64) {
                record.push((op::DONE, done));
                self.repeated = Some(Repeated { cookie, page: record });
            }
        }
        Ok(out.send(id, &mut self.stream, &self.shared.faults).await?.into())
    }

    /// How a page ends: with a cookie where there is more, or with the limit that ended it.
    fn end_of_page(
        &mut self,
        search: &Search,
        open: Open,
        asked: &Asked,
        given: usize,
        has_more: bool,
    ) -> (Result<(), Failure>, Option<Vec<u8>>) {
        let limited = search.size_limit > 0 && given >= search.size_limit as usize;
        if has_more && (limited || asked.page.is_none()) {
            // 2023 ERROR_DS_SIZELIMIT_EXCEEDED.
            let failure = Failure::new(4, 0x2023, Kind::Service, "5006 (SIZE_LIMIT_EXCEEDED)");
            return (Err(failure), asked.page.as_ref().map(|_| vec![]));
        }
        if asked.page.is_none() {
            return (Ok(()), None);
        }
        if !has_more {
            return (Ok(()), Some(vec![]));
        }
        let number = self.next_cookie;
        self.next_cookie += 1;
        if self.open.len() >= MAX_OPEN {
            let oldest = self.open.keys().min().copied();
            oldest.and_then(|oldest| self.open.remove(&oldest));
        }
        debug_assert_eq!(open.attributes, search.attributes);
        self.open.insert(number, open);
        (Ok(()), Some(number.to_le_bytes().to_vec()))
    }

    /// Gives a page once more: a fault.
    async fn repeat(&mut self, id: u32, page: &[(u8, Vec<u8>)]) -> io::Result<Next> {
        let mut out = Outbox::default();
        for (op, octets) in page {
            // They have the number of an earlier request.
            out.push(*op, &reply::renumbered(octets, id));
        }
        Ok(out.send(id, &mut self.stream, &self.shared.faults).await?.into())
    }

    async fn dir_sync(
        &mut self,
        id: u32,
        search: &Search,
        filter: &Filter,
        control: &crate::directory::DirSync,
        asked: &Asked,
    ) -> io::Result<Next> {
        let result = {
            let reading = self.reading(asked);
            let mut directory = self.shared.directory();
            directory.dir_sync(&search.base, filter, &search.attributes, control, reading)
        };
        let found = match result {
            Ok(found) => found,
            Err(failure) => return self.done(id, &Err(failure), &[]).await,
        };
        let mut out = Outbox::default();
        for entry in &found.entries {
            reply::put_entry(&mut out.octets, id, entry, search.types_only);
            out.end(op::ENTRY);
        }
        let mut value = vec![];
        reply::put_integer(&mut value, 0x02, i64::from(found.has_more));
        reply::put_integer(&mut value, 0x02, 0);
        reply::put(&mut value, 0x04, &found.cookie);
        let mut sequence = vec![];
        reply::put(&mut sequence, 0x30, &value);
        let controls = [Control { oid: DIR_SYNC, value: sequence }];
        out.push(op::DONE, &reply::result(id, op::DONE, &Ok(()), &controls));
        Ok(out.send(id, &mut self.stream, &self.shared.faults).await?.into())
    }

    /// A search that ends only with the connection: entries come as they change ([MS-ADTS] 3.1.1.3.4.1.9).
    async fn watch(&mut self, id: u32, search: Search, filter: Filter, asked: Asked) -> io::Result<Next> {
        let most = self.shared.directory().settings.limits.notifications;
        if self.watches.len() >= most {
            let failure = Failure::new(11, 0x2024, Kind::Service, "5008 (ADMIN_LIMIT_EXCEEDED)");
            return self.done(id, &Err(failure), &[]).await;
        }
        // Only presence filters: 20B9 ERROR_DS_NOTIFY_FILTER_TOO_COMPLEX.
        if !matches!(filter, Filter::Present(_)) {
            return self.done(id, &Err(Failure::unwilling(0x20b9)), &[]).await;
        }
        let found = {
            let mut directory = self.shared.directory();
            Name::read(&search.base).and_then(|name| directory.find(&name))
        };
        let Some(base) = found else { return self.done(id, &Err(Failure::no_object()), &[]).await };
        self.watches.push(Watch {
            id,
            base,
            is_subtree: search.scope == Scope::Subtree,
            filter,
            attributes: search.attributes,
            asked,
        });
        Ok(Next::GoOn)
    }

    /// Tells those who wait what has changed.
    pub(super) async fn tell(&mut self, changed: &[Id]) -> Next {
        let mut messages = vec![];
        for watch in &self.watches {
            let reading = self.reading(&watch.asked);
            let mut directory = self.shared.directory();
            for id in changed {
                let above = directory.store.line(*id).skip(1).position(|above| above == watch.base);
                let is_below = above.is_some_and(|distance| watch.is_subtree || distance == 0);
                let Some(guid) =
                    directory.store.get(*id).map(|o| o.guid).filter(|_| is_below || *id == watch.base)
                else {
                    continue;
                };
                let found = directory.begin(
                    &guid.as_dn(),
                    Scope::Base,
                    watch.filter.clone(),
                    &watch.attributes,
                    reading,
                );
                let Ok(mut state) = found else { continue };
                directory.page(&mut state, reading, 1, |entry| {
                    let mut octets = vec![];
                    reply::put_entry(&mut octets, watch.id, &entry, false);
                    messages.push((watch.id, octets));
                });
            }
        }
        for (id, octets) in messages {
            match self.send(id, op::ENTRY, &octets).await {
                Ok(Next::GoOn) => {}
                Ok(next) => return next,
                Err(_) => return Next::End,
            }
        }
        Next::GoOn
    }
}

fn paged_value(cookie: &[u8]) -> Vec<u8> {
    let mut value = vec![];
    reply::put_integer(&mut value, 0x02, 0);
    reply::put(&mut value, 0x04, cookie);
    let mut out = vec![];
    reply::put(&mut out, 0x30, &value);
    out
}
