//! The objects of a synthetic directory.

use std::io::{Result, Seek, Write};

use super::super::ese::{Tagged, compress};
use super::{
    ATTRIBUTES, CLASSES, DELETED, DELETED_AT, Directory, FIRST_USER, GROUP, OWN_NUMBER, Row, USERS, column,
    guid, sid, wide,
};

const TOP: u32 = 65_536;
const CONTAINER: u32 = 196_631;

fn long(n: u32) -> Tagged {
    Tagged::Plain(n.to_le_bytes().to_vec())
}

fn text(text: &str) -> Tagged {
    Tagged::Plain(wide(text))
}

/// A row with what every object has.
fn row(dnt: u32, parent: u32, context: u32, rdn: u32, name: &str, classes: &[u32]) -> Row {
    let mut row = Row::new();
    row.extend([
        (1, long(dnt)),
        (2, long(parent)),
        (3, Tagged::Plain(vec![1])),
        (4, long(rdn)),
        (7, long(context)),
    ]);
    row.insert(128, Tagged::Plain([parent, dnt].map(u32::to_le_bytes).concat()));
    let classes: Vec<Vec<u8>> = classes.iter().map(|c| c.to_le_bytes().to_vec()).collect();
    row.insert(column("objectClass"), Tagged::Many(classes));
    row.insert(column("name"), text(name));
    row.insert(column("instanceType"), long(4));
    row
}

/// Writes all objects, in the order of their numbers.
pub(super) fn all<W: Write + Seek>(directory: &mut Directory<'_, W>) -> Result<()> {
    fixed(directory)?;
    schema(directory)?;
    let mut group = row(GROUP, USERS, 3, 3, "Group0", &[655_368, TOP]);
    group.insert(column("sAMAccountName"), text("Group0"));
    directory.add(GROUP, group)?;
    (0..directory.plan.users).try_for_each(|n| user(directory, n))
}

fn fixed<W: Write + Seek>(directory: &mut Directory<'_, W>) -> Result<()> {
    let dc = 1_376_281;
    let plain = |dnt, parent, context, name| row(dnt, parent, context, 3, name, &[CONTAINER, TOP]);
    let mut root = plain(2, 0, 2, "$ROOT_OBJECT$");
    root.insert(3, Tagged::Plain(vec![0]));
    directory.add(2, root)?;
    let mut domain = row(3, 2, 3, dc, "test", &[655_427, TOP]);
    domain.insert(column("objectSid"), Tagged::Plain(stored_sid(None)));
    domain.insert(column("msDS-Behavior-Version"), long(7));
    directory.add(3, domain)?;
    directory.add(4, plain(4, 3, 4, "Configuration"))?;
    let mut schema = row(5, 4, 5, 3, "Schema", &[196_617, TOP]);
    // One prefix of its own: number 0x1234 is 1.2.3.
    let map =
        [1u32.to_le_bytes().to_vec(), 14u32.to_le_bytes().to_vec(), vec![0x34, 0x12, 2, 0, 0x2a, 3]].concat();
    schema.insert(column("prefixMap"), Tagged::Plain(map));
    directory.add(5, schema)?;
    let mut server = plain(6, 4, 4, "DC1");
    server.insert(column("dNSHostName"), text("dc1.test"));
    directory.add(6, server)?;
    let mut settings = row(7, 6, 4, 3, "NTDS Settings", &[1_507_375, TOP]);
    settings.insert(column("dMDLocation"), long(5));
    directory.add(7, settings)?;
    directory.add(USERS, plain(USERS, 3, 3, "Users"))?;
    directory.add(DELETED, plain(DELETED, 3, 3, "Deleted Objects"))?;
    directory.add(10, plain(10, 4, 4, "Services"))?;
    directory.add(11, plain(11, 10, 4, "Windows NT"))?;
    let mut service = plain(12, 11, 4, "Directory Service");
    service.insert(column("tombstoneLifetime"), long(180));
    service.insert(column("msDS-DeletedObjectLifetime"), long(90));
    directory.add(12, service)?;
    directory.add(13, plain(13, 12, 4, "Optional Features"))?;
    let mut feature = plain(14, 13, 4, "Recycle Bin Feature");
    // 766ddcd8-acd0-445e-f3b9-a7f9b6744f2a
    let id = b"\xd8\xdc\x6d\x76\xd0\xac\x5e\x44\xf3\xb9\xa7\xf9\xb6\x74\x4f\x2a";
    feature.insert(column("msDS-OptionalFeatureGUID"), Tagged::Plain(id.to_vec()));
    directory.add(14, feature)?;
    let mut partitions = plain(15, 4, 4, "Partitions");
    partitions.insert(column("msDS-Behavior-Version"), long(7));
    directory.add(15, partitions)?;
    // A reference to an object of another domain.
    let mut phantom = plain(16, 3, 3, "elsewhere");
    phantom.insert(3, Tagged::Plain(vec![0]));
    directory.add(16, phantom)
}

/// The SID of the domain, or of an account, as it is stored: with the last part big-endian.
fn stored_sid(rid: Option<u32>) -> Vec<u8> {
    let mut out = sid(rid.unwrap_or_default());
    if rid.is_none() {
        out.truncate(out.len() - 4);
        out[1] = 4;
    }
    let last = out.len() - 4;
    out[last..].reverse();
    out
}

fn schema<W: Write + Seek>(directory: &mut Directory<'_, W>) -> Result<()> {
    let mut dnt = 100;
    for (name, syntax, attrtyp, single, link) in ATTRIBUTES {
        let mut object = row(dnt, 5, 5, 3, &format!("attribute {name}"), &[0x3000e, TOP]);
        object.insert(column("lDAPDisplayName"), text(name));
        object.insert(column("attributeID"), long(attrtyp));
        object.insert(column("attributeSyntax"), long(0x8_0000 | syntax));
        object.insert(column("isSingleValued"), long(u32::from(single)));
        if let Some(link) = link {
            object.insert(column("linkID"), long(link as u32));
        }
        if name == "contosoBadge" {
            object.insert(column("searchFlags"), long(0x80));
        }
        if name == "contosoNumber" {
            object.insert(column("msDS-IntId"), long(OWN_NUMBER));
        }
        directory.add(dnt, object)?;
        dnt += 1;
    }
    for (name, id) in CLASSES {
        let mut object = row(dnt, 5, 5, 3, &format!("class {name}"), &[0x3000d, TOP]);
        object.insert(column("lDAPDisplayName"), text(name));
        object.insert(column("governsID"), long(id));
        directory.add(dnt, object)?;
        dnt += 1;
    }
    Ok(())
}

/// The octets of a photo.
pub(super) fn photo(n: u32, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u32 * 7 + n) as u8).collect()
}

fn user<W: Write + Seek>(directory: &mut Directory<'_, W>, n: u32) -> Result<()> {
    let dnt = FIRST_USER + n;
    let is_deleted = n % 10 == 9;
    let account = format!("user{n:07}");
    let id = guid(dnt);
    let shown = adrecover_core::ObjectGuid::from_wire(&id).map(|g| g.to_string()).unwrap_or_default();
    let name = if is_deleted { format!("{account}\nDEL:{shown}") } else { account.clone() };
    let mut object = row(dnt, if is_deleted { DELETED } else { USERS }, 3, 3, &name, &[655_369, 65_542, TOP]);
    object.insert(column("sAMAccountName"), text(&account));
    object.insert(column("userPrincipalName"), text(&format!("{account}@test")));
    object.insert(column("objectSid"), Tagged::Plain(stored_sid(Some(dnt))));
    object.insert(column("userAccountControl"), long(512));
    object.insert(column("whenCreated"), Tagged::Plain(REFERENCE.to_le_bytes().to_vec()));
    object.insert(column("pwdLastSet"), Tagged::Plain((REFERENCE * 10_000_000).to_le_bytes().to_vec()));
    object.insert(column("nTSecurityDescriptor"), Tagged::Plain(i64::from(1 + n % 3).to_le_bytes().to_vec()));
    object.insert(column("unicodePwd"), Tagged::Plain(vec![0x55; 32]));
    object.insert(column("contosoNumber"), long(n));
    object.insert(column("contosoBadge"), text("confidential"));
    object.insert(column("description"), description(n, directory.plan.compressed));
    if n % 50 == 5 {
        let id = directory.long.add(directory.writer, &photo(n, 30_000), directory.plan.compressed)?;
        object.insert(column("thumbnailPhoto"), Tagged::Long(id));
    } else if directory.plan.photo > 0 {
        object.insert(column("thumbnailPhoto"), Tagged::Plain(photo(n, directory.plan.photo)));
    }
    if is_deleted {
        object.insert(column("isDeleted"), long(1));
        object.insert(column("lastKnownParent"), long(USERS));
        object.insert(8, Tagged::Plain(DELETED_AT.to_le_bytes().to_vec()));
        if n % 20 == 19 {
            object.insert(column("isRecycled"), long(1));
        }
    }
    directory.add(dnt, object)
}

/// When users were created, in seconds since 1601: 2021-06-15.
const REFERENCE: i64 = 13_268_275_200;

/// What a user's description is.
pub(super) fn descriptions(n: u32) -> Vec<String> {
    let first = format!("user number {n}, number {n}, number {n}");
    if n.is_multiple_of(7) { vec![first, "second".into()] } else { vec![first] }
}

fn description(n: u32, compressed: bool) -> Tagged {
    let texts = descriptions(n);
    let first = wide(&texts[0]);
    let packed =
        if n.is_multiple_of(2) { compress::xpress(&first) } else { compress::seven_bit_unicode(&first) };
    match (texts.get(1), compressed) {
        (None, true) => Tagged::Compressed(packed),
        (None, false) => Tagged::Plain(first),
        (Some(second), true) => Tagged::Two { compressed: true, first: packed, second: wide(second) },
        (Some(second), false) => Tagged::Many(vec![first, wide(second)]),
    }
}
