//! One reply to a DirSync search, entry by entry.

use adrecover_core::{DirectoryError, Entry};

use crate::decode;
use crate::framer::Outcome;
use crate::link::Link;
use crate::message::Operation;
use crate::wire::{Batch, Exchange};

/// A reply that is being read. It comes as fast as it is taken; when this is dropped the server is told that nobody waits.
#[derive(Debug)]
pub(super) struct Page {
    link: Link,
    exchange: Exchange,
    batch: Batch,
    /// How many entries of the batch were given.
    given: usize,
    /// How many entries of all.
    pub(super) count: usize,
    end: Option<Outcome>,
}

impl Page {
    /// Sends the search.
    pub(super) fn ask(link: Link, search: &Operation, controls: &[ldap3::controls::RawControl]) -> Self {
        let exchange = link.ask_at_length(search, controls);
        Self { link, exchange, batch: Batch::default(), given: 0, count: 0, end: None }
    }

    /// The next entry; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Entry>, DirectoryError> {
        loop {
            if let Some(range) = self.batch.entries.get(self.given) {
                let entry = decode::entry(&self.batch.octets[range.clone()]);
                self.given += 1;
                self.count += 1;
                if self.given == self.batch.entries.len() {
                    // The octets of a large group are not kept while it is worked on.
                    (self.batch, self.given) = (Batch::default(), 0);
                }
                return entry.map(Some).map_err(|problem| self.link.malformed(problem));
            }
            if self.end.is_some() {
                return Ok(None);
            }
            self.arrives().await?;
        }
    }

    /// Waits until more of it is here, if it is waited for. Nothing is lost if this is given up.
    pub(super) async fn arrives(&mut self) -> Result<(), DirectoryError> {
        if self.is_awaited() {
            (self.batch, self.given) = (Batch::default(), 0);
            self.batch = self.link.reply(&mut self.exchange).await?;
            self.end = self.batch.end.take();
        }
        Ok(())
    }

    /// Whether all that came of it was given, and it has not ended.
    pub(super) fn is_awaited(&self) -> bool {
        self.given == self.batch.entries.len() && self.end.is_none()
    }

    /// Whether the whole reply is here, so that the connection is free for others.
    pub(super) fn is_here(&self) -> bool {
        self.end.is_some()
    }

    /// The result, once the end was reached.
    pub(super) fn outcome(&mut self) -> Outcome {
        self.end.clone().unwrap_or_default()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if self.end.is_none() {
            self.link.abandon(self.exchange.id);
        }
    }
}
