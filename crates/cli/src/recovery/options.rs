//! Who holds and runs the synchronisation, and how long the cloud is waited for.

use std::time::Duration;

use adrecover_hybrid::recovery::Wishes;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::server::SyncServer;
use crate::error::CliError;
use crate::settings::Settings;

/// The heading of these options in the help.
const HEADING: &str = "Back into the cloud";

/// The heading of the connection to the server of the synchronisation.
pub(crate) const SERVER_HEADING: &str = "The server of the synchronisation";

/// How the server of the synchronisation is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Through {
    /// By ssh, which starts Windows PowerShell there
    #[default]
    Ssh,
    /// By PowerShell on this computer: Invoke-Command, or itself where the server is `localhost`
    Powershell,
}

/// Where the synchronisation runs. Each has a variable and a key in a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct SyncArgs {
    /// The server of Entra Connect
    #[arg(long, value_name = "HOST", env = "ADRECOVER_SYNC_SERVER", hide_env = true, help_heading = SERVER_HEADING)]
    pub(crate) sync_server: Option<String>,
    /// How that server is reached [default: ssh]
    #[arg(long, value_name = "WAY", env = "ADRECOVER_SYNC_THROUGH", hide_env = true, help_heading = SERVER_HEADING)]
    pub(crate) sync_through: Option<Through>,
}

/// What happens between the directory and the cloud.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RecoveryArgs {
    /// Hold, let go and run the synchronisation on its server, instead of leaving that to a person
    #[arg(long, help_heading = HEADING)]
    pub(crate) run_sync: bool,
    #[command(flatten)]
    sync: SyncArgs,
    /// Give the licences again that a user had and has not any more, where that is safe (--cloud graph)
    #[arg(long, help_heading = HEADING)]
    assign_licences: bool,
    /// How long to wait for the cloud user to come back, where Graph is asked; 0 looks once
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=1440),
          help_heading = HEADING)]
    wait: u16,
}

impl RecoveryArgs {
    /// The server whose synchronisation is run, where this is asked for.
    pub(crate) fn server(&self, settings: &Settings) -> Result<Option<SyncServer>, CliError> {
        if !self.run_sync {
            return Ok(None);
        }
        let host = self.sync.sync_server.as_ref().or(settings.sync.sync_server.as_ref());
        let host = host.map(|host| host.trim()).filter(|host| !host.is_empty()).ok_or_else(|| {
            CliError::usage("--run-sync: which server runs the synchronisation is not said")
                .hint("--sync-server HOST, ADRECOVER_SYNC_SERVER, or the key sync-server of a profile")
        })?;
        let through = self.sync.sync_through.or(settings.sync.sync_through).unwrap_or_default();
        SyncServer::new(host, through).map(Some)
    }

    /// The wishes for a plan.
    pub(crate) fn wishes(&self, settings: &Settings, holds_users: bool) -> Result<Wishes, CliError> {
        let server = self.server(settings)?.map(|server| server.to_string());
        Ok(Wishes { server, holds_users, gives_licences: self.assign_licences })
    }

    /// How long to wait for the cloud.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.wait) * 60)
    }
}
