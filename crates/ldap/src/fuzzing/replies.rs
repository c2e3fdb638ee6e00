//! One reply: from the octets to an entry, a result, and what is made of them.

use adrecover_core::deleted::{Judge, original_rdn};
use adrecover_core::lifetime::DeletionPolicy;
use adrecover_core::text::printable;
use adrecover_core::time::Timestamp;
use adrecover_core::{DirectoryError, Entry, ObjectGuid};
use lber::structure::{PL, StructureTag};
use lber::structures::Tag;
use ldap3::LdapResult;

use crate::framer::{self, MAX_ELEMENTS, Outcome, Reply, op};
use crate::{RootDse, decode, link, rootdse};

/// One message of a server.
pub fn reply(data: &[u8]) {
    // The wire hands over whole messages, one at a time.
    let length = framer::length(data, usize::MAX / 4).ok().flatten();
    let Some(data) = length.and_then(|length| data.get(..length)) else { return };
    let (op, contents, outcome) = match framer::check(data) {
        Err(problem) => return shown(&problem),
        Ok(Reply::Notice { code, diagnostic, .. }) => return drop((code, printable(&diagnostic))),
        Ok(Reply::Answer { id, op, contents, outcome }) => {
            assert!(id > 0);
            (op, contents, outcome)
        }
    };
    let mut message = data.to_vec();
    if outcome.is_some() {
        framer::make_text(&mut message, contents.clone());
    }
    assert_eq!(message.len(), data.len());
    let operation = operation(&message);
    match op {
        op::ENTRY => {
            let contents = &data[contents];
            let found = decode::entry(contents).expect("what passed the framer is an entry");
            assert_eq!(decode::name(contents), Ok(found.dn.as_bytes()));
            entry(found, data.len());
        }
        op::REFERENCE | op::INTERMEDIATE => {}
        _ => {
            let ours = outcome.expect("what is no entry is a result");
            result(&ours);
            // The client reads the same.
            let theirs = Outcome::from(LdapResult::from(Tag::StructureTag(operation)));
            assert_eq!(theirs, Outcome { cookie: None, dir_sync: None, ..ours });
        }
    }
}

/// The operation in a message as the client takes it apart.
fn operation(message: &[u8]) -> StructureTag {
    let (rest, tag) = lber::parse::parse_tag(message).expect("what passed the framer comes apart");
    assert!(rest.is_empty());
    let elements = count(&tag);
    assert!(elements <= MAX_ELEMENTS, "{elements} elements");
    let PL::C(mut parts) = tag.payload else { unreachable!("a message is constructed") };
    assert!((2..=3).contains(&parts.len()));
    parts.swap_remove(1)
}

/// What is wrong, in words, is shown to people.
pub(crate) fn shown(problem: &str) {
    assert_eq!(printable(problem), problem);
    assert!(problem.len() < 400, "{problem}");
}

fn count(tag: &StructureTag) -> usize {
    match &tag.payload {
        PL::P(_) => 1,
        PL::C(parts) => 1 + parts.iter().map(count).sum::<usize>(),
    }
}

fn result(result: &Outcome) {
    let Err(refusal) = link::accepted(result, || "read CN=a".to_owned()) else { return };
    let text = refusal.to_string();
    assert_eq!(printable(&text), text);
    let failure = crate::BindFailure::of(&refusal);
    let bind =
        crate::ConnectError::Bind { server: "ldaps://dc1".into(), name: "joe".into(), failure, refusal };
    assert!(!bind.may_try_next() && !bind.to_string().is_empty());
    let _ = (bind.hint(), DirectoryError::from(bind));
}

fn entry(entry: Entry, octets: usize) {
    let values: usize = entry.attributes.iter().flat_map(|a| &a.values).map(Vec::len).sum();
    assert!(values + entry.dn.len() <= octets);
    for attribute in &entry.attributes {
        if let Some(range) = decode::ranged(&attribute.name) {
            assert!(attribute.name.starts_with(&range.name) && range.name.len() < attribute.name.len());
        }
    }
    for recycle_bin in [false, true] {
        let judge = Judge {
            policy: DeletionPolicy::new(recycle_bin, entry.integer("tombstoneLifetime"), None),
            undeletes_from_bin: true,
            now: Timestamp::default(),
            dc_names: vec![(ObjectGuid::from_wire(&[7; 16]).expect("16 octets"), "DC1".into())],
        };
        let Some(object) = judge.read(&entry) else { continue };
        assert_eq!((Some(object.guid), &object.dn), (entry.guid(), &entry.dn));
    }
    if let Some(rdn) = original_rdn(&entry) {
        let text = rdn.to_string();
        assert_eq!(adrecover_core::Rdn::first(&text), Ok(rdn), "the name that is given back");
    }
    let ldap_policies = rootdse::limits(&entry);
    let root_dse = RootDse { ldap_policies, ..RootDse::from_entry(entry) };
    assert!((1..=1000).contains(&root_dse.page_size()));
    let _ = (root_dse.is_samba(), root_dse.identity(), root_dse.supports("1.2"));
}
