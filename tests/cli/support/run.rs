//! The program, started in an environment that holds nothing but what a test gives it.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::lab::Account;
use super::output::Output;
use super::scene::Secrets;
use super::terminal;

/// The program with its arguments and variables, before it is started.
#[must_use]
pub(crate) struct Run {
    arguments: Vec<OsString>,
    variables: Vec<(String, OsString)>,
    stdin: Option<Vec<u8>>,
    folder: PathBuf,
    secrets: Secrets,
    /// The lab whose accounts log on with tickets instead of passwords.
    #[cfg(feature = "kerberos")]
    tickets: Option<&'static super::lab::Lab>,
}

impl Run {
    /// In a folder, in which its home is.
    pub(crate) fn new(folder: &Path, secrets: Secrets) -> Self {
        Self {
            arguments: vec![],
            variables: vec![("HOME".into(), folder.into()), ("TZ".into(), "UTC".into())],
            stdin: None,
            folder: folder.to_owned(),
            secrets,
            #[cfg(feature = "kerberos")]
            tickets: None,
        }
    }

    /// With arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// With one more argument.
    pub(crate) fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        self.args([argument])
    }

    /// With a variable, in place of an earlier one of that name.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Without a variable.
    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// On another server.
    pub(crate) fn server(self, url: &str) -> Self {
        self.env("ADRECOVER_SERVER", url)
    }

    /// As another account.
    pub(crate) fn account(self, account: &Account) -> Self {
        self.env("ADRECOVER_USER", &account.name).env("ADRECOVER_PASSWORD_FILE", &account.password_file)
    }

    /// With something on standard input, which else is empty.
    pub(crate) fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(text.as_ref().to_vec());
        self
    }

    /// Logs on with tickets of a lab's accounts wherever a test leaves the usual connection alone: its own server, LDAPS, and an
    /// account with a password that gets a ticket.
    #[cfg(feature = "kerberos")]
    pub(super) fn with_tickets(mut self, lab: &'static super::lab::Lab) -> Self {
        self.tickets = Some(lab);
        self
    }

    /// The variables for that; `None` where a password is used.
    #[cfg(feature = "kerberos")]
    fn of_ticket(&self) -> Option<Vec<(String, OsString)>> {
        let lab = self.tickets.filter(|lab| lab.has_kerberos())?;
        let of = |name: &str| self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let special = [
            "--server",
            "--user",
            "--password-file",
            "--starttls",
            "--insecure",
            "--ca",
            "--profile",
            "--kerberos",
        ];
        let is_usual = of("ADRECOVER_SERVER")? == OsStr::new(&lab.server)
            && of("ADRECOVER_CA")? == lab.ca.as_os_str()
            && of("ADRECOVER_PASSWORD").is_none()
            && self.stdin.is_none()
            && !self.arguments.iter().any(|a| special.iter().any(|s| a.to_string_lossy().starts_with(s)));
        let account = Account {
            name: of("ADRECOVER_USER")?.to_str()?.to_owned(),
            password_file: of("ADRECOVER_PASSWORD_FILE")?.into(),
        };
        let cache = if is_usual { super::tickets::shared(lab, &account)? } else { return None };
        let replaced = ["ADRECOVER_SERVER", "ADRECOVER_PASSWORD_FILE", "ADRECOVER_CA"];
        let mut variables = self.variables.clone();
        variables.retain(|(name, _)| !replaced.contains(&name.as_str()));
        variables.push(("ADRECOVER_SERVER".into(), format!("ldap://{}", lab.address).into()));
        variables.push(("ADRECOVER_KERBEROS".into(), "1".into()));
        variables.push(("KRB5_CONFIG".into(), lab.setting("LAB_KRB5_CONF").into()));
        variables.push(("KRB5CCNAME".into(), format!("FILE:{}", cache.display()).into()));
        Some(variables)
    }

    /// Its command, for what has to hold the process itself. Standard input is empty, the outputs are pipes.
    pub(crate) fn command(&self) -> Command {
        #[cfg(feature = "kerberos")]
        let changed = self.of_ticket();
        #[cfg(not(feature = "kerberos"))]
        let changed: Option<Vec<(String, OsString)>> = None;
        let variables = changed.as_ref().unwrap_or(&self.variables);
        let mut command = Command::new(env!("CARGO_BIN_EXE_adrecover"));
        command
            .args(&self.arguments)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it and waits for its end. No secret may be in what it prints.
    #[track_caller]
    pub(crate) fn run(self) -> Output {
        let mut command = self.command();
        if self.stdin.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().unwrap();
        if let Some(text) = &self.stdin {
            // It may end without having read all of it.
            let _ = child.stdin.take().unwrap().write_all(text);
        }
        let output = self.output(child.wait_with_output().unwrap());
        self.shows_no_secret(&output);
        output
    }

    /// Insists that no secret is in what it printed.
    #[track_caller]
    pub(crate) fn shows_no_secret(&self, output: &Output) {
        self.secrets.are_not_in(&output.stdout, output);
        self.secrets.are_not_in(&output.stderr, output);
    }

    /// Starts it on a terminal of its own and types an answer each time a question is shown. What the terminal shows is
    /// standard output.
    #[track_caller]
    pub(crate) fn on_terminal(self, answers: &[(&str, &str)]) -> Output {
        let inner = self.command();
        let output = terminal::command(&inner, answers).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        self.output(output)
    }

    /// What a process that [`Self::command`] started left.
    pub(crate) fn output(&self, output: std::process::Output) -> Output {
        let words: Vec<_> = self.arguments.iter().map(|a| a.to_string_lossy()).collect();
        Output {
            command: format!("adrecover {}", words.join(" ")),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}
