//! Carries pages from Graph to the reader of exports.

use std::io;
use std::path::PathBuf;

use adrecover_core::time::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::{GraphError, RequestIds};
use crate::evidence::{EvidenceError, Loader, Stated};

/// The reader of exports at work: it gives the loader back.
type Reading = JoinHandle<(Loader, Result<(), EvidenceError>)>;

/// Carries pages to the reader of exports, which runs beside: two of them are in memory at a time.
pub(super) struct Feed {
    path: PathBuf,
    at: Timestamp,
    reader: Option<(mpsc::Sender<Vec<u8>>, Reading)>,
}

impl Feed {
    pub(super) fn new(path: PathBuf, at: Timestamp) -> Self {
        Self { path, at, reader: None }
    }

    pub(super) async fn give(
        &mut self,
        loader: &mut Loader,
        stated: &Stated,
        body: Vec<u8>,
    ) -> Result<(), GraphError> {
        let (sender, _) = self.reader.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(1);
            let mut loader = std::mem::take(loader);
            loader.state(&self.path, stated.clone());
            let (path, at) = (self.path.clone(), self.at);
            let task = tokio::task::spawn_blocking(move || {
                let result = loader.add_reader(&path, at, Pipe { receiver, page: io::Cursor::new(vec![]) });
                (loader, result)
            });
            (sender, task)
        });
        // Where the reader has stopped, `end` says why.
        sender.send(body).await.map_err(|_| self.broken("what was sent cannot be read"))
    }

    /// The loader with what was read; the given one where nothing came.
    pub(super) async fn end(self, loader: Loader) -> Result<Loader, GraphError> {
        let broken = self.broken("reading what was sent failed");
        let Some((sender, task)) = self.reader else { return Ok(loader) };
        drop(sender);
        let (loader, result) = task.await.map_err(|_| broken)?;
        result?;
        Ok(loader)
    }

    fn broken(&self, problem: &str) -> GraphError {
        GraphError::BadAnswer {
            what: self.path.display().to_string(),
            problem: problem.to_owned(),
            ids: RequestIds::default(),
        }
    }
}

/// Pages as a reader. When the sender goes away, that is the end.
struct Pipe {
    receiver: mpsc::Receiver<Vec<u8>>,
    page: io::Cursor<Vec<u8>>,
}

impl io::Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.page.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            match self.receiver.blocking_recv() {
                Some(mut page) => {
                    page.push(b'\n');
                    self.page = io::Cursor::new(page);
                }
                None => return Ok(0),
            }
        }
    }
}
