//! How the account came to be deleted: one of the five ways of Microsoft's article, where evidence allows.

use adrecover_core::decision_table::{EntraState, MailboxState, OnPremises};
use chrono::Duration;
use serde::Serialize;

use super::answers::Seen;
use crate::evidence::{Known, MailboxField};

/// A way in which an account is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// By hand in the portal of the cloud.
    CloudPortal,
    /// By hand or by a script in PowerShell.
    CloudScript,
    /// In the administration centre of Exchange.
    ExchangeAdminCentre,
    /// The synchronisation's filters exclude the account.
    ScopingChange,
    /// The account on premises was deleted.
    OnPremisesDeletion,
    /// No deletion: a licence was removed. The article does not have it.
    LicenceRemoved,
}

impl Cause {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::CloudPortal => "deleted in the cloud's portal",
            Self::CloudScript => "deleted by PowerShell in the cloud",
            Self::ExchangeAdminCentre => "deleted in the Exchange admin centre",
            Self::ScopingChange => "excluded from the synchronisation (scoping)",
            Self::OnPremisesDeletion => "deleted on premises, and the deletion synchronised",
            Self::LicenceRemoved => "its licence was removed",
        }
    }
}

/// The command that tells who it was. Entra ID keeps this log for 7 or 30 days.
pub(super) const AUDIT: &str = "Get-MgAuditLogDirectoryAudit -Filter \"activityDisplayName eq 'Delete user'\" -All | Select-Object ActivityDateTime, InitiatedBy, TargetResources";

type Inferred = (Option<Cause>, Option<&'static str>, Vec<Cause>);

/// The likely cause, why, and the ones that are possible otherwise.
pub(super) fn infer(
    seen: &Seen<'_, '_>,
    on_premises: Option<OnPremises>,
    entra: Option<EntraState>,
    mailbox: Option<MailboxState>,
) -> Inferred {
    let nothing = (None, None, vec![]);
    let Some(on_premises) = on_premises else { return nothing };
    let is_gone = matches!(entra, Some(EntraState::SoftDeleted | EntraState::HardDeleted));
    match on_premises {
        OnPremises::Deleted => match entra {
            Some(entra) => on_premises_deletion(seen, entra != EntraState::Present),
            None => nothing,
        },
        OnPremises::Present if is_gone => scoping(seen),
        OnPremises::Managed if is_gone => in_the_cloud(seen),
        _ if mailbox == Some(MailboxState::SoftDeleted) => of_mailbox(seen),
        _ => nothing,
    }
}

/// Deleted here and there: which came first? The cloud follows within hours, or days after an interrupted synchronisation.
fn on_premises_deletion(seen: &Seen<'_, '_>, is_gone: bool) -> Inferred {
    let here = seen.inputs.facts.and_then(|f| f.deleted_at);
    let there = seen.user.and_then(|u| u.deleted_at().value());
    match (here, there) {
        _ if !is_gone => {
            (Some(Cause::OnPremisesDeletion), Some("only the account on premises is deleted"), vec![])
        }
        (Some(here), Some(there)) if there + Duration::minutes(5) < here => (
            None,
            Some("the Entra user was deleted before the account on premises"),
            vec![Cause::CloudPortal, Cause::CloudScript, Cause::ExchangeAdminCentre, Cause::ScopingChange],
        ),
        (Some(here), Some(there)) if there - here <= Duration::hours(24) => (
            Some(Cause::OnPremisesDeletion),
            Some("the Entra user was deleted within a day after the account on premises"),
            vec![],
        ),
        _ => (
            None,
            Some("the account on premises is deleted; the times do not show that the Entra user followed it"),
            vec![Cause::OnPremisesDeletion, Cause::ScopingChange, Cause::CloudPortal, Cause::CloudScript],
        ),
    }
}

/// The account is there and the Entra user is not: moved out of scope, or deleted in the cloud.
fn scoping(seen: &Seen<'_, '_>) -> Inferred {
    let then = seen.user.and_then(|u| u.on_premises_dn().value());
    let now = seen.inputs.facts.and_then(|f| f.dn.as_deref());
    match (then, now) {
        (Some(then), Some(now)) if !then.eq_ignore_ascii_case(now) => (
            Some(Cause::ScopingChange),
            Some("the account lies elsewhere now than when it was last synchronised"),
            vec![Cause::CloudPortal, Cause::CloudScript],
        ),
        _ => (
            None,
            Some(
                "the account on premises is there: a filter excludes it, or somebody deleted the Entra user",
            ),
            vec![Cause::ScopingChange, Cause::CloudPortal, Cause::CloudScript],
        ),
    }
}

fn in_the_cloud(seen: &Seen<'_, '_>) -> Inferred {
    let removed = seen.mailbox.map(|m| m.flag(MailboxField::IsSoftDeletedByRemove));
    match removed {
        Some(Known::Value(true)) => (
            None,
            Some("the mailbox was removed together with the user"),
            vec![Cause::ExchangeAdminCentre, Cause::CloudPortal, Cause::CloudScript],
        ),
        _ => (
            None,
            Some("nothing is synchronised, so it was deleted in the cloud"),
            vec![Cause::CloudPortal, Cause::CloudScript, Cause::ExchangeAdminCentre],
        ),
    }
}

/// The user is there and the mailbox is not.
fn of_mailbox(seen: &Seen<'_, '_>) -> Inferred {
    let flag = |field| seen.mailbox.and_then(|m| m.flag(field).value());
    if flag(MailboxField::IsSoftDeletedByDisable) == Some(true) {
        return (Some(Cause::LicenceRemoved), Some("the mailbox was disabled and not removed"), vec![]);
    }
    if flag(MailboxField::IsSoftDeletedByRemove) == Some(true) {
        return (None, Some("the mailbox was removed"), vec![Cause::ExchangeAdminCentre, Cause::CloudScript]);
    }
    (None, None, vec![Cause::LicenceRemoved, Cause::ExchangeAdminCentre, Cause::CloudScript])
}
