//! The names of attributes that metadata knows by number only, and with them what a deletion stripped.

use std::collections::HashMap;

use adrecover_core::directory::{Query, Scope};
use adrecover_core::facts::AttributeFacts;
use adrecover_core::filter::any_of;
use adrecover_core::metadata::{self, IS_DELETED, Stamp};
use adrecover_core::{DirectoryError, Entry};

use super::search;
use crate::Session;

/// The prefixes of object identifiers that every AD schema begins with ([MS-DRSR] 5.16.4, `NewPrefixTable`).
const PREFIXES: [(u32, &str); 39] = [
    (0, "2.5.4"),
    (1, "2.5.6"),
    (2, "1.2.840.113556.1.2"),
    (3, "1.2.840.113556.1.3"),
    (4, "2.16.840.1.101.2.2.1"),
    (5, "2.16.840.1.101.2.2.3"),
    (6, "2.16.840.1.101.2.1.5"),
    (7, "2.16.840.1.101.2.1.4"),
    (8, "2.5.5"),
    (9, "1.2.840.113556.1.4"),
    (10, "1.2.840.113556.1.5"),
    (11, "1.2.840.113556.1.4.260"),
    (12, "1.2.840.113556.1.5.56"),
    (13, "1.2.840.113556.1.4.262"),
    (14, "1.2.840.113556.1.5.57"),
    (15, "1.2.840.113556.1.4.263"),
    (16, "1.2.840.113556.1.5.58"),
    (17, "1.2.840.113556.1.5.73"),
    (18, "1.2.840.113556.1.4.305"),
    (19, "0.9.2342.19200300.100"),
    (20, "2.16.840.1.113730.3"),
    (21, "0.9.2342.19200300.100.1"),
    (22, "2.16.840.1.113730.3.1"),
    (23, "1.2.840.113556.1.5.7000"),
    (24, "2.5.21"),
    (25, "2.5.18"),
    (26, "2.5.20"),
    (27, "1.3.6.1.4.1.1466.101.119"),
    (28, "2.16.840.1.113730.3.2"),
    (29, "1.3.6.1.4.1.250.1"),
    (30, "1.2.840.113549.1.9"),
    (31, "0.9.2342.19200300.100.4"),
    (32, "1.2.840.113556.1.6.23"),
    (33, "1.2.840.113556.1.6.18.1"),
    (34, "1.2.840.113556.1.6.18.2"),
    (35, "1.2.840.113556.1.6.13.3"),
    (36, "1.2.840.113556.1.6.13.4"),
    (37, "1.3.6.1.1.1.1"),
    (38, "1.3.6.1.1.1.2"),
];

/// Written or derived by the server itself when an object comes back, or never readable: no source can fill them in.
const NOT_LOST: [&str; 8] = [
    "objectCategory",
    "sAMAccountType",
    "isRecycled",
    "unicodePwd",
    "dBCSPwd",
    "ntPwdHistory",
    "lmPwdHistory",
    "supplementalCredentials",
];

/// `searchFlags` bit 0x80: fCONFIDENTIAL ([MS-ADTS] 2.2.10).
const CONFIDENTIAL: i64 = 0x80;
/// `systemFlags` bit 4: FLAG_ATTR_IS_CONSTRUCTED ([MS-ADTS] 2.2.9).
const CONSTRUCTED: i64 = 4;
/// How many attributes one search of the schema asks for.
const AT_ONCE: usize = 60;

/// An attribute of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeName {
    /// `lDAPDisplayName`.
    pub name: String,
    /// Whether its values are shown to those only who hold a further right.
    pub is_confidential: bool,
    /// Whether it is written by the system only, constructed, or the back side of a link.
    pub is_system: bool,
    /// Whether the global catalogue holds it (`isMemberOfPartialAttributeSet`).
    pub is_in_catalogue: bool,
    /// Whether it is the front side of a link.
    pub is_link: bool,
    /// Whether it takes one value only.
    pub is_single: bool,
    /// The length of the longest value (`rangeUpper`), where that is limited.
    pub longest: Option<usize>,
}

impl AttributeName {
    /// What a plan is made by.
    pub fn facts(&self) -> AttributeFacts {
        AttributeFacts {
            is_confidential: self.is_confidential,
            is_system: self.is_system,
            is_link: self.is_link,
            is_single: self.is_single,
            longest: self.longest,
        }
    }
}

/// The attributes that were asked for, each once.
#[derive(Debug, Default)]
pub struct AttributeNames {
    by_id: HashMap<u32, Option<AttributeName>>,
    by_name: HashMap<String, Option<AttributeName>>,
}

impl AttributeNames {
    /// The attribute of a number that [`Self::load`] asked for.
    pub fn get(&self, id: u32) -> Option<&AttributeName> {
        self.by_id.get(&id)?.as_ref()
    }

    /// Asks the schema for the numbers that are not known yet.
    pub async fn load(&mut self, session: &Session, ids: &[u32]) -> Result<(), DirectoryError> {
        let mut wanted: Vec<u32> = ids.iter().copied().filter(|id| !self.by_id.contains_key(id)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        for some in wanted.chunks(AT_ONCE) {
            let filters = some.iter().filter_map(|id| filter_of(*id));
            let entries = schema(session, any_of(filters), &["attributeID", "msDS-IntId"]).await?;
            for id in some {
                let found = entries.iter().find(|e| is_of(e, *id));
                self.by_id.insert(*id, found.and_then(named));
            }
        }
        Ok(())
    }

    /// Which of these names the schema flags as confidential.
    pub async fn confidential(
        &mut self,
        session: &Session,
        names: &[&str],
    ) -> Result<Vec<String>, DirectoryError> {
        self.load_names(session, names).await?;
        let is_confidential = |n: &&&str| self.by_name(n).is_some_and(|a| a.is_confidential);
        Ok(names.iter().filter(is_confidential).map(|n| (*n).to_owned()).collect())
    }

    /// What the schema says of these names; `None` for one that it does not have.
    pub async fn look_up(
        &mut self,
        session: &Session,
        names: &[&str],
    ) -> Result<Vec<Option<AttributeName>>, DirectoryError> {
        self.load_names(session, names).await?;
        Ok(names.iter().map(|n| self.by_name(n).cloned()).collect())
    }

    /// Which of these names the schema has. A server looks through the whole directory for one that it does not know.
    pub async fn existing<'n>(
        &mut self,
        session: &Session,
        names: &[&'n str],
    ) -> Result<Vec<&'n str>, DirectoryError> {
        self.load_names(session, names).await?;
        Ok(names.iter().copied().filter(|n| self.by_name(n).is_some()).collect())
    }

    fn by_name(&self, name: &str) -> Option<&AttributeName> {
        self.by_name.get(&name.to_lowercase())?.as_ref()
    }

    async fn load_names(&mut self, session: &Session, names: &[&str]) -> Result<(), DirectoryError> {
        let wanted: Vec<&str> =
            names.iter().copied().filter(|n| !self.by_name.contains_key(&n.to_lowercase())).collect();
        for some in wanted.chunks(AT_ONCE) {
            let filters = some.iter().map(|n| adrecover_core::filter::equals("lDAPDisplayName", n));
            let entries = schema(session, any_of(filters), &[]).await?;
            self.by_name.extend(some.iter().map(|n| (n.to_lowercase(), None)));
            self.by_name.extend(entries.iter().filter_map(named).map(|a| (a.name.to_lowercase(), Some(a))));
        }
        Ok(())
    }

    /// The attributes that the deletion stripped from an object: those whose last write was the deletion itself and that
    /// have no value any more. The entry must hold `replPropertyMetaData` and every attribute that survived.
    ///
    /// Sorted by name. One that the schema does not name is left out, as is what comes back by itself and the password.
    pub async fn stripped(
        &mut self,
        session: &Session,
        entry: &Entry,
    ) -> Result<Vec<String>, DirectoryError> {
        let Some(value) = entry.value("replPropertyMetaData") else { return Ok(vec![]) };
        let ids: Vec<u32> = stripped_stamps(value).iter().map(|s| s.attribute).collect();
        self.without_value(session, entry, ids).await
    }

    /// The attributes that an object had once, whenever they lost their values; the entry must hold every attribute that is of
    /// interest. `None` where that is not known: its metadata cannot be read, or names what the schema does not, or a deleted
    /// object seems to have lost nothing at all.
    pub async fn had(
        &mut self,
        session: &Session,
        entry: &Entry,
    ) -> Result<Option<Vec<String>>, DirectoryError> {
        let value = entry.value("replPropertyMetaData").unwrap_or_default();
        let Some(stamps) = metadata::parse(value) else { return Ok(None) };
        let ids: Vec<u32> = stamps.map(|s| s.attribute).collect();
        self.load(session, &ids).await?;
        let is_whole = ids.iter().all(|id| self.get(*id).is_some());
        let names = self.without_value(session, entry, ids).await?;
        Ok(Some(names).filter(|names| is_whole && !(names.is_empty() && entry.is_deleted())))
    }

    /// The names of those attributes that an entry does not hold.
    async fn without_value(
        &mut self,
        session: &Session,
        entry: &Entry,
        ids: Vec<u32>,
    ) -> Result<Vec<String>, DirectoryError> {
        self.load(session, &ids).await?;
        let is_lost =
            |name: &&str| !entry.has(name) && !NOT_LOST.iter().any(|n| n.eq_ignore_ascii_case(name));
        let mut names: Vec<String> = ids
            .iter()
            .filter_map(|id| self.get(*id).map(|a| a.name.as_str()))
            .filter(is_lost)
            .map(str::to_owned)
            .collect();
        names.sort_unstable_by_key(|n| n.to_lowercase());
        Ok(names)
    }
}

/// The stamps of the attributes that were written before and last by the deletion.
fn stripped_stamps(value: &[u8]) -> Vec<Stamp> {
    let Some(deletion) = metadata::find(value, IS_DELETED) else { return vec![] };
    let by_it = |s: &Stamp| {
        s.attribute != IS_DELETED
            && s.version >= 2
            && s.time == deletion.time
            && s.originating == deletion.originating
    };
    metadata::parse(value).map(|all| all.filter(by_it).collect()).unwrap_or_default()
}

async fn schema(session: &Session, filter: String, more: &[&str]) -> Result<Vec<Entry>, DirectoryError> {
    let base = session.root_dse().schema_naming_context.to_string();
    let filter = format!("(&(objectClass=attributeSchema){filter})");
    let attributes = [
        "lDAPDisplayName",
        "searchFlags",
        "systemOnly",
        "systemFlags",
        "linkID",
        "isMemberOfPartialAttributeSet",
        "isSingleValued",
        "rangeUpper",
    ];
    let attributes = attributes.iter().chain(more);
    search(session, &Query::below(base, Scope::OneLevel, filter).attributes(attributes)).await
}

fn named(entry: &Entry) -> Option<AttributeName> {
    let name = entry.text("lDAPDisplayName")?;
    let is_confidential = entry.integer("searchFlags").is_some_and(|flags| flags & CONFIDENTIAL != 0);
    let is_system = entry.is_true("systemOnly")
        || entry.integer("systemFlags").is_some_and(|flags| flags & CONSTRUCTED != 0)
        || entry.integer("linkID").is_some_and(|id| id % 2 == 1);
    Some(AttributeName {
        name,
        is_confidential,
        is_system,
        is_in_catalogue: entry.is_true("isMemberOfPartialAttributeSet"),
        is_link: entry.integer("linkID").is_some_and(|id| id % 2 == 0),
        is_single: entry.is_true("isSingleValued"),
        longest: entry.integer("rangeUpper").and_then(|most| usize::try_from(most).ok()),
    })
}

/// The object identifier of a number ([MS-DRSR] 5.16.4 `OidFromAttid`), where its prefix is among the usual ones.
fn oid(id: u32) -> Option<String> {
    let (high, low) = (id >> 16, id & 0xffff);
    let (_, prefix) = PREFIXES.iter().find(|(index, _)| *index == high)?;
    // Above 0x8000 two octets of the identifier are the last part all the same.
    Some(format!("{prefix}.{}", if low >= 0x8000 { low - 0x8000 } else { low }))
}

/// The number of an attribute ([MS-DRSR] 5.16.4 `MakeAttid`), from its `attributeID` and `msDS-IntId`; `None` where its prefix is not
/// among the usual ones.
pub(crate) fn attribute_id(entry: &Entry) -> Option<u32> {
    if let Some(own) = entry.integer("msDS-IntId") {
        return i32::try_from(own).ok().map(|own| own as u32);
    }
    let oid = entry.text("attributeID")?;
    let (head, last) = oid.rsplit_once('.')?;
    let last: u32 = last.parse().ok().filter(|last| *last < 0x4000)?;
    PREFIXES.iter().find(|(_, prefix)| *prefix == head).map(|(index, _)| index << 16 | last)
}

/// Attributes that were added to the schema later have a number of their own, `msDS-IntId`, from 0x80000000 on
/// ([MS-ADTS] 3.1.1.2.3.1).
fn filter_of(id: u32) -> Option<String> {
    if id >= 0x8000_0000 {
        return Some(format!("(msDS-IntId={})", id as i32));
    }
    oid(id).map(|oid| format!("(attributeID={oid})"))
}

fn is_of(entry: &Entry, id: u32) -> bool {
    if id >= 0x8000_0000 {
        return entry.integer("msDS-IntId") == Some(i64::from(id as i32));
    }
    let oid = oid(id);
    oid.is_some() && entry.text("attributeID") == oid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_object_identifiers() {
        assert_eq!(oid(metadata::USER_PRINCIPAL_NAME).as_deref(), Some("1.2.840.113556.1.4.656"));
        assert_eq!(oid(IS_DELETED).as_deref(), Some("1.2.840.113556.1.2.48"));
        assert_eq!(oid(3).as_deref(), Some("2.5.4.3"));
        assert_eq!(oid(0x0015_0003).as_deref(), Some("0.9.2342.19200300.100.1.3"));
        assert_eq!(oid(0x7fff_0001), None);
        for id in [metadata::USER_PRINCIPAL_NAME, IS_DELETED, 3, 0x0015_0003] {
            let entry = Entry::new("").with("attributeID", [oid(id).unwrap()]);
            assert_eq!(attribute_id(&entry), Some(id));
        }
        let later = Entry::new("").with("attributeID", ["1.2.3"]).with("msDS-IntId", ["-2147483647"]);
        assert_eq!(attribute_id(&later), Some(0x8000_0001));
        for unknown in ["1.2.3", "3", "", "1.2.840.113556.1.4.99999"] {
            assert_eq!(attribute_id(&Entry::new("").with("attributeID", [unknown])), None);
        }
        assert_eq!(filter_of(0x8000_0001).as_deref(), Some("(msDS-IntId=-2147483647)"));
    }
}
