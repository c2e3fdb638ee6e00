//! Questions of the journal. Each is answered from one state of it, whatever is written meanwhile.

pub(crate) mod alongside;
pub(crate) mod at;
pub(crate) mod casualties;
pub(crate) mod deleted;
pub(crate) mod find;
pub(crate) mod forest;
pub(crate) mod history;
pub(crate) mod links;
pub(crate) mod lost;
pub(crate) mod status;
pub(crate) mod under;

use adrecover_core::change::Stamp;

/// The moment that a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// As far as the journal knows.
    Now,
    /// At the end of this second.
    At(i64),
    /// Right before this change.
    Before(i64),
}

impl Moment {
    /// Whether what happened then has happened at this moment.
    pub(crate) fn includes(self, seq: i64, happened: i64) -> bool {
        match self {
            Self::Now => true,
            Self::At(seconds) => happened <= seconds,
            Self::Before(change) => seq < change,
        }
    }
}

/// One attribute of an object as it was.
#[derive(Clone, PartialEq, Eq)]
pub struct AttributeState {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<Vec<u8>>,
    /// When and where it was written, where the directory told it.
    pub stamp: Option<Stamp>,
}

/// Values are the directory's, and a log is no place for them: only their number is shown.
impl std::fmt::Debug for AttributeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} values)", self.name, self.values.len())
    }
}
