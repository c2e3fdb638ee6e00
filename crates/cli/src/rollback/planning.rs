//! From what the journal has to a plan: some objects at a time, so that thousands of them fit into memory.

use std::collections::{BTreeSet, HashMap};

use adrecover_core::plan::{ObjectPlan, Plan};
use adrecover_core::request::RestoreRequest;
use adrecover_core::rollback::{self, Around, Moves, Past, RollbackRequest};
use adrecover_core::{Entry, ObjectGuid};
use adrecover_ldap::Protected;
use adrecover_ldap::gather::rollback as gather;

use super::asked::{Asked, Question};
use crate::error::CliError;
use crate::restore::desk::Desk;

/// How many objects are asked for at a time.
pub(crate) const CHUNK: usize = 50;

/// A plan that is being made.
pub(crate) struct Planning {
    request: RollbackRequest,
    protected: Protected,
    moves: Moves,
    objects: Vec<ObjectPlan>,
}

impl Planning {
    /// Begins one. The request names no objects yet.
    pub(crate) async fn begin(desk: &Desk, request: RollbackRequest) -> Result<Self, CliError> {
        let protected =
            Protected::find(&desk.session, &desk.domain.domain, desk.domain.domain_sid.as_ref()).await?;
        Ok(Self { request, protected, moves: vec![], objects: vec![] })
    }

    /// Plans some objects from what the journal has of them. What is as it was is left out, unless it is the only one that is meant.
    pub(crate) async fn add(
        &mut self,
        desk: &mut Desk,
        asked: Vec<Asked>,
        question: &Question<'_>,
    ) -> Result<(), CliError> {
        let names: BTreeSet<String> =
            asked.iter().flat_map(Asked::attributes).map(str::to_lowercase).collect();
        let guids: Vec<ObjectGuid> = asked.iter().map(|asked| asked.past.guid).collect();
        let entries = read(desk, &guids, &names).await?;
        let mut pasts = vec![];
        for asked in asked {
            let past = match entries.get(&asked.past.guid).filter(|entry| !entry.is_deleted()) {
                Some(entry) => asked.held_against(entry, question)?,
                None => asked.past,
            };
            pasts.push(past);
        }
        let single = self.request.single;
        pasts.retain(|past| single || !past.is_empty());
        self.plan(desk, pasts, &entries, &names, single).await
    }

    /// Plans objects whose difference is known already: those of a saved plan.
    async fn add_known(&mut self, desk: &mut Desk, pasts: &[Past]) -> Result<(), CliError> {
        let attributes = pasts.iter().flat_map(|past| &past.attributes).map(|a| &a.attribute);
        let links = pasts.iter().flat_map(|past| &past.links).map(|links| &links.attribute);
        let names: BTreeSet<String> = attributes.chain(links).map(|name| name.to_lowercase()).collect();
        let guids: Vec<ObjectGuid> = pasts.iter().map(|past| past.guid).collect();
        let entries = read(desk, &guids, &names).await?;
        self.plan(desk, pasts.to_vec(), &entries, &names, true).await
    }

    async fn plan(
        &mut self,
        desk: &mut Desk,
        mut pasts: Vec<Past>,
        entries: &HashMap<ObjectGuid, Entry>,
        names: &BTreeSet<String>,
        keep_all: bool,
    ) -> Result<(), CliError> {
        let guids: Vec<ObjectGuid> =
            pasts.iter().map(|past| past.guid).filter(|guid| entries.contains_key(guid)).collect();
        let facts = match guids.is_empty() {
            true => vec![],
            false => desk.facts(&guids, &RestoreRequest::default()).await?.objects,
        };
        desk.know_attributes(names).await?;
        pasts.iter_mut().for_each(|past| leave_out_confidential(desk, past));
        let present = gather::present(facts, entries, &pasts);
        let mut around = Around::default();
        gather::ends(&desk.session, &desk.domain.domain, &pasts, &self.protected, &mut around).await?;
        gather::places(&desk.session, &pasts, &present, &mut around).await?;
        desk.names_held(&pasts, &mut around).await?;
        for past in pasts {
            let present = present.get(&past.guid);
            let plan =
                rollback::object(&desk.domain, &self.request, &past, present, &around, &mut self.moves);
            let says = !plan.steps.is_empty()
                || !plan.blocked_by.is_empty()
                || plan.skipped.is_some()
                || !plan.warnings.is_empty();
            if keep_all || says {
                self.objects.push(plan);
                self.request.objects.push(past);
            }
        }
        Ok(())
    }

    /// Makes a saved plan anew, as far as the directory still shows what it shows there.
    pub(crate) async fn again(desk: &mut Desk, saved: &RollbackRequest) -> Result<Plan, CliError> {
        let mut planning = Self::begin(desk, RollbackRequest { objects: vec![], ..saved.clone() }).await?;
        for chunk in saved.objects.chunks(CHUNK) {
            planning.add_known(desk, chunk).await?;
        }
        Ok(planning.end(desk))
    }

    /// The plan.
    pub(crate) fn end(self, desk: &Desk) -> Plan {
        let Self { request, moves, objects, .. } = self;
        rollback::plan(&desk.domain, request, objects, &moves, env!("CARGO_PKG_VERSION"))
    }
}

/// What the schema marks as confidential must not stand in plans and journals, whoever has kept it.
fn leave_out_confidential(desk: &Desk, past: &mut Past) {
    let known = &desk.domain.attributes;
    let is_confidential = |name: &str| {
        let schema = known.get(&name.to_lowercase()).and_then(Option::as_ref);
        schema.is_some_and(|schema| schema.is_confidential)
    };
    let notes = &mut past.notes;
    past.attributes.retain(|attribute| {
        let name = &attribute.attribute;
        let leave = is_confidential(name);
        if leave {
            notes.push(format!("{name} stays: the schema marks it as confidential"));
        }
        !leave
    });
}

/// The live objects with these attributes, as far as the schema has them and lets them be read.
async fn read(
    desk: &mut Desk,
    guids: &[ObjectGuid],
    names: &BTreeSet<String>,
) -> Result<HashMap<ObjectGuid, Entry>, CliError> {
    desk.know_attributes(names).await?;
    let known = &desk.domain.attributes;
    let is_read = |name: &&String| {
        let schema = known.get(name.as_str()).and_then(Option::as_ref);
        schema.is_some_and(|schema| !schema.is_confidential)
    };
    let names: BTreeSet<String> = names.iter().filter(is_read).cloned().collect();
    Ok(gather::entries(&desk.session, &desk.domain.domain, guids, &names).await?)
}
