//! The layout of Sysinternals AdRestore 1.1: scripts that cut it apart go on working.
//!
//! Its two lines of banner name this program and the server instead; everything below them is as AdRestore has it. The name
//! stands in two lines there because the deleted object's `cn` has a line feed in it.

use adrecover_core::deleted::DeletedObject;
use adrecover_core::text::printable;

use crate::error::CliError;
use crate::printer::Printer;

/// Prints the whole list.
pub(super) fn print(
    printer: &Printer,
    domain: &str,
    server: &str,
    objects: &[DeletedObject],
) -> Result<(), CliError> {
    printer.line(concat!("adrecover v", env!("CARGO_PKG_VERSION")))?;
    printer.line(&format!("{} - {}", printable(domain), printable(server)))?;
    printer.line("")?;
    printer.line("Enumerating domain deleted objects:")?;
    for object in objects {
        printer.line("")?;
        printer.line(&format!("cn: {}", printable(&object.name)))?;
        printer.line(&format!("DEL:{}", object.guid))?;
        printer.line(&format!("distinguishedName: {}", printable(&object.dn)))?;
        if let Some(parent) = &object.last_known_parent {
            printer.line(&format!("lastKnownParent: {}", printable(parent)))?;
        }
    }
    let items = if objects.len() == 1 { "item" } else { "items" };
    printer.line("")?;
    printer.line(&format!("Found {} {items} matching search criteria.", objects.len()))
}
