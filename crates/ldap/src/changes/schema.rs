//! What the schema says of each attribute: whether changes of it are read at all, and how its values are to be understood.

use std::collections::HashMap;

use adrecover_core::directory::{Query, Scope};
use adrecover_core::metadata::{self, Stamp};
use adrecover_core::secrets;
use adrecover_core::{DirectoryError, Entry};

use crate::Session;
use crate::deleted::attribute_id;

/// `systemFlags` of an attribute ([MS-ADTS] 2.2.9): FLAG_ATTR_NOT_REPLICATED, which each domain controller has for itself, and
/// FLAG_ATTR_IS_CONSTRUCTED.
const NOT_KEPT: i64 = 1 | 4;

/// How the values of an attribute are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Octets.
    Plain,
    /// A DN, or a DN with octets or text before it, that is no link.
    Name,
    /// The forward side of a link.
    Link,
}

/// An attribute whose changes are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The attributes whose changes are read: those that replicate, but secrets, back links and what is calculated.
#[derive(Debug, Default)]
pub(super) struct Schema {
    attributes: Vec<Attribute>,
    by_name: HashMap<String, usize>,
    by_id: HashMap<u32, usize>,
}

/// What every object or every account has, which so comes first in a list: Samba goes through the list from its beginning for
/// each attribute of an object, wanted or not, and one without these takes a third longer.
const COMMON: [&str; 29] = [
    "objectClass",
    "whenCreated",
    "name",
    "objectCategory",
    "nTSecurityDescriptor",
    "sAMAccountName",
    "sAMAccountType",
    "userAccountControl",
    "pwdLastSet",
    "primaryGroupID",
    "accountExpires",
    "userPrincipalName",
    "displayName",
    "mail",
    "proxyAddresses",
    "description",
    "givenName",
    "sn",
    "member",
    "manager",
    "codePage",
    "countryCode",
    "groupType",
    "lastLogonTimestamp",
    "servicePrincipalName",
    "isCriticalSystemObject",
    "showInAdvancedViewOnly",
    "cn",
    "ou",
];

/// What tells which object it is.
const IDENTITY: [&str; 3] = ["objectGUID", "objectSid", "parentGUID"];

/// What every object or every account has besides and DirSync never returns. `instanceType` is not among them: Samba returns it
/// always, and asked for it counts it as a change.
const COMMON_UNREPLICATED: [&str; 11] = [
    "whenChanged",
    "uSNCreated",
    "uSNChanged",
    "distinguishedName",
    "memberOf",
    "lastLogon",
    "logonCount",
    "badPwdCount",
    "badPasswordTime",
    "lastLogoff",
    "replPropertyMetaData",
];

impl Schema {
    /// Reads it.
    pub(super) async fn read(session: &Session) -> Result<Self, DirectoryError> {
        let base = session.root_dse().schema_naming_context.to_string();
        let query = Query::below(base, Scope::OneLevel, "(objectClass=attributeSchema)").attributes([
            "lDAPDisplayName",
            "attributeID",
            "attributeSyntax",
            "isDefunct",
            "linkID",
            "msDS-IntId",
            "searchFlags",
            "systemFlags",
        ]);
        Ok(Self::of(&session.ask(&query).await?))
    }

    /// Of the `attributeSchema` objects.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut schema = Self::default();
        for entry in entries {
            let Some(attribute) = attribute(entry) else { continue };
            let at = schema.attributes.len();
            schema.by_name.insert(attribute.name.to_lowercase(), at);
            schema.by_name.insert(attribute.name.clone(), at);
            schema.by_id.extend(attribute_id(entry).map(|id| (id, at)));
            schema.attributes.push(attribute);
        }
        schema
    }

    /// The attribute of that name in any case, where changes of it are read.
    pub(super) fn get(&self, name: &str) -> Option<&Attribute> {
        let found = self.by_name.get(name).or_else(|| self.by_name.get(&name.to_lowercase()))?;
        self.attributes.get(*found)
    }

    /// The names to ask for, by DirSync of Samba or otherwise.
    pub(super) fn names(&self, dir_sync_of_samba: bool) -> Vec<String> {
        let common = COMMON.iter().filter(|name| self.get(name).is_some()).map(|name| (*name).to_owned());
        let mut names: Vec<String> = IDENTITY.map(str::to_owned).into_iter().chain(common).collect();
        if dir_sync_of_samba {
            names.extend(COMMON_UNREPLICATED.map(str::to_owned));
        }
        let others = self.attributes.iter().map(|a| &a.name).filter(|name| !COMMON.contains(&name.as_str()));
        names.extend(others.cloned());
        names
    }

    /// The stamps in a `replPropertyMetaData` value, by the names of the attributes. One whose number the schema does not name is
    /// left out.
    pub(super) fn stamps(&self, value: &[u8]) -> HashMap<&str, Stamp> {
        let named = |stamp: Stamp| {
            let attribute = self.attributes.get(*self.by_id.get(&stamp.attribute)?)?;
            Some((attribute.name.as_str(), stamp))
        };
        metadata::parse(value).map(|stamps| stamps.filter_map(named).collect()).unwrap_or_default()
    }
}

/// The attribute, where changes of it are read.
fn attribute(entry: &Entry) -> Option<Attribute> {
    let name = entry.text("lDAPDisplayName")?;
    let number = |attribute: &str| entry.integer(attribute).unwrap_or(0);
    let link = number("linkID");
    let is_secret = secrets::is_secret(&name) || secrets::is_flagged(number("searchFlags"));
    let is_own =
        ["objectGUID", "objectSid", "instanceType"].iter().any(|own| own.eq_ignore_ascii_case(&name));
    if is_secret
        || is_own
        || number("systemFlags") & NOT_KEPT != 0
        || link % 2 != 0
        || entry.is_true("isDefunct")
    {
        return None;
    }
    // Object(DS-DN), Object(DN-Binary), Object(DN-String) ([MS-ADTS] 3.1.1.2.2.2).
    let is_name =
        matches!(entry.text("attributeSyntax").as_deref(), Some("2.5.5.1" | "2.5.5.7" | "2.5.5.14"));
    let kind = match (is_name, link) {
        (true, 0) => Kind::Name,
        (true, _) => Kind::Link,
        _ => Kind::Plain,
    };
    Some(Attribute { name, kind })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn schema_object(name: &str, oid: &str, more: &[(&str, &str)]) -> Entry {
        let entry = Entry::new("").with("lDAPDisplayName", [name]).with("attributeID", [oid]);
        more.iter().fold(entry, |entry, (name, value)| entry.with(name, [*value]))
    }

    impl Schema {
        /// Has one more attribute.
        pub(crate) fn add(&mut self, name: &str) {
            self.by_name.insert(name.to_owned(), self.attributes.len());
            self.attributes.push(Attribute { name: name.to_owned(), kind: Kind::Plain });
        }
    }

    /// A small schema.
    pub(crate) fn schema() -> Schema {
        let dn = ("attributeSyntax", "2.5.5.1");
        let binary = ("attributeSyntax", "2.5.5.7");
        Schema::of(&[
            schema_object("cn", "2.5.4.3", &[("attributeSyntax", "2.5.5.12")]),
            schema_object("name", "1.2.840.113556.1.4.1", &[]),
            schema_object("description", "2.5.4.13", &[]),
            schema_object("isDeleted", "1.2.840.113556.1.2.48", &[]),
            schema_object("member", "2.5.4.31", &[dn, ("linkID", "2")]),
            schema_object("memberOf", "1.2.840.113556.1.2.102", &[dn, ("linkID", "3")]),
            schema_object("manager", "0.9.2342.19200300.100.1.10", &[dn, ("linkID", "42")]),
            schema_object("lastKnownParent", "1.2.840.113556.1.4.781", &[dn]),
            schema_object("wellKnownObjects", "1.2.840.113556.1.4.618", &[binary]),
            schema_object("msDS-KeyCredentialLink", "1.2.840.113556.1.4.2328", &[binary, ("linkID", "2220")]),
            schema_object("whenChanged", "1.2.840.113556.1.2.3", &[("systemFlags", "19")]),
            schema_object("canonicalName", "1.2.840.113556.1.4.916", &[("systemFlags", "20")]),
            schema_object("unicodePwd", "1.2.840.113556.1.4.90", &[("searchFlags", "0")]),
            schema_object("extensionSecret", "1.2.3.4", &[("searchFlags", "128")]),
            schema_object("gone", "1.2.3.5", &[("isDefunct", "TRUE")]),
            schema_object("added", "1.2.3.6", &[("msDS-IntId", "-2147483647")]),
        ])
    }

    #[test]
    fn secrets_back_links_and_calculated_ones_are_not_asked_for() {
        let schema = schema();
        let names = schema.names(false);
        for name in ["unicodePwd", "extensionSecret", "memberOf", "canonicalName", "whenChanged", "gone"] {
            assert!(schema.get(name).is_none() && !names.iter().any(|n| n == name), "{name}");
        }
        assert_eq!(names[..5], ["objectGUID", "objectSid", "parentGUID", "name", "description"]);
        let mut sorted = schema.names(true);
        assert!(sorted.iter().any(|name| name == "whenChanged"));
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), schema.names(true).len());
        assert_eq!(schema.get("MEMBER").map(|a| (a.name.as_str(), a.kind)), Some(("member", Kind::Link)));
        assert_eq!(schema.get("wellKnownObjects").map(|a| a.kind), Some(Kind::Name));
    }

    #[test]
    fn stamps_have_names() {
        let schema = schema();
        let value = crate::changes::tests::metadata(&[(13, 2, 5), (0x8000_0001, 7, 6), (0x7777_0000, 1, 7)]);
        let stamps = schema.stamps(&value);
        assert_eq!(stamps.len(), 2);
        assert_eq!((stamps["description"].version, stamps["added"].local_usn), (2, 6));
        assert!(schema.stamps(b"rubbish").is_empty());
    }
}
