//! Replies as octets (RFC 4511 4.1.9, 4.5.2).

use crate::Failure;

/// The operations of replies, by their tags.
pub mod op {
    /// BindResponse.
    pub const BIND: u8 = 0x61;
    /// SearchResultEntry.
    pub const ENTRY: u8 = 0x64;
    /// SearchResultDone.
    pub const DONE: u8 = 0x65;
    /// ModifyResponse.
    pub const MODIFY: u8 = 0x67;
    /// AddResponse.
    pub const ADD: u8 = 0x69;
    /// DelResponse.
    pub const DELETE: u8 = 0x6b;
    /// ModifyDNResponse.
    pub const MODIFY_DN: u8 = 0x6d;
    /// CompareResponse.
    pub const COMPARE: u8 = 0x6f;
    /// SearchResultReference.
    pub const REFERENCE: u8 = 0x73;
    /// ExtendedResponse.
    pub const EXTENDED: u8 = 0x78;
}

const OCTETS: u8 = 0x04;

/// Appends an element.
pub fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    put_length(out, content.len());
    out.extend_from_slice(content);
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    if length < 0x80 {
        out.push(length as u8);
        return;
    }
    let digits = length.to_be_bytes();
    let skipped = digits.iter().take_while(|digit| **digit == 0).count();
    out.push(0x80 | (digits.len() - skipped) as u8);
    out.extend_from_slice(&digits[skipped..]);
}

/// Appends an integer (or, by its tag, an enumeration).
pub fn put_integer(out: &mut Vec<u8>, tag: u8, value: i64) {
    let digits = value.to_be_bytes();
    let mut at = 0;
    // As short as it can be while the sign stays.
    while at < 7
        && (digits[at], digits[at + 1] & 0x80)
            == (if value < 0 { 0xff } else { 0 }, if value < 0 { 0x80 } else { 0 })
    {
        at += 1;
    }
    put(out, tag, &digits[at..]);
}

/// How many octets an element with such a content takes.
fn size(content: usize) -> usize {
    let digits = if content < 0x80 { 0 } else { content.ilog2() as usize / 8 + 1 };
    2 + digits + content
}

/// A control of a reply.
#[derive(Debug, Clone)]
pub struct Control {
    /// Its OID.
    pub oid: &'static str,
    /// Its value.
    pub value: Vec<u8>,
}

/// A whole message around an operation.
pub fn message(id: u32, op: u8, content: &[u8], controls: &[Control]) -> Vec<u8> {
    let mut body = vec![];
    put_integer(&mut body, 0x02, i64::from(id));
    put(&mut body, op, content);
    if !controls.is_empty() {
        let mut all = vec![];
        for control in controls {
            let mut one = vec![];
            put(&mut one, OCTETS, control.oid.as_bytes());
            put(&mut one, OCTETS, &control.value);
            put(&mut all, 0x30, &one);
        }
        put(&mut body, 0xa0, &all);
    }
    let mut out = Vec::with_capacity(body.len() + 6);
    put(&mut out, 0x30, &body);
    out
}

/// The content of an LDAPResult.
fn ldap_result(code: u32, diagnostic: &str, referral: Option<&str>) -> Vec<u8> {
    let mut out = vec![];
    put_integer(&mut out, 0x0a, i64::from(code));
    put(&mut out, OCTETS, b"");
    put(&mut out, OCTETS, diagnostic.as_bytes());
    if let Some(url) = referral {
        let mut urls = vec![];
        put(&mut urls, OCTETS, url.as_bytes());
        put(&mut out, 0xa3, &urls);
    }
    out
}

/// The answer to a request that has one result.
pub fn result(id: u32, op: u8, outcome: &Result<(), Failure>, controls: &[Control]) -> Vec<u8> {
    let content = match outcome {
        Ok(()) => ldap_result(0, "", None),
        Err(failure) => ldap_result(failure.code, &failure.diagnostic, failure.referral.as_deref()),
    };
    message(id, op, &content, controls)
}

/// The answer to an extended request.
pub fn extended(id: u32, outcome: &Result<(), Failure>, name: &str, value: Option<&[u8]>) -> Vec<u8> {
    let mut content = match outcome {
        Ok(()) => ldap_result(0, "", None),
        Err(failure) => ldap_result(failure.code, &failure.diagnostic, None),
    };
    put(&mut content, 0x8a, name.as_bytes());
    if let Some(value) = value {
        put(&mut content, 0x8b, value);
    }
    message(id, op::EXTENDED, &content, &[])
}

/// An entry as the directory gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its DN.
    pub dn: String,
    /// Attributes with their values, in order.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// Appends a SearchResultEntry. Sizes are reckoned first, so that nothing is copied twice.
pub fn put_entry(out: &mut Vec<u8>, id: u32, entry: &Entry, types_only: bool) {
    let values_size = |values: &[Vec<u8>]| -> usize {
        if types_only { 0 } else { values.iter().map(|value| size(value.len())).sum() }
    };
    let attribute_size =
        |(name, values): &(String, Vec<Vec<u8>>)| size(name.len()) + size(values_size(values));
    let list: usize = entry.attributes.iter().map(|a| size(attribute_size(a))).sum();
    let content = size(entry.dn.len()) + size(list);
    let mut number = vec![];
    put_integer(&mut number, 0x02, i64::from(id));
    out.reserve(size(content) + number.len() + 8);
    out.push(0x30);
    put_length(out, number.len() + size(content));
    out.extend_from_slice(&number);
    out.push(op::ENTRY);
    put_length(out, content);
    put(out, OCTETS, entry.dn.as_bytes());
    out.push(0x30);
    put_length(out, list);
    for attribute in &entry.attributes {
        let (name, values) = attribute;
        out.push(0x30);
        put_length(out, attribute_size(attribute));
        put(out, OCTETS, name.as_bytes());
        out.push(0x31);
        put_length(out, values_size(values));
        if !types_only {
            values.iter().for_each(|value| put(out, OCTETS, value));
        }
    }
}

/// What follows the number in a message.
pub fn body(message: &[u8]) -> Option<&[u8]> {
    let head = |octets: &[u8]| match octets.get(1) {
        Some(first) if *first >= 0x80 => 2 + usize::from(first & 0x7f),
        _ => 2,
    };
    let content = message.get(head(message)..)?;
    let number = usize::from(*content.get(1)?);
    content.get(2 + number..)
}

/// Messages, one after the other, with another number.
pub fn renumbered(messages: &[u8], id: u32) -> Vec<u8> {
    let mut out = vec![];
    let mut rest = messages;
    while let Ok(Some(length)) = super::frame::length(rest, usize::MAX) {
        let Some(message) = rest.get(..length) else { break };
        let mut content = vec![];
        put_integer(&mut content, 0x02, i64::from(id));
        content.extend(body(message).unwrap_or_default());
        put(&mut out, 0x30, &content);
        rest = &rest[length..];
    }
    out
}

/// A SearchResultReference.
pub fn reference(id: u32, url: &str) -> Vec<u8> {
    let mut content = vec![];
    put(&mut content, OCTETS, url.as_bytes());
    message(id, op::REFERENCE, &content, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_as_short_as_can_be() {
        let of = |value| {
            let mut out = vec![];
            put_integer(&mut out, 2, value);
            out
        };
        assert_eq!(of(0), [2, 1, 0]);
        assert_eq!(of(127), [2, 1, 127]);
        assert_eq!(of(128), [2, 2, 0, 128]);
        assert_eq!(of(-1), [2, 1, 255]);
        assert_eq!(of(-129), [2, 2, 255, 127]);
        assert_eq!(of(1 << 31), [2, 5, 0, 128, 0, 0, 0]);
    }

    /// The codec reads what is written here.
    #[test]
    fn entries_are_well_formed() {
        let long = vec![7; 300];
        let entry = Entry {
            dn: "CN=a,DC=x".into(),
            attributes: vec![("cn".into(), vec![b"a".to_vec()]), ("blob".into(), vec![long, vec![]])],
        };
        let mut octets = vec![];
        put_entry(&mut octets, 300, &entry, false);
        let read: rasn_ldap::LdapMessage = rasn::ber::decode(&octets).unwrap();
        let rasn_ldap::ProtocolOp::SearchResEntry(read) = read.protocol_op else { panic!() };
        assert_eq!(read.object_name.0, "CN=a,DC=x");
        assert_eq!(read.attributes.len(), 2);
        let refused = result(7, op::DONE, &Err(Failure::no_object()), &[]);
        let read: rasn_ldap::LdapMessage = rasn::ber::decode(&refused).unwrap();
        let rasn_ldap::ProtocolOp::SearchResDone(done) = read.protocol_op else { panic!() };
        assert_eq!(done.0.result_code, rasn_ldap::ResultCode::NoSuchObject);
    }
}
