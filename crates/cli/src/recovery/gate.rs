//! The pre-flight of one user that is back, as the last look before the synchronisation.

use std::borrow::Cow;

use adrecover_core::directory::{Query, Visibility};
use adrecover_core::entry::Attribute;
use adrecover_core::plan::ObjectPlan;
use adrecover_core::recovery::{FILTERING_ATTRIBUTE, FILTERING_VALUE, Hand};
use adrecover_core::value::Value;
use adrecover_engine::beyond::Sight;
use adrecover_hybrid::checks::{self, Case, CheckReport, Choice, Severity, Status, UserReport, Verdict};
use adrecover_ldap::Session;

use crate::context::Ctx;
use crate::error::CliError;
use crate::preflight::gather::{self, Around};
use crate::preflight::inputs::Inputs;
use crate::restore::hybrid::held_by;

/// What a pre-flight says of a user now.
pub(super) async fn look(
    ctx: &Ctx,
    session: &Session,
    inputs: &mut Inputs,
    object: &ObjectPlan,
) -> Result<Sight, CliError> {
    if inputs.asks_cloud() {
        let attributes = gather::cloud_attributes(inputs);
        let query = Query::object(object.guid.as_dn()).attributes(&attributes).visibility(Visibility::Live);
        let entries = session.ask(&query).await?;
        let keys = gather::keys_of(session, ctx.now, inputs, entries)?;
        inputs.ask(ctx, keys).await?;
    }
    let inputs = &*inputs;
    let sync = gather::sync(session, inputs).await?;
    let around = Around::ask(ctx, session, inputs, sync.as_ref()).await?;
    let query =
        Query::object(object.guid.as_dn()).attributes(&around.attributes).visibility(Visibility::Live);
    let Some(mut entry) = session.ask(&query).await?.into_iter().next() else {
        return Ok(Sight::Unknown("the user cannot be read".to_owned()));
    };
    // What holds it goes with the next step.
    if entry.texts(FILTERING_ATTRIBUTE) == [FILTERING_VALUE] {
        entry.attributes.retain(|attribute| !attribute.name.eq_ignore_ascii_case(FILTERING_ATTRIBUTE));
        if let Some(Hand::Attribute { then }) = held_by(object)
            && !then.is_empty()
        {
            let values = then.iter().filter_map(Value::to_bytes).collect();
            entry.attributes.push(Attribute { name: Cow::Borrowed(FILTERING_ATTRIBUTE), values });
        }
    }
    let subject = around.subject(entry)?;
    let forest = gather::forest_of(session, inputs, std::slice::from_ref(&subject)).await?;
    let setting = around.setting(&forest, sync.as_ref(), inputs, false);
    Ok(sight(&checks::judge(&Case::new(&subject, &setting), &Choice::default())))
}

fn sight(report: &UserReport) -> Sight {
    let named = |which: Status| {
        let fits = |check: &&CheckReport| check.status == which && check.severity == Severity::Block;
        let told = report.checks.iter().filter(fits).map(|check| match check.detail.is_empty() {
            true => check.id.to_owned(),
            false => format!("{}: {}", check.id, check.detail),
        });
        told.collect::<Vec<_>>().join("; ")
    };
    match report.verdict {
        Verdict::Ready => Sight::So(Some("ready".to_owned())),
        Verdict::Incomplete => Sight::NotYet(format!("incomplete: {}", named(Status::Unknown))),
        Verdict::Blocked => Sight::Otherwise(format!("blocked: {}", named(Status::Fail))),
    }
}
