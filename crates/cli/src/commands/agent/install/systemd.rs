//! The unit of systemd that runs the agent.

use std::io::Write;
use std::path::{Path, PathBuf};

use adrecover_agent::UNIT_MARK;
use serde::Serialize;

use super::Args;
use crate::agent::{Manager, unit};
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::files;

pub(super) const HELP: &str = "\
The unit is shown first, and nothing but its file is written: what has to be run then is said. All options of `agent run` may be given,
and those of the connection; the profile and the variables count too, and stand in the unit. Files with a secret are handed over by
systemd (LoadCredential), so that root alone has to be able to read them.

Examples:
  adrecover agent install --server ldaps://dc1.contoso.com --user agent@contoso.com --password-file /etc/adrecover/password
  adrecover agent install --kerberos --user agent@contoso.com --keytab /etc/adrecover/agent.keytab --unit-file -

Exit codes: 0 it is written, or was shown with --dry-run or to standard output; 2 a file is there that this program did not write, 9
declined.";

/// What systemd has to know besides.
#[derive(Debug, clap::Args)]
pub(super) struct ManagerArgs {
    /// The file to write, - for standard output
    #[arg(long, value_name = "FILE", default_value = "/etc/systemd/system/adrecover-agent.service")]
    unit_file: PathBuf,
    /// The account of this computer that the agent runs as; its group may read the journal
    #[arg(long, value_name = "NAME", default_value = "adrecover", value_parser = account)]
    run_as: String,
    /// The keytab of the agent's account, with --kerberos
    #[arg(long, value_name = "FILE")]
    keytab: Option<PathBuf>,
}

/// Runs the command; the result is the exit code.
pub(super) fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let (program, keeping) = super::checked(ctx, args)?;
    let place = &args.manager;
    let manager = Manager::Systemd { user: &place.run_as, keytab: place.keytab.as_deref() };
    let unit = unit(ctx, program, manager, &keeping, &args.keep, &args.alerts)?;
    let text = unit.text().map_err(CliError::usage)?;
    for (_, path) in &unit.credentials {
        if !path.is_file() {
            ctx.printer.warn(format!("{} is not there yet, or cannot be seen", path.display()));
        }
    }
    for path in [&unit.program].into_iter().chain(&args.alerts.alert_command) {
        if path.starts_with("/home") || path.starts_with("/root") {
            ctx.printer
                .warn(format!("{} is in a home folder, which the service does not see", path.display()));
        }
    }
    let to_stdout = place.unit_file.as_os_str() == "-";
    let is_json = ctx.settings.output == Format::Json;
    if !is_json {
        ctx.printer.raw(&text)?;
        ctx.printer.flush()?;
    }
    if !to_stdout {
        check(&place.unit_file)?;
    }
    let is_written = !to_stdout && !args.dry_run && {
        let verb = if place.unit_file.exists() { "Replace" } else { "Write" };
        super::confirm(ctx, args, &format!("{verb} {} (y/n)?", place.unit_file.display()))?;
        write(&place.unit_file, &text).map_err(|error| CliError::file("write", &place.unit_file, &error))?;
        true
    };
    let next = next(place);
    if is_json {
        let unit_file = (!to_stdout).then(|| place.unit_file.display().to_string());
        let schema = "adrecover/agent-install/v1";
        ctx.printer.json(&Document { schema, unit_file, written: is_written, unit: &text, next })?;
    } else if is_written {
        ctx.printer.note(format!("{} is written; next:", place.unit_file.display()));
        next.iter().for_each(|line| ctx.printer.note(format!("  {line}")));
    }
    Ok(0)
}

/// `adrecover/agent-install/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    unit_file: Option<String>,
    written: bool,
    unit: &'a str,
    next: Vec<String>,
}

/// A file that somebody else wrote is left alone.
fn check(path: &Path) -> Result<(), CliError> {
    if !path.exists() {
        return Ok(());
    }
    let old = files::read(path, 1 << 20, false)?;
    if old.starts_with(UNIT_MARK.as_bytes()) {
        return Ok(());
    }
    Err(CliError::usage(format!("{} is there, and this program did not write it", path.display()))
        .hint("move it away, or name another file with --unit-file"))
}

/// Beside its place first: half a unit is none.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn next(args: &ManagerArgs) -> Vec<String> {
    let user = &args.run_as;
    let unit = args.unit_file.file_stem().and_then(|name| name.to_str()).unwrap_or("adrecover-agent");
    let unit = if unit == "-" { "adrecover-agent" } else { unit };
    vec![
        format!(
            "useradd --system --user-group --no-create-home --home-dir /var/lib/adrecover --shell /usr/sbin/nologin {user}"
        ),
        "systemctl daemon-reload".to_owned(),
        format!("systemctl enable --now {unit}"),
        format!("usermod --append --groups {user} YOU    (whoever may read the journal)"),
        "adrecover agent status".to_owned(),
    ]
}

/// The name of an account, as useradd(8) takes it.
fn account(text: &str) -> Result<String, String> {
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    if begins && text.len() <= 31 && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no name of an account: lower-case letters, digits, - and _"))
}
