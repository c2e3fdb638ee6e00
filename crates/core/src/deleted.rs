//! A deleted object as `list` shows it.

use serde::{Deserialize, Serialize};

use crate::dn::{Rdn, unmangle};
use crate::entry::has_class;
use crate::kind::ObjectKind;
use crate::lifetime::{DeletionPolicy, State};
use crate::time::Timestamp;
use crate::{Entry, ObjectGuid, Sid, UserAccountControl, metadata};

/// The attributes from which a [`DeletedObject`] is read, where the Recycle Bin is off.
pub const ATTRIBUTES: [&str; 8] = [
    "objectGUID",
    "objectClass",
    "objectSid",
    "sAMAccountName",
    "userAccountControl",
    "lastKnownParent",
    "isRecycled",
    "replPropertyMetaData",
];

/// The further attributes that only objects in the Recycle Bin have.
pub const BIN_ATTRIBUTES: [&str; 2] = ["userPrincipalName", "msDS-LastKnownRDN"];

/// A deleted object: one item of `adrecover/list/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletedObject {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// The name before the deletion.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ObjectKind,
    /// `objectClass`, most general first.
    pub object_class: Vec<String>,
    /// Its state.
    pub state: State,
    /// The DN as it is now.
    pub dn: String,
    /// The RDN before the deletion, with its type.
    pub rdn: String,
    /// `sAMAccountName`.
    pub sam_account_name: Option<String>,
    /// `objectSid`.
    pub sid: Option<Sid>,
    /// `userPrincipalName`, where it was kept.
    pub user_principal_name: Option<String>,
    /// `lastKnownParent` as the directory gives it: the parent's DN of today.
    pub last_known_parent: Option<String>,
    /// What became of that parent; `None` where it was not or could not be asked.
    pub parent_state: Option<ParentState>,
    /// When it was deleted.
    #[serde(serialize_with = "crate::time::serialize")]
    pub deleted_at: Option<Timestamp>,
    /// The DC on which it was deleted: its name, or its invocation id where no name is known for it.
    pub deleted_on: Option<String>,
    /// Until when it can be restored.
    #[serde(serialize_with = "crate::time::serialize")]
    pub expires_at: Option<Timestamp>,
    /// Whole days until then; negative when that has passed.
    pub days_left: Option<i64>,
    /// Whether it can be restored.
    pub restorable: bool,
    /// Why not.
    pub not_restorable_because: Option<NotRestorable>,
    /// The sources that know what it lost.
    pub can_fill_from: Vec<String>,
    /// `userAccountControl`, for the planner.
    #[serde(skip)]
    pub uac: Option<UserAccountControl>,
}

/// What became of the container that an object was deleted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ParentState {
    /// It is there.
    Live,
    /// It is itself deleted.
    Deleted,
    /// It is not in the directory any more.
    Missing,
}

impl ParentState {
    /// The state's name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Deleted => "deleted",
            Self::Missing => "missing",
        }
    }
}

/// Why an object cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NotRestorable {
    /// It is recycled.
    Recycled,
    /// Its lifetime is over: other DCs may have removed it for good already.
    LifetimeOver,
    /// This server cannot undelete it (Samba with the Recycle Bin on).
    ServerCannot,
    /// Objects of its class, or this very object, must not be restored this way.
    Class,
}

impl NotRestorable {
    /// The reason's name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recycled => "recycled",
            Self::LifetimeOver => "lifetimeOver",
            Self::ServerCannot => "serverCannot",
            Self::Class => "class",
        }
    }
}

/// What is needed to judge deleted objects, besides the objects.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The forest's policy.
    pub policy: DeletionPolicy,
    /// Whether this server can undelete objects of the Recycle Bin; Samba cannot.
    pub undeletes_from_bin: bool,
    /// The time against which lifetimes are measured.
    pub now: Timestamp,
    /// DC names by invocation id.
    pub dc_names: Vec<(ObjectGuid, String)>,
}

impl Judge {
    /// Reads one deleted object; `None` when the entry lacks a GUID or a name, which no deleted object does.
    pub fn read(&self, entry: &Entry) -> Option<DeletedObject> {
        self.take(entry.clone())
    }

    /// The same, of an entry that is not needed any more.
    pub fn take(&self, mut entry: Entry) -> Option<DeletedObject> {
        let guid = entry.guid()?;
        let rdn = original_rdn(&entry)?;
        let kind = ObjectKind::of(&entry);
        let state = State::of(&entry, self.policy.recycle_bin);
        let stamp = entry.value("replPropertyMetaData").and_then(|v| metadata::find(v, metadata::IS_DELETED));
        let deleted_at = stamp.and_then(|s| s.time).or_else(|| entry.time("whenChanged"));
        let expires_at = deleted_at.and_then(|at| self.policy.expires(state, at));
        let uac = entry.uac();
        let because = self.not_restorable(&entry, kind, state, uac, expires_at);
        Some(DeletedObject {
            guid,
            name: rdn.value().to_owned(),
            kind,
            object_class: entry.take_texts("objectClass"),
            state,
            rdn: rdn.to_string(),
            sam_account_name: entry.take_text("sAMAccountName"),
            sid: entry.sid(),
            user_principal_name: entry.take_text("userPrincipalName"),
            last_known_parent: entry.take_text("lastKnownParent"),
            dn: entry.dn,
            parent_state: None,
            deleted_at,
            deleted_on: stamp.map(|s| self.dc_name(s.originating)),
            expires_at,
            days_left: expires_at
                .map(|at| at.signed_duration_since(self.now).num_seconds().div_euclid(86_400)),
            restorable: because.is_none(),
            not_restorable_because: because,
            can_fill_from: vec![],
            uac,
        })
    }

    fn dc_name(&self, invocation_id: ObjectGuid) -> String {
        self.dc_names
            .iter()
            .find(|(id, _)| *id == invocation_id)
            .map_or_else(|| invocation_id.to_string(), |(_, name)| name.clone())
    }

    fn not_restorable(
        &self,
        entry: &Entry,
        kind: ObjectKind,
        state: State,
        uac: Option<UserAccountControl>,
        expires_at: Option<Timestamp>,
    ) -> Option<NotRestorable> {
        if never_restored(entry, kind, uac).is_some() {
            Some(NotRestorable::Class)
        } else if state == State::Recycled {
            Some(NotRestorable::Recycled)
        } else if expires_at.is_some_and(|at| at <= self.now) {
            Some(NotRestorable::LifetimeOver)
        } else if state == State::Deleted && !self.undeletes_from_bin {
            Some(NotRestorable::ServerCannot)
        } else {
            None
        }
    }
}

/// The RDN before the deletion: the type of the mangled DN, always, with `msDS-LastKnownRDN` as its value where that was
/// kept and is longer (AD cuts a long name to make room for the mark), else the mangled name cut at the mark. An entry
/// that is not mangled gives its RDN.
pub fn original_rdn(entry: &Entry) -> Option<Rdn> {
    let rdn = Rdn::first(&entry.dn).ok()?;
    let kept = entry.text("msDS-LastKnownRDN").filter(|v| !v.is_empty());
    let value = match unmangle(rdn.value()) {
        Some((cut, _)) => kept.as_deref().filter(|k| k.len() >= cut.len()).unwrap_or(cut),
        None => rdn.value(),
    };
    Some(Rdn::new(rdn.kind(), value))
}

/// Why this very object must never be restored by this program, whatever its state.
pub fn never_restored(
    entry: &Entry,
    kind: ObjectKind,
    uac: Option<UserAccountControl>,
) -> Option<NeverRestored> {
    /// Objects whose other half is not in the directory, or which only the system may create.
    const CLASSES: [(&str, NeverRestored); 12] = [
        ("trustedDomain", NeverRestored::Trust),
        ("groupPolicyContainer", NeverRestored::GroupPolicy),
        ("nTDSDSA", NeverRestored::DomainController),
        ("nTDSDSARO", NeverRestored::DomainController),
        ("server", NeverRestored::DomainController),
        ("crossRef", NeverRestored::System),
        ("domainDNS", NeverRestored::System),
        ("rIDSet", NeverRestored::System),
        ("rIDManager", NeverRestored::System),
        ("secret", NeverRestored::System),
        ("classSchema", NeverRestored::System),
        ("attributeSchema", NeverRestored::System),
    ];
    let classes = entry.values("objectClass");
    if let Some((_, why)) = CLASSES.iter().find(|(class, _)| has_class(classes, class)) {
        return Some(*why);
    }
    if !kind.is_account() {
        return None;
    }
    let name = entry.value("sAMAccountName").unwrap_or_default();
    let begins = name.get(..6).is_some_and(|head| head.eq_ignore_ascii_case(b"krbtgt"));
    if begins && matches!(name.get(6), None | Some(b'_' | b'-')) {
        return Some(NeverRestored::Krbtgt);
    }
    let uac = uac?;
    if uac.is_domain_controller() {
        Some(NeverRestored::DomainController)
    } else if uac.has(UserAccountControl::INTERDOMAIN_TRUST) {
        Some(NeverRestored::Trust)
    } else {
        None
    }
}

/// Objects that are refused whatever is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeverRestored {
    /// The key account of the domain's or a read-only DC's Kerberos service.
    Krbtgt,
    /// A domain controller's account or server object.
    DomainController,
    /// A trust, or its account.
    Trust,
    /// A group policy container: its files in SYSVOL do not come back with it.
    GroupPolicy,
    /// What only the system creates: naming context heads, cross-references, the schema, secrets.
    System,
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::metadata::tests::value;

    pub(crate) const GUID: &str = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";
    /// 2026-11-01T09:30:00Z in seconds since 1601.
    pub(crate) const DELETED: u64 = 13_437_999_000;

    pub(crate) fn judge(recycle_bin: bool) -> Judge {
        Judge {
            policy: DeletionPolicy::new(recycle_bin, Some(180), None),
            undeletes_from_bin: true,
            now: Utc.with_ymd_and_hms(2026, 11, 22, 0, 0, 0).unwrap(),
            dc_names: vec![(ObjectGuid::from_wire(&[7; 16]).unwrap(), "DC1".into())],
        }
    }

    pub(crate) fn tombstone() -> Entry {
        Entry::new(format!("CN=UserA\\0ADEL:{GUID},CN=Deleted Objects,DC=contoso,DC=com"))
            .with("objectGUID", [GUID.parse::<ObjectGuid>().unwrap().to_wire()])
            .with("objectClass", ["top", "person", "organizationalPerson", "user"])
            .with("sAMAccountName", ["UserA"])
            .with("userAccountControl", ["512"])
            .with("lastKnownParent", ["OU=OnPremises,DC=contoso,DC=com"])
            .with("isRecycled", ["TRUE"])
            .with("replPropertyMetaData", [value(&[(metadata::IS_DELETED, 1, DELETED)])])
    }

    #[test]
    fn a_tombstone_is_read() {
        let object = judge(false).read(&tombstone()).unwrap();
        assert_eq!((object.name.as_str(), object.rdn.as_str()), ("UserA", "CN=UserA"));
        assert_eq!((object.kind, object.state), (ObjectKind::User, State::Tombstone));
        assert_eq!(crate::time::rfc3339(object.deleted_at.unwrap()), "2026-11-01T09:30:00Z");
        assert_eq!(object.deleted_on.as_deref(), Some("DC1"));
        assert_eq!(crate::time::rfc3339(object.expires_at.unwrap()), "2027-04-30T09:30:00Z");
        assert_eq!(object.days_left, Some(159));
        assert!(object.restorable);
    }

    #[test]
    fn reasons_not_to_restore() {
        let because = |entry: &Entry, judge: &Judge| judge.read(entry).unwrap().not_restorable_because;
        assert_eq!(because(&tombstone(), &judge(true)), Some(NotRestorable::Recycled));
        let mut samba = judge(true);
        samba.undeletes_from_bin = false;
        let mut kept = tombstone();
        kept.attributes.retain(|a| a.name != "isRecycled");
        assert_eq!(because(&kept, &samba), Some(NotRestorable::ServerCannot));
        assert_eq!(because(&kept, &judge(true)), None);
        let mut late = judge(false);
        late.now = Utc.with_ymd_and_hms(2027, 5, 1, 0, 0, 0).unwrap();
        assert_eq!(because(&tombstone(), &late), Some(NotRestorable::LifetimeOver));
        assert_eq!(late.read(&tombstone()).unwrap().days_left, Some(-1));
        let mut krbtgt = tombstone();
        krbtgt.attributes.retain(|a| a.name != "sAMAccountName");
        assert_eq!(
            because(&krbtgt.with("sAMAccountName", ["krbtgt_123"]), &judge(false)),
            Some(NotRestorable::Class)
        );
    }

    #[test]
    fn the_kept_rdn_wins_only_where_the_name_was_cut() {
        let cut = tombstone().with("msDS-LastKnownRDN", ["UserA With A Long Name"]);
        assert_eq!(original_rdn(&cut).unwrap().to_string(), "CN=UserA With A Long Name");
        let ou = Entry::new(format!("OU=Finance\\0ADEL:{GUID},CN=Deleted Objects,DC=x"));
        assert_eq!(original_rdn(&ou).unwrap().to_string(), "OU=Finance");
    }

    #[test]
    fn json_is_the_contracts() {
        let json = serde_json::to_value(judge(false).read(&tombstone()).unwrap()).unwrap();
        assert_eq!(json["type"], "user");
        assert_eq!(json["state"], "tombstone");
        assert_eq!(json["deletedAt"], "2026-11-01T09:30:00Z");
        assert_eq!(json["notRestorableBecause"], serde_json::Value::Null);
        assert_eq!(json["samAccountName"], "UserA");
        assert!(json.get("uac").is_none());
    }
}
