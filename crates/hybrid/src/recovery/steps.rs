//! The steps beyond the directory.

use adrecover_core::plan::{Action, Step, Undo};
use adrecover_core::powershell::{Letters, quoted};
use adrecover_core::recovery::{Awaited, CloudChange, Grant, Hand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::checks::{Case, CloudObject};
use crate::evidence::{Known, Mailbox, MailboxState, User};
use crate::graph::{Change, LicenceGrant, ProxyConflict};
use crate::scope::SyncScope;
use crate::scope::model::Engine;

/// What is asked of the server of Entra Connect. (learn.microsoft.com: how-to-connect-sync-feature-scheduler)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncCommand {
    /// No cycle begins any more.
    Hold,
    /// Cycles begin again.
    Release,
    /// One cycle, of what has changed.
    Delta,
}

impl SyncCommand {
    /// The command, in PowerShell.
    pub fn powershell(self) -> &'static str {
        match self {
            Self::Hold => "Set-ADSyncScheduler -SyncCycleEnabled $false",
            Self::Release => "Set-ADSyncScheduler -SyncCycleEnabled $true",
            Self::Delta => "Start-ADSyncSyncCycle -PolicyType Delta",
        }
    }

    /// The same as a script that a program can run: it fails where the command does, waits for a cycle that is under way (a quarter of
    /// an hour at most), and a cycle that it begins has ended when it ends.
    pub fn script(self) -> String {
        const UNTIL_IDLE: &str = "$until = (Get-Date).AddMinutes(15)\n\
            while ((Get-ADSyncScheduler).SyncCycleInProgress) {\n\
            \x20   if ((Get-Date) -gt $until) { throw 'a cycle of the synchronisation is under way and does not end' }\n\
            \x20   Start-Sleep -Seconds 5\n\
            }\n";
        let (before, after) = match self {
            Self::Hold => ("", UNTIL_IDLE),
            Self::Release => ("", ""),
            Self::Delta => (UNTIL_IDLE, UNTIL_IDLE),
        };
        // A cycle shows as under way only a moment after it was asked for.
        let pause = if self == Self::Delta { "Start-Sleep -Seconds 5\n" } else { "" };
        format!(
            "$ErrorActionPreference = 'Stop'\nImport-Module ADSync\n{before}{} | Out-Null\n{pause}{after}",
            self.powershell()
        )
    }

    /// The command that a step is carried out with, where it is one of the synchronisation.
    pub fn of(action: &Action) -> Option<Self> {
        match action {
            Action::HoldSync { .. } => Some(Self::Hold),
            Action::ReleaseSync { .. } => Some(Self::Release),
            Action::RunSync { .. } => Some(Self::Delta),
            _ => None,
        }
    }
}

/// What is asked of Graph for a step, where it is one of the cloud.
pub fn change_of(action: &Action) -> Option<Change> {
    Some(match action {
        Action::CloudRestore { user, user_principal_name, without_taken_addresses } => Change::RestoreUser {
            id: *user,
            new_user_principal_name: user_principal_name.clone(),
            proxy_conflict: match without_taken_addresses {
                true => ProxyConflict::RemoveFromRestored,
                false => ProxyConflict::Refuse,
            },
        },
        Action::CloudUpdate { user, change: CloudChange::Licences { add } } => {
            let grant =
                |grant: &Grant| LicenceGrant { sku_id: grant.product, disabled_plans: grant.without.clone() };
            Change::AssignLicences { id: *user, add: add.iter().map(grant).collect(), remove: vec![] }
        }
        Action::CloudUpdate { user, change: CloudChange::UsageLocation { country } } => {
            Change::SetUsageLocation { id: *user, country: country.clone() }
        }
        _ => return None,
    })
}

/// A script as `powershell -EncodedCommand` takes it: no shell on the way makes anything else of it.
pub fn encoded(script: &str) -> String {
    let octets: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    STANDARD.encode(octets)
}

/// What somebody wants of the way back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The server whose synchronisation this program holds, lets go and runs; `None` leaves that to a person.
    pub server: Option<String>,
    /// Whether each user is held by an attribute instead.
    pub holds_users: bool,
    /// Whether licences that a user had and has not any more are given again.
    pub gives_licences: bool,
}

/// The steps that are there once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfAll {
    /// Before the first object.
    pub hold: Option<Step>,
    /// After the last one: let go, and run.
    pub afterwards: Vec<Step>,
}

const HALF_RESTORED: &str = "a half-restored user must not be synchronised";
const UNTIL_THEN: &str = "until then nothing of the directory reaches the cloud";
const CLOUD_SYNC: &str = "in the Entra admin centre: Cloud Sync, the configuration, ";

/// How the synchronisation is held, let go and run.
pub fn of_all(scope: Option<&SyncScope>, wishes: &Wishes) -> OfAll {
    let engines: Vec<Engine> =
        scope.iter().flat_map(|scope| &scope.connectors).map(|connector| connector.engine).collect();
    let has_cloud_sync = engines.contains(&Engine::CloudSync);
    let has_connect = engines.is_empty() || engines.contains(&Engine::ConnectSync);
    // A command on the server of Entra Connect does nothing about Cloud Sync.
    let server = wishes.server.as_ref().filter(|_| !has_cloud_sync);
    let hand = if server.is_some() { Hand::Command } else { Hand::Person };
    let place = server.map_or_else(|| "on its server".to_owned(), |server| format!("on {server}"));
    let text = |when: &str, command: SyncCommand, cloud_sync: &str| {
        let connect = has_connect.then(|| format!("{place}{when}: {}", command.powershell()));
        let cloud_sync = has_cloud_sync.then(|| format!("{CLOUD_SYNC}{cloud_sync}{when}"));
        connect.into_iter().chain(cloud_sync).collect::<Vec<_>>().join("; ")
    };
    let when = |text: &'static str| if hand == Hand::Person { text } else { "" };
    let hold = (!wishes.holds_users).then(|| {
        let text =
            text(when(", before anything is restored"), SyncCommand::Hold, "Disable (or Pause provisioning)");
        step(Action::HoldSync { text, hand: hand.clone() }, HALF_RESTORED)
    });
    let mut afterwards = vec![];
    let ready = when(", when `adrecover preflight` says ready");
    if !wishes.holds_users {
        let text = text(ready, SyncCommand::Release, "Enable");
        afterwards.push(step(Action::ReleaseSync { text, hand: hand.clone() }, UNTIL_THEN));
    }
    let text = text(ready, SyncCommand::Delta, "Provision on demand, or wait for the next cycle");
    afterwards.push(step(
        Action::RunSync { text, hand },
        "it takes the users to the cloud now instead of within 30 minutes",
    ));
    OfAll { hold, afterwards }
}

/// What one user goes through after the directory. `held` are the values that the filtering attribute gets when the user is let go,
/// where it is held by that.
pub fn of_user(case: &Case<'_>, held: Option<&Hand>, wishes: &Wishes) -> Vec<Step> {
    let mut steps =
        vec![step(Action::Preflight, "what would go wrong is easier to mend before the synchronisation")];
    if let Some(hand) = held {
        let text = "the attribute that it is left out by gets its own values again".to_owned();
        steps.push(step(Action::ReleaseSync { text, hand: hand.clone() }, UNTIL_THEN));
    }
    let (Known::Value(anchor), false) = (&case.anchor, matches!(case.cloud, CloudObject::NoEvidence)) else {
        return steps;
    };
    let user = case.cloud_user();
    let id = user.and_then(|user| user.id().value());
    let awaited = Awaited::CloudUser { anchor: anchor.clone(), user: id };
    let text = "looked for in Graph (--cloud graph), or in an export that is made after the synchronisation";
    steps.push(step(
        Action::Wait { awaited, text: text.to_owned() },
        "a second cloud user would be worse than none",
    ));
    steps.extend(user.and_then(|user| licence(case, user, anchor, wishes)));
    steps.extend(mailbox(case, anchor));
    steps
}

/// The licences that were given to a user itself: those of groups come back with the groups.
fn own_licences(user: User<'_>) -> Vec<Grant> {
    let states = user.licence_states().value();
    let is_own = |product: &str| match &states {
        Some(states) => {
            states.iter().any(|state| state.by_group.is_none() && state.sku_id.eq_ignore_ascii_case(product))
        }
        None => true,
    };
    let all = user.licences().value().unwrap_or_default();
    let own = all.iter().filter(|licence| is_own(licence.sku_id)).filter_map(|licence| {
        let without = licence.disabled_plans().filter_map(|id| id.parse().ok()).collect();
        Some(Grant { product: licence.sku_id.parse().ok()?, without })
    });
    let mut own: Vec<Grant> = own.collect();
    own.sort();
    own.dedup();
    own
}

fn licence(case: &Case<'_>, user: User<'_>, anchor: &str, wishes: &Wishes) -> Option<Step> {
    let grants = own_licences(user);
    let id = user.id().value()?;
    if grants.is_empty() || !user.is_deleted() {
        return None;
    }
    let why = "it had them when it was deleted, and comes back with them where there are seats";
    // A licence makes a new mailbox where the old one does not belong to this very user, and the old one is lost then.
    let is_safe = case.mailboxes().is_none_or(|found| {
        found.found.iter().all(|mailbox| is_own(*mailbox, id))
            && (!found.found.is_empty() || found.gaps.is_empty())
    });
    if wishes.gives_licences && is_safe {
        return Some(step(
            Action::CloudUpdate { user: id, change: CloudChange::Licences { add: grants } },
            why,
        ));
    }
    let products: Vec<Uuid> = grants.iter().map(|grant| grant.product).collect();
    let list = products.iter().map(|id| format!("@{{SkuId='{id}'}}")).collect::<Vec<_>>().join(", ");
    let text = if is_safe {
        format!(
            "where one is missing: Set-MgUserLicense -UserId {id} -AddLicenses @({list}) -RemoveLicenses @()"
        )
    } else {
        "give none by hand before `adrecover guide` has said so: a licence makes a new mailbox where the old one is not this user's, and the old one is lost".to_owned()
    };
    let awaited = Awaited::Licences { anchor: anchor.to_owned(), products };
    Some(step(Action::Wait { awaited, text }, why))
}

fn is_own(mailbox: Mailbox<'_>, id: Uuid) -> bool {
    mailbox.external_directory_object_id() == Known::Value(id)
}

/// The mailbox that the user had. One that is live and its own stays as it is.
fn mailbox(case: &Case<'_>, anchor: &str) -> Option<Step> {
    let mailbox = case.mailboxes()?.first()?;
    let exchange_guid = mailbox.exchange_guid().value();
    let by = exchange_guid.map_or_else(
        || mailbox.primary_smtp().value().map(str::to_owned).unwrap_or_default(),
        |guid| guid.to_string(),
    );
    let text = match mailbox.state() {
        Known::Value(MailboxState::Live) => format!(
            "Get-EXOMailbox -Identity {} shows it; give the export with --mailboxes",
            quoted(&by, Letters::Kept)
        ),
        _ => "it is connected again within an hour of the user's return; export the mailboxes then and give them with --mailboxes; where it is not: `adrecover guide`".to_owned(),
    };
    let awaited = Awaited::Mailbox { anchor: anchor.to_owned(), exchange_guid };
    Some(step(Action::Wait { awaited, text }, "the user without its mailbox is half a recovery"))
}

fn step(action: Action, why: &str) -> Step {
    Step { action, why: why.to_owned(), already: false, undo: Undo::Nothing }
}
