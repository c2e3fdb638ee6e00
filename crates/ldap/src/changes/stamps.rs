//! When and on which domain controller the changes of a DirSync reply were made: `replPropertyMetaData`, which DirSync leaves out,
//! and for links `values`.
//!
//! It is asked for after the reply, and an object may have changed again in between. A stamp is that of the value only if it is not
//! newer than what had been written before the reply was asked for; else value and stamp are read together.

use std::collections::HashMap;

use adrecover_core::change::ObjectChange;
use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::filter::any_of;
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid};

use super::object::{self, From};
use super::schema::Schema;
use super::values;
use crate::Session;

/// How many objects one search asks for.
const AT_ONCE: usize = 100;
const METADATA: &str = "replPropertyMetaData";

/// Adds what is known. `before` is the highest number from before the reply was asked for.
pub(super) async fn add(
    session: &Session,
    schema: &Schema,
    context: &Dn,
    before: u64,
    objects: &mut [ObjectChange],
) -> Result<(), DirectoryError> {
    for some in objects.chunks_mut(AT_ONCE) {
        let found = look_up(session, context, some).await?;
        for object in some {
            let Some(entry) = found.get(&object.guid) else { continue };
            object.usn = object::usn(entry);
            object.when_changed = entry.time("whenChanged");
            let newer = take(schema, entry, before, object);
            if !newer.is_empty() {
                settle(session, schema, object, &newer).await?;
            }
            if !object.links.is_empty() && !session.root_dse().is_samba() {
                values::add(session, before, object).await?;
            }
        }
    }
    Ok(())
}

async fn look_up(
    session: &Session,
    context: &Dn,
    objects: &[ObjectChange],
) -> Result<HashMap<ObjectGuid, Entry>, DirectoryError> {
    let filters = objects.iter().map(|object| format!("(objectGUID={})", object.guid.filter_value()));
    let query = Query::below(context.to_string(), Scope::Subtree, any_of(filters))
        .attributes(["objectGUID", "uSNChanged", "whenChanged", METADATA])
        .visibility(Visibility::Recycled);
    let entries = session.ask(&query).await?;
    Ok(entries.into_iter().filter_map(|entry| Some((entry.guid()?, entry))).collect())
}

/// Gives the attributes their stamps, and the names of those that were written again since.
fn take(schema: &Schema, entry: &Entry, before: u64, object: &mut ObjectChange) -> Vec<String> {
    let stamps = entry.value(METADATA).map(|value| schema.stamps(value)).unwrap_or_default();
    let mut newer = vec![];
    for attribute in &mut object.attributes {
        match stamps.get(attribute.name.as_ref()) {
            Some(stamp) if stamp.local_usn <= before => attribute.stamp = Some((*stamp).into()),
            Some(_) => newer.push(attribute.name.to_string()),
            None => {}
        }
    }
    newer
}

/// Reads these attributes again, each with its stamp.
async fn settle(
    session: &Session,
    schema: &Schema,
    object: &mut ObjectChange,
    names: &[String],
) -> Result<(), DirectoryError> {
    let names = names.iter().map(String::as_str).chain(["objectGUID", METADATA]);
    let query = Query::object(object.guid.as_dn()).attributes(names).visibility(Visibility::Recycled);
    let Some(entry) = session.ask(&query).await?.into_iter().next() else { return Ok(()) };
    let Some(fresh) = object::change(entry, schema, From::Search) else { return Ok(()) };
    for attribute in &mut object.attributes {
        // One that is not there was removed since, which comes as a change of its own, or may not be read by a search.
        if let Some(read) = fresh.attribute(&attribute.name)
            && read.stamp.is_some()
            && attribute.stamp.is_none()
        {
            *attribute = read.clone();
        }
    }
    Ok(())
}
