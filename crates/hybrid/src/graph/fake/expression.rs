//! The `$filter` expressions that the description knows: alternatives of comparisons.

use serde_json::Value;

/// One comparison.
#[derive(Debug, PartialEq)]
pub(super) struct Comparison {
    pub(super) property: String,
    /// `eq`, `endsWith` or `any`.
    pub(super) operator: &'static str,
    /// The property within an object of a list.
    inner: Option<String>,
    value: String,
}

/// Reads an expression; `None` where it is not of the form that is known.
pub(super) fn parse(text: &str) -> Option<Vec<Comparison>> {
    let mut rest = text;
    let mut all = vec![];
    loop {
        let (comparison, after) = one(rest)?;
        all.push(comparison);
        if after.is_empty() {
            return Some(all);
        }
        rest = after.strip_prefix(" or ")?;
    }
}

fn one(text: &str) -> Option<(Comparison, &str)> {
    if let Some(rest) = text.strip_prefix("endsWith(") {
        let (property, rest) = name(rest)?;
        let (value, rest) = literal(rest.strip_prefix(',')?)?;
        let comparison = Comparison { property, operator: "endsWith", inner: None, value };
        return Some((comparison, rest.strip_prefix(')')?));
    }
    let (property, rest) = name(text)?;
    if let Some(rest) = rest.strip_prefix("/any(p:p") {
        let (inner, rest) = match rest.strip_prefix('/') {
            Some(rest) => name(rest).map(|(inner, rest)| (Some(inner), rest))?,
            None => (None, rest),
        };
        let (value, rest) = literal(rest.strip_prefix(" eq ")?)?;
        return Some((Comparison { property, operator: "any", inner, value }, rest.strip_prefix(')')?));
    }
    let (value, rest) = literal(rest.strip_prefix(" eq ")?)?;
    Some((Comparison { property, operator: "eq", inner: None, value }, rest))
}

fn name(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_owned(), &text[end..]))
}

fn literal(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let end = rest.find('\'')?;
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((value, rest)),
        }
    }
}

impl Comparison {
    /// Whether an object fits. Addresses and anchors are compared with their case, which is the harder case for a client.
    pub(super) fn fits(&self, object: &Value) -> bool {
        let has_case = matches!(self.property.as_str(), "proxyAddresses" | "onPremisesImmutableId");
        let fold = |text: &str| if has_case { text.to_owned() } else { text.to_lowercase() };
        let (value, wanted) = (&object[self.property.as_str()], fold(&self.value));
        let is = |found: &Value| found.as_str().is_some_and(|text| fold(text) == wanted);
        match (self.operator, &self.inner) {
            ("endsWith", _) => value.as_str().is_some_and(|text| fold(text).ends_with(&wanted)),
            ("any", Some(inner)) => {
                value.as_array().is_some_and(|all| all.iter().any(|v| is(&v[inner.as_str()])))
            }
            ("any", None) => value.as_array().is_some_and(|all| all.iter().any(is)),
            _ => is(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_read_and_hold() {
        let user =
            json!({ "mail": "o'neil@x", "proxyAddresses": ["SMTP:a@x"], "errors": [{ "category": "c" }] });
        for (text, fits) in [
            ("mail eq 'O''NEIL@x'", true),
            ("mail eq 'b' or proxyAddresses/any(p:p eq 'SMTP:a@x')", true),
            ("proxyAddresses/any(p:p eq 'smtp:a@x')", false),
            ("endsWith(mail,'neil@x')", true),
            ("errors/any(p:p/category eq 'c')", true),
            ("other eq 'x'", false),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!(parsed.iter().any(|c| c.fits(&user)), fits, "{text}");
        }
        for bad in [
            "",
            "mail",
            "mail eq x",
            "mail eq 'x",
            "mail eq 'x' and a eq 'b'",
            "mail ne 'x'",
            "mail eq 'x' or ",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
