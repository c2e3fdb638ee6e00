//! Archives of `tar`, read as a stream from the beginning to the end.
//!
//! What Python's `tarfile` writes, which makes Samba's backups: POSIX.1-2001 (`ustar` with `pax` headers), and GNU's long names
//! besides. The layout is that of POSIX.1-2017, `pax`, "ustar Interchange Format".

use std::io::{self, Read};

const BLOCK: usize = 512;
/// The longest header of names and numbers that is read, in octets.
const LONGEST_HEADER: u64 = 64 << 10;
/// The most of such headers before one file.
const MOST_HEADERS: usize = 16;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name with its folders.
    pub name: String,
    /// Its length, in octets.
    pub size: u64,
    /// When it was last changed, in seconds since 1970.
    pub changed: i64,
}

/// An archive.
#[derive(Debug)]
pub struct Tar<R> {
    from: R,
    /// What of the last file, and of the octets after it up to a whole block, was not read yet.
    left: u64,
    padding: u64,
}

/// Whether this is the first block of an archive: its checksum fits.
#[must_use]
pub fn is_header(block: &[u8]) -> bool {
    block.get(..BLOCK).is_some_and(|block| {
        let sum = |octets: &[u8]| octets.iter().map(|octet| u64::from(*octet)).sum::<u64>();
        // The checksum itself counts as blanks.
        let expected = sum(&block[..148]) + 8 * u64::from(b' ') + sum(&block[156..]);
        number(&block[148..156]) == Some(expected)
    })
}

impl<R: Read> Tar<R> {
    /// An archive from its beginning.
    pub fn new(from: R) -> Self {
        Self { from, left: 0, padding: 0 }
    }

    /// What it is read from.
    pub fn source(&self) -> &R {
        &self.from
    }

    /// The next file; what was not read of the last one is passed over. `None` at the end.
    ///
    /// # Errors
    ///
    /// When reading fails, or this is no archive any more.
    pub fn next_file(&mut self) -> io::Result<Option<File>> {
        let (mut name, mut size) = (None, None);
        for _ in 0..MOST_HEADERS {
            self.skip()?;
            let Some(block) = self.block()? else { return Ok(None) };
            if block.iter().all(|octet| *octet == 0) {
                return Ok(None);
            }
            if !is_header(&block) {
                return Err(bad("a header whose checksum is wrong"));
            }
            let length = number(&block[124..136]).ok_or_else(|| bad("a file without a length"))?;
            match block[156] {
                b'x' => {
                    let records = self.content(length)?;
                    name = pax(&records, "path").or(name);
                    size = pax(&records, "size").and_then(|text| text.parse().ok()).or(size);
                }
                b'L' => name = Some(text(&self.content(length)?)),
                b'g' | b'K' => drop(self.content(length)?),
                kind => {
                    let is_file = matches!(kind, b'0' | 0 | b'7');
                    let size = if is_file { size.unwrap_or(length) } else { 0 };
                    self.begin(size)?;
                    return Ok(Some(File {
                        name: name.unwrap_or_else(|| short_name(&block)),
                        size,
                        changed: number(&block[136..148]).and_then(|n| i64::try_from(n).ok()).unwrap_or(0),
                    }));
                }
            }
        }
        Err(bad("a file with more headers than any has"))
    }

    fn begin(&mut self, size: u64) -> io::Result<()> {
        let whole =
            size.checked_next_multiple_of(BLOCK as u64).ok_or_else(|| bad("a file of impossible length"))?;
        (self.left, self.padding) = (size, whole - size);
        Ok(())
    }

    /// The content of a header that is a file itself.
    fn content(&mut self, length: u64) -> io::Result<Vec<u8>> {
        if length > LONGEST_HEADER {
            return Err(bad("a name longer than any is"));
        }
        self.begin(length)?;
        let mut content = vec![];
        self.read_to_end(&mut content)?;
        Ok(content)
    }

    fn skip(&mut self) -> io::Result<()> {
        let length = self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        let skipped = io::copy(&mut (&mut self.from).take(length), &mut io::sink())?;
        if skipped == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut octets = Vec::with_capacity(BLOCK);
        (&mut self.from).take(BLOCK as u64).read_to_end(&mut octets)?;
        match octets.try_into() {
            Ok(block) => Ok(Some(block)),
            // Without the two empty blocks at the end.
            Err(octets) if octets.is_empty() => Ok(None),
            Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// The content of the file that [`Tar::next_file`] gave.
impl<R: Read> Read for Tar<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if length == 0 {
            return Ok(0);
        }
        let read = self.from.read(&mut into[..length])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the archive has {what}"))
}

/// Octal digits, or GNU's binary form for what they cannot hold.
fn number(field: &[u8]) -> Option<u64> {
    if let [0x80, digits @ ..] = field {
        let (high, low) = digits.split_at_checked(digits.len().checked_sub(8)?)?;
        let octets = low.try_into().ok()?;
        return high.iter().all(|octet| *octet == 0).then(|| u64::from_be_bytes(octets));
    }
    let digits = field.split(|octet| matches!(octet, 0 | b' ')).find(|part| !part.is_empty());
    u64::from_str_radix(std::str::from_utf8(digits?).ok()?, 8).ok()
}

/// Octets up to a NUL.
fn text(octets: &[u8]) -> String {
    let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    String::from_utf8_lossy(&octets[..end]).into_owned()
}

fn short_name(block: &[u8; BLOCK]) -> String {
    let (name, prefix) = (text(&block[..100]), text(&block[345..500]));
    // GNU's own form has other things in place of the prefix.
    let has_prefix = block[257..263] == *b"ustar\0" && !prefix.is_empty();
    if has_prefix { format!("{prefix}/{name}") } else { name }
}

/// The value of a record of a pax header: lines of `LENGTH KEY=VALUE`. The last one counts.
fn pax(mut records: &[u8], key: &str) -> Option<String> {
    let mut found = None;
    while let Some(blank) = records.iter().position(|octet| *octet == b' ') {
        let length = std::str::from_utf8(&records[..blank]).ok()?.parse::<usize>().ok()?;
        let record = records.get(blank + 1..length)?.strip_suffix(b"\n")?;
        if let Some(value) = record.strip_prefix(key.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")) {
            found = Some(String::from_utf8_lossy(value).into_owned());
        }
        records = &records[length..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samba::testing::{tar, tar_header};

    fn read(archive: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut tar = Tar::new(archive);
        let mut files = vec![];
        while let Some(file) = tar.next_file()? {
            let mut content = vec![];
            tar.read_to_end(&mut content)?;
            files.push((file.name, content));
        }
        Ok(files)
    }

    #[test]
    fn files_and_their_content() {
        let big = vec![7; 1000];
        let archive = tar(&[("backup.txt", b"text"), ("empty", b""), ("private/sam.ldb", &big)]);
        assert!(is_header(&archive) && !is_header(&archive[512..]) && !is_header(b"short"));
        let files = read(&archive).unwrap();
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["backup.txt", "empty", "private/sam.ldb"]);
        assert_eq!((files[0].1.as_slice(), &files[2].1), (&b"text"[..], &big));
        // Not read, only passed over.
        let mut again = Tar::new(archive.as_slice());
        let last = std::iter::from_fn(|| again.next_file().unwrap()).last().unwrap();
        assert_eq!((last.size, last.changed), (1000, 0o15_251_652_373));
    }

    #[test]
    fn long_names_and_sizes() {
        let long = "x/".repeat(100);
        let record = format!("path={long}\n");
        let record = format!("{} {record}", record.len() + 4);
        let other = "5 a=\n".to_owned();
        let mut archive = vec![];
        for (kind, content) in [
            (b'x', format!("{record}{other}")),
            (b'0', "a".into()),
            (b'L', "long\0".into()),
            (b'0', "b".into()),
        ] {
            archive.extend(tar_header("short", content.len(), kind));
            archive.extend(content.as_bytes());
            archive.resize(archive.len().next_multiple_of(512), 0);
        }
        assert_eq!(read(&archive).unwrap(), [(long, b"a".to_vec()), ("long".into(), b"b".to_vec())]);
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]), Some(256));
        assert_eq!(
            (number(b"0000600\0"), number(b"    12 \0"), number(b"9"), number(b"")),
            (Some(0o600), Some(10), None, None)
        );
    }

    #[test]
    fn what_is_cut_off_or_wrong_is_an_error() {
        let archive = tar(&[("a", &[1; 700]), ("b", b"x")]);
        for cut in [1, 511, 513, 1200, 1536 + 100] {
            assert!(read(&archive[..cut]).is_err(), "{cut}");
        }
        let mut wrong = archive.clone();
        wrong[0] = b'z';
        assert!(read(&wrong).unwrap_err().to_string().contains("checksum"));
        let endless: Vec<u8> = (0..20).flat_map(|_| tar_header("x", 0, b'x')).collect();
        assert!(read(&endless).unwrap_err().to_string().contains("headers"));
        assert!(read(&tar_header("x", 1 << 20, b'L')).unwrap_err().to_string().contains("name"));
    }
}
