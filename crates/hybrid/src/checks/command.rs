//! Texts for commands in PowerShell.

use super::subject::Subject;

/// A text as a literal of PowerShell. It takes the typographic quotes for `'` too.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
    out
}

/// What names the user in a command: its GUID, which no rename changes.
pub(super) fn identity(subject: &Subject) -> String {
    subject.guid().map_or_else(|| quoted(&subject.dn.to_string()), |guid| guid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quote_that_ends_a_literal_is_doubled() {
        assert_eq!(quoted("O'Neill"), "'O''Neill'");
        assert_eq!(quoted("a\u{2019};calc"), "'a\u{2019}\u{2019};calc'");
        assert_eq!(quoted("$x `n"), "'$x `n'");
    }
}
