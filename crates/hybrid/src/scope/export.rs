//! The files of `Get-ADSyncServerConfiguration`: connectors, rules and global settings, each an XML file of its own.

use roxmltree::Node;

use crate::scope::error::ScopeError;
use crate::scope::model::{
    Condition, Connector, Direction, Engine, GroupFilter, Join, Listed, Mapping, MappingSource, Partition,
    Rule, RuleScope, Setting, SettingName,
};
use crate::scope::node::boolean;
use crate::scope::source::Source;
use crate::scope::xml::{child, child_text, children, descend, text};

/// A GUID as it is compared: lower-case, without braces.
pub(crate) fn guid(text: &str) -> String {
    text.trim().trim_matches(['{', '}']).to_ascii_lowercase()
}

/// A name of a list.
pub(crate) fn listed(
    text: &str,
    at: crate::scope::model::Place,
    field: &'static str,
) -> Result<Listed, ScopeError> {
    match text.trim().parse() {
        Ok(dn) => Ok(Listed { dn, at }),
        // The text is not repeated: it is none of the names that are needed.
        Err(_) => Err(ScopeError::NotADn { at, field }),
    }
}

/// The names of a list; an empty element, as the connector of Entra ID has it, is none.
fn names(
    source: &Source,
    filter: Option<Node<'_, '_>>,
    path: [&'static str; 2],
) -> Result<Vec<Listed>, ScopeError> {
    let containers = filter.and_then(|f| f.children().find(|n| n.has_tag_name("containers")));
    let list = containers.and_then(|c| c.children().find(|n| n.has_tag_name(path[0])));
    let elements = list.into_iter().flat_map(|l| l.children().filter(|n| n.has_tag_name(path[1])));
    elements
        .filter_map(|n| Some((text(n)?, source.place(n.range().start))))
        .map(|(text, at)| listed(&text, at, path[1]))
        .collect()
}

/// A connector (`ma-data`); `None` where it is not one to an Active Directory.
pub(crate) fn connector<'a>(source: &Source, root: Node<'a, 'a>) -> Result<Option<Connector>, ScopeError> {
    let at = source.place(root.range().start);
    let missing = |field| ScopeError::Field { at: at.clone(), field };
    match child_text(root, "category") {
        Some(category) if category.eq_ignore_ascii_case("AD") => {}
        Some(_) => return Ok(None),
        None => return Err(missing("category")),
    }
    // `partition` stands in run profiles too: only those below this element are meant.
    let partitions = child(root, "ma-partition-data").ok_or_else(|| missing("ma-partition-data"))?;
    let partitions =
        children(partitions, "partition").map(|n| partition(source, n)).collect::<Result<Vec<_>, _>>()?;
    if partitions.is_empty() {
        return Err(missing("partition"));
    }
    let adma = descend(root, &["private-configuration", "adma-configuration"]);
    let values = adma.and_then(|n| child(n, "parameter-values"));
    let parameter = |name: &str| values.and_then(|v| named(v, name)).and_then(text);
    let forest = parameter("Forest.FQDN").or_else(|| adma.and_then(|n| child_text(n, "forest-name")));
    let user =
        parameter("forest-login-user").or_else(|| adma.and_then(|n| child_text(n, "forest-login-user")));
    let domain =
        parameter("forest-login-domain").or_else(|| adma.and_then(|n| child_text(n, "forest-login-domain")));
    let account = user.map(|user| domain.map_or(user.clone(), |domain| format!("{domain}\\{user}")));
    Ok(Some(Connector {
        engine: Engine::ConnectSync,
        id: child_text(root, "id").map(|id| guid(&id)),
        name: child_text(root, "name").ok_or_else(|| missing("name"))?,
        forest,
        account,
        groups: group_filter(source, values)?,
        partitions,
        rules: None,
        filters: vec![],
        at,
    }))
}

fn named<'a>(values: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    children(values, "parameter").find(|n| n.attribute("name").is_some_and(|n| n.eq_ignore_ascii_case(name)))
}

fn group_filter(source: &Source, values: Option<Node<'_, '_>>) -> Result<GroupFilter, ScopeError> {
    const NAME: &str = "Connector.GroupFilteringGroupDn";
    let of_name = |n: &Node<'_, '_>| n.attribute("name").is_some_and(|n| n.eq_ignore_ascii_case(NAME));
    let Some(node) = values.and_then(|v| v.children().find(of_name)) else { return Ok(GroupFilter::NotSaid) };
    let Some(dn) = text(node) else { return Ok(GroupFilter::None) };
    Ok(GroupFilter::MembersOf(vec![listed(&dn, source.place(node.range().start), NAME)?]))
}

fn partition<'a>(source: &Source, node: Node<'a, 'a>) -> Result<Partition, ScopeError> {
    let at = source.place(node.range().start);
    let missing = |field| ScopeError::Field { at: at.clone(), field };
    let name = child_text(node, "name").ok_or_else(|| missing("name"))?;
    let selected = child_text(node, "selected").and_then(|t| boolean(&t));
    let filter = child(node, "filter");
    let classes = filter.and_then(|f| child(f, "object-classes"));
    let object_classes = classes.map(|c| children(c, "object-class").filter_map(text).collect());
    let values = child(node, "parameter-values");
    Ok(Partition {
        dn: listed(&name, at.clone(), "name")?.dn,
        selected: selected.ok_or_else(|| missing("selected"))?,
        inclusions: names(source, filter, ["inclusions", "inclusion"])?,
        exclusions: names(source, filter, ["exclusions", "exclusion"])?,
        empty_is_all: false,
        object_classes,
        last_dc: values.and_then(|v| named(v, "last-dc")).and_then(text),
        at,
    })
}

/// A synchronisation rule (`synchronizationRule`).
pub(crate) fn rule<'a>(source: &Source, root: Node<'a, 'a>) -> Result<Rule, ScopeError> {
    let at = source.place(root.range().start);
    let missing = |field| ScopeError::Field { at: at.clone(), field };
    let direction = match child_text(root, "direction").map(|d| d.to_ascii_lowercase()).as_deref() {
        Some("inbound") => Direction::Inbound,
        Some("outbound") => Direction::Outbound,
        _ => return Err(missing("direction")),
    };
    let groups =
        child(root, "synchronizationCriteria").map(|c| children(c, "conditions").collect::<Vec<_>>());
    let groups = groups.unwrap_or_default();
    // A group without a condition holds for all, and so would the whole then.
    let scope: Vec<Vec<Condition>> = groups
        .into_iter()
        .map(|group| children(group, "scope").map(|n| condition(source, n)).collect())
        .collect::<Result<_, _>>()?;
    let mappings = child(root, "attribute-mappings");
    let mappings = mappings.into_iter().flat_map(|m| children(m, "mapping"));
    let joins = child(root, "relationshipCriteria");
    let joins = joins.into_iter().flat_map(|j| children(j, "conditions"));
    Ok(Rule {
        name: child_text(root, "name").ok_or_else(|| missing("name"))?,
        immutable_tag: child_text(root, "immutable-tag"),
        direction,
        disabled: child_text(root, "disabled").and_then(|t| boolean(&t)).unwrap_or(false),
        connector: child_text(root, "connector").map(|id| guid(&id)),
        source_type: child_text(root, "sourceObjectType"),
        target_type: child_text(root, "targetObjectType"),
        link_type: child_text(root, "linkType"),
        precedence: child_text(root, "precedence").and_then(|t| t.parse().ok()),
        scope: RuleScope::Groups(scope),
        joins: joins.map(|group| children(group, "condition").filter_map(join).collect()).collect(),
        mappings: mappings.filter_map(|n| mapping(source, n)).collect(),
        at,
    })
}

fn condition<'a>(source: &Source, node: Node<'a, 'a>) -> Result<Condition, ScopeError> {
    let at = source.place(node.range().start);
    let missing = |field| ScopeError::Field { at: at.clone(), field };
    Ok(Condition {
        attribute: child_text(node, "csAttribute").ok_or_else(|| missing("csAttribute"))?,
        operator: child_text(node, "csOperator").ok_or_else(|| missing("csOperator"))?,
        value: child_text(node, "csValue").unwrap_or_default(),
        at,
    })
}

fn join<'a>(node: Node<'a, 'a>) -> Option<Join> {
    Some(Join { source: child_text(node, "csAttribute")?, target: child_text(node, "ilmAttribute")? })
}

fn mapping<'a>(source: &Source, node: Node<'a, 'a>) -> Option<Mapping> {
    let target = child_text(node, "dest")?;
    let from = child(node, "src");
    let attributes: Vec<String> =
        from.into_iter().flat_map(|s| children(s, "attr")).filter_map(text).collect();
    let from = match (child_text(node, "expression"), attributes.as_slice()) {
        (Some(text), _) => MappingSource::Expression { text, attributes },
        (None, [one]) => MappingSource::Attribute(one.clone()),
        (None, _) => MappingSource::Constant(from.and_then(text).unwrap_or_default()),
    };
    Some(Mapping { target, source: from, at: source.place(node.range().start) })
}

/// The global settings (`saved-mv-configuration`).
pub(crate) fn settings<'a>(source: &Source, root: Node<'a, 'a>) -> Vec<Setting> {
    let values = descend(root, &["mv-data", "parameter-values"]);
    let parameters = values.into_iter().flat_map(|v| children(v, "parameter"));
    parameters
        .filter_map(|n| {
            let name = SettingName::of(n.attribute("name")?)?;
            let at = source.place(n.range().start);
            Some(Setting { name, value: text(n).unwrap_or_default(), at })
        })
        .collect()
}
