//! What the change journal has of one object, before it is held against the live directory.

use std::collections::BTreeMap;

use adrecover_core::plan::LinkEnd;
use adrecover_core::rollback::{
    MEMBER_OF, Nothing, Past, PastAttribute, PastLinks, PastPlace, Scope, Way, link_names, way,
};
use adrecover_core::time::Timestamp;
use adrecover_core::value::from_attribute;
use adrecover_core::{Dn, Entry, ObjectGuid};
use adrecover_journal::{Change, Journal, Kind, Link, ObjectState, Status};

use super::history::{History, Which, end};
use crate::error::CliError;

const MEMBER: &str = "member";

/// How the journal is asked.
pub(crate) struct Question<'a> {
    /// The journal.
    pub(crate) journal: &'a Journal,
    /// The time whose state is wanted.
    pub(crate) to: Timestamp,
    /// The changes that are rolled back.
    pub(crate) which: &'a Which,
    /// Which attributes.
    pub(crate) scope: Scope<'a>,
    /// Whether memberships are asked for from the member's end; where the groups themselves are rolled back they are not.
    pub(crate) memberships: bool,
    /// The names of domain controllers.
    pub(crate) controller: &'a dyn Fn(ObjectGuid) -> String,
}

/// What the journal has of one object.
pub(crate) struct Asked {
    /// What becomes of it once the live object is known.
    pub(crate) past: Past,
    /// All its links then and now by their attribute, where all of them are compared; `memberOf` stands for its memberships.
    whole: BTreeMap<String, (Vec<LinkEnd>, Vec<LinkEnd>)>,
    /// Whether it lies in the object that it lay in, as far as the journal knows.
    stayed: bool,
}

impl Question<'_> {
    /// Asks about one object.
    pub(crate) fn ask(&self, guid: ObjectGuid) -> Result<Asked, CliError> {
        let nothing = |dn: &str, why| Asked {
            past: Past::nothing(guid, dn, why),
            whole: BTreeMap::new(),
            stayed: false,
        };
        let Some(now) = self.journal.now(guid)? else { return Ok(nothing("", Nothing::Unknown)) };
        match self.which {
            Which::Of(_) => self.of_changes(guid, &now),
            Which::After(_) => {
                let Some(then) = self.journal.at(guid, self.to)? else {
                    let created = self.journal.history(guid)?.into_iter().find(|c| c.kind.has(Kind::CREATED));
                    let since = created.map_or(now.known_from, |change| change.happened);
                    return Ok(nothing(&now.dn, Nothing::NotThere(since)));
                };
                if then.known_from.timestamp() > self.to.timestamp() {
                    return Ok(nothing(&now.dn, Nothing::KnownSince(then.known_from)));
                }
                if then.status != Status::Live {
                    return Ok(nothing(&now.dn, Nothing::WasDeleted));
                }
                Ok(self.of_time(then, now))
            }
        }
    }

    /// The state at a time.
    fn of_time(&self, then: ObjectState, now: ObjectState) -> Asked {
        let mut past = Past::new(then.guid, then.dn.clone());
        let names = then.attributes.iter().chain(&now.attributes).map(|a| a.name.as_str());
        let mut seen: Vec<&str> = vec![];
        for name in names {
            if seen.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                continue;
            }
            seen.push(name);
            let values = |state: &ObjectState| {
                state.attribute(name).map(|a| from_attribute(&a.values)).unwrap_or_default()
            };
            match way(name) {
                Way::Told(why) if self.scope.is_whole() && values(&then) != values(&now) => {
                    past.notes.push(format!("{name} was changed and stays: {why}"));
                }
                Way::Harmless | Way::Named if self.scope.includes(name) => {
                    past.attributes.push(PastAttribute {
                        attribute: name.to_owned(),
                        values: values(&then),
                        newest: Some(values(&now)),
                        changed: None,
                        later: None,
                    })
                }
                _ => {}
            }
        }
        let mut whole: BTreeMap<String, (Vec<LinkEnd>, Vec<LinkEnd>)> = BTreeMap::new();
        let wanted = |link: &&Link| {
            link.data.is_empty()
                && self.scope.includes(&link.attribute)
                && matches!(way(&link.attribute), Way::Harmless | Way::Named)
        };
        for link in then.links.iter().filter(wanted) {
            whole.entry(link.attribute.clone()).or_default().0.push(end(link.other, &link.dn));
        }
        for link in now.links.iter().filter(wanted) {
            whole.entry(link.attribute.clone()).or_default().1.push(end(link.other, &link.dn));
        }
        if self.memberships && self.scope.includes_groups() {
            let groups = |state: &ObjectState| -> Vec<LinkEnd> {
                let links = state.referrers.iter().filter(|l| l.attribute.eq_ignore_ascii_case(MEMBER));
                links.map(|link| end(link.other, &link.dn)).collect()
            };
            whole.insert(MEMBER_OF.to_owned(), (groups(&then), groups(&now)));
        }
        past.place = self.place(&then);
        Asked { past, whole, stayed: then.parent == now.parent }
    }

    fn place(&self, then: &ObjectState) -> Option<PastPlace> {
        let dn: Dn = then.dn.parse().ok()?;
        let parent = then.parent.filter(|_| self.scope.includes_place())?;
        Some(PastPlace { dn, parent, changed: None, later: None })
    }

    /// What some changes replaced.
    fn of_changes(&self, guid: ObjectGuid, now: &ObjectState) -> Result<Asked, CliError> {
        let changes = self.journal.history(guid)?;
        let history = self.history(&changes);
        if let Some(created) = history.ours().find(|change| change.kind.has(Kind::CREATED)) {
            let why = Nothing::NotThere(created.happened);
            return Ok(Asked {
                past: Past::nothing(guid, &*now.dn, why),
                whole: BTreeMap::new(),
                stayed: false,
            });
        }
        let mut past = Past::new(guid, now.dn.clone());
        for change in history.ours() {
            for diff in &change.attributes {
                let new = from_attribute(&diff.new);
                match past.attributes.iter_mut().find(|a| a.attribute.eq_ignore_ascii_case(&diff.name)) {
                    Some(known) => known.newest = Some(new),
                    None if !self.scope.includes(&diff.name) => {}
                    None => match way(&diff.name) {
                        Way::Harmless | Way::Named => past.attributes.push(PastAttribute {
                            attribute: diff.name.clone(),
                            values: from_attribute(&diff.old),
                            newest: Some(new),
                            changed: None,
                            later: None,
                        }),
                        Way::Told(why) => {
                            past.notes.push(format!("{} was changed and stays: {why}", diff.name))
                        }
                        Way::Silent => {}
                    },
                }
            }
        }
        past.links = history.links(|link| {
            link.is_own
                && self.scope.includes(&link.attribute)
                && matches!(way(&link.attribute), Way::Harmless | Way::Named)
        });
        if self.memberships && self.scope.includes_groups() {
            let groups = history.links(|link| !link.is_own && link.attribute.eq_ignore_ascii_case(MEMBER));
            past.groups = groups.into_iter().next();
        }
        if history.ours().any(|change| change.dn.is_some()) {
            let before = self.to - chrono::TimeDelta::seconds(1);
            past.place = self.journal.at(guid, before)?.and_then(|then| self.place(&then));
        }
        Ok(Asked { past, whole: BTreeMap::new(), stayed: false })
    }

    fn history<'h>(&'h self, changes: &'h [Change]) -> History<'h> {
        History { changes, which: self.which, controller: self.controller }
    }
}

impl Asked {
    /// The attributes that have to be read of the live object.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &str> {
        let attributes = self.past.attributes.iter().map(|a| a.attribute.as_str());
        let links = self.past.links.iter().map(|links| links.attribute.as_str());
        attributes.chain(links).chain(self.whole.keys().map(String::as_str))
    }

    /// What is not so in the live object.
    pub(crate) fn held_against(self, live: &Entry, question: &Question<'_>) -> Result<Past, CliError> {
        let Self { mut past, whole, stayed } = self;
        past.keep_different(live);
        // Most objects are as they were: nothing more needs to be asked about them.
        let dn = live.dn.parse::<Dn>().ok();
        past.place = past.place.filter(|place| !stayed || dn.as_ref() != Some(&place.dn));
        for (attribute, (then, newest)) in whole {
            let (links, unknown) =
                PastLinks::between(&attribute, then, newest, &link_names(live, &attribute));
            let is_groups = attribute == MEMBER_OF;
            if unknown > 0 && !is_groups {
                past.notes.push(format!(
                    "{unknown} value(s) of {attribute} are newer than what the change journal has, and stay"
                ));
            }
            match is_groups {
                _ if links.is_empty() => {}
                true => past.groups = Some(links),
                false => past.links.push(links),
            }
        }
        if past.attributes.is_empty()
            && past.links.is_empty()
            && past.groups.is_none()
            && past.place.is_none()
        {
            return Ok(past);
        }
        let changes = question.journal.history(past.guid)?;
        let history = question.history(&changes);
        for attribute in &mut past.attributes {
            let name = attribute.attribute.clone();
            let is = |change: &Change| change.attributes.iter().any(|a| a.name.eq_ignore_ascii_case(&name));
            attribute.changed = history.changed(is);
            if attribute.later.is_some() {
                attribute.later = history.later(is).or_else(|| attribute.later.take());
            }
        }
        for links in &mut past.links {
            let name = links.attribute.clone();
            links.changed = history
                .changed(|c| c.links.iter().any(|l| l.is_own && l.attribute.eq_ignore_ascii_case(&name)));
        }
        if let Some(groups) = &mut past.groups {
            groups.changed = history
                .changed(|c| c.links.iter().any(|l| !l.is_own && l.attribute.eq_ignore_ascii_case(MEMBER)));
        }
        if let Some(place) = &mut past.place {
            place.changed = history.changed(|change| change.dn.is_some());
            place.later = match question.which {
                Which::Of(_) => history.later(|change| change.dn.is_some()),
                Which::After(_) => None,
            };
        }
        Ok(past)
    }
}
