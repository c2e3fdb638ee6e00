//! What changes in a directory, as the change journal reads it, on a real domain controller: held against what `ldapsearch` shows.

mod deltas;
mod faults;
pub(crate) mod full;
mod kept;
pub(crate) mod mirror;
mod rights;
mod speed;
mod wake;

use std::time::Duration;

use adrecover_core::Dn;
use adrecover_core::change::{Batch, ChangesError, Cursor};
use adrecover_ldap::changes::{Changes, Way};
use adrecover_ldap::{BindMethod, ConnectOptions, Session};

use crate::support::{Account, Scene};
use kept::Kept;
use mirror::Mirror;

/// Runs what a test does to its end.
fn run<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(240), what).await.expect("it hangs") })
}

fn options(scene: &Scene, account: &Account, server: &str) -> ConnectOptions {
    let password = std::fs::read_to_string(&account.password_file).unwrap();
    let bind = BindMethod::Simple { name: account.name.clone(), password: password.into() };
    let mut options = ConnectOptions::new(vec![server.parse().unwrap()], bind);
    options.ca_file = Some(scene.lab.ca.clone());
    options
}

async fn connect(scene: &Scene, who: &str) -> Session {
    Session::connect(&options(scene, &scene.lab.account(who), &scene.lab.server)).await.unwrap()
}

async fn open(scene: &Scene, who: &str, way: Way) -> Changes {
    Changes::open(connect(scene, who).await, way).await.unwrap()
}

/// Everything that there is to read of a naming context.
async fn read(
    changes: &mut Changes,
    context: &Dn,
    from: Option<&Cursor>,
) -> Result<Vec<Batch>, ChangesError> {
    let mut reading = changes.read(context, from).await?;
    let mut batches = vec![];
    while let Some(batch) = reading.next().await? {
        batches.push(batch);
    }
    assert!(
        batches.last().is_some_and(|last| last.is_last && last.cursor.is_some()),
        "an end without a cursor"
    );
    assert_eq!(batches.iter().filter(|batch| batch.is_last).count(), 1);
    Ok(batches)
}

/// The domain's own naming context.
fn domain(changes: &Changes) -> Dn {
    changes.session().root_dse().default_naming_context.clone()
}

/// Follows the domain: each step reads what has changed since the one before.
struct Follower {
    changes: Changes,
    domain: Dn,
    cursor: Cursor,
    mirror: Mirror,
    kept: Kept,
}

impl Follower {
    async fn start(scene: &Scene, who: &str, way: Way) -> Self {
        let mut changes = open(scene, who, way).await;
        let domain = domain(&changes);
        let batches = read(&mut changes, &domain, None).await.unwrap();
        assert!(batches[0].is_first && batches[1..].iter().all(|batch| !batch.is_first));
        let mut mirror = Mirror::default();
        let mut kept = Kept::new();
        for batch in &batches {
            mirror.take(batch);
            kept.take(batch);
        }
        kept.check(&mirror);
        let cursor = batches.last().unwrap().cursor.clone().unwrap();
        Self { changes, domain, cursor, mirror, kept }
    }

    /// What has changed, of objects that carry the test's tag in their name.
    async fn step(&mut self, scene: &Scene) -> Vec<adrecover_core::change::ObjectChange> {
        // As it is stored in between.
        let cursor = Cursor::from_text(&self.cursor.to_text()).unwrap();
        let batches = read(&mut self.changes, &self.domain, Some(&cursor)).await.unwrap();
        for batch in &batches {
            self.mirror.take(batch);
            self.kept.take(batch);
        }
        self.kept.check(&self.mirror);
        self.cursor = batches.last().unwrap().cursor.clone().unwrap();
        let objects = batches.into_iter().flat_map(|batch| batch.objects);
        objects.filter(|object| object.dn.contains(&scene.tag)).collect()
    }
}
