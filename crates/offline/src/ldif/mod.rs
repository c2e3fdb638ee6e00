//! LDIF files (RFC 2849): exports of `ldapsearch`, `ldifde` and `ldbsearch`, and logs of changes.
//!
//! A file is read once when it is opened (`scan`), and after that record by record where something is asked for. Records of one
//! name are one object: exports that were put together, ranges of values (`member;range=0-1499`), and changes, from which the object
//! is told as far as they tell it. What a change deletes is told as it was right before.
//!
//! Memory: an offset for each record (13 octets), up to five hashes of names and one of each link (12 octets each, at most 384 MiB for
//! 16 million names and as many links), and one object at a time (at most 128 MiB of values).

mod lines;
mod parse;
mod record;
mod scan;
mod state;
mod values;

use std::io;
use std::ops::ControlFlow;

use adrecover_core::directory::Change;
use adrecover_core::secrets::is_secret;
use adrecover_core::source::{
    About, DamageReport, Direction, Event, EventKind, Key, Link, LinkEnd, MOST_FOUND, Moment, Object,
    Selection, Source, SourceError, SourceKind, Standing, Subject, Visit,
};

pub use self::record::{Body, Control, Modification, Record, Value, Values};

use self::lines::{Encoding, Line, Lines};
use self::parse::{Item, Records};
use self::scan::Scan;
use self::state::State;
use crate::compressed::Packed;
use crate::facts::{Facts, Links};
use crate::index::Candidates;
use crate::input::Input;
use crate::names::{Name, dn_key, extended};
use crate::open::{Options, name_of};

/// What was tried with this reader, and what not.
const VERIFICATION: &str = "read were exports of ldapsearch, ldbsearch and samba-tool from Samba, and files written after RFC 2849; \
                            no file that ldifde wrote on Windows has been tried";

/// An LDIF file.
#[derive(Debug)]
pub struct LdifFile {
    input: Input,
    encoding: Encoding,
    about: About,
    links: Links,
    scan: Scan,
    file: String,
    /// Where the records begin.
    from: u64,
}

/// Whether content begins as an LDIF file does: with a version or a name, behind comments.
pub(crate) fn looks_like(head: &[u8]) -> bool {
    /// How many lines of comments may come first.
    const LINES: usize = 500;
    let (encoding, from) = Encoding::of(head);
    let input = Input::memory(head.to_vec());
    let mut lines = Lines::new(&input, encoding, from, 1);
    let mut line = Line::default();
    // A name in a comment of `ldapsearch` may have a line feed: what follows is the rest of it.
    let mut is_behind_comment = false;
    for _ in 0..LINES {
        if !lines.next(&mut line).unwrap_or(false) {
            return false;
        }
        let begins =
            |word: &[u8]| line.text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        if begins(b"dn:") || begins(b"version:") {
            return true;
        }
        let is_comment = line.text.starts_with(b"#");
        if !line.text.is_empty() && !is_comment && !is_behind_comment {
            return false;
        }
        is_behind_comment = is_comment || (is_behind_comment && !line.text.is_empty());
    }
    false
}

/// The records of octets that are at hand, for tests.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn records(octets: &[u8]) -> Vec<Record> {
    let (encoding, from) = Encoding::of(octets);
    let input = Input::memory(octets.to_vec());
    let mut records = Records::new(&input, encoding, from, 1);
    std::iter::from_fn(|| records.next().ok().flatten())
        .filter_map(|item| match item {
            Item::Record(record) => Some(record),
            _ => None,
        })
        .collect()
}

impl LdifFile {
    pub(crate) fn open(packed: &Packed, options: &Options) -> Result<Self, SourceError> {
        let (input, damage) = packed.unpack(options.most_unpacked)?;
        let (encoding, from) = Encoding::of(&packed.head);
        let mut scan = Scan::read(&input, encoding, from, &packed.name)?;
        if let Some(damage) = damage {
            scan.damage.add(damage.place, damage.problem);
        }
        let mut about = About::new(SourceKind::Ldif, name_of(SourceKind::Ldif, packed));
        about.format = format!("LDIF, {}{}", encoding.name(), packed.compression.suffix());
        about.size = Some(packed.size);
        about.counts = scan.counts();
        about.verification = VERIFICATION.to_owned();
        let facts = std::mem::take(&mut scan.facts);
        let newest = facts.newest.map(Moment::Newest).or(packed.modified.map(Moment::File));
        about.moment = facts.clock.map(Moment::Written).or(newest);
        about.limits = limits(&scan);
        let links = Facts::tell(facts, false, &mut about);
        Ok(Self { input, encoding, about, links, scan, file: packed.name.clone(), from })
    }

    /// Whether the file is a log of changes, and not an export.
    #[must_use]
    pub fn is_log(&self) -> bool {
        self.scan.is_log
    }

    fn io(&self, error: &io::Error) -> SourceError {
        SourceError::io(&self.file, error)
    }

    /// What all records of an object tell.
    fn state(&self, first: u32) -> Result<State, SourceError> {
        let mut state = State::new();
        for number in self.scan.records_of(first) {
            let record = self.scan.record(&self.input, self.encoding, number);
            if let Some(record) = record.map_err(|error| self.io(&error))? {
                state.apply(&record);
            }
        }
        Ok(state)
    }

    fn object(&self, first: u32, state: State) -> Object {
        let place = format!("line {}", self.scan.line_of(first));
        state.object(u64::from(first), &self.links, self.about.recycle_bin, place)
    }
}

/// What the file cannot tell.
fn limits(scan: &Scan) -> Vec<String> {
    let mut limits = vec![
        "what an object does not have in it may not have been exported, or not been readable".to_owned(),
    ];
    if let Some(asked) = &scan.requested {
        limits.push(format!("only these attributes were asked for: {asked}"));
    }
    if let Some(result) = &scan.ended {
        limits.push(format!("the server ended the answer early: {result}"));
    }
    if scan.is_log {
        limits.push(
            "it is a log of changes: objects are told as far as the changes tell, without times".to_owned(),
        );
    }
    if scan.has_renames {
        limits.push(
            "objects below a container that was renamed in it keep their former names until they change"
                .to_owned(),
        );
    }
    if scan.without_guid > 0 {
        limits.push(format!(
            "{} records are without objectGUID: they are found by their names only",
            scan.without_guid
        ));
    }
    if !scan.index.is_complete() {
        limits.push("it has more names than are kept in memory: looking one up reads all of it".to_owned());
    }
    limits
}

impl Source for LdifFile {
    fn about(&self) -> &About {
        &self.about
    }

    fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError> {
        let mut records = Records::new(&self.input, self.encoding, self.from, 1);
        let mut number = 0;
        while let Some(item) = records.next().map_err(|error| self.io(&error))? {
            let Item::Record(record) = item else { continue };
            let first = number;
            number += 1;
            if !self.scan.is_first(first) {
                continue;
            }
            let state = match self.scan.is_alone(first) {
                true => State::of(&record),
                false => self.state(first)?,
            };
            let mut object = self.object(first, state);
            if object.entry.dn.is_empty()
                || !wanted.takes(object.standing)
                || !wanted.covers(&object.entry.dn)
            {
                continue;
            }
            if wanted.attributes.is_some() {
                object.entry.attributes.retain(|attribute| wanted.names(&attribute.name));
                object.gaps.retain(|gap| wanted.names(&gap.attribute));
            }
            if visit(object).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn find(&mut self, key: &Key) -> Result<Vec<Object>, SourceError> {
        let Candidates::These(records) = self.scan.index.having(key) else {
            return adrecover_core::source::find_by_listing(self, key);
        };
        let mut firsts: Vec<u32> = records.into_iter().map(|record| self.scan.first_of(record)).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let mut found = vec![];
        for first in firsts {
            let object = self.object(first, self.state(first)?);
            if key.matches(&object) && !object.entry.dn.is_empty() {
                found.push(object);
            }
            if found.len() >= MOST_FOUND {
                break;
            }
        }
        found.sort_by_key(|object| object.standing != Standing::Live);
        Ok(found)
    }

    fn links(
        &mut self,
        object: &Object,
        direction: Direction,
        visit: Visit<'_, Link>,
    ) -> Result<(), SourceError> {
        let Some(own) = u32::try_from(object.id).ok().filter(|first| self.scan.is_first(*first)) else {
            return Ok(());
        };
        let is_forward = direction == Direction::Holds;
        // Those who point to it tell who they are; its own back links tell names only.
        let mut told = vec![];
        if !is_forward && self.referrers(object, &mut told, visit)?.is_break() {
            return Ok(());
        }
        self.state(own)?.links(&self.links, is_forward, &mut |link| {
            let is_told = !told.is_empty() && told.contains(&told_as(&link.attribute, &link.other.dn));
            is_told || visit(link).is_continue()
        });
        Ok(())
    }

    fn events(&mut self, of: Option<&Key>, visit: Visit<'_, Event>) -> Result<(), SourceError> {
        if !self.scan.is_log {
            return Ok(());
        }
        let wanted = match of {
            Some(key) => Some(self.find(key)?.into_iter().map(|object| object.id).collect::<Vec<_>>()),
            None => None,
        };
        for number in 0..self.scan.len() {
            let first = u64::from(self.scan.first_of(number));
            if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&first)) {
                continue;
            }
            let record = self.scan.record(&self.input, self.encoding, number);
            let Some(event) = record.map_err(|error| self.io(&error))?.and_then(event) else { continue };
            if visit(event).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn damage(&self) -> &DamageReport {
        &self.scan.damage
    }
}

impl LdifFile {
    /// Hands over the links of others to an object, and notes them.
    fn referrers(
        &self,
        object: &Object,
        told: &mut Vec<(String, String)>,
        visit: Visit<'_, Link>,
    ) -> Result<ControlFlow<()>, SourceError> {
        let mut firsts: Vec<u32> = match self.scan.index.pointing_to(object) {
            Candidates::These(records) => records.into_iter().map(|r| self.scan.first_of(r)).collect(),
            Candidates::All => (0..self.scan.len()).filter(|record| self.scan.is_first(*record)).collect(),
        };
        firsts.sort_unstable();
        firsts.dedup();
        let name = Name::new(&object.entry.dn);
        for first in firsts {
            let state = self.state(first)?;
            let mut links = vec![];
            state.links(&self.links, true, &mut |link| {
                let is_it = match (link.other.guid, object.guid) {
                    (Some(one), Some(other)) => one == other,
                    _ => name.is(&link.other.dn),
                };
                if is_it {
                    links.push(link);
                }
                links.len() < MOST_FOUND
            });
            if links.is_empty() {
                continue;
            }
            let holder = self.object(first, state);
            for link in links {
                told.push(told_as(&link.attribute, &holder.entry.dn));
                let other = LinkEnd {
                    guid: holder.guid,
                    sid: holder.sid.clone(),
                    dn: holder.entry.dn.clone(),
                    standing: Some(holder.standing),
                };
                if visit(Link { other, ..link }).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn told_as(attribute: &str, dn: &str) -> (String, String) {
    (attribute.to_lowercase(), dn_key(dn).map_or_else(|| dn.to_owned(), std::borrow::Cow::into_owned))
}

/// What a change record tells.
fn event(record: Record) -> Option<Event> {
    let end = extended(&record.dn);
    let kind = match record.body {
        Body::Content(_) => return None,
        Body::Add(_) => EventKind::Created,
        Body::Delete => EventKind::Deleted,
        Body::Modify(changes) => {
            let open =
                changes.into_iter().filter(|change| !is_secret(&values::name_of(&change.values.name).0));
            EventKind::Changed(open.map(|change| change_of(&change)).collect())
        }
        Body::Rename { new_rdn, new_superior, .. } => {
            let parent = match new_superior {
                Some(superior) => superior.parse().ok(),
                None => end.dn.parse().ok().and_then(|dn: adrecover_core::Dn| dn.parent()),
            };
            let to = parent.zip(adrecover_core::Rdn::first(&new_rdn).ok());
            EventKind::Moved {
                from: Some(end.dn.clone()),
                to: to.map(|(parent, rdn)| parent.child(rdn).to_string()),
            }
        }
    };
    let object = Subject { guid: end.guid, sid: end.sid, dn: Some(end.dn), account: None, class: None };
    Some(Event { at: None, by: None, on: None, object, kind, place: format!("line {}", record.line) })
}

fn change_of(change: &Modification) -> Change {
    let (attribute, _) = values::name_of(&change.values.name);
    let values = change.values.octets();
    let values = values.filter_map(|value| values::octets(&attribute, value)).collect();
    Change { attribute, kind: change.kind, values }
}

#[cfg(test)]
mod tests;
