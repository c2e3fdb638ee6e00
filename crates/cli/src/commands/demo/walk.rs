//! Runs commands as a user would type them, and shows what they print.

use std::process::Stdio;

use adrecover_core::ObjectGuid;
use tokio::process::Command;

use super::page::Page;
use super::script;
use super::world::World;
use crate::args::Color;
use crate::context::Ctx;
use crate::error::CliError;

/// What of this process's environment the commands are given: how the terminal is used, and what Windows needs for a socket.
const INHERITED: [&str; 6] = ["TERM", "COLORTERM", "NO_COLOR", "TZ", "SystemRoot", "PATH"];

/// Shows the main job on a stand-in.
pub(super) async fn run(ctx: &Ctx, world: &World) -> Result<(), CliError> {
    let walk = Walk { ctx, world, page: Page::new(&ctx.printer) };
    if world.recycle_bin { script::with_bin(&walk).await } else { script::without_bin(&walk).await }
}

/// A walk through commands on a stand-in.
pub(super) struct Walk<'a> {
    /// The stand-in.
    pub(super) world: &'a World,
    /// Where it is told.
    pub(super) page: Page<'a>,
    ctx: &'a Ctx,
}

impl Walk<'_> {
    /// Says why, shows the command, and runs it. It has to end well.
    pub(super) async fn step(&self, why: &str, words: &[&str]) -> Result<(), CliError> {
        self.page.text(why)?;
        self.command(words).await
    }

    /// Shows a command and runs it. It has to end well.
    pub(super) async fn command(&self, words: &[&str]) -> Result<(), CliError> {
        self.page.command(words)?;
        let code = self.exit_code(words).await?;
        // Whether somebody still reads, before it is judged: who does not read on has not been failed.
        self.page.gap()?;
        if code == Some(0) {
            return Ok(());
        }
        let ended =
            code.map_or("was ended by a signal".to_owned(), |code| format!("ended with {code}, not 0"));
        Err(broken(words, &ended))
    }

    /// Insists that the last command left an object live, or deleted.
    pub(super) fn expect_live(&self, words: &[&str], guid: ObjectGuid, live: bool) -> Result<(), CliError> {
        let state = if live { "deleted" } else { "live" };
        if self.world.is_live(guid) == live {
            Ok(())
        } else {
            Err(broken(words, &format!("left {guid} {state}")))
        }
    }

    async fn exit_code(&self, words: &[&str]) -> Result<Option<i32>, CliError> {
        if self.ctx.stop.is_asked() {
            return Err(CliError::interrupted());
        }
        let failed = |e: std::io::Error| CliError::unexpected(format!("cannot run the program again: {e}"));
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(words).env_clear().current_dir(self.world.desk()).stdin(Stdio::null());
        command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        // Neither a password nor a profile of the user's own goes with them.
        command.envs(self.world.variables()).envs(self.output_variables());
        let mut child = command.kill_on_drop(true).spawn().map_err(failed)?;
        tokio::select! {
            biased;
            () = self.ctx.stop.asked() => {
                // The directory and the journal go with it: there is nothing that it could leave half done.
                child.kill().await.map_err(failed)?;
                Err(CliError::interrupted())
            }
            status = child.wait() => Ok(status.map_err(failed)?.code()),
        }
    }

    /// The output options of the demo, for its commands.
    fn output_variables(&self) -> Vec<(&'static str, String)> {
        let settings = &self.ctx.settings;
        let mut out = vec![];
        match settings.verbosity {
            ..0 => out.push(("ADRECOVER_QUIET", "true".to_owned())),
            0 => {}
            loud => out.push(("ADRECOVER_VERBOSE", loud.to_string())),
        }
        match settings.color {
            Color::Auto => {}
            Color::Always => out.push(("ADRECOVER_COLOR", "always".to_owned())),
            Color::Never => out.push(("ADRECOVER_COLOR", "never".to_owned())),
        }
        out
    }
}

fn broken(words: &[&str], what: &str) -> CliError {
    let step = super::page::command_line(words, usize::MAX);
    CliError::unexpected(format!("the step `{step}` {what}"))
        .hint("this is a defect of adrecover: please report it with the output above")
}
