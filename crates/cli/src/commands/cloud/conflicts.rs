//! `adrecover cloud conflicts`.

use adrecover_core::text::printable;
use adrecover_core::time::rfc3339;
use adrecover_hybrid::cloud::{self, Choice, Conflicts, HeldName};
use adrecover_hybrid::graph::{Claimant, ClaimantKind, Client};

use super::{candidate, line, not_answered, not_found, user, warn};
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::printer::Printer;

type Done = Result<(), CliError>;

/// Says who holds the UPN and the addresses of a user now
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Of a deleted and a live user of that name the deleted one is meant: it is the live one that holds its names. Names are looked for among
users, deleted users, groups and contacts; another deleted user does not keep a name from anybody, and is told.

Exit codes: 0 all names are free, 3 that is not known, 4 no such user, 5 several, 6 somebody holds one, 10 no sign-in, 11 a permission
is missing.")]
pub(super) struct Args {
    /// The user: UPN, address, object id, objectGUID, source anchor, SID or account name
    #[arg(value_name = "USER", value_parser = user)]
    user: String,
}

pub(super) async fn run(ctx: &Ctx, client: &Client, args: &Args) -> Result<u8, CliError> {
    let look = super::look(client, &args.user, false).await?;
    // The one that is meant may be in the list that was not seen.
    if let Some(missing) = look.unseen_users() {
        return Err(not_answered(missing));
    }
    let user = match look.chosen() {
        Choice::One(user) => user,
        Choice::None => return Err(not_found(&args.user)),
        Choice::Several(all) => {
            let text = format!("{} users are called `{}`", all.len(), printable(&args.user));
            return Err(CliError::ambiguous(text, all.iter().filter_map(candidate).collect())
                .hint("name one by its object id"));
        }
    };
    let conflicts = cloud::conflicts(client, &look, &user, ctx.now).await?;
    print(&ctx.printer, &conflicts)?;
    ctx.printer.flush()?;
    warn(&ctx.printer, &conflicts.unanswered);
    Ok(conflicts.exit_code())
}

fn print(printer: &Printer, conflicts: &Conflicts) -> Done {
    match printer.format {
        Format::Json => printer.json(conflicts),
        Format::Jsonl => conflicts.names.iter().try_for_each(|name| printer.json_line(name)),
        Format::Csv => {
            printer.csv_row([
                "name",
                "free",
                "kind",
                "id",
                "displayName",
                "userPrincipalName",
                "property",
            ])?;
            conflicts.names.iter().try_for_each(|name| rows(printer, name))
        }
        Format::Table => table(printer, conflicts),
    }
}

fn rows(printer: &Printer, name: &HeldName) -> Done {
    let free = name.free.map(|free| free.to_string()).unwrap_or_default();
    if name.held_by.is_empty() {
        return printer.csv_row([name.name.as_str(), &free, "", "", "", "", ""]);
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    name.held_by.iter().try_for_each(|holder| {
        printer.csv_row([
            name.name.clone(),
            free.clone(),
            kind(holder.kind).to_owned(),
            holder.id.clone(),
            text(&holder.display_name),
            text(&holder.user_principal_name),
            holder.property.to_owned(),
        ])
    })
}

fn table(printer: &Printer, conflicts: &Conflicts) -> Done {
    let name = conflicts.user_principal_name.as_ref().or(conflicts.display_name.as_ref());
    let name = name.map_or_else(|| "a user without a UPN".into(), |name| printable(name));
    let (word, color) = match conflicts.free {
        Some(true) => ("all names are free", "32"),
        Some(false) => ("a name is taken", "31"),
        None => ("UNKNOWN whether all names are free", "33"),
    };
    printer.line(&format!("{}  {}", printer.bold(&name), printer.paint(color, word)))?;
    line(printer, "object id", conflicts.id.as_deref().unwrap_or("UNKNOWN"))?;
    let state = match (conflicts.state, conflicts.restorable_until) {
        ("present", _) => "live".to_owned(),
        (_, Some(until)) => format!("in the bin until {}", rfc3339(until)),
        _ => "in the bin".to_owned(),
    };
    line(printer, "state", &state)?;
    printer.line("")?;
    for held in &conflicts.names {
        let (word, color) = match held.free {
            Some(true) => ("free   ", "32"),
            Some(false) => ("taken  ", "31"),
            None => ("UNKNOWN", "33"),
        };
        let properties = held.properties.join(", ");
        printer.line(&format!(
            "{}  {}  ({properties})",
            printer.paint(color, word),
            printable(&held.name)
        ))?;
        for holder in &held.held_by {
            printer.line(&format!("         by {}", printable(&told(holder))))?;
        }
    }
    Ok(())
}

fn told(holder: &Claimant) -> String {
    let name = holder.user_principal_name.as_ref().or(holder.display_name.as_ref());
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    format!("the {} {}{name}, in {}", kind(holder.kind), holder.id, holder.property)
}

fn kind(kind: ClaimantKind) -> &'static str {
    match kind {
        ClaimantKind::User => "user",
        ClaimantKind::DeletedUser => "deleted user",
        ClaimantKind::Group => "group",
        ClaimantKind::Contact => "contact",
    }
}
