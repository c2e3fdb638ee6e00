//! What the demo tells: headings, sentences fitted to the terminal, and commands as they are typed.

use crate::error::CliError;
use crate::printer::Printer;

/// Sentences are read best when they are no longer.
const MEASURE: usize = 90;

/// The demo's text on standard output.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    printer: &'a Printer,
}

impl<'a> Page<'a> {
    /// Written by a printer.
    pub(super) fn new(printer: &'a Printer) -> Self {
        Self { printer }
    }

    /// A heading; not with `-q`.
    pub(super) fn heading(self, text: &str) -> Result<(), CliError> {
        if self.tells() {
            self.printer.line(&self.printer.bold(text))?;
            let rule = "─".repeat(text.chars().count().min(self.width()));
            self.printer.line(&self.printer.paint("2", &rule))?;
        }
        Ok(())
    }

    /// Sentences, fitted to the terminal, and an empty line; not with `-q`.
    pub(super) fn text(self, text: &str) -> Result<(), CliError> {
        if self.tells() {
            wrapped(text, self.width()).iter().try_for_each(|line| self.printer.line(line))?;
            self.printer.line("")?;
        }
        Ok(())
    }

    /// Whether sentences are told at all.
    pub(super) fn tells(self) -> bool {
        self.printer.is_verbose(0)
    }

    /// What the next lines are.
    pub(super) fn label(self, text: &str) -> Result<(), CliError> {
        self.printer.line(&self.printer.bold(text))
    }

    /// Brings out what was said.
    pub(super) fn flush(self) -> Result<(), CliError> {
        self.printer.flush()
    }

    /// Lines as they are, indented, and an empty line.
    pub(super) fn lines(self, lines: &[String]) -> Result<(), CliError> {
        lines.iter().try_for_each(|line| self.printer.line(&format!("  {line}")))?;
        self.printer.line("")
    }

    /// A command with a prompt.
    pub(super) fn command(self, words: &[&str]) -> Result<(), CliError> {
        let width = self.printer.width.unwrap_or(120).saturating_sub(2);
        let line = command_line(words, width);
        self.printer.line(&format!("{} {}", self.printer.paint("32", "$"), self.printer.bold(&line)))?;
        self.printer.flush()
    }

    /// An empty line after the output of a command, brought out at once.
    pub(super) fn gap(self) -> Result<(), CliError> {
        self.printer.line("")?;
        self.printer.flush()
    }

    /// Whether a table with all columns of `list` fits.
    pub(super) fn is_wide(self) -> bool {
        self.printer.width.is_none_or(|width| width >= 115)
    }

    fn width(self) -> usize {
        self.printer.width.unwrap_or(MEASURE).min(MEASURE)
    }
}

/// A command as it is typed. Where it is too wide it goes on in the next line, as a shell reads it.
pub(super) fn command_line(words: &[&str], width: usize) -> String {
    let mut lines = vec!["adrecover".to_owned()];
    let mut i = 0;
    while i < words.len() {
        // An option stays with its value.
        let mut part = quoted(words[i]);
        let takes_value = words[i].starts_with("--") && !words[i].contains('=');
        if let (true, Some(value)) = (takes_value, words.get(i + 1).filter(|w| !w.starts_with('-'))) {
            part = format!("{part} {}", quoted(value));
            i += 1;
        }
        i += 1;
        let fits = |line: &String| line.chars().count() + part.chars().count() + 3 <= width;
        match lines.last_mut() {
            // What a shell of Windows would not read as one command stays on one line.
            Some(line) if cfg!(windows) || fits(line) => *line = format!("{line} {part}"),
            _ => lines.push(format!("    {part}")),
        }
    }
    lines.join(" \\\n")
}

/// A word as a shell reads it, PowerShell too.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=+@%/.:,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { sh(word) }
}

/// A word between the quotes of a POSIX shell.
pub(super) fn sh(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A word between the quotes of PowerShell.
pub(super) fn power_shell(word: &str) -> String {
    adrecover_core::powershell::quoted(word, adrecover_core::powershell::Letters::Kept)
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_fitted() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable", 4), ["unbreakable"]);
        assert!(wrapped("", 4).is_empty());
    }

    #[cfg(not(windows))]
    #[test]
    fn a_long_command_goes_on_in_the_next_line() {
        let words = ["restore", "UserA", "--upn", "a@b", "--reason", "ticket 1", "--yes"];
        assert_eq!(
            command_line(&words, usize::MAX),
            "adrecover restore UserA --upn a@b --reason 'ticket 1' --yes"
        );
        assert_eq!(
            command_line(&words, 40),
            "adrecover restore UserA --upn a@b \\\n    --reason 'ticket 1' --yes"
        );
    }

    #[test]
    fn quotes_in_paths_are_kept() {
        assert_eq!(sh("it's"), r"'it'\''s'");
        assert_eq!(power_shell("it's"), "'it''s'");
    }
}
