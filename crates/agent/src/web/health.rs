//! Whether the agent is well: `adrecover/agent-health/v1`.

use adrecover_core::time::rfc3339;
use serde::Serialize;

use super::Limits;
use crate::shared::Shared;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health<'a> {
    schema: &'static str,
    /// `ok`, `starting`, `reading` (for the first time) or `blind`.
    status: &'static str,
    forest: Option<&'a str>,
    server: Option<&'a str>,
    since: String,
    last_success: Option<String>,
    lag_seconds: u64,
    contexts: Vec<Context<'a>>,
    trouble: Option<String>,
    alerts_waiting: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    dn: &'a str,
    lag_seconds: u64,
    succeeded: Option<String>,
    completed: Option<String>,
}

/// Whether it is well, and the document.
pub(super) fn document(shared: &Shared, limits: Limits) -> (bool, String) {
    let alerts_waiting = shared.memory().kept.waiting.len();
    let stand = shared.stand();
    let silence = stand.silence();
    let (is_well, status) = if silence >= limits.blind_after {
        (false, "blind")
    } else if stand.contexts.values().all(|context| context.succeeded.is_none()) {
        (false, "starting")
    } else if !stand.is_complete() {
        (true, "reading")
    } else {
        (true, "ok")
    };
    let health = Health {
        schema: "adrecover/agent-health/v1",
        status,
        forest: stand.forest.as_deref(),
        server: stand.server.as_deref(),
        since: rfc3339(stand.since),
        last_success: stand.success.map(rfc3339),
        lag_seconds: silence.as_secs(),
        contexts: stand
            .contexts
            .iter()
            .map(|(dn, context)| Context {
                dn,
                lag_seconds: context.lag().as_secs(),
                succeeded: context.succeeded.map(rfc3339),
                completed: context.completed.map(rfc3339),
            })
            .collect(),
        trouble: stand.trouble.as_ref().map(ToString::to_string),
        alerts_waiting,
    };
    let mut document = serde_json::to_string_pretty(&health).unwrap_or_default();
    document.push('\n');
    (is_well, document)
}
