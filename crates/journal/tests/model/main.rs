//! A thousand random things are done to a directory; whatever the journal is asked about any moment, it says what the directory was.

#![expect(clippy::unwrap_used, reason = "these are tests: what does not work shall stop them")]

#[expect(dead_code, reason = "the other tests ask more of it")]
#[path = "../journal/database.rs"]
mod database;
mod directory;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use adrecover_core::ObjectGuid;
use adrecover_core::change::{Batch, ObjectChange, Phase};
use adrecover_journal::{
    Found, Journal, JournalPlace, Key, Link, ObjectState, Options, Query, Status, Writer,
};
use database::Database;
use directory::{Directory, ROOT, Seen, State, UNITS, View, guid, time};
use proptest::prelude::*;

/// How a directory tells what has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// DirSync, with stamps or without.
    Deltas { stamps: bool },
    /// Whole objects, as polling reads them.
    Whole { stamps: bool },
}

struct Run {
    directory: Directory,
    writer: Option<Writer>,
    key: Option<Key>,
    telling: Telling,
    path: JournalPlace,
    _database: Option<Database>,
    told: i64,
    /// What was to be seen when changes were told, by time.
    views: BTreeMap<i64, View>,
    last: Option<Batch>,
}

impl Run {
    fn new(folder: &Path, has_bin: bool, telling: Telling, key: Option<Key>) -> Self {
        let is_postgres = is_postgres();
        let database = is_postgres.then(|| Database::new().expect("ADRECOVER_TEST_POSTGRES names no server"));
        let file = folder.join("changes-x.db");
        let path = database.as_ref().map_or_else(|| file.into(), |database| database.place("x"));
        let (directory, views) = (Directory::new(has_bin), BTreeMap::new());
        let mut run = Self {
            directory,
            writer: None,
            key,
            telling,
            path,
            _database: database,
            told: -1,
            views,
            last: None,
        };
        run.open();
        run.read_all();
        run
    }

    fn open(&mut self) {
        self.writer = None;
        let options = Options { key: self.key.clone(), max_octets: None };
        self.writer = Some(Writer::open(&self.path, "x", &options).unwrap());
    }

    fn has_stamps(&self) -> bool {
        matches!(self.telling, Telling::Deltas { stamps: true } | Telling::Whole { stamps: true })
    }

    fn writer(&self) -> &Writer {
        self.writer.as_ref().unwrap()
    }

    fn ingest(&mut self, phase: Phase, changes: Vec<ObjectChange>, parts: usize) {
        let size = changes.len().div_ceil(parts).max(1);
        let mut chunks: Vec<Vec<ObjectChange>> = changes.chunks(size).map(<[_]>::to_vec).collect();
        if chunks.is_empty() {
            chunks.push(vec![]);
        }
        let last = chunks.len() - 1;
        for (at, objects) in chunks.into_iter().enumerate() {
            let naming_context = "DC=x".parse().unwrap();
            let (is_first, is_last) = (phase == Phase::Full && at == 0, at == last);
            let batch = Batch { naming_context, phase, is_first, objects, cursor: None, is_last };
            self.writer().ingest(&batch, time(self.directory.now)).unwrap();
            self.last = Some(batch);
        }
        self.directory.told_all();
        self.told = self.directory.now;
        self.views.insert(self.directory.now, self.directory.view());
    }

    fn tell(&mut self, parts: usize) {
        let changes = match self.telling {
            Telling::Deltas { stamps } => self.directory.deltas(self.told, stamps),
            Telling::Whole { stamps } => self.directory.whole(true, stamps, false),
        };
        self.ingest(Phase::Following, changes, parts);
    }

    fn read_all(&mut self) {
        let stamps = self.has_stamps();
        let shows_hidden = matches!(self.telling, Telling::Deltas { .. });
        self.ingest(Phase::Full, self.directory.whole(false, stamps, shows_hidden), 3);
    }

    /// Does one of all the things that can be done, on what there is to do it on.
    fn act(&mut self, (what, a, b, c): (u8, u8, u8, u8)) {
        self.directory.now += 10;
        let told = self.told;
        let has_stamps = self.has_stamps();
        let d = &mut self.directory;
        let things = |state: State| -> Vec<u8> {
            d.objects.iter().filter(|(n, o)| **n > UNITS[1] && o.state == state).map(|(n, _)| *n).collect()
        };
        let live = things(State::Live);
        let pick = |list: &[u8], by: u8| list.get(usize::from(by) % list.len().max(1)).copied();
        let (one, two) = (pick(&live, a), pick(&live, b));
        match (what % 16, one, two) {
            (0..=2, ..) | (_, None, _) if d.objects.len() < 30 => {
                // No GUID comes twice.
                let n = UNITS[1] + (d.now / 10) as u8;
                d.add(n, &format!("CN=N{n} ü"), UNITS[usize::from(b % 2)]);
            }
            (3..=5, Some(n), _) => {
                let name = ["mail", "title", "proxyAddresses", "lastLogonTimestamp"][usize::from(b % 4)];
                let values =
                    [vec![], vec!["12"], vec!["b", "a"], vec!["CN=Ab,OU=Xyz,OU=Abcdefgh,DC=x"], vec!["X"]];
                d.set(n, name, &values[usize::from(c) % 5]);
            }
            (6, Some(n), _) => d.place(n, &format!("CN=R{b}"), d.objects[&n].parent),
            (7, Some(n), _) => {
                let rdn = d.objects[&n].rdn.clone();
                d.place(n, &rdn, UNITS[usize::from(b % 2)]);
            }
            (8, ..) => {
                let parent = if b % 3 == 0 && a % 2 == 1 { UNITS[0] } else { ROOT };
                d.place(UNITS[usize::from(a % 2)], &format!("OU=U{a}{c}"), parent);
            }
            // A link to what lies in the bin is hidden: one that was not told before nobody is told of when it comes to light.
            (9 | 10, Some(n), _) if d.has_bin && d.has_untold_links(n) => {}
            (9 | 10, Some(n), _) => d.delete(n),
            (11, ..) => {
                // Without stamps nobody can tell that something was deleted and restored between two questions.
                let is_told = |n: &u8| has_stamps || d.objects[n].changed <= told;
                let deleted =
                    [things(State::Bin), if d.has_bin { vec![] } else { things(State::Tombstone) }].concat();
                let deleted: Vec<u8> = deleted.into_iter().filter(is_told).collect();
                if let Some(n) = pick(&deleted, a) {
                    d.restore(n);
                }
            }
            (12, ..) if c % 3 == 0 => {
                if let Some(n) = pick(&things(State::Bin), a) {
                    d.strip(n);
                }
            }
            (12..=14, Some(n), Some(m)) => d.link(n, "member", m, c % 3 != 0),
            (_, Some(n), Some(m)) => d.link(n, "manager", m, c % 4 != 0),
            _ => {}
        }
    }

    fn check(&self) {
        let journal = Journal::open(&self.path, self.key.as_ref()).unwrap();
        assert_eq!(journal.check().unwrap(), Vec::<String>::new());
        for (at, view) in &self.views {
            for n in 0..=200 {
                let state = journal.at(guid(n), time(*at)).unwrap().filter(|o| o.status != Status::Gone);
                assert_eq!(state.as_ref().map(seen), view.get(&n).map(shown), "{n} at {at}");
            }
        }
        let now = self.directory.view();
        for n in 0..=200 {
            let state = journal.now(guid(n)).unwrap().filter(|o| o.status != Status::Gone);
            assert_eq!(state.as_ref().map(seen), now.get(&n).map(shown), "{n} now");
            self.check_history(&journal, n);
        }
        for (n, seen) in &now {
            let queries = [Query::Dn(seen.dn.parse().unwrap()), Query::Account(format!("ACCOUNT{n}"))];
            for query in queries {
                let found = journal.find(&query).unwrap();
                let is_it = |f: &Found| (f.guid, f.until, &f.dn) == (guid(*n), None, &seen.dn);
                assert!(found.iter().any(is_it), "{query:?}");
            }
        }
    }

    /// What happened one after the other leads from the first value to the last.
    fn check_history(&self, journal: &Journal, n: u8) {
        let mut values: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        let mut links = BTreeSet::new();
        let history = journal.history(guid(n)).unwrap();
        assert!(history.windows(2).all(|w| w[0].seq < w[1].seq));
        for change in history {
            for diff in change.attributes {
                if let Some(before) = values.insert(diff.name, diff.new) {
                    assert_eq!(before, diff.old);
                }
            }
            for link in change.links {
                let ends = (link.attribute, link.other, link.is_own);
                if link.is_added {
                    assert!(links.insert(ends));
                } else {
                    links.remove(&ends);
                }
            }
        }
        if let Some(now) = journal.now(guid(n)).unwrap() {
            for (name, last) in values {
                assert_eq!(now.attribute(&name).map_or(vec![], |a| a.values.clone()), last);
            }
        }
    }
}

fn ends(links: &[Link]) -> BTreeSet<(String, ObjectGuid)> {
    links.iter().map(|link| (link.attribute.clone(), link.other)).collect()
}

/// An object of the journal as somebody sees it. Of a deleted one the links are not compared: a directory hides them.
fn seen(object: &ObjectState) -> Seen {
    let is_deleted = object.status.is_deleted();
    let links = |links: &[Link]| if is_deleted { BTreeSet::new() } else { ends(links) };
    let values = |values: &[Vec<u8>]| values.iter().cloned().collect();
    Seen {
        dn: object.dn.clone(),
        is_deleted,
        attributes: object.attributes.iter().map(|a| (a.name.clone(), values(&a.values))).collect(),
        links: links(&object.links),
        referrers: links(&object.referrers),
    }
}

fn shown(seen: &Seen) -> Seen {
    seen.clone()
}

fn telling() -> impl Strategy<Value = Telling> {
    prop_oneof![
        any::<bool>().prop_map(|stamps| Telling::Deltas { stamps }),
        any::<bool>().prop_map(|stamps| Telling::Whole { stamps }),
    ]
}

fn is_postgres() -> bool {
    std::env::var("ADRECOVER_TEST_STORE").is_ok_and(|store| store == "postgres")
}

/// A database takes ten times as long for each.
fn cases() -> u32 {
    if is_postgres() { 8 } else { 60 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_says_what_the_directory_was(
        has_bin: bool,
        telling in telling(),
        is_encrypted: bool,
        acts in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>()), 1..80),
        pauses in prop::collection::vec((0..12u8, 1..4usize), 80),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut run = Run::new(folder.path(), has_bin, telling, is_encrypted.then(|| Key::new([5; 32])));
        for (act, (pause, parts)) in acts.into_iter().zip(pauses) {
            run.act(act);
            match pause {
                0..=3 => run.tell(parts),
                4 => {
                    run.tell(1);
                    run.open();
                }
                5 => {
                    // The answer was lost, and the same comes again.
                    run.tell(1);
                    let batch = run.last.clone().unwrap();
                    let again = run.writer().ingest(&batch, time(run.directory.now)).unwrap();
                    prop_assert_eq!((again.changes, again.links_added, again.links_removed), (0, 0, 0));
                }
                // The position was refused: all is read anew, with what was not told before.
                6 => run.read_all(),
                7 => {
                    if let Some(n) = run.directory.objects.keys().rev().find(|n| **n > UNITS[1]).copied() {
                        run.directory.vanish(n);
                    }
                    run.read_all();
                }
                _ => {}
            }
        }
        run.tell(1);
        run.check();
    }
}
