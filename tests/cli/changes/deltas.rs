//! What has changed since the last time is exactly what was done.

use adrecover_core::ObjectGuid;
use adrecover_core::change::{AttributeChange, ObjectChange, WholeLinks};

use super::full::{Schema, dump};
use super::*;
use crate::support::{Ldif, Object, escape_dn};

/// Renames or moves an object.
fn rename(dn: &str, rdn: &str, parent: &str) -> Ldif {
    Ldif::raw(format!(
        "dn: {dn}\nchangetype: modrdn\nnewrdn: {rdn}\ndeleteoldrdn: 1\nnewsuperior: {parent}\n\n"
    ))
}

/// Undeletes a tombstone.
fn reanimate(scene: &Scene, object: &Object) -> Ldif {
    let deleted = scene.hand().get(object, &["objectGUID"]).dn;
    Ldif::raw(format!(
        "dn: {deleted}\ncontrol: 1.2.840.113556.1.4.417 true\nchangetype: modify\ndelete: isDeleted\n-\nreplace: \
         distinguishedName\ndistinguishedName: {}\n-\n\n",
        object.dn
    ))
}

fn remove_values(dn: &str, attribute: &str, value: &str) -> Ldif {
    Ldif::raw(format!("dn: {dn}\nchangetype: modify\ndelete: {attribute}\n{attribute}: {value}\n-\n\n"))
}

fn guid(object: &Object) -> ObjectGuid {
    object.guid.parse().unwrap()
}

/// The only change, which is one of this object.
#[track_caller]
fn only(changes: Vec<ObjectChange>, object: &Object) -> ObjectChange {
    let [change] = <[_; 1]>::try_from(changes).unwrap_or_else(|all| panic!("{} changes: {all:?}", all.len()));
    assert_eq!(change.guid, guid(object));
    change
}

fn names(change: &ObjectChange) -> Vec<&str> {
    let mut names: Vec<&str> = change.attributes.iter().map(|a| a.name.as_ref()).collect();
    names.sort_unstable();
    names
}

/// What was done to links: attribute, whether it was added, and of what.
fn links(change: &ObjectChange) -> Vec<(&str, bool, ObjectGuid)> {
    let links = change.links.iter();
    links.map(|link| (link.attribute.as_ref(), link.is_present, link.target.guid.unwrap())).collect()
}

#[track_caller]
fn text(attribute: Option<&AttributeChange>) -> (Vec<&str>, u32) {
    let attribute = attribute.expect("the attribute has changed");
    let values = attribute.values.iter().map(|value| std::str::from_utf8(value).unwrap()).collect();
    (values, attribute.stamp.expect("it has a stamp").version)
}

#[test]
fn each_is_what_was_done() {
    if let Some(scene) = Scene::new() {
        each(&scene);
    }
}

/// The same of a server that sends pages.
#[test]
fn each_is_what_was_done_on_the_stand_in() {
    if let Some(scene) = Scene::stand_in() {
        each(&scene);
    }
}

fn each(scene: &Scene) {
    let ou: ObjectGuid = ou_guid(scene, scene.ou());
    run(async {
        let mut follower = Follower::start(scene, "ADMIN", Way::DirSync).await;
        let hand = scene.hand();

        let anna = scene.user("Anna").with("description", "one").add();
        let change = only(follower.step(scene).await, &anna);
        assert_eq!(
            (change.dn.as_str(), change.parent, change.is_deleted),
            (anna.dn.as_str(), Some(ou), false)
        );
        assert!(change.sid.is_some() && change.usn.is_some() && change.when_changed.is_some());
        let stand = follower.cursor.invocation;
        for attribute in &change.attributes {
            let stamp = attribute.stamp.unwrap_or_else(|| panic!("{} has no stamp", attribute.name));
            assert!(stamp.version >= 1 && stamp.at.is_some() && stamp.invocation == stand, "{stamp:?}");
            assert!(Some(stamp.usn) <= change.usn);
        }
        let set = names(&change);
        for name in
            ["objectClass", "sAMAccountName", "nTSecurityDescriptor", "pwdLastSet", "whenCreated", "name"]
        {
            assert!(set.contains(&name), "{name} is not among {set:?}");
        }
        for name in ["unicodePwd", "supplementalCredentials", "ntPwdHistory", "cn", "memberOf", "objectGUID"]
        {
            assert!(!set.contains(&name), "{name} is among {set:?}");
        }

        hand.change(&Ldif::default().replace(&anna.dn, "description", &["two"]));
        let change = only(follower.step(scene).await, &anna);
        assert_eq!(names(&change), ["description"]);
        assert_eq!(text(change.attribute("description")), (vec!["two"], 2));
        assert!(!change.is_whole && change.links.is_empty() && change.whole_links == WholeLinks::None);
        let none: &[&str] = &[];
        hand.change(&Ldif::default().replace(&anna.dn, "description", none));
        let change = only(follower.step(scene).await, &anna);
        assert_eq!(text(change.attribute("description")), (vec![], 3));

        // Nothing, and nothing asked.
        assert!(follower.step(scene).await.is_empty());

        let [crew, staff] = scene.add([scene.group("Crew"), scene.group("Staff")]);
        assert_eq!(follower.step(scene).await.len(), 2);
        hand.change(&Ldif::default().add_values(&crew.dn, "member", &[&anna.dn, &staff.dn]));
        let change = only(follower.step(scene).await, &crew);
        let mut added = links(&change);
        added.sort_by_key(|link| link.2 != guid(&anna));
        assert_eq!(added, [("member", true, guid(&anna)), ("member", true, guid(&staff))]);
        assert!(change.attributes.is_empty());
        hand.change(&remove_values(&crew.dn, "member", &staff.dn));
        let change = only(follower.step(scene).await, &crew);
        assert_eq!(links(&change), [("member", false, guid(&staff))]);
        hand.change(&Ldif::default().replace(&anna.dn, "manager", &[&staff.dn]));
        assert_eq!(links(&only(follower.step(scene).await, &anna)), [("manager", true, guid(&staff))]);

        let unit = scene.unit("Unit").add();
        assert_eq!(follower.step(scene).await.len(), 1);
        let name = escape_dn(&format!("{} Moved, \"so\"", scene.tag));
        hand.change(&rename(&anna.dn, &format!("CN={name}"), &unit.dn));
        let change = only(follower.step(scene).await, &anna);
        assert_eq!((change.parent, change.attribute("name").is_some()), (Some(guid(&unit)), true));
        assert_eq!(change.dn.parse::<Dn>().unwrap(), format!("CN={name},{}", unit.dn).parse::<Dn>().unwrap());

        // What is below a moved container has another name and no change.
        let elsewhere = format!("OU={} Elsewhere", scene.tag);
        hand.change(&rename(&unit.dn, &elsewhere, scene.ou()));
        let change = only(follower.step(scene).await, &unit);
        assert!(change.dn.starts_with(&elsewhere));

        hand.change(&Ldif::default().delete(&hand.get(&anna, &["cn"]).dn));
        let change = only(follower.step(scene).await, &anna);
        assert!(change.is_deleted && change.dn.contains("\\0ADEL:"), "{}", change.dn);
        let cleared = |name: &str| change.attribute(name).is_some_and(|a| a.values.is_empty());
        assert!(cleared("userPrincipalName") && cleared("mail") && cleared("displayName"));
        assert!(!names(&change).contains(&"unicodePwd"));
        let deleted = change.attribute("isDeleted").unwrap();
        assert_eq!(deleted.stamp.map(|stamp| stamp.version), Some(1));

        hand.change(&reanimate(scene, &anna));
        let change = only(follower.step(scene).await, &anna);
        assert!(!change.is_deleted && change.dn == anna.dn && change.parent == Some(ou));
        assert_eq!(text(change.attribute("isDeleted")), (vec![], 2));
        scene.delete([&anna, &crew, &staff]);
        let gone = follower.step(scene).await;
        assert!(gone.len() == 3 && gone.iter().all(|change| change.is_deleted));
    });
}

fn ou_guid(scene: &Scene, dn: &str) -> ObjectGuid {
    let entry = scene.hand().search_in(dn, "base", "(objectClass=*)", &["objectGUID"]).pop().unwrap();
    ObjectGuid::from_wire(entry.octets("objectGUID")[0]).unwrap()
}

/// After anything at all, what is known is what there is.
#[test]
fn the_sum_of_them_is_the_directory() {
    if let Some(scene) = Scene::new() {
        sum(&scene);
    }
}

#[test]
fn the_sum_of_them_is_the_directory_on_the_stand_in() {
    if let Some(scene) = Scene::stand_in() {
        sum(&scene);
    }
}

fn sum(scene: &Scene) {
    let schema = Schema::read(scene);
    for (round, way) in [Way::DirSync, Way::OwnRights, Way::Numbers].into_iter().enumerate() {
        run(async {
            let mut follower = Follower::start(scene, "ADMIN", way).await;
            let mut people: Vec<Object> = vec![];
            let [crew, staff] =
                scene.add([scene.group(&format!("C{round}")), scene.group(&format!("S{round}"))]);
            let hand = scene.hand();
            hand.change(&Ldif::default().add_values(&crew.dn, "member", &[&staff.dn]));
            for number in 0..6 {
                people.push(scene.user(&format!("P{round}x{number}")).with("manager", &crew.dn).add());
                let newest = people.last().unwrap();
                hand.change(&Ldif::default().add_values(&staff.dn, "member", &[&newest.dn]));
                hand.change(&Ldif::default().replace(
                    &newest.dn,
                    "proxyAddresses",
                    &["smtp:a@x", "SMTP:b@x"],
                ));
                match number {
                    1 => hand.change(&remove_values(&staff.dn, "member", &people[0].dn)),
                    2 => scene.delete([&people[1]]),
                    3 => hand.change(&reanimate(scene, &people[1])),
                    4 => {
                        hand.change(&rename(&people[0].dn, &format!("CN={} R{round}", scene.tag), scene.ou()))
                    }
                    5 => scene.delete([&crew]),
                    _ => {}
                }
                follower.step(scene).await;
                check(scene, &schema, &follower, way);
            }
        });
    }
}

#[track_caller]
fn check(scene: &Scene, schema: &Schema, follower: &Follower, way: Way) {
    let there = dump(scene, schema, &scene.lab.base);
    let known = &follower.mirror.0;
    for (guid, (_, expected)) in there.iter().filter(|(_, (_, known))| known.dn.contains(&scene.tag)) {
        let found = known.get(guid).unwrap_or_else(|| panic!("{way:?}: {}", expected.dn));
        assert_eq!(found.links, expected.links, "{way:?} {}", expected.dn);
        assert_eq!((&found.dn, found.is_deleted), (&expected.dn, expected.is_deleted), "{way:?}");
        // The stand-in does not tell it in a search.
        assert!(expected.parent.is_none() || found.parent == expected.parent, "{way:?} {}", expected.dn);
        for (name, values) in &expected.attributes {
            let found = found.attributes.get(name);
            assert!(found == Some(values), "{way:?} {} {name}: {found:?} instead of {values:?}", expected.dn);
        }
        let more: Vec<&String> =
            found.attributes.keys().filter(|name| !expected.attributes.contains_key(*name)).collect();
        assert!(more.is_empty(), "{way:?} {}: {more:?} too", expected.dn);
    }
}
