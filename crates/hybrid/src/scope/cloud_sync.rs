//! The schema of a Cloud Sync job: `/servicePrincipals/{id}/synchronization/jobs/{id}/schema` of Microsoft Graph.

use adrecover_core::{Dn, Rdn};

use crate::scope::connectors::names;
use crate::scope::error::ScopeError;
use crate::scope::model::{
    Condition, Connector, Engine, GroupFilter, Listed, Partition, RuleScope, ScopingFilter,
};
use crate::scope::node::{Fields, Node};

/// Whether an object is such a schema.
pub(crate) fn is_schema(fields: &Fields<'_>) -> bool {
    let rule = fields.get("synchronizationRules").and_then(Node::items).unwrap_or_default();
    let is_rule = |f: Fields<'_>| {
        ["containerFilter", "groupFilter", "objectMappings", "sourceDirectoryName"].iter().any(|n| f.has(n))
    };
    rule.first().is_some_and(|n| n.fields().is_some_and(is_rule))
}

/// A connector for each rule that goes from an Active Directory into the cloud.
pub(crate) fn connectors(fields: &Fields<'_>) -> Result<Vec<Connector>, ScopeError> {
    let mut connectors = vec![];
    for node in fields.list("synchronizationRules")? {
        let Some(rule) = node.fields() else { return Err(fields.truncated(node, "synchronizationRules")) };
        let source = rule.text("sourceDirectoryName").unwrap_or_default().to_ascii_lowercase();
        // Groups that are written back go the other way.
        if !source.contains("azure") && !source.contains("entra") {
            connectors.push(connector(&rule)?);
        }
    }
    Ok(connectors)
}

fn connector(rule: &Fields<'_>) -> Result<Connector, ScopeError> {
    let containers = match rule.object("containerFilter")? {
        Some(filter) => names(&filter, "includedContainers")?,
        None => vec![],
    };
    let groups = match rule.object("groupFilter")? {
        Some(filter) => groups(&filter)?,
        None => GroupFilter::None,
    };
    let (filters, classes) = mappings(rule)?;
    let domain = rule.text("sourceDirectoryName").and_then(|name| domain_of(&name));
    Ok(Connector {
        engine: Engine::CloudSync,
        id: None,
        name: rule.text("name").or_else(|| rule.text("id")).unwrap_or_else(|| "Cloud Sync".to_owned()),
        forest: None,
        account: None,
        groups,
        partitions: partitions(rule, domain, containers, classes.as_deref()),
        rules: Some(vec![]),
        filters,
        at: rule.at(),
    })
}

/// The domains of the containers, or the one that the rule names; where there is neither, any.
fn partitions(
    rule: &Fields<'_>,
    domain: Option<Dn>,
    containers: Vec<Listed>,
    classes: Option<&[String]>,
) -> Vec<Partition> {
    let empty = |dn| Partition {
        dn,
        selected: true,
        inclusions: vec![],
        exclusions: vec![],
        empty_is_all: true,
        object_classes: classes.map(<[_]>::to_vec),
        last_dc: None,
        at: rule.at(),
    };
    if containers.is_empty() {
        return vec![empty(domain.unwrap_or_default())];
    }
    let mut partitions: Vec<Partition> = vec![];
    for container in containers {
        let dn = domain
            .clone()
            .filter(|d| container.dn.is_at_or_below(d))
            .unwrap_or_else(|| naming_context(&container.dn));
        match partitions.iter_mut().find(|p| p.dn == dn) {
            Some(partition) => partition.inclusions.push(container),
            None => {
                partitions.push(Partition { inclusions: vec![container], empty_is_all: false, ..empty(dn) })
            }
        }
    }
    partitions
}

/// The part of a DN that is made of `DC` components.
fn naming_context(dn: &Dn) -> Dn {
    let mut dn = dn.clone();
    while dn.rdn().is_some_and(|rdn| !rdn.kind().eq_ignore_ascii_case("DC")) {
        dn = dn.parent().unwrap_or_default();
    }
    dn
}

/// The DN of a domain that is named by its DNS name; `None` for a name such as `Active Directory`.
fn domain_of(name: &str) -> Option<Dn> {
    let is_dns = name.contains('.') && !name.contains(' ') && name.split('.').all(|label| !label.is_empty());
    is_dns.then(|| name.rsplit('.').fold(Dn::default(), |dn, label| dn.child(Rdn::new("DC", label))))
}

/// Groups are listed by their DN or by an identifier.
fn groups(filter: &Fields<'_>) -> Result<GroupFilter, ScopeError> {
    let mut groups = vec![];
    for node in filter.list("includedGroups")? {
        match node.text().map(|text| text.parse::<Dn>()) {
            Some(Ok(dn)) if !dn.is_empty() => groups.push(Listed { dn, at: node.place() }),
            _ => return Ok(GroupFilter::Unreadable(node.place())),
        }
    }
    Ok(if groups.is_empty() { GroupFilter::None } else { GroupFilter::MembersOf(groups) })
}

/// The scoping filters, and the classes that are mapped.
fn mappings(rule: &Fields<'_>) -> Result<(Vec<ScopingFilter>, Option<Vec<String>>), ScopeError> {
    let (mut filters, mut classes) = (vec![], vec![]);
    for node in rule.list("objectMappings")? {
        let Some(mapping) = node.fields() else { return Err(rule.truncated(node, "objectMappings")) };
        let Some(source_type) = mapping.text("sourceObjectName") else { continue };
        if mapping.boolean("enabled") == Some(false) {
            continue;
        }
        if let Some(scope) = mapping.object("scope")? {
            let at = scope.at();
            let scope = groups_of_clauses(&scope).map_or(RuleScope::NotUnderstood, RuleScope::Groups);
            if scope != RuleScope::Groups(vec![]) {
                filters.push(ScopingFilter { source_type: source_type.clone(), scope, at });
            }
        }
        classes.push(source_type);
    }
    Ok((filters, (!classes.is_empty()).then_some(classes)))
}

/// `groups[].clauses[]`; the other two sets of groups, where they hold anything, are not understood.
fn groups_of_clauses(scope: &Fields<'_>) -> Option<Vec<Vec<Condition>>> {
    let others = ["categoryFilterGroups", "inputFilterGroups"];
    let is_empty = |name: &str| scope.get(name).is_none_or(|n| n.items().is_some_and(|i| i.is_empty()));
    if !others.iter().all(|name| is_empty(name)) {
        return None;
    }
    let groups = scope.get("groups").map_or(Some(vec![]), Node::items)?;
    groups
        .into_iter()
        .map(|group| group.fields()?.get("clauses")?.items()?.into_iter().map(clause).collect())
        .collect()
}

fn clause(node: Node<'_>) -> Option<Condition> {
    let fields = node.fields()?;
    let values = match fields.get("targetOperand") {
        Some(operand) => operand.fields()?.get("values").map_or(Some(vec![]), Node::items)?,
        None => vec![],
    };
    let value = match values.as_slice() {
        [] => String::new(),
        [one] => one.text()?,
        _ => return None,
    };
    Some(Condition {
        attribute: fields.text("sourceOperandName")?,
        operator: fields.text("operatorName")?,
        value,
        at: fields.at(),
    })
}
