//! Files that a user names: read whole, with a limit, and only where they are files.

use std::io::{Read, Write};
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

/// Text as Windows and Linux tools write it: UTF-8 or UTF-16.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, CliError> {
    adrecover_core::text::decode(bytes).ok_or_else(|| {
        CliError::new(Kind::BadInput, format!("{}: neither UTF-8 nor UTF-16 text", path.display()))
    })
}

/// Refuses a file that is there, before anything is asked.
pub(crate) fn is_free(path: &Path) -> Result<(), CliError> {
    if path.symlink_metadata().is_ok() {
        return Err(
            CliError::usage(format!("{} is there already", path.display())).hint("give a name that is free")
        );
    }
    Ok(())
}

/// Writes a new file; one that is there is never written over.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let open = || std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    open().and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            CliError::usage(format!("{} is there already", path.display())).hint("give a name that is free")
        }
        _ => CliError::file("write", path, &error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_bad_input() {
        assert_eq!(text(Path::new("x"), b"\xff\xfea\0".to_vec()).unwrap(), "a");
        assert_eq!(text(Path::new("x"), vec![0x80]).unwrap_err().code(), 12);
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
