//! What the trait does by itself, on a source that is a list.

use super::*;
use crate::Entry;
use crate::lifetime::State;

struct Few(Vec<Object>, About, DamageReport);

impl Source for Few {
    fn about(&self) -> &About {
        &self.1
    }

    fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError> {
        for object in &self.0 {
            if wanted.takes(object.standing)
                && wanted.covers(&object.entry.dn)
                && visit(object.clone()).is_break()
            {
                break;
            }
        }
        Ok(())
    }

    fn links(&mut self, _: &Object, _: Direction, _: Visit<'_, Link>) -> Result<(), SourceError> {
        Ok(())
    }

    fn damage(&self) -> &DamageReport {
        &self.2
    }
}

const GUID: &str = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";

fn few() -> Few {
    let guid: ObjectGuid = GUID.parse().unwrap();
    let entries = [
        Entry::new(format!("CN=Ada\\0ADEL:{GUID},CN=Deleted Objects,DC=x"))
            .with("objectGUID", [guid.to_wire()])
            .with("isDeleted", ["TRUE"])
            .with("sAMAccountName", ["ada"]),
        Entry::new("CN=Ada,OU=A,DC=x").with("sAMAccountName", ["Ada"]),
        Entry::new("not a name"),
    ];
    let objects =
        entries.into_iter().enumerate().map(|(i, e)| Object::new(i as u64, e, None, format!("line {i}")));
    Few(objects.collect(), About::new(SourceKind::Ldif, "ldif:x"), DamageReport::default())
}

#[test]
fn every_kind_of_key_finds_by_listing() {
    let mut source = few();
    let mut ids = |key: Key| source.find(&key).unwrap().iter().map(|o| o.id).collect::<Vec<_>>();
    assert_eq!(ids(Key::Guid(GUID.parse().unwrap())), [0]);
    assert_eq!(ids(Key::Account("ADA".into())), [1, 0], "the live one first");
    assert_eq!(ids(Key::Name("ada".into())), [1, 0]);
    assert_eq!(ids(Key::Dn("cn=ada,ou=a,dc=x".parse().unwrap())), [1]);
    assert!(ids(Key::Principal("ada@x".into())).is_empty());
}

#[test]
fn a_selection_is_by_state_place_and_attribute() {
    let mut source = few();
    let counts = source.count().unwrap();
    assert_eq!((counts.live, counts.deleted, counts.recycled, counts.total()), (2, 1, 0, 3));
    let wanted = Selection {
        deleted: false,
        under: Some("OU=A,DC=x".parse().unwrap()),
        attributes: Some(vec!["mail".into()]),
        ..Selection::everything()
    };
    let mut seen = vec![];
    source
        .list(&wanted, &mut |object| {
            seen.push(object.id);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, [1]);
    assert!(wanted.names("MAIL") && !wanted.names("sn") && Selection::everything().names("sn"));
}

#[test]
fn a_state_that_is_not_known_promises_least() {
    let deleted = Entry::new("CN=a,DC=x").with("isDeleted", ["TRUE"]);
    let recycled = deleted.clone().with("isRecycled", ["TRUE"]);
    assert_eq!(Standing::of(&deleted, None), Standing::Deleted(State::Tombstone));
    assert_eq!(Standing::of(&deleted, Some(true)), Standing::Deleted(State::Deleted));
    assert_eq!(Standing::of(&recycled, Some(true)), Standing::Deleted(State::Recycled));
    assert_eq!(Standing::of(&Entry::new("CN=a,DC=x"), Some(true)), Standing::Live);
}

#[test]
fn damage_is_told_once_and_bounded() {
    let mut report = DamageReport::default();
    for n in 0..20_000 {
        report.add(format!("line {n}"), "x".repeat(5000));
        report.add("line 1", "x".repeat(5000));
    }
    assert_eq!((report.total(), report.first().len()), (20_000, DamageReport::KEPT));
    assert!(report.first()[0].problem.chars().count() < 400);
}

#[test]
fn errors_lead_out() {
    let other =
        SourceError::OtherKind { name: "x.ldf".into(), named: SourceKind::Ntds, found: SourceKind::Ldif };
    assert_eq!(other.to_string(), "`x.ldf` is an LDIF file, and not an ntds.dit database");
    assert_eq!(other.hint().as_deref(), Some("write ldif:FILE, or file:FILE"));
    let none = SourceError::NotRecognised { name: "x".into(), found: "a picture".into() };
    assert!(none.hint().unwrap().contains("an AD Explorer snapshot"));
}
