use adrecover_core::change::{Batch, FullRead, Phase};

use super::*;
use crate::ber::{self, tag};
use crate::framer::op;
use crate::testing::*;

/// A `replPropertyMetaData` value with the given (attribute, version, local number) records.
pub(crate) fn metadata(records: &[(u32, u32, u64)]) -> Vec<u8> {
    let mut out = vec![1, 0, 0, 0, 0, 0, 0, 0];
    out.extend((records.len() as u32).to_le_bytes());
    out.extend([0; 4]);
    for (attribute, version, usn) in records {
        out.extend(attribute.to_le_bytes());
        out.extend(version.to_le_bytes());
        out.extend(13_406_000_000u64.to_le_bytes());
        out.extend([7; 16]);
        out.extend(99u64.to_le_bytes());
        out.extend(usn.to_le_bytes());
    }
    out
}

fn guid(number: u8) -> ObjectGuid {
    ObjectGuid::from_wire(&[number; 16]).unwrap()
}

/// The head of the naming context is 200, the database 100.
const HEAD: u8 = 200;
const DATABASE: u8 = 100;

/// What is asked before anything is read: the schema once, then the head once, and the database each time.
fn schema() -> Step {
    step(|a| {
        let one = |name: &str, oid: &str| {
            let values = |text: &str| vec![text.as_bytes().to_vec()];
            entry(a.id, "CN=a", &[("lDAPDisplayName", values(name)), ("attributeID", values(oid))])
        };
        let parts = [one("description", "2.5.4.13"), one("objectClass", "2.5.4.0"), page_end(a.id, b"")];
        vec![Act::Send(parts.concat())]
    })
}

fn one(name: &'static str, number: u8) -> Step {
    step(move |a| {
        let found = entry(a.id, "DC=x", &[(name, vec![vec![number; 16]])]);
        vec![Act::Send([found, result(a.id, op::DONE, 0, "")].concat())]
    })
}

fn begin(mut steps: Vec<Step>) -> Vec<Step> {
    let mut all = vec![schema(), one("objectGUID", HEAD), one("invocationId", DATABASE)];
    all.append(&mut steps);
    all
}

fn with(steps: Vec<Step>) -> Connection {
    Connection { usn: Some(5000), steps, ..Connection::default() }
}

fn object(id: u32, number: u8) -> Vec<u8> {
    let text = |t: &str| vec![t.as_bytes().to_vec()];
    let attributes = [
        ("objectGUID", vec![vec![number; 16]]),
        ("objectClass", text("top")),
        ("description", text("d")),
        ("unicodePwd", text("secret")),
    ];
    entry(id, &format!("CN=o{number},DC=x"), &attributes)
}

/// The end of a DirSync reply.
fn sync_end(id: u32, has_more: bool, cookie: &[u8]) -> Vec<u8> {
    let value = [ber::integer(u32::from(has_more)), ber::integer(0), string(cookie)].concat();
    let value = ber::element(tag::SEQUENCE, &value);
    result_with(id, op::DONE, 0, &[[string(b"1.2.840.113556.1.4.841"), string(&value)].concat()])
}

fn page(numbers: &'static [u8], has_more: bool, cookie: &'static [u8]) -> Step {
    step(move |a| {
        let mut octets: Vec<u8> = numbers.iter().flat_map(|n| object(a.id, *n)).collect();
        octets.extend(sync_end(a.id, has_more, cookie));
        vec![Act::Send(octets)]
    })
}

fn refusal(code: u32, text: &'static str) -> Step {
    step(move |a| vec![Act::Send(result(a.id, op::DONE, code, text))])
}

async fn changes(fake: &Fake, way: Way) -> Changes {
    Changes::open(fake.session().await, way).await.unwrap()
}

async fn read(changes: &mut Changes, from: Option<&Cursor>) -> Result<Vec<Batch>, ChangesError> {
    let mut batches = vec![];
    let mut reading = bounded(changes.read(&"DC=x".parse().unwrap(), from)).await?;
    while let Some(batch) = bounded(reading.next()).await? {
        batches.push(batch);
    }
    assert!(bounded(reading.next()).await.is_ok_and(|end| end.is_none()));
    Ok(batches)
}

fn numbers(batches: &[Batch]) -> Vec<Vec<ObjectGuid>> {
    batches.iter().map(|batch| batch.objects.iter().map(|object| object.guid).collect()).collect()
}

fn cursor(cookie: &[u8]) -> Cursor {
    let position = Position::DirSync { cookie: cookie.to_vec(), own_rights: false, full: None };
    Cursor { context: guid(HEAD), invocation: guid(DATABASE), usn: 4000, position }
}

#[tokio::test]
async fn page_by_page_with_a_cursor_each() {
    let steps = vec![page(&[1, 2], true, b"one"), page(&[], true, b"two"), page(&[3], false, b"three")];
    let fake = Fake::one(begin(steps)).await;
    // Without a number there is no stand.
    assert!(read(&mut changes(&fake, Way::DirSync).await, None).await.is_err());

    let steps = vec![page(&[1, 2], true, b"one"), page(&[], true, b"two"), page(&[3], false, b"three")];
    let fake = Fake::start(vec![with(begin(steps))]).await;
    let batches = read(&mut changes(&fake, Way::DirSync).await, None).await.unwrap();
    assert_eq!(numbers(&batches), [vec![guid(1), guid(2)], vec![], vec![guid(3)]]);
    assert_eq!(batches.iter().map(|b| b.is_first).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(batches.iter().map(|b| b.is_last).collect::<Vec<_>>(), [false, false, true]);
    assert!(batches.iter().all(|batch| batch.phase == Phase::Full));
    let kept: Vec<(Option<FullRead>, u64)> =
        batches.iter().map(|b| b.cursor.as_ref().map(|c| (c.full(), c.usn)).unwrap()).collect();
    assert_eq!(kept, [(Some(FullRead::Cookie), 5000), (Some(FullRead::Cookie), 5000), (None, 5000)]);
    let first = &batches[0].objects[0];
    let names: Vec<&str> = first.attributes.iter().map(|a| a.name.as_ref()).collect();
    assert_eq!((first.is_whole, names), (true, vec!["objectClass", "description"]));
    let asked = fake.asked.lock().unwrap().clone();
    let pages: Vec<_> = asked.iter().filter(|a| a.mentions("1.2.840.113556.1.4.841")).collect();
    assert_eq!(pages.len(), 3);
    assert!(pages[1].mentions("\x04\x03one") && pages[2].mentions("\x04\x03two"));
    assert!(pages.iter().all(|a| a.mentions("description") && !a.mentions("unicodePwd")));
}

#[tokio::test]
async fn a_connection_cut_in_each_page() {
    let broken = |number: u8| step(move |a| vec![Act::Send(object(a.id, number)), Act::Close]);
    let fake = Fake::start(vec![
        with(begin(vec![broken(1)])),
        with(vec![page(&[1, 2], true, b"one"), broken(3)]),
        with(vec![page(&[3], true, b"two"), broken(4)]),
        with(vec![page(&[4], false, b"three")]),
    ])
    .await;
    let mut changes = changes(&fake, Way::DirSync).await;
    let batches = read(&mut changes, None).await.unwrap();
    assert_eq!(numbers(&batches), [vec![guid(1), guid(2)], vec![guid(3)], vec![guid(4)]]);
    // Where it breaks again and again it ends.
    let broken = || with(vec![step(|_| vec![Act::Close])]);
    let fake = Fake::start(vec![
        with(begin(vec![step(|_| vec![Act::Close])])),
        broken(),
        broken(),
        broken(),
        broken(),
    ])
    .await;
    let mut changes = self::changes(&fake, Way::DirSync).await;
    let error = read(&mut changes, None).await.unwrap_err();
    assert!(matches!(error, ChangesError::Directory(DirectoryError::ConnectionLost { .. })), "{error}");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let once = async |way, from: Option<Cursor>, answer: Step| {
        let fake = Fake::start(vec![with(begin(vec![answer]))]).await;
        read(&mut changes(&fake, way).await, from.as_ref()).await.unwrap_err()
    };
    let error = once(Way::DirSync, None, refusal(50, "00002105")).await;
    assert!(matches!(error, ChangesError::RightMissing { .. }), "{error}");
    let error = once(Way::DirSync, None, refusal(12, "0000202C")).await;
    assert!(matches!(error, ChangesError::NotOffered { .. }), "{error}");
    for code in [1, 2, 12, 53, 80] {
        let error = once(Way::DirSync, Some(cursor(b"old")), refusal(code, "")).await;
        assert!(matches!(error, ChangesError::CursorRefused { .. }) && error.needs_full_read(), "{error}");
    }
    for code in [51, 52] {
        let error = once(Way::DirSync, Some(cursor(b"old")), refusal(code, "")).await;
        assert!(matches!(error, ChangesError::Directory(_)) && !error.needs_full_read(), "{error}");
    }
    // A reply without the control, and one that goes nowhere: the connection is given up, and nobody else is there.
    let error = once(Way::DirSync, None, refusal(0, "")).await;
    assert!(error.to_string().contains("connection") || error.to_string().contains("refused"), "{error}");
    let error = once(Way::DirSync, Some(cursor(b"same")), page(&[], true, b"same")).await;
    assert!(!error.needs_full_read(), "{error}");
}

#[tokio::test]
async fn the_next_way_is_taken_at_the_beginning_only() {
    let found = step(|a| vec![Act::Send([object(a.id, 1), page_end(a.id, b"")].concat())]);
    let nothing = step(|a| vec![Act::Send(page_end(a.id, b""))]);
    let fake = Fake::start(vec![with(begin(vec![found, nothing]))]).await;
    // The fake server does not offer DirSync.
    let batches = read(&mut changes(&fake, Way::Best).await, None).await.unwrap();
    let cursor = batches[1].cursor.clone().unwrap();
    assert_eq!(cursor.position, Position::Usn { after: 5000, full: None });
    assert!(batches[0].is_first && batches[1].is_last && batches[0].objects[0].is_whole);

    let fake = Fake::start(vec![with(begin(vec![refusal(50, "")]))]).await;
    let mut changes = changes(&fake, Way::Best).await;
    let error = read(&mut changes, Some(&self::cursor(b"old"))).await.unwrap_err();
    assert!(matches!(error, ChangesError::RightMissing { .. }), "{error}");
}

#[tokio::test]
async fn nothing_is_asked_where_nothing_has_changed() {
    let fake = Fake::start(vec![with(begin(vec![]))]).await;
    let cursor = Cursor { usn: 5000, ..cursor(b"old") };
    let batches = read(&mut changes(&fake, Way::DirSync).await, Some(&cursor)).await.unwrap();
    assert_eq!((batches.len(), batches[0].objects.len(), batches[0].is_last), (1, 0, true));
    assert_eq!(batches[0].cursor.as_ref(), Some(&cursor));
    let asked = fake.asked.lock().unwrap().clone();
    assert!(!asked.iter().any(|a| a.mentions("1.2.840.113556.1.4.841")));
}

/// A program that is killed between two pages of changes must not take the rest for read.
#[tokio::test]
async fn a_cursor_in_the_middle_is_no_end() {
    let stamps = || step(|a| vec![Act::Send(page_end(a.id, b""))]);
    let steps = vec![page(&[1], true, b"one"), stamps(), page(&[2], false, b"two"), stamps()];
    let fake = Fake::start(vec![with(begin(steps))]).await;
    let batches = read(&mut changes(&fake, Way::DirSync).await, Some(&cursor(b"old"))).await.unwrap();
    let usns: Vec<u64> = batches.iter().map(|batch| batch.cursor.as_ref().unwrap().usn).collect();
    assert_eq!(usns, [4000, 5000]);
    assert!(batches.iter().all(|batch| batch.phase == Phase::Following && !batch.is_first));
}

/// What was written after the reply was asked for may be newer than the value in it.
#[tokio::test]
async fn a_stamp_is_that_of_the_value() {
    let stamped = |value: &'static str, stamp: u64| {
        step(move |a| {
            let text = |t: &str| vec![t.as_bytes().to_vec()];
            let attributes = [
                ("objectGUID", vec![vec![1; 16]]),
                ("uSNChanged", text(&stamp.to_string())),
                ("description", text(value)),
                ("replPropertyMetaData", vec![metadata(&[(13, 4, stamp)])]),
            ];
            vec![Act::Send([entry(a.id, "CN=o1,DC=x", &attributes), page_end(a.id, b"")].concat())]
        })
    };
    let description = async |steps: Vec<Step>| {
        let fake = Fake::start(vec![with(begin(steps))]).await;
        let batches = read(&mut changes(&fake, Way::DirSync).await, Some(&cursor(b"old"))).await.unwrap();
        let attribute = batches[0].objects[0].attribute("description").unwrap().clone();
        (attribute.values, attribute.stamp.map(|stamp| stamp.version), batches[0].objects[0].usn)
    };
    let known = description(vec![page(&[1], false, b"new"), stamped("not read", 4999)]).await;
    assert_eq!(known, (vec![b"d".to_vec()], Some(4), Some(4999)));
    let newer = vec![page(&[1], false, b"new"), stamped("not read", 5001), stamped("newer", 5001)];
    assert_eq!(description(newer).await, (vec![b"newer".to_vec()], Some(4), Some(5001)));
    let unreadable = vec![page(&[1], false, b"new"), stamped("not read", 5001), page(&[], false, b"")];
    assert_eq!(description(unreadable).await, (vec![b"d".to_vec()], None, Some(5001)));
}

/// As Samba sends them: more entries in one reply than any page has, taken in small lots.
#[tokio::test]
async fn a_reply_of_any_length() {
    let many = step(|a| {
        let mut octets = vec![];
        for number in 0..30_000u32 {
            let guid = [&number.to_be_bytes()[..], &[9; 12]].concat();
            octets.extend(entry(a.id, "CN=o,DC=x", &[("objectGUID", vec![guid])]));
        }
        octets.extend(sync_end(a.id, false, b"end"));
        vec![Act::Send(octets)]
    });
    let fake = Fake::start(vec![with(begin(vec![many]))]).await;
    let batches = read(&mut changes(&fake, Way::DirSync).await, None).await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.objects.len()).sum::<usize>(), 30_000);
    assert!(batches.iter().all(|batch| batch.objects.len() <= 2000));
    assert_eq!(batches.iter().filter(|batch| batch.cursor.is_some()).count(), 1);
}

fn samba(steps: Vec<Step>) -> Connection {
    Connection { usn: Some(10_000), is_samba: true, steps, ..Connection::default() }
}

/// The windows that were asked for, in that order.
fn windows(fake: &Fake) -> Vec<&'static str> {
    let asked = fake.asked.lock().unwrap().clone();
    let kinds = [("4096", "second"), ("4095", "first"), ("8192", "third")];
    let pages = asked.iter().filter(|a| a.mentions("1.2.840.113556.1.4.841"));
    pages.filter_map(|a| kinds.iter().find(|(number, _)| a.mentions(number)).map(|(_, name)| *name)).collect()
}

/// The next window is asked for while this one is read, and the first one's cookie is the one to go on from.
#[tokio::test]
async fn samba_is_asked_ahead() {
    let steps = vec![page(&[1], false, b"one"), page(&[2, 3], false, b"two"), page(&[4], false, b"three")];
    let fake = Fake::start(vec![samba(begin(steps))]).await;
    let mut changes = changes(&fake, Way::DirSync).await;
    let mut reading = changes.read(&"DC=x".parse().unwrap(), None).await.unwrap();
    let first = bounded(reading.next()).await.unwrap().unwrap();
    assert_eq!(windows(&fake), ["first", "second"]);
    assert_eq!(first.cursor.as_ref().unwrap().full(), Some(FullRead::Usn { from: 4_096 }));
    let mut batches = vec![first];
    while let Some(batch) = bounded(reading.next()).await.unwrap() {
        batches.push(batch);
    }
    assert_eq!(numbers(&batches), [vec![guid(1)], vec![guid(2), guid(3)], vec![guid(4)]]);
    assert_eq!(windows(&fake), ["first", "second", "third"]);
    let position = &batches[2].cursor.as_ref().unwrap().position;
    assert_eq!(*position, Position::DirSync { cookie: b"one".into(), own_rights: false, full: None });
}

/// What was asked ahead went with the connection: nothing is lost, and nothing comes from the wrong window.
#[tokio::test]
async fn a_connection_that_breaks_with_two_windows_under_way() {
    let broken = step(|a| vec![Act::Send(object(a.id, 2)), Act::Close]);
    let smaller = |number: &'static [u8]| page(number, false, b"later");
    let fake = Fake::start(vec![
        samba(begin(vec![page(&[1], false, b"one"), broken])),
        // The second in parts, and the rest.
        samba(vec![smaller(&[2]), smaller(&[3]), smaller(&[]), smaller(&[4])]),
    ])
    .await;
    let batches = read(&mut changes(&fake, Way::DirSync).await, None).await.unwrap();
    let objects: Vec<ObjectGuid> = numbers(&batches).concat();
    assert_eq!(objects, [1, 2, 3, 4].map(guid));
    let last = batches.last().unwrap().cursor.as_ref().unwrap();
    assert_eq!(last.position, Position::DirSync { cookie: b"one".into(), own_rights: false, full: None });
}

/// A server that answers what was asked ahead first, and much of it: it is dropped and asked for again in its turn.
#[tokio::test]
async fn a_window_that_overtakes_is_given_up() {
    let ids = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
    let held = ids.clone();
    let hold = step(move |a| {
        held.lock().unwrap().push(a.id);
        vec![]
    });
    let overtake = step(move |a| {
        let first = ids.lock().unwrap()[0];
        let mut octets: Vec<u8> = (0..60_000).flat_map(|_| object(a.id, 9)).collect();
        octets.extend(object(first, 1));
        octets.extend(sync_end(first, false, b"one"));
        octets.extend(sync_end(a.id, false, b"two"));
        vec![Act::Send(octets)]
    });
    let steps = vec![hold, overtake, page(&[2], false, b"two"), page(&[3], false, b"three")];
    let fake = Fake::start(vec![samba(begin(steps))]).await;
    let batches = read(&mut changes(&fake, Way::DirSync).await, None).await.unwrap();
    assert_eq!(numbers(&batches), [vec![guid(1)], vec![guid(2)], vec![guid(3)]]);
    assert_eq!(windows(&fake), ["first", "second", "second", "third"]);
}
