//! A file that may be compressed: how, what it begins with, and its content.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use adrecover_core::source::{Damage, SourceError};
use adrecover_core::time::{Timestamp, in_calendar};
use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;

use crate::input::Input;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// bzip2.
    Bzip2,
}

impl Compression {
    /// The addition to the description of a format.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ", gzip",
            Self::Bzip2 => ", bzip2",
        }
    }
}

/// A file whose beginning was looked at.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) path: PathBuf,
    /// The file's name for people.
    pub(crate) name: String,
    pub(crate) compression: Compression,
    /// Its length as it lies there.
    pub(crate) size: u64,
    /// When it was written last, as the file system says.
    pub(crate) modified: Option<Timestamp>,
    /// What its content begins with, at most [`Packed::HEAD`] octets.
    pub(crate) head: Vec<u8>,
}

impl Packed {
    /// How much of the content is looked at.
    pub(crate) const HEAD: usize = 64 << 10;
    /// Content up to this length is kept in memory when it is unpacked.
    const SMALL: usize = 16 << 20;

    /// Opens a file and looks at its beginning.
    pub(crate) fn look(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let io = |error: io::Error| SourceError::io(&name, &error);
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            let reason = "it is no file".to_owned();
            return Err(SourceError::Io { name, reason });
        }
        let mut head = vec![];
        file.take(Self::HEAD as u64).read_to_end(&mut head).map_err(io)?;
        let modified = metadata.modified().ok().and_then(|time| in_calendar(Timestamp::from(time)));
        let compression = match head.as_slice() {
            [0x1f, 0x8b, 8, ..] => Compression::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Compression::Bzip2,
            _ => Compression::None,
        };
        let mut packed =
            Self { path: path.to_owned(), name, compression, size: metadata.len(), modified, head };
        if compression != Compression::None {
            packed.head = packed.unpacked_head()?;
        }
        Ok(packed)
    }

    /// What can be unpacked of the beginning: a damaged one is found when all of it is read.
    fn unpacked_head(&self) -> Result<Vec<u8>, SourceError> {
        let mut reader = self.reader()?;
        let mut head = vec![0; Self::HEAD];
        let mut done = 0;
        while done < head.len() {
            match reader.read(&mut head[done..]) {
                Ok(read) if read > 0 => done += read,
                _ => break,
            }
        }
        head.truncate(done);
        Ok(head)
    }

    /// The content as a stream, from its beginning.
    pub(crate) fn reader(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        let file = File::open(&self.path).map_err(|error| SourceError::io(&self.name, &error))?;
        let file = io::BufReader::with_capacity(128 << 10, file);
        Ok(match self.compression {
            Compression::None => Box::new(file),
            Compression::Gzip => Box::new(MultiGzDecoder::new(file)),
            Compression::Bzip2 => Box::new(MultiBzDecoder::new(file)),
        })
    }

    /// The content, to be read by position. What is compressed is unpacked, into memory or a file that has no name and goes with
    /// the program, up to `most` octets. Where it ends early, what came until then is given, and the damage.
    pub(crate) fn unpack(&self, most: u64) -> Result<(Input, Option<Damage>), SourceError> {
        let io = |error: io::Error| SourceError::io(&self.name, &error);
        if self.compression == Compression::None {
            let file = File::open(&self.path).map_err(io)?;
            return Ok((Input::file(file).map_err(io)?, None));
        }
        let mut reader = self.reader()?;
        let mut spool = Spool::Memory(vec![]);
        let mut buffer = vec![0; 128 << 10];
        let mut total = 0u64;
        let damage = loop {
            match reader.read(&mut buffer) {
                Ok(0) => break None,
                Ok(read) => {
                    total += read as u64;
                    if total > most {
                        let what = format!("its content has more than {most} octets");
                        return Err(SourceError::TooLarge { name: self.name.clone(), what });
                    }
                    spool.write(&buffer[..read], Self::SMALL).map_err(|error| spool_error(&error))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let place = format!("octet {total} of the unpacked content");
                    break Some(Damage {
                        place,
                        problem: format!("the compressed file is damaged: {error}"),
                    });
                }
            }
        };
        let input = match spool {
            Spool::Memory(octets) => Input::memory(octets),
            Spool::File(file) => Input::file(file).map_err(|error| spool_error(&error))?,
        };
        Ok((input, damage))
    }
}

fn spool_error(error: &io::Error) -> SourceError {
    let folder = std::env::temp_dir();
    SourceError::Io { name: folder.display().to_string(), reason: format!("unpacking: {error}") }
}

/// What was unpacked so far.
enum Spool {
    Memory(Vec<u8>),
    File(File),
}

impl Spool {
    fn write(&mut self, octets: &[u8], most: usize) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(octets),
            Self::Memory(kept) if kept.len() + octets.len() <= most => {
                kept.extend_from_slice(octets);
                Ok(())
            }
            Self::Memory(kept) => {
                let mut file = tempfile::tempfile()?;
                file.write_all(kept)?;
                file.write_all(octets)?;
                *self = Self::File(file);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &Input) -> Vec<u8> {
        let mut out = vec![0; input.len() as usize];
        assert_eq!(input.read_at(0, &mut out).unwrap(), out.len());
        out
    }

    fn gzip(octets: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        encoder.write_all(octets).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(octets: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(vec![], bzip2::Compression::fast());
        encoder.write_all(octets).unwrap();
        encoder.finish().unwrap()
    }

    fn file(octets: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(octets).unwrap();
        file
    }

    #[test]
    fn every_compression_gives_the_same_content() {
        // More than is kept in memory.
        let content: Vec<u8> = (0..5_000_000u32).flat_map(u32::to_le_bytes).collect();
        for content in [content, b"dn: DC=x\n".to_vec(), vec![]] {
            let (half, rest) = content.split_at(content.len() / 2);
            let twice = [gzip(half), gzip(rest)].concat();
            for octets in [content.clone(), gzip(&content), bzip2(&content), twice] {
                let file = file(&octets);
                let packed = Packed::look(file.path()).unwrap();
                assert_eq!(packed.head, content[..content.len().min(Packed::HEAD)]);
                let (input, damage) = packed.unpack(1 << 30).unwrap();
                assert!(read(&input) == content && damage.is_none());
            }
        }
    }

    #[test]
    fn what_was_cut_is_read_as_far_as_it_goes() {
        let content: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        for mut octets in [gzip(&content), bzip2(&content)] {
            octets.truncate(octets.len() - octets.len() / 4);
            let file = file(&octets);
            let (input, damage) = Packed::look(file.path()).unwrap().unpack(1 << 30).unwrap();
            assert!(damage.unwrap().problem.contains("damaged"));
            assert!(content.starts_with(&read(&input)));
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let file = file(&gzip(&vec![0; 1 << 20]));
        let error = Packed::look(file.path()).unwrap().unpack(1 << 16).unwrap_err();
        assert!(matches!(error, SourceError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn a_folder_is_no_file() {
        let error = Packed::look(&std::env::temp_dir()).unwrap_err();
        assert!(matches!(error, SourceError::Io { .. }), "{error}");
    }
}
