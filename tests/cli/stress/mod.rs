//! Many random changes while agents read them and are killed: in the end their journals are what the directory is.

#[cfg(target_os = "linux")]
mod faults;
mod follower;
mod model;
mod operations;
mod random;
mod whole;

use std::collections::BTreeSet;
use std::time::Duration;

use adrecover_core::ObjectGuid;
use adrecover_journal::{Journal, LostLink};

use crate::support::{Ldif, Scene};
use follower::Follower;
use model::{Class, Membership, Model, ROOT};
use operations::Batch;
use random::Random;
use whole::{Whole, nothing_is_doubled};

/// The accounts whose agents follow: one with the right to read all changes, one without it that may list deleted
/// objects. (Who may not list them is told the GUID of a deletion by Windows, and nothing by Samba.)
const WHO: [&str; 2] = ["ADMIN", "READER"];

#[test]
#[ignore = "it has a domain controller of its own: tests/run stress"]
fn with_tombstones() {
    if let Some(scene) = Scene::new() {
        play(&scene, false, true, operations(600));
    }
}

#[test]
#[ignore = "it has a domain controller of its own: tests/run stress"]
fn with_the_recycle_bin() {
    if let Some(scene) = Scene::with_bin() {
        // Samba undeletes nothing from its bin.
        play(&scene, true, false, operations(400));
    }
}

/// So many, or as many as somebody wants.
fn operations(usual: usize) -> usize {
    let wanted = std::env::var("ADRECOVER_TEST_OPERATIONS").ok();
    wanted.map_or(usual, |wanted| wanted.parse().expect("ADRECOVER_TEST_OPERATIONS is a number"))
}

fn seed(scene: &Scene) -> u64 {
    let wanted = std::env::var("ADRECOVER_TEST_SEED").ok();
    let other = scene.tag.bytes().fold(0, |sum: u64, octet| sum.wrapping_mul(131).wrapping_add(octet.into()));
    wanted.map_or(other, |wanted| wanted.parse().expect("ADRECOVER_TEST_SEED is a number"))
}

fn play(scene: &Scene, has_bin: bool, restores: bool, operations: usize) {
    let seed = seed(scene);
    eprintln!("the same again: ADRECOVER_TEST_SEED={seed} ADRECOVER_TEST_OPERATIONS={operations}");
    let mut random = Random(seed);
    let mut model = Model::new(scene.ou(), &scene.lab.base, &scene.tag, has_bin);
    model.restores = restores;
    let mut followers: Vec<Follower<'_>> = WHO.iter().map(|who| Follower::new(scene, who)).collect();
    for follower in &mut followers {
        follower.start();
        follower.is_complete();
    }
    let root = guid_of(scene, scene.ou());
    let (mut done, mut kills) = (0, 0);
    // The directory's number after each batch.
    let mut numbers = vec![highest_number(scene)];
    while done < operations {
        model.batch += 1;
        let seen: Vec<usize> = followers.iter().map(|follower| seen(follower, &numbers)).collect();
        let wanted = 1 + random.below(12);
        let mut batch = Batch {
            model: &mut model,
            random: &mut random,
            tag: &scene.tag,
            seen: &seen,
            ldif: Ldif::default(),
            added: vec![],
            by_program: None,
        };
        done += (0..wanted).filter(|_| batch.one()).count();
        batch.number();
        let Batch { ldif, added, by_program, .. } = batch;
        // One of them dies while the changes are made.
        let victim = random.one_in(3).then(|| random.below(followers.len()));
        let after = Duration::from_millis(random.below(600) as u64);
        let hand = scene.hand().clone();
        let changing = std::thread::spawn(move || hand.change(&ldif));
        if let Some(victim) = victim {
            std::thread::sleep(after);
            followers[victim].kill();
            kills += 1;
        }
        changing.join().expect("the changes are made");
        look_up(scene, &mut model, &added);
        if let Some(id) = by_program {
            let guid = model.objects[id].guid.clone().unwrap_or_default();
            let was = model.objects[id].parent;
            let parent = if model.objects[was].is_live { was } else { ROOT };
            let arguments = ["restore", "--yes", "-o", "json", "--guid", &guid, "--to", &model.dn(parent)];
            scene.program().args(arguments).run().exits(0);
            model.restore(id, parent);
        }
        numbers.push(highest_number(scene));
        // It stays away for a while.
        for follower in &mut followers {
            if !follower.is_running() && random.one_in(2) {
                follower.kill();
                follower.start();
            }
        }
    }
    for follower in &mut followers {
        if !follower.is_running() {
            follower.kill();
            follower.start();
        }
        let batch = model.batch;
        follower.until("the last batch", |follower| told(follower, root) == batch);
        follower.stop();
    }
    eprintln!("{done} operations in {} batches, {} objects, {kills} kills", model.batch, model.objects.len());
    for (number, follower) in followers.iter().enumerate() {
        let password = std::fs::read_to_string(&follower.account.password_file).unwrap();
        let whole = Whole::look(scene, scene.hand_of(&follower.account.name, &password));
        follower.once();
        let journal = follower.journal().unwrap();
        assert_eq!(journal.check().unwrap(), [""; 0]);
        let compared = whole.compare(&journal);
        let lost = memberships(&model, &journal, number);
        versions(&model, &journal);
        eprintln!("{}: {compared} objects are the same, {lost} memberships are known", WHO[number]);
    }
}

/// The GUIDs of what was added.
fn look_up(scene: &Scene, model: &mut Model, added: &[usize]) {
    if added.is_empty() {
        return;
    }
    // A tombstone has its account's name still.
    let account = |id: &usize| format!("{}-{id}", scene.tag);
    let term = |id: &usize| format!("(adminDescription={0})(sAMAccountName={0})", account(id));
    let filter = format!("(|{})", added.iter().map(term).collect::<String>());
    let found = scene.hand().search(&filter, &["adminDescription", "sAMAccountName", "objectGUID"]);
    for id in added {
        let names = ["adminDescription", "sAMAccountName"];
        let mut entries =
            found.iter().filter(|entry| names.iter().any(|name| entry.text(name) == account(id)));
        let guid = entries.next().map(|entry| ObjectGuid::from_wire(entry.octets("objectGUID")[0]).unwrap());
        model.objects[*id].guid = guid.map(|guid| guid.to_string());
    }
}

fn guid_of(scene: &Scene, dn: &str) -> ObjectGuid {
    let entry = scene.hand().search_in(dn, "base", "(objectClass=*)", &["objectGUID"]).pop().unwrap();
    ObjectGuid::from_wire(entry.octets("objectGUID")[0]).unwrap()
}

/// The number of the last change of the domain controller.
fn highest_number(scene: &Scene) -> u64 {
    let attribute = "highestCommittedUSN";
    let entry = scene.hand().search_in("", "base", "(objectClass=*)", &[attribute]).pop().unwrap();
    entry.text(attribute).parse().unwrap()
}

/// The batch up to which a journal has everything: that is certain of what was there when its last pass began.
fn seen(follower: &Follower<'_>, numbers: &[u64]) -> usize {
    let contexts = follower.journal().and_then(|journal| journal.contexts().ok()).unwrap_or_default();
    let domain = contexts.into_iter().find(|context| context.dn.to_lowercase().starts_with("dc=contoso,"));
    let until = domain.and_then(|context| context.cursor).map_or(0, |cursor| cursor.usn);
    numbers.partition_point(|number| *number <= until).saturating_sub(1)
}

/// The last batch of which a journal has something.
fn told(follower: &Follower<'_>, root: ObjectGuid) -> usize {
    let state = follower.journal().and_then(|journal| journal.now(root).unwrap());
    let number = state.as_ref().and_then(|state| state.attribute("description")).map(|a| a.values.concat());
    number.and_then(|number| String::from_utf8(number).unwrap().parse().ok()).unwrap_or(0)
}

/// What every deleted user and group was a member of is known, where the journal had it before the deletion. The result is how many
/// memberships that were.
fn memberships(model: &Model, journal: &Journal, agent: usize) -> usize {
    let mut known = 0;
    let guid = |id: usize| model.objects[id].guid.as_ref().map(|guid| guid.parse::<ObjectGuid>().unwrap());
    for (id, object) in model.objects.iter().enumerate() {
        let (Some(deletion), Some(own)) = (object.deletions.last(), guid(id)) else { continue };
        if object.is_live || object.class == Class::Unit {
            continue;
        }
        let seen = deletion.seen[agent];
        let Some(lost) = journal.lost(own).unwrap() else {
            let is_new = deletion.groups.iter().all(|(_, from)| *from > seen);
            let history = journal.history(own).unwrap();
            assert!(is_new, "no deletion of {} is known: {deletion:?} {history:?}", object.name);
            continue;
        };
        let is_group = |link: &&LostLink| link.link.attribute == "member";
        let told: BTreeSet<ObjectGuid> =
            lost.referrers.iter().filter(is_group).map(|l| l.link.other).collect();
        let certain = deletion.groups.iter().filter(|(_, from)| *from <= seen);
        let certain: BTreeSet<ObjectGuid> = certain.filter_map(|(group, _)| guid(*group)).collect();
        let missing: Vec<&ObjectGuid> = certain.difference(&told).collect();
        assert!(missing.is_empty(), "{} was a member of {missing:?}, too: {lost:?}", object.name);
        // What was removed, and one of its ends deleted after that, and both read at once, is told as lost by the deletion.
        let at_once = |m: &Membership, until| {
            [m.group, m.member].iter().any(|end| model.objects[*end].is_read_with(until, agent))
        };
        let possible = model.memberships.iter().filter(|m| m.member == id);
        let possible = possible.filter(|m| m.is_cut || m.until.is_none_or(|until| at_once(m, until)));
        let possible: BTreeSet<ObjectGuid> = possible.filter_map(|m| guid(m.group)).collect();
        let wrong: Vec<&ObjectGuid> = told.difference(&possible).collect();
        let all: Vec<_> = model.memberships.iter().filter(|m| m.member == id).collect();
        let of = |group: &&ObjectGuid| {
            let id =
                model.objects.iter().position(|o| o.guid.as_ref().is_some_and(|g| *g == group.to_string()));
            (id.map(|id| &model.objects[id].deletions), journal.history(**group).unwrap())
        };
        assert!(
            wrong.is_empty(),
            "{} was no member of {wrong:?}: {lost:?}\n{all:?}, {deletion:?}\n{:?}",
            object.name,
            wrong.iter().map(of).collect::<Vec<_>>()
        );
        known += certain.len();
    }
    known
}

/// No attribute has more versions than were written.
fn versions(model: &Model, journal: &Journal) {
    for object in &model.objects[ROOT + 1..] {
        let Some(guid) = &object.guid else { continue };
        let counts = nothing_is_doubled(journal, guid.parse().unwrap());
        for (attribute, count) in counts {
            let Some(written) = object.writes.get(attribute.as_str()) else { continue };
            let most = written + object.turns;
            assert!(count <= most, "{} {attribute}: {count} changes, {most} happened", object.name);
        }
    }
}
