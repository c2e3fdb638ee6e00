//! What is planned for whom.

use super::*;
use crate::facts::{GroupFacts, GroupFound, OtherDomain};
use crate::guards::tests::{domain, guid, object};
use crate::kind::ObjectKind;
use crate::lifetime::State;
use crate::plan::{Carried, Undo};
use crate::request::{AccountWish, AttributeWish, PasswordWish, UpnWish};
use crate::value::Value;

fn planned(objects: &[ObjectFacts], request: &RestoreRequest) -> Plan {
    let mut domain = domain();
    domain.undeletes_from_bin = true;
    plan(&domain, objects, request, "test")
}

fn one(object: ObjectFacts, request: &RestoreRequest) -> ObjectPlan {
    planned(&[object], request).objects.remove(0)
}

fn names(plan: &ObjectPlan) -> Vec<&'static str> {
    plan.steps.iter().map(|s| s.action.name()).collect()
}

fn carried(plan: &ObjectPlan) -> Carried {
    match &plan.steps[0].action {
        Action::Reanimate { password, .. } => *password,
        other => panic!("{other:?}"),
    }
}

fn with_password(account: AccountWish) -> RestoreRequest {
    RestoreRequest { account, password: PasswordWish::Given, ..Default::default() }
}

#[test]
fn an_enabled_tombstone_is_never_enabled_without_a_password() {
    let default = one(object(), &RestoreRequest::default());
    assert_eq!(names(&default), ["reanimate", "disable"]);
    assert_eq!(carried(&default), Carried::Random);

    let given = one(object(), &with_password(AccountWish::Default));
    assert_eq!(names(&given), ["reanimate", "disable", "setPassword"]);
    assert_eq!(carried(&given), Carried::Wanted);

    let enabled = one(object(), &with_password(AccountWish::Enable));
    assert_eq!(names(&enabled), ["reanimate", "setPassword", "enable"]);
    assert_eq!(carried(&enabled), Carried::Wanted);
}

#[test]
fn a_disabled_tombstone_needs_no_random_password() {
    let mut facts = object();
    facts.uac = crate::UserAccountControl::parse("514");
    let plan = one(facts, &RestoreRequest::default());
    assert_eq!(names(&plan), ["reanimate"]);
    assert_eq!(carried(&plan), Carried::None);
}

#[test]
fn a_bin_object_comes_back_as_it_was_and_a_privileged_one_does_not() {
    let mut facts = object();
    facts.presence = Presence::Deleted(State::Deleted);
    facts.user_principal_name = Some("usera@contoso.com".into());
    let plan = one(facts.clone(), &RestoreRequest::default());
    assert_eq!(names(&plan), ["reanimate"]);
    assert_eq!(carried(&plan), Carried::None);
    assert!(plan.warnings.iter().any(|w| w.contains("old password")));

    let other = RestoreRequest { upn: Some(UpnWish::Value("b@contoso.com".into())), ..Default::default() };
    let plan = one(facts.clone(), &other);
    assert_eq!(names(&plan), ["reanimate"], "the new logon name travels inside");
    assert!(
        matches!(&plan.steps[0].action, Action::Reanimate { user_principal_name: Some(u), .. } if u == "b@contoso.com")
    );

    facts.privileged = vec!["adminCount is set".into()];
    let consent = RestoreRequest { allow_privileged: true, ..with_password(AccountWish::Enable) };
    let plan = one(facts, &consent);
    assert_eq!(names(&plan), ["reanimate", "disable", "setPassword"]);
    assert_eq!(carried(&plan), Carried::Wanted);
}

#[test]
fn what_is_there_already_is_not_written() {
    let mut live = object();
    live.presence = Presence::Live;
    live.dn = "CN=UserA,OU=OnPremises,DC=contoso,DC=com".into();
    live.user_principal_name = Some("usera@contoso.com".into());
    live.has_password = true;
    live.present = vec![("title".into(), vec![Value::Text("CEO".into())])];
    let mut request = RestoreRequest {
        upn: Some(UpnWish::Value("usera@contoso.com".into())),
        set: vec![AttributeWish { attribute: "title".into(), values: vec![Value::Text("CEO".into())] }],
        ..with_password(AccountWish::Enable)
    };
    let plan = one(live.clone(), &request);
    assert_eq!(names(&plan), ["setUpn", "setAttribute", "setPassword", "enable"]);
    assert!(!plan.writes() && plan.steps.iter().all(|s| s.already));
    request.reset_password = true;
    let plan = one(live, &request);
    assert!(plan.needs_password());
    assert_eq!(plan.steps.iter().filter(|s| !s.already).count(), 1);
}

#[test]
fn undo_knows_the_values_before() {
    let mut live = object();
    live.presence = Presence::Live;
    live.dn = "CN=UserA,OU=OnPremises,DC=contoso,DC=com".into();
    live.user_principal_name = Some("old@contoso.com".into());
    let request =
        RestoreRequest { upn: Some(UpnWish::Value("new@contoso.com".into())), ..Default::default() };
    let plan = one(live, &request);
    let values = vec![Value::Text("old@contoso.com".into())];
    assert_eq!(plan.steps[0].undo, Undo::Values { attribute: "userPrincipalName".into(), values });
}

#[test]
fn groups_that_cannot_be_joined_are_left_to_a_person() {
    let group =
        |found| GroupFacts { wanted: "CN=G,DC=x".parse().unwrap(), source: "file:g".into(), at: None, found };
    let found = |protected, is_primary| GroupFound::Group {
        dn: "CN=G,DC=x".parse().unwrap(),
        guid: guid(8),
        protected,
        is_member: false,
        is_primary,
    };
    let mut facts = object();
    facts.groups = vec![
        group(found(false, false)),
        group(found(true, false)),
        group(found(false, true)),
        group(GroupFound::Deleted),
        group(GroupFound::NotAGroup),
        group(GroupFound::OtherDomain(OtherDomain::OtherForest)),
    ];
    let plan = one(facts, &RestoreRequest::default());
    assert_eq!(names(&plan)[2..], ["addToGroup", "manual", "manual", "manual", "manual"]);
}

/// The step that a group of another domain becomes.
fn elsewhere(found: OtherDomain, allow_privileged: bool) -> Step {
    let mut facts = object();
    let found = GroupFound::OtherDomain(found);
    facts.groups = vec![GroupFacts {
        wanted: "CN=G,DC=emea,DC=x".parse().unwrap(),
        source: "file:g".into(),
        at: None,
        found,
    }];
    let request = RestoreRequest { allow_privileged, ..Default::default() };
    one(facts, &request).steps.pop().unwrap()
}

#[test]
fn a_group_of_another_domain_is_written_there() {
    let found = |protected, is_member| OtherDomain::Group {
        dn: "CN=G,DC=emea,DC=x".parse().unwrap(),
        guid: guid(8),
        domain: "emea.x".into(),
        protected,
        is_member,
    };
    let step = elsewhere(found(false, false), false);
    assert_eq!((step.action.name(), step.action.other_domain()), ("addToGroup", Some("emea.x")));
    assert_eq!((step.already, step.undo), (false, Undo::RemoveFromGroup));
    assert!(elsewhere(found(false, true), false).already);
    let text = |found| match elsewhere(found, false).action {
        Action::Manual { text } => text,
        other => panic!("{other:?}"),
    };
    assert!(text(found(true, false)).contains("protected group of the domain emea.x"));
    assert_eq!(elsewhere(found(true, false), true).action.name(), "addToGroup");
    let domain = || "emea.x".to_owned();
    assert!(text(OtherDomain::Global { domain: domain() }).contains("takes no members of this domain"));
    assert!(text(OtherDomain::Missing { domain: domain() }).contains("does not show a live group"));
    let unreachable = OtherDomain::Unreachable { domain: domain(), reason: "no route".into() };
    assert!(text(unreachable).ends_with("(no route)"));
    assert!(text(OtherDomain::OtherForest).contains("none of this forest"));
}

#[test]
fn what_was_saved_before_there_were_other_domains_is_read() {
    let old = r#"{"step":"addToGroup","group":"CN=G,DC=x","guid":"3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f","source":"file:g"}"#;
    let action: Action = serde_json::from_str(old).unwrap();
    assert_eq!(action.other_domain(), None);
    // Nor does a group of the domain itself look different.
    assert_eq!(serde_json::to_string(&action).unwrap(), old);
    let new = serde_json::to_string(&elsewhere(
        OtherDomain::Group {
            dn: "CN=G,DC=emea,DC=x".parse().unwrap(),
            guid: guid(8),
            domain: "emea.x".into(),
            protected: false,
            is_member: false,
        },
        false,
    ));
    let step: Step = serde_json::from_str(&new.unwrap()).unwrap();
    assert_eq!(step.action.other_domain(), Some("emea.x"));
}

#[test]
fn containers_come_before_what_is_below_them() {
    let below = |n: u8, parent: u8| {
        let mut facts = object();
        facts.guid = guid(n);
        facts.rdn = crate::Rdn::new("CN", &format!("o{n}"));
        facts.sam_account_name = Some(format!("o{n}"));
        facts.parent = ParentFacts::Deleted {
            guid: guid(parent),
            dn: String::new(),
            name: format!("o{parent}"),
            in_plan: true,
        };
        facts
    };
    let mut top = object();
    top.guid = guid(5);
    top.kind = ObjectKind::Ou;
    top.rdn = crate::Rdn::new("OU", "Top");
    top.sam_account_name = None;
    let plan = planned(&[below(7, 6), below(6, 5), top.clone()], &RestoreRequest::default());
    let order: Vec<ObjectGuid> = plan.objects.iter().map(|o| o.guid).collect();
    assert_eq!(order, [guid(5), guid(6), guid(7)]);
    assert_eq!(plan.objects[2].dn.to_string(), "CN=o7,CN=o6,OU=Top,OU=OnPremises,DC=contoso,DC=com");

    top.presence = Presence::Deleted(State::Recycled);
    let plan = planned(&[below(6, 5), top], &RestoreRequest::default());
    assert_eq!(plan.objects[1].blocked_by[0].id, "parent.blocked");
}

#[test]
fn parents_in_a_circle_end() {
    let mut a = object();
    a.parent = ParentFacts::Deleted { guid: guid(9), dn: String::new(), name: "b".into(), in_plan: true };
    let mut b = a.clone();
    b.guid = guid(9);
    b.parent = ParentFacts::Deleted { guid: guid(1), dn: String::new(), name: "a".into(), in_plan: true };
    assert_eq!(planned(&[a, b], &RestoreRequest::default()).objects.len(), 2);
}

#[test]
fn namesakes_block_each_other() {
    let mut other = object();
    other.guid = guid(9);
    let plan = planned(&[object(), other], &RestoreRequest::default());
    assert!(plan.objects.iter().all(|o| o.blocked_by[0].id == "selection.namesake"));
}

#[test]
fn a_managed_service_account_brings_its_interval() {
    let mut facts = object();
    facts.kind = ObjectKind::Gmsa;
    facts.class = "msDS-GroupManagedServiceAccount".into();
    let interval = |request: &RestoreRequest| match &one(facts.clone(), request).steps[0].action {
        Action::Reanimate { mandatory, .. } => mandatory[0].values.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(interval(&RestoreRequest::default()), [Value::Text("30".into())]);
    let asked = AttributeWish {
        attribute: "msds-managedpasswordinterval".into(),
        values: vec![Value::Text("7".into())],
    };
    let request = RestoreRequest { set: vec![asked], ..Default::default() };
    assert_eq!(interval(&request), [Value::Text("7".into())]);
    assert_eq!(names(&one(facts.clone(), &request)), ["reanimate", "disable"]);
}

#[test]
fn still_missing_is_what_was_stripped_and_not_set() {
    let request = RestoreRequest { upn: Some(UpnWish::Value("a@contoso.com".into())), ..Default::default() };
    assert_eq!(one(object(), &request).still_missing, ["mail"]);
}

#[test]
fn a_plan_survives_being_saved() {
    let request = RestoreRequest {
        set: vec![AttributeWish {
            attribute: "thumbnailPhoto".into(),
            values: vec![Value::from_bytes(b"\xff\xd8")],
        }],
        ..with_password(AccountWish::Enable)
    };
    let plan = planned(&[object()], &request);
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

/// A user whom a source has, and the directory has not any more.
fn absent() -> ObjectFacts {
    ObjectFacts {
        presence: Presence::Absent,
        dn: String::new(),
        uac: crate::UserAccountControl::parse("514"),
        ..object()
    }
}

#[test]
fn a_new_object_is_created_disabled_and_says_what_it_is_not() {
    let plan = one(absent(), &with_password(AccountWish::Enable));
    assert_eq!(names(&plan), ["create", "setPassword", "enable"]);
    let Action::Create { sam_account_name, mandatory, .. } = &plan.steps[0].action else { panic!() };
    assert_eq!(sam_account_name.as_deref(), Some("UserA"));
    assert_eq!(
        (mandatory[0].attribute.as_str(), &mandatory[0].values[0]),
        ("userAccountControl", &Value::Text("514".into()))
    );
    assert!(
        plan.losses.iter().any(|loss| loss.contains("objectSid")) && plan.blocked_by.is_empty(),
        "{plan:?}"
    );
    assert_eq!(names(&one(absent(), &RestoreRequest::default())), ["create"]);
    assert_eq!(
        one(absent(), &RestoreRequest { account: AccountWish::Enable, ..Default::default() }).blocked_by[0]
            .id,
        "account.password"
    );
}

#[test]
fn only_objects_of_use_are_created_anew() {
    let of = |kind, group_type| {
        let facts = ObjectFacts { kind, group_type, ..absent() };
        one(facts, &RestoreRequest::default())
            .blocked_by
            .iter()
            .map(|block| block.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(ObjectKind::Gmsa, None), ["class.recreate"]);
    assert_eq!(of(ObjectKind::Group, None), ["class.recreate"]);
    assert_eq!(of(ObjectKind::Group, Some(-2_147_483_643)), ["class.recreate"], "one of the system's own");
    assert!(of(ObjectKind::Group, Some(-2_147_483_646)).is_empty());
}
