//! The ping of the DC locator ([MS-ADTS] 6.3.3, 6.3.1.9): one LDAP search in a datagram, answered without a logon. It tells
//! whether a domain controller is alive, whether it can be written to, and in which site this computer is.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

use crate::ber::{self, Problem, Reader, tag};
use crate::framer;

/// NETLOGON_NT_VERSION_5 and _5EX ([MS-ADTS] 6.3.1.1): answer in the extended form.
const NT_VERSION: [u8; 4] = [0x06, 0, 0, 0];
/// LOGON_SAM_LOGON_RESPONSE_EX and LOGON_SAM_USER_UNKNOWN_EX ([MS-ADTS] 6.3.1.3).
const RESPONSE: [u16; 2] = [23, 25];
/// Flags of DS_FLAG ([MS-ADTS] 6.3.1.2).
const CLOSEST: u32 = 0x80;
const WRITABLE: u32 = 0x100;
/// How long a domain name may be, with its labels' lengths.
const MAX_NAME: usize = 255;

/// What a domain controller says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pong {
    /// Its DNS name.
    pub host: String,
    /// The domain.
    pub domain: String,
    /// The forest's root domain.
    pub forest: String,
    /// The site that it is in.
    pub site: String,
    /// The site that this computer is in, by its address; empty where no subnet holds it.
    pub client_site: String,
    /// Whether that is its own or the nearest one.
    pub is_closest: bool,
    /// Whether it can be written to: a read-only domain controller cannot.
    pub is_writable: bool,
}

/// Asks a server, and waits for its answer until the time is over. `None` where there is no answer that can be used.
pub(super) async fn ping(server: SocketAddr, domain: &str, patience: Duration) -> Option<Pong> {
    let any: SocketAddr = if server.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
    let exchange = async {
        let socket = UdpSocket::bind(any).await?;
        // Only what comes from there is taken.
        socket.connect(server).await?;
        socket.send(&request(domain)).await?;
        let mut datagram = vec![0; 4096];
        let length = socket.recv(&mut datagram).await?;
        datagram.truncate(length);
        Ok::<_, std::io::Error>(datagram)
    };
    let datagram = tokio::time::timeout(patience, exchange).await.ok()?.ok()?;
    read(&datagram).ok()
}

/// A search of the rootDSE for `netlogon` (RFC 4511 4.5.1).
fn request(domain: &str) -> Vec<u8> {
    let text = |text: &[u8]| ber::element(tag::OCTET_STRING, text);
    let equals = |name: &[u8], value: &[u8]| ber::element(0xa3, &[text(name), text(value)].concat());
    let filter = [equals(b"DnsDomain", domain.as_bytes()), equals(b"NtVer", &NT_VERSION)].concat();
    let search = [
        text(b""),
        ber::element(tag::ENUMERATED, &[0]),
        ber::element(tag::ENUMERATED, &[0]),
        ber::integer(0),
        ber::integer(0),
        ber::element(tag::BOOLEAN, &[0]),
        ber::element(0xa0, &filter),
        ber::element(tag::SEQUENCE, &text(b"netlogon")),
    ]
    .concat();
    ber::element(tag::SEQUENCE, &[ber::integer(1), ber::element(0x63, &search)].concat())
}

/// Reads the first message of an answer.
pub(crate) fn read(datagram: &[u8]) -> Result<Pong, Problem> {
    let length = framer::length(datagram, 1 << 16)?.filter(|length| *length <= datagram.len());
    let message = datagram.get(..length.ok_or("the answer is cut off")?).unwrap_or_default();
    let contents = match framer::check(message)? {
        framer::Reply::Answer { op: framer::op::ENTRY, contents, .. } => &message[contents],
        _ => return Err("the answer is no entry".to_owned()),
    };
    let mut entry = Reader::new(contents);
    entry.expect(tag::OCTET_STRING, "the DN of an entry")?;
    let mut attributes = Reader::new(entry.expect(tag::SEQUENCE, "the attributes of an entry")?);
    while let Some(attribute) = attributes.next()? {
        let mut parts = Reader::new(attribute.value);
        let name = parts.expect(tag::OCTET_STRING, "an attribute's name")?;
        let mut values = Reader::new(parts.expect(tag::SET, "an attribute's set of values")?);
        if name.eq_ignore_ascii_case(b"netlogon") {
            return netlogon(values.expect(tag::OCTET_STRING, "the value of netlogon")?);
        }
    }
    Err("the answer has no netlogon".to_owned())
}

/// NETLOGON_SAM_LOGON_RESPONSE_EX ([MS-ADTS] 6.3.1.9).
fn netlogon(value: &[u8]) -> Result<Pong, Problem> {
    let cut = || "the value of netlogon is cut off".to_owned();
    let opcode = value.first_chunk::<2>().map(|b| u16::from_le_bytes(*b)).ok_or_else(cut)?;
    if !RESPONSE.contains(&opcode) {
        return Err(format!("the value of netlogon has the operation {opcode}"));
    }
    let flags = value.get(4..8).and_then(|b| b.first_chunk::<4>()).ok_or_else(cut)?;
    let flags = u32::from_le_bytes(*flags);
    // Operation, padding, flags, and the GUID of the domain.
    let mut at = 24;
    let mut next = || name(value, &mut at);
    let (forest, domain, host) = (next()?, next()?, next()?);
    let (_netbios_domain, _netbios_host, _user) = (next()?, next()?, next()?);
    let (site, client_site) = (next()?, next()?);
    Ok(Pong {
        host,
        domain,
        forest,
        site,
        client_site,
        is_closest: flags & CLOSEST != 0,
        is_writable: flags & WRITABLE != 0,
    })
}

/// A name compressed as in DNS (RFC 1035 4.1.4), in UTF-8. `at` moves behind it.
fn name(value: &[u8], at: &mut usize) -> Result<String, Problem> {
    let cut = || "a name in netlogon is cut off".to_owned();
    let mut labels: Vec<String> = vec![];
    let (mut here, mut jumped, mut length) = (*at, false, 0);
    loop {
        let first = usize::from(*value.get(here).ok_or_else(cut)?);
        if first & 0xc0 == 0xc0 {
            let target = (first & 0x3f) << 8 | usize::from(*value.get(here + 1).ok_or_else(cut)?);
            if !jumped {
                *at = here + 2;
            }
            // Backwards only, so that it ends.
            if target >= here {
                return Err("a name in netlogon refers to itself".to_owned());
            }
            (here, jumped) = (target, true);
            continue;
        }
        if first & 0xc0 != 0 {
            return Err(format!("a label in netlogon begins with {first:#04x}"));
        }
        if first == 0 {
            if !jumped {
                *at = here + 1;
            }
            return Ok(labels.join("."));
        }
        let label = value.get(here + 1..here + 1 + first).ok_or_else(cut)?;
        length += first + 1;
        if length > MAX_NAME {
            return Err("a name in netlogon is too long".to_owned());
        }
        labels.push(String::from_utf8_lossy(label).into_owned());
        here += 1 + first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framer::op;

    /// An answer as Windows gives it: the names after the first are compressed.
    fn answer(flags: u32, client_site: &[u8]) -> Vec<u8> {
        let mut value = 23u16.to_le_bytes().to_vec();
        value.extend([0; 2]);
        value.extend(flags.to_le_bytes());
        value.extend([9; 16]);
        // contoso.com at 24, DC1.contoso.com, CONTOSO, DC1, no user, two sites.
        value.extend(b"\x07contoso\x03com\0\xc0\x18\x03DC1\xc0\x18\x07CONTOSO\0\x03DC1\0\0\x06Berlin\0");
        value.extend(client_site);
        value.extend([0x05, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        entry(&value)
    }

    fn entry(value: &[u8]) -> Vec<u8> {
        let set = ber::element(tag::SET, &ber::element(tag::OCTET_STRING, value));
        let name = ber::element(tag::OCTET_STRING, b"Netlogon");
        let attributes = ber::element(tag::SEQUENCE, &ber::element(tag::SEQUENCE, &[name, set].concat()));
        let contents = [ber::element(tag::OCTET_STRING, b""), attributes].concat();
        ber::element(tag::SEQUENCE, &[ber::integer(1), ber::element(op::ENTRY, &contents)].concat())
    }

    #[test]
    fn an_answer_is_read() {
        let pong = read(&answer(0x3fd, b"\x06Berlin\0")).unwrap();
        assert_eq!((pong.forest.as_str(), pong.domain.as_str()), ("contoso.com", "contoso.com"));
        assert_eq!((pong.host.as_str(), pong.site.as_str()), ("DC1.contoso.com", "Berlin"));
        assert_eq!(pong.client_site, "Berlin");
        assert!(pong.is_closest && pong.is_writable);
        let read_only = read(&answer(0x7d, b"\0")).unwrap();
        assert!(!read_only.is_writable && !read_only.is_closest && read_only.client_site.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_no_answer() {
        let whole = answer(0, b"\0");
        for at in 0..whole.len() {
            assert!(read(&whole[..at]).is_err());
        }
        let mut looping = 23u16.to_le_bytes().to_vec();
        looping.extend([0; 22]);
        looping.extend([0xc0, 24]);
        assert!(read(&entry(&looping)).unwrap_err().contains("itself"));
        assert!(read(&entry(&19u16.to_le_bytes())).is_err());
    }

    #[test]
    fn a_request_is_a_search() {
        let request = request("contoso.com");
        let (id, operation) = framer::request(&request).unwrap();
        assert_eq!((id, operation.tag), (1, 0x63));
        assert!(operation.value.windows(11).any(|w| w == b"contoso.com"));
    }
}
