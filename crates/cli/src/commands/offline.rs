//! `adrecover offline`: files that are directories, and what they differ in.

mod diff;
mod info;

use clap::Subcommand;

use crate::context::Ctx;
use crate::error::CliError;

const HELP: &str = "\
FILE is told by its content: an LDIF file, an AD Explorer snapshot, an ntds.dit, an archive of `samba-tool domain backup offline`, an event
log; each also compressed with gzip or bzip2. KIND:FILE (ldif:, adexplorer:, ntds:, samba:, evtx:) says what it must be. Nothing is ever
written into one.

Examples:
  adrecover offline info ntds.dit
  adrecover offline diff monday.ldf                      (against the directory, which is only read)
  adrecover offline diff monday.ldf friday.ldf --html week.html

docs/offline.md says what each kind of file tells, how it is made, and what has not been tried.";

/// Says what a file holds, and what changed since
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Info(info::Args),
    Diff(Box<diff::Args>),
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    match &args.action {
        Action::Info(args) => ctx.stop.unless_asked(info::run(ctx, args)).await,
        Action::Diff(args) => diff::run(ctx, args).await,
    }
}
