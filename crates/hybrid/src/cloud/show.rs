//! `adrecover/cloud-show/v1`: what the cloud holds of a user.

use adrecover_core::time::{Timestamp, rfc3339};
use serde::Serialize;

use super::{HeldUser, Look, Unanswered};

/// The document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Show {
    /// `adrecover/cloud-show/v1`.
    pub schema: &'static str,
    /// What the user was called.
    pub user: String,
    /// The host that was asked.
    pub host: String,
    /// When it was asked.
    pub at: String,
    /// Whether several objects claim to be the user.
    pub duplicates: bool,
    /// Each of them, the strongest claim first.
    pub items: Vec<HeldUser>,
    /// What Graph did not answer.
    pub unanswered: Vec<Unanswered>,
    #[serde(skip)]
    may_be_more: bool,
}

impl Show {
    /// Of what was found.
    pub fn new(look: &Look, now: Timestamp) -> Self {
        let items: Vec<HeldUser> =
            look.claimants().iter().map(|claimant| HeldUser::of(claimant, &look.evidence, now)).collect();
        Self {
            schema: "adrecover/cloud-show/v1",
            user: look.called.clone(),
            host: look.host.clone(),
            at: rfc3339(now),
            duplicates: items.len() > 1,
            items,
            unanswered: look.unanswered.clone(),
            may_be_more: look.unseen_users().is_some(),
        }
    }

    /// The exit code: 0 found, 3 there may be more that could not be seen, 4 there is none.
    pub fn exit_code(&self) -> u8 {
        match (self.may_be_more, self.items.is_empty()) {
            (true, _) => 3,
            (false, true) => 4,
            (false, false) => 0,
        }
    }
}
