use proptest::prelude::*;

use super::*;
use crate::testing::{entry, message, numbered, page_end, result, result_with, string};

fn samples() -> Vec<Vec<u8>> {
    let referral = [
        ber::element(tag::ENUMERATED, &[10]),
        string(b""),
        string(b"text"),
        ber::element(0xa3, &string(b"ldap://other")),
    ];
    vec![
        numbered(1, 7),
        entry(2, "CN=\u{fc},DC=x", &[("cn", vec![b"\xff\x00".to_vec(), vec![]]), ("member", vec![])]),
        result(3, op::DONE, 0, "fine"),
        page_end(4, b"cookie"),
        message(5, op::DONE, &referral.concat()),
        message(6, op::REFERENCE, &string(b"ldap://x")),
        result_with(7, op::MODIFY, 53, &[[string(b"1.2.3"), vec![1, 1, 255], string(b"v")].concat()]),
        result(0, op::EXTENDED, 52, "bye"),
        message(8, op::INTERMEDIATE, b""),
    ]
}

/// What passes can be taken apart.
fn try_all(octets: &[u8]) {
    let Ok(Some(length)) = length(octets, 1 << 20) else { return };
    let Some(message) = octets.get(..length) else { return };
    if let Ok(Reply::Answer { op, contents, outcome, .. }) = check(message) {
        if op == op::ENTRY {
            crate::decode::entry(&message[contents.clone()]).unwrap();
            crate::decode::name(&message[contents]).unwrap();
        }
        let is_result = !matches!(op, op::ENTRY | op::REFERENCE | op::INTERMEDIATE);
        assert_eq!(outcome.is_some(), is_result);
    }
}

#[test]
fn good_messages_pass() {
    for sample in samples() {
        assert_eq!(length(&sample, 1 << 20).unwrap(), Some(sample.len()));
        check(&sample).unwrap();
        try_all(&sample);
        for cut in 0..sample.len() {
            assert!(length(&sample[..cut], 1 << 20).unwrap().is_none_or(|l| l > cut));
        }
    }
}

#[test]
fn results_are_read() {
    let read = |octets: &[u8]| match check(octets).unwrap() {
        Reply::Answer { outcome, .. } => outcome.unwrap(),
        other => panic!("{other:?}"),
    };
    let samples = samples();
    assert_eq!(read(&samples[2]), Outcome { diagnostic: "fine".into(), ..Outcome::default() });
    assert_eq!(read(&samples[3]).cookie.as_deref(), Some(&b"cookie"[..]));
    let referral = read(&samples[4]);
    assert_eq!((referral.code, referral.referral.as_deref()), (10, Some("ldap://other")));
    assert_eq!((read(&samples[6]).code, read(&samples[6]).cookie), (53, None));
}

#[test]
fn a_crowd_of_elements_is_refused() {
    let with = |count: usize| {
        let values = ber::element(tag::SET, &[tag::OCTET_STRING, 0].repeat(count));
        let attribute = ber::element(tag::SEQUENCE, &[string(b"member"), values].concat());
        message(1, op::ENTRY, &[string(b"DC=x"), ber::element(tag::SEQUENCE, &attribute)].concat())
    };
    // The eight others: the message, its id, the entry, its DN, its attributes, the attribute, its name, its values.
    assert!(check(&with(MAX_ELEMENTS - 8)).is_ok());
    assert!(check(&with(MAX_ELEMENTS - 7)).unwrap_err().contains("elements"));
}

#[test]
fn an_intermediate_response_must_come_apart() {
    let message = |contents: &[u8]| message(8, op::INTERMEDIATE, contents);
    let named = [ber::element(0x80, b"1.2.3"), ber::element(0x81, b"x")].concat();
    assert!(check(&message(&named)).is_ok());
    try_all(&message(&named));
    assert!(check(&message(&[0x60, 1, 0])).is_err());
    assert!(check(&message(&[0x81, 1])).is_err());
}

#[test]
fn every_change_of_one_octet_is_harmless() {
    for sample in samples() {
        for at in 0..sample.len() {
            for octet in 0..=255 {
                let mut changed = sample.clone();
                changed[at] = octet;
                try_all(&changed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn mutations_are_harmless(
        which in 0usize..9,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..8),
    ) {
        let mut octets = samples().swap_remove(which);
        for (at, octet, how) in changes {
            let at = at.index(octets.len().max(1)).min(octets.len().saturating_sub(1));
            match how {
                0 if !octets.is_empty() => octets[at] = octet,
                1 => octets.insert(at, octet),
                2 if !octets.is_empty() => drop(octets.remove(at)),
                _ => octets.truncate(octets.len() - usize::from(octet % 4).min(octets.len())),
            }
        }
        try_all(&octets);
    }

    #[test]
    fn any_octets_are_harmless(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        try_all(&octets);
        try_all(&ber::element(tag::SEQUENCE, &octets));
        let named = [ber::integer(1), octets].concat();
        try_all(&ber::element(tag::SEQUENCE, &named));
    }
}
