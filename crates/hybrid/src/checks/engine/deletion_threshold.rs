//! `engine.deletionThreshold`.

use adrecover_core::time::{Timestamp, rfc3339};

use super::{is_cloud_sync, saw};
use crate::checks::case::Case;
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::evidence::{Dataset, Evidence, Known};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "engine.deletionThreshold",
    title: "no export is stopped by too many deletions",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "An export that would delete more objects than the threshold (500 unless changed) is stopped as a whole: what was restored is not \
          exported either, and the pending deletions are still there when somebody lets it go on.",
    evidence: "run history: the result stopped-deletion-threshold-exceeded, and successful exports after it; event 116 of the sync server; \
               Get-ADSyncExportDeletionThreshold",
    fix: "look at the pending deletions first (Synchronization Service Manager, Search Connector Space, Pending Export, Delete). Bring back \
          what must not go; then Disable-ADSyncExportDeletionThreshold, one Start-ADSyncSyncCycle, Enable-ADSyncExportDeletionThreshold",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-feature-prevent-accidental-deletes",
    judge,
};

/// The number of the event.
const EVENT: i64 = 116;

fn judge(case: &Case<'_>) -> Finding {
    case.setting.engine.deletion_threshold.get_or_init(|| found(case)).clone()
}

fn found(case: &Case<'_>) -> Finding {
    if is_cloud_sync(case) {
        return Finding::not_applicable("Cloud Sync stops itself by a threshold of its own");
    }
    let evidence = match case.need_evidence() {
        Ok(evidence) => evidence,
        Err(finding) => return finding,
    };
    let stops = stops(evidence);
    let newest = stops.iter().max_by_key(|(at, _)| *at);
    let good = exports(evidence).max_by_key(|(at, _)| *at);
    match (newest, good) {
        (Some((stopped, seen)), good) => {
            let ended = good.as_ref().map(|(at, _)| *at);
            // A stop without a time may be the newest.
            let is_over = stops.iter().all(|(at, _)| at.is_some()) && ended > *stopped;
            let seen = [Some(seen.clone()), good.map(|(_, seen)| seen), threshold(evidence)].into_iter().flatten();
            if is_over {
                return Finding::fine("an export was stopped, and a later one succeeded").saw(seen);
            }
            let at = stopped.map_or_else(String::new, |at| format!(" on {}", rfc3339(at)));
            Finding::fail(format!("an export was stopped{at} by too many deletions, and none has succeeded since")).saw(seen)
        }
        (None, Some((_, seen))) => Finding::pass().saw([Some(seen), threshold(evidence)].into_iter().flatten()),
        (None, None) if is_off(evidence) => Finding::fine("the threshold is off").saw(threshold(evidence)),
        (None, None) if evidence.coverage(Dataset::Events).is_empty() => Finding::fine("the sync server has no event 116"),
        (None, None) => Finding::unknown(
            "no export of the engine is known: on the sync server, Get-ADSyncRunProfileResult | ConvertTo-Json, and the events 116",
        )
        .saw(threshold(evidence)),
    }
}

/// Runs and events that tell of a stop, with their times.
fn stops(evidence: &Evidence) -> Vec<(Option<Timestamp>, Seen)> {
    let runs = evidence.runs().filter(|run| run.is_stopped_by_deletions() == Known::Value(true)).map(|run| {
        let at = run.ended().value().or_else(|| run.started().value());
        (at, saw(run.sources().next(), "Result", run.result().value().map(str::to_owned)))
    });
    let is_of_engine = |provider: Known<&str>| {
        let provider = provider.value().map(str::to_ascii_lowercase);
        provider.is_none_or(|name| name.contains("adsync") || name.contains("directory synchronization"))
    };
    let events = evidence.events().filter(|e| e.id() == Known::Value(EVENT) && is_of_engine(e.provider()));
    let events = events.map(|event| {
        let at = event.at().value();
        (at, saw(event.sources().next(), "Id", Some(EVENT.to_string())))
    });
    runs.chain(events).collect()
}

/// Exports to the cloud that went well.
fn exports(evidence: &Evidence) -> impl Iterator<Item = (Timestamp, Seen)> {
    evidence.runs().filter_map(|run| {
        let is_export = run.profile().value()?.to_ascii_lowercase().contains("export");
        // The connectors of the forests are named by the forest.
        let is_to_cloud = run.connector().value().is_none_or(|name| {
            let name = name.to_ascii_lowercase();
            name.ends_with(" - aad") || name.contains(".onmicrosoft.")
        });
        let result = run.result().value()?;
        let at = run.ended().value()?;
        (is_export && is_to_cloud && is_good(result))
            .then(|| (at, saw(run.sources().next(), "Result", Some(result.to_owned()))))
    })
}

/// Whether a run went through: with `success`, or to its end with errors of single objects.
pub(super) fn is_good(result: &str) -> bool {
    let result = result.trim().to_ascii_lowercase();
    result == "success" || result.starts_with("completed")
}

fn is_off(evidence: &Evidence) -> bool {
    evidence.deletion_threshold() == Known::Absent
}

fn threshold(evidence: &Evidence) -> Option<Seen> {
    let value = match evidence.deletion_threshold() {
        Known::Value(number) => number.to_string(),
        Known::Absent => "off".to_owned(),
        Known::NotAsked => return None,
    };
    let file =
        evidence.listings_of(Dataset::DeletionThreshold).next().and_then(|l| evidence.files().get(l.file));
    Some(saw(file, "ThresholdCount", Some(value)))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{organisation, run};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const STOPPED: &str = "stopped-deletion-threshold-exceeded";

    fn runs(all: &[(&str, &str, &str)]) -> Stage {
        let all: Vec<String> =
            all.iter().zip(1..).map(|((profile, result, ended), n)| run(n, profile, result, ended)).collect();
        Stage::new().evidence(&[("runs.json", &format!("[{}]", all.join(",")))])
    }

    fn events(id: i64, provider: &str, good: Option<&str>) -> Stage {
        let event = format!(
            r#"[{{"Id":{id},"ProviderName":"{provider}","TimeCreated":"2026-11-25T10:00:00Z","RecordId":1}}]"#
        );
        let runs = good.map(|at| format!("[{}]", run(1, "Export", "success", at)));
        match runs {
            Some(runs) => Stage::new().evidence(&[("events.json", &event), ("runs.json", &runs)]),
            None => Stage::new().evidence(&[("events.json", &event)]),
        }
    }

    #[test]
    fn cases() {
        let (early, late) = ("2026-11-25T08:00:00Z", "2026-11-25T12:00:00Z");
        let off = r#"{"DeletionPrevention":0,"ThresholdCount":500,"ThresholdPercentage":0}"#;
        table(
            &RULE,
            &[
                ("exported", runs(&[("Export", "success", late)]), Status::Pass),
                ("stopped", runs(&[("Export", "success", early), ("Export", STOPPED, late)]), Status::Fail),
                (
                    "stopped before",
                    runs(&[("Export", STOPPED, early), ("Export", "completed-export-errors", late)]),
                    Status::Pass,
                ),
                (
                    "imported since",
                    runs(&[("Export", STOPPED, early), ("Delta Import", "success", late)]),
                    Status::Fail,
                ),
                ("imports alone", runs(&[("Delta Import", "success", late)]), Status::Unknown),
                ("an event", events(116, "Directory Synchronization", None), Status::Fail),
                ("an event, and an export since", events(116, "ADSync", Some(late)), Status::Pass),
                ("an event, and an export before", events(116, "ADSync", Some(early)), Status::Fail),
                ("an event of somebody else", events(116, "Disk", Some(early)), Status::Pass),
                ("off", Stage::new().evidence(&[("threshold.json", off)]), Status::Pass),
                (
                    "nothing of it",
                    Stage::new().evidence(&[("o.json", &organisation("true", "null"))]),
                    Status::Unknown,
                ),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }
}
