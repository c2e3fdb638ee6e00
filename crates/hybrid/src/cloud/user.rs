//! A user as the documents hold it.

use adrecover_core::decision_table::{CLOUD_DAYS, EntraState};
use adrecover_core::guid::of_source_anchor;
use adrecover_core::time::{Timestamp, in_calendar};
use chrono::Duration;
use serde::Serialize;

use super::Claimant;
use crate::evidence::{Dataset, Evidence, Known, User, UserField};

/// What the cloud holds of a user. What is `None` is empty, or unknown where its name stands in `unknown`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldUser {
    /// The object id.
    pub id: Option<String>,
    /// `present` or `soft-deleted`.
    pub state: &'static str,
    /// By what it claims to be the user, the strongest first.
    pub claims: Vec<&'static str>,
    /// The UPN, of a deleted user the one before the deletion.
    pub user_principal_name: Option<String>,
    /// The UPN as it stands there: in the bin the object id is before it.
    pub user_principal_name_as_held: Option<String>,
    /// `displayName`.
    pub display_name: Option<String>,
    /// `mail`.
    pub mail: Option<String>,
    /// `mailNickname`.
    pub mail_nickname: Option<String>,
    /// `proxyAddresses`, each with its type: `SMTP:` for the primary one.
    pub proxy_addresses: Option<Vec<String>>,
    /// `userType`.
    pub user_type: Option<String>,
    /// `accountEnabled`.
    pub account_enabled: Option<bool>,
    /// `usageLocation`, which licences need.
    pub usage_location: Option<String>,
    /// When it was deleted.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub deleted_at: Option<Timestamp>,
    /// Until when it stays in the bin.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub restorable_until: Option<Timestamp>,
    /// Whole days until then; negative when it is over.
    pub days_left: Option<i64>,
    /// What it has of the directory on premises.
    pub on_premises: OnPremises,
    /// Its licences, and how it came to each.
    pub licences: Option<Vec<LicenceDocument>>,
    /// The roles of the directory that it has, directly.
    pub roles: Option<Vec<RoleDocument>>,
    /// The roles that it may take, directly.
    pub eligible_roles: Option<Vec<RoleDocument>>,
    /// The errors that the synchronisation left.
    pub provisioning_errors: Option<Vec<ProvisioningErrorDocument>>,
    /// The names of what is not known.
    pub unknown: Vec<&'static str>,
}

/// What a user has of the directory on premises.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OnPremises {
    /// `onPremisesSyncEnabled`: `None` for one that never was synchronised.
    pub sync_enabled: Option<bool>,
    /// Whether its source of authority was moved to the cloud.
    pub cloud_managed: Option<bool>,
    /// `onPremisesImmutableId`.
    pub source_anchor: Option<String>,
    /// The GUID that the anchor is, if it is one: `objectGUID` or `mS-DS-ConsistencyGuid`.
    pub source_anchor_guid: Option<String>,
    /// `onPremisesObjectIdentifier`.
    pub object_identifier: Option<String>,
    /// `onPremisesSecurityIdentifier`.
    pub sid: Option<String>,
    /// `onPremisesSamAccountName`.
    pub sam_account_name: Option<String>,
    /// `onPremisesDomainName`.
    pub domain_name: Option<String>,
    /// `onPremisesDistinguishedName`.
    pub distinguished_name: Option<String>,
    /// `onPremisesUserPrincipalName`.
    pub user_principal_name: Option<String>,
    /// `onPremisesLastSyncDateTime`.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub last_sync: Option<Timestamp>,
}

/// A licence of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LicenceDocument {
    /// The product.
    pub sku_id: String,
    /// Its short name, such as `SPE_E3`.
    pub product: Option<String>,
    /// The object id of the group that gives it; `None` for one that was given directly, or of which that is not known.
    pub group_id: Option<String>,
    /// What the group is called.
    pub group: Option<String>,
    /// `Active`, `Error`, …
    pub state: Option<String>,
    /// What is wrong, such as `CountViolation`.
    pub error: Option<String>,
    /// The ids of its plans that are off.
    pub disabled_plans: Vec<String>,
}

/// A role of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleDocument {
    /// The id of the role.
    pub id: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Whether Microsoft counts it among the privileged ones.
    pub privileged: Option<bool>,
    /// Where it holds: `/` for the whole tenant.
    pub scope: Option<String>,
}

/// An error that the synchronisation left with a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningErrorDocument {
    /// `PropertyConflict`, …
    pub category: String,
    /// The property.
    pub property: String,
    /// Its value.
    pub value: String,
    /// When it occurred, as Graph writes it.
    pub occurred: String,
}

/// When a user that was deleted then leaves the bin, and how many whole days that is from now.
pub(super) fn until(deleted_at: Option<Timestamp>, now: Timestamp) -> (Option<Timestamp>, Option<i64>) {
    let end =
        deleted_at.and_then(|at| at.checked_add_signed(Duration::days(CLOUD_DAYS))).and_then(in_calendar);
    (end, end.map(|end| end.signed_duration_since(now).num_seconds().div_euclid(86_400)))
}

pub(super) fn state(user: &User<'_>) -> &'static str {
    if user.is_deleted() { EntraState::SoftDeleted.name() } else { EntraState::Present.name() }
}

/// Takes values, and notes which of them are not known.
#[derive(Default)]
struct Taken {
    unknown: Vec<&'static str>,
}

impl Taken {
    fn take<T>(&mut self, name: &'static str, value: Known<T>) -> Option<T> {
        value.asked().unwrap_or_else(|| {
            self.unknown.push(name);
            None
        })
    }

    fn text(&mut self, user: &User<'_>, field: UserField) -> Option<String> {
        self.take(field.name(), user.text(field)).map(str::to_owned)
    }

    /// A list that is there and empty is no unknown one.
    fn list<T, U>(
        &mut self,
        name: &'static str,
        value: Known<T>,
        read: impl FnOnce(T) -> Vec<U>,
    ) -> Option<Vec<U>> {
        match value {
            Known::NotAsked => {
                self.unknown.push(name);
                None
            }
            Known::Absent => Some(vec![]),
            Known::Value(value) => Some(read(value)),
        }
    }
}

impl HeldUser {
    pub(super) fn of(claimant: &Claimant<'_>, evidence: &Evidence, now: Timestamp) -> Self {
        let user = &claimant.user;
        let mut taken = Taken::default();
        let deleted_at =
            if user.is_deleted() { taken.take("deletedDateTime", user.deleted_at()) } else { None };
        let (restorable_until, days_left) = until(deleted_at, now);
        let id = taken.text(user, UserField::Id);
        let role_id = id.clone().unwrap_or_default();
        Self {
            state: state(user),
            claims: claimant.claims(),
            user_principal_name: taken.take("userPrincipalName", user.upn()).map(str::to_owned),
            user_principal_name_as_held: user.upn_as_listed().value().map(str::to_owned),
            display_name: taken.text(user, UserField::DisplayName),
            mail: taken.text(user, UserField::Mail),
            mail_nickname: taken.text(user, UserField::MailNickname),
            proxy_addresses: taken
                .list("proxyAddresses", user.proxy_addresses(), |all| all.map(str::to_owned).collect()),
            user_type: taken.text(user, UserField::UserType),
            account_enabled: taken.take("accountEnabled", user.account_enabled()),
            usage_location: taken.text(user, UserField::UsageLocation),
            deleted_at,
            restorable_until,
            days_left,
            on_premises: OnPremises::of(user, &mut taken),
            licences: licences(user, evidence, &mut taken),
            roles: roles(&role_id, evidence, Dataset::RoleAssignments, "roles", &mut taken),
            eligible_roles: roles(&role_id, evidence, Dataset::RoleEligibility, "eligibleRoles", &mut taken),
            provisioning_errors: taken.list(
                "onPremisesProvisioningErrors",
                user.provisioning_errors(),
                |all| all.into_iter().map(ProvisioningErrorDocument::of).collect(),
            ),
            id,
            unknown: taken.unknown,
        }
    }
}

impl OnPremises {
    fn of(user: &User<'_>, taken: &mut Taken) -> Self {
        let sync_enabled = taken.take("onPremisesSyncEnabled", user.on_premises_sync_enabled());
        // It is asked of live users that are synchronised; of the others it means nothing.
        let is_asked_of = !user.is_deleted() && sync_enabled == Some(true);
        let cloud_managed =
            if is_asked_of { taken.take("isCloudManaged", user.is_cloud_managed()) } else { None };
        let source_anchor = taken.text(user, UserField::OnPremisesImmutableId);
        Self {
            sync_enabled,
            cloud_managed,
            source_anchor_guid: source_anchor
                .as_deref()
                .and_then(of_source_anchor)
                .map(|guid| guid.to_string()),
            source_anchor,
            object_identifier: taken.text(user, UserField::OnPremisesObjectIdentifier),
            sid: taken.text(user, UserField::OnPremisesSecurityIdentifier),
            sam_account_name: taken.text(user, UserField::OnPremisesSamAccountName),
            domain_name: taken.text(user, UserField::OnPremisesDomainName),
            distinguished_name: taken.text(user, UserField::OnPremisesDistinguishedName),
            user_principal_name: taken.text(user, UserField::OnPremisesUserPrincipalName),
            last_sync: taken.take("onPremisesLastSyncDateTime", user.last_sync()),
        }
    }
}

/// The licences with their states; where no states are told, the licences alone.
fn licences(user: &User<'_>, evidence: &Evidence, taken: &mut Taken) -> Option<Vec<LicenceDocument>> {
    let assigned = user.licences();
    let states = user.licence_states();
    if !states.is_asked() {
        taken.unknown.push("licenseAssignmentStates");
    }
    if !assigned.is_asked() {
        taken.unknown.push("assignedLicenses");
    }
    if !assigned.is_asked() && !states.is_asked() {
        return None;
    }
    let assigned = assigned.value().unwrap_or_default();
    let document = |sku_id: &str, group_id: Option<&str>, state: Option<&str>, error: Option<&str>| {
        let group = group_id.and_then(|id| evidence.licensed_group(id)?.display_name().value());
        let of = assigned.iter().find(|licence| licence.sku_id == sku_id);
        LicenceDocument {
            sku_id: sku_id.to_owned(),
            product: evidence.sku(sku_id).and_then(|sku| sku.part_number().value()).map(str::to_owned),
            group_id: group_id.map(str::to_owned),
            group: group.map(str::to_owned),
            state: state.map(str::to_owned),
            error: error.map(str::to_owned),
            disabled_plans: of
                .map(|licence| licence.disabled_plans().map(str::to_owned).collect())
                .unwrap_or_default(),
        }
    };
    let states = states.value().unwrap_or_default();
    let mut all: Vec<LicenceDocument> =
        states.iter().map(|s| document(s.sku_id, s.by_group, Some(s.state), s.error)).collect();
    let untold = assigned.iter().filter(|licence| !states.iter().any(|s| s.sku_id == licence.sku_id));
    all.extend(untold.map(|licence| document(licence.sku_id, None, None, None)));
    Some(all)
}

fn roles(
    id: &str,
    evidence: &Evidence,
    dataset: Dataset,
    name: &'static str,
    taken: &mut Taken,
) -> Option<Vec<RoleDocument>> {
    let (found, gaps) = evidence.roles_of(dataset, id);
    if !gaps.is_empty() {
        taken.unknown.push(name);
        if found.is_empty() {
            return None;
        }
    }
    let text = |known: Known<&str>| known.value().map(str::to_owned);
    let document = found.iter().map(|role| RoleDocument {
        id: text(role.role_definition_id()),
        name: text(role.role_name()),
        privileged: role.is_privileged().value(),
        scope: text(role.directory_scope()),
    });
    Some(document.collect())
}

impl ProvisioningErrorDocument {
    fn of(error: crate::evidence::ProvisioningError<'_>) -> Self {
        Self {
            category: error.category.to_owned(),
            property: error.property.to_owned(),
            value: error.value.to_owned(),
            occurred: error.occurred.to_owned(),
        }
    }
}
