//! What a change journal could give back of deleted objects, said beside what a directory tells of them.
//!
//! It is a help and no condition: where there is none, or it cannot be read, everything else is as it would be.

use adrecover_core::ObjectGuid;
use adrecover_core::deleted::DeletedObject;
use adrecover_core::lifetime::State;
use adrecover_core::losses::is_missed;
use adrecover_core::time::{Timestamp, age, rfc3339};
use adrecover_journal::{Journal, JournalError, Lost, Status};
use adrecover_ldap::RootDse;
use serde::Serialize;

use super::controllers::as_of;
use super::options::JournalArgs;
use super::place::{Keeping, forest_of};
use crate::error::{CliError, Kind};
use crate::printer::Printer;
use crate::settings::Settings;

/// What it is called among the sources.
pub(crate) const SOURCE: &str = "journal";
/// The options of a restore that take from it.
pub(crate) const FILL: &str = " --fill-from journal --groups-from journal";

/// The journal of the forest that a list or an object is of, if there is one.
pub(crate) struct Backing<'a> {
    printer: &'a Printer,
    journal: Option<Journal>,
    as_of: Option<Timestamp>,
    /// The options that name it.
    options: String,
}

/// What a journal has that an object lost.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Holding {
    pub(crate) forest: String,
    /// Up to when the directory was read.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(crate) as_of: Option<Timestamp>,
    /// The deletion before which it was so.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(crate) deleted_at: Option<Timestamp>,
    /// The attributes that it has and the object has not, or with other values, as far as somebody will miss them.
    pub(crate) attributes: Vec<String>,
    /// Groups that it was a member of.
    pub(crate) groups: usize,
    /// Members that it had.
    pub(crate) members: usize,
    /// Its other links, such as `manager`.
    pub(crate) links: usize,
    /// Links of other objects to it, such as `managedBy`.
    pub(crate) referrers: usize,
    /// The options of a restore that take from it.
    #[serde(skip)]
    pub(crate) options: String,
}

impl<'a> Backing<'a> {
    /// Opens the journal of the forest that a server belongs to. What is in the way of that is said, and no more.
    pub(crate) fn open(
        args: &JournalArgs,
        settings: &Settings,
        root_dse: &RootDse,
        printer: &'a Printer,
    ) -> Self {
        let mut backing = Self { printer, journal: None, as_of: None, options: args.words() };
        let (is_named, found) = match args.resolve(settings, printer) {
            Ok(keeping) => (keeping.is_named(), found(&keeping, root_dse)),
            Err(error) => (true, Err(error)),
        };
        match found {
            Ok(None) => {}
            Ok(Some((journal, as_of))) => (backing.journal, backing.as_of) = (Some(journal), as_of),
            // Whoever does not keep it and did not name it need not be able to read it.
            Err(error) if !is_named && error.kind != Kind::BadInput => printer.detail(1, not_asked(&error)),
            Err(error) => printer.warn(not_asked(&error)),
        }
        backing
    }

    /// The journal itself, if there is one.
    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// Says of a deleted object whether the journal can fill it.
    pub(crate) fn note(&mut self, object: &mut DeletedObject) {
        if needs_filling(object)
            && self.ask(|journal| journal.knows_before_deletion(object.guid)) == Some(true)
        {
            object.can_fill_from.push(SOURCE.to_owned());
        }
    }

    /// What it has of a deleted object; `None` where it has nothing, or nothing was taken.
    pub(crate) fn of_deleted(&mut self, object: &DeletedObject) -> Option<Holding> {
        if needs_filling(object) { self.of(object.guid, |lost| lost.status != Status::Live) } else { None }
    }

    /// What it has that an object which came back still lacks.
    pub(crate) fn of_live(&mut self, guid: ObjectGuid) -> Option<Holding> {
        self.of(guid, |lost| lost.status == Status::Live)
    }

    fn of(&mut self, guid: ObjectGuid, is_meant: impl Fn(&Lost) -> bool) -> Option<Holding> {
        let lost = self.ask(|journal| journal.lost(guid))??;
        let forest = self.journal.as_ref().map(|journal| journal.forest().to_owned())?;
        if !is_meant(&lost) {
            return None;
        }
        let is_member =
            |link: &&adrecover_journal::LostLink| link.link.attribute.eq_ignore_ascii_case("member");
        let (groups, members) =
            (lost.referrers.iter().filter(is_member).count(), lost.links.iter().filter(is_member).count());
        let missed = lost.attributes.iter().map(|a| &a.name).filter(|name| is_missed(name));
        let mut attributes: Vec<String> = missed.cloned().collect();
        attributes.sort_unstable_by_key(|name| name.to_lowercase());
        let holding = Holding {
            forest,
            as_of: self.as_of,
            deleted_at: Some(lost.deleted_at),
            attributes,
            groups,
            members,
            links: lost.links.len() - members,
            referrers: lost.referrers.len() - groups,
            options: format!("{FILL}{}", self.options),
        };
        let is_some = !holding.attributes.is_empty() || lost.links.len() + lost.referrers.len() > 0;
        is_some.then_some(holding)
    }

    /// What is said below a list.
    pub(crate) fn summary(&self, objects: &[DeletedObject], now: Timestamp) -> Option<String> {
        let journal = self.journal.as_ref()?;
        let wanting = objects.iter().filter(|object| needs_filling(object)).count();
        if wanting == 0 {
            return None;
        }
        let can = objects.iter().filter(|o| o.can_fill_from.iter().any(|source| source == SOURCE)).count();
        let age = self.as_of.map_or_else(|| "empty".to_owned(), |at| age(at, now));
        let forest = journal.forest();
        if can == 0 {
            return Some(format!(
                "the change journal of {forest} ({age}) does not know what any of them was before its deletion"
            ));
        }
        Some(format!(
            "{can} of {} can be filled from the change journal of {forest} ({age}):\n  adrecover restore --guid GUID{FILL}{}",
            objects.len(),
            self.options
        ))
    }

    /// Asks it. One that turns out to be damaged is not asked any more.
    fn ask<T>(&mut self, question: impl FnOnce(&Journal) -> Result<T, JournalError>) -> Option<T> {
        match question(self.journal.as_ref()?) {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.printer.warn(not_asked(&CliError::from(error)));
                self.journal = None;
                None
            }
        }
    }
}

impl Holding {
    /// Whose journal it is and how old, for people.
    pub(crate) fn words(&self, now: Timestamp) -> String {
        let of = self.as_of.map(|at| format!(", as of {} ({})", rfc3339(at), age(at, now)));
        format!("change journal of {}{}", self.forest, of.unwrap_or_default())
    }

    /// The links, for people.
    pub(crate) fn links(&self) -> Vec<String> {
        let all = [
            (self.groups, "group that it was a member of", "groups that it was a member of"),
            (self.members, "member", "members"),
            (self.links, "other link of its own", "other links of its own"),
            (self.referrers, "link of others to it", "links of others to it"),
        ];
        let some = all.iter().filter(|(number, ..)| *number > 0);
        some.map(|(number, one, many)| format!("{number} {}", if *number == 1 { one } else { many }))
            .collect()
    }
}

/// Of what is in the Recycle Bin nothing was taken.
fn needs_filling(object: &DeletedObject) -> bool {
    object.state != State::Deleted
}

fn found(keeping: &Keeping, root_dse: &RootDse) -> Result<Option<(Journal, Option<Timestamp>)>, CliError> {
    let forest = forest_of(root_dse);
    let Some(journal) = keeping.find(Some(&forest))? else { return Ok(None) };
    if !journal.forest().eq_ignore_ascii_case(&forest) {
        let place = journal.place();
        return Err(CliError::usage(format!(
            "{place} is of the forest {}, not of {forest}",
            journal.forest()
        )));
    }
    let as_of = as_of(&journal.contexts()?);
    Ok(Some((journal, as_of)))
}

fn not_asked(error: &CliError) -> String {
    let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("the change journal is left out: {error}{hint}")
}
