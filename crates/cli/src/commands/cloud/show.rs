//! `adrecover cloud show`.

use adrecover_core::text::printable;
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_hybrid::cloud::{HeldUser, LicenceDocument, OnPremises, RoleDocument, Show};
use adrecover_hybrid::graph::Client;

use super::{line, not_found, user, warn};
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::printer::Printer;

type Done = Result<(), CliError>;

/// Says what Entra ID holds of a user: ids, addresses, licences, errors, and how long a deleted one stays
#[derive(Debug, clap::Args)]
#[command(after_help = "\
All objects that claim to be the user are shown, live ones and those in the bin. What Graph does not answer is unknown, and named with
the permission that it takes.

Exit codes: 0 found, 3 found, and there may be more that could not be seen, 4 no such user, 10 no sign-in, 11 a permission is missing.")]
pub(super) struct Args {
    /// The user: UPN, address, object id, objectGUID, source anchor, SID or account name
    #[arg(value_name = "USER", value_parser = user)]
    user: String,
}

pub(super) async fn run(ctx: &Ctx, client: &Client, args: &Args) -> Result<u8, CliError> {
    let look = super::look(client, &args.user, true).await?;
    let show = Show::new(&look, ctx.now);
    if show.items.is_empty() {
        return Err(not_found(&args.user));
    }
    print(&ctx.printer, &show)?;
    ctx.printer.flush()?;
    warn(&ctx.printer, &show.unanswered);
    Ok(show.exit_code())
}

fn print(printer: &Printer, show: &Show) -> Done {
    match printer.format {
        Format::Json => printer.json(show),
        Format::Jsonl => show.items.iter().try_for_each(|item| printer.json_line(item)),
        Format::Csv => {
            printer.csv_row(CSV)?;
            show.items.iter().try_for_each(|item| printer.csv_row(cells(item)))
        }
        Format::Table => {
            if show.duplicates {
                let text = format!(
                    "{} objects claim to be `{}`: the first one by the strongest claim",
                    show.items.len(),
                    printable(&show.user)
                );
                printer.line(&printer.paint("33", &printer.fitted(&text)))?;
                printer.line("")?;
            }
            for (number, item) in show.items.iter().enumerate() {
                if number > 0 {
                    printer.line("")?;
                }
                section(printer, item)?;
            }
            Ok(())
        }
    }
}

fn section(printer: &Printer, user: &HeldUser) -> Done {
    let name = user.user_principal_name.as_ref().or(user.display_name.as_ref()).or(user.id.as_ref());
    let state = match user.state {
        "present" => printer.paint("32", "live"),
        _ => printer.paint("33", "in the bin"),
    };
    let name = name.map_or_else(|| "a user without a name".into(), |name| printable(name));
    printer.line(&format!("{}  {state}", printer.bold(&name)))?;
    let is_unknown = |property: &str| user.unknown.contains(&property);
    let text = |title: &str, property: &str, value: Option<&str>| match value {
        Some(value) => line(printer, title, value),
        None if is_unknown(property) => line(printer, title, "UNKNOWN"),
        None => Ok(()),
    };
    text("object id", "id", user.id.as_deref())?;
    line(printer, "found by", &user.claims.join(", "))?;
    text("UPN", "userPrincipalName", user.user_principal_name.as_deref())?;
    if user.user_principal_name_as_held != user.user_principal_name {
        text("UPN in the bin", "", user.user_principal_name_as_held.as_deref())?;
    }
    text("display name", "displayName", user.display_name.as_deref())?;
    text("type", "userType", user.user_type.as_deref())?;
    let enabled = user.account_enabled.map(|is| if is { "enabled" } else { "disabled" });
    text("account", "accountEnabled", enabled)?;
    deleted(printer, user)?;
    let addresses: Option<Vec<String>> = user.proxy_addresses.clone();
    list(printer, "addresses", addresses, is_unknown("proxyAddresses"))?;
    text("mail", "mail", user.mail.as_deref())?;
    on_premises(printer, &user.on_premises, &is_unknown)?;
    text("usage location", "usageLocation", user.usage_location.as_deref())?;
    let licences = user.licences.as_ref().map(|all| all.iter().map(licence).collect());
    list(printer, "licences", licences, is_unknown("assignedLicenses"))?;
    for (title, property, roles) in
        [("roles", "roles", &user.roles), ("eligible roles", "eligibleRoles", &user.eligible_roles)]
    {
        list(printer, title, roles.as_ref().map(|all| all.iter().map(role).collect()), is_unknown(property))?;
    }
    let errors = user.provisioning_errors.as_ref().map(|all| {
        all.iter()
            .map(|e| format!("{} in {}: {} ({})", e.category, e.property, e.value, e.occurred))
            .collect()
    });
    list(printer, "errors of the sync", errors, is_unknown("onPremisesProvisioningErrors"))
}

fn deleted(printer: &Printer, user: &HeldUser) -> Done {
    if user.state == "present" {
        return Ok(());
    }
    let time = |at: Option<Timestamp>| at.map_or_else(|| "UNKNOWN".to_owned(), rfc3339);
    line(printer, "deleted", &time(user.deleted_at))?;
    let text = match user.days_left {
        Some(days) if days < 0 => format!("OVER since {}", time(user.restorable_until)),
        Some(days) => format!("{days} days left, until {}", time(user.restorable_until)),
        None => "UNKNOWN".to_owned(),
    };
    line(printer, "stays in the bin", &text)
}

fn on_premises(printer: &Printer, own: &OnPremises, is_unknown: &dyn Fn(&str) -> bool) -> Done {
    let sync = match own.sync_enabled {
        Some(true) => "synchronised",
        Some(false) => "no longer synchronised",
        None if is_unknown("onPremisesSyncEnabled") => "UNKNOWN",
        None => "never synchronised",
    };
    let last = own.last_sync.map(|at| format!(", last at {}", rfc3339(at))).unwrap_or_default();
    line(printer, "on premises", &format!("{sync}{last}"))?;
    match own.cloud_managed {
        Some(true) => line(printer, "source of authority", "the cloud")?,
        Some(false) => line(printer, "source of authority", "on premises")?,
        None if is_unknown("isCloudManaged") => line(printer, "source of authority", "UNKNOWN")?,
        None => {}
    }
    let guid = own.source_anchor_guid.as_ref().map(|guid| format!(" (GUID {guid})")).unwrap_or_default();
    let account = own.sam_account_name.as_ref().map(|name| match &own.domain_name {
        Some(domain) => format!("{name} in {domain}"),
        None => name.clone(),
    });
    for (title, property, value) in [
        ("source anchor", "onPremisesImmutableId", own.source_anchor.as_ref().map(|a| format!("{a}{guid}"))),
        ("object identifier", "onPremisesObjectIdentifier", own.object_identifier.clone()),
        ("SID", "onPremisesSecurityIdentifier", own.sid.clone()),
        ("account name", "onPremisesSamAccountName", account),
        ("DN on premises", "onPremisesDistinguishedName", own.distinguished_name.clone()),
        ("UPN on premises", "onPremisesUserPrincipalName", own.user_principal_name.clone()),
    ] {
        match value {
            Some(value) => line(printer, title, &value)?,
            None if is_unknown(property) => line(printer, title, "UNKNOWN")?,
            None => {}
        }
    }
    Ok(())
}

/// The values of a list, one a line; what is empty is not told.
fn list(printer: &Printer, title: &str, values: Option<Vec<String>>, is_unknown: bool) -> Done {
    match values {
        Some(values) => values
            .iter()
            .enumerate()
            .try_for_each(|(number, value)| line(printer, if number == 0 { title } else { "" }, value)),
        None if is_unknown => line(printer, title, "UNKNOWN"),
        None => Ok(()),
    }
}

fn licence(licence: &LicenceDocument) -> String {
    let mut text = licence.product.as_ref().unwrap_or(&licence.sku_id).clone();
    match (&licence.group, &licence.group_id) {
        (Some(group), _) => text.push_str(&format!(", by the group {group}")),
        (None, Some(id)) => text.push_str(&format!(", by the group {id}")),
        (None, None) => {}
    }
    if let Some(state) = &licence.state {
        text.push_str(&format!(": {state}"));
    }
    if let Some(error) = &licence.error {
        text.push_str(&format!(" ({error})"));
    }
    match licence.disabled_plans.len() {
        0 => text,
        n => format!("{text}, {n} plans off"),
    }
}

fn role(role: &RoleDocument) -> String {
    let name = role.name.as_ref().or(role.id.as_ref()).map_or("a role", String::as_str);
    let privileged = if role.privileged == Some(true) { " (privileged)" } else { "" };
    match role.scope.as_deref() {
        None | Some("/") => format!("{name}{privileged}"),
        Some(scope) => format!("{name}{privileged}, in {scope}"),
    }
}

const CSV: [&str; 19] = [
    "id",
    "state",
    "claims",
    "userPrincipalName",
    "displayName",
    "mail",
    "proxyAddresses",
    "accountEnabled",
    "usageLocation",
    "deletedAt",
    "restorableUntil",
    "syncEnabled",
    "sourceAnchor",
    "objectIdentifier",
    "sid",
    "samAccountName",
    "licences",
    "provisioningErrors",
    "unknown",
];

fn cells(user: &HeldUser) -> [String; 19] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let bool = |value: Option<bool>| value.map(|value| value.to_string()).unwrap_or_default();
    let time = |at: Option<Timestamp>| at.map(rfc3339).unwrap_or_default();
    let own = &user.on_premises;
    let licences = user.licences.iter().flatten().map(licence).collect::<Vec<_>>().join(";");
    let errors = user.provisioning_errors.iter().flatten();
    let errors = errors.map(|e| format!("{} {} {}", e.category, e.property, e.value)).collect::<Vec<_>>();
    [
        text(&user.id),
        user.state.to_owned(),
        user.claims.join(";"),
        text(&user.user_principal_name),
        text(&user.display_name),
        text(&user.mail),
        user.proxy_addresses.as_ref().map(|all| all.join(";")).unwrap_or_default(),
        bool(user.account_enabled),
        text(&user.usage_location),
        time(user.deleted_at),
        time(user.restorable_until),
        bool(own.sync_enabled),
        text(&own.source_anchor),
        text(&own.object_identifier),
        text(&own.sid),
        text(&own.sam_account_name),
        licences,
        errors.join(";"),
        user.unknown.join(";"),
    ]
}
