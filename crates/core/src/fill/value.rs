//! Whether values look like what they are said to be. A value that the directory would refuse, or that would do harm where it
//! is shown, is found before the first write.

use crate::facts::AttributeFacts;
use crate::text::printable;
use crate::value::Value;

/// More values of one attribute are no description of anything. AD itself takes about 1200.
const MOST_VALUES: usize = 1000;
/// The largest value, in octets: a photo of a directory has at most 100 KiB.
const LARGEST: usize = 100 << 10;
/// Attributes of octets.
const OCTETS: [&str; 3] = ["mS-DS-ConsistencyGuid", "thumbnailPhoto", "jpegPhoto"];
/// Attributes of several lines.
const LINES: [&str; 7] =
    ["streetAddress", "info", "description", "comment", "postalAddress", "homePostalAddress", "street"];

/// What is wrong with values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// They are not filled.
    Bad(String),
    /// They are filled where somebody has named the attribute.
    Odd(String),
}

/// Whether there are more or larger values than of any attribute that is filled.
pub(super) fn too_large(values: &[Value]) -> Option<String> {
    if values.len() > MOST_VALUES {
        return Some(format!("it has {} values, and {MOST_VALUES} are the most", values.len()));
    }
    let length = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Base64(text) => text.len() / 4 * 3,
    };
    let longest = values.iter().map(length).max().unwrap_or_default();
    (longest > LARGEST).then(|| format!("a value has {longest} octets, and {LARGEST} are the most"))
}

/// Why values that an attribute had are not given back: what they are like is no matter then, they were in the directory before.
pub(crate) fn values_problem(attribute: &str, values: &[Value], schema: &AttributeFacts) -> Option<String> {
    match problem(attribute, values, false, Some(schema))? {
        Problem::Bad(text) | Problem::Odd(text) => Some(text),
    }
}

/// What is wrong with the values of an attribute. Attributes that have to be named may hold any octets.
pub(super) fn problem(
    attribute: &str,
    values: &[Value],
    is_harmless: bool,
    schema: Option<&AttributeFacts>,
) -> Option<Problem> {
    let bad = |text: String| Some(Problem::Bad(text));
    if values.is_empty() {
        return bad("it has no value".to_owned());
    }
    if let Some(text) = too_large(values) {
        return bad(text);
    }
    if values.len() > 1 && schema.is_some_and(|s| s.is_single) {
        return bad(format!("it has {} values, and the schema takes one", values.len()));
    }
    let is_of = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(attribute));
    let mut odd = None;
    for value in values {
        let Some(octets) = value.to_bytes() else { return bad("a value is no base64".to_owned()) };
        if octets.is_empty() {
            return bad("a value is empty".to_owned());
        }
        let length = match value {
            Value::Text(text) => text.encode_utf16().count(),
            Value::Base64(_) => octets.len(),
        };
        if let Some(longest) = schema.and_then(|s| s.longest).filter(|longest| length > *longest) {
            return bad(format!("a value has the length {length}, and the schema takes {longest}"));
        }
        if attribute.eq_ignore_ascii_case("mS-DS-ConsistencyGuid") && octets.len() != 16 {
            return bad(format!("a source anchor has 16 octets, and it has {}", octets.len()));
        }
        if !is_harmless || is_of(&OCTETS) {
            continue;
        }
        match value {
            Value::Text(text) => odd = odd.or(unlike_text(text, is_of(&LINES))),
            Value::Base64(_) => return bad("a value holds control characters or is no text".to_owned()),
        }
        if let Some(Problem::Bad(_)) = odd {
            return odd;
        }
    }
    odd
}

fn unlike_text(text: &str, has_lines: bool) -> Option<Problem> {
    let is_break = |c: char| matches!(c, '\r' | '\n' | '\t');
    if text.chars().any(|c| c.is_control() && !(has_lines && is_break(c))) {
        return Some(Problem::Bad("a value holds control characters".to_owned()));
    }
    let line: String = text.chars().filter(|c| !is_break(*c)).collect();
    if line.trim().is_empty() {
        return Some(Problem::Bad("a value is blank".to_owned()));
    }
    if printable(&line) != line {
        return Some(Problem::Odd("a value holds characters that cannot be seen".to_owned()));
    }
    is_formula(&line).then(|| Problem::Odd("a value begins like a formula of a spreadsheet".to_owned()))
}

/// Whether a spreadsheet that opens an export of the directory would calculate it. A number of a telephone is none.
fn is_formula(text: &str) -> bool {
    let is_of_number = |c: char| c.is_ascii_digit() || " +-()./x".contains(c);
    match text.trim_start().chars().next() {
        Some('=' | '@') => true,
        Some('+' | '-') => !text.trim().chars().all(is_of_number),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(attribute: &str, values: &[&str]) -> Option<Problem> {
        let values: Vec<Value> = values.iter().map(|v| Value::from_bytes(v.as_bytes())).collect();
        problem(attribute, &values, true, None)
    }

    #[test]
    fn ordinary_values_are_taken() {
        for (attribute, value) in [
            ("displayName", "Anna Example-Müller"),
            ("telephoneNumber", "+49 (30) 1234-56"),
            ("streetAddress", "1 Main Street\r\nBuilding 2"),
            ("proxyAddresses", "X500:/o=Contoso/ou=x/cn=a"),
            ("title", "C++ developer"),
        ] {
            assert_eq!(of(attribute, &[value]), None, "{value}");
        }
        assert_eq!(problem("mS-DS-ConsistencyGuid", &[Value::from_bytes(&[255; 16])], true, None), None);
        // What was named may be anything.
        assert_eq!(problem("userCertificate", &[Value::from_bytes(&[0, 1, 2])], false, None), None);
    }

    #[test]
    fn what_is_no_such_value_is_not() {
        let big = "x".repeat(LARGEST + 1);
        for (attribute, value) in [
            ("displayName", "a\u{1b}[31mb"),
            ("displayName", "two\nlines"),
            ("displayName", " "),
            ("displayName", ""),
            ("displayName", &big),
            ("mS-DS-ConsistencyGuid", "15 octets only."),
        ] {
            assert!(matches!(of(attribute, &[value]), Some(Problem::Bad(_))), "{value:?}");
        }
        for value in ["=cmd|' /C calc'!A0", "@SUM(1)", "-1+cmd", "+a", "a\u{202e}b"] {
            assert!(matches!(of("displayName", &[value]), Some(Problem::Odd(_))), "{value:?}");
        }
        assert!(matches!(of("displayName", &["=1", "a\u{7}"]), Some(Problem::Bad(_))), "the worse counts");
        let many = vec!["x"; MOST_VALUES + 1];
        assert!(of("proxyAddresses", &many).is_some() && of("title", &[]).is_some());
        assert!(problem("title", &[Value::Base64("?".into())], false, None).is_some());
    }

    #[test]
    fn the_schema_has_its_say() {
        let schema = AttributeFacts { is_single: true, longest: Some(4), ..AttributeFacts::default() };
        let value = |text: &str| Value::Text(text.to_owned());
        let of = |values: &[Value]| problem("department", values, true, Some(&schema));
        assert_eq!(of(&[value("Sale")]), None);
        assert!(of(&[value("Sales")]).is_some() && of(&[value("a"), value("b")]).is_some());
    }
}
