//! What cannot be gone on with is refused, and what breaks on the way is read once more.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use adrecover_core::change::{FullRead, Position};

use super::full::{Schema, compare, dump};
use super::*;

/// A way to the lab that breaks when it is told to.
pub(super) struct Cutter {
    port: u16,
    shared: Arc<Cuts>,
}

#[derive(Default)]
struct Cuts {
    /// After so many octets more of the server all connections are cut, once; 0: never.
    left: AtomicU64,
    done: AtomicUsize,
    connections: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Cutter {
    pub(super) fn to(lab: &crate::support::Lab) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = format!("{}:636", lab.address);
        let shared = Arc::new(Cuts::default());
        let cuts = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&target) else { continue };
                cuts.connections.fetch_add(1, Ordering::SeqCst);
                let copies = || [client.try_clone().unwrap(), server.try_clone().unwrap()];
                cuts.open.lock().unwrap().extend(copies());
                let [from, to] = copies();
                std::thread::spawn(move || forward(from, to, None));
                let cuts = Arc::clone(&cuts);
                std::thread::spawn(move || forward(server, client, Some(&cuts)));
            }
        });
        Self { port, shared }
    }

    /// `localhost` is a name in the lab's certificate.
    pub(super) fn url(&self) -> String {
        format!("ldaps://localhost:{}", self.port)
    }

    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Cuts everything now.
    pub(super) fn cut(&self) {
        self.shared.cut();
    }

    /// Cuts everything once so many octets more have come.
    fn cut_after(&self, octets: u64) {
        self.shared.left.store(octets, Ordering::SeqCst);
    }

    /// How often it was cut.
    fn done(&self) -> usize {
        self.shared.done.load(Ordering::SeqCst)
    }
}

impl Cuts {
    fn cut(&self) {
        self.done.fetch_add(1, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whether the connections are to be cut after these octets.
    fn count(&self, octets: u64) -> bool {
        let left = self.left.load(Ordering::SeqCst);
        let after = left.saturating_sub(octets);
        left != 0
            && self.left.compare_exchange(left, after, Ordering::SeqCst, Ordering::SeqCst).is_ok()
            && after == 0
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, cuts: Option<&Cuts>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if cuts.is_some_and(|cuts| cuts.count(length as u64)) {
            cuts.unwrap().cut();
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

#[test]
fn a_connection_that_is_cut_in_every_page() {
    let Some(scene) = Scene::new() else { return };
    let schema = Schema::read(&scene);
    for way in [Way::DirSync, Way::OwnRights, Way::Numbers] {
        let cutter = Cutter::to(scene.lab);
        run(async {
            let session =
                Session::connect(&options(&scene, &scene.lab.account("ADMIN"), &cutter.url())).await;
            let mut changes = Changes::open(session.unwrap(), way).await.unwrap();
            let context = domain(&changes);
            let before = dump(&scene, &schema, &scene.lab.base);
            let mut mirror = Mirror::default();
            let (mut pages, mut last) = (0, None);
            let mut reading = changes.read(&context, None).await.unwrap();
            cutter.cut_after(150_000);
            while let Some(batch) = reading.next().await.unwrap() {
                assert_eq!(batch.is_first, pages == 0 && last.is_none());
                mirror.take(&batch);
                if batch.cursor.is_some() {
                    // It held, so that the next page breaks too.
                    pages += 1;
                    cutter.cut_after(20_000);
                }
                last = Some(batch);
            }
            cutter.cut_after(0);
            let after = dump(&scene, &schema, &scene.lab.base);
            // A page that was asked for ahead may be here before the cut.
            let cuts = cutter.done();
            assert!(pages > 1 && cuts > 1 && cuts * 3 >= pages, "{way:?}: {pages} pages, {cuts} cuts");
            compare(&before, &mirror, &after, way, &context);

            let cursor = last.unwrap().cursor.unwrap();
            let user = scene.user("Cut").with("description", "x".repeat(900)).add();
            cutter.cut_after(700);
            let told = read(&mut changes, &context, Some(&cursor)).await.unwrap();
            let mut objects = told.iter().flat_map(|batch| &batch.objects);
            assert!(objects.any(|object| object.guid.to_string() == user.guid), "{way:?}");
            scene.hand().change(&crate::support::Ldif::default().delete(&user.dn));
        });
    }
}

#[test]
fn a_full_read_goes_on_where_it_was() {
    let Some(scene) = Scene::new() else { return };
    let schema = Schema::read(&scene);
    for way in [Way::DirSync, Way::Numbers] {
        run(async {
            let mut changes = open(&scene, "ADMIN", way).await;
            let context = domain(&changes);
            let before = dump(&scene, &schema, &scene.lab.base);
            let all = read(&mut changes, &context, None).await.unwrap();
            let usn = all[0].cursor.as_ref().or(all.last().unwrap().cursor.as_ref()).unwrap().usn;
            let mut cursor = all.last().unwrap().cursor.clone().unwrap();
            // As it was kept half-way, before the program was killed.
            let middle = Some(FullRead::Usn { from: usn / 2 });
            match &mut cursor.position {
                Position::DirSync { full, .. } | Position::Usn { full, .. } => *full = middle,
            }
            let number = |object: &&adrecover_core::change::ObjectChange| {
                before.get(&object.guid).is_some_and(|(number, _)| number.parse::<u64>().unwrap() < usn / 2)
            };
            let mut half = all.clone();
            for batch in &mut half {
                batch.objects.retain(|object| number(&object));
                batch.is_last = false;
            }
            let rest = read(&mut changes, &context, Some(&cursor)).await.unwrap();
            assert!(rest.iter().all(|batch| !batch.is_first));
            let mut mirror = Mirror::default();
            half.iter().chain(&rest).for_each(|batch| mirror.take(batch));
            let after = dump(&scene, &schema, &scene.lab.base);
            compare(&before, &mirror, &after, way, &context);
            assert_eq!(rest.last().unwrap().cursor.as_ref().unwrap().full(), None);
        });
    }
}

#[test]
fn cursors_that_are_no_good() {
    let (Some(scene), Some(other)) = (Scene::new(), Scene::with_bin()) else { return };
    run(async {
        let follower = Follower::start(&scene, "ADMIN", Way::DirSync).await;
        let Follower { mut changes, domain, cursor, .. } = follower;
        let refused = |result: Result<Vec<Batch>, ChangesError>| {
            let error = result.expect_err("it is taken");
            assert!(error.needs_full_read() && error.hint().is_some(), "{error}");
            error
        };

        let with_cookie = |cookie: Vec<u8>| {
            let position = Position::DirSync { cookie, own_rights: false, full: None };
            // Not the same number: with that nothing would be asked.
            Cursor { usn: cursor.usn - 1, position, ..cursor.clone() }
        };
        let error = refused(read(&mut changes, &domain, Some(&with_cookie(vec![7; 50]))).await);
        assert!(matches!(error, ChangesError::CursorRefused { .. }), "{error}");

        let ahead = Cursor { usn: cursor.usn + 1_000_000, ..cursor.clone() };
        let error = refused(read(&mut changes, &domain, Some(&ahead)).await);
        assert!(matches!(error, ChangesError::WentBack { had, has, .. } if had > has), "{error}");

        // The domain of the same name in the other lab.
        let elsewhere = Follower::start(&other, "ADMIN", Way::DirSync).await.cursor;
        let error = refused(read(&mut changes, &domain, Some(&elsewhere)).await);
        assert!(matches!(error, ChangesError::OtherContext { .. }), "{error}");

        // Another domain controller of the same domain, and one that was restored in the proper way.
        let replaced = Cursor { context: cursor.context, usn: 1, ..elsewhere };
        let error = refused(read(&mut changes, &domain, Some(&replaced)).await);
        assert!(matches!(error, ChangesError::OtherServer { was, is, .. } if was != is), "{error}");

        // And after all that it goes on.
        assert!(read(&mut changes, &domain, Some(&cursor)).await.is_ok());
    });
}
