//! An object as a directory gives it: a name and attributes of octets, before anything is made of them.

use std::borrow::Cow;

use crate::time::{self, Timestamp};
use crate::{Dn, ObjectGuid, Sid, UserAccountControl};

/// One object of a directory, live or deleted, as returned by a search.
///
/// Attribute names are compared without case. An attribute may have no values (DirSync does that); values may be
/// any octets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The DN exactly as the directory gave it.
    pub dn: String,
    /// The attributes, in the order of the reply.
    pub attributes: Vec<Attribute>,
}

/// One attribute of an [`Entry`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute's name with its options, as the directory gave it (`member;range=0-1499`). A list of a million objects
    /// has the same few names ten million times, so that known ones are borrowed.
    pub name: Cow<'static, str>,
    /// The values, in the order of the reply.
    pub values: Vec<Vec<u8>>,
}

impl Entry {
    /// An entry without attributes.
    pub fn new(dn: impl Into<String>) -> Self {
        Self { dn: dn.into(), attributes: Vec::new() }
    }

    /// Adds an attribute of text values: for tests and for sources that have only text.
    #[must_use]
    pub fn with<V: AsRef<[u8]>>(mut self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(|v| v.as_ref().to_vec()).collect();
        self.attributes.push(Attribute { name: Cow::Owned(name.to_owned()), values });
        self
    }

    /// The values of an attribute; empty when it was not returned.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.attributes
            .iter()
            .find(|a| a.name.eq_ignore_ascii_case(name))
            .map_or(&[], |a| a.values.as_slice())
    }

    /// Whether the attribute has at least one value.
    pub fn has(&self, name: &str) -> bool {
        !self.values(name).is_empty()
    }

    /// The first value of an attribute.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.values(name).first().map(Vec::as_slice)
    }

    /// The first value, as text. Octets that are not UTF-8 are replaced, so nothing can fail on them.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|v| String::from_utf8_lossy(v).into_owned())
    }

    /// All values, as text.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.values(name).iter().map(|v| String::from_utf8_lossy(v).into_owned()).collect()
    }

    /// All values, as text, taken out of the entry.
    pub fn take_texts(&mut self, name: &str) -> Vec<String> {
        let found = self.attributes.iter_mut().find(|a| a.name.eq_ignore_ascii_case(name));
        let values = found.map(|a| std::mem::take(&mut a.values)).unwrap_or_default();
        values.into_iter().map(into_text).collect()
    }

    /// The first value, as text; the attribute has no values then.
    pub fn take_text(&mut self, name: &str) -> Option<String> {
        let found = self.attributes.iter_mut().find(|a| a.name.eq_ignore_ascii_case(name))?;
        std::mem::take(&mut found.values).into_iter().next().map(into_text)
    }

    /// The first value as a DN; `None` also where it does not parse.
    pub fn dn_value(&self, name: &str) -> Option<Dn> {
        self.text(name).and_then(|t| t.parse().ok())
    }

    /// The first value as a decimal number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        std::str::from_utf8(self.value(name)?).ok()?.parse().ok()
    }

    /// Whether the first value is `TRUE`.
    pub fn is_true(&self, name: &str) -> bool {
        self.value(name).is_some_and(|v| v.eq_ignore_ascii_case(b"TRUE"))
    }

    /// Whether the object is deleted: `isDeleted` says so, or its name does. An account that lists Deleted Objects by delegation
    /// may not be able to read the attribute (it belongs to no property set), and an object that seems live is left alone.
    pub fn is_deleted(&self) -> bool {
        self.is_true("isDeleted")
            || self.dn.parse::<Dn>().is_ok_and(|dn| dn.rdn().is_some_and(|rdn| rdn.unmangled().is_some()))
    }

    /// The first value as a GeneralizedTime.
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        time::generalized(std::str::from_utf8(self.value(name)?).ok()?)
    }

    /// `objectGUID`.
    pub fn guid(&self) -> Option<ObjectGuid> {
        ObjectGuid::from_wire(self.value("objectGUID")?).ok()
    }

    /// `objectSid`.
    pub fn sid(&self) -> Option<Sid> {
        Sid::from_wire(self.value("objectSid")?).ok()
    }

    /// `userAccountControl`.
    pub fn uac(&self) -> Option<UserAccountControl> {
        UserAccountControl::parse(&self.text("userAccountControl")?)
    }

    /// Whether the object carries the class, in any case.
    pub fn is_class(&self, class: &str) -> bool {
        has_class(self.values("objectClass"), class)
    }
}

/// Whether a class is among the values of `objectClass`, in any case.
pub(crate) fn has_class(classes: &[Vec<u8>], class: &str) -> bool {
    classes.iter().any(|c| c.eq_ignore_ascii_case(class.as_bytes()))
}

fn into_text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_a_deletion_too() {
        let mangled = "CN=a\\0ADEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f,CN=Deleted Objects,DC=x";
        assert!(Entry::new(mangled).is_deleted());
        assert!(Entry::new("CN=a,DC=x").with("isDeleted", ["TRUE"]).is_deleted());
        // What is below a deleted container may be live.
        assert!(!Entry::new(format!("CN=b,{mangled}")).is_deleted());
        assert!(!Entry::new("CN=a,DC=x").is_deleted());
    }

    #[test]
    fn missing_and_empty_are_both_no_value() {
        let entry = Entry::new("CN=a").with::<&str>("mail", []).with("cn", ["a"]);
        assert!(!entry.has("mail") && !entry.has("telephoneNumber"));
        assert_eq!(entry.text("CN").as_deref(), Some("a"));
    }
}
