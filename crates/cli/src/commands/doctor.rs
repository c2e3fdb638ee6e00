//! `adrecover doctor`: what this account can do on this server, and what to do about the rest.

mod drill;
mod drill_page;

use std::path::PathBuf;

use adrecover_core::Dn;
use adrecover_core::doctor::{self, Check, CheckStatus, ConnectionFacts, Encryption, Report, ServerChoice};
use adrecover_core::text::printable;
use adrecover_ldap::doctor::{Questions, gather};
use adrecover_ldap::{Scheme, Session};

use crate::args::Format;
use crate::context::{Ctx, Pin};
use crate::discovery::Origin;
use crate::error::CliError;
use crate::journal::JournalArgs;
use crate::preflight::inputs::EvidenceArgs;
use crate::printer::Printer;

const HELP: &str = "\
Nothing is changed and nothing is tried out: rights are read from what the server says of them.

Exit codes: 0 when nothing fails, 11 when a right is missing, 8 when this server cannot restore, 3 when something that a
restore needs is unknown, 10 when the server cannot be reached. Warnings change nothing.

With --drill: 0 when everything would come back (but the password, where the Recycle Bin is off), 3 when a source is not kept up or cannot
be read, 6 when something would be lost. -q prints one line.

Examples:
  adrecover doctor
  adrecover doctor --drill UserA --html drill.html
  adrecover -q doctor --drill UserA --cloud graph";

/// Says what this account can do on this server, and what to do about the rest
///
/// Checks the connection, the account, the server, the forest's deletion policy, and each right that a restore takes: listing
/// and reanimating, renaming deleted objects, creating in the container, setting passwords, account state, logon names and
/// group members. Rights on objects are read from samples: the newest deleted objects, the containers that they were deleted
/// from, and users and groups there.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// A container to restore into, in place of those from which the newest objects were deleted; may repeat
    #[arg(long = "ou", value_name = "DN")]
    containers: Vec<String>,
    /// A group to add members to, in place of some of those that users of the containers are in; may repeat
    #[arg(long = "group", value_name = "DN")]
    groups: Vec<String>,
    /// Say what would come back if this user or group were deleted now, and from where
    #[arg(long, value_name = "OBJECT", conflicts_with_all = ["containers", "groups"])]
    drill: Option<String>,
    /// Write what --drill says as a page of its own, too; an existing file is never written over
    #[arg(long, value_name = "FILE", requires = "drill")]
    html: Option<PathBuf>,
    /// What the cloud knows, for --drill.
    #[command(flatten)]
    evidence: EvidenceArgs,
    /// The change journal, for --drill.
    #[command(flatten)]
    journal: JournalArgs,
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    if let Some(object) = &args.drill {
        return drill::run(ctx, args, object).await;
    }
    if args.evidence.any() {
        return Err(CliError::usage("what is known of the cloud is of use with --drill only")
            .hint("add --drill USER, or leave it out"));
    }
    let parsed = |texts: &[String]| texts.iter().map(|t| t.parse::<Dn>()).collect::<Result<Vec<_>, _>>();
    let (containers, groups) = (parsed(&args.containers)?, parsed(&args.groups)?);
    let (session, origin) = ctx.connect_to(&Pin::Any).await?;
    // The clocks are compared: the start of the program may lie behind a question for a password.
    #[expect(clippy::disallowed_methods, reason = "the clock is read here and passed on")]
    let now = chrono::Utc::now();
    let questions = Questions { now, connection: connection(ctx, &session, &origin), containers, groups };
    let facts = ctx.stop.unless_asked(async { Ok(gather(&session, &questions).await?) }).await?;
    session.close().await;
    let report = doctor::judge(&facts);
    print(&ctx.printer, &report)?;
    Ok(report.exit_code())
}

/// How a connection is protected.
pub(crate) fn encryption(ctx: &Ctx, session: &Session) -> Encryption {
    match session.server().scheme {
        Scheme::Ldap if !ctx.settings.starttls => Encryption::Sealed,
        _ if ctx.settings.insecure => Encryption::Unverified,
        Scheme::Ldap => Encryption::StartTls,
        Scheme::Ldaps => Encryption::Ldaps,
    }
}

fn connection(ctx: &Ctx, session: &Session, origin: &Origin) -> ConnectionFacts {
    let host = &session.server().host;
    let of_site = origin.of_site.as_ref().filter(|hosts| !hosts.is_empty());
    let choice = ServerChoice {
        how: origin.how.clone(),
        passed_over: session.passed_over().to_vec(),
        is_of_other_site: of_site.is_some_and(|hosts| !hosts.contains(host)),
    };
    ConnectionFacts {
        encryption: encryption(ctx, session),
        by_ticket: ctx.settings.kerberos,
        bind_name: session.account().to_owned(),
        choice,
        ..ConnectionFacts::default()
    }
}

fn print(printer: &Printer, report: &Report) -> Result<(), CliError> {
    match printer.format {
        Format::Json => printer.json(report)?,
        Format::Jsonl => report.checks.iter().try_for_each(|check| printer.json_line(check))?,
        Format::Csv => {
            printer.csv_row(["id", "title", "status", "seen", "fix"])?;
            for check in &report.checks {
                let fix = check.fix.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n");
                printer.csv_row([
                    check.id,
                    check.title,
                    check.status.name(),
                    &printable(&check.seen),
                    &fix,
                ])?;
            }
        }
        Format::Table => table(printer, report)?,
    }
    printer.flush()
}

/// A line a check, and below it what to do.
fn table(printer: &Printer, report: &Report) -> Result<(), CliError> {
    printer.line(&printer.bold(&printable(&format!("{} as {}", report.server, report.account))))?;
    let widest = report.checks.iter().map(|c| c.title.len()).max().unwrap_or(0);
    for check in &report.checks {
        let status = printer.paint(color(check.status), &format!("{:<7}", check.status.name()));
        // Two spaces between the columns.
        let indent = 7 + 2 + widest + 2;
        let seen = wrapped(&printable(&check.seen), printer.width, indent);
        printer.line(&format!("{status}  {:<widest$}  {seen}", check.title))?;
        fixes(printer, check)?;
    }
    Ok(())
}

/// Commands are not wrapped, so that they can be copied.
fn fixes(printer: &Printer, check: &Check) -> Result<(), CliError> {
    for (i, line) in check.fix.iter().enumerate() {
        let mark = if i == 0 { "fix:" } else { "" };
        printer.line(&format!("{:9}{mark:<5}{}", "", printable(line)))?;
    }
    Ok(())
}

fn color(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Ok => "32",
        CheckStatus::Warn => "33",
        CheckStatus::Fail => "31",
        CheckStatus::Unknown => "36",
    }
}

/// Breaks a text between words so that it fits beside a margin; whole where the width is not known or too small.
fn wrapped(text: &str, width: Option<usize>, indent: usize) -> String {
    const LEAST: usize = 30;
    let Some(room) = width.and_then(|w| w.checked_sub(indent)).filter(|room| *room >= LEAST) else {
        return text.to_owned();
    };
    let (mut out, mut used) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use adrecover_core::doctor::{DoctorFacts, judge};

    use super::*;
    use crate::printer::tests::printer;

    fn report() -> Report {
        let mut facts = DoctorFacts::default();
        facts.connection.url = "ldaps://dc1".into();
        facts.connection.bind_name = "a\u{1b}b".into();
        facts.container.dn = Some("CN=Deleted Objects,DC=a".into());
        judge(&facts)
    }

    #[test]
    fn the_document_has_its_fields() {
        let (p, out, _) = printer(Format::Json, 0);
        print(&p, &report()).unwrap();
        let document: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
        assert_eq!(document["schema"], "adrecover/doctor/v1");
        assert_eq!((&document["server"], &document["account"]), (&"ldaps://dc1".into(), &"a\u{1b}b".into()));
        let list = document["checks"].as_array().unwrap().iter().find(|c| c["id"] == "rights.list").unwrap();
        assert_eq!(list["status"], "fail");
        assert!(list["fix"].as_str().unwrap().lines().count() == 2 && list["need"].is_null());
        let clock =
            document["checks"].as_array().unwrap().iter().find(|c| c["id"] == "server.clock").unwrap();
        assert!(clock["fix"].is_null() && clock.as_object().unwrap().contains_key("fix"));
    }

    #[test]
    fn rows_are_checks() {
        for (format, head) in [(Format::Jsonl, 0), (Format::Csv, 1)] {
            let (p, out, _) = printer(format, 0);
            print(&p, &report()).unwrap();
            let records = match format {
                Format::Jsonl => out.text().lines().count(),
                _ => csv::Reader::from_reader(out.text().as_bytes()).records().count() + head,
            };
            assert_eq!(records, report().checks.len() + head);
        }
    }

    #[test]
    fn people_get_the_fix_below_the_line() {
        let (p, out, _) = printer(Format::Table, 0);
        print(&p, &report()).unwrap();
        let text = out.text();
        assert!(!text.contains('\u{1b}') && text.contains("a\\u{1b}b"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        let at =
            lines.iter().position(|l| l.starts_with("fail") && l.contains("list Deleted Objects")).unwrap();
        assert!(lines[at + 1].contains("fix: dsacls") && lines[at + 2].contains("/G"), "{text}");
    }

    #[test]
    fn long_lines_hang_beside_their_margin() {
        let text = "one two three four five six seven eight nine ten";
        assert_eq!(
            wrapped(text, Some(40), 10),
            "one two three four five six\n          seven eight nine ten"
        );
        assert_eq!(wrapped(text, None, 10), text);
        assert_eq!(wrapped(text, Some(20), 10), text);
    }
}
