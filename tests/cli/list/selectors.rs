//! The selectors of `list` (and, by the same code, of `restore`).

use super::fields;
use crate::support::{Ldif, Scene};

#[test]
fn by_type() {
    let Some(scene) = Scene::new() else { return };
    let drafts = [
        scene.user("u"),
        scene.user("i").set("objectClass", "inetOrgPerson"),
        scene.group("g"),
        scene.computer("c"),
        scene.contact("k"),
        scene.unit("o"),
        scene.draft("CN", "container", "n"),
        scene.draft("CN", "serviceConnectionPoint", "s"),
    ];
    scene.add_and_delete(drafts);
    for (types, found) in [
        (vec!["user"], vec!["user", "user"]),
        (vec!["group"], vec!["group"]),
        (vec!["computer"], vec!["computer"]),
        (vec!["contact", "ou"], vec!["contact", "ou"]),
        (vec!["container"], vec!["container"]),
        (vec!["other"], vec!["other"]),
    ] {
        let options = types.iter().flat_map(|t| ["--type", t]);
        let out = scene.list([scene.tag.as_str()].into_iter().chain(options)).exits(0);
        assert_eq!(fields(&out, "type"), found);
    }
    scene.list([scene.tag.as_str(), "--type", "gmsa"]).exits(4);
}

#[test]
fn by_state() {
    let Some(scene) = Scene::new() else { return };
    scene.contact("State").deleted();
    scene.list([scene.tag.as_str(), "--state", "tombstone"]).exits(0);
    scene.list([scene.tag.as_str(), "--state", "deleted", "--state", "recycled"]).exits(4);
    let Some(scene) = Scene::with_bin() else { return };
    scene.contact("State").deleted();
    scene.list([scene.tag.as_str(), "--state", "deleted"]).exits(0);
    scene.list([scene.tag.as_str(), "--state", "tombstone"]).exits(4);
    let recycled = scene.list(["--state", "recycled", "--type", "user"]).exits(0);
    assert!(fields(&recycled, "state").iter().all(|s| s == "recycled"), "{recycled}");
    let guid = scene.lab.seed("recycled-user")["guid"].as_str().unwrap();
    assert!(recycled.guids().contains(&guid.to_owned()), "{recycled}");
}

#[test]
fn by_the_time_of_the_deletion() {
    let Some(scene) = Scene::new() else { return };
    scene.contact("Time").deleted();
    let deleted = fields(&scene.list([&scene.tag]).exits(0), "deletedAt").remove(0);
    let found: [&[&str]; 6] = [
        &["--since", "1h"],
        &["--since", "2001-01-01", "--until", "0s"],
        &["--since", &deleted],
        &["--until", &deleted],
        &["--since", "7d", "--until", "2101-01-01T00:00:00+01:00"],
        &["--until", "2101-01-01 12:30"],
    ];
    for arguments in found {
        scene.list([scene.tag.as_str()].iter().chain(arguments)).exits(0);
    }
    let not_found: [&[&str]; 3] =
        [&["--until", "1h"], &["--since", "2101-01-01"], &["--since", "2w", "--until", "1d"]];
    for arguments in not_found {
        scene.list([scene.tag.as_str()].iter().chain(arguments)).exits(4);
    }
}

#[test]
fn by_where_it_was() {
    let Some(scene) = Scene::new() else { return };
    let top = scene.unit("Top");
    let inner = scene.unit("Inner").below(top.dn());
    let user = scene.user("Deep").below(inner.dn());
    let beside = scene.user("Beside");
    let [top, inner, user, beside] = scene.add([top, inner, user, beside]);
    scene.hand().change(&Ldif::default().delete(&beside.dn).delete(&user.dn));
    // While the containers are there, after they are gone, and when some are back.
    let deep = |under: &str| scene.list(["--type", "user", "--under", under]).exits(0).guids();
    assert_eq!(deep(&top.dn), [user.guid.as_str()]);
    assert_eq!(deep(&inner.dn.to_uppercase()), [user.guid.as_str()]);
    assert_eq!(deep(scene.ou()).len(), 2);
    scene.hand().change(&Ldif::default().delete_tree(&top.dn));
    assert_eq!(deep(&top.dn), [user.guid.as_str()]);
    assert_eq!(deep(&inner.dn), [user.guid.as_str()]);
    assert_eq!(deep(scene.ou()).len(), 2);
    scene.restore(&top, [""; 0]).exits(0);
    assert_eq!(deep(&top.dn), [user.guid.as_str()]);
    scene.list(["--under", &format!("OU=Never there,{}", scene.ou())]).exits(4);
}

#[test]
fn by_an_ldap_filter() {
    let Some(scene) = Scene::new() else { return };
    let [a, _] = scene.add_and_delete([scene.user("FilterA"), scene.user("FilterB")]);
    let filter = format!("(&(sAMAccountName={}FILTERA)(!(objectClass=group)))", scene.tag);
    assert_eq!(scene.list(["--ldap-filter", &filter]).exits(0).guids(), [a.guid.as_str()]);
    scene.list([scene.tag.as_str(), "--ldap-filter", "(objectClass=group)"]).exits(4);
}

#[test]
fn all_at_once() {
    let Some(scene) = Scene::new() else { return };
    let [user, _, _] =
        scene.add_and_delete([scene.user("All one"), scene.group("All two"), scene.user("Other")]);
    let arguments = ["all", "--type", "user", "--state", "tombstone", "--since", "1h", "--under", scene.ou()];
    let out = scene.list(arguments.into_iter().chain(["--ldap-filter", "(objectSid=*)"])).exits(0);
    assert_eq!(out.guids(), [user.guid.as_str()]);
}
