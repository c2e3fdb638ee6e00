//! A stream of replies: what the framer lets through, and what a search and StartTLS make of it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use adrecover_core::DirectoryError;
use adrecover_core::directory::Scope;
use adrecover_core::text::printable;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::replies::shown;
use crate::client::requests;
use crate::framer::{self, Outcome, Reply, op};
use crate::link::Link;
use crate::stream::{EntryStream, Request};
use crate::wire::{Batch, End, Exchange, FIRST_SEARCH, Shared, hand_on};

/// The limit of one message here.
const MAX: usize = 1 << 16;

/// A stream of octets through the framer and the table of requests: the same comes out in whatever pieces it arrives.
pub fn framer(data: &[u8]) {
    if let Ok(Some(length)) = framer::length(data, MAX) {
        assert!((2..=MAX + 10).contains(&length), "{length} octets are waited for");
    }
    let whole = sifted(data, data.len().max(1));
    for piece in [1, 7] {
        assert_eq!(sifted(data, piece), whole, "in pieces of {piece}");
    }
}

/// What is handed on of a stream that arrives in pieces: to `ldap3`, to the searches, and whether it was ended.
#[derive(Debug, Default, PartialEq)]
struct HandedOn {
    client: Vec<u8>,
    searches: Vec<Told>,
    ended: bool,
}

/// What a search is told.
#[derive(Debug, Default, PartialEq)]
struct Told {
    entries: Vec<Vec<u8>>,
    references: u64,
    end: Option<Outcome>,
}

impl Told {
    fn add(&mut self, batch: Batch) {
        assert_eq!(self.end, None, "something follows the end");
        self.entries.extend(batch.entries.iter().map(|range| batch.octets[range.clone()].to_vec()));
        self.references += batch.references;
        self.end = batch.end;
    }
}

fn sifted(data: &[u8], piece: usize) -> HandedOn {
    let shared = Shared::new();
    for (id, tag) in [(2, 0x66), (3, 0x77), (4, 0x60), (5, 0x6c), (6, 0x4a)] {
        let request = request(id, tag, &[]);
        assert_eq!(requests(&request, &shared), Ok(request.len()));
    }
    let mut searches = [shared.open(), shared.open(), shared.open()];
    assert_eq!(searches.each_ref().map(|search| search.id - FIRST_SEARCH), [0, 1, 2]);
    // RFC 4511 4.11: replies that nobody waits for any more may still come.
    searches[2].replies.close();
    let (mut buffer, mut out) = (BytesMut::new(), HandedOn::default());
    for octets in data.chunks(piece) {
        buffer.extend_from_slice(octets);
        let (for_client, end) = hand_on(&mut buffer, &shared, MAX);
        out.client.extend(for_client);
        if let Some(end) = end {
            if let End::Malformed(problem) = &end {
                shown(problem);
            }
            out.ended = true;
            break;
        }
        assert!(buffer.len() <= MAX + 10, "{} octets are kept", buffer.len());
    }
    out.searches = searches.iter_mut().map(told).collect();
    assert_eq!(out.searches[2], Told::default(), "nobody waits for it");
    assert!(only_results(&out.client), "{}", out.client.escape_ascii());
    out
}

fn told(search: &mut Exchange) -> Told {
    let mut told = Told::default();
    while let Ok(batch) = search.replies.try_recv() {
        told.add(batch);
    }
    told
}

/// Whether these are whole messages, each with a result for the client.
fn only_results(mut octets: &[u8]) -> bool {
    while let Ok(Some(length)) = framer::length(octets, MAX)
        && let Some((message, rest)) = octets.split_at_checked(length)
    {
        match framer::check(message) {
            Ok(Reply::Answer { id: 1..FIRST_SEARCH, outcome: Some(_), .. }) => octets = rest,
            _ => return false,
        }
    }
    octets.is_empty()
}

fn request(id: u32, tag: u8, contents: &[u8]) -> Vec<u8> {
    let parts = [crate::ber::integer(id), crate::ber::element(tag, contents)].concat();
    crate::ber::element(crate::ber::tag::SEQUENCE, &parts)
}

/// A server that answers a search with these octets, as many as belong to each request, and closes the connection.
pub fn search(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let found = runtime.block_on(async {
        let (near, far) = tokio::io::duplex(1 << 16);
        tokio::spawn(serve(far, data.to_vec()));
        let link = Link::start(near, "dc1", Duration::from_secs(10), MAX).await.expect("a connection");
        let request =
            Request { scope: Scope::Subtree, page: Some(1000), ..Request::object("DC=x", &["cn", "member"]) };
        EntryStream::open(link, request).collect().await
    });
    match found {
        Ok(entries) => assert!(entries.len() <= data.len() / 8),
        Err(DirectoryError::Malformed { problem, .. }) => {
            harmless(&problem, data);
            assert!(
                !problem.contains("the LDAP library could not digest it"),
                "{problem}: the framer let it through"
            );
        }
        Err(DirectoryError::Timeout { .. }) => unreachable!("a closed connection was waited for"),
        Err(error) => harmless(&error.to_string(), data),
    }
}

/// Fails where a message could drive a terminal, or is out of proportion.
fn harmless(message: &str, data: &[u8]) {
    assert_eq!(printable(message), message);
    assert!(message.len() <= 10 * data.len() + 500);
}

/// Sends the answers to each request when that has come.
async fn serve(mut stream: DuplexStream, answers: Vec<u8>) {
    let (mut asked, mut rest) = (BytesMut::new(), answers.as_slice());
    while !rest.is_empty() {
        loop {
            if let Ok(Some(length)) = framer::length(&asked, MAX)
                && length <= asked.len()
            {
                asked.advance(length);
                break;
            }
            match stream.read_buf(&mut asked).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let (now, later) = rest.split_at(up_to_the_end(rest));
        if stream.write_all(now).await.is_err() {
            return;
        }
        rest = later;
    }
    let _ = stream.shutdown().await;
}

/// The octets up to the end of the first result.
fn up_to_the_end(octets: &[u8]) -> usize {
    let mut at = 0;
    while let Ok(Some(length)) = framer::length(&octets[at..], MAX)
        && let Some(message) = octets.get(at..at + length)
    {
        at += length;
        if framer::request(message).is_ok_and(|(_, operation)| operation.tag == op::DONE) {
            return at;
        }
    }
    octets.len()
}

/// A server that answers the request for TLS with these octets.
pub fn starttls(data: &[u8]) {
    let mut stream = tokio::io::join(data, tokio::io::sink());
    let negotiation = pin!(crate::starttls::negotiate(&mut stream));
    // Everything is there already, so that nothing is waited for.
    match negotiation.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => assert_eq!(framer::length(data, MAX).ok().flatten(), Some(data.len())),
        Poll::Ready(Err(problem)) => {
            harmless(&problem, data);
        }
        Poll::Pending => unreachable!("it waits for what has come"),
    }
}
