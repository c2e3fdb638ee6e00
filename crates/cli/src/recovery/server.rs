//! Commands on the server of the synchronisation. What is run there is written in this program: nothing of a directory, a file or a
//! tenant gets into it.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use adrecover_core::powershell::{Letters, quoted};
use adrecover_core::text::printable;
use adrecover_hybrid::recovery::{self, SyncCommand};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::options::Through;
use crate::cloud::SECRET_VARIABLE;
use crate::error::CliError;
use crate::password;

/// The longest that a command may take: two waits of a quarter of an hour for cycles, and one cycle.
const LONGEST: Duration = Duration::from_secs(3600);
/// The most of what a command says that is kept.
const MOST: u64 = 16 * 1024;

/// The server of the synchronisation, and the way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyncServer {
    host: String,
    through: Through,
}

/// How a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// It was not run.
    NotRun(String),
    /// It ran and failed.
    Refused(String),
    /// Whether it was run is not known.
    Unsure(String),
}

impl SyncServer {
    /// A server; `host` may have a user before it where it is reached by ssh.
    pub(super) fn new(host: &str, through: Through) -> Result<Self, CliError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-:@\\".contains(c);
        let is_name = !host.starts_with('-') && host.chars().all(fits) && host.len() <= 255;
        if !is_name {
            return Err(CliError::usage(format!(
                "--sync-server: `{}` is no name of a host",
                printable(host)
            ))
            .hint("write sync01.contoso.com, or user@sync01.contoso.com with ssh"));
        }
        Ok(Self { host: host.to_owned(), through })
    }

    /// The words of the command, the program first.
    fn words(&self, command: SyncCommand) -> Vec<String> {
        let script = command.script();
        let here = matches!(self.host.to_ascii_lowercase().as_str(), "localhost" | "." | "127.0.0.1");
        let (prefix, program, script): (Vec<&str>, _, _) = match self.through {
            Through::Ssh => {
                let options = vec!["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "--", &self.host];
                (options, "powershell", script)
            }
            Through::Powershell if here => (vec![], local_powershell(), script),
            Through::Powershell => {
                let host = quoted(&self.host, Letters::Encoded);
                let script = format!(
                    "Invoke-Command -ErrorAction Stop -ComputerName {host} -ScriptBlock {{\n{script}}}\n"
                );
                (vec![], local_powershell(), script)
            }
        };
        let options = ["-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand"];
        let words = prefix.into_iter().chain([program]).chain(options).map(str::to_owned);
        words.chain([recovery::encoded(&script)]).collect()
    }

    /// Runs a command there, to its end. What it says is in the error, on one line.
    pub(super) async fn run(&self, command: SyncCommand) -> Result<(), Failed> {
        run(&self.words(command), LONGEST).await
    }
}

impl fmt::Display for SyncServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.through {
            Through::Ssh => "ssh",
            Through::Powershell => "PowerShell",
        };
        write!(f, "{} (through {way})", self.host)
    }
}

fn local_powershell() -> &'static str {
    if cfg!(windows) { "powershell" } else { "pwsh" }
}

async fn run(words: &[String], longest: Duration) -> Result<(), Failed> {
    let (program, arguments) = words.split_first().ok_or_else(|| Failed::NotRun(String::new()))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // No other program inherits a secret.
    command.env_remove(password::VARIABLE).env_remove(SECRET_VARIABLE);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failed::NotRun(format!("there is no program `{program}` on this computer"))
        }
        _ => Failed::NotRun(format!("`{program}` cannot be started: {error}")),
    })?;
    let (errors, output) = (child.stderr.take(), child.stdout.take());
    let ended = async { tokio::join!(child.wait(), listen(errors), listen(output)) };
    let Ok((status, errors, output)) = tokio::time::timeout(longest, ended).await else {
        return Err(Failed::Unsure(format!("no end after {} minutes", longest.as_secs() / 60)));
    };
    let said = if errors.is_empty() { output } else { errors };
    match status {
        Ok(status) if status.success() => Ok(()),
        // ssh says with 255 that the failure is its own.
        Ok(status) if status.code() == Some(255) && program == "ssh" => Err(Failed::NotRun(said)),
        Ok(status) => {
            let how = status
                .code()
                .map_or_else(|| "a signal ended it".to_owned(), |code| format!("exit code {code}"));
            Err(Failed::Refused(if said.is_empty() { how } else { format!("{said} ({how})") }))
        }
        Err(error) => Err(Failed::Unsure(error.to_string())),
    }
}

/// The first of what is said, on one line, without control characters. The rest is read and dropped, so that nobody waits for it.
async fn listen(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut kept = vec![];
    let _ = (&mut stream).take(MOST).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    let text = String::from_utf8_lossy(&kept);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(400).collect();
    printable(&short).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, through: Through) -> SyncServer {
        SyncServer::new(host, through).unwrap()
    }

    fn has(words: &[String], script: &str) -> bool {
        words.last() == Some(&recovery::encoded(script))
    }

    #[test]
    fn hosts_are_names() {
        for bad in ["-oProxyCommand=x", "a b", "sync01;calc", "sync01'", "$(x)", "sync\n01"] {
            assert_eq!(SyncServer::new(bad, Through::Ssh).unwrap_err().code(), 2, "{bad}");
        }
        assert!(SyncServer::new("svc@sync01.contoso.com", Through::Ssh).is_ok());
    }

    #[test]
    fn the_words() {
        let words = server("sync01", Through::Ssh).words(SyncCommand::Delta);
        assert_eq!(words[..7], ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "--", "sync01"]);
        assert!(has(&words, &SyncCommand::Delta.script()), "{words:?}");
        let script = SyncCommand::Hold.script();
        let words = server("sync01", Through::Powershell).words(SyncCommand::Hold);
        let there =
            format!("Invoke-Command -ErrorAction Stop -ComputerName 'sync01' -ScriptBlock {{\n{script}}}\n");
        assert!(has(&words, &there), "{words:?}");
        let words = server("LOCALHOST", Through::Powershell).words(SyncCommand::Hold);
        assert!(has(&words, &script), "{words:?}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn ends_are_told_apart() {
        async fn sh(text: &str, longest: u64) -> Result<(), Failed> {
            let words = ["sh", "-c", text].map(str::to_owned);
            run(&words, Duration::from_millis(longest)).await
        }
        assert_eq!(sh("exit 0", 5000).await, Ok(()));
        let Err(Failed::Refused(said)) = sh("printf 'access\\n\\033denied' >&2; exit 3", 5000).await else {
            panic!()
        };
        assert!(
            said.ends_with("(exit code 3)") && said.contains("denied") && !said.contains('\u{1b}'),
            "{said}"
        );
        assert!(matches!(sh("sleep 60", 200).await, Err(Failed::Unsure(_))));
        let long = sh("yes | head -c 3000000 >&2; exit 1", 20000).await;
        assert!(matches!(long, Err(Failed::Refused(said)) if said.len() < 500));
        let missing = ["/no/such/program".to_owned()];
        assert!(matches!(run(&missing, Duration::from_secs(1)).await, Err(Failed::NotRun(_))));
    }
}
