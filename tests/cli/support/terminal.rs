//! A terminal for the program's questions.

use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("terminal.py");

/// A command that runs another one on a pseudo-terminal and answers its questions.
pub(super) fn command(inner: &Command, answers: &[(&str, &str)]) -> Command {
    let system = "/usr/bin/python3";
    let python = if std::path::Path::new(system).exists() { system } else { "python3" };
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).arg(serde_json::to_string(answers).unwrap());
    command.arg(inner.get_program()).args(inner.get_args());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = inner.get_current_dir() {
        command.current_dir(folder);
    }
    command.stdin(Stdio::null());
    command
}
