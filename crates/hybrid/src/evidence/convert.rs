//! From a value in a file to the text that is kept: the reading rules for each kind of property.

use std::borrow::Cow;
use std::fmt::Write as _;

use adrecover_core::time::{Timestamp, in_calendar};
use chrono::{DateTime, NaiveDateTime, Utc};
use uuid::Uuid;

use super::fields::{Kind, Shape};
use super::pack::put;
use super::raw::Raw;

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// It was put behind the text.
    Value,
    /// It is empty, and says so: an empty text, a GUID of zeros.
    Empty,
    /// It is an empty list.
    EmptyList,
    /// It is null, or an empty cell.
    Null,
    /// It cannot be taken for a value.
    Refused(Why),
}

/// Why a value is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Why {
    /// The name of a type stands where the values should be.
    Flattened,
    /// A date in the way of some country, or without a zone.
    Date,
    /// Something else than what the property holds.
    Unreadable,
}

/// Reads a value as this kind of property, and puts what is kept behind `out`.
pub(crate) fn convert(kind: Kind, raw: &Raw<'_>, is_cell: bool, out: &mut String) -> Read {
    let done = |found: Option<()>| if found.is_some() { Read::Value } else { Read::Refused(Why::Unreadable) };
    match raw {
        Raw::Null => return Read::Null,
        Raw::Text(text) if text.trim().is_empty() => return if is_cell { Read::Null } else { Read::Empty },
        Raw::Text(text)
            if is_flattened(text, matches!(kind, Kind::List | Kind::Objects(_) | Kind::Reference)) =>
        {
            return Read::Refused(Why::Flattened);
        }
        _ => {}
    }
    match kind {
        Kind::Text | Kind::Word => done(plain(raw).map(|text| out.push_str(&text))),
        Kind::Bool => done(boolean(raw).map(|b| out.push(if b { '1' } else { '0' }))),
        Kind::Number => done(number(raw).and_then(|n| write!(out, "{n}").ok())),
        Kind::Time | Kind::UtcTime => match moment(raw, kind == Kind::UtcTime) {
            Ok(Some(seconds)) => done(write!(out, "{seconds}").ok()),
            Ok(None) => Read::Empty,
            Err(why) => Read::Refused(why),
        },
        Kind::Span => done(span(raw).and_then(|n| write!(out, "{n}").ok())),
        Kind::Guid => guid(raw, out),
        Kind::List => list(raw, is_cell, out),
        Kind::Reference => match raw.get("id") {
            // Not selected, or nobody: the module shows an object whose properties are all null.
            Some(Raw::Null) => Read::Null,
            Some(id) => guid(id, out),
            None => Read::Refused(Why::Unreadable),
        },
        Kind::Objects(shape) => objects(raw, shape, out),
    }
}

/// What PowerShell writes for a value that it does not write: the name of its type, or a shortened object.
fn is_flattened(text: &str, of_many: bool) -> bool {
    let text = text.trim_start();
    ["System.Object[]", "System.String[]", "System.Collections.", "Microsoft.Graph.PowerShell.Models."]
        .iter()
        .any(|t| text.starts_with(t))
        || of_many
            && ["System.", "Microsoft.Graph.", "Microsoft.Exchange.", "Microsoft.IdentityManagement.", "@{"]
                .iter()
                .any(|t| text.starts_with(t))
}

fn plain<'a>(raw: &'a Raw<'_>) -> Option<Cow<'a, str>> {
    match raw {
        Raw::Text(text) => Some(Cow::Borrowed(text)),
        Raw::Int(n) => Some(Cow::Owned(n.to_string())),
        Raw::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        // An object of Exchange or of the engine, such as an address: `{"value": "a@contoso.com", …}`.
        Raw::Map(_) => match raw.get("value")? {
            Raw::Text(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
            _ => None,
        },
        _ => None,
    }
}

fn boolean(raw: &Raw<'_>) -> Option<bool> {
    match raw {
        Raw::Bool(b) => Some(*b),
        Raw::Int(0) => Some(false),
        Raw::Int(1) => Some(true),
        Raw::Text(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Raw::Text(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn number(raw: &Raw<'_>) -> Option<i64> {
    match raw {
        Raw::Int(n) => Some(*n),
        Raw::Bool(b) => Some(i64::from(*b)),
        Raw::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Seconds since 1970; `None` for the moment that stands for none (the year 1).
fn moment(raw: &Raw<'_>, is_utc: bool) -> Result<Option<i64>, Why> {
    let text = match raw {
        Raw::Text(text) => text,
        // What PowerShell 5.1 writes of a date with a display hint.
        Raw::Map(_) => match raw.get("value") {
            Some(Raw::Text(text)) => text,
            _ => return Err(Why::Unreadable),
        },
        _ => return Err(Why::Unreadable),
    };
    let time = time(text.trim(), is_utc).ok_or(Why::Date)?;
    Ok(Some(time.timestamp()).filter(|seconds| *seconds > YEAR_TWO))
}

/// The start of the year 2: no zone moves the year 1 beyond it.
const YEAR_TWO: i64 = -62_104_060_800;

/// A time with its zone: RFC 3339, or PowerShell's `/Date(milliseconds)/`.
pub(crate) fn time(text: &str, is_utc: bool) -> Option<Timestamp> {
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|t| t.strip_suffix(")/")) {
        // The zone that may stand behind it is for display: the number is UTC.
        let end = inner
            .char_indices()
            .skip(1)
            .find(|(_, c)| matches!(c, '+' | '-'))
            .map_or(inner.len(), |(at, _)| at);
        let millis = inner.get(..end)?.parse().ok()?;
        return DateTime::from_timestamp_millis(millis).and_then(in_calendar);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return in_calendar(time.with_timezone(&Utc));
    }
    let naive = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    is_utc.then(naive).flatten().and_then(|t| in_calendar(t.and_utc()))
}

/// Whole seconds of a length of time: `[d.]hh:mm:ss[.fraction]`, or the object that PowerShell writes of one.
fn span(raw: &Raw<'_>) -> Option<i64> {
    match raw {
        Raw::Map(_) => match raw.get("Ticks")? {
            Raw::Int(ticks) => Some(ticks / 10_000_000),
            _ => None,
        },
        Raw::Text(text) => {
            let text = text.trim();
            let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
            let (head, rest) = text.split_once(':')?;
            let (days, hours) = head.split_once('.').unwrap_or(("0", head));
            let (minutes, seconds) = rest.split_once(':')?;
            let seconds = seconds.split_once('.').map_or(seconds, |(whole, _)| whole);
            let part =
                |text: &str, below: u32| text.parse::<u32>().ok().filter(|n| *n < below).map(i64::from);
            let total = part(days, 20_000_000)? * 86_400
                + part(hours, 24)? * 3600
                + part(minutes, 60)? * 60
                + part(seconds, 60)?;
            Some(if negative { -total } else { total })
        }
        _ => None,
    }
}

fn guid(raw: &Raw<'_>, out: &mut String) -> Read {
    let parsed = match raw {
        Raw::Text(text) => Uuid::try_parse(text.trim()).ok(),
        Raw::Map(_) => match raw.get("Guid").or_else(|| raw.get("value")) {
            Some(Raw::Text(text)) => Uuid::try_parse(text.trim()).ok(),
            _ => None,
        },
        _ => None,
    };
    match parsed {
        Some(guid) if guid.is_nil() => Read::Empty,
        Some(guid) => {
            out.push_str(guid.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
            Read::Value
        }
        None => Read::Refused(Why::Unreadable),
    }
}

/// The list that a value is. PowerShell 5.1 writes some lists as `{"value":[…],"Count":2}`.
fn items<'a, 'b>(raw: &'b Raw<'a>) -> Option<&'b [Raw<'a>]> {
    match raw {
        Raw::List(items) => Some(items),
        Raw::Map(_) => match raw.get("value") {
            Some(Raw::List(items)) if raw.get("Count").is_some() => Some(items),
            _ => Some(std::slice::from_ref(raw)),
        },
        _ => None,
    }
}

fn list(raw: &Raw<'_>, is_cell: bool, out: &mut String) -> Read {
    let start = out.len();
    match raw {
        Raw::Text(text) if is_cell => parts(text).for_each(|part| put(out, part)),
        Raw::Text(text) => put(out, text),
        _ => {
            let Some(items) = items(raw) else { return Read::Refused(Why::Unreadable) };
            for item in items {
                match item {
                    Raw::Null => {}
                    Raw::Text(text) if is_flattened(text, true) => return Read::Refused(Why::Flattened),
                    item => match plain(item) {
                        Some(text) => put(out, &text),
                        None => return Read::Refused(Why::Unreadable),
                    },
                }
            }
        }
    }
    if out.len() == start { Read::EmptyList } else { Read::Value }
}

/// The texts of one cell: cut at `;`, `,`, `|` and white space, but, where they are addresses with a type before them, only
/// in front of a type: an X.400 address has semicolons, and an X.500 one spaces.
fn parts(cell: &str) -> impl Iterator<Item = &str> {
    let has_type = |text: &str| {
        let name = text.split(':').next().unwrap_or_default();
        name.len() < text.len()
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let is_between = |c: char| matches!(c, ';' | ',' | '|') || c.is_whitespace();
    let typed = has_type(cell.trim_start());
    let mut rest = Some(cell.trim_start_matches(is_between));
    std::iter::from_fn(move || {
        let text = rest.filter(|t| !t.is_empty())?;
        let mut cuts = text.match_indices(is_between).map(|(at, _)| at);
        let cut = cuts.find(|at| !typed || has_type(text[*at..].trim_start_matches(is_between)));
        rest = cut.map(|at| text[at..].trim_start_matches(is_between));
        Some(cut.map_or(text, |at| &text[..at]).trim_end_matches(is_between))
    })
}

fn objects(raw: &Raw<'_>, shape: &Shape, out: &mut String) -> Read {
    let start = out.len();
    let Some(items) = items(raw) else { return Read::Refused(Why::Unreadable) };
    for item in items {
        match item {
            Raw::Map(_) => object(item, shape, out),
            Raw::Text(text) if is_flattened(text, true) => return Read::Refused(Why::Flattened),
            Raw::Null => {}
            _ => return Read::Refused(Why::Unreadable),
        }
    }
    // Those that are not kept are there all the same: that none is left is a value, and an empty one.
    if out.len() > start {
        Read::Value
    } else if items.iter().any(|item| matches!(item, Raw::Map(_))) {
        Read::Empty
    } else {
        Read::EmptyList
    }
}

fn object(item: &Raw<'_>, shape: &Shape, out: &mut String) {
    let text = |key: &str| match item.get(key) {
        Some(Raw::List(values)) => {
            let mut inner = String::new();
            values.iter().filter_map(plain).for_each(|v| put(&mut inner, &v));
            Cow::Owned(inner)
        }
        Some(value) => plain(value).unwrap_or_default(),
        None => Cow::Borrowed(""),
    };
    if let Some((at, wanted)) = shape.only {
        let found = text(shape.keys[at]);
        if !wanted.iter().any(|w| w.eq_ignore_ascii_case(&found)) {
            return;
        }
    }
    let mut one = String::new();
    shape.keys.iter().for_each(|key| put(&mut one, &text(key)));
    put(out, &one);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::pack::Items;

    fn read(kind: Kind, json: &str) -> Result<String, Read> {
        let mut out = String::new();
        match convert(kind, &serde_json::from_str(json).unwrap(), false, &mut out) {
            Read::Value => Ok(out),
            other => Err(other),
        }
    }

    #[test]
    fn times() {
        for (json, seconds) in [
            (r#""2026-11-01T09:30:00Z""#, "1793525400"),
            (r#""2026-11-01T10:30:00.1234567+01:00""#, "1793525400"),
            (r#""\/Date(1793525400000)\/""#, "1793525400"),
            (r#""\/Date(1793525400123+0200)\/""#, "1793525400"),
            (r#""\/Date(-1000)\/""#, "-1"),
            (r#"{"value":"\/Date(1793525400000)\/","DisplayHint":2,"DateTime":"Sunday"}"#, "1793525400"),
        ] {
            assert_eq!(read(Kind::Time, json).as_deref(), Ok(seconds), "{json}");
        }
        let refused = |why| Err(Read::Refused(why));
        for (json, found) in [
            (r#""01.11.2026 09:30:00""#, refused(Why::Date)),
            (r#""11/1/2026 9:30:00 AM""#, refused(Why::Date)),
            (r#""2026-11-01T09:30:00""#, refused(Why::Date)),
            (r#""\/Date()\/""#, refused(Why::Date)),
            (r#""/Date(é)/""#, refused(Why::Date)),
            (r#""\/Date(99999999999999999)\/""#, refused(Why::Date)),
            ("12", refused(Why::Unreadable)),
            (r#"{"DateTime":"Sunday"}"#, refused(Why::Unreadable)),
            (r#""0001-01-01T00:00:00Z""#, Err(Read::Empty)),
            (r#""\/Date(-62135596800000)\/""#, Err(Read::Empty)),
            ("null", Err(Read::Null)),
            (r#""""#, Err(Read::Empty)),
        ] {
            assert_eq!(read(Kind::Time, json), found, "{json}");
        }
        assert_eq!(read(Kind::UtcTime, r#""2026-11-01T09:30:00""#).as_deref(), Ok("1793525400"));
    }

    #[test]
    fn lengths_of_time() {
        for (json, seconds) in [
            (r#""00:30:00""#, Ok("1800")),
            (r#""7.00:00:00""#, Ok("604800")),
            (r#""-00:00:01.5""#, Ok("-1")),
            (r#"{"Ticks":18000000000,"TotalMinutes":30}"#, Ok("1800")),
            (r#""30""#, Err(Read::Refused(Why::Unreadable))),
            (r#""00:61:00""#, Err(Read::Refused(Why::Unreadable))),
        ] {
            assert_eq!(read(Kind::Span, json), seconds.map(str::to_owned), "{json}");
        }
    }

    #[test]
    fn simple_values() {
        let unreadable = Err(Read::Refused(Why::Unreadable));
        for (kind, json, found) in [
            (Kind::Text, r#""a""#, Ok("a")),
            (Kind::Text, r#"12"#, Ok("12")),
            (Kind::Text, r#""System.String[]""#, Err(Read::Refused(Why::Flattened))),
            (Kind::Text, r#""System.Administrator""#, Ok("System.Administrator")),
            (Kind::Text, r#"["a"]"#, unreadable),
            (Kind::Text, r#"{"value":""}"#, unreadable),
            (Kind::Bool, "true", Ok("1")),
            (Kind::Bool, r#""False""#, Ok("0")),
            (Kind::Bool, "0", Ok("0")),
            (Kind::Bool, "2", unreadable),
            (Kind::Number, r#""17""#, Ok("17")),
            (Kind::Number, "1.5", unreadable),
            (
                Kind::Guid,
                r#""{8D4E6B2A-1F3C-4A5B-9C7D-0123456789AB}""#,
                Ok("8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab"),
            ),
            (Kind::Guid, r#""00000000-0000-0000-0000-000000000000""#, Err(Read::Empty)),
            (Kind::Guid, r#""user@contoso.com""#, unreadable),
            (
                Kind::Reference,
                r#"{"id":"8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab"}"#,
                Ok("8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab"),
            ),
            (Kind::Reference, r#"{"Id":null,"DisplayName":null}"#, Err(Read::Null)),
        ] {
            assert_eq!(read(kind, json), found.map(str::to_owned), "{json}");
        }
    }

    #[test]
    fn lists() {
        for (json, found) in [
            (r#"["a","b"]"#, Ok(vec!["a", "b"])),
            (r#""a""#, Ok(vec!["a"])),
            (r#"{"value":["a","b"],"Count":2}"#, Ok(vec!["a", "b"])),
            (r#"[{"value":"a"},null]"#, Ok(vec!["a"])),
            ("[]", Err(Read::EmptyList)),
            (r#""System.String[]""#, Err(Read::Refused(Why::Flattened))),
            (r#"["System.Object[]"]"#, Err(Read::Refused(Why::Flattened))),
            (r#""System.Collections.ArrayList""#, Err(Read::Refused(Why::Flattened))),
            ("[[1]]", Err(Read::Refused(Why::Unreadable))),
        ] {
            let read = read(Kind::List, json);
            assert_eq!(read.as_ref().map(|t| Items(t).collect::<Vec<_>>()).map_err(|r| *r), found, "{json}");
        }
    }

    #[test]
    fn a_cell_with_several_addresses() {
        for (cell, found) in [
            ("SMTP:a@b.c", &["SMTP:a@b.c"][..]),
            ("SMTP:a@b.c;smtp:d@e.f", &["SMTP:a@b.c", "smtp:d@e.f"]),
            (
                "SMTP:a@b.c smtp:d@e.f\nx500:/o=A/ou=Group (FYDI)/cn=x",
                &["SMTP:a@b.c", "smtp:d@e.f", "x500:/o=A/ou=Group (FYDI)/cn=x"],
            ),
            ("X400:C=US;A= ;P=Contoso;S=a;;smtp:d@e.f", &["X400:C=US;A= ;P=Contoso;S=a", "smtp:d@e.f"]),
            ("a@b.c; d@e.f", &["a@b.c", "d@e.f"]),
            (" ; ", &[]),
        ] {
            assert_eq!(parts(cell).collect::<Vec<_>>(), found, "{cell}");
        }
    }

    #[test]
    fn nested_objects() {
        static SHAPE: Shape =
            Shape { keys: &["service", "n"], only: Some((0, &["exchange"])), is_shared: true };
        let kind = Kind::Objects(&SHAPE);
        let fields = |text: &str| {
            Items(text).flat_map(|o| Items(o).map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        let found = read(kind, r#"[{"Service":"exchange","N":[1,"x"]},{"service":"other"}]"#).unwrap();
        assert_eq!(fields(&found), ["exchange", "1:11:x"]);
        assert_eq!(read(kind, r#"[{"service":"other"}]"#), Err(Read::Empty));
        assert_eq!(read(kind, "[]"), Err(Read::EmptyList));
        assert_eq!(read(kind, r#"["@{service=exchange}"]"#), Err(Read::Refused(Why::Flattened)));
        assert_eq!(
            read(kind, r#""Microsoft.Graph.PowerShell.Models.X""#),
            Err(Read::Refused(Why::Flattened))
        );
    }
}
