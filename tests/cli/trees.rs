//! Containers come back with what was in them, parents first.

use crate::support::{Ldif, Object, Output, Scene, ids_of_blocks};

/// An OU with two OUs, one in the other, and users and groups on every level; deleted in one go.
struct Tree {
    top: Object,
    middle: Object,
    bottom: Object,
    users: [Object; 3],
    team: Object,
}

fn deleted_tree(scene: &Scene) -> Tree {
    let top = scene.unit("Top");
    let middle = scene.unit("Middle").below(top.dn());
    let bottom = scene.unit("Bottom").below(middle.dn());
    let users = [
        scene.user("One").below(top.dn()),
        scene.user("Two").below(middle.dn()),
        scene.user("Three").below(bottom.dn()),
    ];
    let team = scene.group("Team").below(middle.dn()).with("member", users[2].dn());
    let [one, two, three] = users;
    let [top, middle, bottom, one, two, three, team] =
        scene.add([top, middle, bottom, one, two, three, team]);
    scene.hand().change(&Ldif::default().delete_tree(&top.dn));
    Tree { top, middle, bottom, users: [one, two, three], team }
}

impl Tree {
    fn all(&self) -> Vec<&Object> {
        [&self.top, &self.middle, &self.bottom, &self.team].into_iter().chain(&self.users).collect()
    }
}

fn restore_tree(scene: &Scene, top: &Object, more: &[&str]) -> Output {
    scene.program().args(["restore", "-o", "json", "--yes", "--tree", &top.guid]).args(more).run()
}

/// The place of an object in the report.
fn place(out: &Output, object: &Object) -> usize {
    out.guids()
        .iter()
        .position(|g| *g == object.guid)
        .unwrap_or_else(|| panic!("{} is missing\n{out}", object.name))
}

#[test]
fn three_levels_come_back_in_order_and_in_their_places() {
    let Some(scene) = Scene::new() else { return };
    let tree = deleted_tree(&scene);
    let dry = restore_tree(&scene, &tree.top, &["--dry-run"]).exits(0);
    assert_eq!(dry.guids().len(), 7, "{dry}");
    assert!(scene.hand().is_deleted(&tree.top));

    let out = restore_tree(&scene, &tree.top, &["--upn-suffix", "contoso.test"]).exits(0);
    assert_eq!(out.guids(), dry.guids());
    assert!(place(&out, &tree.top) < place(&out, &tree.middle));
    assert!(place(&out, &tree.middle) < place(&out, &tree.bottom));
    assert!(place(&out, &tree.bottom) < place(&out, &tree.users[2]));
    for object in tree.all() {
        assert_eq!(out.object_of(object)["verified"], true, "{out}");
        let entry = scene.hand().get(object, &["isDeleted"]);
        assert_eq!((entry.dn.as_str(), entry.has("isDeleted")), (object.dn.as_str(), false));
    }
    for user in &tree.users {
        let entry = scene.hand().get(user, &["userAccountControl", "userPrincipalName"]);
        assert!(!entry.is_enabled() && entry.has("userPrincipalName"));
    }
}

#[test]
fn a_tree_below_another_container() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("New home").add();
    let tree = deleted_tree(&scene);
    restore_tree(&scene, &tree.top, &["--to", &unit.dn]);
    // `--to` is meant for the top: what was below it stays below it.
    let dn = |object: &Object| scene.hand().get(object, &["isDeleted"]).dn;
    assert_eq!(dn(&tree.top), tree.top.dn.replace(scene.ou(), &unit.dn));
    assert_eq!(dn(&tree.users[2]), tree.users[2].dn.replace(scene.ou(), &unit.dn));
}

#[test]
fn one_object_of_a_tree_is_blocked_and_the_tree_is_the_way_out() {
    let Some(scene) = Scene::new() else { return };
    let tree = deleted_tree(&scene);
    let out = scene.restore(&tree.users[2], [""; 0]).exits(6);
    assert_eq!(out.blocks(), ["parent.deleted"]);
    let way_out = out.object()["blockedBy"][0]["wayOut"].as_str().unwrap().to_owned();
    assert!(way_out.contains(&format!("--tree {}", tree.bottom.guid)), "{way_out}");
    // That one waits for the next, and so on up to the top.
    let out = restore_tree(&scene, &tree.bottom, &[]).exits(6);
    let blocks = out.object_of(&tree.bottom);
    assert_eq!(ids_of_blocks(&blocks), ["parent.deleted"], "{out}");
    assert!(blocks.to_string().contains(&format!("--tree {}", tree.middle.guid)), "{out}");
    assert_eq!(ids_of_blocks(&out.object_of(&tree.users[2])), ["parent.blocked"], "{out}");
    restore_tree(&scene, &tree.top, &[]).exits(0);
    assert!(!scene.hand().is_deleted(&tree.users[2]));
}

#[test]
fn containers_and_what_is_in_them_in_any_order_by_guid() {
    let Some(scene) = Scene::new() else { return };
    let tree = deleted_tree(&scene);
    let guids: Vec<&str> = tree.all().iter().rev().map(|o| o.guid.as_str()).collect();
    scene.run(["restore", "-o", "json", "--yes", "--guid", &guids.join(",")]).exits(0);
    assert_eq!(scene.hand().get(&tree.users[2], &["isDeleted"]).dn, tree.users[2].dn);
}

#[test]
fn a_tree_whose_top_was_restored_before_is_completed() {
    let Some(scene) = Scene::new() else { return };
    let tree = deleted_tree(&scene);
    scene.restore(&tree.top, [""; 0]).exits(0);
    let out = restore_tree(&scene, &tree.top, &[]).exits(0);
    assert_eq!(out.object_of(&tree.top)["outcome"], "alreadyRestored", "{out}");
    assert_eq!(out.object_of(&tree.users[2])["outcome"], "restored", "{out}");
    let again = restore_tree(&scene, &tree.top, &[]).exits(0);
    assert!(!again.stdout.contains("\"restored\""), "{again}");
}

/// What was deleted from an OU before the OU itself was deleted hangs below it too: it was there at the end only if it
/// was deleted within the hour.
#[test]
fn what_was_deleted_shortly_before_its_container_belongs_to_the_tree() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Closing").add();
    let user = scene.user("First").below(&unit.dn).deleted();
    scene.delete([&unit]);
    let out = restore_tree(&scene, &unit, &[]).exits(0);
    assert_eq!(out.guids(), [unit.guid.as_str(), user.guid.as_str()]);
}

#[test]
fn a_conflict_in_a_tree_blocks_all_of_it_unless_told_to_go_on() {
    let Some(scene) = Scene::new() else { return };
    let tree = deleted_tree(&scene);
    let holder = scene.user("Holder").set("sAMAccountName", &tree.users[1].sam).add();
    let out = restore_tree(&scene, &tree.top, &[]).exits(6);
    assert_eq!(out.object_of(&tree.users[1])["blockedBy"][0]["object"], holder.dn.as_str(), "{out}");
    assert!(scene.hand().is_deleted(&tree.top));
    let out = restore_tree(&scene, &tree.top, &["--keep-going"]).exits(3);
    assert_eq!(out.object_of(&tree.users[2])["outcome"], "restored", "{out}");
    assert!(scene.hand().is_deleted(&tree.users[1]));
    // With the obstacle out of the way the same command does what is missing.
    scene.delete([&holder]);
    let out = restore_tree(&scene, &tree.top, &[]).exits(0);
    assert_eq!(out.object_of(&tree.users[1])["outcome"], "restored", "{out}");
}

#[test]
fn a_tree_that_is_not_there() {
    let Some(scene) = Scene::new() else { return };
    let out = scene
        .run(["restore", "-o", "json", "--yes", "--tree", "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f"])
        .exits(4);
    assert_eq!(out.error()["kind"], "notFound");
    scene.run(["restore", "-o", "json", "--yes", "--tree", "nonsense"]).exits(2).says("--tree");
}
