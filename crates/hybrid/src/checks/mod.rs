//! The checks before a synchronisation: is this user safe to synchronise?
//!
//! Each check is a [`Rule`] in a file of its own. [`judge`] makes them for a [`Case`]: a [`Subject`], and what is known around it
//! ([`Setting`]). Nothing here reads or asks: what is not in the case is unknown, and nothing unknown passes.
//!
//! `docs/checks/` has a page for each, made from the rule.

mod anchor;
mod case;
mod command;
pub mod docs;
mod forest;
pub(crate) mod idfix;
mod looked;
mod observed;
mod primary;
mod report;
mod rule;
mod subject;

mod account;
mod cloud;
mod engine;
mod exchange;
mod mail;
mod matching;
mod scope;
mod upn;

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod ways;
#[cfg(test)]
mod whole;

#[cfg(test)]
pub(crate) use self::scope::fixture as scope_fixture;
pub use case::{Case, CloudObject, Found, Setting, Sync};
pub use engine::EngineFindings;
pub use forest::{ATTRIBUTES as FOREST_ATTRIBUTES, Forest, Held, Holder};
pub use observed::{Containers, Observed};
pub use primary::Answer as PrimarySmtp;
pub use report::{CheckReport, Choice, SCHEMA, UserReport, Verdict, judge};
pub use rule::{Finding, Group, Needs, Rule, Seen, Severity, Status};
pub use subject::{ATTRIBUTES, ConnectorAccount, Subject};

// What filling from the cloud goes by, too.
pub(crate) use account::lost_attributes::{PAIRS, in_cloud, manager};
pub(crate) use case::{name_of, suffix};
pub(crate) use command::{identity, quoted};
pub(crate) use exchange::{Remote, is_on_premises, remote};

/// All checks, in the order of reports.
pub static RULES: &[&Rule] = &[
    &scope::replicated::RULE,
    &scope::partition::RULE,
    &scope::ou::RULE,
    &scope::object_class::RULE,
    &scope::pilot_group::RULE,
    &scope::critical_system_object::RULE,
    &scope::account_name::RULE,
    &scope::mail_nickname::RULE,
    &scope::admin_description::RULE,
    &scope::recipient_type::RULE,
    &scope::linked_mailbox::RULE,
    &scope::conflict_name::RULE,
    &scope::custom_rule::RULE,
    &matching::source_anchor::RULE,
    &matching::on_premises_object_identifier::RULE,
    &matching::privileged_target::RULE,
    &matching::takeover_blocked::RULE,
    &matching::soft_match_allowed::RULE,
    &matching::cloud_managed::RULE,
    &upn::equals_cloud::RULE,
    &upn::suffix_verified::RULE,
    &upn::federation_change::RULE,
    &upn::format::RULE,
    &upn::unique::RULE,
    &mail::primary_smtp::RULE,
    &mail::mail_attribute::RULE,
    &mail::address_format::RULE,
    &mail::address_unique::RULE,
    &mail::nickname::RULE,
    &exchange::routing_address::RULE,
    &exchange::recipient_triple::RULE,
    &exchange::mailbox_guid::RULE,
    &exchange::legacy_dn::RULE,
    &exchange::cloud_managed::RULE,
    &account::enabled_with_password::RULE,
    &account::sid_unique::RULE,
    &cloud::provisioning_errors::RULE,
    &cloud::retention_clock::RULE,
    &cloud::licence::RULE,
    &engine::scheduler::RULE,
    &engine::pending_initial::RULE,
    &engine::deletion_threshold::RULE,
    &account::connector_rights::RULE,
    &engine::tenant_sync::RULE,
    &account::size_limits::RULE,
    &account::lost_attributes::RULE,
    &account::group_licences::RULE,
    &account::privileged::RULE,
];
