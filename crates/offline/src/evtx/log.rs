//! An event log as a source.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use ::evtx::{EvtxParser, EvtxRecord, ParserSettings};
use adrecover_core::source::{
    About, Damage, DamageReport, Direction, Event, EventKind, Key, Link, Moment, Object, Selection, Source,
    SourceError, SourceKind, Subject, Visit, find_by_listing,
};
use adrecover_core::time::rfc3339;

use crate::Options;
use crate::compressed::Packed;
use crate::input::Input;
use crate::open::name_of;

use super::audit::Record;
use super::happened::{event, operation};
use super::known::{Knowledge, is_same};

/// A record that is longer as JSON is not read: a chunk of a log, which holds whole records, has 64 KiB.
const LONGEST: usize = 1 << 20;
/// How much of a log is kept, in octets.
const MOST: usize = 512 << 20;
/// What an event takes besides names and values.
const EVENT: usize = 600;

/// What this reader was tried with.
const VERIFICATION: &str = "logs that were written for its tests, with the fields that Microsoft's pages of the events name. No \
     log that Windows wrote was at hand.";

/// An opened log.
#[derive(Debug)]
pub struct Log {
    about: About,
    events: Vec<Event>,
    known: Knowledge,
    damage: DamageReport,
}

impl Log {
    /// Opens a log. What is compressed is unpacked first.
    pub(crate) fn open(packed: &Packed, options: &Options) -> Result<Self, SourceError> {
        let (input, damage) = packed.unpack(options.most_unpacked)?;
        let mut log = Self::read(&packed.name, Reader { input, at: 0 })?;
        log.about.name = name_of(SourceKind::Evtx, packed);
        log.about.size = Some(packed.size);
        log.about.format.push_str(packed.compression.suffix());
        log.about.moment = log.about.moment.or(packed.modified.map(Moment::File));
        if let Some(Damage { place, problem }) = damage {
            log.damage.add(place, problem);
        }
        Ok(log)
    }

    /// Reads a log to its end and keeps what it tells of the directory.
    ///
    /// `name` is what the source is called. Takes memory for a chunk of 64 KiB at a time, and for the events that are
    /// kept, at most about 512 MiB.
    ///
    /// # Errors
    ///
    /// When it is no event log, or tells more than is kept.
    pub fn read<R: Read + Seek>(name: &str, from: R) -> Result<Self, SourceError> {
        let settings = ParserSettings::new().indent(false);
        let mut log = Self {
            about: About::new(SourceKind::Evtx, name),
            events: vec![],
            known: Knowledge::default(),
            damage: DamageReport::default(),
        };
        let mut parser = EvtxParser::from_read_seek(from).map_err(|error| SourceError::Damaged {
            name: name.to_owned(),
            place: "the header".to_owned(),
            problem: error.to_string(),
        })?;
        let settings = Arc::new(settings);
        let mut collected = Collected::default();
        for chunk in parser.chunks() {
            let mut chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    log.damage.add("a chunk", error.to_string());
                    continue;
                }
            };
            let place = chunk.number.map_or("a chunk".to_owned(), |number| format!("chunk {number}"));
            if !chunk.validate_checksum() {
                log.damage
                    .add(&place, "its checksum is wrong: what is read of it may not be what was written");
            }
            match chunk.parse(Arc::clone(&settings)) {
                Ok(mut chunk) => {
                    for record in chunk.iter() {
                        match record {
                            Ok(record) => collected.add(&record, &mut log.damage),
                            Err(error) => log.damage.add(&place, error.to_string()),
                        }
                    }
                }
                Err(error) => log.damage.add(&place, error.to_string()),
            }
            if collected.size > MOST {
                return Err(SourceError::TooLarge {
                    name: name.to_owned(),
                    what: format!(
                        "it tells more than {MOST} octets of changes; write a part of it into a log of its own: `wevtutil \
                         epl FILE part.evtx /lf:true \
                         /q:\"*[System[TimeCreated[@SystemTime>='2026-01-01T00:00:00Z']]]\"`"
                    ),
                });
            }
        }
        log.learn(collected);
        Ok(log)
    }

    fn learn(&mut self, collected: Collected) {
        let Collected { events, deletions, .. } = collected;
        for (event, operation) in events {
            // What a deletion takes from an object is part of the deletion: known is what it had before.
            let is_stripping = matches!(event.kind, EventKind::Changed(_))
                && operation.as_ref().is_some_and(|operation| deletions.contains(operation));
            if !is_stripping {
                self.known.add(&event);
            }
            self.events.push(event);
        }
        let times = || self.events.iter().filter_map(|event| event.at);
        let (first, last) = (times().min(), times().max());
        let mut hosts: Vec<String> = self.events.iter().filter_map(|event| event.on.clone()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts.truncate(10);
        self.about.host = Some(hosts.join(", ")).filter(|hosts| !hosts.is_empty());
        self.about.format =
            format!("event log, {} events of accounts, groups and the directory", self.events.len());
        self.about.moment = last.map(Moment::Newest);
        self.about.verification = VERIFICATION.to_owned();
        self.about.limits = vec![
            match (first, last) {
                (Some(first), Some(last)) => format!(
                    "it tells what happened from {} to {}, on the domain controllers whose log it is",
                    rfc3339(first),
                    rfc3339(last)
                ),
                _ => "it has no event of accounts, groups or the directory: nothing was audited, or it is another log"
                    .to_owned(),
            },
            "an attribute is known only where it was changed in that time and \"Directory Service Changes\" were audited"
                .to_owned(),
        ];
    }
}

/// An input that is read in its order, or from a place that is set.
struct Reader {
    input: Input,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read_at(self.at, into)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.input.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// What was read so far.
#[derive(Default)]
struct Collected {
    events: Vec<(Event, Option<Operation>)>,
    deletions: std::collections::HashSet<Operation>,
    size: usize,
}

/// An operation of the directory on an object.
type Operation = (String, Option<adrecover_core::ObjectGuid>);

impl Collected {
    fn add(&mut self, record: &EvtxRecord<'_>, damage: &mut DamageReport) {
        let number = record.event_record_id;
        let json = match record.clone().into_json() {
            Ok(json) => json.data,
            Err(error) => return damage.add(format!("record {number}"), error.to_string()),
        };
        if json.len() > LONGEST {
            return damage.add(format!("record {number}"), format!("it has more than {LONGEST} octets"));
        }
        let read = match Record::read(number, &json) {
            Ok(Some(record)) => record,
            Ok(None) => return,
            Err(error) => return damage.add(format!("record {number}"), error.to_string()),
        };
        let operation = operation(&read);
        let Some(event) = event(&read) else {
            return damage
                .add(format!("record {number}"), format!("event {} without what it is about", read.event));
        };
        if read.event == 5141 {
            self.deletions.extend(operation.clone());
        }
        self.size += weight(&event);
        // One operation writes a record for each value.
        if let (Some((last, last_operation)), EventKind::Changed(changes)) =
            (self.events.last_mut(), &event.kind)
            && operation.is_some()
            && *last_operation == operation
            && let EventKind::Changed(before) = &mut last.kind
        {
            before.extend(changes.iter().cloned());
            return;
        }
        self.events.push((event, operation));
    }
}

/// What an event takes in memory, about.
fn weight(event: &Event) -> usize {
    let values = match &event.kind {
        EventKind::Changed(changes) => changes.iter().flat_map(|change| &change.values).map(Vec::len).sum(),
        _ => 0,
    };
    // It is kept as an event, and what it tells in what is known.
    EVENT + 2 * (values + event.object.dn.as_ref().map_or(0, String::len))
}

impl Source for Log {
    fn about(&self) -> &About {
        &self.about
    }

    fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError> {
        for number in 0..self.known.objects.len() {
            let Some(mut object) = self.known.object(number) else { continue };
            if !wanted.takes(object.standing) || !wanted.covers(&object.entry.dn) {
                continue;
            }
            let identity = ["objectGUID", "objectSid"];
            object.entry.attributes.retain(|a| identity.contains(&a.name.as_ref()) || wanted.names(&a.name));
            if visit(object).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn links(
        &mut self,
        object: &Object,
        direction: Direction,
        visit: Visit<'_, Link>,
    ) -> Result<(), SourceError> {
        for link in &self.known.links {
            let (own, other) = match direction {
                Direction::Holds => (link.holder, link.target),
                Direction::PointedTo => (link.target, link.holder),
            };
            if own as u64 != object.id {
                continue;
            }
            let link = Link {
                attribute: link.attribute.clone(),
                other: self.known.end(other),
                data: vec![],
                state: link.state,
                since: link.since,
            };
            if visit(link).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn events(&mut self, of: Option<&Key>, visit: Visit<'_, Event>) -> Result<(), SourceError> {
        let objects = of.map(|key| find_by_listing(self, key)).transpose()?;
        let is_wanted = |subject: &Subject| {
            objects.as_ref().is_none_or(|objects| objects.iter().any(|object| is_same(subject, object)))
        };
        for event in &self.events {
            let group = match &event.kind {
                EventKind::MemberAdded { group } | EventKind::MemberRemoved { group } => Some(group),
                _ => None,
            };
            if (is_wanted(&event.object) || group.is_some_and(is_wanted)) && visit(event.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn damage(&self) -> &DamageReport {
        &self.damage
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
