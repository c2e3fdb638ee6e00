//! `adrecover man`.

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::error::CliError;
use crate::printer::Printer;

/// Prints the manual page, or writes a page for each command into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  adrecover man | man -l -
  adrecover man --out /usr/local/share/man/man1")]
pub(crate) struct Args {
    /// The folder to write the pages into; created if need be
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command; the result is the exit code.
pub(crate) fn run(printer: &Printer, args: &Args) -> Result<u8, CliError> {
    let mut root = Cli::command();
    root.build();
    match &args.out {
        None => printer.raw(&page(&root)?)?,
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|e| CliError::file("create", folder, &e))?;
            write(folder, &root)?;
        }
    }
    Ok(0)
}

fn page(command: &clap::Command) -> Result<String, CliError> {
    let mut text = vec![];
    Man::new(command.clone()).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The page of a command, and those of the commands below it.
fn write(folder: &Path, command: &clap::Command) -> Result<(), CliError> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, page(command)?).map_err(|e| CliError::file("write", &file, &e))?;
    command.get_subcommands().try_for_each(|command| write(folder, command))
}
