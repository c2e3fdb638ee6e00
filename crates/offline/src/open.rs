//! Opening a file: what it is, told by its content.

use std::path::{Path, PathBuf};

use adrecover_core::source::{Source, SourceError, SourceKind};

use crate::compressed::Packed;
use crate::{adexplorer, evtx, ldif, ntds, samba};

/// How files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Read a database that was not shut down in an orderly way.
    pub allow_dirty: bool,
    /// The most octets that a compressed file is unpacked to.
    pub most_unpacked: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { allow_dirty: false, most_unpacked: 64 << 30 }
    }
}

/// A file as an argument names it: `ntds:FILE`, `file:FILE` or `FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it shall be; `None` where its content decides.
    pub kind: Option<SourceKind>,
    /// The file.
    pub path: PathBuf,
}

impl Place {
    /// Reads an argument. What stands before the first colon is a kind if it is the name of one, and else part of the path
    /// (`C:\export.ldf`). An address of a server (`ldap:URL`) is none.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let named = text.split_once(':').and_then(|(word, path)| {
            let files = SourceKind::ALL.into_iter().filter(|kind| *kind != SourceKind::Ldap);
            let kind = files.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(word));
            (kind.is_some() || word.eq_ignore_ascii_case("file")).then(|| (kind, PathBuf::from(path)))
        });
        let (kind, path) = named.unwrap_or_else(|| (None, PathBuf::from(text)));
        Self { kind, path }
    }
}

/// What a file is, by its content.
pub fn recognise(path: &Path) -> Result<SourceKind, SourceError> {
    kind_of(&Packed::look(path)?)
}

/// Opens a file for reading.
pub fn open(place: &Place, options: &Options) -> Result<Box<dyn Source>, SourceError> {
    let packed = Packed::look(&place.path)?;
    let found = kind_of(&packed)?;
    if let Some(named) = place.kind.filter(|named| *named != found) {
        return Err(SourceError::OtherKind { name: packed.name, named, found });
    }
    match found {
        SourceKind::Ldif => Ok(Box::new(ldif::LdifFile::open(&packed, options)?)),
        SourceKind::AdExplorer => Ok(Box::new(adexplorer::Snapshot::open(&packed, options)?)),
        SourceKind::Samba => Ok(Box::new(samba::Backup::open(&packed, options)?)),
        SourceKind::Evtx => Ok(Box::new(evtx::Log::open(&packed, options)?)),
        SourceKind::Ntds => Ok(Box::new(ntds::Ntds::of(&packed, options)?)),
        SourceKind::Ldap => Err(SourceError::Unsupported {
            name: packed.name,
            what: format!("it is {}, which this program does not read yet", found.title()),
            hint: None,
        }),
    }
}

/// The name by which plans and reports call a file: its kind, and the last part of its path.
pub(crate) fn name_of(kind: SourceKind, packed: &Packed) -> String {
    let file = packed.path.file_name().map(|name| name.to_string_lossy().into_owned());
    format!("{}:{}", kind.name(), file.unwrap_or_else(|| packed.name.clone()))
}

fn kind_of(packed: &Packed) -> Result<SourceKind, SourceError> {
    let head = packed.head.as_slice();
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if at(0, b"win-ad-ob\0") {
        Ok(SourceKind::AdExplorer)
    } else if at(4, &[0xef, 0xcd, 0xab, 0x89]) {
        Ok(SourceKind::Ntds)
    } else if at(0, b"ElfFile\0") {
        Ok(SourceKind::Evtx)
    } else if at(257, b"ustar") {
        Ok(SourceKind::Samba)
    } else if ldif::looks_like(head) {
        Ok(SourceKind::Ldif)
    } else {
        let found = describe(head).to_owned();
        Err(SourceError::NotRecognised { name: packed.name.clone(), found })
    }
}

/// What a file looks like that is not read, with the way out where there is one.
fn describe(head: &[u8]) -> &'static str {
    /// What stands where, and what it means.
    const KNOWN: [(usize, &[u8], &str); 10] = [
        (0, b"PK\x03\x04", "a ZIP archive: unpack it"),
        (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
        (0, b"\xfd7zXZ\0", "compressed with xz: unpack it"),
        (0, b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it"),
        (0, b"TDB file\n", "a single TDB database: give the archive of `samba-tool domain backup offline`"),
        (
            16,
            b"\xde\xc0\xef\xbe",
            "an LMDB database: `samba-tool domain backup offline` of a server with TDB is read",
        ),
        (0, b"regf", "a registry hive: `ntds.dit` lies beside it"),
        (0, b"vhdxfile", "a virtual disk: mount it and give the `ntds.dit` in it"),
        (0, b"conectix", "a virtual disk: mount it and give the `ntds.dit` in it"),
        (0, b"SQLite format 3\0", "an SQLite database"),
    ];
    if head.is_empty() {
        return "it is empty";
    }
    let known =
        KNOWN.iter().find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    known.map_or_else(
        || match std::str::from_utf8(&head[..head.len().min(512)]) {
            // What was cut may be cut within a character.
            Err(error) if error.error_len().is_some() => "unknown",
            _ => "a text without a line that begins with `dn:`",
        },
        |(_, _, what)| *what,
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(octets: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(octets).unwrap();
        file
    }

    fn kind(octets: &[u8]) -> Result<SourceKind, SourceError> {
        recognise(file(octets).path())
    }

    #[test]
    fn arguments_name_kinds_and_paths() {
        let parse = |text: &str| {
            let place = Place::parse(text);
            (place.kind, place.path.to_str().unwrap().to_owned())
        };
        assert_eq!(parse("ntds:a/b"), (Some(SourceKind::Ntds), "a/b".into()));
        assert_eq!(parse("ADExplorer:C:\\x.dat"), (Some(SourceKind::AdExplorer), "C:\\x.dat".into()));
        assert_eq!(parse("file:x:y"), (None, "x:y".into()));
        assert_eq!(parse("C:\\x.ldf"), (None, "C:\\x.ldf".into()));
        assert_eq!(parse("ldap:x"), (None, "ldap:x".into()));
    }

    #[test]
    fn content_decides() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let wide: Vec<u8> = "dn: DC=x\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (octets, expected) in [
            (b"win-ad-ob\0".to_vec(), SourceKind::AdExplorer),
            (vec![0, 0, 0, 0, 0xef, 0xcd, 0xab, 0x89], SourceKind::Ntds),
            (b"ElfFile\0".to_vec(), SourceKind::Evtx),
            (tar, SourceKind::Samba),
            (b"\n# a\n#  b\n\nversion: 1\n".to_vec(), SourceKind::Ldif),
            (b"DN: DC=x\n".to_vec(), SourceKind::Ldif),
            (wide, SourceKind::Ldif),
        ] {
            assert_eq!(kind(&octets), Ok(expected));
        }
        for (octets, expected) in [
            (&b""[..], "empty"),
            (b"PK\x03\x04", "ZIP"),
            (b"TDB file\n", "TDB"),
            ("ä,b\n".as_bytes(), "text"),
            (b"\xff\x00\x80\xfe", "unknown"),
        ] {
            let error = kind(octets).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn another_kind_than_the_named_one_is_refused() {
        let file = file(b"dn: DC=x\n");
        let place = |kind| Place { kind, path: file.path().to_owned() };
        let Err(error) = open(&place(Some(SourceKind::Ntds)), &Options::default()) else { panic!("opened") };
        assert_eq!(error.hint().as_deref(), Some("write ldif:FILE, or file:FILE"));
        assert!(open(&place(None), &Options::default()).is_ok());
    }
}
