//! The bind (RFC 4752 3.1): tokens until the context stands, then one message about what protects the connection.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::Mechanism;
use super::layer::MAX_FRAME;
use crate::KerberosFailure;
use crate::ber::{self, Problem, Reader, tag};
use crate::framer::{self, Outcome, Reply, op};
use crate::starttls::{NoReply, read_reply};

/// The SASL name of the mechanism.
const GSSAPI: &[u8] = b"GSSAPI";
/// saslBindInProgress (RFC 4511 4.1.9).
const IN_PROGRESS: u32 = 14;
/// The most messages of one bind. Kerberos takes three.
const MAX_ROUNDS: i32 = 16;
/// A ticket with a large authorisation data (MaxTokenSize of Windows is 64 KiB) comes nowhere near it.
const MAX_REPLY: usize = 1 << 20;

/// What protects the connection besides TLS: bits of the first octet of the last two messages (RFC 4752 3.3).
const NO_LAYER: u8 = 1;
const CONFIDENTIALITY: u8 = 4;

/// What was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// TLS does it.
    Tls,
    /// Everything that follows is signed and sealed; the server takes messages of at most so many octets.
    Sealed { max_frame: usize },
}

/// Why the bind did not come about.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Kerberos on this side.
    Kerberos(KerberosFailure),
    /// The server's answer.
    Refused(Outcome),
    /// The connection.
    Lost(String),
    /// The server broke the protocol.
    Malformed(Problem),
}

/// Binds on a connection on which nothing was sent yet, or on which TLS stands.
pub(crate) async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    context: Box<dyn Mechanism>,
    over_tls: bool,
) -> Result<(Box<dyn Mechanism>, Protection), Failed> {
    let (mut context, mut token) = step(context, None).await?;
    let mut agreed = None;
    for id in 1..=MAX_ROUNDS {
        let (outcome, answer) = ask(stream, id, &token).await?;
        match (outcome.code, agreed) {
            (0, Some(protection)) => return Ok((context, protection)),
            (0, None) => {
                return Err(Failed::Malformed(
                    "the bind succeeded before it was agreed on what protects it".into(),
                ));
            }
            (IN_PROGRESS, None) if context.is_established() => {
                let (protection, choice) = agree(&mut *context, &answer, over_tls)?;
                agreed = Some(protection);
                token = choice;
            }
            (IN_PROGRESS, None) => (context, token) = step(context, Some(answer)).await?,
            (IN_PROGRESS, Some(_)) => {
                return Err(Failed::Malformed("the bind goes on after its last message".into()));
            }
            _ => return Err(Failed::Refused(outcome)),
        }
    }
    Err(Failed::Malformed("the bind has no end".into()))
}

/// One step of the context, where nobody else waits: it may ask the KDC.
async fn step(
    mut context: Box<dyn Mechanism>,
    token: Option<Vec<u8>>,
) -> Result<(Box<dyn Mechanism>, Vec<u8>), Failed> {
    let done = tokio::task::spawn_blocking(move || {
        let next = context.step(token.as_deref());
        next.map(|token| (context, token))
    });
    match done.await {
        Ok(result) => result.map_err(Failed::Kerberos),
        Err(_) => Err(Failed::Kerberos(KerberosFailure::Other("the Kerberos library failed".to_owned()))),
    }
}

/// Chooses what protects the connection from what the server offers.
fn agree(context: &mut dyn Mechanism, offer: &[u8], over_tls: bool) -> Result<(Protection, Vec<u8>), Failed> {
    let offer =
        context.unwrap(offer).map_err(|e| Failed::Malformed(format!("its offer cannot be opened: {e}")))?;
    let &[layers, a, b, c] = offer.as_slice() else {
        return Err(Failed::Malformed(format!("its offer has {} octets instead of 4", offer.len())));
    };
    let wanted = if over_tls { NO_LAYER } else { CONFIDENTIALITY };
    if layers & wanted == 0 {
        return Err(Failed::Malformed(format!(
            "it does not offer {}",
            if over_tls {
                "a bind without a second encryption inside TLS"
            } else {
                "to encrypt the connection"
            }
        )));
    }
    let ours = if over_tls { 0 } else { MAX_FRAME as u32 };
    let choice = (u32::from(wanted) << 24 | ours).to_be_bytes();
    // RFC 4752 3.1: signed and not sealed.
    let choice = context.wrap(false, &choice).map_err(|e| Failed::Kerberos(KerberosFailure::Other(e)))?;
    let protection = if over_tls {
        Protection::Tls
    } else {
        Protection::Sealed { max_frame: u32::from_be_bytes([0, a, b, c]) as usize }
    };
    Ok((protection, choice))
}

/// Sends one message of the bind and reads its answer: the result, and what the mechanism is told.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    id: i32,
    token: &[u8],
) -> Result<(Outcome, Vec<u8>), Failed> {
    let lost = |e: std::io::Error| Failed::Lost(crate::wire::describe(&e));
    stream.write_all(&request(id, token)).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let reply = read_reply(stream, MAX_REPLY).await.map_err(|no| match no {
        NoReply::Lost(reason) => Failed::Lost(reason),
        NoReply::Malformed(problem) => Failed::Malformed(problem),
        NoReply::Trailed => Failed::Malformed("something follows an answer to the bind".to_owned()),
    })?;
    match framer::check(&reply).map_err(Failed::Malformed)? {
        Reply::Answer { id: answered, op: op::BIND, contents, outcome: Some(outcome) } if answered == id => {
            let answer = credentials(&reply[contents]).map_err(Failed::Malformed)?;
            Ok((outcome, answer))
        }
        Reply::Answer { id, op, .. } => {
            Err(Failed::Malformed(format!("it answered the bind with {op:#04x} to message {id}")))
        }
        Reply::Notice { code, diagnostic, .. } => {
            Err(Failed::Refused(Outcome { code, diagnostic, ..Outcome::default() }))
        }
    }
}

/// A BindRequest with SASL credentials (RFC 4511 4.2).
fn request(id: i32, token: &[u8]) -> Vec<u8> {
    let sasl = [ber::element(tag::OCTET_STRING, GSSAPI), ber::element(tag::OCTET_STRING, token)].concat();
    let bind = [ber::integer(3), ber::element(tag::OCTET_STRING, b""), ber::element(0xa3, &sasl)].concat();
    let message = [ber::integer(id.unsigned_abs()), ber::element(0x60, &bind)].concat();
    ber::element(tag::SEQUENCE, &message)
}

/// The serverSaslCreds of a BindResponse; empty where there are none.
fn credentials(contents: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut parts = Reader::new(contents);
    while let Some(part) = parts.next()? {
        if part.tag == 0x87 {
            return Ok(part.value.to_vec());
        }
    }
    Ok(vec![])
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
