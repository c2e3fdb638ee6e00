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

/// What the `ldap3` crate does with a message that passes must not panic.
fn digest(octets: &[u8]) {
    let (rest, tag) = lber::parse::parse_tag(octets).unwrap();
    assert!(rest.is_empty());
    let lber::structure::PL::C(mut parts) = tag.payload else { panic!("primitive") };
    assert!((2..=3).contains(&parts.len()));
    let operation = parts.remove(1);
    match operation.id {
        4 => drop(crate::decode::entry(operation).unwrap()),
        25 => {}
        19 => drop(ldap3::parse_refs(operation)),
        _ => drop(ldap3::LdapResult::from(lber::structures::Tag::StructureTag(operation))),
    }
}

fn try_all(octets: &[u8]) {
    let Ok(Some(length)) = length(octets, 1 << 20) else { return };
    let Some(message) = octets.get(..length) else { return };
    if let Ok(Reply::Answer { not_utf8, .. }) = check(message) {
        let mut message = message.to_vec();
        for at in not_utf8.into_iter().flatten() {
            if !message[at].is_ascii() {
                message[at] = b'?';
            }
        }
        digest(&message);
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
