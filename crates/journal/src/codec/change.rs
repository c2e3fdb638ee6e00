//! A change as one payload: what it replaced.

use std::borrow::Cow;

use super::octets::{Reader, put, put_octets, put_signed};
use super::state::{Attribute, Name, Stamp};

/// The layout of the payload.
const LAYOUT: u8 = 1;

/// What an object's name and place were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OldName<'a> {
    pub(crate) name: Name<'a>,
    /// The row of the object that it lay in.
    pub(crate) parent: Option<i64>,
}

/// What an attribute was before a change, and the version that the change gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OldAttribute<'a> {
    pub(crate) id: i64,
    /// The number of the new version; 0 where it was not asked.
    pub(crate) version: i64,
    /// What was there; `None` where the attribute was not.
    pub(crate) old: Option<Attribute<'a>>,
}

/// Everything that a change replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Replaced<'a> {
    pub(crate) name: Option<OldName<'a>>,
    /// The object's status before, as it is written in its row.
    pub(crate) status: Option<i64>,
    pub(crate) attributes: Vec<OldAttribute<'a>>,
}

impl<'a> Replaced<'a> {
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.push(LAYOUT);
        out.push(u8::from(self.name.is_some()) | u8::from(self.status.is_some()) << 1);
        if let Some(old) = &self.name {
            old.name.put(&mut out);
            put(&mut out, old.parent.unwrap_or(0) as u64);
        }
        if let Some(status) = self.status {
            put(&mut out, status as u64);
        }
        put(&mut out, self.attributes.len() as u64);
        for attribute in &self.attributes {
            put(&mut out, attribute.id as u64);
            put_signed(&mut out, attribute.version);
            match &attribute.old {
                None => out.push(0),
                Some(old) => {
                    out.push(1);
                    old.stamp.put_write(&mut out);
                    put_signed(&mut out, old.stamp.version);
                    put_octets(&mut out, &old.values);
                }
            }
        }
        out
    }

    /// Reads a payload; `None` where it is none.
    pub(crate) fn read(payload: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        if reader.octet()? != LAYOUT {
            return None;
        }
        let flags = reader.octet()?;
        let name = match flags & 1 {
            0 => None,
            _ => Some(OldName {
                name: Name::read(&mut reader)?,
                parent: Some(reader.id()?).filter(|id| *id != 0),
            }),
        };
        let status = if flags & 2 == 0 { None } else { Some(reader.id()?) };
        let attributes: Option<Vec<_>> = (0..reader.count()?).map(|_| attribute(&mut reader)).collect();
        Some(Self { name, status, attributes: attributes? }).filter(|_| flags < 4 && reader.is_empty())
    }
}

fn attribute<'a>(reader: &mut Reader<'a>) -> Option<OldAttribute<'a>> {
    let (id, version) = (reader.id()?, reader.signed()?);
    let old = match reader.octet()? {
        0 => None,
        1 => {
            let write = Stamp::read_write(reader)?;
            let stamp = Stamp { version: reader.signed()?, ..write };
            Some(Attribute { id, stamp, values: Cow::Borrowed(reader.octets()?) })
        }
        _ => return None,
    };
    Some(OldAttribute { id, version, old })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replaced() -> impl Strategy<Value = Replaced<'static>> {
        let name = prop::option::of(("\\PC{0,12}", prop::option::of("\\PC{0,12}"), 0..9i64));
        let old = prop::option::of((any::<i64>(), -2..9i64, prop::collection::vec(any::<u8>(), 0..12)));
        let attributes = prop::collection::vec((1..500i64, -2..9i64, old), 0..6);
        (name, prop::option::of(0..9i64), attributes).prop_map(|(name, status, attributes)| Replaced {
            name: name.map(|(rdn, container, parent)| OldName {
                name: Name { rdn: rdn.into(), container: container.map(Cow::Owned) },
                parent: Some(parent).filter(|id| *id != 0),
            }),
            status,
            attributes: attributes
                .into_iter()
                .map(|(id, version, old)| OldAttribute {
                    id,
                    version,
                    old: old.map(|(at, version, values)| Attribute {
                        id,
                        stamp: Stamp { at, controller: 1, usn: at, version },
                        values: Cow::Owned(values),
                    }),
                })
                .collect(),
        })
    }

    proptest! {
        #[test]
        fn a_change_comes_back(change in replaced()) {
            let payload = change.pack();
            prop_assert_eq!(Replaced::read(&payload), Some(change));
            for end in 0..payload.len() {
                prop_assert_eq!(Replaced::read(&payload[..end]), None);
            }
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Replaced::read(&octets);
        }
    }
}
