//! Saved plans.

use std::path::Path;

use adrecover_core::fill::why_not_kept;
use adrecover_core::plan::SCHEMA;
use adrecover_core::report::Failure;
use adrecover_core::request::may_set;

use super::assert_harmless;
use crate::args::{Color, Format};
use crate::commands::apply::check_request;
use crate::printer::Printer;
use crate::restore::{output, plan_file, show};

/// A plan file, and what is shown of it.
pub fn plan(data: &[u8]) {
    let path = Path::new("plan.json");
    let plan = match plan_file::parse(path, data.to_vec()) {
        Ok(plan) => plan,
        Err(error) => return assert_eq!(error.code(), 12),
    };
    assert_eq!(plan.schema, SCHEMA);
    let text = serde_json::to_vec_pretty(&plan).expect("a plan has JSON");
    assert_eq!(plan_file::parse(path, text).expect("its JSON is read again"), plan);
    if check_request(&plan).is_ok() {
        assert!(plan.request.to.as_ref().is_none_or(|dn| !dn.is_empty()));
        assert!(plan.request.groups.iter().all(|wish| !wish.group.is_empty()));
        for fill in plan.request.fills.values().flatten() {
            assert!(why_not_kept(fill).is_none());
            assert!(fill.values.iter().all(|v| v.to_bytes().is_some()));
        }
        for wish in &plan.request.set {
            assert!(may_set(&wish.attribute).is_ok());
            assert!(wish.values.iter().all(|v| v.to_bytes().is_some()));
        }
    }
    let _ = (plan.is_blocked(), plan.writes());
    for object in &plan.objects {
        let _ = (object.needs_password(), object.steps.iter().any(|s| s.is_undoable()));
    }
    for verbosity in [0, 1] {
        let printer = Printer::new(Format::Table, verbosity, Color::Never);
        assert_harmless(&show::plan(&plan, Some("0123"), &printer));
        assert_harmless(&show::report(&output::refused(&plan, Failure::Stale, "it is stale"), &printer));
    }
}
