//! Where a change journal is, and opening it.

use std::path::{Path, PathBuf};

use adrecover_journal::{
    BadAddress, Journal, JournalError, JournalPlace, Key, Options, PostgresAddress, file_name, schemas,
};
use adrecover_ldap::RootDse;

use crate::error::{CliError, Kind};
use crate::folders;

use super::password::with_password;

/// The change journal that is meant.
#[derive(Debug)]
pub(crate) struct Keeping {
    /// What was named; `None` is the agent's folder.
    named: Option<Named>,
    forest: Option<String>,
    key_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
}

/// What was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// A file, or a folder of files.
    Path(PathBuf),
    /// A database, with a schema for each forest.
    Database(PostgresAddress),
}

/// What was said of a journal.
pub(crate) struct Parts<'a> {
    pub(crate) named: Option<&'a Named>,
    pub(crate) forest: Option<&'a str>,
    pub(crate) key_file: Option<&'a Path>,
    pub(crate) password_file: Option<&'a Path>,
}

/// A journal that was looked for.
enum Search {
    /// It is there, or was named.
    Found(JournalPlace),
    /// In none of these places there is one.
    Nowhere(Vec<String>),
}

impl Named {
    /// Reads what `--journal`, its variable or the profile says. An address is never repeated in what is said of it.
    pub(crate) fn read(text: &str) -> Result<Self, CliError> {
        if PostgresAddress::is_meant(text) {
            return PostgresAddress::read(text).map(Self::Database).map_err(|error| bad_address(&error));
        }
        if text.contains("://") {
            return Err(CliError::usage(
                "--journal: change journals are kept in files and in PostgreSQL only",
            )
            .hint("name a file, a folder, or postgres://ROLE@HOST/DATABASE"));
        }
        Ok(Self::Path(text.into()))
    }

    /// As it is typed.
    fn text(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Database(address) => address.to_string(),
        }
    }
}

fn bad_address(error: &BadAddress) -> CliError {
    let hint = match error {
        BadAddress::Password => {
            "leave it out and name a file with --journal-password-file; PGPASSWORD and ~/.pgpass are taken, too"
        }
        BadAddress::InTheClear(_) => {
            "say sslmode=verify-full, which is the default, with sslrootcert=FILE for an authority of your own"
        }
        BadAddress::Written(_) => "write it as postgres://ROLE@HOST/DATABASE",
    };
    CliError::usage(format!("--journal: {error}")).hint(hint)
}

impl Keeping {
    pub(super) fn new(
        named: Option<String>,
        forest: Option<String>,
        key_file: Option<PathBuf>,
        password_file: Option<PathBuf>,
    ) -> Result<Self, CliError> {
        let named = named.map(|named| Named::read(&named)).transpose()?;
        Ok(Self { named, forest, key_file, password_file })
    }

    /// The journal of a forest, or the only one there is, to ask it. It has to be there.
    ///
    /// `forest` is that of a server that is connected; without one `--forest` decides.
    pub(crate) fn open(&self, forest: Option<&str>) -> Result<Journal, CliError> {
        match self.search(forest)? {
            Search::Found(place) => Ok(Journal::open(place, self.key()?.as_ref())?),
            Search::Nowhere(searched) => {
                let of = self.wanted(forest).map(|forest| format!(" of {forest}")).unwrap_or_default();
                let text = format!("there is no change journal{of} in {}", searched.join(" or "));
                Err(CliError::new(Kind::NotFound, text)
                    .hint("`adrecover agent run` keeps one; name another place with --journal"))
            }
        }
    }

    /// The same where one need not be there: `None` where nobody named a journal and the agent's folder has none.
    pub(crate) fn find(&self, forest: Option<&str>) -> Result<Option<Journal>, CliError> {
        if self.named.is_some() {
            return self.open(forest).map(Some);
        }
        match self.search(forest)? {
            Search::Found(place) => Ok(Some(Journal::open(place, self.key()?.as_ref())?)),
            Search::Nowhere(_) => Ok(None),
        }
    }

    /// The place that the agent of a forest writes.
    fn to_write(&self, forest: &str) -> Result<JournalPlace, CliError> {
        Ok(match &self.named {
            Some(Named::Path(named)) if is_folder(named) => named.join(file_name(forest)).into(),
            Some(Named::Path(named)) => named.into(),
            Some(Named::Database(address)) => JournalPlace::in_database(self.logged_on(address)?, forest),
            None => folders::agent_folder()?.join(file_name(forest)).into(),
        })
    }

    /// The place that the agent of a forest writes, and how it is opened.
    pub(crate) fn written(
        &self,
        forest: &str,
        max_octets: Option<u64>,
    ) -> Result<(JournalPlace, Options), CliError> {
        Ok((self.to_write(forest)?, Options { key: self.key()?, max_octets }))
    }

    /// Where an agent remembers what is not in the journal: where that is a database, a file in the folder that would have the
    /// journal otherwise.
    pub(crate) fn memory(&self, forest: &str) -> Result<Option<PathBuf>, CliError> {
        let Some(Named::Database(_)) = self.named else { return Ok(None) };
        let folder = folders::agent_folder()?;
        folders::create_private(&folder).map_err(|error| CliError::file("create", &folder, &error))?;
        folders::refuse_if_others_write(&folder, "folder of the agent")?;
        Ok(Some(folder.join(format!("{}.agent", file_name(forest)))))
    }

    /// Warns where the server of a database is not asked who it is.
    pub(crate) fn doubt(&self) -> Option<&'static str> {
        match &self.named {
            Some(Named::Database(address)) if address.is_unverified() => Some(
                "the certificate of the journal's database is not verified (sslmode=require): whoever answers sees the password",
            ),
            _ => None,
        }
    }

    fn logged_on(&self, address: &PostgresAddress) -> Result<PostgresAddress, CliError> {
        with_password(address, self.password_file.as_deref())
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

    /// What was said.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            named: self.named.as_ref(),
            forest: self.forest.as_deref(),
            key_file: self.key_file.as_deref(),
            password_file: self.password_file.as_deref(),
        }
    }

    /// The options that name the same journal, to be put behind a command.
    pub(crate) fn again(&self) -> String {
        let path = |path: &PathBuf| path.display().to_string();
        let all = [
            ("--journal", self.named.as_ref().map(Named::text)),
            ("--forest", self.forest.clone()),
            ("--journal-key-file", self.key_file.as_ref().map(path)),
            ("--journal-password-file", self.password_file.as_ref().map(path)),
        ];
        let words = all.into_iter().filter_map(|(option, value)| Some((option, value?)));
        words.map(|(option, value)| format!(" {option} {}", quoted(&value))).collect()
    }

    /// Whether it is in a database.
    pub(crate) fn is_database(&self) -> bool {
        matches!(self.named, Some(Named::Database(_)))
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

    fn search(&self, forest: Option<&str>) -> Result<Search, CliError> {
        let searched = match &self.named {
            Some(Named::Path(named)) if !is_folder(named) => return Ok(Search::Found(named.into())),
            Some(Named::Database(address)) => return self.search_database(&self.logged_on(address)?, forest),
            Some(Named::Path(folder)) => vec![folder.clone()],
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
            [] => Ok(Search::Nowhere(searched.iter().map(|folder| folder.display().to_string()).collect())),
            [one] => Ok(Search::Found(one.into())),
            several => {
                let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
                Err(CliError::usage(format!("there are several change journals: {}", names.join(", ")))
                    .hint("say which forest is meant with --forest, or name the file with --journal"))
            }
        }
    }

    fn search_database(&self, address: &PostgresAddress, forest: Option<&str>) -> Result<Search, CliError> {
        let names = schemas(address)?;
        let found = match self.wanted(forest) {
            Some(forest) => {
                let wanted = JournalPlace::in_database(address.clone(), forest);
                let of_schema = |name: &String| JournalPlace::of_schema(address.clone(), name.clone());
                names.iter().map(of_schema).find(|place| *place == wanted)
            }
            None => match names.as_slice() {
                [] => None,
                [one] => Some(JournalPlace::of_schema(address.clone(), one.clone())),
                several => {
                    let text =
                        format!("there are several change journals in {address}: {}", several.join(", "));
                    return Err(CliError::usage(text).hint("say which forest is meant with --forest"));
                }
            },
        };
        Ok(found.map_or_else(|| Search::Nowhere(vec![address.to_string()]), Search::Found))
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
            JournalError::Denied { .. } => Kind::AccessDenied,
            JournalError::Unreachable { .. } => Kind::Unreachable,
            JournalError::File { .. }
            | JournalError::Unsupported { .. }
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
            JournalError::Denied { .. } => Some(
                "docs/journal.md says what the roles need; the password is from --journal-password-file, PGPASSWORD or ~/.pgpass",
            ),
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
        let named = named.map(|path| Named::Path(path.to_owned()));
        Keeping { named, forest: forest.map(str::to_owned), key_file: None, password_file: None }
    }

    #[test]
    fn a_folder_has_a_journal_for_each_forest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let begin = |forest: &str| {
            drop(Writer::open(path.join(file_name(forest)), forest, &Options::default()).unwrap());
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
        assert_eq!(path("/nowhere/changes.db").file(), Some(Path::new("/nowhere/changes.db")));
        let in_folder = path("/nowhere/folder");
        assert_eq!(in_folder.file(), Some(Path::new("/nowhere/folder/changes-x.example.db")));
    }

    #[test]
    fn an_address_of_a_database_is_never_repeated_where_it_may_hold_a_password() {
        for text in
            ["postgres://a:s3cret@db/d", "postgres://a@db/d?password=s3cret", "POSTGRESQL://a:s3cret@"]
        {
            let error = Named::read(text).unwrap_err();
            assert!(error.code() == 2 && error.hint.is_some(), "{text}");
            assert!(!format!("{} {:?}", error.message, error.hint).contains("s3cret"));
        }
        assert_eq!(Named::read("mysql://a@db/d").unwrap_err().code(), 2);
        let keeping = |text: &str| Keeping::new(Some(text.into()), None, None, Some("pw".into())).unwrap();
        let one = keeping("postgresql://a@db/d");
        let again = " --journal postgres://a@db/d --journal-password-file pw";
        assert_eq!((one.again().as_str(), one.doubt()), (again, None));
        assert!(keeping("postgres://a@db/d?sslmode=require").doubt().is_some());
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
