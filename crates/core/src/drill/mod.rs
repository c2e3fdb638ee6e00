//! If this object were deleted now: what would come back, from where, and what would not. The judgement behind
//! `adrecover doctor --drill`.
//!
//! An adapter gathers [`DrillFacts`] of a live object and of the sources; [`judge`] says what becomes of each attribute, each
//! membership and each link. Nothing is tried out.

mod document;
mod facts;
mod survives;
#[cfg(test)]
mod tests;

pub use document::{Drill, DrillVerdict, Fate, Item, LinkItem, SourceDocument};
pub use facts::{AttributeFacts, DrillFacts, Holding, LinkFacts, SourceFacts, SourceState};
pub use survives::{comes_by_itself, survives};

use crate::fill::{Rule, rule};
use crate::request::SetRefusal;
use crate::time::{Timestamp, age, rfc3339};

/// The name of the document.
pub const SCHEMA: &str = "adrecover/drill/v1";

/// Judges what was gathered.
#[must_use]
pub fn judge(facts: &DrillFacts, now: Timestamp) -> Drill {
    let attributes: Vec<Item> = facts.attributes.iter().map(|a| attribute(facts, a)).collect();
    let links = |is_group: bool| -> Vec<LinkItem> {
        facts.links.iter().filter(|link| link.is_membership() == is_group).map(|l| link(facts, l)).collect()
    };
    let (groups, links) = (links(true), links(false));
    let sources: Vec<SourceDocument> = facts.sources.iter().map(|s| source(s, now)).collect();
    let lost: Vec<String> =
        attributes.iter().filter(|a| a.fate == Fate::Lost).map(|a| a.name.clone()).collect();
    let lost_links = |links: &[LinkItem]| links.iter().filter(|l| l.fate == Fate::Lost).count();
    let (lost_groups, lost_links) = (lost_links(&groups), lost_links(&links));
    let is_whole = lost.is_empty() && lost_groups == 0 && lost_links == 0;
    // What nothing holds is lost, whatever a source that could not be asked may have: it is not to be counted on.
    let verdict =
        match (is_whole, facts.sources.iter().any(|s| s.state.is_in_doubt()) && !facts.bin_brings_back) {
            (false, _) => DrillVerdict::Partly,
            (true, true) => DrillVerdict::Unknown,
            (true, false) => DrillVerdict::Whole,
        };
    let mut drill = Drill {
        schema: SCHEMA,
        guid: facts.guid,
        name: facts.name.clone(),
        dn: facts.dn.clone(),
        at: rfc3339(now),
        verdict,
        line: String::new(),
        recycle_bin: facts.policy.recycle_bin,
        days_to_restore: facts.days_to_restore(),
        attributes,
        groups,
        links,
        password: if facts.bin_brings_back { Fate::Bin } else { Fate::Lost },
        licences: facts.licences.clone(),
        sources,
        advice: vec![],
    };
    drill.line = line(&drill);
    drill.advice = advice(facts, &drill);
    drill
}

fn attribute(facts: &DrillFacts, at_stake: &AttributeFacts) -> Item {
    let mut item = Item {
        name: at_stake.name.clone(),
        values: at_stake.values,
        fate: Fate::Lost,
        source: None,
        note: None,
    };
    if at_stake.survives {
        item.fate = Fate::Kept;
        return item;
    }
    if facts.bin_brings_back {
        item.fate = Fate::Bin;
        return item;
    }
    let fate = match rule(&at_stake.name) {
        Rule::Harmless => Fate::Filled,
        Rule::Named => Fate::Named,
        // Memberships and the account's state have steps of their own, links of a group among them.
        Rule::Never(SetRefusal::HasOption(_)) => Fate::Filled,
        Rule::Never(_) => {
            item.note = Some("the directory itself owns it: no source can give it back".to_owned());
            return item;
        }
    };
    let same = at_stake.held.iter().position(|held| *held == Holding::Same);
    match same.and_then(|at| facts.sources.get(at)) {
        Some(source) => {
            item.fate = fate;
            item.source = Some(source.name.clone());
        }
        None => {
            let other = at_stake.held.iter().position(|held| *held == Holding::Other);
            let source = other.and_then(|at| facts.sources.get(at));
            item.note = source.map(|source| format!("{} has another value", source.name));
        }
    }
    item
}

fn link(facts: &DrillFacts, at_stake: &LinkFacts) -> LinkItem {
    let held = at_stake.held.iter().position(|held| *held == Holding::Same);
    let source = held.and_then(|at| facts.sources.get(at)).map(|source| source.name.clone());
    let fate = match (facts.bin_brings_back, &source) {
        (true, _) => Fate::Bin,
        (false, None) => Fate::Lost,
        (false, Some(_)) if at_stake.is_protected => Fate::Named,
        // What other objects point to it with.
        (false, Some(_)) if !at_stake.is_membership() && rule(&at_stake.attribute) != Rule::Harmless => {
            Fate::Named
        }
        (false, Some(_)) => Fate::Filled,
    };
    LinkItem {
        attribute: at_stake.attribute.clone(),
        dn: at_stake.dn.clone(),
        fate,
        source: source.filter(|_| !facts.bin_brings_back),
        is_protected: at_stake.is_protected,
        licences: at_stake.licences.clone(),
    }
}

fn source(facts: &SourceFacts, now: Timestamp) -> SourceDocument {
    SourceDocument {
        name: facts.name.clone(),
        state: facts.state.name(),
        at: facts.at.map(rfc3339),
        age_seconds: facts.at.map(|at| u64::try_from((now - at).num_seconds()).unwrap_or(0)),
        age: facts.at.map(|at| age(at, now)),
        note: facts.note.clone(),
    }
}

/// The whole of it in one line.
fn line(drill: &Drill) -> String {
    let count = |back: usize, all: usize, what: &str| format!("{back} of {all} {what}");
    let back = |items: &[LinkItem]| items.iter().filter(|l| l.fate != Fate::Lost).count();
    let mut parts = vec![
        count(
            drill.attributes.iter().filter(|a| a.fate != Fate::Lost).count(),
            drill.attributes.len(),
            "attributes",
        ),
        count(back(&drill.groups), drill.groups.len(), "memberships"),
    ];
    if !drill.links.is_empty() {
        parts.push(count(back(&drill.links), drill.links.len(), "links of others"));
    }
    let password = match drill.password {
        Fate::Bin => ", the password",
        _ => "; not the password",
    };
    let from = match (drill.recycle_bin, drill.sources.is_empty()) {
        (true, _) if drill.password == Fate::Bin => "Recycle Bin on".to_owned(),
        (true, _) => "Recycle Bin on, but this server cannot undelete from it".to_owned(),
        (false, true) => "Recycle Bin off, no other source".to_owned(),
        (false, false) => {
            let named = |s: &SourceDocument| match (&s.age, s.state) {
                (Some(age), "ok") => format!("{} {age}", s.name),
                (_, state) => format!("{} {state}", s.name),
            };
            format!("Recycle Bin off, {}", drill.sources.iter().map(named).collect::<Vec<_>>().join(", "))
        }
    };
    format!(
        "{}: {}: would come back: {}{password} ({from})",
        drill.name,
        drill.verdict.name(),
        parts.join(", ")
    )
}

/// What would make the answer better.
fn advice(facts: &DrillFacts, drill: &Drill) -> Vec<String> {
    let mut out = vec![];
    if facts.bin_brings_back {
        return out;
    }
    let journal = facts.sources.iter().find(|source| source.is_journal);
    match journal.map(|journal| journal.state) {
        None => out.push(
            "keep a change journal: `adrecover agent install`; it holds attributes and memberships from then on".to_owned(),
        ),
        Some(SourceState::Stale) => {
            out.push("the agent does not run, or does not reach the directory: `adrecover agent status`".to_owned());
        }
        Some(SourceState::Unreadable | SourceState::Missing) => {
            out.push("the change journal does not help here: `adrecover agent status` says more".to_owned());
        }
        Some(SourceState::Ok) => {}
    }
    if !facts.policy.recycle_bin {
        out.push("the Recycle Bin is off: `adrecover doctor` says how it is switched on, for deletions from then on".to_owned());
    }
    let named: Vec<&str> =
        drill.attributes.iter().filter(|a| a.fate == Fate::Named).map(|a| a.name.as_str()).collect();
    if !named.is_empty() {
        let options: Vec<String> =
            named.iter().take(10).map(|name| format!("--fill-attribute {name}")).collect();
        out.push(format!("a restore has to name what is not harmless by itself: {}", options.join(" ")));
    }
    if drill.groups.iter().any(|group| group.fate == Fate::Named) {
        out.push("memberships of protected groups need --allow-privileged".to_owned());
    }
    out
}
