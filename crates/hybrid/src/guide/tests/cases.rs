//! All 27 cases: from options, and from files.

use adrecover_core::decision_table::{Case, Placeholder};

use super::*;

#[test]
fn options_alone_name_each_case() {
    for case in Case::all() {
        let inputs = Inputs {
            on_premises: Some(case.on_premises),
            entra: Some(case.entra),
            mailbox: Some(case.mailbox),
            ..Inputs::default()
        };
        let guide = Guide::new(&find(&inputs, now()));
        assert_eq!(guide.case, Some(case.to_string()));
        assert_eq!(guide.verdict, Some(case.cell().verdict.name()));
        assert_eq!(
            (guide.exit_code(), guide.steps.len()),
            (0, case.cell().steps.len()),
            "all branches are open"
        );
        assert!(guide.unknowns.iter().all(|u| u.decides == "steps"));
        // What is not known is visible and listed.
        for step in &guide.steps {
            let command = step.command.as_deref().unwrap_or_default();
            if command.contains("<UPN>") {
                assert!(step.needs.iter().any(|n| n.starts_with("<UPN>:")), "{case}: {}", step.id);
            }
            for text in [&step.command, &step.check, &step.unless].into_iter().flatten() {
                let left = Placeholder::ALL.iter().find(|p| text.contains(&format!("{{{}}}", p.key())));
                assert_eq!(left, None, "{text}");
            }
        }
    }
}

#[test]
fn files_name_each_case() {
    for case in Case::all() {
        let kinds: &[Option<&str>] = match case.mailbox {
            MailboxState::Present => &[Some(LIVE)],
            MailboxState::SoftDeleted => &[Some(SOFT), Some(INACTIVE)],
            MailboxState::None => &[None],
        };
        for kind in kinds {
            let evidence = exports(case.entra, *kind);
            let facts =
                OnPremisesFacts { is_deleted: case.on_premises == OnPremises::Deleted, ..tombstone() };
            let by_flag = (case.on_premises == OnPremises::Managed).then_some(OnPremises::Managed);
            let inputs = Inputs {
                called: Some(UPN),
                on_premises: by_flag,
                facts: by_flag.is_none().then_some(&facts),
                evidence: Some(&evidence),
                ..Inputs::default()
            };
            let guide = Guide::new(&find(&inputs, now()));
            assert_eq!(guide.case, Some(case.to_string()), "{:?}", guide.states);
            assert!(guide.duplicates.is_empty(), "{:?}", guide.duplicates);
            let open = |name: &str| guide.unknowns.iter().any(|u| u.what == name);
            assert!(!open("mailboxInactive") && !open("undeletable") && !open("recycleBin"), "{case}");
            if case.mailbox != MailboxState::None && case.entra != EntraState::HardDeleted {
                assert!(!open("idsEqual"), "{case}");
                assert!(!guide.steps.iter().any(|s| s.id == "supportDuplicate"), "{case}");
            }
        }
    }
}

/// A case, its files, and the steps that are left.
fn steps(
    entra: EntraState,
    kind: Option<&str>,
    facts: &OnPremisesFacts,
    more: &[(&str, &str)],
) -> Vec<&'static str> {
    let mut files = vec![];
    let evidence = exports(entra, kind);
    drop(evidence);
    let mut live = vec![somebody(false)];
    let mut bin = vec![somebody(true)];
    match entra {
        EntraState::Present => live.push(ana("")),
        EntraState::SoftDeleted => bin.push(ana(DELETED)),
        EntraState::HardDeleted => {}
    }
    let lists: Vec<String> = [LIVE, SOFT, INACTIVE]
        .iter()
        .map(|k| {
            let mut all = vec![other_mailbox(k)];
            all.extend(kind.filter(|kind| kind == k).map(|k| mailbox("", k)));
            list(&all)
        })
        .collect();
    let (live, bin) = (list(&live), list(&bin));
    files.extend([("u", live.as_str()), ("d", &bin), ("l", &lists[0]), ("s", &lists[1]), ("i", &lists[2])]);
    files.extend_from_slice(more);
    let evidence = load(&files);
    let inputs =
        Inputs { called: Some(UPN), facts: Some(facts), evidence: Some(&evidence), ..Inputs::default() };
    Guide::new(&find(&inputs, now())).steps.iter().map(|s| s.id).collect()
}

#[test]
fn sub_branches() {
    let domains = |kind: &str| {
        format!(
            r#"[{{"id":"contoso.com","isVerified":true,"authenticationType":"{kind}","isInitial":false,"isDefault":true}},{{"id":"x.onmicrosoft.com","isVerified":true,"authenticationType":"Managed","isInitial":true,"isDefault":false}}]"#
        )
    };
    let (federated, managed) = (domains("Federated"), domains("Managed"));
    let hard =
        |kind, domains: &str| steps(EntraState::HardDeleted, Some(kind), &tombstone(), &[("dom", domains)]);
    assert!(hard(INACTIVE, &federated).contains(&"recoverInactiveFederated"));
    assert!(!hard(INACTIVE, &federated).contains(&"recoverInactive"));
    assert!(hard(INACTIVE, &managed).contains(&"recoverInactive"));
    assert!(!hard(INACTIVE, &managed).contains(&"saveContent"));
    let soft = hard(SOFT, &managed);
    let at = |id: &str| soft.iter().position(|s| *s == id).unwrap();
    assert!(at("holdSync") < at("saveContent") && at("saveContent") < at("undoSoftDeleted"), "{soft:?}");
    assert!(at("undoSoftDeleted") < at("undelete") && at("undelete") < at("releaseSync"));
    assert!(at("releaseSync") < at("licenceReconnected"));

    // A bin keeps what a tombstone loses.
    let bin = OnPremisesFacts { recycle_bin: Some(true), ..tombstone() };
    let kept = steps(EntraState::SoftDeleted, Some(SOFT), &bin, &[]);
    assert!(!kept.contains(&"writeAnchor") && !kept.contains(&"refill") && kept.contains(&"undelete"));
    let lost = steps(EntraState::SoftDeleted, Some(SOFT), &tombstone(), &[]);
    assert!(lost.contains(&"writeAnchor") && lost.contains(&"refill") && lost.contains(&"enable"));

    // Where Exchange on premises manages recipients it makes the remote mailbox, and `--set` does not get in its way.
    let engine = |on: &str| {
        format!(
            r#"{{"InstanceId":"{GUID}","SqlSchemaVersion":1,"Parameters":[{{"Name":"Microsoft.OptionalFeature.HybridExchange","Value":"{on}"}}]}}"#
        )
    };
    for (on, has, has_not) in [("True", "remoteMailbox", "refill"), ("False", "refill", "remoteMailbox")] {
        let left =
            steps(EntraState::SoftDeleted, Some(SOFT), &tombstone(), &[("GlobalSettings.json", &engine(on))]);
        assert!(left.contains(&has) && !left.contains(&has_not), "{on}: {left:?}");
    }

    // Ids that differ are for support.
    let differ = steps(EntraState::SoftDeleted, Some(LIVE), &tombstone(), &[]);
    assert!(differ.contains(&"supportDuplicate") && !differ.contains(&"undelete"), "{differ:?}");
}

#[test]
fn what_remains_where_it_cannot_be_undeleted() {
    let facts = OnPremisesFacts { not_restorable_because: Some("recycled".into()), ..tombstone() };
    let evidence = exports(EntraState::SoftDeleted, Some(SOFT));
    let inputs =
        Inputs { called: Some(UPN), facts: Some(&facts), evidence: Some(&evidence), ..Inputs::default() };
    let guide = Guide::new(&find(&inputs, now()));
    let remains = guide.remains.unwrap();
    assert!(
        remains
            .steps
            .iter()
            .any(|s| s.command.as_deref().is_some_and(|c| c.contains("authoritative restore")))
    );
    assert!(remains.warnings.iter().any(|w| w.contains("authoritative")) && remains.recreate_loses.len() > 3);
    assert!(
        guide.steps.iter().any(|s| s.id == "authoritativeRestore")
            && !guide.steps.iter().any(|s| s.id == "undelete")
    );
    // What is typed into ntdsutil has the DN in it.
    let restore = remains.steps.iter().find(|s| s.id == "remains.authoritative").unwrap();
    let command = restore.command.as_deref().unwrap();
    assert!(command.contains("restore object \"CN=Ana,OU=Sales,DC=contoso,DC=com\"\n"), "{command}");
    let inputs = Inputs { facts: None, ..inputs };
    assert!(Guide::new(&find(&inputs, now())).remains.is_none(), "nothing says that it is deleted");
    let inputs = Inputs { on_premises: Some(OnPremises::Deleted), ..inputs };
    assert!(Guide::new(&find(&inputs, now())).remains.is_some(), "nothing says that it can be undeleted");
    let facts = tombstone();
    let inputs = Inputs { facts: Some(&facts), ..inputs };
    assert!(Guide::new(&find(&inputs, now())).remains.is_none());
}
