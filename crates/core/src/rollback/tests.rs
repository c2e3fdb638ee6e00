//! Planning, without a directory and without a journal.

use std::collections::HashMap;

use super::*;
use crate::facts::{AttributeFacts, DomainFacts, Holder, Presence};
use crate::guards::tests::{domain, guid, object as facts};
use crate::lifetime::State;
use crate::plan::{Action, LinkEnd, ObjectPlan, Undo};
use crate::value::Value;
use crate::{Dn, Entry, UserAccountControl};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

fn when() -> Timestamp {
    crate::time::generalized("20261121000000.0Z").unwrap()
}

/// A directory whose schema has these attributes, `*` behind the links.
fn with(names: &[&str]) -> DomainFacts {
    let mut domain = domain();
    for name in names {
        let is_single = name.trim_end_matches('*') == "manager";
        let facts = AttributeFacts { is_link: name.ends_with('*'), is_single, ..AttributeFacts::default() };
        domain.attributes.insert(name.trim_end_matches('*').to_lowercase(), Some(facts));
    }
    domain
}

fn request() -> RollbackRequest {
    RollbackRequest { to: when(), single: true, ..RollbackRequest::default() }
}

fn past(attributes: &[(&str, &[&str])]) -> Past {
    let mut past = Past::new(guid(1), "CN=UserA,OU=OnPremises,DC=contoso,DC=com");
    past.attributes = attributes
        .iter()
        .map(|(name, values)| PastAttribute {
            attribute: (*name).to_owned(),
            values: values.iter().map(|v| text(v)).collect(),
            newest: None,
            changed: Some(Changed { at: Some(when()), on: Some("DC1".into()) }),
            later: None,
        })
        .collect();
    past
}

fn present(past: &Past, live: &Entry) -> Present {
    let mut object = facts();
    object.presence = Presence::Live;
    object.dn = live.dn.clone();
    object.uac = live.uac();
    Present::read(object, live, past)
}

fn live() -> Entry {
    Entry::new("CN=UserA,OU=OnPremises,DC=contoso,DC=com")
}

fn planned(
    domain: &DomainFacts,
    request: &RollbackRequest,
    past: &Past,
    live: &Entry,
    around: &Around,
) -> ObjectPlan {
    object(domain, request, past, Some(&present(past, live)), around, &mut vec![])
}

fn names(plan: &ObjectPlan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.action.name()).collect()
}

fn alive(name: &str) -> End {
    End::Live { dn: dn(name), is_protected: false, is_group: true }
}

fn ends(all: &[(u8, End)]) -> Around {
    Around { ends: all.iter().map(|(n, end)| (guid(*n), end.clone())).collect(), ..Around::default() }
}

fn link(n: u8, name: &str) -> LinkEnd {
    LinkEnd { guid: guid(n), dn: dn(name) }
}

#[test]
fn values_are_given_back_and_those_that_came_later_are_cleared() {
    let past = past(&[("department", &["Sales"]), ("info", &[]), ("title", &["Clerk"])]);
    let live = live().with("department", ["wrong"]).with("info", ["new"]).with("title", ["Clerk"]);
    let plan = planned(&with(&["department", "info", "title"]), &request(), &past, &live, &Around::default());
    assert_eq!(names(&plan), ["setAttribute", "setAttribute"]);
    assert!(matches!(&plan.steps[1].action, Action::SetAttribute { values, .. } if values.is_empty()));
    assert_eq!(
        plan.steps[0].undo,
        Undo::Values { attribute: "department".into(), values: vec![text("wrong")] }
    );
    let diffs = diffs(&plan, Some(&past));
    assert_eq!((&diffs[0].now, &diffs[0].then), (&vec![text("wrong")], &vec![text("Sales")]));
    assert_eq!(diffs[0].changed.as_ref().unwrap().on.as_deref(), Some("DC1"));
}

#[test]
fn what_decides_about_rights_has_to_be_named() {
    let past = past(&[("scriptPath", &["old.cmd"]), ("description", &["old"])]);
    let live = live().with("scriptPath", ["new.cmd"]).with("description", ["new"]);
    let domain = with(&["scriptPath", "description"]);
    let whole = planned(&domain, &request(), &past, &live, &Around::default());
    assert_eq!(names(&whole), ["setAttribute"]);
    assert!(whole.warnings[0].contains("--attribute scriptPath"));
    let named = RollbackRequest { attributes: vec!["SCRIPTPATH".into()], ..request() };
    let named = planned(&domain, &named, &past, &live, &Around::default());
    assert!(
        matches!(&named.steps[..], [step] if matches!(&step.action, Action::SetAttribute { attribute, .. } if attribute == "scriptPath"))
    );
}

#[test]
fn what_no_schema_lets_be_written_is_not() {
    let hostile =
        past(&[("objectSid", &["x"]), ("whenChanged", &["x"]), ("nonsense", &["x"]), ("secretive", &["x"])]);
    let mut domain = with(&["objectSid", "whenChanged", "secretive"]);
    let confidential = AttributeFacts { is_confidential: true, ..AttributeFacts::default() };
    domain.attributes.insert("secretive".into(), Some(confidential));
    let named = RollbackRequest {
        attributes: vec!["nonsense".into(), "secretive".into(), "objectSid".into()],
        ..request()
    };
    let plan = planned(&domain, &named, &hostile, &live(), &Around::default());
    assert_eq!(names(&plan), ["manual"], "{:?}", plan.steps);
    let short = AttributeFacts { longest: Some(3), ..AttributeFacts::default() };
    domain.attributes.insert("department".into(), Some(short));
    let long = past(&[("department", &["Sales"])]);
    assert_eq!(names(&planned(&domain, &request(), &long, &live(), &Around::default())), ["manual"]);
}

#[test]
fn a_later_change_is_kept_in_a_window_and_overwritten_by_a_time() {
    let mut past = past(&[("department", &["Sales"])]);
    past.attributes[0].later = Some(Changed::default());
    let live = live().with("department", ["by somebody else"]);
    let domain = with(&["department"]);
    let by_time = planned(&domain, &request(), &past, &live, &Around::default());
    assert!(names(&by_time) == ["setAttribute"] && by_time.warnings[0].contains("overwrites"));
    let window = Some(Window { since: when(), until: when(), on: None });
    let mut by_window = RollbackRequest { window, ..request() };
    let kept = planned(&domain, &by_window, &past, &live, &Around::default());
    assert!(kept.steps.is_empty() && kept.warnings[0].contains("--overwrite-later"));
    by_window.overwrite_later = true;
    assert_eq!(names(&planned(&domain, &by_window, &past, &live, &Around::default())), ["setAttribute"]);
}

#[test]
fn only_differences_are_kept_and_later_changes_are_noticed() {
    let mut past = past(&[("department", &["Sales"]), ("title", &["Clerk"]), ("info", &["a", "b"])]);
    past.attributes[1].newest = Some(vec![text("Head")]);
    let mut same = past.clone();
    let live = live().with("department", ["Sales"]).with("title", ["Boss"]).with("info", ["b", "a"]);
    past.keep_different(&live);
    assert_eq!(past.attributes.len(), 1);
    assert_eq!(past.attributes[0].later, Some(Changed::default()), "the journal has not heard of it");
    same.keep_different(&Entry::new("CN=a").with("title", ["Head"]));
    assert!(same.attributes.iter().all(|a| a.later.is_none()));
}

#[test]
fn taken_names_and_addresses_are_told_one_by_one() {
    let past = past(&[
        ("userPrincipalName", &["A@contoso.com"]),
        ("proxyAddresses", &["smtp:one@contoso.com", "smtp:two@contoso.com"]),
        ("department", &["Sales"]),
    ]);
    let holder =
        |attribute: &str| Holder { guid: guid(9), dn: "CN=Other".into(), attribute: attribute.into() };
    let holders = HashMap::from([
        ("a@contoso.com".to_owned(), vec![holder("userPrincipalName")]),
        ("two@contoso.com".to_owned(), vec![holder("mail")]),
    ]);
    let around = Around { holders, ..Around::default() };
    let domain = with(&["userPrincipalName", "proxyAddresses", "department"]);
    let plan =
        planned(&domain, &request(), &past, &live().with("userPrincipalName", ["b@contoso.com"]), &around);
    assert_eq!(names(&plan), ["manual", "manual", "setAttribute", "setAttribute"]);
    assert!(
        matches!(&plan.steps[2].action, Action::SetAttribute { values, .. } if *values == [text("smtp:one@contoso.com")])
    );
    let free = planned(&domain, &request(), &past, &live(), &Around::default());
    assert_eq!(names(&free), ["setUpn", "setAttribute", "setAttribute"]);
}

#[test]
fn links_by_guid_whatever_the_objects_are_called_now() {
    let mut past = past(&[]);
    let had = vec![link(3, "CN=Old name,DC=x"), link(4, "CN=Gone,DC=x"), link(5, "CN=There,DC=x")];
    let had_not = vec![link(6, "CN=Came,DC=x"), link(7, "CN=Went again,DC=x")];
    past.links = vec![PastLinks { attribute: "member".into(), had, had_not, changed: None }];
    let around = ends(&[
        (3, alive("CN=New name,DC=x")),
        (4, End::Deleted),
        (5, alive("CN=There,DC=x")),
        (6, alive("CN=Came,DC=x")),
        (7, alive("CN=Went again,DC=x")),
    ]);
    let live = live().with("member", ["CN=There,DC=x", "CN=Came,DC=x"]);
    let plan = planned(&with(&["member*"]), &request(), &past, &live, &around);
    assert_eq!(names(&plan), ["removeLinks", "addLinks", "manual"]);
    assert!(
        matches!(&plan.steps[1].action, Action::AddLinks { targets, .. } if *targets == [link(3, "CN=New name,DC=x")])
    );
    let none = planned(&with(&["member"]), &request(), &past, &live, &around);
    assert!(none.steps.is_empty(), "no link attribute by the schema");
}

#[test]
fn thousands_of_members_are_several_steps() {
    let mut past = past(&[]);
    let all: Vec<LinkEnd> = (0..1200u16)
        .map(|n| {
            let mut octets = [9; 16];
            octets[..2].copy_from_slice(&n.to_be_bytes());
            LinkEnd { guid: crate::ObjectGuid::from_wire(&octets).unwrap(), dn: dn(&format!("CN=u{n},DC=x")) }
        })
        .collect();
    let mut around = Around::default();
    for end in &all {
        let live = End::Live { dn: end.dn.clone(), is_protected: false, is_group: false };
        around.ends.insert(end.guid, live);
    }
    past.links = vec![PastLinks { attribute: "member".into(), had: all, had_not: vec![], changed: None }];
    let plan = planned(&with(&["member*"]), &request(), &past, &live(), &around);
    assert_eq!(names(&plan), ["addLinks"; 3]);
    assert_eq!(diffs(&plan, Some(&past))[0].then.len(), 1200);
}

#[test]
fn memberships_of_protected_groups_need_consent() {
    let mut past = past(&[]);
    let groups = vec![link(3, "CN=Sales,DC=x"), link(4, "CN=Domain Admins,DC=x")];
    past.groups =
        Some(PastLinks { attribute: MEMBER_OF.into(), had: groups, had_not: vec![], changed: None });
    let protected = End::Live { dn: dn("CN=Domain Admins,DC=x"), is_protected: true, is_group: true };
    let around = ends(&[(3, alive("CN=Sales,DC=x")), (4, protected)]);
    let plan = planned(&domain(), &request(), &past, &live(), &around);
    assert_eq!(names(&plan), ["addToGroup", "manual"]);
    let consent = RollbackRequest { allow_privileged: true, ..request() };
    assert_eq!(names(&planned(&domain(), &consent, &past, &live(), &around)), ["addToGroup", "addToGroup"]);
    // A journal that calls something a group that is none.
    let no_group = End::Live { dn: dn("CN=Sales,DC=x"), is_protected: false, is_group: false };
    assert_eq!(
        names(&planned(&domain(), &consent, &past, &live(), &ends(&[(3, no_group)]))),
        ["manual", "manual"]
    );
}

fn lay(past: &mut Past, name: &str, parent: u8) {
    past.place = Some(PastPlace { dn: dn(name), parent: guid(parent), changed: None, later: None });
}

#[test]
fn a_place_is_found_by_what_its_container_is_called_now() {
    let mut past = past(&[]);
    lay(&mut past, "CN=UserA,OU=Old,DC=contoso,DC=com", 2);
    let around = ends(&[(2, alive("OU=New,DC=contoso,DC=com"))]);
    let here = Entry::new("CN=UserA,OU=New,DC=contoso,DC=com");
    assert!(
        planned(&domain(), &request(), &past, &here, &around).steps.is_empty(),
        "its container was renamed"
    );
    let elsewhere = Entry::new("CN=UserB,OU=Other,DC=contoso,DC=com");
    let plan = planned(&domain(), &request(), &past, &elsewhere, &around);
    assert_eq!(plan.dn, dn("CN=UserA,OU=New,DC=contoso,DC=com"));
    assert_eq!(plan.steps[0].undo, Undo::Move { to: dn("CN=UserB,OU=Other,DC=contoso,DC=com") });
    let mut taken = around.clone();
    taken.places.insert(dn("CN=UserA,OU=New,DC=contoso,DC=com").key(), guid(9));
    for around in [
        taken,
        ends(&[(2, End::Deleted)]),
        Around::default(),
        ends(&[(2, alive("OU=x,CN=UserB,OU=Other,DC=contoso,DC=com"))]),
    ] {
        assert_eq!(names(&planned(&domain(), &request(), &past, &elsewhere, &around)), ["manual"]);
    }
}

#[test]
fn a_container_that_moves_takes_what_is_in_it_along() {
    let mut unit = Past::new(guid(2), "OU=Old,DC=x");
    lay(&mut unit, "OU=Old,DC=x", 8);
    let mut user = past(&[]);
    lay(&mut user, "CN=UserA,OU=Old,DC=x", 2);
    let around = ends(&[(8, alive("DC=x")), (2, alive("OU=New,DC=x"))]);
    let mut moves = vec![];
    let of = |past: &Past, name: &str, moves: &mut Moves| {
        object(&domain(), &request(), past, Some(&present(past, &Entry::new(name))), &around, moves)
    };
    let first = of(&unit, "OU=New,DC=x", &mut moves);
    assert_eq!(first.dn, dn("OU=Old,DC=x"));
    assert!(of(&user, "CN=UserA,OU=New,DC=x", &mut moves).steps.is_empty(), "it comes along");
    let renamed = of(&user, "CN=Other,OU=New,DC=x", &mut moves);
    assert_eq!(renamed.dn, dn("CN=UserA,OU=Old,DC=x"));
    assert_eq!(renamed.steps[0].undo, Undo::Move { to: dn("CN=Other,OU=Old,DC=x") });
}

#[test]
fn an_account_is_enabled_only_where_that_is_named_and_it_needs_a_password() {
    let past = past(&[("userAccountControl", &["512"])]);
    let domain = with(&["userAccountControl"]);
    let live = |uac: u32| live().with("userAccountControl", [UserAccountControl(uac).to_attribute()]);
    let whole = planned(&domain, &request(), &past, &live(514), &Around::default());
    assert!(whole.steps.is_empty() && whole.warnings[0].contains("--attribute userAccountControl"));
    let named = RollbackRequest { attributes: vec!["userAccountControl".into()], ..request() };
    let step = |uac: u32| planned(&domain, &named, &past, &live(uac), &Around::default());
    assert_eq!(names(&step(514)), ["enable"]);
    assert_eq!(names(&step(514 | UserAccountControl::PASSWORD_NOT_REQUIRED)), ["manual"]);
    let delegation = step(512 | UserAccountControl::TRUSTED_FOR_DELEGATION);
    assert!(delegation.steps.is_empty() && delegation.warnings[0].contains("of its bits only"));
}

#[test]
fn what_is_not_there_is_the_answer_for_one_and_told_for_many() {
    let one = past(&[("department", &["Sales"])]);
    let gone = |request: &RollbackRequest, why| {
        object(
            &domain(),
            request,
            &Past::nothing(guid(1), "CN=a,DC=x", why),
            Some(&present(&one, &live())),
            &Around::default(),
            &mut vec![],
        )
    };
    let many = RollbackRequest { single: false, ..request() };
    for why in [Nothing::Unknown, Nothing::KnownSince(when())] {
        assert_eq!(gone(&request(), why).blocked_by.len(), 1);
        assert_eq!(names(&gone(&many, why)), ["manual"]);
    }
    for why in [Nothing::NotThere(when()), Nothing::WasDeleted] {
        assert!(gone(&request(), why).skipped.is_some());
    }
    let missing = object(&domain(), &request(), &one, None, &Around::default(), &mut vec![]);
    assert_eq!(missing.blocked_by[0].id, "rollback.missing");
    let mut deleted = present(&one, &live());
    deleted.object.presence = Presence::Deleted(State::Tombstone);
    let deleted = object(&domain(), &request(), &one, Some(&deleted), &Around::default(), &mut vec![]);
    assert_eq!(deleted.blocked_by[0].id, "rollback.deleted");
    let mut admin = present(&one, &live());
    admin.object.privileged = vec!["adminCount is set".into()];
    let admin =
        object(&with(&["department"]), &request(), &one, Some(&admin), &Around::default(), &mut vec![]);
    assert_eq!(admin.blocked_by[0].id, "privileged.consent");
}

#[test]
fn a_plan_is_the_same_after_it_was_saved() {
    let mut past = past(&[("department", &["Sales"])]);
    past.groups = Some(PastLinks {
        attribute: MEMBER_OF.into(),
        had: vec![link(3, "CN=G,DC=x")],
        had_not: vec![],
        changed: None,
    });
    let around = ends(&[(3, alive("CN=G,DC=x"))]);
    let domain = with(&["department"]);
    let one = planned(&domain, &request(), &past, &live(), &around);
    let request = RollbackRequest { objects: vec![past], ..request() };
    let plan = plan(&domain, request, vec![one], &vec![], "1");
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<crate::plan::Plan>(&text).unwrap(), plan);
}

#[test]
fn all_links_then_and_now_come_to_what_is_missing_and_what_came() {
    let then = vec![link(1, "CN=stays,DC=x"), link(2, "CN=left,DC=x"), link(3, "CN=left unheard,DC=x")];
    let newest = vec![link(1, "CN=stays,DC=x"), link(3, "CN=left unheard,DC=x"), link(4, "CN=came,DC=x")];
    let live = Entry::new("CN=g").with("member", ["cn=Stays,DC=x", "CN=came,DC=x", "CN=unheard,DC=x"]);
    let (links, unknown) = PastLinks::between("member", then, newest, &link_names(&live, "member"));
    let guids = |ends: &[LinkEnd]| ends.iter().map(|end| end.guid).collect::<Vec<_>>();
    assert_eq!(
        (guids(&links.had), guids(&links.had_not), unknown),
        (vec![guid(2), guid(3)], vec![guid(4)], 1)
    );
}
