//! The policy files that the wizard of Entra Connect leaves on the sync server itself.

use std::path::{Path, PathBuf};

/// The newest `Applied-SynchronizationPolicy-*.JSON` of a folder: what the wizard applied last. `None` where there is none.
pub fn newest_applied_policy(folder: &Path) -> std::io::Result<Option<PathBuf>> {
    let mut newest: Option<(std::time::SystemTime, PathBuf)> = None;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        let is_policy = name.starts_with("applied-synchronizationpolicy") && name.ends_with(".json");
        if !is_policy || !entry.file_type()?.is_file() {
            continue;
        }
        let found = (entry.metadata()?.modified()?, entry.path());
        if newest.as_ref().is_none_or(|n| *n < found) {
            newest = Some(found);
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// The policy that this server works by; `None` where it is no sync server.
#[cfg(windows)]
pub fn applied_here() -> Option<PathBuf> {
    let data = std::env::var_os("ProgramData")?;
    newest_applied_policy(&Path::new(&data).join("AADConnect")).ok()?
}

/// The policy that this server works by: Entra Connect runs on Windows only.
#[cfg(not(windows))]
pub fn applied_here() -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn the_newest_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(newest_applied_policy(folder.path()).unwrap(), None);
        let names = [
            ("Applied-SynchronizationPolicy-20260102-000000.JSON", 3),
            ("Applied-SynchronizationPolicy-20260101-000000.JSON", 5),
            ("Exported-SynchronizationPolicy-20260103-000000.JSON", 9),
            ("trace.log", 9),
        ];
        for (name, age) in names {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(age)).unwrap();
        }
        let newest = newest_applied_policy(folder.path()).unwrap().unwrap();
        assert!(newest.ends_with(names[1].0), "{}", newest.display());
        assert!(newest_applied_policy(&folder.path().join("none")).is_err());
    }
}
