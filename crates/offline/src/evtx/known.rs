//! What the events of a log tell together: of each object what is known of it at the end, and of memberships.

use std::collections::{BTreeMap, HashMap};

use adrecover_core::directory::{Change, ChangeKind};
use adrecover_core::entry::Attribute;
use adrecover_core::lifetime::State;
use adrecover_core::source::{
    Event, EventKind, Gap, GapReason, LinkEnd, LinkState, Object, Standing, Subject, is_link,
};
use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, Entry, ObjectGuid, Sid};

/// Attributes that have one value ([MS-ADA1] to [MS-ADA3], `isSingleValued`): the one that was added last is all of it. Of others
/// the log tells what was added and removed while it was written, and no more.
const SINGLE: [&str; 61] = [
    "accountExpires",
    "adminCount",
    "c",
    "cn",
    "co",
    "comment",
    "company",
    "countryCode",
    "department",
    "displayName",
    "displayNamePrintable",
    "division",
    "dNSHostName",
    "employeeID",
    "employeeNumber",
    "employeeType",
    "extensionAttribute1",
    "extensionAttribute2",
    "extensionAttribute3",
    "extensionAttribute4",
    "extensionAttribute5",
    "extensionAttribute6",
    "extensionAttribute7",
    "extensionAttribute8",
    "extensionAttribute9",
    "extensionAttribute10",
    "extensionAttribute11",
    "extensionAttribute12",
    "extensionAttribute13",
    "extensionAttribute14",
    "extensionAttribute15",
    "facsimileTelephoneNumber",
    "gidNumber",
    "givenName",
    "groupType",
    "homeDirectory",
    "homeDrive",
    "homePhone",
    "info",
    "initials",
    "l",
    "location",
    "loginShell",
    "mail",
    "mailNickname",
    "middleName",
    "mobile",
    "pager",
    "physicalDeliveryOfficeName",
    "postalCode",
    "profilePath",
    "sAMAccountName",
    "scriptPath",
    "sn",
    "st",
    "streetAddress",
    "targetAddress",
    "telephoneNumber",
    "title",
    "userAccountControl",
    "userPrincipalName",
];

/// What is known of an object.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    who: Subject,
    is_deleted: bool,
    attributes: BTreeMap<String, Values>,
    at: Option<Timestamp>,
    place: String,
}

/// What is known of an attribute.
#[derive(Debug, Clone)]
struct Values {
    name: String,
    values: Vec<Vec<u8>>,
    /// Whether it was changed to or from something that the log does not show.
    is_hidden: bool,
}

/// What is known of a link.
#[derive(Debug, Clone)]
pub(super) struct KnownLink {
    pub(super) attribute: String,
    pub(super) holder: usize,
    pub(super) target: usize,
    pub(super) state: LinkState,
    pub(super) since: Option<Timestamp>,
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    pub(super) objects: Vec<Known>,
    pub(super) links: Vec<KnownLink>,
    by_guid: HashMap<ObjectGuid, usize>,
    by_sid: HashMap<Sid, usize>,
    by_dn: HashMap<String, usize>,
    link_numbers: HashMap<(String, usize, usize), usize>,
}

impl Knowledge {
    /// Takes in an event, in the order of the log.
    pub(super) fn add(&mut self, event: &Event) {
        // Before a move the object is known by its old name.
        if let EventKind::Moved { from: Some(from), .. } = &event.kind {
            let before = Subject { dn: Some(from.clone()), ..event.object.clone() };
            self.number(&before);
        }
        let number = self.number(&event.object);
        match &event.kind {
            EventKind::Deleted => self.mark_deleted(number, true),
            EventKind::Created | EventKind::Undeleted => self.mark_deleted(number, false),
            EventKind::Changed(changes) => {
                changes.iter().for_each(|change| self.change(number, change, event.at))
            }
            EventKind::MemberAdded { group } | EventKind::MemberRemoved { group } => {
                let holder = self.number(group);
                let is_added = matches!(event.kind, EventKind::MemberAdded { .. });
                self.link("member", holder, number, is_added, event.at);
                self.touch(holder, event);
            }
            EventKind::AccountRenamed { to, .. } => {
                if let (Some(known), Some(to)) = (self.objects.get_mut(number), to) {
                    known.who.account = Some(to.clone());
                }
            }
            EventKind::Moved { .. } | EventKind::Enabled | EventKind::Disabled => {}
        }
        self.touch(number, event);
    }

    fn touch(&mut self, number: usize, event: &Event) {
        if let Some(known) = self.objects.get_mut(number) {
            known.at = event.at.or(known.at);
            known.place.clone_from(&event.place);
        }
    }

    /// The object that is meant: by its GUID, its SID, or the name that it has at this moment. What is new of it is noted.
    fn number(&mut self, who: &Subject) -> usize {
        let dn = who.dn.as_deref().map(folded);
        let same_name = dn.as_ref().and_then(|dn| self.by_dn.get(dn)).copied().filter(|number| {
            // Another object may have had the name before.
            let known = self.objects.get(*number).map(|known| &known.who);
            known.is_some_and(|known| {
                let agrees = |one: bool, other: bool, same: bool| !(one && other) || same;
                agrees(who.guid.is_some(), known.guid.is_some(), who.guid == known.guid)
                    && agrees(who.sid.is_some(), known.sid.is_some(), who.sid == known.sid)
            })
        });
        let found = who
            .guid
            .and_then(|guid| self.by_guid.get(&guid).copied())
            .or_else(|| who.sid.as_ref().and_then(|sid| self.by_sid.get(sid).copied()))
            .or(same_name);
        let number = found.unwrap_or_else(|| {
            self.objects.push(Known::default());
            self.objects.len() - 1
        });
        if let Some(guid) = who.guid {
            self.by_guid.insert(guid, number);
        }
        if let Some(sid) = &who.sid {
            self.by_sid.insert(sid.clone(), number);
        }
        if let Some(known) = self.objects.get_mut(number) {
            if let Some(dn) = dn {
                let before = known.who.dn.as_deref().map(folded).filter(|before| *before != dn);
                if let Some(before) = before {
                    self.by_dn.remove(&before);
                }
                self.by_dn.insert(dn, number);
            }
            let Subject { guid, sid, dn, account, class } = who.clone();
            let own = &mut known.who;
            own.guid = guid.or(own.guid);
            own.sid = sid.or(own.sid.take());
            own.dn = dn.or(own.dn.take());
            own.account = account.or(own.account.take());
            // The events of accounts and groups say of which kind they are, those of the directory the class itself.
            let is_better = guid.is_some() || own.class.is_none();
            own.class = class.filter(|_| is_better).or(own.class.take());
        }
        number
    }

    fn mark_deleted(&mut self, number: usize, is_deleted: bool) {
        let Some(known) = self.objects.get_mut(number) else { return };
        known.is_deleted = is_deleted;
        if is_deleted && let Some(dn) = &known.who.dn {
            self.by_dn.remove(&folded(dn));
        }
    }

    fn change(&mut self, number: usize, change: &Change, at: Option<Timestamp>) {
        if is_link(&change.attribute) {
            for value in &change.values {
                let dn = String::from_utf8_lossy(value).into_owned();
                let target = self.number(&Subject { dn: Some(dn), ..Subject::default() });
                self.link(&change.attribute, number, target, change.kind == ChangeKind::Add, at);
            }
            return;
        }
        let Some(known) = self.objects.get_mut(number) else { return };
        let values = known.attributes.entry(change.attribute.to_lowercase()).or_insert_with(|| Values {
            name: change.attribute.clone(),
            values: vec![],
            is_hidden: false,
        });
        if change.values.is_empty() {
            values.is_hidden = true;
            values.values.clear();
        }
        for value in &change.values {
            values.values.retain(|other| other != value);
            if change.kind != ChangeKind::Delete {
                if is_single(&change.attribute) {
                    (values.values, values.is_hidden) = (vec![], false);
                }
                values.values.push(value.clone());
            }
        }
    }

    fn link(&mut self, attribute: &str, holder: usize, target: usize, is_added: bool, at: Option<Timestamp>) {
        let key = (attribute.to_lowercase(), holder, target);
        let number = *self.link_numbers.entry(key).or_insert(self.links.len());
        let (state, since) = if is_added { (LinkState::Present, at) } else { (LinkState::Removed(at), None) };
        match self.links.get_mut(number) {
            // The same is told twice: by the event of the group, and by that of the directory.
            Some(link) if is_added && link.state == LinkState::Present => {}
            Some(link) => (link.state, link.since) = (state, since.or(link.since)),
            None => {
                self.links.push(KnownLink { attribute: attribute.to_owned(), holder, target, state, since })
            }
        }
    }

    /// An object as a source gives it.
    pub(super) fn object(&self, number: usize) -> Option<Object> {
        let known = self.objects.get(number)?;
        let mut entry = Entry::new(known.who.dn.clone().unwrap_or_default());
        let mut gaps = vec![];
        if let Some(guid) = known.who.guid {
            entry = entry.with("objectGUID", [guid.to_wire()]);
        }
        if let Some(sid) = &known.who.sid {
            entry = entry.with("objectSid", [sid.to_wire()]);
        }
        if let Some(class) = &known.who.class {
            entry = entry.with("objectClass", [class]);
            gaps.push(Gap { attribute: "objectClass".to_owned(), reason: GapReason::Partial });
        }
        if let Some(account) =
            known.who.account.as_ref().filter(|_| !known.attributes.contains_key("samaccountname"))
        {
            entry = entry.with("sAMAccountName", [account]);
        }
        for Values { name, values, is_hidden } in known.attributes.values() {
            let gap = match () {
                () if adrecover_core::secrets::is_secret(name) => Some(GapReason::Secret),
                () if *is_hidden => Some(GapReason::Damaged("the log does not show the value".to_owned())),
                () if !is_single(name) => Some(GapReason::Partial),
                () => None,
            };
            gaps.extend(gap.map(|reason| Gap { attribute: name.clone(), reason }));
            if !values.is_empty() {
                entry.attributes.push(Attribute { name: name.clone().into(), values: values.clone() });
            }
        }
        let mut object = Object::new(number as u64, entry, None, known.place.clone());
        // The log does not tell whether the Recycle Bin was on; a tombstone promises least.
        object.standing = self.standing(number);
        object.gaps = gaps;
        object.at = known.at;
        Some(object)
    }

    fn standing(&self, number: usize) -> Standing {
        let is_deleted = self.objects.get(number).is_some_and(|known| known.is_deleted);
        if is_deleted { Standing::Deleted(State::Tombstone) } else { Standing::Live }
    }

    /// The end of a link.
    pub(super) fn end(&self, number: usize) -> LinkEnd {
        let who = self.objects.get(number).map(|known| known.who.clone()).unwrap_or_default();
        LinkEnd {
            guid: who.guid,
            sid: who.sid,
            dn: who.dn.or(who.account).unwrap_or_default(),
            standing: Some(self.standing(number)),
        }
    }
}

/// Whether a subject is this one, as far as both are known.
pub(super) fn is_same(one: &Subject, other: &Object) -> bool {
    let same_dn = || {
        let dn = one.dn.as_deref().map(folded);
        dn.is_some_and(|dn| !other.entry.dn.is_empty() && dn == folded(&other.entry.dn))
    };
    match (one.guid.zip(other.guid), one.sid.as_ref().zip(other.sid.as_ref())) {
        (Some((a, b)), _) => a == b,
        (None, Some((a, b))) => a == b,
        (None, None) => same_dn(),
    }
}

fn folded(dn: &str) -> String {
    dn.parse::<Dn>().map_or_else(|_| dn.to_lowercase(), |dn| dn.key())
}

fn is_single(attribute: &str) -> bool {
    SINGLE.iter().any(|name| name.eq_ignore_ascii_case(attribute))
}
