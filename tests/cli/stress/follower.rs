//! `adrecover agent run` as a process, killed and started again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use adrecover_journal::Journal;

use crate::support::{Account, Run, Scene};

/// How long an agent may take for anything.
const LIMIT: Duration = Duration::from_secs(60);

/// An agent with its journal. It is killed when this value is dropped.
pub(super) struct Follower<'a> {
    scene: &'a Scene,
    pub(super) account: Account,
    server: String,
    more: Vec<String>,
    before: Vec<String>,
    path: PathBuf,
    log: PathBuf,
    child: Option<Child>,
}

impl<'a> Follower<'a> {
    /// Of an account of the lab; it does not run yet.
    pub(super) fn new(scene: &'a Scene, who: &str) -> Self {
        let folder = scene.file(&format!("agent-{who}"));
        Self::at(scene, who, folder.join("changes-contoso.test.db"))
    }

    /// With this very file.
    pub(super) fn at(scene: &'a Scene, who: &str, path: PathBuf) -> Self {
        Self {
            scene,
            account: scene.lab.account(who),
            server: scene.lab.server.clone(),
            more: vec!["--interval".into(), "3s".into(), "--listen".into(), "none".into()],
            before: vec![],
            path,
            log: scene.file(&format!("agent-{who}.log")),
            child: None,
        }
    }

    /// By this command, which is given the program and its arguments.
    pub(super) fn by<const N: usize>(&mut self, command: [&str; N]) {
        self.before = command.map(str::to_owned).into();
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn run(&self) -> Run {
        let run = self.scene.program().account(&self.account).server(&self.server);
        run.args(["agent", "run", "--journal"]).arg(&self.path).args(&self.more)
    }

    pub(super) fn start(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let run = self.run();
        let inner = run.command();
        let mut command = match self.before.split_first() {
            None => run.command(),
            Some((first, rest)) => {
                let mut outer = Command::new(first);
                outer.args(rest).arg(inner.get_program()).args(inner.get_args()).env_clear();
                outer.envs(inner.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
                outer
            }
        };
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// `kill -9`. Whatever it was about to do is not done.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Ends it in the orderly way.
    pub(super) fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            if let Some(status) = child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(0), "{}", self.said());
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        panic!("it does not end: {}", self.said());
    }

    /// Whether it runs, and has not ended by itself.
    pub(super) fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// One pass, to its end.
    pub(super) fn once(&self) {
        self.run().arg("--once").run().exits(0);
    }

    /// What it has said so far.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What is in its journal, if there is one and it can be read.
    pub(super) fn journal(&self) -> Option<Journal> {
        Journal::open(&self.path, None).ok()
    }

    /// Waits until it is so.
    #[track_caller]
    pub(super) fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) -> Duration {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < LIMIT, "{what}: not after {LIMIT:?}\n{}", self.said());
            assert!(self.child.is_none() || self.is_running(), "{what}: it ended\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        began.elapsed()
    }

    /// Waits until it has said that.
    #[track_caller]
    pub(super) fn says(&mut self, text: &str) -> Duration {
        self.until(text, |follower| follower.said().contains(text))
    }

    /// Waits until all naming contexts are read to their end.
    #[track_caller]
    pub(super) fn is_complete(&mut self) {
        self.until("the first full read", |follower| {
            let contexts = follower.journal().and_then(|journal| journal.contexts().ok()).unwrap_or_default();
            contexts.len() == 5 && contexts.iter().all(|c| c.completed.is_some() && !c.is_reading)
        });
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        self.kill();
    }
}
