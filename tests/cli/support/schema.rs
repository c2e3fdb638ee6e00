//! The JSON Schemas of `docs/`, held against every document that the program prints.
//!
//! Only the words that these schemas use are understood; another one fails, so that it is not passed over. Stricter than a
//! reader may be: a field that no schema names, and a value that its description does not list, are drift.

use std::path::Path;

use serde_json::Value;

/// Insists that a document is what its schema in `docs/schemas` says.
#[track_caller]
pub(crate) fn check(document: &Value, whence: &dyn std::fmt::Display) {
    let named =
        document["schema"].as_str().unwrap_or_else(|| panic!("it does not name its schema\n{whence}"));
    let name = named.strip_prefix("adrecover/").and_then(|n| n.strip_suffix("/v1")).unwrap_or(named);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/schemas/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{named}: {}: {e}", path.display()));
    let root: Value = serde_json::from_str(&text).unwrap();
    let mut problems = vec![];
    Checker { root: &root }.check(&root, document, name, &mut problems);
    assert!(problems.is_empty(), "not as {} says: {}\n{whence}", path.display(), problems.join("; "));
}

struct Checker<'a> {
    root: &'a Value,
}

impl Checker<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        let Some(words) = schema.as_object() else { return };
        for (word, said) in words {
            let fits = match word.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "required" | "additionalProperties" => true,
                "type" => has_type(said, value),
                "const" => said == value,
                "pattern" => value.as_str().is_none_or(|text| matches(said, text)),
                "format" => value.as_str().is_none_or(|text| said == "date-time" && is_time(text)),
                "description" => value.as_str().is_none_or(|text| is_known(said, text)),
                "properties" => {
                    self.properties(schema, value, at, problems);
                    true
                }
                "items" => {
                    let items = value.as_array().into_iter().flatten();
                    items.for_each(|item| self.check(said, item, &format!("{at}[]"), problems));
                    true
                }
                "oneOf" => {
                    said.as_array().is_some_and(|all| all.iter().filter(|s| self.fits(s, value)).count() == 1)
                }
                "$ref" => {
                    let pointer = said.as_str().and_then(|s| s.strip_prefix('#')).unwrap_or_default();
                    self.check(self.root.pointer(pointer).unwrap(), value, at, problems);
                    true
                }
                _ => panic!("{at}: the schema says `{word}`, which this does not understand"),
            };
            if !fits {
                problems.push(format!("{at} is {value}, against `{word}`: {said}"));
            }
        }
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut problems = vec![];
        self.check(schema, value, "", &mut problems);
        problems.is_empty()
    }

    fn properties(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        let Some(object) = value.as_object() else { return };
        for name in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(name.as_str().unwrap()) {
                problems.push(format!("{at} has no {name}"));
            }
        }
        for (name, value) in object {
            match (schema["properties"].get(name), schema.get("additionalProperties")) {
                (Some(known), _) | (None, Some(known)) => {
                    self.check(known, value, &format!("{at}.{name}"), problems)
                }
                // What a step holds besides its name is not said in words: `Action` in crates/core/src/plan.rs.
                (None, None) if at.ends_with(".action") => {}
                (None, None) => problems.push(format!("{at} has a `{name}`, which no schema names")),
            }
        }
    }
}

fn has_type(said: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("null") => value.is_null(),
        other => panic!("the type {other:?} is not understood"),
    };
    said.as_array().map_or_else(|| is(said), |names| names.iter().any(is))
}

/// The only pattern is that of a GUID.
fn matches(pattern: &Value, text: &str) -> bool {
    assert_eq!(pattern, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "the pattern is not understood");
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    let digit = |c: char| matches!(c, '0'..='9' | 'a'..='f' | '-');
    parts == [8, 4, 4, 4, 12] && text.chars().all(digit)
}

/// RFC 3339 in UTC.
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let (head, rest) = shape.split_at_checked(19).unwrap_or_default();
    head == "0000-00-00T00:00:00" && rest.trim_start_matches('.').trim_start_matches('0') == "Z"
}

/// Whether a description that lists the known values has this one among them.
fn is_known(description: &Value, text: &str) -> bool {
    let Some((_, list)) = description.as_str().and_then(|d| d.split_once("Known values: ")) else {
        return true;
    };
    list.split(';').next().unwrap_or_default().split(", ").any(|known| known.split(" (").next() == Some(text))
}
