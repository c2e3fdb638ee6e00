//! A server for whoever has no runtime: tests that start a program against it.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{Server, ServerOptions};
use crate::Directory;
use crate::directory::Home;

/// A server on a thread of its own. It ends, with all connections, when this is dropped.
pub struct Background {
    server: Arc<Server>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Listens.
    pub fn start(directory: Directory, options: &ServerOptions) -> io::Result<Self> {
        Self::of(|runtime| runtime.block_on(Server::start(directory, options)))
    }

    /// Listens as a domain controller of another domain of the forest, as [`Server::start_beside`] does.
    pub fn start_beside(&self, home: Home, options: &ServerOptions) -> io::Result<Self> {
        Self::of(|runtime| runtime.block_on(self.server.start_beside(home, options)))
    }

    fn of(start: impl FnOnce(&tokio::runtime::Runtime) -> io::Result<Server>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server = Arc::new(start(&runtime)?);
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            // Either way nobody wants it any more.
            let _ = runtime.block_on(stopped);
        });
        Ok(Self { server, stop: Some(stop), thread: Some(thread) })
    }
}

impl Deref for Background {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A thread that has ended already was stopped by a panic, which it has shown itself.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
