//! What the fuzz targets call (`tests/fuzz`), and the tests with the corpus and mutations of it.

use std::path::Path;

use adrecover_core::secrets::is_secret;
use adrecover_core::{Dn, ObjectGuid};

use crate::codec::change::Replaced;
use crate::codec::octets::Reader;
use crate::codec::state::State;
use crate::codec::values;
use crate::ids::Ids;
use crate::journal::{FOREST, Journal};
use crate::lookup::{self, Purpose};
use crate::rows::{Edge, moment, state_place};
use crate::seal::Place;
use crate::store::sqlite::Sqlite;
use crate::store::{Param, StoreError, sql};
use crate::{ObjectState, Query};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[("change_journal", change_journal)];

/// The names of attributes that the rows may use, by their ids from 1 on; the last is a secret that an older program kept.
const NAMES: [&str; 8] = [
    "objectClass",
    "isDeleted",
    "sAMAccountName",
    "userPrincipalName",
    "objectSid",
    "member",
    "thumbnailPhoto",
    "unicodePwd",
];

/// How many objects there are.
const OBJECTS: u8 = 8;

thread_local! {
    static JOURNAL: Journal = empty().expect("a journal in memory");
}

fn empty() -> Result<Journal, StoreError> {
    let store = Sqlite::create(Path::new(":memory:"))?;
    let fill = &store as &dyn crate::store::Store;
    fill.execute(sql::META_PUT, &[Param::Text(FOREST), Param::Bytes(b"x")])?;
    let mut journal = Journal::with(Box::new(store), &Path::new(":memory:").into(), None).expect("a journal");
    for name in NAMES {
        journal.ids.accept(journal.vault(), name)?;
    }
    journal.ids.controller(journal.vault(), guid(200))?;
    journal.ids = Ids::default();
    Ok(journal)
}

fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_wire(&[n; 16]).expect("16 octets")
}

/// Rows of the journal as somebody else may have written them, each with the seal that belongs to it: an octet for the table and
/// then its columns. First each as a payload alone.
pub fn change_journal(data: &[u8]) {
    payloads(data);
    JOURNAL.with(|journal| {
        fill(journal, data).expect("a journal in memory");
        ask(journal);
    });
}

/// What was read is written and read again as the same.
fn payloads(data: &[u8]) {
    if let Some(state) = State::read(data) {
        assert_eq!(State::read(&state.pack()).as_ref(), Some(&state));
        assert_eq!(State::read_name(data).as_ref(), Some(&state.name));
    }
    if let Some(change) = Replaced::read(data) {
        assert_eq!(Replaced::read(&change.pack()), Some(change));
    }
    if let Some(cells) = values::cells(data) {
        let mut packed = vec![];
        values::put_cells(&mut packed, &cells);
        assert_eq!(values::cells(&packed), Some(cells));
    }
}

/// Puts rows in until they are read no more.
fn fill(journal: &Journal, data: &[u8]) -> Result<(), StoreError> {
    let store = &*journal.store;
    for table in ["DELETE FROM objects", "DELETE FROM states", "DELETE FROM changes", "DELETE FROM links"] {
        store.execute(table, &[])?;
    }
    store.execute("DELETE FROM contents", &[])?;
    store.execute("DELETE FROM lookups", &[])?;
    let mut reader = Reader::new(data);
    let mut seq = 0;
    while row(journal, &mut reader, &mut seq)?.is_some() && seq < 200 {}
    Ok(())
}

fn row(journal: &Journal, reader: &mut Reader<'_>, seq: &mut i64) -> Result<Option<()>, StoreError> {
    let store = &*journal.store;
    let seal = |place, payload: &[u8]| journal.sealer.seal(place, payload.to_vec()).expect("a checksum");
    *seq += 1;
    // What does not fit in a table is left out, and the next row tried.
    let rest = (|| {
        let (table, object) = (reader.octet()?, i64::from(reader.octet()? % OBJECTS) + 1);
        let done = match table % 5 {
            0 => {
                let (parent, status) = (i64::from(reader.octet()? % 10), i64::from(reader.octet()? % 7));
                let guid = guid(object as u8);
                let payload = seal(state_place(object, guid, parent, status), reader.octets()?);
                let wire = guid.to_wire();
                let [id, parent, status] = [object, parent, status].map(Param::Int);
                let row = [id, Param::Bytes(&wire), id, parent, status, id, id];
                let state = [id, Param::Bytes(&payload)];
                store.execute(sql::OBJECT_INSERT, &row).and_then(|_| store.execute(sql::STATE_PUT, &state))
            }
            1 => {
                let (kind, happened, usn) = (reader.signed()?, reader.signed()?, reader.signed()?);
                let controller = i64::from(reader.octet()? % 3);
                let numbers = [*seq, object, kind, happened, *seq, controller, usn];
                let place = Place::Change { seq: *seq, object, kind, happened, seen: *seq, controller, usn };
                let payload = seal(place, reader.octets()?);
                let [a, b, c, d, e, f, g] = numbers.map(Param::Int);
                store.execute(sql::CHANGE_INSERT, &[a, b, c, d, e, f, g, Param::Bytes(&payload)])
            }
            2 => {
                let (target, attribute) = (i64::from(reader.octet()? % 10), i64::from(reader.octet()? % 10));
                let (data, added, removed) = (reader.signed()?, reader.signed()?, reader.signed()?);
                let edge = Edge { source: object, attribute, target, data, added, removed, mark: 0 };
                let seal = edge.seal(&journal.sealer);
                let numbers = [object, attribute, target, data, added, removed, 0, seal];
                store.execute(sql::LINK_INSERT, &numbers.map(Param::Int))
            }
            3 => {
                let octets = seal(Place::Content { id: object }, reader.octets()?);
                let hash = [object as u8; 16];
                let params = [Param::Int(object), Param::Bytes(&hash), Param::Bytes(&octets)];
                store.execute(sql::CONTENT_INSERT, &params)
            }
            _ => {
                let hash = lookup::of_text(&journal.sealer, Purpose::Account, "ada");
                store.execute(sql::LOOKUP_PUT, &[Param::Int(hash), Param::Int(object)])
            }
        };
        let _ = done;
        Some(())
    })();
    Ok(rest)
}

/// Everything that can be asked: answers that hold together, or errors.
fn ask(journal: &Journal) {
    let when = moment(5);
    for n in 0..=OBJECTS {
        let guid = guid(n);
        for state in [journal.now(guid), journal.at(guid, when), journal.before_deletion(guid)] {
            if let Ok(Some(state)) = state {
                shown(&state);
            }
        }
        if let Ok(history) = journal.history(guid) {
            assert!(history.windows(2).all(|pair| pair[0].seq < pair[1].seq));
            assert!(history.iter().flat_map(|c| &c.attributes).all(|a| !is_secret(&a.name)));
        }
        if let Ok(Some(lost)) = journal.lost(guid) {
            assert!(lost.attributes.iter().all(|a| !is_secret(&a.name)));
        }
        let _ = (journal.members_of(guid, when), journal.groups_of(guid, when));
        if let Ok(under) = journal.under(guid, when) {
            assert!(under.len() <= usize::from(OBJECTS));
        }
    }
    let name = Query::Dn("CN=Ada,DC=x".parse::<Dn>().expect("a DN"));
    for query in [Query::Account("ADA".into()), Query::Guid(guid(1)), name] {
        if let Ok(found) = journal.find(&query) {
            assert!(found.is_sorted_by_key(|f| f.until.is_some()));
        }
    }
    let _ = (journal.deleted_since(moment(0)), journal.touched(moment(0), when, Some(guid(200))));
    let _ = (journal.status(), journal.contexts());
}

fn shown(state: &ObjectState) {
    assert!(state.attributes.iter().all(|a| !is_secret(&a.name)), "a secret is told");
    assert!(state.dn.len() <= 64 * 1024);
}

#[cfg(test)]
#[path = "../../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_and_mutations_of_it() {
        replay::all(TARGETS, 500);
    }

    /// Otherwise nothing behind the reading of the rows would be tried.
    #[test]
    fn the_usual_seed_is_answered() {
        change_journal(include_bytes!("../../../tests/fuzz/corpus/change_journal/deleted"));
        JOURNAL.with(|journal| {
            let lost = journal.lost(guid(2)).unwrap().unwrap();
            assert_eq!(
                (lost.dn.as_str(), lost.attributes.len(), lost.referrers.len()),
                ("CN=Ada,DC=x", 2, 1)
            );
            assert_eq!(journal.find(&Query::Account("ada".into())).unwrap()[0].guid, guid(2));
        });
    }
}
