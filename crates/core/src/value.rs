//! An attribute value that can stand in a plan, a journal or a report.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::text::printable;

/// A value: text where it is UTF-8 without control characters, base64 otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Value {
    /// Text.
    Text(String),
    /// Any other octets, in base64.
    Base64(String),
}

impl Value {
    /// From the octets of an attribute.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) => {
                Self::Text(text.to_owned())
            }
            _ => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The octets, or `None` where the base64 does not decode.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }

    /// For people: text with control characters escaped, or the length of what is not text.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => printable(text).into_owned(),
            Self::Base64(text) => format!("({} octets)", STANDARD.decode(text).map_or(0, |b| b.len())),
        }
    }
}

/// The values of an attribute.
pub fn from_attribute(values: &[Vec<u8>]) -> Vec<Value> {
    values.iter().map(|v| Value::from_bytes(v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_come_back() {
        for bytes in [&b"text"[..], b"\xff\x00", b"", b"a\x1bb", "ü\n".as_bytes()] {
            let value = Value::from_bytes(bytes);
            assert_eq!(value.to_bytes().unwrap(), bytes);
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
        }
        assert_eq!(Value::Base64("?".into()).to_bytes(), None);
    }
}
