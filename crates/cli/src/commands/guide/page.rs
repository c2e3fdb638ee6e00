//! The guide as one page: no script, nothing from the network.

use std::fmt::Write as _;

use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_hybrid::guide::{Guide, Remaining, StateDocument, StepDocument};

use super::text::{claim, clock, origin, words};
use crate::preflight::html::escaped;

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:1.6rem}pre{background:#8881;padding:.5rem;border-radius:.3rem;overflow-x:auto}
td{padding:.15rem .8rem .15rem 0;vertical-align:top}.bad{color:#b3261e;font-weight:700}.soft{opacity:.75}li{margin:.5rem 0}
@media print{pre{white-space:pre-wrap}}";

/// The page.
pub(super) fn page(guide: &Guide, now: Timestamp) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>adrecover: guide</title>\n<style>\n{STYLE}</style></head>\n<body>\n"
    );
    let user = guide.user.as_deref().unwrap_or("a user");
    let verdict = guide.verdict.map_or("the case is not known yet", words);
    let case = guide.case.as_deref().unwrap_or("unknown");
    let _ = writeln!(
        out,
        "<h1>{}: {}</h1>\n<p>Case <code>{}</code>. {}</p>",
        escaped(user),
        escaped(verdict),
        escaped(case),
        escaped(guide.summary.unwrap_or_default())
    );
    out.push_str("<table>\n");
    for (title, finding) in [
        ("on premises", &guide.states.on_premises),
        ("Entra user", &guide.states.entra),
        ("mailbox", &guide.states.mailbox),
    ] {
        state(&mut out, title, finding);
    }
    out.push_str("</table>\n");
    list(&mut out, "How long there is time", guide.clocks.iter().map(clock));
    list(&mut out, "Several objects claim to be this user", guide.duplicates.iter().map(claim));
    let warnings = guide.warnings.iter().map(|w| match &w.when {
        Some(when) => format!("if {when}: {}", w.text),
        None => w.text.clone(),
    });
    list(&mut out, "Mind", warnings);
    steps(&mut out, "What to do, in this order", &guide.steps);
    let unknowns = guide.unknowns.iter().map(|u| format!("{} {}", u.question, u.command));
    list(&mut out, "Not known yet", unknowns);
    if let Some(remains) = &guide.remains {
        remaining(&mut out, remains);
    }
    if let Some(page) = &guide.page {
        let instead = page.instead.map(|i| format!(" Done otherwise here: {i}")).unwrap_or_default();
        list(&mut out, "Microsoft's page", [format!("{}: {}{instead}", page.title, page.says)].into_iter());
    }
    let _ = writeln!(
        out,
        "<p class=\"soft\">Made {}. Nothing was changed. Nothing here was run against a live tenant.</p>\n</body></html>",
        rfc3339(now)
    );
    out
}

fn state(out: &mut String, title: &str, finding: &StateDocument) {
    let name = finding.state.as_deref().unwrap_or("unknown");
    let mut notes = vec![origin(finding.source).to_owned()];
    notes.extend(finding.because.iter().cloned());
    notes.retain(|n| !n.is_empty());
    let _ = writeln!(
        out,
        "<tr><td>{title}</td><td><strong>{}</strong></td><td>{}</td></tr>",
        escaped(name),
        escaped(&notes.join("; "))
    );
}

fn list(out: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.map(|item| format!("<li>{}</li>\n", escaped(&item))).collect();
    if !items.is_empty() {
        let _ = writeln!(out, "<h2>{}</h2>\n<ul>\n{}</ul>", escaped(title), items.concat());
    }
}

fn steps(out: &mut String, title: &str, all: &[StepDocument]) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h2>{}</h2>\n<ol>", escaped(title));
    for step in all {
        let mark = if step.destructive { "<span class=\"bad\">destructive</span> " } else { "" };
        let _ = write!(
            out,
            "<li>{mark}<strong>{}</strong> <span class=\"soft\">{}</span>",
            escaped(step.title),
            escaped(&step.actor)
        );
        let mut line = |class: &str, text: String| {
            let _ = write!(out, "<div class=\"{class}\">{}</div>", escaped(&text));
        };
        if let Some(when) = &step.when {
            line("", format!("only if {when}"));
        }
        step.needs.iter().for_each(|need| line("soft", format!("needs {need}")));
        if let Some(why) = step.why {
            line("", why.to_owned());
        }
        if let Some(replaces) = step.replaces {
            line("soft", format!("in place of: {replaces}"));
        }
        for text in step.check.iter().chain(&step.command) {
            let lines: Vec<String> = text.lines().map(escaped).collect();
            let _ = write!(out, "<pre>{}</pre>", lines.join("\n"));
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ol>\n");
}

fn remaining(out: &mut String, remains: &Remaining) {
    list(out, "What remains", std::iter::once(remains.summary.to_owned()));
    list(out, "It takes", remains.conditions.iter().map(|c| (*c).to_owned()));
    steps(out, "The authoritative restore", &remains.steps);
    list(out, "Mind", remains.warnings.iter().map(|w| (*w).to_owned()));
    list(out, "A new account cannot bring back", remains.recreate_loses.iter().map(|l| (*l).to_owned()));
}
