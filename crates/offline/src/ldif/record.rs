//! A record of an LDIF file, as it stands there.

use adrecover_core::directory::ChangeKind;

/// A record: what a name has, or what is done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it begins in the file, in octets.
    pub at: u64,
    /// The number of its first line, from 1.
    pub line: u64,
    /// The DN; empty for the rootDSE.
    pub dn: String,
    /// What it is about.
    pub body: Body,
    /// The controls of a change record.
    pub controls: Vec<Control>,
}

/// What a record is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// What an object has: `attrval-record` of RFC 2849.
    Content(Vec<Values>),
    /// `changetype: add`: a new object. `ldifde -f` writes every object like this.
    Add(Vec<Values>),
    /// `changetype: delete`.
    Delete,
    /// `changetype: modify`.
    Modify(Vec<Modification>),
    /// `changetype: modrdn` or `moddn`.
    Rename {
        /// The new nearest component.
        new_rdn: String,
        /// Whether the old one is taken from the attributes.
        delete_old: bool,
        /// The new container, where it moves.
        new_superior: Option<String>,
    },
}

/// An attribute of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Its description: the name, and options behind semicolons (`member;range=0-1499`).
    pub name: String,
    /// Its values.
    pub values: Vec<Value>,
}

/// A value, as far as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Its octets.
    Octets(Vec<u8>),
    /// A URL in the place of the octets (`jpegPhoto:< file:///tmp/x`), which is not followed.
    Reference,
    /// It cannot be read; what is wrong.
    Damaged(&'static str),
    /// The record is longer than what is read (`MOST_OCTETS` of `parse.rs`), and this value lies behind that.
    TooLarge,
}

/// One change of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modification {
    /// What happens to it.
    pub kind: ChangeKind,
    /// The attribute with its values.
    pub values: Values,
}

/// A control (RFC 2849, `control:`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its object identifier.
    pub oid: String,
    /// Whether it was critical.
    pub is_critical: bool,
    /// Its value.
    pub value: Option<Vec<u8>>,
}

impl Values {
    /// Without values.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), values: vec![] }
    }

    /// The values that the file has.
    pub(crate) fn octets(&self) -> impl Iterator<Item = &[u8]> {
        self.values.iter().filter_map(|value| match value {
            Value::Octets(octets) => Some(octets.as_slice()),
            _ => None,
        })
    }
}

#[cfg(any(test, feature = "fuzzing"))]
impl Record {
    /// Leaves out what no file can hold: values that were too large.
    pub(crate) fn normalise(&mut self) {
        let keep = |values: &mut Values| values.values.retain(|value| *value != Value::TooLarge);
        match &mut self.body {
            Body::Content(content) | Body::Add(content) => {
                content.iter_mut().for_each(keep);
                content.retain(|values| !values.values.is_empty());
            }
            Body::Modify(changes) => changes.iter_mut().for_each(|change| keep(&mut change.values)),
            Body::Delete | Body::Rename { .. } => {}
        }
    }
}
