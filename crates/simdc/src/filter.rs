//! Filters, and whether an object matches one (RFC 4511 4.5.1.7, [MS-ADTS] 3.1.1.3.1.3).

use adrecover_core::Dn;

use crate::Failure;
use crate::schema::{Attribute, Syntax, known, schema};
use crate::store::{Id, fold};

/// How an integer is compared bit by bit ([MS-ADTS] 3.1.1.3.4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// LDAP_MATCHING_RULE_BIT_AND, 1.2.840.113556.1.4.803: all are set.
    All,
    /// LDAP_MATCHING_RULE_BIT_OR, …804: any is set.
    Any,
}

/// A filter whose attributes were looked up. What it says of an attribute that the schema does not have is undefined.
#[derive(Debug, Clone)]
pub enum Filter {
    /// All of them.
    And(Vec<Filter>),
    /// One of them.
    Or(Vec<Filter>),
    /// Not this one.
    Not(Box<Filter>),
    /// A value is equal to this one.
    Equal(&'static Attribute, Vec<u8>),
    /// A value is not less.
    AtLeast(&'static Attribute, Vec<u8>),
    /// A value is not greater.
    AtMost(&'static Attribute, Vec<u8>),
    /// There is a value.
    Present(&'static Attribute),
    /// A value begins, holds and ends so.
    Parts(&'static Attribute, Parts),
    /// The bits of a value.
    Bits(&'static Attribute, Bits, i64),
    /// LDAP_MATCHING_RULE_TRANSITIVE_EVAL, …1941: a link leads there, by whatever way.
    Chain(&'static Attribute, String),
    /// Neither true nor false.
    Undefined,
}

/// A substring assertion. The parts are folded as the attribute's values are.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    initial: Option<Vec<u8>>,
    any: Vec<Vec<u8>>,
    last: Option<Vec<u8>>,
}

/// What a filter asks of an object.
pub trait Subject {
    /// The values of an attribute that the caller may read; `None` where they may not be read.
    fn values(&self, attribute: &Attribute) -> Option<Vec<Vec<u8>>>;
    /// The object of a DN in a filter, `<GUID=…>` and the like included.
    fn resolve(&self, text: &str) -> Option<Id>;
    /// Whether an attribute with the syntax of a DN names this object.
    fn refers(&self, attribute: &Attribute, target: Id) -> Option<bool>;
    /// The same by any number of steps.
    fn reaches(&self, attribute: &Attribute, target: Id) -> Option<bool>;
    /// Whether the object is of a class or one below it.
    fn is_a(&self, class: &str) -> bool;
}

impl Filter {
    /// Looks up what the codec read.
    pub fn compile(filter: &rasn_ldap::Filter) -> Result<Self, Failure> {
        use rasn_ldap::Filter as Wire;
        Ok(match filter {
            Wire::And(parts) => {
                Self::And(parts.to_vec().into_iter().map(Self::compile).collect::<Result<_, _>>()?)
            }
            Wire::Or(parts) => {
                Self::Or(parts.to_vec().into_iter().map(Self::compile).collect::<Result<_, _>>()?)
            }
            Wire::Not(part) => Self::Not(Box::new(Self::compile(part)?)),
            Wire::EqualityMatch(ava) => Self::equal(&ava.attribute_desc.0, &ava.assertion_value),
            // There is no approximate matching in AD: it is equality ([MS-ADTS] 3.1.1.3.1.3.1).
            Wire::ApproxMatch(ava) => Self::equal(&ava.attribute_desc.0, &ava.assertion_value),
            Wire::GreaterOrEqual(ava) => {
                of(&ava.attribute_desc.0, |a| Self::AtLeast(a, ava.assertion_value.to_vec()))
            }
            Wire::LessOrEqual(ava) => {
                of(&ava.attribute_desc.0, |a| Self::AtMost(a, ava.assertion_value.to_vec()))
            }
            Wire::Present(name) => of(&name.0, Self::Present),
            Wire::Substrings(parts) => {
                if parts.r#type.0.eq_ignore_ascii_case("anr") {
                    return Ok(Self::Undefined);
                }
                of(&parts.r#type.0, |a| Self::Parts(a, Parts::read(a, &parts.substrings)))
            }
            Wire::ExtensibleMatch(rule) => Self::rule(rule)?,
            _ => Self::Undefined,
        })
    }

    fn equal(name: &str, value: &[u8]) -> Self {
        if name.eq_ignore_ascii_case("anr") {
            return anr(value);
        }
        of(name, |attribute| Self::Equal(attribute, value.to_vec()))
    }

    fn rule(rule: &rasn_ldap::MatchingRuleAssertion) -> Result<Self, Failure> {
        let Some(attribute) = rule.r#type.as_ref().and_then(|name| schema().find(&name.0)) else {
            return Ok(Self::Undefined);
        };
        let text = String::from_utf8_lossy(&rule.match_value).into_owned();
        let number = text.trim().parse();
        Ok(match (rule.matching_rule.as_ref().map(|rule| rule.0.as_str()), number) {
            (Some("1.2.840.113556.1.4.803"), Ok(number)) => Self::Bits(attribute, Bits::All, number),
            (Some("1.2.840.113556.1.4.804"), Ok(number)) => Self::Bits(attribute, Bits::Any, number),
            (Some("1.2.840.113556.1.4.803" | "1.2.840.113556.1.4.804"), Err(_)) => Self::Undefined,
            (Some("1.2.840.113556.1.4.1941"), _) => Self::Chain(attribute, text),
            (None, _) => Self::Equal(attribute, rule.match_value.to_vec()),
            _ => {
                return Err(Failure::new(
                    18,
                    0x2057,
                    crate::failure::Kind::Ldap,
                    "matching rule is not supported",
                ));
            }
        })
    }

    /// Whether an object matches; `None` where that is undefined, which does not match.
    pub fn matches(&self, subject: &impl Subject) -> Option<bool> {
        match self {
            Self::And(parts) => fold_parts(parts, subject, false),
            Self::Or(parts) => fold_parts(parts, subject, true),
            Self::Not(part) => part.matches(subject).map(|is| !is),
            Self::Equal(attribute, value) => equal(attribute, value, subject),
            Self::AtLeast(attribute, value) => ordered(attribute, value, subject, std::cmp::Ordering::is_ge),
            Self::AtMost(attribute, value) => ordered(attribute, value, subject, std::cmp::Ordering::is_le),
            Self::Present(attribute) => subject.values(attribute).map(|values| !values.is_empty()),
            Self::Parts(attribute, parts) => {
                let values = subject.values(attribute)?;
                Some(values.iter().any(|value| parts.fit(&folded(attribute, value))))
            }
            Self::Bits(attribute, bits, mask) => {
                let values = subject.values(attribute)?;
                let numbers = values.iter().filter_map(|value| number(value));
                Some(numbers.map(|n| n & mask).any(|set| match bits {
                    Bits::All => set == *mask,
                    Bits::Any => set != 0,
                }))
            }
            Self::Chain(attribute, target) => match subject.resolve(target) {
                Some(target) => subject.reaches(attribute, target),
                None => Some(false),
            },
            Self::Undefined => None,
        }
    }
}

fn of(name: &str, filter: impl FnOnce(&'static Attribute) -> Filter) -> Filter {
    schema().find(name).map_or(Filter::Undefined, filter)
}

/// Three-valued AND (`decides` is false) and OR (true).
fn fold_parts(parts: &[Filter], subject: &impl Subject, decides: bool) -> Option<bool> {
    let mut undefined = false;
    for part in parts {
        match part.matches(subject) {
            Some(is) if is == decides => return Some(decides),
            Some(_) => {}
            None => undefined = true,
        }
    }
    (!undefined).then_some(!decides)
}

/// Ambiguous name resolution ([MS-ADTS] 3.1.1.3.1.3.3): a beginning of any attribute with fANR (`searchFlags` bit 2).
fn anr(value: &[u8]) -> Filter {
    let attributes = schema().attributes().filter(|attribute| attribute.search_flags & 4 != 0);
    let begins = |attribute: &'static Attribute| {
        let initial = Some(folded(attribute, value));
        Filter::Parts(attribute, Parts { initial, ..Parts::default() })
    };
    Filter::Or(attributes.map(begins).collect())
}

fn equal(attribute: &Attribute, value: &[u8], subject: &impl Subject) -> Option<bool> {
    let text = || String::from_utf8_lossy(value);
    if attribute.id == known().object_class {
        return Some(subject.is_a(&text()));
    }
    match attribute.syntax {
        Syntax::Dn => {
            let name = text();
            // A class's name stands for its default category ([MS-ADTS] 3.1.1.3.1.3.5).
            let category = schema().class(&name).filter(|_| attribute.id == known().object_category);
            if let Some(class) = category {
                let values = subject.values(attribute)?;
                let begins = format!("cn={},", class.default_category.to_lowercase());
                return Some(values.iter().any(|v| fold(v).starts_with(begins.as_bytes())));
            }
            match subject.resolve(&name) {
                Some(target) => subject.refers(attribute, target),
                None => subject.values(attribute).map(|_| false),
            }
        }
        Syntax::Integer | Syntax::LargeInteger => {
            let wanted = number(value);
            let values = subject.values(attribute)?;
            Some(wanted.is_some() && values.iter().any(|value| number(value) == wanted))
        }
        Syntax::DnWith => {
            let values = subject.values(attribute)?;
            Some(values.iter().any(|known| fold(known) == fold(value)))
        }
        _ => {
            let wanted = folded(attribute, value);
            let values = subject.values(attribute)?;
            Some(values.iter().any(|known| folded(attribute, known) == wanted))
        }
    }
}

fn ordered(
    attribute: &Attribute,
    value: &[u8],
    subject: &impl Subject,
    fits: fn(std::cmp::Ordering) -> bool,
) -> Option<bool> {
    let values = subject.values(attribute)?;
    if matches!(attribute.syntax, Syntax::Integer | Syntax::LargeInteger) {
        let wanted = number(value)?;
        return Some(values.iter().filter_map(|value| number(value)).any(|known| fits(known.cmp(&wanted))));
    }
    let wanted = folded(attribute, value);
    Some(values.iter().any(|known| fits(folded(attribute, known).cmp(&wanted))))
}

/// A value as equal ones have it. `1.2.840.113556.1.2.48` and `isDeleted` are not the same here: no attribute of the table has
/// values that are written both ways.
fn folded(attribute: &Attribute, value: &[u8]) -> Vec<u8> {
    match attribute.syntax {
        Syntax::Text | Syntax::Oid | Syntax::Boolean | Syntax::Dn => fold(value),
        // SIDs may be written as text ([MS-ADTS] 3.1.1.3.1.3.1.?).
        Syntax::Octets if attribute.id == known().object_sid && value.starts_with(b"S-1-") => {
            let sid =
                std::str::from_utf8(value).ok().and_then(|text| text.parse::<adrecover_core::Sid>().ok());
            sid.map_or_else(|| value.to_vec(), |sid| sid.to_wire())
        }
        _ => value.to_vec(),
    }
}

fn number(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

impl Parts {
    fn read(attribute: &Attribute, choices: &[rasn_ldap::SubstringChoice]) -> Self {
        use rasn_ldap::SubstringChoice;
        let mut parts = Self::default();
        for choice in choices {
            match choice {
                SubstringChoice::Initial(value) => parts.initial = Some(folded(attribute, value)),
                SubstringChoice::Any(value) => parts.any.push(folded(attribute, value)),
                SubstringChoice::Final(value) => parts.last = Some(folded(attribute, value)),
                _ => {}
            }
        }
        parts
    }

    fn fit(&self, value: &[u8]) -> bool {
        let mut rest = value;
        if let Some(initial) = &self.initial {
            let Some(after) = rest.strip_prefix(initial.as_slice()) else { return false };
            rest = after;
        }
        if let Some(last) = &self.last {
            let Some(before) = rest.strip_suffix(last.as_slice()) else { return false };
            rest = before;
        }
        self.any.iter().all(|part| match find(rest, part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    text.windows(part.len()).position(|window| window == part)
}

/// A DN as a filter or a request names an object: `<GUID=…>`, `<SID=…>` and `<WKGUID=…>` are told apart from real ones
/// ([MS-ADTS] 3.1.1.3.1.2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// By `objectGUID`.
    Guid(adrecover_core::ObjectGuid),
    /// By `objectSid`.
    Sid(adrecover_core::Sid),
    /// By the GUID of a well-known container, in upper-case hexadecimal, and the object that knows it.
    WellKnown(String, Dn),
    /// By DN.
    Dn(Dn),
}

impl Name {
    /// Reads a name; `None` where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        let Some(inner) = trimmed.strip_prefix('<') else {
            return trimmed.parse().ok().map(Self::Dn);
        };
        // What follows `>;` is how Extended DN writes the same object once more.
        let inner = &inner[..inner.find('>')?];
        let (kind, value) = inner.split_once('=')?;
        match kind.to_ascii_uppercase().as_str() {
            "GUID" => guid(value).map(Self::Guid),
            "SID" => sid(value).map(Self::Sid),
            "WKGUID" => {
                let (guid, dn) = value.split_once(',')?;
                Some(Self::WellKnown(guid.to_ascii_uppercase(), dn.parse().ok()?))
            }
            _ => None,
        }
    }
}

/// A GUID as text, or as the hexadecimal of its octets.
fn guid(text: &str) -> Option<adrecover_core::ObjectGuid> {
    if text.len() == 32 {
        return adrecover_core::ObjectGuid::from_wire(&hex(text)?).ok();
    }
    text.parse().ok()
}

fn sid(text: &str) -> Option<adrecover_core::Sid> {
    if text.starts_with("S-") || text.starts_with("s-") {
        return text.parse().ok();
    }
    adrecover_core::Sid::from_wire(&hex(text)?).ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let guid = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";
        assert_eq!(Name::read(&format!("<GUID={guid}>")), Some(Name::Guid(guid.parse().unwrap())));
        assert_eq!(
            Name::read("<guid=aea0453cc5eb0d49a4b44b20d3e34a3f>"),
            Some(Name::Guid(guid.parse().unwrap()))
        );
        assert!(matches!(Name::read("<SID=S-1-5-32-544>"), Some(Name::Sid(_))));
        assert!(
            matches!(Name::read("<WKGUID=18e2ea80684f11d2b9aa00c04f79f805,DC=x>"), Some(Name::WellKnown(g, _)) if g.starts_with("18E2"))
        );
        assert!(matches!(Name::read("CN=a,DC=x"), Some(Name::Dn(_))));
        for bad in ["<GUID=1>", "<GUID=", "nonsense", "<x=y>"] {
            assert_eq!(Name::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn parts_of_a_value() {
        let parts = |initial: &str, any: &[&str], last: &str| Parts {
            initial: (!initial.is_empty()).then(|| initial.into()),
            any: any.iter().map(|part| (*part).into()).collect(),
            last: (!last.is_empty()).then(|| last.into()),
        };
        assert!(parts("ab", &["c", "d"], "e").fit(b"abxcxdxe"));
        assert!(!parts("ab", &["d", "c"], "").fit(b"abxcxdx"));
        // Beginning and end do not share octets.
        assert!(!parts("ab", &[], "bc").fit(b"abc"));
        assert!(parts("", &["b"], "").fit(b"abc"));
    }
}
