//! `adrecover agent install`: makes a service of the agent.

#[cfg(not(windows))]
mod systemd;
#[cfg(windows)]
mod windows;

use std::path::PathBuf;

#[cfg(not(windows))]
use self::systemd as manager;
#[cfg(windows)]
use self::windows as manager;
use crate::agent::{AlertArgs, KeepArgs};
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::journal::{JournalArgs, Keeping};

/// Makes a service of the agent: a unit of systemd, or a service of Windows
#[derive(Debug, clap::Args)]
#[command(after_help = manager::HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    manager: manager::ManagerArgs,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    /// Show it and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    #[command(flatten)]
    keep: KeepArgs,
    #[command(flatten)]
    alerts: AlertArgs,
    #[command(flatten)]
    journal: JournalArgs,
}

/// Runs the command; the result is the exit code.
pub(super) fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    manager::run(ctx, args)
}

/// This program, and the journal. What does not fit is said now, and not by the service.
fn checked(ctx: &Ctx, args: &Args) -> Result<(PathBuf, Keeping), CliError> {
    let program = std::env::current_exe()
        .map_err(|error| CliError::unexpected(format!("cannot tell where this program is: {error}")))?;
    let keeping = args.journal.resolve(&ctx.settings, &ctx.printer)?;
    args.keep.resolve(&args.alerts, &keeping, (false, false))?;
    Ok((program, keeping))
}

fn confirm(ctx: &Ctx, args: &Args, question: &str) -> Result<(), CliError> {
    if args.yes {
        return Ok(());
    }
    match ctx.printer.ask(question)?.as_deref() {
        Some("y" | "Y" | "yes") => Ok(()),
        Some(_) => Err(CliError::new(Kind::Declined, "nothing was changed")),
        None => Err(CliError::new(Kind::Declined, "nobody is there to answer, so nothing was changed")
            .hint("give --yes to do it, or --dry-run to see it")),
    }
}
