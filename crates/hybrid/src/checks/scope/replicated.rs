//! `scope.replicated`.

use crate::checks::case::Case;
use crate::checks::command::{identity, quoted};
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::evidence::Known;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.replicated",
    title: "the object is live, and the domain controller that the engine reads has it",
    severity: Severity::Block,
    needs: Needs::Sync,
    why: "The engine imports from one domain controller. While that one still shows the object as deleted, the next cycle deletes the \
          cloud user, or leaves it in the bin, whatever was restored elsewhere.",
    evidence: "isDeleted, isRecycled, whenChanged of the object on the one domain controller that was read; last-dc of the partition in \
               the connector's configuration. No other domain controller is asked: read the one that the engine reads (--server)",
    fix: "restore the object, then replicate before the next cycle: repadmin /syncall DC /A /e /P",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-feature-scheduler; \
             learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2012-r2-and-2012/cc835086(v=ws.11) (repadmin /syncall); [MS-ADTS] 3.1.1.5.5",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let live = live(case);
    if !case.subject.is_live {
        return live;
    }
    Finding::all([live, replicated(case)])
}

fn live(case: &Case<'_>) -> Finding {
    let subject = case.subject;
    let seen = [case.saw("isDeleted")];
    if subject.is_planned && subject.is_live {
        return Finding::fine("it will be live when the plan has been carried out").saw(seen);
    }
    if subject.entry().is_true("isRecycled") {
        return Finding::fail("the object is recycled: the directory cannot give it back")
            .saw([case.saw("isRecycled")])
            .fix(
                "restore it authoritatively from a backup (ntdsutil), or make a new user: adrecover recreate",
            );
    }
    if !subject.is_live {
        return Finding::fail("the object is deleted")
            .saw(seen)
            .fix(format!("adrecover restore --guid {}", identity(subject)));
    }
    if !subject.was_asked("isDeleted") {
        return Finding::unknown("isDeleted was not read");
    }
    Finding::pass().saw(seen)
}

fn replicated(case: &Case<'_>) -> Finding {
    let subject = case.subject;
    let sync = match case.need_sync() {
        Ok(sync) => sync,
        Err(finding) => return finding,
    };
    let located = sync.evaluator.locate(&subject.dn);
    let read: Vec<(&str, Seen)> = located
        .iter()
        .filter_map(|l| {
            Some((
                l.partition.last_dc.as_deref()?,
                super::place(&l.partition.at, "last-dc", l.partition.last_dc.clone()?),
            ))
        })
        .collect();
    let servers: Vec<&str> = read.iter().map(|(server, _)| *server).collect();
    let seen: Vec<Seen> =
        read.iter().map(|(_, seen)| seen.clone()).chain([case.saw("whenChanged")]).collect();
    let source = subject.source.as_str();
    if servers.iter().any(|server| same_host(server, source)) {
        return Finding::fine(format!("{source} is the domain controller that the engine read last"))
            .saw(seen);
    }
    let is_there = |list: &[String]| servers.iter().any(|s| list.iter().any(|there| same_host(s, there)));
    let fix = commands(source, servers.first().copied(), &subject.dn.to_string());
    let Some(server) = servers.first() else {
        let detail =
            format!("which domain controller the engine reads is not known; this was read from {source}");
        return Finding::warn(detail).saw(seen).fix(fix);
    };
    if subject.is_planned {
        let detail = format!("the restore writes to {source}; the engine read {server} last");
        return Finding::warn(detail).saw(seen).fix(fix);
    }
    match &subject.replicated_to {
        Known::Value(list) if is_there(list) => {
            Finding::fine(format!("{server}, which the engine read last, has it")).saw(seen)
        }
        Known::Value(_) | Known::Absent => {
            let detail = format!("{server}, which the engine read last, does not have it as {source} has it");
            Finding::fail(detail).saw(seen).fix(fix)
        }
        Known::NotAsked => {
            let read = host(server).map_or_else(String::new, |server| format!(" (--server {server})"));
            let detail = format!(
                "the engine read {server} last, and this was read from {source}: whether both have the same is not known. \
                 Replicate, and check against the one that the engine reads{read}"
            );
            Finding::unknown(detail).saw(seen)
        }
    }
}

/// How one domain controller gets what another one has.
fn commands(from: &str, to: Option<&str>, dn: &str) -> String {
    let from = host(from);
    let all = match from {
        Some(from) => format!("before the next cycle: repadmin /syncall {from} /A /e /P"),
        None => "before the next cycle: repadmin /syncall /A /e /P".to_owned(),
    };
    match (to.and_then(host), from) {
        (Some(to), Some(from)) => {
            format!("{all}, or for the object alone: repadmin /replsingleobj {to} {from} {}", quoted(dn))
        }
        _ => all,
    }
}

/// A name that may stand in a command: it is a host's, whatever file it comes from.
fn host(name: &str) -> Option<&str> {
    let is_of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_good = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_of_host);
    (is_good && name.len() <= 255).then_some(name)
}

/// Whether two names are of one host: one of them may be without its domain.
fn same_host(a: &str, b: &str) -> bool {
    let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let (a, b) = (bare(a), bare(b));
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    a == b || ((!a.contains('.') || !b.contains('.')) && label(&a) == label(&b))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Connector, WHOLE};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let reading = |last_dc| Stage::new().sync("c.json", &Connector { last_dc, ..WHOLE }.json());
        let other = || reading(Some("dc2.contoso.test"));
        table(
            &RULE,
            &[
                ("the server that the engine reads", reading(Some("DC1.contoso.test")), Status::Pass),
                ("another server", other(), Status::Unknown),
                (
                    "another server, planned",
                    other().changed(|s| (s.is_live, s.is_planned) = (true, true)),
                    Status::Warn,
                ),
                (
                    "another server, which others have replicated to",
                    other().changed(|s| s.replicated_to = Known::Absent),
                    Status::Fail,
                ),
                (
                    "another server, which has it",
                    other().changed(|s| s.replicated_to = Known::Value(vec!["dc2".into()])),
                    Status::Pass,
                ),
                (
                    "another server, which lacks it",
                    other().changed(|s| s.replicated_to = Known::Value(vec!["dc3".into()])),
                    Status::Fail,
                ),
                ("no server named", reading(None), Status::Warn),
                ("deleted", reading(Some("dc1")).changed(|s| s.is_live = false), Status::Fail),
                (
                    "deleted, the directory alone",
                    Stage::new().on_prem_only().with("isDeleted", &["TRUE"]),
                    Status::Fail,
                ),
                (
                    "recycled",
                    reading(Some("dc1")).with("isDeleted", &["TRUE"]).with("isRecycled", &["TRUE"]),
                    Status::Fail,
                ),
                (
                    "planned",
                    reading(Some("dc1"))
                        .with("isDeleted", &["TRUE"])
                        .changed(|s| (s.is_live, s.is_planned) = (true, true)),
                    Status::Pass,
                ),
                ("not read", reading(Some("dc1")).not_asked("isDeleted"), Status::Unknown),
                ("no configuration", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
            ],
        );
    }

    #[test]
    fn a_server_that_is_no_host_stands_in_no_command() {
        let odd = Connector { last_dc: Some("dc2; calc"), ..WHOLE }.json();
        let planned = Stage::new().sync("c.json", &odd).changed(|s| (s.is_live, s.is_planned) = (true, true));
        let fix = planned.look(judge).fix.unwrap();
        assert_eq!(fix, "before the next cycle: repadmin /syncall dc1 /A /e /P");
        let unknown = Stage::new().sync("c.json", &odd).look(judge);
        assert!(!unknown.detail.contains("--server"), "{}", unknown.detail);
        for (name, good) in
            [("dc1.x_y", true), ("-dc1", false), ("dc1 /x", false), ("", false), ("dc$1", false)]
        {
            assert_eq!(host(name).is_some(), good, "{name}");
        }
    }

    #[test]
    fn hosts_are_compared_by_their_whole_names_where_both_have_one() {
        for (a, b, same) in [
            ("dc1", "DC1.contoso.test", true),
            ("dc1.contoso.test.", "dc1.contoso.test", true),
            ("dc1.eu.contoso.test", "dc1.contoso.test", false),
            ("dc1", "dc11", false),
        ] {
            assert_eq!(same_host(a, b), same, "{a} {b}");
        }
    }
}
