//! A mechanism for tests and fuzzing: it "seals" by flipping bits and "signs" with a sum, and says what it was asked.

use super::Mechanism;
use crate::KerberosFailure;

/// Three tokens, as Kerberos has: ours, the server's, and an empty one.
#[derive(Debug, Default)]
pub(crate) struct Toy {
    pub(crate) steps: usize,
}

/// What the client sends first, and what the server answers.
pub(crate) const REQUEST: &[u8] = b"toy request";
pub(crate) const REPLY: &[u8] = b"toy reply";

/// A protected message: whether it is sealed, a sum over the clear octets, and the octets.
pub(crate) fn wrap(seal: bool, clear: &[u8]) -> Vec<u8> {
    let sum = clear.iter().fold(7u32, |sum, octet| sum.wrapping_mul(31).wrapping_add(u32::from(*octet)));
    let mut out = vec![u8::from(seal)];
    out.extend_from_slice(&sum.to_be_bytes());
    out.extend(clear.iter().map(|octet| if seal { !octet } else { *octet }));
    out
}

pub(crate) fn unwrap(protected: &[u8]) -> Result<Vec<u8>, String> {
    let (&seal, rest) = protected.split_first().ok_or("it is empty")?;
    let octets = rest.get(4..).ok_or("it is cut off")?;
    let clear: Vec<u8> = octets.iter().map(|octet| if seal == 1 { !octet } else { *octet }).collect();
    if wrap(seal == 1, &clear) == protected { Ok(clear) } else { Err("it was changed on the way".to_owned()) }
}

impl Mechanism for Toy {
    fn step(&mut self, token: Option<&[u8]>) -> Result<Vec<u8>, KerberosFailure> {
        self.steps += 1;
        match (self.steps, token) {
            (1, None) => Ok(REQUEST.to_vec()),
            (2, Some(REPLY)) => Ok(vec![]),
            (_, token) => Err(KerberosFailure::Other(format!("the token {token:?}"))),
        }
    }

    fn is_established(&self) -> bool {
        self.steps >= 2
    }

    fn wrap(&mut self, seal: bool, clear: &[u8]) -> Result<Vec<u8>, String> {
        Ok(wrap(seal, clear))
    }

    fn unwrap(&mut self, protected: &[u8]) -> Result<Vec<u8>, String> {
        unwrap(protected)
    }
}
