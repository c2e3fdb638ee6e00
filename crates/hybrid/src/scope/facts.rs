//! What is known about one object. What was not read is not the same as what is not there.

use std::collections::HashMap;

use adrecover_core::{Dn, Entry};

/// What is known of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a> {
    /// Nobody asked.
    NotRead,
    /// These values; none where the attribute is absent.
    Values(&'a [String]),
}

impl<'a> Known<'a> {
    /// The values; `None` where nobody asked.
    pub fn values(self) -> Option<&'a [String]> {
        match self {
            Self::NotRead => None,
            Self::Values(values) => Some(values),
        }
    }
}

/// The attributes of an object, as far as they were read. With none of them, only the object's name is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectFacts {
    /// By lower-case name; an empty list is an attribute that is known to be absent.
    attributes: HashMap<String, Vec<String>>,
}

impl ObjectFacts {
    /// Nothing but the name of the object is known.
    pub fn name_only() -> Self {
        Self::default()
    }

    /// What a search found that asked for these attributes. One that was not returned counts as absent: a directory does not
    /// tell it apart from one that the account may not read.
    pub fn of_entry<S: AsRef<str>>(entry: &Entry, asked: impl IntoIterator<Item = S>) -> Self {
        let attribute = |name: S| (name.as_ref().to_ascii_lowercase(), entry.texts(name.as_ref()));
        Self { attributes: asked.into_iter().map(attribute).collect() }
    }

    /// With an attribute; no values say that it is known to be absent.
    #[must_use]
    pub fn with<S: Into<String>>(mut self, name: &str, values: impl IntoIterator<Item = S>) -> Self {
        self.attributes.insert(name.to_ascii_lowercase(), values.into_iter().map(Into::into).collect());
        self
    }

    /// With an attribute that is known to be absent.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        self.with::<String>(name, [])
    }

    /// What is known of an attribute.
    pub fn get(&self, name: &str) -> Known<'_> {
        match self.attributes.get(&name.to_ascii_lowercase()) {
            Some(values) => Known::Values(values),
            None => Known::NotRead,
        }
    }

    /// Whether nothing but the name is known.
    pub fn is_name_only(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The class that the engine's rules go by: `user`, `inetOrgPerson`, `group` …
    pub(crate) fn class(&self, dn: &Dn) -> Class<'_> {
        const KNOWN: [&str; 11] = [
            // The more specific one first.
            "inetOrgPerson",
            "msDS-GroupManagedServiceAccount",
            "msDS-ManagedServiceAccount",
            "computer",
            "user",
            "group",
            "contact",
            "foreignSecurityPrincipal",
            "organizationalUnit",
            "container",
            "domainDNS",
        ];
        let kind = dn.rdn().map(|rdn| rdn.kind().to_ascii_uppercase());
        match self.get("objectClass").values() {
            Some([]) | None if matches!(kind.as_deref(), None | Some("OU" | "DC")) => Class::Container,
            Some([]) | None => Class::Unknown,
            Some(classes) => {
                let is = |name: &&str| classes.iter().any(|c| c.eq_ignore_ascii_case(name));
                match KNOWN.into_iter().find(is) {
                    Some("organizationalUnit" | "container" | "domainDNS") => Class::Container,
                    Some(name) => Class::Named(name),
                    None => classes.last().map_or(Class::Unknown, |c| Class::Named(c)),
                }
            }
        }
    }
}

/// The class of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class<'a> {
    /// It may be a user.
    Unknown,
    /// It holds objects and is none that is synchronised for its own sake.
    Container,
    /// This one.
    Named(&'a str),
}

impl Class<'_> {
    /// Whether it is or may be a user.
    pub(crate) fn may_be_user(self) -> bool {
        self == Self::Unknown || self.is_user()
    }

    /// Whether it is a user.
    pub(crate) fn is_user(self) -> bool {
        matches!(self, Self::Named(name) if matches!(name, "user" | "inetOrgPerson"))
    }

    /// Whether a rule for objects of a class is or may be for this one.
    pub(crate) fn fits(self, source_type: Option<&str>) -> bool {
        let Some(source_type) = source_type else { return true };
        match self {
            Self::Named(name) => name.eq_ignore_ascii_case(source_type),
            Self::Unknown => ["user", "inetOrgPerson"].iter().any(|u| u.eq_ignore_ascii_case(source_type)),
            Self::Container => false,
        }
    }
}

/// The attributes that a verdict looks at, those of custom rules aside.
pub const ATTRIBUTES: [&str; 7] = [
    "objectClass",
    "memberOf",
    "isCriticalSystemObject",
    "sAMAccountName",
    "mailNickname",
    "adminDescription",
    "msExchRecipientTypeDetails",
];
