//! The newest state of an object as one payload.

use std::borrow::Cow;

use super::octets::{Reader, put, put_octets, put_signed};
use super::values;

/// The layout of the payload.
const LAYOUT: u8 = 1;

/// When and where a value was written, as the directory says; zeros where it was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    /// Seconds since 1970.
    pub(crate) at: i64,
    /// The row of the domain controller on which it was written.
    pub(crate) controller: i64,
    /// That controller's number of the write.
    pub(crate) usn: i64,
    /// How often the attribute had been written.
    pub(crate) version: i64,
}

/// One attribute with its packed values ([`super::values`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) id: i64,
    pub(crate) stamp: Stamp,
    pub(crate) values: Cow<'a, [u8]>,
}

/// The name of an object: its own part, and the DN of what it lies in where that is no object of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Name<'a> {
    pub(crate) rdn: Cow<'a, str>,
    pub(crate) container: Option<Cow<'a, str>>,
}

/// An object's name and attributes, these in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct State<'a> {
    pub(crate) name: Name<'a>,
    pub(crate) attributes: Vec<Attribute<'a>>,
}

impl<'a> Name<'a> {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_octets(out, self.rdn.as_bytes());
        match &self.container {
            None => put(out, 0),
            Some(dn) => {
                put(out, 1);
                put_octets(out, dn.as_bytes());
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let rdn = Cow::Borrowed(reader.text()?);
        let container = match reader.octet()? {
            0 => None,
            1 => Some(Cow::Borrowed(reader.text()?)),
            _ => return None,
        };
        Some(Self { rdn, container })
    }

    pub(crate) fn into_owned(self) -> Name<'static> {
        Name {
            rdn: Cow::Owned(self.rdn.into_owned()),
            container: self.container.map(|dn| Cow::Owned(dn.into_owned())),
        }
    }
}

impl Stamp {
    /// Where and when, without the version: what the attributes that were written together have in common.
    fn write(self) -> (i64, i64, i64) {
        (self.at, self.controller, self.usn)
    }

    pub(super) fn put_write(self, out: &mut Vec<u8>) {
        put_signed(out, self.at);
        put_signed(out, self.controller);
        put_signed(out, self.usn);
    }

    pub(super) fn read_write(reader: &mut Reader<'_>) -> Option<Self> {
        let (at, controller, usn) = (reader.signed()?, reader.signed()?, reader.signed()?);
        Some(Self { at, controller, usn, version: 0 })
    }
}

impl<'a> Attribute<'a> {
    pub(crate) fn into_owned(self) -> Attribute<'static> {
        Attribute { id: self.id, stamp: self.stamp, values: Cow::Owned(self.values.into_owned()) }
    }
}

impl<'a> State<'a> {
    /// The payload. Most attributes of an object were written in a few writes, which are listed once, and have one value, which says
    /// itself how long it is: then one octet says all there is to say besides.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        out.push(LAYOUT);
        self.name.put(&mut out);
        let mut writes: Vec<Stamp> = vec![];
        let place = |writes: &[Stamp], stamp: Stamp| writes.iter().position(|w| w.write() == stamp.write());
        for attribute in self.attributes.iter().filter(|a| a.stamp != Stamp::default()) {
            if place(&writes, attribute.stamp).is_none() {
                writes.push(attribute.stamp);
            }
        }
        put(&mut out, writes.len() as u64);
        for write in &writes {
            write.put_write(&mut out);
        }
        let mut last = 0;
        for attribute in &self.attributes {
            let (is_stamped, is_one) =
                (attribute.stamp != Stamp::default(), values::is_one(&attribute.values));
            let step = (attribute.id as u64).wrapping_sub(last);
            put(&mut out, step << 2 | u64::from(is_one) << 1 | u64::from(is_stamped));
            last = attribute.id as u64;
            if is_stamped {
                put(&mut out, place(&writes, attribute.stamp).unwrap_or(0) as u64);
                put_signed(&mut out, attribute.stamp.version);
            }
            if is_one {
                out.extend_from_slice(&attribute.values);
            } else {
                put_octets(&mut out, &attribute.values);
            }
        }
        out
    }

    /// Reads a payload; `None` where it is none.
    pub(crate) fn read(payload: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let name = Self::head(&mut reader)?;
        let writes: Option<Vec<Stamp>> =
            (0..reader.count()?).map(|_| Stamp::read_write(&mut reader)).collect();
        let writes = writes?;
        let mut attributes: Vec<Attribute<'a>> = Vec::new();
        let mut id = 0i64;
        while !reader.is_empty() {
            let head = reader.number()?;
            // What follows relies on the order.
            id = id.checked_add(i64::try_from(head >> 2).ok().filter(|step| *step > 0)?)?;
            let stamp = match head & 1 {
                0 => Stamp::default(),
                _ => {
                    let write = *writes.get(usize::try_from(reader.number()?).ok()?)?;
                    Stamp { version: reader.signed()?, ..write }
                }
            };
            let values = if head & 2 == 0 { reader.octets()? } else { values::next_one(&mut reader)? };
            attributes.push(Attribute { id, stamp, values: Cow::Borrowed(values) });
        }
        Some(Self { name, attributes })
    }

    /// Only the name of a payload.
    pub(crate) fn read_name(payload: &'a [u8]) -> Option<Name<'a>> {
        Self::head(&mut Reader::new(payload))
    }

    fn head(reader: &mut Reader<'a>) -> Option<Name<'a>> {
        (reader.octet()? == LAYOUT).then(|| Name::read(reader))?
    }

    /// An attribute.
    pub(crate) fn get(&self, id: i64) -> Option<&Attribute<'a>> {
        self.attributes.binary_search_by_key(&id, |a| a.id).ok().and_then(|at| self.attributes.get(at))
    }

    /// Puts an attribute in the place of what there is, or takes it away, and returns what was there.
    pub(crate) fn put(&mut self, id: i64, new: Option<Attribute<'a>>) -> Option<Attribute<'a>> {
        match (self.attributes.binary_search_by_key(&id, |a| a.id), new) {
            (Ok(at), Some(new)) => Some(std::mem::replace(&mut self.attributes[at], new)),
            (Ok(at), None) => Some(self.attributes.remove(at)),
            (Err(at), Some(new)) => {
                self.attributes.insert(at, new);
                None
            }
            (Err(_), None) => None,
        }
    }

    pub(crate) fn into_owned(self) -> State<'static> {
        State {
            name: self.name.into_owned(),
            attributes: self.attributes.into_iter().map(Attribute::into_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn state() -> impl Strategy<Value = State<'static>> {
        let stamp = (0..3i64, 0..3i64, any::<i64>(), -2..9i64);
        let attribute = (stamp, prop::collection::vec(any::<u8>(), 0..12));
        let attributes = prop::collection::btree_map(1..500i64, attribute, 0..12);
        ("\\PC{0,12}", prop::option::of("\\PC{0,12}"), attributes).prop_map(|(rdn, container, attributes)| {
            let attribute = |(id, ((at, controller, usn, version), values)): (i64, (_, Vec<u8>))| Attribute {
                id,
                stamp: Stamp { at, controller, usn, version },
                values: Cow::Owned(values),
            };
            State {
                name: Name { rdn: rdn.into(), container: container.map(Cow::Owned) },
                attributes: attributes.into_iter().map(attribute).collect(),
            }
        })
    }

    proptest! {
        #[test]
        fn a_state_comes_back(state in state()) {
            let payload = state.pack();
            prop_assert_eq!(State::read(&payload), Some(state.clone()));
            prop_assert_eq!(State::read_name(&payload), Some(state.name.clone()));
            for end in 0..payload.len() {
                prop_assert_ne!(State::read(&payload[..end]), Some(state.clone()));
            }
        }

        #[test]
        fn a_damaged_state_is_read_or_refused(state in state(), at: prop::sample::Index, to: u8) {
            let mut payload = state.pack();
            let at = at.index(payload.len());
            payload[at] = to;
            if let Some(read) = State::read(&payload) {
                prop_assert!(read.attributes.is_sorted_by_key(|a| a.id));
            }
        }
    }
}
