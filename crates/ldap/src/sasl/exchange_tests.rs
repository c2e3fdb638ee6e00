use tokio::io::{AsyncReadExt, DuplexStream, duplex};

use super::*;
use crate::sasl::testing::{REPLY, REQUEST, Toy, unwrap, wrap};

/// A BindResponse.
fn response(id: u32, code: u8, credentials: Option<&[u8]>) -> Vec<u8> {
    let mut parts = [
        ber::element(tag::ENUMERATED, &[code]),
        ber::element(tag::OCTET_STRING, b""),
        ber::element(tag::OCTET_STRING, b""),
    ]
    .concat();
    parts.extend(credentials.map(|octets| ber::element(0x87, octets)).unwrap_or_default());
    ber::element(tag::SEQUENCE, &[ber::integer(id), ber::element(op::BIND, &parts)].concat())
}

/// The id and the token of a request.
async fn received(server: &mut DuplexStream) -> Option<(u32, Vec<u8>)> {
    let mut octets = vec![];
    while framer::length(&octets, MAX_REPLY).unwrap() != Some(octets.len()) {
        if server.read_buf(&mut octets).await.unwrap() == 0 {
            return None;
        }
    }
    let (id, operation) = framer::request(&octets).unwrap();
    let mut parts = Reader::new(operation.value);
    parts.expect(tag::INTEGER, "").unwrap();
    parts.expect(tag::OCTET_STRING, "").unwrap();
    let mut sasl = Reader::new(parts.expect(0xa3, "").unwrap());
    assert_eq!(sasl.expect(tag::OCTET_STRING, "").unwrap(), GSSAPI);
    Some((id.unsigned_abs(), sasl.expect(tag::OCTET_STRING, "").unwrap().to_vec()))
}

/// A bind with a server that answers each request with a code and credentials. Gives the tokens as well.
async fn bound(
    answers: &[(u8, Option<Vec<u8>>)],
    over_tls: bool,
) -> (Result<Protection, Failed>, Vec<Vec<u8>>) {
    let (mut client, mut server) = duplex(1 << 16);
    let mut tokens = vec![];
    let serve = async {
        for (code, credentials) in answers {
            let Some((id, token)) = received(&mut server).await else { break };
            tokens.push(token);
            server.write_all(&response(id, *code, credentials.as_deref())).await.unwrap();
        }
        drop(server);
    };
    let bind = async {
        let result = authenticate(&mut client, Box::new(Toy::default()), over_tls).await;
        drop(client);
        result.map(|(_, protection)| protection)
    };
    let ((), result) = tokio::join!(serve, bind);
    (result, tokens)
}

fn offer(layers: u8, most: u32) -> Option<Vec<u8>> {
    Some(wrap(false, &(u32::from(layers) << 24 | most).to_be_bytes()))
}

#[tokio::test]
async fn a_connection_is_sealed() {
    let (result, tokens) = bound(&[(14, Some(REPLY.into())), (14, offer(7, 0xa00)), (0, None)], false).await;
    assert_eq!(result.unwrap(), Protection::Sealed { max_frame: 0xa00 });
    assert_eq!((tokens[0].as_slice(), tokens[1].len()), (REQUEST, 0));
    // Signed and not sealed: the layer, and the largest frame that is taken.
    assert_eq!((tokens[2][0], unwrap(&tokens[2]).unwrap()), (0, vec![4, 0x10, 0, 0]));
}

#[tokio::test]
async fn inside_tls_there_is_no_layer() {
    let (result, tokens) = bound(&[(14, Some(REPLY.into())), (14, offer(7, 9)), (0, None)], true).await;
    assert_eq!(result.unwrap(), Protection::Tls);
    assert_eq!(unwrap(&tokens[2]).unwrap(), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_left() {
    for (layers, over_tls, named) in [(3, false, "encrypt"), (6, true, "inside TLS")] {
        let (result, _) = bound(&[(14, Some(REPLY.into())), (14, offer(layers, 9))], over_tls).await;
        let Err(Failed::Malformed(problem)) = result else { panic!("{result:?}") };
        assert!(problem.contains(named), "{problem}");
    }
}

#[tokio::test]
async fn every_other_end_is_told() {
    let toy = || Some(REPLY.to_vec());
    let (refused, _) = bound(&[(49, None)], false).await;
    assert!(matches!(refused, Err(Failed::Refused(Outcome { code: 49, .. }))));
    let (early, _) = bound(&[(0, None)], false).await;
    assert!(matches!(early, Err(Failed::Malformed(_))));
    let (wrong, _) = bound(&[(14, Some(b"other".to_vec()))], false).await;
    assert!(matches!(wrong, Err(Failed::Kerberos(_))));
    let (closed, _) = bound(&[(14, toy())], false).await;
    assert!(matches!(closed, Err(Failed::Lost(_))));
    let (short, _) = bound(&[(14, toy()), (14, Some(wrap(false, b"abc")))], false).await;
    assert!(matches!(short, Err(Failed::Malformed(_))));
    let (forged, _) = bound(&[(14, toy()), (14, Some(b"\0\0\0\0\x01abcd".to_vec()))], false).await;
    assert!(matches!(forged, Err(Failed::Malformed(_))));
    let (endless, _) = bound(&[(14, toy()), (14, offer(7, 9)), (14, None)], false).await;
    assert!(matches!(endless, Err(Failed::Malformed(_))));
}
