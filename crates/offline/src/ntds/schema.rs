//! The schema, read from the database: which column is which attribute.

use std::collections::{HashMap, HashSet};

use adrecover_core::secrets;

use super::layout::{Layout, column, dnt, integer, number, text};
use super::oid::Prefixes;
use crate::ese::{Column, Database, Record, Row, Table};

/// `attributeSchema` and `classSchema`, as ATTRTYP.
const ATTRIBUTE_SCHEMA: i64 = 0x3000e;
const CLASS_SCHEMA: i64 = 0x3000d;
/// More are taken for damage: a forest with Exchange has some 4,000 attributes.
const MOST: usize = 100_000;

/// What is encrypted in the database with a key of the domain controller ([MS-ADTS] 3.1.1.3.1.5, and what other readers of the
/// format found to be so).
const ENCRYPTED: [&str; 12] = [
    "unicodePwd",
    "dBCSPwd",
    "ntPwdHistory",
    "lmPwdHistory",
    "supplementalCredentials",
    "currentValue",
    "priorValue",
    "initialAuthIncoming",
    "initialAuthOutgoing",
    "trustAuthIncoming",
    "trustAuthOutgoing",
    "msDS-ExecuteScriptPassword",
];

/// How the values of an attribute are stored: the last number of its `attributeSyntax` 2.5.5.n ([MS-ADTS] 3.1.1.2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// 1: a DN, as a DNT.
    Dn,
    /// 2: an object identifier, as an ATTRTYP.
    Oid,
    /// 3 to 6, 12: text in the code page of the column.
    Text,
    /// 7: a DN with octets.
    DnBinary,
    /// 8: a truth value.
    Boolean,
    /// 9, 16: a number.
    Integer,
    /// 10, 13 and unknown ones: octets.
    Octets,
    /// 11: a time, in seconds since 1601.
    Time,
    /// 14: a DN with text.
    DnText,
    /// 15: a security descriptor, as a number of its table.
    Descriptor,
    /// 17: a SID whose last part is big-endian.
    Sid,
}

impl Syntax {
    fn new(number: u32) -> Self {
        match number {
            1 => Self::Dn,
            2 => Self::Oid,
            3..=6 | 12 => Self::Text,
            7 => Self::DnBinary,
            8 => Self::Boolean,
            9 | 16 => Self::Integer,
            11 => Self::Time,
            14 => Self::DnText,
            15 => Self::Descriptor,
            17 => Self::Sid,
            _ => Self::Octets,
        }
    }
}

/// Why values of an attribute are not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Withheld {
    /// They are encrypted in the database.
    Encrypted,
    /// They are secret.
    Secret,
}

/// An attribute.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    /// `lDAPDisplayName`.
    pub(super) name: String,
    pub(super) syntax: Syntax,
    /// Whether OIDs of it stay such, and are not given by name.
    pub(super) keeps_oid: bool,
    pub(super) is_link: bool,
    pub(super) withheld: Option<Withheld>,
}

/// The schema.
pub(super) struct Schema {
    pub(super) attributes: Vec<Attribute>,
    /// By the number of their column.
    by_column: HashMap<u16, usize>,
    /// Names of attributes and classes by their ATTRTYP.
    names: HashMap<u32, String>,
    /// Names of forward links by half their `linkID`.
    links: HashMap<i64, String>,
    pub(super) prefixes: Prefixes,
}

/// Columns of schema objects.
struct Columns<'a> {
    class: Option<&'a Column>,
    name: Option<&'a Column>,
    id: Option<&'a Column>,
    internal_id: Option<&'a Column>,
    class_id: Option<&'a Column>,
    syntax: Option<&'a Column>,
    link: Option<&'a Column>,
    flags: Option<&'a Column>,
}

impl Schema {
    /// Reads the schema: the children of the object that the domain controller's own object names, or all objects where that way
    /// is damaged.
    pub(super) fn read(database: &Database, layout: &Layout) -> Self {
        let table = layout.data(database);
        let head = head(database, layout);
        let map = head.as_ref().and_then(|row| {
            let record = database.record(table, row)?;
            let cell = record.get(table.column("ATTk589922")?).ok()?;
            cell.first().map(<[u8]>::to_vec)
        });
        let mut schema = Self {
            attributes: Vec::new(),
            by_column: HashMap::new(),
            names: HashMap::new(),
            links: HashMap::new(),
            prefixes: Prefixes::new(map.as_deref()),
        };
        let named: HashMap<&str, &Column> = table.columns().iter().map(|c| (c.name.as_ref(), c)).collect();
        let mut seen = HashSet::new();
        let own = head.and_then(|row| dnt(&database.record(table, &row)?, &layout.dnt));
        if let Some(children) = own.and_then(|dnt| layout.children(database, dnt)) {
            children.for_each(|row| schema.add(database, table, &named, &row, &mut seen));
        }
        if schema.attributes.is_empty() {
            database.rows(table).for_each(|row| schema.add(database, table, &named, &row, &mut seen));
        }
        schema
    }

    fn add(
        &mut self,
        database: &Database,
        table: &Table,
        named: &HashMap<&str, &Column>,
        row: &Row,
        seen: &mut HashSet<u32>,
    ) {
        let columns = Columns {
            class: named.get(column::CLASS).copied(),
            name: named.get("ATTm131532").copied(),
            id: named.get("ATTc131102").copied(),
            internal_id: named.get("ATTj591540").copied(),
            class_id: named.get("ATTc131094").copied(),
            syntax: named.get("ATTc131104").copied(),
            link: named.get("ATTj131122").copied(),
            flags: named.get("ATTj131406").copied(),
        };
        let Some(record) = database.record(table, row) else { return };
        let Some(name) = columns.name.and_then(|column| text(&record, column)) else { return };
        if self.names.len() >= MOST || name.is_empty() {
            return;
        }
        let classes = columns.class.and_then(|column| record.get(column).ok());
        let is =
            |class| classes.as_ref().is_some_and(|c| c.values().iter().any(|v| integer(v) == Some(class)));
        if is(CLASS_SCHEMA)
            && let Some(id) = number(&record, columns.class_id)
        {
            self.names.insert(id as u32, name);
        } else if is(ATTRIBUTE_SCHEMA)
            && let Some(id) = number(&record, columns.id).map(|n| n as u32)
            && seen.insert(id)
        {
            self.attribute(&record, &columns, named, name, id);
        }
    }

    fn attribute(
        &mut self,
        record: &Record<'_>,
        columns: &Columns<'_>,
        named: &HashMap<&str, &Column>,
        name: String,
        id: u32,
    ) {
        let syntax = number(record, columns.syntax).unwrap_or_default() as u32 & 0xffff;
        let link = number(record, columns.link);
        let flags = number(record, columns.flags).unwrap_or_default();
        // Attributes that were added to the schema of a forest have a number of their own for each database (`msDS-IntId`).
        let own = number(record, columns.internal_id).map(|n| n as u32);
        let letter = char::from(b'a' + (syntax.min(25) as u8));
        let column = [own, Some(id)].into_iter().flatten().find_map(|id| {
            let names = [format!("ATT{letter}{id}"), format!("ATT{letter}{}", id as i32)];
            names.iter().find_map(|name| named.get(name.as_str()).copied())
        });
        let place = self.attributes.len();
        if let Some(column) = column {
            self.by_column.insert(column.id, place);
        }
        for id in [Some(id), own].into_iter().flatten() {
            self.names.insert(id, name.clone());
        }
        if let Some(link) = link.filter(|link| link % 2 == 0) {
            self.links.insert(link / 2, name.clone());
        }
        let is_secret = secrets::is_secret(&name) || secrets::is_flagged(flags);
        let withheld = if ENCRYPTED.iter().any(|e| e.eq_ignore_ascii_case(&name)) {
            Some(Withheld::Encrypted)
        } else {
            is_secret.then_some(Withheld::Secret)
        };
        let keeps_oid = ["attributeID", "governsID", "attributeSyntax"].contains(&name.as_str());
        let syntax = Syntax::new(syntax);
        self.attributes.push(Attribute { name, syntax, keeps_oid, is_link: link.is_some(), withheld });
    }

    /// The attribute that a column holds.
    pub(super) fn of(&self, column: &Column) -> Option<&Attribute> {
        self.by_column.get(&column.id).map(|n| &self.attributes[*n])
    }

    /// The name of an attribute or a class.
    pub(super) fn name(&self, attrtyp: u32) -> Option<&str> {
        self.names.get(&attrtyp).map(String::as_str)
    }

    /// The forward attribute of links with this base.
    pub(super) fn link(&self, base: i64) -> Option<&str> {
        self.links.get(&base).map(String::as_str)
    }
}

/// The head of the schema.
fn head(database: &Database, layout: &Layout) -> Option<Row> {
    let own = own_object(database, layout)?;
    let table = layout.data(database);
    let record = database.record(table, &own)?;
    layout.row(database, dnt(&record, table.column(column::SCHEMA)?)?)
}

/// The domain controller's own object (`nTDSDSA`).
pub(super) fn own_object(database: &Database, layout: &Layout) -> Option<Row> {
    let hidden = layout.hidden(database)?;
    let dsa = hidden.column("dsa_col")?;
    let number = database.rows(hidden).find_map(|row| dnt(&database.record(hidden, &row)?, dsa))?;
    layout.row(database, number)
}
