//! Values that people see, and what people type.

use chrono::{TimeZone, Utc};

use crate::directory::{Refusal, result_name};
use crate::lifetime::{DeletionPolicy, State};
use crate::time::{self, Timestamp};
use crate::value::Value;
use crate::{UserAccountControl, text, win32 as codes};

/// Text and octets as they are shown.
pub fn printable(data: &[u8]) {
    let raw = String::from_utf8_lossy(data);
    let shown = text::printable(&raw);
    assert_harmless(&shown);
    assert_eq!(text::printable(&shown), shown, "it is escaped twice");
    assert!(shown.len() <= 10 * raw.len());
    assert!(shown == raw || raw.chars().any(drives), "nothing had to be escaped");
    let value = Value::from_bytes(data);
    assert_eq!(value.to_bytes().as_deref(), Some(data));
    assert_harmless(&value.shown());
    let json = serde_json::to_string(&value).expect("a value has JSON");
    assert_eq!(serde_json::from_str::<Value>(&json).expect("its JSON is read again"), value);
    // A file may call anything base64.
    let claimed = Value::Base64(raw.into_owned());
    assert_harmless(&claimed.shown());
    if let Some(octets) = claimed.to_bytes() {
        assert_eq!(Value::Base64(data_encoded(&octets)).to_bytes(), Some(octets));
    }
}

fn data_encoded(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

/// What moves the cursor, or changes the order in which characters stand: C0, DEL, C1, and every character with the Unicode
/// property Bidi_Control, line separators, and the mark that begins a file.
fn drives(c: char) -> bool {
    const OTHERS: [char; 15] = [
        '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202b}', '\u{202c}',
        '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{feff}',
    ];
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}') || OTHERS.contains(&c)
}

/// Fails where text could drive a terminal.
#[track_caller]
pub(super) fn assert_harmless(shown: &str) {
    assert!(!shown.chars().any(drives), "{shown:?}");
}

/// Times as a server and as people write them, and the numbers beside them.
pub fn time(data: &[u8]) {
    let now = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).single().expect("a time");
    let text = String::from_utf8_lossy(data);
    if let Some(at) = time::generalized(&text) {
        whole(at);
        assert_eq!(time::generalized(&time::to_generalized(at)), Some(at));
    }
    match time::when(&text, now) {
        Ok(at) => whole(at),
        Err(error) => assert!(error.to_string().len() <= text.len() + 200),
    }
    if let Ok(octets) = <[u8; 8]>::try_from(data) {
        let number = u64::from_le_bytes(octets);
        time::from_dstime(number).into_iter().for_each(whole);
        number_of(number as i64, now);
    }
    if let Ok(number) = text.parse::<i64>() {
        number_of(number, now);
        u64::try_from(number).ok().and_then(time::from_dstime).into_iter().for_each(whole);
    }
    if let Some(uac) = UserAccountControl::parse(&text) {
        assert_eq!(UserAccountControl::parse(&uac.to_attribute()), Some(uac));
    }
}

fn number_of(number: i64, now: Timestamp) {
    time::from_filetime(number).into_iter().for_each(whole);
    for recycle_bin in [false, true] {
        let policy = DeletionPolicy::new(recycle_bin, Some(number), Some(number));
        assert!(policy.tombstone_lifetime >= 2 && policy.deleted_object_lifetime >= 2);
        for state in [State::Deleted, State::Tombstone, State::Recycled] {
            policy.expires(state, now).into_iter().for_each(whole);
        }
    }
}

/// A time that is shown must be one that RFC 3339 knows, so that it is read again.
fn whole(at: Timestamp) {
    let shown = time::rfc3339(at);
    assert_eq!(shown.len(), 20, "{shown}");
    let again = time::when(&shown, Timestamp::default()).expect("it is read again");
    assert_eq!(time::rfc3339(again), shown);
    assert_eq!(time::to_generalized(at).len(), 17);
}

/// What a domain controller writes beside a result code.
pub fn win32(data: &[u8]) {
    let diagnostic = String::from_utf8_lossy(data).into_owned();
    if let Some(code) = codes::code(&diagnostic) {
        assert!(diagnostic.len() > 8);
        let _ = codes::meaning(code);
    }
    if let Some(name) = codes::attribute(&diagnostic) {
        assert!(!name.is_empty() && diagnostic.contains(name));
    }
    let _ = codes::bind_refusal(&diagnostic);
    for code in [0, 10, 49, 50, 53, 68, u32::MAX] {
        let refusal = Refusal { code, diagnostic: diagnostic.clone(), operation: "read CN=a".into() };
        let shown = refusal.to_string();
        assert_harmless(&shown);
        assert!(shown.contains(result_name(code)) && shown.len() <= 10 * diagnostic.len() + 400);
        let _ = (refusal.is_passing(), refusal.win32(), refusal.is_access_denied());
    }
}
