//! Evidence of the engine for the tests.

/// `Get-ADSyncScheduler | ConvertTo-Json`, with some lines in place of the usual ones.
pub(crate) fn scheduler(changes: &[(&str, &str)]) -> String {
    let usual = [
        ("AllowedSyncCycleInterval", "\"00:30:00\""),
        ("NextSyncCyclePolicyType", "\"Delta\""),
        ("SyncCycleEnabled", "true"),
        ("MaintenanceEnabled", "true"),
        ("StagingModeEnabled", "false"),
        ("SchedulerSuspended", "false"),
        ("SyncCycleInProgress", "false"),
    ];
    let value = |name: &str, usual: &str| {
        changes
            .iter()
            .find(|(n, _)| *n == name)
            .map_or_else(|| usual.to_owned(), |(_, value)| (*value).to_owned())
    };
    let lines: Vec<String> =
        usual.iter().map(|(name, usual)| format!("\"{name}\":{}", value(name, usual))).collect();
    format!("{{{}}}", lines.join(","))
}

/// The tenant, as Graph gives it.
pub(crate) fn organisation(enabled: &str, last_sync: &str) -> String {
    format!(
        r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#organization","value":[
          {{"id":"44444444-4444-4444-4444-444444444444","displayName":"Contoso","verifiedDomains":[],
            "onPremisesSyncEnabled":{enabled},"onPremisesLastSyncDateTime":{last_sync}}}]}}"#
    )
}

/// A run of the sync server, for a list.
pub(crate) fn run(number: u8, profile: &str, result: &str, ended: &str) -> String {
    format!(
        r#"{{"RunHistoryId":"55555555-5555-5555-5555-5555555555{number:02}","ConnectorId":"66666666-6666-6666-6666-666666666666",
          "ConnectorName":"contoso.onmicrosoft.com - AAD","RunProfileName":"{profile}","Result":"{result}","IsRunComplete":true,
          "StartDate":"{ended}","EndDate":"{ended}"}}"#
    )
}

/// The same cmdlet's settings, of the wizard's server.
pub(crate) fn settings(values: &[(&str, &str)]) -> String {
    let all: Vec<String> =
        values.iter().map(|(name, value)| format!(r#"{{"Name":"{name}","Value":"{value}"}}"#)).collect();
    format!(r#"{{"InstanceId":"77777777-7777-7777-7777-777777777777","Parameters":[{}]}}"#, all.join(","))
}
