//! Many short texts as one: each with its length before it. A hundred thousand users are a hundred thousand allocations, not
//! three million.

use std::fmt::Write as _;

/// Puts a text behind those that are there.
pub(crate) fn put(out: &mut String, item: &str) {
    // Writing to a `String` does not fail.
    let _ = write!(out, "{}:", item.len());
    out.push_str(item);
}

/// The texts in the order in which they were put.
#[derive(Debug, Clone, Default)]
pub struct Items<'a>(pub(crate) &'a str);

impl<'a> Iterator for Items<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let mut length = 0usize;
        for (at, octet) in self.0.bytes().enumerate() {
            if octet == b':' {
                let (item, rest) = self.0[at + 1..].split_at_checked(length)?;
                self.0 = rest;
                return Some(item);
            }
            length = length.checked_mul(10)?.checked_add(usize::from(octet.checked_sub(b'0')?))?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_comes_out(items: Vec<String>) {
            let mut out = String::new();
            items.iter().for_each(|item| put(&mut out, item));
            prop_assert!(Items(&out).eq(items.iter().map(String::as_str)));
        }

        #[test]
        fn any_text_can_be_walked(text: String) {
            prop_assert!(Items(&text).count() <= text.len());
        }
    }
}
