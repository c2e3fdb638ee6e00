//! Where things are: the columns and indexes of the tables, found once.

use crate::ese::{Cell, Column, Database, EseError, Index, Record, Row, Table};

/// Columns that are no attributes, and attributes that are needed before the schema is known.
pub(super) mod column {
    /// The number of an object.
    pub(in super::super) const DNT: &str = "DNT_col";
    /// That of its parent.
    pub(in super::super) const PARENT: &str = "PDNT_col";
    /// The ATTRTYP of its RDN.
    pub(in super::super) const RDN_TYPE: &str = "RDNtyp_col";
    /// 0 for a mere reference to an object that is not here (a phantom).
    pub(in super::super) const IS_OBJECT: &str = "OBJ_col";
    /// The head of its naming context.
    pub(in super::super) const CONTEXT: &str = "NCDNT_col";
    /// `name`.
    pub(in super::super) const NAME: &str = "ATTm589825";
    /// `objectClass`.
    pub(in super::super) const CLASS: &str = "ATTc0";
    /// `isDeleted`.
    pub(in super::super) const IS_DELETED: &str = "ATTi131120";
    /// `isRecycled`.
    pub(in super::super) const IS_RECYCLED: &str = "ATTi591882";
    /// `objectGUID`.
    pub(in super::super) const GUID: &str = "ATTk589826";
    /// `objectSid`.
    pub(in super::super) const SID: &str = "ATTr589970";
    /// `sAMAccountName`.
    pub(in super::super) const ACCOUNT: &str = "ATTm590045";
    /// `userPrincipalName`.
    pub(in super::super) const PRINCIPAL: &str = "ATTm590480";
    /// `dMDLocation`: the schema, of a domain controller's own object.
    pub(in super::super) const SCHEMA: &str = "ATTb131108";
}

/// The columns of the table of objects that each object needs.
pub(super) struct Layout {
    data: usize,
    links: Option<usize>,
    descriptors: Option<usize>,
    hidden: Option<usize>,
    pub(super) dnt: Column,
    pub(super) parent: Column,
    pub(super) name: Column,
    pub(super) rdn_type: Option<Column>,
    pub(super) is_object: Option<Column>,
    pub(super) is_deleted: Option<Column>,
    pub(super) is_recycled: Option<Column>,
    pub(super) guid: Option<Column>,
    pub(super) sid: Option<Column>,
    pub(super) link: Option<LinkColumns>,
}

/// The columns of the table of links.
pub(super) struct LinkColumns {
    pub(super) holder: Column,
    pub(super) target: Column,
    pub(super) base: Column,
    pub(super) data: Option<Column>,
    pub(super) removed: Option<Column>,
    pub(super) deactivated: Option<Column>,
}

impl Layout {
    pub(super) fn new(database: &Database) -> Result<Self, EseError> {
        let place = |name: &str| database.tables().iter().position(|t| t.name.eq_ignore_ascii_case(name));
        let data = database.need("datatable")?;
        let optional = |name: &str| data.column(name).cloned();
        let link = database.table("link_table").and_then(|links| {
            let column = |name: &str| links.column(name).cloned();
            Some(LinkColumns {
                holder: column("link_DNT")?,
                target: column("backlink_DNT")?,
                base: column("link_base")?,
                data: column("link_data"),
                removed: column("link_deltime"),
                deactivated: column("link_deactivetime"),
            })
        });
        Ok(Self {
            data: place("datatable").unwrap_or_default(),
            links: place("link_table"),
            descriptors: place("sd_table"),
            hidden: place("hiddentable"),
            dnt: data.need(column::DNT)?.clone(),
            parent: data.need(column::PARENT)?.clone(),
            name: data.need(column::NAME)?.clone(),
            rdn_type: optional(column::RDN_TYPE),
            is_object: optional(column::IS_OBJECT),
            is_deleted: optional(column::IS_DELETED),
            is_recycled: optional(column::IS_RECYCLED),
            guid: optional(column::GUID),
            sid: optional(column::SID),
            link,
        })
    }

    /// The table of objects.
    pub(super) fn data<'a>(&self, database: &'a Database) -> &'a Table {
        &database.tables()[self.data]
    }

    /// The table of links.
    pub(super) fn links<'a>(&self, database: &'a Database) -> Option<&'a Table> {
        self.links.map(|n| &database.tables()[n])
    }

    /// The table of security descriptors.
    pub(super) fn descriptors<'a>(&self, database: &'a Database) -> Option<&'a Table> {
        self.descriptors.map(|n| &database.tables()[n])
    }

    /// The table with the domain controller's own object.
    pub(super) fn hidden<'a>(&self, database: &'a Database) -> Option<&'a Table> {
        self.hidden.map(|n| &database.tables()[n])
    }

    /// The row of an object.
    pub(super) fn row(&self, database: &Database, dnt: i32) -> Option<Row> {
        let table = self.data(database);
        let primary = table.primary().filter(|index| index.columns.first() == Some(&self.dnt.id));
        if let Some(primary) = primary {
            let key = database.key(table, primary, &dnt.to_le_bytes())?;
            return database.row(table, &key).ok().flatten();
        }
        let index = index_on(table, self.dnt.id)?;
        rows_at(database, table, index, &dnt.to_le_bytes())?.next()
    }

    /// The children of an object, in the order of their names; `None` where there is no index to tell them.
    pub(super) fn children<'a>(
        &self,
        database: &'a Database,
        dnt: i32,
    ) -> Option<impl Iterator<Item = Row> + 'a> {
        let table = self.data(database);
        rows_at(database, table, index_on(table, self.parent.id)?, &dnt.to_le_bytes())
    }
}

/// The first index whose key begins with a column: the primary one, else the one with the fewest columns.
pub(super) fn index_on(table: &Table, column: u16) -> Option<&Index> {
    let fits = |index: &&Index| index.columns.first() == Some(&column);
    table.indexes.iter().filter(fits).min_by_key(|index| (!index.is_primary, index.columns.len()))
}

/// The rows whose key in an index begins with a value. What is damaged ends them.
pub(super) fn rows_at<'a>(
    database: &'a Database,
    table: &'a Table,
    index: &'a Index,
    value: &[u8],
) -> Option<impl Iterator<Item = Row> + use<'a>> {
    let key = database.key(table, index, value)?;
    rows_under(database, table, index, key)
}

/// The rows whose key in an index begins so.
pub(super) fn rows_under<'a>(
    database: &'a Database,
    table: &'a Table,
    index: &'a Index,
    key: Vec<u8>,
) -> Option<impl Iterator<Item = Row> + use<'a>> {
    let entries = database.entries(index, &key).ok()?;
    let entries = entries.map_while(Result::ok).take_while(move |entry| entry.starts_with(&key));
    Some(entries.filter_map(move |entry| match index.is_primary {
        true => Some(entry),
        false => database.row(table, entry.data()).ok().flatten(),
    }))
}

/// A number of up to 64 bits in a column, whatever its width.
pub(super) fn number(record: &Record<'_>, column: Option<&Column>) -> Option<i64> {
    integer(record.get(column?).ok()?.first()?)
}

/// A little-endian number of 1, 2, 4 or 8 octets. One of a single octet has no sign.
pub(super) fn integer(octets: &[u8]) -> Option<i64> {
    Some(match octets.len() {
        1 => i64::from(octets[0]),
        2 => i64::from(i16::from_le_bytes(octets.try_into().ok()?)),
        4 => i64::from(i32::from_le_bytes(octets.try_into().ok()?)),
        8 => i64::from_le_bytes(octets.try_into().ok()?),
        _ => return None,
    })
}

/// A DNT in a column.
pub(super) fn dnt(record: &Record<'_>, column: &Column) -> Option<i32> {
    number(record, Some(column)).and_then(|n| i32::try_from(n).ok())
}

/// The text in a column.
pub(super) fn text(record: &Record<'_>, column: &Column) -> Option<String> {
    match record.get(column).ok()? {
        Cell::Null => None,
        cell => cell.first().map(|octets| column.text(octets)),
    }
}
