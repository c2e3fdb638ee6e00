//! Looks at what was deleted, and raises alerts.
//!
//! It asks the journal for the deletions after the last change that it looked at, and that number is written down with the alerts:
//! after a kill none is missed, and none is told again.

use std::time::Duration;

use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::{Dn, ObjectGuid};
use adrecover_journal::{Deletion, Journal, JournalError};
use tokio::time::Instant;

use super::mass::{Most, Threshold, Window};
use super::watch::Watches;
use super::{Alert, AlertKind, AlertObject, AlertOptions, MOST_OBJECTS};
use crate::Event;
use crate::shared::Shared;

/// After an alert what follows is collected for so long, so that a great deletion is no storm of alerts.
const COLLECT: Duration = Duration::from_secs(60);
/// How many deletions are looked at together.
const TOGETHER: u32 = 500;
/// How often it is looked whether what is to be watched is there now.
const REFRESH: Duration = Duration::from_secs(60);

/// Looks at what was deleted.
#[derive(Debug)]
pub(crate) struct Guard {
    watches: Watches,
    mass: Option<Threshold>,
    asking: String,
    window: Window,
    /// The names of the domain controllers, by their invocation ids.
    controllers: Vec<(ObjectGuid, String)>,
    /// Whether there is something to look at.
    is_due: bool,
    /// Until when nothing more is told.
    quiet: Option<Instant>,
    refreshed: Option<Instant>,
    /// What is to be watched and is not known.
    unknown: Vec<String>,
    /// Whether that was said.
    is_told: bool,
}

/// What was found.
#[derive(Debug, Default)]
struct Hits {
    count: u64,
    objects: Vec<AlertObject>,
    times: Option<(Timestamp, Timestamp)>,
    controllers: Vec<String>,
    first_change: i64,
}

impl Guard {
    pub(crate) fn new(options: &AlertOptions) -> Self {
        Self {
            watches: Watches::new(options.watch.clone(), options.privileged),
            mass: options.mass,
            asking: options.asking.clone(),
            window: Window::default(),
            controllers: vec![],
            is_due: true,
            quiet: None,
            refreshed: None,
            unknown: vec![],
            is_told: false,
        }
    }

    /// Whether anything is looked for.
    pub(crate) fn is_needed(&self) -> bool {
        self.mass.is_some() || !self.watches.is_empty()
    }

    /// The names of the domain controllers.
    pub(crate) fn know(&mut self, controllers: Vec<(ObjectGuid, String)>) {
        if !controllers.is_empty() {
            self.controllers = controllers;
        }
    }

    /// Another journal is kept from here on: nothing that was known of the one before holds.
    pub(crate) fn begin(&mut self, journal: &Journal, shared: &Shared) -> Result<(), JournalError> {
        (self.is_due, self.quiet, self.refreshed) = (true, None, None);
        self.window = Window::default();
        // As it is before anything more is read. What is not there yet is said later.
        self.unknown = self.watches.refresh(journal)?;
        self.is_told = false;
        if !self.is_needed() {
            // Where something is looked for later, it is from then on.
            if shared.memory().kept.looked.is_some() {
                shared.remember(|memory| memory.kept.looked = None);
            }
            return Ok(());
        }
        let newest = journal.newest_change()?;
        // What was in the journal before anybody looked is nothing new.
        if shared.memory().kept.looked.is_none_or(|looked| looked > newest) {
            shared.remember(|memory| memory.kept.looked = Some(newest));
        }
        if let Some(mass) = self.mass {
            let since = shared.now() - chrono::Duration::seconds(mass.seconds.into());
            let looked = shared.memory().kept.looked.unwrap_or(newest);
            // Those that are looked at next are added then.
            let next: Vec<(i64, Deletion)> = journal.deleted_after(looked, u32::MAX)?;
            let mut next: Vec<Deletion> = next.into_iter().map(|(_, deletion)| deletion).collect();
            for deletion in journal.deleted_since(since)? {
                if let Some(at) = next.iter().position(|d| *d == deletion) {
                    next.swap_remove(at);
                } else if is_of_a_domain(&deletion.dn) {
                    self.window.add(deletion.happened.timestamp());
                }
            }
        }
        Ok(())
    }

    /// Something was deleted.
    pub(crate) fn is_needed_now(&mut self) {
        self.is_due = true;
    }

    /// Looks at what was deleted, where something was. `at_last` is when nobody looks later.
    pub(crate) fn look(
        &mut self,
        journal: &Journal,
        shared: &Shared,
        at_last: bool,
    ) -> Result<(), JournalError> {
        if !self.is_needed() {
            return Ok(());
        }
        let is_quiet = self.quiet.is_some_and(|until| Instant::now() < until);
        if self.is_due && (!is_quiet || at_last) {
            self.is_due = false;
            if !self.unknown.is_empty() {
                self.unknown = self.watches.refresh(journal)?;
            }
            self.judge(journal, shared)?;
            self.refreshed = None;
        }
        self.refresh(journal, shared)
    }

    /// What is to be watched may be new, or have another name.
    fn refresh(&mut self, journal: &Journal, shared: &Shared) -> Result<(), JournalError> {
        if self.refreshed.is_some_and(|at| at.elapsed() < REFRESH) {
            return Ok(());
        }
        self.refreshed = Some(Instant::now());
        let before = std::mem::replace(&mut self.unknown, self.watches.refresh(journal)?);
        let was_told = std::mem::replace(&mut self.is_told, true);
        for name in self.unknown.iter().filter(|name| !was_told || !before.contains(name)) {
            shared.say(&Event::WatchNotFound { name: name.clone() });
        }
        Ok(())
    }

    fn judge(&mut self, journal: &Journal, shared: &Shared) -> Result<(), JournalError> {
        let mut looked = shared.memory().kept.looked.unwrap_or_default();
        let mut look = self.watches.look(journal)?;
        let (mut hits, mut all) = (Hits::default(), Hits::default());
        loop {
            let some = journal.deleted_after(looked, TOGETHER)?;
            let Some((last, _)) = some.last() else { break };
            looked = *last;
            for (seq, deletion) in &some {
                let because = self.watches.because(&mut look, deletion)?;
                if !because.is_empty() {
                    hits.add(*seq, deletion, because, &self.controllers);
                }
                if self.mass.is_some() && is_of_a_domain(&deletion.dn) {
                    self.window.add(deletion.happened.timestamp());
                    all.add(*seq, deletion, vec![], &self.controllers);
                }
            }
        }
        let looked = looked.max(journal.newest_change()?);
        let (now, forest) = (shared.now(), journal.forest());
        let mut alerts = vec![];
        if hits.count > 0 {
            alerts.push(hits.watched(forest, now, &self.asking));
        }
        let told = shared.memory().kept.mass;
        let (mass, told) = self.too_many(told, now);
        alerts.extend(mass.map(|(mass, most)| all.too_many(forest, now, mass, most, &self.asking)));
        if !alerts.is_empty() {
            self.quiet = Some(Instant::now() + COLLECT);
        }
        shared.raise(alerts, |memory| (memory.kept.looked, memory.kept.mass) = (Some(looked), told));
        Ok(())
    }

    /// Whether too much was deleted, beyond what was told already; and what is told then.
    fn too_many(&mut self, told: Option<u64>, now: Timestamp) -> (Option<(Threshold, Most)>, Option<u64>) {
        let Some(mass) = self.mass else { return (None, None) };
        let most = self.window.most(mass.seconds);
        // What goes on is told once more each time it has doubled.
        let raised = most.filter(|most| most.count >= told.map_or(mass.most, |told| told.saturating_mul(2)));
        self.window.forget(now.timestamp().saturating_sub(mass.seconds.into()));
        let is_over = self.window.most(mass.seconds).is_none_or(|most| most.count < mass.most);
        let told = if is_over { None } else { raised.map(|most| most.count).or(told) };
        (raised.map(|most| (mass, most)), told)
    }
}

impl Hits {
    fn add(
        &mut self,
        seq: i64,
        deletion: &Deletion,
        because: Vec<String>,
        controllers: &[(ObjectGuid, String)],
    ) {
        if self.count == 0 {
            self.first_change = seq;
        }
        self.count += 1;
        let happened = deletion.happened;
        let (from, to) = self.times.unwrap_or((happened, happened));
        self.times = Some((from.min(happened), to.max(happened)));
        let named = |id: ObjectGuid| {
            let known = controllers.iter().find(|(known, _)| *known == id);
            known.map_or_else(|| id.to_string(), |(_, name)| name.clone())
        };
        let deleted_on = deletion.controller.map(named);
        let is_new = |name: &&String| !self.controllers.contains(name);
        if let Some(name) = deleted_on.as_ref().filter(is_new)
            && self.controllers.len() < MOST_OBJECTS
        {
            self.controllers.push(name.clone());
        }
        if self.objects.len() < MOST_OBJECTS {
            let (dn, deleted_at) = (Some(deletion.dn.clone()), rfc3339(happened));
            self.objects.push(AlertObject { guid: deletion.guid, dn, deleted_at, deleted_on, because });
        }
    }

    fn watched(self, forest: &str, now: Timestamp, asking: &str) -> Alert {
        let first = self.objects.first().and_then(|object| object.dn.clone()).unwrap_or_default();
        let summary = match self.count {
            1 => {
                let because = self.objects.first().map(|object| object.because.join(", "));
                format!("{first} was deleted: {}", because.unwrap_or_default())
            }
            count => format!("{count} watched objects were deleted, the first is {first}"),
        };
        self.alert(AlertKind::WatchedDeletion, forest, now, &summary, asking)
    }

    fn too_many(self, forest: &str, now: Timestamp, mass: Threshold, most: Most, asking: &str) -> Alert {
        let summary = format!(
            "{} objects were deleted in {} seconds or less (alert at {mass})",
            most.count, mass.seconds
        );
        let second = |at: i64| Timestamp::from_timestamp(at, 0);
        let times = second(most.from).zip(second(most.to)).or(self.times);
        let hits = Self { count: most.count, times, ..self };
        hits.alert(AlertKind::MassDeletion, forest, now, &summary, asking)
    }

    fn alert(self, kind: AlertKind, forest: &str, now: Timestamp, summary: &str, asking: &str) -> Alert {
        let since = self.times.map_or(now, |(from, _)| from);
        let mut next = vec![format!("adrecover history --incident --since {}{asking}", rfc3339(since))];
        if let [only] = self.objects.as_slice() {
            let guid = only.guid;
            next.push(format!(
                "adrecover restore --guid {guid} --fill-from journal --groups-from journal --dry-run{asking}"
            ));
        }
        let alert = Alert::new(kind, forest, now, summary);
        Alert {
            id: format!("{}-{}-{}", kind.name(), self.first_change, now.timestamp()),
            count: self.count,
            from: self.times.map(|(from, _)| rfc3339(from)),
            to: self.times.map(|(_, to)| rfc3339(to)),
            controllers: self.controllers,
            objects: self.objects,
            next,
            ..alert
        }
    }
}

/// Whether an object was one of a domain, and not of what a domain does for itself: zones of the DNS come and go, and so does what
/// lies in the container for the system.
fn is_of_a_domain(dn: &str) -> bool {
    let Ok(dn) = dn.parse::<Dn>() else { return false };
    let mut parts = vec![];
    let mut at = Some(dn);
    while let Some(dn) = at.filter(|dn| !dn.is_empty()) {
        parts.extend(dn.rdn().cloned());
        at = dn.parent();
    }
    let domain = parts.iter().rev().take_while(|rdn| rdn.kind().eq_ignore_ascii_case("DC")).count();
    let is_named = |at: usize, names: &[&str]| {
        parts.get(at).is_some_and(|rdn| names.iter().any(|name| rdn.value().eq_ignore_ascii_case(name)))
    };
    let top = parts.len() - domain;
    let is_zone = is_named(top, &["DomainDnsZones", "ForestDnsZones"]);
    let is_other = top > 0 && is_named(top - 1, &["Configuration", "System"]);
    domain > 0 && top > 0 && !is_zone && !is_other
}
