//! What the collector says about the files that it has written.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use adrecover_core::time::Timestamp;
use serde::Deserialize;

use super::convert::time;
use super::source::{Dataset, EvidenceError};

/// The schema of the manifest that this version reads.
pub const MANIFEST: &str = "adrecover/collector/v1";
/// The longest manifest, in octets.
const MAX_MANIFEST: usize = 4 << 20;

/// What is said about one file.
#[derive(Debug, Clone)]
pub(crate) struct Stated {
    pub(crate) dataset: Dataset,
    pub(crate) at: Option<Timestamp>,
    pub(crate) is_complete: bool,
    /// The properties that were asked for and that exist there.
    pub(crate) properties: Vec<String>,
    pub(crate) error: Option<String>,
}

/// The statements about the files of one folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manifest {
    pub(crate) files: HashMap<PathBuf, Stated>,
    /// What was asked for and has no file.
    pub(crate) failed: Vec<(Dataset, Option<Timestamp>, String)>,
}

#[derive(Deserialize)]
struct Document {
    schema: String,
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    file: Option<String>,
    dataset: serde_json::Value,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    properties: Option<Vec<String>>,
    #[serde(default)]
    error: Option<String>,
}

/// Whether a file begins as a manifest does.
pub(crate) fn is_manifest(head: &[u8]) -> bool {
    let start = &head[..head.len().min(4096)];
    let schema = b"\"adrecover/collector/";
    start.trim_ascii_start().starts_with(b"{") && start.windows(schema.len()).any(|w| w == schema)
}

impl Manifest {
    /// Reads the manifest of the folder in which it lies.
    pub(crate) fn parse(path: &Path, text: &[u8]) -> Result<Self, EvidenceError> {
        let damaged = |line: usize, problem: String| EvidenceError::Damaged {
            path: path.into(),
            line: line as u64,
            problem,
        };
        if text.len() > MAX_MANIFEST {
            return Err(damaged(1, format!("the manifest is longer than {MAX_MANIFEST} octets")));
        }
        let document: Document = serde_json::from_slice(text)
            .map_err(|e| damaged(e.line(), "the manifest is cut or not in its form".into()))?;
        if document.schema != MANIFEST {
            let looks_like = format!("a manifest of another version than `{MANIFEST}`");
            return Err(EvidenceError::Unknown { path: path.into(), looks_like });
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut manifest = Self::default();
        for entry in document.files {
            // A newer collector may gather more than is read here.
            let Ok(dataset) = serde_json::from_value(entry.dataset) else { continue };
            let at = entry.at.as_deref().and_then(|t| time(t, false));
            match entry.file {
                Some(file) => {
                    let stated = Stated {
                        dataset,
                        at,
                        is_complete: entry.complete,
                        properties: entry.properties.unwrap_or_default(),
                        error: entry.error,
                    };
                    manifest.files.insert(folder.join(file), stated);
                }
                None => manifest.failed.push((
                    dataset,
                    at,
                    entry.error.unwrap_or_else(|| "it was not gathered".into()),
                )),
            }
        }
        Ok(manifest)
    }
}
