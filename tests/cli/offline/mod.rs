//! Files that are directories: what is in them, and what changed since.

mod diff;
mod files;
mod sample;
mod transcript;

use std::path::PathBuf;
use std::process::Command;

use crate::support::{Run, Scene};

/// The program where no directory can be reached, and none is named.
fn alone(run: Run) -> Run {
    ["ADRECOVER_SERVER", "ADRECOVER_USER", "ADRECOVER_PASSWORD_FILE", "ADRECOVER_CA"]
        .into_iter()
        .fold(run, Run::env_remove)
        .env("ADRECOVER_DOMAIN", "nowhere.invalid")
        .env("ADRECOVER_DNS_SERVER", "127.0.0.1:1")
}

/// What `ldapsearch` exports, as somebody would do it by hand: lines folded, comments and all.
fn exported(scene: &Scene, name: &str, arguments: &[&str]) -> PathBuf {
    let admin = scene.lab.account("ADMIN");
    let output = Command::new("ldapsearch")
        .args(["-x", "-H", &scene.lab.server, "-D", &admin.name, "-y"])
        .arg(&admin.password_file)
        // Show Recycled, and no referrals to other naming contexts.
        .args(["-E", "pr=500/noprompt", "-E", "!1.2.840.113556.1.4.2064", "-E", "1.2.840.113556.1.4.1339"])
        .args(arguments)
        .env("LDAPTLS_CACERT", &scene.lab.ca)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    scene.file_with(name, output.stdout)
}

/// The test's own OU and what is below it, and the deleted objects of its names, with all attributes.
fn own(scene: &Scene, name: &str) -> PathBuf {
    let file = exported(scene, name, &["-b", scene.ou(), "*"]);
    let filter = format!("(&(isDeleted=TRUE)(name={}*))", scene.tag);
    let deleted = exported(scene, "deleted.ldf", &["-b", &scene.lab.base, &filter, "*"]);
    let mut text = std::fs::read(&file).unwrap();
    // The second half of a file that was put together: without its version.
    let more = String::from_utf8(std::fs::read(deleted).unwrap()).unwrap();
    text.extend(b"\n");
    text.extend(more.replacen("version: 1", "", 1).into_bytes());
    std::fs::write(&file, text).unwrap();
    file
}
