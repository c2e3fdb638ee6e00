//! DNs, which are not stored: an object has its parent's number and its own name.

use std::collections::HashMap;
use std::sync::Arc;

use adrecover_core::dn::escape_value;

use super::layout::{Layout, dnt, number, text};
use super::schema::Schema;
use crate::ese::{Database, Record};

/// The root of all objects, which has no name.
const ROOT: i32 = 2;
/// Deeper trees are taken for damage.
const DEEPEST: usize = 128;
/// So many names of parents are kept.
const KEPT: usize = 4096;

/// The names of the last parents that were needed.
#[derive(Default)]
pub(super) struct Names {
    known: HashMap<i32, Arc<str>>,
}

/// What is needed to read names.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) database: &'a Database,
    pub(super) layout: &'a Layout,
    pub(super) schema: &'a Schema,
}

/// The name of the nearest component: `CN=Anna`.
fn rdn(context: Context<'_>, record: &Record<'_>) -> Option<String> {
    let layout = context.layout;
    let name = text(record, &layout.name)?;
    let kind = number(record, layout.rdn_type.as_ref()).map(|kind| kind as u32);
    let kind = kind.and_then(|kind| context.schema.name(kind).or(usual(kind)));
    let kind = kind.unwrap_or("CN").to_ascii_uppercase();
    Some(format!("{kind}={}", escape_value(&name)))
}

/// The types of nearly all RDNs, for a schema that cannot be read whole ([MS-ADTS] 3.1.1.1.4; ATTRTYP by [MS-DRSR] 5.16.4).
fn usual(attrtyp: u32) -> Option<&'static str> {
    Some(match attrtyp {
        0x3 => "CN",
        0x6 => "C",
        0x7 => "L",
        0xa => "O",
        0xb => "OU",
        0x15_0019 => "DC",
        _ => return None,
    })
}

impl Names {
    /// The DN of a row; `None` where a parent cannot be read.
    pub(super) fn of(&mut self, context: Context<'_>, record: &Record<'_>) -> Option<String> {
        let own = rdn(context, record)?;
        let parent = dnt(record, &context.layout.parent)?;
        match self.dn(context, parent)?.as_ref() {
            "" => Some(own),
            above => Some(format!("{own},{above}")),
        }
    }

    /// The DN of an object by its number.
    pub(super) fn dn(&mut self, context: Context<'_>, dnt: i32) -> Option<Arc<str>> {
        self.walk(context, dnt, 0)
    }

    fn walk(&mut self, context: Context<'_>, number: i32, depth: usize) -> Option<Arc<str>> {
        if number == ROOT || number == 0 {
            return Some("".into());
        }
        if let Some(known) = self.known.get(&number) {
            return Some(Arc::clone(known));
        }
        if depth > DEEPEST {
            return None;
        }
        let row = context.layout.row(context.database, number)?;
        let record = context.database.record(context.layout.data(context.database), &row)?;
        let own = rdn(context, &record)?;
        let above = self.walk(context, dnt(&record, &context.layout.parent)?, depth + 1)?;
        let dn: Arc<str> = if above.is_empty() { own.into() } else { format!("{own},{above}").into() };
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        self.known.insert(number, Arc::clone(&dn));
        Some(dn)
    }
}
