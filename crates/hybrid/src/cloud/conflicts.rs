//! `adrecover/cloud-conflicts/v1`: who holds the names of a user now.

use adrecover_core::time::{Timestamp, rfc3339};
use serde::Serialize;

use super::user::{state, until};
use super::{Claimant, Look, Unanswered};
use crate::compare::{bare, same};
use crate::evidence::{User, UserField};
use crate::graph::{self, ClaimantKind, Client, GraphError};

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflicts {
    /// `adrecover/cloud-conflicts/v1`.
    pub schema: &'static str,
    /// What the user was called.
    pub user: String,
    /// The host that was asked.
    pub host: String,
    /// When it was asked.
    pub at: String,
    /// The object id of the user.
    pub id: Option<String>,
    /// `present` or `soft-deleted`.
    pub state: &'static str,
    /// Its UPN, of a deleted user the one before the deletion.
    pub user_principal_name: Option<String>,
    /// Its `displayName`.
    pub display_name: Option<String>,
    /// Until when it stays in the bin.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub restorable_until: Option<Timestamp>,
    /// Whether all names are free; `None` where that is not known.
    pub free: Option<bool>,
    /// Each of its names.
    pub names: Vec<HeldName>,
    /// What Graph did not answer.
    pub unanswered: Vec<Unanswered>,
}

/// A name, and who else holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldName {
    /// The UPN or the address, of SMTP without its type.
    pub name: String,
    /// The properties of the user that hold it: `userPrincipalName`, `proxyAddresses`, `mail`.
    pub properties: Vec<&'static str>,
    /// Whether the user can have it: nobody but deleted users holds it. `None` where that is not known.
    pub free: Option<bool>,
    /// Everybody else who holds it.
    pub held_by: Vec<graph::Claimant>,
}

/// Looks for whoever else holds the UPN or an address of this user.
pub async fn conflicts(
    client: &Client,
    look: &Look,
    user: &Claimant<'_>,
    now: Timestamp,
) -> Result<Conflicts, GraphError> {
    let user = &user.user;
    let upn = user.upn().value();
    let mail = user.text(UserField::Mail).value();
    let addresses: Option<Vec<String>> = user
        .proxy_addresses()
        .asked()
        .map(|all| all.into_iter().flatten().chain(mail).map(str::to_owned).collect());
    let are_all_known = upn.is_some() && addresses.is_some();
    let found = client.conflicts(upn, &addresses.unwrap_or_default(), user.id().value()).await?;
    let unanswered: Vec<Unanswered> = found.gaps.iter().map(Unanswered::of_unseen).collect();
    let names: Vec<HeldName> = found
        .names
        .into_iter()
        .map(|held| HeldName {
            properties: properties(user, &held.name),
            free: free(&held.by, unanswered.is_empty()),
            name: held.name,
            held_by: held.by,
        })
        .collect();
    let all_free = match names.iter().map(|name| name.free).min_by_key(|free| order(*free)) {
        Some(Some(true)) if !are_all_known => None,
        Some(free) => free,
        None => None,
    };
    let text = |text: Option<&str>| text.map(str::to_owned);
    Ok(Conflicts {
        schema: "adrecover/cloud-conflicts/v1",
        user: look.called.clone(),
        host: look.host.clone(),
        at: rfc3339(now),
        id: text(user.text(UserField::Id).value()),
        state: state(user),
        user_principal_name: text(upn),
        display_name: text(user.text(UserField::DisplayName).value()),
        restorable_until: until(user.deleted_at().value().filter(|_| user.is_deleted()), now).0,
        free: all_free,
        names,
        unanswered,
    })
}

/// The worst first.
fn order(free: Option<bool>) -> u8 {
    match free {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    }
}

/// A deleted user does not keep a name from another one.
fn free(by: &[graph::Claimant], is_all: bool) -> Option<bool> {
    if by.iter().any(|holder| holder.kind != ClaimantKind::DeletedUser) {
        return Some(false);
    }
    is_all.then_some(true)
}

fn properties(user: &User<'_>, name: &str) -> Vec<&'static str> {
    let is = |text: &str| same(bare(text), name);
    [
        ("userPrincipalName", user.upn().value().is_some_and(is)),
        ("proxyAddresses", user.proxy_addresses().value().is_some_and(|mut all| all.any(is))),
        ("mail", user.text(UserField::Mail).value().is_some_and(is)),
    ]
    .into_iter()
    .filter_map(|(property, has)| has.then_some(property))
    .collect()
}

impl Conflicts {
    /// The exit code: 0 all names are free, 3 that is not known, 6 somebody holds one.
    pub fn exit_code(&self) -> u8 {
        match self.free {
            Some(true) => 0,
            Some(false) => 6,
            None => 3,
        }
    }
}
