//! Kerberos tickets of the lab's accounts.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use super::lab::{Account, Lab};

/// Gets a ticket into a cache; whether there is one.
pub(crate) fn get(lab: &Lab, account: &Account, cache: &Path, more: &[&str]) -> bool {
    let Some((name, realm)) = account.name.rsplit_once('@') else { return false };
    // Some tests name a file that is not there.
    let Ok(password) = std::fs::read(&account.password_file) else { return false };
    let mut kinit = Command::new("kinit")
        .args(more)
        .arg(format!("{name}@{}", realm.to_uppercase()))
        .env("KRB5_CONFIG", lab.setting("LAB_KRB5_CONF"))
        .env("KRB5CCNAME", format!("FILE:{}", cache.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It ends without a question where it knows no such account.
    let _ = kinit.stdin.take().unwrap().write_all(&password);
    kinit.wait().unwrap().success()
}

/// The caches by account and password file.
type Known = HashMap<(String, PathBuf), Option<PathBuf>>;

/// A ticket that all tests of the process share; `None` where the account gets none.
pub(super) fn shared(lab: &Lab, account: &Account) -> Option<PathBuf> {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    static KNOWN: OnceLock<Mutex<Known>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().unwrap());
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap();
    let number = known.len();
    let key = (format!("{} {}", lab.address, account.name), account.password_file.clone());
    let new = || {
        let cache = folder.path().join(number.to_string());
        get(lab, account, &cache, &[]).then_some(cache)
    };
    known.entry(key).or_insert_with(new).clone()
}
