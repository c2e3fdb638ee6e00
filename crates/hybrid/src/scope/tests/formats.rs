//! The same scope in every format, encoding and arrangement of files.

use std::fs;
use std::path::Path;

use super::fixture::{self, Domain, SECRET, domain, named, read};
use crate::scope::model::{Direction, GroupFilter, MappingSource, SettingName};
use crate::scope::{ObjectFacts, ScopeError, SyncScope};

fn domains() -> Vec<Domain> {
    let contoso = domain(
        "DC=contoso,DC=com",
        &["OU=CORP,DC=contoso,DC=com", "OU=Ä\\, & Co,DC=contoso,DC=com"],
        &["DC=contoso,DC=com", "OU=Leavers,OU=CORP,DC=contoso,DC=com"],
    );
    let child = Domain { selected: false, ..domain("DC=eu,DC=contoso,DC=com", &[], &[]) };
    vec![contoso, child]
}

fn all_formats(domains: &[Domain]) -> Vec<(&'static str, String)> {
    vec![
        ("export", fixture::connector_xml(domains, "")),
        ("json", fixture::connector_json(domains, "")),
        ("clixml", fixture::connector_clixml(domains, "")),
        ("policy", fixture::policy_json(domains, "")),
    ]
}

const CASES: [(&str, &str, &str); 8] = [
    ("CN=A,OU=CORP,DC=contoso,DC=com", "includedBy", "OU=CORP,DC=contoso,DC=com"),
    ("CN=A,OU=New,OU=CORP,DC=contoso,DC=com", "includedBy", "OU=CORP,DC=contoso,DC=com"),
    ("cn=a,ou=leavers,ou=corp,dc=contoso,dc=com", "excludedBy", "OU=Leavers,OU=CORP,DC=contoso,DC=com"),
    ("CN=A,OU=XCORP,DC=contoso,DC=com", "excludedBy", "DC=contoso,DC=com"),
    ("CN=A,OU=CORP\\,DC\\=contoso,DC=contoso,DC=com", "excludedBy", "DC=contoso,DC=com"),
    ("CN=A,OU=\\C3\\84\\2C & Co,DC=contoso,DC=com", "includedBy", "OU=Ä\\, & Co,DC=contoso,DC=com"),
    ("CN=A,DC=xcontoso,DC=com", "noPartition", ""),
    ("CN=A,OU=CORP,DC=fabrikam,DC=com", "noPartition", ""),
];

#[track_caller]
fn check(scope: &SyncScope, format: &str) {
    for (dn, reason, value) in CASES {
        assert_eq!(named(scope, dn), (reason, value.to_owned()), "{format}: {dn}");
    }
    let text = format!("{scope:?}");
    assert!(!text.contains(SECRET), "{format} keeps a secret");
}

#[test]
fn every_format_gives_the_same_verdicts() {
    for (format, text) in all_formats(&domains()) {
        let scope = read(text);
        check(&scope, format);
        let connector = &scope.connectors[0];
        assert_eq!((connector.name.as_str(), connector.id.as_deref()), ("contoso.com", Some(fixture::ID)));
        assert_eq!(connector.forest.as_deref(), Some("contoso.com"), "{format}");
        if format != "policy" {
            assert_eq!(connector.account.as_deref(), Some("contoso.com\\MSOL_1"), "{format}");
            assert_eq!(connector.partitions[0].last_dc.as_deref(), Some("dc1.contoso.com"), "{format}");
            assert_eq!(connector.partitions[0].object_classes.as_ref().unwrap().len(), 3, "{format}");
            assert_eq!(connector.groups, GroupFilter::None);
            assert_eq!(named(&scope, "CN=A,DC=eu,DC=contoso,DC=com").0, "partitionNotSelected", "{format}");
        }
    }
}

#[test]
fn the_line_is_that_of_the_name() {
    for (format, text) in all_formats(&domains()) {
        let line = text.lines().position(|l| l.contains("OU=Leavers")).unwrap() + 1;
        let scope = read(text);
        let verdict =
            fixture::verdict(&scope, "CN=A,OU=Leavers,OU=CORP,DC=contoso,DC=com", &ObjectFacts::name_only());
        assert_eq!(verdict.because.unwrap().line, u32::try_from(line).ok(), "{format}");
    }
}

#[test]
fn every_encoding_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (format, text) in all_formats(&domains()) {
        let marked = format!("\u{feff}{text}");
        let le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        let encodings = [
            text.clone().into_bytes(),
            marked.clone().into_bytes(),
            le(&text),
            le(&marked),
            be(&text),
            be(&marked),
        ];
        for (i, octets) in encodings.into_iter().enumerate() {
            let path = folder.path().join(format!("{format}-{i}"));
            fs::write(&path, octets).unwrap();
            check(&super::super::read(&[path]).unwrap(), format);
        }
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn export(folder: &Path) {
    write(folder, "Connectors/Connector_{1}.xml", &fixture::connector_xml(&domains(), ""));
    let entra = "<ma-data><id>{2}</id><name>AAD</name><category>Extensible2</category><ma-partition-data><partition>\
                 <name>default</name></partition></ma-partition-data></ma-data>";
    write(folder, "Connectors/Connector_{2}.xml", entra);
    let value = "<src><attr>mail</attr></src><expression>IIF([mail]=\"x\",True,NULL)</expression>";
    let scope = fixture::condition_xml("mail", "ISNOTNULL", "");
    let rule = fixture::rule_xml("Custom", 50, &scope, value, "<disabled>True</disabled>");
    write(folder, "SynchronizationRules/SynchronizationRule_{1}.xml", &rule);
    let setting = |name: &str, value: &str| format!("<parameter name=\"{name}\">{value}</parameter>\n");
    let settings = format!(
        "<saved-mv-configuration server='SYNC1'><mv-data><parameter-values>\n{}{}{}</parameter-values></mv-data>\
         </saved-mv-configuration>",
        setting("Microsoft.SynchronizationOption.AnchorAttribute", "mS-DS-ConsistencyGuid"),
        setting("Microsoft.Synchronize.StagingMode", "False"),
        setting("Microsoft.Secret", SECRET),
    );
    write(folder, "GlobalSettings/MV.xml", &settings);
}

#[test]
fn a_whole_export_is_read_from_wherever_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("Contoso/Pilot");
    export(&deep);
    write(folder.path(), "notes.txt", "{ this is no JSON");
    write(folder.path(), "other.xml", "<html></html>");
    write(folder.path(), "other.json", "{\"a\": 1}");
    for path in [folder.path(), &deep] {
        let scope = super::super::read(&[path]).unwrap();
        check(&scope, "export");
        assert_eq!((scope.connectors.len(), scope.files.len()), (1, 4));
        let rules = scope.connectors[0].rules.as_ref().unwrap();
        let rule = &rules[0];
        assert!(rule.is_custom() && rule.disabled && rule.direction == Direction::Inbound);
        assert_eq!((rule.name.as_str(), rule.precedence), ("Custom", Some(50)));
        let mapping = rule.mapping("CLOUDFILTERED").unwrap();
        assert!(
            matches!(&mapping.source, MappingSource::Expression { attributes, .. } if attributes == &["mail"])
        );
        let anchor = scope.setting(SettingName::AnchorAttribute).next().unwrap();
        assert_eq!((anchor.value.as_str(), anchor.at.line), ("mS-DS-ConsistencyGuid", 2));
        assert!(scope.has_setting(SettingName::StagingMode, "false"));
    }
    // One connector alone has no rules, and nobody claims that there are none.
    let one = super::super::read(&[deep.join("Connectors/Connector_{1}.xml")]).unwrap();
    assert_eq!(one.connectors[0].rules, None);
    // The same twice, and in another format.
    let json = folder.path().join("connectors.json");
    fs::write(&json, fixture::connector_json(&domains(), "")).unwrap();
    let twice = super::super::read(&[deep.clone(), json, deep]).unwrap();
    assert_eq!(twice.connectors.len(), 1);
    check(&twice, "twice");
}

#[test]
fn several_forests_stand_together() {
    let folder = tempfile::tempdir().unwrap();
    let one = folder.path().join("one");
    let two = folder.path().join("two");
    fs::write(&one, fixture::connector_xml(&domains(), "")).unwrap();
    let fabrikam = [domain("DC=fabrikam,DC=com", &["OU=CORP,DC=fabrikam,DC=com"], &["DC=fabrikam,DC=com"])];
    let text =
        fixture::policy_json(&fabrikam, "").replace(fixture::ID, "00000000-0000-0000-0000-000000000002");
    fs::write(&two, text).unwrap();
    let scope = super::super::read(&[one, two]).unwrap();
    assert_eq!(scope.connectors.len(), 2);
    assert_eq!(named(&scope, "CN=A,OU=CORP,DC=fabrikam,DC=com").0, "includedBy");
    assert_eq!(named(&scope, "CN=A,OU=CORP,DC=contoso,DC=com").0, "includedBy");
    assert_eq!(named(&scope, "CN=A,OU=X,DC=fabrikam,DC=com").0, "excludedBy");
}

#[test]
fn the_schema_of_cloud_sync_includes_and_never_excludes() {
    let scope = read(fixture::schema_json(&["OU=CORP,DC=contoso,DC=com"], &[], ""));
    assert_eq!(named(&scope, "CN=A,OU=CORP,DC=contoso,DC=com").0, "includedBy");
    assert_eq!(named(&scope, "CN=A,OU=XCORP,DC=contoso,DC=com").0, "notListed");
    assert_eq!(named(&scope, "CN=A,OU=CORP,DC=fabrikam,DC=com").0, "noPartition");
    // Nothing listed is everything.
    let all = read(fixture::schema_json(&[], &[], ""));
    assert_eq!(named(&all, "CN=A,OU=X,DC=fabrikam,DC=com").0, "includedBy");
    let dns = fixture::schema_json(&[], &[], "").replace("\"Active Directory\"", "\"contoso.com\"");
    assert_eq!(named(&read(dns), "CN=A,OU=X,DC=fabrikam,DC=com").0, "noPartition");
    // What goes from the cloud into the directory is not meant.
    let back =
        fixture::schema_json(&[], &[], "").replace("\"Active Directory\"", "\"Azure Active Directory\"");
    let scope = read(back);
    assert!(scope.connectors.is_empty());
}

#[test]
fn what_could_narrow_the_scope_and_is_not_known_is_warned_about() {
    let text = fixture::policy_json(&domains(), "").replace("somethingNew", "extraGroupFilter");
    let scope = read(text);
    assert!(
        scope.warnings.len() == 1 && scope.warnings[0].contains("extraGroupFilter"),
        "{:?}",
        scope.warnings
    );
    assert!(read(fixture::policy_json(&domains(), "")).warnings.is_empty());
}

#[test]
fn lists_as_powershell_writes_them_at_times() {
    let text = fixture::connector_json(&[domain("DC=contoso,DC=com", &["OU=a,DC=contoso,DC=com"], &[])], "");
    let text = text
        .replace("[\"OU=a,DC=contoso,DC=com\"]", "{\"value\": [\"OU=a,DC=contoso,DC=com\"], \"Count\": 1}")
        .replace("\"ContainerExclusionList\": []", "\"ContainerExclusionList\": null");
    assert_eq!(named(&read(text), "CN=A,OU=a,DC=contoso,DC=com").0, "includedBy");
    // Classes that cannot be read are not said, and filter nobody.
    let odd = fixture::connector_json(&domains(), "").replace("[\"user\",", "[{\"Name\": \"user\"},");
    assert_eq!(read(odd).connectors[0].partitions[0].object_classes, None);
    // One connector without the brackets of a list.
    let one = "{\"Name\": \"contoso.com\", \"Type\": \"AD\", \"Partitions\": {\"DN\": \"DC=contoso,DC=com\", \"Selected\": true, \
               \"ConnectorPartitionScope\": {\"ContainerInclusionList\": [\"DC=contoso,DC=com\"], \"ContainerExclusionList\": []}}}";
    assert_eq!(named(&read(one), "CN=A,OU=a,DC=contoso,DC=com").0, "includedBy");
}

#[test]
fn settings_come_from_the_cmdlet_too() {
    let folder = tempfile::tempdir().unwrap();
    let connectors = folder.path().join("c.json");
    fs::write(&connectors, fixture::connector_json(&domains(), "")).unwrap();
    let settings = folder.path().join("s.json");
    let list = "[{\"Name\": \"Microsoft.Synchronize.StagingMode\", \"Value\": \"True\"}]";
    for text in [list.to_owned(), format!("{{\"Version\": 1, \"Parameters\": {list}}}")] {
        fs::write(&settings, text).unwrap();
        let scope = super::super::read(&[&connectors, &settings]).unwrap();
        assert!(scope.has_setting(SettingName::StagingMode, "True"));
        assert!(matches!(super::super::read(&[&settings]), Err(ScopeError::NoConnector { .. })));
    }
}
