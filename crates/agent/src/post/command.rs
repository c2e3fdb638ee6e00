//! An alert to a program: JSON on its standard input, no shell, no arguments.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::alert::Alert;

/// How long it may take.
const LONGEST: Duration = Duration::from_secs(30);
/// The most of what it says that is kept.
const MOST: u64 = 4096;

/// A program that takes alerts.
#[derive(Debug)]
pub struct CommandChannel {
    program: PathBuf,
    /// Variables that it does not get: secrets, and what belongs to the agent alone.
    without: Vec<OsString>,
    longest: Duration,
}

impl CommandChannel {
    /// A program, which gets the environment without these variables.
    pub fn new(program: PathBuf, without: Vec<OsString>) -> Self {
        Self { program, without, longest: LONGEST }
    }

    pub(super) async fn deliver(&self, alert: &Alert) -> Result<(), String> {
        let octets = alert.document();
        let name = self.program.display();
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        for variable in &self.without {
            command.env_remove(variable);
        }
        let mut child = command.spawn().map_err(|error| format!("{name} cannot be started: {error}"))?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let told = async {
            // One that does not want to know closes it.
            if let Some(mut stdin) = stdin {
                let _ = stdin.write_all(octets.as_bytes()).await;
            }
        };
        let heard = async {
            let mut kept = vec![];
            if let Some(mut stderr) = stderr {
                let _ = (&mut stderr).take(MOST).read_to_end(&mut kept).await;
                let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
            }
            kept
        };
        let ended = async { tokio::join!(child.wait(), told, heard) };
        let Ok((status, (), said)) = tokio::time::timeout(self.longest, ended).await else {
            return Err(format!("{name} did not end within {} seconds", self.longest.as_secs()));
        };
        let status = status.map_err(|error| format!("{name}: {error}"))?;
        if status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&said);
        let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
        let said = adrecover_core::text::printable(&said);
        Err(format!("{name} ended with {status}{}{said}", if said.is_empty() { "" } else { ": " }))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;
    use crate::alert::AlertKind;

    fn script(folder: &Path, text: &str) -> CommandChannel {
        let path = folder.join("alert");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        CommandChannel { longest: Duration::from_secs(5), ..CommandChannel::new(path, vec!["HOME".into()]) }
    }

    fn alert() -> Alert {
        Alert::new(AlertKind::AgentBlind, "a.example", Default::default(), "blind")
    }

    #[tokio::test]
    async fn it_gets_the_document_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let channel =
            script(folder.path(), &format!("cat > {0}; echo \"${{HOME-none}} $#\" >> {0}", out.display()));
        channel.deliver(&alert()).await.unwrap();
        let said = std::fs::read_to_string(out).unwrap();
        let (document, rest) = said.split_once("}").unwrap();
        let document: serde_json::Value = serde_json::from_str(&format!("{document}}}")).unwrap();
        assert_eq!(document["kind"], "agentBlind");
        assert_eq!(rest.trim(), "none 0");
    }

    #[tokio::test]
    async fn failures_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let failed = script(folder.path(), "echo 'no\tway' >&2; exit 3").deliver(&alert()).await.unwrap_err();
        assert!(failed.contains("3") && failed.ends_with("no way"), "{failed}");
        let mut slow = script(folder.path(), "exec sleep 60");
        slow.longest = Duration::from_millis(300);
        assert!(slow.deliver(&alert()).await.unwrap_err().contains("did not end"));
        let loud = script(folder.path(), "yes | head -c 3000000 >&2; exit 1").deliver(&alert()).await;
        assert!(loud.unwrap_err().len() < 400);
        let missing = CommandChannel::new("/no/such/program".into(), vec![]);
        assert!(missing.deliver(&alert()).await.unwrap_err().contains("/no/such/program"));
    }
}
