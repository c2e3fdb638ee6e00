//! The first reading of a file: where its records are, which belong to one object, and what it tells of its directory.
//!
//! Of each record an offset and a line number are kept, of each name a hash: no values.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;

use adrecover_core::source::{Counts, DamageReport, SourceError};
use adrecover_core::{Dn, Entry};

use super::lines::Encoding;
use super::parse::{Item, Records};
use super::record::{Body, Record};
use super::state::State;
use crate::facts::Facts;
use crate::index::Index;
use crate::input::Input;
use crate::names::{dn_key, extended};

/// The most records of a file.
const MOST_RECORDS: usize = 16 << 20;
/// The most changes of names that are followed.
const MOST_RENAMES: usize = 2000;

/// The most components of a name that is followed. AD has no deeper ones.
const DEEPEST: usize = 256;

/// The first record of an object.
const FIRST: u8 = 1;
/// An object with more than one record.
const MORE: u8 = 2;
/// The object is deleted after it.
const ENDS: u8 = 4;
/// The object is deleted, by what it has.
const DELETED: u8 = 8;
/// And recycled.
const RECYCLED: u8 = 16;
/// It is no object, but the rootDSE.
const ROOT: u8 = 32;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    offsets: Vec<u64>,
    lines: Vec<u32>,
    flags: Vec<u8>,
    /// Records behind the first one of an object: the first one, and the record.
    later: Vec<(u32, u32)>,
    /// The same the other way round.
    first: Vec<(u32, u32)>,
    pub(super) index: Index,
    pub(super) facts: Facts,
    pub(super) damage: DamageReport,
    /// Whether there are changes other than `add`: a log of what was done, and not an export.
    pub(super) is_log: bool,
    pub(super) has_renames: bool,
    /// How many records tell what an object has, without its `objectGUID`.
    pub(super) without_guid: u64,
    /// The attributes that were asked for, where a comment of `ldapsearch` tells.
    pub(super) requested: Option<String>,
    /// How the server's answer ended, where that was not well.
    pub(super) ended: Option<String>,
}

impl Scan {
    /// Reads a file.
    pub(super) fn read(
        input: &Input,
        encoding: Encoding,
        from: u64,
        name: &str,
    ) -> Result<Self, SourceError> {
        let mut scan = Self::default();
        let mut names = Names::default();
        let mut groups: Vec<(u64, u32)> = vec![];
        let mut records = Records::new(input, encoding, from, 1);
        let io = |error: io::Error| SourceError::io(name, &error);
        while let Some(item) = records.next().map_err(io)? {
            for (line, problem) in records.notes.drain(..) {
                scan.damage.add(format!("line {line}"), problem);
            }
            records.comments.iter().for_each(|comment| scan.comment(comment));
            match item {
                Item::Record(record) => {
                    if scan.offsets.len() >= MOST_RECORDS {
                        let what = format!("it has more than {MOST_RECORDS} records");
                        return Err(SourceError::TooLarge { name: name.to_owned(), what });
                    }
                    groups.push((names.identity(&record), scan.offsets.len() as u32));
                    scan.put(&record);
                }
                Item::Remark(word, text) => scan.remark(&word, &text),
                Item::Nothing => {}
            }
        }
        records.comments.iter().for_each(|comment| scan.comment(comment));
        if names.is_cut {
            scan.damage.add(
                "names",
                format!("more than {MOST_RENAMES} changes of names: later ones are not followed"),
            );
        }
        scan.group(groups);
        if scan.facts.links.are_unusual() {
            scan.unusual_links(input, encoding).map_err(io)?;
        }
        scan.index.sort();
        Ok(scan)
    }

    fn put(&mut self, record: &Record) {
        let number = self.offsets.len() as u32;
        self.offsets.push(record.at);
        self.lines.push(u32::try_from(record.line).unwrap_or(u32::MAX));
        let mut flags = if extended(&record.dn).dn.is_empty() { ROOT } else { 0 };
        self.is_log |= !matches!(record.body, Body::Content(_) | Body::Add(_));
        let state = State::of(record);
        let entry = state.entry();
        self.index.put_names(number, &entry);
        match &record.body {
            Body::Content(_) | Body::Add(_) => {
                self.facts.look(&entry);
                if !entry.dn.is_empty() && !entry.has("objectGUID") {
                    self.without_guid += 1;
                }
                flags |= if entry.is_deleted() { DELETED } else { 0 };
                flags |= if entry.is_true("isRecycled") { RECYCLED } else { 0 };
            }
            Body::Rename { .. } => {
                self.has_renames = true;
                self.index.put_dn(number, &extended(&record.dn).dn);
            }
            Body::Delete => flags |= ENDS,
            Body::Modify(_) => {}
        }
        self.flags.push(flags);
        self.put_links(number, &state);
    }

    fn put_links(&mut self, number: u32, state: &State) {
        let index = &mut self.index;
        state.links(&self.facts.links, true, &mut |link| {
            index.put_link(number, &link.other.dn, link.other.guid);
            true
        });
    }

    /// Links of the file's schema, which may stand behind the objects that have them.
    fn unusual_links(&mut self, input: &Input, encoding: Encoding) -> io::Result<()> {
        for number in 0..self.offsets.len() as u32 {
            if let Some(record) = self.record(input, encoding, number)? {
                self.put_links(number, &State::of(&record));
            }
        }
        Ok(())
    }

    /// Puts the records together that tell of one object. After a deletion the same name is another object.
    fn group(&mut self, mut groups: Vec<(u64, u32)>) {
        groups.sort_unstable();
        let mut open: Option<(u64, u32)> = None;
        for (identity, record) in groups {
            match open.filter(|(known, _)| *known == identity) {
                None => {
                    self.flags[record as usize] |= FIRST;
                    open = Some((identity, record));
                }
                Some((_, first)) => {
                    self.flags[first as usize] |= MORE;
                    self.later.push((first, record));
                    self.first.push((record, first));
                }
            }
            if self.flags[record as usize] & ENDS != 0 {
                open = None;
            }
        }
        self.later.sort_unstable();
        self.first.sort_unstable();
    }

    /// How many objects there are; `None` where that takes more than their first records.
    pub(super) fn counts(&self) -> Option<Counts> {
        use adrecover_core::source::Standing;
        if !self.later.is_empty() || self.is_log {
            return None;
        }
        let bin = self.facts.recycle_bin();
        let mut counts = Counts::default();
        for flags in self.flags.iter().filter(|flags| **flags & ROOT == 0) {
            let told = Entry::new("CN=a");
            let told = if flags & DELETED != 0 { told.with("isDeleted", ["TRUE"]) } else { told };
            let told = if flags & RECYCLED != 0 { told.with("isRecycled", ["TRUE"]) } else { told };
            counts.add(Standing::of(&told, bin));
        }
        Some(counts)
    }

    fn comment(&mut self, comment: &str) {
        if let Some(asked) = comment.strip_prefix("requesting:") {
            let asked = asked.trim();
            if !asked.is_empty() && !asked.split_whitespace().any(|word| matches!(word, "ALL" | "*")) {
                self.requested = Some(asked.chars().take(300).collect());
            }
        }
    }

    fn remark(&mut self, word: &str, text: &str) {
        if word == "result" && !text.trim_start().starts_with("0 ") {
            self.ended = Some(text.trim().chars().take(300).collect());
        }
    }

    /// The number of records.
    pub(super) fn len(&self) -> u32 {
        self.offsets.len() as u32
    }

    /// Whether an object begins with this record.
    pub(super) fn is_first(&self, record: u32) -> bool {
        self.flags.get(record as usize).is_some_and(|flags| flags & FIRST != 0)
    }

    /// Whether an object has no other record than this one, its first.
    pub(super) fn is_alone(&self, first: u32) -> bool {
        self.flags.get(first as usize).is_some_and(|flags| flags & MORE == 0)
    }

    /// The first record of the object that this one tells of.
    pub(super) fn first_of(&self, record: u32) -> u32 {
        match self.first.binary_search_by_key(&record, |(record, _)| *record) {
            Ok(place) => self.first[place].1,
            Err(_) => record,
        }
    }

    /// All records of an object, by its first one.
    pub(super) fn records_of(&self, first: u32) -> impl Iterator<Item = u32> + '_ {
        let from = match self.is_alone(first) {
            true => self.later.len(),
            false => self.later.partition_point(|(other, _)| *other < first),
        };
        let later = self.later[from..].iter().take_while(move |(other, _)| *other == first);
        std::iter::once(first).chain(later.map(|(_, record)| *record))
    }

    /// The line on which a record begins.
    pub(super) fn line_of(&self, record: u32) -> u32 {
        self.lines.get(record as usize).copied().unwrap_or_default()
    }

    /// Reads a record again.
    pub(super) fn record(
        &self,
        input: &Input,
        encoding: Encoding,
        record: u32,
    ) -> io::Result<Option<Record>> {
        let Some(at) = self.offsets.get(record as usize) else { return Ok(None) };
        let mut records = Records::new(input, encoding, *at, u64::from(self.line_of(record)));
        Ok(match records.next()? {
            Some(Item::Record(record)) => Some(record),
            _ => None,
        })
    }
}

/// Which object a name means where it stands in the file: names change.
#[derive(Debug, Default)]
struct Names {
    hasher: RandomState,
    /// For names that were changed (of a container its first name), the name by which the object was known first; as keys.
    known: HashMap<String, String>,
    renames: usize,
    is_cut: bool,
}

impl Names {
    fn identity(&mut self, record: &Record) -> u64 {
        let dn = extended(&record.dn).dn;
        let Some(key) = dn_key(&dn) else { return self.hasher.hash_one((1, dn)) };
        let identity = self.of(&key);
        if let Body::Rename { new_rdn, new_superior, .. } = &record.body {
            self.rename(&dn, &key, &identity, new_rdn, new_superior.as_deref());
        }
        self.hasher.hash_one((0, identity))
    }

    /// The first name of what has this one, from its outermost container on.
    fn of(&self, key: &str) -> String {
        let components = components(key);
        if self.known.is_empty() || components.len() > DEEPEST {
            return key.to_owned();
        }
        components.iter().rev().fold(String::new(), |parent, component| self.child(component, &parent))
    }

    /// The first name of what has this name in a container with this first name.
    fn child(&self, component: &str, parent: &str) -> String {
        let name = joined(component, parent);
        self.known.get(&name).cloned().unwrap_or(name)
    }

    fn rename(&mut self, dn: &str, key: &str, identity: &str, new_rdn: &str, superior: Option<&str>) {
        let parent = match superior {
            Some(superior) => superior.parse().ok(),
            None => dn.parse().ok().and_then(|dn: Dn| dn.parent()),
        };
        let (Some(parent), Ok(rdn)) = (parent, adrecover_core::Rdn::first(new_rdn)) else { return };
        if self.renames >= MOST_RENAMES {
            self.is_cut = true;
            return;
        }
        self.renames += 1;
        let (component, old) = (components(key)[0], parent_of(key));
        let (new, old) = (parent.child(rdn).key(), joined(component, &self.of(old)));
        let new = joined(components(&new)[0], &self.of(parent_of(&new)));
        // Who gets the old name now is somebody else.
        let somebody_else = format!("{old}\0{}", self.renames);
        self.known.insert(old, somebody_else);
        self.known.insert(new, identity.to_owned());
    }
}

fn joined(component: &str, parent: &str) -> String {
    if parent.is_empty() { component.to_owned() } else { format!("{component},{parent}") }
}

/// The components of a DN's key; at least one.
fn components(key: &str) -> Vec<&str> {
    let (mut out, mut rest) = (vec![], key);
    while let Some(next) = next_component(rest) {
        out.push(&rest[..next - 1]);
        rest = &rest[next..];
    }
    out.push(rest);
    out
}

fn parent_of(key: &str) -> &str {
    next_component(key).map_or("", |next| &key[next..])
}

/// Where the next component of a DN's key begins, behind an unescaped comma.
fn next_component(key: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, b) in key.bytes().enumerate() {
        match b {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b',' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_followed_through_its_names() {
        let change = |dn: &str, body: Body| Record { at: 0, line: 1, dn: dn.into(), body, controls: vec![] };
        let rename = |dn: &str, new_rdn: &str, superior: Option<&str>| {
            let body = Body::Rename {
                new_rdn: new_rdn.into(),
                delete_old: true,
                new_superior: superior.map(str::to_owned),
            };
            change(dn, body)
        };
        let seen = |dn: &str| change(dn, Body::Content(vec![]));
        let mut names = Names::default();
        let ada = names.identity(&seen("CN=Ada,OU=a,DC=x"));
        assert_eq!(names.identity(&rename("CN=Ada,OU=a,DC=x", "CN=Bea", None)), ada);
        assert_eq!(names.identity(&seen("cn=bea,ou=a,dc=x")), ada);
        assert_ne!(names.identity(&seen("CN=Ada,OU=a,DC=x")), ada, "somebody else");
        names.identity(&rename("OU=a,DC=x", "OU=b", Some("OU=c,DC=x")));
        assert_eq!(names.identity(&seen("CN=Bea,OU=b,OU=c,DC=x")), ada, "its container moved");
        assert_ne!(names.identity(&seen("CN=Bea,OU=a,DC=x")), ada);
    }
}
