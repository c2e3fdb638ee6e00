//! Commands for ways out: values of a user as PowerShell takes them.

use super::case::Case;

/// A text between quotes. PowerShell ends a text at the typographic quotes too, and takes each of them doubled for one.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        out.push(c);
        if matches!(c, '\'' | '‘' | '’' | '‚' | '‛') {
            out.push(c);
        }
    }
    out.push('\'');
    out
}

/// What names the user to the commands of the ActiveDirectory module.
pub(super) fn identity(case: &Case<'_>) -> String {
    case.subject.guid().map_or_else(|| quoted(&case.subject.dn.to_string()), |guid| guid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quote_is_doubled() {
        for (text, expected) in
            [("a", "'a'"), ("o'hara", "'o''hara'"), ("a’; calc", "'a’’; calc'"), ("$x `n \"", "'$x `n \"'"), ("", "''")]
        {
            assert_eq!(quoted(text), expected);
        }
    }
}
