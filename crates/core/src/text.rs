//! Showing foreign text: a name from the directory must not be able to drive the terminal.

use std::borrow::Cow;

/// Escapes control characters (C0, DEL, C1, line and paragraph separators, bidirectional overrides) as `\n`-style
/// or `\u{…}`, leaving everything else as it is.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unprintable(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_overrides_are_defused() {
        assert_eq!(printable("a\u{1b}[31mb\n\u{202e}c"), "a\\u{1b}[31mb\\n\\u{202e}c");
        assert_eq!(printable("a\u{61c}b"), "a\\u{61c}b");
        assert!(matches!(printable("J\u{fc}rgen, 日本"), Cow::Borrowed(_)));
    }
}
