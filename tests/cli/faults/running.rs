//! The program as a process: watched, signalled, killed, and never waited for without an end.

use std::io::Read;
use std::process::{Child, Command, ExitStatus};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::proxy::Proxy;
use crate::support::{Output, Run};

/// No run may take longer, whatever breaks.
const LIMIT: Duration = Duration::from_secs(60);

/// A run under way. It is killed when this value is dropped before its end.
pub(crate) struct Running {
    run: Run,
    child: Child,
    outputs: Option<[JoinHandle<Vec<u8>>; 2]>,
    began: Instant,
}

impl Running {
    /// Starts it as it is.
    pub(crate) fn start(run: Run) -> Self {
        let command = run.command();
        Self::start_by(run, command)
    }

    /// Starts it by another command than its own.
    pub(crate) fn start_by(run: Run, mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let outputs = [collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap())];
        Self { run, child, outputs: Some(outputs), began: Instant::now() }
    }

    /// Waits until the proxy stands still at its place; `false` where the program ends before.
    pub(crate) fn reaches(&mut self, proxy: &Proxy) -> bool {
        loop {
            if proxy.is_reached() {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return proxy.is_reached();
            }
            self.is_in_time();
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> Output {
        self.child.kill().unwrap();
        self.end()
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Output {
        let status = self.status();
        let [stdout, stderr] = self.outputs.take().unwrap().map(|thread| thread.join().unwrap());
        self.run.output(std::process::Output { status, stdout, stderr })
    }

    /// Waits for the end, and says how long it took.
    pub(crate) fn end_in_time(self) -> (Output, Duration) {
        let began = self.began;
        (self.end(), began.elapsed())
    }

    fn status(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            self.is_in_time();
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn is_in_time(&self) {
        assert!(self.began.elapsed() < LIMIT, "the program hangs");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut octets = vec![];
        stream.read_to_end(&mut octets).unwrap();
        octets
    })
}
