//! How large a journal is, how fast it takes objects and changes, and how much memory that takes.
//!
//! `cargo run --release -p adrecover-journal --example weigh -- [OBJECTS [CHANGES [plain|encrypted [ADDRESS]]]]` reads as many users as a first full
//! read would give them in batches of 1000, with 40 attributes, one of 10 security descriptors, a manager and five groups each,
//! then as many changes of one or two attributes and a membership now and then, and prints octets and times for each. Making the
//! batches is not timed. With an address of a PostgreSQL database (and `--features postgres`) the journal is in that, with the password of
//! the variable PGPASSWORD; it must have none of this forest. The memory is the process's peak on Linux, the batches included.

#![expect(clippy::print_stdout, reason = "it is a program that prints figures")]

use std::error::Error;
use std::time::Instant;

use adrecover_core::change::{
    AttributeChange, Batch, Cursor, LinkChange, LinkTarget, ObjectChange, Phase, Position, Stamp, WholeLinks,
};
use adrecover_core::time::Timestamp;
use adrecover_core::{ObjectGuid, Sid};
use adrecover_journal::{Journal, JournalPlace, Key, Options, PostgresAddress, Writer};

const BATCH: usize = 1000;
const DOMAIN: &str = "DC=contoso,DC=com";

fn guid(kind: u8, n: usize) -> ObjectGuid {
    // Spread as the random GUIDs of a directory are.
    let spread = (n as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let mut octets = spread.to_le_bytes();
    octets[15] = kind;
    ObjectGuid::from_wire(&octets).unwrap_or_else(|_| unreachable!("16 octets"))
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_793_000_000 + seconds, 0).unwrap_or_default()
}

/// 40 attributes of the length that such values have in an organisation with Exchange.
fn attributes(n: usize) -> Vec<AttributeChange> {
    let first = ["Ada", "Grace", "Katherine", "Hedy", "Annie", "Barbara", "Radia", "Sophie"][n % 8];
    let last = format!("{}{n:05}", ["Lovelace", "Hopper", "Johnson", "Lamarr", "Easley", "Liskov"][n % 6]);
    let login = format!("{}.{last}", first.to_lowercase()).to_lowercase();
    let mail = format!("{login}@contoso.com");
    let sid = format!("S-1-5-21-1004336348-1177238915-682003330-{}", 1104 + n);
    let sid: Sid = sid.parse().unwrap_or_else(|_| unreachable!("a SID"));
    let text = |text: &str| vec![text.as_bytes().to_vec()];
    let list = |values: &[&str]| values.iter().map(|v| v.as_bytes().to_vec()).collect::<Vec<_>>();
    let descriptor: Vec<u8> = (0..2600).map(|at: usize| (at * 7 + n % 10) as u8).collect();
    let all: Vec<(&'static str, Vec<Vec<u8>>)> = vec![
        ("objectClass", list(&["top", "person", "organizationalPerson", "user"])),
        ("sn", text(&last)),
        ("givenName", text(first)),
        ("displayName", text(&format!("{last}, {first}"))),
        ("instanceType", text("4")),
        ("whenCreated", text("20240301080000.0Z")),
        ("nTSecurityDescriptor", vec![descriptor]),
        ("objectSid", vec![sid.to_wire()]),
        ("sAMAccountName", text(&format!("user{n}"))),
        ("sAMAccountType", text("805306368")),
        ("userPrincipalName", text(&mail)),
        ("objectCategory", text(&format!("CN=Person,CN=Schema,CN=Configuration,{DOMAIN}"))),
        ("userAccountControl", text("512")),
        ("codePage", text("0")),
        ("countryCode", text("276")),
        ("pwdLastSet", text(&format!("1338{n:014}"))),
        ("primaryGroupID", text("513")),
        ("accountExpires", text("9223372036854775807")),
        ("lastLogonTimestamp", text(&format!("1339{n:014}"))),
        ("mail", text(&mail)),
        ("mailNickname", text(&login)),
        (
            "proxyAddresses",
            list(&[
                &format!("SMTP:{mail}"),
                &format!("smtp:{login}@contoso.mail.onmicrosoft.com"),
                &format!("x500:/o=Contoso/ou=Exchange Administrative Group/cn=Recipients/cn={n:032x}"),
            ]),
        ),
        (
            "legacyExchangeDN",
            text(&format!("/o=Contoso/ou=Exchange Administrative Group/cn=Recipients/cn={login}")),
        ),
        ("targetAddress", text(&format!("SMTP:{login}@contoso.mail.onmicrosoft.com"))),
        ("msExchRecipientTypeDetails", text("2147483648")),
        ("msExchVersion", text("88218628259840")),
        ("msExchMailboxGuid", vec![guid(9, n).to_wire().to_vec()]),
        ("mS-DS-ConsistencyGuid", vec![guid(1, n).to_wire().to_vec()]),
        ("title", text("Account Manager")),
        ("department", text(&format!("Department {}", n % 200))),
        ("company", text("Contoso Limited")),
        ("physicalDeliveryOfficeName", text(&format!("Building {}", n % 30))),
        ("telephoneNumber", text(&format!("+49 228 555 {n:05}"))),
        ("mobile", text(&format!("+49 170 555 {n:05}"))),
        ("streetAddress", text("Example Street 1")),
        ("l", text("Bonn")),
        ("postalCode", text("53113")),
        ("c", text("DE")),
        ("employeeID", text(&format!("{:07}", 1_000_000 + n))),
        ("homeDirectory", text(&format!("\\\\files\\home$\\user{n}"))),
    ];
    all.into_iter().map(|(name, values)| AttributeChange { name: name.into(), values, stamp: None }).collect()
}

fn link(attribute: &'static str, target: ObjectGuid, dn: String) -> LinkChange {
    let target = LinkTarget { guid: Some(target), sid: None, dn, data: vec![] };
    LinkChange { attribute: attribute.into(), target, is_present: true, stamp: None }
}

fn user(n: usize) -> ObjectChange {
    let unit = n % 50;
    let mut user = ObjectChange::new(guid(1, n), format!("CN=Person {n},OU=Unit {unit},{DOMAIN}"));
    user.parent = Some(guid(3, unit));
    user.is_whole = true;
    user.whole_links = WholeLinks::All;
    user.attributes = attributes(n);
    user.links = vec![link(
        "manager",
        guid(1, n / 10),
        format!("CN=Person {},OU=Unit {},{DOMAIN}", n / 10, n / 10 % 50),
    )];
    user
}

/// The groups come after the users that they have, as they do where they were changed last.
fn group(n: usize, users: usize, groups: usize) -> ObjectChange {
    let mut group = ObjectChange::new(guid(2, n), format!("CN=Group {n},OU=Groups,{DOMAIN}"));
    group.parent = Some(guid(3, 50));
    group.is_whole = true;
    group.whole_links = WholeLinks::All;
    let text = |text: String| vec![text.into_bytes()];
    for (name, values) in [
        ("objectClass", vec![b"top".to_vec(), b"group".to_vec()]),
        ("sAMAccountName", text(format!("group{n}"))),
        ("groupType", text("-2147483646".into())),
    ] {
        group.attributes.push(AttributeChange { name: name.into(), values, stamp: None });
    }
    for user in (0..users).filter(|user| (0..5).any(|k| (user * 7 + k * 13) % groups == n)) {
        group.links.push(link(
            "member",
            guid(1, user),
            format!("CN=Person {user},OU=Unit {},{DOMAIN}", user % 50),
        ));
    }
    group
}

/// A change of one or two attributes, with stamps; each tenth is a membership.
fn change(n: usize, users: usize) -> ObjectChange {
    let stamp = Some(Stamp {
        version: 2 + (n / users) as u32,
        at: Some(time(100 + n as i64)),
        invocation: guid(4, 0),
        usn: 1_000_000 + n as u64,
    });
    if n % 10 == 9 {
        let mut group = ObjectChange::new(guid(2, n % 7), "");
        let mut member = link("member", guid(1, n % users), String::new());
        (member.stamp, member.is_present) = (stamp, n % 20 == 9);
        group.links.push(member);
        return group;
    }
    let mut user = ObjectChange::new(guid(1, n.wrapping_mul(7919) % users), "");
    let mut put = |name: &'static str, text: String| {
        user.attributes.push(AttributeChange { name: name.into(), values: vec![text.into_bytes()], stamp });
    };
    match n % 3 {
        0 => put("telephoneNumber", format!("+49 228 666 {n:05}")),
        1 => put("lastLogonTimestamp", format!("1340{n:014}")),
        _ => {
            put("title", format!("Senior Account Manager {n}"));
            put("department", format!("Department {}", n % 211));
        }
    }
    user
}

fn batch(
    phase: Phase,
    objects: Vec<ObjectChange>,
    is_first: bool,
    is_last: bool,
) -> Result<Batch, Box<dyn Error>> {
    let position = Position::DirSync { cookie: vec![7; 108], own_rights: false, full: None };
    let cursor = Cursor { context: guid(3, 99), invocation: guid(4, 0), usn: 1, position };
    Ok(Batch { naming_context: DOMAIN.parse()?, phase, is_first, objects, cursor: Some(cursor), is_last })
}

/// The process's peak of memory in megabytes, on Linux.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    let number: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or_default();
    number / 1024.0
}

/// Time that passed, and time of the processor in it: on a machine that others use the second says more.
#[derive(Default)]
struct Spent {
    passed: f64,
    worked: f64,
}

impl Spent {
    fn on<T, E>(&mut self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let (began, before) = (Instant::now(), Self::processor());
        let done = work()?;
        self.passed += began.elapsed().as_secs_f64();
        self.worked += Self::processor() - before;
        Ok(done)
    }

    /// The seconds of the processor that this thread has had, on Linux.
    fn processor() -> f64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        text.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or_default() / 1e9
    }

    fn rates(&self, count: usize) -> String {
        format!(
            "{:.0} a second, {:.0} a second of the processor",
            count as f64 / self.passed,
            count as f64 / self.worked
        )
    }
}

fn octets(path: &JournalPlace) -> Result<u64, Box<dyn Error>> {
    Ok(Journal::open(path, None).or_else(|_| Journal::open(path, Some(&key())))?.status()?.octets)
}

fn key() -> Key {
    Key::new([7; 32])
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let users: usize = arguments.next().map_or(Ok(100_000), |n| n.parse())?;
    let changes: usize = arguments.next().map_or(Ok(100_000), |n| n.parse())?;
    let key = arguments.next().filter(|word| word == "encrypted").map(|_| key());
    let groups = (users / 100).max(20);

    let folder = tempfile::tempdir()?;
    let path = match arguments.next() {
        None => JournalPlace::File(folder.path().join("changes-contoso.com.db")),
        Some(address) => {
            let password = std::env::var("PGPASSWORD").ok().map(Into::into);
            let address = PostgresAddress::read(&address)?.with_password(password);
            JournalPlace::in_database(address, "contoso.com")
        }
    };
    let writer = Writer::open(&path, "contoso.com", &Options { key: key.clone(), max_octets: None })?;
    let full = |at: i64| -> Result<Spent, Box<dyn Error>> {
        let mut spent = Spent::default();
        for start in (0..users).step_by(BATCH) {
            let objects = (start..users.min(start + BATCH)).map(user).collect();
            let batch = batch(Phase::Full, objects, start == 0, false)?;
            spent.on(|| writer.ingest(&batch, time(at)))?;
        }
        for start in (0..groups).step_by(50) {
            let objects = (start..groups.min(start + 50)).map(|n| group(n, users, groups)).collect();
            let batch = batch(Phase::Full, objects, false, start + 50 >= groups)?;
            spent.on(|| writer.ingest(&batch, time(at)))?;
        }
        Ok(spent)
    };

    let objects = users + groups;
    let spent = full(0)?;
    let (size, links) = (octets(&path)?, writer.journal().status()?.links);
    println!(
        "{objects} objects, {links} links: {} octets an object; {}; peak {:.1} MB",
        size / objects as u64,
        spent.rates(objects),
        peak()
    );

    let mut spent = Spent::default();
    for start in (0..changes).step_by(BATCH) {
        let objects = (start..changes.min(start + BATCH)).map(|n| change(n, users)).collect();
        let batch = batch(Phase::Following, objects, false, true)?;
        spent.on(|| writer.ingest(&batch, time(200 + start as i64)))?;
    }
    let kept = writer.journal().status()?.changes;
    println!(
        "{kept} changes: {} octets a change; {}; peak {:.1} MB",
        (octets(&path)? - size) / kept.max(1),
        spent.rates(kept as usize),
        peak(),
    );

    let spent = full(1_000_000)?;
    println!("read again and compared: {}; peak {:.1} MB", spent.rates(objects), peak());

    let mut times = vec![];
    let mut time_of = |what: &str, began: Instant| {
        times.push(format!("{what} {:.1} ms", began.elapsed().as_secs_f64() * 1e3))
    };
    let began = Instant::now();
    drop(writer);
    time_of("closed in", began);
    let began = Instant::now();
    drop(Writer::open(&path, "contoso.com", &Options { key, max_octets: None })?);
    time_of("opened to write and looked through in", began);
    let began = Instant::now();
    let journal = Journal::open(&path, key_of(&path))?;
    time_of("opened to read in", began);
    let began = Instant::now();
    for n in 0..users.min(100) {
        journal.at(guid(1, n), time(150))?.ok_or("an object is missing")?;
    }
    time_of("100 objects as they were in", began);
    let began = Instant::now();
    for n in 0..users.min(100) {
        journal.history(guid(1, n))?;
    }
    time_of("100 histories in", began);
    println!("{}", times.join(", "));
    Ok(())
}

/// The key, where the journal has one.
fn key_of(path: &JournalPlace) -> Option<&'static Key> {
    static KEY: std::sync::OnceLock<Key> = std::sync::OnceLock::new();
    match Journal::open(path, None) {
        Ok(_) => None,
        Err(_) => Some(KEY.get_or_init(key)),
    }
}
