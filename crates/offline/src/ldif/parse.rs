//! From lines to records (RFC 2849), one after the other.
//!
//! A line that cannot be read costs that line, and a record without a name that record; what is wrong is noted with its line. What
//! `ldapsearch` and `ldbsearch` write beside records (`search: 2`, `result: 0 Success`, `ref: …`) is known and is no damage.

use std::io;

use adrecover_core::directory::ChangeKind;
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::lines::{Encoding, Line, Lines};
use super::record::{Body, Control, Modification, Record, Value, Values};
use crate::input::Input;
use crate::names::LONGEST_DN;

/// The most octets of values of one record; what lies behind that is left out and said to be. A group of a million members is below it.
pub(crate) const MOST_OCTETS: usize = 128 << 20;
/// The most attributes of one record. No class of AD has that many.
pub(crate) const MOST_ATTRIBUTES: usize = 512;
/// The most modifications and controls of one record.
const MOST_CHANGES: usize = 10_000;
/// The most notes of one record.
const MOST_NOTES: usize = 20;
/// The longest name of an attribute.
const LONGEST_NAME: usize = 256;

/// What is wrong with lines that belong to no object.
const NO_NAME: &str = "a record without a line `dn:`";
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What stands between two empty lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A record.
    Record(Record),
    /// What a program wrote beside the records: a name and a text.
    Remark(String, String),
    /// Nothing that can be used; what is wrong with it is among the notes.
    Nothing,
}

/// Reads records one after the other.
pub(crate) struct Records<'a> {
    lines: Lines<'a>,
    line: Line,
    /// What is wrong with the item that was read last: the number of the line, and the problem.
    pub(crate) notes: Vec<(u64, String)>,
    /// Comments since the last record.
    pub(crate) comments: Vec<String>,
}

impl<'a> Records<'a> {
    /// From a place in the file on, which has this number as a line.
    pub(crate) fn new(input: &'a Input, encoding: Encoding, at: u64, number: u64) -> Self {
        let lines = Lines::new(input, encoding, at, number);
        Self { lines, line: Line::default(), notes: vec![], comments: vec![] }
    }

    /// The next item; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Item>> {
        self.notes.clear();
        self.comments.clear();
        // `ldapsearch` writes the name of an object into a comment before its record, also one with a line feed in it (those of deleted
        // objects have one): what follows a comment up to `dn:` is the rest of that, and nothing is wrong with it.
        let (mut is_behind_comment, mut rest) = (false, None);
        loop {
            let is_over = !self.lines.next(&mut self.line)?;
            if is_over || self.line.text.is_empty() {
                if let Some(number) = rest {
                    self.notes.push((number, NO_NAME.to_owned()));
                    return Ok(Some(Item::Nothing));
                }
                if is_over {
                    return Ok(None);
                }
                is_behind_comment = false;
                continue;
            }
            if self.is_comment() {
                is_behind_comment = true;
                continue;
            }
            let (number, known) = (self.line.number, self.notes.len());
            let Some((name, value)) = self.take() else {
                if is_behind_comment {
                    self.notes.truncate(known);
                    rest = rest.or(Some(number));
                    continue;
                }
                return self.skip(Item::Nothing);
            };
            match name.to_ascii_lowercase().as_str() {
                "version" => {
                    let version = text_of(&value).unwrap_or_default();
                    if version.trim() != "1" {
                        self.note(format!("LDIF version `{}` is not known", shortened(&version)));
                    }
                }
                "dn" => return self.record(value).map(Some),
                // The end of what `ldapsearch` writes without `-LL`, and references to other servers.
                "search" | "result" | "ref" | "matcheddn" | "text" | "control" | "pagedresults" => {
                    let text = text_of(&value).unwrap_or_default();
                    return self.skip(Item::Remark(name.to_ascii_lowercase(), text));
                }
                _ if is_behind_comment => rest = rest.or(Some(number)),
                _ => {
                    self.note(NO_NAME);
                    return self.skip(Item::Nothing);
                }
            }
        }
    }

    /// Leaves the rest of a record out.
    fn skip(&mut self, mut item: Item) -> io::Result<Option<Item>> {
        while self.line_of_record()? {
            // `search: 2` is followed by `result: 4 Size limit exceeded`, which tells more.
            let result = match &item {
                Item::Remark(name, _) if name == "search" => self.take().filter(|(name, _)| name == "result"),
                _ => None,
            };
            if let Some((name, value)) = result {
                item = Item::Remark(name, text_of(&value).unwrap_or_default());
            }
        }
        Ok(Some(item))
    }

    /// Reads the next line of a record; `false` at its end.
    fn line_of_record(&mut self) -> io::Result<bool> {
        loop {
            if !self.lines.next(&mut self.line)? || self.line.text.is_empty() {
                return Ok(false);
            }
            if !self.is_comment() {
                return Ok(true);
            }
        }
    }

    fn is_comment(&mut self) -> bool {
        /// Longer ones say nothing that is looked for.
        const LONGEST: usize = 4096;
        if !self.line.text.starts_with(b"#") {
            return false;
        }
        if self.line.text.len() <= LONGEST && self.comments.len() < MOST_NOTES {
            self.comments.push(String::from_utf8_lossy(&self.line.text[1..]).trim().to_owned());
        }
        true
    }

    fn note(&mut self, problem: impl Into<String>) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push((self.line.number, problem.into()));
        }
    }

    /// The record whose `dn:` was read.
    fn record(&mut self, dn: Value) -> io::Result<Item> {
        let (at, line) = (self.line.at, self.line.number);
        let dn = match dn {
            Value::Octets(octets) if octets.len() <= LONGEST_DN => String::from_utf8(octets).ok(),
            _ => None,
        };
        let Some(dn) = dn else {
            self.note("the name of the record cannot be read");
            return Ok(self.skip(Item::Nothing)?.unwrap_or(Item::Nothing));
        };
        let (mut controls, mut content, mut size) = (vec![], vec![], 0);
        while self.line_of_record()? {
            let Some((name, value)) = self.take() else { continue };
            match name.to_ascii_lowercase().as_str() {
                "control" if content.is_empty() => self.control(&value, &mut controls),
                "changetype" if content.is_empty() => {
                    let kind = text_of(&value).unwrap_or_default().trim().to_ascii_lowercase();
                    return Ok(match self.change(&kind)? {
                        Some(body) => Item::Record(Record { at, line, dn, body, controls }),
                        None => Item::Nothing,
                    });
                }
                _ => self.add(&mut content, name, value, &mut size),
            }
        }
        Ok(Item::Record(Record { at, line, dn, body: Body::Content(content), controls }))
    }

    fn change(&mut self, kind: &str) -> io::Result<Option<Body>> {
        match kind {
            "add" => {
                let (mut content, mut size) = (vec![], 0);
                while self.line_of_record()? {
                    if let Some((name, value)) = self.take() {
                        self.add(&mut content, name, value, &mut size);
                    }
                }
                Ok(Some(Body::Add(content)))
            }
            "delete" => {
                self.skip(Item::Nothing)?;
                Ok(Some(Body::Delete))
            }
            "modify" => self.modifications().map(|changes| Some(Body::Modify(changes))),
            "modrdn" | "moddn" => self.rename(),
            other => {
                self.note(format!("the change `{}` is not known", shortened(other)));
                self.skip(Item::Nothing)?;
                Ok(None)
            }
        }
    }

    fn modifications(&mut self) -> io::Result<Vec<Modification>> {
        let (mut changes, mut open, mut size): (Vec<Modification>, bool, usize) = (vec![], false, 0);
        while self.line_of_record()? {
            if self.line.text.trim_ascii_end() == b"-" {
                open = false;
                continue;
            }
            let Some((name, value)) = self.take() else { continue };
            if open && let Some(change) = changes.last_mut() {
                if change.values.name.eq_ignore_ascii_case(&name) {
                    push(&mut change.values.values, value, &mut size);
                } else {
                    let text = format!("a value of `{name}` in a change of `{}`", change.values.name);
                    self.note(text);
                }
                continue;
            }
            let kind = match name.to_ascii_lowercase().as_str() {
                "add" => ChangeKind::Add,
                "delete" => ChangeKind::Delete,
                "replace" => ChangeKind::Replace,
                // `increment` (RFC 4525) changes a number by another, which AD does not know.
                _ => {
                    self.note(format!("the change `{name}` of an attribute is not known"));
                    continue;
                }
            };
            let attribute = text_of(&value).map(|text| text.trim().to_owned());
            match attribute.filter(|name| is_description(name.as_bytes())) {
                Some(name) if changes.len() < MOST_CHANGES => {
                    changes.push(Modification { kind, values: Values::new(name) });
                    open = true;
                }
                Some(_) => self.note("more changes than are read"),
                None => self.note("the name of the attribute that changes cannot be read"),
            }
        }
        Ok(changes)
    }

    fn rename(&mut self) -> io::Result<Option<Body>> {
        let began = self.line.number;
        let (mut new_rdn, mut delete_old, mut new_superior) = (None, true, None);
        while self.line_of_record()? {
            let Some((name, value)) = self.take() else { continue };
            let text = text_of(&value).filter(|text| text.len() <= LONGEST_DN);
            match (name.to_ascii_lowercase().as_str(), text) {
                ("newrdn", Some(text)) => new_rdn = Some(text),
                ("deleteoldrdn", Some(text)) => delete_old = text.trim() != "0",
                ("newsuperior", Some(text)) => new_superior = Some(text),
                (_, text) => {
                    let what =
                        if text.is_none() { "cannot be read" } else { "does not belong to a new name" };
                    self.note(format!("`{name}` {what}"));
                }
            }
        }
        if new_rdn.is_none() && self.notes.len() < MOST_NOTES {
            self.notes.push((began, "a change of a name without `newrdn:`".to_owned()));
        }
        Ok(new_rdn.map(|new_rdn| Body::Rename { new_rdn, delete_old, new_superior }))
    }

    /// `control: OID [true|false] [: value]`.
    fn control(&mut self, value: &Value, controls: &mut Vec<Control>) {
        let text = text_of(value).unwrap_or_default();
        let (head, value) = match text.split_once(':') {
            None => (text.as_str(), None),
            Some((head, value)) => match value.strip_prefix(':') {
                Some(coded) => (head, BASE64.decode(coded.trim()).ok()),
                None => (head, Some(value.trim_start().as_bytes().to_vec())),
            },
        };
        let mut words = head.split_whitespace();
        let oid = words.next().unwrap_or_default();
        let is_oid = !oid.is_empty() && oid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !is_oid || controls.len() >= MOST_CHANGES {
            return self.note("a control that cannot be read");
        }
        let is_critical = words.next().is_some_and(|word| word.eq_ignore_ascii_case("true"));
        controls.push(Control { oid: oid.to_owned(), is_critical, value });
    }

    /// Adds a value to the attributes of a record.
    fn add(&mut self, content: &mut Vec<Values>, name: String, value: Value, size: &mut usize) {
        let is_it = |values: &Values| values.name.eq_ignore_ascii_case(&name);
        let place = match content.last().is_some_and(is_it) {
            true => Some(content.len() - 1),
            false => content.iter().position(is_it),
        };
        let place = match place {
            Some(place) => place,
            None if content.len() >= MOST_ATTRIBUTES => return self.note("more attributes than are read"),
            None => {
                content.push(Values::new(name));
                content.len() - 1
            }
        };
        push(&mut content[place].values, value, size);
    }

    /// Takes the line apart: a name, and a value. `None`, with a note, where it is none.
    fn take(&mut self) -> Option<(String, Value)> {
        if self.line.is_cut {
            self.note("a line that is longer than what is read");
        }
        if self.line.is_mended {
            self.note("characters that are not UTF-16 are replaced");
        }
        let text = std::mem::take(&mut self.line.text);
        let Some((name, coded)) = split(&text) else {
            self.note(format!("`{}` is no line of LDIF", shortened(&String::from_utf8_lossy(&text))));
            return None;
        };
        let value = match coded {
            _ if self.line.is_cut => Value::TooLarge,
            Coded::Plain(octets) => Value::Octets(octets.to_vec()),
            Coded::Url => Value::Reference,
            Coded::Base64(octets) => match decode(octets) {
                Some(octets) => Value::Octets(octets),
                None => {
                    self.note(format!("the value of `{name}` is no base64"));
                    Value::Damaged("it is no base64")
                }
            },
        };
        Some((name.to_owned(), value))
    }
}

/// A value as a line has it.
enum Coded<'a> {
    Plain(&'a [u8]),
    Base64(&'a [u8]),
    Url,
}

fn split(line: &[u8]) -> Option<(&str, Coded<'_>)> {
    let colon = line.iter().take(LONGEST_NAME).position(|b| *b == b':')?;
    let (name, rest) = (&line[..colon], &line[colon + 1..]);
    if !is_description(name) {
        return None;
    }
    let filled = |octets: &'_ [u8]| octets.iter().position(|b| *b != b' ').unwrap_or(octets.len());
    let coded = match rest {
        [b':', coded @ ..] => Coded::Base64(&coded[filled(coded)..]),
        [b'<', ..] => Coded::Url,
        plain => Coded::Plain(&plain[filled(plain)..]),
    };
    Some((std::str::from_utf8(name).ok()?, coded))
}

/// Whether this is an attribute description (RFC 4512 2.5): a name or an object identifier, and options.
fn is_description(name: &[u8]) -> bool {
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-.;=*_".contains(b);
    name.len() <= LONGEST_NAME
        && name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.iter().all(allowed)
}

fn decode(coded: &[u8]) -> Option<Vec<u8>> {
    if coded.iter().any(u8::is_ascii_whitespace) {
        let coded: Vec<u8> = coded.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
        return BASE64.decode(coded).ok();
    }
    BASE64.decode(coded).ok()
}

/// Adds a value; behind the bound it is only said that there are more.
fn push(values: &mut Vec<Value>, value: Value, size: &mut usize) {
    /// What a value takes besides its octets.
    const EACH: usize = 32;
    let length = if let Value::Octets(octets) = &value { octets.len() } else { 0 };
    *size = size.saturating_add(length + EACH);
    if *size <= MOST_OCTETS {
        values.push(value);
    } else if values.last() != Some(&Value::TooLarge) {
        values.push(Value::TooLarge);
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Octets(octets) => String::from_utf8(octets.clone()).ok(),
        Value::Reference | Value::Damaged(_) | Value::TooLarge => None,
    }
}

fn shortened(text: &str) -> String {
    let mut out: String = text.chars().take(60).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
