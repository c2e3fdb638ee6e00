//! The history of an object, or what it was, as one page: no script, nothing from the network.

use std::fmt::Write as _;

use adrecover_core::time::{Timestamp, rfc3339};

use super::Window;
use super::at::{At, LinkAt};
use super::changes::ChangeItem;
use super::document::{Document, clock};
use super::style::STYLE;
use super::text::{LEGEND, shown};
use super::words::{self, Detail};
use crate::html::{self, escaped};

/// So many things of a change, and links of a kind, are on the page.
const MOST: usize = 500;
/// So many are shown without being asked for.
const OPEN: usize = 12;

/// The page.
pub(super) fn page(document: &Document, window: &Window, now: Timestamp) -> String {
    let object = &document.object;
    let mut out = html::begin(&format!("history of {}", object.name), STYLE);
    let title = match &document.at {
        Some(at) => format!("{} as it was at {}", object.name, rfc3339(at.when)),
        None => format!("What happened to {}", object.name),
    };
    let _ = writeln!(
        out,
        "<h1>{}</h1>\n<p class=\"soft\">{}, now {}: <code>{}</code></p>\n<p class=\"soft\">From the {}; the journal knows it from {} on.</p>",
        escaped(&title),
        object.kind.name(),
        escaped(object.standing.words()),
        escaped(&object.dn),
        escaped(&document.journal.words(now)),
        escaped(&object.known_from)
    );
    for doubt in document.journal.doubts(now) {
        let _ = writeln!(out, "<p class=\"bad\">Mind: {}.</p>", escaped(&doubt));
    }
    match &document.at {
        Some(at) => as_it_was(&mut out, at),
        None => events(&mut out, document, window),
    }
    if !document.next.is_empty() {
        let lines: Vec<String> = document.next.iter().map(|command| escaped(command)).collect();
        let _ = writeln!(out, "<h2>Next steps</h2>\n<pre>{}</pre>", lines.join("\n"));
    }
    let _ = writeln!(
        out,
        "<p class=\"soft small\">Object <code>{}</code>. Made {} by adrecover {} from its change journal alone. Times are UTC. Who made a \
         change is not in any directory.</p>\n{}",
        object.guid,
        rfc3339(now),
        env!("CARGO_PKG_VERSION"),
        html::END
    );
    out
}

fn events(out: &mut String, document: &Document, window: &Window) {
    if document.changes.is_empty() {
        let _ = writeln!(out, "<p>Nothing happened to it {}.</p>", escaped(&window.words()));
        return;
    }
    out.push_str("<ol class=\"events\">\n");
    document.changes.iter().for_each(|change| event(out, change));
    out.push_str("</ol>\n");
    if document.changes.iter().any(|change| change.time_from != "directory") {
        let _ = writeln!(out, "<p class=\"soft small\">{LEGEND}.</p>");
    }
}

fn event(out: &mut String, change: &ChangeItem) {
    let class = if change.takes() {
        "bad"
    } else if change.is_whole() {
        "good"
    } else {
        "change"
    };
    let by = if change.time_from == "directory" { "" } else { "by " };
    let on = change.on.as_deref().map(|dc| format!(" on {}", escaped(dc))).unwrap_or_default();
    let found = if change.found_by_comparison { ", found by a comparison" } else { "" };
    let _ = writeln!(
        out,
        "<li class=\"{class}\"><span class=\"title\">{}</span> <span class=\"soft\">{by}{}{on}{found}</span>",
        escaped(&change.title()),
        clock(change.at)
    );
    let mut details = change.details();
    details.retain(|detail| !detail.is_mark());
    if details.len() > OPEN {
        let _ = writeln!(out, "<details><summary>{} values and links</summary>", details.len());
    }
    if !details.is_empty() {
        out.push_str("<table>");
        details.iter().take(MOST).for_each(|detail| row(out, detail));
        if details.len() > MOST {
            let _ =
                write!(out, "<tr><td></td><td>and {} more: the JSON has all</td></tr>", details.len() - MOST);
        }
        out.push_str("</table>");
    }
    out.push_str(if details.len() > OPEN { "</details></li>\n" } else { "</li>\n" });
}

fn row(out: &mut String, detail: &Detail) {
    let old = detail.old.as_deref().map(|old| format!("<del>{}</del>", escaped(&shown(old))));
    let new = detail.new.as_deref().map(|new| format!("<ins>{}</ins>", escaped(&shown(new))));
    let both = [old, new].into_iter().flatten().collect::<Vec<_>>().join(" &rarr; ");
    let _ = write!(out, "<tr><td>{}</td><td>{both}</td></tr>", escaped(&detail.label));
}

fn as_it_was(out: &mut String, at: &At) {
    if let Some(because) = at.not_known() {
        let _ = writeln!(out, "<p class=\"bad\">{}</p>", escaped(&because));
        return;
    }
    let _ = writeln!(
        out,
        "<p>It was {}: <code>{}</code></p>\n<h2>Attributes</h2>\n<table><tr><th>attribute</th><th>value</th><th>written</th></tr>",
        escaped(at.standing.map_or("-", super::standing::Standing::words)),
        escaped(at.dn.as_deref().unwrap_or("-"))
    );
    for (name, values) in &at.attributes {
        let remark = at.remarks.get(name).map(|remark| format!(" ({})", escaped(remark))).unwrap_or_default();
        let all: Vec<String> = values.iter().take(MOST).map(|value| escaped(&shown(value))).collect();
        let more = values.len().saturating_sub(MOST);
        let more = if more > 0 { format!("<br>and {more} more: the JSON has all") } else { String::new() };
        let stamp = at.metadata.iter().find(|stamp| stamp.attribute == *name);
        let since = stamp
            .and_then(|s| s.changed_at.map(|t| format!("{} on {}", clock(t), escaped(&s.changed_on))))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}{remark}{more}</td><td class=\"soft\">{since}</td></tr>",
            escaped(name),
            all.join("<br>")
        );
    }
    out.push_str("</table>\n");
    links(out, at);
}

fn links(out: &mut String, at: &At) {
    let mut rest = at.links.as_slice();
    while let Some(first) = rest.first() {
        let is_same = |link: &LinkAt| link.attribute == first.attribute && link.is_own == first.is_own;
        let count = rest.iter().take_while(|link| is_same(link)).count();
        let (these, others) = rest.split_at(count);
        let label = words::label(&first.attribute, first.is_own);
        let _ = writeln!(out, "<h2>{} ({count})</h2>\n<table>", escaped(&label));
        for link in these.iter().take(MOST) {
            let since = link.since.map(|since| format!("since {}", clock(since))).unwrap_or_default();
            let _ = writeln!(out, "<tr><td>{}</td><td class=\"soft\">{since}</td></tr>", escaped(&link.dn));
        }
        out.push_str("</table>\n");
        if count > MOST {
            let _ = writeln!(out, "<p>And {} more: the JSON has all.</p>", count - MOST);
        }
        rest = others;
    }
}
