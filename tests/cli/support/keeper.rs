//! A change journal that a test keeps by itself: what an agent does, without one.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use adrecover_core::time::Timestamp;
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
            writer.ingest(&batch, now()).unwrap();
        }
        changes.close().await;
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_timestamp(since.as_secs() as i64, 0).unwrap()
}
