//! Is this object synchronised? A pure function of the scope, a name and what is known of the object.
//!
//! `docs/scope.md` tells each step with its source. In short: the longest partition, which must be selected; the nearest listed
//! container; the class; the pilot group; the rules.

use std::collections::HashMap;
use std::path::PathBuf;

use adrecover_core::Dn;
use serde::Serialize;

use crate::scope::facts::{Class, ObjectFacts};
use crate::scope::filters::{self, Outcome};
use crate::scope::model::{Connector, Engine, GroupFilter, Listed, Partition, Place, SettingName, SyncScope};
use crate::scope::rules::{self, Decision};

/// Why an object is in scope or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The nearest listed container is included.
    IncludedBy,
    /// The nearest listed container is excluded.
    ExcludedBy,
    /// Its partition is not selected.
    PartitionNotSelected,
    /// No configuration has a partition that it lies in.
    NoPartition,
    /// No container above it is listed.
    NotListed,
    /// Its class is not among those that are read.
    ClassNotSelected,
    /// It is no direct member of the pilot group.
    NotInGroup,
    /// A rule filters it.
    FilteredByRule,
    /// It cannot be told.
    Unknown,
}

impl Reason {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::IncludedBy => "includedBy",
            Self::ExcludedBy => "excludedBy",
            Self::PartitionNotSelected => "partitionNotSelected",
            Self::NoPartition => "noPartition",
            Self::NotListed => "notListed",
            Self::ClassNotSelected => "classNotSelected",
            Self::NotInGroup => "notInGroup",
            Self::FilteredByRule => "filteredByRule",
            Self::Unknown => "unknown",
        }
    }
}

/// The line of a file that decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because {
    /// The file's name; for the default rules, where no file holds them, the rule's.
    pub source: String,
    /// The file's path.
    pub path: Option<PathBuf>,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// What stands there: a DN, the name of a rule, a class.
    pub value: String,
}

impl Because {
    fn at(place: &Place, value: impl Into<String>) -> Self {
        Self {
            source: place.name(),
            path: Some(place.file.to_path_buf()),
            line: Some(place.line),
            value: value.into(),
        }
    }
}

/// Whether an object is synchronised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether; `None` where it cannot be told.
    pub in_scope: Option<bool>,
    /// Why.
    pub reason: Reason,
    /// What says so.
    pub because: Option<Because>,
    /// The same in words, where the reason alone does not say enough.
    pub detail: Option<String>,
}

impl Verdict {
    fn new(in_scope: Option<bool>, reason: Reason, because: Option<Because>) -> Self {
        Self { in_scope, reason, because, detail: None }
    }

    fn unknown(because: Option<Because>, detail: impl Into<String>) -> Self {
        Self::new(None, Reason::Unknown, because).saying(detail)
    }

    fn saying(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// A scope, prepared for many questions.
#[derive(Debug)]
pub struct Evaluator<'a> {
    scope: &'a SyncScope,
    partitions: Vec<Prepared<'a>>,
    /// The partitions of Entra Connect by their DN, and those of Cloud Sync, which may be several for one DN.
    by_dn: HashMap<&'a Dn, Vec<usize>>,
}

/// A partition with its lists as one map.
#[derive(Debug)]
struct Prepared<'a> {
    connector: &'a Connector,
    partition: &'a Partition,
    marks: HashMap<&'a Dn, Mark<'a>>,
}

#[derive(Debug, Default)]
struct Mark<'a> {
    included: Option<&'a Listed>,
    excluded: Option<&'a Listed>,
}

/// A connector and the partition of it that an object lies in.
#[derive(Debug, Clone, Copy)]
pub struct Located<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// The partition.
    pub partition: &'a Partition,
    index: usize,
}

impl<'a> Evaluator<'a> {
    /// Over a scope.
    pub fn new(scope: &'a SyncScope) -> Self {
        let mut partitions = vec![];
        let mut by_dn: HashMap<&Dn, Vec<usize>> = HashMap::new();
        for connector in &scope.connectors {
            for partition in &connector.partitions {
                let mut marks: HashMap<&Dn, Mark<'_>> = HashMap::new();
                for listed in &partition.inclusions {
                    marks.entry(&listed.dn).or_default().included.get_or_insert(listed);
                }
                for listed in &partition.exclusions {
                    marks.entry(&listed.dn).or_default().excluded.get_or_insert(listed);
                }
                by_dn.entry(&partition.dn).or_default().push(partitions.len());
                partitions.push(Prepared { connector, partition, marks });
            }
        }
        Self { scope, partitions, by_dn }
    }

    /// The partitions that a DN lies in: of each engine those with the longest DN.
    pub fn locate(&self, dn: &Dn) -> Vec<Located<'a>> {
        let mut found: Vec<Located<'a>> = vec![];
        let mut at = Some(dn.clone());
        while let Some(ancestor) = at {
            for &index in self.by_dn.get(&ancestor).into_iter().flatten() {
                let Prepared { connector, partition, .. } = self.partitions[index];
                let is_nearer = |f: &Located<'_>| {
                    f.connector.engine == connector.engine
                        && f.partition.dn != partition.dn
                        && (connector.engine == Engine::ConnectSync || std::ptr::eq(f.connector, connector))
                };
                if !found.iter().any(is_nearer) {
                    found.push(Located { connector, partition, index });
                }
            }
            at = ancestor.parent();
        }
        found
    }

    /// Whether a container is in scope: partition and lists only.
    pub fn container(&self, dn: &Dn) -> Verdict {
        self.each(dn, |located| self.listed(located, dn))
    }

    /// Whether an object is in scope. With [`ObjectFacts::name_only`] it is the verdict on its container and its name, and unknown
    /// where the configuration itself holds a rule or a group that the attributes decide about.
    pub fn verdict(&self, dn: &Dn, facts: &ObjectFacts) -> Verdict {
        self.each(dn, |located| {
            let verdict = self.listed(located, dn);
            if verdict.in_scope != Some(true) {
                return verdict;
            }
            let steps = [Self::class, Self::group, Self::of_rules];
            steps.iter().find_map(|step| step(self, located, dn, facts)).unwrap_or(verdict)
        })
    }

    /// The attributes that a verdict needs, whatever the object is.
    pub fn attributes(&self) -> Vec<String> {
        let mut names: Vec<String> = super::facts::ATTRIBUTES.iter().map(|n| (*n).to_owned()).collect();
        for connector in &self.scope.connectors {
            for name in rules::attributes(connector) {
                if !names.iter().any(|n| n.eq_ignore_ascii_case(&name)) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// In scope for one is in scope; else one that cannot be told makes it unknown.
    fn each(&self, dn: &Dn, mut of: impl FnMut(Located<'a>) -> Verdict) -> Verdict {
        let mut verdicts: Vec<Verdict> = self.locate(dn).into_iter().map(&mut of).collect();
        let best = |wanted| verdicts.iter().position(|v| v.in_scope == wanted);
        match best(Some(true)).or_else(|| best(None)).or_else(|| best(Some(false))) {
            Some(at) => verdicts.swap_remove(at),
            None => {
                let detail = format!(
                    "no configuration has a partition for {}: give that of its forest too",
                    if dn.dns_name().is_empty() { "it".to_owned() } else { dn.dns_name() }
                );
                Verdict::new(Some(false), Reason::NoPartition, None).saying(detail)
            }
        }
    }

    /// `scope.partition` and `scope.ou`: the verdict of a partition and its lists.
    pub fn listed(&self, located: Located<'a>, dn: &Dn) -> Verdict {
        let Prepared { partition, marks, .. } = &self.partitions[located.index];
        let of_partition = || Some(Because::at(&partition.at, partition.dn.to_string()));
        if !partition.selected {
            return Verdict::new(Some(false), Reason::PartitionNotSelected, of_partition());
        }
        if marks.is_empty() {
            if partition.empty_is_all {
                let because = Because::at(&partition.at, "every container");
                return Verdict::new(Some(true), Reason::IncludedBy, Some(because));
            }
            return Verdict::unknown(
                of_partition(),
                "the partition lists neither included nor excluded containers",
            );
        }
        let mut at = Some(dn.clone());
        while let Some(ancestor) = at.filter(|a| a.depth() >= partition.dn.depth()) {
            let because = |listed: &Listed| Some(Because::at(&listed.at, listed.dn.to_string()));
            match marks.get(&ancestor).map(|m| (m.included, m.excluded)) {
                Some((Some(included), Some(_))) => {
                    return Verdict::unknown(because(included), "the container is included and excluded");
                }
                Some((Some(listed), None)) => {
                    return Verdict::new(Some(true), Reason::IncludedBy, because(listed));
                }
                Some((None, Some(listed))) => {
                    return Verdict::new(Some(false), Reason::ExcludedBy, because(listed));
                }
                _ => at = ancestor.parent(),
            }
        }
        Verdict::new(Some(false), Reason::NotListed, of_partition())
    }

    /// `scope.objectClass`: the class of the object must be read. `None` where it is, or where nobody knows.
    pub fn class(&self, located: Located<'a>, dn: &Dn, facts: &ObjectFacts) -> Option<Verdict> {
        let Class::Named(class) = facts.class(dn) else { return None };
        let classes = located.partition.object_classes.as_ref()?;
        if classes.iter().any(|c| c.eq_ignore_ascii_case(class)) {
            return None;
        }
        let because = Because::at(&located.partition.at, located.partition.dn.to_string());
        let detail = format!("objects of the class {class} are not read");
        Some(Verdict::new(Some(false), Reason::ClassNotSelected, Some(because)).saying(detail))
    }

    /// `scope.pilotGroup`: the object must be a direct member of the group, if there is one; `None` where it is. The primary
    /// group is no membership (KB 4014115).
    pub fn group(&self, located: Located<'a>, dn: &Dn, facts: &ObjectFacts) -> Option<Verdict> {
        if facts.class(dn) == Class::Container {
            return None;
        }
        let groups = match &located.connector.groups {
            GroupFilter::None => return None,
            GroupFilter::NotSaid => {
                let setting = self.scope.setting(SettingName::GroupFiltering);
                let on = { setting }.find(|s| super::node::boolean(&s.value) == Some(true))?;
                let because = Because::at(&on.at, SettingName::GroupFiltering.name());
                return Some(Verdict::unknown(Some(because), "a pilot group is on, and no file names it"));
            }
            GroupFilter::Unreadable(at) => {
                let because = Because::at(at, "includedGroups");
                return Some(Verdict::unknown(Some(because), "a group is not named by its DN"));
            }
            GroupFilter::MembersOf(groups) => groups,
        };
        let because = groups.first().map(|g| Because::at(&g.at, g.dn.to_string()));
        let Some(member_of) = facts.get("memberOf").values() else {
            let detail = "only direct members of the group are taken, and memberOf was not read";
            return Some(Verdict::unknown(because, detail));
        };
        let member_of: Vec<Dn> = member_of.iter().filter_map(|g| g.parse().ok()).collect();
        if groups.iter().any(|g| member_of.contains(&g.dn)) {
            return None;
        }
        let detail = "only direct members of the group are taken";
        Some(Verdict::new(Some(false), Reason::NotInGroup, because).saying(detail))
    }

    /// No rule may filter the object: the default ones, those of the administrator, and the scoping filters of Cloud Sync.
    pub fn of_rules(&self, located: Located<'a>, dn: &Dn, facts: &ObjectFacts) -> Option<Verdict> {
        if facts.class(dn) == Class::Container {
            return None;
        }
        let connector = located.connector;
        if connector.engine == Engine::CloudSync {
            let conflict = Decision { outcome: filters::conflict_name(dn, facts), rule: None, at: None };
            return verdict_of(connector, conflict)
                .or_else(|| verdict_of(connector, rules::scoping(connector, dn, facts)));
        }
        connect_rules(connector, dn, facts).into_iter().find_map(|d| verdict_of(connector, d))
    }
}

/// What the rules of Entra Connect say, the decisive ones first: what filters before what cannot be told.
fn connect_rules(connector: &Connector, dn: &Dn, facts: &ObjectFacts) -> Vec<Decision> {
    let class = facts.class(dn);
    let plain = |outcome| Decision { outcome, rule: None, at: None };
    let joined = rules::joined(connector, class, facts);
    // Where a rule of the administrator takes the place of the default one, its own scope counts.
    let is_replaced = joined.is_some();
    let knows_more = !facts.is_name_only() && class.may_be_user();
    let default = if is_replaced || !class.may_be_user() {
        filters::conflict_name(dn, facts)
    } else {
        rules::of_default(dn, facts)
    };
    let mut all: Vec<Decision> = joined.into_iter().collect();
    if knows_more && !is_replaced {
        all.push(plain(filters::together(&filters::OF_THE_SCOPE, dn, facts)));
    }
    all.push(rules::decide(connector, dn, facts, plain(default)));
    if knows_more {
        all.push(plain(filters::linked_mailbox(dn, facts)));
    }
    all.sort_by_key(|d| !matches!(d.outcome, Outcome::Filtered(_)));
    all
}

/// The verdict of a decision; `None` where it lets the object pass.
fn verdict_of(connector: &Connector, decision: Decision) -> Option<Verdict> {
    let because = match (&decision.rule, &decision.at) {
        (Some(rule), Some(at)) => Because::at(at, rule.clone()),
        _ => of_setup(connector),
    };
    match decision.outcome {
        Outcome::Passes => None,
        Outcome::Filtered(why) => {
            Some(Verdict::new(Some(false), Reason::FilteredByRule, Some(because)).saying(why))
        }
        Outcome::Unknown { why, .. } => Some(Verdict::unknown(Some(because), why)),
    }
}

/// The default join rule: its line where the export holds it.
fn of_setup(connector: &Connector) -> Because {
    const NAME: &str = "In from AD - User Join";
    let is_join = |tag: &String| super::model::has_prefix(tag, "Microsoft.InfromADUserJoin");
    let rule = connector.rules.iter().flatten().find(|r| r.immutable_tag.as_ref().is_some_and(is_join));
    match rule {
        Some(rule) => Because::at(&rule.at, rule.name.clone()),
        None => {
            Because { source: "default rules".to_owned(), path: None, line: None, value: NAME.to_owned() }
        }
    }
}
