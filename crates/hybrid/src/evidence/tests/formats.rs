//! Users in every form in which they are exported.

use super::*;

/// One user as Graph gives it.
fn graph(more: &str) -> String {
    format!(r#"{{"id":"{ID}","userPrincipalName":"ana@contoso.com"{more}}}"#)
}

#[test]
fn three_things_of_a_graph_answer() {
    let text = format!(
        r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users(id)","value":[{}]}}"#,
        graph(
            r#","mail":null,"onPremisesImmutableId":"KmtOjTwfW0qcfQEjRWeJqw==","proxyAddresses":[],"accountEnabled":false"#
        )
    );
    user_of(&text, |user| {
        assert_eq!(user.text(UserField::Mail), Known::Absent);
        assert_eq!(user.text(UserField::DisplayName), Known::NotAsked);
        assert_eq!(user.immutable_id(), Known::Value(ANCHOR));
        assert!(user.proxy_addresses().is_absent());
        assert_eq!(user.account_enabled(), Known::Value(false));
        assert_eq!(user.id(), Known::Value(ID.parse().unwrap()));
        assert_eq!(user.on_premises_sync_enabled(), Known::NotAsked);
        assert!(!user.is_deleted());
        assert_eq!(user.sources().map(|s| s.at).collect::<Vec<_>>(), [hour(0)]);
    });
}

#[test]
fn a_null_of_the_module_counts_only_beside_a_value() {
    let ben = r#"{"Id":"8d4e6b2a-1f3c-4a5b-9c7d-000000000002","UserPrincipalName":"ben@contoso.com","Mail":"ben@contoso.com","OnPremisesImmutableId":null,"ProxyAddresses":[],"AssignedLicenses":[],"UsageLocation":""}"#;
    let ana = format!(
        r##"{{"Id":"{ID}","UserPrincipalName":"ana@contoso.com","Mail":null,"OnPremisesImmutableId":null,"ProxyAddresses":[],"AssignedLicenses":null,"UsageLocation":"DE",
            "AdditionalProperties":{{"@odata.type":"#microsoft.graph.user","onPremisesObjectIdentifier":null,"id":"other"}}}}"##
    );
    let evidence = load(&[("users.json", &format!("[{ana},{ben}]"))]);
    let users: Vec<User<'_>> = evidence.users().iter().collect();
    // Ben has an address, so that Ana has none; nobody has an anchor, so that it was perhaps not selected.
    assert_eq!(users[0].text(UserField::Mail), Known::Absent);
    for user in &users {
        assert_eq!(user.immutable_id(), Known::NotAsked);
        assert!(!user.proxy_addresses().is_asked() && !user.licences().is_asked());
    }
    // An empty text is one, and what the module puts aside was selected.
    assert_eq!(users[1].text(UserField::UsageLocation), Known::Absent);
    assert_eq!(users[0].text(UserField::OnPremisesObjectIdentifier), Known::Absent);
    assert_eq!(users[0].id(), Known::Value(ID.parse().unwrap()));
}

#[test]
fn one_object_an_array_lines_and_pages() {
    let one = graph("");
    let two = one.replace("789ab", "00002").replace("ana", "ben");
    let context = r#""@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users""#;
    for (text, users, extent) in [
        (one.clone(), 1, Extent::One),
        (format!("[{one}]"), 1, Extent::Assumed),
        (format!("[{one},{two}]"), 2, Extent::Assumed),
        (format!("{one}\n{two}\n"), 2, Extent::Assumed),
        (format!("\u{feff}{{\"value\":[{one}],\"Count\":1}}"), 1, Extent::Assumed),
        (format!("{{{context},\"value\":[{one}]}}"), 1, Extent::Assumed),
        (
            format!("{{{context},\"@odata.nextLink\":\"https://x/?$skiptoken=1\",\"value\":[{one}]}}"),
            1,
            Extent::Paged,
        ),
        (
            format!(
                "{{{context},\"@odata.nextLink\":\"https://x\",\"value\":[{one}]}}\r\n{{{context},\"value\":[{two}]}}"
            ),
            2,
            Extent::Assumed,
        ),
    ] {
        let evidence = load(&[("a", &text)]);
        assert_eq!(evidence.users().iter().count(), users, "{text}");
        let listing =
            Listing { dataset: Dataset::Users, file: 0, objects: users as u64, extent: extent.clone() };
        assert_eq!(evidence.listings(), [listing], "{text}");
        // Only a whole list says that somebody is not in it.
        let other = evidence.users().by_upn("carl@contoso.com");
        assert_eq!((other.found.len(), other.is_none()), (0, extent.is_whole()), "{text}");
        assert!(evidence.users().by_upn("ANA@contoso.com").only().is_some());
        assert_eq!(evidence.deleted_users().by_upn("x").gaps, [Gap::NoExport(Dataset::DeletedUsers)]);
    }
}

#[test]
fn tables() {
    let rows = "#TYPE Microsoft.Graph.PowerShell.Models.MicrosoftGraphUser\r\n\
        \"Id\",\"UserPrincipalName\",\"Mail\",\"JobTitle\",\"OnPremisesSyncEnabled\",\"ProxyAddresses\",\"AssignedLicenses\",\"CreatedDateTime\"\r\n\
        \"8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab\",\"ana@contoso.com\",\"ana@contoso.com\",\"\",\"True\",\"System.String[]\",\"Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedLicense[]\",\"01.11.2026 09:30:00\"\r\n\
        \"8d4e6b2a-1f3c-4a5b-9c7d-000000000002\",\"ben@contoso.com\",\"\",\"\",\"\",\"System.String[]\",\"\",\"\"\r\n";
    let evidence = load(&[("users.csv", rows)]);
    let users: Vec<User<'_>> = evidence.users().iter().collect();
    assert_eq!(users[1].text(UserField::Mail), Known::Absent);
    assert_eq!(users[1].text(UserField::JobTitle), Known::NotAsked, "empty in every row");
    assert_eq!(users[0].text(UserField::DisplayName), Known::NotAsked, "no such column");
    assert_eq!(users[0].on_premises_sync_enabled(), Known::Value(true));
    assert!(users.iter().all(|u| !u.proxy_addresses().is_asked() && !u.licences().is_asked()));
    let told = warnings(&evidence);
    let types = "is not read: it holds names of types instead of values; export it as JSON with ConvertTo-Json -Depth 6";
    assert_eq!(told[0], format!("users.csv: `proxyAddresses` {types}"));
    assert!(told[1].starts_with(
        "users.csv: `createdDateTime` is not read in 1 objects: its date is in the form of a country"
    ));
    assert_eq!(told[2], format!("users.csv: `assignedLicenses` {types}"));
    assert_eq!(told.len(), 3);
    // Nothing can be said of who has an address.
    assert!(!evidence.users().by_address("carl@contoso.com").is_none());

    let semicolons = "id;userPrincipalName;proxyAddresses\n1;ana@contoso.com;\"SMTP:ana@contoso.com;smtp:a@contoso.com\"\n";
    let evidence = load(&[("users.csv", semicolons)]);
    let user = evidence.users().by_address("A@Contoso.com").only().unwrap();
    assert_eq!(user.primary_smtp(), Known::Value(vec!["ana@contoso.com"]));
    assert_eq!(user.id(), Known::NotAsked, "what is no GUID is not read");
}

#[test]
fn json_that_was_cut_by_its_depth_is_refused() {
    let text = graph(
        r#","assignedLicenses":["@{SkuId=1}"],"proxyAddresses":"System.Object[]","onPremisesProvisioningErrors":"""#,
    );
    let evidence = load(&[("users.json", &format!("[{text}]"))]);
    let user = evidence.users().iter().next().unwrap();
    assert!(!user.licences().is_asked() && !user.proxy_addresses().is_asked());
    assert!(user.provisioning_errors().is_absent());
    let told = warnings(&evidence);
    assert!(told.len() == 2 && told.iter().all(|w| w.contains("-Depth 6")), "{told:?}");
}

#[test]
fn deleted_users_keep_both_forms_of_their_upn() {
    let prefix = ID.replace('-', "");
    let rest =
        r#""onPremisesImmutableId":"KmtOjTwfW0qcfQEjRWeJqw==","deletedDateTime":"2026-11-01T09:30:00Z""#;
    let text = format!(r#"[{{"id":"{ID}","userPrincipalName":"{prefix}ana@contoso.com",{rest}}}]"#);
    let evidence = load(&[("deleted.json", &text)]);
    let users = evidence.deleted_users();
    let user = users.by_upn("Ana@contoso.com").only().unwrap();
    assert_eq!(user.upn(), Known::Value("ana@contoso.com"));
    assert_eq!(user.upn_as_listed(), Known::Value(format!("{prefix}ana@contoso.com").as_str()));
    assert_eq!(user.deleted_at(), Known::Value(hour(0)));
    assert!(user.is_deleted() && users.by_immutable_id(ANCHOR).only().is_some());
    assert!(users.by_immutable_id(&ANCHOR.to_lowercase()).is_none(), "base64 has a case");
    assert_eq!(evidence.users().iter().count(), 0);

    // The prefix alone tells, and another's id is none.
    let bin = format!(r#"[{{"id":"{ID}","userPrincipalName":"{prefix}ana@contoso.com"}}]"#);
    assert_eq!(load(&[("a", &bin)]).deleted_users().iter().count(), 1);
    let other = bin.replace("789ab\"", "789ac\"");
    assert_eq!(load(&[("a", &other)]).users().iter().count(), 1);
    let neither = format!(r#"[{{"id":"{ID}","onPremisesImmutableId":"x"}}]"#);
    let error = try_load(&[("a", &neither)]).unwrap_err();
    assert!(error.contains("live and deleted ones cannot be told apart"), "{error}");
}

#[test]
fn licences_plans_and_errors() {
    let group = "11111111-1111-1111-1111-111111111111";
    let text = graph(&format!(
        r#","assignedLicenses":[{{"skuId":"a","disabledPlans":["p","q"]}}],
        "licenseAssignmentStates":[{{"skuId":"a","assignedByGroup":null,"state":"Active","error":"None"}},{{"skuId":"b","assignedByGroup":"{group}","state":"Error","error":"CountViolation"}}],
        "assignedPlans":[{{"service":"exchange","servicePlanId":"x","capabilityStatus":"Enabled"}},{{"service":"SharePoint"}}],
        "provisionedPlans":[{{"service":"SharePoint"}}],
        "onPremisesProvisioningErrors":[{{"category":"PropertyConflict","propertyCausingError":"ProxyAddresses","value":"smtp:a@b.c","occurredDateTime":"2026-11-01T09:30:00Z"}}],
        "manager":{{"id":"{group}"}},"onPremisesExtensionAttributes":{{"extensionAttribute1":"x","extensionAttribute2":null}},
        "onPremisesSyncBehavior":{{"id":"y","isCloudManaged":true}}"#
    ));
    user_of(&text, |user| {
        let licences = user.licences().value().unwrap();
        assert_eq!(licences[0].sku_id, "a");
        assert_eq!(licences[0].disabled_plans().collect::<Vec<_>>(), ["p", "q"]);
        let states = user.licence_states().value().unwrap();
        assert_eq!((states[0].by_group, states[0].error), (None, None));
        assert_eq!((states[1].by_group, states[1].error), (Some(group), Some("CountViolation")));
        let plans = user.exchange_plans(UserField::AssignedPlans).value().unwrap();
        assert_eq!((plans.len(), plans[0].capability_status), (1, "Enabled"));
        assert_eq!(user.exchange_plans(UserField::ProvisionedPlans), Known::Absent);
        let errors = user.provisioning_errors().value().unwrap();
        assert_eq!((errors[0].property, errors[0].value), ("ProxyAddresses", "smtp:a@b.c"));
        assert_eq!(user.text(UserField::Manager), Known::Value(group));
        assert_eq!(user.text(UserField::ExtensionAttribute1), Known::Value("x"));
        assert_eq!(user.text(UserField::ExtensionAttribute2), Known::Absent);
        assert_eq!(user.is_cloud_managed(), Known::Value(true));
    });
}

#[test]
fn users_are_found_by_everything_that_names_them() {
    let text = graph(
        r#","proxyAddresses":["SMTP:Ana@contoso.com","smtp:a.x@contoso.com","X500:/o=Contoso/cn=ana"],"onPremisesSyncEnabled":true,
        "onPremisesSecurityIdentifier":"S-1-5-21-1-2-3-1104","onPremisesSamAccountName":"Ana","onPremisesDistinguishedName":"CN=Äna,OU=CORP,DC=contoso,DC=com","onPremisesImmutableId":"KmtOjTwfW0qcfQEjRWeJqw==""#,
    );
    let evidence = load(&[("users.json", &format!("[{text}]"))]);
    let users = evidence.users();
    for found in [
        users.by_id(ID.parse().unwrap()),
        users.by_address("ana@CONTOSO.com"),
        users.by_address("smtp:A.X@contoso.com"),
        users.by_address("x500:/o=contoso/cn=ana"),
        users.by_primary_smtp("SMTP:ana@contoso.com"),
        users.by_sid("s-1-5-21-1-2-3-1104"),
        users.by_sam_account_name("ANA"),
        users.by_dn("cn=äna,ou=corp,dc=contoso,dc=com"),
    ] {
        assert!(found.only().is_some() && found.is_complete());
    }
    assert!(users.by_primary_smtp("a.x@contoso.com").is_none());
    assert_eq!(users.by_on_premises_object_identifier("x").gaps.len(), 1, "it was not asked for");
    assert_eq!(
        users.observed_dns().map(|(dn, _)| dn).collect::<Vec<_>>(),
        ["CN=Äna,OU=CORP,DC=contoso,DC=com"]
    );
}

#[test]
fn utf_16_is_read() {
    let text = format!("\u{feff}[{}]", graph(r#","displayName":"Änä 𝄞""#));
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(order).collect();
        let mut loader = Loader::new();
        loader.add_reader(Path::new("a"), hour(0), &bytes[..]).unwrap();
        let evidence = loader.finish();
        let user = evidence.users().iter().next().unwrap();
        assert_eq!(user.text(UserField::DisplayName), Known::Value("Änä 𝄞"));
    }
}

#[test]
fn what_is_damaged_or_unknown_is_an_error_that_names_the_file() {
    let user = graph("");
    for (text, problem) in [
        (
            format!("[{user},\n{{\"id\":\"8d"),
            "a.json is damaged: line 2: the file ends within a text: it is cut; export it again",
        ),
        (
            format!("[{user}"),
            "a.json is damaged: line 1: the file ends in the middle: it is cut; export it again",
        ),
        (format!("[{user},\n{{\"id\":tru}}]"), "a.json is damaged: line 2: it is not JSON; export it again"),
        (
            "id,userPrincipalName\n1,a@b.c\n2\n".into(),
            "a.json is damaged: line 3: 1 cells instead of 2: the file is cut, or a separator stands in a cell without quotation marks; export it again",
        ),
        (
            "id,userPrincipalName\n1,\"a@b".into(),
            "a.json is damaged: line 2: a quotation is not closed: the file is cut; export it again",
        ),
        ("{\"token\":\"hunter2\"}".into(), "a.json is no export that is known: objects with `token`"),
        (
            "[{\"name\":\"x\",\"colour\":1}]".into(),
            "a.json is no export that is known: objects with `name`, `colour`",
        ),
        (
            r#"{"error":{"code":"Authorization_RequestDenied","message":"hunter2"}}"#.into(),
            "a.json is no export that is known: an error of Graph (`Authorization_RequestDenied`) instead of what was asked for",
        ),
        (
            "PK\u{3}\u{4}".into(),
            "a.json is no export that is known: a ZIP archive or a workbook; export as JSON or CSV",
        ),
    ] {
        assert_eq!(try_load(&[("a.json", &text)]).unwrap_err(), problem);
    }
}

#[test]
fn configurations_of_the_engine_are_handed_over_and_empty_files_count_for_nothing() {
    let evidence = load(&[
        ("policy.json", r#"{"onpremisesDirectoryPolicy":[]}"#),
        ("connector.xml", "<ma-data/>"),
        ("empty.json", ""),
        ("nothing.json", "[]"),
        ("users.json", r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":[]}"#),
        (
            "domains.json",
            r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#domains","value":[]}"#,
        ),
    ]);
    assert_eq!(evidence.handed_over(), [Path::new("policy.json"), Path::new("connector.xml")]);
    assert_eq!(warnings(&evidence).len(), 3, "{:?}", evidence.warnings());
    assert_eq!(evidence.coverage(Dataset::Users), [Gap::NoExport(Dataset::Users)]);
    assert_eq!(evidence.coverage(Dataset::Domains), []);
}
