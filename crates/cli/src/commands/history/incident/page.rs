//! An incident as one page, for whoever has to decide: no script, nothing from the network.

use std::fmt::Write as _;

use adrecover_core::time::{Timestamp, rfc3339};

use super::super::document::clock;
use super::super::style::STYLE;
use super::super::text::LEGEND;
use super::chart;
use super::document::Document;
use super::item::Item;
use super::recovery::Recovery;
use super::summary::ByName;
use super::timeline;
use crate::html::{self, escaped};

/// So many containers and domain controllers are named.
const MOST: usize = 12;
/// So many objects are on the page.
const OBJECTS: usize = 5000;
/// So many are shown without being asked for.
const OPEN: usize = 60;

/// The page.
pub(super) fn page(document: &Document, now: Timestamp) -> String {
    let mut out = html::begin("incident", STYLE);
    let number = document.items.len();
    let title = match number {
        0 => "Nothing was deleted".to_owned(),
        1 => "1 object was deleted".to_owned(),
        _ => format!("{number} objects were deleted"),
    };
    let _ = writeln!(
        out,
        "<h1>{title}</h1>\n{}<p class=\"soft\">{}, in the forest {}. From the {}.</p>",
        verdict(document),
        escaped(&sentence(&document.window())),
        escaped(&document.journal.forest),
        escaped(&document.journal.words(now))
    );
    for doubt in document.journal.doubts(now).into_iter().chain(document.doubt.clone()) {
        let _ = writeln!(out, "<p class=\"bad\">{}.</p>", escaped(&sentence(&doubt)));
    }
    if number > 0 {
        cards(&mut out, document);
        recoverable(&mut out, document);
        when(&mut out, document);
        where_and_what(&mut out, document);
    }
    let words = document.alongside.words();
    if !words.is_empty() {
        let items: String = words.iter().map(|line| format!("<li>{}</li>", escaped(line))).collect();
        let _ = writeln!(out, "<h2>Also in that time</h2>\n<ul>{items}</ul>");
    }
    if number > 0 {
        next(&mut out, document);
        objects(&mut out, &document.items);
    }
    let _ = writeln!(
        out,
        "<p class=\"soft small\">Made {} by adrecover {} from its change journal alone. Nothing was changed, and no domain controller was \
         asked. Times are UTC. Who deleted something is not in any directory; the security log of the domain controller has it.</p>\n{}",
        rfc3339(now),
        env!("CARGO_PKG_VERSION"),
        html::END
    );
    out
}

/// The one sentence for whoever reads no more.
fn verdict(document: &Document) -> String {
    let summary = &document.summary;
    let (class, words) = match (summary.deleted, summary.restorable, summary.not_restorable) {
        (0, ..) => return String::new(),
        (_, 0, 0) => ("good", "All of them are back.".to_owned()),
        (_, restorable, 0) => {
            ("open", format!("{restorable} of them can be restored; none is lost for good."))
        }
        (_, restorable, past) => ("bad", format!("{restorable} of them can be restored, {past} cannot.")),
    };
    let in_part = document.items.iter().filter(|item| item.recovery == Recovery::BackInPart).count();
    let more = match in_part {
        0 => String::new(),
        1 => " One that is back lacks something that it had.".to_owned(),
        _ => format!(" {in_part} that are back lack something that they had."),
    };
    format!("<p class=\"{class} verdict\">{words}{more}</p>\n")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn cards(out: &mut String, document: &Document) {
    let summary = &document.summary;
    let card = |out: &mut String, class: &str, number: usize, words: &str| {
        let _ = write!(out, "<div class=\"card\"><b class=\"{class}\">{number}</b>{words}</div>");
    };
    out.push_str("<div class=\"cards\">");
    card(out, "", summary.deleted, "deleted");
    card(out, "good", summary.restored, "back already");
    card(out, if summary.restorable > 0 { "open" } else { "" }, summary.restorable, "can be restored");
    card(
        out,
        if summary.not_restorable > 0 { "bad" } else { "" },
        summary.not_restorable,
        "cannot be restored",
    );
    let _ = writeln!(out, "</div>\n<p>The deletions took {}.</p>", escaped(&summary.taken.words()));
}

/// The colour of each way back.
fn color(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Back => "#2e8b57",
        Recovery::BackInPart => "#9bbf4a",
        Recovery::Bin => "#4a8fd0",
        Recovery::Filled => "#7fb2e5",
        Recovery::Tombstone => "#d9a441",
        Recovery::JournalOnly => "#c97b5a",
        Recovery::Nothing => "#b3261e",
    }
}

fn recoverable(out: &mut String, document: &Document) {
    out.push_str("<h2>What is recoverable, and from what</h2>\n<div class=\"bar\">");
    let ways: Vec<(Recovery, Vec<&Item>)> = Recovery::ALL
        .iter()
        .map(|(way, ..)| (*way, document.items.iter().filter(|item| item.recovery == *way).collect()))
        .filter(|(_, items): &(_, Vec<_>)| !items.is_empty())
        .collect();
    for (way, items) in &ways {
        let _ = write!(out, "<i style=\"flex:{} 0 0;background:{}\"></i>", items.len(), color(*way));
    }
    out.push_str("</div>\n<table><tr><th class=\"n\">objects</th><th>way</th><th>until</th></tr>\n");
    for (way, items) in &ways {
        let first = items.iter().filter_map(|item| item.expires_at.filter(|_| item.restorable)).min();
        let days = items.iter().filter(|item| item.restorable).filter_map(|item| item.days_left).min();
        let until = match (first, days) {
            (Some(at), Some(days)) => format!("{} at the earliest ({days} days left)", clock(at)),
            _ => String::new(),
        };
        let _ = writeln!(
            out,
            "<tr><td class=\"n\">{}</td><td><span class=\"key\" style=\"background:{}\"></span>{}</td><td>{until}</td></tr>",
            items.len(),
            color(*way),
            escaped(way.words())
        );
    }
    out.push_str("</table>\n");
    let _ = match document.deletion_policy {
        Some(policy) if policy.recycle_bin => writeln!(out, "<p class=\"soft\">The Recycle Bin is on.</p>"),
        Some(_) => writeln!(
            out,
            "<p class=\"soft\">The Recycle Bin is off: a deletion takes most attributes and all memberships, and only the journal has \
             them.</p>"
        ),
        None => writeln!(
            out,
            "<p class=\"soft\">Whether the Recycle Bin is on, and until when objects can be restored, is not in the journal.</p>"
        ),
    };
}

fn when(out: &mut String, document: &Document) {
    let timeline = &document.timeline;
    let _ = writeln!(
        out,
        "<h2>When</h2>\n<p class=\"soft small\">A bar is {}{}.</p>\n{}",
        if timeline::words(timeline.seconds_a_bar).ends_with('s') { "" } else { "one " },
        timeline::words(timeline.seconds_a_bar),
        chart::svg(timeline)
    );
    if !document.bursts.is_empty() {
        out.push_str("<p><strong>Mass deletions</strong></p>\n<ul>");
        for burst in document.bursts.iter().take(MOST) {
            let _ = write!(out, "<li>{}</li>", escaped(&burst.words()));
        }
        if document.bursts.len() > MOST {
            let _ = write!(out, "<li>and {} more</li>", document.bursts.len() - MOST);
        }
        out.push_str("</ul>\n");
    }
}

fn where_and_what(out: &mut String, document: &Document) {
    let summary = &document.summary;
    out.push_str("<h2>What, and where</h2>\n<div class=\"cols\">\n");
    numbers(out, "By type", &summary.by_type);
    numbers(out, "By domain controller", &summary.by_controller);
    out.push_str("</div>\n");
    numbers(out, "By container", &summary.by_parent);
}

fn numbers(out: &mut String, title: &str, all: &[ByName]) {
    let _ = write!(out, "<div><h3>{title}</h3>\n<table>");
    for one in all.iter().take(MOST) {
        let name = one.name.as_deref().unwrap_or("not known");
        let _ = write!(
            out,
            "<tr><td class=\"n\" style=\"width:4rem\">{}</td><td>{}</td></tr>",
            one.number,
            escaped(name)
        );
    }
    if let Some(rest) = all.get(MOST..).filter(|rest| !rest.is_empty()) {
        let number: usize = rest.iter().map(|one| one.number).sum();
        let _ = write!(out, "<tr><td class=\"n\">{number}</td><td>in {} more</td></tr>", rest.len());
    }
    out.push_str("</table></div>\n");
}

fn next(out: &mut String, document: &Document) {
    out.push_str("<h2>Next steps</h2>\n");
    if document.next.is_empty() {
        out.push_str("<p>Nothing of it can be restored, or all of it is back.</p>\n");
        return;
    }
    out.push_str(
        "<p>The list as a file; then the plan, which changes nothing; then the restore, which asks before it begins and can be undone.</p>\n<pre>",
    );
    let lines: Vec<String> = document.next.iter().map(|command| escaped(command)).collect();
    let _ = writeln!(out, "{}</pre>", lines.join("\n"));
}

fn objects(out: &mut String, items: &[Item]) {
    let open = if items.len() <= OPEN { " open" } else { "" };
    let _ = writeln!(
        out,
        "<h2>Objects</h2>\n<details{open}><summary>{} in order of their deletion</summary>\n<table><tr><th>deleted</th><th>on</th>\
         <th>type</th><th>object</th><th>taken</th><th>recoverable</th></tr>",
        items.len()
    );
    for item in items.iter().take(OBJECTS) {
        let by = if item.time_from == "directory" { "" } else { "by " };
        let account = item.user_principal_name.as_ref().or(item.sam_account_name.as_ref());
        let account =
            account.map(|name| format!(" <span class=\"soft\">{}</span>", escaped(name))).unwrap_or_default();
        let _ = writeln!(
            out,
            "<tr class=\"o\"><td class=\"t\">{by}{}</td><td>{}</td><td>{}</td><td><strong>{}</strong>{account}<br><span class=\"soft small\">{}<br>{}</span></td>\
             <td>{}</td><td><span class=\"key\" style=\"background:{}\"></span>{}</td></tr>",
            clock(item.deleted_at),
            escaped(item.deleted_on.as_deref().unwrap_or("-")),
            item.kind.name(),
            escaped(&item.name),
            escaped(&item.dn),
            item.guid,
            escaped(&item.taken.words()),
            color(item.recovery),
            escaped(&item.way())
        );
    }
    out.push_str("</table>\n");
    if items.len() > OBJECTS {
        let _ = writeln!(out, "<p>And {} more: the JSON has all.</p>", items.len() - OBJECTS);
    }
    if items.iter().any(|item| item.time_from != "directory") {
        let _ = writeln!(out, "<p class=\"soft small\">{LEGEND}.</p>");
    }
    out.push_str("</details>\n");
}
