//! JSON whose values know their line: each is a slice of the file's text, taken apart when it is asked for.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::scope::error::ScopeError;
use crate::scope::source::Source;

/// The whole text as one value, once it is known to be well-formed.
pub(crate) fn parse(source: &Source) -> Result<&str, ScopeError> {
    match serde_json::from_str::<&RawValue>(source.text()) {
        Ok(value) => Ok(value.get()),
        Err(error) if error.is_eof() => Err(ScopeError::Cut { at: source.end(), format: "JSON" }),
        // The message is not passed on: it may repeat what stands there.
        Err(error) => {
            let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
            Err(ScopeError::Malformed { at: source.line(line), format: "JSON" })
        }
    }
}

/// The fields of an object; `None` for anything else.
pub(crate) fn fields(raw: &str) -> Option<Vec<(String, &str)>> {
    if !raw.starts_with('{') {
        return None;
    }
    serde_json::from_str::<Fields<'_>>(raw).ok().map(|fields| fields.0)
}

/// The items of an array; `None` for anything else.
pub(crate) fn items(raw: &str) -> Option<Vec<&str>> {
    if !raw.starts_with('[') {
        return None;
    }
    serde_json::from_str::<Items<'_>>(raw).ok().map(|items| items.0)
}

/// A string, or a number or a boolean as it is written; `None` for anything else.
pub(crate) fn scalar(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(raw.to_owned()),
    }
}

struct Fields<'a>(Vec<(String, &'a str)>);
struct Items<'a>(Vec<&'a str>);
struct FieldsVisitor;
struct ItemsVisitor;

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = vec![];
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            fields.push((name, value.get()));
        }
        Ok(Fields(fields))
    }
}

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = vec![];
        while let Some(value) = seq.next_element::<&'de RawValue>()? {
            items.push(value.get());
        }
        Ok(Items(items))
    }
}
