//! Microsoft Graph from the command line, against the stand-in of it: nothing here was run against a live tenant.

mod conflicts;
mod evidence;
mod restore;
mod secrets;
mod show;
mod signing;

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::support::Run;
use crate::support::graph::{Tenant, cloud_user, confidential};

const ANNA: &str = "8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab";
const BERT: &str = "8d4e6b2a-1f3c-4a5b-9c7d-0123456789ac";
const OTHER: &str = "8d4e6b2a-1f3c-4a5b-9c7d-0123456789ad";
const SALES: &str = "11111111-0261-4cee-bb44-138d3ef5d965";
const SKU: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
/// The source anchor that the objectGUID below gives.
const ANCHOR: &str = "3q2+7wEjRWeJq83vASNFZw==";
const OBJECT: &str = "efbeadde-2301-6745-89ab-cdef01234567";
const SID: &str = "S-1-5-21-1-2-3-1104";
const UPN: &str = "anna@contoso.test";
const BIN: &str = "/v1.0/directory/deletedItems/microsoft.graph.user";

/// A tenant with Anna in the bin and Bert alive, and the program without any server.
struct Stage {
    folder: TempDir,
    tenant: Tenant,
}

impl Stage {
    fn new() -> Self {
        let stage = Self { folder: tempfile::tempdir().unwrap(), tenant: Tenant::new() };
        std::fs::write(stage.folder.path().join("config.toml"), "").unwrap();
        let mut state = stage.tenant.state();
        state.add_user(
            ANNA.parse().unwrap(),
            cloud_user(
                UPN,
                json!({
                    "onPremisesImmutableId": ANCHOR, "onPremisesSecurityIdentifier": SID, "onPremisesSamAccountName": "anna",
                    "onPremisesDomainName": "contoso.test", "proxyAddresses": ["SMTP:anna@contoso.test", "smtp:ao@contoso.test"],
                    "usageLocation": "DE", "onPremisesObjectIdentifier": OBJECT,
                    "onPremisesProvisioningErrors": [{ "category": "PropertyConflict", "propertyCausingError": "ProxyAddresses",
                        "value": "SMTP:ao@contoso.test", "occurredDateTime": "2026-11-01T00:00:00Z" }],
                    "licenseAssignmentStates": [{ "skuId": SKU, "assignedByGroup": SALES, "state": "Error", "error": "CountViolation" }],
                }),
            ),
        );
        let yesterday = adrecover_core::time::rfc3339(now() - chrono::Duration::days(1));
        state.delete_user(ANNA.parse().unwrap(), &yesterday);
        state.add_user(BERT.parse().unwrap(), cloud_user("bert@contoso.test", json!({})));
        let group = json!({ "id": SALES, "displayName": "Sales", "assignedLicenses": [{ "skuId": SKU, "disabledPlans": [] }] });
        state.lists.insert("groups", vec![group]);
        let sku = json!({ "skuId": SKU, "skuPartNumber": "SPE_E3", "consumedUnits": 3, "prepaidUnits": { "enabled": 3 },
            "capabilityStatus": "Enabled", "servicePlans": [] });
        state.lists.insert("subscribedSkus", vec![sku]);
        drop(state);
        stage
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn add(&self, id: &str, upn: &str, more: serde_json::Value) {
        self.tenant.state().add_user(id.parse().unwrap(), cloud_user(upn, more));
    }

    fn forbid(&self, path: &str) {
        self.tenant.state().forbidden.insert(path.to_owned());
    }

    /// The program without any setting.
    fn bare(&self) -> Run {
        Run::new(self.path(), confidential()).env("ADRECOVER_CONFIG", self.path().join("config.toml"))
    }

    /// The program with a tenant and the secret of its app.
    fn program(&self) -> Run {
        self.tenant.with_secret(self.bare(), self.path())
    }

    /// `adrecover cloud …` with JSON.
    fn cloud<const N: usize>(&self, arguments: [&str; N]) -> Run {
        self.program().args(["cloud", "-o", "json"]).args(arguments)
    }
}

#[expect(clippy::disallowed_methods, reason = "what the program counts from its own clock")]
fn now() -> adrecover_core::time::Timestamp {
    chrono::Utc::now()
}
