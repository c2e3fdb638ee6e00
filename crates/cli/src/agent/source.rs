//! A live directory as what an agent reads changes from.

use adrecover_agent::{Reading, Reason, Source, Wake};
use adrecover_core::change::{Batch, ChangesError, Cursor};
use adrecover_core::directory::Query;
use adrecover_core::lifetime::DeletionPolicy;
use adrecover_core::time::{Timestamp, generalized};
use adrecover_core::{Dn, ObjectGuid};
use adrecover_ldap::changes::{self, Changes};
use adrecover_ldap::deleted::{dc_names, policy};

use crate::journal::forest_of;

/// A domain controller.
pub(crate) struct LiveSource(pub(super) Changes);

/// A naming context that is being read.
pub(crate) struct LiveReading<'a>(changes::Reading<'a>);

/// What tells of changes.
pub(crate) struct LiveWake(changes::Wake);

impl Source for LiveSource {
    type Reading<'a> = LiveReading<'a>;
    type Wake = LiveWake;

    fn host(&self) -> &str {
        &self.0.session().server().host
    }

    fn name(&self) -> String {
        let session = self.0.session();
        let host = session.root_dse().dns_host_name.as_deref().unwrap_or("a server without a name");
        format!("{host} ({})", session.server())
    }

    fn forest(&self) -> String {
        forest_of(self.0.session().root_dse())
    }

    async fn clock(&self) -> Option<Timestamp> {
        let root = self.0.session().ask(&Query::object("").attributes(["currentTime"])).await.ok()?;
        generalized(root.first()?.text("currentTime")?.as_ref())
    }

    fn contexts(&self) -> Vec<Dn> {
        self.0.naming_contexts()
    }

    async fn controllers(&self) -> Vec<(ObjectGuid, String)> {
        dc_names(self.0.session()).await.unwrap_or_default()
    }

    async fn policy(&self) -> Option<DeletionPolicy> {
        policy(self.0.session()).await.ok()
    }

    async fn read(&mut self, context: &Dn, from: Option<&Cursor>) -> Result<LiveReading<'_>, ChangesError> {
        self.0.read(context, from).await.map(LiveReading)
    }

    async fn wake(&self) -> Result<LiveWake, Reason> {
        self.0.wake().await.map(LiveWake).map_err(|error| Reason::from(&error))
    }

    async fn close(self) {
        self.0.close().await;
    }
}

impl Reading for LiveReading<'_> {
    async fn next(&mut self) -> Result<Option<Batch>, ChangesError> {
        self.0.next().await
    }
}

impl Wake for LiveWake {
    async fn wait(&mut self) -> Result<(), Reason> {
        self.0.wait().await.map_err(|error| Reason::from(&ChangesError::from(error)))
    }
}
