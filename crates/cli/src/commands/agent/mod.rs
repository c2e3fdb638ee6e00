//! `adrecover agent`: keeps the change journal.

mod install;
mod run;
mod status;

use clap::Subcommand;

use crate::context::Ctx;
use crate::error::CliError;

/// Keeps the change journal of a forest, so that what a deletion takes can be given back
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Run(Box<run::Args>),
    Status(status::Args),
    Install(Box<install::Args>),
}

impl Args {
    /// Whether it is the service that is to run.
    #[cfg(windows)]
    pub(crate) fn is_service(&self) -> bool {
        matches!(&self.action, Action::Run(run) if run.service)
    }
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    match &args.action {
        Action::Run(args) => run::run(ctx, args).await,
        Action::Status(args) => status::run(ctx, args),
        Action::Install(args) => install::run(ctx, args),
    }
}
