//! A connection's octets, encrypted or not.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The two kinds.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// TLS from the first octet, or from now on.
    pub(crate) async fn tls(socket: TcpStream, config: &Arc<ServerConfig>) -> io::Result<Self> {
        let accepted = TlsAcceptor::from(Arc::clone(config)).accept(socket).await?;
        Ok(Self::Tls(Box::new(accepted)))
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Reads what there is; 0 at the end.
    pub(crate) async fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read_buf(buffer).await,
            Self::Tls(stream) => stream.read_buf(buffer).await,
        }
    }

    pub(crate) async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(octets).await,
            Self::Tls(stream) => {
                stream.write_all(octets).await?;
                stream.flush().await
            }
        }
    }

    /// Ends the connection in order.
    pub(crate) async fn close(&mut self) {
        // The other end may be gone already.
        let _ = match self {
            Self::Plain(socket) => socket.shutdown().await,
            Self::Tls(stream) => stream.shutdown().await,
        };
    }

    /// Ends it with a reset.
    pub(crate) fn reset(self) {
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.into_inner().0,
        };
        #[expect(deprecated, reason = "a lingering time of nothing is what makes a reset")]
        let _ = socket.set_linger(Some(Duration::ZERO));
    }
}
