<#
.SYNOPSIS
    Gathers what adrecover needs to know of Entra ID, Exchange Online and the sync server into one folder.

.DESCRIPTION
    Reads only. It calls cmdlets that get, and GET requests of Microsoft Graph; what it writes is the folder -OutputFolder.
    Run it where the modules are: Microsoft.Graph.Authentication, ExchangeOnlineManagement, and, on the sync server, ADSync.
    What is not there is left out, and the manifest says so. It can be run on several computers, each time into another folder.

    The folder holds personal data of the organisation: keep it where such data may lie.

.EXAMPLE
    .\collect.ps1 -OutputFolder C:\evidence
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [string]$OutputFolder,
    [string]$TenantId,
    # For GCC High and the like: USGov, USGovDoD, China.
    [string]$CloudEnvironment = 'Global',
    [switch]$SkipGraph,
    [switch]$SkipExchange,
    [switch]$SkipSyncServer,
    # Leaves out onPremisesSyncBehavior, which takes one request for each synchronised user.
    [switch]$SkipSyncBehavior
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$scriptVersion = '1'
$entries = New-Object System.Collections.ArrayList

$null = New-Item -ItemType Directory -Path $OutputFolder -Force
$folder = (Resolve-Path -LiteralPath $OutputFolder).ProviderPath

function Get-UtcNow {
    return [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ')
}

# One line of the manifest: what was asked, when, and what became of it.
function Add-Entry([string]$Dataset, $File, [bool]$Complete, $Properties, $ErrorText, [string]$At) {
    $entry = New-Object PSObject -Property @{
        dataset = $Dataset; file = $File; complete = $Complete; properties = @($Properties); error = $ErrorText; at = $At
    }
    $null = $entries.Add($entry)
}

# The pages of a list, each on a line as Graph sends it.
function Get-GraphList([string]$Dataset, [string]$Name, [string]$Uri, [string[]]$Properties, [hashtable]$Headers) {
    $at = Get-UtcNow
    $file = Join-Path -Path $folder -ChildPath $Name
    $written = $false
    try {
        $next = $Uri
        while ($next) {
            $page = Invoke-MgGraphRequest -Method GET -Uri $next -Headers $Headers -OutputType Json
            $line = $page -replace '[\r\n]+', ' '
            if ($written) {
                Add-Content -LiteralPath $file -Value $line -Encoding utf8
            } else {
                Set-Content -LiteralPath $file -Value $line -Encoding utf8
            }
            $written = $true
            # A quotation mark within a value has a backslash before it: this finds the property only.
            $link = [regex]::Match($line, '"@odata\.nextLink"\s*:\s*"((?:[^"\\]|\\.)*)"')
            $next = $null
            if ($link.Success) {
                $next = [regex]::Unescape($link.Groups[1].Value)
            }
        }
        Add-Entry $Dataset $Name $true $Properties $null $at
    } catch {
        $begun = $null
        if ($written) {
            $begun = $Name
        }
        Add-Entry $Dataset $begun $false $Properties $_.Exception.Message $at
    }
}

# Objects of PowerShell with these properties, as far as they have them.
function Save-Objects([string]$Dataset, [string]$Name, [scriptblock]$Read, [string[]]$Wanted) {
    $at = Get-UtcNow
    try {
        $objects = @(& $Read)
        $properties = @($Wanted)
        if ($objects.Count -gt 0) {
            $has = @($objects[0].PSObject.Properties | ForEach-Object { $_.Name })
            $properties = @($Wanted | Where-Object { $has -contains $_ })
        }
        $rows = @(foreach ($object in $objects) {
                $row = New-Object PSObject
                foreach ($property in $properties) {
                    $row.PSObject.Properties.Add((New-Object System.Management.Automation.PSNoteProperty $property, (Get-Plain $object.$property)))
                }
                $row
            })
        ConvertTo-Json -InputObject $rows -Depth 6 | Set-Content -LiteralPath (Join-Path -Path $folder -ChildPath $Name) -Encoding utf8
        Add-Entry $Dataset $Name $true $properties $null $at
    } catch {
        Add-Entry $Dataset $null $false $Wanted $_.Exception.Message $at
    }
}

# A value that is the same in every version and language of PowerShell.
function Get-Plain($Value) {
    if ($null -eq $Value -or $Value -is [string] -or $Value -is [bool] -or $Value -is [int] -or $Value -is [long]) {
        return $Value
    }
    if ($Value -is [DateTime]) {
        # Without a zone it stays without one: adrecover does not guess.
        if ($Value.Kind -eq [DateTimeKind]::Unspecified) {
            return $Value.ToString('o')
        }
        return $Value.ToUniversalTime().ToString('o')
    }
    if ($Value -is [System.Collections.IEnumerable]) {
        $items = @(foreach ($item in $Value) { [string]$item })
        return , $items
    }
    return [string]$Value
}

function Save-Graph {
    $scopes = @('User.Read.All', 'Organization.Read.All', 'Domain.Read.All', 'GroupMember.Read.All',
        'RoleManagement.Read.Directory', 'OnPremDirectorySynchronization.Read.All')
    $connect = @{ Scopes = $scopes; NoWelcome = $true; ContextScope = 'Process'; Environment = $CloudEnvironment }
    if ($TenantId) {
        $connect.TenantId = $TenantId
    }
    $refusal = $null
    if (-not $SkipSyncBehavior) {
        $connect.Scopes = $scopes + 'User-OnPremisesSyncBehavior.Read.All'
        try {
            $null = Connect-MgGraph @connect
        } catch {
            # Without this scope there is only one thing less to ask for.
            $refusal = $_.Exception.Message
            $connect.Scopes = $scopes
        }
    }
    if ($SkipSyncBehavior -or $refusal) {
        $null = Connect-MgGraph @connect
    }

    $user = @('id', 'displayName', 'givenName', 'surname', 'userPrincipalName', 'mail', 'mailNickname', 'proxyAddresses',
        'otherMails', 'accountEnabled', 'userType', 'deletedDateTime', 'createdDateTime', 'employeeId', 'department',
        'jobTitle', 'companyName', 'officeLocation', 'streetAddress', 'city', 'state', 'postalCode', 'country',
        'mobilePhone', 'businessPhones', 'preferredLanguage', 'usageLocation', 'onPremisesSyncEnabled',
        'onPremisesImmutableId', 'onPremisesSecurityIdentifier', 'onPremisesDistinguishedName',
        'onPremisesDomainName', 'onPremisesSamAccountName', 'onPremisesUserPrincipalName',
        'onPremisesLastSyncDateTime', 'onPremisesProvisioningErrors', 'onPremisesExtensionAttributes',
        'assignedLicenses', 'licenseAssignmentStates', 'assignedPlans', 'provisionedPlans')
    $select = $user -join ','
    Get-GraphList 'users' 'users.jsonl' "/v1.0/users?`$select=$select&`$top=500" $user @{}
    Get-GraphList 'deletedUsers' 'deleted-users.jsonl' "/v1.0/directory/deletedItems/microsoft.graph.user?`$select=$select&`$top=500" $user @{}
    # This property is known to the beta endpoint only.
    $identifier = @('id', 'userPrincipalName', 'deletedDateTime', 'onPremisesObjectIdentifier')
    $select = $identifier -join ','
    Get-GraphList 'users' 'users-identifier.jsonl' "/beta/users?`$select=$select&`$top=999" $identifier @{}
    Get-GraphList 'deletedUsers' 'deleted-users-identifier.jsonl' "/beta/directory/deletedItems/microsoft.graph.user?`$select=$select&`$top=999" $identifier @{}

    $group = @('id', 'displayName', 'groupTypes', 'securityEnabled', 'assignedLicenses', 'onPremisesSyncEnabled',
        'onPremisesSamAccountName', 'onPremisesSecurityIdentifier', 'onPremisesDomainName')
    Get-GraphList 'licensedGroups' 'groups.jsonl' "/v1.0/groups?`$select=$($group -join ',')&`$top=999" $group @{}
    Get-GraphList 'domains' 'domains.jsonl' '/v1.0/domains' @() @{}
    $organisation = @('id', 'displayName', 'onPremisesSyncEnabled', 'onPremisesLastSyncDateTime', 'verifiedDomains')
    Get-GraphList 'organisation' 'organization.jsonl' "/v1.0/organization?`$select=$($organisation -join ',')" $organisation @{}
    $sku = @('skuId', 'skuPartNumber', 'capabilityStatus', 'consumedUnits', 'prepaidUnits', 'servicePlans')
    Get-GraphList 'subscribedSkus' 'subscribed-skus.jsonl' "/v1.0/subscribedSkus?`$select=$($sku -join ',')" $sku @{}
    Get-GraphList 'roleAssignments' 'role-assignments.jsonl' '/v1.0/roleManagement/directory/roleAssignments' @() @{}
    Get-GraphList 'roleEligibility' 'role-eligibility.jsonl' '/v1.0/roleManagement/directory/roleEligibilityScheduleInstances' @() @{}
    $role = @('id', 'displayName', 'templateId', 'isBuiltIn', 'isPrivileged')
    Get-GraphList 'roleDefinitions' 'role-definitions.jsonl' "/beta/roleManagement/directory/roleDefinitions?`$select=$($role -join ',')" $role @{}
    Get-GraphList 'syncFeatures' 'synchronization.jsonl' '/v1.0/directory/onPremisesSynchronization' @() @{}
    if ($refusal) {
        Add-Entry 'syncBehaviour' $null $false @() $refusal (Get-UtcNow)
    } elseif (-not $SkipSyncBehavior) {
        Save-SyncBehavior
    }
}

# The ids of a list of users that are synchronised.
function Get-SynchronisedId([string]$Uri) {
    $next = $Uri
    while ($next) {
        $page = Invoke-MgGraphRequest -Method GET -Uri $next -OutputType Json | ConvertFrom-Json
        foreach ($user in @($page.value | Where-Object { $_.onPremisesSyncEnabled -eq $true })) {
            Write-Output -InputObject $user.id
        }
        $next = $null
        if ($page.PSObject.Properties['@odata.nextLink']) {
            $next = $page.'@odata.nextLink'
        }
    }
}

# The source of authority of one user, at the end of the file.
function Add-SyncBehavior([string]$File, [string]$Uri) {
    $answer = Invoke-MgGraphRequest -Method GET -Uri "$Uri/onPremisesSyncBehavior?`$select=id,isCloudManaged" -OutputType Json
    Add-Content -LiteralPath $File -Value ($answer -replace '[\r\n]+', ' ') -Encoding utf8
}

# The source of authority of each synchronised user.
function Save-SyncBehavior {
    $at = Get-UtcNow
    $name = 'sync-behavior.jsonl'
    $file = Join-Path -Path $folder -ChildPath $name
    $properties = @('id', 'isCloudManaged')
    $written = $false
    $failure = $null
    $row = 0
    try {
        foreach ($id in @(Get-SynchronisedId "/v1.0/users?`$select=id,onPremisesSyncEnabled&`$filter=onPremisesSyncEnabled eq true&`$top=999")) {
            try {
                Add-SyncBehavior $file "/v1.0/users/$id"
                $written = $true
                $row = 0
            } catch {
                # One that was deleted meanwhile is no reason to stop; five in a row are.
                $failure = $_.Exception.Message
                $row++
                if ($row -ge 5) {
                    throw
                }
            }
        }
        # Whether Graph tells it of the bin is not documented: the first refusal ends it, and is no failure of the rest.
        try {
            foreach ($id in @(Get-SynchronisedId "/v1.0/directory/deletedItems/microsoft.graph.user?`$select=id,onPremisesSyncEnabled&`$top=500")) {
                Add-SyncBehavior $file "/v1.0/directory/deletedItems/$id/microsoft.graph.user"
                $written = $true
            }
        } catch {
            Write-Warning -Message "onPremisesSyncBehavior of deleted users: $($_.Exception.Message)"
        }
        if (-not $written) {
            Set-Content -LiteralPath $file -Value '[]' -Encoding utf8
        }
        Add-Entry 'syncBehaviour' $name ($null -eq $failure) $properties $failure $at
    } catch {
        $begun = $null
        if ($written) {
            $begun = $name
        }
        Add-Entry 'syncBehaviour' $begun $false $properties $_.Exception.Message $at
    }
}

function Save-Exchange {
    $null = Connect-ExchangeOnline -ShowBanner:$false
    $mailbox = @('ExchangeGuid', 'ArchiveGuid', 'ExternalDirectoryObjectId', 'DisplayName', 'Alias', 'UserPrincipalName',
        'MicrosoftOnlineServicesID', 'ImmutableId', 'PrimarySmtpAddress', 'EmailAddresses', 'LegacyExchangeDN',
        'RecipientTypeDetails', 'RemoteRecipientType', 'RecipientSoftDeletedStatus', 'IsInactiveMailbox',
        'WasInactiveMailbox', 'IsSoftDeletedByRemove', 'IsSoftDeletedByDisable', 'WhenSoftDeleted',
        'InactiveMailboxRetireTime', 'LitigationHoldEnabled', 'InPlaceHolds', 'DelayHoldApplied',
        'AutoExpandingArchiveEnabled', 'SKUAssigned', 'IsDirSynced', 'IsExchangeCloudManaged')
    Save-Objects 'mailboxes' 'mailboxes.json' { Get-EXOMailbox -ResultSize Unlimited -PropertySets All } $mailbox
    Save-Objects 'softDeletedMailboxes' 'mailboxes-soft-deleted.json' { Get-Mailbox -SoftDeletedMailbox -ResultSize Unlimited } $mailbox
    Save-Objects 'inactiveMailboxes' 'mailboxes-inactive.json' { Get-Mailbox -InactiveMailboxOnly -ResultSize Unlimited } $mailbox
}

function Save-SyncServer {
    Import-Module -Name ADSync
    Save-Objects 'scheduler' 'scheduler.json' { Get-ADSyncScheduler } @('AllowedSyncCycleInterval',
        'CurrentlyEffectiveSyncCycleInterval', 'CustomizedSyncCycleInterval', 'NextSyncCyclePolicyType',
        'NextSyncCycleStartTimeInUTC', 'PurgeRunHistoryInterval', 'SyncCycleEnabled', 'MaintenanceEnabled',
        'StagingModeEnabled', 'SchedulerSuspended', 'SyncCycleInProgress')
    Save-Objects 'runHistory' 'run-history.json' { Get-ADSyncRunProfileResult -NumberRequested 100 } @('RunHistoryId',
        'ConnectorId', 'ConnectorName', 'RunProfileName', 'Result', 'IsRunComplete', 'StartDate', 'EndDate')
    Save-Objects 'events' 'events.json' {
        $wanted = @{ LogName = 'Application'; ProviderName = 'Directory Synchronization'; Id = 116; StartTime = (Get-Date).AddDays(-30) }
        try {
            Get-WinEvent -FilterHashtable $wanted | Select-Object -Property Id, ProviderName, TimeCreated, RecordId
        } catch {
            # That there is none is an error for this cmdlet.
            if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') {
                throw
            }
        }
    } @('Id', 'ProviderName', 'TimeCreated', 'RecordId')
    $at = Get-UtcNow
    try {
        $settings = Get-ADSyncGlobalSettings
        $parameters = @($settings.Parameters | Where-Object { $_.Name -like 'Microsoft.*' } |
                ForEach-Object { New-Object PSObject -Property @{ Name = $_.Name; Value = [string]$_.Value } })
        $document = New-Object PSObject -Property @{ InstanceId = [string]$settings.InstanceId; Parameters = $parameters }
        ConvertTo-Json -InputObject @($document) -Depth 6 |
            Set-Content -LiteralPath (Join-Path -Path $folder -ChildPath 'global-settings.json') -Encoding utf8
        Add-Entry 'globalSettings' 'global-settings.json' $true @('InstanceId', 'Parameters') $null $at
    } catch {
        Add-Entry 'globalSettings' $null $false @() $_.Exception.Message $at
    }
    $configuration = Join-Path -Path $folder -ChildPath 'sync-configuration'
    $null = Get-ADSyncServerConfiguration -Path $configuration
}

# A part of it: what goes wrong is told, and the other parts are gathered all the same.
function Save-Part([string]$Name, [string]$Module, [string[]]$Datasets, [scriptblock]$Part) {
    $at = Get-UtcNow
    $failure = $null
    if (Get-Module -ListAvailable -Name $Module) {
        try {
            & $Part
        } catch {
            $failure = $_.Exception.Message
        }
    } else {
        $failure = "the module $Module is not on this computer"
    }
    if ($failure) {
        Write-Warning -Message "${Name}: $failure"
        $told = @($entries | ForEach-Object { $_.dataset })
        foreach ($dataset in @($Datasets | Where-Object { $told -notcontains $_ })) {
            Add-Entry $dataset $null $false @() $failure $at
        }
    }
}

$started = Get-UtcNow
if (-not $SkipGraph) {
    $wanted = @('users', 'deletedUsers', 'licensedGroups', 'domains', 'organisation', 'subscribedSkus', 'roleAssignments',
        'roleEligibility', 'roleDefinitions', 'syncFeatures')
    if (-not $SkipSyncBehavior) {
        $wanted += 'syncBehaviour'
    }
    Save-Part 'Microsoft Graph' 'Microsoft.Graph.Authentication' $wanted { Save-Graph }
}
if (-not $SkipExchange) {
    Save-Part 'Exchange Online' 'ExchangeOnlineManagement' @('mailboxes', 'softDeletedMailboxes', 'inactiveMailboxes') { Save-Exchange }
}
if (-not $SkipSyncServer) {
    Save-Part 'sync server' 'ADSync' @('scheduler', 'runHistory', 'events', 'globalSettings') { Save-SyncServer }
}

$manifest = New-Object PSObject -Property @{
    schema = 'adrecover/collector/v1'; script = $scriptVersion; at = $started; computer = $env:COMPUTERNAME
    powershell = $PSVersionTable.PSVersion.ToString(); files = @($entries)
}
ConvertTo-Json -InputObject $manifest -Depth 6 | Set-Content -LiteralPath (Join-Path -Path $folder -ChildPath 'manifest.json') -Encoding utf8
Write-Output -InputObject "gathered into $folder"
