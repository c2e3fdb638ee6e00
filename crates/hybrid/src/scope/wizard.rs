//! The wizard's policy: `Applied-SynchronizationPolicy-*.JSON`, `Exported-SynchronizationPolicy-*.JSON`, `MigratedPolicy.json`.
//!
//! Only the keys that public tools read are known; no real file was at hand. What is not known is passed over, with a warning
//! where its name sounds as if it could narrow the scope.

use crate::scope::connectors::{classes, names};
use crate::scope::error::ScopeError;
use crate::scope::export::{guid, listed};
use crate::scope::model::{
    Condition, Connector, Direction, Engine, GroupFilter, Mapping, MappingSource, Partition, Rule, RuleScope,
};
use crate::scope::node::{Fields, Node, boolean};

/// Whether an object is such a policy.
pub(crate) fn is_policy(fields: &Fields<'_>) -> bool {
    fields.has("onpremisesDirectoryPolicy")
}

/// The connectors of a policy.
pub(crate) fn connectors(
    fields: &Fields<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Connector>, ScopeError> {
    let mut connectors = vec![];
    for node in fields.list("onpremisesDirectoryPolicy")? {
        let Some(policy) = node.fields() else {
            return Err(fields.truncated(node, "onpremisesDirectoryPolicy"));
        };
        connectors.push(connector(&policy, warnings)?);
    }
    Ok(connectors)
}

fn connector(fields: &Fields<'_>, warnings: &mut Vec<String>) -> Result<Connector, ScopeError> {
    const KNOWN: [&str; 7] = [
        "friendlyName",
        "fullyQualifiedDomainName",
        "uniqueIdentifier",
        "partitionFilters",
        "customSynchronizationRules",
        "standardSynchronizationRules",
        "groupFilteringGroupDn",
    ];
    warn(fields, &KNOWN, warnings);
    let missing = |field| ScopeError::Field { at: fields.at(), field };
    let forest = fields.text("fullyQualifiedDomainName");
    let mut partitions = vec![];
    for node in fields.list("partitionFilters")? {
        let Some(of_partition) = node.fields() else {
            return Err(fields.truncated(node, "partitionFilters"));
        };
        partitions.push(partition(&of_partition, warnings)?);
    }
    if partitions.is_empty() {
        return Err(missing("partitionFilters"));
    }
    let id = fields.text("uniqueIdentifier").map(|id| guid(&id));
    let mut rules = vec![];
    let mut has_rules = false;
    for (field, precedence) in [("customSynchronizationRules", 0), ("standardSynchronizationRules", 100)] {
        has_rules |= fields.has(field);
        for node in fields.list(field)? {
            let Some(of_rule) = node.fields() else { return Err(fields.truncated(node, field)) };
            rules.push(rule(&of_rule, id.as_deref(), precedence)?);
        }
    }
    let groups = match (fields.get("groupFilteringGroupDn"), fields.text("groupFilteringGroupDn")) {
        (Some(node), Some(dn)) => {
            GroupFilter::MembersOf(vec![listed(&dn, node.place(), "groupFilteringGroupDn")?])
        }
        (Some(_), None) => GroupFilter::None,
        (None, _) => GroupFilter::NotSaid,
    };
    let name = fields.text("friendlyName").or_else(|| forest.clone());
    Ok(Connector {
        engine: Engine::ConnectSync,
        id,
        name: name.ok_or_else(|| missing("friendlyName"))?,
        forest,
        account: None,
        groups,
        partitions,
        rules: has_rules.then_some(rules),
        filters: vec![],
        at: fields.at(),
    })
}

fn partition(fields: &Fields<'_>, warnings: &mut Vec<String>) -> Result<Partition, ScopeError> {
    const KNOWN: [&str; 6] = [
        "distinguishedName",
        "containerInclusions",
        "containerExclusions",
        "selected",
        "isSelected",
        "objectClasses",
    ];
    warn(fields, &KNOWN, warnings);
    let at = fields.at();
    let missing = |field| ScopeError::Field { at: fields.at(), field };
    let name = fields.text("distinguishedName").ok_or_else(|| missing("distinguishedName"))?;
    let lists = ["containerInclusions", "containerExclusions"];
    if let Some(field) = lists.into_iter().find(|field| !fields.has(field)) {
        return Err(missing(field));
    }
    // The policy lists what the wizard selected.
    let selected = fields.boolean("selected").or_else(|| fields.boolean("isSelected")).unwrap_or(true);
    Ok(Partition {
        dn: listed(&name, at.clone(), "distinguishedName")?.dn,
        selected,
        inclusions: names(fields, lists[0])?,
        exclusions: names(fields, lists[1])?,
        empty_is_all: false,
        object_classes: classes(fields, "objectClasses")?,
        last_dc: None,
        at,
    })
}

/// Keys that are not known and sound as if they could narrow the scope.
fn warn(fields: &Fields<'_>, known: &[&str], warnings: &mut Vec<String>) {
    let narrows = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["filter", "scope", "exclu", "inclu", "container", "group"].iter().any(|part| name.contains(part))
    };
    for name in fields.names().filter(|n| narrows(n) && !known.iter().any(|k| k.eq_ignore_ascii_case(n))) {
        let name: String = name.chars().take(64).collect();
        warnings.push(format!("{}: `{name}` is not known and was passed over", fields.at()));
    }
}

fn rule(fields: &Fields<'_>, connector: Option<&str>, precedence: i64) -> Result<Rule, ScopeError> {
    let missing = |field| ScopeError::Field { at: fields.at(), field };
    let direction = match fields.text("direction").map(|d| d.to_ascii_lowercase()).as_deref() {
        Some("outbound" | "1") => Direction::Outbound,
        _ => Direction::Inbound,
    };
    let disabled = fields.boolean("disabled").or_else(|| fields.boolean("isDisabled"));
    let disabled = disabled.or_else(|| fields.boolean("enabled").map(|on| !on)).unwrap_or(false);
    let mappings = fields.list("attributeMappings")?.into_iter().filter_map(mapping).collect();
    Ok(Rule {
        name: fields.text("name").ok_or_else(|| missing("name"))?,
        immutable_tag: fields.text("immutableTag"),
        direction,
        disabled,
        connector: connector.map(str::to_owned),
        source_type: fields.text("sourceObjectType"),
        target_type: fields.text("targetObjectType"),
        link_type: fields.text("linkType"),
        precedence: fields.text("precedence").and_then(|t| t.parse().ok()).or(Some(precedence)),
        scope: scope(fields)?,
        joins: vec![],
        mappings,
        at: fields.at(),
    })
}

/// One group of conditions, or a list of groups.
fn scope(fields: &Fields<'_>) -> Result<RuleScope, ScopeError> {
    let nodes = fields.list("scopeFilters")?;
    if nodes.is_empty() {
        return Ok(RuleScope::Groups(vec![]));
    }
    if let Some(one) = nodes.iter().map(|n| condition(*n)).collect::<Option<Vec<_>>>() {
        return Ok(RuleScope::Groups(vec![one]));
    }
    let groups: Option<Vec<_>> = nodes.into_iter().map(group).collect();
    Ok(groups.map_or(RuleScope::NotUnderstood, RuleScope::Groups))
}

/// A list of conditions, or an object that holds one.
fn group(node: Node<'_>) -> Option<Vec<Condition>> {
    const NESTED: [&str; 3] = ["conditions", "scopeConditions", "filters"];
    let items = match node.items() {
        Some(items) => items,
        None => {
            let fields = node.fields()?;
            NESTED.into_iter().find_map(|name| fields.get(name))?.items()?
        }
    };
    items.into_iter().map(condition).collect()
}

fn condition(node: Node<'_>) -> Option<Condition> {
    let fields = node.fields()?;
    Some(Condition {
        attribute: fields.text("attribute")?,
        operator: fields.text("condition").or_else(|| fields.text("operator"))?,
        value: fields.text("value").unwrap_or_default(),
        at: fields.at(),
    })
}

/// A source is an attribute, an expression or a constant, and the policy does not say which.
fn mapping(node: Node<'_>) -> Option<Mapping> {
    let fields = node.fields()?;
    let target = fields.text("destination")?;
    let text = match fields.get("source") {
        Some(source) => source.items().map_or_else(
            || source.text(),
            |items| Some(items.into_iter().filter_map(Node::text).collect::<Vec<_>>().join(",")),
        ),
        None => None,
    };
    let text = text.or_else(|| fields.text("expression")).unwrap_or_default();
    let source = if boolean(&text).is_some() {
        MappingSource::Constant(text)
    } else {
        MappingSource::Expression { attributes: bracketed(&text), text }
    };
    Some(Mapping { target, source, at: fields.at() })
}

/// The attributes that an expression names: `[mail]`.
pub(crate) fn bracketed(text: &str) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    for part in text.split('[').skip(1) {
        let Some((name, _)) = part.split_once(']') else { continue };
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if is_name && !name.is_empty() && !names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    names
}
