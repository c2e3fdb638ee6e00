//! What the directory itself tells for a pre-flight.

use std::collections::{BTreeSet, HashMap};

use adrecover_core::guid::source_anchor;
use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, Entry, Sid};
use adrecover_hybrid::checks::{
    ATTRIBUTES, ConnectorAccount, EngineFindings, FOREST_ATTRIBUTES, Forest, Observed, Setting, Subject, Sync,
};
use adrecover_hybrid::evidence::Known;
use adrecover_hybrid::graph::Key as GraphKey;
use adrecover_hybrid::scope::model::SettingName;
use adrecover_ldap::deleted;
use adrecover_ldap::users::{self, Names};
use adrecover_ldap::{Protected, Session};

use super::inputs::Inputs;
use crate::context::Ctx;
use crate::error::CliError;

/// The most containers of a configuration that are looked for.
const MOST_CONTAINERS: usize = 500;

/// A user who came back longer ago has been synchronised since, and whoever was missing something has noticed: the cloud keeps a
/// deleted user for 30 days.
const RESTORED_LATELY: chrono::Duration = chrono::Duration::days(90);

/// The attributes that are read of each user.
pub(crate) fn attributes(inputs: &Inputs, sync: Option<&Sync<'_>>) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    let mut known = BTreeSet::new();
    let mut add = |name: &str| {
        if known.insert(name.to_ascii_lowercase()) {
            names.push(name.to_owned());
        }
    };
    ATTRIBUTES.iter().for_each(|name| add(name));
    // Whether it was restored lately.
    add("replPropertyMetaData");
    sync.iter().flat_map(|sync| sync.evaluator.attributes()).for_each(|name| add(&name));
    for setting in [SettingName::UpnAttribute, SettingName::AnchorAttribute] {
        inputs.settings(setting).iter().for_each(|name| add(name));
    }
    names.retain(|name| is_attribute(name));
    names
}

/// A configuration may say anything: what is no name of an attribute is not asked for.
fn is_attribute(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// By what the cloud may know users, and others who have their names.
pub(crate) fn keys_of(
    session: &Session,
    at: Timestamp,
    inputs: &Inputs,
    entries: impl IntoIterator<Item = Entry>,
) -> Result<Vec<GraphKey>, CliError> {
    let attributes = cloud_attributes(inputs);
    let server = session.server().to_string();
    let mut keys = vec![];
    for entry in entries {
        let dn: Dn = entry.dn.parse()?;
        // What the engine is set to, where that is not the usual attribute.
        for name in inputs.settings(SettingName::UpnAttribute) {
            for upn in entry.texts(&name) {
                keys.extend([GraphKey::UserPrincipalName(upn.clone()), GraphKey::Address(upn)]);
            }
        }
        for name in inputs.settings(SettingName::AnchorAttribute) {
            keys.extend(entry.value(&name).map(|octets| GraphKey::ImmutableId(source_anchor(octets))));
        }
        keys.extend(GraphKey::of_subject(&Subject::new(dn, entry, &attributes, &server, at)));
    }
    Ok(keys)
}

/// The attributes that hold it.
pub(crate) fn cloud_attributes(inputs: &Inputs) -> Vec<String> {
    attributes(inputs, None)
}

/// What all users of a run have in common, and how a user is made of an entry.
pub(crate) struct Around {
    /// The server, as reports name it.
    pub(crate) server: String,
    /// When it was asked.
    pub(crate) at: Timestamp,
    /// The attributes that were asked for.
    pub(crate) attributes: Vec<String>,
    /// The account that the engine reads the directory with.
    pub(crate) connector_account: Option<ConnectorAccount>,
    /// The groups that give licences in the cloud, by SID.
    pub(crate) licensed_groups: Known<HashMap<String, Dn>>,
    protected: Protected,
    /// Attributes of the checks that the schema does not have.
    schema_lacks: Known<Vec<String>>,
    /// Whether deletions keep the attributes.
    recycle_bin: bool,
}

impl Around {
    /// Asks what all users need.
    pub(crate) async fn ask(
        ctx: &Ctx,
        session: &Session,
        inputs: &Inputs,
        sync: Option<&Sync<'_>>,
    ) -> Result<Self, CliError> {
        let root = session.root_dse();
        let domain = root.default_naming_context.clone();
        let sid = users::domain_sid(session).await?;
        let server = root.dns_host_name.clone().unwrap_or_else(|| session.server().to_string());
        Ok(Self {
            server,
            at: ctx.now,
            attributes: attributes(inputs, sync),
            connector_account: connector_account(session, sync, &domain).await?,
            licensed_groups: licensed_groups(session, inputs).await?,
            protected: Protected::find(session, &domain, sid.as_ref()).await?,
            schema_lacks: users::not_in_schema(session, &ATTRIBUTES)
                .await?
                .map_or(Known::NotAsked, Known::Value),
            recycle_bin: deleted::policy(session).await?.recycle_bin,
        })
    }

    /// The setting of every user.
    pub(crate) fn setting<'a>(
        &'a self,
        forest: &'a Forest,
        sync: Option<&'a Sync<'a>>,
        inputs: &'a Inputs,
        on_prem_only: bool,
    ) -> Setting<'a> {
        Setting {
            forest,
            sync,
            evidence: inputs.evidence.as_ref(),
            connector_account: self.connector_account.as_ref(),
            observed: Observed::default(),
            engine: EngineFindings::default(),
            licensed_groups: self.licensed_groups.clone(),
            schema_lacks: self.schema_lacks.clone(),
            on_prem_only,
            now: self.at,
        }
    }

    /// The user that an entry is.
    pub(crate) fn subject(&self, entry: Entry) -> Result<Subject, CliError> {
        let dn: Dn = entry.dn.parse()?;
        let privileged = self.protected.evidence(&entry);
        let lately = self.at.checked_sub_signed(RESTORED_LATELY).unwrap_or(self.at);
        let was_tombstone = !self.recycle_bin && users::was_restored(&entry, lately) == Some(true);
        let mut subject = Subject::new(dn, entry, &self.attributes, &self.server, self.at);
        subject.was_tombstone = was_tombstone;
        subject.privileged = if privileged.is_empty() { Known::Absent } else { Known::Value(privileged) };
        Ok(subject)
    }
}

/// The engine's configuration, held against the directory: which of its containers are not there.
pub(crate) async fn sync<'a>(session: &Session, inputs: &'a Inputs) -> Result<Option<Sync<'a>>, CliError> {
    let Some(scope) = &inputs.scope else { return Ok(None) };
    let mut sync = Sync::new(scope);
    let domain = session.root_dse().default_naming_context.clone();
    let located = sync.evaluator.locate(&domain);
    let listed = located.iter().flat_map(|l| l.partition.inclusions.iter().chain(&l.partition.exclusions));
    let mut dns: Vec<Dn> = vec![];
    for dn in listed.map(|listed| &listed.dn).filter(|dn| dn.is_at_or_below(&domain)).take(MOST_CONTAINERS) {
        if !dns.contains(dn) {
            dns.push(dn.clone());
        }
    }
    sync.missing = Known::Value(users::missing(session, &dns).await?);
    Ok(Some(sync))
}

async fn licensed_groups(session: &Session, inputs: &Inputs) -> Result<Known<HashMap<String, Dn>>, CliError> {
    let Some(evidence) = &inputs.evidence else { return Ok(Known::NotAsked) };
    let sids: Vec<Sid> = evidence
        .licensed_groups()
        .filter_map(|group| group.on_premises_sid().value()?.parse().ok())
        .collect();
    let found = users::by_sid(session, &sids).await?;
    let found = found.into_iter().filter_map(|(sid, dn)| Some((sid.to_string(), dn.parse().ok()?)));
    Ok(Known::Value(found.collect()))
}

/// The account with which the engine reads this domain, where a configuration names it.
async fn connector_account(
    session: &Session,
    sync: Option<&Sync<'_>>,
    domain: &Dn,
) -> Result<Option<ConnectorAccount>, CliError> {
    let Some(sync) = sync else { return Ok(None) };
    for located in sync.evaluator.locate(domain) {
        if let Some(name) = &located.connector.account
            && let Some(token) = users::token_of(session, name).await?
        {
            return Ok(Some(ConnectorAccount { name: name.clone(), token }));
        }
    }
    Ok(None)
}

/// Where names and addresses are looked for.
struct Places {
    /// The global catalogue, where there are other domains and it can be asked.
    catalogue: Option<Session>,
    /// Whether the domain controller is to be asked: it knows of its own domain what the catalogue does not hold.
    is_own_domain_asked: bool,
    forest: Forest,
}

impl Places {
    async fn find(session: &Session, inputs: &Inputs) -> Result<Self, CliError> {
        let host = |session: &Session| {
            session.root_dse().dns_host_name.clone().unwrap_or_else(|| session.server().to_string())
        };
        let mut forest = Forest::of(&host(session));
        let settings = inputs.settings(SettingName::UpnAttribute);
        if let Some(attribute) = settings.into_iter().find(|name| is_attribute(name)) {
            forest = forest.indexing(&attribute);
        }
        if users::is_only_domain(session).await? {
            return Ok(Self { catalogue: None, is_own_domain_asked: true, forest });
        }
        let not_held = users::not_in_catalogue(session).await?;
        match session.global_catalog().await {
            Ok(catalogue) => {
                forest.source = format!("{} (global catalogue)", host(&catalogue));
                let is_own_domain_asked = !not_held.is_empty();
                if is_own_domain_asked {
                    forest.gap = Some(format!(
                        "the global catalogue does not hold {}: other domains of the forest were not asked for it",
                        not_held.join(" and ")
                    ));
                }
                Ok(Self { catalogue: Some(catalogue), is_own_domain_asked, forest })
            }
            Err(error) => {
                forest.gap = Some(format!("the global catalogue cannot be asked: {error}"));
                Ok(Self { catalogue: None, is_own_domain_asked: true, forest })
            }
        }
    }

    /// What is to be read of each object.
    fn attributes(&self) -> Vec<String> {
        let other = self.forest.upn_attribute.iter().map(String::as_str);
        FOREST_ATTRIBUTES.iter().copied().chain(other).map(str::to_owned).collect()
    }

    async fn done(self) -> Forest {
        if let Some(catalogue) = self.catalogue {
            catalogue.close().await;
        }
        self.forest
    }
}

/// Who in the forest has a name or an address that one of these users has.
pub(crate) async fn forest_of(
    session: &Session,
    inputs: &Inputs,
    subjects: &[Subject],
) -> Result<Forest, CliError> {
    let mut places = Places::find(session, inputs).await?;
    let names = names_of(subjects, places.forest.upn_attribute.as_deref());
    let attributes = places.attributes();
    let mut found = vec![];
    if let Some(catalogue) = &places.catalogue {
        found.extend(users::holders(catalogue, "", &names, &attributes).await?);
    }
    if places.is_own_domain_asked {
        let own = session.root_dse().default_naming_context.to_string();
        found.extend(users::holders(session, &own, &names, &attributes).await?);
    }
    found.iter().for_each(|entry| places.forest.add(entry));
    Ok(places.done().await)
}

fn names_of(subjects: &[Subject], upn_attribute: Option<&str>) -> Names {
    let texts = |subject: &Subject, name: &str| -> Vec<String> {
        let all = subject.texts(name).value().unwrap_or_default();
        all.into_iter().map(std::borrow::Cow::into_owned).collect()
    };
    let mut names = Names { upn_attribute: upn_attribute.map(str::to_owned), ..Names::default() };
    for subject in subjects {
        names.upns.extend(texts(subject, "userPrincipalName"));
        names.upns.extend(upn_attribute.iter().flat_map(|attribute| texts(subject, attribute)));
        names.nicknames.extend(texts(subject, "mailNickname"));
        names.addresses.extend(texts(subject, "proxyAddresses"));
        names.addresses.extend(texts(subject, "targetAddress"));
        names.addresses.extend(texts(subject, "mail").into_iter().map(|mail| format!("smtp:{mail}")));
        let has_no_upn = !subject.entry().has("userPrincipalName");
        if let Some(sam) = subject.text("sAMAccountName").value().filter(|_| has_no_upn) {
            names.upns.push(format!("{sam}@{}", subject.dn.dns_name()));
        }
    }
    names
}

/// All names and addresses of the forest, in one pass.
pub(crate) async fn whole_forest(
    session: &mut Session,
    inputs: &Inputs,
    connections: usize,
) -> Result<Forest, CliError> {
    let mut places = Places::find(session, inputs).await?;
    let attributes = places.attributes();
    let Places { catalogue, is_own_domain_asked, forest } = &mut places;
    let mut add = |entry: Entry| {
        forest.add(&entry);
        Ok::<_, CliError>(())
    };
    if let Some(catalogue) = catalogue {
        users::each_named(catalogue, "", &attributes, connections, &mut add).await?;
    }
    if *is_own_domain_asked {
        let own = session.root_dse().default_naming_context.to_string();
        users::each_named(session, &own, &attributes, connections, &mut add).await?;
    }
    Ok(places.done().await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attribute_is_asked_for_once() {
        let names = attributes(&Inputs::default(), None);
        let lower: BTreeSet<String> = names.iter().map(|n| n.to_lowercase()).collect();
        assert_eq!((lower.len(), names.len()), (ATTRIBUTES.len() + 1, ATTRIBUTES.len() + 1));
        assert!(
            is_attribute("mS-DS-ConsistencyGuid")
                && !is_attribute("a b")
                && !is_attribute("")
                && !is_attribute("*")
        );
    }
}
