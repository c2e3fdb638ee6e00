//! One live connection: the `ldap3` handle, searches beside it, the cause of its end, and the one place where `ldap3`'s
//! errors are read.

use std::sync::Arc;
use std::time::Duration;

use adrecover_core::DirectoryError;
use adrecover_core::directory::{Refusal, result_name};
use adrecover_core::text::printable;
use ldap3::controls::RawControl;
use ldap3::{Ldap, LdapError, LdapResult};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use crate::framer::Outcome;
use crate::wire::{self, Batch, End, Exchange, Shared};
use crate::{client, message};

/// A connection. Clones share it; it is closed when the last one is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    ldap: Ldap,
    /// Messages of our own.
    sender: mpsc::UnboundedSender<Vec<u8>>,
    shared: Arc<Shared>,
    server: Arc<str>,
    timeout: Duration,
}

impl Link {
    /// Puts the wire and `ldap3` on a stream over which LDAP can be spoken.
    pub(crate) async fn start<S>(
        stream: S,
        server: &str,
        timeout: Duration,
        max_message: usize,
    ) -> Result<Self, DirectoryError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let shared = Shared::new();
        let (near, ldap) = client::start(&shared)
            .await
            .map_err(|reason| DirectoryError::ConnectionLost { server: server.to_owned(), reason })?;
        let sender = wire::start(stream, near, &shared, max_message);
        Ok(Self { ldap, sender, shared, server: server.into(), timeout })
    }

    /// The handle for one operation that is no search, with the time limit set.
    pub(crate) fn operation(&self) -> Ldap {
        let mut ldap = self.ldap.clone();
        ldap.with_timeout(self.timeout);
        ldap
    }

    /// Sends a search. Its replies are read with [`Self::reply`].
    pub(crate) fn ask(&self, search: &message::Operation, controls: &[RawControl]) -> Exchange {
        let exchange = self.shared.open();
        // Where the connection has ended the exchange is at its end already, and tells it.
        let _ = self.sender.send(search.message(exchange.id, controls));
        exchange
    }

    /// Sends a search whose reply may be of any length: it comes as fast as it is taken, and everything else on this connection
    /// waits behind it.
    pub(crate) fn ask_at_length(&self, search: &message::Operation, controls: &[RawControl]) -> Exchange {
        let exchange = self.shared.open_at_length();
        let _ = self.sender.send(search.message(exchange.id, controls));
        exchange
    }

    /// The next replies to a search, within the time limit.
    pub(crate) async fn reply(&self, exchange: &mut Exchange) -> Result<Batch, DirectoryError> {
        match tokio::time::timeout(self.timeout, exchange.replies.recv()).await {
            Ok(Some(batch)) => Ok(batch),
            Ok(None) => Err(self.lost().await),
            Err(_) => Err(self.timed_out()),
        }
    }

    /// Whether both are the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Ends the connection in the orderly way (RFC 4511 4.3).
    pub(crate) async fn close(&self) {
        self.shared.ended(End::Ours);
        let _ = self.operation().unbind().await;
        // The wire ends when it has passed that on.
        let _ = tokio::time::timeout(self.timeout, self.sender.closed()).await;
    }

    /// Tells the server that nobody waits for the replies to a search any more. Nothing comes back.
    pub(crate) fn abandon(&self, id: i32) {
        let _ = self.sender.send(message::abandon(id).message(self.shared.next_id(), &[]));
    }

    /// The true cause of an error of `ldap3`, which itself often knows only that something ended.
    pub(crate) async fn error(&self, error: LdapError) -> DirectoryError {
        match error {
            LdapError::Timeout { .. } => self.timed_out(),
            LdapError::AddNoValues => DirectoryError::BadRequest("no value to add was given".to_owned()),
            LdapError::OpSend { .. }
            | LdapError::ResultRecv { .. }
            | LdapError::IdScrubSend { .. }
            | LdapError::EndOfStream
            | LdapError::Io { .. } => self.lost().await,
            other => self.connection_lost(other.to_string()),
        }
    }

    fn timed_out(&self) -> DirectoryError {
        DirectoryError::Timeout { server: self.server.to_string(), seconds: self.timeout.as_secs() }
    }

    /// Why there is no answer.
    async fn lost(&self) -> DirectoryError {
        match self.shared.cause().await {
            Some(End::Lost(reason)) => self.connection_lost(reason),
            Some(End::Notice { code, diagnostic }) => {
                let text = printable(diagnostic.trim_end_matches('\0')).into_owned();
                let name = result_name(code);
                let colon = if text.is_empty() { "" } else { ": " };
                self.connection_lost(format!("the server ended it with {code} ({name}){colon}{text}"))
            }
            Some(End::Malformed(problem)) => self.malformed(problem),
            Some(End::Ours) => self.connection_lost("it was closed here".to_owned()),
            None => self.connection_lost("for no known reason".to_owned()),
        }
    }

    fn connection_lost(&self, reason: String) -> DirectoryError {
        DirectoryError::ConnectionLost { server: self.server.to_string(), reason }
    }

    /// The server broke the protocol. What is wrong may quote it.
    pub(crate) fn malformed(&self, problem: impl Into<String>) -> DirectoryError {
        DirectoryError::Malformed {
            server: self.server.to_string(),
            problem: printable(&problem.into()).into_owned(),
        }
    }
}

impl From<LdapResult> for Outcome {
    fn from(result: LdapResult) -> Self {
        let referral = result.refs.into_iter().next();
        Self { code: result.rc, diagnostic: result.text, referral, cookie: None, dir_sync: None }
    }
}

/// Success, or the refusal. `operation` says in words what was asked, without values.
pub(crate) fn accepted(outcome: &Outcome, operation: impl FnOnce() -> String) -> Result<(), Refusal> {
    if outcome.code == 0 { Ok(()) } else { Err(refusal(outcome, operation())) }
}

/// What the server said instead of success.
pub(crate) fn refusal(outcome: &Outcome, mut operation: String) -> Refusal {
    if outcome.code == 10 {
        let to = outcome
            .referral
            .as_deref()
            .map_or_else(|| "another server".to_owned(), |r| printable(r).into_owned());
        operation.push_str(&format!(" (this server does not hold it and refers to {to})"));
    }
    Refusal { code: outcome.code, diagnostic: outcome.diagnostic.clone(), operation }
}
