//! The requests as they are sent (RFC 4511 4.1.1 and 4.2 to 4.12).

use adrecover_core::DirectoryError;
use adrecover_core::directory::{Change, ChangeKind, Scope};
use adrecover_core::text::printable;
use lber::structures::ASNTag;

use crate::ber::{self, tag};
use crate::controls::Control;
use crate::framer::op;

/// How deep a filter may be nested: its parser is recursive.
const MAX_FILTER_DEPTH: usize = 100;

/// One request without its message id. It may hold a password.
pub(crate) struct Operation {
    octets: Vec<u8>,
    /// The tag of the reply that ends it; `None` where there is no reply.
    pub(crate) answer: Option<u8>,
}

impl Operation {
    fn new(tag: u8, contents: &[u8], answer: u8) -> Self {
        Self { octets: ber::element(tag, contents), answer: Some(answer) }
    }

    /// The whole message.
    pub(crate) fn message(&self, id: i32, controls: &[Control]) -> Vec<u8> {
        let id = ber::integer(u32::try_from(id).unwrap_or_default());
        let mut contents = [id.as_slice(), &self.octets].concat();
        if !controls.is_empty() {
            let controls: Vec<u8> = controls.iter().flat_map(Control::encoded).collect();
            contents.extend(ber::element(0xa0, &controls));
        }
        let message = ber::element(tag::SEQUENCE, &contents);
        contents.fill(0);
        message
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.octets.fill(0);
    }
}

fn string(text: impl AsRef<[u8]>) -> Vec<u8> {
    ber::element(tag::OCTET_STRING, text.as_ref())
}

fn boolean(value: bool) -> [u8; 3] {
    [tag::BOOLEAN, 1, if value { 0xff } else { 0 }]
}

/// A simple bind (4.2).
pub(crate) fn simple_bind(name: &str, password: &str) -> Operation {
    let mut password = ber::element(0x80, password.as_bytes());
    let mut contents = [ber::integer(3), string(name), password.clone()].concat();
    let bind = Operation::new(0x60, &contents, op::BIND);
    password.fill(0);
    contents.fill(0);
    bind
}

/// The end of a connection (4.3).
pub(crate) fn unbind() -> Operation {
    Operation { octets: ber::element(0x42, &[]), answer: None }
}

/// Nobody waits for the answer to a request any more (4.11).
pub(crate) fn abandon(id: i32) -> Operation {
    let mut octets = ber::integer(u32::try_from(id).unwrap_or_default());
    octets[0] = 0x50;
    Operation { octets, answer: None }
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
        boolean(false).to_vec(),
        filter.0.clone(),
        ber::element(tag::SEQUENCE, &names),
    ];
    Operation::new(0x63, &contents.concat(), op::DONE)
}

/// A Modify (4.6). Values are a set: one that is given twice is sent once.
pub(crate) fn modify(dn: &str, changes: &[Change]) -> Operation {
    let mut all: Vec<u8> = changes.iter().flat_map(change).collect();
    let mut contents = [string(dn), ber::element(tag::SEQUENCE, &all)].concat();
    let modify = Operation::new(0x66, &contents, op::MODIFY);
    all.fill(0);
    contents.fill(0);
    modify
}

fn change(change: &Change) -> Vec<u8> {
    let kind = match change.kind {
        ChangeKind::Add => 0,
        ChangeKind::Delete => 1,
        ChangeKind::Replace => 2,
    };
    let mut seen = std::collections::HashSet::new();
    let values: Vec<u8> =
        change.values.iter().filter(|v| seen.insert(v.as_slice())).flat_map(string).collect();
    let attribute = [string(&change.attribute), ber::element(tag::SET, &values)].concat();
    let parts = [ber::element(tag::ENUMERATED, &[kind]), ber::element(tag::SEQUENCE, &attribute)].concat();
    ber::element(tag::SEQUENCE, &parts)
}

/// A deletion (4.8).
pub(crate) fn delete(dn: &str) -> Operation {
    Operation::new(0x4a, dn.as_bytes(), op::DELETE)
}

/// A rename, with a move where there is a new parent (4.9).
pub(crate) fn rename(dn: &str, rdn: &str, superior: Option<&str>) -> Operation {
    let mut contents = [string(dn), string(rdn), boolean(true).to_vec()].concat();
    contents.extend(superior.into_iter().flat_map(|parent| ber::element(0x80, parent.as_bytes())));
    Operation::new(0x6c, &contents, op::RENAME)
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
        assert_eq!(unbind().message(1, &[]), [0x30, 5, 2, 1, 1, 0x42, 0]);
        assert_eq!(abandon(200).message(1, &[]), [0x30, 7, 2, 1, 1, 0x50, 2, 0, 200]);
        assert_eq!(
            simple_bind("j", "p").message(1, &[]),
            b"\x30\x0e\x02\x01\x01\x60\x09\x02\x01\x03\x04\x01j\x80\x01p"
        );
        let twice = modify("a", &[Change::add("m", ["v", "v"])]).message(2, &[]);
        let once = b"\x30\x19\x02\x01\x02\x66\x14\x04\x01a\x30\x0f\x30\x0d\x0a\x01\x00\x30\x08\x04\x01m\x31\x03\x04\x01v";
        assert_eq!(twice, once);
        let moved = rename("a", "b", Some("c")).message(2, &[]);
        assert_eq!(moved, b"\x30\x11\x02\x01\x02\x6c\x0c\x04\x01a\x04\x01b\x01\x01\xff\x80\x01c");
    }
}
