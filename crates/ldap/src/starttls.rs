//! The StartTLS exchange that precedes TLS on an `ldap://` connection (RFC 4511 4.14, [MS-ADTS] 3.1.1.3.4.3.1).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::ber::{self, Problem, Reader, tag};
use crate::framer::{self, Reply, op};

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// The reply is some tens of octets.
const MAX_REPLY: usize = 64 << 10;

/// Asks for TLS. On success the server awaits the TLS handshake on this stream. The error says what went wrong.
///
/// Octets behind the reply were sent before TLS, by whomever: they are an error, not data.
pub(crate) async fn negotiate(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), String> {
    let name = ber::element(0x80, START_TLS);
    let request = [ber::integer(1), ber::element(0x77, &name)].concat();
    let sent = async {
        stream.write_all(&ber::element(tag::SEQUENCE, &request)).await?;
        stream.flush().await
    };
    sent.await.map_err(|e| crate::wire::describe(&e))?;
    let reply = read_reply(stream, MAX_REPLY).await.map_err(|no| match no {
        NoReply::Lost(reason) | NoReply::Malformed(reason) => reason,
        NoReply::Trailed => "the server sent unencrypted octets behind its answer".to_owned(),
    })?;
    match framer::check(&reply)? {
        Reply::Answer { id: 1, op: op::EXTENDED, .. } => accepted(&reply),
        Reply::Answer { id, op, .. } => Err(format!("it answered message {id} with {op:#04x}")),
        Reply::Notice { code, diagnostic, .. } => Err(refused(code, &diagnostic)),
    }
}

/// Why there is no reply.
#[derive(Debug)]
pub(crate) enum NoReply {
    /// The connection ended.
    Lost(String),
    /// Something follows it, which nobody has asked for yet.
    Trailed,
    /// It is no LDAP message.
    Malformed(Problem),
}

/// The one reply to a request that was sent before LDAP was started on a connection.
pub(crate) async fn read_reply(
    stream: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> Result<Vec<u8>, NoReply> {
    let lost = |e: std::io::Error| NoReply::Lost(crate::wire::describe(&e));
    let mut reply = Vec::with_capacity(512);
    loop {
        if stream.read_buf(&mut reply).await.map_err(lost)? == 0 {
            return Err(NoReply::Lost("the server closed it".to_owned()));
        }
        match framer::length(&reply, max).map_err(NoReply::Malformed)? {
            Some(length) if reply.len() > length => return Err(NoReply::Trailed),
            Some(length) if reply.len() == length => return Ok(reply),
            _ => {}
        }
    }
}

fn accepted(reply: &[u8]) -> Result<(), String> {
    let (_, operation) = framer::request(reply)?;
    let mut parts = Reader::new(operation.value);
    let code = ber::small_number(parts.expect(tag::ENUMERATED, "the result code")?, "the result code")?;
    parts.expect(tag::OCTET_STRING, "the matched DN")?;
    let diagnostic = parts.expect(tag::OCTET_STRING, "the diagnostic message")?;
    if code == 0 { Ok(()) } else { Err(refused(code, &String::from_utf8_lossy(diagnostic))) }
}

fn refused(code: u32, diagnostic: &str) -> String {
    let text = adrecover_core::text::printable(diagnostic.trim_end_matches('\0')).into_owned();
    let name = adrecover_core::directory::result_name(code);
    if text.is_empty() {
        format!("it answered {code} ({name})")
    } else {
        format!("it answered {code} ({name}): {text}")
    }
}
