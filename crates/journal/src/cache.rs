//! What a writer remembers between batches, so that it need not ask for each link and each container.

use std::collections::HashMap;
use std::hash::Hash;

use adrecover_core::ObjectGuid;

use crate::seal::Fingerprint;

/// How many objects are remembered: three megabytes. Groups of a large directory point to all of them.
const OBJECTS: usize = 114_688;

/// How many of anything else.
const OTHERS: usize = 4096;

/// What is remembered. It is dropped when a transaction fails, because what was written in it is not there.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// The rows of objects.
    pub(crate) objects: Bounded<ObjectGuid, i64, OBJECTS>,
    /// The objects that the names of containers stand for. Dropped whenever a name changes.
    pub(crate) containers: Bounded<String, i64>,
    /// The rows of contents.
    pub(crate) contents: Bounded<Fingerprint, i64>,
}

/// A map that forgets everything when it is full. That costs some questions and needs no order to be kept.
#[derive(Debug)]
pub(crate) struct Bounded<K, V, const MOST: usize = OTHERS>(HashMap<K, V>);

impl<K, V, const MOST: usize> Default for Bounded<K, V, MOST> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq, V: Copy, const MOST: usize> Bounded<K, V, MOST> {
    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.0.get(key).copied()
    }

    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(key, value);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_small() {
        let mut map: Bounded<usize, usize> = Bounded::default();
        for n in 0..3 * OTHERS {
            map.put(n, n);
            assert_eq!(map.get(&n), Some(n));
        }
        assert!(map.0.len() <= OTHERS);
    }
}
