//! From paths to a scope. Formats are recognised by content, never by name.

use std::path::{Path, PathBuf};

use crate::scope::error::ScopeError;
use crate::scope::model::{Connector, Engine, Rule, Setting, SyncScope};
use crate::scope::node::{Clixml, Node};
use crate::scope::source::Source;
use crate::scope::{cloud_sync, connectors, export, json, merge, wizard, xml};

/// How deep below a folder files are looked for.
const MAX_DEPTH: usize = 6;
/// How many files a folder may hold: a configuration has some hundred rules.
const MAX_FILES: usize = 20_000;
/// The folders of an exported configuration: whatever stands there belongs to it.
const FOLDERS: [&str; 3] = ["Connectors", "SynchronizationRules", "GlobalSettings"];

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    connectors: Vec<Connector>,
    /// Rules of files of their own, which name their connector.
    rules: Vec<Rule>,
    settings: Vec<Setting>,
    warnings: Vec<String>,
    files: Vec<PathBuf>,
    /// Whether a connector was seen that is not one to an Active Directory.
    has_other_connector: bool,
}

/// Reads the configurations at these paths: files, or folders with everything below them.
pub fn read<P: AsRef<Path>>(paths: &[P]) -> Result<SyncScope, ScopeError> {
    let mut all = Reading::default();
    for path in paths.iter().map(AsRef::as_ref) {
        let metadata =
            std::fs::metadata(path).map_err(|source| ScopeError::Io { path: path.to_owned(), source })?;
        let mut reading = Reading::default();
        if metadata.is_dir() {
            reading.folder(path)?;
            if reading.connectors.is_empty() {
                return Err(reading.without_connector(path));
            }
        } else if !reading.file(&Source::read(path)?)? {
            let source = Source::read(path)?;
            return Err(ScopeError::OtherKind { path: path.to_owned(), format: format_of(source.text()) });
        }
        reading.attach();
        all.add(reading);
    }
    all.attach();
    if all.connectors.is_empty() {
        let first = paths.first().map(|p| p.as_ref().to_owned()).unwrap_or_default();
        return Err(all.without_connector(&first));
    }
    all.finish()
}

/// The scope of one text, as if it were that file's: for tests of readers.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn of_text(path: &Path, text: String) -> Result<SyncScope, ScopeError> {
    let mut reading = Reading::default();
    let source = Source::new(path, text);
    if !reading.file(&source)? {
        return Err(ScopeError::OtherKind { path: path.to_owned(), format: format_of(source.text()) });
    }
    reading.attach();
    reading.finish()
}

fn format_of(text: &str) -> &'static str {
    match text.trim_start().as_bytes().first() {
        Some(b'<') => "XML",
        Some(b'{' | b'[') => "JSON",
        _ => "text",
    }
}

impl Reading {
    fn without_connector(&self, path: &Path) -> ScopeError {
        let problem = if self.has_other_connector {
            "it has a connector, but none to an Active Directory"
        } else if !self.rules.is_empty() || !self.settings.is_empty() {
            "it has rules or settings, but no connector"
        } else {
            "there is no synchronisation configuration in it"
        };
        ScopeError::NoConnector { path: path.to_owned(), problem }
    }

    fn add(&mut self, other: Self) {
        self.connectors.extend(other.connectors);
        self.rules.extend(other.rules);
        self.settings.extend(other.settings);
        self.warnings.extend(other.warnings);
        self.files.extend(other.files);
        self.has_other_connector |= other.has_other_connector;
    }

    /// Gives rules of files of their own to the connectors that they name.
    fn attach(&mut self) {
        if self.rules.is_empty() {
            return;
        }
        let of_server = |c: &&mut Connector| c.engine == Engine::ConnectSync && c.rules.is_none();
        for connector in self.connectors.iter_mut().filter(of_server) {
            let is_its = |r: &&Rule| r.connector.is_none() || r.connector == connector.id;
            let rules: Vec<Rule> = self.rules.iter().filter(is_its).cloned().collect();
            if !rules.is_empty() {
                connector.rules = Some(rules);
            }
        }
    }

    fn finish(self) -> Result<SyncScope, ScopeError> {
        let mut settings: Vec<Setting> = vec![];
        for setting in self.settings {
            if !settings.iter().any(|s| s.name == setting.name && s.value == setting.value) {
                settings.push(setting);
            }
        }
        let connectors = merge::merged(self.connectors)?;
        Ok(SyncScope { connectors, settings, warnings: self.warnings, files: self.files })
    }

    /// Everything in a folder and below it. What is something else is passed over; what is a damaged configuration is not.
    fn folder(&mut self, path: &Path) -> Result<(), ScopeError> {
        let mut files = vec![];
        collect(path, 0, &mut files)?;
        if files.len() >= MAX_FILES {
            return Err(ScopeError::TooMany { path: path.to_owned(), limit: MAX_FILES });
        }
        files.sort();
        for file in files {
            let parent = file.parent().and_then(Path::file_name);
            let belongs = parent.is_some_and(|p| FOLDERS.iter().any(|f| p.eq_ignore_ascii_case(f)));
            let is_xml = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml"));
            let is_strict = belongs && is_xml;
            if !is_strict && !may_be_one(&file)? {
                continue;
            }
            let source = match Source::read(&file) {
                Err(ScopeError::NotText { .. }) if !is_strict => continue,
                source => source?,
            };
            match self.file(&source) {
                Ok(true) => {}
                Ok(false) if !is_strict => {}
                Ok(false) => {
                    return Err(ScopeError::OtherKind { path: file, format: format_of(source.text()) });
                }
                Err(_) if !is_strict && !sounds_like_one(source.text()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads one file; whether it is a configuration, or a part of one.
    pub(crate) fn file(&mut self, source: &Source) -> Result<bool, ScopeError> {
        let is_one = match source.text().trim_start().as_bytes().first() {
            None => return Err(ScopeError::Empty { path: source.path().to_owned() }),
            Some(b'<') => self.xml(source)?,
            Some(b'{' | b'[') => self.json(source)?,
            Some(_) => false,
        };
        if is_one {
            self.files.push(source.path().to_owned());
        }
        Ok(is_one)
    }

    fn xml(&mut self, source: &Source) -> Result<bool, ScopeError> {
        let document = xml::parse(source)?;
        let root = document.root_element();
        match root.tag_name().name() {
            "ma-data" => match export::connector(source, root)? {
                Some(connector) => self.connectors.push(connector),
                None => self.has_other_connector = true,
            },
            "synchronizationRule" => self.rules.push(export::rule(source, root)?),
            "saved-mv-configuration" => self.settings.extend(export::settings(source, root)),
            "Objs" => {
                let clixml = Clixml::new(source, &document);
                return self.objects(&clixml.objects());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn json(&mut self, source: &Source) -> Result<bool, ScopeError> {
        let whole = Node::Json(source, json::parse(source)?);
        let nodes = whole.items().unwrap_or_else(|| vec![whole]);
        // What Graph answers to a question for several.
        let wrapped = match nodes.as_slice() {
            [one] => one.fields().filter(|f| f.has("@odata.context")).and_then(|f| f.get("value")?.items()),
            _ => None,
        };
        self.objects(&wrapped.unwrap_or(nodes))
    }

    /// What stands beside each other in a file.
    fn objects(&mut self, nodes: &[Node<'_>]) -> Result<bool, ScopeError> {
        if let Some(settings) = connectors::settings(nodes)? {
            self.settings.extend(settings);
            return Ok(true);
        }
        let mut is_one = false;
        for fields in nodes.iter().filter_map(|n| n.fields()) {
            if connectors::is_connector(&fields) {
                is_one = true;
                match connectors::connector(&fields)? {
                    Some(connector) => self.connectors.push(connector),
                    None => self.has_other_connector = true,
                }
            } else if wizard::is_policy(&fields) {
                is_one = true;
                self.connectors.extend(wizard::connectors(&fields, &mut self.warnings)?);
            } else if cloud_sync::is_schema(&fields) {
                is_one = true;
                self.connectors.extend(cloud_sync::connectors(&fields)?);
            }
        }
        Ok(is_one)
    }
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), ScopeError> {
    let io = |source| ScopeError::Io { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        // Links are not followed: they could lead round in a circle.
        let kind = entry.file_type().map_err(io)?;
        if kind.is_file() && files.len() < MAX_FILES {
            files.push(entry.path());
        } else if kind.is_dir() && depth < MAX_DEPTH {
            collect(&entry.path(), depth + 1, files)?;
        }
    }
    Ok(())
}

/// Whether a file begins as XML or JSON.
fn may_be_one(path: &Path) -> Result<bool, ScopeError> {
    use std::io::Read;
    let io = |source| ScopeError::Io { path: path.to_owned(), source };
    let mut head = vec![];
    std::fs::File::open(path).and_then(|f| f.take(256).read_to_end(&mut head)).map_err(io)?;
    let skipped = |b: &&u8| !matches!(b, 0 | 0xef | 0xbb | 0xbf | 0xff | 0xfe) && !b.is_ascii_whitespace();
    Ok(head.iter().find(skipped).is_some_and(|b| b"<{[".contains(b)))
}

/// Whether a damaged file is one of a configuration.
fn sounds_like_one(text: &str) -> bool {
    const WORDS: [&str; 11] = [
        "<ma-data",
        "<synchronizationRule",
        "<saved-mv-configuration",
        "ConnectorPartitionScope",
        "ConnectorTypeName",
        "onpremisesDirectoryPolicy",
        "containerFilter",
        "GlobalParameters",
        "ConnectivityParameters",
        "AttributeInclusionList",
        "\"Partitions\"",
    ];
    WORDS.iter().any(|word| text.contains(word))
}
