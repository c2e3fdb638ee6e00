//! Names that are taken, or that cannot be.

use super::{blocked, in_the_way};
use crate::support::Scene;

#[test]
fn an_account_name_that_is_taken() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Sam").deleted();
    let new = scene.group("Other").set("sAMAccountName", old.sam.to_uppercase()).add();
    let out = blocked(&scene, &old, &[], 6, &["name.samAccountName"]);
    assert_eq!(in_the_way(&out).0, new.dn);
    // The way out works.
    assert!(in_the_way(&out).1.contains("--sam-account-name"));
    let other = format!("{}free", scene.tag);
    scene.restore(&old, ["--sam-account-name", &other]).exits(0);
    assert_eq!(scene.hand().get(&old, &["sAMAccountName"]).text("sAMAccountName"), other);
}

#[test]
fn a_new_account_name_that_is_taken_too() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("New").deleted();
    let other = scene.user("Holder").add();
    let out = blocked(&scene, &old, &["--sam-account-name", &other.sam], 6, &["name.samAccountName"]);
    assert_eq!(in_the_way(&out).0, other.dn);
}

#[test]
fn an_account_name_that_no_account_can_have() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Form").deleted();
    for name in ["a*b", "a/b", "ends.", " ", "twenty-one-characters"] {
        blocked(&scene, &old, &["--sam-account-name", name], 6, &["name.samAccountNameForm"]);
    }
}

#[test]
fn a_logon_name_that_is_taken_in_any_case() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Upn").deleted();
    let upn = format!("{}@contoso.test", scene.tag);
    let new = scene.user("Holder").set("userPrincipalName", &upn).add();
    let out = blocked(&scene, &old, &["--upn", &upn.to_uppercase()], 6, &["name.userPrincipalName"]);
    assert_eq!(in_the_way(&out).0, new.dn);
}

#[test]
fn a_logon_name_that_is_an_address_of_somebody_else() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Addr").deleted();
    // (targetAddress comes with the schema of Exchange only.)
    let addresses = [("a", "proxyAddresses", "smtp:"), ("b", "proxyAddresses", "SMTP:"), ("c", "mail", "")];
    for (name, attribute, prefix) in addresses {
        let upn = format!("{}{name}@contoso.test", scene.tag);
        let holder = scene.contact(name).with(attribute, format!("{prefix}{upn}")).add();
        let out = blocked(&scene, &old, &["--upn", &upn], 6, &["name.proxyAddress"]);
        assert_eq!(in_the_way(&out).0, holder.dn, "{attribute}");
        assert!(out.stdout.contains(attribute), "{out}");
    }
}

/// `sAMAccountName@domain` is a logon name too, which the server does not let another account have.
#[test]
fn a_logon_name_that_another_account_has_by_its_account_name() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Implied").deleted();
    let holder = scene
        .user("Holder")
        .set("userPrincipalName", format!("{}.x@contoso.test", scene.tag))
        .without("mail")
        .add();
    let upn = format!("{}@contoso.test", holder.sam);
    let out = blocked(&scene, &old, &["--upn", &upn], 6, &["name.userPrincipalName"]);
    assert_eq!(in_the_way(&out).0, holder.dn);
}

#[test]
fn an_address_to_set_that_is_somebody_elses() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Old").deleted();
    let address = format!("{}a@contoso.test", scene.tag);
    let holder = scene.contact("Holder").with("proxyAddresses", format!("smtp:{address}")).add();
    for value in [format!("mail={}", address.to_uppercase()), format!("proxyAddresses=SMTP:{address}")] {
        let out = blocked(&scene, &old, &["--set", &value], 6, &["name.address"]);
        assert_eq!(in_the_way(&out).0, holder.dn);
    }
}

/// An address that was the object's own is no obstacle.
#[test]
fn a_logon_name_of_its_own_is_no_obstacle() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Own").deleted();
    let upn = format!("{}own@contoso.test", scene.tag);
    scene.restore(&user, ["--upn", &upn, "--set", &format!("mail={upn}")]).exits(0);
    scene.restore(&user, ["--upn", &upn]).exits(0);
}

#[test]
fn what_is_no_logon_name() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Form").deleted();
    for upn in ["nosuffix", "@contoso.test", "a@b@contoso.test", "a b@contoso.test"] {
        blocked(&scene, &old, &["--upn", upn], 6, &["name.userPrincipalNameForm"]);
    }
}

#[test]
fn a_name_that_is_taken_at_the_target() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Twin").deleted();
    let new = scene
        .user("Twin")
        .set("sAMAccountName", format!("{}twin2", scene.tag))
        .without("userPrincipalName")
        .add();
    let out = blocked(&scene, &old, &[], 6, &["name.target"]);
    assert_eq!(in_the_way(&out).0, new.dn);
    assert!(in_the_way(&out).1.contains("--new-name"), "{out}");
    // A name is taken whatever its type, and also where the new name is asked for.
    let unit = scene.unit("Free").add();
    blocked(&scene, &old, &["--new-name", &unit.name.to_uppercase()], 6, &["name.target"]);
    scene.restore(&old, ["--to", &unit.dn]).exits(0);
}

#[test]
fn another_type_of_name() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Type").deleted();
    let out = blocked(&scene, &user, &["--new-name", "OU=Type"], 6, &["name.rdnType"]);
    assert!(in_the_way(&out).1.contains("CN="), "{out}");
    let unit = scene.unit("Unit").deleted();
    blocked(&scene, &unit, &["--new-name", "CN=Unit"], 6, &["name.rdnType"]);
    scene.restore(&unit, ["--new-name", "OU=Other unit"]).exits(0);
    assert!(scene.hand().get(&unit, &["ou"]).dn.starts_with("OU=Other unit,"));
}

#[test]
fn names_that_no_object_can_have() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Long").deleted();
    let long = "x".repeat(65);
    for (name, id) in [(long.as_str(), "name.length"), ("", "name.length"), ("a\nDEL:b", "name.mark")] {
        blocked(&scene, &user, &["--new-name", name], 6, &[id]);
    }
    scene.restore(&user, ["--new-name", &"ä".repeat(64)]).exits(0);
}

/// Everything that stands in the way is said at once.
#[test]
fn several_obstacles_at_once() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("All").deleted();
    let upn = format!("{}all@contoso.test", scene.tag);
    scene.user("All").set("userPrincipalName", &upn).add();
    let ids = ["name.target", "name.samAccountName", "name.userPrincipalName"];
    blocked(&scene, &old, &["--upn", &upn], 6, &ids);
}
