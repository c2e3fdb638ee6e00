//! A tenant for the program to ask: the stand-in of Microsoft Graph, in this process.

use std::path::Path;
use std::sync::MutexGuard;
use std::sync::mpsc;

use adrecover_hybrid::graph::fake::{CLIENT, Fake, SECRET, State, TENANT};
use serde_json::{Value, json};

use super::run::Run;
use super::scene::{Secrets, private};

/// What must not be seen of a sign-in: the secret, tokens, device codes, and what assertions begin with.
pub(crate) const CONFIDENTIAL: [&str; 6] =
    ["Fake~secret", "secret%2B%2F%26", "fake.token", "fake.refresh", "fake-device-code", "eyJhbGciOi"];

/// The stand-in, while the test runs.
pub(crate) struct Tenant(Fake);

impl Tenant {
    /// One with a domain and nobody in it.
    pub(crate) fn new() -> Self {
        let (give, take) = mpsc::channel();
        // It answers while the test waits for the program.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                give.send(Fake::start().await).ok();
                std::future::pending::<()>().await;
            });
        });
        let tenant = Self(take.recv().unwrap());
        let mut state = tenant.state();
        let domain = json!({ "id": "contoso.test", "isVerified": true, "authenticationType": "Managed", "isDefault": true });
        state.lists.insert("domains", vec![domain]);
        let tenant_of =
            json!({ "id": ID_OF_TENANT, "displayName": "Contoso", "onPremisesSyncEnabled": true });
        state.lists.insert("organization", vec![tenant_of]);
        drop(state);
        tenant
    }

    /// The stand-in itself.
    pub(crate) fn fake(&self) -> &Fake {
        &self.0
    }

    /// What it holds.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state()
    }

    /// The variables that lead there, but for a way to sign in.
    pub(crate) fn leads(&self, run: Run) -> Run {
        let url = self.0.url();
        run.env("ADRECOVER_TENANT", TENANT)
            .env("ADRECOVER_CLIENT_ID", CLIENT.to_string())
            .env("ADRECOVER_CLOUD_ENDPOINT", format!("{url},{url}"))
    }

    /// The same, and the app's secret in a file of this folder.
    pub(crate) fn with_secret(&self, run: Run, folder: &Path) -> Run {
        let file = folder.join("app.secret");
        std::fs::write(&file, SECRET).unwrap();
        private(&file);
        self.leads(run).env("ADRECOVER_CLIENT_SECRET_FILE", file)
    }

    /// How many requests came, to Graph and to the login host.
    pub(crate) fn requests(&self) -> usize {
        self.state().log.len()
    }

    /// Fails where a request did not fit the description of Graph.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        self.0.assert_clean();
    }
}

const ID_OF_TENANT: &str = "99999999-0000-4000-8000-000000000001";

/// What must not be in any output.
pub(crate) fn confidential() -> Secrets {
    Secrets::of(CONFIDENTIAL.map(str::to_owned).to_vec())
}

/// A synchronised cloud user with these properties besides the usual ones.
pub(crate) fn cloud_user(upn: &str, more: Value) -> Value {
    let mut user = json!({
        "displayName": upn, "userPrincipalName": upn, "accountEnabled": true, "userType": "Member",
        "onPremisesSyncEnabled": true, "proxyAddresses": [format!("SMTP:{upn}")], "mail": upn, "mailNickname": "x",
        "deletedDateTime": null,
    });
    for (name, value) in more.as_object().unwrap() {
        user[name.as_str()] = value.clone();
    }
    user
}
