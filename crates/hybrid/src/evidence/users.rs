//! Cloud users: live ones and those in the bin, and how they are found.

use adrecover_core::time::Timestamp;
use chrono::DateTime;
use uuid::Uuid;

use super::fields::{Kind, UserField};
use super::index::Index;
use super::known::Known;
use super::lookup::Matches;
use super::pack::Items;
use super::record::{Pool, Record};
use super::source::{Dataset, SourceFile};
use super::table::part;
use super::{Entity, Evidence};
use crate::compare::{bare, same};

/// A user of the tenant as the exports give it.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    pub(super) record: &'a Record,
    pub(super) evidence: &'a Evidence,
}

/// A licence that a user or a group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Licence<'a> {
    /// The product.
    pub sku_id: &'a str,
    disabled: &'a str,
}

impl<'a> Licence<'a> {
    /// The plans of the product that are switched off, by their ids.
    pub fn disabled_plans(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        Items(self.disabled)
    }
}

/// How a user came to a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenceState<'a> {
    /// The product.
    pub sku_id: &'a str,
    /// The id of the group that gives it; `None` for one that was given directly.
    pub by_group: Option<&'a str>,
    /// `Active`, `Error`, …
    pub state: &'a str,
    /// What is wrong, such as `CountViolation`; `None` for nothing.
    pub error: Option<&'a str>,
}

/// A plan of Exchange that a user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangePlan<'a> {
    /// The id of the plan, where the property has one.
    pub service_plan_id: &'a str,
    /// `Enabled`, `Deleted`, `Suspended`, …
    pub capability_status: &'a str,
    /// `Success`, … (of `provisionedPlans` only).
    pub provisioning_status: &'a str,
}

/// An error that the synchronisation left with a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvisioningError<'a> {
    /// `PropertyConflict`, …
    pub category: &'a str,
    /// The property that is in conflict.
    pub property: &'a str,
    /// Its value.
    pub value: &'a str,
    /// When it occurred, as the file writes it.
    pub occurred: &'a str,
}

/// The UPN without the object id that stands before it while the user lies in the bin; `None` if there is none.
pub(crate) fn without_prefix<'a>(upn: &'a str, id: &str) -> Option<&'a str> {
    let (prefix, rest) = upn.split_at_checked(32)?;
    let digits = id.bytes().filter(|b| *b != b'-');
    (!rest.is_empty() && id.len() == 36 && digits.eq(prefix.bytes().map(|b| b.to_ascii_lowercase())))
        .then_some(rest)
}

impl<'a> User<'a> {
    /// What is known of a property that holds text. A property that holds something else is not asked for here.
    pub fn text(&self, field: UserField) -> Known<&'a str> {
        match UserField::TABLE[field as usize].1 {
            Kind::Text | Kind::Word | Kind::Guid | Kind::Reference => self.record.get(field.into()),
            _ => Known::NotAsked,
        }
    }

    /// What is known of a property that holds several texts.
    pub fn list(&self, field: UserField) -> Known<Items<'a>> {
        match UserField::TABLE[field as usize].1 {
            Kind::List => self.record.get(field.into()).map(Items),
            _ => Known::NotAsked,
        }
    }

    fn bool(&self, field: UserField) -> Known<bool> {
        self.record.get(field.into()).map(|text| text == "1")
    }

    fn time(&self, field: UserField) -> Known<Timestamp> {
        self.record.get(field.into()).read(seconds)
    }

    /// Its object id.
    pub fn id(&self) -> Known<Uuid> {
        self.text(UserField::Id).read(|text| text.parse().ok())
    }

    /// Whether it lies in the bin.
    pub fn is_deleted(&self) -> bool {
        self.record.part == part::DELETED
    }

    /// Its UPN as the file has it: of a deleted user with its object id before it.
    pub fn upn_as_listed(&self) -> Known<&'a str> {
        self.text(UserField::UserPrincipalName)
    }

    /// Its UPN, of a deleted user without the object id.
    pub fn upn(&self) -> Known<&'a str> {
        let id = self.text(UserField::Id).value().unwrap_or_default();
        self.upn_as_listed().map(|upn| without_prefix(upn, id).unwrap_or(upn))
    }

    /// Its addresses, each with its type: `SMTP:` for the primary one.
    pub fn proxy_addresses(&self) -> Known<Items<'a>> {
        self.list(UserField::ProxyAddresses)
    }

    /// Its primary SMTP addresses, without the type: one, or something is wrong.
    pub fn primary_smtp(&self) -> Known<Vec<&'a str>> {
        self.proxy_addresses().map(|all| super::lookup::primary(all).collect())
    }

    /// The source anchor that the cloud holds: base64, to be compared octet by octet.
    pub fn immutable_id(&self) -> Known<&'a str> {
        self.text(UserField::OnPremisesImmutableId)
    }

    /// The distinguished name of the object that it was last synchronised from.
    pub fn on_premises_dn(&self) -> Known<&'a str> {
        self.text(UserField::OnPremisesDistinguishedName)
    }

    /// Whether it is synchronised.
    pub fn on_premises_sync_enabled(&self) -> Known<bool> {
        self.bool(UserField::OnPremisesSyncEnabled)
    }

    /// Whether it may sign in.
    pub fn account_enabled(&self) -> Known<bool> {
        self.bool(UserField::AccountEnabled)
    }

    /// When it was deleted.
    pub fn deleted_at(&self) -> Known<Timestamp> {
        self.time(UserField::DeletedDateTime)
    }

    /// When it was last synchronised.
    pub fn last_sync(&self) -> Known<Timestamp> {
        self.time(UserField::OnPremisesLastSyncDateTime)
    }

    /// Whether its source of authority has been moved to the cloud: from the user itself, or from a file with nothing else.
    pub fn is_cloud_managed(&self) -> Known<bool> {
        let own = self.bool(UserField::IsCloudManaged);
        own.or_else(|| match self.text(UserField::Id) {
            Known::Value(id) => self.evidence.behaviour_of(id),
            _ => Known::NotAsked,
        })
    }

    /// The licences that it has, directly or through groups.
    pub fn licences(&self) -> Known<Vec<Licence<'a>>> {
        let texts = self.record.get(UserField::AssignedLicenses.into());
        licences(texts, &self.evidence.store.pool)
    }

    /// How it came to each of them.
    pub fn licence_states(&self) -> Known<Vec<LicenceState<'a>>> {
        self.shared(UserField::LicenseAssignmentStates).map(|all| {
            let state = |[sku_id, group, state, error]: [&'a str; 4]| LicenceState {
                sku_id,
                by_group: Some(group).filter(|g| !g.is_empty()),
                state,
                error: Some(error).filter(|e| !e.is_empty() && !e.eq_ignore_ascii_case("none")),
            };
            Items(all).filter_map(parts).map(state).collect()
        })
    }

    /// Its plans of Exchange, of `assignedPlans` or of `provisionedPlans`.
    pub fn exchange_plans(&self, field: UserField) -> Known<Vec<ExchangePlan<'a>>> {
        if !matches!(field, UserField::AssignedPlans | UserField::ProvisionedPlans) {
            return Known::NotAsked;
        }
        self.shared(field).map(|all| {
            let plan = |[_, service_plan_id, capability_status, provisioning_status]: [&'a str; 4]| {
                ExchangePlan { service_plan_id, capability_status, provisioning_status }
            };
            Items(all).filter_map(parts).map(plan).collect()
        })
    }

    /// The errors that the synchronisation left.
    pub fn provisioning_errors(&self) -> Known<Vec<ProvisioningError<'a>>> {
        self.record.get(UserField::OnPremisesProvisioningErrors.into()).map(|all| {
            let error = |[category, property, value, occurred]: [&'a str; 4]| ProvisioningError {
                category,
                property,
                value,
                occurred,
            };
            Items(all).filter_map(parts).map(error).collect()
        })
    }

    /// The text that a shared property stands for.
    fn shared(&self, field: UserField) -> Known<&'a str> {
        self.record.get(field.into()).read(|place| self.evidence.store.pool.text(place))
    }

    /// The files that give it, the newest one first.
    pub fn sources(&self) -> impl Iterator<Item = &'a SourceFile> + use<'a> {
        self.evidence.sources(self.record)
    }
}

/// The licences that a property holds.
pub(super) fn licences<'a>(place: Known<&'a str>, pool: &'a Pool) -> Known<Vec<Licence<'a>>> {
    place.read(|place| pool.text(place)).map(|all| {
        let licence = |[sku_id, disabled]: [&'a str; 2]| Licence { sku_id, disabled };
        Items(all).filter_map(parts).map(licence).collect()
    })
}

/// The properties of one nested object.
pub(super) fn parts<const N: usize>(object: &str) -> Option<[&str; N]> {
    let mut items = Items(object);
    let mut out = [""; N];
    for place in &mut out {
        *place = items.next()?;
    }
    Some(out)
}

pub(super) fn seconds(text: &str) -> Option<Timestamp> {
    DateTime::from_timestamp(text.parse().ok()?, 0)
}

/// The tags of a user's keys in the index.
const UPN: u8 = 64;
const ADDRESS: u8 = 65;
/// The properties by which users are found, as they stand.
const PLAIN: [UserField; 6] = [
    UserField::Id,
    UserField::OnPremisesImmutableId,
    UserField::OnPremisesObjectIdentifier,
    UserField::OnPremisesSecurityIdentifier,
    UserField::OnPremisesSamAccountName,
    UserField::OnPremisesDistinguishedName,
];

/// What users were asked for by: a tag of the index and the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Asked(u8, String);

impl Asked {
    pub(crate) fn by(field: UserField, value: &str) -> Self {
        match field {
            UserField::UserPrincipalName => Self::key(UPN, value),
            UserField::ProxyAddresses => Self::key(ADDRESS, bare(value)),
            _ => Self::key(field as u8, value),
        }
    }

    fn key(tag: u8, value: &str) -> Self {
        // Base64 has a case.
        let has_case = tag == UserField::OnPremisesImmutableId as u8;
        Self(tag, if has_case { value.to_owned() } else { value.to_lowercase() })
    }
}

/// All keys of all users.
pub(super) fn index(rows: &[Record]) -> Index {
    let mut index = Index::with_capacity(rows.len() * 10);
    for (row, record) in rows.iter().enumerate() {
        let row = row as u32;
        for field in PLAIN {
            if let Known::Value(text) = record.get(field.into()) {
                index.add(field as u8, text, row);
            }
        }
        if let Known::Value(upn) = record.get(UserField::UserPrincipalName.into()) {
            let id = record.get(UserField::Id.into()).value().unwrap_or_default();
            index.add(UPN, without_prefix(upn, id).unwrap_or(upn), row);
        }
        if let Known::Value(all) = record.get(UserField::ProxyAddresses.into()) {
            Items(all).for_each(|proxy| index.add(ADDRESS, bare(proxy), row));
        }
    }
    index.sort();
    index
}

/// The users of one list: the live ones, or those in the bin.
#[derive(Debug, Clone, Copy)]
pub struct Users<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) dataset: Dataset,
}

impl<'a> Users<'a> {
    /// All of them, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = User<'a>> + use<'a> {
        let evidence = self.evidence;
        evidence.rows(self.dataset).map(move |record| User { record, evidence })
    }

    /// Those whose key in the index passes the test. `needs` is what each user had to be asked for.
    fn find(
        &self,
        tag: u8,
        key: &str,
        needs: &[UserField],
        fits: impl Fn(User<'a>) -> bool,
    ) -> Matches<'a, User<'a>> {
        let (evidence, list) = (self.evidence, self.dataset.place().1);
        let rows = evidence.users_by_key.find(tag, key).filter_map(|row| evidence.row(Entity::User, row));
        let users = rows.filter(|r| r.part == list).map(|record| User { record, evidence });
        let found: Vec<User<'a>> = users.filter(|user| fits(*user)).collect();
        let needs = needs.iter().map(|f| *f as u8);
        let was_asked = evidence.asked.contains(&(self.dataset, Asked::key(tag, key)));
        let gaps = if was_asked {
            evidence.unasked(self.dataset, needs)
        } else {
            evidence.gaps(self.dataset, needs)
        };
        Matches::new(found, gaps)
    }

    fn by(&self, field: UserField, value: &str, are_equal: fn(&str, &str) -> bool) -> Matches<'a, User<'a>> {
        self.find(field as u8, value, &[field], |user| {
            user.text(field).value().is_some_and(|v| are_equal(v, value))
        })
    }

    /// By object id.
    pub fn by_id(&self, id: Uuid) -> Matches<'a, User<'a>> {
        self.by(UserField::Id, &id.to_string(), same)
    }

    /// By source anchor, octet by octet: base64 has a case.
    pub fn by_immutable_id(&self, anchor: &str) -> Matches<'a, User<'a>> {
        self.by(UserField::OnPremisesImmutableId, anchor, |a, b| a == b)
    }

    /// By `onPremisesObjectIdentifier`, as it is written.
    pub fn by_on_premises_object_identifier(&self, id: &str) -> Matches<'a, User<'a>> {
        self.by(UserField::OnPremisesObjectIdentifier, id, same)
    }

    /// By the SID of the object on premises.
    pub fn by_sid(&self, sid: &str) -> Matches<'a, User<'a>> {
        self.by(UserField::OnPremisesSecurityIdentifier, sid, same)
    }

    /// By account name on premises, which is unique in its domain only.
    pub fn by_sam_account_name(&self, name: &str) -> Matches<'a, User<'a>> {
        self.by(UserField::OnPremisesSamAccountName, name, same)
    }

    /// By distinguished name on premises, as it is written but for case.
    pub fn by_dn(&self, dn: &str) -> Matches<'a, User<'a>> {
        self.by(UserField::OnPremisesDistinguishedName, dn, same)
    }

    /// By UPN, of deleted users without the object id before it.
    pub fn by_upn(&self, upn: &str) -> Matches<'a, User<'a>> {
        self.find(UPN, upn, &[UserField::UserPrincipalName], |user| {
            user.upn().value().is_some_and(|u| same(u, upn))
        })
    }

    /// By any address: of SMTP with or without its type, of others with it.
    pub fn by_address(&self, address: &str) -> Matches<'a, User<'a>> {
        let wanted = bare(address);
        let has = |user: User<'a>| {
            user.proxy_addresses().value().is_some_and(|mut all| all.any(|p| same(bare(p), wanted)))
        };
        self.find(ADDRESS, wanted, &[UserField::ProxyAddresses], has)
    }

    /// By primary SMTP address.
    pub fn by_primary_smtp(&self, address: &str) -> Matches<'a, User<'a>> {
        let wanted = bare(address);
        let has = |user: User<'a>| {
            user.primary_smtp().value().is_some_and(|all| all.iter().any(|p| same(p, wanted)))
        };
        self.find(ADDRESS, wanted, &[UserField::ProxyAddresses], has)
    }

    /// The distinguished names that users are synchronised from: what is in scope, as it was observed.
    pub fn observed_dns(&self) -> impl Iterator<Item = (&'a str, User<'a>)> + use<'a> {
        // Of a user that is no longer synchronised the name stays, and says nothing.
        let synchronised =
            |user: &User<'a>| matches!(user.on_premises_sync_enabled(), Known::Value(true) | Known::NotAsked);
        self.iter().filter(synchronised).filter_map(|user| user.on_premises_dn().value().map(|dn| (dn, user)))
    }
}
