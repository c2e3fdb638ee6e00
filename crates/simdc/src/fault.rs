//! Faults by script: what a server, or the network before it, may do instead of answering.
//!
//! A fault strikes once, at one message that the server is about to send, counted from 1 over all connections since the plan was
//! armed. So every message of a list or a restore can be struck in turn.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::Failure;
use crate::wire::reply::{self, op};

/// What happens at a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The connection is closed before the message.
    Close,
    /// The same with a TCP reset.
    Reset,
    /// The connection is closed after the message.
    CloseAfter,
    /// Half of the message is sent, then the connection is closed.
    Half,
    /// Half of the message is sent, and then nothing more.
    HalfAndStall,
    /// Nothing more is sent on this connection, which stays open.
    Stall,
    /// The message comes a little later.
    Delay,
    /// Octets that are no message.
    Garbage,
    /// Sixteen octets of zero.
    Zeros,
    /// A message that claims to be two gibibytes long.
    HugeLength,
    /// A length of eight octets, all set.
    EndlessLength,
    /// A message of sixty thousand nested sequences.
    DeepNesting,
    /// A message with an operation that nobody knows.
    UnknownOperation,
    /// The message with the number of another request.
    WrongMessageId,
    /// The message without its number.
    NoMessageId,
    /// A notice of disconnection (RFC 4511 4.4.1), then the end.
    Notice,
    /// A notification that nobody asked for, before the message.
    Unsolicited,
    /// The page is given again, with the same cookie, whenever its cookie is used on this connection.
    RepeatedCookie,
    /// 10 referral, instead of a result.
    Referral,
    /// 51 busy.
    Busy,
    /// 52 unavailable.
    Unavailable,
    /// 3 timeLimitExceeded.
    TimeLimit,
    /// 11 adminLimitExceeded.
    AdminLimit,
    /// 80 other.
    Other,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 24] = [
        Self::Close,
        Self::Reset,
        Self::CloseAfter,
        Self::Half,
        Self::HalfAndStall,
        Self::Stall,
        Self::Delay,
        Self::Garbage,
        Self::Zeros,
        Self::HugeLength,
        Self::EndlessLength,
        Self::DeepNesting,
        Self::UnknownOperation,
        Self::WrongMessageId,
        Self::NoMessageId,
        Self::Notice,
        Self::Unsolicited,
        Self::RepeatedCookie,
        Self::Referral,
        Self::Busy,
        Self::Unavailable,
        Self::TimeLimit,
        Self::AdminLimit,
        Self::Other,
    ];

    /// The result that stands in place of the true one; only messages that hold a result can be struck so. A write that is
    /// refused so is not carried out, and who is refused the bind is not logged on.
    pub fn result(self) -> Option<u32> {
        Some(match self {
            Self::Referral => 10,
            Self::Busy => 51,
            Self::Unavailable => 52,
            Self::TimeLimit => 3,
            Self::AdminLimit => 11,
            Self::Other => 80,
            _ => return None,
        })
    }

    fn failure(self) -> Option<Failure> {
        let referral = (self == Self::Referral).then(|| "ldap://elsewhere.invalid/".to_owned());
        Some(Failure { code: self.result()?, win32: 0, diagnostic: String::new(), referral })
    }
}

/// What matters of a message for the faults that may strike it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Whether it ends the answer to a request with a result.
    pub has_result: bool,
    /// Whether a cookie for a next page comes with it.
    pub has_cookie: bool,
}

impl Seen {
    /// Whether a fault has something to strike here.
    pub fn is_open_to(self, fault: Fault) -> bool {
        match fault {
            Fault::RepeatedCookie => self.has_cookie,
            _ => self.has_result || fault.result().is_none(),
        }
    }
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy)]
pub struct Strike {
    /// The number of the message.
    pub at: u64,
    /// What happens.
    pub fault: Fault,
}

/// The plan of a server. Clones are the same plan.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    sent: u64,
    strike: Option<Strike>,
    struck: bool,
    seen: Option<Vec<Seen>>,
}

/// What is done with a message that was about to be sent.
#[derive(Debug)]
pub(crate) enum Doing {
    Send(Vec<u8>),
    SendAndClose(Vec<u8>),
    Close,
    Reset,
    Stall(Vec<u8>),
    Delay(Duration, Vec<u8>),
}

impl Faults {
    /// Counts anew, with a fault to come; `None` only counts.
    pub fn arm(&self, strike: Option<Strike>) {
        *self.plan() = Plan { strike, ..Plan::default() };
    }

    /// Counts anew, without a fault, and keeps in mind what each message was.
    pub fn watch(&self) {
        *self.plan() = Plan { seen: Some(vec![]), ..Plan::default() };
    }

    /// The messages since [`Faults::watch`], in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.plan().seen.clone().unwrap_or_default()
    }

    /// How many messages were sent since the plan was armed.
    pub fn sent(&self) -> u64 {
        self.plan().sent
    }

    /// Whether the fault came to pass.
    pub fn struck(&self) -> bool {
        self.plan().struck
    }

    /// Whether the next messages need to be looked at one by one.
    pub(crate) fn is_armed(&self) -> bool {
        let plan = self.plan();
        plan.seen.is_some() || (plan.strike.is_some() && !plan.struck)
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the page that ends so many messages from now, and has a cookie, is to be given again and again.
    pub(crate) fn repeats_page(&self, ahead: u64) -> bool {
        let mut plan = self.plan();
        let repeats = plan.due(ahead).is_some_and(|fault| fault == Fault::RepeatedCookie);
        plan.struck |= repeats;
        repeats
    }

    /// The refusal with which the next message is to answer a request that changes something, so that a refused request is
    /// one that was not carried out.
    pub(crate) fn refusal(&self) -> Option<Failure> {
        let mut plan = self.plan();
        let failure = plan.due(1)?.failure()?;
        plan.struck = true;
        Some(failure)
    }

    /// Counts messages that no fault is meant for.
    pub(crate) fn pass(&self, count: u64) {
        self.plan().sent += count;
    }

    /// What becomes of a message.
    pub(crate) fn strike(&self, message: Sending<'_>) -> Doing {
        let mut plan = self.plan();
        let due = plan.due(1);
        plan.sent += 1;
        let seen = message.seen();
        if let Some(all) = &mut plan.seen {
            all.push(seen);
        }
        // A result in place of an entry would be another server's habit, and pages are repeated elsewhere: the plan says that
        // nothing was struck.
        let due = due.filter(|fault| seen.is_open_to(*fault) && *fault != Fault::RepeatedCookie);
        let Some(fault) = due else { return Doing::Send(message.octets.to_vec()) };
        plan.struck = true;
        message.struck(fault)
    }
}

impl Plan {
    /// The fault that is meant for the message so many from now.
    fn due(&self, ahead: u64) -> Option<Fault> {
        self.strike.filter(|strike| strike.at == self.sent + ahead && !self.struck).map(|strike| strike.fault)
    }
}

/// A message on its way out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending<'a> {
    pub(crate) id: u32,
    pub(crate) op: u8,
    pub(crate) has_cookie: bool,
    pub(crate) octets: &'a [u8],
}

impl Sending<'_> {
    fn seen(self) -> Seen {
        Seen { has_result: !matches!(self.op, op::ENTRY | op::REFERENCE), has_cookie: self.has_cookie }
    }

    fn struck(self, fault: Fault) -> Doing {
        let half = self.octets[..self.octets.len() / 2].to_vec();
        let raw = |octets: Vec<u8>| Doing::Stall(octets);
        match fault {
            Fault::Close => Doing::Close,
            Fault::Reset => Doing::Reset,
            Fault::CloseAfter => Doing::SendAndClose(self.octets.to_vec()),
            Fault::Half => Doing::SendAndClose(half),
            Fault::HalfAndStall => Doing::Stall(half),
            Fault::Stall => Doing::Stall(vec![]),
            Fault::Delay => Doing::Delay(Duration::from_millis(300), self.octets.to_vec()),
            Fault::Garbage => raw(b"HTTP/1.1 400 Bad Request\r\nConnection: keep-alive\r\n\r\n".to_vec()),
            Fault::Zeros => raw(vec![0; 16]),
            Fault::HugeLength => raw(vec![0x30, 0x84, 0x80, 0, 0, 0, 2, 1, 1]),
            Fault::EndlessLength => raw(vec![0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]),
            Fault::DeepNesting => raw(deep(self.id)),
            Fault::UnknownOperation => raw(reply::message(self.id, 0x7e, b"", &[])),
            Fault::WrongMessageId => raw(reply::renumbered(self.octets, self.id + 1000)),
            Fault::NoMessageId => raw(without_number(self)),
            Fault::Notice => Doing::SendAndClose(notice()),
            Fault::Unsolicited => {
                let unasked = reply::extended(0, &Ok(()), "1.3.6.1.4.1.1466.20036.1", None);
                Doing::Send([unasked, self.octets.to_vec()].concat())
            }
            _ => Doing::Send(match fault.failure() {
                Some(failure) => reply::result(self.id, self.op, &Err(failure), &[]),
                None => self.octets.to_vec(),
            }),
        }
    }
}

/// A notice of disconnection: the server is shutting down.
fn notice() -> Vec<u8> {
    let failure = Failure { code: 52, win32: 0, diagnostic: "shutting down".to_owned(), referral: None };
    reply::extended(0, &Err(failure), "1.3.6.1.4.1.1466.20036", None)
}

fn deep(id: u32) -> Vec<u8> {
    let mut inner: Vec<u8> = vec![];
    // From the inside out, back to front, so that it costs no more than it is long.
    let mut length = 0usize;
    for _ in 0..60_000 {
        let mut head = vec![0x30, 0x84];
        head.extend((length as u32).to_be_bytes());
        length += head.len();
        head.reverse();
        inner.extend(head);
    }
    inner.reverse();
    reply::message(id, op::ENTRY, &inner, &[])
}

fn without_number(message: Sending<'_>) -> Vec<u8> {
    let mut out = vec![];
    reply::put(&mut out, 0x30, reply::body(message.octets).unwrap_or_default());
    out
}
