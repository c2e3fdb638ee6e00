//! The checks of matching: which cloud object the user becomes.

pub(super) mod cloud_managed;
pub(super) mod on_premises_object_identifier;
pub(super) mod privileged_target;
pub(super) mod soft_match_allowed;
pub(super) mod source_anchor;
pub(super) mod takeover_blocked;
