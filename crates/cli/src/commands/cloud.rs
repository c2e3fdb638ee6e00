//! `adrecover cloud`: what Entra ID holds of a user, asked of Microsoft Graph.

mod conflicts;
pub(crate) mod restore;
mod show;

use adrecover_core::text::printable;
use adrecover_hybrid::cloud::{Claimant, Look, Unanswered};
use adrecover_hybrid::graph::{Client, Key};
use clap::Subcommand;

use crate::args::Format;
use crate::cloud::{self, GraphArgs};
use crate::context::Ctx;
use crate::error::{Candidate, CliError, Kind};
use crate::printer::Printer;

const HELP: &str = "\
USER is a UPN, an address, an object id of Entra ID, an objectGUID, a source anchor, a SID or an account name. No domain controller is
asked, and only `restore` changes something.

Examples:
  adrecover cloud show usera@contoso.com --tenant contoso.onmicrosoft.com --client-id 11111111-2222-3333-4444-555555555555 \\
      --client-certificate app.pem
  adrecover cloud conflicts usera@contoso.com          (the rest from a profile)

docs/cloud.md says how an app is registered, and which permissions it needs.";

/// Says what Entra ID holds of a user, live or deleted, and who holds its names now; takes it out of the bin
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    graph: GraphArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Show(show::Args),
    Conflicts(conflicts::Args),
    Restore(restore::Args),
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let client = cloud::client(ctx, &args.graph)?;
    // The secret was read: from here on Ctrl-C is told from an answer.
    ctx.stop.watch(&ctx.printer);
    ctx.stop.unless_asked(cloud::signed_in(ctx, &client)).await?;
    match &args.action {
        Action::Show(args) => ctx.stop.unless_asked(show::run(ctx, &client, args)).await,
        Action::Conflicts(args) => ctx.stop.unless_asked(conflicts::run(ctx, &client, args)).await,
        // A change that was begun is brought to its end.
        Action::Restore(restore) => restore::run(ctx, &client, restore, &args.graph).await,
    }
}

/// Looks for the user. What cannot be looked for is wrong usage, before anything is sent.
async fn look(client: &Client, user: &str, whole: bool) -> Result<Look, CliError> {
    let look = adrecover_hybrid::cloud::look(client, user, whole).await?;
    match look.unseen_users() {
        Some(missing) if look.claimants().is_empty() => Err(not_answered(missing)),
        _ => Ok(look),
    }
}

/// A parser of what Graph can look for.
fn user(text: &str) -> Result<String, String> {
    if Key::of_name(text).is_empty() {
        return Err(
            "it is neither a UPN, an address, a GUID, a source anchor, a SID nor an account name".to_owned()
        );
    }
    Ok(text.trim().to_owned())
}

fn not_found(user: &str) -> CliError {
    CliError::new(Kind::NotFound, format!("neither among the users nor in the bin is one called `{}`", printable(user)))
        .hint("a user that was deleted minutes ago is found by its object id first; what is purged is gone: `adrecover guide` says what remains")
}

/// What was refused stands in the way of any answer.
fn not_answered(missing: &Unanswered) -> CliError {
    let kind = if missing.is_denied { Kind::AccessDenied } else { Kind::Unexpected };
    CliError::new(kind, format!("{}: {}", missing.what, missing.message)).hint(needs(missing))
}

fn needs(missing: &Unanswered) -> String {
    format!("it takes the permission {}: docs/cloud.md", missing.permission)
}

/// Tells what was not answered, where no document does.
fn warn(printer: &Printer, unanswered: &[Unanswered]) {
    if printer.format != Format::Json {
        for missing in unanswered {
            printer.warn(format!("{} not answered: {}; {}", missing.what, missing.message, needs(missing)));
        }
    }
}

/// A user among several.
fn candidate(claimant: &Claimant<'_>) -> Option<Candidate> {
    let user = &claimant.user;
    let name = user.upn().value().unwrap_or_default().to_owned();
    Some(Candidate {
        guid: user.id().value()?.to_string().parse().ok()?,
        name,
        last_known_parent: None,
        deleted_at: user.deleted_at().value().filter(|_| user.is_deleted()),
    })
}

/// A title and what is to be told, on a line.
fn line(printer: &Printer, title: &str, text: &str) -> Result<(), CliError> {
    printer.line(&format!("{title:<20} {}", printable(text)))
}
