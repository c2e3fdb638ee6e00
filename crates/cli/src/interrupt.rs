//! Ctrl-C: the first one asks to stop, the second one ends at once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::error::CliError;
use crate::password;
use crate::printer::{Asking, Printer};

/// Whether somebody asked to stop. Clones share the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    asked: AtomicBool,
    watching: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// Whether Ctrl-C was pressed. Commands that change something ask between steps.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// From here on, Ctrl-C and the termination signal set the flag instead of ending the program. Call it after passwords were
    /// asked for: until then the system's own handling is the right one.
    pub(crate) fn watch(&self, printer: &Arc<Printer>) {
        if self.0.watching.swap(true, Ordering::SeqCst) {
            return;
        }
        let (stop, printer) = (self.clone(), Arc::clone(printer));
        // In a thread of its own: the program's may be waiting for an answer to a question, or for a pipe.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(signal());
            if Asking::is_on() {
                end();
            }
            stop.ask();
            printer.note("stopping; press Ctrl-C again to end at once");
            runtime.block_on(signal());
            end();
        });
    }

    /// Asks to stop when the terminal is closed, too, for what has to tidy up behind itself. Call it where there is a
    /// terminal: else `nohup` would be undone.
    #[cfg(unix)]
    pub(crate) fn watch_terminal(&self) {
        use tokio::signal::unix::{SignalKind, signal};
        // What cannot be watched ends the program at once, as it would otherwise.
        let Ok(mut closed) = signal(SignalKind::hangup()) else { return };
        let stop = self.clone();
        tokio::spawn(async move {
            closed.recv().await;
            stop.ask();
        });
    }

    /// Windows ends the program's console with it.
    #[cfg(not(unix))]
    pub(crate) fn watch_terminal(&self) {}

    /// Asks to stop.
    pub(crate) fn ask(&self) {
        self.0.asked.store(true, Ordering::SeqCst);
        self.0.notify.notify_waiters();
    }

    /// Waits until somebody asks to stop; at once where somebody has.
    pub(crate) async fn asked(&self) {
        let asked = self.0.notify.notified();
        if !self.is_asked() {
            asked.await;
        }
    }

    /// Runs what only reads, until it ends or somebody asks to stop.
    pub(crate) async fn unless_asked<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        let asked = self.0.notify.notified();
        tokio::select! {
            biased;
            result = work => result,
            () = asked => Err(CliError::interrupted()),
        }
    }
}

/// Ends the program whatever it is doing: at a question, or at the second Ctrl-C. The terminal is left as it was found.
fn end() -> ! {
    password::restore_echo();
    #[expect(
        clippy::exit,
        reason = "Ctrl-C at a question, or the second one, must end the program whatever it is doing"
    )]
    std::process::exit(130);
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let ctrl_c = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = ctrl_c => {}
            _ = terminate.recv() => {}
        },
        Err(_) => drop(ctrl_c.await),
    }
}

/// Ctrl-C, Ctrl-Break, or the console's window is closed: Windows leaves five seconds then.
#[cfg(windows)]
async fn signal() {
    use tokio::signal::windows::{ctrl_break, ctrl_close};
    let ctrl_c = tokio::signal::ctrl_c();
    match (ctrl_break(), ctrl_close()) {
        (Ok(mut broken), Ok(mut closed)) => tokio::select! {
            _ = ctrl_c => {}
            _ = broken.recv() => {}
            _ = closed.recv() => {}
        },
        _ => drop(ctrl_c.await),
    }
}
