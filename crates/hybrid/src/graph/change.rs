//! Everything that is changed, each as a value that says what it will do.

use std::fmt;

use adrecover_core::text::printable;
use serde_json::{Value, json};
use uuid::Uuid;

use super::query::{Method, Request, Version};

/// What becomes of addresses that somebody else holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxyConflict {
    /// The restore is refused, and the refusal names the property.
    #[default]
    Refuse,
    /// The restored user loses them (`autoReconcileProxyConflict`).
    RemoveFromRestored,
}

/// A licence that is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenceGrant {
    /// The product.
    pub sku_id: Uuid,
    /// Its plans that are not given.
    pub disabled_plans: Vec<Uuid>,
}

/// One change of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Takes a user out of the bin. (Graph: `POST /directory/deletedItems/{id}/restore`.)
    RestoreUser {
        /// The object id.
        id: Uuid,
        /// The UPN that it gets instead of its own.
        new_user_principal_name: Option<String>,
        /// What becomes of conflicting addresses.
        proxy_conflict: ProxyConflict,
    },
    /// Gives and takes licences. Taking one away may destroy what it held.
    AssignLicences {
        /// The object id.
        id: Uuid,
        /// What is given.
        add: Vec<LicenceGrant>,
        /// The products that are taken away.
        remove: Vec<Uuid>,
    },
    /// Sets the country that licences need, as two letters.
    SetUsageLocation {
        /// The object id.
        id: Uuid,
        /// Such as `DE`.
        country: String,
    },
    /// Sets the source anchor, or takes it away.
    SetImmutableId {
        /// The object id.
        id: Uuid,
        /// Base64 of 16 octets; `None` takes it away.
        anchor: Option<String>,
    },
    /// Takes `onPremisesObjectIdentifier` away, so that another object on premises may match (beta).
    ClearObjectIdentifier {
        /// The object id.
        id: Uuid,
    },
}

impl Change {
    /// The object that is changed.
    pub fn id(&self) -> Uuid {
        match self {
            Self::RestoreUser { id, .. }
            | Self::AssignLicences { id, .. }
            | Self::SetUsageLocation { id, .. }
            | Self::SetImmutableId { id, .. }
            | Self::ClearObjectIdentifier { id } => *id,
        }
    }

    /// What it takes away that cannot be given back by the opposite change; `None` for the others.
    pub fn loses(&self) -> Option<&'static str> {
        match self {
            Self::RestoreUser { proxy_conflict: ProxyConflict::RemoveFromRestored, .. } => {
                Some("the restored user loses the addresses that somebody else holds now")
            }
            Self::AssignLicences { remove, .. } if !remove.is_empty() => Some(
                "what a licence held, such as a mailbox, goes when the licence has been away for 30 days",
            ),
            Self::SetImmutableId { anchor: None, .. } => Some("the user is no longer matched by its anchor"),
            Self::ClearObjectIdentifier { .. } => {
                Some("which object on premises the user belongs to is no longer recorded in the cloud")
            }
            _ => None,
        }
    }

    /// The permission of an app that is enough for it.
    pub fn permission(&self) -> &'static str {
        match self {
            Self::RestoreUser { .. } => "User.DeleteRestore.All",
            Self::AssignLicences { .. } => "LicenseAssignment.ReadWrite.All",
            Self::SetUsageLocation { .. } | Self::SetImmutableId { .. } => "User.ReadWrite.All",
            Self::ClearObjectIdentifier { .. } => "User-OnPremisesSyncBehavior.ReadWrite.All",
        }
    }

    /// What is sent.
    pub fn request(&self) -> Request {
        let id = self.id().to_string();
        let patch = |version, body| Request::new(Method::Patch, version, &["users", &id]).body(body);
        match self {
            Self::RestoreUser { new_user_principal_name, proxy_conflict, .. } => {
                let mut body = serde_json::Map::new();
                if *proxy_conflict == ProxyConflict::RemoveFromRestored {
                    body.insert("autoReconcileProxyConflict".into(), Value::Bool(true));
                }
                if let Some(upn) = new_user_principal_name {
                    body.insert("newUserPrincipalName".into(), Value::String(upn.clone()));
                }
                let path = ["directory", "deletedItems", &id, "restore"];
                let mut request = Request::new(Method::Post, Version::V1, &path).body(Value::Object(body));
                // The second one would find nothing in the bin, and say so.
                request.is_repeatable = false;
                request
            }
            Self::AssignLicences { add, remove, .. } => {
                let add: Vec<Value> = add
                    .iter()
                    .map(|grant| json!({ "skuId": grant.sku_id, "disabledPlans": grant.disabled_plans }))
                    .collect();
                // Both lists have to be there, also where one is empty.
                Request::new(Method::Post, Version::V1, &["users", &id, "assignLicense"])
                    .body(json!({ "addLicenses": add, "removeLicenses": remove }))
            }
            Self::SetUsageLocation { country, .. } => patch(Version::V1, json!({ "usageLocation": country })),
            Self::SetImmutableId { anchor, .. } => {
                patch(Version::V1, json!({ "onPremisesImmutableId": anchor }))
            }
            Self::ClearObjectIdentifier { .. } => {
                patch(Version::Beta, json!({ "onPremisesObjectIdentifier": null }))
            }
        }
    }
}

/// What it will do, as a fragment.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id();
        match self {
            Self::RestoreUser { new_user_principal_name, proxy_conflict, .. } => {
                write!(f, "restore the cloud user {id} from the bin")?;
                if let Some(upn) = new_user_principal_name {
                    write!(f, " as {}", printable(upn))?;
                }
                if *proxy_conflict == ProxyConflict::RemoveFromRestored {
                    f.write_str(", without the addresses that somebody else holds now")?;
                }
                Ok(())
            }
            Self::AssignLicences { add, remove, .. } => {
                let ids = |all: Vec<String>| if all.is_empty() { "none".into() } else { all.join(", ") };
                let given = add.iter().map(|g| match g.disabled_plans.len() {
                    0 => g.sku_id.to_string(),
                    n => format!("{} without {n} of its plans", g.sku_id),
                });
                let taken = remove.iter().map(Uuid::to_string);
                write!(
                    f,
                    "give the cloud user {id} the licences {}, and take away {}",
                    ids(given.collect()),
                    ids(taken.collect())
                )
            }
            Self::SetUsageLocation { country, .. } => {
                write!(f, "set usageLocation of the cloud user {id} to {}", printable(country))
            }
            Self::SetImmutableId { anchor: Some(anchor), .. } => {
                write!(f, "set onPremisesImmutableId of the cloud user {id} to {}", printable(anchor))
            }
            Self::SetImmutableId { anchor: None, .. } => {
                write!(f, "clear onPremisesImmutableId of the cloud user {id}")
            }
            Self::ClearObjectIdentifier { .. } => {
                write!(f, "clear onPremisesObjectIdentifier of the cloud user {id}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_away_only_where_that_is_asked_for() {
        let restore = |upn: Option<&str>, proxy_conflict| Change::RestoreUser {
            id: Uuid::nil(),
            new_user_principal_name: upn.map(str::to_owned),
            proxy_conflict,
        };
        let plain = restore(None, ProxyConflict::default());
        assert_eq!(plain.request().json().unwrap().to_string(), "{}");
        assert_eq!(plain.loses(), None);
        let whole = restore(Some("x@contoso.com"), ProxyConflict::RemoveFromRestored);
        assert_eq!(
            whole.request().json().unwrap().to_string(),
            r#"{"autoReconcileProxyConflict":true,"newUserPrincipalName":"x@contoso.com"}"#
        );
        assert!(whole.loses().is_some());
        assert_eq!(
            whole.to_string(),
            "restore the cloud user 00000000-0000-0000-0000-000000000000 from the bin as x@contoso.com, without the addresses \
             that somebody else holds now"
        );
    }

    #[test]
    fn both_lists_of_licences_are_always_there() {
        let change = Change::AssignLicences { id: Uuid::nil(), add: vec![], remove: vec![] };
        assert_eq!(change.request().json().unwrap().to_string(), r#"{"addLicenses":[],"removeLicenses":[]}"#);
    }
}
