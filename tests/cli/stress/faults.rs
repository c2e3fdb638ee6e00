//! What may happen to whoever keeps an agent: each is said, and nothing is lost or doubled by it.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use adrecover_core::ObjectGuid;
use adrecover_journal::{Journal, Kind};

use super::follower::Follower;
use super::whole::nothing_is_doubled;
use crate::support::{Ldif, Scene};

fn guid(object: impl AsRef<str>) -> ObjectGuid {
    object.as_ref().parse().unwrap()
}

fn text(journal: &Journal, guid: ObjectGuid, attribute: &str) -> Option<String> {
    let state = journal.now(guid).unwrap()?;
    let values = state.attribute(attribute)?.values.concat();
    Some(String::from_utf8(values).unwrap())
}

/// How often an object was created, for all that the journal knows.
fn creations(journal: &Journal, guid: ObjectGuid) -> usize {
    journal.history(guid).unwrap().iter().filter(|change| change.kind.has(Kind::CREATED)).count()
}

/// A file system of its own. It is taken away when this value is dropped.
struct Disk(PathBuf);

impl Disk {
    /// `None` where this machine lets nobody mount one.
    fn new(place: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir(&place).unwrap();
        let options = format!("size={size},mode=0750");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&place).status();
        if !mounted.is_ok_and(|status| status.success()) {
            eprintln!("skipped: tmpfs cannot be mounted here");
            return None;
        }
        Some(Self(place))
    }

    fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// It says that there is no room, keeps trying, and goes on by itself.
#[test]
fn a_full_disk() {
    let Some(scene) = Scene::new() else { return };
    let Some(disk) = Disk::new(scene.file("disk"), "64m") else { return };
    let [una, ben] = scene.add([scene.user("Una"), scene.user("Ben")]);
    let crew = scene.group("Crew").add();
    scene.hand().change(&Ldif::default().add_values(&crew.dn, "member", &[&una.dn]));
    let mut follower = Follower::at(&scene, "ADMIN", disk.0.join("changes-contoso.test.db"));
    follower.start();
    follower.is_complete();
    let ballast = disk.0.join("ballast");
    // Something else fills the disk to the last block.
    let full =
        Command::new("dd").args(["if=/dev/zero", "bs=4k"]).arg(format!("of={}", ballast.display())).output();
    assert!(!full.unwrap().status.success());
    let photo = vec![7u8; 90_000];
    for user in [&una, &ben] {
        scene.hand().change(&Ldif::default().replace(&user.dn, "jpegPhoto", &[&photo]));
    }
    scene.hand().change(&Ldif::default().replace(&una.dn, "title", &["during"]));
    scene.delete([&una]);
    follower.says("there is no room for the change journal");
    assert!(follower.said().contains("nothing is lost, again in"), "{}", follower.said());
    // What was there can be asked meanwhile.
    let journal = follower.journal().expect("it can be read");
    assert!(text(&journal, guid(&una), "sAMAccountName").is_some_and(|name| name == una.sam));
    drop(journal);
    std::fs::remove_file(&ballast).unwrap();
    disk.resize("80m");
    follower.until("the deletion", |follower| {
        let journal = follower.journal().unwrap();
        journal.now(guid(&una)).unwrap().is_some_and(|state| state.status.is_deleted())
    });
    follower.stop();
    follower.once();
    let journal = follower.journal().unwrap();
    let lost = journal.lost(guid(&una)).unwrap().expect("the deletion is known");
    assert!(lost.referrers.iter().any(|link| link.link.other == guid(&crew)), "{lost:?}");
    assert_eq!(journal.now(guid(&ben)).unwrap().unwrap().attribute("jpegPhoto").unwrap().values, [photo]);
    for object in [&una, &ben, &crew] {
        nothing_is_doubled(&journal, guid(object));
    }
    assert!(!follower.said().contains("damaged"), "{}", follower.said());
}

/// The files that were set aside.
fn set_aside(path: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.to_string_lossy().contains(".db.damaged-")).collect()
}

/// Whether it is one of the files that SQLite keeps beside a journal.
fn is_beside(file: &Path) -> bool {
    ["-wal", "-shm"].iter().any(|ending| file.to_string_lossy().contains(ending))
}

/// Found, said, set aside and begun anew: while it runs where it meets the damage, and else when it begins the next time, or a day is
/// over. (What SQLite holds in memory hides the file.)
#[test]
fn a_journal_that_is_damaged_while_it_is_written() {
    let Some(scene) = Scene::new() else { return };
    let una = scene.user("Una").with("description", "one").add();
    let mut follower = Follower::new(&scene, "ADMIN");
    follower.start();
    follower.is_complete();
    follower.stop();
    follower.start();
    // Its pages are in the file now, and not in the log only.
    let file = std::fs::File::options().write(true).open(follower.path()).unwrap();
    let length = file.metadata().unwrap().len();
    assert!(length > 100_000, "{length} octets");
    follower.until("it reads", |follower| follower.said().matches("connected to").count() == 2);
    for at in (4096..length).step_by(4096) {
        file.write_all_at(&[0xa5; 4096], at).unwrap();
    }
    drop(file);
    scene.hand().change(&Ldif::default().replace(&una.dn, "description", &["two"]));
    std::thread::sleep(Duration::from_secs(2));
    if !follower.said().contains("a new one was begun") {
        follower.kill();
        follower.start();
    }
    follower.says("a new one was begun");
    assert_eq!(set_aside(follower.path()).iter().filter(|file| !is_beside(file)).count(), 1);
    follower.is_complete();
    let id = guid(&una);
    let is = |now: &'static str| {
        move |follower: &Follower<'_>| {
            let journal = follower.journal();
            journal.is_some_and(|journal| text(&journal, id, "description").as_deref() == Some(now))
        }
    };
    follower.until("it goes on", is("two"));
    scene.hand().change(&Ldif::default().replace(&una.dn, "description", &["three"]));
    follower.until("it follows", is("three"));
    follower.stop();
    let journal = follower.journal().unwrap();
    assert_eq!(journal.check().unwrap(), [""; 0]);
    assert_eq!(nothing_is_doubled(&journal, guid(&una)).get("description"), Some(&1));
}

/// However often it is killed on the way, the first full read comes to its end, and makes no changes.
#[test]
fn killed_in_the_first_full_read() {
    let Some(scene) = Scene::new() else { return };
    let [una, ben] = scene.add([scene.user("Una"), scene.user("Ben")]);
    let crew = scene.group("Crew").add();
    scene.hand().change(&Ldif::default().add_values(&crew.dn, "member", &[&una.dn, &ben.dn]));
    let mut follower = Follower::new(&scene, "ADMIN");
    let mut partial = 0;
    for round in 1..=14 {
        follower.start();
        std::thread::sleep(Duration::from_millis(round * 70));
        follower.kill();
        let contexts = follower.journal().and_then(|journal| journal.contexts().ok()).unwrap_or_default();
        partial += usize::from(contexts.len() < 5 || contexts.iter().any(|context| context.is_reading));
    }
    assert!(partial > 1, "it was never killed on the way");
    follower.once();
    let journal = follower.journal().unwrap();
    assert_eq!(journal.check().unwrap(), [""; 0]);
    for object in [&una, &ben, &crew] {
        assert!(journal.now(guid(object)).unwrap().is_some());
        assert!(journal.history(guid(object)).unwrap().is_empty(), "{:?}", journal.history(guid(object)));
    }
    assert_eq!(journal.now(guid(&crew)).unwrap().unwrap().links.len(), 2);
    scene.delete([&ben]);
    follower.once();
    assert_eq!(follower.journal().unwrap().lost(guid(&ben)).unwrap().unwrap().referrers.len(), 1);
}

/// A position that the domain controller does not take: all is read and compared, and nothing is appended.
#[test]
fn a_position_that_is_refused() {
    let Some(scene) = Scene::new() else { return };
    let [una, ben] = scene.add([scene.user("Una").with("title", "one"), scene.user("Ben")]);
    let mut follower = Follower::new(&scene, "ADMIN");
    follower.once();
    let before = follower.journal().unwrap().status().unwrap();
    // The octets of the server's own position, turned over.
    let turned = r#"
import re, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for i, text in db.execute("SELECT id, cursor_text FROM contexts").fetchall():
    new = re.sub(r"[0-9a-f]{40,}", lambda m: m.group()[:24] + "".join("%x" % (15 - int(c, 16)) for c in m.group()[24:]), text)
    new = re.sub(r"[A-Za-z0-9+/]{40,}", lambda m: m.group()[:32] + m.group()[32:].swapcase(), new)
    if new != text: print("turned")
    db.execute("UPDATE contexts SET cursor_text = ? WHERE id = ?", (new, i))
db.commit()
"#;
    let done = Command::new("python3").args(["-c", turned]).arg(follower.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&done.stdout).contains("turned"), "{done:?}");
    scene.hand().change(&Ldif::default().replace(&una.dn, "title", &["two"]));
    scene.delete([&ben]);
    follower.start();
    follower.says("to compare it");
    follower.until("what changed", |follower| {
        let journal = follower.journal().unwrap();
        text(&journal, guid(&una), "title").is_some_and(|title| title == "two")
            && journal.lost(guid(&ben)).unwrap().is_some()
    });
    follower.stop();
    let journal = follower.journal().unwrap();
    assert_eq!(journal.check().unwrap(), [""; 0]);
    assert_eq!(nothing_is_doubled(&journal, guid(&una)).get("title"), Some(&1));
    assert_eq!(creations(&journal, guid(&una)), 0, "what was there is not new");
    assert_eq!(journal.history(guid(&ben)).unwrap().len(), 1);
    let after = journal.status().unwrap();
    // Other tests are at work; what they do is not as much as all that there is.
    assert!(after.changes - before.changes < before.objects.live / 2, "{before:?} {after:?}");
}

/// This computer's clock is set forward and back while it runs: what it waits for is not measured by it, and what the directory
/// says of times holds.
#[test]
fn a_clock_that_is_set() {
    let Some(scene) = Scene::new() else { return };
    let library =
        ["x86_64", "aarch64"].map(|arch| format!("/usr/lib/{arch}-linux-gnu/faketime/libfaketime.so.1"));
    let Some(library) = library.iter().find(|path| Path::new(path).exists()) else {
        eprintln!("skipped: the package faketime is not there");
        return;
    };
    let una = scene.user("Una").with("title", "0").add();
    let mut follower = Follower::new(&scene, "ADMIN");
    let clock = scene.file_with("clock", "+0");
    let set = |offset: &str| std::fs::write(&clock, offset).unwrap();
    let preload = format!("LD_PRELOAD={library}");
    let file = format!("FAKETIME_TIMESTAMP_FILE={}", clock.display());
    follower.by(["env", &preload, &file, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]);
    follower.start();
    follower.is_complete();
    for (number, offset) in ["+30d", "-30d", "+2h", "+0"].into_iter().enumerate() {
        set(offset);
        // The directory's times are whole seconds: what is asked of the first change's second shall not be the second one's.
        std::thread::sleep(Duration::from_millis(1100));
        let title = (number + 1).to_string();
        scene.hand().change(&Ldif::default().replace(&una.dn, "title", &[&title]));
        let took = follower.until("the change", |follower| {
            text(&follower.journal().unwrap(), guid(&una), "title").as_ref() == Some(&title)
        });
        assert!(took < Duration::from_secs(10), "{offset}: {took:?}");
    }
    follower.stop();
    let journal = follower.journal().unwrap();
    assert_eq!(nothing_is_doubled(&journal, guid(&una)).get("title"), Some(&4));
    let history = journal.history(guid(&una)).unwrap();
    let (first, last) = (history[0].happened, history[3].happened);
    let times: Vec<i64> = history.iter().map(|change| (change.seen - change.happened).num_hours()).collect();
    // When it was seen is this computer's time, when it happened the domain controller's.
    assert!(times[0] > 600 && times[1] < -600 && times[2] >= 1 && times[3].abs() < 1, "{times:?}");
    assert!((0..3600).contains(&(last - first).num_seconds()), "{history:?}");
    let at = journal.at(guid(&una), first).unwrap().unwrap();
    assert_eq!(at.attribute("title").unwrap().values, [b"1"]);
    assert!(!follower.said().contains("to compare it"), "{}", follower.said());
}
