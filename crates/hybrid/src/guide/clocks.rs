//! What runs out, and when: in the cloud, for the mailbox, on premises.

use adrecover_core::decision_table::{CLOUD_DAYS, EntraState, MailboxState, OnPremises};
use adrecover_core::time::{Timestamp, in_calendar, rfc3339};
use chrono::Duration;
use serde::Serialize;

use super::answers::Seen;
use crate::evidence::MailboxState as Kept;

/// Something that can be got back until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Clock {
    /// `onPremises`, `entraUser`, `mailbox`.
    pub what: &'static str,
    /// When it was deleted.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub deleted_at: Option<Timestamp>,
    /// Until when it can be got back.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub ends_at: Option<Timestamp>,
    /// Whole days until then; negative when it is over.
    pub days_left: Option<i64>,
    /// By which rule.
    pub rule: &'static str,
}

impl Clock {
    fn new(
        what: &'static str,
        rule: &'static str,
        deleted_at: Option<Timestamp>,
        ends_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let days_left = ends_at.map(|at| at.signed_duration_since(now).num_seconds().div_euclid(86_400));
        Self { what, deleted_at, ends_at, days_left, rule }
    }

    /// For people.
    pub fn title(&self) -> &'static str {
        match self.what {
            "onPremises" => "on premises",
            "entraUser" => "Entra user",
            _ => "mailbox",
        }
    }

    pub(super) fn remark(&self) -> Option<(&'static str, String)> {
        let (ends_at, days) = (self.ends_at?, self.days_left?);
        let title = self.title();
        match days {
            ..0 => Some((
                "clockOver",
                format!(
                    "{title}: the time was over at {}; what the states say may be older than that",
                    rfc3339(ends_at)
                ),
            )),
            0..=3 => Some(("clockNear", format!("{title}: only until {}", rfc3339(ends_at)))),
            _ => None,
        }
    }
}

/// The clocks of what is deleted.
pub(super) fn all(
    seen: &Seen<'_, '_>,
    now: Timestamp,
    on_premises: Option<OnPremises>,
    entra: Option<EntraState>,
    mailbox: Option<MailboxState>,
) -> Vec<Clock> {
    let month = |at: Timestamp| at.checked_add_signed(Duration::days(CLOUD_DAYS)).and_then(in_calendar);
    let mut clocks = vec![];
    if entra == Some(EntraState::SoftDeleted) {
        let at = seen.user.and_then(|u| u.deleted_at().value());
        clocks.push(Clock::new("entraUser", "30 days in the bin of Entra ID", at, at.and_then(month), now));
    }
    if mailbox == Some(MailboxState::SoftDeleted) {
        let at = seen.mailbox.and_then(|m| m.soft_deleted_at().value());
        let is_inactive = seen.mailbox.is_some_and(|m| m.state().value() == Some(Kept::Inactive));
        clocks.push(if is_inactive {
            let until = seen.mailbox.and_then(|m| m.inactive_until().value());
            Clock::new("mailbox", "inactive: as long as its hold lasts", at, until, now)
        } else {
            Clock::new("mailbox", "30 days in Exchange Online", at, at.and_then(month), now)
        });
    }
    if on_premises == Some(OnPremises::Deleted) {
        let facts = seen.inputs.facts;
        let rule = match facts.and_then(|f| f.recycle_bin) {
            Some(true) => "the forest's deleted object lifetime",
            Some(false) => "the forest's tombstone lifetime",
            None => "the forest's tombstone or deleted object lifetime",
        };
        let (at, until) = (facts.and_then(|f| f.deleted_at), facts.and_then(|f| f.expires_at));
        clocks.push(Clock::new("onPremises", rule, at, until, now));
    }
    clocks
}
