//! The part of the Active Directory schema that objects of this project's users have: attributes and classes as tables.
//!
//! `attributes.tsv` and `classes.tsv` hold facts that [MS-ADA1] to [MS-ADA3] and [MS-ADSC] list: names, object identifiers,
//! syntaxes, flags, which class may hold what, and the default access lists of the classes. They were read from the schema of a
//! domain controller (version 69, Windows Server 2012 R2) and cut down to the classes below.

mod class;
mod known;

use std::collections::HashMap;
use std::sync::LazyLock;

use uuid::Uuid;

pub use class::{Class, ClassId};
pub use known::Known;

/// An attribute of the [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttrId(u16);

/// The value syntaxes ([MS-ADTS] 3.1.1.2.2.2), as far as they differ here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Object(DS-DN), 2.5.5.1.
    Dn,
    /// String(Object-Identifier), 2.5.5.2: class and attribute names.
    Oid,
    /// Strings that differ by case: printable, IA5, numeric, teletex (2.5.5.3, .5, .6 and case-exact).
    CaseExact,
    /// String(Unicode), 2.5.5.12, and the teletex string 2.5.5.4: compared without case.
    Text,
    /// Object(DN-Binary) and Object(DN-String), 2.5.5.7 and .14.
    DnWith,
    /// Boolean, 2.5.5.8.
    Boolean,
    /// Integer and Enumeration, 2.5.5.9.
    Integer,
    /// String(Octet) and what else is compared octet by octet.
    Octets,
    /// String(Generalized-Time) and UTC time, 2.5.5.11.
    Time,
    /// LargeInteger, 2.5.5.16.
    LargeInteger,
}

/// What the schema says of an attribute.
#[derive(Debug)]
pub struct Attribute {
    /// Its place in the schema.
    pub id: AttrId,
    /// `lDAPDisplayName`.
    pub name: &'static str,
    /// The name of its object in the schema, such as `User-Principal-Name`.
    pub cn: &'static str,
    /// `attributeID`.
    pub oid: &'static str,
    /// Its number in metadata ([MS-DRSR] 5.16.4 ATTRTYP).
    pub attid: u32,
    /// How its values are compared.
    pub syntax: Syntax,
    /// The number in `attributeSyntax` 2.5.5.N.
    pub syntax_number: u8,
    /// `oMSyntax`.
    pub om_syntax: &'static str,
    /// `isSingleValued`.
    pub is_single: bool,
    /// `systemOnly`: nobody but the system writes it ([MS-ADTS] 3.1.1.2.3).
    pub is_system_only: bool,
    /// `isMemberOfPartialAttributeSet`: the global catalogue holds it.
    pub is_partial: bool,
    /// `linkID`: even for a forward link, the next odd number for its back link.
    pub link: Option<u32>,
    /// `searchFlags` ([MS-ADTS] 2.2.10).
    pub search_flags: u32,
    /// `systemFlags` ([MS-ADTS] 2.2.9).
    pub system_flags: u32,
    /// `schemaIDGUID`.
    pub guid: Uuid,
    /// `attributeSecurityGUID`.
    pub set: Option<Uuid>,
    /// `rangeUpper`: the longest value, or the largest number.
    pub upper: Option<i64>,
}

impl Attribute {
    /// `searchFlags` bit 0: equality matches are answered from an index.
    pub fn is_indexed(&self) -> bool {
        self.search_flags & 1 != 0
    }

    /// `searchFlags` bit 3, fPRESERVEONDELETE: a tombstone keeps it.
    pub fn is_preserved_on_delete(&self) -> bool {
        self.search_flags & 8 != 0
    }

    /// `searchFlags` bit 7, fCONFIDENTIAL: reading takes a control access right ([MS-ADTS] 3.1.1.4.4).
    pub fn is_confidential(&self) -> bool {
        self.search_flags & 128 != 0
    }

    /// FLAG_ATTR_IS_CONSTRUCTED: computed when it is asked for by name.
    pub fn is_constructed(&self) -> bool {
        self.system_flags & 4 != 0
    }

    /// FLAG_ATTR_NOT_REPLICATED: it has no stamp in `replPropertyMetaData`.
    pub fn is_replicated(&self) -> bool {
        self.system_flags & 1 == 0
    }

    /// The link id, where this is a forward link.
    pub fn forward_link(&self) -> Option<u32> {
        self.link.filter(|link| link % 2 == 0)
    }

    /// Whether this is a back link, computed from its forward link.
    pub fn is_back_link(&self) -> bool {
        self.link.is_some_and(|link| link % 2 == 1)
    }

    /// Never readable by anybody ([MS-ADTS] 3.1.1.4.4: the secret attributes).
    pub fn is_secret(&self) -> bool {
        const SECRET: [&str; 10] = [
            "currentValue",
            "dBCSPwd",
            "initialAuthIncoming",
            "initialAuthOutgoing",
            "lmPwdHistory",
            "ntPwdHistory",
            "priorValue",
            "supplementalCredentials",
            "trustAuthIncoming",
            "unicodePwd",
        ];
        SECRET.contains(&self.name)
    }
}

/// Attributes and classes.
#[derive(Debug)]
pub struct Schema {
    attributes: Vec<Attribute>,
    by_name: HashMap<String, AttrId>,
    by_link: HashMap<u32, AttrId>,
    classes: Vec<Class>,
    class_by_name: HashMap<String, ClassId>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::read);
static KNOWN: LazyLock<Known> = LazyLock::new(|| Known::of(&SCHEMA));

/// The schema.
pub fn schema() -> &'static Schema {
    &SCHEMA
}

/// The attributes that rules are about.
pub fn known() -> &'static Known {
    &KNOWN
}

impl Schema {
    fn read() -> Self {
        let mut schema = Self {
            attributes: vec![],
            by_name: HashMap::new(),
            by_link: HashMap::new(),
            classes: vec![],
            class_by_name: HashMap::new(),
        };
        for row in rows(include_str!("attributes.tsv")) {
            schema.add_attribute(&row);
        }
        let classes = rows(include_str!("classes.tsv"));
        for row in &classes {
            let id = ClassId::new(schema.class_by_name.len());
            schema.class_by_name.insert(row[0].to_lowercase(), id);
        }
        schema.classes = classes.iter().map(|row| Class::read(&schema, row)).collect();
        schema
    }

    fn add_attribute(&mut self, row: &[&'static str]) {
        let id = AttrId(self.attributes.len() as u16);
        let number = |at: usize| row[at].parse::<i64>().ok();
        let syntax_number = number(3).unwrap_or_default() as u8;
        let attribute = Attribute {
            id,
            name: row[0],
            cn: row[1],
            oid: row[2],
            attid: attid(row[2]),
            syntax: syntax(syntax_number),
            syntax_number,
            om_syntax: row[4],
            is_single: row[5].contains('1'),
            is_system_only: row[5].contains('S'),
            is_partial: row[5].contains('g'),
            link: number(6).map(|link| link as u32),
            search_flags: number(7).unwrap_or_default() as u32,
            system_flags: number(8).unwrap_or_default() as u32,
            guid: row[9].parse().unwrap_or_default(),
            set: row[10].parse().ok(),
            upper: number(12),
        };
        self.by_name.insert(attribute.name.to_lowercase(), id);
        self.by_name.insert(attribute.oid.to_owned(), id);
        if let Some(link) = attribute.link {
            self.by_link.insert(link, id);
        }
        self.attributes.push(attribute);
    }

    /// An attribute of the table that code names; a missing one is a mistake of this crate, found by its first test.
    fn require(&self, name: &str) -> AttrId {
        self.by_name.get(&name.to_lowercase()).copied().unwrap_or(AttrId(u16::MAX))
    }

    /// The attribute of a display name or object identifier.
    pub fn find(&self, name: &str) -> Option<&Attribute> {
        let id = match self.by_name.get(name) {
            Some(id) => *id,
            None => *self.by_name.get(&name.to_lowercase())?,
        };
        Some(self.attribute(id))
    }

    /// What the schema says of an attribute.
    pub fn attribute(&self, id: AttrId) -> &Attribute {
        &self.attributes[usize::from(id.0)]
    }

    /// All attributes.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter()
    }

    /// The attribute of a link id.
    pub fn of_link(&self, link: u32) -> Option<&Attribute> {
        self.by_link.get(&link).map(|id| self.attribute(*id))
    }

    /// The class of a display name.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.class_by_name.get(&name.to_lowercase()).map(|id| self.class_of(*id))
    }

    /// A class by its place.
    pub fn class_of(&self, id: ClassId) -> &Class {
        &self.classes[id.index()]
    }

    /// All classes.
    pub fn classes(&self) -> impl Iterator<Item = &Class> {
        self.classes.iter()
    }

    fn class_id(&self, name: &str) -> Option<ClassId> {
        self.class_by_name.get(&name.to_lowercase()).copied()
    }
}

fn rows(table: &'static str) -> Vec<Vec<&'static str>> {
    table.lines().filter(|l| !l.starts_with('#')).map(|l| l.split('\t').collect()).collect()
}

fn syntax(number: u8) -> Syntax {
    match number {
        1 => Syntax::Dn,
        2 => Syntax::Oid,
        3 | 5 | 6 => Syntax::CaseExact,
        4 | 12 => Syntax::Text,
        7 | 14 => Syntax::DnWith,
        8 => Syntax::Boolean,
        9 => Syntax::Integer,
        11 => Syntax::Time,
        16 => Syntax::LargeInteger,
        _ => Syntax::Octets,
    }
}

/// The beginning of [MS-DRSR] 5.16.4's `NewPrefixTable`, as far as the table's attributes need it.
const PREFIXES: [(u32, &str); 10] = [
    (0, "2.5.4"),
    (2, "1.2.840.113556.1.2"),
    (3, "1.2.840.113556.1.3"),
    (9, "1.2.840.113556.1.4"),
    (20, "2.16.840.1.113730.3"),
    (21, "0.9.2342.19200300.100.1"),
    (22, "2.16.840.1.113730.3.1"),
    (24, "2.5.21"),
    (25, "2.5.18"),
    (37, "1.3.6.1.1.1.1"),
];

/// The number of an attribute: the prefix's index in the upper half, the last part in the lower.
fn attid(oid: &str) -> u32 {
    let Some((prefix, last)) = oid.rsplit_once('.') else { return u32::MAX };
    let index = PREFIXES.iter().find(|(_, known)| *known == prefix).map(|(index, _)| *index);
    match (index, last.parse::<u32>()) {
        (Some(index), Ok(last)) => index << 16 | (last & 0xFFFF),
        // A prefix that a schema adds gets a number of its own; what has one here is never compared with another DC.
        _ => 0x7F00_0000 | (oid.bytes().fold(0u32, |sum, b| sum.wrapping_mul(31) + u32::from(b)) & 0xFFFF),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_metadata_are_those_of_a_real_dc() {
        let attid = |name| schema().find(name).unwrap().attid;
        assert_eq!(attid("isDeleted"), adrecover_core::metadata::IS_DELETED);
        assert_eq!(attid("userPrincipalName"), adrecover_core::metadata::USER_PRINCIPAL_NAME);
        assert_eq!(attid("adminCount"), adrecover_core::metadata::ADMIN_COUNT);
        assert_eq!(attid("unicodePwd"), 0x0009_005a);
        assert_eq!((attid("cn"), attid("mail")), (3, 0x0015_0003));
    }

    #[test]
    fn every_name_that_the_code_uses_is_in_the_table() {
        let known = format!("{:?}", known());
        assert!(!known.contains(&u16::MAX.to_string()), "{known}");
        for class in schema().classes() {
            assert!(class.has_parts(), "{}", class.name);
        }
    }

    #[test]
    fn what_a_deletion_keeps() {
        let kept = |name| schema().find(name).unwrap().is_preserved_on_delete();
        assert!(kept("uid") && kept("msFVE-RecoveryPassword") && kept("sAMAccountName") && kept("objectSid"));
        assert!(!kept("mail") && !kept("userPrincipalName") && !kept("member"));
    }

    #[test]
    fn classes_have_their_whole_line() {
        let user = schema().class("USER").unwrap();
        let names: Vec<&str> = user.line().map(|c| c.name).collect();
        assert_eq!(names, ["top", "person", "organizationalPerson", "user"]);
        let ou = schema().class("organizationalUnit").unwrap();
        assert!(user.may_be_below(ou) && !ou.may_be_below(user) && !user.may_be_below(user));
        assert!(user.may_be_below(schema().class("container").unwrap()));
        let recovery = schema().class("msFVE-RecoveryInformation").unwrap();
        assert!(recovery.may_be_below(schema().class("computer").unwrap()));
    }
}
