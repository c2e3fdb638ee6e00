//! Writes LDIF files as RFC 2849 has them, in the ways of several programs.

use adrecover_core::directory::ChangeKind;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ldif::{Body, Record, Value, Values};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Where lines are folded, in characters; 0 for nowhere.
    pub fold: usize,
    /// Whether every value is in base64.
    pub coded: bool,
    /// What ends a line.
    pub line_end: &'static str,
    /// Whether it is UTF-16, and with a byte order mark.
    pub wide: Option<bool>,
    /// Whether there are comments between and in records.
    pub comments: bool,
}

/// A file of records.
pub fn file(records: &[Record], style: Style) -> Vec<u8> {
    let mut text = Text { out: String::new(), style };
    text.line("version: 1");
    for record in records {
        text.line("");
        text.comment();
        text.record(record);
    }
    let Some(marked) = style.wide else { return text.out.into_bytes() };
    let mark: &[u8] = if marked { &[0xff, 0xfe] } else { &[] };
    mark.iter().copied().chain(text.out.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

struct Text {
    out: String,
    style: Style,
}

impl Text {
    fn line(&mut self, text: &str) {
        let characters: Vec<char> = text.chars().collect();
        let length = if self.style.fold < 2 { characters.len().max(1) } else { self.style.fold };
        for (i, part) in characters.chunks(length).enumerate() {
            if i > 0 {
                self.out.push_str(self.style.line_end);
                self.out.push(' ');
            }
            self.out.extend(part);
        }
        self.out.push_str(self.style.line_end);
    }

    fn comment(&mut self) {
        if self.style.comments {
            self.line("# a comment that may be folded as well: dn: CN=x");
        }
    }

    fn value(&mut self, name: &str, octets: &[u8]) {
        let plain = std::str::from_utf8(octets).ok().filter(|text| !self.style.coded && is_safe(text));
        match plain {
            Some(text) => self.line(&format!("{name}: {text}")),
            None => self.line(&format!("{name}:: {}", STANDARD.encode(octets))),
        }
    }

    fn values(&mut self, values: &Values) {
        for value in &values.values {
            match value {
                Value::Octets(octets) => self.value(&values.name, octets),
                Value::Reference => self.line(&format!("{}:< file:///x", values.name)),
                Value::Damaged(_) => self.line(&format!("{}:: ?", values.name)),
                Value::TooLarge => {}
            }
        }
    }

    fn record(&mut self, record: &Record) {
        self.value("dn", record.dn.as_bytes());
        for control in &record.controls {
            let value =
                control.value.as_ref().map_or(String::new(), |v| format!(":: {}", STANDARD.encode(v)));
            self.line(&format!("control: {} {}{value}", control.oid, control.is_critical));
        }
        self.comment();
        match &record.body {
            Body::Content(content) => content.iter().for_each(|values| self.values(values)),
            Body::Add(content) => {
                self.line("changetype: add");
                content.iter().for_each(|values| self.values(values));
            }
            Body::Delete => self.line("changetype: delete"),
            Body::Modify(changes) => {
                self.line("changetype: modify");
                for change in changes {
                    let word = match change.kind {
                        ChangeKind::Add => "add",
                        ChangeKind::Delete => "delete",
                        ChangeKind::Replace => "replace",
                    };
                    self.line(&format!("{word}: {}", change.values.name));
                    self.values(&change.values);
                    self.line("-");
                }
            }
            Body::Rename { new_rdn, delete_old, new_superior } => {
                self.line("changetype: modrdn");
                self.value("newrdn", new_rdn.as_bytes());
                self.line(&format!("deleteoldrdn: {}", u8::from(*delete_old)));
                if let Some(superior) = new_superior {
                    self.value("newsuperior", superior.as_bytes());
                }
            }
        }
    }
}

/// SAFE-STRING of RFC 2849, without the spaces at its end that it would better not have.
fn is_safe(text: &str) -> bool {
    let is_safe = |c: char| c.is_ascii() && !matches!(c, '\0' | '\n' | '\r');
    !text.starts_with([' ', ':', '<']) && !text.ends_with(' ') && text.chars().all(is_safe)
}
