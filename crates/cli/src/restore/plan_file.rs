//! Plans as files: written for later, and read back as what they are, foreign input.

use std::io::Write;
use std::path::Path;

use adrecover_core::plan::{Plan, SCHEMA};
use sha2::{Digest, Sha256};

use crate::error::{CliError, Kind};
use crate::files;

/// The largest plan that is read: about a hundred thousand objects.
const LIMIT: u64 = 256 << 20;

/// Writes a plan, replacing a file of that name only when the whole of the new one is on the disk.
pub(crate) fn write(path: &Path, plan: &Plan) -> Result<(), CliError> {
    let fail = |e: std::io::Error| CliError::file("write", path, &e);
    // A link is followed, so that it is not replaced by a file.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if path.exists() && read(path).is_err() {
        return Err(CliError::usage(format!(
            "{} exists and is not a plan: it is not written over",
            path.display()
        ))
        .hint("name another file with --plan-out"));
    }
    let mut text = serde_json::to_vec_pretty(plan)?;
    text.push(b'\n');
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name =
        path.file_name().ok_or_else(|| CliError::usage(format!("{} is not a file name", path.display())))?;
    let draft = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written =
        std::fs::OpenOptions::new().write(true).create_new(true).open(&draft).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()
        });
    let moved = written.and_then(|()| std::fs::rename(&draft, path));
    if moved.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    moved.map_err(fail)
}

/// Reads a plan and the SHA-256 of the file.
pub(crate) fn read(path: &Path) -> Result<(Plan, String), CliError> {
    let text = files::read(path, LIMIT, false)?;
    let digest = Sha256::digest(&text).iter().map(|b| format!("{b:02x}")).collect();
    Ok((parse(path, text)?, digest))
}

/// The plan in the octets of a file.
pub(crate) fn parse(path: &Path, text: Vec<u8>) -> Result<Plan, CliError> {
    let bad = |problem: String| {
        CliError::new(Kind::BadInput, format!("{}: {problem}", path.display()))
            .hint("make the plan again with `adrecover restore … --dry-run --plan-out FILE`")
    };
    let decoded = files::text(path, text)?;
    let json: serde_json::Value = serde_json::from_str(&decoded)
        .map_err(|e| bad(format!("damaged or cut short, or not a plan: {e}")))?;
    match json.get("schema").and_then(|s| s.as_str()) {
        Some(SCHEMA) => {}
        Some(other) => return Err(bad(format!("it is of the kind `{other}`; this program reads {SCHEMA}"))),
        None => return Err(bad("it does not say what it is (`schema` is missing)".to_owned())),
    }
    serde_json::from_value(json).map_err(|e| bad(format!("not a valid plan: {e}")))
}

#[cfg(test)]
mod tests {
    use adrecover_core::plan::Purpose;

    use super::*;

    /// Plans that were written by a program of that time: see `tests/formats`.
    #[test]
    fn plans_of_earlier_programs_are_still_read() {
        let old = |text: &str| parse(Path::new("old"), text.as_bytes().to_vec()).unwrap();
        let restore = old(include_str!("../../../../tests/formats/plan-1-restore.json"));
        assert!(matches!(restore.purpose, Purpose::Restore));
        let object = &restore.objects[0];
        assert_eq!((object.name.as_str(), object.steps.len()), ("UserA", 8));
        assert_eq!((restore.request.set.len(), restore.request.groups.len()), (1, 1));
        let fills = &restore.request.fills[&object.guid];
        assert_eq!(
            fills.iter().map(|f| f.attribute.as_str()).collect::<Vec<_>>(),
            ["telephoneNumber", "department"]
        );
        let rollback = old(include_str!("../../../../tests/formats/plan-1-rollback.json"));
        assert!(matches!(rollback.purpose, Purpose::Rollback { .. }) && rollback.objects.len() == 1);
    }

    #[test]
    fn damaged_and_foreign_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        let problem = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err();
            assert_eq!(error.code(), 12);
            error.message
        };
        assert!(problem("{\"schema\":\"adrecover/plan/v1\",").contains("cut short"));
        assert!(problem("{\"schema\":\"adrecover/plan/v9\"}").contains("plan/v9"));
        assert!(problem("{}").contains("schema"));
        assert!(problem("{\"schema\":\"adrecover/plan/v1\"}").contains("not a valid plan"));
        assert!(problem("").contains("cut short"));
    }
}
