//! The only place that writes to standard output and standard error.
//!
//! Data goes to standard output, everything else to standard error. Text from the directory is made printable here or in
//! [`table`] and [`rows`]; messages are made printable when they are written.

pub(crate) mod rows;
pub(crate) mod table;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use adrecover_agent::LogFile;
use adrecover_core::text::printable;
use serde::Serialize;

use self::table::display_width;
use crate::args::{Color, Format};
use crate::error::{CliError, Kind};

/// Writes data and messages in the form that was asked for.
pub(crate) struct Printer {
    /// The form of the data.
    pub(crate) format: Format,
    /// `-q` is -1, `-v` 1, `-vv` 2.
    verbosity: i8,
    color_out: bool,
    color_err: bool,
    /// The width of the terminal that the data goes to; `None` where it goes elsewhere.
    pub(crate) width: Option<usize>,
    out: Mutex<Box<dyn Write + Send>>,
    /// Where a line is made, so that not each one needs room of its own.
    json_line: Mutex<Vec<u8>>,
    err: Mutex<Box<dyn Write + Send>>,
}

impl Printer {
    /// The printer of the process.
    pub(crate) fn new(format: Format, verbosity: i8, color: Color) -> Self {
        let colored = |terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        let terminal = io::stdout().is_terminal();
        Self {
            format,
            verbosity,
            color_out: colored(terminal),
            color_err: colored(io::stderr().is_terminal()),
            width: terminal
                .then(|| terminal_size::terminal_size().map_or(80, |(w, _)| usize::from(w.0)))
                .map(|w| w.max(40)),
            out: Mutex::new(Box::new(BufWriter::with_capacity(1 << 16, io::stdout()))),
            json_line: Mutex::default(),
            err: Mutex::new(Box::new(io::stderr())),
        }
    }

    /// The printer of a service: everything goes to its log.
    pub(crate) fn of_service(log: &LogFile, verbosity: i8) -> Self {
        Self {
            format: Format::Table,
            verbosity,
            color_out: false,
            color_err: false,
            width: None,
            out: Mutex::new(Box::new(log.clone())),
            json_line: Mutex::default(),
            err: Mutex::new(Box::new(log.clone())),
        }
    }

    /// Whether `-v` was given at least so many times.
    pub(crate) fn is_verbose(&self, times: i8) -> bool {
        self.verbosity >= times
    }

    /// The stream of the data. Call [`Self::flush`] at the end.
    pub(crate) fn out(&self) -> MutexGuard<'_, Box<dyn Write + Send>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One line of data, as it is: what comes from the directory must have gone through [`printable`].
    pub(crate) fn line(&self, text: &str) -> Result<(), CliError> {
        Ok(writeln!(self.out(), "{text}")?)
    }

    /// One JSON document, indented, and a line end.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), CliError> {
        let mut out = self.out();
        serde_json::to_writer_pretty(&mut *out, value)?;
        Ok(out.write_all(b"\n").and_then(|()| out.flush())?)
    }

    /// One JSON value on one line.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> Result<(), CliError> {
        let mut line = self.json_line.lock().unwrap_or_else(PoisonError::into_inner);
        line.clear();
        serde_json::to_writer(&mut *line, value)?;
        line.push(b'\n');
        Ok(self.out().write_all(&line)?)
    }

    /// Data as it is, line ends included.
    pub(crate) fn raw(&self, text: &str) -> Result<(), CliError> {
        Ok(self.out().write_all(text.as_bytes())?)
    }

    /// Whether data is coloured.
    pub(crate) fn is_colored(&self) -> bool {
        self.color_out
    }

    /// Brings out what is buffered.
    pub(crate) fn flush(&self) -> Result<(), CliError> {
        Ok(self.out().flush()?)
    }

    /// A warning, shown even with `-q`.
    pub(crate) fn warn(&self, message: impl AsRef<str>) {
        self.message("warning", "33", message.as_ref());
    }

    /// What may interest a person; not with `-q`.
    pub(crate) fn note(&self, message: impl AsRef<str>) {
        if self.verbosity >= 0 {
            self.err_line(&printable_lines(message.as_ref()));
        }
    }

    /// What a person has to do now, or nothing goes on: shown even with `-q`.
    pub(crate) fn instruct(&self, message: impl AsRef<str>) {
        self.err_line(&printable_lines(message.as_ref()));
    }

    /// What went wrong, where a report says the same to programs.
    pub(crate) fn error_text(&self, message: &str) {
        self.message("error", "31", message);
    }

    /// What only `-v` (1) or `-vv` (2) shows.
    pub(crate) fn detail(&self, times: i8, message: impl AsRef<str>) {
        if self.is_verbose(times) {
            self.err_line(&printable_lines(message.as_ref()));
        }
    }

    /// Reports a failure: as the error document with `-o json`, else on standard error. Nothing can be done where that fails.
    pub(crate) fn error(&self, error: &CliError) {
        if error.kind == Kind::BrokenPipe {
            return;
        }
        if self.format == Format::Json {
            let _ = self.json(&error.document());
            return;
        }
        let _ = self.flush();
        self.message("error", "31", &error.message);
        for c in &error.candidates {
            let deleted = c.deleted_at.map_or_else(
                || "live".to_owned(),
                |at| format!("deleted {}", adrecover_core::time::rfc3339(at)),
            );
            let parent = c.last_known_parent.as_deref().map(|parent| format!("  {}", printable(parent)));
            let parent = parent.unwrap_or_default();
            self.err_line(&format!("  {}  {}  {deleted}{parent}", c.guid, printable(&c.name)));
        }
        if let Some(hint) = &error.hint {
            self.message("hint", "36", hint);
        }
    }

    /// Whether somebody is there to answer a question.
    pub(crate) fn can_ask(&self) -> bool {
        io::stdin().is_terminal()
    }

    /// Asks a question on the terminal and reads a line; `None` where nobody is there to answer, or the input ended.
    pub(crate) fn ask(&self, question: &str) -> Result<Option<String>, CliError> {
        if !self.can_ask() {
            return Ok(None);
        }
        self.flush()?;
        // Before the question is seen: who sees it may press Ctrl-C.
        let _asking = Asking::begin();
        {
            let mut err = self.err();
            let _ = write!(err, "{} ", printable_lines(question)).and_then(|()| err.flush());
        }
        let mut answer = String::new();
        let read = io::stdin()
            .read_line(&mut answer)
            .map_err(|e| CliError::unexpected(format!("cannot read the answer: {e}")))?;
        Ok((read > 0).then(|| answer.trim().to_owned()))
    }

    /// Text in bold where the data is coloured.
    pub(crate) fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Text in a colour of SGR where the data is coloured: 31 red, 32 green, 33 yellow, 2 dim.
    pub(crate) fn paint(&self, sgr: &str, text: &str) -> String {
        if self.color_out { format!("\u{1b}[{sgr}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A line broken between its words where it is wider than the terminal, the rest further in. For sentences and lists: what
    /// may be copied stays whole.
    pub(crate) fn fitted(&self, line: &str) -> String {
        let Some(width) = self.width else { return line.to_owned() };
        let indent = line.len() - line.trim_start().len();
        let mut out = " ".repeat(indent);
        let (mut at, mut is_first) = (indent, true);
        for word in line.split_whitespace() {
            let length = display_width(word);
            if !is_first && at + 1 + length > width {
                out.push('\n');
                out.push_str(&" ".repeat(indent + 2));
                at = indent + 2;
            } else if !is_first {
                out.push(' ');
                at += 1;
            }
            out.push_str(word);
            (at, is_first) = (at + length, false);
        }
        out
    }

    /// Whether messages go to a terminal, so that a person reads them.
    pub(crate) fn errors_to_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Shows a secret on the terminal, this once; never anywhere else.
    pub(crate) fn secret(&self, text: &str) {
        if self.errors_to_terminal() {
            self.err_line(&printable_lines(text));
        }
    }

    /// How far a long work is, on one line of the terminal; nothing elsewhere.
    pub(crate) fn progress(&self, done: usize, total: usize, what: &str) {
        if self.verbosity < 0 || !self.errors_to_terminal() {
            return;
        }
        let name: String = printable(what).chars().take(40).collect();
        let end = if done == total { "\n" } else { "" };
        let _ = write!(self.err(), "\r\u{1b}[K{done} of {total}  {name}{end}");
    }

    fn message(&self, label: &str, sgr: &str, text: &str) {
        let label =
            if self.color_err { format!("\u{1b}[1;{sgr}m{label}:\u{1b}[0m") } else { format!("{label}:") };
        self.err_line(&format!("{label} {}", printable_lines(text)));
    }

    fn err(&self) -> MutexGuard<'_, Box<dyn Write + Send>> {
        self.err.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn err_line(&self, line: &str) {
        // What was printed before stands before. A failure comes back when the data is flushed at the end.
        if let Ok(mut out) = self.out.try_lock() {
            let _ = out.flush();
        }
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(self.err(), "{line}");
    }
}

/// Whether a question waits for its answer: nothing is being changed then, and Ctrl-C ends the program at once.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Set while a question waits for its answer.
pub(crate) struct Asking(());

impl Asking {
    /// From here on, until this is dropped.
    pub(crate) fn begin() -> Self {
        ASKING.store(true, Ordering::SeqCst);
        Self(())
    }

    /// Whether a question waits.
    pub(crate) fn is_on() -> bool {
        ASKING.load(Ordering::SeqCst)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        ASKING.store(false, Ordering::SeqCst);
    }
}

/// [`printable`] for text of our own that may have several lines.
fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;

    /// A writer whose octets can be read afterwards.
    #[derive(Clone, Default)]
    pub(crate) struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Buffer {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    pub(crate) fn printer(format: Format, verbosity: i8) -> (Printer, Buffer, Buffer) {
        let (out, err) = (Buffer::default(), Buffer::default());
        let printer = Printer {
            format,
            verbosity,
            color_out: false,
            color_err: false,
            width: None,
            out: Mutex::new(Box::new(out.clone())),
            json_line: Mutex::default(),
            err: Mutex::new(Box::new(err.clone())),
        };
        (printer, out, err)
    }

    #[test]
    fn errors_are_text_or_a_document() {
        let error = CliError::new(Kind::NotFound, "no `a\u{1b}[31m`").hint("look elsewhere");
        let (p, out, err) = printer(Format::Table, 0);
        p.error(&error);
        assert_eq!(out.text(), "");
        assert_eq!(err.text(), "error: no `a\\u{1b}[31m`\nhint: look elsewhere\n");

        let (p, out, err) = printer(Format::Json, 0);
        p.error(&error);
        let document: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
        assert_eq!(document["schema"], "adrecover/error/v1");
        assert_eq!(document["error"]["kind"], "notFound");
        assert_eq!(document["error"]["code"], 4);
        assert!(document["error"]["candidates"].as_array().unwrap().is_empty());
        assert_eq!(err.text(), "");
    }

    #[test]
    fn sentences_are_fitted_to_the_terminal() {
        let (mut p, ..) = printer(Format::Table, 0);
        let line = "  \u{1b}[33mnote\u{1b}[0m: one two three";
        assert_eq!(p.fitted(line), line);
        p.width = Some(16);
        assert_eq!(p.fitted(line), "  \u{1b}[33mnote\u{1b}[0m: one two\n    three");
        assert_eq!(p.fitted("  - unbreakable-and-long"), "  -\n    unbreakable-and-long");
    }

    #[test]
    fn quiet_keeps_warnings() {
        let (p, _, err) = printer(Format::Table, -1);
        p.note("a");
        p.detail(1, "c");
        p.warn("d");
        assert_eq!(err.text(), "warning: d\n");
    }
}
