//! One live connection: the `ldap3` handle, the cause of its end, and the one place where `ldap3`'s errors are read.

use std::sync::Arc;
use std::time::Duration;

use adrecover_core::DirectoryError;
use adrecover_core::directory::{Refusal, result_name};
use adrecover_core::text::printable;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, StdStream};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::bridge::{self, End, Shared};

/// A connection. Clones share it; it is closed when the last one is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    ldap: Ldap,
    shared: Arc<Shared>,
    server: Arc<str>,
    timeout: Duration,
}

impl Link {
    /// Puts the bridge and `ldap3` on a stream over which LDAP can be spoken.
    pub(crate) async fn start<S>(
        stream: S,
        server: &str,
        timeout: Duration,
        max_message: usize,
    ) -> Result<Self, DirectoryError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let failed = |reason: String| DirectoryError::ConnectionLost { server: server.to_owned(), reason };
        let (far, shared) = bridge::start(stream, max_message).map_err(|e| failed(e.to_string()))?;
        // Neither URL is resolved: the stream is given.
        let url = if matches!(far, StdStream::Tcp(_)) { "ldap://localhost" } else { "ldapi:///" };
        let settings = LdapConnSettings::new().set_std_stream(far);
        let (connection, ldap) =
            LdapConnAsync::with_settings(settings, url).await.map_err(|e| failed(e.to_string()))?;
        let watched = Arc::clone(&shared);
        tokio::spawn(async move {
            // In a task of its own, so that a panic in there becomes a cause and nothing else.
            let end = match tokio::spawn(connection.drive()).await {
                Ok(Ok(())) => End::Ours,
                Ok(Err(e)) => End::Malformed(e.to_string()),
                Err(_) => End::Malformed("the LDAP library could not digest it".to_owned()),
            };
            watched.ended(end);
        });
        Ok(Self { ldap, shared, server: server.into(), timeout })
    }

    /// The handle for one operation, with the time limit set.
    pub(crate) fn operation(&self) -> Ldap {
        let mut ldap = self.ldap.clone();
        ldap.with_timeout(self.timeout);
        ldap
    }

    /// Whether both are the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Ends the connection in the orderly way (RFC 4511 4.3).
    pub(crate) async fn close(&self) {
        self.shared.ended(End::Ours);
        let _ = self.operation().unbind().await;
    }

    /// Tells the server that nobody waits for an answer any more. Nothing comes back.
    pub(crate) async fn abandon(&self, id: i32) {
        let _ = self.operation().abandon(id).await;
    }

    /// The true cause of an error of `ldap3`, which itself often knows only that something ended.
    pub(crate) async fn error(&self, error: LdapError) -> DirectoryError {
        match error {
            LdapError::Timeout { .. } => {
                DirectoryError::Timeout { server: self.server.to_string(), seconds: self.timeout.as_secs() }
            }
            LdapError::FilterParsing => DirectoryError::BadRequest("the filter does not parse".to_owned()),
            LdapError::AddNoValues => DirectoryError::BadRequest("no value to add was given".to_owned()),
            LdapError::OpSend { .. }
            | LdapError::ResultRecv { .. }
            | LdapError::IdScrubSend { .. }
            | LdapError::EndOfStream
            | LdapError::Io { .. } => self.lost().await,
            other => self.connection_lost(other.to_string()),
        }
    }

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

    /// The server broke the protocol.
    pub(crate) fn malformed(&self, problem: impl Into<String>) -> DirectoryError {
        DirectoryError::Malformed { server: self.server.to_string(), problem: problem.into() }
    }
}

/// Success, or the refusal. `operation` says in words what was asked, without values.
pub(crate) fn accepted(result: &LdapResult, operation: impl FnOnce() -> String) -> Result<(), Refusal> {
    if result.rc == 0 { Ok(()) } else { Err(refusal(result, operation())) }
}

/// What the server said instead of success.
pub(crate) fn refusal(result: &LdapResult, mut operation: String) -> Refusal {
    if result.rc == 10 {
        let to =
            result.refs.first().map_or_else(|| "another server".to_owned(), |r| printable(r).into_owned());
        operation.push_str(&format!(" (this server does not hold it and refers to {to})"));
    }
    Refusal { code: result.rc, diagnostic: result.text.clone(), operation }
}
