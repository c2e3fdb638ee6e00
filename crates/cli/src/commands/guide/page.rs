//! The guide as one page: no script, nothing from the network.

use std::fmt::Write as _;

use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_hybrid::guide::{Clock, Guide, Remaining, StateDocument, StepDocument};

use super::text::{AUDIT, claim, origin, remains_title, unknowns_title, until, words};
use crate::html::{self, escaped};
use crate::remains::{CHECK, LAST_WAY, THEN, UNLESS};

const STYLE: &str = "\
:root{color-scheme:light dark;--bad:#b3261e;--open:#8a6100;--good:#1b6e3a;--line:#8884;--soft:#8881}
@media(prefers-color-scheme:dark){:root{--bad:#ff8a80;--open:#e0b04a;--good:#7ed09a}}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0 0 .2rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:1.8rem 0 .5rem;padding-top:.6rem;border-top:1px solid var(--line)}
p{margin:.3rem 0}pre{background:var(--soft);padding:.5rem .7rem;margin:.3rem 0;border-radius:.3rem;white-space:pre-wrap;overflow-wrap:anywhere}
code{background:var(--soft);padding:0 .25rem;border-radius:.2rem}table{border-collapse:collapse;margin:.6rem 0}
pre span{display:block;padding-left:2em;text-indent:-2em}pre i{font-style:normal;white-space:nowrap}td{padding:.15rem 1.2rem .15rem 0;vertical-align:top}td:first-child{white-space:nowrap}ul{margin:.3rem 0;padding-left:1.2rem}li{margin:.25rem 0}
ol{padding-left:0;list-style:none}ol>li{border:1px solid var(--line);border-radius:.4rem;margin:.6rem 0;padding:.5rem .8rem;break-inside:avoid}
ol>li.destructive{border-color:var(--bad);border-left-width:.4rem}
.title{font-weight:600}.bad{color:var(--bad);font-weight:700}.open{color:var(--open)}.good{color:var(--good)}.over{color:var(--bad);font-weight:700}
.soft{opacity:.75}.small{font-size:.9em}.when{font-style:italic}
@media print{body{margin:0;max-width:none}}
";

/// The page.
pub(super) fn page(guide: &Guide, now: Timestamp) -> String {
    let mut out = html::begin("guide", STYLE);
    head(&mut out, guide);
    clocks(&mut out, &guide.clocks);
    list(&mut out, "Several objects claim to be this user", guide.duplicates.iter().map(claim));
    let warnings = guide.warnings.iter().map(|w| match &w.when {
        Some(when) => format!("if {when}: {}", w.text),
        None => w.text.clone(),
    });
    list(&mut out, "Mind", warnings);
    unknowns(&mut out, guide);
    let missing = guide.missing();
    let values = missing.iter().map(|p| format!("{} is {}", p.shown(), p.tells()));
    let title = if guide.is_normal() { "To be sure" } else { "What to do, in this order" };
    steps(&mut out, title, &guide.steps, values);
    if let Some(remains) = &guide.remains {
        remaining(&mut out, remains_title(guide), remains);
    }
    if let Some(page) = &guide.page {
        let _ = writeln!(
            out,
            "<h2>Microsoft's page</h2>\n<p>\u{201c}{}\u{201d}: {}</p>",
            escaped(page.title),
            escaped(page.says)
        );
        if let Some(instead) = page.instead {
            let _ = writeln!(out, "<p>Done otherwise here: {}</p>", escaped(instead));
        }
    }
    let _ = writeln!(
        out,
        "<p class=\"soft small\">Made {}. Nothing was changed. Nothing here was run against a live tenant.</p>\n{}",
        rfc3339(now),
        html::END
    );
    out
}

fn head(out: &mut String, guide: &Guide) {
    let verdict = guide.verdict.map_or("the case is not known yet", words);
    let color = match guide.verdict {
        Some("normal" | "recoverable") => "good",
        Some("notRecoverable") => "bad",
        _ => "open",
    };
    let user = guide.user.as_deref().map(|user| format!("{}: ", escaped(user))).unwrap_or_default();
    let _ = writeln!(out, "<h1>{user}<span class=\"{color}\">{}</span></h1>", escaped(verdict));
    if let (Some(case), Some(summary)) = (&guide.case, guide.summary) {
        let _ = writeln!(
            out,
            "<p>{}</p>\n<p class=\"soft\">Case <code>{}</code></p>",
            escaped(summary),
            escaped(case)
        );
    }
    out.push_str("<table>\n");
    for (title, finding) in [
        ("on premises", &guide.states.on_premises),
        ("Entra user", &guide.states.entra),
        ("mailbox", &guide.states.mailbox),
    ] {
        state(out, title, finding);
    }
    cause(out, guide);
    out.push_str("</table>\n");
}

fn state(out: &mut String, title: &str, finding: &StateDocument) {
    let name = finding.state.as_deref().unwrap_or("UNKNOWN");
    let mut notes = vec![origin(finding.source).to_owned()];
    // Of what is unknown the reason stands below, with the command.
    notes.extend(finding.because.iter().filter(|_| finding.state.is_some()).cloned());
    notes.retain(|n| !n.is_empty());
    let _ = writeln!(
        out,
        "<tr><td>{title}</td><td><strong>{}</strong></td><td>{}</td></tr>",
        escaped(name),
        escaped(&notes.join("; "))
    );
}

fn cause(out: &mut String, guide: &Guide) {
    let evidence = &guide.cause_evidence;
    let known = guide.cause.map(|cause| cause.text());
    let mut text = match (known, evidence.because) {
        (Some(cause), Some(because)) => format!("{cause}: {because}"),
        (Some(cause), None) => cause.to_owned(),
        (None, Some(because)) => format!("not certain: {because}"),
        (None, None) => String::new(),
    };
    let candidates: Vec<&str> = evidence.candidates.iter().map(|c| c.text()).collect();
    if !candidates.is_empty() {
        let _ = write!(
            text,
            "{}possible: {}",
            if text.is_empty() { "" } else { ". Also " },
            candidates.join("; ")
        );
    }
    if text.is_empty() {
        return;
    }
    let command = evidence
        .command
        .filter(|_| !candidates.is_empty())
        .map(|command| format!("<br>{}{}", escaped(AUDIT), code(command)))
        .unwrap_or_default();
    let _ = writeln!(out, "<tr><td>cause</td><td colspan=\"2\">{}{command}</td></tr>", escaped(&text));
}

fn clocks(out: &mut String, all: &[Clock]) {
    if all.is_empty() {
        return;
    }
    out.push_str("<h2>How long there is time</h2>\n<table>\n");
    for clock in all {
        let class = if clock.days_left.is_some_and(|days| days <= 3) { "over" } else { "" };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"{class}\">{}</td><td class=\"soft\">{}</td></tr>",
            clock.title(),
            escaped(&until(clock)),
            escaped(clock.rule)
        );
    }
    out.push_str("</table>\n");
}

fn list(out: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.map(|item| format!("<li>{}</li>\n", escaped(&item))).collect();
    if !items.is_empty() {
        let _ = writeln!(out, "<h2>{}</h2>\n<ul>\n{}</ul>", escaped(title), items.concat());
    }
}

fn unknowns(out: &mut String, guide: &Guide) {
    if guide.unknowns.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h2>{}</h2>\n<ul>", escaped(unknowns_title(guide)));
    for unknown in &guide.unknowns {
        let at = if unknown.at.is_empty() { String::new() } else { format!(" ({})", unknown.at) };
        let _ = write!(out, "<li>{}<span class=\"soft\">{}</span>", escaped(&unknown.question), escaped(&at));
        for because in unknown.because.iter().filter(|_| guide.case.is_none()) {
            let _ = write!(out, "<div class=\"soft small\">{}</div>", escaped(because));
        }
        let _ = writeln!(out, "{}</li>", code(&unknown.command));
    }
    out.push_str("</ul>\n");
    if !guide.possible.is_empty() {
        let rows = guide.possible.iter().map(|p| {
            format!(
                "<tr><td><code>{}</code></td><td>{}</td></tr>\n",
                escaped(&p.case),
                escaped(words(p.verdict))
            )
        });
        let _ = writeln!(out, "<h2>It is one of these</h2>\n<table>\n{}</table>", rows.collect::<String>());
    }
}

/// A command as a block; what is too long for a line goes on further right, so that its lines stay lines.
fn code(text: &str) -> String {
    // A parameter is not broken behind its dash.
    let word = |word: &str| match word.strip_prefix('-') {
        Some(_) => format!("<i>{}</i>", escaped(word)),
        None => escaped(word),
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    let lines: String = text.lines().map(|text| format!("<span>{}</span>", line(text))).collect();
    format!("<pre>{lines}</pre>")
}

fn steps(out: &mut String, title: &str, all: &[StepDocument], values: impl Iterator<Item = String>) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h2>{}</h2>", escaped(title));
    let values: Vec<String> = values.map(|value| format!("<li>{}</li>\n", escaped(&value))).collect();
    if !values.is_empty() {
        let _ = writeln!(out, "<p>To be filled in:</p>\n<ul class=\"small\">\n{}</ul>", values.concat());
    }
    out.push_str("<ol>\n");
    all.iter().for_each(|one| step(out, one));
    out.push_str("</ol>\n");
}

fn step(out: &mut String, step: &StepDocument) {
    let (class, mark) = if step.destructive {
        (" class=\"destructive\"", "<span class=\"bad\">DESTRUCTIVE</span> ")
    } else {
        ("", "")
    };
    let _ = write!(
        out,
        "<li{class}><span class=\"title\">{}. {mark}{}</span> <span class=\"soft small\">[{}]</span>",
        step.n,
        escaped(step.title),
        escaped(&step.actor)
    );
    let line = |out: &mut String, class: &str, text: String| {
        let _ = write!(out, "<div class=\"{class}\">{}</div>", escaped(&text));
    };
    if let Some(when) = &step.when {
        line(out, "when", format!("only if {when}"));
    }
    for (title, text) in [(UNLESS, &step.unless), (CHECK, &step.check)] {
        if let Some(text) = text {
            line(out, "", title.to_owned());
            out.push_str(&code(text));
        }
    }
    if let Some(text) = &step.command {
        if step.unless.is_some() || step.check.is_some() {
            line(out, "", THEN.to_owned());
        }
        out.push_str(&code(text));
    }
    step.evidence.iter().for_each(|need| line(out, "soft", format!("needs {need}")));
    if let Some(why) = step.why {
        line(out, "", why.to_owned());
    }
    if let Some(replaces) = step.replaces {
        line(out, "soft small", format!("in place of: {replaces}"));
    }
    out.push_str("</li>\n");
}

fn remaining(out: &mut String, title: &str, remains: &Remaining) {
    let _ = writeln!(out, "<h2>{}</h2>\n<p>{}</p>", escaped(title), escaped(remains.summary));
    let items = |all: &[&str]| all.iter().map(|t| format!("<li>{}</li>\n", escaped(t))).collect::<String>();
    let _ = writeln!(out, "<p>It takes</p>\n<ul>\n{}</ul>", items(remains.conditions));
    let _ = writeln!(out, "<p class=\"bad\">Mind</p>\n<ul>\n{}</ul>", items(remains.warnings));
    out.push_str("<ol>\n");
    remains.steps.iter().for_each(|one| step(out, one));
    let _ = writeln!(out, "</ol>\n<p>{LAST_WAY}</p>\n<ul>\n{}</ul>", items(remains.recreate_loses));
}
