//! An alert as a message of syslog (RFC 5424), to the local socket or by UDP (RFC 5426).

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;

use adrecover_core::text::printable;

use crate::alert::Alert;

/// The facility `daemon` (RFC 5424 6.2.1).
const DAEMON: u8 = 3;
/// A receiver takes as much at least (RFC 5424 6.1, RFC 5426 3.2).
const MOST: usize = 2048;

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogTarget {
    /// A socket of this computer.
    Local(PathBuf),
    /// A host and port, by UDP.
    Udp(String),
}

/// No target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place for syslog: write the path of a socket such as /dev/log, or udp://host:514")]
pub struct BadSyslog(String);

impl FromStr for SyslogTarget {
    type Err = BadSyslog;

    fn from_str(text: &str) -> Result<Self, BadSyslog> {
        let bad = || BadSyslog(text.to_owned());
        let text = text.trim();
        if text.starts_with('/') {
            return Ok(Self::Local(text.into()));
        }
        let host = text.strip_prefix("udp://").ok_or_else(bad)?.trim_end_matches('/');
        let with_port = match host.rsplit_once(':') {
            Some((name, port)) if !name.is_empty() && port.parse::<u16>().is_ok() && !name.ends_with(':') => {
                host.to_owned()
            }
            _ if !host.is_empty() && !host.contains([':', ' ']) => format!("{host}:514"),
            _ => return Err(bad()),
        };
        Ok(Self::Udp(with_port))
    }
}

impl fmt::Display for SyslogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => write!(f, "{}", path.display()),
            Self::Udp(host) => write!(f, "udp://{host}"),
        }
    }
}

/// Messages to syslog.
#[derive(Debug)]
pub struct SyslogChannel {
    target: SyslogTarget,
    host: String,
}

impl SyslogChannel {
    /// To a target, from this host.
    pub fn new(target: SyslogTarget, host: &str) -> Self {
        let host: String = host.chars().filter(char::is_ascii_graphic).take(255).collect();
        Self { target, host: if host.is_empty() { "-".to_owned() } else { host } }
    }

    pub(super) async fn deliver(&self, alert: &Alert) -> Result<(), String> {
        let message = message(alert, &self.host);
        let failed = |error: std::io::Error| format!("{}: {error}", self.target);
        match &self.target {
            SyslogTarget::Local(path) => local(path.clone(), message).await.map_err(failed),
            SyslogTarget::Udp(host) => udp(host.clone(), message).await.map_err(failed),
        }
    }
}

async fn udp(host: String, message: Vec<u8>) -> std::io::Result<()> {
    let name = host.clone();
    let addresses = tokio::task::spawn_blocking(move || name.to_socket_addrs().map(Vec::from_iter)).await;
    let addresses: Vec<SocketAddr> = addresses.map_err(std::io::Error::other)??;
    let to = addresses.first().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?;
    let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = tokio::net::UdpSocket::bind(from).await?;
    // Connected, so that a host that refuses is heard of, sometimes.
    socket.connect(to).await?;
    socket.send(&message).await.map(drop)
}

#[cfg(unix)]
async fn local(path: PathBuf, message: Vec<u8>) -> std::io::Result<()> {
    let socket = tokio::net::UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.send(&message).await.map(drop)
}

#[cfg(not(unix))]
async fn local(_: PathBuf, _: Vec<u8>) -> std::io::Result<()> {
    Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
}

/// The message: priority, time, host, the kind as the id, and the text with what to do next.
fn message(alert: &Alert, host: &str) -> Vec<u8> {
    let priority = DAEMON * 8 + alert.kind.severity();
    let mut text = format!("{} (forest {})", alert.summary, alert.forest);
    for object in alert.objects.iter().filter(|_| alert.count > 1) {
        text.push_str("; ");
        text.push_str(object.dn.as_deref().unwrap_or_default());
    }
    let next = alert.next.first().map(|next| format!("; next: {next}")).unwrap_or_default();
    // Our own process number is the agent's, which syslog knows of its own socket.
    let head = format!(
        "<{priority}>1 {} {host} adrecover {} {} - ",
        alert.at,
        std::process::id(),
        alert.kind.name()
    );
    let text = printable(&text);
    let room = MOST.saturating_sub(head.len() + next.len() + 3);
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // A text in UTF-8 begins with the mark (RFC 5424 6.4).
    [head.as_bytes(), b"\xef\xbb\xbf", &text.as_bytes()[..end], next.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertKind, AlertObject};

    fn alert() -> Alert {
        Alert::new(AlertKind::MassDeletion, "a.example", Default::default(), "500 objects\nwere deleted")
    }

    #[test]
    fn targets_are_read() {
        let read = |text: &str| text.parse::<SyslogTarget>().map(|t| t.to_string()).ok();
        assert_eq!(read("/dev/log").as_deref(), Some("/dev/log"));
        assert_eq!(read("udp://log.example:1514").as_deref(), Some("udp://log.example:1514"));
        assert_eq!(read("udp://log.example").as_deref(), Some("udp://log.example:514"));
        assert_eq!(read("udp://[::1]:514").as_deref(), Some("udp://[::1]:514"));
        for bad in ["", "log.example", "tcp://x", "udp://", "udp://:514", "udp://a b", "udp://x:99999"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_message_is_whole_and_short() {
        let mut alert = alert();
        alert.next.push("adrecover history".to_owned());
        let text = String::from_utf8(message(&alert, "host")).unwrap();
        let id = std::process::id();
        assert_eq!(
            text,
            format!(
                "<25>1 1970-01-01T00:00:00Z host adrecover {id} massDeletion - \u{feff}500 objects\\nwere deleted (forest \
                 a.example); next: adrecover history"
            )
        );
        alert.count = 20;
        let guid = adrecover_core::ObjectGuid::from_wire(&[7; 16]).unwrap();
        for _ in 0..20 {
            let dn = Some("CN=ü".repeat(100));
            let (deleted_at, because) = (String::new(), vec![]);
            alert.objects.push(AlertObject { guid, dn, deleted_at, deleted_on: None, because });
        }
        let octets = message(&alert, "host");
        assert!(octets.len() <= MOST && octets.len() > MOST - 5);
        assert!(String::from_utf8(octets).unwrap().ends_with("; next: adrecover history"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn it_arrives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let local = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        let remote = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let targets =
            [SyslogTarget::Local(path), format!("udp://{}", remote.local_addr().unwrap()).parse().unwrap()];
        for target in targets {
            SyslogChannel::new(target, "a host\n").deliver(&alert()).await.unwrap();
        }
        let mut buffer = [0; 4096];
        for length in [local.recv(&mut buffer).unwrap(), remote.recv(&mut buffer).unwrap()] {
            assert!(
                String::from_utf8_lossy(&buffer[..length])
                    .starts_with("<25>1 1970-01-01T00:00:00Z ahost adr")
            );
        }
        let missing = SyslogChannel::new(SyslogTarget::Local(folder.path().join("none")), "h");
        assert!(missing.deliver(&alert()).await.unwrap_err().contains("none"));
    }
}
