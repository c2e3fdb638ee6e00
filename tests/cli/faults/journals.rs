//! A journal that cannot be written: nothing is done that cannot be written down.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use adrecover_engine::{Journal, OperationState};

use super::running::Running;
use super::stage::{ENABLED, Stage, Victim, play};
use super::steps::restore;
use crate::support::{Output, Run};

/// The program under a shell that limits what it may do: `script` is what comes before its command line.
fn under(run: Run, script: &str) -> Output {
    let inner = run.command();
    let mut command = Command::new("bash");
    command.args(["-c", &format!("{script} \"$@\""), "bash"]).arg(inner.get_program()).args(inner.get_args());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(inner.get_current_dir().unwrap());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Running::start_by(run, command).end()
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Whether the tests run as the one user that no permission stops.
fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

#[test]
fn a_folder_that_cannot_be_written_stops_it_before_anything_is_changed() {
    let Some(stage) = Stage::new() else { return };
    let [victim]: [Victim; 1] = stage.deleted(1, ENABLED).try_into().unwrap();
    let before = stage.look_at(&victim);
    // Below a file nobody can make a folder, and below /proc neither.
    let file = stage.scene.file_with("a-file", "");
    for folder in [file.join("state"), "/proc/adrecover".into()] {
        let lost = victim.with_state(&folder);
        let out = Running::start(restore(&stage, &lost, &stage.passwords(&victim, 1))).end();
        assert!(matches!(out.code, Some(1 | 2)), "{out}");
        assert!(out.error()["message"].as_str().unwrap().contains(folder.to_str().unwrap()), "{out}");
    }
    assert_eq!(stage.look_at(&victim), before);
    assert!(!stage.passwords(&victim, 1).exists());
}

/// Another user than root, to whom the folder is read-only.
#[test]
fn a_read_only_folder_stops_it_before_anything_is_changed() {
    let Some(stage) = Stage::new() else { return };
    let [victim]: [Victim; 1] = stage.deleted(1, ENABLED).try_into().unwrap();
    let before = stage.look_at(&victim);
    // As `operations` leaves it: there is a journal already.
    Running::start(stage.program(&victim).args(["operations"])).end().exits(0);
    mode(&victim.state, 0o500);
    mode(&victim.state.join("operations.db"), 0o400);
    let admin = stage.scene.lab.account("ADMIN");
    let password = std::fs::read_to_string(admin.password_file).unwrap();
    let run = restore(&stage, &victim, &stage.passwords(&victim, 1));
    let run = run.env_remove("ADRECOVER_PASSWORD_FILE").env("ADRECOVER_PASSWORD", password);
    let out = if is_root() {
        // Root's own rights, without the one to write everywhere.
        under(run, "exec setpriv --bounding-set=-all --inh-caps=-all")
    } else {
        Running::start(run).end()
    };
    assert!(matches!(out.code, Some(1 | 2)), "{out}");
    assert!(out.error()["message"].as_str().unwrap().contains("state"), "{out}");
    mode(&victim.state, 0o700);
    assert_eq!(stage.look_at(&victim), before);
}

/// A full disk, as a limit on the size of files in KiB: wherever it strikes, what is reported is true, and once there is
/// room again the operation is finished.
#[test]
fn a_full_disk_stops_it_where_it_is() {
    let [before_any, in_the_middle] = [(); 2].map(|()| AtomicUsize::new(0));
    let sizes: Vec<u32> = (0..=152).step_by(8).collect();
    play(&sizes, 4, |stage, size| {
        let [victim] = stage.deleted(1, ENABLED).try_into().unwrap();
        let before = stage.look_at(&victim);
        let files = [1, 2].map(|n| stage.passwords(&victim, n));
        // Without the signal that goes with the limit a write fails, as on a full disk.
        let script = format!("trap '' XFSZ; ulimit -f {size}; exec");
        let out = under(restore(stage, &victim, &files[0]), &script);
        let shown = stage.look_at(&victim);
        if out.code == Some(0) {
            victim.is_back(&shown, true);
            return;
        }
        assert!(matches!(out.code, Some(1 | 3)), "{out}");
        if out.json()["objects"].is_array() {
            in_the_middle.fetch_add(1, Ordering::Relaxed);
            victim.is_truly(&shown, &out.object());
            assert!(out.stderr.contains("operations --resume"), "{out}");
        } else {
            before_any.fetch_add(1, Ordering::Relaxed);
            assert_eq!(shown, before, "{}", out.error());
        }
        let journal = Journal::open(victim.state.join("operations.db")).unwrap();
        let begun = journal.list(1).unwrap().iter().any(|o| o.state != OperationState::Done);
        drop(journal);
        let again = if begun {
            let generate = format!("--generate-password={}", files[1].display());
            stage.program(&victim).args(["operations", "--resume", "-o", "json", "--yes", &generate])
        } else {
            restore(stage, &victim, &files[1])
        };
        let second = Running::start(again).end();
        stage.went_well(&second, [&victim], true);
        stage.opens(&victim, &files, &[&out, &second]);
    });
    let [before_any, in_the_middle] = [before_any, in_the_middle].map(AtomicUsize::into_inner);
    let met = before_any > 0 && in_the_middle > 0;
    assert!(met || Stage::new().is_none(), "{before_any} and {in_the_middle}: the sizes are badly chosen");
}
