//! An agent as a process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::{place, wait};
use crate::support::{Output, Run, Scene};

/// An agent that runs, and what it has said so far.
pub(crate) struct Running {
    run: Run,
    child: Option<Child>,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts one that keeps the journal of a scene, and waits until it has read everything.
    #[track_caller]
    pub(crate) fn start(scene: &Scene, options: &[&str]) -> Self {
        let running = Self::begin(agent(scene, options));
        running.hears("the change journal is");
        wait("the first pass", || {
            let journal = super::place(scene);
            journal.exists() && {
                let contexts = super::journal(scene).contexts().unwrap();
                contexts.len() == 5 && contexts.iter().all(|context| context.completed.is_some())
            }
        });
        running
    }

    /// Starts it.
    pub(crate) fn begin(run: Run) -> Self {
        let mut child = run.command().spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (stderr, heard) = (child.stderr.take().unwrap(), Arc::clone(&said));
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut heard = heard.lock().unwrap();
                heard.push_str(&line);
                heard.push('\n');
            }
        });
        Self { run, child: Some(child), said, reader: Some(reader) }
    }

    /// What it has said.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it says something, and gives the line.
    #[track_caller]
    pub(crate) fn hears(&self, what: &str) -> String {
        let mut found = None;
        wait(what, || {
            found = self.said().lines().find(|line| line.contains(what)).map(str::to_owned);
            found.is_some()
        });
        found.unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Sends the termination signal, and waits for the end.
    #[track_caller]
    pub(crate) fn stop(mut self) -> Output {
        let status = Command::new("kill").arg(self.id().to_string()).status().unwrap();
        assert!(status.success());
        self.end()
    }

    /// Kills it.
    #[track_caller]
    pub(crate) fn kill(mut self) -> Output {
        self.child.as_mut().unwrap().kill().unwrap();
        self.end()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> Output {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let mut output = self.run.output(output);
        output.stderr = self.said();
        self.run.shows_no_secret(&output);
        output
    }
}

/// A test that failed leaves none behind.
impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `agent run` for the journal of a scene, before it is started. It tells health and metrics nowhere, unless it is told to.
pub(crate) fn agent(scene: &Scene, options: &[&str]) -> Run {
    let run = scene.program().args(["agent", "run", "--journal"]).arg(place(scene)).args(options);
    if options.contains(&"--listen") { run } else { run.args(["--listen", "none"]) }
}
