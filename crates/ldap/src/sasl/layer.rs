//! The security layer as a stream: clear octets above, frames of protected ones below (RFC 4422 3.7).
//!
//! A frame is the length of what follows in four octets and a protected message. Frames have nothing to do with LDAP messages or
//! with what the network delivers at once: one may hold many messages or a part of one, and may come in any pieces.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Mechanism;

/// The largest frame that is taken, which the server is told in the bind. Three octets is what the protocol has for it.
pub(crate) const MAX_FRAME: usize = 1 << 20;
/// How much is read from the network at once.
const CHUNK: usize = 64 << 10;
/// What a protected message has besides the clear one: 60 octets for AES (RFC 4121 4.2.4: two headers, a confounder and a
/// checksum), fewer for RC4. A part of the largest size that the other side takes is kept free for it.
const OVERHEAD: usize = 128;
/// The largest piece that is protected at once.
const MAX_CLEAR: usize = 64 << 10;

/// A stream whose contents are signed and sealed.
pub(crate) struct Sealed<S> {
    stream: S,
    context: Box<dyn Mechanism>,
    /// What is read from the network at once.
    chunk: Box<[u8]>,
    /// What came and was not opened yet: less than a frame, most of the time.
    incoming: Vec<u8>,
    /// What was opened, and how much of it was given.
    clear: Vec<u8>,
    given: usize,
    /// A frame to send, and how much of it was.
    outgoing: Vec<u8>,
    sent: usize,
    /// How many clear octets go into a frame, so that it is no larger than the other side takes.
    piece: usize,
    /// A frame that could not be opened ends it: what comes behind it cannot be trusted.
    broken: bool,
}

impl<S> Sealed<S> {
    /// `max_frame` is the largest protected message that the other side takes.
    pub(crate) fn new(stream: S, context: Box<dyn Mechanism>, max_frame: usize) -> Result<Self, String> {
        let piece = max_frame.saturating_sub(OVERHEAD).min(MAX_CLEAR);
        if piece == 0 {
            return Err(format!("the server takes sealed messages of {max_frame} octets at most"));
        }
        Ok(Self {
            stream,
            context,
            chunk: vec![0; CHUNK].into(),
            incoming: Vec::with_capacity(CHUNK),
            clear: vec![],
            given: 0,
            outgoing: vec![],
            sent: 0,
            piece,
            broken: false,
        })
    }

    /// Opens the next whole frame; whether there was one.
    fn open(&mut self) -> io::Result<bool> {
        let Some((length, rest)) = self.incoming.split_first_chunk::<4>() else { return Ok(false) };
        let length = u32::from_be_bytes(*length) as usize;
        if length > MAX_FRAME {
            let problem =
                format!("a sealed message of {length} octets is announced; the limit is {MAX_FRAME}");
            return Err(self.broken(problem));
        }
        let Some(frame) = rest.get(..length) else {
            self.incoming.reserve(length + 4 - self.incoming.len());
            return Ok(false);
        };
        match self.context.unwrap(frame) {
            Ok(clear) => {
                self.clear = clear;
                self.given = 0;
                self.incoming.drain(..length + 4);
                Ok(true)
            }
            Err(problem) => Err(self.broken(format!("a sealed message cannot be opened: {problem}"))),
        }
    }

    fn broken(&mut self, problem: String) -> io::Error {
        self.broken = true;
        io::Error::new(io::ErrorKind::InvalidData, problem)
    }
}

impl<S: AsyncWrite + Unpin> Sealed<S> {
    /// Sends what is left of the last frame.
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.outgoing.len() {
            let left = &self.outgoing[self.sent..];
            match ready!(Pin::new(&mut self.stream).poll_write(cx, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.sent += n,
            }
        }
        self.outgoing.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sealed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.given < this.clear.len() {
                let some = (this.clear.len() - this.given).min(into.remaining());
                into.put_slice(&this.clear[this.given..this.given + some]);
                this.given += some;
                return Poll::Ready(Ok(()));
            }
            if this.broken {
                return Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the sealed connection is broken",
                )));
            }
            if this.open()? {
                continue;
            }
            let mut buffer = ReadBuf::new(&mut this.chunk);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut buffer))?;
            match buffer.filled() {
                [] if this.incoming.is_empty() => return Poll::Ready(Ok(())),
                [] => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                some => this.incoming.extend_from_slice(some),
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sealed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // One frame at a time: who writes on while the network is slow waits here, and memory stays small.
        ready!(this.send(cx))?;
        let piece = &octets[..octets.len().min(this.piece)];
        if piece.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let frame = this.context.wrap(true, piece).map_err(|problem| this.broken(problem))?;
        let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        this.outgoing.extend_from_slice(&length.to_be_bytes());
        this.outgoing.extend_from_slice(&frame);
        // It is taken, whether it goes out at once or with the next call.
        if let Poll::Ready(Err(error)) = this.send(cx) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(piece.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.send(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.send(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
