//! `adrecover completions`.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::error::CliError;
use crate::printer::Printer;

/// Prints a script that completes adrecover's arguments in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  adrecover completions bash > /etc/bash_completion.d/adrecover
  adrecover completions powershell >> $PROFILE")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Runs the command; the result is the exit code.
pub(crate) fn run(printer: &Printer, args: &Args) -> Result<u8, CliError> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Cli::command(), "adrecover", &mut script);
    printer.raw(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
