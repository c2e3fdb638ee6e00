//! What the service manager hears.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use adrecover_agent::Notifier;

use crate::stage::{Stage, quick};
use crate::told::company;

#[test]
fn ready_alive_stopping() {
    let stage = Stage::new(company());
    stage.directory.away.set(true);
    let path = stage.folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_nonblocking(true).unwrap();
    let mut setup = stage.setup();
    setup.notifier = Notifier::of(path.as_os_str(), Some(Duration::from_millis(200))).unwrap();
    let mut heard: Vec<String> = vec![];
    let hear = |heard: &mut Vec<String>| {
        let mut buffer = [0; 1000];
        while let Ok(length) = manager.recv(&mut buffer) {
            heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
    };
    let is = |heard: &[String], what: &str| heard.iter().filter(|line| *line == what).count();
    let mut looks = 0;
    stage.until(quick(), setup, || {
        looks += 1;
        hear(&mut heard);
        if looks == 40 {
            // Nobody answers yet: it lives, and is not ready.
            assert!(is(&heard, "READY=1") == 0 && is(&heard, "WATCHDOG=1") > 3, "{heard:?}");
            stage.directory.away.set(false);
        }
        is(&heard, "STATUS=reading changes of dc1") > 0 && looks > 40
    });
    hear(&mut heard);
    assert_eq!((is(&heard, "READY=1"), is(&heard, "STOPPING=1")), (1, 1));
    assert!(heard.iter().any(|line| line.starts_with("STATUS=not connected")), "{heard:?}");
    assert_eq!(heard.last().map(String::as_str), Some("STOPPING=1"));
}

/// An agent that is stuck is not alive: systemd starts another one.
#[test]
fn a_loop_that_does_not_move_is_not_alive() {
    let stage = Stage::new(company());
    let path = stage.folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let mut setup = stage.setup();
    setup.notifier = Notifier::of(path.as_os_str(), Some(Duration::from_millis(100))).unwrap();
    let mut is_stuck = false;
    stage.until(quick(), setup, || {
        if !is_stuck && !stage.directory.reads.borrow().is_empty() {
            is_stuck = true;
            manager.set_nonblocking(true).unwrap();
            let mut buffer = [0; 1000];
            while manager.recv(&mut buffer).is_ok() {}
            // The thread of the loop.
            std::thread::sleep(Duration::from_millis(500));
            assert!(manager.recv(&mut buffer).is_err(), "it said that it lives");
        }
        is_stuck
    });
}
