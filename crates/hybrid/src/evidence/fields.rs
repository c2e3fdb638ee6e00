//! What is read of each kind of object. Everything that is not in these tables is left in the file: tokens, keys and
//! passwords have no place to go.

/// How a property is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Any text; a number is its digits.
    Text,
    Bool,
    Number,
    /// A moment, kept as seconds since 1970.
    Time,
    /// The same, of which it is known that it is in UTC where no zone is given.
    UtcTime,
    /// A length of time, kept as seconds.
    Span,
    /// A GUID; all zeros is none.
    Guid,
    /// Several texts.
    List,
    /// A member of an enumeration: a word or a number.
    Word,
    /// The id of an object that is nested there.
    Reference,
    /// Several objects, of which these properties are kept.
    Objects(&'static Shape),
}

/// What is kept of nested objects.
#[derive(Debug, PartialEq)]
pub(crate) struct Shape {
    pub(crate) keys: &'static [&'static str],
    /// Only those whose property (by its place in `keys`) is one of these.
    pub(crate) only: Option<(usize, &'static [&'static str])>,
    /// Whether many objects have the same ones, so that they are kept once.
    pub(crate) is_shared: bool,
}

const fn shared(keys: &'static [&'static str]) -> Shape {
    Shape { keys, only: None, is_shared: true }
}

static LICENCES: Shape = shared(&["skuId", "disabledPlans"]);
static LICENCE_STATES: Shape = shared(&["skuId", "assignedByGroup", "state", "error"]);
static PLANS: Shape = Shape {
    keys: &["service", "servicePlanId", "capabilityStatus", "provisioningStatus"],
    only: Some((0, &["exchange"])),
    is_shared: true,
};
static ERRORS: Shape = Shape {
    keys: &["category", "propertyCausingError", "value", "occurredDateTime"],
    only: None,
    is_shared: false,
};
static SERVICE_PLANS: Shape = shared(&["servicePlanName", "servicePlanId", "provisioningStatus"]);
static PARAMETERS: Shape = Shape {
    keys: &["Name", "Value"],
    only: Some((
        0,
        &[
            "Microsoft.SynchronizationOption.AnchorAttribute",
            "Microsoft.SynchronizationOption.UPNAttribute",
            "Microsoft.SynchronizationOption.JoinCriteria",
            "Microsoft.OptionalFeature.GroupFiltering",
            "Microsoft.OptionalFeature.ExportDeletionThreshold",
            "Microsoft.OptionalFeature.ExportDeletionThresholdValue",
            "Microsoft.OptionalFeature.HybridExchange",
            "Microsoft.OptionalFeature.PasswordHashSync",
            "Microsoft.Synchronize.StagingMode",
            "Microsoft.Synchronize.SchedulerSuspended",
            "Microsoft.Synchronize.SynchronizationSchedule",
            "Microsoft.Synchronize.TimeInterval",
            "Microsoft.Synchronize.SynchronizationPolicy",
            "Microsoft.Synchronize.ServerConfigurationVersion",
            "Microsoft.UserSignIn.SignOnMethod",
        ],
    )),
    is_shared: false,
};

/// One table of properties, and the names for them in the code.
macro_rules! fields {
    ($(#[$doc:meta])* $name:ident { $($field:ident $key:literal $kind:ident $(($shape:ident))?,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $key, "`")] $field,)+
        }

        impl $name {
            pub(crate) const TABLE: &'static [(&'static str, Kind)] =
                &[$(($key, Kind::$kind $((&$shape))?),)+];

            /// The name of the property, as Microsoft writes it.
            pub fn name(self) -> &'static str {
                Self::TABLE[self as usize].0
            }
        }

        impl From<$name> for u8 {
            fn from(field: $name) -> u8 {
                field as u8
            }
        }
    };
}

fields! {
    /// The properties of a cloud user that are read.
    UserField {
        Id "id" Guid,
        DisplayName "displayName" Text,
        GivenName "givenName" Text,
        Surname "surname" Text,
        UserPrincipalName "userPrincipalName" Text,
        Mail "mail" Text,
        MailNickname "mailNickname" Text,
        ProxyAddresses "proxyAddresses" List,
        OtherMails "otherMails" List,
        AccountEnabled "accountEnabled" Bool,
        UserType "userType" Text,
        DeletedDateTime "deletedDateTime" Time,
        CreatedDateTime "createdDateTime" Time,
        EmployeeId "employeeId" Text,
        Department "department" Text,
        JobTitle "jobTitle" Text,
        CompanyName "companyName" Text,
        OfficeLocation "officeLocation" Text,
        StreetAddress "streetAddress" Text,
        City "city" Text,
        State "state" Text,
        PostalCode "postalCode" Text,
        Country "country" Text,
        MobilePhone "mobilePhone" Text,
        BusinessPhones "businessPhones" List,
        PreferredLanguage "preferredLanguage" Text,
        UsageLocation "usageLocation" Text,
        Manager "manager" Reference,
        OnPremisesSyncEnabled "onPremisesSyncEnabled" Bool,
        OnPremisesImmutableId "onPremisesImmutableId" Text,
        OnPremisesObjectIdentifier "onPremisesObjectIdentifier" Text,
        OnPremisesSecurityIdentifier "onPremisesSecurityIdentifier" Text,
        OnPremisesDistinguishedName "onPremisesDistinguishedName" Text,
        OnPremisesDomainName "onPremisesDomainName" Text,
        OnPremisesSamAccountName "onPremisesSamAccountName" Text,
        OnPremisesUserPrincipalName "onPremisesUserPrincipalName" Text,
        OnPremisesLastSyncDateTime "onPremisesLastSyncDateTime" Time,
        OnPremisesProvisioningErrors "onPremisesProvisioningErrors" Objects(ERRORS),
        AssignedLicenses "assignedLicenses" Objects(LICENCES),
        LicenseAssignmentStates "licenseAssignmentStates" Objects(LICENCE_STATES),
        AssignedPlans "assignedPlans" Objects(PLANS),
        ProvisionedPlans "provisionedPlans" Objects(PLANS),
        IsCloudManaged "isCloudManaged" Bool,
        ExtensionAttribute1 "extensionAttribute1" Text,
        ExtensionAttribute2 "extensionAttribute2" Text,
        ExtensionAttribute3 "extensionAttribute3" Text,
        ExtensionAttribute4 "extensionAttribute4" Text,
        ExtensionAttribute5 "extensionAttribute5" Text,
        ExtensionAttribute6 "extensionAttribute6" Text,
        ExtensionAttribute7 "extensionAttribute7" Text,
        ExtensionAttribute8 "extensionAttribute8" Text,
        ExtensionAttribute9 "extensionAttribute9" Text,
        ExtensionAttribute10 "extensionAttribute10" Text,
        ExtensionAttribute11 "extensionAttribute11" Text,
        ExtensionAttribute12 "extensionAttribute12" Text,
        ExtensionAttribute13 "extensionAttribute13" Text,
        ExtensionAttribute14 "extensionAttribute14" Text,
        ExtensionAttribute15 "extensionAttribute15" Text,
    }
}

fields! {
    /// The properties of a mailbox that are read.
    MailboxField {
        ExchangeGuid "ExchangeGuid" Guid,
        ArchiveGuid "ArchiveGuid" Guid,
        ExternalDirectoryObjectId "ExternalDirectoryObjectId" Guid,
        PrimarySmtpAddress "PrimarySmtpAddress" Text,
        EmailAddresses "EmailAddresses" List,
        Alias "Alias" Text,
        DisplayName "DisplayName" Text,
        UserPrincipalName "UserPrincipalName" Text,
        MicrosoftOnlineServicesId "MicrosoftOnlineServicesID" Text,
        ImmutableId "ImmutableId" Text,
        LegacyExchangeDn "LegacyExchangeDN" Text,
        RecipientTypeDetails "RecipientTypeDetails" Word,
        RemoteRecipientType "RemoteRecipientType" Word,
        RecipientSoftDeletedStatus "RecipientSoftDeletedStatus" Number,
        IsInactiveMailbox "IsInactiveMailbox" Bool,
        WasInactiveMailbox "WasInactiveMailbox" Bool,
        IsSoftDeletedByRemove "IsSoftDeletedByRemove" Bool,
        IsSoftDeletedByDisable "IsSoftDeletedByDisable" Bool,
        WhenSoftDeleted "WhenSoftDeleted" Time,
        InactiveMailboxRetireTime "InactiveMailboxRetireTime" Time,
        LitigationHoldEnabled "LitigationHoldEnabled" Bool,
        InPlaceHolds "InPlaceHolds" List,
        DelayHoldApplied "DelayHoldApplied" Bool,
        AutoExpandingArchiveEnabled "AutoExpandingArchiveEnabled" Bool,
        SkuAssigned "SKUAssigned" Bool,
        IsDirSynced "IsDirSynced" Bool,
        IsExchangeCloudManaged "IsExchangeCloudManaged" Bool,
    }
}

fields! {
    /// The properties of a group that are read, where it gives licences.
    GroupField {
        Id "id" Guid,
        DisplayName "displayName" Text,
        AssignedLicenses "assignedLicenses" Objects(LICENCES),
        OnPremisesSyncEnabled "onPremisesSyncEnabled" Bool,
        OnPremisesSamAccountName "onPremisesSamAccountName" Text,
        OnPremisesSecurityIdentifier "onPremisesSecurityIdentifier" Text,
        OnPremisesDomainName "onPremisesDomainName" Text,
    }
}

fields! {
    /// The properties of a domain of the tenant that are read.
    DomainField {
        Name "id" Text,
        IsVerified "isVerified" Bool,
        AuthenticationType "authenticationType" Word,
        IsInitial "isInitial" Bool,
        IsDefault "isDefault" Bool,
        SupportedServices "supportedServices" List,
    }
}

fields! {
    /// The properties of the tenant that are read.
    OrganisationField {
        Id "id" Guid,
        DisplayName "displayName" Text,
        OnPremisesSyncEnabled "onPremisesSyncEnabled" Bool,
        OnPremisesLastSyncDateTime "onPremisesLastSyncDateTime" Time,
    }
}

fields! {
    /// The properties of a product with licences that are read.
    SkuField {
        SkuId "skuId" Guid,
        SkuPartNumber "skuPartNumber" Text,
        CapabilityStatus "capabilityStatus" Word,
        ConsumedUnits "consumedUnits" Number,
        Enabled "enabled" Number,
        Suspended "suspended" Number,
        Warning "warning" Number,
        ServicePlans "servicePlans" Objects(SERVICE_PLANS),
    }
}

fields! {
    /// The properties of a role assignment, or of being eligible for one, that are read.
    RoleField {
        PrincipalId "principalId" Guid,
        RoleDefinitionId "roleDefinitionId" Guid,
        DirectoryScopeId "directoryScopeId" Text,
        StartDateTime "startDateTime" Time,
        EndDateTime "endDateTime" Time,
    }
}

fields! {
    /// The properties of a role that are read.
    RoleDefinitionField {
        Id "id" Guid,
        DisplayName "displayName" Text,
        TemplateId "templateId" Guid,
        IsPrivileged "isPrivileged" Bool,
    }
}

fields! {
    /// The settings of `onPremisesSynchronization` that are read.
    SyncFeature {
        BlockSoftMatch "blockSoftMatchEnabled" Bool,
        BlockCloudObjectTakeoverThroughHardMatch "blockCloudObjectTakeoverThroughHardMatchEnabled" Bool,
        SoftMatchOnUpn "softMatchOnUpnEnabled" Bool,
        SynchronizeUpnForManagedUsers "synchronizeUpnForManagedUsersEnabled" Bool,
        QuarantineUponUpnConflict "quarantineUponUpnConflictEnabled" Bool,
        QuarantineUponProxyAddressesConflict "quarantineUponProxyAddressesConflictEnabled" Bool,
        PasswordSync "passwordSyncEnabled" Bool,
        UserForcePasswordChangeOnLogon "userForcePasswordChangeOnLogonEnabled" Bool,
        BypassDirSyncOverrides "bypassDirSyncOverridesEnabled" Bool,
        AllowOnPremUpdateOfOnPremisesObjectIdentifier "allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled" Bool,
        AlertThreshold "alertThreshold" Number,
        SynchronizationPreventionType "synchronizationPreventionType" Word,
    }
}

fields! {
    /// The properties of a user's source of authority that are read.
    BehaviourField {
        Id "id" Guid,
        IsCloudManaged "isCloudManaged" Bool,
    }
}

fields! {
    /// The properties of the scheduler (`Get-ADSyncScheduler`) that are read.
    SchedulerField {
        AllowedSyncCycleInterval "AllowedSyncCycleInterval" Span,
        CurrentlyEffectiveSyncCycleInterval "CurrentlyEffectiveSyncCycleInterval" Span,
        CustomizedSyncCycleInterval "CustomizedSyncCycleInterval" Span,
        NextSyncCyclePolicyType "NextSyncCyclePolicyType" Word,
        NextSyncCycleStartTimeInUtc "NextSyncCycleStartTimeInUTC" UtcTime,
        PurgeRunHistoryInterval "PurgeRunHistoryInterval" Span,
        SyncCycleEnabled "SyncCycleEnabled" Bool,
        MaintenanceEnabled "MaintenanceEnabled" Bool,
        StagingModeEnabled "StagingModeEnabled" Bool,
        SchedulerSuspended "SchedulerSuspended" Bool,
        SyncCycleInProgress "SyncCycleInProgress" Bool,
    }
}

fields! {
    /// The properties of a run (`Get-ADSyncRunProfileResult`) that are read.
    RunField {
        RunHistoryId "RunHistoryId" Guid,
        ConnectorId "ConnectorId" Guid,
        ConnectorName "ConnectorName" Text,
        RunProfileName "RunProfileName" Text,
        Result "Result" Word,
        IsRunComplete "IsRunComplete" Bool,
        StartDate "StartDate" Time,
        EndDate "EndDate" Time,
    }
}

fields! {
    /// The properties of an event of the sync server that are read.
    EventField {
        Id "Id" Number,
        ProviderName "ProviderName" Text,
        TimeCreated "TimeCreated" Time,
        RecordId "RecordId" Number,
    }
}

fields! {
    /// The properties of the deletion threshold (`Get-ADSyncExportDeletionThreshold`) that are read.
    ThresholdField {
        DeletionPrevention "DeletionPrevention" Number,
        ThresholdCount "ThresholdCount" Number,
        ThresholdPercentage "ThresholdPercentage" Number,
    }
}

fields! {
    /// The properties of the engine's global settings that are read.
    SettingsField {
        InstanceId "InstanceId" Guid,
        Parameters "Parameters" Objects(PARAMETERS),
    }
}

/// Names of properties whose own properties are read as if they were the object's.
pub(crate) const TRANSPARENT: [&str; 7] = [
    "AdditionalProperties",
    "onPremisesExtensionAttributes",
    "onPremisesSyncBehavior",
    "features",
    "configuration",
    "accidentalDeletionPrevention",
    "prepaidUnits",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::entity::Entity;

    #[test]
    fn each_table_fits_the_masks_and_names_each_property_once() {
        for entity in Entity::ALL {
            let table = entity.table();
            assert!(table.len() <= 64, "{entity:?}");
            let names: std::collections::BTreeSet<String> =
                table.iter().map(|(n, _)| n.to_lowercase()).collect();
            assert_eq!(names.len(), table.len(), "{entity:?}");
            assert!(!TRANSPARENT.iter().any(|t| names.contains(&t.to_lowercase())), "{entity:?}");
        }
        assert_eq!(UserField::OnPremisesImmutableId.name(), "onPremisesImmutableId");
    }
}
