//! The databases in an archive: which files of it are read, and where they are kept meanwhile.

use std::io::Read;

use adrecover_core::source::{DamageReport, SourceError};
use adrecover_core::time::Timestamp;
use chrono::DateTime;

use super::Pages;
use super::tar::Tar;
use super::tdb::{Tdb, TdbError};

/// How much of all databases is kept in memory. What is beyond that goes into temporary files.
const IN_MEMORY: u64 = 256 << 20;
/// The length that a TDB file can have: places in it are numbers of 32 bits.
const LARGEST: u64 = u32::MAX as u64;
/// How much of all databases is kept at all.
const MOST: u64 = 32 << 30;
/// The most databases: a naming context each.
const MOST_FILES: usize = 1000;
/// How much of a file shows what it is.
const HEAD: u64 = 20;
/// What an LMDB database has there at the end: behind the header of its first page.
const LMDB: [u8; 4] = 0xbeef_c0de_u32.to_le_bytes();

/// A database of the archive.
#[derive(Debug)]
pub(super) struct Database {
    /// Its name in the archive.
    pub(super) name: String,
    pub(super) tdb: Tdb,
}

/// What was read of an archive.
#[derive(Debug, Default)]
pub(super) struct Archive {
    /// `sam.ldb`, which tells which others there are.
    pub(super) main: Option<Database>,
    /// The databases of the naming contexts.
    pub(super) contexts: Vec<Database>,
    /// When the backup was made.
    pub(super) made: Option<Timestamp>,
    pub(super) damage: DamageReport,
}

impl Archive {
    /// Reads an archive from its beginning to its end. One that ends early gives what it has.
    ///
    /// Files with secrets (`secrets.ldb`, the key of encrypted attributes, …) are passed over.
    pub(super) fn read(name: &str, from: impl Read, most_unpacked: u64) -> Result<Self, SourceError> {
        let mut tar = Tar::new(from.take(most_unpacked));
        let (mut archive, mut kept, mut in_memory) = (Self::default(), 0, 0);
        loop {
            let file = match tar.next_file() {
                Ok(Some(file)) => file,
                Ok(None) => return Ok(archive),
                Err(error) => {
                    if tar.source().limit() == 0 {
                        return Err(too_large(
                            name,
                            format!("its content has more than {most_unpacked} octets"),
                        ));
                    }
                    archive.damage.add("the archive", format!("it cannot be read to its end: {error}"));
                    return Ok(archive);
                }
            };
            if file.name.trim_start_matches("./") == "backup.txt" {
                archive.made =
                    DateTime::from_timestamp(file.changed, 0).and_then(adrecover_core::time::in_calendar);
            }
            let is_main = file.name.ends_with("/sam.ldb");
            if !is_main && !is_context(&file.name) {
                continue;
            }
            let mut head = vec![];
            // What it cannot give is missed again below.
            let _ = (&mut tar).take(HEAD).read_to_end(&mut head);
            if head.ends_with(&LMDB) {
                return Err(lmdb(name));
            }
            kept += file.size;
            if file.size > LARGEST || kept > MOST || archive.contexts.len() >= MOST_FILES {
                let what =
                    format!("`{}` in it has {} octets, of {kept} in all databases", file.name, file.size);
                return Err(too_large(name, what));
            }
            let mut content = head.chain(&mut tar);
            let (pages, problem) = Pages::take(&mut content, file.size, IN_MEMORY - in_memory)
                .map_err(|error| SourceError::io("the temporary file of a database", &error))?;
            in_memory += pages.in_memory();
            if let Some(problem) = problem {
                archive.damage.add(&file.name, format!("it cannot be read to its end: {problem}"));
            }
            archive.add(file.name, is_main, pages)?;
        }
    }

    fn add(&mut self, name: String, is_main: bool, pages: Pages) -> Result<(), SourceError> {
        match Tdb::open(pages) {
            Ok(tdb) if is_main => self.main = Some(Database { name, tdb }),
            Ok(tdb) => self.contexts.push(Database { name, tdb }),
            Err(TdbError::Io(error)) => return Err(SourceError::io(name, &error)),
            Err(error) => self.damage.add(name, error.to_string()),
        }
        Ok(())
    }
}

fn too_large(name: &str, what: String) -> SourceError {
    SourceError::TooLarge { name: name.to_owned(), what }
}

/// Whether a file of the archive is the database of a naming context.
fn is_context(name: &str) -> bool {
    let mut parts = name.rsplit('/');
    let (file, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    folder == "sam.ldb.d" && file.ends_with(".ldb")
}

/// The databases are of the kind that is not read.
pub(super) fn lmdb(name: &str) -> SourceError {
    SourceError::Unsupported {
        name: name.to_owned(),
        what: "its databases are of the LMDB kind (`backendStore` is `mdb`), of which only Samba itself reads".to_owned(),
        hint: Some(
            "unpack it where Samba is installed, write `ldbsearch -H private/sam.ldb --cross-ncs --show-deleted --show-recycled \
             '(objectClass=*)' > export.ldif`, and give that file"
                .to_owned(),
        ),
    }
}
