//! Metrics in the text format of Prometheus, version 0.0.4.

use std::fmt::Write;

use crate::shared::Shared;

pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every metric with its type and its help, in the order in which they are told.
const METRICS: [(&str, &str, &str); 21] = [
    ("adrecover_agent_info", "gauge", "The version of the program and the forest; always 1."),
    ("adrecover_agent_start_time_seconds", "gauge", "When the agent was started."),
    ("adrecover_agent_connected", "gauge", "Whether a domain controller is connected."),
    (
        "adrecover_agent_last_success_timestamp_seconds",
        "gauge",
        "When all naming contexts were last read to their end since the start; 0 before.",
    ),
    ("adrecover_agent_lag_seconds", "gauge", "How long ago something of the naming context was last kept."),
    (
        "adrecover_agent_full_read_timestamp_seconds",
        "gauge",
        "When the naming context was last read as a whole; 0 before.",
    ),
    ("adrecover_agent_objects_read_total", "counter", "Objects that the directory told of."),
    ("adrecover_agent_changes_total", "counter", "Changes that were written to the journal."),
    ("adrecover_agent_deletions_total", "counter", "Deletions among them."),
    ("adrecover_agent_full_reads_total", "counter", "Full reads that were begun."),
    ("adrecover_agent_journals_set_aside_total", "counter", "Journals that were damaged."),
    ("adrecover_agent_errors_total", "counter", "What failed, by kind."),
    ("adrecover_agent_journal_bytes", "gauge", "The size of the journal."),
    ("adrecover_agent_journal_objects", "gauge", "Objects in the journal, by where they stand."),
    ("adrecover_agent_journal_changes", "gauge", "Changes in the journal."),
    ("adrecover_agent_journal_links", "gauge", "Values of link attributes that are there now."),
    ("adrecover_agent_alerts_total", "counter", "Alerts that were raised."),
    ("adrecover_agent_alerts_sent_total", "counter", "Alerts that were delivered, by channel."),
    ("adrecover_agent_alerts_failed_total", "counter", "Tries to deliver an alert that failed, by channel."),
    ("adrecover_agent_alerts_dropped_total", "counter", "Alerts that were given up, by channel."),
    ("adrecover_agent_alerts_waiting", "gauge", "Alerts that are still to be delivered."),
];

/// The metrics now.
pub(super) fn text(shared: &Shared) -> String {
    let waiting = shared.memory().kept.waiting.len();
    let stand = shared.stand();
    let mut out = String::with_capacity(8192);
    for (name, kind, help) in METRICS {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        let mut plain = |value: u64| {
            let _ = writeln!(out, "{name} {value}");
        };
        let counts = &stand.counts;
        match name.trim_start_matches("adrecover_agent_") {
            "start_time_seconds" => plain(seconds(Some(stand.since))),
            "connected" => plain(stand.server.is_some().into()),
            "last_success_timestamp_seconds" => plain(seconds(stand.success)),
            "objects_read_total" => plain(counts.objects),
            "changes_total" => plain(counts.changes),
            "deletions_total" => plain(counts.deletions),
            "full_reads_total" => plain(counts.full_reads),
            "journals_set_aside_total" => plain(counts.set_aside),
            "journal_bytes" => plain(stand.journal.map_or(0, |journal| journal.octets)),
            "journal_changes" => plain(stand.journal.map_or(0, |journal| journal.changes)),
            "journal_links" => plain(stand.journal.map_or(0, |journal| journal.links)),
            "alerts_total" => plain(counts.raised),
            "alerts_waiting" => plain(waiting as u64),
            label => labelled(&mut out, name, label, &stand),
        }
    }
    out
}

/// The metrics that there are several of.
fn labelled(out: &mut String, name: &str, which: &str, stand: &crate::stand::Stand) {
    let mut row = |labels: &[(&str, &str)], value: u64| {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
    };
    match which {
        "info" => {
            let forest = stand.forest.as_deref().unwrap_or_default();
            row(&[("version", env!("CARGO_PKG_VERSION")), ("forest", forest)], 1);
        }
        "lag_seconds" => {
            stand.contexts.iter().for_each(|(dn, c)| row(&[("context", dn)], c.lag().as_secs()));
        }
        "full_read_timestamp_seconds" => {
            stand.contexts.iter().for_each(|(dn, c)| row(&[("context", dn)], seconds(c.completed)));
        }
        "errors_total" => {
            stand.counts.errors.iter().for_each(|(kind, count)| row(&[("kind", kind)], *count));
        }
        "journal_objects" => {
            let objects = stand.journal.map(|journal| journal.objects).unwrap_or_default();
            for (status, count) in [
                ("live", objects.live),
                ("deleted", objects.deleted),
                ("stripped", objects.stripped),
                ("gone", objects.gone),
                ("unseen", objects.unseen),
            ] {
                row(&[("status", status)], count);
            }
        }
        "alerts_sent_total" => stand.alerts.iter().for_each(|(c, d)| row(&[("channel", c)], d.sent)),
        "alerts_failed_total" => stand.alerts.iter().for_each(|(c, d)| row(&[("channel", c)], d.failed)),
        "alerts_dropped_total" => stand.alerts.iter().for_each(|(c, d)| row(&[("channel", c)], d.dropped)),
        _ => {}
    }
}

fn seconds(time: Option<adrecover_core::time::Timestamp>) -> u64 {
    time.and_then(|time| u64::try_from(time.timestamp()).ok()).unwrap_or(0)
}

/// The value of a label: a backslash, a quotation mark and a line feed are escaped, what else drives a terminal is shown.
fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    value.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Administrators build on these names: each stands in the documentation, and no other.
    #[test]
    fn the_documentation_names_every_metric() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/agent.md");
        let text = std::fs::read_to_string(path).unwrap();
        let rows =
            text.lines().filter_map(|line| line.strip_prefix("| `adrecover_agent_")?.split('`').next());
        let documented: Vec<String> = rows.map(|name| format!("adrecover_agent_{name}")).collect();
        let known: Vec<&str> = METRICS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(documented, known);
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("a\\b\"c\nd\u{1b}"), "a\\\\b\\\"c\\nd\u{fffd}");
    }
}
