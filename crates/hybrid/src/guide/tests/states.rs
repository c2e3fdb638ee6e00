//! What each state is concluded from, and what is not concluded.

use super::*;

fn found(facts: Option<&OnPremisesFacts>, evidence: &Evidence) -> Findings {
    find(&Inputs { called: Some(UPN), facts, evidence: Some(evidence), ..Inputs::default() }, now())
}

fn lists(files: &[(&str, String)]) -> Evidence {
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    load(&files)
}

#[test]
fn nothing_found_means_something_only_where_all_was_looked_at() {
    let live = ("live.json", list(&[somebody(false)]));
    let bin = ("bin.json", list(&[somebody(true)]));
    assert_eq!(found(None, &lists(&[live.clone(), bin.clone()])).entra.state, Some(EntraState::HardDeleted));
    for (files, command) in [
        (vec![live.clone()], "Get-MgDirectoryDeletedItemAsUser"),
        (vec![bin.clone()], "Get-MgUser"),
        (vec![live.clone(), ("bin.json", somebody(true))], "Get-MgDirectoryDeletedItemAsUser"),
    ] {
        let findings = found(None, &lists(&files));
        assert_eq!(findings.entra.state, None);
        assert!(findings.entra.command.starts_with(command) && findings.entra.because.len() > 1);
        let guide = Guide::new(&findings);
        assert_eq!((guide.exit_code(), guide.case.clone()), (3, None));
        let unknown = guide.unknowns.iter().find(|u| u.what == "entra").unwrap();
        assert!(unknown.command.contains(UPN) && unknown.decides == "case", "{unknown:?}");
        assert!(guide.steps.is_empty() && guide.possible.is_empty());
    }
    // Found is found, whatever else is missing.
    let findings = found(None, &lists(&[("bin.json", list(&[ana(DELETED)]))]));
    assert_eq!(findings.entra.state, Some(EntraState::SoftDeleted));
}

#[test]
fn a_mailbox_is_gone_only_where_all_three_lists_say_so() {
    let files = |kinds: &[&str]| {
        let mut all = vec![("u", list(&[somebody(false), ana("")])), ("d", list(&[somebody(true)]))];
        all.extend(kinds.iter().map(|k| ("m", list(&[other_mailbox(k)]))));
        lists(&all)
    };
    assert_eq!(found(None, &files(&[LIVE, SOFT, INACTIVE])).mailbox.state, Some(MailboxState::None));
    for (kinds, command) in [
        (&[SOFT, INACTIVE][..], "Get-EXOMailbox"),
        (&[LIVE, INACTIVE], "Get-Mailbox -SoftDeletedMailbox"),
        (&[LIVE, SOFT], "Get-Mailbox -InactiveMailboxOnly"),
    ] {
        let findings = found(None, &files(kinds));
        assert_eq!(findings.mailbox.state, None);
        assert!(findings.mailbox.command.starts_with(command), "{}", findings.mailbox.command);
    }
    let guide = Guide::new(&find(
        &Inputs {
            on_premises: Some(OnPremises::Present),
            entra: Some(EntraState::Present),
            ..Inputs::default()
        },
        now(),
    ));
    assert_eq!(guide.possible.len(), 3);
    assert_eq!(guide.unknowns[0].what, "mailbox");
}

#[test]
fn a_tombstone_is_found_by_its_anchor_or_sid() {
    let facts = tombstone();
    for text in [
        ana(DELETED),
        ana(DELETED).replace(ANCHOR, "bWlncmF0ZWQgbG9uZyBhZ28="),
        ana(DELETED).replace(SID, "S-1-5-9"),
    ] {
        let evidence = lists(&[("u", list(&[somebody(false)])), ("d", list(&[text]))]);
        let inputs = Inputs {
            called: Some("ana"),
            facts: Some(&facts),
            evidence: Some(&evidence),
            ..Inputs::default()
        };
        let findings = find(&inputs, now());
        assert_eq!(findings.entra.state, Some(EntraState::SoftDeleted));
        // What the tombstone has lost comes from the cloud.
        use adrecover_core::decision_table::Placeholder as P;
        assert_eq!(findings.values.get(P::Upn), Some(UPN));
        assert_eq!(
            (findings.values.get(P::PrimarySmtp), findings.values.get(P::Guid)),
            (Some(UPN), Some(GUID))
        );
    }
    // The same account name in another domain is somebody else.
    let stranger =
        ana(DELETED).replace(SID, "S-1-5-21-9-9-9-1104").replace(ANCHOR, "AAAAAAAAAAAAAAAAAAAAAQ==");
    let evidence = lists(&[("u", list(&[somebody(false)])), ("d", list(&[stranger]))]);
    let inputs =
        Inputs { called: Some("ana"), facts: Some(&facts), evidence: Some(&evidence), ..Inputs::default() };
    assert_eq!(find(&inputs, now()).entra.state, Some(EntraState::HardDeleted));
}

#[test]
fn duplicates_are_named_and_the_strongest_claim_counts() {
    let facts = tombstone();
    let usurper = user(OTHER, UPN, "");
    let evidence =
        lists(&[("u", list(&[somebody(false), usurper])), ("d", list(&[somebody(true), ana(DELETED)]))]);
    let findings = found(Some(&facts), &evidence);
    assert_eq!(findings.entra.state, Some(EntraState::SoftDeleted), "the anchor counts more than the UPN");
    let ids: Vec<_> = findings.duplicates.iter().map(|d| (d.id.as_deref().unwrap(), d.is_chosen)).collect();
    assert_eq!(ids, [(ID, true), (OTHER, false)]);
    let guide = Guide::new(&findings);
    let taken = guide.warnings.iter().find(|w| w.id == "nameTaken").unwrap();
    assert!(taken.text.contains(OTHER) && taken.text.contains("UPN"), "{taken:?}");
    assert!(guide.warnings.iter().any(|w| w.id == "duplicates"));

    // Without a better key nobody knows which one is meant.
    let findings = found(None, &evidence);
    assert_eq!((findings.entra.state, findings.duplicates.len()), (None, 2));
    assert!(findings.duplicates.iter().all(|d| !d.is_chosen));
}

#[test]
fn one_object_in_two_exports_is_as_the_newer_one_says() {
    let evidence =
        lists(&[("d", list(&[somebody(true), ana(DELETED)])), ("u", list(&[somebody(false), ana("")]))]);
    let findings = found(None, &evidence);
    assert_eq!((findings.entra.state, findings.duplicates.len()), (Some(EntraState::Present), 0));
}

#[test]
fn a_tenant_without_synchronisation_is_managed() {
    let organisation = |value: &str| {
        format!(r#"{{"value":[{{"id":"{OTHER}","verifiedDomains":[],"onPremisesSyncEnabled":{value}}}]}}"#)
    };
    for (value, state) in
        [("null", Some(OnPremises::Managed)), ("false", Some(OnPremises::Managed)), ("true", None)]
    {
        let evidence = lists(&[("o", organisation(value))]);
        assert_eq!(found(None, &evidence).on_premises.state, state, "{value}");
    }
}

#[test]
fn an_option_wins_and_the_contradiction_is_told() {
    let evidence = exports(EntraState::SoftDeleted, Some(SOFT));
    let inputs = Inputs {
        called: Some(UPN),
        entra: Some(EntraState::HardDeleted),
        evidence: Some(&evidence),
        ..Inputs::default()
    };
    let findings = find(&inputs, now());
    assert_eq!(findings.entra.state, Some(EntraState::HardDeleted));
    assert!(
        findings.remarks.iter().any(|(id, text)| *id == "contradiction" && text.contains("soft-deleted"))
    );
}

#[test]
fn causes() {
    let bin = exports(EntraState::SoftDeleted, Some(SOFT));
    let facts = tombstone();
    assert_eq!(found(Some(&facts), &bin).cause, Some(Cause::OnPremisesDeletion));
    let later = OnPremisesFacts { deleted_at: Some(now()), ..tombstone() };
    let findings = found(Some(&later), &bin);
    assert_eq!(findings.cause, None);
    assert!(findings.cause_candidates.contains(&Cause::CloudPortal));
    // Only here.
    let live = exports(EntraState::Present, Some(LIVE));
    assert_eq!(found(Some(&facts), &live).cause, Some(Cause::OnPremisesDeletion));
    // Moved away since the last synchronisation.
    let moved = lists(&[
        (
            "d",
            list(&[ana(&format!(
                r#"{DELETED},"onPremisesDistinguishedName":"CN=Ana,OU=Old,DC=contoso,DC=com""#
            ))]),
        ),
        ("u", list(&[somebody(false)])),
    ]);
    let present = OnPremisesFacts { is_deleted: false, ..tombstone() };
    assert_eq!(found(Some(&present), &moved).cause, Some(Cause::ScopingChange));
    assert_eq!(found(Some(&present), &bin).cause, None);
    // A licence that was taken away.
    let disabled = SOFT
        .replace("\"IsSoftDeletedByRemove\":true", "\"IsSoftDeletedByRemove\":false")
        .replace("ByDisable\":false", "ByDisable\":true");
    let evidence = lists(&[
        ("u", list(&[somebody(false), ana("")])),
        ("m", list(&[other_mailbox(SOFT), mailbox(ID, &disabled)])),
    ]);
    assert_eq!(found(Some(&present), &evidence).cause, Some(Cause::LicenceRemoved));
    let guide = Guide::new(&found(Some(&facts), &bin));
    assert!(guide.cause_evidence.command.unwrap().contains("AuditLog"));
}

#[test]
fn clocks() {
    let facts = tombstone();
    let findings = found(Some(&facts), &exports(EntraState::SoftDeleted, Some(SOFT)));
    let left: Vec<_> = findings.clocks.iter().map(|c| (c.what, c.days_left)).collect();
    assert_eq!(left, [("entraUser", Some(20)), ("mailbox", Some(21)), ("onPremises", Some(170))]);
    let much_later = now() + chrono::Duration::days(28);
    let inputs = Inputs {
        called: Some(UPN),
        facts: Some(&facts),
        evidence: Some(&exports(EntraState::SoftDeleted, Some(INACTIVE))),
        ..Inputs::default()
    };
    let findings = find(&inputs, much_later);
    assert_eq!((findings.clocks[0].days_left, findings.clocks[1].days_left), (Some(-8), None));
    assert!(findings.clocks[1].rule.contains("hold"));
    assert!(findings.remarks.iter().any(|(id, _)| *id == "clockOver"));
    // By options alone nothing is known of times.
    let inputs = Inputs { entra: Some(EntraState::SoftDeleted), ..Inputs::default() };
    let findings = find(&inputs, now());
    assert_eq!((findings.clocks.len(), findings.clocks[0].ends_at), (1, None));
}

/// Which of two mailboxes is meant is never guessed: no command names one of them.
#[test]
fn two_mailboxes_of_one_address() {
    use adrecover_core::decision_table::Placeholder;
    let second = mailbox("", SOFT).replace(MAILBOX, "2b1b1b1b-0000-4000-8000-000000000002");
    let with = |first: &str| {
        lists(&[
            ("u", list(&[somebody(false)])),
            ("d", list(&[somebody(true)])),
            ("m", list(&[other_mailbox(SOFT), mailbox("", first)])),
            ("n", list(std::slice::from_ref(&second))),
        ])
    };
    let findings = found(None, &with(SOFT));
    assert_eq!(findings.mailbox.state, Some(MailboxState::SoftDeleted));
    assert_eq!((findings.duplicates.len(), findings.values.get(Placeholder::ExchangeGuid)), (2, None));
    let findings = found(None, &with(LIVE));
    assert_eq!((findings.mailbox.state, findings.duplicates.len()), (None, 2));
}

#[test]
fn settings_and_licences_answer_questions() {
    let settings = r#"{"InstanceId":"8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab","SqlSchemaVersion":1,"Parameters":[{"Name":"Microsoft.OptionalFeature.HybridExchange","Value":"True"},{"Name":"Microsoft.SynchronizationOption.UPNAttribute","Value":"mail"}]}"#;
    let plans =
        r#","assignedPlans":[{"service":"exchange","servicePlanId":"p","capabilityStatus":"Enabled"}]"#;
    let evidence = lists(&[("s", settings.to_owned()), ("u", list(&[somebody(false), ana(plans)]))]);
    let answers = found(None, &evidence).answers;
    assert_eq!(answers.get(Question::HybridExchange), Some(true));
    assert_eq!(answers.get(Question::AlternateLogin), Some(true));
    assert_eq!(answers.get(Question::Licensed), Some(true));
    // It comes with nearly every product, and gives no mailbox.
    let foundation = plans.replace("\"p\"", "\"113feb6c-3fe4-4440-bddc-54d774bf0318\"");
    let evidence = lists(&[("u", list(&[somebody(false), ana(&foundation)]))]);
    assert_eq!(found(None, &evidence).answers.get(Question::Licensed), Some(false));
    let evidence = lists(&[("u", list(&[somebody(false), ana(r#","assignedLicenses":[]"#)]))]);
    assert_eq!(found(None, &evidence).answers.get(Question::Licensed), Some(false));
    let evidence = lists(&[("u", list(&[somebody(false), ana("")]))]);
    assert_eq!(found(None, &evidence).answers.get(Question::Licensed), None);
}
