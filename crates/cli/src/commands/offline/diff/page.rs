//! The comparison as one page, for whoever has to decide: no script, nothing from the network.

use std::fmt::Write as _;

use adrecover_core::difference::What;
use adrecover_core::time::{Timestamp, rfc3339};

use super::document::{Document, Item, fate_words};
use super::text;
use crate::commands::history::STYLE;
use crate::error::CliError;
use crate::html::{self, escaped};

/// So many objects of each kind are on the page.
const OBJECTS: usize = 2000;
/// The type of an object stays one word.
const OWN_STYLE: &str = "td:first-child, th:first-child { white-space: nowrap; }\n";
/// So many are shown without being asked for.
const OPEN: u64 = 60;
/// So many ends of one link attribute, and so many characters of one value.
const ENDS: usize = 50;
const VALUE: usize = 300;

/// The page.
pub(super) fn page(document: &Document<'_>, now: Timestamp) -> Result<String, CliError> {
    let mut out = html::begin("difference", &[STYLE, OWN_STYLE].concat());
    let counts = &document.counts;
    let title = match counts.gone + counts.changed + counts.new + counts.back {
        0 => "Nothing differs".to_owned(),
        1 => "1 object differs".to_owned(),
        number => format!("{number} objects differ"),
    };
    let live = if document.is_live { "the directory" } else { "the file" };
    let _ = writeln!(
        out,
        "<h1>{title}</h1>\n{}<p class=\"soft\">Then: {}.<br>Now: {live} {}.</p>",
        verdict(document),
        escaped(&document.then.words(now)),
        escaped(&document.now.words(now))
    );
    if let Some(under) = &document.under {
        let _ = writeln!(out, "<p class=\"soft\">Of {} and what lies below it.</p>", escaped(under));
    }
    cards(&mut out, document);
    doubts(&mut out, document);
    for what in What::ALL {
        section(&mut out, document, what)?;
    }
    let _ = writeln!(
        out,
        "<p class=\"soft small\">Made {} by adrecover {}. Nothing was changed. Times are UTC. What the directory writes by itself, access \
         lists and secrets were not compared. Who changed something is in neither side; the security log of the domain controller has \
         it.</p>\n{}",
        rfc3339(now),
        env!("CARGO_PKG_VERSION"),
        html::END
    );
    Ok(out)
}

/// The one sentence for whoever reads no more.
fn verdict(document: &Document<'_>) -> String {
    let counts = &document.counts;
    let (class, words) = match (counts.gone, counts.gone_restorable) {
        (0, _) if counts.is_none() => ("good", "Everything that could be compared is as it was.".to_owned()),
        (0, _) => ("good", "Nothing is gone.".to_owned()),
        (gone, can) if gone == can => ("open", format!("{gone} gone; all of them can be restored.")),
        (gone, can) => (
            "bad",
            format!("{gone} gone: {can} can be restored, {} cannot, as far as can be seen.", gone - can),
        ),
    };
    format!("<p class=\"{class} verdict\">{words}</p>\n")
}

fn cards(out: &mut String, document: &Document<'_>) {
    let counts = &document.counts;
    let cards = [
        (if counts.gone > 0 { "bad" } else { "" }, counts.gone, "gone"),
        (if counts.changed > 0 { "open" } else { "" }, counts.changed, "changed"),
        ("", counts.moved, "of them moved"),
        ("", counts.new, "new"),
        ("", counts.back, "back from a deletion"),
        (if counts.members_lost > 0 { "open" } else { "" }, counts.members_lost, "memberships lost"),
        ("", counts.members_added, "memberships gained"),
        ("good", counts.same, "as they were"),
    ];
    out.push_str("<div class=\"cards\">");
    for (class, number, words) in cards {
        let _ = write!(out, "<div class=\"card\"><b class=\"{class}\">{number}</b>{words}</div>");
    }
    out.push_str("</div>\n");
}

/// What makes the comparison less than whole.
fn doubts(out: &mut String, document: &Document<'_>) {
    let counts = &document.counts;
    let mut lines = vec![];
    let told = [
        (counts.without_guid, "objects without objectGUID could not be compared"),
        (
            counts.not_exported,
            "objects are older than the first side and not in it: not exported, or not readable",
        ),
        (counts.gaps, "attributes of single objects were left out: one side does not give all their values"),
    ];
    lines.extend(told.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")));
    for side in [document.then, document.now] {
        if side.dirty {
            lines
                .push(format!("{} was not shut down in an orderly way: it may contradict itself", side.name));
        }
        if side.damage_count > 0 {
            lines.push(format!("{} is damaged in {} places", side.name, side.damage_count));
        }
        lines.extend(side.limits.iter().map(|limit| format!("{}: {limit}", side.name)));
    }
    if lines.is_empty() {
        return;
    }
    let items: String = lines.iter().map(|line| format!("<li>{}</li>", escaped(line))).collect();
    let _ = writeln!(
        out,
        "<details><summary>What this comparison cannot tell</summary><ul>{items}</ul></details>"
    );
}

fn section(out: &mut String, document: &Document<'_>, what: What) -> Result<(), CliError> {
    let (number, items) = document.items.of_kind(what)?;
    if number == 0 {
        return Ok(());
    }
    let title = match what {
        What::Gone => "Gone",
        What::Changed => "Changed, renamed, moved",
        What::New => "New",
        What::Back => "Back",
    };
    let open = if number <= OPEN { " open" } else { "" };
    let _ = writeln!(
        out,
        "<h2>{title}</h2>\n<details{open}><summary>{number} object{}</summary>\n<table><tr><th>type</th><th>object</th><th>{}</th></tr>",
        if number == 1 { "" } else { "s" },
        if what == What::Gone { "how it comes back" } else { "what differs" }
    );
    for item in items.take(OBJECTS) {
        row(out, &item?);
    }
    out.push_str("</table>\n");
    if number > OBJECTS as u64 {
        let _ = writeln!(out, "<p>And {} more: the JSON has all.</p>", number - OBJECTS as u64);
    }
    out.push_str("</details>\n");
    Ok(())
}

fn row(out: &mut String, item: &Item) {
    let account =
        item.sam_account_name.as_ref().map(|name| format!(" <span class=\"soft\">{}</span>", escaped(name)));
    let dn = item.dn_then.as_ref().or(item.dn_now.as_ref());
    let _ = write!(
        out,
        "<tr class=\"o\"><td>{}</td><td><strong>{}</strong>{}<br><span class=\"soft small\">{}<br>{}</span></td><td>",
        item.kind.name(),
        escaped(&item.name),
        account.unwrap_or_default(),
        dn.map(|dn| escaped(dn)).unwrap_or_default(),
        item.guid
    );
    if let Some(fate) = item.fate {
        let _ = write!(out, "<p class=\"bad\">{}</p>", escaped(fate_words(fate)));
    }
    if item.never_restored {
        out.push_str("<p>Objects of this kind are never restored.</p>");
    }
    if let Some(command) = &item.next {
        let _ = write!(out, "<pre>{}</pre>", escaped(command));
    }
    if let (true, Some(now)) = (item.renamed || item.moved, &item.dn_now) {
        let _ = write!(out, "<p>{}: <ins>{}</ins></p>", text::moved_words(item), escaped(now));
    }
    for one in &item.attributes {
        let (then, now) = (cut(&text::side(one.then.as_deref())), cut(&text::side(one.now.as_deref())));
        let _ = write!(
            out,
            "<p>{}: <del>{}</del> <ins>{}</ins></p>",
            escaped(&one.attribute),
            escaped(&then),
            escaped(&now)
        );
    }
    for link in &item.links {
        let _ = write!(out, "<p>{}:", escaped(&link.attribute));
        for (tag, names, number) in
            [("del", &link.lost, link.lost_count), ("ins", &link.added, link.added_count)]
        {
            for name in names.iter().take(ENDS) {
                let _ = write!(out, "<br><{tag}>{}</{tag}>", escaped(name));
            }
            let rest = number.saturating_sub(names.len().min(ENDS) as u64);
            if rest > 0 {
                let _ = write!(out, "<br><{tag}>and {rest} more</{tag}>");
            }
        }
        out.push_str(if link.sure {
            "</p>"
        } else {
            "<br><span class=\"soft small\">one side tells none</span></p>"
        });
    }
    out.push_str("</td></tr>\n");
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
