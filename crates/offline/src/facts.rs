//! What a file tells of the directory that it comes from, gathered from a few well-known objects.

use std::collections::HashMap;

use adrecover_core::lifetime::DeletionPolicy;
use adrecover_core::source::{About, forward_of, is_link};
use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, Entry, ObjectGuid};

use crate::names::LONGEST_DN;

/// The most naming contexts and link attributes that are kept.
const MOST: usize = 4096;

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The newest `whenChanged`.
    pub(crate) newest: Option<Timestamp>,
    /// The server's clock, where its rootDSE is there.
    pub(crate) clock: Option<Timestamp>,
    host: Option<String>,
    default_context: Option<Dn>,
    root_domain: Option<Dn>,
    contexts: Vec<Dn>,
    domains: Vec<(Dn, Option<ObjectGuid>, Option<i64>)>,
    domain_level: Option<i64>,
    forest_level: Option<i64>,
    /// Whether the object was seen that tells of the Recycle Bin.
    saw_partitions: bool,
    is_bin_on: bool,
    policy: Option<(Option<i64>, Option<i64>)>,
    /// Which attributes are links.
    pub(crate) links: Links,
}

impl Facts {
    /// Looks at an object. The entry needs the links as well, as LDAP has them.
    pub(crate) fn look(&mut self, entry: &Entry) {
        if let Some(changed) = entry.time("whenChanged") {
            self.newest = self.newest.max(Some(changed));
        }
        if entry.dn.is_empty() {
            return self.look_at_root(entry);
        }
        if entry.is_class("attributeSchema") {
            return self.look_at_attribute(entry);
        }
        if entry.dn.len() > LONGEST_DN {
            return;
        }
        if entry.is_class("domainDNS") || entry.integer("instanceType").is_some_and(|bits| bits & 1 != 0) {
            let Ok(dn) = entry.dn.parse::<Dn>() else { return };
            let name = dn.rdn().map(|rdn| rdn.value().to_ascii_lowercase()).unwrap_or_default();
            let is_zones = matches!(name.as_str(), "domaindnszones" | "forestdnszones");
            if entry.is_class("domainDNS") && !is_zones && self.domains.len() < MOST {
                self.domains.push((dn.clone(), entry.guid(), entry.integer("msDS-Behavior-Version")));
            }
            self.context(dn);
        } else if entry.is_class("crossRefContainer") {
            self.saw_partitions = true;
            self.forest_level = entry.integer("msDS-Behavior-Version");
            let is_bin = |text: &String| text.to_ascii_lowercase().contains("cn=recycle bin feature,");
            self.is_bin_on |= entry.texts("msDS-EnabledFeature").iter().any(is_bin);
        } else if entry.is_class("nTDSService") && starts(&entry.dn, "cn=directory service,") {
            let days = |name| entry.integer(name);
            self.policy = Some((days("tombstoneLifetime"), days("msDS-DeletedObjectLifetime")));
        }
    }

    fn look_at_root(&mut self, entry: &Entry) {
        let dn = |name: &str| entry.dn_value(name);
        self.host = self.host.take().or_else(|| entry.text("dnsHostName"));
        self.default_context = self.default_context.take().or_else(|| dn("defaultNamingContext"));
        self.root_domain = self.root_domain.take().or_else(|| dn("rootDomainNamingContext"));
        self.clock = self.clock.max(entry.time("currentTime"));
        self.domain_level = self.domain_level.or_else(|| entry.integer("domainFunctionality"));
        self.forest_level = self.forest_level.or_else(|| entry.integer("forestFunctionality"));
        for context in entry.texts("namingContexts") {
            if let Ok(context) = context.parse() {
                self.context(context);
            }
        }
    }

    fn look_at_attribute(&mut self, entry: &Entry) {
        let (Some(name), Some(id)) = (entry.text("lDAPDisplayName"), entry.integer("linkID")) else { return };
        self.links.add(name, id);
    }

    fn context(&mut self, dn: Dn) {
        if self.contexts.len() < MOST && !self.contexts.contains(&dn) {
            self.contexts.push(dn);
        }
    }

    /// The host that the file names elsewhere.
    pub(crate) fn set_host(&mut self, host: String) {
        self.host.get_or_insert(host);
    }

    /// Whether the Recycle Bin was on, where that was seen.
    pub(crate) fn recycle_bin(&self) -> Option<bool> {
        self.is_bin_on.then_some(true)
    }

    /// Puts what was seen into a description. `is_whole` says that objects have all their attributes.
    pub(crate) fn tell(self, is_whole: bool, about: &mut About) -> Links {
        let bin = self.recycle_bin().or_else(|| (is_whole && self.saw_partitions).then_some(false));
        // The domain whose head is there with the fewest components: the others are below it.
        let mut domains = self.domains;
        domains.sort_by_key(|(dn, ..)| dn.depth());
        let head = match &self.default_context {
            Some(context) => domains.iter().find(|(dn, ..)| dn == context),
            None => domains.first(),
        };
        about.domain_guid = head.and_then(|(_, guid, _)| *guid);
        about.domain_level = self.domain_level.or_else(|| head.and_then(|(.., level)| *level));
        let domain = self.default_context.or_else(|| head.map(|(dn, ..)| dn.clone()));
        let configuration = self
            .contexts
            .iter()
            .find(|dn| dn.rdn().is_some_and(|rdn| rdn.value().eq_ignore_ascii_case("Configuration")));
        about.forest = self.root_domain.or_else(|| configuration.and_then(Dn::parent));
        about.host = self.host.map(|host| host.chars().take(256).collect());
        about.domain = domain;
        about.contexts = self.contexts;
        about.forest_level = self.forest_level;
        about.recycle_bin = bin;
        about.policy = self
            .policy
            .zip(about.recycle_bin)
            .map(|((tombstone, deleted), bin)| DeletionPolicy::new(bin, tombstone, deleted));
        self.links
    }
}

/// What an attribute is among links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role<'a> {
    /// None.
    Plain,
    /// A forward link.
    Forward,
    /// The back link of this forward one.
    Back(&'a str),
}

/// Which attributes are links: those of the file's own schema, as far as it is there, and the usual ones.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// By their names in lower case: their names, and `linkID`.
    own: HashMap<String, (String, i64)>,
    /// The names of forward ones by `linkID`.
    forward: HashMap<i64, String>,
}

impl Links {
    fn add(&mut self, name: String, id: i64) {
        if self.own.len() < MOST && name.len() <= 256 {
            if id % 2 == 0 {
                self.forward.insert(id, name.clone());
            }
            self.own.insert(name.to_lowercase(), (name, id));
        }
    }

    /// What an attribute is.
    pub(crate) fn role(&self, attribute: &str) -> Role<'_> {
        if !self.own.is_empty()
            && let Some((_, id)) = self.own.get(&attribute.to_lowercase())
        {
            return match id % 2 {
                0 => Role::Forward,
                _ => self.forward.get(&(id - 1)).map_or(Role::Plain, |name| Role::Back(name)),
            };
        }
        match forward_of(attribute) {
            Some(forward) => Role::Back(forward),
            None if is_link(attribute) => Role::Forward,
            None => Role::Plain,
        }
    }

    /// Whether the file's schema has links that are not among the usual ones.
    pub(crate) fn are_unusual(&self) -> bool {
        self.forward.values().any(|name| !is_link(name))
    }
}

fn starts(text: &str, head: &str) -> bool {
    text.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use adrecover_core::source::SourceKind;

    fn seen(is_whole: bool, entries: &[Entry]) -> (About, Links) {
        let mut facts = Facts::default();
        entries.iter().for_each(|entry| facts.look(entry));
        let mut about = About::new(SourceKind::Ldif, "x");
        let links = facts.tell(is_whole, &mut about);
        (about, links)
    }

    #[test]
    fn a_domain_and_its_policy_are_told_by_their_objects() {
        let partitions = Entry::new("CN=Partitions,CN=Configuration,DC=x")
            .with("objectClass", ["top", "crossRefContainer"])
            .with("msDS-Behavior-Version", ["7"]);
        let objects = [
            Entry::new("DC=DomainDnsZones,DC=x").with("objectClass", ["top", "domainDNS"]),
            Entry::new("DC=sub,DC=x").with("objectClass", ["domain", "domainDNS"]),
            Entry::new("DC=x")
                .with("objectClass", ["domain", "domainDNS"])
                .with("msDS-Behavior-Version", ["6"])
                .with("whenChanged", ["20261101093000.0Z"]),
            Entry::new("CN=Configuration,DC=x").with("instanceType", ["13"]),
            Entry::new("CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,DC=x")
                .with("objectClass", ["top", "nTDSService"])
                .with("tombstoneLifetime", ["180"]),
            partitions.clone(),
        ];
        let (about, _) = seen(true, &objects);
        assert_eq!((about.domain, about.forest), ("DC=x".parse().ok(), "DC=x".parse().ok()));
        assert_eq!(
            (about.domain_level, about.forest_level, about.recycle_bin),
            (Some(6), Some(7), Some(false))
        );
        assert_eq!(about.policy.map(|policy| policy.tombstone_lifetime), Some(180));
        assert_eq!(about.contexts.len(), 4);
        assert_eq!(seen(false, &objects).0.recycle_bin, None);
        let bin = "CN=Recycle Bin Feature,CN=Optional Features,CN=Directory Service,CN=Windows NT,DC=x";
        let on = partitions.with("msDS-EnabledFeature", [bin]);
        assert_eq!(seen(false, &[on]).0.recycle_bin, Some(true));
    }

    #[test]
    fn a_root_dse_tells_more() {
        let root = Entry::new("")
            .with("dnsHostName", ["dc1.x"])
            .with("defaultNamingContext", ["DC=sub,DC=x"])
            .with("rootDomainNamingContext", ["DC=x"])
            .with("forestFunctionality", ["7"]);
        let (about, _) = seen(false, &[root]);
        assert_eq!((about.host.as_deref(), about.forest_level), (Some("dc1.x"), Some(7)));
        assert_eq!((about.domain, about.forest), ("DC=sub,DC=x".parse().ok(), "DC=x".parse().ok()));
    }

    #[test]
    fn the_schema_of_a_file_decides_about_links() {
        let attribute = |name: &str, id: &str| {
            Entry::new(format!("CN={name},DC=x"))
                .with("objectClass", ["top", "attributeSchema"])
                .with("lDAPDisplayName", [name])
                .with("linkID", [id])
        };
        let (_, links) = seen(false, &[attribute("boss", "90000"), attribute("bossOf", "90001")]);
        assert_eq!((links.role("BOSS"), links.role("bossof")), (Role::Forward, Role::Back("boss")));
        assert_eq!((links.role("memberOf"), links.role("member")), (Role::Back("member"), Role::Forward));
        assert!(links.are_unusual() && !Links::default().are_unusual());
        assert_eq!(links.role("sn"), Role::Plain);
    }
}
