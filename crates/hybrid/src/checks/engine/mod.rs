//! The checks of the engine: will it synchronise, and what will it do?

pub(super) mod deletion_threshold;
pub(super) mod pending_initial;
pub(super) mod scheduler;
pub(super) mod tenant_sync;

#[cfg(test)]
pub(super) mod fixture;

use std::sync::OnceLock;

use super::case::{Case, name_of};
use super::rule::{Finding, Seen};
use crate::evidence::{Known, PolicyType, Scheduler, SchedulerField, SourceFile};
use crate::scope::model::{Engine, SettingName};

/// What these checks found: they say the same of every user, so they are made once a run.
#[derive(Debug, Default)]
pub struct EngineFindings {
    scheduler: OnceLock<Finding>,
    pending_initial: OnceLock<Finding>,
    deletion_threshold: OnceLock<Finding>,
    tenant_sync: OnceLock<Finding>,
}

/// The state of one sync server.
struct Server {
    staging: Known<bool>,
    enabled: Known<bool>,
    suspended: Known<bool>,
    busy: Known<bool>,
    policy: Known<PolicyType>,
    seen: Vec<Seen>,
}

impl Server {
    fn of_scheduler(scheduler: Scheduler<'_>) -> Self {
        let fields = [
            SchedulerField::StagingModeEnabled,
            SchedulerField::SyncCycleEnabled,
            SchedulerField::SchedulerSuspended,
            SchedulerField::SyncCycleInProgress,
        ];
        let mut seen = vec![];
        let flags = fields.map(|field| {
            let flag = scheduler.flag(field);
            seen.push(saw(
                scheduler.sources().next(),
                field.name(),
                flag.value().map(|on| word(on).to_owned()),
            ));
            flag
        });
        let policy = scheduler.next_policy();
        let shown = policy.value().map(|policy| match policy {
            PolicyType::Delta => "Delta".to_owned(),
            PolicyType::Initial => "Initial".to_owned(),
        });
        seen.push(saw(scheduler.sources().next(), SchedulerField::NextSyncCyclePolicyType.name(), shown));
        let [staging, enabled, suspended, busy] = flags;
        Self { staging, enabled, suspended, busy, policy, seen }
    }

    /// From the global settings, which say the same but for a cycle in progress.
    fn of_settings(case: &Case<'_>) -> Option<Self> {
        let mut seen = vec![];
        let mut text = |name| {
            let (value, saw) = case.sync_setting(name)?;
            seen.push(saw);
            Some(value)
        };
        let names =
            [SettingName::StagingMode, SettingName::SynchronizationSchedule, SettingName::SchedulerSuspended];
        let [staging, enabled, suspended] = names.map(|name| flag(text(name)));
        let policy = match text(SettingName::SynchronizationPolicy)
            .map(|p| p.trim().to_ascii_lowercase())
            .as_deref()
        {
            Some("delta") => Known::Value(PolicyType::Delta),
            Some("initial") => Known::Value(PolicyType::Initial),
            _ => Known::NotAsked,
        };
        (!seen.is_empty()).then_some(Self {
            staging,
            enabled,
            suspended,
            busy: Known::NotAsked,
            policy,
            seen,
        })
    }

    fn saw(&self, names: &[&str]) -> Vec<Seen> {
        self.seen
            .iter()
            .filter(|seen| names.iter().any(|name| seen.attribute.ends_with(name)))
            .cloned()
            .collect()
    }
}

fn flag(text: Option<String>) -> Known<bool> {
    text.and_then(|text| is_on(&text)).map_or(Known::NotAsked, Known::Value)
}

/// What a setting of true or false says.
pub(super) fn is_on(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn word(on: bool) -> &'static str {
    if on { "True" } else { "False" }
}

fn saw(file: Option<&SourceFile>, attribute: &str, value: Option<String>) -> Seen {
    Seen {
        source: file.map_or_else(|| "sync server".to_owned(), |file| name_of(&file.path)),
        attribute: attribute.to_owned(),
        value,
        at: file.map(|file| file.at),
    }
}

/// The sync servers, the newest export first; else what a check that needs them says.
fn servers(case: &Case<'_>) -> Result<Vec<Server>, Finding> {
    if is_cloud_sync(case) {
        return Err(Finding::not_applicable("Cloud Sync has no scheduler of its own"));
    }
    let evidence = case.evidence;
    let schedulers: Vec<Server> = evidence
        .into_iter()
        .flat_map(|e| e.schedulers().collect::<Vec<_>>())
        .map(Server::of_scheduler)
        .collect();
    if !schedulers.is_empty() {
        return Ok(schedulers);
    }
    if let Some(server) = Server::of_settings(case) {
        return Ok(vec![server]);
    }
    match evidence {
        None => Err(case.no_cloud()),
        Some(_) => Err(Finding::unknown(
            "the state of the scheduler is not known: on the sync server, Get-ADSyncScheduler | ConvertTo-Json",
        )),
    }
}

/// The server that exports: the newest one that is not in staging mode.
fn active(servers: &[Server]) -> Option<&Server> {
    servers.iter().find(|server| server.staging != Known::Value(true))
}

/// Whether all of the configuration is of Cloud Sync.
fn is_cloud_sync(case: &Case<'_>) -> bool {
    case.sync.is_some_and(|sync| {
        let connectors = &sync.scope.connectors;
        !connectors.is_empty() && connectors.iter().all(|c| c.engine == Engine::CloudSync)
    })
}
