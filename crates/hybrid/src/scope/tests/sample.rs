//! A real server's export: the sample of Microsoft's AADConnectConfigDocumenter. It is no part of the project.

use std::path::{Path, PathBuf};

use super::fixture::named;
use crate::scope::model::{Direction, GroupFilter, MappingSource, SettingName};
use crate::scope::{Evaluator, ObjectFacts, read};

/// Where it is: the folder in `ADRECOVER_SAMPLES`, else the usual one beside the project. Where continuous integration lacks it,
/// that is an error.
fn sample() -> Option<PathBuf> {
    let given = std::env::var_os("ADRECOVER_SAMPLES").filter(|v| !v.is_empty());
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = given.map_or(usual, PathBuf::from).join("aadconnect-sample");
    if folder.is_dir() {
        return Some(folder);
    }
    let is_ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty());
    assert!(!is_ci, "ADRECOVER_SAMPLES does not name the folder of aadconnect-sample");
    eprintln!("skipped: no aadconnect-sample in the folder of ADRECOVER_SAMPLES");
    None
}

#[test]
fn its_verdicts() {
    let Some(sample) = sample() else { return };
    let scope = read(&[&sample]).unwrap();
    for (dn, reason, value) in [
        ("OU=CORP,DC=contoso,DC=com", "includedBy", "OU=CORP,DC=contoso,DC=com"),
        ("CN=Anna,OU=New,OU=CORP,DC=contoso,DC=com", "includedBy", "OU=CORP,DC=contoso,DC=com"),
        ("CN=Anna,CN=Users,DC=contoso,DC=com", "excludedBy", "DC=contoso,DC=com"),
        ("CN=Anna,CN=LostAndFound,DC=contoso,DC=com", "excludedBy", "DC=contoso,DC=com"),
        ("CN=Anna,OU=XCORP,DC=contoso,DC=com", "excludedBy", "DC=contoso,DC=com"),
        ("CN=Anna,OU=CORP,DC=fabrikam,DC=com", "noPartition", ""),
    ] {
        assert_eq!(named(&scope, dn), (reason, value.to_owned()), "{dn}");
    }
    let user = ObjectFacts::name_only()
        .with("objectClass", ["top", "person", "organizationalPerson", "user"])
        .with("sAMAccountName", ["anna"]);
    let absent = ["isCriticalSystemObject", "mailNickname", "adminDescription", "msExchRecipientTypeDetails"];
    let user = absent.into_iter().fold(user, ObjectFacts::without);
    let ask = |facts: &ObjectFacts| {
        Evaluator::new(&scope).verdict(&"CN=Anna,OU=CORP,DC=contoso,DC=com".parse().unwrap(), facts)
    };
    assert_eq!(ask(&user).in_scope, Some(true));
    let filtered = ask(&user.with("adminDescription", ["User_x"]));
    let because = filtered.because.unwrap();
    assert_eq!((filtered.in_scope, because.value.as_str()), (Some(false), "In from AD - User Join"));
    assert_eq!(because.source, "SynchronizationRule_{0b088913-b613-4d9d-9563-9988b7719ed6}.xml");
}

#[test]
fn what_is_read_of_it() {
    let Some(sample) = sample() else { return };
    let scope = read(&[&sample]).unwrap();
    assert_eq!((scope.connectors.len(), scope.files.len()), (1, 65), "{:?}", scope.files.len());
    let connector = &scope.connectors[0];
    assert_eq!(connector.id.as_deref(), Some("ae4db4cc-b16b-4eb2-acf5-837ca84e4d7d"));
    assert_eq!(connector.forest.as_deref(), Some("contoso.com"));
    assert_eq!(connector.account.as_deref(), Some("contoso.com\\MSOL_d1edb676ca03"));
    assert_eq!(connector.groups, GroupFilter::None);
    let partition = &connector.partitions[0];
    assert!(partition.selected && partition.last_dc.as_deref() == Some("CONTOSO-DC01.contoso.com"));
    assert_eq!((partition.at.line, partition.object_classes.as_ref().unwrap().len()), (14, 10));
    for (name, value) in [
        (SettingName::AnchorAttribute, "objectGUID"),
        (SettingName::UpnAttribute, "userPrincipalName"),
        (SettingName::GroupFiltering, "False"),
        (SettingName::DeletionThresholdValue, "500"),
        (SettingName::SynchronizationPolicy, "Delta"),
        (SettingName::ServerConfigurationVersion, "1.1.130.0"),
        (SettingName::HybridExchange, "True"),
    ] {
        let setting = scope.setting(name).next().unwrap();
        assert_eq!((setting.value.as_str(), setting.at.name().as_str()), (value, "MV.xml"));
    }
    let rules = connector.rules.as_ref().unwrap();
    assert!(rules.iter().all(|r| !r.is_custom()), "its rules are those of setup");
    let join = rules.iter().find(|r| r.name == "In from AD - User Join").unwrap();
    assert_eq!((join.direction, join.joins.len(), join.precedence), (Direction::Inbound, 5, Some(100)));
    let MappingSource::Expression { text, attributes } = &join.mapping("cloudFiltered").unwrap().source
    else {
        panic!("it is an expression");
    };
    assert!(text.contains("&H21C07000") && attributes.len() == 2);
}

/// A copy of the default rule, as administrators make them, is understood.
#[test]
fn the_default_expression_is_known() {
    let Some(sample) = sample() else { return };
    let mut scope = read(&[&sample]).unwrap();
    let rules = scope.connectors[0].rules.as_mut().unwrap();
    let join = rules.iter_mut().find(|r| r.name == "In from AD - User Join").unwrap();
    (join.immutable_tag, join.precedence) = (None, Some(90));
    let dn = "CN=Anna,OU=CORP,DC=contoso,DC=com".parse().unwrap();
    let facts = ObjectFacts::name_only()
        .with("objectClass", ["user"])
        .with("sAMAccountName", ["MSOL_1"])
        .without("adminDescription")
        .without("isCriticalSystemObject")
        .without("mailNickname")
        .without("msExchRecipientTypeDetails");
    let decide = |facts: &ObjectFacts| crate::scope::custom_rule(&scope.connectors[0], &dn, facts).outcome;
    assert!(matches!(decide(&facts), crate::scope::Outcome::Filtered(_)));
    assert_eq!(decide(&facts.with("sAMAccountName", ["anna"])), crate::scope::Outcome::Passes);
}

#[test]
fn no_secret_of_it_is_kept() {
    let Some(sample) = sample() else { return };
    let scope = read(&[&sample]).unwrap();
    let kept = format!("{scope:?}");
    let folder = sample.join("Contoso/Pilot/Connectors");
    let mut cookies = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for part in text.split("cookie").skip(1) {
            let value = part.split_once('>').map_or("", |(_, rest)| rest.split('<').next().unwrap());
            if value.len() > 16 {
                assert!(!kept.contains(value), "a cookie is kept");
                cookies += 1;
            }
        }
    }
    assert!(cookies > 0, "there is none to look for");
}
