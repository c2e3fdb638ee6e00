//! What the cloud holds of the users of a plan: asked once it is known what they will be, and before anything is written.

use adrecover_core::directory::{Query, Visibility};
use adrecover_core::kind::ObjectKind;
use adrecover_core::plan::{ObjectPlan, Plan};
use adrecover_core::{Entry, ObjectGuid};
use adrecover_hybrid::graph::Key;

use super::desk::Desk;
use super::hybrid::{HybridArgs, foresee};
use crate::cloud::MANY;
use crate::context::Ctx;
use crate::error::CliError;
use crate::preflight::gather;
use crate::preflight::inputs::Inputs;

/// Asks the cloud by the names that the users have and those that the plan gives them. A tombstone has lost its UPN and its
/// addresses: it is its GUID, its SID and its account name that find the user.
pub(crate) async fn ask(
    ctx: &Ctx,
    desk: &Desk,
    plan: &Plan,
    args: &HybridArgs,
    inputs: &mut Inputs,
) -> Result<(), CliError> {
    if !inputs.asks_cloud() {
        return Ok(());
    }
    let is_checked =
        |o: &&ObjectPlan| o.kind == ObjectKind::User && o.skipped.is_none() && o.blocked_by.is_empty();
    let users: Vec<&ObjectPlan> = plan.objects.iter().filter(is_checked).collect();
    if users.len() > MANY {
        return inputs.ask_all(ctx).await;
    }
    let attributes = gather::cloud_attributes(inputs);
    let mut entries = vec![];
    for object in users {
        let query =
            Query::object(object.guid.as_dn()).attributes(&attributes).visibility(Visibility::Deleted);
        if let Some(entry) = desk.session.ask(&query).await?.into_iter().next() {
            entries.extend([planned(&entry, object), entry]);
        }
    }
    let mut keys = gather::keys_of(&desk.session, ctx.now, inputs, entries)?;
    keys.extend(args.expect_smtp.clone().map(Key::Address));
    inputs.ask(ctx, keys).await
}

/// Asks the cloud for objects as they are: what it holds may become part of the plan.
pub(crate) async fn ask_for(
    ctx: &Ctx,
    desk: &Desk,
    guids: &[ObjectGuid],
    inputs: &mut Inputs,
) -> Result<(), CliError> {
    if !inputs.asks_cloud() {
        return Ok(());
    }
    if guids.len() > MANY {
        return inputs.ask_all(ctx).await;
    }
    let attributes = gather::cloud_attributes(inputs);
    let mut entries = vec![];
    for guid in guids {
        let query = Query::object(guid.as_dn()).attributes(&attributes).visibility(Visibility::Deleted);
        entries.extend(desk.session.ask(&query).await?);
    }
    let keys = gather::keys_of(&desk.session, ctx.now, inputs, entries)?;
    inputs.ask(ctx, keys).await
}

/// The user with the names that the plan gives it.
fn planned(entry: &Entry, object: &ObjectPlan) -> Entry {
    let mut entry = entry.clone();
    object.steps.iter().for_each(|step| foresee(&mut entry, &step.action));
    entry.dn = object.dn.to_string();
    entry
}
