//! Keys of Unicode text, learned from the index itself.
//!
//! An index on Unicode text has sort keys of Windows (`LCMapString`), which hang on tables of the Windows version that wrote the
//! file. For most characters such a key has two octets a character, then the octet 1 and what concerns accents and case, which
//! the indexes of Active Directory leave out. So a few entries and the texts of their rows tell the two octets of each character
//! that occurs in them. Whatever is found with such a key is held against the row's own text; whatever is not found with
//! characters that are not known is looked for in every row. Learning can make
//! looking up fast, and never wrong. It was tried on keys of the writer for tests only, whose weights are not those of Windows.

use std::collections::HashMap;

/// Between the weights of characters and the rest of a key.
const SEPARATOR: u8 = 1;
/// Before each key that is not null.
const DATA: u8 = 0x7f;

/// What is known of the weights of characters.
#[derive(Debug, Default)]
pub(super) struct Weights {
    /// `None` where two entries disagree.
    of: HashMap<char, Option<[u8; 2]>>,
    /// What follows the weights.
    tail: Option<Vec<u8>>,
}

/// A key of a text, as far as its characters are known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TextKey {
    /// The beginning of the key.
    pub(super) head: Vec<u8>,
    /// What follows, where every character is known.
    pub(super) tail: Option<Vec<u8>>,
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().map(|c| {
        let mut upper = c.to_uppercase();
        upper.next().filter(|_| upper.next().is_none()).unwrap_or(c)
    })
}

/// The weights in a key: what is between the first octet and the separator.
pub(super) fn weights_in(key: &[u8]) -> Option<&[u8]> {
    let key = key.strip_prefix(&[DATA])?;
    let end = key.chunks(2).position(|pair| pair[0] == SEPARATOR)? * 2;
    Some(&key[..end])
}

impl Weights {
    /// Learns from an entry of the index and the text that it stands for.
    pub(super) fn learn(&mut self, key: &[u8], text: &str) {
        let Some(weights) = weights_in(key).filter(|w| !w.is_empty()) else { return };
        let text: Vec<char> = folded(text).collect();
        if weights.len() != text.len() * 2 {
            return;
        }
        for (pair, character) in weights.chunks_exact(2).zip(text) {
            let pair = [pair[0], pair[1]];
            let known = self.of.entry(character).or_insert(Some(pair));
            if *known != Some(pair) {
                *known = None;
            }
        }
        self.tail.get_or_insert_with(|| key[1 + weights.len()..].to_vec());
    }

    /// The key of a text.
    pub(super) fn key(&self, text: &str) -> TextKey {
        let mut head = vec![DATA];
        for character in folded(text) {
            match self.of.get(&character).copied().flatten() {
                Some(pair) => head.extend(pair),
                None => return TextKey { head, tail: None },
            }
        }
        TextKey { head, tail: self.tail.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_known() {
        let mut weights = Weights::default();
        weights.learn(b"\x7f\x0e\x02\x0e\x09\x01\x01\x01\x01\x00", "Ab");
        weights.learn(b"\x7f\x0e\x0a\x01\x01\x01\x01\x00", "c");
        let key = weights.key("bAC");
        assert_eq!(key.head, b"\x7f\x0e\x09\x0e\x02\x0e\x0a");
        assert_eq!(key.tail.unwrap(), b"\x01\x01\x01\x01\x00");
        assert_eq!(weights.key("ad"), TextKey { head: b"\x7f\x0e\x02".to_vec(), tail: None });
    }

    #[test]
    fn what_is_told_in_two_ways_is_not_known() {
        let mut weights = Weights::default();
        weights.learn(b"\x7f\x0e\x02\x01\x01\x01\x01\x00", "a");
        weights.learn(b"\x7f\x0e\x03\x01\x01\x01\x01\x00", "a");
        // Of another length: an expansion, or a character that does not count.
        weights.learn(b"\x7f\x0e\x02\x0e\x02\x01\x01\x01\x01\x00", "\u{e6}");
        assert_eq!(weights.key("a").tail, None);
        assert_eq!(weights.key("\u{e6}").head, b"\x7f");
    }
}
