//! What an object points to, and the groups that it is in.

use super::SOURCE;
use super::past::{Changed, PastLinks};
use super::plan::{Maker, by_hand};
use super::present::End;
use super::rule::{MEMBER, Way, way};
use crate::Dn;
use crate::plan::{Action, LinkEnd, Step, Undo};

/// The most values that one step writes. One write that is refused for one of them writes none.
const AT_ONCE: usize = 500;

/// Adds the steps for links and memberships.
pub(super) fn add(maker: &mut Maker<'_>) {
    let past = maker.past;
    for links in &past.links {
        own(maker, links);
    }
    if let Some(groups) = past.groups.as_ref().filter(|_| maker.scope.includes_groups()) {
        memberships(maker, groups);
    }
}

fn own(maker: &mut Maker<'_>, links: &PastLinks) {
    let name = links.attribute.as_str();
    if !maker.scope.includes(name) {
        return;
    }
    let present = maker.present.links.get(&name.to_lowercase()).cloned().unwrap_or_default();
    let mut add: Vec<LinkEnd> = vec![];
    let mut lost: Vec<String> = vec![];
    for end in &links.had {
        match maker.around.live(end.guid) {
            Some(dn) if present.contains(&dn.key()) => {}
            Some(dn) => add.push(LinkEnd { guid: end.guid, dn: dn.clone() }),
            None => lost.push(gone(maker, name, end)),
        }
    }
    let is_there = |end: &&LinkEnd| maker.around.live(end.guid).is_some_and(|dn| present.contains(&dn.key()));
    let remove: Vec<LinkEnd> = links
        .had_not
        .iter()
        .filter(is_there)
        .filter_map(|end| Some(LinkEnd { guid: end.guid, dn: maker.around.live(end.guid)?.clone() }))
        .collect();
    if add.is_empty() && remove.is_empty() && lost.is_empty() {
        return;
    }
    let schema = maker.domain.attributes.get(&name.to_lowercase()).cloned().flatten();
    let schema = schema.filter(|schema| schema.is_link && !schema.is_system && !schema.is_confidential);
    let Some(schema) = schema else {
        maker
            .notes
            .push(format!("{name} stays: by this forest's schema it is no link attribute that is written"));
        return;
    };
    match way(name) {
        Way::Harmless => {}
        Way::Named if maker.scope.names(name) => {}
        Way::Named => {
            maker.notes.push(format!(
                "{name} was changed ({} value(s) are missing, {} came since): it is rolled back only by its name (--attribute {name})",
                add.len() + lost.len(),
                remove.len()
            ));
            return;
        }
        Way::Told(_) | Way::Silent => return,
    }
    // One that takes a single value, and has one that the journal does not know: that would be lost without a way back.
    let newer = present.len() > remove.len();
    if schema.is_single && !add.is_empty() && newer && !is_only(&remove, &present) {
        let text = format!("{name} has been set since the journal last heard of it, and stays");
        maker.notes.push(text);
        return;
    }
    let holder = holder(maker);
    let changed = links.changed.clone();
    for some in remove.chunks(AT_ONCE) {
        maker.steps.push(Step {
            action: Action::RemoveLinks {
                attribute: name.to_owned(),
                holder: holder.clone(),
                targets: some.to_vec(),
            },
            why: because("came later", changed.as_ref()),
            already: false,
            undo: Undo::AddLinks,
        });
    }
    for some in add.chunks(AT_ONCE) {
        maker.steps.push(Step {
            action: Action::AddLinks {
                attribute: name.to_owned(),
                holder: holder.clone(),
                targets: some.to_vec(),
                only_if_absent: schema.is_single,
                source: SOURCE.to_owned(),
                at: Some(maker.request.to),
            },
            why: because("was there", changed.as_ref()),
            already: false,
            undo: Undo::RemoveLinks,
        });
    }
    tell(maker, lost);
}

fn is_only(remove: &[LinkEnd], present: &std::collections::HashSet<String>) -> bool {
    present.iter().all(|name| remove.iter().any(|end| end.dn.key() == *name))
}

fn holder(maker: &Maker<'_>) -> LinkEnd {
    LinkEnd { guid: maker.past.guid, dn: maker.present.object.dn.parse().unwrap_or_default() }
}

fn because(what: &str, changed: Option<&Changed>) -> String {
    let changed = changed.map(|changed| format!(", changed {}", changed.in_words()));
    format!("{what}{}", changed.unwrap_or_default())
}

fn gone(maker: &Maker<'_>, attribute: &str, end: &LinkEnd) -> String {
    match maker.around.ends.get(&end.guid) {
        Some(End::Deleted) => format!(
            "{attribute} had `{}`, which is deleted: restore it with `adrecover restore --guid {}`, then roll back again",
            end.dn, end.guid
        ),
        _ => format!("{attribute} had `{}`, which is not there any more, or lies in another domain", end.dn),
    }
}

/// How many ends that are not there any more are told one by one.
const MOST: usize = 50;

fn tell(maker: &mut Maker<'_>, lost: Vec<String>) {
    let more = lost.len().saturating_sub(MOST);
    maker.steps.extend(lost.into_iter().take(MOST).map(|text| by_hand(text, String::new())));
    if more > 0 {
        maker.steps.push(by_hand(format!("and {more} more that are not there any more"), String::new()));
    }
}

fn memberships(maker: &mut Maker<'_>, groups: &PastLinks) {
    let changed = groups.changed.as_ref();
    let mut lost = vec![];
    for end in &groups.had_not {
        let Some(End::Live { dn, is_protected, is_group: true }) = maker.around.ends.get(&end.guid).cloned()
        else {
            continue;
        };
        if !maker.present.groups.contains(&dn.key())
            || !consented(maker, &dn, is_protected, "take it out of it")
        {
            continue;
        }
        maker.steps.push(Step {
            action: Action::RemoveFromGroup { group: dn, guid: end.guid, domain: None },
            why: because("it was not in it", changed),
            already: false,
            undo: Undo::AddToGroup,
        });
    }
    for end in &groups.had {
        match maker.around.ends.get(&end.guid).cloned() {
            Some(End::Live { dn, is_protected, is_group: true }) => {
                if maker.present.groups.contains(&dn.key())
                    || !consented(maker, &dn, is_protected, "add it")
                {
                    continue;
                }
                maker.steps.push(Step {
                    action: Action::AddToGroup {
                        group: dn,
                        guid: end.guid,
                        source: SOURCE.to_owned(),
                        domain: None,
                        at: None,
                    },
                    why: because("it was in it", changed),
                    already: false,
                    undo: Undo::RemoveFromGroup,
                });
            }
            Some(End::Live { dn, .. }) => lost.push(format!("it was in `{dn}`, which is no group any more")),
            Some(End::Deleted) => lost.push(format!(
                "it was in the group `{}`, which is deleted: restore it with `adrecover restore --guid {}`, then roll back again",
                end.dn, end.guid
            )),
            None => lost.push(format!(
                "it was in the group `{}`, which is not there any more, or lies in another domain",
                end.dn
            )),
        }
    }
    tell(maker, lost);
}

/// Whether a membership may be changed; of a protected group only with consent.
fn consented(maker: &mut Maker<'_>, group: &Dn, is_protected: bool, what: &str) -> bool {
    if is_protected && !maker.request.allow_privileged {
        let text = format!("`{group}` is a protected group: {what} by hand, or give --allow-privileged");
        maker.steps.push(by_hand(text, MEMBER.to_owned()));
        return false;
    }
    true
}
