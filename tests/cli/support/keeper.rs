//! A change journal that a test keeps by itself: what an agent does, without one.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use adrecover_core::change::{AttributeChange, Batch, ObjectChange, Phase};
use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid};
use adrecover_journal::{Options, Writer, file_name};
use adrecover_ldap::changes::{Changes, Way};
use adrecover_ldap::{BindMethod, ConnectOptions, Session};

use super::scene::Scene;

/// A change journal of the domain of a scene, in a file of the scene.
pub(crate) struct Keeper<'a> {
    scene: &'a Scene,
    forest: String,
    path: PathBuf,
}

impl<'a> Keeper<'a> {
    /// Begins one: what is there now is in it.
    pub(crate) fn begin(scene: &'a Scene) -> Self {
        let forest = scene.lab.base.to_lowercase().replace(",dc=", ".").replace("dc=", "");
        let keeper = Self { scene, path: scene.file("journal").join(file_name(&forest)), forest };
        keeper.follow();
        keeper
    }

    /// Its file, for `--journal`.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts values into it that the object never had, as somebody would who can write the file.
    pub(crate) fn lie(&self, guid: &str, attributes: &[(&'static str, &str)]) {
        let writer = Writer::open(&self.path, &self.forest, &Options::default()).unwrap();
        let guid: ObjectGuid = guid.parse().unwrap();
        let before = writer.journal().before_deletion(guid).unwrap().unwrap();
        let now = writer.journal().now(guid).unwrap().unwrap();
        let context: Dn = writer.journal().contexts().unwrap()[0].dn.parse().unwrap();
        // It comes back, gets the values, and is deleted again: so the journal takes it that it had them.
        let mut alive = ObjectChange::new(guid, before.dn.clone());
        alive.is_whole = true;
        let value = |name: &str, values: Vec<Vec<u8>>| AttributeChange {
            name: name.to_owned().into(),
            values,
            stamp: None,
        };
        alive.attributes = before.attributes.iter().map(|a| value(&a.name, a.values.clone())).collect();
        alive
            .attributes
            .extend(attributes.iter().map(|(name, text)| value(name, vec![text.as_bytes().to_vec()])));
        let mut dead = ObjectChange::new(guid, now.dn.clone());
        (dead.is_whole, dead.is_deleted) = (true, true);
        dead.attributes = now.attributes.iter().map(|a| value(&a.name, a.values.clone())).collect();
        for object in [alive, dead] {
            let batch = Batch {
                naming_context: context.clone(),
                phase: Phase::Following,
                is_first: false,
                objects: vec![object],
                cursor: None,
                is_last: true,
            };
            writer.ingest(&batch, now_here()).unwrap();
        }
    }

    /// Reads what has changed since the last time.
    pub(crate) fn follow(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(240), self.read()).await.expect("it hangs")
        });
    }

    async fn read(&self) {
        let account = self.scene.lab.account("ADMIN");
        let password = std::fs::read_to_string(&account.password_file).unwrap();
        let bind = BindMethod::Simple { name: account.name, password: password.into() };
        let mut options = ConnectOptions::new(vec![self.scene.lab.server.parse().unwrap()], bind);
        options.ca_file = Some(self.scene.lab.ca.clone());
        let session = Session::connect(&options).await.unwrap();
        let context = session.root_dse().default_naming_context.clone();
        let mut changes = Changes::open(session, Way::Best).await.unwrap();
        let writer = Writer::open(&self.path, &self.forest, &Options::default()).unwrap();
        let kept = writer.journal().contexts().unwrap().into_iter().find_map(|kept| kept.cursor);
        let mut reading = changes.read(&context, kept.as_ref()).await.unwrap();
        while let Some(batch) = reading.next().await.unwrap() {
            writer.ingest(&batch, now_here()).unwrap();
        }
        changes.close().await;
    }
}

fn now_here() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_timestamp(since.as_secs() as i64, 0).unwrap()
}
