//! One connection: octets in, requests one after the other, answers out.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::broadcast;

use super::outbox::{Outbox, Sent};
use super::stream::Stream;
use super::{Kind, Shared};
use crate::Failure;
use crate::access::Caller;
use crate::directory::SearchState;
use crate::filter::Filter;
use crate::store::Id;
use crate::wire::frame;
use crate::wire::reply::{self, op};
use crate::wire::request::{self, Message, Request};

/// A search whose next page may be asked for.
pub(super) struct Open {
    pub(super) state: SearchState,
    pub(super) attributes: Vec<String>,
}

/// A search that waits for changes.
pub(super) struct Watch {
    pub(super) id: u32,
    pub(super) base: Id,
    pub(super) is_subtree: bool,
    pub(super) filter: Filter,
    pub(super) attributes: Vec<String>,
    pub(super) asked: super::controls::Asked,
}

/// A page that is given again and again: a fault.
pub(super) struct Repeated {
    pub(super) cookie: Vec<u8>,
    pub(super) page: Vec<(u8, Vec<u8>)>,
}

pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) kind: Kind,
    pub(super) shared: Shared,
    pub(super) caller: Caller,
    pub(super) open: HashMap<u64, Open>,
    pub(super) next_cookie: u64,
    pub(super) watches: Vec<Watch>,
    pub(super) repeated: Option<Repeated>,
    changes: broadcast::Receiver<Arc<Vec<Id>>>,
    buffer: Vec<u8>,
}

/// What a request leaves the connection to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    GoOn,
    End,
    StartTls,
    Reset,
    Stall,
}

impl From<Sent> for Next {
    fn from(sent: Sent) -> Self {
        match sent {
            Sent::All => Self::GoOn,
            Sent::Closed => Self::End,
            Sent::Reset => Self::Reset,
            Sent::Stalled => Self::Stall,
        }
    }
}

impl Connection {
    pub(super) fn new(stream: Stream, kind: Kind, shared: Shared) -> Self {
        let changes = shared.changes.subscribe();
        Self {
            stream,
            kind,
            shared,
            caller: Caller::default(),
            open: HashMap::new(),
            next_cookie: 1,
            watches: vec![],
            repeated: None,
            changes,
            buffer: vec![],
        }
    }

    /// Serves until the connection ends.
    pub(super) async fn run(mut self) {
        loop {
            let next = match self.message() {
                Ok(Some(octets)) => self.handle(&octets).await,
                Ok(None) => match self.wait().await {
                    Some(next) => next,
                    None => return,
                },
                // [MS-ADTS] 5.1.1.? and RFC 4511 4.1.1: what cannot be parsed ends the connection.
                Err(_) => return,
            };
            match next {
                Next::GoOn => {}
                Next::End => return,
                Next::StartTls => {
                    let Stream::Plain(socket) = self.stream else { return };
                    match Stream::tls(socket, &self.shared.tls).await {
                        // What was sent before TLS must not be taken for what came after (RFC 4513 6.2).
                        Ok(stream) => (self.stream, self.buffer) = (stream, vec![]),
                        Err(_) => return,
                    }
                }
                Next::Reset => return self.stream.reset(),
                Next::Stall => return self.stall().await,
            }
        }
    }

    /// The next whole message in the buffer.
    fn message(&mut self) -> Result<Option<Vec<u8>>, frame::BadFrame> {
        let limit = self.shared.directory().settings.limits.receive_buffer;
        let Some(length) = frame::length(&self.buffer, limit)?.filter(|n| *n <= self.buffer.len()) else {
            return Ok(None);
        };
        let octets: Vec<u8> = self.buffer.drain(..length).collect();
        frame::check_depth(&octets)?;
        Ok(Some(octets))
    }

    /// Waits for octets or changes; `None` at the end.
    async fn wait(&mut self) -> Option<Next> {
        if self.watches.is_empty() {
            let read = self.stream.read(&mut self.buffer).await.ok()?;
            return (read > 0).then_some(Next::GoOn);
        }
        tokio::select! {
            read = self.stream.read(&mut self.buffer) => (read.ok()? > 0).then_some(Next::GoOn),
            changed = self.changes.recv() => match changed {
                Ok(ids) => Some(self.tell(&ids).await),
                // Too slow: what was missed is found by whoever catches up, as with a real DC.
                Err(broadcast::error::RecvError::Lagged(_)) => Some(Next::GoOn),
                Err(broadcast::error::RecvError::Closed) => None,
            },
        }
    }

    /// Reads and never answers again.
    async fn stall(&mut self) {
        while let Ok(1..) = self.stream.read(&mut self.buffer).await {
            self.buffer.clear();
        }
    }

    async fn handle(&mut self, octets: &[u8]) -> Next {
        let message = match request::read(octets) {
            Ok(message) => message,
            Err(failure) => return self.disconnect(&failure).await,
        };
        self.shared.directory().collect_when_due();
        let id = message.id;
        let outcome = self.answer(message).await;
        // Whoever waits for changes is told of those that this request made.
        let changed = self.shared.directory().take_changed();
        if !changed.is_empty() {
            // Nobody may be waiting.
            let _ = self.shared.changes.send(Arc::new(changed));
        }
        match outcome {
            Ok(next) => next,
            Err(error) => {
                debug_assert!(
                    id > 0 || error.raw_os_error().is_some() || error.kind() != std::io::ErrorKind::Other
                );
                Next::End
            }
        }
    }

    async fn answer(&mut self, message: Message) -> std::io::Result<Next> {
        let (id, controls) = (message.id, message.controls);
        match message.request {
            Request::Unbind => Ok(Next::End),
            Request::Abandon(other) => {
                self.watches.retain(|watch| watch.id != other);
                Ok(Next::GoOn)
            }
            Request::Search(search) => self.search(id, *search, &controls).await,
            Request::Bind { name, password } => {
                let outcome = match self.shared.faults.refusal() {
                    Some(failure) => self.refuse_bind(failure),
                    None => self.bind(&name, &password),
                };
                self.send(id, op::BIND, &reply::result(id, op::BIND, &outcome, &[])).await
            }
            Request::OtherBind(_) => {
                let outcome = Err(Failure::new(
                    7,
                    0x2027,
                    crate::failure::Kind::Ldap,
                    "this server knows simple binds only",
                ));
                self.send(id, op::BIND, &reply::result(id, op::BIND, &outcome, &[])).await
            }
            Request::Extended { oid } => self.extended(id, &oid).await,
            Request::Unknown => Ok(self.disconnect(&Failure::protocol("Unrecognized request")).await),
            request => {
                let (op, outcome) = self.write(request, &controls, self.shared.faults.refusal());
                self.send(id, op, &reply::result(id, op, &outcome, &[])).await
            }
        }
    }

    /// Sends one message.
    pub(super) async fn send(&mut self, id: u32, op: u8, message: &[u8]) -> std::io::Result<Next> {
        let mut out = Outbox::default();
        out.push(op, message);
        Ok(out.send(id, &mut self.stream, &self.shared.faults).await?.into())
    }

    /// A notice of disconnection, and the end (RFC 4511 4.4.1).
    async fn disconnect(&mut self, failure: &Failure) -> Next {
        let notice = reply::extended(0, &Err(failure.clone()), "1.3.6.1.4.1.1466.20036", None);
        // It ends anyway.
        let _ = self.send(0, op::EXTENDED, &notice).await;
        Next::End
    }

    async fn extended(&mut self, id: u32, oid: &str) -> std::io::Result<Next> {
        const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
        const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
        let (outcome, value) = match oid {
            START_TLS if !self.stream.is_encrypted() => (Ok(()), None),
            START_TLS => (
                Err(Failure::new(1, 0x2020, crate::failure::Kind::Ldap, "TLS or SSL already in effect")),
                None,
            ),
            WHO_AM_I => (Ok(()), Some(self.who())),
            _ => (Err(Failure::protocol("Unknown extended request OID")), None),
        };
        let starts = oid == START_TLS && outcome.is_ok();
        let message = reply::extended(id, &outcome, oid, value.as_deref().map(str::as_bytes));
        let next = self.send(id, op::EXTENDED, &message).await?;
        Ok(if starts && next == Next::GoOn { Next::StartTls } else { next })
    }

    fn who(&self) -> String {
        let directory = self.shared.directory();
        let account = self.caller.account.and_then(|id| directory.store.get(id));
        let name = account.and_then(|o| o.attributes.text(crate::schema::known().sam_account_name));
        name.map(|name| format!("u:{}\\{name}", directory.settings.net_bios)).unwrap_or_default()
    }
}
