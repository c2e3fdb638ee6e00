//! What a server says of itself ([MS-ADTS] 3.1.1.3.2), read once a session.

use std::collections::{BTreeMap, HashSet};

use adrecover_core::directory::Scope;
use adrecover_core::time::Timestamp;
use adrecover_core::{DirectoryError, Dn, Entry};

use crate::link::Link;
use crate::stream::{EntryStream, Request};

/// The page size where the server names none, and the most that is ever asked for: AD's default `MaxPageSize`.
pub(crate) const PAGE_SIZE: u32 = 1000;

const ATTRIBUTES: &[&str] = &[
    "configurationNamingContext",
    "currentTime",
    "defaultNamingContext",
    "dnsHostName",
    "domainControllerFunctionality",
    "domainFunctionality",
    "dsServiceName",
    "forestFunctionality",
    "highestCommittedUSN",
    "isGlobalCatalogReady",
    "isSynchronized",
    "namingContexts",
    "rootDomainNamingContext",
    "schemaNamingContext",
    "serverName",
    "supportedCapabilities",
    "supportedControl",
    "vendorName",
];

/// The rootDSE. What the server does not say is `None`, empty or 0.
#[derive(Debug, Clone, Default)]
pub struct RootDse {
    /// The server's own domain.
    pub default_naming_context: Dn,
    /// All naming contexts that the server holds.
    pub naming_contexts: Vec<Dn>,
    /// The forest's configuration.
    pub configuration_naming_context: Dn,
    /// The forest's schema.
    pub schema_naming_context: Dn,
    /// The forest's root domain.
    pub root_domain_naming_context: Dn,
    /// The server's DNS name.
    pub dns_host_name: Option<String>,
    /// The DN of the server's `nTDSDSA` object: which DC this is.
    pub ds_service_name: Option<String>,
    /// The DN of the server object.
    pub server_name: Option<String>,
    /// The OIDs of the controls, each once.
    pub supported_controls: HashSet<String>,
    /// The OIDs of the capabilities.
    pub supported_capabilities: HashSet<String>,
    /// Whether the server is a global catalogue that is ready to answer.
    pub is_global_catalog_ready: bool,
    /// The functional level of the domain (msDS-Behavior-Version; 4 is 2008 R2).
    pub domain_functionality: Option<i64>,
    /// The functional level of the forest.
    pub forest_functionality: Option<i64>,
    /// The functional level of the server itself.
    pub controller_functionality: Option<i64>,
    /// The server's highest update sequence number when this was read.
    pub highest_committed_usn: Option<u64>,
    /// The server's clock when this was read.
    pub current_time: Option<Timestamp>,
    /// Who made the server; Samba says so, Windows does not.
    pub vendor_name: Option<String>,
    /// The limits of the default query policy (`lDAPAdminLimits`), such as `MaxPageSize`; empty where it cannot be read.
    pub ldap_policies: BTreeMap<String, u32>,
    /// Everything as it was returned.
    pub entry: Entry,
}

impl RootDse {
    /// Whether the server advertises a control.
    pub fn supports(&self, control: &str) -> bool {
        self.supported_controls.contains(control)
    }

    /// Whether the server is Samba, whose undelete checks less than that of Windows.
    pub fn is_samba(&self) -> bool {
        self.vendor_name.as_deref().is_some_and(|v| v.contains("Samba"))
    }

    /// Whether this is a read-only domain controller (LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID, [MS-ADTS] 3.1.1.3.4.3.5).
    pub fn is_read_only(&self) -> bool {
        self.supported_capabilities.contains("1.2.840.113556.1.4.1920")
    }

    /// The largest page to ask for: the server's limit, at most 1000.
    pub fn page_size(&self) -> u32 {
        self.ldap_policies.get("MaxPageSize").map_or(PAGE_SIZE, |limit| (*limit).clamp(1, PAGE_SIZE))
    }

    /// Which DC this is, to recognise it after a reconnection: its `nTDSDSA` object, or its DNS name.
    pub(crate) fn identity(&self) -> Option<String> {
        self.ds_service_name.as_ref().or(self.dns_host_name.as_ref()).map(|name| name.to_lowercase())
    }

    /// Reads it, and the default query policy.
    pub(crate) async fn read(link: &Link) -> Result<Self, DirectoryError> {
        let request = Request::object("", ATTRIBUTES);
        let entry = EntryStream::open(link.clone(), request).one().await?;
        let Some(entry) = entry else {
            return Err(link.malformed("the rootDSE is missing"));
        };
        let mut root_dse = Self::from_entry(entry);
        root_dse.ldap_policies = policies(link, &root_dse.configuration_naming_context).await?;
        Ok(root_dse)
    }

    /// Reads the highest committed USN again.
    pub(crate) async fn current_usn(link: &Link) -> Result<Option<u64>, DirectoryError> {
        let request = Request::object("", &["highestCommittedUSN"]);
        let entry = EntryStream::open(link.clone(), request).one().await?;
        Ok(entry.as_ref().and_then(usn))
    }

    pub(crate) fn from_entry(entry: Entry) -> Self {
        let dn = |name: &str| entry.dn_value(name).unwrap_or_default();
        let set = |name: &str| entry.texts(name).into_iter().collect::<HashSet<_>>();
        Self {
            default_naming_context: dn("defaultNamingContext"),
            naming_contexts: entry.texts("namingContexts").iter().filter_map(|t| t.parse().ok()).collect(),
            configuration_naming_context: dn("configurationNamingContext"),
            schema_naming_context: dn("schemaNamingContext"),
            root_domain_naming_context: dn("rootDomainNamingContext"),
            dns_host_name: entry.text("dnsHostName"),
            ds_service_name: entry.text("dsServiceName"),
            server_name: entry.text("serverName"),
            supported_controls: set("supportedControl"),
            supported_capabilities: set("supportedCapabilities"),
            is_global_catalog_ready: entry.is_true("isGlobalCatalogReady"),
            domain_functionality: entry.integer("domainFunctionality"),
            forest_functionality: entry.integer("forestFunctionality"),
            controller_functionality: entry.integer("domainControllerFunctionality"),
            highest_committed_usn: usn(&entry),
            current_time: entry.time("currentTime"),
            vendor_name: entry.text("vendorName"),
            ldap_policies: BTreeMap::new(),
            entry,
        }
    }
}

fn usn(entry: &Entry) -> Option<u64> {
    entry.integer("highestCommittedUSN").and_then(|n| u64::try_from(n).ok())
}

/// `lDAPAdminLimits` of the default query policy ([MS-ADTS] 3.1.1.3.4.6). Reading it may be denied; that is no error.
async fn policies(link: &Link, configuration: &Dn) -> Result<BTreeMap<String, u32>, DirectoryError> {
    if configuration.is_empty() {
        return Ok(BTreeMap::new());
    }
    let base = format!(
        "CN=Default Query Policy,CN=Query-Policies,CN=Directory Service,CN=Windows NT,CN=Services,{configuration}"
    );
    let request = Request { scope: Scope::Base, ..Request::object(&base, &["lDAPAdminLimits"]) };
    match EntryStream::open(link.clone(), request).one().await {
        Ok(entry) => Ok(entry.map(|e| limits(&e)).unwrap_or_default()),
        Err(DirectoryError::Refused(_)) => Ok(BTreeMap::new()),
        Err(e) => Err(e),
    }
}

pub(crate) fn limits(entry: &Entry) -> BTreeMap<String, u32> {
    let texts = entry.texts("lDAPAdminLimits");
    let pairs = texts.iter().filter_map(|text| text.split_once('='));
    pairs.filter_map(|(name, value)| Some((name.trim().to_owned(), value.trim().parse().ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_empty() {
        let entry = Entry::new("")
            .with("defaultNamingContext", ["DC=contoso,DC=com"])
            .with("supportedControl", ["1.2", "1.2", "1.3"])
            .with("highestCommittedUSN", ["4336"]);
        let root_dse = RootDse::from_entry(entry);
        assert_eq!(root_dse.default_naming_context.dns_name(), "contoso.com");
        assert_eq!(root_dse.supported_controls.len(), 2);
        assert_eq!(root_dse.highest_committed_usn, Some(4336));
        assert_eq!((root_dse.page_size(), root_dse.is_samba()), (1000, false));
        assert!(root_dse.schema_naming_context.is_empty());
    }

    #[test]
    fn policies_bound_the_page() {
        let entry =
            Entry::new("").with("lDAPAdminLimits", ["MaxPageSize=250", "MaxValRange=1500", "rubbish"]);
        let root_dse = RootDse { ldap_policies: limits(&entry), ..RootDse::default() };
        assert_eq!(root_dse.page_size(), 250);
        let zero = Entry::new("").with("lDAPAdminLimits", ["MaxPageSize=0"]);
        assert_eq!(RootDse { ldap_policies: limits(&zero), ..RootDse::default() }.page_size(), 1);
    }
}
