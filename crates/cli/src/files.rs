//! Files that a user names: read whole, with a limit, and only where they are files.

use std::io::Read;
use std::path::Path;

use crate::error::{CliError, Kind};

/// Reads a regular file, or standard input for `-` where that is allowed. A device or a pipe has no end that one could
/// wait for, so it is refused.
pub(crate) fn read(path: &Path, limit: u64, stdin: bool) -> Result<Vec<u8>, CliError> {
    let fail = |e: std::io::Error| CliError::file("read", path, &e);
    let mut bytes = vec![];
    if stdin && path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit + 1).read_to_end(&mut bytes).map_err(fail)?;
    } else {
        if !std::fs::metadata(path).map_err(fail)?.is_file() {
            return Err(CliError::usage(format!("{} is not a regular file", path.display())));
        }
        std::fs::File::open(path).and_then(|f| f.take(limit + 1).read_to_end(&mut bytes)).map_err(fail)?;
    }
    if bytes.len() as u64 > limit {
        let text = format!("{} is larger than {} MiB", path.display(), limit >> 20);
        return Err(CliError::new(Kind::BadInput, text));
    }
    Ok(bytes)
}

/// Text as Windows and Linux tools write it: UTF-8 with or without a byte order mark, or UTF-16 with one.
pub(crate) fn text(path: &Path, bytes: &[u8]) -> Result<String, CliError> {
    let wide = |rest: &[u8], join: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|c| join([c[0], c[1]])).collect();
        String::from_utf16(&units).ok().filter(|_| rest.len().is_multiple_of(2))
    };
    let decoded = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    decoded.ok_or_else(|| {
        let text = format!("{}: neither UTF-8 nor UTF-16 text with a byte order mark", path.display());
        CliError::new(Kind::BadInput, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        let text = |bytes: &[u8]| text(Path::new("x"), bytes).ok();
        assert_eq!(text(b"\xff\xfea\0").as_deref(), Some("a"));
        assert_eq!(text(b"\xfe\xff\0a").as_deref(), Some("a"));
        assert_eq!(text(b"\xef\xbb\xbfa").as_deref(), Some("a"));
        assert_eq!(text(b"\xff\xfea"), None);
        assert_eq!(text(b"\x80"), None);
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_folders_are_no_files() {
        for path in ["/dev/zero", "/"] {
            assert_eq!(read(Path::new(path), 10, true).unwrap_err().code(), 2, "{path}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5, false).unwrap(), b"12345");
        assert_eq!(read(&file, 4, false).unwrap_err().code(), 12);
    }
}
