//! What the fuzz target of event logs calls (`tests/fuzz`).

use std::io::Cursor;
use std::ops::ControlFlow;

use adrecover_core::secrets::is_secret;
use adrecover_core::source::{Direction, Event, EventKind, Link, Object, Selection, Source};

use super::{Log, testing};

/// The records of a chunk, in a log that is well-formed around them; and the octets as a log themselves.
pub fn evtx(data: &[u8]) {
    read(data.to_vec());
    read(testing::around(data));
}

fn read(file: Vec<u8>) {
    let length = file.len();
    let Ok(mut log) = Log::read("evtx:x", Cursor::new(file)) else { return };
    let mut objects = vec![];
    let mut take = |object: Object| {
        objects.push(object);
        ControlFlow::Continue(())
    };
    log.list(&Selection::everything(), &mut take).expect("damage is no failure");
    assert!(objects.len() <= length);
    for object in &objects {
        assert!(object.entry.attributes.iter().all(|attribute| !is_secret(&attribute.name)));
        for direction in [Direction::Holds, Direction::PointedTo] {
            let mut take = |_: Link| ControlFlow::Continue(());
            log.links(object, direction, &mut take).expect("damage is no failure");
        }
    }
    let mut take = |event: Event| {
        if let EventKind::Changed(changes) = event.kind {
            assert!(changes.iter().all(|change| !is_secret(&change.attribute) || change.values.is_empty()));
        }
        ControlFlow::Continue(())
    };
    log.events(None, &mut take).expect("damage is no failure");
}
