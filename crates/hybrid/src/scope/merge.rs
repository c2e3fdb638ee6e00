//! Several configurations become one: what says the same is taken once, what contradicts itself is refused.

use std::collections::{BTreeSet, HashSet};

use adrecover_core::Dn;

use crate::scope::error::ScopeError;
use crate::scope::model::{Connector, Engine, GroupFilter, Listed, Partition};

/// The connectors of all files.
pub(crate) fn merged(connectors: Vec<Connector>) -> Result<Vec<Connector>, ScopeError> {
    let mut all: Vec<Connector> = vec![];
    for mut connector in connectors {
        let partitions = std::mem::take(&mut connector.partitions);
        connector.partitions = folded(partitions)?;
        let same = all.iter().position(|known| is_same(known, &connector));
        match same {
            Some(at) => join(&mut all[at], connector)?,
            None if !all.contains(&connector) => all.push(connector),
            None => {}
        }
    }
    Ok(all)
}

/// Two servers have connectors of different GUIDs for one forest; a partition belongs to one forest only.
fn is_same(a: &Connector, b: &Connector) -> bool {
    let shares = || a.partitions.iter().any(|p| b.partitions.iter().any(|q| p.dn == q.dn));
    a.engine == Engine::ConnectSync && b.engine == a.engine && ((a.id.is_some() && a.id == b.id) || shares())
}

/// The partitions of one list, each once.
fn folded(partitions: Vec<Partition>) -> Result<Vec<Partition>, ScopeError> {
    let mut all: Vec<Partition> = vec![];
    for partition in partitions {
        match all.iter_mut().find(|p| p.dn == partition.dn) {
            Some(known) => complete(known, partition)?,
            None => all.push(partition),
        }
    }
    Ok(all)
}

fn join(known: &mut Connector, other: Connector) -> Result<(), ScopeError> {
    let (first, second) = (known.at.clone(), other.at.clone());
    let groups = |filter: &GroupFilter| match filter {
        GroupFilter::None => Some(BTreeSet::new()),
        GroupFilter::MembersOf(groups) => Some(groups.iter().map(|g| g.dn.key()).collect::<BTreeSet<_>>()),
        GroupFilter::Unreadable(_) | GroupFilter::NotSaid => None,
    };
    match (groups(&known.groups), groups(&other.groups)) {
        (Some(a), Some(b)) if a != b => {
            let partition = known.name.clone();
            return Err(ScopeError::Contradiction { first, second, partition, what: "the pilot group" });
        }
        (None, Some(_)) => known.groups = other.groups,
        _ => {}
    }
    let partitions = std::mem::take(&mut known.partitions);
    known.partitions = folded(partitions.into_iter().chain(other.partitions).collect())?;
    known.forest = known.forest.take().or(other.forest);
    known.account = known.account.take().or(other.account);
    match (&mut known.rules, other.rules) {
        (Some(rules), Some(more)) => {
            let names: HashSet<String> = rules.iter().map(|r| r.name.to_lowercase()).collect();
            rules.extend(more.into_iter().filter(|r| !names.contains(&r.name.to_lowercase())));
        }
        (None, Some(more)) => known.rules = Some(more),
        (_, None) => {}
    }
    Ok(())
}

/// Adds what another file knows of the same partition.
fn complete(known: &mut Partition, other: Partition) -> Result<(), ScopeError> {
    let names = |list: &[Listed]| list.iter().map(|l| l.dn.clone()).collect::<HashSet<Dn>>();
    let classes = |list: &[String]| list.iter().map(|c| c.to_ascii_lowercase()).collect::<HashSet<_>>();
    let what = if known.selected != other.selected {
        Some("whether it is selected")
    } else if names(&known.inclusions) != names(&other.inclusions) {
        Some("the included containers")
    } else if names(&known.exclusions) != names(&other.exclusions) {
        Some("the excluded containers")
    } else {
        let both = known.object_classes.as_deref().zip(other.object_classes.as_deref());
        both.filter(|(a, b)| classes(a) != classes(b)).map(|_| "the classes of objects")
    };
    if let Some(what) = what {
        let partition = known.dn.to_string();
        return Err(ScopeError::Contradiction { first: known.at.clone(), second: other.at, partition, what });
    }
    known.object_classes = known.object_classes.take().or(other.object_classes);
    known.last_dc = known.last_dc.take().or(other.last_dc);
    Ok(())
}
