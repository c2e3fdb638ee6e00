//! What the sync server exports of itself.

use super::*;

#[test]
fn schedulers() {
    let module = r#"{"AllowedSyncCycleInterval":{"Ticks":18000000000,"TotalMinutes":30},"CurrentlyEffectiveSyncCycleInterval":{"Ticks":18000000000},
        "CustomizedSyncCycleInterval":null,"NextSyncCyclePolicyType":"Initial","NextSyncCycleStartTimeInUTC":"\/Date(1793525400000)\/","PurgeRunHistoryInterval":{"Ticks":6048000000000},
        "SyncCycleEnabled":true,"MaintenanceEnabled":true,"StagingModeEnabled":false,"SchedulerSuspended":false,"SyncCycleInProgress":false}"#;
    let table = "\"AllowedSyncCycleInterval\",\"NextSyncCyclePolicyType\",\"NextSyncCycleStartTimeInUTC\",\"SyncCycleEnabled\",\"StagingModeEnabled\"\r\n\"00:30:00\",\"2\",\"11/1/2026 9:30:00 AM\",\"True\",\"True\"\r\n";
    let evidence = load(&[("a.json", module), ("b.csv", table)]);
    let [newer, older] = evidence.schedulers().collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(newer.flag(SchedulerField::StagingModeEnabled), Known::Value(true));
    assert_eq!(newer.interval(SchedulerField::AllowedSyncCycleInterval), Known::Value(1800));
    // Neither a number nor a date of a country is guessed.
    assert_eq!((newer.next_policy(), newer.next_start()), (Known::NotAsked, Known::NotAsked));
    assert_eq!(older.next_policy(), Known::Value(PolicyType::Initial));
    assert_eq!(older.next_start(), Known::Value(hour(0)));
    assert_eq!(older.interval(SchedulerField::CustomizedSyncCycleInterval), Known::NotAsked);
    assert_eq!(older.interval(SchedulerField::PurgeRunHistoryInterval), Known::Value(604_800));
    assert_eq!(older.flag(SchedulerField::SchedulerSuspended), Known::Value(false));
    assert_eq!(older.sources().next().unwrap().path, Path::new("a.json"));
}

#[test]
fn runs_events_thresholds_and_settings() {
    let evidence = load(&[
        (
            "runs.json",
            r#"[{"RunHistoryId":"8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab","ConnectorName":"contoso.onmicrosoft.com - AAD","RunProfileName":"Export","Result":"stopped-deletion-threshold-exceeded","IsRunComplete":true,"StartDate":"2026-11-01T09:30:00Z","EndDate":"2026-11-01T09:30:00Z"}]"#,
        ),
        (
            "events.json",
            r#"[{"Id":116,"ProviderName":"Directory Synchronization","TimeCreated":"\/Date(1793525400000)\/","Message":"hunter2"}]"#,
        ),
        ("threshold.json", r#"{"DeletionPrevention":1,"ThresholdPercentage":0,"ThresholdCount":500}"#),
        (
            "settings.json",
            r#"{"InstanceId":"8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab","SqlSchemaVersion":1,"Parameters":[{"Name":"Microsoft.Synchronize.StagingMode","Value":"False"},{"Name":"Secret.Key","Value":"hunter2"}]}"#,
        ),
    ]);
    let run = evidence.runs().next().unwrap();
    assert_eq!((run.is_stopped_by_deletions(), run.started()), (Known::Value(true), Known::Value(hour(0))));
    let event = evidence.events().next().unwrap();
    assert_eq!((event.id(), event.at()), (Known::Value(116), Known::Value(hour(0))));
    assert_eq!(evidence.deletion_threshold(), Known::Value(500));
    assert_eq!(evidence.global_setting("microsoft.synchronize.stagingmode"), Known::Value("False"));
    assert_eq!(evidence.global_setting("Secret.Key"), Known::NotAsked);
    // What is not needed is not kept.
    assert!(!format!("{evidence:?}").contains("hunter2"));
    let off = load(&[("t", r#"{"DeletionPrevention":0,"ThresholdPercentage":0,"ThresholdCount":0}"#)]);
    assert_eq!(off.deletion_threshold(), Known::Absent);
}
