//! `adrecover demo`, which needs no lab, no root, and leaves nothing behind.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::files_below;

/// Nobody's number on Linux.
const NOBODY: u32 = 65534;

/// A place for one demo: its temporary folder is in it, and nothing else may be written.
struct Place {
    folder: TempDir,
    program: PathBuf,
    launcher: Vec<OsString>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        Self { folder, program: env!("CARGO_BIN_EXE_adrecover").into(), launcher: vec![] }
    }

    /// As an ordinary user. Where the tests are not root's they are one's already; `None` where root cannot become one.
    #[cfg(unix)]
    fn of_nobody() -> Option<Self> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
        let mut place = Self::new();
        if std::fs::metadata(place.folder.path()).unwrap().uid() != 0 {
            return Some(place);
        }
        let becoming = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
        let mut probe = Command::new(becoming[0]);
        if !probe.args(&becoming[1..]).arg("true").status().is_ok_and(|status| status.success()) {
            return None;
        }
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let folder = place.folder.path().to_owned();
        open(&folder, 0o755);
        // The build may be where nobody else may look.
        let program = folder.join("adrecover");
        if std::fs::hard_link(&place.program, &program).is_err() {
            std::fs::copy(&place.program, &program).unwrap();
        }
        open(&program, 0o755);
        chown(folder.join("tmp"), Some(NOBODY), Some(NOBODY)).unwrap();
        place.program = program;
        place.launcher = becoming.map(OsString::from).into();
        Some(place)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut words = self.launcher.clone();
        words.push(self.program.clone().into());
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", self.folder.path().join("tmp"))
            .current_dir(self.folder.path().join("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Insists that no file and no folder is left.
    #[track_caller]
    fn is_clean(&self) {
        let left: Vec<_> = std::fs::read_dir(self.folder.path().join("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// The addresses that a text names.
fn addresses(text: &str) -> Vec<SocketAddr> {
    let parts = text.split("ldaps://").skip(1);
    let ends = |c: char| !c.is_ascii_digit() && c != '.' && c != ':';
    parts.map(|rest| rest.split(ends).next().unwrap().parse().unwrap()).collect()
}

/// Insists that nobody listens any more, the global catalogue's port included.
#[track_caller]
fn nobody_listens(addresses: &[SocketAddr]) {
    assert!(!addresses.is_empty());
    for address in addresses {
        assert!(address.ip().is_loopback(), "{address}");
        assert!(TcpStream::connect(address).is_err(), "{address} still listens");
        // Another demo may have the catalogue's port of the only address that some systems have.
        let catalogue = SocketAddr::new(address.ip(), 3269);
        assert!(!cfg!(target_os = "linux") || TcpStream::connect(catalogue).is_err(), "{catalogue}");
    }
}

/// Insists that nothing in a text looks like a password of the stand-in, or like one that was generated.
#[track_caller]
fn shows_no_password(text: &str) {
    assert!(!text.contains("Lab-"), "{text}");
    let classes: [fn(char) -> bool; 3] =
        [|c| c.is_ascii_uppercase(), |c| c.is_ascii_lowercase(), |c| c.is_ascii_digit()];
    let generated =
        |word: &&str| word.chars().count() == 48 && classes.iter().all(|class| word.chars().any(class));
    assert_eq!(text.split([' ', '\n', ',', '"']).find(generated), None, "{text}");
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

#[cfg(unix)]
#[test]
fn the_main_job_is_shown_to_an_ordinary_user() {
    let Some(place) = Place::of_nobody() else {
        eprintln!("not shown: root cannot become an ordinary user here (setpriv)");
        return;
    };
    let out = place.run(&["demo"]);
    let (shown, messages) = (text(&out.stdout), text(&out.stderr));
    assert_eq!(out.status.code(), Some(0), "{shown}\n{messages}");
    let mut rest = shown.as_str();
    for command in [
        "stand-in",
        "Recycle Bin off",
        "$ adrecover list UserA\n",
        "$ adrecover show UserA\n",
        "tombstone",
        "$ adrecover restore UserA --upn usera@contoso.test --dry-run\n",
        "nothing was changed",
        "UserA,\"CN=Sales,",
        "$ adrecover restore UserA --upn usera@contoso.test --enable --generate-password=usera.csv",
        "done       setPassword",
        "done       addToGroup",
        "verified",
        "$ adrecover restore UserA --upn usera@contoso.test --yes\n",
        "as asked for already",
        "$ adrecover undo ",
        "done       delete",
        "Recycle Bin on",
        "$ adrecover restore UserA --yes\n",
        "verified",
        "$ adrecover show UserA\n",
        "memberOf",
        "$ adrecover list 'Closed Office'\n",
        "$ adrecover restore --tree ",
        "Olive Orphan",
        "$ adrecover operations ",
        "adrecover demo --serve",
    ] {
        let at = rest.find(command).unwrap_or_else(|| panic!("{command:?} is not in\n{rest}"));
        rest = &rest[at + command.len()..];
    }
    let errors = messages.lines().filter(|line| line.starts_with("error")).count();
    assert!(errors == 0 && !shown.contains('\u{1b}'), "{messages}");
    shows_no_password(&shown);
    shows_no_password(&messages);
    place.is_clean();
    nobody_listens(&addresses(&shown));
}

#[test]
fn half_of_it_quiet_and_in_colour() {
    let place = Place::new();
    let out = place.run(&["demo", "--recycle-bin", "-q", "--color", "always"]);
    let shown = text(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{shown}\n{}", text(&out.stderr));
    // Commands and what they print, nothing else.
    assert!(shown.starts_with("\u{1b}[32m$\u{1b}[0m \u{1b}[1madrecover list UserA\u{1b}[0m\n"), "{shown}");
    assert!(shown.contains("\u{1b}[1mUserA\u{1b}[0m") && !shown.contains("ldaps://"), "{shown}");
    assert!(!shown.contains("--upn"), "{shown}");
    assert_eq!(text(&out.stderr), "");
    place.is_clean();
}

#[test]
fn it_is_text_for_people() {
    let place = Place::new();
    let out = place.run(&["demo", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((out.status.code(), &document["error"]["kind"]), (Some(2), &"usage".into()));
    assert_eq!(place.run(&["demo", "--recycle-bin", "--no-recycle-bin"]).status.code(), Some(2));
    // Settings that lead elsewhere, or nowhere, do not concern it.
    let mut command = place.command(&["demo", "-o", "csv"]);
    command.env("ADRECOVER_CONFIG", "/nonexistent").env("ADRECOVER_SERVER", "http://nonsense");
    assert!(text(&command.output().unwrap().stderr).contains("-o json"));
    place.is_clean();
}

/// A stand-in that runs until it is interrupted.
#[cfg(unix)]
struct Serving {
    place: Place,
    child: Child,
    shown: String,
    variables: HashMap<String, String>,
}

#[cfg(unix)]
impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let place = Place::new();
        let mut child = place.command(&[&["demo", "--serve"], arguments].concat()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let mut shown = String::new();
        while !shown.contains("adrecover list --user joe") {
            let line = lines.next().unwrap_or_else(|| panic!("it ended after\n{shown}")).unwrap();
            shown.push_str(&(line + "\n"));
        }
        let exports = shown.lines().filter_map(|line| line.trim().strip_prefix("export ")?.split_once('='));
        let variables = exports.map(|(n, v)| (n.to_owned(), v.trim_matches('\'').to_owned())).collect();
        Self { place, child, shown, variables }
    }

    /// The program in another process, connected as the lines say.
    fn program(&self, arguments: &[&str]) -> Output {
        self.place.command(arguments).envs(&self.variables).output().unwrap()
    }

    #[track_caller]
    fn end(mut self) {
        interrupt(&self.child);
        let mut rest = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(130), "{rest}");
        self.place.is_clean();
        nobody_listens(&addresses(&self.shown));
    }
}

#[cfg(unix)]
#[test]
fn a_stand_in_that_is_left_running_can_be_used() {
    use std::os::unix::fs::PermissionsExt;
    let serving = Serving::start(&["--no-recycle-bin"]);
    assert!(serving.shown.contains("$env:ADRECOVER_SERVER = 'ldaps://"), "{}", serving.shown);
    let out = serving.program(&["list", "UserA"]);
    assert!(out.status.success() && text(&out.stdout).contains("UserA"), "{out:?}");
    let restore = ["restore", "UserA", "--upn", "usera@contoso.test", "--yes", "-o", "json"];
    let report: serde_json::Value = serde_json::from_slice(&serving.program(&restore).stdout).unwrap();
    assert_eq!(report["objects"][0]["verified"], true, "{report}");
    let folder = Path::new(&serving.variables["ADRECOVER_CA"]).parent().unwrap().to_owned();
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for (who, code) in [("admin", 0), ("operator", 0), ("reader", 0), ("joe", 11)] {
        let file = folder.join(format!("{who}.password"));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!serving.shown.contains(&std::fs::read_to_string(&file).unwrap()));
        let login =
            HashMap::from([("admin", "Administrator"), ("operator", "operator1"), ("reader", "reader1")]);
        let user = format!("{}@contoso.test", login.get(who).unwrap_or(&who));
        let out = serving.program(&["list", "--user", &user, "--password-file", file.to_str().unwrap()]);
        assert_eq!(out.status.code(), Some(code), "{who}: {out:?}");
    }
    assert!(files_below(&folder).iter().all(|file| !file.ends_with("key.pem")));
    serving.end();
}

#[cfg(unix)]
#[test]
fn two_run_side_by_side() {
    let (one, other) = (Serving::start(&[]), Serving::start(&["-q"]));
    assert_ne!(one.variables["ADRECOVER_SERVER"], other.variables["ADRECOVER_SERVER"]);
    let tree = one.shown.lines().find_map(|line| line.trim().strip_prefix("adrecover restore --tree "));
    let restore = ["restore", "--tree", tree.unwrap(), "--yes"];
    assert!(one.program(&restore).status.success());
    // What was done in the one is not done in the other.
    assert!(text(&other.program(&["list", "Finance"]).stdout).contains("Finance Team"));
    assert!(!text(&one.program(&["list", "Finance"]).stdout).contains("Finance Team"));
    one.end();
    other.end();
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_walk_and_leaves_nothing() {
    let place = Place::new();
    let mut child = place.command(&["demo"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut shown: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("$ adrecover")).collect();
    interrupt(&child);
    shown.extend(lines);
    assert_eq!(child.wait().unwrap().code(), Some(130), "{shown:?}");
    place.is_clean();
    nobody_listens(&addresses(&shown.join("\n")));
}

#[cfg(unix)]
#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let place = Place::new();
    let mut child = place.command(&["demo"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("Active Directory"));
    drop(lines);
    let mut messages = String::new();
    child.stderr.take().unwrap().read_to_string(&mut messages).unwrap();
    assert_eq!((child.wait().unwrap().code(), messages.as_str()), (Some(0), ""));
    place.is_clean();
}
