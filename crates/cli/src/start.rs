//! From the command line to a command, and from its result to the exit code.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::{Color, Format, GlobalArgs};
use crate::cli::{Cli, Command};
use crate::cmdlets;
use crate::commands::{
    agent, apply, cloud, completions, demo, doctor, guide, history, list, man, offline, operations,
    preflight, profile, recreate, restore, rollback, scope, show, undo,
};
use crate::config;
use crate::context::{Ctx, Service};
use crate::error::{CliError, Kind};
use crate::interrupt::Stop;
use crate::printer::Printer;
use crate::settings::Settings;

/// What the last panic said.
static PANICKED: Mutex<String> = Mutex::new(String::new());

/// Runs the program.
pub fn start() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        *PANICKED.lock().unwrap_or_else(PoisonError::into_inner) = info.to_string();
    }));
    let arguments = cmdlets::translated(std::env::args_os().collect());
    let printer = || Printer::new(format_of(&arguments), 0, Color::Auto);
    ExitCode::from(guarded(|| run(&arguments), printer))
}

/// Does the work; a panic is reported like any other failure.
pub(crate) fn guarded(work: impl FnOnce() -> u8, printer: impl FnOnce() -> Printer) -> u8 {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let what = PANICKED.lock().unwrap_or_else(PoisonError::into_inner).replace('\n', " ");
        let error = CliError::unexpected(format!("the program failed: {what}"))
            .hint("this is a defect of adrecover: please report it with the command that caused it");
        printer().error(&error);
        error.code()
    })
}

fn run(arguments: &[OsString]) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, format_of(arguments)),
    };
    #[cfg(windows)]
    if matches!(&cli.command, Command::Agent(args) if args.is_service()) {
        return crate::agent::windows::serve(cli);
    }
    carry_out(&cli, Stop::default(), None)
}

/// Does what the command line says, for a person or as a service; the result is the exit code.
pub(crate) fn carry_out(cli: &Cli, stop: Stop, service: Option<Service>) -> u8 {
    let given = &cli.global;
    let printer_of = |format: Format, verbosity: i8, color: Color| match &service {
        Some(service) => Printer::of_service(&service.log, verbosity),
        None => Printer::new(format, verbosity, color),
    };
    let early = printer_of(given.output.unwrap_or_default(), 0, given.color.unwrap_or_default());
    // These need neither a server nor settings, so a broken profile must not stop them.
    let local = match &cli.command {
        Command::Completions(args) => Some(completions::run(&early, args)),
        Command::Man(args) => Some(man::run(&early, args)),
        Command::Profile(args) if !args.connects() => Some(profile::run(&early, given, args)),
        _ => None,
    };
    if let Some(result) = local {
        return finish(&early, result);
    }
    let settings = match &cli.command {
        // It has a server of its own: what leads to another one, or how to log on there, must not concern it.
        Command::Demo(_) => Settings::resolve(&given.of_output(), None),
        // Of the profile that is to be tested.
        Command::Profile(args) if args.tested().is_some() => {
            let named = GlobalArgs { profile: args.tested().map(str::to_owned), ..given.clone() };
            config::profile(&named).and_then(|profile| Settings::resolve(given, profile.as_ref()))
        }
        _ => config::profile(given).and_then(|profile| Settings::resolve(given, profile.as_ref())),
    };
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return finish(&early, Err(error)),
    };
    let printer = Arc::new(printer_of(settings.output, settings.verbosity, settings.color));
    // One thread for everything but Ctrl-C: handing every entry of a long list from one to another costs more than it
    // gains, because it is the server that is waited for.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return finish(&printer, Err(CliError::unexpected(format!("cannot start: {error}")))),
    };
    #[expect(clippy::disallowed_methods, reason = "the clock is read here and passed on")]
    let now = chrono::Utc::now();
    let typed = OnceLock::new();
    let ctx = Ctx { settings, printer: Arc::clone(&printer), now, stop, typed, service };
    let result = runtime.block_on(dispatch(&ctx, &cli.command));
    // A thread may still wait for a name to be resolved.
    runtime.shutdown_background();
    finish(&printer, result)
}

async fn dispatch(ctx: &Ctx, command: &Command) -> Result<u8, CliError> {
    match command {
        Command::List(args) => ctx.stop.unless_asked(list::run(ctx, args)).await,
        Command::Show(args) => ctx.stop.unless_asked(show::run(ctx, args)).await,
        Command::Restore(args) => restore::run(ctx, args).await,
        Command::Apply(args) => apply::run(ctx, args).await,
        Command::Operations(args) => operations::run(ctx, args).await,
        Command::Undo(args) => undo::run(ctx, args).await,
        Command::History(args) => history::run(ctx, args),
        Command::Recreate(args) => recreate::run(ctx, args).await,
        Command::Rollback(args) => rollback::run(ctx, args).await,
        Command::Offline(args) => offline::run(ctx, args).await,
        Command::Doctor(args) => doctor::run(ctx, args).await,
        Command::Scope(args) => ctx.stop.unless_asked(scope::run(ctx, args)).await,
        Command::Demo(args) => demo::run(ctx, args).await,
        Command::Preflight(args) => preflight::run(ctx, args).await,
        Command::Guide(args) => ctx.stop.unless_asked(guide::run(ctx, args)).await,
        Command::Cloud(args) => cloud::run(ctx, args).await,
        Command::Profile(_) => ctx.stop.unless_asked(profile::test(ctx)).await,
        Command::Agent(args) => agent::run(ctx, args).await,
        Command::Completions(args) => completions::run(&ctx.printer, args),
        Command::Man(args) => man::run(&ctx.printer, args),
    }
}

fn finish(printer: &Printer, result: Result<u8, CliError>) -> u8 {
    let flushed = |code: u8| printer.flush().map(|()| code);
    match result.and_then(flushed) {
        Ok(code) => code,
        Err(error) => {
            printer.error(&error);
            error.code()
        }
    }
}

/// Reports what clap says: help and version are data, the rest is wrong usage.
fn usage(error: &clap::Error, format: Format) -> u8 {
    let printer = Printer::new(format, 0, Color::Auto);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.render();
            let shown = if printer.is_colored() { text.ansi().to_string() } else { text.to_string() };
            finish(&printer, printer.raw(&shown).map(|()| 0))
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if format != Format::Json => {
            printer.note(error.render().to_string());
            Kind::Usage.code()
        }
        _ => {
            let error = of_clap(error);
            printer.error(&error);
            error.code()
        }
    }
}

/// The message of a clap error and, as hint, its tips and the usage line.
fn of_clap(error: &clap::Error) -> CliError {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return CliError::usage("a command is missing").hint("`adrecover --help` lists the commands");
    }
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message).trim_end().to_owned();
    let hints: Vec<&str> = paragraphs
        .map(str::trim)
        .filter(|p| !p.is_empty() && !p.starts_with("For more information"))
        .map(|p| p.strip_prefix("tip: ").unwrap_or(p))
        .collect();
    let error = CliError::usage(message);
    if hints.is_empty() { error } else { error.hint(hints.join("\n")) }
}

/// The form of the output as far as it can be told where the command line does not parse.
fn format_of(arguments: &[OsString]) -> Format {
    let words: Vec<&str> = arguments.iter().filter_map(|a| a.to_str()).take_while(|a| *a != "--").collect();
    let mut asked = None;
    for (i, word) in words.iter().enumerate() {
        let value = match *word {
            "-o" | "--output" => words.get(i + 1).copied(),
            w => w
                .strip_prefix("--output=")
                .or_else(|| w.strip_prefix("-o").map(|v| v.trim_start_matches('='))),
        };
        asked = value.or(asked);
    }
    let variable = std::env::var("ADRECOVER_OUTPUT").ok();
    match asked.or(variable.as_deref()) {
        Some("json") => Format::Json,
        Some("jsonl") => Format::Jsonl,
        Some("csv") => Format::Csv,
        _ => Format::Table,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// `global` options reach every command: one of the same id would silently share its value.
    #[test]
    fn no_command_takes_an_id_or_a_name_of_the_global_options() {
        let root = Cli::command();
        let global: Vec<&clap::Arg> = root.get_arguments().filter(|a| a.is_global_set()).collect();
        let ids: HashSet<&str> = global.iter().map(|a| a.get_id().as_str()).collect();
        let longs: HashSet<&str> = global.iter().filter_map(|a| a.get_long()).collect();
        assert!(longs.contains("user") && longs.len() > 10);
        let nested = root.get_subcommands().flat_map(|command| command.get_subcommands());
        for command in root.get_subcommands().chain(nested) {
            for arg in command.get_arguments() {
                let (id, name) = (arg.get_id().as_str(), command.get_name());
                assert!(!ids.contains(id), "{name}: {id}");
                assert!(arg.get_long().is_none_or(|long| !longs.contains(long)), "{name}: {id}");
                assert!(arg.get_help().is_some(), "{name}: {id} has no help");
                // The cloud, the server of the synchronisation and the change journal are connections, of those commands that make one.
                let connections =
                    [crate::cloud::HEADING, crate::recovery::SERVER_HEADING, crate::journal::HEADING];
                if arg.get_help_heading().is_some_and(|heading| connections.contains(&heading)) {
                    has_variable(arg);
                } else {
                    assert!(arg.get_env().is_none(), "{name}: {id} acts and must have no variable");
                }
            }
        }
    }

    /// Every global option has a variable, so that a profile or a script can do without arguments.
    #[test]
    fn every_global_option_has_a_variable() {
        Cli::command().get_arguments().filter(|a| a.is_global_set()).for_each(has_variable);
    }

    fn has_variable(arg: &clap::Arg) {
        let long = arg.get_long().unwrap_or_default();
        let variable = format!("ADRECOVER_{}", long.to_uppercase().replace('-', "_"));
        assert_eq!(arg.get_env().and_then(|v| v.to_str()), Some(variable.as_str()), "{long}");
    }

    #[test]
    fn the_form_is_known_before_the_arguments_are() {
        let format = |words: &[&str]| format_of(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(format(&["adrecover", "-o", "json", "--nonsense"]), Format::Json);
        assert_eq!(format(&["adrecover", "list", "--output=csv"]), Format::Csv);
        assert_eq!(format(&["adrecover", "-ojsonl"]), Format::Jsonl);
        assert_eq!(format(&["adrecover", "--", "-o", "json"]), Format::Table);
    }

    #[test]
    fn wrong_usage_has_a_message_and_a_hint() {
        let error = Cli::try_parse_from(["adrecover", "lst"]).unwrap_err();
        let error = of_clap(&error);
        assert!(error.message.contains("lst") && error.code() == 2, "{error:?}");
        assert!(error.hint.unwrap().contains("Usage"));
    }
}
