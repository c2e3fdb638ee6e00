//! What the sync server says of itself: scheduler, runs, events, settings.

use adrecover_core::time::Timestamp;

use super::Evidence;
use super::fields::{EventField, RunField, SchedulerField, SettingsField, ThresholdField};
use super::known::Known;
use super::pack::Items;
use super::record::Record;
use super::source::{Dataset, SourceFile};
use super::users::{parts, seconds};

/// What the next cycle does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyType {
    /// It takes what has changed.
    Delta,
    /// It takes everything again: the configuration has changed.
    Initial,
}

/// The scheduler of a sync server.
#[derive(Debug, Clone, Copy)]
pub struct Scheduler<'a> {
    record: &'a Record,
    evidence: &'a Evidence,
}

impl<'a> Scheduler<'a> {
    /// What is known of a property that is true or false.
    pub fn flag(&self, field: SchedulerField) -> Known<bool> {
        match field {
            SchedulerField::SyncCycleEnabled
            | SchedulerField::MaintenanceEnabled
            | SchedulerField::StagingModeEnabled
            | SchedulerField::SchedulerSuspended
            | SchedulerField::SyncCycleInProgress => self.record.get(field.into()).map(|text| text == "1"),
            _ => Known::NotAsked,
        }
    }

    /// What is known of an interval, in seconds.
    pub fn interval(&self, field: SchedulerField) -> Known<i64> {
        match field {
            SchedulerField::AllowedSyncCycleInterval
            | SchedulerField::CurrentlyEffectiveSyncCycleInterval
            | SchedulerField::CustomizedSyncCycleInterval
            | SchedulerField::PurgeRunHistoryInterval => {
                self.record.get(field.into()).read(|n| n.parse().ok())
            }
            _ => Known::NotAsked,
        }
    }

    /// What the next cycle does. Only the words are read: which numbers stand for them is not documented.
    pub fn next_policy(&self) -> Known<PolicyType> {
        self.record.get(SchedulerField::NextSyncCyclePolicyType.into()).read(|word| {
            match word.trim().to_ascii_lowercase().as_str() {
                "delta" => Some(PolicyType::Delta),
                "initial" => Some(PolicyType::Initial),
                _ => None,
            }
        })
    }

    /// When the next cycle starts.
    pub fn next_start(&self) -> Known<Timestamp> {
        self.record.get(SchedulerField::NextSyncCycleStartTimeInUtc.into()).read(seconds)
    }

    /// The files that give it, the newest one first.
    pub fn sources(&self) -> impl Iterator<Item = &'a SourceFile> + use<'a> {
        self.evidence.sources(self.record)
    }
}

/// A run of the sync server.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    record: &'a Record,
    evidence: &'a Evidence,
}

/// The result of an export that too many deletions have stopped.
pub const DELETION_THRESHOLD_EXCEEDED: &str = "stopped-deletion-threshold-exceeded";

impl<'a> Run<'a> {
    /// How it ended: `success`, [`DELETION_THRESHOLD_EXCEEDED`], …
    pub fn result(&self) -> Known<&'a str> {
        self.record.get(RunField::Result.into())
    }

    /// The name of the connector.
    pub fn connector(&self) -> Known<&'a str> {
        self.record.get(RunField::ConnectorName.into())
    }

    /// What was run: `Delta Import`, `Export`, …
    pub fn profile(&self) -> Known<&'a str> {
        self.record.get(RunField::RunProfileName.into())
    }

    /// Whether it has ended.
    pub fn is_complete(&self) -> Known<bool> {
        self.record.get(RunField::IsRunComplete.into()).map(|text| text == "1")
    }

    /// When it started.
    pub fn started(&self) -> Known<Timestamp> {
        self.record.get(RunField::StartDate.into()).read(seconds)
    }

    /// When it ended.
    pub fn ended(&self) -> Known<Timestamp> {
        self.record.get(RunField::EndDate.into()).read(seconds)
    }

    /// Whether too many deletions have stopped it.
    pub fn is_stopped_by_deletions(&self) -> Known<bool> {
        self.result().map(|r| r.trim().eq_ignore_ascii_case(DELETION_THRESHOLD_EXCEEDED))
    }

    /// The files that give it, the newest one first.
    pub fn sources(&self) -> impl Iterator<Item = &'a SourceFile> + use<'a> {
        self.evidence.sources(self.record)
    }
}

/// An event of the sync server.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    record: &'a Record,
    evidence: &'a Evidence,
}

impl<'a> Event<'a> {
    /// Its number; 116 says that too many deletions have stopped an export.
    pub fn id(&self) -> Known<i64> {
        self.record.get(EventField::Id.into()).read(|n| n.parse().ok())
    }

    /// Who wrote it.
    pub fn provider(&self) -> Known<&'a str> {
        self.record.get(EventField::ProviderName.into())
    }

    /// When.
    pub fn at(&self) -> Known<Timestamp> {
        self.record.get(EventField::TimeCreated.into()).read(seconds)
    }

    /// The files that give it, the newest one first.
    pub fn sources(&self) -> impl Iterator<Item = &'a SourceFile> + use<'a> {
        self.evidence.sources(self.record)
    }
}

impl Evidence {
    /// The schedulers, one for each file that has one, the newest file first: a server in staging mode has one too.
    pub fn schedulers(&self) -> impl Iterator<Item = Scheduler<'_>> {
        self.newest(Dataset::Scheduler).map(|record| Scheduler { record, evidence: self })
    }

    /// The runs, in the order of the files.
    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        self.rows(Dataset::RunHistory).map(|record| Run { record, evidence: self })
    }

    /// The events, in the order of the files.
    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        self.rows(Dataset::Events).map(|record| Event { record, evidence: self })
    }

    /// How many deletions stop an export, as the sync server has it; absent where they do not.
    pub fn deletion_threshold(&self) -> Known<i64> {
        let Some(record) = self.newest(Dataset::DeletionThreshold).next() else { return Known::NotAsked };
        let number = |field: ThresholdField| record.get(field.into()).read(|n| n.parse::<i64>().ok());
        match number(ThresholdField::DeletionPrevention) {
            Known::Value(0) => Known::Absent,
            _ => number(ThresholdField::ThresholdCount),
        }
    }

    /// A global setting of the sync server by its whole name, such as `Microsoft.Synchronize.StagingMode`.
    pub fn global_setting(&self, name: &str) -> Known<&str> {
        let Some(record) = self.newest(Dataset::GlobalSettings).next() else { return Known::NotAsked };
        record.get(SettingsField::Parameters.into()).read(|all| {
            let pairs = Items(all).filter_map(parts::<2>);
            pairs.into_iter().find(|[key, _]| key.eq_ignore_ascii_case(name)).map(|[_, value]| value)
        })
    }
}
