//! Lets only well-formed LDAP replies through (RFC 4511 4.1.1 and 4.2 to 4.14).
//!
//! Whatever passes [`check`] has exactly the shape that the decoder behind it relies on.

use std::ops::Range;

use crate::ber::{self, Problem, Reader, tag};

/// Notice of Disconnection (RFC 4511 4.4.1).
const NOTICE_OF_DISCONNECTION: &[u8] = b"1.3.6.1.4.1.1466.20036";
/// The paged results control (RFC 2696); its response value must parse.
const PAGED_RESULTS: &[u8] = b"1.2.840.113556.1.4.319";
/// DirSync ([MS-ADTS] 3.1.1.3.4.1.3); its response value must parse.
const DIR_SYNC: &[u8] = b"1.2.840.113556.1.4.841";
/// The longest DirSync cookie that is taken. It grows with the number of domain controllers, by 24 octets each.
const MAX_COOKIE: usize = 1 << 20;

/// The most elements of one message. Each becomes a value of its own in memory, many times as long as the two octets that it
/// takes on the wire, and the largest message would have room for 32 million. A group that Samba returns whole has an
/// element for each member, so it has to be many.
pub(crate) const MAX_ELEMENTS: usize = 1 << 20;

/// The tag octets of the replies: `[APPLICATION n]`, constructed.
pub(crate) mod op {
    pub(crate) const BIND: u8 = 0x61;
    pub(crate) const ENTRY: u8 = 0x64;
    pub(crate) const DONE: u8 = 0x65;
    pub(crate) const MODIFY: u8 = 0x67;
    pub(crate) const ADD: u8 = 0x69;
    pub(crate) const DELETE: u8 = 0x6b;
    pub(crate) const RENAME: u8 = 0x6d;
    pub(crate) const COMPARE: u8 = 0x6f;
    pub(crate) const REFERENCE: u8 = 0x73;
    pub(crate) const EXTENDED: u8 = 0x78;
    pub(crate) const INTERMEDIATE: u8 = 0x79;
}

/// A reply that is well formed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// An answer to a request.
    Answer {
        /// The message id, 1 to 2^31-1.
        id: i32,
        /// One of [`op`].
        op: u8,
        /// Where in the message the operation's contents are.
        contents: Range<usize>,
        /// The result, where the operation is one.
        outcome: Option<Outcome>,
    },
    /// An unsolicited notification: the server is about to close the connection, or says something else.
    Notice {
        /// Whether it is the notice of disconnection.
        disconnects: bool,
        /// The result code.
        code: u32,
        /// The diagnostic message.
        diagnostic: String,
    },
}

/// An LDAPResult (RFC 4511 4.1.9) and what is used of the controls with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    /// The result code.
    pub(crate) code: u32,
    /// The diagnostic message; octets that are no text are replaced.
    pub(crate) diagnostic: String,
    /// The first server that a referral names.
    pub(crate) referral: Option<String>,
    /// The cookie of the paged results control, where there is one.
    pub(crate) cookie: Option<Vec<u8>>,
    /// What the DirSync control says, where there is one.
    pub(crate) dir_sync: Option<DirSync>,
}

/// The value of a DirSync response control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirSync {
    /// Whether there is more at once.
    pub(crate) has_more: bool,
    /// Where to go on.
    pub(crate) cookie: Vec<u8>,
}

/// The length of the message that begins here, header included; `None` while that is unknown.
pub(crate) fn length(octets: &[u8], max: usize) -> Result<Option<usize>, Problem> {
    match octets.first() {
        None => return Ok(None),
        Some(&tag::SEQUENCE) => {}
        Some(_) => return Err(format!("it begins with {} instead of an LDAP message", excerpt(octets))),
    }
    match ber::header(octets)? {
        Some((head, length)) if length > max => {
            Err(format!("a message of {} octets is announced; the limit is {max}", head + length))
        }
        Some((head, length)) => Ok(Some(head + length)),
        None => Ok(None),
    }
}

/// The first octets, as text where they are.
fn excerpt(octets: &[u8]) -> String {
    let head = &octets[..octets.len().min(24)];
    if head.iter().all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\r' | b'\n')) {
        return format!("`{}`", String::from_utf8_lossy(head).trim_end().escape_default());
    }
    head.iter().take(8).map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

/// Checks one whole message.
pub(crate) fn check(message: &[u8]) -> Result<Reply, Problem> {
    let mut outer = Reader::new(message);
    let mut inner = Reader::new(outer.expect(tag::SEQUENCE, "the message")?);
    let id = ber::small_number(inner.expect(tag::INTEGER, "the message id")?, "the message id")?;
    let id = i32::try_from(id).map_err(|_| format!("the message id is {id}"))?;
    let operation = inner.next()?.ok_or("the operation is missing")?;
    if id == 0 {
        return notice(operation, inner);
    }
    let mut outcome = None;
    match operation.tag {
        op::ENTRY => entry(operation.value)?,
        op::REFERENCE => texts(operation.value, "a search reference")?,
        op::DONE | op::BIND | op::MODIFY | op::ADD | op::DELETE | op::RENAME | op::COMPARE | op::EXTENDED => {
            outcome = Some(result(operation.value)?);
        }
        op::INTERMEDIATE => intermediate(operation.value)?,
        other => return Err(format!("the operation {other:#04x} is no reply")),
    }
    if let Some(last) = inner.next()? {
        if last.tag != 0xa0 {
            return Err(format!("an element {:#04x} stands where controls belong", last.tag));
        }
        let (cookie, dir_sync) = controls(last.value)?;
        if let Some(outcome) = &mut outcome {
            (outcome.cookie, outcome.dir_sync) = (cookie, dir_sync);
        }
    }
    inner.end("the controls")?;
    // An element takes two octets, so that most messages need not be counted.
    if message.len() / 2 > MAX_ELEMENTS && elements(message) > MAX_ELEMENTS {
        return Err(format!("a message of more than {MAX_ELEMENTS} elements"));
    }
    let start = operation.value.as_ptr() as usize - message.as_ptr() as usize;
    Ok(Reply::Answer { id, op: operation.tag, contents: start..start + operation.value.len(), outcome })
}

/// How many elements a well-formed message has, inner ones included.
fn elements(message: &[u8]) -> usize {
    let (mut count, mut rest) = (0, message);
    while let Ok(Some((head, length))) = ber::header(rest) {
        let constructed = rest.first().is_some_and(|tag| tag & ber::CONSTRUCTED != 0);
        let Some(after) = rest.get(if constructed { head } else { head + length }..) else { break };
        rest = after;
        count += 1;
    }
    count
}

fn entry(value: &[u8]) -> Result<(), Problem> {
    let mut reader = Reader::new(value);
    utf8(reader.expect(tag::OCTET_STRING, "the DN of an entry")?, "the DN of an entry")?;
    let mut attributes = Reader::new(reader.expect(tag::SEQUENCE, "the attributes of an entry")?);
    reader.end("the attributes of an entry")?;
    while let Some(attribute) = attributes.next()? {
        if attribute.tag != tag::SEQUENCE {
            return Err(format!("an attribute has the tag {:#04x}", attribute.tag));
        }
        let mut parts = Reader::new(attribute.value);
        utf8(parts.expect(tag::OCTET_STRING, "an attribute's name")?, "an attribute's name")?;
        let mut values = Reader::new(parts.expect(tag::SET, "an attribute's set of values")?);
        parts.end("an attribute's values")?;
        while let Some(value) = values.next()? {
            if value.tag != tag::OCTET_STRING {
                return Err(format!("a value has the tag {:#04x}", value.tag));
            }
        }
    }
    Ok(())
}

/// An LDAPResult and what may follow it in binds, extended operations and referrals.
fn result(value: &[u8]) -> Result<Outcome, Problem> {
    let mut reader = Reader::new(value);
    let code = ber::small_number(reader.expect(tag::ENUMERATED, "the result code")?, "the result code")?;
    reader.expect(tag::OCTET_STRING, "the matched DN")?;
    let diagnostic = text(reader.expect(tag::OCTET_STRING, "the diagnostic message")?);
    let mut referral = None;
    while let Some(part) = reader.next()? {
        match part.tag {
            0xa3 => {
                texts(part.value, "a referral")?;
                referral = Reader::new(part.value).next()?.map(|first| text(first.value));
            }
            0x8a => utf8(part.value, "the name of an extended reply")?,
            0x80..=0x9e if part.tag != 0x83 => {}
            other => return Err(format!("a result holds an element {other:#04x}")),
        }
    }
    Ok(Outcome { code, diagnostic, referral, cookie: None, dir_sync: None })
}

/// A text that need not be UTF-8, as servers' messages in other languages are not.
fn text(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => octets.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect(),
    }
}

/// Puts `?` for what is not ASCII in the texts of a result that are not UTF-8, which `ldap3` cannot take. The message has
/// passed [`check`], and `contents` are its operation's.
pub(crate) fn make_text(message: &mut [u8], contents: Range<usize>) {
    let mut at = contents.start;
    // The result code, the matched DN, the diagnostic message.
    for is_text in [false, true, true] {
        let Some(Ok(Some((head, length)))) = message.get(at..contents.end).map(ber::header) else { return };
        let Some(value) = message.get_mut(at + head..at + head + length) else { return };
        if is_text && std::str::from_utf8(value).is_err() {
            value.iter_mut().filter(|octet| !octet.is_ascii()).for_each(|octet| *octet = b'?');
        }
        at += head + length;
    }
}

/// Nobody reads it, but it has to be taken apart (RFC 4511 4.13).
fn intermediate(value: &[u8]) -> Result<(), Problem> {
    let mut reader = Reader::new(value);
    while let Some(part) = reader.next()? {
        if part.tag & ber::CONSTRUCTED != 0 {
            return Err(format!("an intermediate response holds an element {:#04x}", part.tag));
        }
    }
    Ok(())
}

fn texts(value: &[u8], what: &str) -> Result<(), Problem> {
    let mut reader = Reader::new(value);
    while let Some(part) = reader.next()? {
        if part.tag != tag::OCTET_STRING {
            return Err(format!("{what} has the tag {:#04x}", part.tag));
        }
        utf8(part.value, what)?;
    }
    Ok(())
}

fn utf8(value: &[u8], what: &str) -> Result<(), Problem> {
    std::str::from_utf8(value).map(|_| ()).map_err(|_| format!("{what} is not UTF-8"))
}

/// Checks the controls of a reply; gives the paging cookie and what DirSync says.
fn controls(value: &[u8]) -> Result<(Option<Vec<u8>>, Option<DirSync>), Problem> {
    let (mut cookie, mut sync) = (None, None);
    let mut reader = Reader::new(value);
    while let Some(control) = reader.next()? {
        if control.tag != tag::SEQUENCE {
            return Err(format!("a control has the tag {:#04x}", control.tag));
        }
        let mut parts = Reader::new(control.value);
        let oid = parts.expect(tag::OCTET_STRING, "a control's type")?;
        utf8(oid, "a control's type")?;
        let mut next = parts.next()?;
        if let Some(part) = next.filter(|p| p.tag == tag::BOOLEAN) {
            if part.value.len() != 1 {
                return Err(format!("a control's criticality has {} octets", part.value.len()));
            }
            next = parts.next()?;
        }
        let value = match next {
            None => None,
            Some(part) if part.tag == tag::OCTET_STRING => Some(part.value),
            Some(part) => return Err(format!("a control's value has the tag {:#04x}", part.tag)),
        };
        parts.end("a control's value")?;
        if oid == PAGED_RESULTS {
            let value = value.ok_or("the paged results control has no value")?;
            let found = paged(value).map_err(|problem| format!("the paged results control: {problem}"))?;
            cookie.get_or_insert_with(|| found.to_vec());
        } else if oid == DIR_SYNC {
            let value = value.ok_or("the DirSync control has no value")?;
            let found = dir_sync(value).map_err(|problem| format!("the DirSync control: {problem}"))?;
            sync.get_or_insert(found);
        }
    }
    Ok((cookie, sync))
}

/// The value of a DirSync response control: whether there is more, a number without meaning, and the cookie.
pub(crate) fn dir_sync(value: &[u8]) -> Result<DirSync, Problem> {
    let mut outer = Reader::new(value);
    let mut inner = Reader::new(outer.expect(tag::SEQUENCE, "the DirSync value")?);
    let more = inner.expect(tag::INTEGER, "the sign that there is more")?;
    inner.expect(tag::INTEGER, "the unused number")?;
    let cookie = inner.expect(tag::OCTET_STRING, "the cookie")?;
    if cookie.len() > MAX_COOKIE {
        return Err(format!("the cookie has {} octets", cookie.len()));
    }
    Ok(DirSync { has_more: more.iter().any(|octet| *octet != 0), cookie: cookie.to_vec() })
}

/// The cookie in the value of a paged results response control (RFC 2696 2).
pub(crate) fn paged(value: &[u8]) -> Result<&[u8], Problem> {
    let mut outer = Reader::new(value);
    let mut inner = Reader::new(outer.expect(tag::SEQUENCE, "the paged results value")?);
    // The size is an estimate that nobody uses here, so its range does not matter.
    inner.expect(tag::INTEGER, "the paged results size")?;
    inner.expect(tag::OCTET_STRING, "the paging cookie")
}

/// An unsolicited notification (RFC 4511 4.4). AD puts its name `[10]` outside of the extended reply.
fn notice<'a>(operation: ber::Tlv<'a>, mut after: Reader<'a>) -> Result<Reply, Problem> {
    if operation.tag != op::EXTENDED {
        return Err(format!("a message without an id holds the operation {:#04x}", operation.tag));
    }
    let mut reader = Reader::new(operation.value);
    let code = ber::small_number(reader.expect(tag::ENUMERATED, "the result code")?, "the result code")?;
    reader.expect(tag::OCTET_STRING, "the matched DN")?;
    let diagnostic = reader.expect(tag::OCTET_STRING, "the diagnostic message")?;
    let mut disconnects = false;
    for list in [&mut reader, &mut after] {
        while let Some(part) = list.next()? {
            disconnects |= part.tag == 0x8a && part.value == NOTICE_OF_DISCONNECTION;
        }
    }
    Ok(Reply::Notice { disconnects, code, diagnostic: String::from_utf8_lossy(diagnostic).into_owned() })
}

/// The message id and the operation of a message that is known to be whole.
pub(crate) fn request(message: &[u8]) -> Result<(i32, ber::Tlv<'_>), Problem> {
    let mut outer = Reader::new(message);
    let mut inner = Reader::new(outer.expect(tag::SEQUENCE, "the message")?);
    let id = ber::small_number(inner.expect(tag::INTEGER, "the message id")?, "the message id")?;
    let id = i32::try_from(id).map_err(|_| format!("the message id is {id}"))?;
    Ok((id, inner.next()?.ok_or("the operation is missing")?))
}

#[cfg(test)]
#[path = "framer_tests.rs"]
mod tests;
