use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::sasl::testing::{Toy, unwrap, wrap};

fn sealed(stream: DuplexStream, max_frame: usize) -> Sealed<DuplexStream> {
    Sealed::new(stream, Box::new(Toy { steps: 2 }), max_frame).unwrap()
}

fn frame(clear: &[u8]) -> Vec<u8> {
    let protected = wrap(true, clear);
    [&u32::try_from(protected.len()).unwrap().to_be_bytes(), protected.as_slice()].concat()
}

/// All that comes out of a sealed stream that is sent these pieces.
async fn opened(pieces: &[&[u8]]) -> (Vec<u8>, io::Result<usize>) {
    let (mut server, client) = duplex(64);
    let mut client = sealed(client, 4096);
    let send = async {
        for piece in pieces {
            server.write_all(piece).await.unwrap();
            // The other side takes it before the next one comes.
            tokio::task::yield_now().await;
        }
        drop(server);
    };
    let mut out = vec![];
    let receive = async { client.read_to_end(&mut out).await };
    let ((), result) = tokio::join!(send, receive);
    (out, result)
}

#[tokio::test]
async fn frames_may_be_cut_and_joined_anywhere() {
    let octets = [frame(b"first"), frame(b""), frame(b"the second one"), frame(b"3")].concat();
    for at in 0..=octets.len() {
        let (head, tail) = octets.split_at(at);
        let (out, result) = opened(&[head, tail]).await;
        assert_eq!((out.as_slice(), result.is_ok()), (&b"firstthe second one3"[..], true), "cut at {at}");
    }
    let single: Vec<&[u8]> = octets.chunks(1).collect();
    assert_eq!(opened(&single).await.0, b"firstthe second one3");
}

#[tokio::test]
async fn an_end_inside_a_frame_is_no_end() {
    let octets = [frame(b"first"), frame(b"second")].concat();
    for at in frame(b"first").len() + 1..octets.len() {
        let (out, result) = opened(&[&octets[..at]]).await;
        assert_eq!(out, b"first", "ends at {at}");
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}

#[tokio::test]
async fn what_was_changed_or_is_too_long_ends_it() {
    let mut changed = frame(b"first");
    *changed.last_mut().unwrap() ^= 1;
    let (out, result) = opened(&[&[changed, frame(b"second")].concat()]).await;
    assert_eq!((out.len(), result.unwrap_err().kind()), (0, io::ErrorKind::InvalidData));
    let huge = [&u32::MAX.to_be_bytes(), &[0; 64][..]].concat();
    let error = opened(&[&huge]).await.1.unwrap_err();
    assert!(error.to_string().contains("4294967295"), "{error}");
    // Nothing is read behind it any more.
    let (mut server, client) = duplex(4096);
    let mut client = sealed(client, 4096);
    server.write_all(&[huge, frame(b"second")].concat()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(client.read_u8().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}

/// What a stream sends for these writes, taken apart into frames.
async fn sent(writes: &[Vec<u8>], max_frame: usize, pipe: usize) -> Vec<Vec<u8>> {
    let (mut server, client) = duplex(pipe);
    let mut client = sealed(client, max_frame);
    let send = async {
        for octets in writes {
            client.write_all(octets).await.unwrap();
        }
        client.flush().await.unwrap();
        drop(client);
    };
    let mut out = vec![];
    let receive = async { server.read_to_end(&mut out).await.unwrap() };
    tokio::join!(send, receive);
    let mut frames = vec![];
    let mut rest = out.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (frame, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        frames.push(frame.to_vec());
        rest = after;
    }
    assert!(rest.is_empty());
    frames
}

#[test]
fn a_server_that_takes_nothing_is_refused() {
    assert!(Sealed::new((), Box::new(Toy::default()), OVERHEAD).is_err());
    assert!(Sealed::new((), Box::new(Toy::default()), OVERHEAD + 1).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_written_arrives_in_frames_that_fit(
        writes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..6),
        max_frame in OVERHEAD + 1..900,
        pipe in 1..300usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let frames = runtime.block_on(sent(&writes, max_frame, pipe));
        prop_assert!(frames.iter().all(|frame| frame.len() <= max_frame));
        prop_assert!(frames.iter().all(|frame| frame[0] == 1), "all are sealed");
        let clear: Vec<u8> = frames.iter().flat_map(|frame| unwrap(frame).unwrap()).collect();
        prop_assert_eq!(clear, writes.concat());
    }
}
