//! One question put to several objects, and what the answers come to.

use super::{Check, CheckStatus, Need, Sample, Target};
use crate::Dn;

/// The most objects and containers that one answer names.
pub(super) const NAMED: usize = 3;

/// One question put to several objects.
pub(super) struct Answers<'a, T> {
    pub(super) yes: Vec<&'a T>,
    pub(super) no: Vec<&'a T>,
    pub(super) unknown: Vec<&'a T>,
}

/// What an answer calls an object.
pub(super) trait Named {
    fn shown(&self) -> String;
}

impl Named for Sample {
    fn shown(&self) -> String {
        match home(self) {
            Some(parent) => format!("{} (from {parent})", self.name),
            None => self.name.clone(),
        }
    }
}

impl Named for Target {
    fn shown(&self) -> String {
        self.dn.to_string()
    }
}

impl<'a, T: Named> Answers<'a, T> {
    pub(super) fn of(subjects: &[&'a T], ask: impl Fn(&&'a T) -> Option<bool>) -> Self {
        let mut answers = Self { yes: vec![], no: vec![], unknown: vec![] };
        for subject in subjects {
            let list = match ask(subject) {
                Some(true) => &mut answers.yes,
                Some(false) => &mut answers.no,
                None => &mut answers.unknown,
            };
            list.push(*subject);
        }
        answers
    }

    /// All yes is well, all no fails, a mixture warns: objects differ by where they were. `may` is a verb with its preposition,
    /// such as `create in`.
    pub(super) fn check(&self, id: &'static str, title: &'static str, what: &str, may: &str) -> Check {
        let (yes, no, unknown) = (self.yes.len(), self.no.len(), self.unknown.len());
        let total = yes + no + unknown;
        let shown = |list: &[&T]| some_of(&list.iter().map(|t| t.shown()).collect::<Vec<_>>());
        let (status, seen) = match (yes, no, unknown) {
            (0, 0, 0) => (CheckStatus::Unknown, format!("no {what} to look at were found or shown")),
            (_, 0, 0) => {
                (CheckStatus::Ok, format!("may {may} all {what} looked at ({total}): {}", shown(&self.yes)))
            }
            (0, _, 0) => (
                CheckStatus::Fail,
                format!("may {may} none of the {what} looked at ({total}): {}", shown(&self.no)),
            ),
            (0, 0, _) => {
                (CheckStatus::Unknown, format!("the rights on {} cannot be evaluated", shown(&self.unknown)))
            }
            (0, _, _) => (
                CheckStatus::Fail,
                format!("may not {may} {}; unknown: {}", shown(&self.no), shown(&self.unknown)),
            ),
            (_, 0, _) => (
                CheckStatus::Warn,
                format!("may {may} {yes} of {total} {what} looked at; unknown: {}", shown(&self.unknown)),
            ),
            _ => (
                CheckStatus::Warn,
                format!("may {may} {yes} of {total} {what} looked at; not {}", shown(&self.no)),
            ),
        };
        Check::new(id, title, status, seen).needed(Need::Right)
    }
}

/// The first of some names, each once, and how many more there are.
pub(super) fn some_of(names: &[String]) -> String {
    let mut unique: Vec<&str> = vec![];
    names.iter().for_each(|n| {
        if !unique.contains(&n.as_str()) {
            unique.push(n);
        }
    });
    let more = unique.len().saturating_sub(NAMED);
    let mut text = unique[..unique.len() - more].join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

/// Where an object would be restored to, unless that is itself deleted.
pub(super) fn home(sample: &Sample) -> Option<Dn> {
    match &sample.last_known_parent {
        Some(parent) => (!parent.is_mangled()).then(|| parent.clone()),
        None => sample.dn.parse::<Dn>().ok().filter(|dn| !dn.is_mangled())?.parent(),
    }
}
