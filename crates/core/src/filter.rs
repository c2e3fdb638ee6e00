//! The one place where a value is put into an LDAP filter.

/// Escapes a value for a filter (RFC 4515 section 3): `*`, `(`, `)`, `\`, NUL, and every octet outside printable
/// ASCII, so that line feeds and non-ASCII text survive every parser on the way.
pub fn escape(value: &str) -> String {
    escape_bytes(value.as_bytes())
}

/// [`escape`] for a value that is not text.
pub fn escape_bytes(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len());
    for &b in value {
        match b {
            b'*' | b'(' | b')' | b'\\' | 0..=0x1f | 0x7f.. => out.push_str(&format!("\\{b:02x}")),
            _ => out.push(char::from(b)),
        }
    }
    out
}

/// `(attribute=value)` with the value escaped.
pub fn equals(attribute: &str, value: &str) -> String {
    format!("({attribute}={})", escape(value))
}

/// `(|…)` over the parts, or the single part itself.
///
/// An empty list gives the filter that matches nothing (RFC 4526 `(|)` is not understood everywhere).
pub fn any_of<S: AsRef<str>>(parts: impl IntoIterator<Item = S>) -> String {
    let parts: Vec<S> = parts.into_iter().collect();
    match parts.as_slice() {
        [] => "(!(objectClass=*))".to_owned(),
        [one] => one.as_ref().to_owned(),
        many => format!("(|{})", many.iter().map(AsRef::as_ref).collect::<String>()),
    }
}

/// `(&…)` over the parts, or the single part itself.
pub fn all_of<S: AsRef<str>>(parts: impl IntoIterator<Item = S>) -> String {
    let parts: Vec<S> = parts.into_iter().collect();
    match parts.as_slice() {
        [] => "(objectClass=*)".to_owned(),
        [one] => one.as_ref().to_owned(),
        many => format!("(&{})", many.iter().map(AsRef::as_ref).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_is_syntax() {
        assert_eq!(equals("cn", "a*(b)\\c\0"), "(cn=a\\2a\\28b\\29\\5cc\\00)");
        assert_eq!(equals("cn", "M\u{fc}ller\n"), "(cn=M\\c3\\bcller\\0a)");
    }

    #[test]
    fn one_part_is_not_wrapped() {
        assert_eq!(any_of(["(a=1)"]), "(a=1)");
        assert_eq!(any_of(["(a=1)", "(b=2)"]), "(|(a=1)(b=2))");
        assert_eq!(all_of(["(a=1)", "(b=2)"]), "(&(a=1)(b=2))");
    }
}
