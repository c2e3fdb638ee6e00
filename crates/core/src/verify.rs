//! How we know that it worked: what a plan expects of an object, against what the directory shows afterwards.

use std::collections::HashSet;

use crate::plan::{Action, ObjectPlan};
use crate::report::Difference;
use crate::value::{Value, from_attribute};
use crate::{Dn, Entry, UserAccountControl};

/// One thing that must be so after the steps that were done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// It is live: `isDeleted` is absent.
    Live,
    /// It is deleted.
    Deleted,
    /// It has this DN, by the directory's equality.
    Dn(Dn),
    /// An attribute has exactly these values, in any order. Names and addresses count with their case.
    Values {
        /// The attribute.
        attribute: String,
        /// The values.
        values: Vec<Value>,
    },
    /// `userAccountControl` says that it is enabled, or that it is not.
    Enabled(bool),
    /// A password is set, as far as `pwdLastSet` tells: which one it is cannot be read.
    Password {
        /// Whether it must be changed at the next logon: `pwdLastSet` is 0 until then.
        must_change: bool,
    },
    /// One of its link attributes points to these, or not, whatever else it points to.
    Points {
        /// The attribute.
        attribute: String,
        /// The objects.
        to: Vec<Dn>,
        /// Which of the two.
        is: bool,
    },
    /// It is in the group, or not.
    Member {
        /// The group's DN.
        group: Dn,
        /// Which of the two.
        is: bool,
    },
}

/// What must be so after some steps of a plan: `done` says of each step whether it was done (now, or before). A later
/// step takes the place of an earlier one on the same thing. `dn` is where the object was put.
pub fn expected(object: &ObjectPlan, done: &[bool], dn: &Dn) -> Vec<Expectation> {
    let mut out: Vec<Expectation> = vec![];
    for (at, step) in
        object.steps.iter().enumerate().zip(done).filter(|(_, done)| **done).map(|(step, _)| step)
    {
        match &step.action {
            Action::Reanimate { sam_account_name, user_principal_name, .. } => {
                put(&mut out, Expectation::Live);
                put(&mut out, Expectation::Dn(dn.clone()));
                for (attribute, value) in
                    [("sAMAccountName", sam_account_name), ("userPrincipalName", user_principal_name)]
                {
                    if let Some(value) = value {
                        put(&mut out, text(attribute, value));
                    }
                }
            }
            Action::Create { sam_account_name, .. } => {
                put(&mut out, Expectation::Live);
                put(&mut out, Expectation::Dn(dn.clone()));
                if let Some(name) = sam_account_name {
                    put(&mut out, text("sAMAccountName", name));
                }
            }
            Action::SetUpn { value, .. } => put(&mut out, text("userPrincipalName", value)),
            Action::SetAttribute { attribute, values, .. } => {
                // The membership of the primary group is no link: `memberOf` does not name it any more.
                if attribute.eq_ignore_ascii_case("primaryGroupID")
                    && let Some(Action::AddToGroup { group, .. }) =
                        at.checked_sub(1).and_then(|at| object.steps.get(at)).map(|step| &step.action)
                {
                    out.retain(|e| !matches!(e, Expectation::Member { group: g, .. } if g == group));
                }
                let (attribute, values) = (attribute.clone(), values.clone());
                put(&mut out, Expectation::Values { attribute, values });
            }
            Action::Enable => put(&mut out, Expectation::Enabled(true)),
            Action::Disable => put(&mut out, Expectation::Enabled(false)),
            // The group says it, in its own domain.
            action if action.other_domain().is_some() => {}
            Action::AddToGroup { group, .. } => {
                put(&mut out, Expectation::Member { group: group.clone(), is: true });
            }
            Action::RemoveFromGroup { group, .. } => {
                put(&mut out, Expectation::Member { group: group.clone(), is: false });
            }
            Action::AddLinks { attribute, holder, targets, .. }
            | Action::RemoveLinks { attribute, holder, targets }
                // What other objects point to is not read with this one.
                if holder.guid == object.guid =>
            {
                let is = matches!(step.action, Action::AddLinks { .. });
                let to = targets.iter().map(|end| end.dn.clone()).collect();
                put(&mut out, Expectation::Points { attribute: attribute.clone(), to, is });
            }
            Action::AddLinks { .. } | Action::RemoveLinks { .. } => {}
            Action::Move { .. } => put(&mut out, Expectation::Dn(dn.clone())),
            Action::Delete => out = vec![Expectation::Deleted],
            Action::SetPassword { must_change, .. } => {
                put(&mut out, Expectation::Password { must_change: *must_change });
            }
            // What was done by hand cannot be read, and what lies beyond the directory is not in it.
            Action::Manual { .. }
            | Action::HoldSync { .. }
            | Action::BeforeSync { .. }
            | Action::Preflight
            | Action::ReleaseSync { .. }
            | Action::RunSync { .. }
            | Action::Wait { .. }
            | Action::CloudRestore { .. }
            | Action::CloudUpdate { .. } => {}
        }
    }
    out
}

fn text(attribute: &str, value: &str) -> Expectation {
    Expectation::Values { attribute: attribute.to_owned(), values: vec![Value::Text(value.to_owned())] }
}

/// Adds an expectation in place of an earlier one on the same thing.
fn put(all: &mut Vec<Expectation>, new: Expectation) {
    use Expectation::{Deleted, Dn, Enabled, Live, Member, Password, Values};
    all.retain(|old| match (old, &new) {
        (Live | Deleted, Live | Deleted)
        | (Dn(_), Dn(_))
        | (Enabled(_), Enabled(_))
        | (Password { .. }, Password { .. }) => false,
        (Values { attribute: a, .. }, Values { attribute: b, .. }) => !a.eq_ignore_ascii_case(b),
        (Member { group: a, .. }, Member { group: b, .. }) => a != b,
        _ => true,
    });
    all.push(new);
}

/// The attributes that [`compare`] needs.
pub fn attributes(expectations: &[Expectation]) -> Vec<String> {
    let mut names: Vec<String> = vec!["objectGUID".into(), "isDeleted".into()];
    for expectation in expectations {
        let name = match expectation {
            Expectation::Values { attribute, .. } | Expectation::Points { attribute, .. } => {
                attribute.as_str()
            }
            Expectation::Enabled(_) => "userAccountControl",
            Expectation::Password { .. } => "pwdLastSet",
            Expectation::Member { .. } => "memberOf",
            Expectation::Live | Expectation::Deleted | Expectation::Dn(_) => continue,
        };
        if !names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Where an object, read afresh by its GUID, is not as expected.
pub fn compare(expectations: &[Expectation], entry: &Entry) -> Vec<Difference> {
    expectations.iter().filter_map(|expectation| differs(expectation, entry)).collect()
}

fn differs(expectation: &Expectation, entry: &Entry) -> Option<Difference> {
    let difference = |what: &str, expected: String, observed: String| {
        Some(Difference { what: what.to_owned(), expected, observed })
    };
    let deleted = entry.is_deleted();
    let state = |deleted| if deleted { "deleted" } else { "live" }.to_owned();
    match expectation {
        Expectation::Live if deleted => difference("isDeleted", state(false), state(true)),
        Expectation::Deleted if !deleted => difference("isDeleted", state(true), state(false)),
        Expectation::Live | Expectation::Deleted => None,
        Expectation::Dn(dn) => {
            let same = entry.dn.parse::<Dn>().is_ok_and(|present| present == *dn);
            if same { None } else { difference("dn", dn.to_string(), entry.dn.clone()) }
        }
        Expectation::Values { attribute, values } => {
            let present = entry.values(attribute);
            let wanted: Option<Vec<Vec<u8>>> = values.iter().map(Value::to_bytes).collect();
            let same = wanted
                .is_some_and(|w| w.len() == present.len() && w.iter().all(|value| present.contains(value)));
            if same { None } else { difference(attribute, shown(values), shown(&from_attribute(present))) }
        }
        Expectation::Points { attribute, to, is } => {
            let present: HashSet<String> = entry
                .texts(attribute)
                .iter()
                .filter_map(|dn| dn.parse::<Dn>().ok())
                .map(|dn| dn.key())
                .collect();
            let wrong: Vec<String> =
                to.iter().filter(|dn| present.contains(&dn.key()) != *is).map(ToString::to_string).collect();
            let first = wrong.first()?;
            let more = if wrong.len() > 1 { format!(" and {} more", wrong.len() - 1) } else { String::new() };
            let name = |is| if is { format!("{first}{more}") } else { format!("not {first}{more}") };
            difference(attribute, name(*is), name(!*is))
        }
        Expectation::Enabled(wanted) => {
            let name = |enabled| if enabled { "enabled" } else { "disabled" }.to_owned();
            let present = entry.uac().map(UserAccountControl::is_enabled);
            if present == Some(*wanted) {
                return None;
            }
            difference("userAccountControl", name(*wanted), present.map_or("absent".to_owned(), name))
        }
        Expectation::Password { must_change } => {
            // An account that may not read it is no reason to call it wrong.
            let present = entry.integer("pwdLastSet")?;
            // One that must be changed may have been changed since.
            if *must_change || present != 0 {
                return None;
            }
            difference("pwdLastSet", "set".to_owned(), "not set".to_owned())
        }
        Expectation::Member { group, is } => {
            // Links to deleted groups show as mangled names on some servers: they are no memberships.
            let groups = entry.texts("memberOf");
            let mut live = groups.iter().filter_map(|g| g.parse::<Dn>().ok()).filter(|g| !g.is_mangled());
            let present = live.any(|g| g == *group);
            let name = |is| if is { format!("in {group}") } else { format!("not in {group}") };
            if present == *is { None } else { difference("member", name(*is), name(present)) }
        }
    }
}

fn shown(values: &[Value]) -> String {
    values.iter().map(Value::shown).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        text.parse().unwrap()
    }

    fn values(attribute: &str, values: &[&str]) -> Expectation {
        let values = values.iter().map(|v| Value::Text((*v).to_owned())).collect();
        Expectation::Values { attribute: attribute.to_owned(), values }
    }

    #[test]
    fn what_is_as_expected_is_no_difference() {
        let entry = Entry::new("cn=usera,ou=Staff,dc=x")
            .with("userPrincipalName", ["a@x"])
            .with("proxyAddresses", ["smtp:b", "SMTP:a"])
            .with("userAccountControl", ["514"])
            .with("memberOf", ["cn=G,DC=x", "CN=Old\\0ADEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f,DC=x"]);
        let all = [
            Expectation::Live,
            Expectation::Dn(dn("CN=UserA,OU=Staff,DC=x")),
            values("userPrincipalName", &["a@x"]),
            values("proxyAddresses", &["SMTP:a", "smtp:b"]),
            values("mail", &[]),
            Expectation::Enabled(false),
            Expectation::Member { group: dn("CN=g,DC=x"), is: true },
            Expectation::Member {
                group: dn("CN=Old\\0ADEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f,DC=x"),
                is: false,
            },
        ];
        assert_eq!(compare(&all, &entry), []);
        assert_eq!(attributes(&all).len(), 7);
    }

    #[test]
    fn every_expectation_can_fail() {
        let entry =
            Entry::new("CN=UserA,DC=x").with("isDeleted", ["TRUE"]).with("userPrincipalName", ["A@x"]);
        let all = [
            Expectation::Live,
            Expectation::Dn(dn("CN=UserA,OU=Staff,DC=x")),
            values("userPrincipalName", &["a@x"]),
            Expectation::Enabled(true),
            Expectation::Member { group: dn("CN=g,DC=x"), is: true },
        ];
        let found: Vec<String> = compare(&all, &entry).into_iter().map(|d| d.what).collect();
        assert_eq!(found, ["isDeleted", "dn", "userPrincipalName", "userAccountControl", "member"]);
        assert_eq!(compare(&[Expectation::Deleted], &Entry::new("CN=a")).len(), 1);
    }

    #[test]
    fn the_later_step_counts() {
        let mut all = vec![Expectation::Enabled(false), values("mail", &["a"])];
        put(&mut all, Expectation::Enabled(true));
        put(&mut all, values("MAIL", &[]));
        assert_eq!(all, [Expectation::Enabled(true), values("MAIL", &[])]);
    }
}
