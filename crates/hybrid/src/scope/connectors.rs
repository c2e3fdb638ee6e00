//! What `Get-ADSyncConnector` and `Get-ADSyncGlobalSettings` give, as `ConvertTo-Json` or `Export-Clixml` wrote it.

use adrecover_core::Dn;

use crate::scope::error::ScopeError;
use crate::scope::export::{guid, listed};
use crate::scope::model::{Connector, Engine, GroupFilter, Listed, Partition, Setting, SettingName};
use crate::scope::node::{Fields, Node};

/// Whether an object is a connector.
pub(crate) fn is_connector(fields: &Fields<'_>) -> bool {
    fields.has("Partitions")
        && ["Type", "Identifier", "GlobalParameters", "ConnectorTypeName"].iter().any(|n| fields.has(n))
}

/// A connector; `None` where it is not one to an Active Directory.
pub(crate) fn connector(fields: &Fields<'_>) -> Result<Option<Connector>, ScopeError> {
    let kinds = ["Type", "ConnectorTypeName"].map(|name| fields.text(name));
    let is = |kind: &str| kinds.iter().flatten().any(|k| k.eq_ignore_ascii_case(kind));
    if is("Extensible2") || is("Extensible") {
        return Ok(None);
    }
    let nodes = fields.list("Partitions")?;
    let mut partitions = vec![];
    for node in nodes {
        let Some(of_partition) = node.fields() else { return Err(fields.truncated(node, "Partitions")) };
        partitions.extend(partition(&of_partition, is("AD"))?);
    }
    if partitions.is_empty() && !is("AD") {
        return Ok(None);
    }
    if partitions.is_empty() {
        return Err(ScopeError::Field { at: fields.at(), field: "Partitions" });
    }
    let missing = |field| ScopeError::Field { at: fields.at(), field };
    let parameters = Parameters::of(fields, "GlobalParameters")?;
    let connectivity = Parameters::of(fields, "ConnectivityParameters")?;
    let text = |name: &str| connectivity.text(name).or_else(|| parameters.text(name));
    let user = text("forest-login-user");
    let domain = text("forest-login-domain");
    Ok(Some(Connector {
        engine: Engine::ConnectSync,
        id: fields.text("Identifier").map(|id| guid(&id)),
        name: fields.text("Name").ok_or_else(|| missing("Name"))?,
        forest: text("Forest.FQDN").or_else(|| text("forest-name")),
        account: user.map(|user| domain.map_or(user.clone(), |domain| format!("{domain}\\{user}"))),
        groups: parameters.group_filter()?,
        partitions,
        rules: None,
        filters: vec![],
        at: fields.at(),
    }))
}

/// A partition; `None` where its name is no DN, as that of the connector of Entra ID.
fn partition(fields: &Fields<'_>, is_ad: bool) -> Result<Option<Partition>, ScopeError> {
    let name = fields.text("DN").or_else(|| fields.text("Name"));
    let dn = match name.map(|name| name.parse::<Dn>()) {
        Some(Ok(dn)) if !dn.is_empty() => dn,
        _ if !is_ad => return Ok(None),
        _ => return Err(ScopeError::NotADn { at: fields.at(), field: "DN" }),
    };
    let missing = |field| ScopeError::Field { at: fields.at(), field };
    let scope = fields.object("ConnectorPartitionScope")?;
    let scope = scope.ok_or_else(|| missing("ConnectorPartitionScope"))?;
    let lists = ["ContainerInclusionList", "ContainerExclusionList"];
    if let Some(field) = lists.into_iter().find(|field| !scope.has(field)) {
        return Err(ScopeError::Field { at: scope.at(), field });
    }
    Ok(Some(Partition {
        dn,
        selected: fields.boolean("Selected").ok_or_else(|| missing("Selected"))?,
        inclusions: names(&scope, lists[0])?,
        exclusions: names(&scope, lists[1])?,
        empty_is_all: false,
        object_classes: classes(&scope, "ObjectClasses")?,
        last_dc: Parameters::of(fields, "Parameters")?.text("last-dc"),
        at: fields.at(),
    }))
}

/// The classes of a list; `None` where nothing is listed, or something else than names.
pub(crate) fn classes(fields: &Fields<'_>, field: &'static str) -> Result<Option<Vec<String>>, ScopeError> {
    let names: Option<Vec<String>> = fields.list(field)?.into_iter().map(Node::text).collect();
    Ok(names.filter(|names| !names.is_empty()))
}

/// The DNs of a list. An item that is neither a text nor an object with one is damage.
pub(crate) fn names(fields: &Fields<'_>, field: &'static str) -> Result<Vec<Listed>, ScopeError> {
    let items = fields.list(field)?.into_iter().map(|node| {
        let text = node.text().or_else(|| {
            let fields = node.fields()?;
            fields.text("distinguishedName").or_else(|| fields.text("DN"))
        });
        let at = node.place();
        match text {
            Some(text) if !text.trim().is_empty() => listed(&text, at, field),
            _ => Err(ScopeError::NotADn { at, field }),
        }
    });
    items.collect()
}

/// A list of `{Name, Value}`. Values that are not asked for are not looked at.
struct Parameters<'a>(Vec<Fields<'a>>);

impl<'a> Parameters<'a> {
    fn of(fields: &Fields<'a>, name: &'static str) -> Result<Self, ScopeError> {
        let mut list = vec![];
        for node in fields.list(name)? {
            match node.fields() {
                Some(parameter) => list.push(parameter),
                None => return Err(fields.truncated(node, name)),
            }
        }
        Ok(Self(list))
    }

    fn find(&self, name: &str) -> Option<&Fields<'a>> {
        self.0.iter().find(|p| p.text("Name").is_some_and(|n| n.eq_ignore_ascii_case(name)))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.find(name)?.text("Value")
    }

    fn group_filter(&self) -> Result<GroupFilter, ScopeError> {
        const NAME: &str = "Connector.GroupFilteringGroupDn";
        let Some(parameter) = self.find(NAME) else { return Ok(GroupFilter::NotSaid) };
        let Some(dn) = parameter.text("Value") else { return Ok(GroupFilter::None) };
        Ok(GroupFilter::MembersOf(vec![listed(&dn, parameter.at(), NAME)?]))
    }
}

/// The settings of `Get-ADSyncGlobalSettings`, or of its `Parameters`; `None` where it is something else.
pub(crate) fn settings(nodes: &[Node<'_>]) -> Result<Option<Vec<Setting>>, ScopeError> {
    let first = nodes.first().and_then(|n| n.fields());
    let Some(first) = first else { return Ok(None) };
    let is_setting = |f: &Fields<'_>| {
        f.has("Value") && f.text("Name").is_some_and(|n| crate::scope::model::has_prefix(&n, "Microsoft."))
    };
    let parameters = if is_setting(&first) {
        nodes.iter().filter_map(|n| n.fields()).collect()
    } else if first.has("Parameters") && !is_connector(&first) {
        Parameters::of(&first, "Parameters")?.0
    } else {
        return Ok(None);
    };
    if !parameters.first().is_some_and(is_setting) {
        return Ok(None);
    }
    let setting = |f: &Fields<'_>| {
        let name = SettingName::of(&f.text("Name")?)?;
        Some(Setting { name, value: f.text("Value").unwrap_or_default(), at: f.at() })
    };
    Ok(Some(parameters.iter().filter_map(setting).collect()))
}
