//! What stands around the steps.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Guide;

/// Which module a command comes from, by what its name begins with.
const MODULES: [(&str, &str); 16] = [
    ("Connect-MgGraph", "Microsoft.Graph.Authentication"),
    ("Get-MgUser", "Microsoft.Graph.Users"),
    ("Update-MgUser", "Microsoft.Graph.Users"),
    ("Remove-MgUser", "Microsoft.Graph.Users"),
    ("Set-MgUserLicense", "Microsoft.Graph.Users.Actions"),
    ("Get-MgDirectoryDeletedItemAsUser", "Microsoft.Graph.Identity.DirectoryManagement"),
    ("Restore-MgDirectoryDeletedItem", "Microsoft.Graph.Identity.DirectoryManagement"),
    ("Get-MgAuditLog", "Microsoft.Graph.Reports"),
    ("Connect-ExchangeOnline", "ExchangeOnlineManagement"),
    ("Get-Mailbox", "ExchangeOnlineManagement"),
    ("Get-EXOMailbox", "ExchangeOnlineManagement"),
    ("Get-ADUser", "ActiveDirectory"),
    ("Get-ADObject", "ActiveDirectory"),
    ("Set-ADUser", "ActiveDirectory"),
    ("Move-ADObject", "ActiveDirectory"),
    ("New-MailboxRestoreRequest", "ExchangeOnlineManagement"),
];

pub(super) const HEADER: &str = "\
# What to do for the case %CASE%.
#
# Written by adrecover guide --script. This script was PARSED by a grammar of PowerShell in adrecover's tests. It was NOT RUN
# against any tenant: read it before you run it, and run it with -WhatIf first, which changes, reads and asks nothing. It asks before
# each change, and stops at the first error and the first No. To leave steps out, or to go on later: -SkipStep 1, 2, 3. What no
# parameter gives is asked for when it is needed. It is ASCII; values of the directory are literals in single quotes, in which
# PowerShell expands nothing.
";

pub(super) const FUNCTIONS: &str = "\
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# The commands of modules do not see the line above.
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }

# Says what somebody has to do elsewhere, and waits for it.
function Wait-ForPerson {
    param([string] $Title, [string] $Text)
    Write-Host ''
    Write-Host $Title
    if ($Text) { Write-Host $Text }
    if ($WhatIfPreference) { return }
    do { $answer = Read-Host 'Done? Type yes to go on, stop to end' } until ($answer -in 'yes', 'stop')
    if ($answer -eq 'stop') { throw 'stopped' }
}

# Shows something until somebody says that it is as it should be.
function Wait-ForResult {
    param([string] $Title, [string] $Text, [scriptblock] $Look)
    Write-Host ''
    Write-Host $Title
    if ($Text) { Write-Host $Text }
    if ($WhatIfPreference) { return }
    do {
        try { & $Look } catch { Write-Host $_ }
        $answer = Read-Host 'As it should be? Type yes to go on, stop to end, anything else to look again'
    } until ($answer -in 'yes', 'stop')
    if ($answer -eq 'stop') { throw 'stopped' }
}

# Asks for a value that no parameter gave.
function Get-Value {
    param([string] $Value, [string] $Name, [string] $Tells)
    while (-not $Value -and -not $WhatIfPreference) { $Value = (Read-Host ($Name + ': ' + $Tells)).Trim() }
    $Value
}

# Asks a question that no parameter answered.
function Get-Answer {
    param([string] $Answer, [string] $Question)
    while ($Answer -notin 'yes', 'no' -and -not $WhatIfPreference) { $Answer = Read-Host ($Question + ' yes or no') }
    $Answer
}
";

pub(super) const ON_SYNC_SERVER: &str = "
# Runs something on the sync server: here, where no other computer was named.
function Invoke-OnSyncServer {
    param([scriptblock] $Script)
    if ($SyncServer) { Invoke-Command -ComputerName $SyncServer -ScriptBlock $Script } else { & $Script }
}
";

const STILL_HELD: &str = "'The synchronisation is still held. When all is done, on the sync server: Set-ADSyncScheduler -SyncCycleEnabled $true'";

pub(super) fn requires(body: &str) -> String {
    let modules: BTreeSet<&str> =
        MODULES.iter().filter(|(command, _)| body.contains(command)).map(|(_, module)| *module).collect();
    let mut out = "#Requires -Version 5.1\n".to_owned();
    for module in modules {
        let _ = writeln!(out, "#Requires -Modules {module}");
    }
    out
}

/// Whether the synchronisation is held is said wherever the script ends.
pub(super) fn held(guide: &Guide) -> String {
    let at = |id: &str| guide.steps.iter().find(|step| step.id == id).map(|step| step.n);
    let (Some(hold), Some(release)) = (at("holdSync"), at("releaseSync")) else { return String::new() };
    format!(
        "\n$SyncIsHeld = ({hold} -in $SkipStep) -and ({release} -notin $SkipStep)\n\
         trap {{\n    if ($SyncIsHeld) {{ Write-Warning {STILL_HELD} }}\n    break\n}}\n"
    )
}

pub(super) fn end(guide: &Guide) -> String {
    if held(guide).is_empty() {
        return String::new();
    }
    format!("\nif ($SyncIsHeld) {{ Write-Warning {STILL_HELD} }}\n")
}
