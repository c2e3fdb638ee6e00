//! Deleted objects as a file tells them: the same items as those of a live list, as far as a file knows.

use std::collections::HashMap;
use std::ops::ControlFlow;

use adrecover_core::deleted::{ATTRIBUTES, BIN_ATTRIBUTES, DeletedObject, Judge, NotRestorable, ParentState};
use adrecover_core::lifetime::{DeletionPolicy, State};
use adrecover_core::source::{About, Key, Object, Selection, Source, SourceError, SourceKind, Standing};
use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid};

use super::spool::{Spool, Spooled};
use crate::error::{Candidate, CliError};

/// How many parents are remembered.
const PARENTS: usize = 100_000;
/// How deep a deleted container is followed to where it was.
const DEPTH: usize = 64;

/// Which naming contexts of a file are looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Partition {
    /// The domain of the domain controller that it comes from.
    Domain,
    /// The forest's configuration.
    Configuration,
    /// The application partitions of DNS.
    Dns,
    /// All of them.
    All,
}

impl Partition {
    /// Whether an object lies in it.
    fn has(self, dn: &str, about: &About) -> bool {
        let Ok(dn) = dn.parse::<Dn>() else { return self == Self::All };
        let names = |wanted: &[&str]| {
            let mut at = Some(dn.clone());
            while let Some(one) = at.filter(|dn| !dn.is_empty()) {
                if one
                    .rdn()
                    .is_some_and(|rdn| wanted.iter().any(|name| rdn.to_string().eq_ignore_ascii_case(name)))
                {
                    return true;
                }
                at = one.parent();
            }
            false
        };
        let is_dns = || names(&["DC=DomainDnsZones", "DC=ForestDnsZones"]);
        let is_configuration = || names(&["CN=Configuration"]);
        match self {
            Self::All => true,
            Self::Dns => is_dns(),
            Self::Configuration => is_configuration(),
            Self::Domain => {
                !is_dns()
                    && !is_configuration()
                    && about.domain.as_ref().is_none_or(|domain| is_within(&dn, domain, &about.contexts))
            }
        }
    }
}

/// Whether a name lies in a naming context, and not in another one below it.
pub(crate) fn is_within(dn: &Dn, context: &Dn, contexts: &[Dn]) -> bool {
    let is_inner = |inner: &&Dn| inner.depth() > context.depth() && inner.is_at_or_below(context);
    dn.is_at_or_below(context) && !contexts.iter().filter(is_inner).any(|inner| dn.is_at_or_below(inner))
}

/// Reads deleted objects of one source.
pub(crate) struct DeletedReader {
    about: About,
    judge: Judge,
    parents: HashMap<String, Option<Parent>>,
}

/// A parent, as the source has it.
#[derive(Debug, Clone)]
struct Parent {
    state: ParentState,
    /// Where it was, if it is deleted.
    original: Option<Dn>,
}

impl DeletedReader {
    /// For a source. The names of domain controllers are looked up where metadata may name them.
    pub(crate) fn new(source: &mut dyn Source, now: Timestamp) -> Result<Self, SourceError> {
        let about = source.about().clone();
        let has_metadata = matches!(about.kind, SourceKind::Ntds | SourceKind::Samba | SourceKind::Ldap);
        let dc_names = if has_metadata { dc_names(source, &about)? } else { vec![] };
        let bin = about.recycle_bin.unwrap_or(false);
        // What is made up of an unknown policy is taken out again in `read`.
        let policy = about.policy.unwrap_or_else(|| DeletionPolicy::new(bin, None, None));
        let judge = Judge { policy, undeletes_from_bin: true, now, dc_names };
        Ok(Self { about, judge, parents: HashMap::new() })
    }

    /// An object as an item of the list; `None` where it has neither a GUID nor a name that tells one. The parent is not looked at.
    pub(crate) fn read(&self, object: Object) -> Option<DeletedObject> {
        let standing = object.standing;
        let mut entry = object.entry;
        if entry.guid().is_none() {
            let guid = object.guid.or_else(|| mangled_guid(&entry.dn))?;
            entry.attributes.retain(|attribute| !attribute.name.eq_ignore_ascii_case("objectGUID"));
            entry = entry.with("objectGUID", [guid.to_wire()]);
        }
        let mut item = self.judge.take(entry)?;
        if let Standing::Deleted(state) = standing {
            item.state = state;
        }
        if self.about.policy.is_none() {
            (item.expires_at, item.days_left) = (None, None);
            if item.not_restorable_because == Some(NotRestorable::LifetimeOver) {
                item.not_restorable_because = None;
            }
        }
        if item.state == State::Recycled && item.not_restorable_because.is_none() {
            item.not_restorable_because = Some(NotRestorable::Recycled);
        }
        item.restorable = item.not_restorable_because.is_none();
        Some(item)
    }

    /// All deleted objects of a source that are wanted, with their parents, and how many could not be told for want of a GUID.
    pub(crate) fn all(
        &mut self,
        source: &mut dyn Source,
        partition: Partition,
        under: Option<&Dn>,
        mut is_wanted: impl FnMut(&DeletedObject) -> bool,
    ) -> Result<(Spooled<DeletedObject>, u64), CliError> {
        let attributes = ATTRIBUTES.iter().chain(&BIN_ATTRIBUTES).chain(&["whenChanged"]);
        let wanted = Selection {
            live: false,
            attributes: Some(attributes.map(|name| (*name).to_owned()).collect()),
            ..Selection::everything()
        };
        let mut found = Spool::new()?;
        let (mut nameless, mut failed) = (0, None);
        source.list(&wanted, &mut |object| {
            if is_bin(&object) || !partition.has(&object.entry.dn, &self.about) {
                return ControlFlow::Continue(());
            }
            let Some(item) = self.read(object) else {
                nameless += 1;
                return ControlFlow::Continue(());
            };
            if is_wanted(&item)
                && let Err(error) = found.push(&item)
            {
                failed = Some(error);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        let (found, mut complete) = (found.finish()?, Spool::new()?);
        for item in found.iter()? {
            let mut item = item?;
            if self.complete(source, &mut item, under)? {
                complete.push(&item)?;
            }
        }
        Ok((complete.finish()?, nameless))
    }

    /// Fills in what became of the parent; says whether the object was in the container that is asked for.
    pub(crate) fn complete(
        &mut self,
        source: &mut dyn Source,
        item: &mut DeletedObject,
        under: Option<&Dn>,
    ) -> Result<bool, SourceError> {
        let named = item.last_known_parent.as_deref().and_then(|dn| dn.parse::<Dn>().ok());
        let Some(named) = named else { return Ok(under.is_none()) };
        let parent = self.parent(source, &named)?;
        item.parent_state = parent.as_ref().map(|parent| parent.state);
        let Some(under) = under else { return Ok(true) };
        if named.is_at_or_below(under) {
            return Ok(true);
        }
        let (mut at, mut depth) = (parent, 0);
        while let Some(original) = at.and_then(|parent| parent.original) {
            if original.is_at_or_below(under) {
                return Ok(true);
            }
            depth += 1;
            let above = original.parent().filter(|_| depth < DEPTH);
            at = match above {
                Some(above) => self.parent(source, &above)?,
                None => None,
            };
        }
        Ok(false)
    }

    fn parent(&mut self, source: &mut dyn Source, dn: &Dn) -> Result<Option<Parent>, SourceError> {
        let key = dn.key();
        if let Some(known) = self.parents.get(&key) {
            return Ok(known.clone());
        }
        let guid = dn.rdn().and_then(|rdn| rdn.unmangled()).map(|(_, guid)| guid);
        let found = source.find(&guid.map_or_else(|| Key::Dn(dn.clone()), Key::Guid))?;
        let parent = match found.first() {
            Some(object) if object.standing == Standing::Live => {
                Some(Parent { state: ParentState::Live, original: None })
            }
            Some(object) => {
                let rdn = adrecover_core::deleted::original_rdn(&object.entry);
                let original =
                    object.entry.dn_value("lastKnownParent").zip(rdn).map(|(dn, rdn)| dn.child(rdn));
                Some(Parent { state: ParentState::Deleted, original })
            }
            // Only a whole database knows what is not there.
            None if matches!(self.about.kind, SourceKind::Ntds | SourceKind::Samba) => {
                Some(Parent { state: ParentState::Missing, original: None })
            }
            None => None,
        };
        if self.parents.len() >= PARENTS {
            self.parents.clear();
        }
        self.parents.insert(key, parent.clone());
        Ok(parent)
    }
}

/// Whether an object is the container of deleted ones: it is marked as deleted, and is not ([MS-ADTS] 6.1.1.4.2).
pub(crate) fn is_bin(object: &Object) -> bool {
    let dn = object.entry.dn.as_str();
    let head = "CN=Deleted Objects,";
    dn.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
}

/// The GUID in the name of a deleted object.
pub(crate) fn mangled_guid(dn: &str) -> Option<ObjectGuid> {
    Some(dn.parse::<Dn>().ok()?.rdn()?.unmangled()?.1)
}

/// An object among several of one name.
pub(super) fn candidate(object: &Object) -> Option<Candidate> {
    let dn = object.entry.dn.parse::<Dn>().ok();
    let is_live = object.standing == Standing::Live;
    Some(Candidate {
        guid: object.guid.or_else(|| mangled_guid(&object.entry.dn))?,
        name: adrecover_core::deleted::original_rdn(&object.entry)?.value().to_owned(),
        last_known_parent: match is_live {
            true => dn.and_then(|dn| dn.parent()).map(|dn| dn.to_string()),
            false => object.entry.text("lastKnownParent"),
        },
        deleted_at: if is_live { None } else { object.entry.time("whenChanged") },
    })
}

/// The names of domain controllers by their invocation ids.
fn dc_names(source: &mut dyn Source, about: &About) -> Result<Vec<(ObjectGuid, String)>, SourceError> {
    /// More are not kept: no forest has as many.
    const MOST: usize = 10_000;
    let is_configuration =
        |dn: &&Dn| dn.rdn().is_some_and(|rdn| rdn.to_string().eq_ignore_ascii_case("CN=Configuration"));
    let Some(configuration) = about.contexts.iter().find(is_configuration) else { return Ok(vec![]) };
    let wanted = Selection {
        deleted: false,
        recycled: false,
        under: format!("CN=Sites,{configuration}").parse().ok(),
        attributes: Some(vec!["invocationId".to_owned()]),
        ..Selection::everything()
    };
    let mut names = vec![];
    source.list(&wanted, &mut |object| {
        let id = object.entry.value("invocationId").and_then(|octets| ObjectGuid::from_wire(octets).ok());
        let server = object.entry.dn.parse::<Dn>().ok().and_then(|dn| dn.parent());
        let name = server.and_then(|dn| dn.rdn().map(|rdn| rdn.value().to_owned()));
        names.extend(id.zip(name));
        if names.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(names)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use adrecover_core::Entry;
    use adrecover_core::source::{DamageReport, Direction, Link, Visit};

    struct Few(Vec<Object>, About, DamageReport);

    impl Source for Few {
        fn about(&self) -> &About {
            &self.1
        }

        fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError> {
            for object in self.0.iter().filter(|object| wanted.takes(object.standing)) {
                if visit(object.clone()).is_break() {
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

    const OU: &str = "0c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";
    const USER: &str = "1c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";

    fn few(policy: bool) -> Few {
        let gone = |rdn: &str, guid: &str| format!("{rdn}\\0ADEL:{guid},CN=Deleted Objects,DC=x");
        let entries = [
            Entry::new("OU=Top,DC=x").with("objectGUID", [[1; 16]]),
            Entry::new(gone("OU=Sub", OU))
                .with("objectGUID", [OU.parse::<ObjectGuid>().unwrap().to_wire()])
                .with("isDeleted", ["TRUE"])
                .with("whenChanged", ["20260101000000.0Z"])
                .with("lastKnownParent", ["OU=Top,DC=x"]),
            // Without objectGUID: its name tells it.
            Entry::new(gone("CN=Ada", USER))
                .with("isDeleted", ["TRUE"])
                .with("lastKnownParent", [gone("OU=Sub", OU)]),
            Entry::new(
                "CN=x\\0ADEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f,CN=Deleted Objects,CN=Configuration,DC=x",
            )
            .with("isDeleted", ["TRUE"])
            .with("lastKnownParent", ["CN=nowhere,CN=Configuration,DC=x"]),
            Entry::new("CN=Deleted Objects,DC=x").with("objectGUID", [[2; 16]]).with("isDeleted", ["TRUE"]),
            Entry::new("CN=y,DC=x").with("isDeleted", ["TRUE"]),
        ];
        let mut about = About::new(SourceKind::Ldif, "ldif:x");
        about.domain = "DC=x".parse().ok();
        about.policy = policy.then(|| DeletionPolicy::new(false, Some(60), None));
        let objects = entries.into_iter().enumerate();
        let objects = objects.map(|(i, entry)| Object::new(i as u64, entry, None, "")).collect();
        Few(objects, about, DamageReport::default())
    }

    fn listed(policy: bool, partition: Partition, under: Option<&str>) -> (Vec<DeletedObject>, u64) {
        let mut source = few(policy);
        let now = Utc.with_ymd_and_hms(2026, 11, 26, 12, 0, 0).unwrap();
        let mut reader = DeletedReader::new(&mut source, now).unwrap();
        let under = under.map(|dn| dn.parse().unwrap());
        let (found, nameless) = reader.all(&mut source, partition, under.as_ref(), |_| true).unwrap();
        let items = found.iter().unwrap().map(Result::unwrap).collect();
        (items, nameless)
    }

    #[test]
    fn what_a_file_does_not_know_is_not_made_up() {
        let (items, nameless) = listed(false, Partition::Domain, None);
        let [ou, ada] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!(
            (ou.parent_state, ou.expires_at, ou.not_restorable_because),
            (Some(ParentState::Live), None, None)
        );
        assert_eq!((ada.guid.to_string().as_str(), ada.parent_state), (USER, Some(ParentState::Deleted)));
        assert_eq!((ada.deleted_at, nameless), (None, 1));

        let (items, _) = listed(true, Partition::Domain, None);
        assert_eq!(items[0].not_restorable_because, Some(NotRestorable::LifetimeOver));
        let (items, _) = listed(true, Partition::Configuration, None);
        assert_eq!((items.len(), items[0].parent_state), (1, None));
        assert_eq!(listed(true, Partition::All, None).0.len(), 3);
    }

    #[test]
    fn a_deleted_container_is_followed_to_where_it_was() {
        assert_eq!(listed(true, Partition::Domain, Some("OU=Top,DC=x")).0.len(), 2);
        assert_eq!(listed(true, Partition::Domain, Some("OU=Sub,OU=Top,DC=x")).0.len(), 1);
        assert!(listed(true, Partition::Domain, Some("OU=Other,DC=x")).0.is_empty());
    }
}
