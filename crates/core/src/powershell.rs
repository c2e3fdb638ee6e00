//! Text as PowerShell takes it.

/// Whether letters beyond ASCII stand as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// In what is shown to people.
    Kept,
    /// In files: a script without a byte order mark is read in the code page of the computer, in which half a letter can be a
    /// quote.
    Encoded,
}

/// A value as an expression of PowerShell: a literal in single quotes, in which nothing but the quote itself means anything.
///
/// PowerShell takes ‘ ’ ‚ ‛ for single quotes and “ ” „ for double ones, wherever they come from. These, line ends and control
/// characters stand as `[char]0x…`, so that the result is one line in which the only delimiters are the ASCII quotes that are
/// written here. With [`Letters::Encoded`] it is ASCII.
pub fn quoted(value: &str, letters: Letters) -> String {
    let is_plain = |c: char| is_plain(c, letters);
    if value.chars().all(is_plain) {
        return format!("'{}'", value.replace('\'', "''"));
    }
    let mut parts: Vec<String> = vec![];
    let mut run = String::new();
    // The first part is text even where it is empty: `+` does then what is meant.
    let push = |run: &mut String, parts: &mut Vec<String>| {
        if !run.is_empty() || parts.is_empty() {
            parts.push(format!("'{}'", run.replace('\'', "''")));
            run.clear();
        }
    };
    for c in value.chars() {
        if is_plain(c) {
            run.push(c);
            continue;
        }
        push(&mut run, &mut parts);
        let mut units = [0; 2];
        parts.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("[char]0x{unit:04x}")));
    }
    if !run.is_empty() {
        push(&mut run, &mut parts);
    }
    format!("({})", parts.join(" + "))
}

fn is_plain(c: char, letters: Letters) -> bool {
    c == ' ' || c.is_ascii_graphic() || (letters == Letters::Kept && !c.is_ascii() && c.is_alphanumeric())
}

/// A value as an argument of a program, for a person to copy into PowerShell or into a shell of Linux.
///
/// A word that no shell takes apart stands as it is. Else it is a literal in single quotes; one with an apostrophe stands in
/// double quotes where nothing in it means anything there. What has no form that all shells take has PowerShell's, and another
/// shell refuses it or takes it as one word.
pub fn argument(value: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.@=:/+".contains(c);
    // At the beginning of a word `@` and `-` mean something.
    if value.starts_with(|c: char| c.is_ascii_alphanumeric()) && value.chars().all(is_word) {
        return value.to_owned();
    }
    let is_inert = |c: char| is_plain(c, Letters::Kept) && !matches!(c, '"' | '$' | '`' | '\\' | '!');
    if value.contains('\'') && value.chars().all(is_inert) {
        return format!("\"{value}\"");
    }
    quoted(value, Letters::Kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What PowerShell makes of such an expression, by its own rules of tokens.
    fn evaluated(expression: &str) -> Option<String> {
        let inner = match expression.strip_prefix('(') {
            Some(rest) => rest.strip_suffix(')')?,
            None => expression,
        };
        let is_quote = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
        let mut units: Vec<u16> = vec![];
        let mut chars = inner.chars().peekable();
        loop {
            match chars.next()? {
                c if is_quote(c) => loop {
                    match chars.next()? {
                        c if is_quote(c) => {
                            if !chars.peek().copied().is_some_and(is_quote) {
                                break;
                            }
                            chars.next();
                            units.extend(c.encode_utf16(&mut [0; 2]).iter());
                        }
                        c => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
                    }
                },
                '[' => {
                    let rest: String = chars.by_ref().take("char]0x".len() + 4).collect();
                    units.push(u16::from_str_radix(rest.strip_prefix("char]0x")?, 16).ok()?);
                }
                _ => return None,
            }
            match chars.by_ref().take(3).collect::<String>().as_str() {
                "" => return String::from_utf16(&units).ok(),
                " + " => {}
                _ => return None,
            }
        }
    }

    #[test]
    fn quotes_of_every_kind() {
        assert_eq!(quoted("O'Brien", Letters::Encoded), "'O''Brien'");
        assert_eq!(quoted("O\u{2019}Brien", Letters::Kept), "('O' + [char]0x2019 + 'Brien')");
        assert_eq!(quoted("\u{201c}\u{201e}", Letters::Kept), "('' + [char]0x201c + [char]0x201e)");
        assert_eq!(quoted("$(x) `n \"", Letters::Encoded), "'$(x) `n \"'");
        assert_eq!(quoted("a\nb", Letters::Kept), "('a' + [char]0x000a + 'b')");
        assert_eq!(quoted("M\u{fc}ller", Letters::Kept), "'M\u{fc}ller'");
        assert_eq!(quoted("M\u{fc}ller", Letters::Encoded), "('M' + [char]0x00fc + 'ller')");
        assert_eq!(quoted("", Letters::Encoded), "''");
    }

    #[test]
    fn arguments_are_the_same_in_every_shell_where_they_can_be() {
        assert_eq!(argument("ana@contoso.com"), "ana@contoso.com");
        assert_eq!(argument("@ana"), "'@ana'");
        assert_eq!(argument("-x"), "'-x'");
        assert_eq!(argument("Sales & co"), "'Sales & co'");
        assert_eq!(argument("a,b"), "'a,b'");
        assert_eq!(argument(""), "''");
        assert_eq!(argument("O'Neill"), "\"O'Neill\"");
        assert_eq!(argument("O'Neill $(calc)"), "'O''Neill $(calc)'");
        assert_eq!(argument("O'Neill\n"), "('O''Neill' + [char]0x000a)");
        assert_eq!(argument("a\u{2019}\u{201d};calc"), "('a' + [char]0x2019 + [char]0x201d + ';calc')");
        assert_eq!(argument("a\u{202e}'b"), "('a' + [char]0x202e + '''b')");
    }

    fn any_text() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(
            "'\u{2018}\u{2019}\u{201a}\u{201b}\"\u{201c}\u{201d}\u{201e}`$\n\r\0();#\u{85}\u{2028}\u{1f600}\u{fc}"
                .chars()
                .collect::<Vec<_>>(),
        );
        prop::collection::vec(prop_oneof![odd, any::<char>()], 0..24)
            .prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_value_is_a_value_and_nothing_else(value in any_text()) {
            for letters in [Letters::Kept, Letters::Encoded] {
                let expression = quoted(&value, letters);
                prop_assert_eq!(evaluated(&expression), Some(value.clone()), "{}", expression);
                prop_assert!(expression.chars().all(|c| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric()));
            }
            prop_assert!(quoted(&value, Letters::Encoded).is_ascii());
        }
    }
}
