//! `adrecover agent run`: reads what changes, and keeps it.

use adrecover_agent::{Agent, Ended};

use crate::agent::{AlertArgs, KeepArgs, ProgramWorld, setup};
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::JournalArgs;

const HELP: &str = "\
All naming contexts of one domain controller are read as a whole once, and then what changes in them. Nothing is changed in the
directory, and no secret is read. Ctrl-C or the termination signal ends it; what is in the journal then holds, and the next start
goes on from there. docs/agent.md says which rights it needs.

Examples:
  adrecover agent run --server ldaps://dc1.contoso.com --user agent@contoso.com --password-file /etc/adrecover/password
  adrecover agent run --watch OU=Staff,DC=contoso,DC=com --watch-privileged --alert-syslog
  adrecover agent run --once                            (for a scheduler)

Exit codes: 0 when it was stopped, or with --once when everything was read; 3 with --once when a part was not read, 10 with --once when
there was no connection; 2 when another agent writes the journal, 11 when its database refuses it, 12 when it is damaged again and again.";

/// Reads what changes in the directory and keeps it, until it is stopped
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// End after one pass, for a scheduler
    #[arg(long)]
    once: bool,
    /// Read everything as a whole first and compare it, though there is a place to go on from: after a right was granted, or in doubt
    #[arg(long)]
    full: bool,
    /// Run below the service control manager of Windows, which `agent install` registers it with
    #[arg(long, hide = !cfg!(windows), conflicts_with = "once")]
    pub(super) service: bool,
    #[command(flatten)]
    keep: KeepArgs,
    #[command(flatten)]
    alerts: AlertArgs,
    #[command(flatten)]
    journal: JournalArgs,
}

/// Runs the command; the result is the exit code.
pub(super) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    if args.service && ctx.service.is_none() {
        return Err(CliError::usage("--service is for the service control manager of Windows")
            .hint("leave it out; systemd needs no such word"));
    }
    let keeping = args.journal.resolve(&ctx.settings, &ctx.printer)?;
    let options = args.keep.resolve(&args.alerts, &keeping, (args.once, args.full))?;
    let setup = setup(ctx, &args.keep, &args.alerts)?;
    let mut world = ProgramWorld::new(ctx, keeping, args.keep.max_size);
    let agent = Agent::new(&mut world, options, setup);
    let mut agent = agent.map_err(|error| CliError::unexpected(format!("cannot start: {error}")))?;
    let result = tokio::select! {
        biased;
        () = ctx.stop.asked() => Ok(0),
        ended = agent.run() => ended.map(|ended| match ended {
            Ended::Once(failed) if failed.is_empty() => 0,
            Ended::Once(_) => 3,
        }),
    };
    agent.end();
    result
}
