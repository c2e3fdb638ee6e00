//! `adrecover demo`: the main job on an Active Directory in memory, for somebody who has none at hand.
//!
//! The directory is `adrecover-simdc`, a stand-in for a domain controller. Nothing but this module uses it.

mod page;
mod place;
mod random;
mod script;
mod serve;
mod walk;
mod world;

use self::world::World;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::{CliError, Kind};

/// Shows the main job on an Active Directory in memory, or leaves that running to try
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The directory is a stand-in for a domain controller: it runs inside the program, on a loopback address, and speaks \
LDAP as the specification of Active Directory says. No server of yours is asked, whatever the settings name. Everything \
that the demo writes is in a temporary folder, which is removed at the end; only the system's log is told of each \
write, as by every run.

Examples:
  adrecover demo
  adrecover demo --recycle-bin
  adrecover demo --serve")]
pub(crate) struct Args {
    /// Do not show anything: leave the directory running until Ctrl-C, and say how to connect
    #[arg(long)]
    serve: bool,
    /// With the Recycle Bin on; the default of --serve, else both are shown
    #[arg(long)]
    recycle_bin: bool,
    /// With the Recycle Bin off: what is deleted is a tombstone
    #[arg(long, conflicts_with = "recycle_bin")]
    no_recycle_bin: bool,
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    if ctx.settings.output != Format::Table {
        return Err(CliError::usage("the demo is text for people: it cannot be had with -o json, jsonl or csv")
            .hint("leave out -o and the variable ADRECOVER_OUTPUT; the commands of `adrecover demo --serve` have it"));
    }
    ctx.stop.watch(&ctx.printer);
    if ctx.printer.width.is_some() || ctx.printer.errors_to_terminal() {
        ctx.stop.watch_terminal();
    }
    let worlds: &[bool] = match (args.recycle_bin, args.no_recycle_bin) {
        (true, _) => &[true],
        (_, true) => &[false],
        _ if args.serve => &[true],
        _ => &[false, true],
    };
    if !args.serve {
        script::introduction(&ctx.printer)?;
    }
    for recycle_bin in worlds {
        ctx.printer.detail(1, "making the directory");
        let world = World::start(*recycle_bin).await?;
        let result = if args.serve { serve::run(ctx, &world).await } else { walk::run(ctx, &world).await };
        // Whatever went wrong, nothing is left.
        world.end(&ctx.printer);
        match result {
            Err(error) if error.kind == Kind::Interrupted => return Ok(Kind::Interrupted.code()),
            result => result?,
        }
    }
    if !args.serve {
        script::farewell(&ctx.printer)?;
    }
    Ok(0)
}
