//! Where the global catalogue cannot be asked, what depends on it blocks.

use super::{blocked_as, in_the_way};
use crate::support::{Proxy, Scene};

#[test]
fn an_unchecked_logon_name_needs_consent() {
    let Some(scene) = Scene::new() else { return };
    // Only the LDAPS port is reachable here.
    let url = Proxy::to(scene.lab).url("localhost");
    let user = scene.user("Gc").deleted();
    let upn = format!("{}gc@contoso.test", scene.tag);
    let arguments = ["--upn", upn.as_str()];
    let out = blocked_as(&scene, &user, &arguments, 6, &["forest.unchecked"], |run| run.server(&url));
    assert!(in_the_way(&out).1.contains("--allow-unchecked-forest"), "{out}");

    let consent = scene.restoring(&user).args(arguments).args(["--allow-unchecked-forest"]);
    let out = consent.server(&url).run().exits(0);
    assert_eq!(out.object()["verified"], true, "{out}");
}

#[test]
fn the_domain_itself_is_asked_all_the_same() {
    let Some(scene) = Scene::new() else { return };
    let url = Proxy::to(scene.lab).url("localhost");
    let upn = format!("{}.upn@contoso.test", scene.tag);
    scene.user("Holder").set("userPrincipalName", &upn).add();
    let user = scene.user("Taken").deleted();
    let arguments = ["--upn", upn.as_str(), "--allow-unchecked-forest"];
    blocked_as(&scene, &user, &arguments, 6, &["name.userPrincipalName"], |run| run.server(&url));
}

#[test]
fn without_a_logon_name_nothing_depends_on_it() {
    let Some(scene) = Scene::new() else { return };
    let url = Proxy::to(scene.lab).url("localhost");
    let user = scene.user("Plain").deleted();
    scene.restoring(&user).server(&url).run().exits(0);
}
