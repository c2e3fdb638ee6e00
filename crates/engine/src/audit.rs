//! Tells the system's own log of every write, so that there is a trace that the program's user cannot edit.
//!
//! On Windows nothing is written yet: the event log needs a registered source. [`system`] gives [`NoAudit`] there.

use adrecover_core::ObjectGuid;
use adrecover_core::report::Status;

use crate::journal::OperationId;

/// One write to the directory, or the attempt.
#[derive(Debug, Clone, Copy)]
pub struct AuditEvent<'a> {
    /// The account that the directory knows the program as.
    pub bind_identity: &'a str,
    /// The user of the operating system.
    pub os_user: &'a str,
    /// The DC.
    pub server: &'a str,
    /// The operation.
    pub operation: OperationId,
    /// The object.
    pub guid: ObjectGuid,
    /// The object's DN.
    pub dn: &'a str,
    /// The step's name.
    pub step: &'a str,
    /// What became of it.
    pub outcome: Status,
    /// The reason given for the operation.
    pub reason: Option<&'a str>,
}

/// Takes audit events.
pub trait AuditSink {
    /// Records one. It cannot fail: an absent log never stops a restore.
    fn record(&self, event: &AuditEvent<'_>);
}

/// Records nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAudit;

impl AuditSink for NoAudit {
    fn record(&self, _: &AuditEvent<'_>) {}
}

/// The system's log, and what to tell the user about it: `Some` where there is none.
#[cfg(unix)]
pub fn system() -> (Box<dyn AuditSink>, Option<String>) {
    match unix::Syslog::connect(std::path::Path::new("/dev/log")) {
        Ok(sink) => (Box::new(sink), None),
        Err(error) => (Box::new(NoAudit), Some(format!("no system log: /dev/log: {error}"))),
    }
}

/// The system's log, and what to tell the user about it: `Some` where there is none.
#[cfg(not(unix))]
pub fn system() -> (Box<dyn AuditSink>, Option<String>) {
    (Box::new(NoAudit), Some("writes are not recorded in the event log of Windows".to_owned()))
}

/// The text of an event: `key="value"` pairs, one line whatever the directory holds.
pub fn line(event: &AuditEvent<'_>) -> String {
    let mut out = format!(
        "operation={} step={} outcome={} guid={}",
        event.operation,
        event.step,
        outcome(event.outcome),
        event.guid
    );
    let pairs = [
        ("dn", Some(event.dn)),
        ("server", Some(event.server)),
        ("as", Some(event.bind_identity)),
        ("user", Some(event.os_user)),
        ("reason", event.reason),
    ];
    for (key, value) in pairs {
        if let Some(value) = value {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            out.push_str(&format!(" {key}=\"{}\"", adrecover_core::text::printable(&quoted)));
        }
    }
    out
}

fn outcome(status: Status) -> &'static str {
    match status {
        Status::Planned => "planned",
        Status::Done => "done",
        Status::Unchanged => "unchanged",
        Status::Skipped => "skipped",
        Status::Failed => "failed",
        Status::Undone => "undone",
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::net::UnixDatagram;
    use std::path::Path;

    use super::{AuditEvent, AuditSink, line};

    /// Facility `auth` (4), severity `notice` (5): RFC 3164 4.1.1.
    const PRIORITY: u8 = 4 * 8 + 5;

    /// The local syslog daemon.
    pub(super) struct Syslog(UnixDatagram);

    impl Syslog {
        pub(super) fn connect(path: &Path) -> std::io::Result<Self> {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            // A daemon that does not read must not hold up a restore.
            socket.set_nonblocking(true)?;
            Ok(Self(socket))
        }
    }

    impl AuditSink for Syslog {
        fn record(&self, event: &AuditEvent<'_>) {
            // A local socket takes the message without time and host, as syslog(3) of glibc sends it without host:
            // the daemon adds them.
            let message = format!("<{PRIORITY}>adrecover[{}]: {}", std::process::id(), line(event));
            let _ = self.0.send(message.as_bytes());
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use adrecover_core::report::Status;

        #[test]
        fn an_event_is_one_line_whatever_is_in_it() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log");
            let daemon = UnixDatagram::bind(&path).unwrap();
            let sink = Syslog::connect(&path).unwrap();
            sink.record(&AuditEvent {
                bind_identity: "admin@x",
                os_user: "root",
                server: "dc1",
                operation: "0192f000-0000-7000-8000-000000000000".parse().unwrap(),
                guid: "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f".parse().unwrap(),
                dn: "CN=a\n\"b\",DC=x",
                step: "reanimate",
                outcome: Status::Done,
                reason: Some("ticket 1"),
            });
            let mut buffer = [0; 2000];
            let length = daemon.recv(&mut buffer).unwrap();
            let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
            assert!(text.starts_with("<37>adrecover["), "{text}");
            assert!(text.contains(r#"dn="CN=a\n\"b\",DC=x""#) && text.contains("outcome=done"), "{text}");
            assert!(!text.contains('\n'), "{text}");
        }

        #[test]
        fn no_socket_is_no_error() {
            assert!(Syslog::connect(Path::new("/nonexistent/log")).is_err());
        }
    }
}
