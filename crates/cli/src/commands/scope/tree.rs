//! `adrecover scope --tree`: the containers of the directory, each with its verdict.

use std::collections::HashSet;

use adrecover_core::directory::{Query, Scope};
use adrecover_core::text::printable;
use adrecover_core::{Dn, Entry};
use adrecover_hybrid::scope::{Because, Evaluator, SyncScope};

use super::document::{self, Row};
use super::word;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::printer::Printer;

/// What holds users, groups and computers.
const FILTER: &str = "(|(objectClass=organizationalUnit)(objectClass=container)(objectClass=builtinDomain)\
                      (objectClass=lostAndFound)(objectClass=domainDNS))";

/// A container of the directory.
struct Node {
    dn: Dn,
    row: Row,
}

/// Reads the containers in one search and prints them.
pub(super) async fn run(ctx: &Ctx, scope: &SyncScope, evaluator: &Evaluator<'_>) -> Result<u8, CliError> {
    let session = ctx.connect().await?;
    let base = session.root_dse().default_naming_context.clone();
    let query = Query::below(base.to_string(), Scope::Subtree, FILTER).attributes(["objectClass"]);
    let entries = session.ask(&query).await?;
    session.close().await;
    let found: Vec<(Dn, String)> = entries
        .iter()
        .filter(|e| is_container(e))
        .filter_map(|e| Some((e.dn.parse().ok()?, e.dn.clone())))
        .collect();
    missing(&ctx.printer, scope, &base, &found);
    let mut nodes: Vec<Node> = found
        .into_iter()
        .filter(|(dn, _)| !is_internal(dn, &base))
        .map(|(dn, text)| Node { row: Row::new(&text, evaluator.container(&dn)), dn })
        .collect();
    nodes.sort_by_cached_key(|node| path(&node.dn));
    if ctx.printer.format == Format::Table {
        print(&ctx.printer, &nodes)?;
    } else {
        let rows: Vec<Row> = nodes.iter().map(|node| node.row.clone()).collect();
        document::print(&ctx.printer, &rows)?;
    }
    Ok(if nodes.iter().any(|node| node.row.verdict.in_scope.is_none()) { 3 } else { 0 })
}

/// The classes that inherit from `container` are policies, printers and the like.
fn is_container(entry: &Entry) -> bool {
    const HOLDERS: [&str; 5] =
        ["organizationalUnit", "container", "builtinDomain", "lostAndFound", "domainDNS"];
    let classes = entry.texts("objectClass");
    classes.last().is_some_and(|last| HOLDERS.iter().any(|h| last.eq_ignore_ascii_case(h)))
}

/// What lies below CN=System is the domain's own: it is not listed.
fn is_internal(dn: &Dn, base: &Dn) -> bool {
    let mut at = dn.parent();
    while let Some(ancestor) = at {
        let is_system = ancestor.rdn().is_some_and(|rdn| {
            rdn.kind().eq_ignore_ascii_case("CN") && rdn.value().eq_ignore_ascii_case("System")
        });
        if is_system && ancestor.parent().as_ref() == Some(base) {
            return true;
        }
        at = ancestor.parent();
    }
    false
}

/// Warns of listed containers that the directory does not have: a renamed one leaves its old name in the configuration, and
/// what is in it falls out of scope.
fn missing(printer: &Printer, scope: &SyncScope, base: &Dn, found: &[(Dn, String)]) {
    let known: HashSet<&Dn> = found.iter().map(|(dn, _)| dn).collect();
    let partitions = scope.connectors.iter().flat_map(|c| &c.partitions).filter(|p| p.dn == *base);
    for listed in partitions.flat_map(|p| p.inclusions.iter().chain(&p.exclusions)) {
        if !known.contains(&listed.dn) {
            printer.warn(format!(
                "{} is listed ({}:{}) and not in the directory",
                listed.dn,
                listed.at.name(),
                listed.at.line
            ));
        }
    }
}

/// The names from the top down, so that what is below a container follows it.
fn path(dn: &Dn) -> Vec<String> {
    let mut names = vec![];
    let mut at = Some(dn.clone());
    while let Some(dn) = at {
        names.extend(dn.rdn().map(|rdn| rdn.to_string().to_lowercase()));
        at = dn.parent();
    }
    names.reverse();
    names
}

/// A line a container, indented below its parent; why, where it is not as its parent.
fn print(printer: &Printer, nodes: &[Node]) -> Result<(), CliError> {
    let top = nodes.iter().map(|node| node.dn.depth()).min().unwrap_or(0);
    let label = |node: &Node| match node.dn.rdn() {
        Some(rdn) if node.dn.depth() > top => {
            format!("{}{}", "  ".repeat(node.dn.depth() - top), printable(&rdn.to_string()))
        }
        _ => printable(&node.row.dn).into_owned(),
    };
    let labels: Vec<String> = nodes.iter().map(label).collect();
    let widest = labels.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    let mut above: Vec<(usize, Option<&Because>)> = vec![];
    for (node, label) in nodes.iter().zip(&labels) {
        above.retain(|(depth, _)| *depth < node.dn.depth());
        let because = node.row.verdict.because.as_ref();
        let is_as_above = above.last().is_some_and(|(_, b)| *b == because);
        above.push((node.dn.depth(), because));
        let (word, color) = word(node.row.verdict.in_scope);
        let mark = printer.paint(color, &format!("{word:<7}"));
        if is_as_above {
            printer.line(&format!("{mark}  {label}"))?;
        } else {
            let gap = " ".repeat(widest - label.chars().count());
            let why = document::why(&node.row.verdict);
            printer.line(&format!("{mark}  {label}{gap}  {}", printable(&why)))?;
        }
    }
    printer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        text.parse().unwrap()
    }

    #[test]
    fn children_follow_their_parent() {
        let mut names = ["OU=b,DC=x", "OU=c,OU=a,DC=x", "OU=a-z,DC=x", "DC=x", "OU=A,DC=x"].map(dn);
        names.sort_by_cached_key(path);
        let sorted: Vec<String> = names.iter().map(Dn::to_string).collect();
        assert_eq!(sorted, ["DC=x", "OU=A,DC=x", "OU=c,OU=a,DC=x", "OU=a-z,DC=x", "OU=b,DC=x"]);
    }

    #[test]
    fn what_is_the_domains_own() {
        let base = dn("DC=x");
        assert!(is_internal(&dn("CN=Policies,CN=System,DC=x"), &base));
        for shown in ["CN=System,DC=x", "CN=a,OU=System,DC=x", "CN=a,CN=System,OU=b,DC=x"] {
            assert!(!is_internal(&dn(shown), &base), "{shown}");
        }
    }
}
