//! The service of Windows that runs the agent.

use std::path::{Path, PathBuf};

use adrecover_agent::{Registration, SERVICE_NAME, ServiceAccount};
use serde::Serialize;

use super::Args;
use crate::agent::registration;
use crate::agent::windows::{Found, find, register};
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::folders;

pub(super) const HELP: &str = "\
What is going to be done is shown first, with the commands that do the same. The service is registered, and its folder below
%ProgramData% kept for it; it is not started: what has to be run then is said. All options of `agent run` may be given, and those of the
connection; the profile and the variables count too, and stand in the command line of the service. Files with a secret are read
where they are: `icacls` gives the service the right, as is said.

The service logs on with Kerberos as its own account: NT SERVICE\\adrecover-agent is, for other computers, this computer.
`Stop-Service adrecover-agent` and `sc.exe delete adrecover-agent` remove it; the journal stays.

Examples:
  adrecover agent install --domain contoso.com --watch-privileged
  adrecover agent install --domain contoso.com --run-as CONTOSO\\agent$

Exit codes: 0 it is registered, or was shown with --dry-run; 2 there is a service of that name that this program did not register, 3 it is
registered without a setting that was refused, 9 declined, 11 not an administrator.";

/// What Windows has to know besides.
#[derive(Debug, clap::Args)]
pub(super) struct ManagerArgs {
    /// The account that the service runs as: its own, or a managed account of the domain, such as CONTOSO\agent$
    #[arg(long, value_name = "NAME", default_value = "NT SERVICE\\adrecover-agent")]
    run_as: ServiceAccount,
}

/// Runs the command; the result is the exit code.
pub(super) fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let (program, keeping) = super::checked(ctx, args)?;
    let folder = folders::service_folder()?;
    let given = (&keeping, &args.keep, &args.alerts);
    let account = &args.manager.run_as;
    let registration = registration(ctx, (program.clone(), folder.as_path()), account, given)?;
    let text = registration.text().map_err(CliError::usage)?;
    warn(ctx, &registration, &program);
    let is_json = ctx.settings.output == Format::Json;
    if !is_json {
        ctx.printer.raw(&text)?;
        ctx.printer.flush()?;
    }
    let found = find()?;
    if found == Found::Other {
        return Err(CliError::usage(format!(
            "there is a service {SERVICE_NAME}, and this program did not register it"
        ))
        .hint(format!("`sc.exe qc {SERVICE_NAME}` shows it, `sc.exe delete {SERVICE_NAME}` removes it")));
    }
    let mut next = vec![];
    if !args.dry_run {
        let verb = if found == Found::Ours { "Replace" } else { "Register" };
        super::confirm(ctx, args, &format!("{verb} the service {SERVICE_NAME} (y/n)?"))?;
        let refused = register(&registration)?;
        for (setting, reason) in &refused {
            ctx.printer.warn(format!("{} could not be set: {reason}", setting.title()));
        }
        next.extend(refused.iter().map(|(setting, _)| setting.command()));
    }
    let code = if next.is_empty() { 0 } else { 3 };
    next.extend(registration.next());
    if found == Found::Ours {
        next.insert(0, format!("Stop-Service {SERVICE_NAME}    (what runs is still the old one)"));
    }
    if is_json {
        let service = Described {
            name: SERVICE_NAME,
            account: account.name(),
            command_line: registration.command_line().map_err(CliError::usage)?,
            commands: registration.commands().map_err(CliError::usage)?,
        };
        let schema = "adrecover/agent-install/v1";
        ctx.printer.json(&Document {
            schema,
            unit_file: None,
            written: !args.dry_run,
            unit: None,
            service,
            next,
        })?;
    } else if !args.dry_run {
        ctx.printer.note(format!("{SERVICE_NAME} is registered; next:"));
        next.iter().for_each(|line| ctx.printer.note(format!("  {line}")));
    }
    Ok(code)
}

/// What the service will not find, or others could replace.
fn warn(ctx: &Ctx, registration: &Registration, program: &Path) {
    for path in registration.secrets.iter().chain(&registration.readable) {
        if !Path::new(path).is_file() {
            ctx.printer.warn(format!("{path} is not there yet, or cannot be seen"));
        }
    }
    let folders = ["ProgramFiles", "SystemRoot"].map(|name| std::env::var_os(name).map(PathBuf::from));
    if !folders.iter().flatten().any(|folder| program.starts_with(folder)) {
        ctx.printer.warn(format!(
            "{} is not below %ProgramFiles%: whoever can replace it acts as the service",
            program.display()
        ));
    }
}

/// `adrecover/agent-install/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    unit_file: Option<String>,
    written: bool,
    unit: Option<String>,
    service: Described<'a>,
    next: Vec<String>,
}

/// The service of Windows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described<'a> {
    name: &'static str,
    account: &'a str,
    command_line: String,
    commands: Vec<String>,
}
