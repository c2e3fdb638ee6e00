//! The kinds of objects that are read, and how each is recognised by the names of its properties.

use super::fields::{
    BehaviourField, DomainField, EventField, GroupField, Kind, MailboxField, OrganisationField,
    RoleDefinitionField, RoleField, RunField, SchedulerField, SettingsField, SkuField, SyncFeature,
    ThresholdField, UserField,
};

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Entity {
    User,
    Group,
    Domain,
    Organisation,
    Sku,
    RoleAssignment,
    RoleEligibility,
    RoleDefinition,
    SyncFeatures,
    SyncBehaviour,
    Mailbox,
    Scheduler,
    Run,
    Event,
    Threshold,
    Settings,
}

impl Entity {
    #[cfg(test)]
    pub(crate) const ALL: [Entity; 16] = [
        Self::User,
        Self::Group,
        Self::Domain,
        Self::Organisation,
        Self::Sku,
        Self::RoleAssignment,
        Self::RoleEligibility,
        Self::RoleDefinition,
        Self::SyncFeatures,
        Self::SyncBehaviour,
        Self::Mailbox,
        Self::Scheduler,
        Self::Run,
        Self::Event,
        Self::Threshold,
        Self::Settings,
    ];

    /// The properties that are read of it.
    pub(crate) fn table(self) -> &'static [(&'static str, Kind)] {
        match self {
            Self::User => UserField::TABLE,
            Self::Group => GroupField::TABLE,
            Self::Domain => DomainField::TABLE,
            Self::Organisation => OrganisationField::TABLE,
            Self::Sku => SkuField::TABLE,
            Self::RoleAssignment | Self::RoleEligibility => RoleField::TABLE,
            Self::RoleDefinition => RoleDefinitionField::TABLE,
            Self::SyncFeatures => SyncFeature::TABLE,
            Self::SyncBehaviour => BehaviourField::TABLE,
            Self::Mailbox => MailboxField::TABLE,
            Self::Scheduler => SchedulerField::TABLE,
            Self::Run => RunField::TABLE,
            Self::Event => EventField::TABLE,
            Self::Threshold => ThresholdField::TABLE,
            Self::Settings => SettingsField::TABLE,
        }
    }

    /// The properties that name one object among those of its kind. Without any, each file has one of its own.
    pub(crate) fn key(self) -> &'static [u8] {
        match self {
            Self::User
            | Self::Group
            | Self::Domain
            | Self::Organisation
            | Self::Sku
            | Self::RoleDefinition
            | Self::SyncBehaviour
            | Self::Mailbox
            | Self::Run => &[0],
            Self::RoleAssignment | Self::RoleEligibility => &[0, 1, 2],
            Self::Event => &[0, 1, 2, 3],
            Self::SyncFeatures | Self::Scheduler | Self::Threshold | Self::Settings => &[],
        }
    }

    /// The property that names an object where its key was not asked for.
    pub(crate) fn alias(self) -> Option<u8> {
        match self {
            Self::User => Some(UserField::UserPrincipalName.into()),
            Self::Mailbox => Some(MailboxField::PrimarySmtpAddress.into()),
            _ => None,
        }
    }

    /// Whether it comes from Microsoft Graph, whose PowerShell module shows what was not selected as null or as an empty list.
    pub(crate) fn is_of_graph(self) -> bool {
        !matches!(
            self,
            Self::Mailbox | Self::Scheduler | Self::Run | Self::Event | Self::Threshold | Self::Settings
        )
    }

    /// The kind that `$metadata#…` of an answer of Graph names.
    pub(crate) fn of_context(context: &str) -> Option<Self> {
        let (_, set) = context.split_once("$metadata#")?;
        let names = |text: &str| set.get(..text.len()).is_some_and(|s| s.eq_ignore_ascii_case(text));
        if set.to_ascii_lowercase().contains("onpremisessyncbehavior") && !set.contains(',') {
            return Some(Self::SyncBehaviour);
        }
        [
            ("users", Self::User),
            ("groups", Self::Group),
            ("domains", Self::Domain),
            ("organization", Self::Organisation),
            ("subscribedSkus", Self::Sku),
            ("roleManagement/directory/roleAssignments", Self::RoleAssignment),
            ("roleManagement/directory/roleEligibilitySchedule", Self::RoleEligibility),
            ("roleManagement/directory/roleDefinitions", Self::RoleDefinition),
            ("directory/onPremisesSynchronization", Self::SyncFeatures),
        ]
        .into_iter()
        .find(|(name, _)| names(name))
        .map(|(_, entity)| entity)
    }

    /// The kind of an object with properties of these names (`@odata.type` is looked at by its value).
    pub(crate) fn of_names(names: &[&str], odata_type: Option<&str>) -> Option<Self> {
        let has = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        let any = |of: &[&str]| of.iter().any(|n| has(n));
        match odata_type {
            Some("#microsoft.graph.user") => return Some(Self::User),
            Some("#microsoft.graph.group") => return Some(Self::Group),
            // Another object of the directory is none of these, whatever it has in common with them.
            Some(other) if other.starts_with("#microsoft.graph.") && has("displayName") => return None,
            _ => {}
        }
        // Remote mailboxes, mail users and recipients of any kind have much in common with mailboxes and are none.
        let is_mailbox = !any(&["RemoteRoutingAddress", "ExternalEmailAddress"])
            && (has("ExchangeGuid")
                || has("PrimarySmtpAddress") && any(&["EmailAddresses", "RecipientTypeDetails"]));
        let tests: [(Self, bool); 16] = [
            (Self::Mailbox, is_mailbox),
            (
                Self::Scheduler,
                has("SyncCycleEnabled") && any(&["StagingModeEnabled", "NextSyncCyclePolicyType"]),
            ),
            (Self::Run, has("RunProfileName") && any(&["RunHistoryId", "ConnectorName", "ConnectorId"])),
            (Self::Event, any(&["ProviderName", "Source"]) && any(&["TimeCreated", "TimeGenerated"])),
            (Self::Threshold, has("DeletionPrevention") && has("ThresholdCount")),
            (Self::Settings, has("Parameters") && any(&["InstanceId", "SqlSchemaVersion"])),
            (
                Self::SyncFeatures,
                has("features") && has("configuration")
                    || any(&["blockSoftMatchEnabled", "quarantineUponUpnConflictEnabled"]),
            ),
            (Self::SyncBehaviour, has("isCloudManaged") && !any(&["userPrincipalName", "displayName"])),
            (Self::RoleEligibility, any(&["roleEligibilityScheduleId", "roleEligibilitySchedule"])),
            (Self::RoleAssignment, has("principalId") && has("roleDefinitionId")),
            (Self::RoleDefinition, has("rolePermissions") || has("isBuiltIn") && has("displayName")),
            (Self::Domain, has("isVerified") && has("id")),
            (Self::Organisation, any(&["verifiedDomains", "tenantType"])),
            (Self::Sku, has("skuPartNumber") && any(&["prepaidUnits", "consumedUnits"])),
            (Self::Group, any(&["groupTypes", "securityEnabled", "isAssignableToRole"])),
            (
                Self::User,
                any(&["userPrincipalName", "accountEnabled", "onPremisesImmutableId"])
                    || has("id")
                        && any(&["onPremisesSamAccountName", "proxyAddresses", "licenseAssignmentStates"]),
            ),
        ];
        tests.into_iter().find(|(_, fits)| *fits).map(|(entity, _)| entity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_names_of_properties() {
        for (names, kind) in [
            (&["id", "userPrincipalName", "onPremisesSyncEnabled"][..], Some(Entity::User)),
            (&["Id", "UserPrincipalName", "AdditionalProperties"], Some(Entity::User)),
            (&["UserPrincipalName", "PrimarySmtpAddress", "EmailAddresses"], Some(Entity::Mailbox)),
            (&["ExchangeGuid", "PrimarySmtpAddress", "EmailAddresses", "RemoteRoutingAddress"], None),
            (&["id", "displayName", "groupTypes", "assignedLicenses"], Some(Entity::Group)),
            (&["id", "isVerified", "isDefault"], Some(Entity::Domain)),
            (&["id", "verifiedDomains", "onPremisesSyncEnabled"], Some(Entity::Organisation)),
            (&["id", "principalId", "roleDefinitionId", "directoryScopeId"], Some(Entity::RoleAssignment)),
            (
                &["id", "principalId", "roleDefinitionId", "roleEligibilityScheduleId"],
                Some(Entity::RoleEligibility),
            ),
            (&["id", "configuration", "features"], Some(Entity::SyncFeatures)),
            (&["id", "isCloudManaged"], Some(Entity::SyncBehaviour)),
            (&["name", "value"], None),
            (&[], None),
        ] {
            assert_eq!(Entity::of_names(names, None), kind, "{names:?}");
        }
        let device = Some("#microsoft.graph.device");
        assert_eq!(Entity::of_names(&["id", "displayName", "accountEnabled"], device), None);
    }

    #[test]
    fn kinds_are_told_by_the_context() {
        let of = |set: &str| Entity::of_context(&format!("https://graph.microsoft.com/v1.0/$metadata#{set}"));
        assert_eq!(of("users(id,userPrincipalName)"), Some(Entity::User));
        assert_eq!(of("users('8d4e')/onPremisesSyncBehavior/$entity"), Some(Entity::SyncBehaviour));
        assert_eq!(
            of("roleManagement/directory/roleEligibilityScheduleInstances"),
            Some(Entity::RoleEligibility)
        );
        assert_eq!(of("devices"), None);
        assert_eq!(Entity::of_context("users"), None);
    }
}
