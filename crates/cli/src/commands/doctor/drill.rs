//! `adrecover doctor --drill`: what would come back if an object were deleted now.

use std::collections::BTreeSet;

use adrecover_core::drill::{
    AttributeFacts, Drill, DrillFacts, Fate, Holding, LinkFacts, SourceFacts, SourceState, comes_by_itself,
    judge, survives,
};
use adrecover_core::text::printable;
use adrecover_core::{Dn, Entry, ObjectGuid};
use adrecover_hybrid::checks::{Case, Forest};
use adrecover_hybrid::fill::offer;
use adrecover_journal::{Journal, ObjectState};
use adrecover_ldap::deleted::{self, AttributeNames, Key};
use adrecover_ldap::{Protected, Session, doctor, users};
use chrono::TimeDelta;

use super::{Args, drill_page};
use crate::args::Format;
use crate::commands::show;
use crate::context::Ctx;
use crate::error::CliError;
use crate::files;
use crate::journal::forest_of;
use crate::preflight::gather::{self, Around};
use crate::preflight::inputs::Inputs;
use crate::printer::Printer;
use crate::printer::table::{Column, Table};

/// A journal that was not kept up for so long does not hold what is now.
const STALE_AFTER: TimeDelta = TimeDelta::hours(1);
/// The attributes by which a live object shows what points to it, and the attribute at the other end.
const BACK: [(&str, &str); 3] =
    [("memberOf", "member"), ("directReports", "manager"), ("managedObjects", "managedBy")];

/// Runs it; the result is the exit code.
pub(super) async fn run(ctx: &Ctx, args: &Args, called: &str) -> Result<u8, CliError> {
    if called.trim().is_empty() {
        return Err(CliError::usage("--drill names no object"));
    }
    args.html.iter().try_for_each(|path| files::is_free(path))?;
    let keeping = args.journal.resolve(&ctx.settings, &ctx.printer)?;
    let mut inputs = Inputs::read(ctx, &args.evidence, false).await?;
    let session = ctx.connect().await?;
    let facts = ctx
        .stop
        .unless_asked(async {
            let forest = forest_of(session.root_dse());
            let journal = keeping.find(Some(&forest));
            let mut drill = Gathering::begin(ctx, &session, called).await?;
            drill.journal(journal)?;
            if args.evidence.any() {
                drill.cloud(&session, &mut inputs).await?;
            }
            drill.facts(&session).await
        })
        .await?;
    session.close().await;
    let drill = judge(&facts, ctx.now);
    if let Some(path) = &args.html {
        files::write_new(path, &drill_page::page(&drill))?;
        ctx.printer.note(format!("the page is in {}", path.display()));
    }
    print(ctx, &drill)?;
    Ok(drill.exit_code())
}

/// What was found out so far.
struct Gathering<'c> {
    ctx: &'c Ctx,
    guid: ObjectGuid,
    name: String,
    entry: Entry,
    /// The attributes at stake, by name.
    attributes: Vec<String>,
    links: Vec<LinkFacts>,
    sources: Vec<SourceFacts>,
    /// What each source has of each attribute.
    held: Vec<Vec<Holding>>,
    licences: Option<Vec<String>>,
}

impl<'c> Gathering<'c> {
    async fn begin(ctx: &'c Ctx, session: &Session, called: &str) -> Result<Self, CliError> {
        let judge = deleted::judge(session, ctx.now).await?;
        let attributes = ["*", "memberOf", "directReports", "managedObjects"];
        let found = deleted::find(session, &Key::guess(called), &attributes).await?;
        let found = show::only(session, &judge, found, called).await?;
        if found.is_deleted {
            return Err(CliError::usage(format!("`{called}` is deleted already"))
                .hint("`adrecover show` says what is left of it, and how it is restored"));
        }
        let mut entry = found.entry;
        let mut names = AttributeNames::default();
        deleted::conceal(session, &mut names, &mut entry).await?;
        let guid = entry.guid().ok_or_else(|| CliError::unexpected(format!("{} has no GUID", entry.dn)))?;
        let dn: Dn = entry.dn.parse()?;
        let called = entry.text("sAMAccountName").or_else(|| dn.rdn().map(|rdn| rdn.value().to_owned()));
        let all: Vec<String> = entry.attributes.iter().map(|a| a.name.to_string()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let schema = names.look_up(session, &all).await?;
        let at_stake = all.iter().zip(schema).filter(|(name, schema)| {
            !comes_by_itself(name) && schema.as_ref().is_some_and(|schema| !schema.is_system)
        });
        let mut attributes: Vec<String> = at_stake.map(|(name, _)| (*name).to_owned()).collect();
        attributes.sort_by_key(|name| name.to_lowercase());
        let sid = users::domain_sid(session).await?;
        let domain = session.root_dse().default_naming_context.clone();
        let protected = Protected::find(session, &domain, sid.as_ref()).await?;
        let mut links = vec![];
        for (back, attribute) in BACK {
            for dn in entry.texts(back) {
                let is_protected =
                    attribute == "member" && dn.parse::<Dn>().is_ok_and(|dn| protected.has(&dn));
                links.push(LinkFacts {
                    attribute: attribute.to_owned(),
                    dn,
                    is_protected,
                    licences: vec![],
                    held: vec![],
                });
            }
        }
        Ok(Self {
            ctx,
            guid,
            name: called.unwrap_or_else(|| entry.dn.clone()),
            entry,
            attributes,
            links,
            sources: vec![],
            held: vec![],
            licences: None,
        })
    }

    /// What the change journal has.
    fn journal(&mut self, journal: Result<Option<Journal>, CliError>) -> Result<(), CliError> {
        let mut source = SourceFacts {
            name: "journal".to_owned(),
            is_journal: true,
            at: None,
            state: SourceState::Ok,
            note: None,
        };
        let known = match journal {
            Ok(None) => return Ok(()),
            Ok(Some(journal)) => self.known(&journal, &mut source),
            Err(error) => Err(error),
        };
        let state = match known {
            Ok(state) => state,
            Err(error) => {
                source.state = SourceState::Unreadable;
                source.note = Some(error.to_string());
                None
            }
        };
        let held = self.attributes.iter().map(|name| match &state {
            Some(state) => self.holding(name, &values_of(state, name)),
            None => Holding::Nothing,
        });
        let held: Vec<Holding> = held.collect();
        self.add(source, held);
        let Some(state) = state else {
            self.links.iter_mut().for_each(|link| link.held.push(Holding::Nothing));
            return Ok(());
        };
        let kept: BTreeSet<(String, String)> =
            state.referrers.iter().map(|link| (link.attribute.to_lowercase(), key(&link.dn))).collect();
        for link in &mut self.links {
            let is_kept = kept.contains(&(link.attribute.to_lowercase(), key(&link.dn)));
            link.held.push(if is_kept { Holding::Same } else { Holding::Nothing });
        }
        // What no attribute of the object itself shows.
        let shown: Vec<&str> = BACK.iter().map(|(_, attribute)| *attribute).collect();
        for link in state.referrers {
            if !shown.iter().any(|name| name.eq_ignore_ascii_case(&link.attribute)) {
                self.links.push(LinkFacts {
                    attribute: link.attribute,
                    dn: link.dn,
                    is_protected: false,
                    licences: vec![],
                    held: vec![Holding::Same],
                });
            }
        }
        Ok(())
    }

    fn known(&self, journal: &Journal, source: &mut SourceFacts) -> Result<Option<ObjectState>, CliError> {
        let own = key(&self.entry.dn);
        let contexts = journal.contexts()?;
        // The naming context that it lies in is the longest that its DN ends with.
        let context = contexts.iter().filter(|c| own.ends_with(&key(&c.dn))).max_by_key(|c| c.dn.len());
        source.at = context.and_then(|context| context.succeeded);
        let is_complete = context.is_some_and(|context| context.completed.is_some());
        let state = journal.now(self.guid)?;
        source.state = match (source.at, &state) {
            (Some(at), Some(_)) if is_complete && self.ctx.now - at <= STALE_AFTER => SourceState::Ok,
            (_, None) => SourceState::Missing,
            _ => SourceState::Stale,
        };
        Ok(state)
    }

    /// What the cloud has.
    async fn cloud(&mut self, session: &Session, inputs: &mut Inputs) -> Result<(), CliError> {
        let keys = gather::keys_of(session, self.ctx.now, inputs, [self.entry.clone()])?;
        inputs.ask(self.ctx, keys).await?;
        let sync = gather::sync(session, inputs).await?;
        let around = Around::ask(self.ctx, session, inputs, sync.as_ref()).await?;
        let forest = Forest::of(&around.server);
        let setting = around.setting(&forest, sync.as_ref(), inputs, false);
        let subject = around.subject(self.entry.clone())?;
        let case = Case::new(&subject, &setting);
        let offer = offer(&case);
        let user = case.cloud_user();
        let file = user.and_then(|user| user.sources().next());
        let source = SourceFacts {
            name: "cloud".to_owned(),
            is_journal: false,
            at: file.map(|file| file.at).or_else(|| offer.fills.first().and_then(|fill| fill.at)),
            state: if offer.cloud_id.is_some() { SourceState::Ok } else { SourceState::Missing },
            note: offer.notes.first().cloned(),
        };
        let held = self.attributes.iter().map(|name| {
            let fill =
                offer.fills.iter().find(|f| f.unsure.is_none() && f.attribute.eq_ignore_ascii_case(name));
            let values: Option<Vec<Vec<u8>>> =
                fill.map(|fill| fill.values.iter().filter_map(|value| value.to_bytes()).collect());
            self.holding(name, &values.unwrap_or_default())
        });
        let held: Vec<Holding> = held.collect();
        self.add(source, held);
        self.links.iter_mut().for_each(|link| link.held.push(Holding::Nothing));
        if let (Some(evidence), Some(user)) = (&inputs.evidence, user) {
            let name = |sku: &str| {
                evidence.sku(sku).and_then(|sku| sku.part_number().value()).unwrap_or(sku).to_owned()
            };
            self.licences =
                user.licences().value().map(|all| all.iter().map(|licence| name(licence.sku_id)).collect());
            for group in evidence.licensed_groups() {
                let sid = group.on_premises_sid().value();
                let dns = around.licensed_groups.clone().value();
                let dn = sid.and_then(|sid| dns.as_ref()?.get(sid).cloned());
                let Some(dn) = dn else { continue };
                let is_it = |link: &&mut LinkFacts| link.dn.parse::<Dn>().is_ok_and(|own| own == dn);
                if let Some(link) = self.links.iter_mut().find(is_it) {
                    let given = group.licences().value().unwrap_or_default();
                    link.licences = given.iter().map(|licence| name(licence.sku_id)).collect();
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, source: SourceFacts, held: Vec<Holding>) {
        self.sources.push(source);
        self.held.push(held);
    }

    /// What a source with these values has of an attribute.
    fn holding(&self, name: &str, values: &[Vec<u8>]) -> Holding {
        if values.is_empty() {
            return Holding::Nothing;
        }
        let own: BTreeSet<&[u8]> = self.entry.values(name).iter().map(Vec::as_slice).collect();
        let kept: BTreeSet<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let names = |all: &BTreeSet<&[u8]>| -> BTreeSet<String> {
            all.iter().map(|value| key(&String::from_utf8_lossy(value))).collect()
        };
        if own == kept || names(&own) == names(&kept) { Holding::Same } else { Holding::Other }
    }

    async fn facts(self, session: &Session) -> Result<DrillFacts, CliError> {
        let policy = deleted::policy(session).await?;
        let undeletes = deleted::judge(session, self.ctx.now).await?.undeletes_from_bin;
        let preserved = doctor::preserved(session).await?.unwrap_or_default();
        let attributes = self.attributes.iter().enumerate().map(|(at, name)| AttributeFacts {
            name: name.clone(),
            values: self.entry.values(name).len(),
            survives: survives(name, &preserved),
            held: self.held.iter().map(|held| held.get(at).copied().unwrap_or(Holding::Nothing)).collect(),
        });
        Ok(DrillFacts {
            guid: self.guid,
            name: self.name,
            dn: self.entry.dn.clone(),
            bin_brings_back: policy.recycle_bin && undeletes,
            policy,
            attributes: attributes.collect(),
            links: self.links,
            licences: self.licences,
            sources: self.sources,
        })
    }
}

/// The values of an attribute in the journal; of a link the names.
fn values_of(state: &ObjectState, name: &str) -> Vec<Vec<u8>> {
    match state.attribute(name) {
        Some(attribute) => attribute.values.clone(),
        None => {
            let links = state.links.iter().filter(|link| link.attribute.eq_ignore_ascii_case(name));
            links.map(|link| link.dn.clone().into_bytes()).collect()
        }
    }
}

/// A name for comparing: that of an object in one form, any other text as it is.
fn key(text: &str) -> String {
    text.parse::<Dn>().map_or_else(|_| text.to_owned(), |dn| dn.to_string().to_lowercase())
}

fn print(ctx: &Ctx, drill: &Drill) -> Result<(), CliError> {
    let printer = &ctx.printer;
    match printer.format {
        Format::Json => printer.json(drill)?,
        Format::Jsonl => printer.json_line(drill)?,
        Format::Csv => {
            printer.csv_row(["what", "name", "fate", "source", "note"])?;
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            for item in &drill.attributes {
                let (source, note) = (text(&item.source), text(&item.note));
                printer.csv_row(["attribute", &item.name, item.fate.words(), &source, &note])?;
            }
            for link in drill.groups.iter().chain(&drill.links) {
                let note = link.licences.join(" ");
                printer.csv_row([
                    &link.attribute,
                    &link.dn,
                    link.fate.words(),
                    &text(&link.source),
                    &note,
                ])?;
            }
        }
        Format::Table if ctx.settings.verbosity < 0 => printer.line(&printable(&drill.line))?,
        Format::Table => table(printer, drill)?,
    }
    printer.flush()
}

fn table(printer: &Printer, drill: &Drill) -> Result<(), CliError> {
    printer.line(&printer.fitted(&printer.bold(&printable(&drill.line))))?;
    printer.line(&printable(&drill.dn))?;
    let days = drill.days_to_restore;
    printer.line(&format!("a deleted object can be restored for {days} days"))?;
    printer.line("")?;
    let mut rows = Table::new(["WHAT", "WOULD COME BACK", "FROM"].map(|title| Column {
        title,
        may_shrink: title == "WHAT",
        right: false,
    }));
    for item in &drill.attributes {
        let note = item.source.as_deref().or(item.note.as_deref()).unwrap_or_default();
        rows.row([&item.name, item.fate.words(), note]);
    }
    for link in drill.groups.iter().chain(&drill.links) {
        let what = match link.attribute.as_str() {
            "member" => format!("member of {}", link.dn),
            other => format!("{other} of {}", link.dn),
        };
        let mut from = link.source.clone().unwrap_or_default();
        if !link.licences.is_empty() {
            from = format!("{from} (gives {})", link.licences.join(", ")).trim().to_owned();
        }
        rows.row([&what, link.fate.words(), &from]);
    }
    let password = if drill.password == Fate::Bin { "Recycle Bin" } else { "LOST" };
    rows.row(["password", password, if drill.password == Fate::Bin { "" } else { "a new one is set" }]);
    printer.table(&rows)?;
    printer.line("")?;
    for source in &drill.sources {
        let age = source.age.as_deref().map(|age| format!(", {age}")).unwrap_or_default();
        let note = source.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        let line = format!("source {}: {}{age}{note}", source.name, source.state);
        printer.line(&printer.fitted(&printable(&line)))?;
    }
    if let Some(licences) = &drill.licences {
        let listed = if licences.is_empty() { "none".to_owned() } else { licences.join(", ") };
        printer.line(&printer.fitted(&printable(&format!("licences in the cloud: {listed}"))))?;
    }
    for advice in &drill.advice {
        printer.line(&printer.fitted(&format!("- {}", printable(advice))))?;
    }
    Ok(())
}
