//! One live connection: requests out, answers back, and the cause of its end.

use std::sync::Arc;
use std::time::Duration;

use adrecover_core::DirectoryError;
use adrecover_core::directory::{Refusal, result_name};
use adrecover_core::text::printable;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};

use crate::controls::Control;
use crate::framer::Outcome;
use crate::message;
use crate::wire::{self, Batch, End, Exchange, Outgoing, Shared};

/// A connection. Clones share it; it is closed when the last one is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    sender: mpsc::UnboundedSender<Outgoing>,
    shared: Arc<Shared>,
    server: Arc<str>,
    timeout: Duration,
}

impl Link {
    /// Speaks LDAP over a stream.
    pub(crate) fn start<S>(stream: S, server: &str, timeout: Duration, max_message: usize) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (sender, shared) = wire::start(stream, max_message);
        Self { sender, shared, server: server.into(), timeout }
    }

    /// Sends a request. Its replies are read with [`Self::reply`].
    pub(crate) fn ask(&self, request: &message::Operation, controls: &[Control]) -> Exchange {
        let exchange = self.shared.open(request.answer);
        // Where the connection has ended the exchange is at its end already, and tells it.
        let _ = self.sender.send(Outgoing::new(request.message(exchange.id, controls)));
        exchange
    }

    /// The next replies to a request, within the time limit.
    pub(crate) async fn reply(&self, exchange: &mut Exchange) -> Result<Batch, DirectoryError> {
        match tokio::time::timeout(self.timeout, exchange.replies.recv()).await {
            Ok(Some(batch)) => Ok(batch),
            Ok(None) => Err(self.lost().await),
            Err(_) => Err(DirectoryError::Timeout {
                server: self.server.to_string(),
                seconds: self.timeout.as_secs(),
            }),
        }
    }

    /// The result of a request that has no other replies.
    pub(crate) async fn result(
        &self,
        request: &message::Operation,
        controls: &[Control],
    ) -> Result<Outcome, DirectoryError> {
        let mut exchange = self.ask(request, controls);
        loop {
            if let Some(outcome) = self.reply(&mut exchange).await?.end {
                return Ok(outcome);
            }
        }
    }

    /// Whether both are the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Ends the connection in the orderly way (RFC 4511 4.3).
    pub(crate) async fn close(&self) {
        self.shared.ended(End::Ours);
        let (sent, wait) = oneshot::channel();
        let id = self.shared.open(None).id;
        let unbind = message::unbind().message(id, &[]);
        if self.sender.send(Outgoing::last(unbind, sent)).is_ok() {
            let _ = tokio::time::timeout(self.timeout, wait).await;
        }
    }

    /// Tells the server that nobody waits for an answer any more. Nothing comes back.
    pub(crate) fn abandon(&self, id: i32) {
        let own = self.shared.open(None).id;
        let _ = self.sender.send(Outgoing::new(message::abandon(id).message(own, &[])));
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
