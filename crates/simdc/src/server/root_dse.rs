//! The rootDSE ([MS-ADTS] 3.1.1.3.2).

use adrecover_core::time::to_generalized;

use super::controls::SUPPORTED;
use crate::Directory;
use crate::access::Caller;
use crate::wire::reply::Entry;

/// The entry, with the attributes that are asked for. `tokenGroups` and the like come only by name.
pub(crate) fn read(directory: &Directory, caller: &Caller, attributes: &[String]) -> Entry {
    let (domain, dns_domain, host_name) = directory.own_domain();
    let (domain, configuration) = (domain.to_string(), directory.configuration().to_string());
    let root = directory.domain().to_string();
    let settings = &directory.settings;
    let host = host_name.to_uppercase();
    let server = format!("CN={host},CN=Servers,CN=Default-First-Site-Name,CN=Sites,{configuration}");
    let realm = dns_domain.to_uppercase();
    let one = |value: String| vec![value.into_bytes()];
    let text = |value: &str| vec![value.as_bytes().to_vec()];
    let many = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>();
    let contexts = directory.held().map(|c| c.dn.to_string().into_bytes()).collect();
    // 2016 and later: level 7 ([MS-ADTS] 6.1.4.2). AD, its version, its signing; 1920 is a read-only DC ([MS-ADTS] 3.1.1.3.4.3.5).
    let mut capabilities = vec!["800", "1670", "1791", "1935", "2080", "2237"];
    capabilities.extend(settings.read_only.then_some("1920"));
    let capabilities: Vec<Vec<u8>> =
        capabilities.iter().map(|n| format!("1.2.840.113556.1.4.{n}").into_bytes()).collect();
    let all: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("configurationNamingContext", text(&configuration)),
        ("currentTime", one(to_generalized(directory.now()))),
        ("defaultNamingContext", text(&domain)),
        ("dnsHostName", one(format!("{host_name}.{dns_domain}"))),
        ("domainControllerFunctionality", text("7")),
        ("domainFunctionality", text("7")),
        ("dsServiceName", one(format!("CN=NTDS Settings,{server}"))),
        ("forestFunctionality", text("7")),
        ("highestCommittedUSN", one(directory.store.usn().to_string())),
        ("isGlobalCatalogReady", text("TRUE")),
        ("isSynchronized", text("TRUE")),
        ("ldapServiceName", one(format!("{dns_domain}:{host_name}$@{realm}"))),
        ("namingContexts", contexts),
        ("rootDomainNamingContext", text(&root)),
        ("schemaNamingContext", one(directory.schema_dn().to_string())),
        ("serverName", text(&server)),
        ("subschemaSubentry", one(format!("CN=Aggregate,{}", directory.schema_dn()))),
        ("supportedCapabilities", capabilities),
        ("supportedControl", many(&SUPPORTED)),
        ("supportedLDAPVersion", many(&["3", "2"])),
        ("supportedSASLMechanisms", vec![]),
        // Windows names no vendor; whoever meets this server shall know what it is.
        ("vendorName", text("adrecover stand-in")),
    ];
    let is_all = attributes.is_empty() || attributes.iter().any(|name| name == "*" || name == "+");
    let asked = |name: &str| attributes.iter().any(|asked| asked.eq_ignore_ascii_case(name));
    let mut entry = Entry::default();
    for (name, values) in all {
        if (is_all || asked(name)) && !values.is_empty() {
            entry.attributes.push((name.to_owned(), values));
        }
    }
    if asked("tokenGroups") && caller.is_known() {
        let sids = caller.sids.iter().map(adrecover_core::Sid::to_wire).collect();
        entry.attributes.push(("tokenGroups".to_owned(), sids));
    }
    entry
}
