//! `adrecover/drill/v1`.

use serde::Serialize;

use crate::ObjectGuid;

/// What would become of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drill {
    /// The document's name.
    pub schema: &'static str,
    /// Who it is.
    pub guid: ObjectGuid,
    /// What people call it.
    pub name: String,
    /// Its DN.
    pub dn: String,
    /// When that was found out.
    pub at: String,
    /// In a word.
    pub verdict: DrillVerdict,
    /// In a line.
    pub line: String,
    /// Whether the Recycle Bin is on.
    pub recycle_bin: bool,
    /// For how many days after a deletion it could be restored.
    pub days_to_restore: i64,
    /// Its attributes.
    pub attributes: Vec<Item>,
    /// The groups that it is a member of.
    pub groups: Vec<LinkItem>,
    /// What else points to it.
    pub links: Vec<LinkItem>,
    /// What would become of its password.
    pub password: Fate,
    /// Its licences in the cloud; `null` where nobody said.
    pub licences: Option<Vec<String>>,
    /// The sources that were looked at.
    pub sources: Vec<SourceDocument>,
    /// What would make it better.
    pub advice: Vec<String>,
}

/// What would become of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DrillVerdict {
    /// Everything would come back but, without the Recycle Bin, the password.
    Whole,
    /// Something would be lost.
    Partly,
    /// Everything is somewhere, but not everywhere can it be counted on.
    Unknown,
}

impl DrillVerdict {
    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Partly => "partly",
            Self::Unknown => "unknown",
        }
    }
}

/// What would become of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// A tombstone keeps it.
    Kept,
    /// It comes back from the Recycle Bin.
    Bin,
    /// A restore fills it from a source.
    Filled,
    /// A restore fills it from a source where it is named.
    Named,
    /// Nothing would bring it back.
    Lost,
}

impl Fate {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Kept => "the tombstone keeps it",
            Self::Bin => "Recycle Bin",
            Self::Filled => "filled",
            Self::Named => "filled if named",
            Self::Lost => "LOST",
        }
    }
}

/// What would become of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its name.
    pub name: String,
    /// How many values it has.
    pub values: usize,
    /// What would become of it.
    pub fate: Fate,
    /// The source that would fill it.
    pub source: Option<String>,
    /// Why not.
    pub note: Option<String>,
}

/// What would become of one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkItem {
    /// The other object's attribute.
    pub attribute: String,
    /// The other object.
    pub dn: String,
    /// What would become of it.
    pub fate: Fate,
    /// The source that would fill it.
    pub source: Option<String>,
    /// Whether it is a protected group.
    #[serde(rename = "protected")]
    pub is_protected: bool,
    /// The licences that hang on it.
    pub licences: Vec<String>,
}

/// A source that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceDocument {
    /// Its name.
    pub name: String,
    /// Whether it can be counted on: `ok`, `stale`, `missing`, `unreadable`.
    pub state: &'static str,
    /// Of when it is.
    pub at: Option<String>,
    /// How old that is.
    pub age_seconds: Option<u64>,
    /// The same for people.
    #[serde(skip)]
    pub age: Option<String>,
    /// Why not, or what else is to be known.
    pub note: Option<String>,
}

impl Drill {
    /// The exit code: 0 everything would come back, 3 a source is in doubt, 6 something would be lost.
    pub fn exit_code(&self) -> u8 {
        match self.verdict {
            DrillVerdict::Whole => 0,
            DrillVerdict::Unknown => 3,
            DrillVerdict::Partly => 6,
        }
    }
}
