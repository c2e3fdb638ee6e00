//! Gathers the facts from which a restore is planned: everything is asked before anything is decided.
//!
//! Objects are handled in chunks, one search for a whole chunk wherever the question allows it, so that five hundred
//! objects cost some dozens of searches and not thousands.

mod elsewhere;
pub mod ends;
mod fills;
mod groups;
mod holders;
mod object;
mod parents;
pub mod rollback;
pub mod tree;

use std::collections::{BTreeSet, HashMap, HashSet};

use adrecover_core::deleted::Judge;
use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::facts::{
    DomainFacts, ForestCheck, ForestDomain, Identity, ObjectFacts, ParentFacts, Presence,
};
use adrecover_core::kind::ObjectKind;
use adrecover_core::request::{MemberKey, RestoreRequest};
use adrecover_core::{DirectoryError, Dn, Elsewhere, Entry, ObjectGuid, filter, planner};

use crate::deleted::AttributeNames;
use crate::{Protected, Session};

/// How many objects one search asks for. AD takes far larger filters; this keeps a reply within one page.
const CHUNK: usize = 50;

/// What was asked for and found.
#[derive(Debug)]
pub struct Gathered {
    /// The objects that the directory knows, in the order asked.
    pub objects: Vec<ObjectFacts>,
    /// GUIDs that it does not know, or that this account may not see.
    pub missing: Vec<ObjectGuid>,
}

/// What a gathering needs besides the directory.
pub struct Gatherer<'a> {
    /// The domain controller.
    pub session: &'a mut Session,
    /// Its global catalogue, or why it could not be asked.
    pub catalogue: Result<Session, String>,
    /// What is true of the whole directory.
    pub domain: &'a DomainFacts,
    /// Judges deleted objects.
    pub judge: &'a Judge,
    /// The wishes.
    pub request: &'a RestoreRequest,
    /// Names of attributes by their ids.
    pub names: &'a mut AttributeNames,
    /// The way to the other domains of the forest.
    pub others: &'a mut dyn Elsewhere<Session>,
    cache: Cache,
}

/// Answers that serve many objects.
#[derive(Default)]
struct Cache {
    parents: HashMap<String, ParentFacts>,
    allowed: HashMap<ObjectGuid, HashSet<String>>,
    groups: HashMap<Dn, groups::Known>,
    protected: Option<Protected>,
    linked: HashMap<String, Option<Dn>>,
    wishes: Option<HashMap<MemberKey, Vec<usize>>>,
    /// The protected groups of other domains, or why those cannot be asked, by their DNS names.
    protected_elsewhere: HashMap<String, Result<Protected, String>>,
    /// The groups of another domain that an object is in.
    memberships_elsewhere: HashMap<(String, ObjectGuid), HashSet<ObjectGuid>>,
}

/// What is true of the whole directory, as far as a restore needs it.
pub async fn domain_facts(
    session: &mut Session,
    judge: &Judge,
    catalogue: &Result<Session, String>,
) -> Result<DomainFacts, DirectoryError> {
    let root = session.root_dse().clone();
    let head = Query::object(root.default_naming_context.to_string()).attributes(["objectSid"]);
    let domain_sid = session.ask(&head).await?.first().and_then(Entry::sid);
    let mut upn_suffixes: Vec<String> = vec![];
    let partitions = format!("CN=Partitions,{}", root.configuration_naming_context);
    let query =
        Query::below(partitions, Scope::Subtree, "(|(objectClass=crossRef)(objectClass=crossRefContainer))")
            .attributes(["uPNSuffixes", "dnsRoot", "systemFlags", "nCName"]);
    let mut domains: Vec<ForestDomain> = vec![];
    for entry in session.ask(&query).await? {
        upn_suffixes.extend(entry.texts("uPNSuffixes"));
        // Bit 2 of systemFlags marks the cross-reference of a domain ([MS-ADTS] 6.1.1.2.1.1).
        if entry.integer("systemFlags").is_some_and(|flags| flags & 2 != 0) {
            upn_suffixes.extend(entry.texts("dnsRoot"));
            let dn = entry.text("nCName").and_then(|dn| dn.parse().ok());
            domains.extend(dn.zip(entry.text("dnsRoot")).map(|(dn, dns)| ForestDomain { dn, dns }));
        }
    }
    upn_suffixes.sort();
    upn_suffixes.dedup();
    Ok(DomainFacts {
        domain: root.default_naming_context.clone(),
        domain_sid,
        server: root.dns_host_name.clone().unwrap_or_else(|| session.server().to_string()),
        naming_contexts: root.naming_contexts.clone(),
        policy: judge.policy,
        undeletes_from_bin: judge.undeletes_from_bin,
        domains,
        upn_suffixes,
        now: judge.now,
        forest: match catalogue {
            Ok(_) => ForestCheck::Asked,
            Err(reason) => ForestCheck::Unavailable(reason.clone()),
        },
        attributes: HashMap::new(),
        ends: HashMap::new(),
    })
}

impl<'a> Gatherer<'a> {
    /// A gatherer with nothing asked yet.
    pub fn new(
        session: &'a mut Session,
        catalogue: Result<Session, String>,
        domain: &'a DomainFacts,
        judge: &'a Judge,
        request: &'a RestoreRequest,
        names: &'a mut AttributeNames,
        others: &'a mut dyn Elsewhere<Session>,
    ) -> Self {
        Self { session, catalogue, domain, judge, request, names, others, cache: Cache::default() }
    }

    /// Gives the global catalogue back.
    pub fn into_catalogue(self) -> Option<Session> {
        self.catalogue.ok()
    }

    /// The facts about these objects. They will be restored together: a deleted parent among them is no obstacle.
    pub async fn gather(&mut self, guids: &[ObjectGuid]) -> Result<Gathered, DirectoryError> {
        let in_plan: HashSet<ObjectGuid> = guids.iter().copied().collect();
        let (mut objects, mut missing) = (vec![], vec![]);
        for chunk in guids.chunks(CHUNK) {
            let entries = self.entries(chunk).await?;
            let mut facts = vec![];
            for guid in chunk {
                let filled = self.fillable(*guid);
                let read = |e| object::read(e, self.judge, self.domain, self.request, &filled);
                match entries.get(guid).and_then(read) {
                    Some(object) => facts.push(object),
                    None => missing.push(*guid),
                }
            }
            self.complete(&mut facts, &entries, &in_plan).await?;
            objects.append(&mut facts);
        }
        self.children(&mut objects).await?;
        Ok(Gathered { objects, missing })
    }

    /// The facts about objects that are not in the directory any more, as a source has them, with the GUIDs that they had: they are
    /// to be created anew. Nothing of their entries is taken but who they were and where.
    pub async fn gather_absent(&mut self, entries: &[Entry]) -> Result<Vec<ObjectFacts>, DirectoryError> {
        let none = HashSet::new();
        let read = |entry| object::absent(entry, self.judge, self.domain, self.request);
        let mut facts: Vec<ObjectFacts> = entries.iter().filter_map(read).collect();
        for object in &mut facts {
            object.parent = self.parent_of(object, &none).await?;
            self.add_fill_facts(object, None).await?;
            self.add_groups(object, None).await?;
            let filled = self.fillable(object.guid);
            object.present = filled.iter().map(|name| ((*name).to_owned(), vec![])).collect();
            object.stripped = filled.into_iter().map(str::to_owned).collect();
        }
        self.add_holders(&mut facts).await?;
        Ok(facts)
    }

    /// The entries of a chunk: one search of the domain, then one each for what lies in other naming contexts.
    async fn entries(&mut self, chunk: &[ObjectGuid]) -> Result<HashMap<ObjectGuid, Entry>, DirectoryError> {
        let mut attributes = planner::fact_attributes(self.domain.policy.recycle_bin);
        attributes.extend(["whenChanged", "primaryGroupID", "memberOf"]);
        attributes.extend(self.request.attributes());
        let filled: BTreeSet<&str> = chunk.iter().flat_map(|guid| self.fillable(*guid)).collect();
        attributes.extend(filled);
        let filter = filter::any_of(chunk.iter().map(|g| format!("(objectGUID={})", g.filter_value())));
        let query = Query::below(self.domain.domain.to_string(), Scope::Subtree, filter)
            .attributes(&attributes)
            .visibility(Visibility::Recycled);
        let mut found: HashMap<ObjectGuid, Entry> =
            self.session.ask(&query).await?.into_iter().filter_map(|e| Some((e.guid()?, e))).collect();
        for guid in chunk {
            let query = Query::object(guid.as_dn()).attributes(&attributes).visibility(Visibility::Recycled);
            if !found.contains_key(guid)
                && let Some(entry) = self.session.ask(&query).await?.into_iter().next()
            {
                found.insert(*guid, entry);
            }
        }
        Ok(found)
    }

    async fn complete(
        &mut self,
        facts: &mut [ObjectFacts],
        entries: &HashMap<ObjectGuid, Entry>,
        in_plan: &HashSet<ObjectGuid>,
    ) -> Result<(), DirectoryError> {
        for object in facts.iter_mut() {
            let entry = entries.get(&object.guid);
            if let (Presence::Deleted(_), Some(entry)) = (object.presence, entry) {
                object.parent = self.parent_of(object, in_plan).await?;
                object.stripped = self.names.stripped(self.session, entry).await?;
            }
            self.add_fill_facts(object, entry).await?;
            object.privileged = self.privileged(object, entry).await?;
            self.add_groups(object, entry).await?;
        }
        self.add_holders(facts).await
    }

    /// The names that an object would have.
    fn identity(&self, object: &ObjectFacts) -> Identity {
        object.identity(self.request)
    }

    /// What hung below objects that are no containers: asked for in small restores and for computers, whose recovery
    /// keys hang below them. A large restore of users does not pay a scan of Deleted Objects for what users hardly have.
    async fn children(&mut self, objects: &mut [ObjectFacts]) -> Result<(), DirectoryError> {
        let deleted =
            |o: &&mut ObjectFacts| matches!(o.presence, Presence::Deleted(_)) && !o.kind.is_container();
        let few = objects.len() <= 25;
        let asked: HashSet<ObjectGuid> = objects
            .iter_mut()
            .filter(deleted)
            .filter(|o| few || o.kind == ObjectKind::Computer)
            .map(|o| o.guid)
            .collect();
        if asked.is_empty() {
            return Ok(());
        }
        let mut below = tree::children_of(self.session, self.domain, &asked).await?;
        for object in objects {
            object.children = below.remove(&object.guid).unwrap_or_default();
        }
        Ok(())
    }
}
