//! Whether the agent still sees anything.

use std::time::Duration;

use super::{Alert, AlertKind, AlertOptions};
use crate::shared::Shared;

/// So fresh it has to be to be seeing again.
const FRESH: Duration = Duration::from_secs(120);

/// Tells when nothing was read for too long, and when it is again; each once.
pub(crate) fn look(shared: &Shared, options: &AlertOptions) {
    let AlertOptions { blind_after, asking, .. } = options;
    let was_blind = shared.memory().kept.is_blind;
    let (silence, forest, last, trouble) = {
        let stand = shared.stand();
        let forest = stand.forest.clone().unwrap_or_default();
        (stand.silence(), forest, stand.success, stand.trouble.clone())
    };
    let now = shared.now();
    let is_blind = silence >= *blind_after;
    if is_blind && !was_blind {
        let trouble = trouble.map(|reason| format!(": {reason}")).unwrap_or_default();
        let minutes = silence.as_secs() / 60;
        let summary = format!("the agent has read no changes for {minutes} minutes{trouble}");
        let mut alert = Alert::new(AlertKind::AgentBlind, &forest, now, &summary);
        alert.from = last.map(adrecover_core::time::rfc3339);
        alert.next = vec![format!("adrecover agent status{asking}")];
        shared.raise(vec![alert], |memory| memory.kept.is_blind = true);
    } else if was_blind && silence < FRESH.min(*blind_after) {
        let summary = "the agent reads changes again; what happened meanwhile was caught up";
        let mut alert = Alert::new(AlertKind::AgentSeeing, &forest, now, summary);
        alert.next = vec![format!("adrecover agent status{asking}")];
        shared.raise(vec![alert], |memory| memory.kept.is_blind = false);
    }
}
