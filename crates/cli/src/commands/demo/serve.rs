//! The stand-in left running, and what it takes to use it.

use super::page::{Page, power_shell, sh};
use super::world::{ACCOUNTS, World};
use crate::context::Ctx;
use crate::error::CliError;

/// Says how to connect, and waits for Ctrl-C.
pub(super) async fn run(ctx: &Ctx, world: &World) -> Result<(), CliError> {
    let page = Page::new(&ctx.printer);
    let state = if world.recycle_bin { "on" } else { "off" };
    page.heading(&format!("An Active Directory in memory is running, with the Recycle Bin {state}"))?;
    page.text(
        "It is a stand-in for a domain controller, neither Windows nor Samba: it speaks LDAP with TLS on a loopback \
         address, and nobody but this machine can reach it. Ctrl-C here ends it and removes everything.",
    )?;
    connection(page, world)?;
    accounts(page, world)?;
    to_try(page, world)?;
    page.flush()?;
    ctx.stop.asked().await;
    Err(CliError::interrupted())
}

/// The variables, to be copied.
fn connection(page: Page<'_>, world: &World) -> Result<(), CliError> {
    let variables = world.variables().map(|(name, value)| (name, value.to_string_lossy().into_owned()));
    page.label("Connect from another terminal, with sh:")?;
    page.lines(&variables.iter().map(|(n, v)| format!("export {n}={}", sh(v))).collect::<Vec<_>>())?;
    page.label("or with PowerShell:")?;
    page.lines(&variables.iter().map(|(n, v)| format!("$env:{n} = {}", power_shell(v))).collect::<Vec<_>>())
}

/// Who can log on.
fn accounts(page: Page<'_>, world: &World) -> Result<(), CliError> {
    page.label("Accounts, and the files with their passwords:")?;
    let mut lines = vec![];
    for (who, login, may) in ACCOUNTS {
        lines.push(format!("{:<27} {may}", world.logon(login)));
        lines.push(format!("  {}", world.path(&format!("{who}.password")).display()));
    }
    page.lines(&lines)
}

/// Three things to try.
fn to_try(page: Page<'_>, world: &World) -> Result<(), CliError> {
    let tree = world.guid("tree-finance")?;
    let joe = format!(
        "--user {} --password-file {}",
        world.logon("joe"),
        sh(&world.path("joe.password").display().to_string())
    );
    page.label("Three things to try:")?;
    page.lines(&[
        "# what was deleted in the last days?".to_owned(),
        "adrecover list".to_owned(),
        "# bring back a department with everything that was in it".to_owned(),
        format!("adrecover restore --tree {tree}"),
        "# what does somebody see who may not?".to_owned(),
        format!("adrecover list {joe}"),
    ])
}
