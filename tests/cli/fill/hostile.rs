//! An export that somebody has prepared: nothing of it gets into the directory but harmless attributes with harmless values.

use serde_json::json;

use super::{change, evidence, filling, lose, tenant_of, warnings};
use crate::support::Scene;

/// What decides about rights and secrets, as an export might name it.
const DANGEROUS: [(&str, &str); 10] = [
    ("servicePrincipalName", "host/evil"),
    ("scriptPath", "\\\\evil\\x.cmd"),
    ("msDS-AllowedToDelegateTo", "cifs/dc1"),
    ("msDS-AllowedToActOnBehalfOfOtherIdentity", "x"),
    ("msDS-KeyCredentialLink", "B:2:00:DC=x"),
    ("altSecurityIdentities", "X509:x"),
    ("adminCount", "1"),
    ("unicodePwd", "x"),
    ("userAccountControl", "66048"),
    ("sIDHistory", "S-1-5-18"),
];

#[test]
fn nothing_of_a_hostile_export_is_written() {
    let Some(scene) = Scene::new() else { return };
    let lost = lose(&scene, "Hostile");
    let mut tenant = tenant_of(&scene, &lost);
    for (name, value) in DANGEROUS {
        change(&mut tenant, json!({name: value}));
    }
    let many: Vec<String> = (0..5000).map(|n| format!("smtp:a{n}.{}", lost.address)).collect();
    change(
        &mut tenant,
        json!({
            "onPremisesExtensionAttributes": {"extensionAttribute1": "x", "scriptPath": "\\\\evil\\x.cmd"},
            "displayName": "=cmd|' /C calc'!A0", "jobTitle": "x".repeat(1 << 20), "department": "a\u{1b}]0;b\u{7}",
            "streetAddress": "a\u{202e}b", "businessPhones": ["-1+cmd|x"], "proxyAddresses": many,
            "mail": "a@contoso.test\r\nBcc: evil@evil.test", "onPremisesImmutableId": "bm90IHNpeHRlZW4gb2N0ZXRz",
            "userPrincipalName": "a b@contoso.test",
        }),
    );
    let folder = evidence(&scene, tenant);
    let out = filling(&scene, &lost.user, &folder).args(["--dry-run", "--keep-going"]).run();
    let notes = warnings(&out.object());
    for said in [
        "it is no logon name",
        "more than 300",
        "mail of the cloud is not filled",
        "not base64 of 16 octets",
        "displayName of deletedUsers.json is not filled: a value begins like a formula",
        "title of deletedUsers.json is not filled: a value has",
        "department of deletedUsers.json is not filled: a value holds control characters",
        "streetAddress of deletedUsers.json is not filled: a value holds characters that cannot be seen",
        "telephoneNumber of deletedUsers.json is not filled: a value begins like a formula",
    ] {
        assert!(notes.contains(said), "{said}\n{notes}");
    }
    let steps = out.object()["steps"].to_string();
    assert!(!steps.contains("setAttribute") && !steps.contains("setUpn"), "{out}");
    assert!(out.stdout.len() < 200_000, "{} octets", out.stdout.len());
    // The plan that is kept holds nothing of that size.
    let plan = scene.file("plan.json");
    let save = filling(&scene, &lost.user, &folder).args(["--dry-run", "--plan-out"]).arg(&plan);
    save.run();
    assert!(std::fs::metadata(&plan).unwrap().len() < 200_000);
    assert!(scene.hand().is_deleted(&lost.user));
}
