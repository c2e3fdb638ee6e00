//! What is filled, and what is said of the rest.

use super::*;
use crate::facts::{AttributeFacts, DomainFacts, ObjectFacts, Presence};
use crate::guards::tests::{domain, ids, object};
use crate::lifetime::State;
use crate::plan::{Action, ObjectPlan};
use crate::planner::plan;
use crate::request::{AttributeWish, RestoreRequest, UpnWish};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn fill(attribute: &str, values: &[&str]) -> Fill {
    Fill {
        attribute: attribute.to_owned(),
        values: values.iter().map(|v| text(v)).collect(),
        source: "users.json".to_owned(),
        at: crate::time::generalized("20261120100000.0Z"),
        unsure: None,
    }
}

fn asking(fills: Vec<Fill>) -> RestoreRequest {
    RestoreRequest { fills: [(object().guid, fills)].into(), ..Default::default() }
}

/// A user who is live again, without anything.
fn live() -> ObjectFacts {
    ObjectFacts {
        presence: Presence::Live,
        dn: "CN=UserA,OU=OnPremises,DC=contoso,DC=com".into(),
        stripped: vec![],
        ..object()
    }
}

fn filled(facts: &ObjectFacts, request: &RestoreRequest) -> (Vec<String>, String) {
    let Filling { fills, notes, .. } = decide(&domain(), facts, request);
    (fills.into_iter().map(|fill| fill.attribute).collect(), notes.join("\n"))
}

#[track_caller]
fn not_filled(facts: &ObjectFacts, request: &RestoreRequest, said: &str) {
    let (names, notes) = filled(facts, request);
    assert!(names.is_empty() && notes.contains(said), "{names:?}: {notes}");
}

fn planned(facts: ObjectFacts, request: &RestoreRequest) -> ObjectPlan {
    plan(&domain(), &[facts], request, "test").objects.remove(0)
}

fn steps(plan: &ObjectPlan) -> Vec<String> {
    let told = |action: &Action| match action {
        Action::SetUpn { value, source, .. } => {
            format!("setUpn {value} {}", source.as_deref().unwrap_or("-"))
        }
        Action::SetAttribute { attribute, source, only_if_absent, .. } => {
            format!("{attribute} {source} {only_if_absent}")
        }
        other => other.name().to_owned(),
    };
    plan.steps.iter().map(|step| told(&step.action)).collect()
}

#[test]
fn what_a_tombstone_lost_comes_back_as_steps() {
    let request = asking(vec![
        fill("mail", &["a@contoso.com"]),
        fill(LOGON_NAME, &["a@contoso.com"]),
        fill("proxyAddresses", &["SMTP:a@contoso.com", "smtp:b@contoso.com", "SMTP:B@contoso.com"]),
    ]);
    let facts = ObjectFacts {
        stripped: ["mail", "proxyAddresses", "userPrincipalName", "title"].map(str::to_owned).to_vec(),
        ..object()
    };
    let plan = planned(facts, &request);
    assert_eq!(
        steps(&plan),
        [
            "reanimate",
            "disable",
            "setUpn a@contoso.com users.json",
            "mail users.json true",
            "proxyAddresses users.json true"
        ]
    );
    let Action::SetAttribute { values, at, .. } = &plan.steps[4].action else { panic!() };
    assert_eq!(
        values,
        &[text("SMTP:a@contoso.com"), text("smtp:b@contoso.com")],
        "each once, whatever its case"
    );
    assert!(at.is_some());
    assert_eq!(plan.still_missing, ["title"]);
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
    assert!(plan.losses.iter().any(|l| l.starts_with("some attributes")), "{:?}", plan.losses);
}

#[test]
fn nothing_is_said_to_be_lost_where_all_of_it_is_filled() {
    let request = asking(vec![fill("mail", &["a@contoso.com"]), fill(LOGON_NAME, &["a@contoso.com"])]);
    let plan = planned(object(), &request);
    assert!(plan.still_missing.is_empty() && !plan.losses.iter().any(|l| l.contains("attributes")));
}

#[test]
fn what_is_given_wins_over_every_source() {
    let mut request = asking(vec![fill("mail", &["a@contoso.com"]), fill(LOGON_NAME, &["a@contoso.com"])]);
    request.upn = Some(UpnWish::Suffix("fabrikam.com".into()));
    request.set = vec![AttributeWish { attribute: "MAIL".into(), values: vec![] }];
    let plan = planned(object(), &request);
    assert_eq!(steps(&plan), ["reanimate", "disable", "setUpn UserA@fabrikam.com -", "MAIL --set false"]);
}

#[test]
fn what_is_there_is_never_overwritten() {
    let mut facts = live();
    facts.present = vec![("mail".into(), vec![text("new@contoso.com")]), ("title".into(), vec![text("CEO")])];
    facts.user_principal_name = Some("new@contoso.com".into());
    let request = asking(vec![
        fill("mail", &["a@contoso.com"]),
        fill("title", &["CEO"]),
        fill(LOGON_NAME, &["a@contoso.com"]),
    ]);
    let plan = planned(facts, &request);
    assert_eq!(steps(&plan), ["title users.json true"]);
    assert!(plan.steps[0].already && !plan.writes());
    let notes = plan.warnings.join("\n");
    for name in ["mail", LOGON_NAME] {
        let said = format!(
            "{name} is not filled: the object has `new@contoso.com`, and users.json has `a@contoso.com`"
        );
        assert!(notes.contains(&said), "{notes}");
    }
}

#[test]
fn of_several_sources_the_first_good_one_counts() {
    let other = Fill { source: "journal".into(), ..fill("title", &["Clerk"]) };
    let bad = Fill { source: "ldif".into(), ..fill("title", &["a\u{7}"]) };
    let request = asking(vec![bad, other, fill("TITLE", &["CEO"])]);
    let filling = decide(&domain(), &object(), &request);
    assert_eq!(filling.fills.len(), 1);
    assert_eq!(filling.fills[0].source, "journal");
}

#[test]
fn what_is_not_harmless_needs_its_name_and_secrets_have_none() {
    let offered = vec![
        fill("scriptPath", &["\\\\evil\\x.cmd"]),
        fill("servicePrincipalName", &["host/x"]),
        fill("unicodePwd", &["x"]),
        fill("sIDHistory", &["x"]),
        fill("userAccountControl", &["66048"]),
    ];
    let mut request = asking(offered);
    let (names, notes) = filled(&object(), &request);
    assert!(names.is_empty());
    assert!(
        notes
            .contains("scriptPath, servicePrincipalName: needs --fill-attribute scriptPath --fill-attribute"),
        "{notes}"
    );
    assert!(
        notes.contains("unicodePwd: it is a secret") && notes.contains("sIDHistory: the directory owns it")
    );
    request.fill_attributes =
        ["SCRIPTPATH", "unicodePwd", "sIDHistory", "userAccountControl"].map(str::to_owned).to_vec();
    assert_eq!(filled(&object(), &request).0, ["scriptPath"]);
}

#[test]
fn what_the_object_never_had_is_from_elsewhere() {
    let mut facts = ObjectFacts { had: Some(vec!["Title".into()]), ..object() };
    let mut request = asking(vec![
        fill("title", &["CEO"]),
        fill("mobile", &["+1 2"]),
        fill(LOGON_NAME, &["a@contoso.com"]),
    ]);
    let (names, notes) = filled(&facts, &request);
    assert_eq!(names, ["title"]);
    assert!(notes.contains("mobile, userPrincipalName: the directory does not show"), "{notes}");
    assert_eq!(facts.identity(&request).user_principal_name, None);
    request.fill_attributes = vec!["mobile".into()];
    assert_eq!(filled(&facts, &request).0, ["title", "mobile"]);
    // Who may not read the metadata knows nothing about it.
    facts.had = None;
    assert_eq!(filled(&facts, &request).0, ["title", "mobile", LOGON_NAME]);
}

#[test]
fn what_may_be_somebody_elses_needs_its_name() {
    let unsure = |attribute: &str, value: &str| Fill {
        unsure: Some("it was found by the UPN only".into()),
        ..fill(attribute, &[value])
    };
    let mut request =
        asking(vec![unsure("title", "CEO"), unsure("mail", "a@x.com"), unsure(LOGON_NAME, "a@x.com")]);
    not_filled(
        &object(),
        &request,
        "title, mail, userPrincipalName: it was found by the UPN only; --fill-attribute",
    );
    request.fill_attributes = vec!["mail".into(), "userprincipalname".into()];
    assert_eq!(filled(&object(), &request).0, ["mail", LOGON_NAME]);
}

#[test]
fn the_schema_and_the_value_have_their_say() {
    let with = |facts: Option<AttributeFacts>| DomainFacts {
        attributes: [("title".to_owned(), facts)].into(),
        ..domain()
    };
    let said = |domain: &DomainFacts, values: &[&str]| {
        let filling = decide(domain, &object(), &asking(vec![fill("title", values)]));
        assert!(filling.fills.is_empty());
        filling.notes.join("\n")
    };
    let facts = AttributeFacts::default;
    assert!(said(&with(None), &["CEO"]).contains("schema has no such attribute"));
    assert!(said(&with(Some(AttributeFacts { is_system: true, ..facts() })), &["CEO"]).contains("owns it"));
    assert!(
        said(&with(Some(AttributeFacts { is_confidential: true, ..facts() })), &["CEO"])
            .contains("confidential")
    );
    assert!(said(&with(Some(AttributeFacts { longest: Some(2), ..facts() })), &["CEO"]).contains("takes 2"));
    assert!(said(&domain(), &["a\u{1b}b"]).contains("control characters"));
    let odd = said(&domain(), &["=1+1"]);
    assert!(odd.contains("formula") && odd.contains("--fill-attribute title"), "{odd}");
    let mut request = asking(vec![fill("title", &["=1+1"])]);
    request.fill_attributes = vec!["title".into()];
    assert_eq!(filled(&object(), &request).0, ["title"]);
}

#[test]
fn a_manager_is_written_as_the_directory_names_him_today() {
    let domain = DomainFacts {
        attributes: [("manager".to_owned(), Some(AttributeFacts { is_link: true, ..Default::default() }))]
            .into(),
        ..domain()
    };
    let request = asking(vec![fill("manager", &["cn=boss,dc=contoso,dc=com"])]);
    // A tombstone does not show that it had links.
    let mut facts = ObjectFacts { had: Some(vec![]), ..object() };
    facts.linked = vec![("cn=boss,dc=contoso,dc=com".into(), None)];
    let gone = decide(&domain, &facts, &request);
    assert!(gone.fills.is_empty() && gone.notes[0].contains("not in this directory"), "{:?}", gone.notes);
    facts.linked[0].1 = Some("CN=Boss,OU=x,DC=contoso,DC=com".parse().unwrap());
    let filling = decide(&domain, &facts, &request);
    assert_eq!(filling.fills[0].values, [text("CN=Boss,OU=x,DC=contoso,DC=com")]);
}

#[test]
fn an_object_of_the_recycle_bin_has_what_it_had() {
    let bin = ObjectFacts { presence: Presence::Deleted(State::Deleted), ..object() };
    not_filled(&bin, &asking(vec![fill("title", &["CEO"]), fill(LOGON_NAME, &["a@x.com"])]), "Recycle Bin");
    assert_eq!(bin.identity(&asking(vec![fill(LOGON_NAME, &["a@x.com"])])).user_principal_name, None);
}

#[test]
fn the_guards_see_a_filled_logon_name() {
    let request = asking(vec![fill(LOGON_NAME, &["a@contoso.com"])]);
    let holder = crate::facts::Holder {
        guid: crate::guards::tests::guid(9),
        dn: "CN=Other".into(),
        attribute: "userPrincipalName".into(),
    };
    for mut facts in [object(), live()] {
        assert!(ids(&facts, &domain(), &request).is_empty());
        facts.upn_holders = vec![holder.clone()];
        assert_eq!(ids(&facts, &domain(), &request), ["name.userPrincipalName"]);
    }
    let mut alone = domain();
    alone.forest = crate::facts::ForestCheck::Unavailable("refused".into());
    assert_eq!(ids(&live(), &alone, &request), ["forest.unchecked"]);
    for bad in ["anna", "a b@c", "@c", "a@b@c"] {
        not_filled(&object(), &asking(vec![fill(LOGON_NAME, &[bad])]), "it is no logon name");
    }
    let group = ObjectFacts { kind: crate::kind::ObjectKind::Group, ..object() };
    assert!(filled(&group, &request).0.is_empty());
}

#[test]
fn two_objects_of_a_plan_do_not_get_one_address() {
    let mut other = object();
    other.guid = crate::guards::tests::guid(9);
    other.rdn = crate::Rdn::new("CN", "UserB");
    other.sam_account_name = Some("UserB".into());
    let address = |value: &str| fill("proxyAddresses", &[value]);
    let request = RestoreRequest {
        fills: [
            (object().guid, vec![address("SMTP:a@contoso.com"), fill("mail", &["a@contoso.com"])]),
            (other.guid, vec![address("smtp:A@contoso.com")]),
        ]
        .into(),
        ..Default::default()
    };
    let plan = plan(&domain(), &[object(), other], &request, "test");
    for object in &plan.objects {
        let blocks: Vec<&str> = object.blocked_by.iter().map(|b| b.message.as_str()).collect();
        assert!(
            matches!(blocks[..], [one] if one.contains("would have the logon name or address `a@contoso.com`")),
            "{blocks:?}"
        );
    }
}

#[test]
fn what_the_sources_say_besides_is_a_warning() {
    let mut request = RestoreRequest::default();
    request.fill_notes.insert(object().guid, vec!["two cloud objects claim it".into()]);
    assert_eq!(planned(object(), &request).warnings, ["two cloud objects claim it"]);
}

#[test]
fn secrets_and_what_is_too_large_are_not_even_kept() {
    assert!(why_not_kept(&fill("unicodePwd", &["x"])).is_some());
    assert!(why_not_kept(&fill("displayName", &[&"x".repeat(1 << 20)])).is_some());
    assert!(why_not_kept(&fill("proxyAddresses", &vec!["x"; 5000])).is_some());
    assert_eq!(why_not_kept(&fill("scriptPath", &["x"])), None);
}

#[test]
fn older_plans_are_read_and_new_ones_come_back() {
    let old = r#"{"step":"setAttribute","attribute":"mail","values":[{"text":"a"}],"source":"--set"}"#;
    let action: Action = serde_json::from_str(old).unwrap();
    assert_eq!(serde_json::to_string(&action).unwrap(), old);
    let old = r#"{"step":"setUpn","value":"a@b"}"#;
    assert_eq!(serde_json::to_string(&serde_json::from_str::<Action>(old).unwrap()).unwrap(), old);

    let mut request = asking(vec![Fill { unsure: Some("x".into()), ..fill("mail", &["a@contoso.com"]) }]);
    request.fill_attributes = vec!["mail".into()];
    let plan = plan(&domain(), &[object()], &request, "test");
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<crate::plan::Plan>(&text).unwrap(), plan);
}

#[test]
fn what_a_further_source_has_differently_is_a_conflict() {
    let of = |source: &str, attribute: &str, values: &[&str]| Fill {
        source: source.into(),
        ..fill(attribute, values)
    };
    let request = asking(vec![
        of("new", "title", &["Head Clerk"]),
        of("new", "company", &["Contoso"]),
        of("old", "title", &["Clerk"]),
        of("old", "company", &["CONTOSO"]),
        of("old", "department", &["Sales"]),
        of("oldest", "title", &["Trainee"]),
        of("oldest", LOGON_NAME, &["a@contoso.com"]),
    ]);
    let told = decide(&domain(), &object(), &request);
    let [conflict] = told.conflicts.as_slice() else { panic!("{:?}", told.conflicts) };
    assert_eq!((conflict.attribute.as_str(), conflict.chosen.source.as_str()), ("title", "new"));
    let others: Vec<&str> = conflict.others.iter().map(|claim| claim.source.as_str()).collect();
    assert_eq!(others, ["old", "oldest"]);
    let text = conflict.describe(domain().now);
    assert!(
        text.contains("new, 38 hours old: Head Clerk counts") && text.contains("Clerk; oldest"),
        "{text}"
    );
    assert_eq!(planned(object(), &request).conflicts, told.conflicts);
}
