//! LDIF (RFC 2849), as far as the tests write and read it. Every value is written in base64, so that any octets pass.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Changes for `ldapmodify`, in order.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ldif(pub(super) String);

impl Ldif {
    /// Changes as they are written by hand.
    pub(crate) fn raw(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Makes these changes after its own.
    pub(crate) fn append(&mut self, more: &Self) {
        self.0.push_str(&more.0);
    }

    /// Adds an entry.
    pub(crate) fn add<V: AsRef<[u8]>>(mut self, dn: &str, attributes: &[(String, V)]) -> Self {
        self.begin(dn, "add");
        attributes.iter().for_each(|(name, value)| self.line(name, value.as_ref()));
        self.0.push('\n');
        self
    }

    /// Deletes a leaf.
    pub(crate) fn delete(mut self, dn: &str) -> Self {
        self.begin(dn, "delete");
        self.0.push('\n');
        self
    }

    /// Deletes an entry and everything below it.
    pub(crate) fn delete_tree(mut self, dn: &str) -> Self {
        self.line("dn", dn.as_bytes());
        self.0.push_str("control: 1.2.840.113556.1.4.805 true\nchangetype: delete\n\n");
        self
    }

    /// Replaces the values of an attribute; none clear it.
    pub(crate) fn replace<V: AsRef<[u8]>>(self, dn: &str, attribute: &str, values: &[V]) -> Self {
        self.modify("replace", dn, attribute, values)
    }

    /// Adds values to an attribute.
    pub(crate) fn add_values<V: AsRef<[u8]>>(self, dn: &str, attribute: &str, values: &[V]) -> Self {
        self.modify("add", dn, attribute, values)
    }

    fn modify<V: AsRef<[u8]>>(mut self, how: &str, dn: &str, attribute: &str, values: &[V]) -> Self {
        self.begin(dn, "modify");
        self.0.push_str(&format!("{how}: {attribute}\n"));
        values.iter().for_each(|value| self.line(attribute, value.as_ref()));
        self.0.push_str("-\n\n");
        self
    }

    fn begin(&mut self, dn: &str, change: &str) {
        self.line("dn", dn.as_bytes());
        self.0.push_str(&format!("changetype: {change}\n"));
    }

    fn line(&mut self, name: &str, value: &[u8]) {
        self.0.push_str(&format!("{name}:: {}\n", to_base64(value)));
    }
}

/// The entries of what `ldapsearch -LLL -o ldif-wrap=no` prints: pairs of name and value, the DN first.
pub(super) fn parse(text: &str) -> Vec<Vec<(String, Vec<u8>)>> {
    let blocks = text.split("\n\n").map(|block| block.lines().filter_map(pair).collect::<Vec<_>>());
    blocks.filter(|pairs| pairs.first().is_some_and(|(name, _)| name == "dn")).collect()
}

fn pair(line: &str) -> Option<(String, Vec<u8>)> {
    let (name, rest) = line.split_once(':').filter(|_| !line.starts_with('#'))?;
    let value = match rest.strip_prefix(':') {
        Some(encoded) => from_base64(encoded.trim()),
        None => rest.strip_prefix(' ').unwrap_or(rest).as_bytes().to_vec(),
    };
    Some((name.to_owned(), value))
}

/// Base64 with padding.
pub(crate) fn to_base64(octets: &[u8]) -> String {
    let mut out = String::new();
    for chunk in octets.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |sum, octet| sum << 8 | u32::from(*octet)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let sextet = ALPHABET[(group >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { sextet as char } else { '=' });
        }
    }
    out
}

fn from_base64(text: &str) -> Vec<u8> {
    let (mut out, mut bits, mut held) = (vec![], 0u32, 0);
    for character in text.bytes().take_while(|c| *c != b'=') {
        let sextet = ALPHABET.iter().position(|a| *a == character).expect("a character of base64");
        bits = bits << 6 | sextet as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}

/// A value as it stands in a DN.
pub(crate) fn escape_dn(value: &str) -> String {
    let last = value.len().saturating_sub(1);
    let mut out = String::new();
    for (i, character) in value.char_indices() {
        let at_the_edge = character == ' ' && (i == 0 || i == last);
        if at_the_edge || ",+\"\\<>;=#\n\r".contains(character) {
            out.push_str(&format!("\\{:02X}", character as u32));
        } else {
            out.push(character);
        }
    }
    out
}

/// A value as it stands in a filter.
pub(super) fn escape_filter(value: impl AsRef<[u8]>) -> String {
    value.as_ref().iter().fold(String::new(), |mut out, octet| {
        match octet {
            b'*' | b'(' | b')' | b'\\' | 0..32 | 127.. => out.push_str(&format!("\\{octet:02x}")),
            plain => out.push(char::from(*plain)),
        }
        out
    })
}

#[test]
fn base64_goes_there_and_back() {
    for text in ["", "a", "ab", "abc", "abcd", "Zoë 李雷"] {
        assert_eq!(from_base64(&to_base64(text.as_bytes())), text.as_bytes());
    }
    assert_eq!(to_base64(b"ab"), "YWI=");
}
