//! What an object shall be like: names, logon name, attributes.

use crate::support::Scene;

#[test]
fn a_logon_name() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Upn").deleted();
    let upn = format!("{}.new@contoso.test", scene.tag);
    let out = scene.restore(&user, ["--upn", &upn]).exits(0);
    let step = &out.object()["steps"][2];
    assert_eq!((&step["step"], &step["value"]), (&"setUpn".into(), &upn.as_str().into()), "{out}");
    assert_eq!(scene.hand().get(&user, &["userPrincipalName"]).text("userPrincipalName"), upn);
}

#[test]
fn a_suffix_for_many() {
    let Some(scene) = Scene::new() else { return };
    let users = scene.add_and_delete([scene.user("SufA"), scene.user("SufB")]);
    let group = scene.group("SufG").deleted();
    let guids = [&users[0].guid, &users[1].guid, &group.guid].map(String::as_str).join(",");
    scene.run(["restore", "-o", "json", "--yes", "--guid", &guids, "--upn-suffix", "@contoso.test"]).exits(0);
    for user in &users {
        let upn = scene.hand().get(user, &["userPrincipalName"]).text("userPrincipalName");
        assert_eq!(upn.to_lowercase(), format!("{}@contoso.test", user.sam.to_lowercase()));
    }
    assert!(!scene.hand().get(&group, &["userPrincipalName"]).has("userPrincipalName"));
}

#[test]
fn a_suffix_that_the_forest_does_not_list_is_pointed_out() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Odd").deleted();
    let out = scene.restore(&user, ["--upn-suffix", "elsewhere.test"]).exits(0);
    assert!(out.object()["warnings"].to_string().contains("`elsewhere.test`"), "{out}");
}

#[test]
fn options_for_one_object_are_wrong_usage_for_several() {
    let Some(scene) = Scene::new() else { return };
    let users = scene.add_and_delete([scene.user("OneA"), scene.user("OneB")]);
    let before = users.each_ref().map(|u| scene.hand().state(u));
    let guids = format!("{},{}", users[0].guid, users[1].guid);
    for option in ["--upn", "--new-name", "--sam-account-name"] {
        let by_guid = scene
            .run(["restore", "-o", "json", "--yes", "--guid", &guids, option, "x@contoso.test"])
            .exits(2);
        assert!(by_guid.error()["message"].as_str().unwrap().contains(option), "{by_guid}");
        let by_filter =
            scene.run(["restore", "-o", "json", "--yes", &scene.tag, "--all", option, "x@contoso.test"]);
        assert!(by_filter.exits(2).error()["message"].as_str().unwrap().contains(option));
    }
    assert_eq!(users.each_ref().map(|u| scene.hand().state(u)), before);
}

#[test]
fn a_new_name_account_name_and_place() {
    let Some(scene) = Scene::new() else { return };
    let place = scene.unit("Place").add();
    let user = scene.user("Before").deleted();
    let account = format!("{}after", scene.tag);
    let arguments = ["--to", &place.dn, "--new-name", "After, all", "--sam-account-name", &account];
    let out = scene.restore(&user, arguments).exits(0);
    let entry = scene.hand().get(&user, &["name", "cn", "sAMAccountName"]);
    assert_eq!((entry.text("name").as_str(), entry.text("sAMAccountName")), ("After, all", account));
    assert_eq!(entry.parent(), place.dn);
    assert_eq!(out.object()["verified"], true);
}

#[test]
fn attributes_with_one_value_several_and_from_files() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Set").deleted();
    let octets: Vec<u8> = (0..=255).collect();
    let photo = scene.file_with("photo.jpg", &octets);
    let arguments = [
        "--set".to_owned(),
        "title=Head of = signs".to_owned(),
        "--set".to_owned(),
        format!("proxyAddresses=SMTP:{}@contoso.test", scene.tag),
        "--set".to_owned(),
        format!("proxyAddresses=smtp:{}.x@contoso.test", scene.tag),
        "--set".to_owned(),
        format!("thumbnailPhoto=@{}", photo.display()),
        "--set".to_owned(),
        "info=".to_owned(),
    ];
    let out = scene.restore(&user, arguments).exits(0);
    assert_eq!(out.object()["verified"], true, "{out}");
    let entry = scene.hand().get(&user, &["title", "proxyAddresses", "thumbnailPhoto", "info"]);
    assert_eq!(entry.text("title"), "Head of = signs");
    assert_eq!(entry.texts("proxyAddresses").len(), 2);
    assert_eq!(entry.octets("thumbnailPhoto"), [octets.as_slice()]);
    // What is set is not reported as missing.
    assert!(!out.object()["stillMissing"].to_string().contains("proxyAddresses"), "{out}");

    scene.restore(&user, ["--set", "title="]).exits(0);
    assert!(!scene.hand().get(&user, &["title"]).has("title"));
}

#[test]
fn secrets_and_what_has_an_option_of_its_own_cannot_be_set() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Refused").deleted();
    let before = scene.hand().state(&user);
    let cases = [
        ("unicodePwd=Secret-1x", "secret"),
        ("userPassword=Secret-1x", "secret"),
        ("ms-Mcs-AdmPwd=Secret-1x", "secret"),
        ("userPrincipalName=a@contoso.test", "--upn"),
        ("userAccountControl=512", "--enable"),
        ("memberOf=CN=x", "--groups-from"),
        ("objectSid=S-1-5-18", "the directory owns it"),
        ("title", "`=` is missing"),
        ("ti tle=x", "is not the name of an attribute"),
        ("title=@/no/such/file", "/no/such/file"),
        ("noSuchAttribute=x", "the schema has no attribute"),
    ];
    for (value, said) in cases {
        let out = scene.restore(&user, ["--set", value]).exits(2);
        assert!(out.error().to_string().contains(said), "{out}");
    }
    let both = scene.restore(&user, ["--set", "title=", "--set", "title=x"]).exits(2);
    assert!(both.error().to_string().contains("title"), "{both}");
    assert_eq!(scene.hand().state(&user), before);
}

/// What the directory refuses is reported with the half that is done.
#[test]
fn a_value_that_the_directory_refuses_is_done_in_part() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Half").deleted();
    // A department has at most 64 characters.
    let long = format!("department={}", "x".repeat(65));
    let out = scene.restore(&user, ["--set", &long, "--set", "title=Clerk"]).exits(3);
    let report = out.object();
    assert_eq!(report["outcome"], "partial", "{out}");
    let of =
        |name: &str| report["steps"].as_array().unwrap().iter().find(|s| s["attribute"] == name).unwrap();
    assert_eq!(of("department")["status"], "failed", "{out}");
    assert_eq!(of("title")["status"], "skipped", "{out}");
    let entry = scene.hand().get(&user, &["isDeleted", "userAccountControl"]);
    assert!(!entry.has("isDeleted") && !entry.is_enabled());
    let missing = report["stillMissing"].to_string();
    assert!(missing.contains("department") && missing.contains("title"), "{out}");
}

#[test]
fn a_logon_name_for_what_has_none_is_pointed_out() {
    let Some(scene) = Scene::new() else { return };
    let group = scene.group("No user").deleted();
    let out = scene.restore(&group, ["--upn", &format!("{}g@contoso.test", scene.tag)]).exits(0);
    assert!(out.object()["warnings"].to_string().contains("only users get a logon name"), "{out}");
    assert!(!scene.hand().get(&group, &["userPrincipalName"]).has("userPrincipalName"));
}
