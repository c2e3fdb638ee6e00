//! Being told that something has changed.

use std::time::{Duration, Instant};

use super::faults::Cutter;
use super::*;
use crate::support::Ldif;

/// A connection that broke is opened again, and what could have been missed meanwhile wakes too.
#[test]
fn a_broken_connection_wakes() {
    let Some(scene) = Scene::new() else { return };
    let cutter = Cutter::to(scene.lab);
    run(async {
        let session = Session::connect(&options(&scene, &scene.lab.account("ADMIN"), &cutter.url())).await;
        let changes = Changes::open(session.unwrap(), Way::Best).await.unwrap();
        let mut wake = changes.wake().await.unwrap();
        wake.wait().await.unwrap();
        let before = cutter.connections();
        cutter.cut();
        wake.wait().await.unwrap();
        assert!(cutter.connections() > before);
        let change = scene.user("Wanda").ldif();
        let hand = scene.hand().clone();
        let changing = tokio::task::spawn_blocking(move || hand.change(&Ldif::raw(change)));
        tokio::time::timeout(Duration::from_secs(10), wake.wait()).await.expect("it sleeps on").unwrap();
        changing.await.unwrap();
    });
}

#[test]
fn a_change_wakes() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Wim").add();
    run(async {
        let changes = open(&scene, "ADMIN", Way::Best).await;
        let mut wake = changes.wake().await.unwrap();
        // The first time nobody knows what happened before.
        wake.wait().await.unwrap();
        let mut took = vec![];
        for (number, what) in ["create", "modify", "delete"].into_iter().enumerate() {
            let hand = scene.hand().clone();
            let (scene_user, dn) = (scene.user(&format!("W{number}")).ldif(), user.dn.clone());
            let change = match what {
                "create" => Ldif::raw(scene_user),
                "modify" => Ldif::default().replace(&dn, "title", &["awake"]),
                _ => Ldif::default().delete(&dn),
            };
            let began = tokio::task::spawn_blocking(move || {
                std::thread::sleep(Duration::from_millis(300));
                hand.change(&change);
                Instant::now()
            });
            wake.wait().await.unwrap();
            let woken = Instant::now();
            took.push((what, woken.saturating_duration_since(began.await.unwrap())));
        }
        for (what, after) in took {
            assert!(after < Duration::from_secs(20), "{what}: after {after:?}");
        }
        wake.close().await;
    });
}
