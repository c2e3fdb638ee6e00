//! Comparisons of two small directories that are lists.

use std::ops::ControlFlow;

use super::*;
use crate::Entry;
use crate::source::{
    About, DamageReport, Direction, Gap, GapReason, Link, LinkEnd, LinkState, Object, Selection, SourceKind,
    Visit,
};
use crate::time::generalized;

/// A directory; links are the values of `member` and `manager`.
struct Few(Vec<Object>, About, DamageReport);

const LINKS: [&str; 2] = ["member", "manager"];

impl Few {
    fn new(is_whole: bool, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut about = About::new(SourceKind::Ldif, "ldif:x");
        about.absence_is_unset = is_whole;
        about.moment = generalized("20261101000000.0Z").map(crate::source::Moment::Written);
        let objects = entries.into_iter().enumerate();
        let objects = objects.map(|(i, entry)| Object::new(i as u64, entry, Some(false), "")).collect();
        Self(objects, about, DamageReport::default())
    }

    fn without_links(object: &Object) -> Object {
        let mut object = object.clone();
        object.entry.attributes.retain(|attribute| !LINKS.contains(&attribute.name.as_ref()));
        object
    }
}

impl Source for Few {
    fn about(&self) -> &About {
        &self.1
    }

    fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError> {
        for object in &self.0 {
            let is_wanted = wanted.takes(object.standing) && wanted.covers(&object.entry.dn);
            if is_wanted && visit(Self::without_links(object)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn links(
        &mut self,
        of: &Object,
        direction: Direction,
        visit: Visit<'_, Link>,
    ) -> Result<(), SourceError> {
        let link = |attribute: &str, dn: String| Link {
            attribute: attribute.to_owned(),
            other: LinkEnd { dn, ..LinkEnd::default() },
            data: vec![],
            state: LinkState::Present,
            since: None,
        };
        for object in &self.0 {
            for name in LINKS {
                for dn in object.entry.texts(name) {
                    let found = match direction {
                        Direction::Holds => (object.id == of.id).then(|| link(name, dn)),
                        Direction::PointedTo => {
                            (dn == of.entry.dn).then(|| link(name, object.entry.dn.clone()))
                        }
                    };
                    if let Some(link) = found {
                        let _ = visit(link);
                    }
                }
            }
        }
        Ok(())
    }

    fn damage(&self) -> &DamageReport {
        &self.2
    }
}

fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_wire(&[n; 16]).unwrap()
}

fn object(n: u8, dn: &str) -> Entry {
    Entry::new(dn).with("objectGUID", [guid(n).to_wire()]).with("objectClass", ["top", "user"])
}

fn compared(then: &mut Few, now: &mut Few, scope: &Scope) -> (Counts, Vec<Difference>) {
    let mut told = vec![];
    let counts = all(then, now, scope, &mut |difference| {
        told.push(difference);
        ControlFlow::Continue(())
    });
    told.sort_by_key(|difference| (difference.what, difference.guid));
    (counts.unwrap(), told)
}

fn before() -> Vec<Entry> {
    vec![
        object(1, "OU=A,DC=x"),
        object(2, "CN=ada,OU=A,DC=x")
            .with("title", ["Clerk"])
            .with("mail", ["a@x"])
            .with("whenChanged", ["1"]),
        object(3, "CN=bob,OU=A,DC=x").with("title", ["Boss"]),
        object(4, "CN=team,OU=A,DC=x").with("member", ["CN=ada,OU=A,DC=x", "CN=bob,OU=A,DC=x"]),
        object(5, "CN=eve,OU=A,DC=x").with("manager", ["CN=ada,OU=A,DC=x"]),
        object(6, "CN=same,DC=x").with("title", ["x", "y"]),
    ]
}

fn after() -> Vec<Entry> {
    let dead = format!("CN=bob\\0ADEL:{},CN=Deleted Objects,DC=x", guid(3));
    vec![
        object(1, "OU=B,DC=x"),
        object(2, "CN=ada,OU=B,DC=x")
            .with("title", ["Boss"])
            .with("telephoneNumber", ["1"])
            .with("whenChanged", ["2"]),
        object(3, &dead).with("isDeleted", ["TRUE"]),
        object(4, "CN=team,OU=B,DC=x").with("member", ["CN=ada,OU=B,DC=x", "CN=new,OU=B,DC=x"]),
        object(5, "CN=eva,DC=x").with("manager", ["CN=ada,OU=B,DC=x"]),
        object(6, "cn=Same,DC=x").with("title", ["y", "x"]),
        object(7, "CN=new,OU=B,DC=x").with("whenCreated", ["20261102000000.0Z"]),
        object(8, "CN=old,OU=B,DC=x").with("whenCreated", ["20261001000000.0Z"]),
    ]
}

#[test]
fn what_differs_is_told_by_guid() {
    for at_once in [1, 2, 100] {
        let scope = Scope { at_once, ..Scope::default() };
        let (counts, told) = compared(&mut Few::new(true, before()), &mut Few::new(true, after()), &scope);
        assert_eq!((counts.then, counts.now, counts.same), (6, 7, 1), "{at_once}");
        assert_eq!((counts.gone, counts.gone_restorable, counts.changed, counts.new), (1, 1, 4, 1));
        assert_eq!((counts.renamed, counts.moved, counts.not_exported), (2, 1, 1));
        assert_eq!((counts.members_lost, counts.members_added), (1, 1));

        let bob = &told[0];
        assert_eq!((bob.what, bob.fate, bob.name.as_str()), (What::Gone, Some(Fate::Tombstone), "bob"));
        assert_eq!(
            (bob.links[0].attribute.as_str(), bob.links[0].lost.as_slice()),
            ("memberOf", &["CN=team,OU=A,DC=x".to_owned()][..])
        );

        let [unit, ada, team, eve] = &told[1..5] else { panic!("{told:?}") };
        assert!(unit.is_renamed && !unit.is_moved && unit.attributes.is_empty());
        // It went along with its container.
        assert!(!ada.is_renamed && !ada.is_moved);
        let names: Vec<&str> = ada.attributes.iter().map(|a| a.attribute.as_str()).collect();
        assert_eq!(names, ["mail", "telephoneNumber", "title"]);
        assert_eq!((&ada.attributes[0].now[..], ada.attributes[2].is_sure), (&[][..], true));
        assert_eq!(team.links[0].lost, ["CN=bob,OU=A,DC=x"]);
        assert_eq!(team.links[0].added, ["CN=new,OU=B,DC=x"]);
        assert!(eve.is_renamed && eve.is_moved && eve.links.is_empty(), "{eve:?}");
        assert_eq!((told[5].what, told[5].guid), (What::New, guid(7)));
    }
}

#[test]
fn what_is_not_known_is_no_difference() {
    let then = [
        object(1, "CN=a,DC=x").with("title", ["Clerk"]),
        object(2, "CN=b,DC=x").with("title", ["x"]).with("mail", ["b@x"]),
    ];
    let now = [
        object(1, "CN=a,DC=x")
            .with("title", ["Clerk"])
            .with("mail", ["a@x"])
            .with("info", ["i"])
            .with("member", ["CN=b,DC=x"]),
        object(2, "CN=b,DC=x").with("title", ["x"]).with("mail", ["b@x"]),
    ];
    let (counts, told) =
        compared(&mut Few::new(false, then.clone()), &mut Few::new(true, now.clone()), &Scope::default());
    assert_eq!((counts.changed, counts.same), (1, 1));
    // Nothing in the file has `info` or `member`; it has `mail` of somebody else.
    let [mail] = told[0].attributes.as_slice() else { panic!("{told:?}") };
    assert_eq!((mail.attribute.as_str(), mail.is_sure), ("mail", false));
    assert!(told[0].links.is_empty());

    let mut partial = Few::new(true, then);
    partial.0[0].gaps.push(Gap { attribute: "mail".into(), reason: GapReason::Partial });
    partial.0[0].gaps.push(Gap { attribute: "info".into(), reason: GapReason::Secret });
    let (counts, told) = compared(&mut partial, &mut Few::new(true, now), &Scope::default());
    assert_eq!((counts.gaps, told[0].attributes.len(), told[0].links[0].added_count), (1, 0, 1));
}

#[test]
fn a_part_is_compared_with_what_left_and_came() {
    let then = [
        object(1, "OU=A,DC=x"),
        object(2, "CN=a,OU=A,DC=x"),
        object(3, "CN=b,OU=B,DC=x"),
        object(4, "CN=c,DC=inner,OU=A,DC=x"),
    ];
    let now = [object(1, "OU=A,DC=x"), object(2, "CN=a,OU=B,DC=x"), object(3, "CN=b,OU=A,DC=x")];
    let scope = Scope {
        base: "OU=A,DC=x".parse().ok(),
        contexts: vec!["DC=inner,OU=A,DC=x".parse().unwrap()],
        ..Scope::default()
    };
    let (counts, told) = compared(&mut Few::new(true, then), &mut Few::new(true, now), &scope);
    assert_eq!((counts.moved, counts.gone, counts.new, counts.same), (2, 0, 0, 1), "{told:?}");
}

#[test]
fn one_object_is_looked_up() {
    let (mut then, mut now) = (Few::new(false, before()), Few::new(true, after()));
    let (counts, told) = one(&mut then, &mut now, guid(2)).unwrap().unwrap();
    assert_eq!((counts.changed, told.unwrap().attributes.len()), (1, 3));
    assert!(one(&mut then, &mut now, guid(9)).unwrap().is_none());
    let (_, told) = one(&mut now, &mut then, guid(3)).unwrap().unwrap();
    let told = told.unwrap();
    assert_eq!((told.what, told.dn_now.as_deref()), (What::Back, Some("CN=bob,OU=A,DC=x")));
    assert!(one(&mut then, &mut now, guid(6)).unwrap().unwrap().1.is_none());
}

#[test]
fn the_listener_may_stop() {
    let mut number = 0;
    let (mut then, mut now) = (Few::new(true, before()), Few::new(true, []));
    let counts = all(&mut then, &mut now, &Scope::default(), &mut |_| {
        number += 1;
        ControlFlow::Break(())
    });
    assert_eq!((number, counts.unwrap().gone), (1, 1));
}
