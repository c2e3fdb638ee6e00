//! Tables of judgements.

use std::fmt::Write;

use super::*;
use crate::kind::ObjectKind;
use crate::lifetime::DeletionPolicy;
use crate::security::{Access, Ace, AceFlags, AceKind, SecurityDescriptor, ids};
use crate::time::generalized;
use crate::{Dn, ObjectGuid, Sid};

const ACCOUNT: &str = "S-1-5-21-1-2-3-1104";

fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

/// A descriptor that grants the account these rights, each on the part of the object that is named, if any.
fn grants(rights: &[(Access, Option<uuid::Uuid>)]) -> Option<SecurityDescriptor> {
    let ace = |(access, part): &(Access, Option<uuid::Uuid>)| Ace {
        kind: AceKind::Allow,
        flags: AceFlags(AceFlags::CONTAINER_INHERIT),
        access: *access,
        object_type: part.map(ObjectGuid::from),
        inherited_object_type: None,
        trustee: Some(sid(ACCOUNT)),
    };
    Some(SecurityDescriptor {
        control: 0x8004,
        owner: None,
        group: None,
        dacl: Some(rights.iter().map(ace).collect()),
    })
}

fn full() -> Option<SecurityDescriptor> {
    grants(&[(Access::ALL, None)])
}

fn sample(name: &str, parent: &str, descriptor: Option<SecurityDescriptor>) -> Sample {
    Sample {
        guid: Some(ObjectGuid::from_wire(&[7; 16]).unwrap()),
        dn: format!("CN={name},{parent}"),
        name: name.into(),
        kind: ObjectKind::User,
        class: "user".into(),
        rdn_attribute: "CN".into(),
        last_known_parent: Some(dn(parent)),
        descriptor,
        writable: None,
    }
}

fn target(name: &str, may_create: Option<&[&str]>) -> Target {
    Target {
        dn: dn(name),
        exists: true,
        may_create: may_create.map(|classes| classes.iter().map(ToString::to_string).collect()),
        descriptor: None,
        users: vec![],
    }
}

const OU: &str = "OU=a,DC=contoso,DC=com";
const OTHER: &str = "OU=b,DC=contoso,DC=com";

/// An account that may do everything on a Windows server with the bin on.
fn facts() -> DoctorFacts {
    let mut facts = DoctorFacts {
        account: Some(Account {
            dn: "CN=Op,DC=contoso,DC=com".into(),
            sid: Some(sid(ACCOUNT)),
            sam_account_name: Some("op".into()),
            net_bios_domain: Some("CONTOSO".into()),
        }),
        token: Some(vec![sid(ACCOUNT), sid(ids::EVERYONE)]),
        preserved: Some(vec!["sIDHistory".into(), "Mail".into()]),
        domain: dn("DC=contoso,DC=com"),
        head: full(),
        deleted: vec![sample("Ann", OU, full()), sample("Ben", OTHER, full())],
        targets: vec![
            target(OU, Some(&["user", "group", "computer"])),
            target(OTHER, Some(&["user", "group"])),
        ],
        ..DoctorFacts::default()
    };
    facts.connection.url = "ldaps://dc1".into();
    facts.connection.bind_name = "op@contoso.com".into();
    facts.container = Container {
        dn: Some("CN=Deleted Objects,DC=contoso,DC=com".into()),
        is_readable: true,
        children: 37,
        ..Container::default()
    };
    let now = generalized("20261101093000.0Z").unwrap();
    facts.server.clock = Some(ClockFacts { server: now, local: now });
    facts.server.catalogue = Some(Ok(()));
    facts.server.levels = [Some(7), Some(7), Some(10)];
    facts.policy = PolicyFacts {
        effective: Some(DeletionPolicy::new(true, Some(180), None)),
        tombstone_lifetime: Some(180),
        deleted_object_lifetime: None,
        directory_service:
            "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,DC=contoso,DC=com".into(),
    };
    facts
}

fn check(facts: &DoctorFacts, id: &str) -> Check {
    judge(facts).checks.into_iter().find(|c| c.id == id).unwrap()
}

/// The statuses that are not ok, and the exit code.
fn verdict(facts: &DoctorFacts) -> String {
    let report = judge(facts);
    let mut text = String::new();
    for check in report.checks.iter().filter(|c| c.status != CheckStatus::Ok) {
        write!(text, "{}={} ", check.id, check.status.name()).unwrap();
    }
    text + &report.exit_code().to_string()
}

#[test]
fn everything_in_order() {
    assert_eq!(verdict(&facts()), "0");
    assert_eq!(judge(&facts()).account, "CONTOSO\\op");
    let mut unnamed = facts();
    unnamed.account = None;
    assert_eq!(judge(&unnamed).account, "op@contoso.com");
}

/// One thing changed, and what becomes of the verdict.
#[test]
fn what_each_gap_means() {
    type Gap = (fn(&mut DoctorFacts), &'static str);
    let gaps: [Gap; 21] = [
        (|f| f.head = grants(&[(Access::CONTROL, Some(ids::RESET_PASSWORD))]), "rights.reanimate=fail 11"),
        (|f| f.head = grants(&[(Access::CONTROL, Some(ids::REANIMATE_TOMBSTONES))]), "0"),
        (|f| f.head = None, "rights.reanimate=unknown 3"),
        (|f| f.container.children = 0, "rights.list=warn 0"),
        (|f| (f.container.children, f.container.is_readable) = (0, false), "rights.list=fail 11"),
        (|f| (f.container.children, f.container.descriptor) = (0, full()), "0"),
        (|f| (f.container.children, f.container.descriptor) = (0, grants(&[])), "rights.list=fail 11"),
        (|f| f.container.dn = None, "rights.list=unknown 3"),
        (
            |f| f.deleted[0].writable = Some(vec![]),
            "rights.writeDeleted=warn rights.enable=warn rights.userPrincipalName=warn 0",
        ),
        (|f| f.targets[0].may_create = Some(vec!["contact".into()]), "rights.create=warn 0"),
        (|f| f.targets[0].may_create = None, "rights.create=warn 0"),
        (|f| f.targets.iter_mut().for_each(|t| t.may_create = Some(vec![])), "rights.create=fail 11"),
        (|f| f.targets.iter_mut().for_each(|t| t.exists = false), "rights.create=unknown 3"),
        (|f| f.server.is_read_only = true, "server.writable=fail 8"),
        (|f| f.server.catalogue = Some(Err("refused".into())), "server.globalCatalog=warn 0"),
        (|f| f.connection.encryption = Encryption::Unverified, "server.connection=warn 0"),
        (|f| f.connection.choice.passed_over.push("dc9 does not answer".into()), "server.choice=warn 0"),
        (|f| f.connection.choice.is_of_other_site = true, "server.choice=warn 0"),
        (|f| f.server.is_samba = true, "server.vendor=fail 8"),
        (|f| f.policy.effective = None, "policy.recycleBin=unknown policy.lifetimes=unknown 3"),
        (|f| f.preserved = None, "policy.preserved=unknown 0"),
    ];
    for (i, (change, expected)) in gaps.into_iter().enumerate() {
        let mut facts = facts();
        change(&mut facts);
        assert_eq!(verdict(&facts), expected, "gap {i}");
    }
}

#[test]
fn without_a_token_only_effective_rights_count() {
    let mut facts = facts();
    facts.token = None;
    for sample in &mut facts.deleted {
        sample.writable = Some(["cn", "userAccountControl", "userPrincipalName"].map(str::to_owned).to_vec());
    }
    assert_eq!(
        verdict(&facts),
        "account.identity=warn rights.reanimate=unknown rights.resetPassword=unknown 3"
    );
}

#[test]
fn rights_on_what_was_deleted() {
    let mut facts = facts();
    // The naming attribute alone is not enough: `name` is written too.
    let naming = grants(&[(Access::WRITE_PROPERTY, Some(ids::CN.attribute))]);
    facts.deleted.iter_mut().for_each(|s| s.descriptor = naming.clone());
    let check = check(&facts, "rights.writeDeleted");
    assert_eq!(check.status, CheckStatus::Fail);
    assert!(check.seen.contains("Ann (from OU=a,DC=contoso,DC=com)"), "{}", check.seen);
    assert_eq!(
        check.fix[1..],
        [
            "dsacls \"OU=a,DC=contoso,DC=com\" /I:S /G \"CONTOSO\\op:RPWP;;user\"",
            "dsacls \"OU=b,DC=contoso,DC=com\" /I:S /G \"CONTOSO\\op:RPWP;;user\"",
        ]
    );
    // Both are of the property set Public Information, as is the logon name.
    let set = grants(&[(Access::WRITE_PROPERTY, ids::CN.set)]);
    facts.deleted.iter_mut().for_each(|s| s.descriptor = set.clone());
    assert_eq!(verdict(&facts), "rights.resetPassword=fail rights.enable=fail 11");
}

#[test]
fn with_nothing_deleted_live_users_and_inheritance_answer() {
    let mut facts = facts();
    facts.deleted.clear();
    let nobody = verdict(&facts);
    assert_eq!(
        nobody,
        "rights.writeDeleted=unknown rights.resetPassword=unknown rights.enable=unknown rights.userPrincipalName=unknown 3"
    );
    facts.targets.iter_mut().for_each(|t| t.descriptor = full());
    assert_eq!(verdict(&facts), "0");
    facts.targets[0].users = vec![Sample { last_known_parent: None, ..sample("Live", OU, full()) }];
    assert_eq!(verdict(&facts), "0");
}

#[test]
fn groups_count_when_they_are_named() {
    let mut facts = facts();
    assert!(!judge(&facts).checks.iter().any(|c| c.id == "rights.groups"));
    facts.groups = vec![Sample { writable: Some(vec!["description".into()]), ..sample("Sales", OU, None) }];
    assert_eq!(verdict(&facts), "rights.groups=warn 0");
    facts.groups_were_named = true;
    assert_eq!(verdict(&facts), "rights.groups=fail 11");
    assert_eq!(
        check(&facts, "rights.groups").fix,
        ["dsacls \"CN=Sales,OU=a,DC=contoso,DC=com\" /G \"CONTOSO\\op:RPWP;member\""]
    );
    facts.groups.clear();
    assert_eq!(verdict(&facts), "rights.groups=unknown 3");
}

#[test]
fn lifetimes_are_explained() {
    let seen = |bin, tombstone, deleted| {
        let mut facts = facts();
        facts.policy.effective = Some(DeletionPolicy::new(bin, tombstone, deleted));
        (facts.policy.tombstone_lifetime, facts.policy.deleted_object_lifetime) = (tombstone, deleted);
        let check = check(&facts, "policy.lifetimes");
        format!("{}: {}", check.status.name(), check.seen)
    };
    assert_eq!(
        seen(false, Some(180), None),
        "ok: an object deleted today can be restored until 2027-04-30 (180 days); tombstoneLifetime is 180"
    );
    assert_eq!(
        seen(false, None, Some(5)),
        "ok: an object deleted today can be restored until 2026-12-31 (60 days); tombstoneLifetime is absent, which means 60"
    );
    assert_eq!(
        seen(true, Some(1), Some(0)),
        "warn: an object deleted today can be restored until 2026-11-03 (2 days); msDS-DeletedObjectLifetime is 0, which \
         counts as 2, tombstoneLifetime is 1, which counts as 2"
    );
    assert!(seen(true, Some(180), None).contains("msDS-DeletedObjectLifetime is absent, which means 180,"));
    assert!(seen(true, Some(i64::MAX), None).contains("beyond any calendar"));
}

#[test]
fn the_bin_off_warns_by_what_can_be_done() {
    let mut facts = facts();
    facts.policy.effective = Some(DeletionPolicy::new(false, Some(180), None));
    let fix = |facts: &DoctorFacts| check(facts, "policy.recycleBin").fix.join(" ");
    assert!(fix(&facts).contains("-Target 'contoso.com'") && fix(&facts).contains("cannot be undone"));
    facts.server.levels[1] = Some(3);
    assert!(fix(&facts).contains("2008 R2"));
    facts.server.is_samba = true;
    assert!(fix(&facts).contains("leave it off"));
    assert_eq!(
        check(&facts, "policy.preserved").seen,
        "2 attributes are marked to be kept on deletion, among them mail, not userPrincipalName, mS-DS-ConsistencyGuid"
    );
    assert_eq!(verdict(&facts), "policy.recycleBin=warn 0");
}

#[test]
fn clocks() {
    let seen = |seconds| {
        let mut facts = facts();
        let clock = facts.server.clock.as_mut().unwrap();
        clock.server += chrono::Duration::seconds(seconds);
        let check = check(&facts, "server.clock");
        format!("{} {}", check.status.name(), check.seen.split(" (").next().unwrap())
    };
    assert_eq!(seen(-1), "ok agree");
    assert_eq!(seen(90), "ok the server is 90 s ahead");
    assert_eq!(seen(-600), "warn the server is 10 min behind");
    assert_eq!(seen(400_000), "warn the server is 4 days ahead");
}

#[test]
fn commands_hold_no_foreign_syntax() {
    for (name, is_safe) in [
        ("OU=Caf\u{e9} (new),DC=a", true),
        ("CONTOSO\\op", true),
        ("<GUID=00000000-0000-0000-0000-000000000000>", true),
        ("OU=a\" & calc & \"", false),
        ("OU=$(calc)", false),
        ("OU=`id`", false),
        ("OU=%PATH%", false),
        ("OU=O'Brien", false),
        ("OU=a\u{201d}b", false),
        ("OU=a\\2Cb", false),
        ("A\\b\\c", false),
        ("A\\", false),
        ("OU=a\nb", false),
        ("", false),
    ] {
        assert_eq!(fixes::safe(name).is_some(), is_safe, "{name}");
    }
    let mut facts = facts();
    facts.targets = vec![target("OU=x$(calc),DC=a", Some(&[]))];
    facts.deleted.clear();
    assert!(check(&facts, "rights.create").fix[0].contains("\"DN-OF-THE-OBJECT\""));
    facts.server.is_samba = true;
    facts.head = grants(&[]);
    let fix = check(&facts, "rights.reanimate").fix.join("\n");
    assert_eq!(
        fix,
        "samba-tool dsacl set --objectdn=\"DC=contoso,DC=com\" \
         --sddl=\"(OA;;CR;45ec5156-db7e-47bb-b53f-dbeb2d03c40f;;S-1-5-21-1-2-3-1104)\""
    );
}
