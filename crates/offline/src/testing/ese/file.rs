//! The file: header, catalog and its copy, and the tables between.

use std::io::{Result, Seek, SeekFrom, Write};

use super::record::{Column, Tagged, encode};
use super::tree::Tree;
use super::{Format, compress, kind};
use crate::ese::internals::{old_checksum, signed_key};

/// An index of a table: a name and the columns. The first one of a table is its primary index.
#[derive(Debug, Clone)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The numbers of its columns.
    pub columns: Vec<u16>,
}

/// The columns of the catalog that are written.
fn catalog_columns() -> Vec<Column> {
    let long = |id, name| Column::new(id, name, kind::LONG);
    let mut columns = vec![
        long(1, "ObjidTable"),
        Column::new(2, "Type", kind::SHORT),
        long(3, "Id"),
        long(4, "ColtypOrPgnoFDP"),
        long(5, "SpaceUsage"),
        long(6, "Flags"),
        long(7, "PagesOrLocale"),
        Column::new(8, "RootFlag", kind::BIT),
        Column::new(9, "RecordOffset", kind::SHORT),
        Column::new(128, "Name", kind::TEXT),
        Column::new(129, "Stats", kind::BINARY),
        Column::new(130, "TemplateTable", kind::TEXT),
        Column::new(131, "DefaultValue", kind::BINARY),
        Column::new(132, "KeyFldIDs", kind::BINARY),
    ];
    columns.iter_mut().filter(|c| c.kind == kind::TEXT).for_each(|c| c.code_page = 1252);
    columns
}

/// A database that is being written.
pub struct Writer<W> {
    out: W,
    format: Format,
    pages: u32,
    objects: u32,
    catalog: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a database.
    pub fn new(out: W, format: Format) -> Self {
        // The catalogs have their places; what is before and between them is free space, which nobody reads.
        Self { out, format, pages: 29, objects: 9, catalog: Vec::new() }
    }

    /// How it is written.
    pub fn format(&self) -> &Format {
        &self.format
    }

    pub(super) fn allocate(&mut self) -> u32 {
        self.pages += 1;
        self.pages
    }

    fn object(&mut self) -> u32 {
        self.objects += 1;
        self.objects
    }

    pub(super) fn write(&mut self, number: u32, page: &[u8]) -> Result<()> {
        self.out.seek(SeekFrom::Start((u64::from(number) + 1) * self.format.page_size as u64))?;
        self.out.write_all(page)
    }

    /// Begins a table; the trees of its other indexes are begun with it.
    pub fn table(&mut self, name: &str, columns: Vec<Column>, indexes: &[Index]) -> Result<Table> {
        let id = self.object();
        let tree = Tree::new(self, id, 0);
        self.entry(id, 1, id, tree.root, 0, 0, name, None, None)?;
        let mut offset = 4;
        for column in &columns {
            let place = (column.id < 128).then_some(offset);
            offset += if column.id < 128 { column.size } else { 0 };
            let extra = (u32::from(column.size), column.code_page);
            self.entry(
                id,
                2,
                column.id.into(),
                column.kind,
                extra.0,
                column.flags,
                &column.name,
                place,
                Some(extra.1),
            )?;
        }
        let mut secondary = Vec::new();
        for (n, index) in indexes.iter().enumerate() {
            let (object, root) = if n == 0 {
                (id, tree.root)
            } else {
                let object = self.object();
                secondary.push(Tree::new(self, object, 0x40));
                (object, secondary[n - 1].root)
            };
            // fidxExtendedColumns, and unique and primary, or nulls of any kind.
            let flags = 0x1_0000 | if n == 0 { 0x21 } else { 0xe };
            self.index(id, object, root, flags, index)?;
        }
        Ok(Table { id, columns, tree, secondary })
    }

    /// Begins the tree of the long values of a table.
    pub fn long_values(&mut self, table: &Table) -> Result<LongValues> {
        let object = self.object();
        let tree = Tree::new(self, object, 0x80);
        self.entry(table.id, 4, object, tree.root, 0, 0, "LV", None, None)?;
        Ok(LongValues { tree, last: 0 })
    }

    #[expect(clippy::too_many_arguments, reason = "they are the columns of the catalog")]
    fn entry(
        &mut self,
        table: u32,
        kind: u16,
        id: u32,
        what: u32,
        space: u32,
        flags: u32,
        name: &str,
        offset: Option<u16>,
        locale: Option<u32>,
    ) -> Result<()> {
        let mut values: Vec<(u16, Tagged)> =
            vec![(1, long(table)), (2, Tagged::Plain(kind.to_le_bytes().to_vec()))];
        values.extend([
            (3, long(id)),
            (4, long(what)),
            (5, long(space)),
            (6, long(flags)),
            (7, long(locale.unwrap_or(0))),
        ]);
        if kind == 1 {
            values.push((8, Tagged::Plain(vec![0xff])));
        }
        values.extend(offset.map(|n| (9, Tagged::Plain(n.to_le_bytes().to_vec()))));
        values.push((128, Tagged::Plain(name.as_bytes().to_vec())));
        self.put(table, kind, id, &values);
        Ok(())
    }

    fn index(&mut self, table: u32, id: u32, root: u32, flags: u32, index: &Index) -> Result<()> {
        let key: Vec<u8> = index.columns.iter().flat_map(|c| [[0, 0], c.to_le_bytes()].concat()).collect();
        let mut values: Vec<(u16, Tagged)> = vec![(1, long(table)), (2, Tagged::Plain(vec![3, 0]))];
        values.extend([(3, long(id)), (4, long(root)), (5, long(80)), (6, long(flags)), (7, long(1033))]);
        values.push((128, Tagged::Plain(index.name.as_bytes().to_vec())));
        values.push((132, Tagged::Plain(key)));
        self.put(table, 3, id, &values);
        Ok(())
    }

    fn put(&mut self, table: u32, kind: u16, id: u32, values: &[(u16, Tagged)]) {
        let key =
            [signed_key(table.to_le_bytes()), signed_key(kind.to_le_bytes()), signed_key(id.to_le_bytes())]
                .concat();
        let row = encode(&self.format, &catalog_columns(), values);
        self.catalog.push((key, row));
    }

    /// Writes the catalog, its copy and the header.
    pub fn finish(mut self) -> Result<W> {
        for (name, id, root) in [("MSysObjects", 2, 4), ("MSysObjectsShadow", 3, 24)] {
            self.entry(id, 1, id, root, 0, 0, name, None, None)?;
            for column in catalog_columns() {
                let extra = (u32::from(column.size), column.code_page);
                self.entry(
                    id,
                    2,
                    column.id.into(),
                    column.kind,
                    extra.0,
                    0,
                    &column.name,
                    None,
                    Some(extra.1),
                )?;
            }
            self.index(id, id, root, 0x1_0021, &Index { name: "Id".into(), columns: vec![1, 2, 3] })?;
        }
        self.catalog.sort();
        let rows = std::mem::take(&mut self.catalog);
        for (id, root) in [(2, 4), (3, 24)] {
            let mut tree = Tree::at(root, id, 0);
            for (key, row) in &rows {
                tree.push(&mut self, key.clone(), row.clone())?;
            }
            tree.finish(&mut self)?;
        }
        let header = self.header();
        for at in [0, self.format.page_size as u64] {
            self.out.seek(SeekFrom::Start(at))?;
            self.out.write_all(&header)?;
        }
        // A database ends with a whole page, and here with an empty one.
        let last = self.allocate();
        let page = vec![0; self.format.page_size];
        self.write(last, &page)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn header(&self) -> Vec<u8> {
        let mut header = vec![0; self.format.page_size];
        let numbers = [
            (4, 0x89ab_cdef),
            (8, 0x620),
            (52, self.format.state),
            (216, 10),
            (224, 20348),
            (232, self.format.revision),
            (236, self.format.page_size as u32),
            (667, 0),
        ];
        for (at, number) in numbers {
            header[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        let sum = old_checksum(&header);
        header[..4].copy_from_slice(&sum.to_le_bytes());
        header
    }
}

fn long(number: u32) -> Tagged {
    Tagged::Plain(number.to_le_bytes().to_vec())
}

/// A table that is being written.
pub struct Table {
    id: u32,
    columns: Vec<Column>,
    tree: Tree,
    /// The trees of all indexes but the primary one, in order.
    secondary: Vec<Tree>,
}

impl Table {
    /// Adds a row under its primary key, which must not descend.
    pub fn row<W: Write + Seek>(
        &mut self,
        w: &mut Writer<W>,
        key: Vec<u8>,
        values: &[(u16, Tagged)],
    ) -> Result<()> {
        let data = encode(w.format(), &self.columns, values);
        self.tree.push(w, key, data)
    }

    /// Adds an entry to the index with that number, counted from 1; in order.
    pub fn entry<W: Write + Seek>(
        &mut self,
        w: &mut Writer<W>,
        n: usize,
        key: Vec<u8>,
        row: Vec<u8>,
    ) -> Result<()> {
        self.secondary[n - 1].push(w, key, row)
    }

    /// Writes what is open.
    pub fn finish<W: Write + Seek>(self, writer: &mut Writer<W>) -> Result<()> {
        self.tree.finish(writer)?;
        self.secondary.into_iter().try_for_each(|tree| tree.finish(writer))
    }
}

/// The long values of a table.
pub struct LongValues {
    tree: Tree,
    last: u32,
}

impl LongValues {
    /// Adds a value, and gives its number. With `compressed` each piece is, where that makes it shorter.
    pub fn add<W: Write + Seek>(&mut self, w: &mut Writer<W>, value: &[u8], compressed: bool) -> Result<u32> {
        self.last += 1;
        let key = self.last.to_be_bytes();
        let head = [1u32.to_le_bytes(), (value.len() as u32).to_le_bytes()].concat();
        self.tree.push(w, key.to_vec(), head)?;
        let longest = w.format().page_size / 4;
        for (n, piece) in value.chunks(longest).enumerate() {
            let packed = if compressed { compress::xpress(piece) } else { Vec::new() };
            let data = if compressed && packed.len() < piece.len() { packed } else { piece.to_vec() };
            let key = [key, ((n * longest) as u32).to_be_bytes()].concat();
            self.tree.push(w, key, data)?;
        }
        Ok(self.last)
    }

    /// Writes what is open.
    pub fn finish<W: Write + Seek>(self, writer: &mut Writer<W>) -> Result<()> {
        self.tree.finish(writer)
    }
}
