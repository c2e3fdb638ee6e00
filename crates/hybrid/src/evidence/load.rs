//! From paths to evidence.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use adrecover_core::time::Timestamp;
use chrono::DateTime;

use super::Evidence;
use super::input::Input;
use super::manifest::{Manifest, Stated, is_manifest};
use super::read::{FileReader, Stop};
use super::record::FileId;
use super::source::{Dataset, EvidenceError, Extent, SourceFile};
use super::store::Store;
use super::users::Asked;

/// The most files that are read.
const MAX_FILES: usize = 4096;
/// How deep folders may lie in each other.
const MAX_FOLDERS: usize = 8;
/// How much of a file is looked at to tell what it is.
const HEAD: usize = 64 * 1024;

/// Takes files one after the other. A clone holds the same, for what is asked on the way.
#[derive(Debug, Clone, Default)]
pub struct Loader {
    store: Store,
    manifest: Manifest,
    handed_over: Vec<PathBuf>,
    asked: HashSet<(Dataset, Asked)>,
}

impl Loader {
    /// One without any file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file, or every file of a folder and of the folders in it. What the collector says about a file is heeded where
    /// its manifest lies in the same folder.
    pub fn add(&mut self, path: &Path) -> Result<(), EvidenceError> {
        let mut files = vec![];
        let data = fs::metadata(path).map_err(|e| failed(path, e))?;
        if data.is_dir() {
            walk(path, path, 0, &mut files)?;
        } else {
            files.push(path.to_owned());
            // The manifest may lie beside a file that is named alone.
            let beside = path.parent().unwrap_or(Path::new("")).join("manifest.json");
            if beside != path && beside.is_file() {
                self.take_manifest(&beside)?;
            }
        }
        let mut others = vec![];
        for file in files {
            if !self.take_manifest(&file)? {
                others.push(file);
            }
        }
        others.iter().try_for_each(|file| self.add_file(file))
    }

    /// Reads the file, if it is a manifest.
    fn take_manifest(&mut self, path: &Path) -> Result<bool, EvidenceError> {
        let mut input = Input::new(File::open(path).map_err(|e| failed(path, e))?);
        let mut text = vec![];
        // What is no text is no manifest; the reader of the file says so.
        if input.by_ref().take(4096).read_to_end(&mut text).is_err() || !is_manifest(&text) {
            return Ok(false);
        }
        input.take(8 << 20).read_to_end(&mut text).map_err(|e| failed(path, e))?;
        let manifest = Manifest::parse(path, &text)?;
        self.manifest.files.extend(manifest.files);
        if !manifest.failed.is_empty() && !self.store.files.iter().any(|f| f.path == path) {
            let at = manifest.failed.iter().filter_map(|(_, at, _)| *at).max();
            let file = self.file(path, at.map_or_else(|| time_of(path), Ok)?, at.is_some())?;
            for (dataset, _, why) in manifest.failed {
                self.store.list(dataset, file, 0, Extent::Failed(super::source::brief(&why)));
            }
        }
        Ok(true)
    }

    fn add_file(&mut self, path: &Path) -> Result<(), EvidenceError> {
        let at = time_of(path)?;
        let input = File::open(path).map_err(|e| failed(path, e))?;
        self.add_reader(path, at, input)
    }

    /// Reads what another one opened. `path` names it, `at` says how old it is.
    pub fn add_reader(&mut self, path: &Path, at: Timestamp, input: impl Read) -> Result<(), EvidenceError> {
        let stated = self.manifest.files.get(path).cloned();
        let dated = stated.as_ref().and_then(|s| s.at);
        let file = self.file(path, dated.unwrap_or(at), dated.is_some())?;
        let mut input = Input::new(input);
        let mut head = Vec::with_capacity(HEAD);
        let begun = input.by_ref().take(HEAD as u64).read_to_end(&mut head);
        begun.map_err(|e| match e.kind() {
            io::ErrorKind::InvalidData => unknown(path, "octets that are no text"),
            _ => failed(path, e),
        })?;
        match FileReader::new(&mut self.store, file, stated.as_ref()).read(&head, input) {
            Ok(()) => Ok(()),
            Err(Stop::SyncConfiguration) => {
                self.handed_over.push(path.to_owned());
                Ok(())
            }
            Err(Stop::Unknown(looks_like)) => Err(unknown(path, &looks_like)),
            Err(Stop::LiveOrDeleted) => Err(EvidenceError::LiveOrDeleted { path: path.to_owned() }),
            Err(Stop::Broken(broken)) => Err(EvidenceError::Damaged {
                path: path.to_owned(),
                line: broken.line,
                problem: broken.problem,
            }),
        }
    }

    /// Says what [`Self::add_reader`] will read under this name.
    pub(crate) fn state(&mut self, path: &Path, stated: Stated) {
        self.manifest.files.insert(path.to_owned(), stated);
    }

    /// Notes that a dataset was asked for and did not come, or not all of it.
    pub(crate) fn note_failure(
        &mut self,
        path: &Path,
        at: Timestamp,
        dataset: Dataset,
        why: &str,
    ) -> Result<(), EvidenceError> {
        let file = self.file(path, at, true)?;
        self.store.list(dataset, file, 0, Extent::Failed(super::source::brief(why)));
        Ok(())
    }

    /// Notes that every user of a list was read who has this, so that not finding one means that there is none.
    pub(crate) fn note_asked(&mut self, dataset: Dataset, asked: Asked) {
        self.asked.insert((dataset, asked));
    }

    fn file(&mut self, path: &Path, at: Timestamp, is_dated_inside: bool) -> Result<FileId, EvidenceError> {
        if self.store.files.len() >= MAX_FILES {
            return Err(EvidenceError::TooMany { path: path.to_owned(), limit: MAX_FILES });
        }
        self.store.files.push(SourceFile { path: path.to_owned(), at, is_dated_inside });
        // It is below the limit.
        Ok((self.store.files.len() - 1) as FileId)
    }

    /// Puts together what was read.
    pub fn finish(mut self) -> Evidence {
        let merged = self.store.merge();
        Evidence::new(self.store, &merged, self.handed_over, self.asked)
    }
}

/// The files of a folder, in the order of their names. What begins with a dot is none.
fn walk(top: &Path, folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), EvidenceError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut paths: Vec<PathBuf> =
        entries.map_err(|e| failed(folder, e))?.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        let is_hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if is_hidden {
            continue;
        }
        let too_many = || EvidenceError::TooMany { path: top.to_owned(), limit: MAX_FILES };
        // A link to a folder could lead in a circle.
        let kind = fs::symlink_metadata(&path).map_err(|e| failed(&path, e))?.file_type();
        if kind.is_dir() {
            if depth == MAX_FOLDERS {
                return Err(too_many());
            }
            walk(top, &path, depth + 1, files)?;
        } else if path.is_file() {
            if files.len() == MAX_FILES {
                return Err(too_many());
            }
            files.push(path);
        }
    }
    Ok(())
}

fn time_of(path: &Path) -> Result<Timestamp, EvidenceError> {
    let time = fs::metadata(path).and_then(|data| data.modified()).map_err(|e| failed(path, e))?;
    Ok(DateTime::from(time))
}

fn failed(path: &Path, source: io::Error) -> EvidenceError {
    EvidenceError::Io { path: path.to_owned(), source }
}

fn unknown(path: &Path, looks_like: &str) -> EvidenceError {
    EvidenceError::Unknown { path: path.to_owned(), looks_like: looks_like.to_owned() }
}
