//! The connection: a thread of its own drives it, so that whoever asks may be anywhere, inside a runtime as well.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use tokio_postgres::config::SslMode as Negotiated;
use tokio_postgres::{Client, Config};

use super::failed::{self, failed};
use super::tls::Tls;
use crate::StoreError;
use crate::address::{Host, PostgresAddress, SslMode};

/// A server that was cut off is noticed after about a minute, whatever the network says.
const SILENCE: Duration = Duration::from_secs(30);
/// How long resolving a name may take besides the connection.
const RESOLVING: Duration = Duration::from_secs(20);
/// How long an orderly end may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// A connection.
pub(super) struct Link {
    client: Option<Arc<Client>>,
    thread: Option<JoinHandle<()>>,
}

impl Link {
    /// Connects. What the session is called tells an administrator who it is.
    pub(super) fn connect(address: &PostgresAddress, name: &str) -> Result<Self, StoreError> {
        let (config, tls) = (configuration(address, name), Tls::new(address)?);
        let patience = address.connect_timeout.saturating_add(RESOLVING);
        let (told, connected) = mpsc::channel();
        let driver = move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(told.send(Err(StoreError::Other(error.into())))),
            };
            runtime.block_on(async {
                match config.connect(tls).await {
                    Ok((client, connection)) => {
                        // Whoever waited may have gone; the connection then ends by itself.
                        let _ = told.send(Ok(client));
                        // What ended it the statements say that were under way.
                        let _ = connection.await;
                    }
                    Err(error) => drop(told.send(Err(failed(&error)))),
                }
            });
            // A host name may still be looked up.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new()
            .name("journal-postgres".to_owned())
            .spawn(driver)
            .map_err(|error| StoreError::Other(error.into()))?;
        let client =
            connected.recv_timeout(patience).map_err(|_| failed::lost("the server does not answer"))??;
        Ok(Self { client: Some(Arc::new(client)), thread: Some(thread) })
    }

    pub(super) fn client(&self) -> Result<&Arc<Client>, StoreError> {
        self.client.as_ref().ok_or_else(|| failed::lost("the connection is closed"))
    }

    /// Whether it is of no more use.
    pub(super) fn is_closed(&self) -> bool {
        self.client.as_ref().is_none_or(|client| client.is_closed())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The thread ends once nobody has the client any more and the server was told so.
        self.client = None;
        let Some(thread) = self.thread.take() else { return };
        let end = Instant::now() + FAREWELL;
        while !thread.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn configuration(address: &PostgresAddress, name: &str) -> Config {
    let mut config = Config::new();
    match &address.host {
        Host::Name(host) => config.host(host),
        #[cfg(unix)]
        Host::Socket(folder) => config.host_path(folder),
        #[cfg(not(unix))]
        Host::Socket(folder) => config.host(folder.to_string_lossy()),
    };
    config
        .port(address.port)
        .user(&address.user)
        .dbname(&address.database)
        .application_name(name)
        .connect_timeout(address.connect_timeout)
        .keepalives_idle(SILENCE)
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(3)
        .tcp_user_timeout(SILENCE * 2)
        .ssl_mode(match address.tls() {
            SslMode::Disable => Negotiated::Disable,
            SslMode::Prefer => Negotiated::Prefer,
            SslMode::Require | SslMode::VerifyFull => Negotiated::Require,
        });
    if let Some(password) = &address.password {
        config.password(password.as_bytes());
    }
    config
}

/// Wakes a thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for something that another thread drives. It needs no runtime here, and is not in the way of one.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
