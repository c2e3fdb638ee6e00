//! An object that comes several times in one batch: what it says in the end.

use std::collections::{HashMap, HashSet};

use adrecover_core::ObjectGuid;
use adrecover_core::change::{ObjectChange, WholeLinks};

/// The objects that come more than once, with their places.
pub(super) fn repeated(objects: &[ObjectChange]) -> HashMap<ObjectGuid, Vec<usize>> {
    let mut seen = HashSet::with_capacity(objects.len());
    let again: HashSet<ObjectGuid> =
        objects.iter().map(|o| o.guid).filter(|guid| !seen.insert(*guid)).collect();
    let mut out: HashMap<ObjectGuid, Vec<usize>> = HashMap::new();
    if !again.is_empty() {
        for (at, object) in objects.iter().enumerate().filter(|(_, o)| again.contains(&o.guid)) {
            out.entry(object.guid).or_default().push(at);
        }
    }
    out
}

/// What comes of one object, with all that says the same about whether it is deleted as one: what a batch says of an object twice is
/// its state at two moments of the reading, and the later one counts.
pub(super) fn runs<'a>(changes: impl Iterator<Item = &'a ObjectChange>) -> Vec<ObjectChange> {
    let mut out: Vec<ObjectChange> = vec![];
    for change in changes {
        match out.last_mut() {
            Some(last) if last.is_deleted == change.is_deleted => put(last, change),
            _ => out.push(change.clone()),
        }
    }
    out
}

/// All that comes of one object as one, whatever happened between.
pub(super) fn together(first: &ObjectChange, rest: &[ObjectChange]) -> ObjectChange {
    let mut all = first.clone();
    for later in rest {
        all.is_deleted = later.is_deleted;
        put(&mut all, later);
    }
    all
}

/// Puts what is known later over what was known before.
fn put(all: &mut ObjectChange, later: &ObjectChange) {
    if !later.dn.is_empty() {
        all.dn.clone_from(&later.dn);
        // What tells of links or attributes only does not tell where the object lies: whoever was moved says so.
        all.parent = later.parent.or(all.parent);
    }
    all.sid = later.sid.clone().or(all.sid.take());
    all.usn = later.usn.or(all.usn);
    all.when_changed = later.when_changed.or(all.when_changed);
    if later.is_whole {
        all.is_whole = true;
        all.attributes.clear();
    }
    for attribute in &later.attributes {
        all.attributes.retain(|a| !a.name.eq_ignore_ascii_case(&attribute.name));
        all.attributes.push(attribute.clone());
    }
    all.links.retain(|link| !later.whole_links.includes(&link.attribute));
    let named: HashSet<_> =
        later.links.iter().map(|l| (l.attribute.to_ascii_lowercase(), &l.target)).collect();
    all.links.retain(|link| !named.contains(&(link.attribute.to_ascii_lowercase(), &link.target)));
    all.links.extend_from_slice(&later.links);
    match (&mut all.whole_links, &later.whole_links) {
        (WholeLinks::All, _) | (_, WholeLinks::None) => {}
        (WholeLinks::Of(names), WholeLinks::Of(more)) => names.extend_from_slice(more),
        (whole, later) => *whole = later.clone(),
    }
}

#[cfg(test)]
mod tests {
    use adrecover_core::change::{AttributeChange, LinkChange, LinkTarget};

    use super::*;

    fn guid(n: u8) -> ObjectGuid {
        ObjectGuid::from_wire(&[n; 16]).unwrap()
    }

    fn change(n: u8, values: &[(&'static str, &str)]) -> ObjectChange {
        let mut change = ObjectChange::new(guid(n), "CN=a,DC=x");
        for (name, value) in values {
            let values = if value.is_empty() { vec![] } else { vec![value.as_bytes().to_vec()] };
            change.attributes.push(AttributeChange { name: (*name).into(), values, stamp: None });
        }
        change
    }

    fn link(n: u8, is_present: bool) -> LinkChange {
        let target = LinkTarget { guid: Some(guid(n)), sid: None, dn: String::new(), data: vec![] };
        LinkChange { attribute: "member".into(), target, is_present, stamp: None }
    }

    #[test]
    fn only_what_comes_again_is_looked_at_twice() {
        let objects = [change(1, &[]), change(2, &[]), change(1, &[])];
        let repeated = repeated(&objects);
        assert_eq!(repeated.len(), 1);
        assert_eq!(repeated[&guid(1)], [0, 2]);
    }

    #[test]
    fn the_later_word_counts() {
        let (mut a, mut b) = (change(1, &[("mail", "x"), ("title", "t")]), change(1, &[("MAIL", "")]));
        a.links = vec![link(5, true), link(6, true)];
        b.links = vec![link(6, false)];
        let runs = runs([&a, &b].into_iter());
        assert_eq!(runs.len(), 1);
        assert!(runs[0].attribute("mail").unwrap().values.is_empty());
        assert_eq!(runs[0].attribute("title").unwrap().values, [b"t"]);
        assert_eq!(runs[0].links, [link(5, true), link(6, false)]);
    }

    #[test]
    fn where_an_object_lies_is_not_forgotten_over_its_links() {
        let (mut moved, mut more, mut again) = (change(1, &[]), change(1, &[]), change(1, &[]));
        (moved.parent, again.parent) = (Some(guid(8)), Some(guid(9)));
        more.links = vec![link(5, true)];
        assert_eq!(runs([&moved, &more].into_iter())[0].parent, Some(guid(8)));
        assert_eq!(runs([&moved, &again, &more].into_iter())[0].parent, Some(guid(9)));
    }

    #[test]
    fn a_whole_list_takes_the_place_of_what_came_before() {
        let (mut a, mut b) = (change(1, &[("mail", "x")]), change(1, &[("title", "t")]));
        a.links = vec![link(5, true)];
        b.is_whole = true;
        b.whole_links = WholeLinks::Of(vec!["member".into()]);
        b.links = vec![link(7, true)];
        let runs = runs([&a, &b].into_iter());
        assert!(runs[0].attribute("mail").is_none() && runs[0].is_whole);
        assert_eq!(runs[0].links, [link(7, true)]);
        assert!(runs[0].whole_links.includes("member"));
    }

    #[test]
    fn a_deletion_between_stays() {
        let mut deleted = change(1, &[("isDeleted", "TRUE")]);
        deleted.is_deleted = true;
        let live = change(1, &[("mail", "x")]);
        assert_eq!(runs([&live, &deleted, &live].into_iter()).len(), 3);
    }
}
