//! The steps of one object: which, in which order, and why.

use super::elsewhere;
use crate::Dn;
use crate::facts::{DomainFacts, GroupFacts, GroupFound, Identity, ObjectFacts, ParentFacts, Presence};
use crate::fill::{Fill, LOGON_NAME, comes_with_a_value};
use crate::kind::ObjectKind;
use crate::lifetime::State;
use crate::plan::{Action, Carried, Step, Undo};
use crate::recovery::{FILTERING_ATTRIBUTE, FILTERING_VALUE, Hand};
use crate::request::{AccountWish, AttributeWish, PasswordWish, RestoreRequest, UpnWish};
use crate::time::rfc3339;
use crate::value::Value;

/// The attribute that names the primary group, and what a user comes back with: Domain Users.
const PRIMARY_GROUP: &str = "primaryGroupID";
const DOMAIN_USERS: &str = "513";

/// Makes the steps of one object.
pub(super) struct Maker<'a> {
    pub(super) object: &'a ObjectFacts,
    pub(super) identity: &'a Identity,
    pub(super) request: &'a RestoreRequest,
    pub(super) dn: &'a Dn,
    /// What is filled from sources.
    pub(super) fills: &'a [Fill],
}

impl Maker<'_> {
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = vec![];
        steps.extend(self.reanimate());
        steps.extend(self.create());
        steps.extend(self.hold());
        steps.extend(self.disable());
        steps.extend(self.upn());
        let inside = self.mandatory();
        let is_outside =
            |attribute: &str| !inside.iter().any(|m| m.attribute.eq_ignore_ascii_case(attribute));
        let set = self.request.set.iter().filter(|wish| is_outside(&wish.attribute));
        steps.extend(set.map(|wish| self.attribute(&wish.attribute, &wish.values)));
        let fills = self.fills.iter().filter(|f| is_outside(&f.attribute) && !is_logon_name(f));
        steps.extend(fills.map(|fill| self.filled(fill)));
        steps.extend(self.password());
        steps.extend(self.enable());
        steps.extend(self.object.groups.iter().filter_map(|g| self.group(g)));
        if let Some(primary) = self.primary_group(&steps) {
            // Right behind the membership that it takes, which is no link any more then.
            let joins = |step: &Step| self.joins_primary(step);
            if let Some(at) = steps.iter().position(joins) {
                steps[at..].rotate_left(1);
            }
            steps.push(primary);
        }
        steps
    }

    /// In which state it comes back: a new object is as bare as a tombstone.
    fn state(&self) -> Option<State> {
        match self.object.presence {
            Presence::Deleted(state) => Some(state),
            Presence::Absent => Some(State::Tombstone),
            Presence::Live => None,
        }
    }

    /// Why it has not what it had.
    fn why_lost(&self) -> String {
        match self.object.presence {
            Presence::Absent => "the new object has none".to_owned(),
            _ => "the deletion removed it".to_owned(),
        }
    }

    fn is_privileged_account(&self) -> bool {
        !self.object.privileged.is_empty() && self.object.kind.is_account()
    }

    fn was_enabled(&self) -> bool {
        self.object.kind.is_account() && self.object.uac.is_none_or(|uac| uac.is_enabled())
    }

    /// Whether this object gets the password that was asked for: only users do, a computer sets its own.
    fn wants_password(&self) -> bool {
        self.request.password.sets_one() && self.object.kind == ObjectKind::User
    }

    /// The step that creates it anew. An account begins disabled and without a password ([MS-SAMR] 3.1.1.8.10 lets it).
    fn create(&self) -> Option<Step> {
        let ParentFacts::Live { guid: parent, .. } = &self.object.parent else { return None };
        if self.object.presence != Presence::Absent {
            return None;
        }
        let wish = |attribute: &str, value: String| AttributeWish {
            attribute: attribute.to_owned(),
            values: vec![Value::Text(value)],
        };
        let uac = self.object.uac.filter(|_| self.object.kind.is_account());
        let group = self.object.group_type.filter(|_| self.object.kind == ObjectKind::Group);
        let mandatory = uac.map(|uac| wish("userAccountControl", uac.to_attribute()));
        let mandatory = mandatory.into_iter().chain(group.map(|kind| wish("groupType", kind.to_string())));
        Some(Step {
            action: Action::Create {
                to: self.dn.clone(),
                parent: *parent,
                class: self.object.class.clone(),
                sam_account_name: self.identity.sam_account_name.clone(),
                mandatory: mandatory.chain(self.held()).collect(),
            },
            why: "it is gone for good: this makes a new object".to_owned(),
            already: false,
            undo: match self.object.kind.is_account() {
                true => Undo::Disable,
                false => {
                    Undo::Impossible { reason: "only deleting it takes it back (--delete-again)".to_owned() }
                }
            },
        })
    }

    fn reanimate(&self) -> Option<Step> {
        let state = self.state().filter(|_| self.object.presence != Presence::Absent)?;
        let parent = match &self.object.parent {
            ParentFacts::Live { guid, .. } | ParentFacts::Deleted { guid, .. } => *guid,
            ParentFacts::Missing { .. } => self.object.guid,
        };
        let password = match state {
            _ if !self.object.kind.is_account() => Carried::None,
            _ if self.wants_password() && (state == State::Tombstone || self.is_privileged_account()) => {
                Carried::Wanted
            }
            // Whatever comes back enabled, or is enabled by a later step, has a password from the first moment.
            State::Tombstone if self.was_enabled() || self.request.account == AccountWish::Enable => {
                Carried::Random
            }
            _ => Carried::None,
        };
        // A bin object brings its old logon name along: another one must travel inside the undelete.
        let upn_inside = self.object.user_principal_name.is_some()
            && self.identity.user_principal_name != self.object.user_principal_name;
        let why = match self.object.deleted_at {
            Some(at) => format!("deleted on {}", rfc3339(at)),
            None => "deleted".to_owned(),
        };
        Some(Step {
            action: Action::Reanimate {
                to: self.dn.clone(),
                parent,
                sam_account_name: self
                    .request
                    .sam_account_name
                    .clone()
                    .filter(|_| self.object.sam_account_name.is_some()),
                user_principal_name: self.identity.user_principal_name.clone().filter(|_| upn_inside),
                mandatory: self.mandatory(),
                password,
            },
            why,
            already: false,
            undo: match self.object.kind.is_account() {
                true => Undo::Disable,
                false => Undo::Impossible {
                    reason: "deleting it again (--delete-again) strips what has been set since".to_owned(),
                },
            },
        })
    }

    /// What has to travel inside the undelete: what the schema asks for, and what keeps a user from being synchronised before
    /// anything else is done to it.
    fn mandatory(&self) -> Vec<AttributeWish> {
        self.interval().into_iter().chain(self.held()).collect()
    }

    /// A managed service account's interval is mandatory, and can be set only while the object comes into being; 30 days
    /// is what AD gives one that is created without ([MS-ADTS] 3.1.1.4.5.39).
    fn interval(&self) -> Option<AttributeWish> {
        const INTERVAL: &str = "msDS-ManagedPasswordInterval";
        if self.object.kind != ObjectKind::Gmsa
            || self.state() != Some(State::Tombstone)
            || !self.object.class.eq_ignore_ascii_case("msDS-GroupManagedServiceAccount")
        {
            return None;
        }
        let asked = self.request.set.iter().find(|w| w.attribute.eq_ignore_ascii_case(INTERVAL)).cloned();
        let default =
            AttributeWish { attribute: INTERVAL.to_owned(), values: vec![Value::Text("30".to_owned())] };
        Some(asked.filter(|w| w.values.len() == 1).unwrap_or(default))
    }

    fn held(&self) -> Option<AttributeWish> {
        let wanted = self.request.hold_sync && self.object.kind == ObjectKind::User && self.state().is_some();
        wanted.then(|| AttributeWish {
            attribute: FILTERING_ATTRIBUTE.to_owned(),
            values: vec![Value::Text(FILTERING_VALUE.to_owned())],
        })
    }

    /// The step that keeps a user from being synchronised. In what comes back by this plan the undelete brought it along.
    fn hold(&self) -> Option<Step> {
        if !self.request.hold_sync || self.object.kind != ObjectKind::User {
            return None;
        }
        let present = self.present(FILTERING_ATTRIBUTE);
        let is_held = |values: &[Value]| *values == [Value::Text(FILTERING_VALUE.to_owned())];
        let already = self.state().is_none() && is_held(&present);
        // What an earlier run left is no value of the user's own.
        let then = if is_held(&present) { vec![] } else { present };
        let how = if self.state().is_some() { "inside the undelete, " } else { "" };
        Some(Step {
            action: Action::HoldSync {
                text: format!(
                    "{how}{FILTERING_ATTRIBUTE} = `{FILTERING_VALUE}`, which the default rules leave out"
                ),
                hand: Hand::Attribute { then: then.clone() },
            },
            why: "a half-restored user must not be synchronised".to_owned(),
            already,
            undo: Undo::Values { attribute: FILTERING_ATTRIBUTE.to_owned(), values: then },
        })
    }

    fn present(&self, attribute: &str) -> Vec<Value> {
        let found = self.object.present.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        found.map(|(_, values)| values.clone()).unwrap_or_default()
    }

    /// The step that keeps the account from being used: for a tombstone unless it is to be enabled, for a bin object
    /// when asked for or when it is privileged.
    fn disable(&self) -> Option<Step> {
        if !self.object.kind.is_account() {
            return None;
        }
        let why = match (self.request.account, self.state()) {
            (AccountWish::Disable, _) => "asked for",
            (_, Some(State::Deleted)) if self.is_privileged_account() => {
                "privileged objects come back disabled"
            }
            (AccountWish::Default, Some(State::Tombstone)) => "it has no password that anybody knows yet",
            // A privileged tombstone follows the same rule as any: enabled only with a password.
            _ => return None,
        };
        if !self.was_enabled() && self.state().is_some() {
            return None;
        }
        let already = self.state().is_none() && !self.was_enabled();
        Some(Step { action: Action::Disable, why: why.to_owned(), already, undo: Undo::Enable })
    }

    fn upn(&self) -> Option<Step> {
        if self.object.kind != ObjectKind::User {
            return None;
        }
        let fill = self.fills.iter().find(|fill| is_logon_name(fill));
        if self.request.upn.is_none() && fill.is_none() {
            return None;
        }
        let value = self.identity.user_principal_name.clone()?;
        let old = self.object.user_principal_name.clone();
        if old.is_some() && self.state().is_some() && old.as_ref() != Some(&value) {
            return None;
        }
        let why = match (&old, self.state()) {
            (Some(old), _) => format!("it is {old} now"),
            (None, Some(_)) => self.why_lost(),
            (None, None) => "it has none".to_owned(),
        };
        Some(Step {
            already: old.as_ref() == Some(&value),
            action: Action::SetUpn {
                value,
                source: fill.map(|fill| fill.source.clone()),
                at: fill.and_then(|fill| fill.at),
            },
            why,
            undo: Undo::Values {
                attribute: LOGON_NAME.to_owned(),
                values: old.into_iter().map(Value::Text).collect(),
            },
        })
    }

    /// An attribute that is filled: it has no value, or these already.
    fn filled(&self, fill: &Fill) -> Step {
        let mut step = self.attribute(&fill.attribute, &fill.values);
        step.why = match self.state() {
            Some(_) => self.why_lost(),
            None if step.already => "the source has it".to_owned(),
            None => "it has none".to_owned(),
        };
        step.action = Action::SetAttribute {
            attribute: fill.attribute.clone(),
            values: fill.values.clone(),
            source: fill.source.clone(),
            at: fill.at,
            only_if_absent: !comes_with_a_value(&fill.attribute),
        };
        step
    }

    fn joins_primary(&self, step: &Step) -> bool {
        let wish = self.request.primary_groups.get(&self.object.guid);
        let found = wish.and_then(|wish| self.object.groups.iter().find(|group| group.wanted == wish.group));
        match (&step.action, found.map(|group| &group.found)) {
            (Action::AddToGroup { guid, .. }, Some(GroupFound::Group { guid: wanted, .. })) => guid == wanted,
            _ => false,
        }
    }

    /// The primary group that a source knows, once the object is a member of it: the directory takes no other ([MS-SAMR] 3.1.1.8.2).
    fn primary_group(&self, steps: &[Step]) -> Option<Step> {
        let wish = self.request.primary_groups.get(&self.object.guid)?;
        let found = self.object.groups.iter().find(|group| group.wanted == wish.group)?;
        let GroupFound::Group { is_primary, .. } = &found.found else { return None };
        if *is_primary || !steps.iter().any(|step| self.joins_primary(step)) {
            return None;
        }
        let values = vec![Value::Text(wish.rid.to_string())];
        Some(Step {
            action: Action::SetAttribute {
                attribute: PRIMARY_GROUP.to_owned(),
                values,
                source: wish.source.clone(),
                at: wish.at,
                only_if_absent: false,
            },
            why: format!("`{}` was its primary group", wish.group),
            already: false,
            undo: Undo::Values {
                attribute: PRIMARY_GROUP.to_owned(),
                values: vec![Value::Text(DOMAIN_USERS.to_owned())],
            },
        })
    }

    fn attribute(&self, attribute: &str, values: &[Value]) -> Step {
        let before = self.present(attribute);
        let same = before.len() == values.len() && values.iter().all(|v| before.contains(v));
        Step {
            action: Action::SetAttribute {
                attribute: attribute.to_owned(),
                values: values.to_vec(),
                source: "--set".to_owned(),
                at: None,
                only_if_absent: false,
            },
            why: "asked for".to_owned(),
            already: same,
            undo: Undo::Values { attribute: attribute.to_owned(), values: before },
        }
    }

    fn password(&self) -> Option<Step> {
        if !self.wants_password() {
            return None;
        }
        let already = self.state().is_none() && self.object.has_password && !self.request.reset_password;
        Some(Step {
            action: Action::SetPassword {
                must_change: self.request.must_change,
                generated: self.request.password == PasswordWish::Generate,
            },
            why: match (already, self.state()) {
                (true, _) => "one was set since it came back; --reset-password sets it again".to_owned(),
                (false, Some(State::Tombstone)) if self.object.presence == Presence::Absent => {
                    "the old one cannot be given back".to_owned()
                }
                (false, Some(State::Tombstone)) => "the deletion destroyed the old one".to_owned(),
                (false, _) => "asked for".to_owned(),
            },
            already,
            undo: Undo::Impossible { reason: "the old password cannot be known".to_owned() },
        })
    }

    fn enable(&self) -> Option<Step> {
        if !self.object.kind.is_account() || self.request.account != AccountWish::Enable {
            return None;
        }
        if self.state() == Some(State::Deleted) && self.is_privileged_account() {
            return None;
        }
        Some(Step {
            action: Action::Enable,
            why: "asked for".to_owned(),
            already: self.state().is_none() && self.was_enabled(),
            undo: Undo::Disable,
        })
    }

    fn group(&self, group: &GroupFacts) -> Option<Step> {
        let manual = |text: String| {
            Some(Step {
                action: Action::Manual { text },
                why: group.source.clone(),
                already: false,
                undo: Undo::Nothing,
            })
        };
        match &group.found {
            GroupFound::Group { is_primary: true, .. } => None,
            GroupFound::Group { dn, protected: true, .. } if !self.request.allow_privileged => manual(
                format!("`{dn}` is a protected group: add the object by hand, or give --allow-privileged"),
            ),
            GroupFound::Group { dn, guid, is_member, .. } => Some(Step {
                action: Action::AddToGroup {
                    group: dn.clone(),
                    guid: *guid,
                    source: group.source.clone(),
                    domain: None,
                    at: group.at,
                },
                why: format!("{} lists it", group.source),
                already: *is_member,
                undo: Undo::RemoveFromGroup,
            }),
            GroupFound::Deleted => manual(format!(
                "the group `{}` is deleted: restore it, then run the same command again",
                group.wanted
            )),
            GroupFound::NotAGroup => manual(format!("`{}` is not a group of this domain", group.wanted)),
            GroupFound::OtherDomain(found) => Some(elsewhere::group(group, found, self.request)),
        }
    }

    pub(super) fn warnings(&self, domain: &DomainFacts) -> Vec<String> {
        let mut out = vec![];
        let is_set = self.request.upn.is_some() || self.fills.iter().any(is_logon_name);
        if let (true, Some(upn)) = (is_set, &self.identity.user_principal_name)
            && self.object.kind == ObjectKind::User
        {
            let suffix = upn.rsplit_once('@').map_or("", |(_, s)| s);
            if !domain.upn_suffixes.iter().any(|s| s.eq_ignore_ascii_case(suffix)) {
                out.push(format!("the forest does not list the UPN suffix `{suffix}`"));
            }
        }
        let keeps_password =
            self.state() == Some(State::Deleted) && self.was_enabled() && !self.is_privileged_account();
        if keeps_password
            && self.object.kind == ObjectKind::User
            && self.request.account != AccountWish::Disable
        {
            out.push(
                "the account comes back enabled, with its old password; --disable prevents it".to_owned(),
            );
        }
        if self.state().is_some() && !self.object.children.is_empty() {
            let classes: Vec<&str> = self.object.children.iter().map(|c| c.class.as_str()).collect();
            out.push(format!(
                "{} deleted object(s) hung below it ({}); --include-children restores them too",
                classes.len(),
                summary(&classes)
            ));
        }
        if self.object.presence == Presence::Deleted(State::Tombstone) && !self.object.privileged.is_empty() {
            out.push(
                "its access list may still block inheritance (it was protected): the synchronization account may not be \
                 able to read or write it"
                    .to_owned(),
            );
        }
        if !matches!(self.object.kind, ObjectKind::User)
            && matches!(self.request.upn, Some(UpnWish::Value(_)))
        {
            out.push("only users get a logon name; --upn is not used here".to_owned());
        }
        out
    }
}

fn is_logon_name(fill: &Fill) -> bool {
    fill.attribute.eq_ignore_ascii_case(LOGON_NAME)
}

/// `user ×2, group`: the distinct words with their numbers.
fn summary(words: &[&str]) -> String {
    let mut counts: Vec<(&str, usize)> = vec![];
    for word in words {
        match counts.iter_mut().find(|(w, _)| w == word) {
            Some((_, n)) => *n += 1,
            None => counts.push((word, 1)),
        }
    }
    let parts: Vec<String> =
        counts.into_iter().map(|(w, n)| if n == 1 { w.to_owned() } else { format!("{w} ×{n}") }).collect();
    parts.join(", ")
}
