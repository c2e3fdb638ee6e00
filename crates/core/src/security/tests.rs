//! Descriptors read from a domain controller (`testdata`, from a fresh lab) and made from SDDL by Samba.

use proptest::prelude::*;

use super::*;

/// `O:DAG:DAD:AI(OD;CI;CC;bf967aba-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1004336348-1177238915-682003330-110
/// 5)(A;CIIO;GA;;;S-1-5-21-1004336348-1177238915-682003330-1104)(OA;CIIO;CR;00299570-246d-11d0-a768-00aa006e
/// 0529;bf967aba-0de6-11d0-a285-00aa003049e2;S-1-5-21-1004336348-1177238915-682003330-1106)(OA;CIIO;WP;e48d0
/// 154-bcf8-11d1-8702-00c04fb96050;bf967aba-0de6-11d0-a285-00aa003049e2;S-1-5-21-1004336348-1177238915-68200
/// 3330-1106)(OA;;CC;bf967aba-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1004336348-1177238915-682003330-1106)(A;
/// CI;CC;;;AU)(A;NPCI;LC;;;RU)`
const OU: &str = "010004841400000030000000000000004c000000010500000000000515000000dcf4dc3b833d2b46828ba628000200000105\
    00000000000515000000dcf4dc3b833d2b46828ba628000200000400580107000000060238000100000001000000ba7a96bf\
    e60dd011a28500aa003049e2010500000000000515000000dcf4dc3b833d2b46828ba62851040000000a2400000000100105\
    00000000000515000000dcf4dc3b833d2b46828ba62850040000050a48000001000003000000709529006d24d011a76800aa\
    006e0529ba7a96bfe60dd011a28500aa003049e2010500000000000515000000dcf4dc3b833d2b46828ba62852040000050a\
    4800200000000300000054018de4f8bcd111870200c04fb96050ba7a96bfe60dd011a28500aa003049e20105000000000005\
    15000000dcf4dc3b833d2b46828ba62852040000050038000100000001000000ba7a96bfe60dd011a28500aa003049e20105\
    00000000000515000000dcf4dc3b833d2b46828ba62852040000000214000100000001010000000000050b00000000061800\
    040000000102000000000005200000002a020000";

/// `O:S-1-5-21-1004336348-1177238915-682003330-1104G:DUD:(D;;RP;;;S-1-5-21-1004336348-1177238915-682003330-1
/// 105)(A;;RP;;;AU)(A;;SD;;;OW)`
const OWNED: &str = "010004801400000030000000000000004c000000010500000000000515000000dcf4dc3b833d2b46828ba628500400000105\
    00000000000515000000dcf4dc3b833d2b46828ba62801020000040054000300000001002400100000000105000000000005\
    15000000dcf4dc3b833d2b46828ba62851040000000014001000000001010000000000050b00000000001400000001000101\
    00000000000304000000";

const DOMAIN: &str = "S-1-5-21-1004336348-1177238915-682003330";
const LAB: &str = "S-1-5-21-25443145-3619110008-938989437";
const OPERATOR: u32 = 1104;
const READER: u32 = 1105;
const ORDINARY: u32 = 1103;

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

fn descriptor(hex: &str) -> SecurityDescriptor {
    SecurityDescriptor::from_wire(&octets(hex)).unwrap()
}

fn sids(texts: &[&str]) -> Vec<Sid> {
    texts.iter().map(|t| t.parse().unwrap()).collect()
}

/// A user of a domain with the SIDs that every user has.
fn token(domain: &str, rid: u32) -> Vec<Sid> {
    let mut token = sids(&[ids::EVERYONE, ids::AUTHENTICATED_USERS, "S-1-5-32-554"]);
    token.push(domain.parse::<Sid>().unwrap().with_rid(rid));
    token
}

fn administrator() -> Vec<Sid> {
    let mut token = token(LAB, 500);
    token.extend(sids(&[ids::ADMINISTRATORS]));
    token.push(LAB.parse::<Sid>().unwrap().with_rid(512));
    token
}

#[test]
fn the_container_of_deleted_objects() {
    let sd = descriptor(include_str!("testdata/deleted-objects.hex"));
    assert!(sd.is_protected());
    assert_eq!(sd.owner, Some("S-1-5-18".parse().unwrap()));
    assert_eq!(sd.dacl.as_ref().map(Vec::len), Some(5));
    let list = Right::object(Access::LIST_CHILDREN | Access::READ_PROPERTY);
    assert_eq!(sd.access(&token(LAB, READER), &list), Decision::Granted);
    assert_eq!(sd.access(&administrator(), &list), Decision::Granted);
    assert_eq!(sd.access(&token(LAB, ORDINARY), &list), Decision::NotGranted);
    let read = Right::object(Access::READ_CONTROL);
    assert_eq!(sd.access(&administrator(), &read), Decision::NotGranted);
}

#[test]
fn the_head_of_the_domain_grants_reanimation() {
    let sd = descriptor(include_str!("testdata/head.hex"));
    let reanimate = Right::control(ids::REANIMATE_TOMBSTONES);
    assert_eq!(sd.access(&token(LAB, OPERATOR), &reanimate), Decision::Granted);
    assert_eq!(sd.access(&token(LAB, READER), &reanimate), Decision::NotGranted);
    // All control access rights at once: an entry without an object type.
    assert_eq!(sd.access(&administrator(), &reanimate), Decision::Granted);
    let other = Right::control(ids::RESET_PASSWORD);
    assert_eq!(sd.access(&token(LAB, OPERATOR), &other), Decision::NotGranted);
}

#[test]
fn a_tombstone_keeps_what_it_inherited() {
    let sd = descriptor(include_str!("testdata/tombstone.hex"));
    for right in [Right::write(ids::NAME), Right::write(ids::CN), Right::control(ids::RESET_PASSWORD)] {
        assert_eq!(sd.access(&token(LAB, OPERATOR), &right), Decision::Granted);
        assert_eq!(sd.access(&administrator(), &right), Decision::Granted);
        assert_eq!(sd.access(&token(LAB, READER), &right), Decision::NotGranted);
    }
    // Public Information is readable for everybody who logged on: a property set is the object type of the entry.
    assert_eq!(sd.access(&token(LAB, ORDINARY), &Right::read(ids::CN)), Decision::Granted);
    assert_eq!(sd.access(&token(LAB, ORDINARY), &Right::read(ids::USER_ACCOUNT_CONTROL)), Decision::Granted);
    let without_compatibility = sids(&[ids::AUTHENTICATED_USERS]);
    assert_eq!(
        sd.access(&without_compatibility, &Right::read(ids::USER_ACCOUNT_CONTROL)),
        Decision::NotGranted
    );
}

#[test]
fn what_is_above_is_inherited_by_class() {
    let sd = descriptor(OU);
    let user = sd.inherited_by(ids::USER);
    let group = sd.inherited_by(ids::GROUP);
    let delegate = token(DOMAIN, 1106);
    let reset = Right::control(ids::RESET_PASSWORD);
    assert_eq!(sd.access(&delegate, &reset), Decision::NotGranted);
    assert_eq!(user.access(&delegate, &reset), Decision::Granted);
    assert_eq!(group.access(&delegate, &reset), Decision::NotGranted);
    assert_eq!(user.access(&delegate, &Right::write(ids::USER_PRINCIPAL_NAME)), Decision::Granted);
    assert_eq!(user.access(&delegate, &Right::write(ids::USER_ACCOUNT_CONTROL)), Decision::NotGranted);
    // GENERIC_ALL is everything.
    let full = token(DOMAIN, OPERATOR);
    assert_eq!(sd.access(&full, &Right::object(Access::WRITE_DACL)), Decision::NotGranted);
    assert_eq!(user.access(&full, &Right::object(Access::ALL)), Decision::Granted);
    // The entry that does not propagate reaches the child and stays there.
    let once =
        |sd: &SecurityDescriptor| sd.access(&sids(&["S-1-5-32-554"]), &Right::object(Access::LIST_CHILDREN));
    assert_eq!(once(&user), Decision::Granted);
    assert_eq!(once(&user.inherited_by(ids::USER)), Decision::NotGranted);
}

#[test]
fn a_denial_counts_for_what_it_names_and_only_before_a_grant() {
    let sd = descriptor(OU);
    let denied = token(DOMAIN, READER);
    assert_eq!(sd.access(&denied, &Right::create_child(ids::USER)), Decision::Denied);
    assert_eq!(sd.access(&denied, &Right::create_child(ids::GROUP)), Decision::Granted);
    assert_eq!(sd.access(&token(DOMAIN, 1106), &Right::create_child(ids::USER)), Decision::Granted);

    let mut turned = sd.clone();
    turned.dacl.as_mut().unwrap().reverse();
    assert_eq!(turned.access(&denied, &Right::create_child(ids::USER)), Decision::Granted);
}

#[test]
fn owners_and_their_rights() {
    let sd = descriptor(OWNED);
    let owner = token(DOMAIN, OPERATOR);
    // OWNER RIGHTS stands in the list: the implicit rights are gone, its own apply.
    assert_eq!(sd.access(&owner, &Right::object(Access::READ_CONTROL)), Decision::NotGranted);
    assert_eq!(sd.access(&owner, &Right::object(Access::DELETE)), Decision::Granted);
    assert_eq!(sd.access(&token(DOMAIN, ORDINARY), &Right::object(Access::DELETE)), Decision::NotGranted);
    assert_eq!(sd.access(&token(DOMAIN, READER), &Right::object(Access::READ_PROPERTY)), Decision::Denied);

    let mut plain = sd.clone();
    plain.dacl.as_mut().unwrap().pop();
    let implicit = Right::object(Access::READ_CONTROL | Access::WRITE_DACL);
    assert_eq!(plain.access(&owner, &implicit), Decision::Granted);
    assert_eq!(plain.access(&owner, &Right::object(Access::WRITE_OWNER)), Decision::NotGranted);
}

#[test]
fn no_list_grants_all_and_an_empty_one_nothing() {
    let all = Right::object(Access::ALL);
    let none = SecurityDescriptor { control: SELF_RELATIVE, owner: None, group: None, dacl: None };
    assert_eq!(none.access(&[], &all), Decision::Granted);
    let empty = SecurityDescriptor { dacl: Some(vec![]), ..none };
    assert_eq!(empty.access(&administrator(), &all), Decision::NotGranted);
}

#[test]
fn conditions_are_left_to_the_server() {
    let mut sd = descriptor(OWNED);
    let caller = token(DOMAIN, ORDINARY);
    let read = Right::object(Access::READ_PROPERTY);
    let kind = |sd: &mut SecurityDescriptor, at: usize, kind| sd.dacl.as_mut().unwrap()[at].kind = kind;
    kind(&mut sd, 1, AceKind::AllowIf);
    assert_eq!(sd.access(&caller, &read), Decision::Conditional);
    // Where nothing grants it, a condition under which it is denied changes nothing.
    kind(&mut sd, 1, AceKind::DenyIf);
    assert_eq!(sd.access(&caller, &read), Decision::NotGranted);
    kind(&mut sd, 1, AceKind::Allow);
    kind(&mut sd, 0, AceKind::DenyIf);
    assert_eq!(sd.access(&caller, &read), Decision::Granted);
    assert_eq!(sd.access(&token(DOMAIN, READER), &read), Decision::Conditional);
    kind(&mut sd, 0, AceKind::Other(19));
    assert_eq!(sd.access(&token(DOMAIN, READER), &read), Decision::Granted);
}

#[test]
fn damage_is_an_error() {
    let whole = octets(OU);
    for n in 0..whole.len() {
        // Cutting behind the last entry is impossible: the list is the last part.
        assert!(SecurityDescriptor::from_wire(&whole[..n]).is_err(), "{n}");
    }
    assert!(SecurityDescriptor::from_wire(&[]).is_err());
    let mut absolute = whole.clone();
    absolute[3] &= 0x7f;
    assert!(SecurityDescriptor::from_wire(&absolute).is_err());
    let mut unknown = octets(OWNED);
    let list = u32_at(&unknown, 16).unwrap() as usize;
    unknown[list + ACL_HEADER] = 0x13;
    let sd = SecurityDescriptor::from_wire(&unknown).unwrap();
    assert_eq!(sd.dacl.unwrap()[0].kind, AceKind::Other(0x13));
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = SecurityDescriptor::from_wire(&bytes);
    }

    #[test]
    fn any_change_of_a_real_one_is_read_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)
    ) {
        let mut bytes = octets(include_str!("testdata/ou.hex"));
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(sd) = SecurityDescriptor::from_wire(&bytes) {
            let right = Right::control(ids::RESET_PASSWORD);
            let _ = (sd.access(&administrator(), &right), sd.inherited_by(ids::USER).access(&[], &right));
        }
    }
}
