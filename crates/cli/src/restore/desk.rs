//! The connected workplace of a restore: directory, journal, and what is true of the domain.

use std::collections::{BTreeSet, HashMap, HashSet};

use adrecover_core::deleted::Judge;
use adrecover_core::directory::{Query, Scope};
use adrecover_core::facts::{AttributeFacts, DomainFacts, ForestCheck, ObjectFacts, Presence};
use adrecover_core::fill::{Rule, rule};
use adrecover_core::plan::Plan;
use adrecover_core::request::{RestoreRequest, SetRefusal};
use adrecover_core::rollback::{Around, Past};
use adrecover_core::{Dn, Entry, ObjectGuid, filter, planner};
use adrecover_engine::Journal;
use adrecover_ldap::Session;
use adrecover_ldap::deleted::{self, AttributeNames};
use adrecover_ldap::gather::{self, Gathered, Gatherer};

use crate::context::{Ctx, Pin};
use crate::elsewhere::Others;
use crate::error::{CliError, Kind};
use crate::folders;

/// How many objects one search of the global catalogue asks for.
const CHUNK: usize = 50;

/// A directory that was connected to, with everything that a plan needs to know of it.
pub(crate) struct Desk {
    /// The domain controller, pinned.
    pub(crate) session: Session,
    /// Judges deleted objects.
    pub(crate) judge: Judge,
    /// The domain.
    pub(crate) domain: DomainFacts,
    /// The operation journal.
    pub(crate) journal: Journal,
    /// Who has logged on.
    pub(crate) account: String,
    /// The other domains of the forest.
    pub(crate) others: Others,
    catalogue: Option<Session>,
    names: AttributeNames,
}

/// Opens the operation journal of this user.
pub(crate) fn open_journal() -> Result<Journal, CliError> {
    Ok(Journal::open(folders::state_folder()?.join("operations.db"))?)
}

impl Desk {
    /// Connects and asks what is true of the domain. The journal is opened first: what cannot be written down is not
    /// begun.
    pub(crate) async fn open(ctx: &Ctx) -> Result<Self, CliError> {
        let journal = open_journal()?;
        let begun = journal.unfinished(None, None)?.into_iter().next();
        Self::open_on(ctx, journal, &begun.map_or(Pin::Any, |operation| Pin::First(operation.server))).await
    }

    /// The same on the domain controller where something was begun.
    pub(crate) async fn open_at(ctx: &Ctx, server: &str) -> Result<Self, CliError> {
        Self::open_on(ctx, open_journal()?, &Pin::Only(server.to_owned())).await
    }

    async fn open_on(ctx: &Ctx, journal: Journal, pin: &Pin) -> Result<Self, CliError> {
        let (mut session, _) = ctx.connect_to(pin).await?;
        if session.root_dse().is_read_only() {
            let message = format!(
                "{} is a read-only domain controller: nothing can be changed there",
                session.server()
            );
            return Err(CliError::new(Kind::Unreachable, message)
                .hint("name a writable one with --server, or leave --server out and name the --domain"));
        }
        let judge = deleted::judge(&session, ctx.now).await?;
        let catalogue = session.global_catalog().await.map_err(|e| e.to_string());
        let domain = gather::domain_facts(&mut session, &judge, &catalogue).await?;
        if let ForestCheck::Unavailable(reason) = &domain.forest {
            ctx.printer.detail(1, format!("the global catalogue cannot be asked: {reason}"));
        }
        let account = session.account().to_owned();
        let others = Others::new(ctx, &session, &domain.domains);
        Ok(Self {
            account,
            others,
            session,
            judge,
            domain,
            journal,
            catalogue: catalogue.ok(),
            names: AttributeNames::default(),
        })
    }

    /// The facts about objects, and the GUIDs that the directory does not know or does not show.
    pub(crate) async fn facts(
        &mut self,
        guids: &[ObjectGuid],
        request: &RestoreRequest,
    ) -> Result<Gathered, CliError> {
        self.check_set(request).await?;
        self.look_up_fills(request).await?;
        self.domain.ends = gather::ends::ends(&self.session, &self.domain.domain, &request.links).await?;
        let catalogue = self.take_catalogue();
        let mut gatherer = Gatherer::new(
            &mut self.session,
            catalogue,
            &self.domain,
            &self.judge,
            request,
            &mut self.names,
            &mut self.others,
        );
        let gathered = gatherer.gather(guids).await;
        self.catalogue = gatherer.into_catalogue();
        let mut gathered = gathered?;
        if gathered.objects.is_empty()
            && let Some(guid) = gathered.missing.first()
        {
            return Err(self.not_found(*guid).await?);
        }
        let live: HashSet<ObjectGuid> =
            gathered.objects.iter().filter(|o| o.presence == Presence::Live).map(|o| o.guid).collect();
        if !live.is_empty() {
            let known = self.journal.passwords_set(&live)?;
            // The old one, with which the Recycle Bin gave it back, is not the one that was asked for then.
            let owed = self.journal.passwords_owed(&live)?;
            for object in &mut gathered.objects {
                object.has_password &= !(object.keeps_old_password && owed.contains(&object.guid));
                object.has_password |= known.contains(&object.guid);
            }
        }
        Ok(gathered)
    }

    /// The global catalogue, or why it could not be asked.
    fn take_catalogue(&mut self) -> Result<Session, String> {
        self.catalogue.take().ok_or_else(|| match &self.domain.forest {
            ForestCheck::Unavailable(reason) => reason.clone(),
            ForestCheck::Asked => "it was not asked".to_owned(),
        })
    }

    /// The facts about objects that are to be created anew, as a source has them.
    pub(crate) async fn absent(
        &mut self,
        entries: &[Entry],
        request: &RestoreRequest,
    ) -> Result<Vec<ObjectFacts>, CliError> {
        self.check_set(request).await?;
        self.look_up_fills(request).await?;
        self.domain.ends = gather::ends::ends(&self.session, &self.domain.domain, &request.links).await?;
        let catalogue = self.take_catalogue();
        let mut gatherer = Gatherer::new(
            &mut self.session,
            catalogue,
            &self.domain,
            &self.judge,
            request,
            &mut self.names,
            &mut self.others,
        );
        let gathered = gatherer.gather_absent(entries).await;
        self.catalogue = gatherer.into_catalogue();
        Ok(gathered?)
    }

    /// The error for an object that is not there, or that this account may not see.
    pub(crate) async fn not_found(&mut self, guid: ObjectGuid) -> Result<CliError, CliError> {
        let container = deleted::container(&self.session, &self.domain.domain).await?;
        if container == deleted::Container::Denied {
            return Ok(self.access_denied());
        }
        Ok(CliError::new(
            Kind::NotFound,
            format!("there is no object {guid}, or this account may not see it"),
        )
        .hint(
            "`adrecover list` shows what can be restored; `adrecover doctor` shows what this account may see",
        ))
    }

    /// The error for an account that may not look into Deleted Objects.
    pub(crate) fn access_denied(&self) -> CliError {
        CliError::new(Kind::AccessDenied, "this account may not see the deleted objects")
            .hint(deleted::access_hint(self.session.root_dse(), &self.account))
    }

    /// What the schema does not let anybody set is wrong usage, found before anything is written. Values that it calls
    /// confidential do not belong in arguments, plans and journals.
    async fn check_set(&mut self, request: &RestoreRequest) -> Result<(), CliError> {
        let names: Vec<&str> = request.set.iter().map(|wish| wish.attribute.as_str()).collect();
        let found = self.names.look_up(&self.session, &names).await?;
        for (name, attribute) in names.iter().zip(found) {
            let problem = match attribute {
                None => "the schema has no attribute of that name",
                Some(a) if a.is_confidential => {
                    "the schema marks it as confidential; its values do not belong in arguments and plans"
                }
                Some(a) if a.is_system => "the directory owns it",
                Some(_) => continue,
            };
            return Err(CliError::usage(format!("--set {name}: {problem}")));
        }
        Ok(())
    }

    /// Of the attributes that sources would fill, those whose values must not stand in plans and journals by the schema.
    pub(crate) async fn confidential_fills(
        &mut self,
        request: &RestoreRequest,
    ) -> Result<Vec<String>, CliError> {
        self.look_up_fills(request).await?;
        let known = self.domain.attributes.iter();
        let is_confidential =
            |facts: &Option<AttributeFacts>| facts.as_ref().is_some_and(|a| a.is_confidential);
        Ok(known.filter(|(_, facts)| is_confidential(facts)).map(|(name, _)| name.clone()).collect())
    }

    /// What the schema says of the attributes that sources would fill. Names that are none are not asked for.
    async fn look_up_fills(&mut self, request: &RestoreRequest) -> Result<(), CliError> {
        let offered = request.fills.values().flatten().map(|fill| fill.attribute.as_str());
        let mut names: BTreeSet<&str> =
            offered.filter(|name| !matches!(rule(name), Rule::Never(_))).collect();
        names.extend(request.links.iter().map(|link| link.attribute.as_str()));
        let names: Vec<&str> = names.into_iter().collect();
        let found = self.names.look_up(&self.session, &names).await?;
        let facts =
            names.iter().zip(found).map(|(name, found)| (name.to_lowercase(), found.map(|a| a.facts())));
        self.domain.attributes = facts.collect();
        Ok(())
    }

    /// Adds what the schema says of further attributes. Names that are none are not asked for.
    pub(crate) async fn know_attributes(&mut self, names: &BTreeSet<String>) -> Result<(), CliError> {
        let is_name = |name: &&String| adrecover_core::request::may_set(name) != Err(SetRefusal::NotAName);
        let names: Vec<&str> = names.iter().filter(is_name).map(String::as_str).collect();
        let found = self.names.look_up(&self.session, &names).await?;
        let facts =
            names.iter().zip(found).map(|(name, found)| (name.to_lowercase(), found.map(|a| a.facts())));
        self.domain.attributes.extend(facts);
        Ok(())
    }

    /// Who has the names that objects had, put into what is known around them.
    pub(crate) async fn names_held(&mut self, objects: &[Past], around: &mut Around) -> Result<(), CliError> {
        let catalogue = self.catalogue.take().ok_or_else(|| "it was not asked".to_owned());
        let request = RestoreRequest::default();
        let mut gatherer = Gatherer::new(
            &mut self.session,
            catalogue,
            &self.domain,
            &self.judge,
            &request,
            &mut self.names,
            &mut self.others,
        );
        let asked = gatherer.names_held(objects, around).await;
        self.catalogue = gatherer.into_catalogue();
        Ok(asked?)
    }

    /// What objects of any domain of the forest are called now, as the global catalogue has them: deleted ones are not in it, nor
    /// is anything where it cannot be asked.
    pub(crate) async fn names_in_forest(&self, guids: &[ObjectGuid]) -> HashMap<ObjectGuid, Dn> {
        let mut out = HashMap::new();
        let Some(catalogue) = &self.catalogue else { return out };
        for some in guids.chunks(CHUNK) {
            let parts = some.iter().map(|guid| format!("(objectGUID={})", guid.filter_value()));
            let query = Query::below("", Scope::Subtree, filter::any_of(parts)).attributes(["objectGUID"]);
            let Ok(found) = catalogue.ask(&query).await else { return out };
            out.extend(found.iter().filter_map(|entry| Some((entry.guid()?, entry.dn.parse().ok()?))));
        }
        out
    }

    /// The name of a domain controller by its invocation id, else that id.
    pub(crate) fn controller(&self, invocation: ObjectGuid) -> String {
        let known = self.judge.dc_names.iter().find(|(guid, _)| *guid == invocation);
        known.map_or_else(|| invocation.to_string(), |(_, name)| name.clone())
    }

    /// Makes the plan.
    pub(crate) fn plan(&self, objects: &[ObjectFacts], request: &RestoreRequest) -> Plan {
        planner::plan(&self.domain, objects, request, env!("CARGO_PKG_VERSION"))
    }
}
