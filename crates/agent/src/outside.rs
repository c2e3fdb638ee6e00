//! What goes on beside the loop, on a thread of its own: health and metrics, the delivery of alerts, and whether the agent is blind.
//! None of it waits for the loop, and the loop waits for none of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::alert::{self, AlertOptions};
use crate::post::{self, Channel};
use crate::shared::Shared;
use crate::web::{self, Limits};

/// How long after its start the agent may be blind.
const GRACE: Duration = Duration::from_secs(120);
/// How often it is looked whether the agent is blind.
const LOOK: Duration = Duration::from_secs(1);

/// What goes on beside the loop.
#[derive(Debug)]
pub(crate) struct Outside {
    stop: Option<oneshot::Sender<Duration>>,
    ended: mpsc::Receiver<()>,
}

impl Outside {
    /// Begins. With `is_once` nothing is told to others, and nobody looks whether the agent is blind, but at the end.
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        channels: Vec<Channel>,
        listen: Option<SocketAddr>,
        alerts: &AlertOptions,
        is_once: bool,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = mpsc::channel();
        let (shared, alerts) = (Arc::clone(shared), alerts.clone());
        std::thread::Builder::new().name("agent-outside".to_owned()).spawn(move || {
            runtime.block_on(async {
                for channel in channels {
                    tokio::spawn(post::deliver(Arc::clone(&shared), channel));
                }
                if !is_once {
                    if let Some(address) = listen {
                        let limits = Limits { blind_after: alerts.blind_after };
                        tokio::spawn(web::serve(Arc::clone(&shared), address, limits));
                    }
                    tokio::spawn(watch(Arc::clone(&shared), alerts));
                }
                // A loop that is gone without a word stops it, too.
                let patience = stopped.await.unwrap_or_default();
                let end = Instant::now() + patience;
                while !post::is_done(&shared) && Instant::now() < end {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            });
            // A host name may still be looked up.
            runtime.shutdown_background();
            let _ = end.send(());
        })?;
        Ok(Self { stop: Some(stop), ended })
    }

    /// Ends it, once what waits is delivered, or after a time. What is not delivered then is kept.
    pub(crate) fn end(&mut self, patience: Duration) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(patience);
            let _ = self.ended.recv_timeout(patience + Duration::from_secs(2));
        }
    }
}

async fn watch(shared: Arc<Shared>, alerts: AlertOptions) {
    // Who was stopped for a while does not see at once.
    tokio::time::sleep(GRACE.min(alerts.blind_after)).await;
    loop {
        tokio::time::sleep(LOOK).await;
        alert::look_for_silence(&shared, &alerts);
    }
}
