//! What is in scope and what is not.

use adrecover_core::{Dn, Rdn};
use proptest::prelude::*;

use super::fixture::{
    Domain, condition_xml, connector_json, connector_xml, domain, named, policy_json, read, rule_xml,
    schema_json, verdict,
};
use crate::scope::filters::{self, Filter, Outcome};
use crate::scope::model::SyncScope;
use crate::scope::{Evaluator, ObjectFacts, Reason, custom_rule};

const USER: &str = "CN=Anna,OU=CORP,DC=contoso,DC=com";

fn contoso() -> Domain {
    domain("DC=contoso,DC=com", &["OU=CORP,DC=contoso,DC=com"], &["DC=contoso,DC=com"])
}

/// A user about whom everything is known that the default rules ask.
fn user() -> ObjectFacts {
    ObjectFacts::name_only()
        .with("objectClass", ["top", "person", "organizationalPerson", "user"])
        .with("sAMAccountName", ["anna"])
        .without("memberOf")
        .without("isCriticalSystemObject")
        .without("mailNickname")
        .without("adminDescription")
        .without("msExchRecipientTypeDetails")
}

fn with_rules(rules: &[String]) -> SyncScope {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.xml"), connector_xml(&[contoso()], "")).unwrap();
    for (i, rule) in rules.iter().enumerate() {
        std::fs::write(folder.path().join(format!("r{i}.xml")), rule).unwrap();
    }
    crate::scope::read(&[folder.path()]).unwrap()
}

#[test]
fn the_nearest_listed_container_decides() {
    let nested = domain(
        "DC=contoso,DC=com",
        &["OU=CORP,DC=contoso,DC=com", "OU=Keep,OU=Old,OU=CORP,DC=contoso,DC=com"],
        &["DC=contoso,DC=com", "OU=Old,OU=CORP,DC=contoso,DC=com"],
    );
    let scope = read(connector_xml(&[nested], ""));
    let cases = [
        ("OU=CORP,DC=contoso,DC=com", "includedBy"),
        ("CN=A,OU=Old,OU=CORP,DC=contoso,DC=com", "excludedBy"),
        ("CN=A,OU=Keep,OU=Old,OU=CORP,DC=contoso,DC=com", "includedBy"),
        ("CN=A,OU=Keep,OU=Old2,OU=CORP,DC=contoso,DC=com", "includedBy"),
        ("CN=A,OU=Keep,DC=contoso,DC=com", "excludedBy"),
        ("DC=contoso,DC=com", "excludedBy"),
        ("DC=com", "noPartition"),
        ("", "noPartition"),
    ];
    for (dn, reason) in cases {
        assert_eq!(named(&scope, dn).0, reason, "{dn}");
    }
    // Without the domain itself in a list.
    let scope = read(connector_xml(&[domain("DC=contoso,DC=com", &["OU=CORP,DC=contoso,DC=com"], &[])], ""));
    assert_eq!(named(&scope, "CN=A,OU=X,DC=contoso,DC=com").0, "notListed");
    // Nothing listed: nobody knows.
    let scope = read(connector_xml(&[domain("DC=contoso,DC=com", &[], &[])], ""));
    assert_eq!(named(&scope, USER).0, "unknown");
    // The same container twice.
    let both = domain("DC=contoso,DC=com", &["OU=CORP,DC=contoso,DC=com"], &["ou=corp,DC=contoso,DC=com"]);
    assert_eq!(named(&read(connector_xml(&[both], "")), USER).0, "unknown");
}

#[test]
fn names_are_compared_by_their_parts() {
    let listed = domain(
        "DC=contoso,DC=com",
        &["OU=Doe\\, A,DC=contoso,DC=com", "OU=a+CN=b,DC=contoso,DC=com"],
        &["DC=contoso,DC=com"],
    );
    let scope = read(connector_xml(&[listed], ""));
    let cases = [
        ("CN=x,OU=doe\\2C a,DC=contoso,DC=com", "includedBy"),
        ("CN=x,OU=\"Doe, A\",DC=contoso,DC=com", "includedBy"),
        ("CN=x,OU=Doe,DC=contoso,DC=com", "excludedBy"),
        ("CN=x,cn=B+ou=A,DC=contoso,DC=com", "includedBy"),
        ("CN=x,OU=a,DC=contoso,DC=com", "excludedBy"),
        ("CN=x , OU = Doe\\, A , DC=CONTOSO , dc=com", "includedBy"),
    ];
    for (dn, reason) in cases {
        assert_eq!(named(&scope, dn).0, reason, "{dn}");
    }
}

#[test]
fn the_longest_partition_counts() {
    let child = Domain { selected: false, ..domain("DC=eu,DC=contoso,DC=com", &[], &[]) };
    let all = domain("DC=contoso,DC=com", &["DC=contoso,DC=com"], &[]);
    for domains in [[all.clone(), child.clone()], [child, all]] {
        let scope = read(connector_xml(&domains, ""));
        assert_eq!(named(&scope, "CN=A,DC=contoso,DC=com").0, "includedBy");
        let (reason, value) = named(&scope, "CN=A,DC=eu,DC=contoso,DC=com");
        assert_eq!((reason, value.as_str()), ("partitionNotSelected", "DC=eu,DC=contoso,DC=com"));
        assert_eq!(named(&scope, "CN=A,DC=xeu,DC=contoso,DC=com").0, "includedBy");
    }
}

#[test]
fn only_classes_that_are_read() {
    let scope = read(connector_xml(&[contoso()], ""));
    let of = |classes: &[&str]| user().with("objectClass", classes.iter().copied());
    let reason = |facts: &ObjectFacts| verdict(&scope, USER, facts).reason;
    assert_eq!(reason(&user()), Reason::IncludedBy);
    assert_eq!(reason(&of(&["top", "person", "user", "computer"])), Reason::ClassNotSelected);
    assert_eq!(reason(&of(&["top", "contact"])), Reason::ClassNotSelected);
    assert_eq!(reason(&of(&["top", "group"])), Reason::IncludedBy);
    assert_eq!(reason(&of(&["top", "organizationalUnit"])), Reason::IncludedBy);
}

#[test]
fn the_pilot_group_takes_direct_members() {
    let group = "CN=Pilot,OU=CORP,DC=contoso,DC=com";
    for text in [connector_xml(&[contoso()], group), connector_json(&[contoso()], group)] {
        let scope = read(text);
        let of = |groups: &[&str]| verdict(&scope, USER, &user().with("memberOf", groups.iter().copied()));
        assert_eq!(of(&["cn=pilot,ou=CORP,DC=contoso,DC=com"]).in_scope, Some(true));
        let out = of(&["CN=Other,DC=contoso,DC=com"]);
        assert_eq!((out.in_scope, out.reason), (Some(false), Reason::NotInGroup));
        assert_eq!(out.because.unwrap().value, group);
        assert_eq!(of(&[]).in_scope, Some(false));
        // Who only has the name cannot know.
        assert_eq!(named(&scope, USER), ("unknown", group.to_owned()));
        assert_eq!(named(&scope, "OU=CORP,DC=contoso,DC=com").0, "includedBy");
        assert_eq!(named(&scope, "CN=A,DC=contoso,DC=com").0, "excludedBy");
    }
}

#[test]
fn what_the_default_rules_filter() {
    let critical: Filter = filters::critical_system_object;
    let cases: [(&str, &[&str], Filter, bool); 18] = [
        ("isCriticalSystemObject", &["TRUE"], critical, true),
        ("isCriticalSystemObject", &["FALSE"], critical, true),
        ("sAMAccountName", &[], filters::account_name, true),
        ("sAMAccountName", &["MSOL_12"], filters::account_name, true),
        ("sAMAccountName", &["aad_12"], filters::account_name, true),
        ("sAMAccountName", &["CAS_{12}"], filters::account_name, true),
        ("sAMAccountName", &["CAS_12"], filters::account_name, false),
        ("sAMAccountName", &["SUPPORT_388945a0"], filters::account_name, true),
        ("sAMAccountName", &["SUPPORT_1"], filters::account_name, false),
        ("sAMAccountName", &["Sync_12"], filters::account_name, false),
        ("mailNickname", &["SystemMailbox{1}"], filters::mail_nickname, true),
        ("mailNickname", &["CAS_{1}"], filters::mail_nickname, true),
        ("mailNickname", &["SystemMailbox"], filters::mail_nickname, false),
        ("adminDescription", &["user_x"], filters::admin_description, true),
        ("adminDescription", &["a User_"], filters::admin_description, false),
        ("msExchRecipientTypeDetails", &["4096"], filters::recipient_type, true),
        ("msExchRecipientTypeDetails", &["536870912"], filters::recipient_type, true),
        ("msExchRecipientTypeDetails", &["2147483648"], filters::recipient_type, false),
    ];
    let scope = read(connector_xml(&[contoso()], ""));
    let dn: Dn = USER.parse().unwrap();
    for (attribute, values, filter, is_filtered) in cases {
        let facts = user().with(attribute, values.iter().copied());
        assert_eq!(
            matches!(filter(&dn, &facts), Outcome::Filtered(_)),
            is_filtered,
            "{attribute} {values:?}"
        );
        let verdict = verdict(&scope, USER, &facts);
        assert_eq!(verdict.in_scope, Some(!is_filtered), "{attribute} {values:?}");
        if is_filtered {
            assert_eq!(verdict.reason, Reason::FilteredByRule);
            assert_eq!(verdict.because.unwrap().value, "In from AD - User Join");
            assert!(verdict.detail.unwrap().contains(attribute));
        }
        // What was not read is not absent.
        let mut unread = ObjectFacts::name_only().with("objectClass", ["user"]);
        for name in ["sAMAccountName", "mailNickname", "adminDescription"].iter().filter(|n| **n != attribute)
        {
            unread = unread.with(name, ["x"]);
        }
        assert!(matches!(filter(&dn, &unread), Outcome::Unknown { .. }), "{attribute}");
        assert_eq!(super::fixture::verdict(&scope, USER, &unread).in_scope, None, "{attribute}");
    }
    let linked = user().with("msExchRecipientTypeDetails", ["2"]);
    assert!(matches!(filters::linked_mailbox(&dn, &linked), Outcome::Unknown { .. }));
    assert_eq!(verdict(&scope, USER, &linked).in_scope, None);
    let person = user().with("objectClass", ["user", "inetOrgPerson"]).with("adminDescription", ["User_1"]);
    assert_eq!(filters::admin_description(&dn, &person), Outcome::Passes);
    // A group is not filtered by the rules of users.
    let group = ObjectFacts::name_only().with("objectClass", ["group"]).without("sAMAccountName");
    assert_eq!(verdict(&scope, USER, &group).in_scope, Some(true));
}

#[test]
fn names_of_conflicts_and_of_deleted_objects() {
    let scope = read(connector_xml(&[domain("DC=contoso,DC=com", &["DC=contoso,DC=com"], &[])], ""));
    let guid = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";
    for dn in [
        format!("CN=A\\0ACNF:{guid},DC=contoso,DC=com"),
        format!("CN=A\\0ADEL:{guid},CN=Deleted Objects,DC=contoso,DC=com"),
    ] {
        assert_eq!(named(&scope, &dn).0, "filteredByRule", "{dn}");
        assert_eq!(verdict(&scope, &dn, &user()).in_scope, Some(false), "{dn}");
    }
}

#[test]
fn a_custom_rule_filters_whom_its_scope_takes() {
    let scope_of = condition_xml("extensionAttribute15", "EQUAL", "NoSync");
    let scope = with_rules(&[rule_xml("NoSync", 90, &scope_of, "<src>True</src>", "")]);
    let of =
        |values: &[&str]| verdict(&scope, USER, &user().with("extensionAttribute15", values.iter().copied()));
    let out = of(&["NoSync"]);
    assert_eq!((out.in_scope, out.reason), (Some(false), Reason::FilteredByRule));
    assert_eq!(out.because.unwrap().value, "NoSync");
    assert_eq!(of(&["Sync"]).in_scope, Some(true));
    assert_eq!(of(&[]).in_scope, Some(true));
    // Not read, or only the name: the rule and its attribute are named.
    for facts in [user(), ObjectFacts::name_only()] {
        let unknown = verdict(&scope, USER, &facts);
        assert_eq!((unknown.in_scope, unknown.because.unwrap().value.as_str()), (None, "NoSync"));
        let detail = unknown.detail.unwrap();
        assert!(detail.contains("`NoSync`") && detail.contains("extensionAttribute15"), "{detail}");
    }
    // An excluded container needs no rule, and an OU is no user.
    assert_eq!(named(&scope, "CN=A,DC=contoso,DC=com").0, "excludedBy");
    assert_eq!(named(&scope, "OU=CORP,DC=contoso,DC=com").0, "includedBy");
    assert!(Evaluator::new(&scope).attributes().contains(&"extensionAttribute15".to_owned()));
    let decision = custom_rule(&scope.connectors[0], &USER.parse().unwrap(), &user());
    assert!(
        matches!(&decision.outcome, Outcome::Unknown { attributes, .. } if attributes == &["extensionAttribute15"])
    );
}

#[test]
fn rules_that_do_not_concern_a_user() {
    let always = |more: &str| rule_xml("Custom", 90, "", "<src>True</src>", more);
    let cases = [
        always("<disabled>True</disabled>"),
        always("").replace("Inbound", "Outbound"),
        always("").replace("<sourceObjectType>user", "<sourceObjectType>group"),
        always("").replace("<dest>cloudFiltered", "<dest>description"),
        always("").replace("5e2f0a31", "00000000"),
        // Of setup.
        always("<immutable-tag>Microsoft.InfromADUserX.001</immutable-tag>").replace(">90<", ">150<"),
        rule_xml("Custom", 90, "", "<src/><expression>NULL</expression>", ""),
    ];
    for rule in cases {
        let scope = with_rules(std::slice::from_ref(&rule));
        assert_eq!(verdict(&scope, USER, &user()).in_scope, Some(true), "{rule}");
    }
    for more in [
        "",
        "<immutable-tag>Microsoft.InfromADUserX.001</immutable-tag>",
        "<immutable-tag>Mine</immutable-tag>",
    ] {
        let scope = with_rules(&[always(more)]);
        assert_eq!(verdict(&scope, USER, &user()).in_scope, Some(false), "{more}");
        assert_eq!(named(&scope, USER).0, "filteredByRule");
    }
}

#[test]
fn an_expression_is_not_evaluated() {
    let value = "<src><attr>department</attr><attr>title</attr></src><expression>IIF([department]=\"x\",True,NULL)</expression>";
    let scope = with_rules(&[rule_xml("Odd", 90, &condition_xml("mail", "ISNOTNULL", ""), value, "")]);
    let out = verdict(&scope, USER, &user().with("mail", ["a@contoso.com"]));
    assert_eq!(out.in_scope, None);
    let detail = out.detail.unwrap();
    assert!(detail.contains("`Odd`") && detail.contains("department, title"), "{detail}");
    // Where the rule does not apply, its expression does not matter.
    assert_eq!(verdict(&scope, USER, &user().without("mail")).in_scope, Some(true));
}

#[test]
fn the_rule_of_the_lowest_precedence_wins() {
    // Microsoft's "positive filtering": what is marked is taken, a rule for all the others filters them.
    let marked = condition_xml("extensionAttribute1", "EQUAL", "Sync");
    let scope = with_rules(&[
        rule_xml("Catch all", 51, "", "<src>True</src>", ""),
        rule_xml("Marked", 50, &marked, "<src>False</src>", ""),
    ]);
    let of = |facts: ObjectFacts| verdict(&scope, USER, &facts);
    assert_eq!(of(user().with("extensionAttribute1", ["Sync"])).in_scope, Some(true));
    let out = of(user().without("extensionAttribute1"));
    assert_eq!((out.in_scope, out.because.unwrap().value.as_str()), (Some(false), "Catch all"));
    assert_eq!(of(user()).in_scope, None);
    // It wins over what the default rule writes, and not over the scope of that rule.
    let service = user().with("extensionAttribute1", ["Sync"]).with("sAMAccountName", ["MSOL_1"]);
    assert_eq!(of(service).in_scope, Some(true));
    let hidden = user().with("extensionAttribute1", ["Sync"]).with("adminDescription", ["User_x"]);
    assert_eq!(of(hidden).in_scope, Some(false));
    // Whether one applies does not matter where the other says the same.
    let both = with_rules(&[
        rule_xml("One", 50, &marked, "<src>True</src>", ""),
        rule_xml("Two", 51, "", "<src>True</src>", ""),
    ]);
    assert_eq!(verdict(&both, USER, &user()).in_scope, Some(false));
}

#[test]
fn a_default_rule_that_was_replaced() {
    let tag = "<immutable-tag>Microsoft.InfromADUserJoin.003</immutable-tag>";
    let disabled =
        rule_xml("In from AD - User Join", 100, "", "<src/>", &format!("{tag}<disabled>True</disabled>"));
    let scope = with_rules(std::slice::from_ref(&disabled));
    let out = verdict(&scope, USER, &user());
    assert_eq!((out.in_scope, out.reason), (Some(false), Reason::FilteredByRule));
    let only = condition_xml("department", "EQUAL", "Sales");
    let own = rule_xml("Own join", 80, &only, "<src/><expression>NULL</expression>", "")
        .replace(">Join<", ">Provision<");
    let scope = with_rules(&[disabled, own]);
    assert_eq!(verdict(&scope, USER, &user().with("department", ["Sales"])).in_scope, Some(true));
    assert_eq!(verdict(&scope, USER, &user().with("department", ["IT"])).in_scope, Some(false));
    assert_eq!(verdict(&scope, USER, &user()).in_scope, None);
}

#[test]
fn rules_of_the_wizards_policy() {
    let rule = |filters: &str| {
        format!(
            "{{\"name\": \"NoSync\", \"precedence\": 90, \"scopeFilters\": {filters}, \"attributeMappings\": [{{\"source\": \"True\", \
             \"destination\": \"cloudFiltered\"}}]}}"
        )
    };
    let condition = "{\"attribute\": \"title\", \"condition\": \"EQUAL\", \"value\": \"NoSync\"}";
    for filters in
        [format!("[{condition}]"), format!("[[{condition}]]"), format!("[{{\"conditions\": [{condition}]}}]")]
    {
        let scope = read(policy_json(&[contoso()], &rule(&filters)));
        let of = |title: &str| verdict(&scope, USER, &user().with("title", [title])).in_scope;
        assert_eq!((of("NoSync"), of("x")), (Some(false), Some(true)), "{filters}");
    }
    let scope = read(policy_json(&[contoso()], &rule("[{\"odd\": 1}]")));
    assert_eq!(verdict(&scope, USER, &user()).in_scope, None);
}

#[test]
fn cloud_sync_has_filters_of_its_own() {
    let clause = "{\"sourceOperandName\": \"department\", \"operatorName\": \"EQUALS\", \"targetOperand\": {\"values\": [\"Sales\"]}}";
    let mapping = |scope: &str| {
        format!(
            "{{\"sourceObjectName\": \"user\", \"targetObjectName\": \"User\", \"enabled\": true, \"scope\": {scope}}}"
        )
    };
    let groups = format!(
        "{{\"categoryFilterGroups\": [], \"groups\": [{{\"clauses\": [{clause}]}}], \"inputFilterGroups\": []}}"
    );
    let scope = read(schema_json(&["OU=CORP,DC=contoso,DC=com"], &[], &mapping(&groups)));
    let of = |facts: ObjectFacts| verdict(&scope, USER, &facts).in_scope;
    assert_eq!(of(user().with("department", ["Sales"])), Some(true));
    assert_eq!(of(user().with("department", ["IT"])), Some(false));
    assert_eq!(of(user()), None);
    // The filters of Entra Connect are not those of Cloud Sync.
    assert_eq!(of(user().with("department", ["Sales"]).with("adminDescription", ["User_x"])), Some(true));
    assert_eq!(named(&scope, USER).0, "unknown");
    let contact = ObjectFacts::name_only().with("objectClass", ["contact"]);
    assert_eq!(verdict(&scope, USER, &contact).reason, Reason::ClassNotSelected);
    let group = "CN=G,DC=contoso,DC=com";
    let scope = read(schema_json(&[], &[group], &mapping("null")));
    let of =
        |groups: &[&str]| verdict(&scope, USER, &user().with("memberOf", groups.iter().copied())).in_scope;
    assert_eq!((of(&[group]), of(&[])), (Some(true), Some(false)));
    let by_id = read(schema_json(&[], &["0192f1c8-0000-0000-0000-000000000000"], ""));
    assert_eq!(verdict(&by_id, USER, &user()).in_scope, None);
    let odd = read(schema_json(&[], &[], &mapping("{\"inputFilterGroups\": [{}], \"groups\": []}")));
    assert_eq!(verdict(&odd, USER, &user()).in_scope, None);
}

#[test]
fn in_scope_for_one_engine_is_in_scope() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("1"), folder.path().join("2"));
    std::fs::write(&one, connector_xml(&[contoso()], "")).unwrap();
    std::fs::write(&two, schema_json(&["OU=Cloud,DC=contoso,DC=com"], &[], "")).unwrap();
    let scope = crate::scope::read(&[one, two]).unwrap();
    for (dn, reason) in [
        (USER, "includedBy"),
        ("CN=A,OU=Cloud,DC=contoso,DC=com", "includedBy"),
        ("CN=A,OU=X,DC=contoso,DC=com", "excludedBy"),
    ] {
        assert_eq!(named(&scope, dn).0, reason, "{dn}");
    }
}

/// The simplest way to say it: of all listed names that a DN ends with, the longest decides.
fn reference(path: &[usize], included: &[Vec<usize>], excluded: &[Vec<usize>]) -> Option<bool> {
    let longest = |lists: &[Vec<usize>]| lists.iter().filter(|l| path.starts_with(l)).map(Vec::len).max();
    match (longest(included), longest(excluded)) {
        (None, None) => Some(false),
        (Some(_), None) => Some(true),
        (None, Some(_)) => Some(false),
        (Some(i), Some(e)) if i == e => None,
        (Some(i), Some(e)) => Some(i > e),
    }
}

/// Containers that are easily taken for one another.
const NAMES: [&str; 5] = ["CORP", "XCORP", "CORP,X", "CORP=X", "X+CORP"];

fn dn(path: &[usize], shout: bool) -> Dn {
    let domain: Dn = "DC=contoso,DC=com".parse().unwrap();
    path.iter().fold(domain, |dn, i| {
        let name = if shout { NAMES[*i].to_lowercase() } else { NAMES[*i].to_owned() };
        dn.child(Rdn::new("OU", &name))
    })
}

proptest! {
    #[test]
    fn the_nearest_ancestor_is_the_longest_suffix(
        path in prop::collection::vec(0..NAMES.len(), 0..5),
        included in prop::collection::vec(prop::collection::vec(0..NAMES.len(), 0..4), 0..5),
        excluded in prop::collection::vec(prop::collection::vec(0..NAMES.len(), 0..4), 0..5),
        shout in any::<bool>(),
    ) {
        prop_assume!(!included.is_empty() || !excluded.is_empty());
        let texts = |lists: &[Vec<usize>]| lists.iter().map(|l| dn(l, false).to_string()).collect::<Vec<_>>();
        let domain = Domain {
            dn: "DC=contoso,DC=com".into(),
            selected: true,
            inclusions: texts(&included),
            exclusions: texts(&excluded),
        };
        let scope = read(connector_json(&[domain], ""));
        let asked = dn(&path, shout);
        let verdict = Evaluator::new(&scope).container(&asked);
        prop_assert_eq!(verdict.in_scope, reference(&path, &included, &excluded), "{}", asked);
    }
}
