//! What belongs to the tenant and not to one user: domains, licences, roles, features of the synchronisation.

use adrecover_core::time::Timestamp;
use uuid::Uuid;

use super::Evidence;
use super::fields::{
    DomainField, GroupField, OrganisationField, RoleDefinitionField, RoleField, SkuField, SyncFeature,
};
use super::known::Known;
use super::pack::Items;
use super::record::Record;
use super::source::{Dataset, Gap, SourceFile};
use super::users::{Licence, licences, parts, seconds};

/// Makes the views of simple objects: each is a row and the evidence that it is part of.
macro_rules! views {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<'a> {
            pub(super) record: &'a Record,
            pub(super) evidence: &'a Evidence,
        }

        impl<'a> $name<'a> {
            /// The files that give it, the newest one first.
            pub fn sources(&self) -> impl Iterator<Item = &'a SourceFile> + use<'a> {
                self.evidence.sources(self.record)
            }

            fn get(&self, field: impl Into<u8>) -> Known<&'a str> {
                self.record.get(field.into())
            }
        }
    )+};
}

views! {
    /// A domain of the tenant.
    Domain,
    /// The tenant itself.
    Organisation,
    /// A product with licences.
    Sku,
    /// A group that gives licences.
    LicensedGroup,
    /// A role that somebody has, or may take.
    RoleHolding,
    /// The features of the synchronisation, as the tenant has them.
    SyncFeatures,
}

impl<'a> Domain<'a> {
    /// Its name.
    pub fn name(&self) -> Known<&'a str> {
        self.get(DomainField::Name)
    }

    /// Whether the tenant has shown that it is its own.
    pub fn is_verified(&self) -> Known<bool> {
        self.get(DomainField::IsVerified).map(is)
    }

    /// Whether its users sign in at a federation service.
    pub fn is_federated(&self) -> Known<bool> {
        self.get(DomainField::AuthenticationType).read(|word| {
            match word.trim().to_ascii_lowercase().as_str() {
                "federated" => Some(true),
                "managed" => Some(false),
                _ => None,
            }
        })
    }

    /// Whether it is the tenant's first, `….onmicrosoft.com`.
    pub fn is_initial(&self) -> Known<bool> {
        self.get(DomainField::IsInitial).map(is)
    }

    /// Whether new users get it.
    pub fn is_default(&self) -> Known<bool> {
        self.get(DomainField::IsDefault).map(is)
    }
}

impl<'a> Organisation<'a> {
    /// The tenant's id.
    pub fn id(&self) -> Known<Uuid> {
        self.get(OrganisationField::Id).read(|text| text.parse().ok())
    }

    /// What it is called.
    pub fn display_name(&self) -> Known<&'a str> {
        self.get(OrganisationField::DisplayName)
    }

    /// Whether the tenant is synchronised from a directory. Graph says null for "never was".
    pub fn on_premises_sync_enabled(&self) -> Known<bool> {
        self.get(OrganisationField::OnPremisesSyncEnabled).map(is)
    }

    /// When it was synchronised last.
    pub fn last_sync(&self) -> Known<Timestamp> {
        self.get(OrganisationField::OnPremisesLastSyncDateTime).read(seconds)
    }
}

impl<'a> Sku<'a> {
    /// Its id, as users' licences name it.
    pub fn sku_id(&self) -> Known<&'a str> {
        self.get(SkuField::SkuId)
    }

    /// Its short name, such as `SPE_E3`.
    pub fn part_number(&self) -> Known<&'a str> {
        self.get(SkuField::SkuPartNumber)
    }

    /// How many licences can be given.
    pub fn enabled(&self) -> Known<i64> {
        self.get(SkuField::Enabled).read(|n| n.parse().ok())
    }

    /// How many have been given.
    pub fn consumed(&self) -> Known<i64> {
        self.get(SkuField::ConsumedUnits).read(|n| n.parse().ok())
    }

    /// How many are left.
    pub fn free(&self) -> Known<i64> {
        match (self.enabled(), self.consumed()) {
            (Known::Value(enabled), Known::Value(consumed)) => Known::Value(enabled.saturating_sub(consumed)),
            _ => Known::NotAsked,
        }
    }

    /// `Enabled`, `Suspended`, …
    pub fn capability_status(&self) -> Known<&'a str> {
        self.get(SkuField::CapabilityStatus)
    }

    /// The names and the ids of its plans.
    pub fn service_plans(&self) -> Known<Vec<(&'a str, &'a str)>> {
        let place = self.get(SkuField::ServicePlans);
        place
            .read(|place| self.evidence.store.pool.text(place))
            .map(|all| Items(all).filter_map(parts::<3>).map(|[name, id, _]| (name, id)).collect())
    }

    /// Whether one of its plans is a mailbox. The names of such plans begin with `EXCHANGE_S_` (Microsoft's list of product
    /// names and service plan identifiers); the small add-ons among them are not mailboxes.
    pub fn has_mailbox(&self) -> Known<bool> {
        const MAILBOXES: [&str; 5] = [
            "EXCHANGE_S_STANDARD",
            "EXCHANGE_S_ENTERPRISE",
            "EXCHANGE_S_DESKLESS",
            "EXCHANGE_S_ESSENTIALS",
            "EXCHANGE_S_STANDARD_MIDMARKET",
        ];
        let is_mailbox = |name: &str| {
            MAILBOXES.iter().any(|known| {
                name.strip_prefix(known)
                    .is_some_and(|rest| rest.is_empty() || matches!(rest, "_GOV" | "_GCC"))
            })
        };
        self.service_plans().map(|plans| plans.iter().any(|(name, _)| is_mailbox(name)))
    }
}

impl<'a> LicensedGroup<'a> {
    /// Its object id.
    pub fn id(&self) -> Known<&'a str> {
        self.get(GroupField::Id)
    }

    /// What it is called.
    pub fn display_name(&self) -> Known<&'a str> {
        self.get(GroupField::DisplayName)
    }

    /// Whether it comes from the directory on premises, so that memberships are restored there.
    pub fn on_premises_sync_enabled(&self) -> Known<bool> {
        self.get(GroupField::OnPremisesSyncEnabled).map(is)
    }

    /// Its account name on premises.
    pub fn on_premises_sam_account_name(&self) -> Known<&'a str> {
        self.get(GroupField::OnPremisesSamAccountName)
    }

    /// Its SID on premises.
    pub fn on_premises_sid(&self) -> Known<&'a str> {
        self.get(GroupField::OnPremisesSecurityIdentifier)
    }

    /// The licences that it gives.
    pub fn licences(&self) -> Known<Vec<Licence<'a>>> {
        licences(self.get(GroupField::AssignedLicenses), &self.evidence.store.pool)
    }
}

impl<'a> RoleHolding<'a> {
    /// Who has it: a user, or a group whose members all have it.
    pub fn principal_id(&self) -> Known<&'a str> {
        self.get(RoleField::PrincipalId)
    }

    /// The id of the role.
    pub fn role_definition_id(&self) -> Known<&'a str> {
        self.get(RoleField::RoleDefinitionId)
    }

    /// Where it holds: `/` for the whole tenant.
    pub fn directory_scope(&self) -> Known<&'a str> {
        self.get(RoleField::DirectoryScopeId)
    }

    /// The definition of the role, where a file has it.
    fn definition(&self) -> Option<&'a Record> {
        let id = self.role_definition_id().value()?;
        let by = |field| self.evidence.first(Dataset::RoleDefinitions, field, id);
        by(RoleDefinitionField::Id as u8).or_else(|| by(RoleDefinitionField::TemplateId as u8))
    }

    /// What the role is called.
    pub fn role_name(&self) -> Known<&'a str> {
        self.definition().map_or(Known::NotAsked, |d| d.get(RoleDefinitionField::DisplayName.into()))
    }

    /// Whether Microsoft counts the role among the privileged ones (`isPrivileged`, which only the beta endpoint has).
    pub fn is_privileged(&self) -> Known<bool> {
        self.definition().map_or(Known::NotAsked, |d| d.get(RoleDefinitionField::IsPrivileged.into()).map(is))
    }
}

impl SyncFeatures<'_> {
    /// Whether a feature is on; the two settings of the deletion threshold are none.
    pub fn is_on(&self, feature: SyncFeature) -> Known<bool> {
        match feature {
            SyncFeature::AlertThreshold | SyncFeature::SynchronizationPreventionType => Known::NotAsked,
            feature => self.get(feature).map(is),
        }
    }

    /// How many deletions stop an export.
    pub fn alert_threshold(&self) -> Known<i64> {
        self.get(SyncFeature::AlertThreshold).read(|n| n.parse().ok())
    }

    /// What that number is: `disabled`, `enabledForCount`, `enabledForPercentage`, or its number.
    pub fn prevention_type(&self) -> Known<&str> {
        self.get(SyncFeature::SynchronizationPreventionType)
    }
}

fn is(text: &str) -> bool {
    text == "1"
}

impl Evidence {
    /// The domains of the tenant.
    pub fn domains(&self) -> impl Iterator<Item = Domain<'_>> {
        self.rows(Dataset::Domains).map(|record| Domain { record, evidence: self })
    }

    /// The domain of this name, whatever its case.
    pub fn domain(&self, name: &str) -> Option<Domain<'_>> {
        self.first(Dataset::Domains, DomainField::Name as u8, name)
            .map(|record| Domain { record, evidence: self })
    }

    /// The tenant. Of several, the one that the newest file gives.
    pub fn organisation(&self) -> Option<Organisation<'_>> {
        self.newest(Dataset::Organisation).next().map(|record| Organisation { record, evidence: self })
    }

    /// The products with licences.
    pub fn skus(&self) -> impl Iterator<Item = Sku<'_>> {
        self.rows(Dataset::SubscribedSkus).map(|record| Sku { record, evidence: self })
    }

    /// The product of this id.
    pub fn sku(&self, id: &str) -> Option<Sku<'_>> {
        self.first(Dataset::SubscribedSkus, SkuField::SkuId as u8, id)
            .map(|record| Sku { record, evidence: self })
    }

    /// The groups that give licences.
    pub fn licensed_groups(&self) -> impl Iterator<Item = LicensedGroup<'_>> {
        self.rows(Dataset::LicensedGroups).map(|record| LicensedGroup { record, evidence: self })
    }

    /// The group of this object id, if it gives licences.
    pub fn licensed_group(&self, id: &str) -> Option<LicensedGroup<'_>> {
        let record = self.first(Dataset::LicensedGroups, GroupField::Id as u8, id)?;
        Some(LicensedGroup { record, evidence: self })
    }

    /// The roles that this object has (`RoleAssignments`) or may take (`RoleEligibility`), directly: those that come through a
    /// group are the group's. The gaps say whether that is all.
    pub fn roles_of(&self, dataset: Dataset, principal: &str) -> (Vec<RoleHolding<'_>>, Vec<Gap>) {
        let is_role = matches!(dataset, Dataset::RoleAssignments | Dataset::RoleEligibility);
        if !is_role {
            return (vec![], vec![Gap::NoExport(dataset)]);
        }
        let all = self.rows(dataset).map(|record| RoleHolding { record, evidence: self });
        let own =
            all.filter(|role| role.principal_id().value().is_some_and(|p| p.eq_ignore_ascii_case(principal)));
        (own.collect(), self.gaps(dataset, [RoleField::PrincipalId as u8]))
    }

    /// The features of the synchronisation.
    pub fn sync_features(&self) -> Option<SyncFeatures<'_>> {
        self.newest(Dataset::SyncFeatures).next().map(|record| SyncFeatures { record, evidence: self })
    }
}
