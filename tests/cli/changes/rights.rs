//! Accounts that may read less, and what nobody may read.

use super::*;
use crate::support::Ldif;

#[test]
fn without_the_right_with_the_accounts_own() {
    let Some(scene) = Scene::new() else { return };
    run(async {
        let mut changes = open(&scene, "JOE", Way::DirSync).await;
        let context = domain(&changes);
        let error = read(&mut changes, &context, None).await.unwrap_err();
        assert_eq!(error, ChangesError::RightMissing { context: context.clone() });
        assert!(error.has_another_way() && !error.needs_full_read());
        assert!(error.hint().is_some_and(|hint| hint.contains("Replicating Directory Changes")));

        let mut changes = open(&scene, "JOE", Way::Best).await;
        let mut reading = changes.read(&context, None).await.unwrap();
        assert_eq!(reading.way(), Way::DirSync);
        let first = reading.next().await.unwrap().unwrap();
        assert!(first.is_first && !first.objects.is_empty());
        assert_eq!(reading.way(), Way::OwnRights);
    });
}

#[test]
fn each_way_tells_an_ordinary_user_what_it_may() {
    let Some(scene) = Scene::new() else { return };
    for (round, way) in [Way::OwnRights, Way::Numbers].into_iter().enumerate() {
        run(async {
            let mut follower = Follower::start(&scene, "JOE", way).await;
            let user = scene.user(&format!("Uma{round}")).add();
            let told = follower.step(&scene).await;
            assert!(told.iter().any(|object| object.guid.to_string() == user.guid), "{way:?}");
            scene.hand().change(&Ldif::default().replace(&user.dn, "title", &["boss"]));
            let told = follower.step(&scene).await;
            let title = told.iter().find_map(|object| object.attribute("title")).unwrap();
            assert_eq!(title.values, [b"boss"], "{way:?}");
            // With the stamp, which needs no right either.
            assert_eq!(title.stamp.map(|stamp| stamp.version), Some(1), "{way:?}");
        });
    }
}

/// It may read changes of the domain, and of nothing else.
#[test]
fn the_agents_account_of_the_lab() {
    let Some(scene) = Scene::new() else { return };
    run(async {
        let mut follower = Follower::start(&scene, "AGENT", Way::Best).await;
        assert!(matches!(
            follower.cursor.position,
            adrecover_core::change::Position::DirSync { own_rights: false, full: None, .. }
        ));
        let user = scene.user("Ida").add();
        scene.delete([&user]);
        let told = follower.step(&scene).await;
        assert!(told.iter().any(|object| object.is_deleted && object.guid.to_string() == user.guid));
        let contexts = follower.changes.naming_contexts();
        let configuration =
            contexts.iter().find(|dn| dn.to_string().starts_with("CN=Configuration,")).unwrap();
        let batches = read(&mut follower.changes, configuration, None).await.unwrap();
        assert!(batches.iter().map(|batch| batch.objects.len()).sum::<usize>() > 1000);
        let last = batches.last().unwrap().cursor.as_ref().unwrap();
        assert!(matches!(
            last.position,
            adrecover_core::change::Position::DirSync { own_rights: true, full: None, .. }
        ));
    });
}

#[test]
fn secrets_are_not_read_by_an_administrator_either() {
    let Some(scene) = Scene::new() else { return };
    // The first is confidential by the schema, the second by its name alone.
    let user = scene.user("Sid").with("unixUserPassword", "hidden").with("msSFU30Name", "open").add();
    assert_eq!(scene.hand().get(&user, &["unixUserPassword"]).text("unixUserPassword"), "hidden");
    for way in [Way::DirSync, Way::OwnRights, Way::Numbers] {
        run(async {
            let follower = Follower::start(&scene, "ADMIN", way).await;
            let known = &follower.mirror.0[&user.guid.parse().unwrap()];
            assert!(known.attributes.contains_key("mssfu30name"), "{way:?}: {:?}", known.attributes.keys());
            for (guid, known) in &follower.mirror.0 {
                for name in known.attributes.keys() {
                    assert!(!adrecover_core::secrets::is_secret(name), "{way:?} {guid} {name}");
                    assert_ne!(name, "unixuserpassword");
                }
                let shows = known.attributes.values().flatten().any(|value| value == b"hidden");
                assert!(!shows, "{way:?} {}", known.dn);
            }
        });
    }
}
