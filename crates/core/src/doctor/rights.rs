//! What the account may do, in the order in which a restore needs it.

use super::answers::{Answers, NAMED, home, some_of};
use super::fixes::{Grant, Granter};
use super::{Check, CheckStatus, DoctorFacts, Need, Sample, Target};
use crate::kind::ObjectKind;
use crate::security::{Access, Right, ids};

/// The classes that a container is asked about besides those of what was deleted from it.
const USUAL: [&str; 3] = ["user", "group", "computer"];

pub(super) fn checks(facts: &DoctorFacts) -> Vec<Check> {
    let granter = Granter::new(facts);
    let mut checks = vec![
        list(facts, &granter),
        reanimate(facts, &granter),
        write_deleted(facts, &granter),
        create(facts, &granter),
        reset_password(facts, &granter),
        account_control(facts, &granter),
        user_principal_name(facts, &granter),
    ];
    checks.extend(groups(facts, &granter));
    checks
}

/// Children that are seen prove it; none proves nothing, unless the descriptor can be read.
fn list(facts: &DoctorFacts, granter: &Granter) -> Check {
    let container = &facts.container;
    let check = |status, seen: String| {
        Check::new("rights.list", "list Deleted Objects", status, seen).needed(Need::Right)
    };
    let Some(dn) = &container.dn else {
        return check(CheckStatus::Unknown, "the container was not found".to_owned());
    };
    if container.children > 0 {
        let more = if container.has_more { "at least " } else { "" };
        return check(CheckStatus::Ok, format!("{more}{} deleted objects can be seen", container.children));
    }
    let right = Right::object(Access::LIST_CHILDREN);
    let told = facts.grants(container.descriptor.as_ref(), &right);
    let empty = "nothing is in the container, or nothing that this account may see";
    match told {
        Some(true) => check(CheckStatus::Ok, "the container may be listed; nothing is in it".to_owned()),
        // By default the built-in Administrators may list it but not read the descriptor that says so (KB 892806).
        None if container.is_readable && facts.is_administrator() => check(CheckStatus::Ok, empty.to_owned()),
        // Who may read it may list it where both were delegated together, as they usually are.
        None if container.is_readable => check(CheckStatus::Warn, empty.to_owned()),
        _ => check(
            CheckStatus::Fail,
            "the container does not show what is in it: List Contents and Read are missing".to_owned(),
        )
        .fix(granter.commands(dn, Grant::ReadDeletedObjects)),
    }
}

/// The control access right at the head of the naming context ([MS-ADTS] 3.1.1.5.3.7.1).
fn reanimate(facts: &DoctorFacts, granter: &Granter) -> Check {
    let head = facts.domain.to_string();
    let check =
        |status, seen: String| Check::new("rights.reanimate", "reanimate", status, seen).needed(Need::Right);
    let commands = || granter.commands(&head, Grant::Reanimate);
    match facts.grants(facts.head.as_ref(), &Right::control(ids::REANIMATE_TOMBSTONES)) {
        Some(true) => check(CheckStatus::Ok, format!("Reanimate Tombstones is granted at {head}")),
        Some(false) => {
            check(CheckStatus::Fail, format!("Reanimate Tombstones is not granted at {head}")).fix(commands())
        }
        None => check(CheckStatus::Unknown, format!("the access control list of {head} cannot be evaluated"))
            .fix(commands()),
    }
}

/// An undelete writes `name` and the naming attribute of the deleted object.
fn write_deleted(facts: &DoctorFacts, granter: &Granter) -> Check {
    const ID: &str = "rights.writeDeleted";
    const TITLE: &str = "rename deleted objects";
    let live: Vec<&Sample> = facts.targets.iter().flat_map(|t| &t.users).collect();
    let deleted: Vec<&Sample> = facts.deleted.iter().collect();
    let (samples, what) = match deleted.is_empty() {
        true => (live, "live objects (a deletion keeps the rights)"),
        false => (deleted, "newest deleted objects"),
    };
    if samples.is_empty()
        && let Some(check) = inherited(facts, ID, TITLE, &Right::write(ids::NAME))
    {
        return check;
    }
    let answers = Answers::of(&samples, |sample| may_rename(facts, sample));
    let check = answers.check(ID, TITLE, what, "write the name of");
    if answers.no.is_empty() {
        return check;
    }
    let wishes = answers.no.iter().filter_map(|s| Some((home(s)?.to_string(), writes(s))));
    let check = check
        .fix([
            "a deleted object keeps the rights it had: what is granted on its container now serves what is deleted later, and an \
             administrator restores what is deleted already",
        ])
        .fix(granter.some(wishes));
    let deleted = answers.no.iter().filter(|s| s.last_known_parent.is_some());
    match deleted.filter_map(|s| granter.on_deleted(s.guid?)).next() {
        Some(command) => check
            .fix(["for one object that is deleted already, on the domain controller:".to_owned(), command]),
        None => check,
    }
}

fn may_rename(facts: &DoctorFacts, sample: &Sample) -> Option<bool> {
    let naming = match sample.rdn_attribute.to_ascii_lowercase().as_str() {
        "cn" => facts.may_write(sample, "cn", ids::CN),
        "ou" => facts.may_write(sample, "ou", ids::OU),
        other => sample.writable.as_ref().map(|names| names.iter().any(|n| n.eq_ignore_ascii_case(other))),
    };
    // `name` is never in allowedAttributesEffective: the schema calls it systemOnly.
    let name = facts.grants(sample.descriptor.as_ref(), &Right::write(ids::NAME));
    match (naming, name) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), _) => Some(true),
        (None, name) => name,
    }
}

/// What lets an object of this kind be written.
fn writes(sample: &Sample) -> Grant {
    let (name, guid) = ids::class(&sample.class).unwrap_or(("user", ids::USER));
    Grant::WriteBelow(guid, name)
}

/// Create child, for the classes of what would be restored there.
fn create(facts: &DoctorFacts, granter: &Granter) -> Check {
    let there: Vec<&Target> = facts.targets.iter().filter(|t| t.exists).collect();
    let answers = Answers::of(&there, |target| {
        let answers: Vec<_> =
            needed_classes(facts, target).iter().map(|class| target.may_create(facts, class)).collect();
        match () {
            () if answers.contains(&Some(false)) => Some(false),
            () if answers.contains(&None) => None,
            () => Some(true),
        }
    });
    let lacks = |target: &Target, class: &str| target.may_create(facts, class) == Some(false);
    let missing = answers.no.iter().flat_map(|target| {
        let classes = needed_classes(facts, target).into_iter().filter(|class| lacks(target, class));
        classes.filter_map(ids::class).map(|(name, guid)| (target.dn.to_string(), Grant::Create(guid, name)))
    });
    let mut check = answers.check(
        "rights.create",
        "create in containers",
        "containers",
        "create what was deleted there in",
    );
    let others = answers.yes.iter().flat_map(|target| {
        USUAL.iter().filter(|class| lacks(target, class)).map(|class| format!("{class} in {}", target.dn))
    });
    let others: Vec<String> = others.collect();
    if !others.is_empty() {
        check.seen.push_str(&format!("; not create {}", some_of(&others)));
    }
    let gone: Vec<String> = facts.targets.iter().filter(|t| !t.exists).map(|t| t.dn.to_string()).collect();
    if !gone.is_empty() {
        check.seen.push_str(&format!("; not there, or not shown: {}", some_of(&gone)));
    }
    check.fix(granter.some(missing))
}

/// The classes of what was deleted from a container; users where that is not known.
fn needed_classes<'a>(facts: &'a DoctorFacts, target: &Target) -> Vec<&'a str> {
    let deleted = facts.deleted.iter().filter(|s| s.last_known_parent.as_ref() == Some(&target.dn));
    let mut classes: Vec<&str> = deleted.map(|s| s.class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() { vec!["user"] } else { classes }
}

/// Users that are deleted, and live ones of the containers they would come back to.
fn users(facts: &DoctorFacts) -> Vec<&Sample> {
    let is_user = |s: &&Sample| s.kind == ObjectKind::User;
    let live = facts.targets.iter().flat_map(|t| &t.users);
    facts.deleted.iter().filter(is_user).chain(live.filter(is_user)).collect()
}

fn below(samples: &[&Sample]) -> Vec<String> {
    samples.iter().filter_map(|s| home(s)).map(|dn| dn.to_string()).collect()
}

/// The control access right User-Force-Change-Password ([MS-ADTS] 3.1.1.3.1.5.1).
fn reset_password(facts: &DoctorFacts, granter: &Granter) -> Check {
    let title = "reset passwords";
    let right = Right::control(ids::RESET_PASSWORD);
    let users = users(facts);
    let answers = Answers::of(&users, |user| facts.grants(user.descriptor.as_ref(), &right));
    if users.is_empty()
        && let Some(check) = inherited(facts, "rights.resetPassword", title, &right)
    {
        return check;
    }
    let fix = granter.some(below(&answers.no).into_iter().map(|dn| (dn, Grant::ResetPasswordBelow)));
    answers.check("rights.resetPassword", title, "users", "reset the password of").fix(fix)
}

fn account_control(facts: &DoctorFacts, granter: &Granter) -> Check {
    let attribute = ("userAccountControl", ids::USER_ACCOUNT_CONTROL);
    write_users(facts, granter, "rights.enable", "enable and disable accounts", attribute)
}

fn user_principal_name(facts: &DoctorFacts, granter: &Granter) -> Check {
    let attribute = ("userPrincipalName", ids::USER_PRINCIPAL_NAME);
    write_users(facts, granter, "rights.userPrincipalName", "set logon names", attribute)
}

fn write_users(
    facts: &DoctorFacts,
    granter: &Granter,
    id: &'static str,
    title: &'static str,
    (attribute, property): (&str, ids::Property),
) -> Check {
    let users = users(facts);
    if users.is_empty()
        && let Some(check) = inherited(facts, id, title, &Right::write(property))
    {
        return check;
    }
    let answers = Answers::of(&users, |user| facts.may_write(user, attribute, property));
    let fix =
        granter.some(below(&answers.no).into_iter().map(|dn| (dn, Grant::WriteBelow(ids::USER, "user"))));
    answers.check(id, title, "users", &format!("write {attribute} of")).fix(fix)
}

/// Where there is no user to look at: what a user of the containers would inherit. What its class gives it besides (full control
/// for Domain Admins and Account Operators) is not known, so only a grant is an answer.
fn inherited(facts: &DoctorFacts, id: &'static str, title: &'static str, right: &Right) -> Option<Check> {
    let there: Vec<&Target> = facts.targets.iter().filter(|t| t.exists).collect();
    let granted = |t: &&Target| {
        let heir = t.descriptor.as_ref().map(|sd| sd.inherited_by(ids::USER));
        facts.grants(heir.as_ref(), right) == Some(true)
    };
    let names: Vec<String> = there.iter().map(|t| t.dn.to_string()).collect();
    (!there.is_empty() && there.iter().all(granted)).then(|| {
        Check::new(id, title, CheckStatus::Ok, format!("users below {} inherit it", some_of(&names)))
            .needed(Need::Right)
    })
}

/// Writing `member` of groups. Groups that were not named by the caller only warn: memberships may not be wanted.
fn groups(facts: &DoctorFacts, granter: &Granter) -> Option<Check> {
    let samples: Vec<&Sample> = facts.groups.iter().collect();
    if samples.is_empty() && !facts.groups_were_named {
        return None;
    }
    let answers = Answers::of(&samples, |group| facts.may_write(group, "member", ids::MEMBER));
    let fix = granter.some(answers.no.iter().map(|g| (g.dn.clone(), Grant::Member)));
    let mut check =
        answers.check("rights.groups", "change group members", "groups", "write member of").fix(fix);
    if !facts.groups_were_named {
        check.need = None;
        if check.status == CheckStatus::Fail {
            check.status = CheckStatus::Warn;
        }
    }
    Some(check)
}

impl Granter {
    /// The commands for several wishes, each once.
    fn some(&self, wishes: impl IntoIterator<Item = (String, Grant)>) -> Vec<String> {
        let mut commands: Vec<String> = vec![];
        let mut asked: Vec<(String, Grant)> = vec![];
        for wish in wishes {
            if asked.len() < NAMED && !asked.contains(&wish) {
                commands.extend(self.commands(&wish.0, wish.1));
                asked.push(wish);
            }
        }
        commands
    }
}
