//! What the demo shows, and why: the main job without and with the Recycle Bin.
//!
//! The files of a cloud directory and of mailboxes belong here as well, once the program reads them: the example company is a
//! hybrid one, and what is lost with a tombstone is found there.

use super::page::Page;
use super::walk::Walk;
use crate::error::CliError;
use crate::printer::Printer;

/// What it is that is shown.
pub(super) fn introduction(printer: &Printer) -> Result<(), CliError> {
    let page = Page::new(printer);
    page.heading("The main job of adrecover, on an Active Directory in memory")?;
    page.text(
        "You need no domain controller for this: the program has a stand-in for one inside, an Active Directory in \
         memory that speaks LDAP on a loopback address. It is neither Windows nor Samba, and the company in it, \
         contoso.test, is an example. Every command below is really run, as you would type it, and what follows it is \
         what it prints. Nothing asks you anything, no server of yours is touched, and nothing is left at the end.",
    )
}

/// What to do next.
pub(super) fn farewell(printer: &Printer) -> Result<(), CliError> {
    let page = Page::new(printer);
    if !page.tells() {
        return Ok(());
    }
    page.heading("Next")?;
    page.text("The stand-in and everything that was written are gone again; only the system's log keeps what every run tells it. Go on with:")?;
    page.lines(&[
        "adrecover demo --serve      the same company, left running for you to try".to_owned(),
        "adrecover doctor --help     what your account may do in your own directory".to_owned(),
        "adrecover restore --help    every wish that a restore knows".to_owned(),
    ])
}

/// A tombstone: what is lost is given back by hand.
pub(super) async fn without_bin(walk: &Walk<'_>) -> Result<(), CliError> {
    let page = walk.page;
    page.heading("A forest with the Recycle Bin off")?;
    page.text(
        "What is deleted here becomes a tombstone. It keeps the name, the SID, the GUID and the account name; the logon \
         name, the password, the group memberships and nearly all else are lost.",
    )?;
    connection(walk)?;
    let user = walk.world.guid("UserA")?;
    let upn = ["--upn", "usera@contoso.test"];

    walk.step("UserA is missing. Was it deleted?", &listing(page, "UserA")).await?;
    walk.step("What is left of it, what is lost, and how does it come back?", &["show", "UserA"]).await?;
    let dry_run = [&["restore", "UserA"], &upn[..], &["--dry-run"]].concat();
    walk.step("What would a restore do? A dry run shows the plan and changes nothing.", &dry_run).await?;
    walk.expect_live(&dry_run, user, false)?;

    let groups = ["Sales", "Marketing", "VPN"]
        .map(|group| format!("UserA,\"CN={group},OU=Groups,{}\"", walk.world.home()));
    let file = [&["samAccountName,groupDN".to_owned()], &groups[..]].concat();
    walk.world.write("files/groups.csv", &(file.join("\n") + "\n"))?;
    page.text(
        "Now do it. The password is lost: a new one is generated into a file that only you can read. The directory has \
         forgotten the groups: they come from a list that you have, an old export for example. Here it is groups.csv:",
    )?;
    if page.tells() {
        page.lines(&file)?;
    }
    page.text("--yes answers the one question that would be asked.")?;
    let wishes = ["--enable", "--generate-password=usera.csv", "--groups-from", "file:groups.csv"];
    let restore = [&["restore", "UserA"], &upn[..], &wishes, &["--reason", "ticket 4711", "--yes"]].concat();
    walk.command(&restore).await?;
    walk.expect_live(&restore, user, true)?;

    let again = [&["restore", "UserA"], &upn[..], &["--yes"]].concat();
    walk.step(
        "Did it work? Each restore reads everything again and compares: that is the line `verified`. The same command \
         once more finds nothing left to do.",
        &again,
    )
    .await?;
    let operation = walk.world.newest_operation()?;
    let undo = ["undo", &operation, "--delete-again", "--yes"];
    walk.step(
        "It was the wrong one? Every write stands in a journal, from which an operation is taken back. --delete-again \
         deletes the object too; without it, the account would stay, disabled.",
        &undo,
    )
    .await?;
    walk.expect_live(&undo, user, false)
}

/// The Recycle Bin: everything comes back, a tree as well.
pub(super) async fn with_bin(walk: &Walk<'_>) -> Result<(), CliError> {
    let page = walk.page;
    page.heading("A forest with the Recycle Bin on")?;
    page.text("What is deleted here keeps its attributes, its password and its memberships until its lifetime is over.")?;
    connection(walk)?;
    let user = walk.world.guid("UserA")?;
    walk.step("UserA was deleted here as well:", &listing(page, "UserA")).await?;
    let restore = ["restore", "UserA", "--yes"];
    walk.step("Nothing has to be given this time.", &restore).await?;
    walk.expect_live(&restore, user, true)?;
    walk.step(
        "It is whole: logon name, mail addresses, manager, and the groups in memberOf.",
        &["show", "UserA"],
    )
    .await?;

    let root = walk.world.guid("orphan-ou")?.to_string();
    walk.step(
        "An organizational unit was deleted with a person in it. Its GUID tells it from others of its name.",
        &listing(page, "Closed Office"),
    )
    .await?;
    let restore = ["restore", "--tree", &root, "--yes"];
    walk.step(
        "--tree brings it back with everything that was deleted in it, the containers first, however deep it is.",
        &restore,
    )
    .await?;
    for label in ["orphan-ou", "orphan"] {
        walk.expect_live(&restore, walk.world.guid(label)?, true)?;
    }
    let operation = walk.world.newest_operation()?;
    walk.step("Who did what and when stands in the journal.", &["operations", &operation]).await
}

/// How the commands find the stand-in.
fn connection(walk: &Walk<'_>) -> Result<(), CliError> {
    walk.page.text(&format!(
        "The commands find the stand-in by variables: ADRECOVER_SERVER is {}, ADRECOVER_USER is {}.",
        walk.world.url,
        walk.world.logon(super::world::ACCOUNTS[0].1)
    ))
}

fn listing<'w>(page: Page<'_>, name: &'w str) -> Vec<&'w str> {
    // A narrow terminal would break the lines of the usual columns.
    let columns: &[&str] = if page.is_wide() { &[] } else { &["--columns", "name,type,deleted,guid"] };
    [&["list", name], columns].concat()
}
