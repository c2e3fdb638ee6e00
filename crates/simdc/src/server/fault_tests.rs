//! Each fault, as a client sees it on the wire.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{Background, Kind, ServerOptions};
use crate::fault::{Fault, Strike};
use crate::lab::Lab;
use crate::wire::frame;
use crate::wire::reply::{self, op, put, put_integer};

const ID: u32 = 200;

/// A server with the example company, without TLS, and what it takes to log on.
struct Stage {
    server: Background,
    address: SocketAddr,
    name: String,
    password: String,
}

/// How a connection stands after everything was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Closed,
    Reset,
    Silent,
}

impl Stage {
    #[expect(clippy::disallowed_methods, reason = "the example company lives in the present")]
    fn new() -> Self {
        let address: IpAddr = Ipv4Addr::LOCALHOST.into();
        let clock = crate::Clock::new(chrono::Utc::now);
        let lab = Lab::new(address, false, clock, || 7).unwrap();
        let (name, password) =
            (lab.files.logon("Administrator"), lab.files.passwords["administrator"].clone());
        let options = ServerOptions {
            address,
            ldap: Some(0),
            ldaps: None,
            catalogue: None,
            catalogue_tls: None,
            tls: lab.files.certificates.config().unwrap(),
        };
        let server = Background::start(lab.directory, &options).unwrap();
        let address = server.address(Kind { tls: false, catalogue: false }).unwrap();
        Self { server, address, name, password }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
        stream
    }

    fn logged_on(&self) -> TcpStream {
        let mut stream = self.connect();
        assert_eq!(code(&ask(&mut stream, &self.bind())[0]), 0);
        stream
    }

    fn bind(&self) -> Vec<u8> {
        let mut content = vec![];
        put_integer(&mut content, 0x02, 3);
        put(&mut content, 0x04, self.name.as_bytes());
        put(&mut content, 0x80, self.password.as_bytes());
        reply::message(ID, op::BIND - 1, &content, &[])
    }

    fn arm(&self, at: u64, fault: Fault) {
        self.server.faults().arm(Some(Strike { at, fault }));
    }

    fn is_struck(&self) -> bool {
        self.server.faults().struck()
    }
}

fn search(id: u32, base: &str, scope: i64, page: Option<&[u8]>) -> Vec<u8> {
    let mut content = vec![];
    put(&mut content, 0x04, base.as_bytes());
    put_integer(&mut content, 0x0a, scope);
    for (tag, value) in [(0x0a, 0), (0x02, 0), (0x02, 0)] {
        put_integer(&mut content, tag, value);
    }
    put(&mut content, 0x01, &[0]);
    put(&mut content, 0x87, b"objectClass");
    let mut attributes = vec![];
    put(&mut attributes, 0x04, b"objectGUID");
    put(&mut content, 0x30, &attributes);
    let control = page.map(|cookie| {
        let mut value = vec![];
        put_integer(&mut value, 0x02, 3);
        put(&mut value, 0x04, cookie);
        let mut sequence = vec![];
        put(&mut sequence, 0x30, &value);
        reply::Control { oid: "1.2.840.113556.1.4.319", value: sequence }
    });
    reply::message(id, 0x63, &content, &control.into_iter().collect::<Vec<_>>())
}

/// What comes until the connection ends or nothing more comes.
fn read(stream: &mut TcpStream) -> (Vec<u8>, After) {
    let mut octets = vec![];
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (octets, After::Closed),
            Ok(n) => octets.extend_from_slice(&buffer[..n]),
            Err(e) if e.kind() == ErrorKind::ConnectionReset => return (octets, After::Reset),
            Err(_) => return (octets, After::Silent),
        }
    }
}

/// The messages that answer a request, up to its result.
fn ask(stream: &mut TcpStream, request: &[u8]) -> Vec<Vec<u8>> {
    stream.write_all(request).unwrap();
    let mut octets = vec![];
    let mut messages: Vec<Vec<u8>> = vec![];
    let mut buffer = vec![0; 1 << 16];
    while messages.last().is_none_or(|last| matches!(tag(last), op::ENTRY | op::REFERENCE)) {
        let n = stream.read(&mut buffer).unwrap();
        assert!(n > 0, "the server closed it");
        octets.extend_from_slice(&buffer[..n]);
        while let Some(length) = frame::length(&octets, 1 << 30).unwrap().filter(|n| *n <= octets.len()) {
            messages.push(octets.drain(..length).collect());
        }
    }
    messages
}

fn decoded(message: &[u8]) -> rasn_ldap::LdapMessage {
    rasn::ber::decode(message).unwrap()
}

fn tag(message: &[u8]) -> u8 {
    reply::body(message).unwrap()[0]
}

/// The code of a result.
fn code(message: &[u8]) -> u8 {
    let body = reply::body(message).unwrap();
    let head = if body[1] < 0x80 { 2 } else { 2 + usize::from(body[1] & 0x7f) };
    assert_eq!(body[head..head + 2], [0x0a, 1], "no result: {body:02x?}");
    body[head + 2]
}

/// The root's entry and its result, undisturbed.
fn undisturbed(stage: &Stage) -> [Vec<u8>; 2] {
    stage.server.faults().arm(None);
    let messages = ask(&mut stage.connect(), &search(ID, "", 0, None));
    assert_eq!(stage.server.faults().sent(), 2);
    messages.try_into().unwrap()
}

/// What a client gets that asks for the root while a fault is to strike.
fn struck(stage: &Stage, at: u64, fault: Fault) -> (Vec<u8>, After) {
    stage.arm(at, fault);
    let mut stream = stage.connect();
    stream.write_all(&search(ID, "", 0, None)).unwrap();
    read(&mut stream)
}

#[test]
fn faults_of_the_connection() {
    let stage = Stage::new();
    let [entry, done] = undisturbed(&stage);
    let both = [entry.clone(), done.clone()].concat();
    let half = |message: &[u8]| message[..message.len() / 2].to_vec();
    for (fault, at_first, at_second, after) in [
        (Fault::Close, vec![], entry.clone(), After::Closed),
        (Fault::Reset, vec![], entry.clone(), After::Reset),
        (Fault::CloseAfter, entry.clone(), both.clone(), After::Closed),
        (Fault::Half, half(&entry), [entry.clone(), half(&done)].concat(), After::Closed),
        (Fault::HalfAndStall, half(&entry), [entry.clone(), half(&done)].concat(), After::Silent),
        (Fault::Stall, vec![], entry.clone(), After::Silent),
        (Fault::Delay, both.clone(), both, After::Silent),
    ] {
        for (at, octets) in [(1, at_first), (2, at_second)] {
            let began = Instant::now();
            assert_eq!(struck(&stage, at, fault), (octets, after), "{fault:?} at {at}");
            assert!(stage.is_struck(), "{fault:?} at {at}");
            assert!(fault != Fault::Delay || began.elapsed() > Duration::from_millis(250));
        }
    }
}

/// A connection that stalls answers nothing any more, whatever it is asked.
#[test]
fn a_stalled_connection_takes_requests_and_answers_none() {
    let stage = Stage::new();
    for fault in [Fault::Stall, Fault::HalfAndStall, Fault::Garbage] {
        stage.arm(1, fault);
        let mut stream = stage.connect();
        stream.write_all(&search(ID, "", 0, None)).unwrap();
        read(&mut stream);
        stream.write_all(&search(ID + 1, "", 0, None)).unwrap();
        assert_eq!(read(&mut stream), (vec![], After::Silent), "{fault:?}");
        assert_eq!(ask(&mut stage.connect(), &search(ID, "", 0, None)).len(), 2);
    }
}

#[test]
fn what_is_no_message() {
    let stage = Stage::new();
    let [entry, _] = undisturbed(&stage);
    for fault in [Fault::Garbage, Fault::Zeros, Fault::HugeLength, Fault::EndlessLength] {
        let (octets, after) = struck(&stage, 2, fault);
        let wrong = octets.strip_prefix(entry.as_slice()).unwrap();
        assert_eq!(after, After::Silent);
        match fault {
            Fault::Garbage => assert!(wrong.starts_with(b"HTTP/1.1 400")),
            Fault::Zeros => assert_eq!(wrong, [0; 16]),
            Fault::HugeLength => assert_eq!(wrong[..6], [0x30, 0x84, 0x80, 0, 0, 0]),
            _ => assert_eq!(wrong, [&[0x30, 0x88][..], &[0xff; 8]].concat()),
        }
    }
}

#[test]
fn deep_nesting_is_well_formed_and_deep() {
    let stage = Stage::new();
    let (octets, _) = struck(&stage, 1, Fault::DeepNesting);
    let whole = frame::length(&octets, usize::MAX).unwrap();
    assert_eq!(whole, Some(octets.len()));
    let mut rest = &reply::body(&octets).unwrap()[5..];
    let mut depth = 0;
    while let [0x30, 0x84, a, b, c, d, inner @ ..] = rest {
        assert_eq!(u32::from_be_bytes([*a, *b, *c, *d]) as usize, inner.len());
        (rest, depth) = (inner, depth + 1);
    }
    assert_eq!((rest.len(), depth), (0, 60_000));
}

#[test]
fn messages_that_answer_nothing() {
    let stage = Stage::new();
    let [entry, done] = undisturbed(&stage);
    let second = |fault| {
        let (octets, after) = struck(&stage, 2, fault);
        assert!(stage.is_struck());
        (octets.strip_prefix(entry.as_slice()).unwrap().to_vec(), after)
    };

    let (unknown, after) = second(Fault::UnknownOperation);
    assert_eq!((tag(&unknown), after), (0x7e, After::Silent));

    let (other, after) = second(Fault::WrongMessageId);
    assert_eq!(decoded(&other).message_id, ID + 1000);
    assert_eq!((reply::body(&other), after), (reply::body(&done), After::Silent));

    let (nameless, _) = second(Fault::NoMessageId);
    assert_eq!(nameless[0], 0x30);
    assert_eq!(Some(&nameless[2..]), reply::body(&done));

    let (notice, after) = second(Fault::Notice);
    let is_name = |octets: &[u8], name: &[u8]| octets.windows(name.len()).any(|window| window == name);
    assert_eq!((decoded(&notice).message_id, tag(&notice), code(&notice)), (0, op::EXTENDED, 52));
    assert!(is_name(&notice, b"\x8a\x161.3.6.1.4.1.1466.20036") && after == After::Closed);

    let (unasked, after) = second(Fault::Unsolicited);
    let unasked = unasked.strip_suffix(done.as_slice()).unwrap();
    assert_eq!((decoded(unasked).message_id, tag(unasked), after), (0, op::EXTENDED, After::Silent));
    assert!(!is_name(unasked, b"\x8a\x161.3.6.1.4.1.1466.20036"));
}

#[test]
fn results_stand_where_results_are() {
    let stage = Stage::new();
    let [entry, done] = undisturbed(&stage);
    for fault in Fault::ALL {
        let Some(result) = fault.result() else { continue };
        let (octets, after) = struck(&stage, 2, fault);
        let refused = octets.strip_prefix(entry.as_slice()).unwrap();
        assert_eq!((tag(refused), u32::from(code(refused)), after), (op::DONE, result, After::Silent));
        assert_eq!(result == 10, refused.windows(7).any(|octets| octets == b"ldap://"));
        let (octets, _) = struck(&stage, 1, fault);
        assert!(octets == [entry.clone(), done.clone()].concat() && !stage.is_struck(), "{fault:?}");
    }
}

#[test]
fn what_is_refused_was_not_done() {
    let stage = Stage::new();
    let mut stream = stage.connect();
    stage.arm(1, Fault::Busy);
    assert_eq!(code(&ask(&mut stream, &stage.bind())[0]), 51);
    let base = stage.server.directory().domain().to_string();
    assert_eq!(code(&ask(&mut stream, &search(ID, &base, 0, None))[0]), 1, "nobody is logged on");

    let mut stream = stage.logged_on();
    let mut values = vec![];
    put(&mut values, 0x04, b"by the test");
    let mut change = vec![];
    put(&mut change, 0x04, b"description");
    put(&mut change, 0x31, &values);
    let mut modification = vec![];
    put_integer(&mut modification, 0x0a, 2);
    put(&mut modification, 0x30, &change);
    let (mut all, mut content) = (vec![], vec![]);
    put(&mut all, 0x30, &modification);
    put(&mut content, 0x04, base.as_bytes());
    put(&mut content, 0x30, &all);
    let modify = reply::message(ID, op::MODIFY - 1, &content, &[]);
    let usn = || stage.server.directory().store.usn();
    let before = usn();
    stage.arm(1, Fault::Unavailable);
    assert_eq!(code(&ask(&mut stream, &modify)[0]), 52);
    assert!(stage.is_struck());
    assert_eq!(usn(), before);
    assert_eq!(code(&ask(&mut stream, &modify)[0]), 0);
    assert!(usn() > before);
}

#[test]
fn a_page_that_is_repeated() {
    let stage = Stage::new();
    let base = stage.server.directory().domain().to_string();
    let cookie = |messages: &[Vec<u8>]| {
        let controls = decoded(messages.last().unwrap()).controls.unwrap_or_default();
        let value = controls.iter().find_map(|control| control.control_value.clone()).unwrap();
        // 30 n 02 01 00 04 n cookie
        value[7..].to_vec()
    };
    let names = |messages: &[Vec<u8>]| -> Vec<String> {
        let name = |message: &Vec<u8>| match decoded(message).protocol_op {
            rasn_ldap::ProtocolOp::SearchResEntry(entry) => Some(entry.object_name.0.to_string()),
            _ => None,
        };
        messages.iter().filter_map(name).collect()
    };
    stage.server.faults().watch();
    let mut stream = stage.logged_on();
    let first = ask(&mut stream, &search(1, &base, 2, Some(b"")));
    let seen = stage.server.faults().seen();
    let at = seen.iter().rposition(|seen| seen.has_cookie).unwrap() as u64;
    assert_eq!(at as usize + 1, seen.len());

    // The bind is not counted.
    let mut stream = stage.logged_on();
    stage.arm(at, Fault::RepeatedCookie);
    let page = ask(&mut stream, &search(2, &base, 2, Some(b"")));
    assert!(stage.is_struck());
    assert_eq!(names(&page), names(&first));
    for id in 3..6 {
        let again = ask(&mut stream, &search(id, &base, 2, Some(&cookie(&page))));
        assert_eq!((names(&again), cookie(&again)), (names(&page), cookie(&page)));
        assert!(again.iter().all(|message| decoded(message).message_id == id));
    }
    // A message without a cookie has nothing to repeat.
    stage.arm(2, Fault::RepeatedCookie);
    ask(&mut stream, &search(7, "", 0, None));
    assert!(!stage.is_struck());
}
