//! Where a journal is: a file, or a schema of a database.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::PostgresAddress;

/// PostgreSQL cuts longer names off (`NAMEDATALEN`).
const LONGEST_NAME: usize = 63;
/// What the schemas of journals begin with.
pub(crate) const SCHEMAS: &str = "changes-";
/// What stands behind the name of a journal that was set aside, before the time.
pub(crate) const ASIDE: &str = ".damaged-";

/// Where a change journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalPlace {
    /// An SQLite file.
    File(PathBuf),
    /// A schema of a PostgreSQL database.
    Postgres(Box<PostgresPlace>),
}

/// A schema of a PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresPlace {
    pub(crate) address: PostgresAddress,
    pub(crate) schema: String,
}

impl JournalPlace {
    /// The journal of a forest in a database.
    pub fn in_database(address: PostgresAddress, forest: &str) -> Self {
        Self::Postgres(Box::new(PostgresPlace { address, schema: schema_name(forest) }))
    }

    /// A journal in a database by the name of its schema, as [`schemas`](crate::schemas) tells it.
    pub fn of_schema(address: PostgresAddress, schema: String) -> Self {
        Self::Postgres(Box::new(PostgresPlace { address, schema }))
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for JournalPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(place) => write!(f, "{} (schema {})", place.address, place.schema),
        }
    }
}

impl From<PathBuf> for JournalPlace {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&PathBuf> for JournalPlace {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

impl From<&Path> for JournalPlace {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<&Self> for JournalPlace {
    fn from(place: &Self) -> Self {
        place.clone()
    }
}

/// The name of the forest as far as it can be part of a file's or a schema's. What no host name has is left out.
pub(crate) fn plain(forest: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    let forest: String = forest.chars().filter(|c| is_plain(*c)).flat_map(char::to_lowercase).collect();
    forest.trim_matches('.').to_owned()
}

/// The schema of a forest's changes: `changes-FOREST`. Of a name that is too long the end is a hash of all of it.
pub(crate) fn schema_name(forest: &str) -> String {
    let name = format!("{SCHEMAS}{}", plain(forest));
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let hash = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    let hash: String = hash.as_ref().iter().take(6).map(|octet| format!("{octet:02x}")).collect();
    format!("{}-{hash}", cut(&name, LONGEST_NAME - hash.len() - 1))
}

/// The name under which a schema is set aside.
#[cfg_attr(not(any(test, feature = "postgres")), expect(dead_code, reason = "only schemas are set aside so"))]
pub(crate) fn aside_name(schema: &str, stamp: &str) -> String {
    let end = format!("{ASIDE}{stamp}");
    format!("{}{end}", cut(schema, LONGEST_NAME.saturating_sub(end.len())))
}

/// So many octets of a text at most, and whole characters.
fn cut(text: &str, octets: usize) -> &str {
    let end = (0..=octets.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_forest_has_a_schema_of_its_own() {
        assert_eq!(schema_name("Contoso.COM"), "changes-contoso.com");
        assert_eq!(schema_name("x\"; DROP SCHEMA public; --"), "changes-xdropschemapublic--");
        let long = |last: char| format!("{}.{last}.example", "ü".repeat(40));
        let (one, two) = (schema_name(&long('a')), schema_name(&long('b')));
        assert!(one != two && one.len() <= LONGEST_NAME && two.len() <= LONGEST_NAME, "{one} {two}");
        let aside = aside_name(&one, "20260921T141320Z");
        assert!(aside.len() <= LONGEST_NAME && aside.ends_with(".damaged-20260921T141320Z"), "{aside}");
        assert_eq!(aside_name("changes-x", "20260921T141320Z"), "changes-x.damaged-20260921T141320Z");
    }
}
