//! Messages on their way out, so that a fault may strike each of them.

use std::io;

use super::stream::Stream;
use crate::fault::{Doing, Faults, Sending};

/// Messages of one request, in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) octets: Vec<u8>,
    ends: Vec<End>,
}

#[derive(Debug, Clone, Copy)]
struct End {
    op: u8,
    has_cookie: bool,
    at: usize,
}

/// What came of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The connection goes on.
    All,
    /// It is closed.
    Closed,
    /// It is to be reset.
    Reset,
    /// Nothing more is ever sent on it.
    Stalled,
}

impl Outbox {
    /// Appends a message.
    pub(crate) fn push(&mut self, op: u8, message: &[u8]) {
        self.octets.extend_from_slice(message);
        self.end(op);
    }

    /// Notes that a message was written to the end of the octets.
    pub(crate) fn end(&mut self, op: u8) {
        self.ends.push(End { op, has_cookie: false, at: self.octets.len() });
    }

    /// Notes that the last message has a cookie for a next page.
    pub(crate) fn has_cookie(&mut self) {
        if let Some(end) = self.ends.last_mut() {
            end.has_cookie = true;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.octets.len()
    }

    /// How many messages wait.
    pub(crate) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Sends everything, unless a fault strikes.
    pub(crate) async fn send(&mut self, id: u32, stream: &mut Stream, faults: &Faults) -> io::Result<Sent> {
        if !faults.is_armed() {
            faults.pass(self.ends.len() as u64);
            stream.write(&self.octets).await?;
            self.octets.clear();
            self.ends.clear();
            return Ok(Sent::All);
        }
        let mut start = 0;
        for End { op, has_cookie, at } in std::mem::take(&mut self.ends) {
            let octets = &self.octets[start..at];
            start = at;
            match faults.strike(Sending { id, op, has_cookie, octets }) {
                Doing::Send(octets) => stream.write(&octets).await?,
                Doing::SendAndClose(octets) => {
                    stream.write(&octets).await?;
                    stream.close().await;
                    return Ok(Sent::Closed);
                }
                Doing::Close => {
                    stream.close().await;
                    return Ok(Sent::Closed);
                }
                Doing::Reset => return Ok(Sent::Reset),
                Doing::Stall(octets) => {
                    stream.write(&octets).await?;
                    return Ok(Sent::Stalled);
                }
                Doing::Delay(time, octets) => {
                    tokio::time::sleep(time).await;
                    stream.write(&octets).await?;
                }
            }
        }
        self.octets.clear();
        Ok(Sent::All)
    }
}
