//! A proxy between the program and a domain controller that breaks the connection at a chosen place.
//!
//! TLS hides the LDAP messages but not where each begins: the program sends every request as one TLS record, so its
//! n-th record of application data is its n-th request. (The first one ends the handshake.) Replies of the server are
//! counted in the same way, though one record may hold many entries of a search.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Where it breaks. Counted over all connections of one proxy, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere.
    Never,
    /// At this record of the program.
    Request(usize),
    /// At this record of the server.
    Reply(usize),
}

/// How it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not at all: the test is told, and when it lets go everything goes on.
    Pause,
    /// Closed before the record is passed on.
    Unsent,
    /// The server gets the request and answers; the answer is swallowed and the connection closed.
    Unanswered,
    /// The server gets the request, and the program a reset in place of the answer.
    Reset,
    /// The server gets the request and answers; the program waits for it until it gives up.
    Stalled,
    /// The server gets the request only when the program has given this connection up.
    Late,
    /// Half of the record is passed on, then the connection is closed.
    Torn,
}

impl Fault {
    /// Whether the program waits for an answer until its patience is over.
    pub(crate) fn is_silence(self) -> bool {
        matches!(self, Self::Stalled | Self::Late)
    }
}

/// What the program meets when it connects again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// The server.
    Serves,
    /// Nobody: the connection is refused.
    Refuses,
    /// A connection on which nothing ever comes.
    Silent,
}

/// What happens on the way of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    pub(crate) place: Place,
    pub(crate) fault: Fault,
    pub(crate) after: After,
}

impl Script {
    /// Nothing but counting.
    pub(crate) const QUIET: Self = Self { place: Place::Never, fault: Fault::Pause, after: After::Serves };

    /// A fault at a request, after which the server can be reached again.
    pub(crate) fn at_request(n: usize, fault: Fault) -> Self {
        Self { place: Place::Request(n), fault, after: After::Serves }
    }
}

/// A running proxy. It ends with this value.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    reached: mpsc::Receiver<()>,
    go_on: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    script: Script,
    upstream: SocketAddr,
    requests: AtomicUsize,
    replies: AtomicUsize,
    /// Whether the place was reached: what comes after it is a new life.
    broken: AtomicBool,
    stop: Notify,
    gone: Notify,
    reached: Mutex<mpsc::Sender<()>>,
    let_go: Mutex<mpsc::Receiver<()>>,
}

impl Proxy {
    /// Listens at an address (port 0: any) and leads to another.
    pub(crate) fn start(listen: SocketAddr, upstream: SocketAddr, script: Script) -> Self {
        let (reached_tx, reached) = mpsc::channel();
        let (go_on, let_go) = mpsc::channel();
        let shared = Arc::new(Shared {
            script,
            upstream,
            requests: AtomicUsize::new(0),
            replies: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
            stop: Notify::new(),
            gone: Notify::new(),
            reached: Mutex::new(reached_tx),
            let_go: Mutex::new(let_go),
        });
        let listener = std::net::TcpListener::bind(listen).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, theirs));
        });
        Self { address, shared, reached, go_on: Some(go_on), thread: Some(thread) }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    /// How many records the program has sent so far.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// How many records the server has sent so far.
    pub(crate) fn replies(&self) -> usize {
        self.shared.replies.load(Ordering::SeqCst)
    }

    /// Whether the place has been reached; waits a moment for it. From then on everything stands still until
    /// [`Self::go_on`].
    pub(crate) fn is_reached(&self) -> bool {
        self.reached.recv_timeout(Duration::from_millis(5)).is_ok()
    }

    /// Lets the fault happen.
    pub(crate) fn go_on(&self) {
        if let Some(go_on) = &self.go_on {
            let _ = go_on.send(());
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.go_on = None;
        self.shared.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).unwrap();
    let mut listener = Some(listener);
    let mut silent = vec![];
    loop {
        let stream = tokio::select! {
            accepted = async { listener.as_ref().unwrap().accept().await }, if listener.is_some() => accepted,
            () = shared.stop.notified() => return,
            () = shared.gone.notified() => {
                listener = None;
                continue;
            }
        };
        let Ok((client, _)) = stream else { continue };
        match shared.script.after {
            After::Refuses if shared.is_broken() => {}
            After::Silent if shared.is_broken() => silent.push(client),
            _ => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { drop(carry(client, shared).await) });
            }
        }
    }
}

/// Carries one connection until one side closes it or the script breaks it.
async fn carry(client: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let server = TcpStream::connect(shared.upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut client, mut server) = (Side::new(client), Side::new(server));
    loop {
        tokio::select! {
            record = client.next() => {
                let Some(record) = record? else { return Ok(()) };
                if is_data(&record) {
                    let n = shared.requests.fetch_add(1, Ordering::SeqCst) + 1;
                    if shared.script.place == Place::Request(n) && shared.fault_at_request(&mut client, &mut server, &record).await? {
                        return Ok(());
                    }
                }
                server.stream.write_all(&record).await?;
            }
            record = server.next() => {
                let Some(record) = record? else { return Ok(()) };
                if is_data(&record) {
                    let n = shared.replies.fetch_add(1, Ordering::SeqCst) + 1;
                    if shared.script.place == Place::Reply(n) && shared.fault_at_reply(&mut client, &record).await? {
                        return Ok(());
                    }
                }
                client.stream.write_all(&record).await?;
            }
        }
    }
}

fn is_data(record: &[u8]) -> bool {
    const APPLICATION_DATA: u8 = 23;
    record[0] == APPLICATION_DATA
}

impl Shared {
    /// Tells the test, and stands still with every connection until it lets go.
    fn tell(&self) {
        let _ = self.reached.lock().unwrap_or_else(PoisonError::into_inner).send(());
        let _ = self.let_go.lock().unwrap_or_else(PoisonError::into_inner).recv();
        self.broken.store(true, Ordering::SeqCst);
        if self.script.after == After::Refuses {
            self.gone.notify_one();
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Whether the connection is over, and the record dealt with.
    async fn fault_at_request(
        &self,
        client: &mut Side,
        server: &mut Side,
        record: &[u8],
    ) -> io::Result<bool> {
        match self.script.fault {
            Fault::Pause => {
                self.tell();
                return Ok(false);
            }
            Fault::Unsent => self.tell(),
            Fault::Unanswered => {
                server.stream.write_all(record).await?;
                server.answer().await;
                self.tell();
            }
            Fault::Reset => {
                server.stream.write_all(record).await?;
                self.tell();
                client.stream.set_zero_linger()?;
            }
            Fault::Stalled => {
                server.stream.write_all(record).await?;
                server.answer().await;
                self.tell();
                client.closed().await;
            }
            Fault::Late => {
                self.tell();
                client.closed().await;
                server.stream.write_all(record).await?;
                server.answer().await;
            }
            Fault::Torn => {
                self.tell();
                server.stream.write_all(&record[..record.len() / 2]).await?;
            }
        }
        Ok(true)
    }

    /// The same for a record of the server, which can be lost or torn only.
    async fn fault_at_reply(&self, client: &mut Side, record: &[u8]) -> io::Result<bool> {
        self.tell();
        match self.script.fault {
            Fault::Pause => return Ok(false),
            Fault::Torn => client.stream.write_all(&record[..record.len() / 2]).await?,
            Fault::Stalled => client.closed().await,
            Fault::Reset => client.stream.set_zero_linger()?,
            Fault::Unsent | Fault::Unanswered | Fault::Late => {}
        }
        Ok(true)
    }
}

/// One end of a connection, read record by record.
struct Side {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Side {
    fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: vec![] }
    }

    /// The next TLS record; `None` at the end. May be dropped while it waits without losing anything.
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        const HEADER: usize = 5;
        loop {
            if let [_, _, _, high, low, ..] = self.buffer[..] {
                let length = HEADER + usize::from(u16::from_be_bytes([high, low]));
                if self.buffer.len() >= length {
                    return Ok(Some(self.buffer.drain(..length).collect()));
                }
            }
            self.buffer.reserve(16 << 10);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Waits until the server has answered with application data or has closed. The end of a handshake and the end of
    /// the connection have no answer, so that the wait is bounded.
    async fn answer(&mut self) {
        let answered = async {
            while let Ok(Some(record)) = self.next().await {
                if is_data(&record) {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), answered).await;
    }

    /// Waits until the other side has closed.
    async fn closed(&mut self) {
        while let Ok(Some(_)) = self.next().await {}
    }
}
