//! A fake server for the tests: it answers binds and the reading of the rootDSE, and then does what a script says.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::ber::{self, Reader, tag};
use crate::framer::op;
use crate::{BindMethod, ConnectError, ConnectOptions, Scheme, ServerUrl, Session};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) id: u32,
    pub(crate) op: u8,
    pub(crate) base: String,
    pub(crate) raw: Vec<u8>,
}

impl Asked {
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.raw.windows(text.len()).any(|w| w == text.as_bytes())
    }
}

/// What the server does next.
pub(crate) enum Act {
    Send(Vec<u8>),
    Wait(Duration),
    /// Goes on once somebody has added a permit.
    Until(Arc<Semaphore>),
    Close,
    Reset,
}

pub(crate) type Step = Box<dyn Fn(&Asked) -> Vec<Act> + Send>;

pub(crate) fn step(f: impl Fn(&Asked) -> Vec<Act> + Send + 'static) -> Step {
    Box::new(f)
}

/// One step that sends octets which do not depend on the request.
pub(crate) fn send(octets: impl Into<Vec<u8>>) -> Vec<Step> {
    let octets = octets.into();
    vec![step(move |_| vec![Act::Send(octets.clone())])]
}

/// A step that sends what is made of the message id.
pub(crate) fn reply(f: impl Fn(u32) -> Vec<u8> + Send + 'static) -> Vec<Step> {
    vec![step(move |asked| vec![Act::Send(f(asked.id))])]
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: ServerUrl,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

/// What one connection is like.
#[derive(Default)]
pub(crate) struct Connection {
    /// Instead of the good answer to the bind.
    pub(crate) bind: Option<Step>,
    /// After the rootDSE was read.
    pub(crate) steps: Vec<Step>,
    /// `dsServiceName`.
    pub(crate) identity: Option<&'static str>,
    /// `highestCommittedUSN`.
    pub(crate) usn: Option<u64>,
    /// Whether it says that it is Samba.
    pub(crate) is_samba: bool,
}

impl From<Vec<Step>> for Connection {
    fn from(steps: Vec<Step>) -> Self {
        Self { steps, ..Self::default() }
    }
}

impl Fake {
    /// Serves one script after the other; further connections are refused.
    pub(crate) async fn start(scripts: Vec<Connection>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(vec![]));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, script, Arc::clone(&log)));
            }
        });
        Self { url: ServerUrl { scheme: Scheme::Ldap, host: "127.0.0.1".into(), port }, asked }
    }

    pub(crate) async fn one(steps: Vec<Step>) -> Self {
        Self::start(vec![steps.into()]).await
    }

    pub(crate) fn count(&self, op: u8) -> usize {
        self.asked.lock().unwrap().iter().filter(|a| a.op == op).count()
    }

    pub(crate) fn options(&self) -> ConnectOptions {
        let bind = BindMethod::Simple { name: "joe".into(), password: "secret-pw".to_owned().into() };
        let mut options = ConnectOptions::new(vec![self.url.clone()], bind);
        options.plain = true;
        options.timeout = Duration::from_millis(1500);
        options.max_message = 32 << 20;
        options
    }

    pub(crate) async fn session(&self) -> Session {
        self.try_session().await.unwrap()
    }

    pub(crate) async fn try_session(&self) -> Result<Session, ConnectError> {
        Session::connect(&self.options()).await
    }
}

/// Fails where something takes longer than any time limit explains.
pub(crate) async fn bounded<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it hangs")
}

async fn serve(mut stream: TcpStream, script: Connection, log: Arc<Mutex<Vec<Asked>>>) {
    let mut steps = script.steps.into_iter();
    let mut buffer = vec![];
    loop {
        let Some(asked) = request(&mut stream, &mut buffer).await else { return };
        log.lock().unwrap().push(asked.clone());
        let acts = match asked.op {
            0x60 => match &script.bind {
                Some(step) => step(&asked),
                None => vec![Act::Send(result(asked.id, op::BIND, 0, ""))],
            },
            0x63 if asked.base.is_empty() => {
                let identity = script.identity.unwrap_or("CN=NTDS Settings,CN=DC1");
                vec![Act::Send(root_dse(asked.id, identity, script.usn, script.is_samba))]
            }
            0x63 if asked.base.starts_with("CN=Default Query Policy") => {
                vec![Act::Send(result(asked.id, op::DONE, 32, ""))]
            }
            0x42 | 0x50 => continue,
            _ => match steps.next() {
                Some(step) => step(&asked),
                None => continue,
            },
        };
        for act in acts {
            match act {
                Act::Send(octets) => {
                    if stream.write_all(&octets).await.is_err() {
                        return;
                    }
                }
                Act::Wait(time) => tokio::time::sleep(time).await,
                Act::Until(gate) => drop(gate.acquire().await),
                Act::Close => return,
                Act::Reset => {
                    #[expect(deprecated, reason = "a lingering time of nothing is what makes a reset")]
                    stream.set_linger(Some(Duration::ZERO)).unwrap();
                    return;
                }
            }
        }
    }
}

async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Asked> {
    loop {
        if let Some(length) = crate::framer::length(buffer, 1 << 30).unwrap().filter(|l| *l <= buffer.len()) {
            let raw: Vec<u8> = buffer.drain(..length).collect();
            let (id, operation) = crate::framer::request(&raw).unwrap();
            let base = Reader::new(operation.value)
                .expect(tag::OCTET_STRING, "base")
                .map(|b| String::from_utf8_lossy(b).into_owned())
                .unwrap_or_default();
            let op = operation.tag;
            return Some(Asked { id: id as u32, op, base, raw });
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// A whole message.
pub(crate) fn message(id: u32, operation: u8, contents: &[u8]) -> Vec<u8> {
    ber::element(tag::SEQUENCE, &[ber::integer(id), ber::element(operation, contents)].concat())
}

fn ldap_result(code: u32, diagnostic: &[u8]) -> Vec<u8> {
    let code = ber::element(tag::ENUMERATED, &[code as u8]);
    [code, string(b""), string(diagnostic)].concat()
}

pub(crate) fn string(value: &[u8]) -> Vec<u8> {
    ber::element(tag::OCTET_STRING, value)
}

pub(crate) fn result(id: u32, operation: u8, code: u32, diagnostic: &str) -> Vec<u8> {
    message(id, operation, &ldap_result(code, diagnostic.as_bytes()))
}

/// A reply with an LDAPResult and controls, each given as its contents.
pub(crate) fn result_with(id: u32, operation: u8, code: u32, controls: &[Vec<u8>]) -> Vec<u8> {
    let controls: Vec<u8> = controls.iter().flat_map(|c| ber::element(tag::SEQUENCE, c)).collect();
    let parts =
        [ber::integer(id), ber::element(operation, &ldap_result(code, b"")), ber::element(0xa0, &controls)];
    ber::element(tag::SEQUENCE, &parts.concat())
}

/// The end of a page.
pub(crate) fn page_end(id: u32, cookie: &[u8]) -> Vec<u8> {
    let value = ber::element(tag::SEQUENCE, &[ber::integer(0), string(cookie)].concat());
    result_with(id, op::DONE, 0, &[[string(b"1.2.840.113556.1.4.319"), string(&value)].concat()])
}

pub(crate) fn entry(id: u32, dn: &str, attributes: &[(&str, Vec<Vec<u8>>)]) -> Vec<u8> {
    let attributes: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, values)| {
            let values: Vec<u8> = values.iter().flat_map(|v| string(v)).collect();
            let parts = [string(name.as_bytes()), ber::element(tag::SET, &values)].concat();
            ber::element(tag::SEQUENCE, &parts)
        })
        .collect();
    message(id, op::ENTRY, &[string(dn.as_bytes()), ber::element(tag::SEQUENCE, &attributes)].concat())
}

/// An entry with a GUID made of a number.
pub(crate) fn numbered(id: u32, number: u8) -> Vec<u8> {
    let guid = vec![vec![number; 16]];
    entry(id, &format!("CN=o{number},DC=x"), &[("cn", vec![vec![number]]), ("objectGUID", guid)])
}

fn root_dse(id: u32, identity: &str, usn: Option<u64>, is_samba: bool) -> Vec<u8> {
    let text = |t: &str| vec![t.as_bytes().to_vec()];
    let controls = ["1.2.840.113556.1.4.319", "1.2.840.113556.1.4.417", "1.2.840.113556.1.4.2064"];
    let mut attributes = vec![
        ("defaultNamingContext", text("DC=x")),
        ("namingContexts", text("DC=x")),
        ("configurationNamingContext", text("CN=Configuration,DC=x")),
        ("schemaNamingContext", text("CN=Schema,CN=Configuration,DC=x")),
        ("dsServiceName", text(identity)),
        ("supportedControl", controls.iter().map(|c| c.as_bytes().to_vec()).collect()),
    ];
    if let Some(usn) = usn {
        attributes.push(("highestCommittedUSN", text(&usn.to_string())));
    }
    if is_samba {
        attributes.push(("vendorName", text("Samba Team (https://www.samba.org)")));
    }
    [entry(id, "", &attributes), result(id, op::DONE, 0, "")].concat()
}
