//! `adrecover agent run`: reads what changes, and keeps it.

use std::time::Duration;

use adrecover_agent::{Agent, AgentOptions, Ended};

use crate::agent::ProgramWorld;
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::JournalArgs;

const HELP: &str = "\
All naming contexts of one domain controller are read as a whole once, and then what changes in them. Nothing is changed in the
directory, and no secret is read. Ctrl-C or the termination signal ends it; what is in the journal then holds, and the next start
goes on from there.

Exit codes: 0 when it was stopped, or with --once when everything was read; with --once 3 when a part was not, 10 when there was no
connection; 12 when the journal is damaged again and again, 2 when another agent writes it.";

/// Reads what changes in the directory and keeps it, until it is stopped
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    journal: JournalArgs,
    /// End after one pass, for a scheduler
    #[arg(long)]
    once: bool,
    /// How long to wait at most before looking again; a domain controller that tells of changes is asked at once
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    interval: Duration,
    /// For how many days changes are kept; 0 for ever. What is needed to undo a deletion is kept as long as the directory remembers it
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    keep_days: u32,
    /// How many changes of each object are kept; 0 for all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    keep_changes: u32,
    /// The most room that the journal's file may take, such as 2G [default: what there is]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,
}

/// Runs the command; the result is the exit code.
pub(super) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let keeping = args.journal.resolve(&ctx.settings)?;
    let options = AgentOptions {
        once: args.once,
        interval: args.interval,
        keep_days: args.keep_days,
        keep_changes: args.keep_changes,
        ..AgentOptions::default()
    };
    let mut world = ProgramWorld::new(ctx, keeping, args.max_size);
    let mut agent = Agent::new(&mut world, options);
    tokio::select! {
        biased;
        () = ctx.stop.asked() => Ok(0),
        ended = agent.run() => match ended? {
            Ended::Once(failed) => Ok(if failed.is_empty() { 0 } else { 3 }),
        },
    }
}

/// A time such as `30s`, `10m`, `2h`.
fn time(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is no time: write it as 30s, 10m or 2h");
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| bad())?;
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(bad()),
    };
    let seconds = number.checked_mul(unit).filter(|seconds| (1..=366 * 86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(bad)
}

/// A size such as `500M` or `2G`.
fn size(text: &str) -> Result<u64, String> {
    let bad = || format!("`{text}` is no size: write it as 500M or 2G");
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| bad())?;
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(bad()),
    };
    number.checked_mul(1 << shift).filter(|size| *size >= 1 << 20).ok_or_else(bad)
}
