//! What an agent has to know of itself after a restart, in a file beside the journal: which alerts are still to be sent, how far
//! deletions were looked at, and which domain controller was read.
//!
//! The journal does not need it: where it is lost or damaged, nothing but a repeated or a missing alert comes of it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::alert::Alert;

/// The version of the file.
const VERSION: u32 = 1;
/// No such file is larger.
const LARGEST: u64 = 4 << 20;
/// So many alerts wait for each channel.
pub(crate) const MOST_WAITING: usize = 100;

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Kept {
    version: u32,
    /// The host in whose numbers the positions are.
    pub(crate) home: Option<String>,
    /// The number of the last change of which the deletions were looked at.
    pub(crate) looked: Option<i64>,
    /// How many deletions the last alert of too many told.
    pub(crate) mass: Option<u64>,
    /// Whether the agent is blind, and that was told.
    pub(crate) is_blind: bool,
    /// What is still to be sent.
    pub(crate) waiting: Vec<Waiting>,
}

/// An alert that is still to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Waiting {
    /// By which channel.
    pub(crate) channel: String,
    pub(crate) alert: Alert,
    /// How often it was tried.
    pub(crate) tries: u32,
}

/// What is kept, and its file.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) kept: Kept,
    path: Option<PathBuf>,
    /// Names of objects are not written down: the journal encrypts them.
    is_discreet: bool,
}

impl Memory {
    /// The file beside that of a journal.
    pub(crate) fn path_of(journal: &Path) -> PathBuf {
        let mut name = journal.as_os_str().to_owned();
        name.push(".agent");
        name.into()
    }

    /// Reads what was kept in a file; what is wrong with it, if anything is. What waits already goes on waiting.
    pub(crate) fn open(&mut self, path: &Path, is_discreet: bool) -> Result<(), String> {
        if self.path.as_deref() == Some(path) {
            return Ok(());
        }
        let read = read(path);
        let before = std::mem::take(&mut self.kept);
        let result = match read {
            Ok(kept) => {
                self.kept = kept;
                Ok(())
            }
            Err(problem) => Err(format!("{}: {problem}", path.display())),
        };
        self.kept.waiting.extend(before.waiting);
        self.kept.is_blind |= before.is_blind;
        (self.path, self.is_discreet) = (Some(path.to_owned()), is_discreet);
        result
    }

    /// Writes it down; what is wrong, if anything is.
    pub(crate) fn save(&self) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut kept = self.kept.clone();
        kept.version = VERSION;
        if self.is_discreet {
            kept.waiting.iter_mut().for_each(|waiting| waiting.alert = waiting.alert.without_names());
        }
        write(path, &kept).map_err(|error| format!("{}: {error}", path.display()))
    }
}

fn read(path: &Path) -> Result<Kept, String> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Kept::default()),
        Err(error) => return Err(error.to_string()),
    };
    let mut octets = vec![];
    file.take(LARGEST + 1).read_to_end(&mut octets).map_err(|error| error.to_string())?;
    if octets.len() as u64 > LARGEST {
        return Err("it is too large".to_owned());
    }
    let mut kept: Kept = serde_json::from_slice(&octets).map_err(|error| error.to_string())?;
    if kept.version != VERSION {
        return Err(format!("its version is {}, this program knows {VERSION}", kept.version));
    }
    kept.waiting.truncate(MOST_WAITING * 4);
    Ok(kept)
}

fn write(path: &Path, kept: &Kept) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let _ = std::fs::remove_file(&new);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&new)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertKind, AlertObject};

    fn waiting() -> Waiting {
        let guid = adrecover_core::ObjectGuid::from_wire(&[7; 16]).unwrap();
        let mut alert =
            Alert::new(AlertKind::WatchedDeletion, "a.example", Default::default(), "CN=Ada is gone");
        let dn = Some("CN=Ada,DC=a".to_owned());
        let (deleted_at, because) = (String::new(), vec!["it is Ada".to_owned()]);
        alert.objects.push(AlertObject { guid, dn, deleted_at, deleted_on: None, because });
        Waiting { channel: "webhook".to_owned(), alert, tries: 2 }
    }

    fn memory(journal: &Path, is_discreet: bool) -> Memory {
        let mut memory = Memory::default();
        memory.open(&Memory::path_of(journal), is_discreet).unwrap();
        memory
    }

    #[test]
    fn it_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("changes-a.example.db");
        let mut first = memory(&journal, false);
        first.kept.home = Some("dc1".to_owned());
        first.kept.waiting.push(waiting());
        first.save().unwrap();
        let again = memory(&journal, false);
        assert_eq!((again.kept.home.as_deref(), &again.kept.waiting), (Some("dc1"), &vec![waiting()]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(Memory::path_of(&journal)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn names_are_not_written_beside_an_encrypted_journal() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("changes-a.example.db");
        let mut memory = memory(&journal, true);
        memory.kept.waiting.push(waiting());
        memory.save().unwrap();
        let text = std::fs::read_to_string(Memory::path_of(&journal)).unwrap();
        assert!(!text.contains("Ada") && text.contains("07070707"), "{text}");
        // What is sent while it runs has them.
        assert_eq!(memory.kept.waiting, [waiting()]);
    }

    #[test]
    fn a_damaged_file_is_said_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("changes-a.example.db");
        for text in ["", "{", "{\"version\":99}", "[2]", "{\"version\":1,\"waiting\":[{}]}"] {
            std::fs::write(Memory::path_of(&journal), text).unwrap();
            let mut memory = Memory::default();
            memory.kept.waiting.push(waiting());
            assert!(memory.open(&Memory::path_of(&journal), false).unwrap_err().contains(".agent"), "{text}");
            assert_eq!(memory.kept.waiting.len(), 1);
            memory.save().unwrap();
            assert_eq!(self::memory(&journal, false).kept.waiting.len(), 1);
        }
    }
}
