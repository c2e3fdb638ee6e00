//! Finds rows by what their properties hold. Four octets of a hash and four of a row for each key; what the hash finds is
//! compared.

/// What a key is, so that one index holds them all.
pub(crate) type Tag = u8;

/// Rows by hash.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: Vec<(u32, u32)>,
}

impl Index {
    pub(crate) fn with_capacity(keys: usize) -> Self {
        Self { entries: Vec::with_capacity(keys) }
    }

    pub(crate) fn add(&mut self, tag: Tag, key: &str, row: u32) {
        self.entries.push((hash(tag, key), row));
    }

    /// Has to be called once, when all keys are there.
    pub(crate) fn sort(&mut self) {
        self.entries.sort_unstable();
        self.entries.dedup();
        self.entries.shrink_to_fit();
    }

    /// The rows that may have this key.
    pub(crate) fn find(&self, tag: Tag, key: &str) -> impl Iterator<Item = u32> + '_ {
        let wanted = hash(tag, key);
        let start = self.entries.partition_point(|(h, _)| *h < wanted);
        self.entries[start..].iter().take_while(move |(h, _)| *h == wanted).map(|(_, row)| *row)
    }
}

fn hash(tag: Tag, key: &str) -> u32 {
    let wide = hash64(tag, key);
    (wide ^ (wide >> 32)) as u32
}

/// FNV-1a over the key in lower case. That keys which differ in case fall together costs a comparison.
pub(crate) fn hash64(tag: Tag, key: &str) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |octet: u8| state = (state ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3);
    add(tag);
    if key.is_ascii() {
        key.bytes().for_each(|b| add(b.to_ascii_lowercase()));
    } else {
        key.to_lowercase().bytes().for_each(&mut add);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::same;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_key_finds_its_rows(keys in prop::collection::vec("[a-cA-CäÄ]{0,3}", 0..40)) {
            let mut index = Index::default();
            for (row, key) in keys.iter().enumerate() {
                index.add(1, key, row as u32);
            }
            index.sort();
            for key in &keys {
                let found: Vec<_> = index.find(1, key).filter(|r| same(&keys[*r as usize], key)).collect();
                let expected: Vec<_> = (0..keys.len() as u32).filter(|r| keys[*r as usize].to_lowercase() == key.to_lowercase()).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
