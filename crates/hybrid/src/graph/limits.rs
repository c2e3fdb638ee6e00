//! How long and how much at most.

use std::time::Duration;

/// The bounds of what a client does. Each has a default that suits a large tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long to wait for a connection.
    pub connect: Duration,
    /// How long one answer may take, from the request to its last octet.
    pub answer: Duration,
    /// How often one request is sent.
    pub attempts: u32,
    /// The longest single wait that a server is granted; one that asks for more ends the request.
    pub one_wait: Duration,
    /// How long all waits of one request together may be.
    pub all_waits: Duration,
    /// The longest answer, in octets.
    pub octets: usize,
    /// How deep JSON may be nested.
    pub depth: usize,
    /// The most pages of one list.
    pub pages: u32,
    /// The most objects of a list that is kept in memory.
    pub objects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            answer: Duration::from_secs(60),
            attempts: 8,
            one_wait: Duration::from_secs(300),
            all_waits: Duration::from_secs(900),
            octets: 32 << 20,
            depth: 32,
            pages: 20_000,
            objects: 10_000,
        }
    }
}
