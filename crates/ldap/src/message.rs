//! The requests that `ldap3` does not send: searches, and that nobody waits for one any more (RFC 4511 4.5 and 4.11).

use adrecover_core::DirectoryError;
use adrecover_core::directory::Scope;
use adrecover_core::text::printable;
use lber::structures::ASNTag;
use ldap3::controls::RawControl;

use crate::ber::{self, tag};

/// How deep a filter may be nested: its parser is recursive.
const MAX_FILTER_DEPTH: usize = 100;

/// One request without its message id.
pub(crate) struct Operation(Vec<u8>);

impl Operation {
    /// The whole message.
    pub(crate) fn message(&self, id: i32, controls: &[RawControl]) -> Vec<u8> {
        let id = ber::integer(u32::try_from(id).unwrap_or_default());
        let mut contents = [id.as_slice(), &self.0].concat();
        if !controls.is_empty() {
            let controls: Vec<u8> = controls.iter().flat_map(control).collect();
            contents.extend(ber::element(0xa0, &controls));
        }
        ber::element(tag::SEQUENCE, &contents)
    }
}

/// A control of a request (4.1.11).
fn control(control: &RawControl) -> Vec<u8> {
    let mut contents = string(&control.ctype);
    if control.crit {
        contents.extend([tag::BOOLEAN, 1, 0xff]);
    }
    contents.extend(control.val.iter().flat_map(string));
    ber::element(tag::SEQUENCE, &contents)
}

fn string(text: impl AsRef<[u8]>) -> Vec<u8> {
    ber::element(tag::OCTET_STRING, text.as_ref())
}

/// Nobody waits for the replies to a request any more (4.11).
pub(crate) fn abandon(id: i32) -> Operation {
    let mut octets = ber::integer(u32::try_from(id).unwrap_or_default());
    octets[0] = 0x50;
    Operation(octets)
}

/// A search (4.5.1) without limits of its own, which dereferences no alias.
pub(crate) fn search(base: &str, scope: Scope, filter: &Filter, attributes: &[String]) -> Operation {
    let scope = match scope {
        Scope::Base => 0,
        Scope::OneLevel => 1,
        Scope::Subtree => 2,
    };
    let names: Vec<u8> = attributes.iter().flat_map(string).collect();
    let contents = [
        string(base),
        ber::element(tag::ENUMERATED, &[scope]),
        ber::element(tag::ENUMERATED, &[0]),
        ber::integer(0),
        ber::integer(0),
        vec![tag::BOOLEAN, 1, 0],
        filter.0.clone(),
        ber::element(tag::SEQUENCE, &names),
    ];
    Operation(ber::element(0x63, &contents.concat()))
}

/// A filter as it is sent (4.5.1.7).
#[derive(Debug, Clone)]
pub(crate) struct Filter(Vec<u8>);

impl Filter {
    /// What every object matches: `(objectClass=*)`.
    pub(crate) fn any() -> Self {
        Self(ber::element(0x87, b"objectClass"))
    }

    /// Reads the text of RFC 4515; refuses what the parser cannot take.
    pub(crate) fn parse(text: &str) -> Result<Self, DirectoryError> {
        let mut depth = 0usize;
        let mut deepest = 0;
        for octet in text.bytes() {
            match octet {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        if deepest > MAX_FILTER_DEPTH {
            return Err(DirectoryError::BadRequest(format!("the filter is nested {deepest} deep")));
        }
        let mut octets = bytes::BytesMut::new();
        let parsed = ldap3::parse_filter(text).ok();
        match parsed.map(|filter| lber::write::encode_into(&mut octets, filter.into_structure())) {
            Some(Ok(())) => Ok(Self(octets.to_vec())),
            _ => {
                let head: String = text.chars().take(200).collect();
                let text = format!("the filter `{}` does not parse", printable(&head));
                Err(DirectoryError::BadRequest(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_the_standard_has_them() {
        let filter = Filter::parse("(objectClass=*)").unwrap();
        assert_eq!(filter.0, Filter::any().0);
        let search = search("DC=x", Scope::OneLevel, &filter, &["cn".to_owned()]).message(300, &[]);
        let expected =
            b"\x30\x2e\x02\x02\x01\x2c\x63\x28\x04\x04DC=x\x0a\x01\x01\x0a\x01\x00\x02\x01\x00\x02\x01\x00\
            \x01\x01\x00\x87\x0bobjectClass\x30\x04\x04\x02cn";
        assert_eq!(search, expected);
        assert_eq!(abandon(200).message(1, &[]), [0x30, 7, 2, 1, 1, 0x50, 2, 0, 200]);
        let controls = [("1.2", true, None), ("1.3", false, Some(vec![7]))]
            .map(|(oid, crit, val)| RawControl { ctype: oid.into(), crit, val });
        let with_controls = abandon(1).message(2, &controls);
        let expected = b"\x30\x1c\x02\x01\x02\x50\x01\x01\xa0\x14\x30\x08\x04\x031.2\x01\x01\xff\
            \x30\x08\x04\x031.3\x04\x01\x07";
        assert_eq!(with_controls, expected);
    }
}
