//! The unit of systemd that runs an agent.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What a unit begins with that this program wrote: another one is not replaced.
pub const UNIT_MARK: &str = "# Written by `adrecover agent install`.";

/// A unit to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The program.
    pub program: PathBuf,
    /// Its words. [`Unit::credential`] makes those that name a file.
    pub words: Vec<Word>,
    /// The account that it runs as, and the group that may read the journal.
    pub user: String,
    /// Files that only root has to be able to read: systemd hands them over, under these names.
    pub credentials: Vec<(String, PathBuf)>,
    /// Variables.
    pub variables: Vec<(String, Word)>,
    /// Folders that it writes besides its own.
    pub writable: Vec<PathBuf>,
}

/// A word of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// As it is.
    Plain(String),
    /// The place of a credential, behind a text.
    Credential {
        /// What stands before it.
        before: String,
        /// Its name.
        name: String,
    },
}

impl Unit {
    /// Hands a file over, and gives the word that names it.
    pub fn credential(&mut self, name: &str, path: &Path) -> Word {
        self.credentials.push((name.to_owned(), path.to_owned()));
        Word::Credential { before: String::new(), name: name.to_owned() }
    }

    /// The text of the unit; what cannot be in one is said.
    pub fn text(&self) -> Result<String, String> {
        let mut start = quoted(&path(&self.program)?)?;
        for word in &self.words {
            start.push_str(" \\\n    ");
            start.push_str(&word.text()?);
        }
        let mut more = String::new();
        for (name, path_of) in &self.credentials {
            let _ = writeln!(more, "LoadCredential={name}:{}", specifiers(&path(path_of)?));
        }
        for (name, value) in &self.variables {
            let _ = writeln!(more, "Environment={}", value.assigned(name)?);
        }
        for folder in &self.writable {
            let _ = writeln!(more, "ReadWritePaths={}", quoted(&path(folder)?)?);
        }
        let user = &self.user;
        Ok(format!(
            "\
{UNIT_MARK}
[Unit]
Description=adrecover agent: keeps the change journal of an Active Directory
Wants=network-online.target
After=network-online.target
# However often it fails it is started again: what happens in the directory meanwhile is told by nobody else.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={start}
User={user}
Group={user}
StateDirectory=adrecover
StateDirectoryMode=0750
UMask=0027
{more}Restart=on-failure
RestartSec=30
# But not after wrong usage, and not where the journal is damaged again and again.
RestartPreventExitStatus=2 12
# A domain controller may be away when this computer starts.
TimeoutStartSec=infinity
TimeoutStopSec=30
WatchdogSec=300

# It reads one server, writes one folder, and needs nothing else.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
PrivateIPC=yes
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
MemoryMax=512M
TasksMax=64

[Install]
WantedBy=multi-user.target
"
        ))
    }
}

impl Word {
    fn text(&self) -> Result<String, String> {
        match self {
            Self::Plain(text) => quoted(text),
            // `%d` is the folder of the credentials (systemd.unit(5)).
            Self::Credential { before, name } => Ok(format!("\"{}%d/{name}\"", escaped(before)?)),
        }
    }

    fn assigned(&self, name: &str) -> Result<String, String> {
        Ok(match self {
            Self::Plain(text) => format!("\"{name}={}\"", escaped(text)?.replace("$$", "$")),
            Self::Credential { before, name: of } => format!("\"{name}={}%d/{of}\"", escaped(before)?),
        })
    }
}

fn path(path: &Path) -> Result<String, String> {
    let text = path.to_str().ok_or_else(|| format!("{} cannot be written in a unit", path.display()))?;
    if !path.is_absolute() || text.contains(['\n', '\r', '"', '\'', ':', '\\']) {
        return Err(format!("{} cannot be written in a unit", path.display()));
    }
    Ok(text.to_owned())
}

fn quoted(text: &str) -> Result<String, String> {
    Ok(format!("\"{}\"", escaped(text)?))
}

/// A text between quotation marks (systemd.syntax(7), and systemd.service(5) for `$`).
fn escaped(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("a control character cannot be written in a unit".to_owned());
    }
    Ok(specifiers(&text.replace('\\', "\\\\").replace('"', "\\\"")).replace('$', "$$"))
}

fn specifiers(text: &str) -> String {
    text.replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        Unit {
            program: "/usr/local/bin/adrecover".into(),
            words: ["agent", "run"].map(|word| Word::Plain(word.to_owned())).to_vec(),
            user: "adrecover".to_owned(),
            credentials: vec![],
            variables: vec![],
            writable: vec![],
        }
    }

    #[test]
    fn nothing_of_a_word_is_taken_for_something_else() {
        let mut unit = unit();
        unit.words.push(Word::Plain(r#"OU=50% "x" \, $HOME,DC=a"#.to_owned()));
        let password = unit.credential("password", Path::new("/etc/ad recover/pass%word"));
        unit.words.push(password);
        unit.variables.push(("KRB5_CLIENT_KTNAME".to_owned(), Word::Plain("FILE:/a$b".to_owned())));
        unit.writable.push("/srv/my journal".into());
        let text = unit.text().unwrap();
        assert!(text.starts_with(UNIT_MARK));
        assert!(text.contains(r#""OU=50%% \"x\" \\, $$HOME,DC=a""#), "{text}");
        assert!(text.contains("\n    \"%d/password\"\n"), "{text}");
        assert!(text.contains("\nLoadCredential=password:/etc/ad recover/pass%%word\n"), "{text}");
        assert!(text.contains("\nEnvironment=\"KRB5_CLIENT_KTNAME=FILE:/a$b\"\n"), "{text}");
        assert!(text.contains("\nReadWritePaths=\"/srv/my journal\"\n"), "{text}");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let mut lines = unit();
        lines.words.push(Word::Plain("a\nExecStartPre=/bin/sh".to_owned()));
        assert!(lines.text().is_err());
        let mut relative = unit();
        relative.program = "adrecover".into();
        assert!(relative.text().is_err());
        let mut colon = unit();
        colon.credential("x", Path::new("/a:b"));
        assert!(colon.text().is_err());
    }
}
