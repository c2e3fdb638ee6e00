//! Being told when something changes ([MS-ADTS] 3.1.1.3.4.1.9), instead of asking again and again.
//!
//! It is only a wake-up: a notification that got lost, on this side or on the server's, delays what is read and loses nothing, as
//! long as somebody reads from time to time all the same.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use adrecover_core::directory::{Directory, Scope};
use adrecover_core::{DirectoryError, Dn};

use super::control;
use crate::Session;
use crate::link::{self, Link};
use crate::message::{self, Filter};
use crate::rootdse::RootDse;
use crate::wire::{Batch, Exchange};

/// After so long without a word it is looked whether the connection still lives.
const QUIET: Duration = Duration::from_secs(60);
/// The most searches on one connection: `MaxNotificationPerConn` is 5 by default, and Samba refuses the fifth already.
const MOST: usize = 4;

/// Waits for changes, on a connection of its own.
#[derive(Debug)]
pub struct Wake {
    session: Session,
    contexts: Vec<Dn>,
    /// A search of each naming context; none before the first wait and after the connection broke.
    open: Vec<Exchange>,
}

impl Wake {
    pub(super) fn new(session: Session, mut contexts: Vec<Dn>) -> Self {
        contexts.truncate(MOST);
        Self { session, contexts, open: vec![] }
    }

    /// Waits until something may have changed since the last time: a change, or a moment in which one could have been missed. It may
    /// be cancelled.
    ///
    /// A connection that broke is opened again; where that fails the error tells it, and waiting again tries again. A server that
    /// refuses to notify is an error each time.
    pub async fn wait(&mut self) -> Result<(), DirectoryError> {
        if self.open.is_empty() {
            return self.ask().await;
        }
        loop {
            match tokio::time::timeout(QUIET, first(&mut self.open)).await {
                Ok(Some(told)) => return self.hear(told).await,
                Ok(None) => return self.again().await,
                Err(_) => {
                    if RootDse::current_usn(&self.session.link()).await.is_err() {
                        return self.again().await;
                    }
                }
            }
        }
    }

    /// Ends it in the orderly way.
    pub async fn close(self) {
        self.session.close().await;
    }

    /// Asks for all that is not asked for, and waits until the server has heard of it: what changes from now on is told.
    async fn ask(&mut self) -> Result<(), DirectoryError> {
        let link = self.session.link();
        for context in &self.contexts[self.open.len()..] {
            self.open.push(ask(&link, context));
        }
        RootDse::current_usn(&link).await.map(|_| ())
    }

    /// The connection is gone: what happened meanwhile nobody told.
    async fn again(&mut self) -> Result<(), DirectoryError> {
        self.open.clear();
        self.session.reconnect().await?;
        self.ask().await
    }

    /// Takes in what came at once, which is one change to whoever waits. A search that has ended (the server has a time limit for
    /// them) is asked anew.
    async fn hear(&mut self, (at, mut told): (usize, Batch)) -> Result<(), DirectoryError> {
        while told.end.is_none() {
            match self.open[at].replies.try_recv() {
                Ok(more) => told = more,
                Err(_) => return Ok(()),
            }
        }
        let outcome = told.end.unwrap_or_default();
        // 3 is the time limit.
        if !matches!(outcome.code, 0 | 3) {
            self.close_all();
            return Err(link::refusal(&outcome, format!("wait for changes of {}", self.contexts[at])).into());
        }
        self.contexts.swap(at, self.open.len() - 1);
        self.open.swap_remove(at);
        self.ask().await
    }

    fn close_all(&mut self) {
        for exchange in self.open.drain(..) {
            self.session.link().abandon(exchange.id);
        }
    }
}

/// A filter that is more than a presence is refused.
fn ask(link: &Link, context: &Dn) -> Exchange {
    let names = ["objectGUID".to_owned()];
    let search = message::search(&context.to_string(), Scope::Subtree, &Filter::any(), &names);
    link.ask_at_length(&search, &control::notification())
}

/// What comes first on any of them, and on which; `None` where the connection has ended.
async fn first(open: &mut [Exchange]) -> Option<(usize, Batch)> {
    poll_fn(|cx| {
        for (at, exchange) in open.iter_mut().enumerate() {
            if let Poll::Ready(told) = exchange.replies.poll_recv(cx) {
                return Poll::Ready(told.map(|told| (at, told)));
            }
        }
        Poll::Pending
    })
    .await
}
