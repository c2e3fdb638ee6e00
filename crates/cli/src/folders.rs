//! Where the configuration and the state live, and whether others can write there.

use std::path::{Path, PathBuf};

use crate::error::CliError;

/// The configuration file where none is named: `$XDG_CONFIG_HOME/adrecover/config.toml`, on Windows below
/// `%LOCALAPPDATA%`: it names files of this computer.
pub(crate) fn config_file() -> Option<PathBuf> {
    base("XDG_CONFIG_HOME", ".config", "LOCALAPPDATA").map(|folder| folder.join("config.toml"))
}

/// The folder of the operation journal: `ADRECOVER_STATE_DIR`, else `$XDG_STATE_HOME/adrecover`, on Windows below
/// `%LOCALAPPDATA%`. Created for this user only; refused where others can write.
pub(crate) fn state_folder() -> Result<PathBuf, CliError> {
    let folder = match std::env::var_os("ADRECOVER_STATE_DIR").filter(|v| !v.is_empty()) {
        Some(named) => PathBuf::from(named),
        None => user_folder().ok_or_else(|| {
            CliError::usage("there is no home folder to keep the operation journal in")
                .hint("name one with the variable ADRECOVER_STATE_DIR")
        })?,
    };
    create_private(&folder).map_err(|e| CliError::file("create", &folder, &e))?;
    refuse_if_others_write(&folder, "state folder")?;
    Ok(folder)
}

/// The folder that an agent keeps its change journals in: systemd's `STATE_DIRECTORY`, else `/var/lib/adrecover` for root and this
/// user's folder for others; on Windows below `%ProgramData%`.
pub(crate) fn agent_folder() -> Result<PathBuf, CliError> {
    if let Some(folder) = std::env::var_os("STATE_DIRECTORY").map(PathBuf::from).filter(|p| p.is_absolute()) {
        return Ok(folder);
    }
    if is_of_the_system()
        && let Some(folder) = system_folder()
    {
        return Ok(folder);
    }
    user_folder().ok_or_else(|| {
        CliError::usage("there is no home folder to keep the change journal in")
            .hint("name a place with --journal")
    })
}

/// The folder of the log and, where no other is named, of the journal of an agent that is a service of Windows.
#[cfg(windows)]
pub(crate) fn service_folder() -> Result<PathBuf, CliError> {
    system_folder()
        .ok_or_else(|| CliError::usage("the variable ProgramData, which names a folder, is not set"))
}

/// Where change journals are looked for: the folder of the computer's agent, then this user's.
pub(crate) fn journal_folders() -> Vec<PathBuf> {
    system_folder().into_iter().chain(user_folder()).collect()
}

fn user_folder() -> Option<PathBuf> {
    base("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA")
}

#[cfg(windows)]
fn system_folder() -> Option<PathBuf> {
    let data = std::env::var_os("ProgramData").map(PathBuf::from).filter(|p| p.is_absolute());
    data.map(|data| data.join("adrecover"))
}

#[cfg(not(windows))]
fn system_folder() -> Option<PathBuf> {
    Some(PathBuf::from("/var/lib/adrecover"))
}

/// Whether this process acts for the computer and not for a person.
#[cfg(unix)]
fn is_of_the_system() -> bool {
    rustix::process::geteuid().is_root()
}

/// An agent on Windows is a service.
#[cfg(not(unix))]
fn is_of_the_system() -> bool {
    true
}

fn base(xdg: &str, below_home: &str, windows: &str) -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let folder = if cfg!(windows) {
        var(windows)?
    } else {
        var(xdg).or_else(|| var("HOME").map(|home| home.join(below_home)))?
    };
    Some(folder.join("adrecover"))
}

#[cfg(unix)]
pub(crate) fn create_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
pub(crate) fn create_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

/// Refuses a file or folder that its group or everybody can write. A folder like /tmp, where others can add files but not
/// replace those of this user, passes only as the folder of a file ([`refuse_file_if_others_write`]).
#[cfg(unix)]
pub(crate) fn refuse_if_others_write(path: &Path, what: &str) -> Result<(), CliError> {
    let mode = mode(path)?;
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "others can write the {what} {} (mode {:03o})",
        path.display(),
        mode & 0o777
    ))
    .hint(format!("chmod go-w {}", path.display())))
}

/// Refuses a file that others can write or replace.
#[cfg(unix)]
pub(crate) fn refuse_file_if_others_write(file: &Path, what: &str) -> Result<(), CliError> {
    const STICKY: u32 = 0o1000;
    refuse_if_others_write(file, what)?;
    let real = std::fs::canonicalize(file).map_err(|e| CliError::file("read", file, &e))?;
    match real.parent() {
        Some(folder) if mode(folder)? & STICKY == 0 => {
            refuse_if_others_write(folder, &format!("folder of the {what}"))
        }
        _ => Ok(()),
    }
}

/// Whether everybody can read the file.
#[cfg(unix)]
pub(crate) fn is_readable_by_others(path: &Path) -> bool {
    mode(path).is_ok_and(|mode| mode & 0o004 != 0)
}

/// Whether anybody but its owner can read or write the file.
#[cfg(unix)]
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    mode(path).is_ok_and(|mode| mode & 0o077 != 0)
}

/// Not known on Windows.
#[cfg(not(unix))]
pub(crate) fn is_open_to_others(_path: &Path) -> bool {
    false
}

#[cfg(unix)]
fn mode(path: &Path) -> Result<u32, CliError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).map_err(|e| CliError::file("read", path, &e))?;
    Ok(metadata.permissions().mode())
}

/// Windows keeps these folders private by their access control lists, which are not looked at.
#[cfg(not(unix))]
pub(crate) fn refuse_if_others_write(_path: &Path, _what: &str) -> Result<(), CliError> {
    Ok(())
}

/// See [`refuse_if_others_write`].
#[cfg(not(unix))]
pub(crate) fn refuse_file_if_others_write(_file: &Path, _what: &str) -> Result<(), CliError> {
    Ok(())
}

/// Not known on Windows.
#[cfg(not(unix))]
pub(crate) fn is_readable_by_others(_path: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_others_can_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "").unwrap();
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        set(&file, 0o644);
        assert!(refuse_file_if_others_write(&file, "file").is_ok());
        set(&file, 0o664);
        let error = refuse_file_if_others_write(&file, "file").unwrap_err();
        assert!(error.message.contains("664") && error.hint.unwrap().contains("chmod"));
        set(&file, 0o600);
        set(folder.path(), 0o777);
        assert!(refuse_file_if_others_write(&file, "file").is_err());
        set(folder.path(), 0o1777);
        assert!(refuse_file_if_others_write(&file, "file").is_ok());
        set(folder.path(), 0o700);
    }
}
