//! The whole command line: every command with the options of all.

use clap::{Parser, Subcommand};

use crate::args::GlobalArgs;
use crate::commands::{
    agent, apply, cloud, completions, demo, doctor, guide, history, list, man, offline, operations,
    preflight, profile, recreate, restore, rollback, scope, show, undo,
};

/// Finds and restores deleted objects of an Active Directory
#[derive(Debug, Parser)]
#[command(name = "adrecover", version, max_term_width = 110, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The options of every command.
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

const EXAMPLES: &str = "\
Every connection and output option has a variable (ADRECOVER_SERVER for --server, and so on) and, but for --config and --profile, a \
key in a profile of config.toml. Options win over variables, and variables over the profile.

Examples:
  adrecover --server ldaps://dc1.contoso.com --user admin@contoso.com list UserA
  adrecover restore --guid 3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f --dry-run

Exit codes:
  0  done            4  nothing matched      8  cannot be restored      12  damaged input
  1  unexpected      5  several matched      9  declined               130  interrupted
  2  wrong usage     6  blocked by a check  10  unreachable
  3  done in part    7  plan is stale       11  access denied";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(Box<list::Args>),
    Show(Box<show::Args>),
    Restore(Box<restore::Args>),
    Recreate(Box<recreate::Args>),
    Apply(Box<apply::Args>),
    Operations(Box<operations::Args>),
    Undo(Box<undo::Args>),
    History(Box<history::Args>),
    Rollback(Box<rollback::Args>),
    Offline(Box<offline::Args>),
    Doctor(Box<doctor::Args>),
    Scope(scope::Args),
    Preflight(Box<preflight::Args>),
    Guide(Box<guide::Args>),
    Cloud(Box<cloud::Args>),
    Agent(Box<agent::Args>),
    Profile(profile::Args),
    Demo(demo::Args),
    Completions(completions::Args),
    Man(man::Args),
}
