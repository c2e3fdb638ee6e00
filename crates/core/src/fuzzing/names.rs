//! The names of objects.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::dn::{DELETED_MARK, MAX_RDN_VALUE, unmangle};
use crate::{Dn, ObjectGuid, Rdn, Sid};

/// Distinguished names, as text. Of what stands in two lines each is read, and then they are compared.
pub fn dn(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    one_dn(&text);
    if let Some((a, b)) = text.split_once('\n')
        && let (Ok(a), Ok(b)) = (a.parse::<Dn>(), b.parse::<Dn>())
    {
        assert_eq!(a == b, a.key() == b.key(), "{a} and {b}: equality and keys differ");
        assert!(a != b || hash(&a) == hash(&b), "{a} and {b} are equal and have other hashes");
        assert!(!(a.is_at_or_below(&b) && b.is_at_or_below(&a)) || a == b);
    }
    if let Some((name, guid)) = unmangle(&text) {
        assert!(text.starts_with(name));
        assert_eq!(unmangle(&format!("{name}{DELETED_MARK}{guid}")), Some((name, guid)));
    }
}

fn one_dn(text: &str) {
    let dn: Dn = match text.parse() {
        Ok(dn) => dn,
        Err(error) => {
            let error: crate::dn::NotADn = error;
            assert!((1..=text.chars().count() + 1).contains(&error.at), "{error}");
            return;
        }
    };
    let printed = dn.to_string();
    assert!(!printed.chars().any(|c| c.is_ascii_control()), "{printed:?}");
    assert!(printed.len() <= 3 * text.len(), "{} octets became {}", text.len(), printed.len());
    let back: Dn = printed.parse().expect("what was printed is read again");
    assert_eq!(back, dn);
    assert_eq!(back.to_string(), printed);
    assert_eq!(back.key(), dn.key());
    assert_eq!(hash(&back), hash(&dn));
    let json = serde_json::to_string(&dn).expect("a DN has JSON");
    assert_eq!(serde_json::from_str::<Dn>(&json).expect("its JSON is read again"), dn);
    let Some(rdn) = dn.rdn() else {
        assert!(dn.is_empty() && dn.parent().is_none());
        return;
    };
    assert_eq!(Rdn::first(text).as_ref(), Ok(rdn));
    let parent = dn.parent().expect("what has a component has a parent");
    assert_eq!(parent.depth() + 1, dn.depth());
    assert_eq!(parent.child(rdn.clone()), dn);
    assert!(dn.is_at_or_below(&parent) && !parent.is_at_or_below(&dn));
    let labels = dn.dns_name();
    assert!(labels.len() <= text.len());
    if let Some((name, _)) = rdn.unmangled() {
        // A name that was cut out of a mangled one must be one that can stand in a DN.
        let restored = parent.child(name);
        assert_eq!(restored.to_string().parse::<Dn>(), Ok(restored));
    }
    let _ = rdn.value().chars().count() <= MAX_RDN_VALUE;
}

fn hash(dn: &Dn) -> u64 {
    let mut hasher = DefaultHasher::new();
    dn.hash(&mut hasher);
    hasher.finish()
}

/// GUIDs, as octets and as text.
pub fn guid(data: &[u8]) {
    if let Ok(guid) = ObjectGuid::from_wire(data) {
        assert_eq!(guid.to_wire(), data);
        text_of_guid(guid);
    } else {
        assert_ne!(data.len(), 16);
    }
    let text = String::from_utf8_lossy(data);
    match text.parse::<ObjectGuid>() {
        Ok(guid) => text_of_guid(guid),
        Err(error) => assert!(error.to_string().len() <= 400, "the text is repeated whole"),
    }
}

fn text_of_guid(guid: ObjectGuid) {
    let text = guid.to_string();
    assert!(text.len() == 36 && text.bytes().all(|b| b == b'-' || matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    for form in
        [text.clone(), format!("{{{text}}}"), guid.as_dn(), text.to_uppercase(), text.replace('-', "")]
    {
        assert_eq!(form.parse(), Ok(guid), "{form}");
    }
    assert_eq!(guid.filter_value().len(), 48);
    assert_eq!(ObjectGuid::from_wire(&guid.to_wire()), Ok(guid));
}

/// SIDs, as octets and as text.
pub fn sid(data: &[u8]) {
    if let Some((sid, used)) = Sid::read(data) {
        assert_eq!(sid.to_wire(), data[..used]);
        assert_eq!(Sid::from_wire(data).is_ok(), used == data.len());
        both_forms(&sid);
    } else {
        assert!(Sid::from_wire(data).is_err());
    }
    if let Ok(sid) = String::from_utf8_lossy(data).parse::<Sid>() {
        both_forms(&sid);
    }
}

fn both_forms(sid: &Sid) {
    assert_eq!(Sid::from_wire(&sid.to_wire()).as_ref(), Ok(sid));
    assert_eq!(sid.to_string().parse().as_ref(), Ok(sid));
    let json = serde_json::to_string(sid).expect("a SID has JSON");
    assert_eq!(&serde_json::from_str::<Sid>(&json).expect("its JSON is read again"), sid);
    let rid = sid.rid().expect("a SID has a relative identifier");
    if let Some(domain) = sid.domain() {
        assert_eq!(&domain.with_rid(rid), sid);
        assert_eq!(domain.to_string().parse().as_ref(), Ok(&domain));
    }
}
