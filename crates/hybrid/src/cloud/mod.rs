//! One user of the cloud, asked of Microsoft Graph by whatever somebody calls it: what is held of it ([`Show`]), and who holds its
//! names now ([`Conflicts`]).
//!
//! [`look`] asks; the documents are made of what it found, without another request but those for names. Nothing is changed.

mod claims;
mod conflicts;
mod restore;
mod show;
mod user;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::evidence::{Dataset, Evidence, Loader, User, UserField};
use crate::graph::{Client, GraphError, GraphErrorKind, Key, Shortfall, Unseen};
pub use claims::{Choice, Claimant};
pub use conflicts::{Conflicts, HeldName, conflicts};
pub use restore::{RestoreWishes, differences, restore_plan};
pub use show::Show;
pub use user::{HeldUser, LicenceDocument, OnPremises, ProvisioningErrorDocument, RoleDocument};

/// What `show` says besides the users themselves.
const LISTS: [Dataset; 4] =
    [Dataset::SubscribedSkus, Dataset::RoleAssignments, Dataset::RoleEligibility, Dataset::RoleDefinitions];

/// Something that Graph did not answer, so that it is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unanswered {
    /// What was asked for, such as `deleted users`.
    pub what: String,
    /// The permission of an app that is enough for it.
    pub permission: &'static str,
    /// What Graph said.
    pub message: String,
    /// Whether it was refused for want of a permission.
    #[serde(skip)]
    pub is_denied: bool,
}

impl Unanswered {
    fn of_shortfall(shortfall: &Shortfall) -> Self {
        Self::new(&shortfall.dataset.to_string(), shortfall.permission, &shortfall.error)
    }

    fn of_unseen(unseen: &Unseen) -> Self {
        Self::new(unseen.what, unseen.permission, &unseen.error)
    }

    fn new(what: &str, permission: &'static str, error: &GraphError) -> Self {
        Self {
            what: what.to_owned(),
            permission,
            message: error.to_string(),
            is_denied: error.kind() == GraphErrorKind::Denied,
        }
    }
}

/// What was found.
#[derive(Debug)]
pub struct Look {
    called: String,
    host: String,
    evidence: Evidence,
    unanswered: Vec<Unanswered>,
}

/// Looks for a user, live and in the bin, and for others that claim to be it. With `whole` what the tenant says of its licences
/// and roles comes along.
pub async fn look(client: &Client, called: &str, whole: bool) -> Result<Look, GraphError> {
    let mut found = client.gather_users(&Key::of_name(called), Loader::new()).await?;
    let mut shortfalls = std::mem::take(&mut found.shortfalls);
    // Who has the same identity on premises is found by it alone.
    let so_far = found.loader.clone().finish();
    let more: Vec<Key> = claims::named(&so_far, called).iter().flat_map(|c| identity(&c.user)).collect();
    if !more.is_empty() {
        found = client.gather_users(&more, found.loader).await?;
        shortfalls.append(&mut found.shortfalls);
    }
    if whole {
        found = client.gather_lists(&LISTS, found.loader).await?;
        shortfalls.append(&mut found.shortfalls);
    }
    let mut unanswered: Vec<Unanswered> = vec![];
    for missing in shortfalls.iter().map(Unanswered::of_shortfall) {
        if !unanswered.iter().any(|known| known.what == missing.what) {
            unanswered.push(missing);
        }
    }
    let (called, host) = (called.trim().to_owned(), client.host().to_owned());
    Ok(Look { called, host, evidence: found.loader.finish(), unanswered })
}

impl Look {
    /// All users that claim to be the one that is called so, the strongest claim first.
    pub fn claimants(&self) -> Vec<Claimant<'_>> {
        claims::all(&self.evidence, &self.called)
    }

    /// The one user that is meant, where names are looked for.
    pub fn chosen(&self) -> Choice<'_> {
        claims::choose(claims::named(&self.evidence, &self.called))
    }

    /// What Graph did not answer.
    pub fn unanswered(&self) -> &[Unanswered] {
        &self.unanswered
    }

    /// What of the two lists of users was not answered: where there is something, a user may be there unseen.
    pub fn unseen_users(&self) -> Option<&Unanswered> {
        let lists = [Dataset::Users, Dataset::DeletedUsers].map(|list| list.to_string());
        self.unanswered.iter().find(|missing| lists.contains(&missing.what))
    }
}

/// What a user has of its own on premises.
fn identity(user: &User<'_>) -> Vec<Key> {
    let text = |field| user.text(field).value().filter(|text| !text.is_empty()).map(str::to_owned);
    [
        text(UserField::OnPremisesImmutableId).map(Key::ImmutableId),
        text(UserField::OnPremisesSecurityIdentifier).map(Key::Sid),
        text(UserField::OnPremisesSamAccountName).map(Key::SamAccountName),
    ]
    .into_iter()
    .flatten()
    .collect()
}
