//! Which objects are rolled back, and to what, as options.

use std::collections::HashSet;

use adrecover_core::time::{Timestamp, rfc3339, when};
use adrecover_core::{Dn, ObjectGuid};
use adrecover_journal::Journal;
use chrono::SubsecRound;
use clap::Args;

use super::history::Which;
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::journal::ObjectArgs;
use crate::restore::desk::Desk;

const WHAT: &str = "What is rolled back";

/// Which objects, and to what.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ChoiceArgs {
    #[command(flatten)]
    object: ObjectArgs,
    /// A container with everything that lay in it then or lies in it now, by its DN, the present one or a former one
    #[arg(long, value_name = "DN", conflicts_with_all = ["object", "guid", "dn"], help_heading = WHAT)]
    under: Option<String>,
    /// The state of this time: a date, a time, or an age such as 2h
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["changed_since", "changed_until"], help_heading = WHAT)]
    to: Option<String>,
    /// Only what was changed from this time on; without an object, of all objects
    #[arg(long, value_name = "WHEN", help_heading = WHAT)]
    changed_since: Option<String>,
    /// Only what was changed until this time
    #[arg(long, value_name = "WHEN", requires = "changed_since", help_heading = WHAT)]
    changed_until: Option<String>,
    /// Only what was changed on this domain controller: its name, or its invocation id
    #[arg(long, value_name = "DC", requires = "changed_since", help_heading = WHAT)]
    changed_on: Option<String>,
    /// Only this attribute; may repeat. What decides about rights is rolled back only so. memberOf: the groups that it is in; name: its
    /// name and place
    #[arg(long, value_name = "ATTR", help_heading = WHAT)]
    attribute: Vec<String>,
    /// Roll back also what was changed again after that time
    #[arg(long, requires = "changed_since", help_heading = WHAT)]
    pub(crate) overwrite_later: bool,
}

/// The times, read before anything is asked of a server.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    /// The time whose state is wanted; of a window its beginning.
    pub(crate) to: Timestamp,
    /// The end of the window, where there is one.
    pub(crate) until: Option<Timestamp>,
}

/// The objects that are meant.
pub(crate) struct Chosen {
    /// In the order in which they are handled.
    pub(crate) guids: Vec<ObjectGuid>,
    /// Whether one was named.
    pub(crate) single: bool,
    /// Whether all that was changed is meant, whatever it is.
    pub(crate) everything: bool,
    /// Which changes.
    pub(crate) which: Which,
    /// The domain controller, as it is called.
    pub(crate) on: Option<String>,
}

impl ChoiceArgs {
    /// The attributes that are named.
    pub(crate) fn attributes(&self) -> Result<Vec<String>, CliError> {
        let mut out: Vec<String> = vec![];
        for name in self.attribute.iter().map(|name| name.trim()) {
            adrecover_core::rollback::may_name(name)
                .map_err(|why| CliError::usage(format!("--attribute {name}: {why}")))?;
            if !out.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                out.push(name.to_owned());
            }
        }
        Ok(out)
    }

    /// The times.
    pub(crate) fn times(&self, now: Timestamp) -> Result<Times, CliError> {
        let read = |option: &str, text: &Option<String>| -> Result<Option<Timestamp>, CliError> {
            let Some(text) = text else { return Ok(None) };
            let time = when(text, now)?.trunc_subsecs(0);
            if time > now {
                return Err(CliError::usage(format!("{option} {} is in the future", rfc3339(time))));
            }
            Ok(Some(time))
        };
        let to = read("--to", &self.to)?;
        let (since, until) =
            (read("--changed-since", &self.changed_since)?, read("--changed-until", &self.changed_until)?);
        let times = match (to, since) {
            (Some(to), _) => Times { to, until: None },
            (None, Some(since)) => Times { to: since, until: Some(until.unwrap_or(now)) },
            (None, None) => {
                return Err(CliError::usage("it is not said to what time").hint(
                    "--to WHEN rolls back to a time; --changed-since WHEN --changed-until WHEN what was changed between",
                ));
            }
        };
        if times.until.is_some_and(|until| until < times.to) {
            return Err(CliError::usage(
                "--changed-since is later than --changed-until: nothing can lie between",
            ));
        }
        if !self.object.any() && self.under.is_none() && times.until.is_none() {
            return Err(CliError::usage("it is not said what to roll back")
                .hint("name an object, or a container with --under DN"));
        }
        Ok(times)
    }

    /// Finds the objects in the journal.
    pub(crate) fn find(
        &self,
        ctx: &Ctx,
        desk: &Desk,
        journal: &Journal,
        times: &Times,
    ) -> Result<Chosen, CliError> {
        let controller = self.changed_on.as_deref().map(|name| controller(desk, name)).transpose()?;
        let on = controller.map(|guid| desk.controller(guid));
        let mut touched: Vec<ObjectGuid> = vec![];
        let which = match times.until {
            None => Which::After(times.to),
            Some(until) => {
                let mut changes = journal.touched(times.to, until, None)?;
                if let Some(controller) = controller {
                    let unknown = changes.iter().filter(|change| change.controller.is_none()).count();
                    if unknown > 0 {
                        ctx.printer.warn(format!(
                            "of {unknown} change(s) in that time, links for the most part, it is not known on which domain controller they were made: they stay; without --changed-on they are rolled back"
                        ));
                    }
                    changes.retain(|change| change.controller == Some(controller));
                }
                let mut seen = HashSet::new();
                touched.extend(changes.iter().map(|change| change.guid).filter(|guid| seen.insert(*guid)));
                Which::Of(changes.iter().map(|change| change.seq).collect())
            }
        };
        let chosen = |guids, single, everything| Chosen { guids, single, everything, which, on };
        if self.object.any() {
            return Ok(chosen(vec![self.object.find(journal)?.guid], true, false));
        }
        if let Some(under) = &self.under {
            let named = ObjectArgs { dn: Some(under.clone()), ..ObjectArgs::default() };
            let root = named.find(journal)?.guid;
            let mut guids = vec![root];
            let mut seen = HashSet::from([root]);
            // What lay there first, containers before what lay in them.
            for below in [journal.under(root, times.to)?, journal.under(root, ctx.now)?] {
                guids.extend(below.into_iter().filter(|guid| seen.insert(*guid)));
            }
            return Ok(chosen(guids, false, false));
        }
        let mut depths = vec![];
        for guid in touched {
            let dn = journal.now(guid)?.and_then(|state| state.dn.parse::<Dn>().ok());
            depths.push((dn.map_or(0, |dn| dn.depth()), guid));
        }
        depths.sort_by_key(|(depth, _)| *depth);
        Ok(chosen(depths.into_iter().map(|(_, guid)| guid).collect(), false, true))
    }
}

/// The invocation id of a domain controller.
fn controller(desk: &Desk, name: &str) -> Result<ObjectGuid, CliError> {
    if let Ok(guid) = name.trim().parse::<ObjectGuid>() {
        return Ok(guid);
    }
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
    let known = &desk.judge.dc_names;
    if let Some((guid, _)) = known.iter().find(|(_, known)| first(known) == first(name.trim())) {
        return Ok(*guid);
    }
    let names: Vec<&str> = known.iter().map(|(_, name)| name.as_str()).collect();
    Err(CliError::new(Kind::NotFound, format!("--changed-on {name}: there is no such domain controller"))
        .hint(format!("there are: {}; of one that is gone give the invocation id", names.join(", "))))
}
