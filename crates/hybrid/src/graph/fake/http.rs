//! A small HTTP/1.1 server that can misbehave in each way that a server can.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// `GET`, …
    pub method: String,
    /// The path, decoded.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// The path and the query as they were sent.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Delivery {
    #[default]
    Whole,
    /// The connection ends after so many octets of the body.
    Cut(usize),
    /// The connection ends without an answer.
    Close,
    /// Nothing comes, and the connection stays.
    Hang,
    /// An octet now and then.
    Drip,
    /// The body never ends.
    Endless,
    /// The body is what is sent, from the first octet.
    Raw,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) delivery: Delivery,
}

/// The longest head or body that is read.
const MOST: usize = 1 << 20;

/// Answers requests until the connection ends.
pub(super) async fn serve(mut stream: TcpStream, answer: impl Fn(Received) -> Reply) -> io::Result<()> {
    let mut buffer = vec![];
    while let Some(received) = receive(&mut stream, &mut buffer).await? {
        if !deliver(&mut stream, answer(received)).await? {
            break;
        }
    }
    Ok(())
}

async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Received>> {
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if buffer.len() > MOST || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).map_err(|_| bad())?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().ok_or_else(bad)?, first.next().ok_or_else(bad)?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(n, _)| n == "content-length").map_or(Ok(0), |(_, v)| v.parse());
    let length: usize = length.map_err(|_| bad())?;
    while buffer.len() < end + 4 + length {
        if buffer.len() > MOST || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = buffer[end + 4..end + 4 + length].to_vec();
    buffer.drain(..end + 4 + length);
    let url: reqwest::Url = format!("http://fake{target}").parse().map_err(|_| bad())?;
    let path = url.path_segments().into_iter().flatten().map(decoded).collect::<Vec<_>>().join("/");
    Ok(Some(Received {
        method: method.to_owned(),
        path: format!("/{path}"),
        query: url.query_pairs().into_owned().collect(),
        target: target.to_owned(),
        headers,
        body,
    }))
}

fn decoded(segment: &str) -> String {
    // A query is decoded by the same rules, but for `+`.
    let mut url: reqwest::Url = "x:/".parse().expect("a URL");
    url.set_query(Some(&segment.replace('+', "%2B")));
    url.query_pairs().map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}

/// Whether the connection goes on.
async fn deliver(stream: &mut TcpStream, reply: Reply) -> io::Result<bool> {
    let hour = Duration::from_secs(3600);
    match reply.delivery {
        Delivery::Close => return Ok(false),
        Delivery::Hang => {
            tokio::time::sleep(hour).await;
            return Ok(false);
        }
        Delivery::Raw => {
            stream.write_all(&reply.body).await?;
            stream.shutdown().await?;
            return Ok(false);
        }
        _ => {}
    }
    let mut head = format!("HTTP/1.1 {} X\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.delivery == Delivery::Endless {
        head.push_str("transfer-encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let chunk = [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat();
        loop {
            stream.write_all(&chunk).await?;
        }
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", reply.body.len()));
    stream.write_all(head.as_bytes()).await?;
    match reply.delivery {
        Delivery::Cut(at) => {
            stream.write_all(&reply.body[..at.min(reply.body.len())]).await?;
            stream.shutdown().await?;
            Ok(false)
        }
        Delivery::Drip => {
            for octet in reply.body {
                stream.write_all(&[octet]).await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(true)
        }
        _ => {
            stream.write_all(&reply.body).await?;
            stream.flush().await?;
            Ok(true)
        }
    }
}
