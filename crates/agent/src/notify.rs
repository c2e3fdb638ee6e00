//! Tells the service manager how the agent stands: systemd's notification protocol (sd_notify(3)), a datagram of lines; or a
//! function, where the manager is asked in another way.

use std::ffi::OsStr;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The service manager, where there is one.
#[derive(Default)]
pub struct Notifier {
    #[cfg(unix)]
    to: Option<(std::os::unix::net::UnixDatagram, std::os::unix::net::SocketAddr)>,
    /// What is called when the agent is ready.
    when_ready: Option<Arc<dyn Fn() + Send + Sync>>,
    /// How often it wants to hear that the agent lives.
    watchdog: Option<Duration>,
}

/// A line of a status is not longer.
const LONGEST: usize = 300;

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("watchdog", &self.watchdog).finish_non_exhaustive()
    }
}

impl Notifier {
    /// One that only wants to hear when the agent is ready: the journal is open, and a domain controller connected.
    pub fn when_ready(call: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { when_ready: Some(call), ..Self::default() }
    }

    /// The one that `NOTIFY_SOCKET` names, with the time of `WATCHDOG_USEC`.
    #[cfg(unix)]
    pub fn of(socket: &OsStr, watchdog: Option<Duration>) -> Result<Self, String> {
        let fail = |error: std::io::Error| format!("NOTIFY_SOCKET cannot be used: {error}");
        let address = address(socket).map_err(fail)?;
        let from = std::os::unix::net::UnixDatagram::unbound().map_err(fail)?;
        // Nothing is worth waiting for here.
        from.set_nonblocking(true).map_err(fail)?;
        let watchdog = watchdog.filter(|time| !time.is_zero());
        Ok(Self { to: Some((from, address)), watchdog, ..Self::default() })
    }

    /// There is none elsewhere.
    #[cfg(not(unix))]
    pub fn of(_: &OsStr, _: Option<Duration>) -> Result<Self, String> {
        Ok(Self::default())
    }

    /// How often to tell that the agent lives: twice as often as it is wanted.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        self.watchdog.map(|time| time / 2)
    }

    pub(crate) fn ready(&self) {
        if let Some(call) = &self.when_ready {
            call();
        }
        self.send("READY=1");
    }

    pub(crate) fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    pub(crate) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// What it does now, for people.
    pub(crate) fn status(&self, text: &str) {
        let line = adrecover_core::text::printable(text);
        let short: String = line.chars().take(LONGEST).collect();
        self.send(&format!("STATUS={short}"));
    }

    /// A manager that does not listen misses it.
    #[cfg(unix)]
    fn send(&self, message: &str) {
        if let Some((from, to)) = &self.to {
            let _ = from.send_to_addr(message.as_bytes(), to);
        }
    }

    #[cfg(not(unix))]
    fn send(&self, _: &str) {}
}

/// A path, or on Linux a name that begins with `@`.
#[cfg(unix)]
fn address(socket: &OsStr) -> std::io::Result<std::os::unix::net::SocketAddr> {
    use std::os::unix::ffi::OsStrExt;
    match socket.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt;
            std::os::unix::net::SocketAddr::from_abstract_name(name)
        }
        [b'/', ..] => std::os::unix::net::SocketAddr::from_pathname(socket),
        _ => Err(std::io::Error::from(std::io::ErrorKind::InvalidInput)),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn it_tells_by_datagrams() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::of(path.as_os_str(), Some(Duration::from_secs(30))).unwrap();
        assert_eq!(notifier.watchdog(), Some(Duration::from_secs(15)));
        notifier.ready();
        notifier.status("a\nREADY=1");
        notifier.stopping();
        let mut heard = vec![];
        for _ in 0..3 {
            let mut buffer = [0; 1000];
            let length = manager.recv(&mut buffer).unwrap();
            heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        assert_eq!(heard, ["READY=1", "STATUS=a\\nREADY=1", "STOPPING=1"]);
        // Nobody reads: it does not wait.
        (0..10_000).for_each(|_| notifier.alive());
    }

    #[test]
    fn it_tells_by_a_call() {
        let (tell, heard) = std::sync::mpsc::channel();
        let notifier = Notifier::when_ready(Arc::new(move || {
            let _ = tell.send(());
        }));
        notifier.alive();
        assert!(heard.try_recv().is_err());
        notifier.ready();
        assert!(heard.try_recv().is_ok() && notifier.watchdog().is_none());
    }

    #[test]
    fn what_is_no_socket_is_said() {
        assert!(Notifier::of(OsStr::new("relative"), None).is_err());
        assert!(Notifier::of(OsStr::new(""), None).is_err());
        assert!(Notifier::of(OsStr::new("/no/such"), Some(Duration::ZERO)).unwrap().watchdog().is_none());
    }
}
