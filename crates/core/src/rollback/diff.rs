//! A roll back as a difference: what is, what was, and when that changed.

use super::past::{Changed, Past};
use crate::fill::LOGON_NAME;
use crate::plan::{Action, ObjectPlan, Step, Undo};
use crate::value::Value;

/// What becomes of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The attribute; `memberOf` for a membership in a group, `distinguishedName` for name and place.
    pub attribute: String,
    /// The values now. Of links and groups those that are taken away.
    pub now: Vec<Value>,
    /// The values then. Of links and groups those that are added.
    pub then: Vec<Value>,
    /// When and where it was changed.
    pub changed: Option<Changed>,
    /// The later change that this overwrites.
    pub later: Option<Changed>,
}

/// The difference that a plan makes to an object.
pub fn diffs(object: &ObjectPlan, past: Option<&Past>) -> Vec<Diff> {
    let mut out: Vec<Diff> = vec![];
    for step in &object.steps {
        let Some(diff) = diff(step, past) else { continue };
        // Many values of a link attribute are several steps.
        match out.iter_mut().find(|known| known.attribute == diff.attribute) {
            Some(known) => {
                known.now.extend(diff.now);
                known.then.extend(diff.then);
            }
            None => out.push(diff),
        }
    }
    out
}

fn diff(step: &Step, past: Option<&Past>) -> Option<Diff> {
    let text = |text: String| Value::Text(text);
    let before = || match &step.undo {
        Undo::Values { values, .. } => values.clone(),
        _ => vec![],
    };
    let (name, now, then) = match &step.action {
        Action::SetUpn { value, .. } => (LOGON_NAME.to_owned(), before(), vec![text(value.clone())]),
        Action::SetAttribute { attribute, values, .. } => (attribute.clone(), before(), values.clone()),
        Action::Enable => state("disabled", "enabled"),
        Action::Disable => state("enabled", "disabled"),
        Action::RemoveLinks { attribute, targets, .. } => {
            (attribute.clone(), targets.iter().map(|end| text(end.dn.to_string())).collect(), vec![])
        }
        Action::AddLinks { attribute, targets, .. } => {
            (attribute.clone(), vec![], targets.iter().map(|end| text(end.dn.to_string())).collect())
        }
        Action::AddToGroup { group, .. } => {
            (super::MEMBER_OF.to_owned(), vec![], vec![text(group.to_string())])
        }
        Action::RemoveFromGroup { group, .. } => {
            (super::MEMBER_OF.to_owned(), vec![text(group.to_string())], vec![])
        }
        Action::Move { to } => {
            let from = match &step.undo {
                Undo::Move { to } => vec![text(to.to_string())],
                _ => vec![],
            };
            ("distinguishedName".to_owned(), from, vec![text(to.to_string())])
        }
        _ => return None,
    };
    let (changed, later) = past.map(|past| changes(past, &name)).unwrap_or_default();
    Some(Diff { attribute: name, now, then, changed, later })
}

fn state(now: &str, then: &str) -> (String, Vec<Value>, Vec<Value>) {
    let one = |word: &str| vec![Value::Text(word.to_owned())];
    ("userAccountControl".to_owned(), one(now), one(then))
}

fn changes(past: &Past, name: &str) -> (Option<Changed>, Option<Changed>) {
    let is = |other: &str| other.eq_ignore_ascii_case(name);
    if let Some(attribute) = past.attributes.iter().find(|a| is(&a.attribute)) {
        return (attribute.changed.clone(), attribute.later.clone());
    }
    if let Some(links) = past.links.iter().find(|links| is(&links.attribute)) {
        return (links.changed.clone(), None);
    }
    if is(super::MEMBER_OF) {
        return (past.groups.as_ref().and_then(|groups| groups.changed.clone()), None);
    }
    match &past.place {
        Some(place) if is("distinguishedName") => (place.changed.clone(), place.later.clone()),
        _ => (None, None),
    }
}
