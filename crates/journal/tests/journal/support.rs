//! Batches in few words.

use std::path::{Path, PathBuf};

use adrecover_core::ObjectGuid;
use adrecover_core::change::{
    AttributeChange, Batch, Cursor, LinkChange, LinkTarget, ObjectChange, Phase, Position, Stamp, WholeLinks,
};
use adrecover_core::time::Timestamp;
use adrecover_journal::{Journal, JournalError, JournalPlace, Key, Options, Outcome, Writer};

use super::database::{Database, Lab};

pub(crate) const FOREST: &str = "contoso.com";
pub(crate) const CONTEXT: &str = "DC=contoso,DC=com";

pub(crate) fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_wire(&[n; 16]).unwrap()
}

/// Seconds after a moment that does not matter.
pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

pub(crate) fn stamp(at: i64, version: u32) -> Stamp {
    Stamp { version, at: Some(time(at)), invocation: guid(200), usn: (10_000 + at) as u64 }
}

pub(crate) fn cursor(usn: u64) -> Cursor {
    let position = Position::Usn { after: usn, full: None };
    Cursor { context: guid(100), invocation: guid(200), usn, position }
}

pub(crate) fn batch(phase: Phase, objects: Vec<ObjectChange>) -> Batch {
    let naming_context = CONTEXT.parse().unwrap();
    Batch {
        naming_context,
        phase,
        is_first: phase == Phase::Full,
        objects,
        cursor: Some(cursor(1)),
        is_last: true,
    }
}

/// A file, or a schema of a database, and what it is opened with.
///
/// `ADRECOVER_TEST_STORE=postgres` runs these tests with a database of the server that `tests/lab/postgres` started, whose state
/// `ADRECOVER_TEST_POSTGRES` names. What is about a file only is left out then.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    /// The file. In a database it is never there.
    pub(crate) path: PathBuf,
    pub(crate) at: JournalPlace,
    pub(crate) options: Options,
    pub(crate) database: Option<Database>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changes-contoso.com.db");
        let database =
            is_postgres().then(|| Database::new().expect("ADRECOVER_TEST_POSTGRES names no server"));
        let at = database.as_ref().map_or_else(|| (&path).into(), |database| database.place(FOREST));
        Self { folder, path, at, options: Options::default(), database }
    }

    /// A file, whatever the other tests have; `None` where these are run once more with a database.
    pub(crate) fn file() -> Option<Self> {
        (!is_postgres()).then(Self::new)
    }

    pub(crate) fn encrypted() -> Self {
        let options = Options { key: Some(Key::new([3; 32])), max_octets: None };
        Self { options, ..Self::new() }
    }

    pub(crate) fn writer(&self) -> Writer {
        Writer::open(&self.at, FOREST, &self.options).unwrap()
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::open(&self.at, self.options.key.as_ref()).unwrap()
    }

    /// Every octet of the file and of what SQLite keeps beside it, or every value of the tables.
    pub(crate) fn octets(&self) -> Vec<u8> {
        if let Some(database) = &self.database {
            return database.octets(FOREST);
        }
        let mut out = vec![];
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            out.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        out
    }

    /// The place in words, for another process that is given them to [`Place::told`].
    pub(crate) fn words(&self) -> String {
        let database = self.database.as_ref().map(|database| database.address().to_string());
        database.unwrap_or_else(|| self.path.to_str().unwrap().to_owned())
    }

    pub(crate) fn told(words: &str) -> JournalPlace {
        if !is_postgres() {
            return Path::new(words).into();
        }
        JournalPlace::in_database(Lab::find().unwrap().address(words), FOREST)
    }

    /// Whether the journal was begun.
    pub(crate) fn is_there(&self) -> bool {
        !matches!(Journal::open(&self.at, self.options.key.as_ref()), Err(JournalError::Missing { .. }))
    }

    /// Somebody who asks and does not come to an end, until it is dropped.
    pub(crate) fn reader_that_stays(&self) -> Box<dyn std::any::Any> {
        if let Some(database) = &self.database {
            let mut client = database.client();
            let sql = format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT guid FROM \"changes-{FOREST}\".objects"
            );
            client.batch_execute(&sql).unwrap();
            return Box::new(client);
        }
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        connection.execute_batch("BEGIN; SELECT * FROM objects").unwrap();
        connection.query_row("SELECT guid FROM objects", [], |_| Ok(())).unwrap();
        Box::new(connection)
    }

    /// The newest states of all objects are replaced by those of another journal.
    pub(crate) fn take_states_of(&self, other: &Self) {
        if let (Some(to), Some(from)) = (&self.database, &other.database) {
            let table = format!("\"changes-{FOREST}\".states");
            let mut to = to.client();
            for row in from.client().query(&format!("SELECT object, payload FROM {table}"), &[]).unwrap() {
                let (object, payload): (i64, Vec<u8>) = (row.get(0), row.get(1));
                to.execute(
                    &format!("UPDATE {table} SET payload = $1 WHERE object = $2"),
                    &[&payload, &object],
                )
                .unwrap();
            }
            return;
        }
        let sql = rusqlite::Connection::open(&self.path).unwrap();
        sql.execute("ATTACH ? AS other", [other.path.to_str().unwrap()]).unwrap();
        let copy =
            "UPDATE states SET payload = (SELECT payload FROM other.states o WHERE o.object = states.object)";
        sql.execute(copy, []).unwrap();
    }

    pub(crate) fn holds(&self, text: &str) -> bool {
        holds(&self.octets(), text.as_bytes())
    }
}

/// Whether the tests are run with a database.
pub(crate) fn is_postgres() -> bool {
    std::env::var("ADRECOVER_TEST_STORE").is_ok_and(|store| store == "postgres")
}

pub(crate) fn holds(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len()).any(|window| window == wanted)
}

pub(crate) fn follow(writer: &Writer, at: i64, objects: Vec<ObjectChange>) -> Outcome {
    writer.ingest(&batch(Phase::Following, objects), time(at)).unwrap()
}

pub(crate) fn read_all(writer: &Writer, at: i64, objects: Vec<ObjectChange>) -> Outcome {
    writer.ingest(&batch(Phase::Full, objects), time(at)).unwrap()
}

/// An object with attributes of one text each; an empty one is not set.
pub(crate) fn object(n: u8, dn: &str, attributes: &[(&'static str, &str)]) -> ObjectChange {
    let mut object = ObjectChange::new(guid(n), dn);
    for (name, text) in attributes {
        let values = if text.is_empty() { vec![] } else { vec![text.as_bytes().to_vec()] };
        object.attributes.push(AttributeChange { name: (*name).into(), values, stamp: None });
    }
    object
}

pub(crate) trait Told {
    fn below(self, parent: u8) -> Self;
    fn deleted(self) -> Self;
    fn whole(self) -> Self;
    fn changed(self, at: i64) -> Self;
    fn stamped(self, at: i64, version: u32) -> Self;
    fn link(self, attribute: &'static str, target: u8, is_present: bool) -> Self;
}

impl Told for ObjectChange {
    fn below(mut self, parent: u8) -> Self {
        self.parent = Some(guid(parent));
        self
    }

    fn deleted(mut self) -> Self {
        self.is_deleted = true;
        let values = vec![b"TRUE".to_vec()];
        self.attributes.push(AttributeChange { name: "isDeleted".into(), values, stamp: None });
        self
    }

    fn whole(mut self) -> Self {
        (self.is_whole, self.whole_links) = (true, WholeLinks::All);
        self
    }

    fn changed(mut self, at: i64) -> Self {
        self.when_changed = Some(time(at));
        self
    }

    /// All attributes that it has so far, and links, were written then.
    fn stamped(mut self, at: i64, version: u32) -> Self {
        self.attributes.iter_mut().for_each(|a| a.stamp = Some(stamp(at, version)));
        self.links.iter_mut().for_each(|l| l.stamp = Some(stamp(at, version)));
        self
    }

    fn link(mut self, attribute: &'static str, target: u8, is_present: bool) -> Self {
        let target = LinkTarget {
            guid: Some(guid(target)),
            sid: None,
            dn: format!("CN=Target {target},{CONTEXT}"),
            data: vec![],
        };
        self.links.push(LinkChange { attribute: attribute.into(), target, is_present, stamp: None });
        self
    }
}

/// The head of the naming context, an OU (2), the container of deleted objects (3), a user (10) and two groups (20, 21) with it.
pub(crate) fn company() -> Vec<ObjectChange> {
    vec![
        object(1, CONTEXT, &[("objectClass", "domainDNS")]).whole(),
        object(2, "OU=Staff,DC=contoso,DC=com", &[("objectClass", "organizationalUnit")]).below(1).whole(),
        object(3, "CN=Deleted Objects,DC=contoso,DC=com", &[("objectClass", "container")]).below(1).whole(),
        ada().link("manager", 11, true),
        object(11, "CN=Grace,OU=Staff,DC=contoso,DC=com", &[("sAMAccountName", "grace")]).below(2).whole(),
        object(20, "CN=Sales,OU=Staff,DC=contoso,DC=com", &[("sAMAccountName", "sales")])
            .below(2)
            .whole()
            .link("member", 10, true),
        object(21, "CN=VPN,OU=Staff,DC=contoso,DC=com", &[("sAMAccountName", "vpn")])
            .below(2)
            .whole()
            .link("member", 10, true)
            .link("member", 11, true),
    ]
}

pub(crate) fn ada() -> ObjectChange {
    let attributes = [
        ("objectClass", "user"),
        ("sAMAccountName", "ada"),
        ("userPrincipalName", "Ada@contoso.com"),
        ("mail", "ada@contoso.com"),
        ("userAccountControl", "512"),
    ];
    object(10, "CN=Ada,OU=Staff,DC=contoso,DC=com", &attributes).below(2).whole()
}

/// What DirSync tells when Ada is deleted and the Recycle Bin is off.
pub(crate) fn ada_deleted(at: i64) -> ObjectChange {
    let dn = format!("CN=Ada\\0ADEL:{},CN=Deleted Objects,DC=contoso,DC=com", guid(10));
    let attributes = [
        ("userPrincipalName", ""),
        ("mail", ""),
        ("isRecycled", "TRUE"),
        ("lastKnownParent", "OU=Staff,DC=contoso,DC=com"),
    ];
    object(10, &dn, &attributes).below(3).deleted().stamped(at, 1)
}

pub(crate) fn has_file(folder: &Path, name: &str) -> bool {
    folder.join(name).exists()
}

/// An empty file with the mode that a journal has.
pub(crate) fn make(path: &Path) {
    std::fs::write(path, b"").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
}
