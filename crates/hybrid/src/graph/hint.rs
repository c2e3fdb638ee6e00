//! The way out of an error.

use super::change::Change;
use super::error::{GraphError, GraphErrorKind};
use super::read::Read;

/// Numbers of Entra ID that have a way out of their own
/// (learn.microsoft.com/entra/identity-platform/reference-error-codes).
const SIGN_IN: [(&str, &str); 11] = [
    ("AADSTS7000215", "the secret is wrong: give its value, not its id"),
    ("AADSTS7000222", "the secret has expired: make a new one in the app registration"),
    (
        "AADSTS700027",
        "upload the certificate to the app registration, and look at the clock of this computer",
    ),
    ("AADSTS700016", "look at the client id, and whether the app is registered in this tenant"),
    ("AADSTS90002", "look at the name of the tenant, and at --cloud-endpoint"),
    ("AADSTS900382", "look at --cloud-endpoint: the tenant is in another cloud"),
    ("AADSTS7000218", "allow public client flows in the app registration, for a device code"),
    ("AADSTS65001", "an administrator has to consent to the permissions of the app"),
    ("AADSTS53003", "Conditional Access does not allow this sign-in: ask whoever looks after it"),
    ("AADSTS50076", "this sign-in needs multifactor authentication: use a device code, or an app"),
    ("AADSTS500011", "look at --cloud-endpoint: Graph is not known there"),
];

impl GraphError {
    /// What can be done about it, as a fragment; `None` where the error says it itself.
    pub fn way_out(&self) -> Option<String> {
        let text = match self.kind() {
            GraphErrorKind::SignIn => {
                let Self::SignIn { message, .. } = self else { return None };
                // A number may be the beginning of a longer one.
                let said =
                    message.split(|c: char| !c.is_ascii_alphanumeric()).find(|w| w.starts_with("AADSTS"));
                let (_, hint) = SIGN_IN.iter().find(|(number, _)| Some(*number) == said)?;
                hint
            }
            GraphErrorKind::Unreachable if !matches!(self, Self::Throttled { .. }) => {
                "look at the network, at HTTPS_PROXY, and, where a proxy looks into TLS, name its certificate with --ca"
            }
            GraphErrorKind::Denied => {
                "the app or the person lacks a permission, or a role: docs/cloud.md lists them"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

impl Change {
    /// What can be done where this change was refused.
    pub fn way_out(&self, error: &GraphError) -> Option<String> {
        let is_restore = matches!(self, Self::RestoreUser { .. });
        let text = match error.kind() {
            GraphErrorKind::Denied if is_restore => format!(
                "it needs {}, and for a user with a privileged role somebody with a higher one",
                self.permission()
            ),
            GraphErrorKind::Denied => format!("it needs {}", self.permission()),
            GraphErrorKind::NotFound if is_restore => {
                "the user is not in the bin: it was restored already, or its 30 days are over".into()
            }
            GraphErrorKind::Conflict if is_restore => {
                let names: Vec<&str> = error.refusal().into_iter().flat_map(|r| r.conflicting()).collect();
                if names.contains(&"proxyAddresses") {
                    "find who holds the address now and take it away there; to give it up for the restored user has to be asked for".into()
                } else {
                    "find who holds the UPN now, or restore the user with another one".into()
                }
            }
            GraphErrorKind::Conflict => "find who holds the value now, and take it away there".into(),
            _ => return error.way_out(),
        };
        Some(text)
    }
}

impl Read {
    /// The permission of an app that is enough for it.
    pub fn permission(&self) -> &'static str {
        match self {
            Self::User(_)
            | Self::DeletedUser(_)
            | Self::Users(..)
            | Self::AllUsers(_)
            | Self::ObjectIdentifier(..)
            | Self::ObjectIdentifiers(_)
            | Self::ProvisioningErrors => "User.Read.All",
            Self::Domains => "Domain.Read.All",
            Self::Organisation | Self::SubscribedSkus => "Organization.Read.All",
            Self::SyncFeatures => "OnPremDirectorySynchronization.Read.All",
            Self::SyncBehaviour(_) => "User-OnPremisesSyncBehavior.Read.All",
            Self::RoleAssignments(_) | Self::RoleEligibility(_) | Self::RoleDefinitions => {
                "RoleManagement.Read.Directory"
            }
            Self::Groups | Self::Group(_) | Self::GroupsWithAddress(_) => "GroupMember.Read.All",
            Self::ContactsWithAddress(_) => "OrgContact.Read.All",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::error::{Refusal, RequestIds};
    use crate::graph::{Place, ProxyConflict};
    use uuid::Uuid;

    const DOCS: &str = include_str!("../../../../docs/cloud.md");

    fn refused(status: u16, body: &str) -> GraphError {
        let refusal: Refusal =
            crate::graph::error::refusal(status, body.as_bytes(), RequestIds::default(), 9);
        GraphError::Refused { what: "x".into(), refusal: Box::new(refusal) }
    }

    #[test]
    fn the_page_names_each_permission() {
        let id = Uuid::nil();
        let reads = [
            Read::User(id),
            Read::AllUsers(Place::Live),
            Read::Domains,
            Read::Organisation,
            Read::SyncFeatures,
            Read::SyncBehaviour(id),
            Read::RoleDefinitions,
            Read::Groups,
            Read::ContactsWithAddress(String::new()),
        ];
        let changes = [
            Change::RestoreUser { id, new_user_principal_name: None, proxy_conflict: ProxyConflict::Refuse },
            Change::AssignLicences { id, add: vec![], remove: vec![] },
            Change::SetUsageLocation { id, country: "DE".into() },
            Change::SetImmutableId { id, anchor: None },
            Change::ClearObjectIdentifier { id },
        ];
        let named = reads.iter().map(Read::permission).chain(changes.iter().map(Change::permission));
        for permission in named {
            assert!(DOCS.contains(&format!("`{permission}`")), "{permission}");
        }
    }

    #[test]
    fn a_refused_restore_has_a_way_out() {
        let restore = Change::RestoreUser {
            id: Uuid::nil(),
            new_user_principal_name: None,
            proxy_conflict: ProxyConflict::Refuse,
        };
        let conflict = |target| {
            refused(
                400,
                &format!(
                    r#"{{"error":{{"details":[{{"code":"ConflictingObjects","target":"{target}"}}]}}}}"#
                ),
            )
        };
        for (error, part) in [
            (refused(403, ""), "somebody with a higher one"),
            (refused(404, ""), "30 days"),
            (conflict("proxyAddresses"), "who holds the address"),
            (conflict("userPrincipalName"), "with another one"),
        ] {
            assert!(restore.way_out(&error).unwrap().contains(part), "{error}");
        }
        assert_eq!(restore.way_out(&refused(400, "")), None);
    }

    #[test]
    fn a_number_of_entra_id_has_its_own_way_out() {
        let hint = |message: &str| {
            let error = GraphError::SignIn {
                code: "invalid_client".into(),
                message: message.into(),
                ids: RequestIds::default(),
            };
            error.way_out()
        };
        assert!(hint("AADSTS7000215: Invalid client secret provided.").unwrap().contains("not its id"));
        assert!(hint("AADSTS700027: …").unwrap().contains("upload the certificate"));
        assert_eq!(hint("AADSTS70002: other"), None);
    }
}
