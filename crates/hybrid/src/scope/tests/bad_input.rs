//! What is wrong with a file is said, each with its way out; it is never a pass, and nothing secret is repeated.

use std::fs;
use std::path::Path;

use super::fixture::{self, SECRET, domain};
use crate::scope::{ScopeError, of_text, read};

fn contoso() -> Vec<fixture::Domain> {
    vec![domain("DC=contoso,DC=com", &["OU=CORP,DC=contoso,DC=com"], &["DC=contoso,DC=com"])]
}

#[track_caller]
fn refused(text: impl Into<String>) -> ScopeError {
    let error = of_text(Path::new("fixture"), text.into()).unwrap_err();
    let said = format!("{error} {error:?} {}", error.hint());
    assert!(!said.contains(SECRET) && !error.hint().is_empty(), "{said}");
    assert!(error.to_string().starts_with("fixture"), "{error}");
    error
}

#[test]
fn what_ends_in_the_middle() {
    let texts = [
        fixture::connector_xml(&contoso(), ""),
        fixture::connector_clixml(&contoso(), ""),
        fixture::connector_json(&contoso(), ""),
        fixture::policy_json(&contoso(), ""),
        fixture::schema_json(&["OU=CORP,DC=contoso,DC=com"], &[], ""),
    ];
    for text in texts {
        for (i, _) in text.char_indices().filter(|(i, _)| (20..text.trim_end().len()).contains(i)) {
            let error = of_text(Path::new("fixture"), text[..i].to_owned()).unwrap_err();
            // A number that is cut is another number: that is found at the latest.
            let is_damage = matches!(error, ScopeError::Cut { .. } | ScopeError::Malformed { .. });
            assert!(is_damage, "{error}: {}", &text[..i]);
            assert!(!format!("{error:?}").contains(SECRET));
        }
        let half = &text[..text.len() / 2];
        assert!(matches!(refused(half), ScopeError::Cut { .. }), "{}", refused(half));
    }
}

#[test]
fn damage_names_its_line_and_repeats_nothing() {
    let text = fixture::connector_xml(&contoso(), "");
    let damaged = text.replace(&format!("<cookie>{SECRET}"), &format!("<cookie>&{SECRET};"));
    let ScopeError::Malformed { at, .. } = refused(damaged) else { panic!() };
    assert_eq!(at.line as usize, text.lines().position(|l| l.contains("<cookie>")).unwrap() + 1);
    let damaged = fixture::connector_json(&contoso(), "").replace(&format!("\"{SECRET}\""), SECRET);
    assert!(matches!(refused(damaged), ScopeError::Malformed { .. }));
    refused(text.replace("</cookie>", "</x>"));
    refused(format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{text}"));
}

#[test]
fn json_and_xml_of_another_kind() {
    for text in
        ["{\"a\": 1}", "[]", "[1, 2]", "{\"synchronizationRules\": []}", "<a/>", "<Objs/>", "nonsense"]
    {
        assert!(matches!(refused(text), ScopeError::OtherKind { .. }), "{text}");
    }
    assert!(matches!(refused(" \n"), ScopeError::Empty { .. }));
    let users =
        "{\"@odata.context\": \"x\", \"value\": [{\"id\": \"1\", \"userPrincipalName\": \"a@contoso.com\"}]}";
    assert!(matches!(refused(users), ScopeError::OtherKind { .. }));
}

#[test]
fn what_the_depth_limit_cut_off() {
    let whole = fixture::connector_json(&contoso(), "");
    let begin = whole.find("{\n\"ObjectClasses\"").unwrap();
    let end = whole[begin..].find('}').unwrap() + begin + 1;
    let kind = "\"Microsoft.IdentityManagement.PowerShell.ObjectModel.ConnectorPartitionScope\"";
    let cases = [
        format!("{}{kind}{}", &whole[..begin], &whole[end..]),
        whole.replace("[\"OU=CORP,DC=contoso,DC=com\"]", "\"System.Collections.Generic.List`1[System.String]\""),
        whole.replace("[\"OU=CORP,DC=contoso,DC=com\"]", "\"OU=CORP,DC=contoso,DC=com\""),
        "[{\"Name\": \"contoso.com\", \"Type\": \"AD\", \"Partitions\": \"System.Collections.ObjectModel.Collection`1\"}]".into(),
        "[{\"Name\": \"contoso.com\", \"Type\": \"AD\", \"Partitions\": [\"DC=contoso,DC=com\"]}]".into(),
    ];
    for text in cases {
        let error = refused(text);
        assert!(matches!(error, ScopeError::Truncated { is_clixml: false, .. }), "{error}");
        assert!(error.hint().contains("-Depth 6"), "{}", error.hint());
    }
    let clixml = fixture::connector_clixml(&contoso(), "");
    let begin = clixml.find("<Obj N=\"ConnectorPartitionScope\"").unwrap();
    let end = clixml.find("<Obj N=\"Parameters\"").unwrap();
    let scope = "<S N=\"ConnectorPartitionScope\">Microsoft.IdentityManagement.X</S>";
    let error = refused(format!("{}{scope}{}", &clixml[..begin], &clixml[end..]));
    assert!(matches!(error, ScopeError::Truncated { is_clixml: true, .. }), "{error}");
    assert!(error.hint().contains("Export-Clixml -Depth 6"));
}

#[test]
fn what_is_missing_or_no_name() {
    let xml = fixture::connector_xml(&contoso(), "");
    let json = fixture::connector_json(&contoso(), "");
    let policy = fixture::policy_json(&contoso(), "");
    for text in [
        xml.replace("<selected>1</selected>", ""),
        xml.replace("<selected>1</selected>", "<selected>maybe</selected>"),
        xml.replace("<category>AD</category>", ""),
        xml.replace("ma-partition-data", "x"),
        json.replace("\"Selected\": true,", ""),
        json.replace("\"ConnectorPartitionScope\"", "\"Scope\""),
        json.replace("\"ContainerExclusionList\"", "\"List\""),
        policy.replace("\"containerExclusions\"", "\"list\""),
        policy.replace("\"partitionFilters\"", "\"filters\""),
    ] {
        let error = refused(text);
        assert!(matches!(error, ScopeError::Field { .. }), "{error}");
    }
    for text in [
        xml.replace("<inclusion>OU=CORP,", "<inclusion>CORP,"),
        json.replace("[\"OU=CORP,DC=contoso,DC=com\"]", "[\"CORP\"]"),
        json.replace("[\"OU=CORP,DC=contoso,DC=com\"]", "[17]"),
        json.replace("[\"OU=CORP,DC=contoso,DC=com\"]", "[{}]"),
        policy.replace("[\"OU=CORP,DC=contoso,DC=com\"]", "[\"\"]"),
        fixture::schema_json(&["contoso.com/CORP"], &[], ""),
    ] {
        let error = refused(text);
        assert!(matches!(error, ScopeError::NotADn { .. }), "{error}");
    }
}

#[test]
fn folders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let problem = |path: &Path| match read(&[path]).unwrap_err() {
        ScopeError::NoConnector { problem, .. } => problem,
        other => panic!("{other}"),
    };
    assert!(problem(path).contains("no synchronisation configuration"));
    fs::create_dir(path.join("SynchronizationRules")).unwrap();
    let rule = fixture::rule_xml("Custom", 50, "", "<src>True</src>", "");
    fs::write(path.join("SynchronizationRules/r.xml"), &rule).unwrap();
    assert!(problem(path).contains("no connector"));
    fs::create_dir(path.join("Connectors")).unwrap();
    let entra = "<ma-data><name>AAD</name><category>Extensible2</category></ma-data>";
    fs::write(path.join("Connectors/aad.xml"), entra).unwrap();
    assert!(problem(path).contains("none to an Active Directory"));
    // A damaged file among good ones is not passed over.
    let good = fixture::connector_xml(&contoso(), "");
    fs::write(path.join("Connectors/ad.xml"), &good).unwrap();
    read(&[path]).unwrap();
    for (name, text) in [
        ("SynchronizationRules/s.xml", rule[..60].to_owned()),
        ("Connectors/b.xml", String::new()),
        ("Connectors/b.xml", "<html/>".to_owned()),
        ("deep.json", fixture::connector_json(&contoso(), "")[..400].to_owned()),
        ("a-policy", fixture::policy_json(&contoso(), "")[..300].to_owned()),
    ] {
        fs::write(path.join(name), text).unwrap();
        let error = read(&[path]).unwrap_err();
        assert!(error.to_string().contains(name.rsplit('/').next().unwrap()), "{error}");
        fs::remove_file(path.join(name)).unwrap();
    }
    assert!(matches!(read(&[path.join("nothing")]), Err(ScopeError::Io { .. })));
}

#[cfg(unix)]
#[test]
fn a_device_is_not_waited_for() {
    assert!(matches!(read(&["/dev/zero"]), Err(ScopeError::NotAFile { .. })));
}

#[test]
fn contradictions() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one.xml"), folder.path().join("two.json"));
    fs::write(&one, fixture::connector_xml(&contoso(), "")).unwrap();
    let contradiction = |text: String| {
        fs::write(&two, text).unwrap();
        match read(&[&one, &two]).unwrap_err() {
            error @ ScopeError::Contradiction { .. } => error.to_string(),
            other => panic!("{other}"),
        }
    };
    let mut other = contoso();
    other[0].inclusions.push("OU=More,DC=contoso,DC=com".into());
    let said = contradiction(fixture::connector_json(&other, ""));
    assert!(said.contains("one.xml:") && said.contains("two.json:") && said.contains("included"), "{said}");
    // Another server has another GUID for the same forest.
    let text =
        fixture::connector_json(&other, "").replace(fixture::ID, "00000000-0000-0000-0000-000000000009");
    assert!(contradiction(text).contains("included"));
    let mut other = contoso();
    other[0].exclusions.clear();
    assert!(contradiction(fixture::policy_json(&other, "")).contains("excluded"));
    let mut other = contoso();
    other[0].selected = false;
    assert!(contradiction(fixture::connector_json(&other, "")).contains("selected"));
    assert!(
        contradiction(fixture::connector_json(&contoso(), "CN=G,DC=contoso,DC=com")).contains("pilot group")
    );
    // The order of the names does not matter, nor their case.
    let mut same = contoso();
    same[0].inclusions[0] = "ou=corp,dc=contoso,dc=com".into();
    fs::write(&two, fixture::connector_json(&same, "")).unwrap();
    read(&[&one, &two]).unwrap();
}

#[test]
fn depth_and_numbers_do_no_harm() {
    refused(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    refused(format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)));
    refused(format!("{{\"Type\": \"AD\", \"Partitions\": {}{}}}", "[".repeat(9000), "]".repeat(9000)));
    let cycle = "<Objs><Obj RefId=\"0\"><Props><Ref N=\"Partitions\" RefId=\"0\"/><S N=\"Type\">AD</S></Props></Obj></Objs>";
    refused(cycle);
}
