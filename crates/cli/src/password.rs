//! Where a password comes from: a file, standard input, a variable or a prompt; never an argument.

use std::io::{IsTerminal, Read};
use std::path::Path;
#[cfg(unix)]
use std::sync::{Mutex, PoisonError};

use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{CliError, Kind};
use crate::folders;
use crate::printer::{Asking, Printer};

/// The variable that may hold the password of the connection. Whatever starts another program must not pass it on
/// (`Command::env_remove`): it cannot be taken out of this process's own environment without unsafe code.
pub(crate) const VARIABLE: &str = "ADRECOVER_PASSWORD";

/// No password of a directory and no secret of an app is longer.
const LIMIT: u64 = 4096;

/// What a secret is called in messages.
pub(crate) struct Named {
    /// What it is.
    what: &'static str,
    /// Why an empty one is not taken.
    why_not_empty: &'static str,
}

/// A password of the directory.
const PASSWORD: Named =
    Named { what: "password", why_not_empty: ": an empty one would be an anonymous bind" };
/// The secret of an app that signs in to the cloud.
pub(crate) const CLIENT_SECRET: Named = Named { what: "client secret", why_not_empty: "" };

/// The password of the account that logs on.
pub(crate) fn of_connection(
    user: &str,
    file: Option<&Path>,
    printer: &Printer,
) -> Result<SecretString, CliError> {
    if let Some(file) = file {
        return from_file(file, printer);
    }
    if std::env::var_os(VARIABLE).is_some() {
        return secret_from_variable(VARIABLE, &PASSWORD);
    }
    prompt(&format!("password of {user}:"))?.ok_or_else(|| {
        CliError::usage(format!("there is no password for {user}, and no terminal to ask for one")).hint(
            format!("give it with --password-file FILE (- is standard input) or the variable {VARIABLE}"),
        )
    })
}

/// Reads a password from a file, or from standard input for `-`: one line end is cut off, UTF-8 with and without a byte
/// order mark and UTF-16 with one are understood. Warns where everybody can read the file.
pub(crate) fn from_file(file: &Path, printer: &Printer) -> Result<SecretString, CliError> {
    secret_from_file(file, &PASSWORD, printer)
}

/// The same for another secret.
pub(crate) fn secret_from_file(
    file: &Path,
    named: &Named,
    printer: &Printer,
) -> Result<SecretString, CliError> {
    let (bytes, what) = if file.as_os_str() == "-" {
        (read(std::io::stdin().lock()), "standard input".to_owned())
    } else {
        if folders::is_readable_by_others(file) {
            printer.warn(format!(
                "everybody can read the {1} file {0}: chmod 600 {0}",
                file.display(),
                named.what
            ));
        }
        (std::fs::File::open(file).and_then(read), format!("the {} file {}", named.what, file.display()))
    };
    let bytes = bytes.map_err(|e| CliError::usage(format!("cannot read {what}: {e}")))?;
    let text = decode(&bytes).ok_or_else(|| {
        CliError::new(Kind::BadInput, format!("{what} is neither UTF-8 nor UTF-16 with a byte order mark"))
    })?;
    not_empty(text, &what, named)
}

/// Reads a secret from a variable that is set.
pub(crate) fn secret_from_variable(variable: &str, named: &Named) -> Result<SecretString, CliError> {
    let value = std::env::var_os(variable).unwrap_or_default();
    let text = value
        .into_string()
        .map_err(|_| CliError::usage(format!("the variable {variable} is not valid Unicode")))?;
    not_empty(Zeroizing::new(text), &format!("the variable {variable}"), named)
}

/// Asks on the terminal without showing what is typed; `None` where there is no terminal.
pub(crate) fn prompt(question: &str) -> Result<Option<SecretString>, CliError> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(None);
    }
    let question = adrecover_core::text::printable(question);
    let _asking = Asking::begin();
    let _echo = Echo::remember();
    let config = rpassword::ConfigBuilder::new();
    // To the console of Windows rpassword itself would write octets of another code page, and a NUL.
    let config = if cfg!(windows) { config.output_writer(std::io::stderr()) } else { config };
    let text = rpassword::prompt_password_with_config(format!("{question} "), config.build());
    let text = text.map_err(|error| match error.kind() {
        std::io::ErrorKind::Interrupted => CliError::interrupted(),
        _ => CliError::usage(format!("cannot read a password from the terminal: {error}")),
    })?;
    not_empty(Zeroizing::new(text), "the answer", &PASSWORD).map(Some)
}

/// The terminal's settings before a password is typed, so that Ctrl-C does not leave it without echo.
#[cfg(unix)]
static ECHO: Mutex<Option<rustix::termios::Termios>> = Mutex::new(None);

/// Remembers the terminal's settings until it is dropped.
struct Echo;

impl Echo {
    #[cfg(unix)]
    fn remember() -> Self {
        *ECHO.lock().unwrap_or_else(PoisonError::into_inner) =
            rustix::termios::tcgetattr(std::io::stdin()).ok();
        Self
    }

    /// The console of Windows restores itself.
    #[cfg(not(unix))]
    fn remember() -> Self {
        Self
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        #[cfg(unix)]
        ECHO.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Gives the terminal its settings back, where a password was being typed.
pub(crate) fn restore_echo() {
    #[cfg(unix)]
    if let Some(settings) = ECHO.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let now = rustix::termios::OptionalActions::Now;
        // Where that fails there is no terminal left to mend.
        let _ = rustix::termios::tcsetattr(std::io::stdin(), now, &settings);
    }
}

fn read(mut source: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // With room from the start no copy of the secret is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 1));
    source.by_ref().take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(std::io::Error::other(format!("it is longer than {LIMIT} octets")));
    }
    Ok(bytes)
}

pub(crate) fn decode(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let wide = |rest: &[u8], join: fn([u8; 2]) -> u16| {
        let mut units: Vec<u16> = rest.chunks_exact(2).map(|c| join([c[0], c[1]])).collect();
        let text = String::from_utf16(&units).ok().filter(|_| rest.len().is_multiple_of(2));
        units.zeroize();
        text
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok()?.to_owned(),
        _ => std::str::from_utf8(bytes).ok()?.to_owned(),
    };
    let mut text = Zeroizing::new(text);
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Some(text)
}

fn not_empty(text: Zeroizing<String>, whence: &str, named: &Named) -> Result<SecretString, CliError> {
    if text.is_empty() {
        return Err(CliError::usage(format!("{whence} holds no {}{}", named.what, named.why_not_empty)));
    }
    Ok(SecretString::from(text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_and_line_ends() {
        let text = |bytes: &[u8]| decode(bytes).map(|t| t.to_string());
        assert_eq!(text(b"Pass \r\n").as_deref(), Some("Pass "));
        assert_eq!(text(b"a\n\n").as_deref(), Some("a\n"));
        assert_eq!(text(b"\xef\xbb\xbfa").as_deref(), Some("a"));
        assert_eq!(text(b"\xff\xfea\0\xfc\0\n\0").as_deref(), Some("aü"));
        assert_eq!(text(b"\xfe\xff\0a").as_deref(), Some("a"));
        assert_eq!(text(b"\xff\xfea"), None);
        assert_eq!(text(b"\xfc"), None);
    }

    #[test]
    fn an_empty_file_is_no_password() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pw");
        std::fs::write(&file, "\n").unwrap();
        let (printer, _, _) = crate::printer::tests::printer(crate::args::Format::Table, 0);
        assert_eq!(from_file(&file, &printer).unwrap_err().code(), 2);
        std::fs::write(&file, vec![b'a'; 5000]).unwrap();
        assert!(from_file(&file, &printer).unwrap_err().message.contains("longer"));
    }
}
