//! The conditions of a rule's scope: an operator, an attribute, a value.
//!
//! Microsoft's page on declarative provisioning names the operators and says that they compare strings. It does not say whether
//! case matters, nor what a comparison of several values comes to: where that decides, the answer is unknown.

use std::cmp::Ordering;

use adrecover_core::Dn;

use crate::scope::facts::ObjectFacts;
use crate::scope::model::{Condition, RuleScope};

/// Yes, no, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It cannot be told; why, and for which attributes.
    Unknown { why: String, attributes: Vec<String> },
}

impl Answer {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// Whether an object is in a rule's scope: OR between the groups, AND inside one.
pub(crate) fn applies(scope: &RuleScope, facts: &ObjectFacts) -> Answer {
    let RuleScope::Groups(groups) = scope else {
        return Answer::Unknown {
            why: "its scope is written in a way that is not known".into(),
            attributes: vec![],
        };
    };
    if groups.is_empty() {
        return Answer::Yes;
    }
    let groups = groups.iter().map(|group| all(group.iter().map(|c| condition(c, facts))));
    let mut unknown = None;
    for answer in groups {
        match answer {
            Answer::Yes => return Answer::Yes,
            Answer::No => {}
            other => unknown = merged(unknown, other),
        }
    }
    unknown.unwrap_or(Answer::No)
}

fn all(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut unknown = None;
    for answer in answers {
        match answer {
            Answer::No => return Answer::No,
            Answer::Yes => {}
            other => unknown = merged(unknown, other),
        }
    }
    unknown.unwrap_or(Answer::Yes)
}

/// Two unknowns: the reasons and the attributes of both.
fn merged(first: Option<Answer>, second: Answer) -> Option<Answer> {
    match (first, second) {
        (
            Some(Answer::Unknown { mut why, mut attributes }),
            Answer::Unknown { why: more, attributes: others },
        ) => {
            if !why.contains(&more) {
                why = format!("{why}, {more}");
            }
            for other in others {
                if !attributes.contains(&other) {
                    attributes.push(other);
                }
            }
            Some(Answer::Unknown { why, attributes })
        }
        (_, second) => Some(second),
    }
}

fn condition(condition: &Condition, facts: &ObjectFacts) -> Answer {
    let attribute = &condition.attribute;
    let unknown = |why: String| Answer::Unknown { why, attributes: vec![attribute.clone()] };
    // ISNOTNULL, IS NOT NULL and Is_Not_Null are the same.
    let operator: String = condition.operator.chars().filter(char::is_ascii_alphanumeric).collect();
    let operator = operator.to_ascii_uppercase();
    let operator = operator.as_str();
    if let Some(wanted) = membership(operator) {
        return member(&condition.value, facts, wanted);
    }
    let Some(values) = facts.get(attribute).values() else {
        return unknown(format!("{attribute} was not read"));
    };
    match operator {
        "ISNULL" => return Answer::of(values.is_empty()),
        "ISNOTNULL" => return Answer::of(!values.is_empty()),
        "ISTRUE" | "ISFALSE" => {
            let wanted = if operator == "ISTRUE" { "TRUE" } else { "FALSE" };
            return Answer::of(values.iter().any(|v| v.eq_ignore_ascii_case(wanted)));
        }
        _ => {}
    }
    let (base, negated) = base(operator);
    let Some(test) = test(base) else {
        return unknown(format!("the operator {} is not known", shortened(&condition.operator)));
    };
    let answer = match values {
        // The default rules count on it: `adminDescription NOTSTARTSWITH User_` holds for who has none.
        [] => Some(false),
        [value] => test(value, &condition.value),
        several if base == "ISIN" => any(several, |v| test(v, &condition.value)),
        _ => return unknown(format!("{attribute} has several values")),
    };
    match answer {
        Some(holds) => Answer::of(holds != negated),
        None => unknown(format!("{attribute} is compared in a way that is not documented")),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(32).collect()
}

/// The positive form of an operator, and whether it is negated.
fn base(operator: &str) -> (&str, bool) {
    match operator {
        "ISNOTIN" => ("ISIN", true),
        "ISBITNOTSET" => ("ISBITSET", true),
        "EQUALS" => ("EQUAL", false),
        "NOTEQUALS" => ("EQUAL", true),
        "LESSTHANOREQUALS" => ("LESSTHANOREQUAL", false),
        "GREATERTHANOREQUALS" => ("GREATERTHANOREQUAL", false),
        other => other.strip_prefix("NOT").map_or((other, false), |positive| (positive, true)),
    }
}

type Test = fn(&str, &str) -> Option<bool>;

fn test(operator: &str) -> Option<Test> {
    Some(match operator {
        "EQUAL" | "ISIN" => |value, wanted| by_case(value, wanted, |v, w| v == w),
        "STARTSWITH" => |value, wanted| by_case(value, wanted, |v, w| v.starts_with(w)),
        "ENDSWITH" => |value, wanted| by_case(value, wanted, |v, w| v.ends_with(w)),
        "CONTAINS" => |value, wanted| by_case(value, wanted, |v, w| v.contains(w)),
        "LESSTHAN" => |value, wanted| order(value, wanted).map(Ordering::is_lt),
        "LESSTHANOREQUAL" => |value, wanted| order(value, wanted).map(Ordering::is_le),
        "GREATERTHAN" => |value, wanted| order(value, wanted).map(Ordering::is_gt),
        "GREATERTHANOREQUAL" => |value, wanted| order(value, wanted).map(Ordering::is_ge),
        "ISBITSET" => is_bit_set,
        _ => return None,
    })
}

/// The answer, where it is the same with and without case.
fn by_case(value: &str, wanted: &str, test: fn(&str, &str) -> bool) -> Option<bool> {
    let exact = test(value, wanted);
    // Booleans are written TRUE by the directory and True by the engine.
    let is_boolean = |t: &str| t.eq_ignore_ascii_case("true") || t.eq_ignore_ascii_case("false");
    let folded = test(&value.to_lowercase(), &wanted.to_lowercase());
    (exact == folded || (is_boolean(value) && is_boolean(wanted))).then_some(folded)
}

/// The order, where it is the same as text and as numbers, with and without case.
fn order(value: &str, wanted: &str) -> Option<Ordering> {
    let numbers = value.parse::<i64>().ok().zip(wanted.parse::<i64>().ok()).map(|(v, w)| v.cmp(&w));
    let (exact, folded) = (value.cmp(wanted), value.to_lowercase().cmp(&wanted.to_lowercase()));
    (exact == folded && numbers.is_none_or(|n| n == exact)).then_some(exact)
}

/// `userAccountControl ISBITSET 2`: the value is a mask.
fn is_bit_set(value: &str, mask: &str) -> Option<bool> {
    let number = |text: &str| {
        let text = text.trim();
        let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("&H"));
        hex.map_or_else(|| text.parse::<i64>().ok(), |hex| i64::from_str_radix(hex, 16).ok())
    };
    let (value, mask) = (number(value)?, number(mask)?);
    // Of several bits it is not said whether all or one must be set.
    (mask.count_ones() == 1).then_some(value & mask != 0)
}

fn any(values: &[String], test: impl Fn(&str) -> Option<bool>) -> Option<bool> {
    let answers: Vec<_> = values.iter().map(|v| test(v)).collect();
    if answers.contains(&Some(true)) {
        return Some(true);
    }
    answers.into_iter().all(|a| a == Some(false)).then_some(false)
}

/// Of an operator of membership, what it wants.
fn membership(operator: &str) -> Option<bool> {
    match operator {
        "ISMEMBEROF" => Some(true),
        "ISNOTMEMBEROF" => Some(false),
        _ => None,
    }
}

fn member(group: &str, facts: &ObjectFacts, wanted: bool) -> Answer {
    let unknown =
        |why: &str| Answer::Unknown { why: why.to_owned(), attributes: vec!["memberOf".to_owned()] };
    let Ok(group) = group.parse::<Dn>() else { return unknown("the group is not named by its DN") };
    let Some(groups) = facts.get("memberOf").values() else { return unknown("memberOf was not read") };
    let is_member = groups.iter().any(|g| g.parse::<Dn>().is_ok_and(|g| g == group));
    Answer::of(is_member == wanted)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scope::model::Place;

    fn holds(attribute: &str, operator: &str, value: &str, facts: &ObjectFacts) -> Option<bool> {
        let at = Place { file: Path::new("x").into(), line: 1 };
        let condition =
            Condition { attribute: attribute.into(), operator: operator.into(), value: value.into(), at };
        match applies(&RuleScope::Groups(vec![vec![condition]]), facts) {
            Answer::Yes => Some(true),
            Answer::No => Some(false),
            Answer::Unknown { why, attributes } => {
                assert!(!why.is_empty() && !attributes.is_empty());
                None
            }
        }
    }

    #[test]
    fn operators() {
        let facts = ObjectFacts::name_only()
            .with("department", ["Sales"])
            .with("count", ["10"])
            .with("userAccountControl", ["514"])
            .with("proxyAddresses", ["a", "b"])
            .with("isCriticalSystemObject", ["TRUE"])
            .with("memberOf", ["CN=G,DC=x"])
            .without("mail");
        let cases = [
            ("department", "EQUAL", "Sales", Some(true)),
            ("department", "EQUAL", "sales", None),
            ("department", "NOTEQUAL", "IT", Some(true)),
            ("department", "NOTEQUAL", "Sales", Some(false)),
            ("isCriticalSystemObject", "NOTEQUAL", "True", Some(false)),
            ("department", "STARTSWITH", "Sal", Some(true)),
            ("department", "NOTSTARTSWITH", "Sal", Some(false)),
            ("department", "ENDSWITH", "es", Some(true)),
            ("department", "NOTENDSWITH", "xx", Some(true)),
            ("department", "CONTAINS", "ale", Some(true)),
            ("department", "NOTCONTAINS", "ale", Some(false)),
            ("count", "GREATERTHAN", "05", Some(true)),
            ("count", "LESSTHAN", "9", None),
            ("count", "LESSTHAN_OR_EQUAL", "10", Some(true)),
            ("count", "GREATERTHAN_OR_EQUAL", "11", Some(false)),
            ("mail", "ISNULL", "", Some(true)),
            ("mail", "ISNOTNULL", "", Some(false)),
            ("mail", "EQUAL", "x", Some(false)),
            ("mail", "NOTEQUAL", "x", Some(true)),
            ("mail", "NOTSTARTSWITH", "x", Some(true)),
            ("proxyAddresses", "ISIN", "b", Some(true)),
            ("proxyAddresses", "ISNOTIN", "b", Some(false)),
            ("proxyAddresses", "ISIN", "c", Some(false)),
            ("proxyAddresses", "EQUAL", "a", None),
            ("userAccountControl", "ISBITSET", "2", Some(true)),
            ("userAccountControl", "ISBITNOTSET", "2", Some(false)),
            ("userAccountControl", "ISBITSET", "0x10", Some(false)),
            ("userAccountControl", "ISBITSET", "3", None),
            ("dn", "ISMEMBEROF", "cn=g,dc=X", Some(true)),
            ("dn", "ISNOTMEMBEROF", "CN=H,DC=x", Some(true)),
            ("dn", "ISMEMBEROF", "nonsense", None),
            ("title", "ISNULL", "", None),
            ("department", "RESEMBLES", "x", None),
            ("department", "IS NOT NULL", "", Some(true)),
            ("department", "NOT EQUALS", "IT", Some(true)),
            ("department", "REGEX MATCH", "S.*", None),
            ("isCriticalSystemObject", "IS TRUE", "", Some(true)),
        ];
        for (attribute, operator, value, expected) in cases {
            assert_eq!(holds(attribute, operator, value, &facts), expected, "{attribute} {operator} {value}");
        }
    }

    #[test]
    fn groups_are_or_and_conditions_are_and() {
        let at = Place { file: Path::new("x").into(), line: 1 };
        let of = |attribute: &str, value: &str| Condition {
            attribute: attribute.into(),
            operator: "EQUAL".into(),
            value: value.into(),
            at: at.clone(),
        };
        let facts = ObjectFacts::name_only().with("c", ["DK"]).with("d", ["IT"]);
        let groups = |groups: Vec<Vec<Condition>>| applies(&RuleScope::Groups(groups), &facts);
        assert_eq!(groups(vec![]), Answer::Yes);
        assert_eq!(groups(vec![vec![of("d", "IT"), of("c", "SE")], vec![of("c", "DK")]]), Answer::Yes);
        assert_eq!(groups(vec![vec![of("d", "IT"), of("c", "SE")]]), Answer::No);
        assert_eq!(groups(vec![vec![of("x", "1"), of("c", "SE")]]), Answer::No);
        assert_eq!(groups(vec![vec![of("x", "1")], vec![of("c", "DK")]]), Answer::Yes);
        let unknown = Answer::Unknown {
            why: "x was not read, y was not read".into(),
            attributes: vec!["x".into(), "y".into()],
        };
        assert_eq!(groups(vec![vec![of("x", "1"), of("y", "1")]]), unknown);
    }
}
