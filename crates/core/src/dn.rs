//! Distinguished names: parsed at the edge, compared by meaning, escaped by one function.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ObjectGuid;

/// What Active Directory puts between an object's old name and its GUID when it deletes it: a line feed and `DEL:`
/// ([MS-ADTS] 3.1.1.5.5.1).
pub const DELETED_MARK: &str = "\nDEL:";

/// The longest value that AD takes for `cn`, `ou` and `name` (`rangeUpper` of `Common-Name`).
pub const MAX_RDN_VALUE: usize = 64;

/// A relative distinguished name: one or more `type=value` pairs.
///
/// A clone shares them: the names of a deep tree have most of their components in common.
#[derive(Clone)]
pub struct Rdn {
    pairs: Arc<[(String, String)]>,
}

/// A distinguished name, nearest component first.
///
/// Equality and hashing follow directory rules: types and values without case, the pairs of a multi-valued RDN in any
/// order. [`fmt::Display`] escapes what RFC 4514 wants escaped.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Dn {
    rdns: Vec<Rdn>,
}

/// Text that is not a DN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a distinguished name: {problem} at character {at}")]
pub struct NotADn {
    /// The whole text.
    pub text: String,
    /// What is wrong.
    pub problem: &'static str,
    /// The position, counted in characters from 1.
    pub at: usize,
}

impl Rdn {
    /// The nearest component of a DN's text; the rest of it is not looked at.
    pub fn first(dn: &str) -> Result<Self, NotADn> {
        Parser { text: dn, at: 0 }.rdn()
    }

    /// A single-valued RDN. The value is taken as it is, unescaped.
    pub fn new(kind: &str, value: &str) -> Self {
        Self { pairs: Arc::new([(kind.to_owned(), value.to_owned())]) }
    }

    /// The type of the first pair, such as `CN`.
    pub fn kind(&self) -> &str {
        &self.pairs[0].0
    }

    /// The unescaped value of the first pair.
    pub fn value(&self) -> &str {
        &self.pairs[0].1
    }

    /// The name that the object had before it was deleted, when this is a mangled name: the RDN cut at the last line
    /// feed + `DEL:`, and the GUID behind it.
    pub fn unmangled(&self) -> Option<(Rdn, ObjectGuid)> {
        let (name, guid) = unmangle(self.value())?;
        Some((Rdn::new(self.kind(), name), guid))
    }

    fn keys(&self) -> Vec<(String, String)> {
        let mut keys: Vec<_> =
            self.pairs.iter().map(|(k, v)| (k.to_ascii_lowercase(), v.to_lowercase())).collect();
        keys.sort();
        keys
    }
}

/// Splits the raw value of a deleted object's `name` or `cn` into the old name and the GUID. The mark is searched from
/// the end, because the old name may hold it too.
pub fn unmangle(value: &str) -> Option<(&str, ObjectGuid)> {
    // An old name is never empty: it could not be given back.
    let at = value.rfind(DELETED_MARK).filter(|at| *at > 0)?;
    Some((&value[..at], value[at + DELETED_MARK.len()..].parse().ok()?))
}

impl PartialEq for Rdn {
    fn eq(&self, other: &Self) -> bool {
        if let ([(k1, v1)], [(k2, v2)]) = (&*self.pairs, &*other.pairs) {
            return k1.eq_ignore_ascii_case(k2) && (v1 == v2 || v1.to_lowercase() == v2.to_lowercase());
        }
        self.pairs.len() == other.pairs.len() && self.keys() == other.keys()
    }
}

impl Eq for Rdn {}

impl std::hash::Hash for Rdn {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.keys().hash(state);
    }
}

impl Dn {
    /// The nearest component; `None` for the empty DN.
    pub fn rdn(&self) -> Option<&Rdn> {
        self.rdns.first()
    }

    /// The DN of the container; `None` for the empty DN.
    pub fn parent(&self) -> Option<Dn> {
        (!self.rdns.is_empty()).then(|| Dn { rdns: self.rdns[1..].to_vec() })
    }

    /// This DN with one more component in front.
    pub fn child(&self, rdn: Rdn) -> Dn {
        let mut rdns = Vec::with_capacity(self.rdns.len() + 1);
        rdns.push(rdn);
        rdns.extend_from_slice(&self.rdns);
        Dn { rdns }
    }

    /// Whether this is `ancestor` or lies below it.
    pub fn is_at_or_below(&self, ancestor: &Dn) -> bool {
        self.rdns.len() >= ancestor.rdns.len() && self.rdns.ends_with(&ancestor.rdns)
    }

    /// The number of components.
    pub fn depth(&self) -> usize {
        self.rdns.len()
    }

    /// Whether this is the empty DN, the name of the rootDSE.
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// Whether any component carries the mark of a deleted object.
    pub fn is_mangled(&self) -> bool {
        self.rdns.iter().any(|r| r.unmangled().is_some())
    }

    /// The DNS name made of the `DC` components: `contoso.com`.
    pub fn dns_name(&self) -> String {
        let labels: Vec<&str> =
            self.rdns.iter().filter(|r| r.kind().eq_ignore_ascii_case("DC")).map(Rdn::value).collect();
        labels.join(".")
    }

    /// The text in which equal DNs are equal: for maps that outlive the program. Not for the wire.
    pub fn key(&self) -> String {
        let pairs = |rdn: &Rdn| {
            let pairs =
                rdn.keys().into_iter().map(|(kind, value)| format!("{kind}={}", escape_value(&value)));
            pairs.collect::<Vec<_>>().join("+")
        };
        self.rdns.iter().map(pairs).collect::<Vec<_>>().join(",")
    }
}

/// Escapes the value of an RDN (RFC 4514 section 2.4). Control characters become `\XX`, as AD writes them (`\0A`).
pub fn escape_value(value: &str) -> Cow<'_, str> {
    let special = |b: u8| b.is_ascii_control() || b"\"+,;<=>\\".contains(&b);
    if !value.starts_with([' ', '#']) && !value.ends_with(' ') && !value.bytes().any(special) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len() + 8);
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => out.extend(['\\', c]),
            ' ' if i == 0 || i == last => out.push_str("\\ "),
            '#' if i == 0 => out.push_str("\\#"),
            c if c.is_ascii_control() => out.push_str(&format!("\\{:02X}", c as u32)),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (kind, value)) in self.pairs.iter().enumerate() {
            if i > 0 {
                f.write_str("+")?;
            }
            f.write_str(kind)?;
            f.write_str("=")?;
            f.write_str(&escape_value(value))?;
        }
        Ok(())
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, rdn) in self.rdns.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            rdn.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Dn {
    type Err = NotADn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parser = Parser { text, at: 0 };
        if text.trim().is_empty() {
            return Ok(Dn::default());
        }
        let mut rdns = vec![];
        loop {
            rdns.push(parser.rdn()?);
            match parser.peek() {
                None => return Ok(Dn { rdns }),
                Some(b',' | b';') => parser.at += 1,
                Some(_) => return Err(parser.fail("something follows the value")),
            }
        }
    }
}

/// Looks at octets: everything that has a meaning in a DN is ASCII.
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn fail(&self, problem: &'static str) -> NotADn {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        NotADn { text: self.text.to_owned(), problem, at: before.chars().count() + 1 }
    }

    fn octet(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn peek(&self) -> Option<u8> {
        self.octet(self.at)
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn rdn(&mut self) -> Result<Rdn, NotADn> {
        let first = self.pair()?;
        if self.peek() != Some(b'+') {
            return Ok(Rdn { pairs: Arc::new([first]) });
        }
        let mut pairs = vec![first];
        while self.peek() == Some(b'+') {
            self.at += 1;
            pairs.push(self.pair()?);
        }
        Ok(Rdn { pairs: pairs.into() })
    }

    fn pair(&mut self) -> Result<(String, String), NotADn> {
        self.skip_spaces();
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.')) {
            self.at += 1;
        }
        let kind = self.text[start..self.at].to_owned();
        if kind.is_empty() {
            return Err(self.fail("an attribute type is missing"));
        }
        self.skip_spaces();
        if self.peek() != Some(b'=') {
            return Err(self.fail("`=` is missing"));
        }
        self.at += 1;
        self.skip_spaces();
        let value = if self.peek() == Some(b'"') { self.quoted()? } else { self.plain()? };
        if value.is_empty() {
            return Err(self.fail("the value is empty"));
        }
        Ok((kind, value))
    }

    /// A backslash pair: `\XX` is an octet, which may be a part of a UTF-8 sequence, `\c` the character itself.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), NotADn> {
        let hex = |c: Option<u8>| c.and_then(|c| char::from(c).to_digit(16));
        self.at += 1;
        if let (Some(high), Some(low)) = (hex(self.peek()), hex(self.octet(self.at + 1))) {
            out.push((high * 16 + low) as u8);
            self.at += 2;
            return Ok(());
        }
        // Of a character of several octets the others follow like any.
        out.push(self.peek().ok_or_else(|| self.fail("a backslash ends it"))?);
        self.at += 1;
        Ok(())
    }

    fn plain(&mut self) -> Result<String, NotADn> {
        // Most values have nothing to unescape.
        let rest = &self.text[self.at..];
        let end = rest.find([',', ';', '+', '\\', '"']).unwrap_or(rest.len());
        if !matches!(rest.as_bytes().get(end), Some(b'\\' | b'"')) {
            self.at += end;
            return Ok(rest[..end].trim_end_matches(' ').to_owned());
        }
        let mut out = Vec::with_capacity(rest.len().min(128));
        // Spaces at the end belong to the syntax unless the last one was escaped.
        let mut keep = 0;
        while let Some(c) = self.peek() {
            match c {
                b',' | b';' | b'+' => break,
                b'\\' => {
                    self.escape(&mut out)?;
                    keep = out.len();
                }
                b'"' => return Err(self.fail("a quotation mark stands inside the value")),
                c => {
                    out.push(c);
                    self.at += 1;
                    if c != b' ' {
                        keep = out.len();
                    }
                }
            }
        }
        out.truncate(keep);
        String::from_utf8(out).map_err(|_| self.fail("the escaped octets are not UTF-8"))
    }

    fn quoted(&mut self) -> Result<String, NotADn> {
        self.at += 1;
        let mut out = vec![];
        loop {
            match self.peek() {
                None => return Err(self.fail("the closing quotation mark is missing")),
                Some(b'"') => break,
                Some(b'\\') => self.escape(&mut out)?,
                Some(c) => {
                    out.push(c);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        self.skip_spaces();
        String::from_utf8(out).map_err(|_| self.fail("the escaped octets are not UTF-8"))
    }
}

impl Serialize for Dn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Dn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dn(text: &str) -> Dn {
        text.parse().unwrap()
    }

    #[test]
    fn a_mangled_name_gives_the_old_one_back() {
        let deleted =
            dn("CN=UserA\\0ADEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f,CN=Deleted Objects,DC=contoso,DC=com");
        let (rdn, guid) = deleted.rdn().unwrap().unmangled().unwrap();
        assert_eq!(rdn.to_string(), "CN=UserA");
        assert_eq!(guid.to_string(), "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f");
        assert!(deleted.is_mangled() && !deleted.parent().unwrap().is_mangled());
        assert_eq!(deleted.dns_name(), "contoso.com");
        assert_eq!(
            deleted.to_string(),
            "CN=UserA\\0ADEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f,CN=Deleted Objects,DC=contoso,DC=com"
        );
    }

    #[test]
    fn the_last_mark_counts() {
        let inner = "x\nDEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";
        let twice = format!("{inner}\nDEL:11111111-2222-3333-4444-555555555555");
        assert_eq!(unmangle(&twice).unwrap().0, inner);
        assert_eq!(unmangle("DEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f"), None);
        assert_eq!(unmangle("x\nDEL:nonsense"), None);
        assert_eq!(unmangle("\nDEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f"), None);
    }

    #[test]
    fn equality_is_the_directorys() {
        assert_eq!(
            dn("cn=User A, ou = Sales ,DC=contoso,dc=COM"),
            dn("CN=user a,OU=sales,DC=CONTOSO,DC=com")
        );
        assert_eq!(dn("CN=a+UID=b,DC=x"), dn("uid=B+cn=A,dc=x"));
        assert_eq!(dn("CN=a+UID=b,DC=x").key(), dn("uid=B+cn=A,dc=x").key());
        assert_eq!(dn("CN=Doe\\, A,DC=x").key(), "cn=doe\\, a,dc=x");
        assert_ne!(dn("OU=CORP,DC=x"), dn("OU=XCORP,DC=x"));
        assert!(dn("CN=a,OU=b,DC=x").is_at_or_below(&dn("ou=B,dc=X")));
        assert!(!dn("OU=XCORP,DC=x").is_at_or_below(&dn("OU=CORP,DC=x")));
    }

    #[test]
    fn special_characters_are_escaped_and_read_back() {
        let odd = "P05, Jr + \"x\" #1";
        let name = dn("OU=Staff,DC=x").child(Rdn::new("CN", odd));
        assert_eq!(name.to_string(), "CN=P05\\, Jr \\+ \\\"x\\\" #1,OU=Staff,DC=x");
        assert_eq!(dn(&name.to_string()).rdn().unwrap().value(), odd);
        assert_eq!(dn("CN=\\C3\\BC\\ ,DC=x").rdn().unwrap().value(), "\u{fc} ");
        assert_eq!(dn("CN=\"a, b\" ,DC=x").rdn().unwrap().value(), "a, b");
    }

    #[test]
    fn bad_names_say_where() {
        for (text, at) in
            [("CN", 3), ("CN=a,,DC=x", 6), ("=x", 1), ("CN=a\\", 6), ("CN=\"a", 6), ("CN=,DC=x", 4)]
        {
            assert_eq!(text.parse::<Dn>().unwrap_err().at, at, "{text}");
        }
        assert!("CN=\\FF,DC=x".parse::<Dn>().is_err());
    }

    proptest! {
        #[test]
        fn any_value_survives(value in "\\PC{1,20}|[ #+,;<>=\"\\\\\n\0]{1,8}") {
            let name = dn("OU=a,DC=x").child(Rdn::new("CN", &value));
            let back = dn(&name.to_string());
            prop_assert_eq!(back.rdn().unwrap().value(), value);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Dn>();
        }
    }
}
