//! The registration of an agent with the service control manager of Windows: what is registered, and the commands that do the same.

use std::fmt::Write;

/// The name of the service.
pub const SERVICE_NAME: &str = "adrecover-agent";
/// Its name for people.
pub const SERVICE_TITLE: &str = "adrecover agent";
/// What it is for.
pub const SERVICE_TEXT: &str =
    "Keeps the change journal of an Active Directory, so that what a deletion takes can be given back.";
/// After how many seconds a service that failed is started again: the first time, the second, and from then on.
pub const RESTARTS: [u32; 3] = [30, 60, 300];
/// After how many seconds without a failure they are counted anew.
pub const RESTARTS_FORGOTTEN: u32 = 86_400;
/// The account that belongs to the service alone. It has no password, and logs on at other computers as this computer.
const OWN_ACCOUNT: &str = "NT SERVICE\\adrecover-agent";
/// A command line has no more characters (`CreateProcessW`: 32,767 with the final zero).
const LONGEST: usize = 32_000;

/// A service to be registered. Paths are texts: they are Windows' own wherever this is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The program.
    pub program: String,
    /// Its words.
    pub words: Vec<String>,
    /// The account that it runs as.
    pub account: ServiceAccount,
    /// The folder of the log and of the journal where no other is named: for the service and administrators alone.
    pub folder: String,
    /// Files with secrets that it reads.
    pub secrets: Vec<String>,
    /// Other files that it reads.
    pub readable: Vec<String>,
    /// Folders that it writes besides its own.
    pub writable: Vec<String>,
}

/// What the service control manager keeps of a service besides its command line and account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// [`SERVICE_TEXT`].
    Description,
    /// It starts after those services that a logon waits for.
    Delayed,
    /// Files can be given to the service itself, whatever its account is.
    Sid,
    /// It is started again after a failure ([`RESTARTS`]).
    Restarts,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Description, Self::Delayed, Self::Sid, Self::Restarts];

    /// What it is, for a person.
    pub fn title(self) -> &'static str {
        match self {
            Self::Description => "the description of the service",
            Self::Delayed => "the delayed start of the service",
            Self::Sid => "the identity of the service",
            Self::Restarts => "the start of the service after a failure",
        }
    }

    /// The command that sets it.
    pub fn command(self) -> String {
        match self {
            Self::Description => format!("sc.exe description {SERVICE_NAME} {}", single(SERVICE_TEXT)),
            Self::Delayed => format!("sc.exe config {SERVICE_NAME} start= delayed-auto"),
            Self::Sid => format!("sc.exe sidtype {SERVICE_NAME} unrestricted"),
            Self::Restarts => {
                let actions = RESTARTS.map(|seconds| format!("restart/{}", seconds * 1000)).join("/");
                format!("sc.exe failure {SERVICE_NAME} reset= {RESTARTS_FORGOTTEN} actions= {actions}")
            }
        }
    }
}

/// An account without a password that anybody has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    name: String,
    is_managed: bool,
}

impl ServiceAccount {
    /// The name, as the service control manager takes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a managed account of the domain (gMSA): the service control manager has to be told.
    pub fn is_managed(&self) -> bool {
        self.is_managed
    }
}

impl Default for ServiceAccount {
    fn default() -> Self {
        Self { name: OWN_ACCOUNT.to_owned(), is_managed: false }
    }
}

impl std::str::FromStr for ServiceAccount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let own = [OWN_ACCOUNT, "NT AUTHORITY\\NetworkService", "NT AUTHORITY\\LocalService"];
        if let Some(name) = own.iter().find(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(Self { name: (*name).to_owned(), is_managed: false });
        }
        let fits = |part: &str| {
            !part.is_empty()
                && part.len() <= 255
                && !part.contains(|c: char| c.is_control() || "\"/\\[]:;|=,+*?<>%".contains(c))
        };
        let is_managed = text.split_once('\\').is_some_and(|(domain, name)| {
            fits(domain) && name.strip_suffix('$').is_some_and(|name| fits(name) && !name.contains('$'))
        });
        if is_managed {
            return Ok(Self { name: text.to_owned(), is_managed });
        }
        Err(format!(
            "`{text}` is neither {OWN_ACCOUNT} nor a managed account of the domain, such as CONTOSO\\agent$: the password of \
             another one would have to be kept, which the Services console does"
        ))
    }
}

impl Registration {
    /// The command line of the service.
    pub fn command_line(&self) -> Result<String, String> {
        let mut line = format!("\"{}\"", self.program);
        if self.program.contains('"') || self.program.contains(char::is_control) {
            return Err(format!("{} cannot be the program of a service", self.program));
        }
        for word in &self.words {
            if word.contains(char::is_control) {
                return Err("a control character cannot be in the command line of a service".to_owned());
            }
            line.push(' ');
            line.push_str(&quoted(word));
        }
        // It is kept in the registry as a text in which variables are replaced (REG_EXPAND_SZ).
        if line.matches('%').count() > 1 {
            return Err(
                "a text between two % would be taken for a variable in the command line of a service"
                    .to_owned(),
            );
        }
        if line.encode_utf16().count() > LONGEST {
            return Err(format!("the command line of the service is longer than {LONGEST} characters"));
        }
        Ok(line)
    }

    /// The words for icacls that keep the folder of the service for itself, administrators (S-1-5-32-544) and the system
    /// (S-1-5-18): anybody may make folders where it lies. Each item is one call.
    pub fn folder_rights(&self) -> Vec<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let own = format!("{}:(OI)(CI)M", self.account.name());
        vec![
            words(&[&self.folder, "/setowner", "*S-1-5-32-544"]),
            words(&[
                &self.folder,
                "/inheritance:r",
                "/grant:r",
                "*S-1-5-32-544:(OI)(CI)F",
                "*S-1-5-18:(OI)(CI)F",
                &own,
            ]),
        ]
    }

    /// What is going to be done, for a person, with the commands of PowerShell that do the same.
    pub fn text(&self) -> Result<String, String> {
        let mut out = String::new();
        let again: Vec<String> = RESTARTS.iter().map(|seconds| format!("{seconds} s")).collect();
        let rows = [
            ("service", SERVICE_NAME.to_owned()),
            ("account", self.account.name().to_owned()),
            (
                "start",
                format!(
                    "with the computer, after other services; after a failure again in {}",
                    again.join(", ")
                ),
            ),
            ("program", self.command_line()?),
            ("folder", format!("{}, for the service, administrators and the system alone", self.folder)),
        ];
        for (name, value) in rows {
            let _ = writeln!(out, "{name:<9}{value}");
        }
        out.push_str("\nThe same in PowerShell:\n");
        for command in self.commands()? {
            let _ = writeln!(out, "  {command}");
        }
        Ok(out)
    }

    /// The commands of PowerShell that register the service.
    pub fn commands(&self) -> Result<Vec<String>, String> {
        let account = single(self.account.name());
        let mut commands = vec![
            format!(
                "New-Service -Name {SERVICE_NAME} -DisplayName {} -Description {} -BinaryPathName {}",
                single(SERVICE_TITLE),
                single(SERVICE_TEXT),
                single(&self.command_line()?)
            ),
            format!("{} obj= {account}", Setting::Delayed.command()),
            Setting::Restarts.command(),
            Setting::Sid.command(),
        ];
        if self.account.is_managed() {
            commands.push(format!("sc.exe managedaccount {SERVICE_NAME} true"));
        }
        commands.push(format!("New-Item -ItemType Directory -Force -Path {}", single(&self.folder)));
        let shown = |word: &String| {
            if word.contains([' ', '(', '*', '\'', '$']) { single(word) } else { word.clone() }
        };
        for words in self.folder_rights() {
            let words: Vec<String> = words.iter().map(shown).collect();
            commands.push(format!("icacls.exe {}", words.join(" ")));
        }
        Ok(commands)
    }

    /// What a person has to do then.
    pub fn next(&self) -> Vec<String> {
        let account = self.account.name();
        let grant = |path: &String, right: &str| {
            format!("icacls.exe {} /grant {}", single(path), single(&format!("{account}:{right}")))
        };
        let mut next = vec![];
        for path in &self.secrets {
            next.push(format!(
                "icacls.exe {} /inheritance:r /grant:r '*S-1-5-32-544:F' {}    (a secret: for nobody else)",
                single(path),
                single(&format!("{account}:R"))
            ));
        }
        next.extend(self.readable.iter().map(|path| grant(path, "R")));
        next.extend(self.writable.iter().map(|path| grant(path, "(OI)(CI)M")));
        if self.account.is_managed() {
            next.push(format!("give {account} the right \"Log on as a service\" (secpol.msc), and this computer its password"));
        }
        next.push(format!("Start-Service {SERVICE_NAME}"));
        next.push("adrecover agent status    (as an administrator)".to_owned());
        next
    }
}

/// A word as `CommandLineToArgvW` reads it: a quotation mark is written `\"`, and backslashes before one are doubled.
fn quoted(word: &str) -> String {
    if !word.is_empty() && !word.contains([' ', '\t', '"']) {
        return word.to_owned();
    }
    let mut out = String::from('"');
    let mut slashes = 0;
    for c in word.chars() {
        if c == '"' {
            out.push_str(&"\\".repeat(slashes + 1));
        }
        slashes = if c == '\\' { slashes + 1 } else { 0 };
        out.push(c);
    }
    out.push_str(&"\\".repeat(slashes));
    out.push('"');
    out
}

/// A word of PowerShell that nothing is replaced in.
fn single(word: &str) -> String {
    format!("'{}'", word.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(words: &[&str]) -> Registration {
        Registration {
            program: r"C:\Program Files\adrecover\adrecover.exe".to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            account: ServiceAccount::default(),
            folder: r"C:\ProgramData\adrecover".to_owned(),
            secrets: vec![r"C:\secrets\it's".to_owned()],
            readable: vec![],
            writable: vec![],
        }
    }

    #[test]
    fn the_words_come_back_as_they_were() {
        let line = |words: &[&str]| {
            let line = registration(words).command_line().unwrap();
            line.strip_prefix("\"C:\\Program Files\\adrecover\\adrecover.exe\" ").unwrap().to_owned()
        };
        assert_eq!(line(&["agent", "run"]), "agent run");
        assert_eq!(line(&[r"C:\a b\"]), r#""C:\a b\\""#);
        assert_eq!(line(&[r"C:\a\b\", ""]), r#"C:\a\b\ """#);
        assert_eq!(line(&[r#"OU="x" \"y",DC=a"#]), r#""OU=\"x\" \\\"y\",DC=a""#);
        assert_eq!(line(&["OU=50%,DC=a"]), "OU=50%,DC=a");
    }

    #[test]
    fn what_would_be_something_else_is_refused() {
        for word in ["a\nb", "%TEMP%", &"x".repeat(40_000)] {
            assert!(registration(&[word]).command_line().is_err(), "{word}");
        }
        let mut quote = registration(&[]);
        quote.program = "C:\\a\" b.exe".to_owned();
        assert!(quote.text().is_err());
    }

    #[test]
    fn only_accounts_without_a_password_are_taken() {
        let account = |text: &str| text.parse::<ServiceAccount>();
        assert_eq!(account("nt service\\ADRECOVER-AGENT").unwrap(), ServiceAccount::default());
        let managed = account("CONTOSO\\agent$").unwrap();
        assert!(managed.is_managed() && managed.name() == "CONTOSO\\agent$");
        assert!(!account("NT AUTHORITY\\NetworkService").unwrap().is_managed());
        for bad in [
            "",
            "LocalSystem",
            "CONTOSO\\agent",
            "agent$",
            "\\agent$",
            "CONTOSO\\$",
            "CONTOSO\\a'\"$",
            "A\\b\\c$",
            "A\\%x%$",
        ] {
            assert!(account(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_commands_do_the_same() {
        let mut registration = registration(&["agent", "run", "--watch", "OU=it's \"x\""]);
        let text = registration.text().unwrap();
        let line = r#"-BinaryPathName '"C:\Program Files\adrecover\adrecover.exe" agent run --watch "OU=it''s \"x\""'"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains("start= delayed-auto obj= 'NT SERVICE\\adrecover-agent'"), "{text}");
        assert!(text.contains("actions= restart/30000/restart/60000/restart/300000"), "{text}");
        assert!(
            text.contains(
                r"icacls.exe C:\ProgramData\adrecover /inheritance:r /grant:r '*S-1-5-32-544:(OI)(CI)F'"
            ),
            "{text}"
        );
        assert!(!text.contains("managedaccount"));
        assert!(registration.next()[0].starts_with(r"icacls.exe 'C:\secrets\it''s' /inheritance:r"));
        registration.account = "CONTOSO\\agent$".parse().unwrap();
        let commands = registration.commands().unwrap();
        assert!(commands.contains(&"sc.exe managedaccount adrecover-agent true".to_owned()), "{commands:?}");
        assert!(registration.next().iter().any(|line| line.contains("Log on as a service")));
    }
}
