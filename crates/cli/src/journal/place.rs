//! Where a change journal is, and opening it.

use std::path::{Path, PathBuf};

use adrecover_journal::{Journal, JournalError, Key, Options, file_name};
use adrecover_ldap::RootDse;

use crate::error::{CliError, Kind};
use crate::folders;

/// The change journal that is meant.
#[derive(Debug)]
pub(crate) struct Keeping {
    /// What was named; `None` is the agent's folder.
    named: Option<PathBuf>,
    forest: Option<String>,
    key_file: Option<PathBuf>,
}

impl Keeping {
    pub(super) fn new(
        named: Option<String>,
        forest: Option<String>,
        key_file: Option<PathBuf>,
    ) -> Result<Self, CliError> {
        if named.as_ref().is_some_and(|named| named.contains("://")) {
            return Err(CliError::usage("--journal: this program keeps change journals in files only")
                .hint("name a file or a folder"));
        }
        Ok(Self { named: named.map(PathBuf::from), forest, key_file })
    }

    /// The journal of a forest, or the only one there is, to ask it. It has to be there.
    ///
    /// `forest` is that of a server that is connected; without one `--forest` decides.
    pub(crate) fn open(&self, forest: Option<&str>) -> Result<Journal, CliError> {
        let (path, searched) = match self.file(forest)? {
            Ok(path) => (path, vec![]),
            Err(searched) => (PathBuf::new(), searched),
        };
        if path.as_os_str().is_empty() {
            let of = self.wanted(forest).map(|forest| format!(" of {forest}")).unwrap_or_default();
            let folders: Vec<String> = searched.iter().map(|folder| folder.display().to_string()).collect();
            return Err(CliError::new(
                Kind::NotFound,
                format!("there is no change journal{of} in {}", folders.join(" or ")),
            )
            .hint("`adrecover agent run` keeps one; name another place with --journal"));
        }
        Ok(Journal::open(&path, self.key()?.as_ref())?)
    }

    /// The same where one need not be there: `None` where nobody named a journal and the agent's folder has none.
    pub(crate) fn find(&self, forest: Option<&str>) -> Result<Option<Journal>, CliError> {
        if self.named.is_some() {
            return self.open(forest).map(Some);
        }
        match self.file(forest)? {
            Ok(path) => Ok(Some(Journal::open(&path, self.key()?.as_ref())?)),
            Err(_) => Ok(None),
        }
    }

    /// The file that the agent of a forest writes.
    fn to_write(&self, forest: &str) -> Result<PathBuf, CliError> {
        match &self.named {
            Some(named) if is_folder(named) => Ok(named.join(file_name(forest))),
            Some(named) => Ok(named.clone()),
            None => Ok(folders::agent_folder()?.join(file_name(forest))),
        }
    }

    /// The file that the agent of a forest writes, and how it is opened.
    pub(crate) fn written(
        &self,
        forest: &str,
        max_octets: Option<u64>,
    ) -> Result<(PathBuf, Options), CliError> {
        Ok((self.to_write(forest)?, Options { key: self.key()?, max_octets }))
    }

    /// The forest of the journal that is there, where it is certain which is meant.
    pub(crate) fn known_forest(&self) -> Option<String> {
        if self.forest.is_some() {
            return self.forest.clone();
        }
        let journal = self.find(None).ok().flatten()?;
        Some(journal.forest().to_owned())
    }

    /// What is wrong where a server belongs to another forest than the one that was named.
    pub(crate) fn other_forest(&self, forest: &str) -> Option<CliError> {
        let named = self.forest.as_ref().filter(|named| !named.eq_ignore_ascii_case(forest))?;
        Some(
            CliError::usage(format!("the server belongs to the forest {forest}, and --forest says {named}"))
                .hint("name a domain controller of that forest with --server, or leave out --forest"),
        )
    }

    /// What was said: the place, the forest, the file with the key.
    pub(crate) fn parts(&self) -> (Option<&Path>, Option<&str>, Option<&Path>) {
        (self.named.as_deref(), self.forest.as_deref(), self.key_file.as_deref())
    }

    /// The options that name the same journal, to be put behind a command.
    pub(crate) fn again(&self) -> String {
        let named = self.named.as_ref().map(|path| ("--journal", path.display().to_string()));
        let forest = self.forest.as_ref().map(|forest| ("--forest", forest.clone()));
        let key = self.key_file.as_ref().map(|path| ("--journal-key-file", path.display().to_string()));
        let words = named.into_iter().chain(forest).chain(key);
        words.map(|(option, value)| format!(" {option} {}", quoted(&value))).collect()
    }

    /// Whether somebody said where it is.
    pub(crate) fn is_named(&self) -> bool {
        self.named.is_some()
    }

    fn key(&self) -> Result<Option<Key>, CliError> {
        Ok(self.key_file.as_deref().map(Key::from_file).transpose()?)
    }

    fn wanted<'a>(&'a self, forest: Option<&'a str>) -> Option<&'a str> {
        self.forest.as_deref().or(forest)
    }

    /// The file; else the folders in which there is none.
    fn file(&self, forest: Option<&str>) -> Result<Result<PathBuf, Vec<PathBuf>>, CliError> {
        let searched = match &self.named {
            Some(named) if !is_folder(named) => return Ok(Ok(named.clone())),
            Some(folder) => vec![folder.clone()],
            None => folders::journal_folders(),
        };
        let mut found: Vec<PathBuf> = match self.wanted(forest) {
            Some(forest) => {
                let name = file_name(forest);
                searched
                    .iter()
                    .map(|folder| folder.join(&name))
                    .find(|file| file.exists())
                    .into_iter()
                    .collect()
            }
            None => searched.iter().flat_map(|folder| journals_in(folder)).collect(),
        };
        found.sort();
        found.dedup();
        match found.as_slice() {
            [] => Ok(Err(searched)),
            [one] => Ok(Ok(one.clone())),
            several => {
                let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
                Err(CliError::usage(format!("there are several change journals: {}", names.join(", ")))
                    .hint("say which forest is meant with --forest, or name the file with --journal"))
            }
        }
    }
}

/// A word for a command line, in quotation marks where it needs them.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+@,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if cfg!(windows) { format!("\"{word}\"") } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// The DNS name of the forest that a server belongs to.
pub(crate) fn forest_of(root: &RootDse) -> String {
    root.root_domain_naming_context.dns_name()
}

/// A name that ends like a file of a journal is one, whether it is there or not.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || (!path.exists() && path.extension().is_none_or(|end| end != "db"))
}

fn journals_in(folder: &Path) -> Vec<PathBuf> {
    let is_journal = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("changes-") && name.ends_with(".db")
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(is_journal).collect()
}

/// What cannot be used, by what is to be done about it.
impl From<JournalError> for CliError {
    fn from(error: JournalError) -> Self {
        let kind = match &error {
            JournalError::Missing { .. } => Kind::NotFound,
            JournalError::File { error, .. } if error.kind() == std::io::ErrorKind::PermissionDenied => {
                Kind::AccessDenied
            }
            JournalError::File { .. }
            | JournalError::WritableByOthers { .. }
            | JournalError::InUse { .. }
            | JournalError::OtherForest { .. }
            | JournalError::KeyNeeded { .. }
            | JournalError::NotEncrypted { .. }
            | JournalError::WrongKey { .. }
            | JournalError::KeyFile { .. } => Kind::Usage,
            JournalError::NewerFormat { .. }
            | JournalError::OlderFormat { .. }
            | JournalError::NotAJournal { .. }
            | JournalError::Damaged { .. } => Kind::BadInput,
            JournalError::Full { .. }
            | JournalError::Busy { .. }
            | JournalError::Database { .. }
            | JournalError::NoRandomNumbers
            | JournalError::OutOfOrder { .. } => Kind::Unexpected,
        };
        let hint = match &error {
            JournalError::Missing { .. } => {
                Some("`adrecover agent run` keeps one; name another place with --journal")
            }
            JournalError::KeyNeeded { .. } => Some("name the file with --journal-key-file"),
            JournalError::File { .. } if kind == Kind::AccessDenied => {
                Some("whoever asks has to be in the group of the agent's files")
            }
            JournalError::Damaged { .. } => {
                Some("the agent sets a damaged journal aside when it starts, and begins a new one")
            }
            _ => None,
        };
        let error = Self::new(kind, error.to_string());
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use adrecover_journal::Writer;

    use super::*;

    fn keeping(named: Option<&Path>, forest: Option<&str>) -> Keeping {
        Keeping { named: named.map(Path::to_owned), forest: forest.map(str::to_owned), key_file: None }
    }

    #[test]
    fn a_folder_has_a_journal_for_each_forest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let begin = |forest: &str| {
            drop(Writer::open(&path.join(file_name(forest)), forest, &Options::default()).unwrap());
        };
        let all = keeping(Some(path), None);
        let none = all.open(None).unwrap_err();
        assert!(none.code() == 4 && none.hint.unwrap().contains("agent run"), "{}", none.message);
        begin("a.example");
        assert_eq!(all.open(None).unwrap().forest(), "a.example");
        begin("b.example");
        let several = all.open(None).unwrap_err();
        assert!(several.code() == 2 && several.message.contains("changes-b.example.db"), "{several}");
        assert_eq!(all.open(Some("b.example")).unwrap().forest(), "b.example");
        // What was said wins over what is connected.
        assert_eq!(
            keeping(Some(path), Some("A.Example")).open(Some("b.example")).unwrap().forest(),
            "a.example"
        );
        assert_eq!(all.find(Some("c.example")).unwrap_err().code(), 4);
        let file = path.join("changes-a.example.db");
        assert_eq!(keeping(Some(&file), None).open(Some("b.example")).unwrap().forest(), "a.example");
    }

    #[test]
    fn a_file_and_a_folder_are_told_apart_before_they_are_there() {
        let path = |named: &str| keeping(Some(Path::new(named)), None).to_write("x.example").unwrap();
        assert_eq!(path("/nowhere/changes.db"), Path::new("/nowhere/changes.db"));
        assert_eq!(path("/nowhere/folder"), Path::new("/nowhere/folder/changes-x.example.db"));
    }

    #[test]
    fn a_damaged_one_is_bad_input() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("changes-a.example.db");
        std::fs::write(&file, "no database at all, but long enough to look like one").unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        assert_eq!(keeping(Some(&file), None).open(None).unwrap_err().code(), 12);
    }
}
