//! TDB files whole, broken and written by Samba.

use super::*;
use crate::samba::testing;

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn some(count: usize) -> Pairs {
    (0..count).map(|n| (format!("key {n}").into_bytes(), vec![n as u8; n * 3])).collect()
}

/// All records and all damage, in the order of the file.
fn read(file: Vec<u8>) -> (Pairs, Vec<String>) {
    let mut tdb = Tdb::open(Pages::of(file)).unwrap();
    let mut damage = vec![];
    let places = tdb.records(&mut |error| damage.push(error.to_string()));
    let records = places.into_iter().filter_map(|at| tdb.record(at).ok()).map(|r| (r.key, r.data));
    (records.collect(), damage)
}

#[test]
fn all_records_in_either_order_of_octets() {
    for is_big_endian in [false, true] {
        for chains in [1, 7, 100] {
            let (records, damage) = read(testing::tdb(&some(30), chains, is_big_endian));
            assert!(records == some(30) && damage.is_empty(), "{chains}: {damage:?}");
        }
    }
    assert_eq!(read(testing::tdb(&[], 3, false)), (vec![], vec![]));
}

#[test]
fn a_broken_chain_costs_no_record() {
    let good = testing::tdb(&some(30), 3, false);
    for pointer in [u32::MAX, 5, 168, 400, good.len() as u32 - 8] {
        let mut file = good.clone();
        file[172..176].copy_from_slice(&pointer.to_le_bytes());
        let (mut records, damage) = read(file);
        records.sort_by_key(|(_, data)| data.len());
        assert_eq!(records, some(30), "{pointer:#x}");
        assert!(damage.len() == 1 && damage[0].contains("the chain leads to"), "{damage:?}");
    }
}

#[test]
fn a_broken_record_costs_itself_only() {
    let file = testing::tdb(&some(30), 3, false);
    let at = file.windows(5).position(|w| w == b"key 9").unwrap() - 24;
    for (field, octets) in [(20, [1, 2, 3, 4]), (4, [255; 4]), (8, [255; 4]), (12, [0xff, 0xff, 0, 0])] {
        let mut file = file.clone();
        file[at + field..at + field + 4].copy_from_slice(&octets);
        let (mut records, damage) = read(file);
        records.sort_by_key(|(_, data)| data.len());
        let others: Vec<_> = some(30).into_iter().filter(|(key, _)| key != b"key 9").collect();
        assert!(records == others && !damage.is_empty(), "{field}: {} records, {damage:?}", records.len());
    }
}

#[test]
fn a_chain_that_comes_back_to_itself_ends() {
    let mut file = testing::tdb(&some(3), 1, false);
    let first = file.windows(5).position(|w| w == b"key 0").unwrap() - 24;
    let last = u32::from_le_bytes(file[172..176].try_into().unwrap());
    file[first..first + 4].copy_from_slice(&last.to_le_bytes());
    let (records, damage) = read(file);
    assert_eq!(records, some(3));
    assert!(damage[0].contains("in a chain already"), "{damage:?}");
}

#[test]
fn what_is_no_tdb_file_is_said_to_be_none() {
    let open = |file: Vec<u8>| Tdb::open(Pages::of(file)).unwrap_err().to_string();
    assert!(open(vec![]).contains("no TDB file") && open(vec![0; 4096]).contains("no TDB file"));
    let mut file = testing::tdb(&[], 3, false);
    file[32] = 1;
    assert!(open(file.clone()).contains("version"));
    file[32] = 0x6d;
    file[36..40].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(open(file.clone()).contains("hash chains"));
    file[40] = 1;
    assert!(open(file).contains("features"));
}

#[test]
fn copies_for_recovery_are_no_records() {
    // A record in the area for recovery, and a chain that is broken, so that the file is looked through.
    let mut file = testing::tdb(&some(2), 1, false);
    let area = file.len() as u32;
    file[44..48].copy_from_slice(&area.to_le_bytes());
    let copy = testing::tdb(&some(1), 1, false)[176..].to_vec();
    for n in [0, copy.len() as u32, 0, 0, 0, 0] {
        file.extend(n.to_le_bytes());
    }
    file.extend(copy);
    file[172..176].copy_from_slice(&5u32.to_le_bytes());
    assert_eq!(read(file.clone()).0, some(2));
    assert!(!Tdb::open(Pages::of(file.clone())).unwrap().is_dirty());
    let magic = area as usize + 20;
    file[magic..magic + 4].copy_from_slice(&0xf53b_c0e7u32.to_le_bytes());
    assert!(Tdb::open(Pages::of(file)).unwrap().is_dirty());
}
