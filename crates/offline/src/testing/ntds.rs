//! A writer of synthetic directories: the tables of an `ntds.dit` with a schema, users live and deleted, a group with present,
//! removed and deactivated links, security descriptors and indexes. Of any size: rows go out as they are made.

mod rows;

use std::collections::BTreeMap;
use std::io::{Result, Seek, Write};

use super::ese::{Column, Format, Index, LongValues, Table, Tagged, Writer, kind};
use crate::ese::internals::{binary_key, signed_key};

/// Which directory is written.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How the database is written.
    pub format: Format,
    /// How many users there are. Every tenth is deleted, every twentieth recycled.
    pub users: u32,
    /// Octets of `thumbnailPhoto` of each user, in its row; every fiftieth has a longer one beside the rows.
    pub photo: usize,
    /// Whether texts and long values are compressed.
    pub compressed: bool,
    /// Whether the Recycle Bin is on.
    pub recycle_bin: bool,
    /// Objects that are those of another directory.
    pub known: Option<Known>,
}

/// The `objectGUID`s of objects of another directory, as LDAP has them: the file is then one of that directory's domain.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// That of the domain.
    pub domain: [u8; 16],
    /// That of the group.
    pub group: [u8; 16],
    /// That of the second user, who is live and a member of the group.
    pub user: [u8; 16],
}

impl Plan {
    /// A directory of so many users in pages of this size.
    pub fn new(page_size: usize, users: u32) -> Self {
        Self {
            format: Format::new(page_size),
            users,
            photo: 0,
            compressed: true,
            recycle_bin: true,
            known: None,
        }
    }

    /// The GUID of the object of this number.
    pub(super) fn guid(&self, dnt: u32) -> [u8; 16] {
        match (self.known, dnt) {
            (Some(known), DOMAIN) => known.domain,
            (Some(known), GROUP) => known.group,
            (Some(known), n) if n == FIRST_USER + 1 => known.user,
            _ => guid(dnt),
        }
    }
}

/// The number of the group, and that of the first user.
pub const GROUP: u32 = 900;
/// See [`GROUP`].
pub const FIRST_USER: u32 = 1000;
/// The number of the domain.
const DOMAIN: u32 = 3;
/// The number of the container of users.
const USERS: u32 = 8;
/// That of Deleted Objects.
const DELETED: u32 = 9;
/// When users were deleted, in seconds since 1601.
pub const DELETED_AT: i64 = 13_300_000_000;
/// When members were removed.
pub const REMOVED_AT: i64 = 13_290_000_000;

/// An attribute of the schema: name, last number of the syntax, ATTRTYP, whether single-valued, `linkID`.
pub(super) type Attribute = (&'static str, u32, u32, bool, Option<i32>);

/// The attributes of the schema.
pub(super) const ATTRIBUTES: [Attribute; 43] = [
    ("objectClass", 2, 0, false, None),
    ("cn", 12, 3, true, None),
    ("description", 12, 13, false, None),
    ("member", 1, 31, false, Some(2)),
    ("distinguishedName", 1, 49, true, None),
    ("instanceType", 9, 131_073, true, None),
    ("whenCreated", 11, 131_074, true, None),
    ("whenChanged", 11, 131_075, true, None),
    ("attributeID", 2, 131_102, true, None),
    ("governsID", 2, 131_094, true, None),
    ("attributeSyntax", 2, 131_104, true, None),
    ("isSingleValued", 8, 131_105, true, None),
    ("dMDLocation", 1, 131_108, true, None),
    ("isDeleted", 8, 131_120, true, None),
    ("linkID", 9, 131_122, true, None),
    ("memberOf", 1, 131_174, false, Some(3)),
    ("nTSecurityDescriptor", 15, 131_353, true, None),
    ("searchFlags", 9, 131_406, true, None),
    ("lDAPDisplayName", 12, 131_532, true, None),
    ("name", 12, 589_825, true, None),
    ("objectGUID", 10, 589_826, true, None),
    ("userAccountControl", 9, 589_832, true, None),
    ("thumbnailPhoto", 10, 589_859, true, None),
    ("unicodePwd", 10, 589_914, true, None),
    ("objectSid", 17, 589_970, true, None),
    ("sAMAccountName", 12, 590_045, true, None),
    ("userPrincipalName", 12, 590_480, true, None),
    ("lastKnownParent", 1, 590_605, true, None),
    ("dNSHostName", 12, 590_443, true, None),
    ("pwdLastSet", 16, 589_920, true, None),
    ("isRecycled", 8, 591_882, true, None),
    ("msDS-OptionalFeatureGUID", 10, 591_886, true, None),
    ("msDS-EnabledFeature", 1, 591_885, false, Some(2168)),
    ("msDS-hasMasterNCs", 1, 591_660, false, Some(2036)),
    ("msDS-Behavior-Version", 9, 591_283, true, None),
    ("tombstoneLifetime", 9, 131_126, true, None),
    ("msDS-DeletedObjectLifetime", 9, 591_892, true, None),
    ("ms-Mcs-AdmPwd", 12, 591_900, true, None),
    ("contosoBadge", 12, 591_901, true, None),
    ("dc", 12, 1_376_281, true, None),
    ("prefixMap", 10, 589_922, true, None),
    ("msDS-IntId", 9, 591_540, true, None),
    ("contosoNumber", 9, 591_902, true, None),
];

/// The number of `contosoNumber` in this database only (`msDS-IntId`), which its column has.
pub(super) const OWN_NUMBER: u32 = 0x8000_0001;

/// Classes by their ATTRTYP.
pub(super) const CLASSES: [(&str, u32); 10] = [
    ("top", 65_536),
    ("classSchema", 0x3000d),
    ("attributeSchema", 0x3000e),
    ("person", 65_542),
    ("user", 655_369),
    ("group", 655_368),
    ("container", 196_631),
    ("dMD", 196_617),
    ("nTDSDSA", 1_507_375),
    ("domainDNS", 655_427),
];

/// The columns that are no attributes.
const FIXED: [(u16, &str, u32); 9] = [
    (1, "DNT_col", kind::LONG),
    (2, "PDNT_col", kind::LONG),
    (3, "OBJ_col", kind::BYTE),
    (4, "RDNtyp_col", kind::LONG),
    (5, "cnt_col", kind::LONG),
    (6, "ab_cnt_col", kind::LONG),
    (7, "NCDNT_col", kind::LONG),
    (8, "time_col", kind::CURRENCY),
    (128, "Ancestors_col", kind::BINARY),
];

/// The column of an attribute.
pub(super) fn column(name: &str) -> u16 {
    256 + ATTRIBUTES.iter().position(|(n, ..)| *n == name).expect("an attribute of the schema") as u16
}

fn columns() -> Vec<Column> {
    let mut columns: Vec<Column> =
        FIXED.iter().map(|(id, name, kind)| Column::new(*id, name, *kind)).collect();
    for (name, syntax, attrtyp, single, _) in ATTRIBUTES {
        let kind = match syntax {
            1 | 2 | 8 | 9 => kind::LONG,
            11 | 16 => kind::CURRENCY,
            12 => kind::LONG_TEXT,
            _ => kind::LONG_BINARY,
        };
        let letter = char::from(b'a' + syntax as u8);
        let number = if name == "contosoNumber" { OWN_NUMBER as i32 } else { attrtyp as i32 };
        let flags = if single { 0 } else { 8 };
        columns.push(Column::new(column(name), &format!("ATT{letter}{number}"), kind).with_flags(flags));
    }
    columns
}

/// The GUID of a user: scattered, so that its order is not that of the numbers.
pub fn guid(n: u32) -> [u8; 16] {
    let mix = |n: u64| {
        let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ n >> 31
    };
    let seed = u64::from(n).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut out = [0; 16];
    out[..8].copy_from_slice(&mix(seed).to_le_bytes());
    out[8..].copy_from_slice(&mix(!seed).to_le_bytes());
    out
}

/// The octets of a SID as LDAP has it.
pub fn sid(rid: u32) -> Vec<u8> {
    let mut out = vec![1, 5, 0, 0, 0, 0, 0, 5];
    out.extend([21, 1_004_336_348, 1_177_238_915, 682_003_330, rid].map(u32::to_le_bytes).concat());
    out
}

/// Text as it is stored.
pub(super) fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A key of text with weights that are this writer's own: not those of Windows, so that nothing can rely on them.
fn sort_key(text: &str) -> Vec<u8> {
    let mut key = vec![0x7f];
    for c in text.to_uppercase().chars() {
        let code = c as u32;
        key.extend([0x0c + (code >> 7).min(200) as u8, (code & 0x7f) as u8 + 3]);
    }
    key.extend([1, 1, 1, 1, 0]);
    key
}

/// A row: values by column.
pub(super) type Row = BTreeMap<u16, Tagged>;

/// Sorted entries of the indexes other than the primary one.
#[derive(Default)]
struct Entries([Vec<(Vec<u8>, u32)>; 6]);

/// The file that is being written.
struct Directory<'a, W> {
    writer: &'a mut Writer<W>,
    data: Table,
    long: LongValues,
    entries: Entries,
    plan: Plan,
}

impl<W: Write + Seek> Directory<'_, W> {
    fn add(&mut self, dnt: u32, mut row: Row) -> Result<()> {
        row.insert(column("objectGUID"), Tagged::Plain(self.plan.guid(dnt).to_vec()));
        let plain = |id: u16| match row.get(&id) {
            Some(Tagged::Plain(octets)) => Some(octets.clone()),
            _ => None,
        };
        let text = |id: u16| {
            plain(id).map(|v| {
                String::from_utf16_lossy(
                    &v.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect::<Vec<_>>(),
                )
            })
        };
        let parent: [u8; 4] = plain(2).and_then(|v| v.try_into().ok()).unwrap_or_default();
        let name = text(column("name")).unwrap_or_default();
        let sid = plain(column("objectSid")).map(|v| binary_key(&v, 255));
        let keys = [
            Some([signed_key(parent), sort_key(&name)].concat()),
            plain(column("objectGUID")).map(|v| binary_key(&v, 255)),
            sid,
            text(column("sAMAccountName")).map(|v| sort_key(&v)),
            Some(sort_key(&name)),
            text(column("userPrincipalName")).map(|v| sort_key(&v)),
        ];
        for (entries, key) in self.entries.0.iter_mut().zip(keys) {
            entries.extend(key.map(|key| (key, dnt)));
        }
        let values: Vec<(u16, Tagged)> = row.into_iter().collect();
        self.data.row(self.writer, signed_key(dnt.to_le_bytes()), &values)
    }

    fn finish(mut self) -> Result<()> {
        for (n, mut entries) in self.entries.0.into_iter().enumerate() {
            entries.sort();
            for (key, dnt) in entries {
                self.data.entry(self.writer, n + 1, key, signed_key(dnt.to_le_bytes()))?;
            }
        }
        self.data.finish(self.writer)?;
        self.long.finish(self.writer)
    }
}

/// Writes a directory.
pub fn write<W: Write + Seek>(out: W, plan: &Plan) -> Result<W> {
    let mut writer = Writer::new(out, plan.format);
    let index = |name: &str, columns: &[u16]| Index { name: name.to_owned(), columns: columns.to_vec() };
    let indexes = [
        index("DNT_index", &[1]),
        index("PDNT_index", &[2, column("name")]),
        index("INDEX_00090002", &[column("objectGUID")]),
        index("INDEX_00090092", &[column("objectSid")]),
        index("INDEX_000900DD", &[column("sAMAccountName")]),
        index("INDEX_00090001", &[column("name")]),
        index("INDEX_00090290", &[column("userPrincipalName")]),
    ];
    let data = writer.table("datatable", columns(), &indexes)?;
    let long = writer.long_values(&data)?;
    let mut directory =
        Directory { writer: &mut writer, data, long, entries: Entries::default(), plan: *plan };
    rows::all(&mut directory)?;
    directory.finish()?;
    links(&mut writer, plan)?;
    descriptors(&mut writer)?;
    hidden(&mut writer)?;
    writer.finish()
}

/// The state of the membership of a user: 0 present, 1 removed, 2 deactivated.
pub fn membership(n: u32) -> u8 {
    match n % 10 {
        3 => 1,
        9 => 2,
        _ => 0,
    }
}

fn links<W: Write + Seek>(writer: &mut Writer<W>, plan: &Plan) -> Result<()> {
    let columns = vec![
        Column::new(1, "link_DNT", kind::LONG),
        Column::new(2, "backlink_DNT", kind::LONG),
        Column::new(3, "link_base", kind::LONG),
        Column::new(4, "link_deltime", kind::CURRENCY),
        Column::new(5, "link_deactivetime", kind::CURRENCY),
        Column::new(256, "link_data", kind::LONG_BINARY),
    ];
    let index = |name: &str, columns: &[u16]| Index { name: name.to_owned(), columns: columns.to_vec() };
    let indexes = [index("link_index", &[1, 3, 2]), index("backlink_index", &[2, 3, 1])];
    let mut table = writer.table("link_table", columns, &indexes)?;
    // The controller holds three contexts, and the container of partitions has the Recycle Bin enabled.
    let mut links: Vec<(u32, u32, u32, u8)> = vec![(7, 1018, 3, 0), (7, 1018, 4, 0), (7, 1018, 5, 0)];
    if plan.recycle_bin {
        links.push((15, 1084, 14, 0));
    }
    links.extend((0..plan.users).map(|n| (GROUP, 1, FIRST_USER + n, membership(n))));
    let key = |a: u32, b: u32, c: u32| [a, b, c].map(|n| signed_key(n.to_le_bytes())).concat();
    for (holder, base, target, state) in &links {
        let long = |n: u32| Tagged::Plain(n.to_le_bytes().to_vec());
        let time = |n: i64| Tagged::Plain(n.to_le_bytes().to_vec());
        let mut values = vec![(1, long(*holder)), (2, long(*target)), (3, long(*base))];
        values.extend((*state == 1).then(|| (4, time(REMOVED_AT))));
        values.extend((*state == 2).then(|| (5, time(DELETED_AT))));
        table.row(writer, key(*holder, *base, *target), &values)?;
    }
    let mut back: Vec<_> = links.iter().map(|(h, b, t, _)| (key(*t, *b, *h), key(*h, *b, *t))).collect();
    back.sort();
    for (from, to) in back {
        table.entry(writer, 1, from, to)?;
    }
    table.finish(writer)
}

/// A security descriptor: the first octets of one, and its number at the end.
pub fn descriptor(n: u32) -> Vec<u8> {
    let mut out = vec![1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    out.extend(n.to_le_bytes().repeat(50));
    out
}

fn descriptors<W: Write + Seek>(writer: &mut Writer<W>) -> Result<()> {
    let columns = vec![
        Column::new(1, "sd_id", kind::CURRENCY),
        Column::new(2, "sd_refcount", kind::LONG),
        Column::new(256, "sd_hash", kind::LONG_BINARY),
        Column::new(257, "sd_value", kind::LONG_BINARY),
    ];
    let index = Index { name: "sd_id_index".to_owned(), columns: vec![1] };
    let mut table = writer.table("sd_table", columns, &[index])?;
    for n in 1..4u32 {
        let id = i64::from(n).to_le_bytes();
        let values = [
            (1, Tagged::Plain(id.to_vec())),
            (2, Tagged::Plain(vec![1, 0, 0, 0])),
            (257, Tagged::Plain(descriptor(n))),
        ];
        table.row(writer, signed_key(id), &values)?;
    }
    table.finish(writer)
}

fn hidden<W: Write + Seek>(writer: &mut Writer<W>) -> Result<()> {
    let columns = vec![Column::new(1, "usn_col", kind::CURRENCY), Column::new(2, "dsa_col", kind::LONG)];
    let mut table = writer.table("hiddentable", columns, &[])?;
    let values =
        [(1, Tagged::Plain(1i64.to_le_bytes().to_vec())), (2, Tagged::Plain(7u32.to_le_bytes().to_vec()))];
    table.row(writer, vec![0, 0, 0, 1], &values)?;
    table.finish(writer)
}
