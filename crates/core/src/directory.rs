//! What the engine needs of a directory, so that it can be carried out on any: the trait that adapters implement.

use std::future::Future;

use crate::{Entry, ObjectGuid, win32};

/// How far below the base a search looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The base object itself.
    Base,
    /// Its children.
    OneLevel,
    /// It and everything below it.
    Subtree,
}

/// Which states of objects a search returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// Live objects only: no control is sent.
    #[default]
    Live,
    /// Deleted objects and tombstones too (Show Deleted, 1.2.840.113556.1.4.417), and the links stored on them (Show
    /// Deactivated Link, …2065) where the server knows that.
    Deleted,
    /// Recycled objects too (Show Recycled, …2064); falls back to Show Deleted on servers without it.
    Recycled,
}

/// A search. All results are paged and ranged values are followed to their end by the adapter.
#[derive(Debug, Clone)]
pub struct Query {
    /// The base DN, `<GUID=…>` or `<WKGUID=…>`; empty for the rootDSE or a whole global catalogue.
    pub base: String,
    /// How far to look.
    pub scope: Scope,
    /// An RFC 4515 filter whose values went through [`crate::filter::escape`].
    pub filter: String,
    /// The attributes to return; empty means all user attributes.
    pub attributes: Vec<String>,
    /// Which states to return.
    pub visibility: Visibility,
}

impl Query {
    /// A search of one object by its DN or `<GUID=…>`.
    pub fn object(dn: impl Into<String>) -> Self {
        Self::below(dn, Scope::Base, "(objectClass=*)")
    }

    /// A search with a filter.
    pub fn below(base: impl Into<String>, scope: Scope, filter: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            scope,
            filter: filter.into(),
            attributes: vec![],
            visibility: Visibility::Live,
        }
    }

    /// Names the attributes to return.
    #[must_use]
    pub fn attributes<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.attributes = names.into_iter().map(|n| n.as_ref().to_owned()).collect();
        self
    }

    /// Says which states to return.
    #[must_use]
    pub fn visibility(mut self, visibility: Visibility) -> Self {
        self.visibility = visibility;
        self
    }
}

/// One change of one attribute.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The attribute's name.
    pub attribute: String,
    /// What happens to it.
    pub kind: ChangeKind,
    /// The values; none with [`ChangeKind::Replace`] or [`ChangeKind::Delete`] removes the attribute.
    pub values: Vec<Vec<u8>>,
}

/// The three forms of RFC 4511 4.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Values are added.
    Add,
    /// Values, or all of them, are removed.
    Delete,
    /// The values become exactly these.
    Replace,
}

impl Change {
    /// Replaces the values of an attribute.
    pub fn replace<V: AsRef<[u8]>>(attribute: &str, values: impl IntoIterator<Item = V>) -> Self {
        Self::of(attribute, ChangeKind::Replace, values)
    }

    /// Adds values to an attribute.
    pub fn add<V: AsRef<[u8]>>(attribute: &str, values: impl IntoIterator<Item = V>) -> Self {
        Self::of(attribute, ChangeKind::Add, values)
    }

    /// Removes values of an attribute; all when none is given.
    pub fn delete<V: AsRef<[u8]>>(attribute: &str, values: impl IntoIterator<Item = V>) -> Self {
        Self::of(attribute, ChangeKind::Delete, values)
    }

    fn of<V: AsRef<[u8]>>(attribute: &str, kind: ChangeKind, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(|v| v.as_ref().to_vec()).collect();
        Self { attribute: attribute.to_owned(), kind, values }
    }
}

/// Values may be passwords: only their number is shown.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} ({} values)", self.kind, self.attribute, self.values.len())
    }
}

/// A result of the server other than success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.describe())]
pub struct Refusal {
    /// The LDAP result code (RFC 4511 appendix A).
    pub code: u32,
    /// The server's diagnostic message, unchanged.
    pub diagnostic: String,
    /// What was asked, in words: `undelete CN=…`.
    pub operation: String,
}

impl Refusal {
    /// The Win32 code in the message.
    pub fn win32(&self) -> Option<u32> {
        win32::code(&self.diagnostic)
    }

    /// Whether the server says that a password breaks the policy: Windows answers 53 or 19, Samba 19, both with 52D.
    pub fn is_password_policy(&self) -> bool {
        matches!(self.code, 19 | 53) && self.win32() == Some(0x52d)
    }

    /// Whether the server says that the caller lacks a right.
    pub fn is_access_denied(&self) -> bool {
        self.code == 50
    }

    /// Whether another try a little later may be answered: busy, unavailable.
    pub fn is_passing(&self) -> bool {
        matches!(self.code, 51 | 52) || self.win32() == Some(0x2093)
    }

    fn describe(&self) -> String {
        let name = result_name(self.code);
        let mut out = format!("{}: the server answered {} ({name})", self.operation, self.code);
        if let Some(meaning) = self.win32().and_then(win32::meaning) {
            out.push_str(&format!(": {meaning}"));
        }
        let diagnostic = self.diagnostic.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        if !diagnostic.is_empty() {
            out.push_str(&format!(" [{}]", crate::text::printable(diagnostic)));
        }
        out
    }
}

/// The name of an LDAP result code (RFC 4511 4.1.9).
pub fn result_name(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        16 => "noSuchAttribute",
        17 => "undefinedAttributeType",
        18 => "inappropriateMatching",
        19 => "constraintViolation",
        20 => "attributeOrValueExists",
        21 => "invalidAttributeSyntax",
        32 => "noSuchObject",
        34 => "invalidDNSyntax",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        54 => "loopDetect",
        64 => "namingViolation",
        65 => "objectClassViolation",
        66 => "notAllowedOnNonLeaf",
        67 => "notAllowedOnRDN",
        68 => "entryAlreadyExists",
        71 => "affectsMultipleDSAs",
        80 => "other",
        _ => "unnamed result",
    }
}

/// Why a directory could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// No connection could be made, or the server's certificate or the bind was refused. The text says which.
    #[error("{message}")]
    Unreachable {
        /// What failed, with the server's name.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The connection ended while an answer was awaited: what was asked may or may not have been done.
    #[error("the connection to {server} was lost: {reason}")]
    ConnectionLost {
        /// The server.
        server: String,
        /// The cause as the connection saw it.
        reason: String,
    },
    /// No answer within the time limit: what was asked may or may not have been done.
    #[error("{server} did not answer within {seconds} s")]
    Timeout {
        /// The server.
        server: String,
        /// The limit.
        seconds: u64,
    },
    /// The server answered with something other than success.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server sent what no LDAP server may send.
    #[error("{server} sent a malformed reply: {problem}")]
    Malformed {
        /// The server.
        server: String,
        /// What was wrong with it.
        problem: String,
    },
    /// A request that was never sent, because it could not be put into LDAP: a filter that does not parse, say.
    #[error("{0}")]
    BadRequest(String),
}

impl DirectoryError {
    /// The refusal, if the server answered at all.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether it is unknown if the request took effect, so that the directory must be asked before it is repeated.
    pub fn outcome_is_unknown(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. } | Self::Timeout { .. } | Self::Malformed { .. })
    }
}

/// A directory that can be read and changed.
///
/// Implementations keep to one domain controller for their whole life, reconnecting to that one when asked.
pub trait Directory: Send {
    /// All objects that the search finds. `noSuchObject` (32) for a base that does not exist is an empty result, except
    /// that nothing else is hidden by it.
    fn search(&mut self, query: &Query) -> impl Future<Output = Result<Vec<Entry>, DirectoryError>> + Send;

    /// Applies changes to one object in a single LDAP Modify. With [`Visibility::Deleted`] the Show Deleted control goes
    /// along, critical: that is what an undelete takes ([MS-ADTS] 3.1.1.5.3.7).
    fn modify(
        &mut self,
        dn: &str,
        changes: &[Change],
        visibility: Visibility,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// Adds one object (RFC 4511 4.7).
    fn add(
        &mut self,
        dn: &crate::Dn,
        attributes: &[Change],
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send {
        let refused =
            format!("this directory takes no new objects: {dn} with {} attributes", attributes.len());
        async move { Err(DirectoryError::BadRequest(refused)) }
    }

    /// Deletes one leaf object.
    fn delete(&mut self, dn: &str) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// Renames or moves one live object.
    fn rename(
        &mut self,
        dn: &str,
        new_dn: &crate::Dn,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// Opens the connection to the same server again after [`DirectoryError::ConnectionLost`], with a bounded number of
    /// tries.
    fn reconnect(&mut self) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// One object in whatever state, by GUID.
    fn find(
        &mut self,
        guid: ObjectGuid,
        attributes: &[&str],
    ) -> impl Future<Output = Result<Option<Entry>, DirectoryError>> + Send {
        async move {
            let query = Query::object(guid.as_dn()).attributes(attributes).visibility(Visibility::Recycled);
            Ok(self.search(&query).await?.into_iter().next())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_code_means() {
        let refusal = Refusal {
            code: 68,
            diagnostic: "00002071: UpdErr: DSID-0305\0".into(),
            operation: "undelete CN=a".into(),
        };
        let text = refusal.to_string();
        assert!(
            text.contains("entryAlreadyExists") && text.contains("already exists") && !text.contains('\0'),
            "{text}"
        );
    }

    #[test]
    fn values_of_a_change_are_not_shown() {
        assert_eq!(
            format!("{:?}", Change::replace("unicodePwd", ["secret"])),
            "Replace unicodePwd (1 values)"
        );
    }
}

/// No directory: for what is done elsewhere. Everything that is asked of it is an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDirectory;

impl NoDirectory {
    fn error<T>() -> Result<T, DirectoryError> {
        Err(DirectoryError::BadRequest("this operation has no directory".to_owned()))
    }
}

impl Directory for NoDirectory {
    async fn search(&mut self, _: &Query) -> Result<Vec<Entry>, DirectoryError> {
        Self::error()
    }

    async fn modify(&mut self, _: &str, _: &[Change], _: Visibility) -> Result<(), DirectoryError> {
        Self::error()
    }

    async fn delete(&mut self, _: &str) -> Result<(), DirectoryError> {
        Self::error()
    }

    async fn rename(&mut self, _: &str, _: &crate::Dn) -> Result<(), DirectoryError> {
        Self::error()
    }

    async fn reconnect(&mut self) -> Result<(), DirectoryError> {
        Self::error()
    }
}
