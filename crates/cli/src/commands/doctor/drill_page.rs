//! What a drill says as one page: no script, nothing from the network.

use std::fmt::Write as _;

use adrecover_core::drill::{Drill, DrillVerdict, Fate, LinkItem};

use crate::html::{END, begin, escaped};

const STYLE: &str = "\
:root{color-scheme:light dark;--bad:#b3261e;--open:#8a6100;--good:#1b6e3a;--line:#8884;--soft:#8881}
@media(prefers-color-scheme:dark){:root{--bad:#ff8a80;--open:#e0b04a;--good:#7ed09a}}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0 0 .2rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
p{margin:.3rem 0}.soft{opacity:.75}.good{color:var(--good)}.open{color:var(--open)}.bad{color:var(--bad);font-weight:700}
.bar{display:flex;height:1.1rem;border-radius:.3rem;overflow:hidden;margin:.8rem 0 .3rem;background:var(--soft)}
.bar div{min-width:2px}.bar .g{background:#2e8b57}.bar .o{background:#d9a441}.bar .b{background:#c0392b}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;border:0}code{background:var(--soft);padding:0 .25rem;border-radius:.2rem}ul{margin:.3rem 0;padding-left:1.2rem}
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}
";

/// The page.
pub(super) fn page(drill: &Drill) -> String {
    let (color, verdict) = match drill.verdict {
        DrillVerdict::Whole => ("good", "everything would come back"),
        DrillVerdict::Partly => ("bad", "something would be lost"),
        DrillVerdict::Unknown => ("open", "everything is somewhere, but a source is in doubt"),
    };
    let mut out = begin(&format!("if {} were deleted now", drill.name), STYLE);
    let _ = write!(
        out,
        "<h1>If {name} were deleted now: <span class=\"{color}\">{verdict}</span></h1>\n<p class=\"soft\"><code>{dn}</code></p>\n",
        name = escaped(&drill.name),
        dn = escaped(&drill.dn),
    );
    bar(&mut out, drill);
    let bin = if drill.recycle_bin { "on" } else { "off" };
    let _ = writeln!(
        out,
        "<p>The Recycle Bin is {bin}. A deleted object can be restored for {} days.</p>",
        drill.days_to_restore
    );
    sources(&mut out, drill);
    lost(&mut out, drill);
    let advice = drill.advice.iter().map(|advice| format!("<li>{}</li>", escaped(advice)));
    let advice: String = advice.collect();
    if !advice.is_empty() {
        let _ = writeln!(out, "<h2>What would make it better</h2>\n<ul>{advice}</ul>");
    }
    out.push_str("<h2>Attributes</h2>\n<table><tr><th>attribute</th><th>values</th><th>would come back</th><th>from</th></tr>\n");
    for item in &drill.attributes {
        let from = item.source.as_deref().or(item.note.as_deref()).unwrap_or_default();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td>{}<td>{}</td></tr>",
            escaped(&item.name),
            item.values,
            fate(item.fate),
            escaped(from)
        );
    }
    let _ = writeln!(out, "<tr><td>password</td><td></td>{}<td></td></tr>\n</table>", fate(drill.password));
    links(&mut out, "Groups", &drill.groups);
    links(&mut out, "What else points to it", &drill.links);
    if let Some(licences) = &drill.licences {
        let listed = if licences.is_empty() { "none".to_owned() } else { licences.join(", ") };
        let _ = writeln!(out, "<h2>Licences in the cloud</h2>\n<p>{}</p>", escaped(&listed));
    }
    let _ = writeln!(
        out,
        "<p class=\"soft\">Asked {}. Nothing was changed, and nothing was tried out.</p>",
        escaped(&drill.at)
    );
    out.push_str(END);
    out
}

/// How much would come back, as a picture.
fn bar(out: &mut String, drill: &Drill) {
    let all: Vec<Fate> = drill
        .attributes
        .iter()
        .map(|item| item.fate)
        .chain(drill.groups.iter().chain(&drill.links).map(|link| link.fate))
        .collect();
    let count = |of: &[Fate]| all.iter().filter(|fate| of.contains(fate)).count();
    let parts = [
        (count(&[Fate::Kept, Fate::Bin, Fate::Filled]), "g", "come back"),
        (count(&[Fate::Named]), "o", "come back if they are named"),
        (count(&[Fate::Lost]), "b", "lost"),
    ];
    let bars: String = parts
        .iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, class, _)| format!("<div class=\"{class}\" style=\"flex:{n}\"></div>"))
        .collect();
    let words: Vec<String> =
        parts.iter().filter(|(n, ..)| *n > 0).map(|(n, _, words)| format!("{n} {words}")).collect();
    let _ = writeln!(
        out,
        "<div class=\"bar\" role=\"img\" aria-label=\"{words}\">{bars}</div>\n<p>Of {} attributes, memberships and links: {words}.</p>",
        all.len(),
        words = words.join(", ")
    );
}

fn sources(out: &mut String, drill: &Drill) {
    if drill.sources.is_empty() {
        out.push_str("<p>No change journal and no other source was looked at.</p>\n");
        return;
    }
    out.push_str("<h2>Sources</h2>\n<ul>");
    for source in &drill.sources {
        let class = if source.state == "ok" { "good" } else { "open" };
        let age = source.age.as_deref().map(|age| format!(", {}", escaped(age))).unwrap_or_default();
        let note = source.note.as_deref().map(|note| format!(": {}", escaped(note))).unwrap_or_default();
        let _ = write!(
            out,
            "<li>{}: <span class=\"{class}\">{}</span>{age}{note}</li>",
            escaped(&source.name),
            source.state
        );
    }
    out.push_str("</ul>\n");
}

fn lost(out: &mut String, drill: &Drill) {
    let attributes =
        drill.attributes.iter().filter(|item| item.fate == Fate::Lost).map(|item| item.name.clone());
    let links = drill.groups.iter().chain(&drill.links).filter(|link| link.fate == Fate::Lost);
    let all: Vec<String> = attributes.chain(links.map(|l| format!("{} of {}", l.attribute, l.dn))).collect();
    if !all.is_empty() {
        let listed: String = all.iter().map(|name| format!("<li>{}</li>", escaped(name))).collect();
        let _ = writeln!(out, "<h2 class=\"bad\">Lost</h2>\n<ul>{listed}</ul>");
    }
}

fn links(out: &mut String, title: &str, links: &[LinkItem]) {
    if links.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<h2>{title}</h2>\n<table><tr><th>object</th><th>attribute</th><th>would come back</th><th>from</th><th>licences</th></tr>"
    );
    for link in links {
        let protected = if link.is_protected { " (protected)" } else { "" };
        let _ = writeln!(
            out,
            "<tr><td>{}{protected}</td><td>{}</td>{}<td>{}</td><td>{}</td></tr>",
            escaped(&link.dn),
            escaped(&link.attribute),
            fate(link.fate),
            escaped(link.source.as_deref().unwrap_or_default()),
            escaped(&link.licences.join(", "))
        );
    }
    out.push_str("</table>\n");
}

fn fate(fate: Fate) -> String {
    let class = match fate {
        Fate::Kept | Fate::Bin | Fate::Filled => "good",
        Fate::Named => "open",
        Fate::Lost => "bad",
    };
    format!("<td class=\"{class}\">{}</td>", fate.words())
}
