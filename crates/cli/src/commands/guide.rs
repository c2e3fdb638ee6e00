//! `adrecover guide`: which of the 27 cases it is, and what to do about it.

mod account;
mod page;
mod text;

use std::path::PathBuf;

use adrecover_core::decision_table::{EntraState, MailboxState, OnPremises};
use adrecover_core::text::printable;
use adrecover_hybrid::guide::{self, Findings, Found, Guide, OnPremisesFacts, Source, script};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::files;
use crate::preflight::inputs::{EvidenceArgs, Inputs};
use crate::printer::Printer;

const HELP: &str = "\
The three states come from the options, else from the directory (the account), from exports or Microsoft Graph (the Entra user) and
from exports (the mailbox: Graph cannot see a soft-deleted one), else they are asked for on a terminal. What is still unknown is named with the command that would
tell. With --on-prem no directory is asked. Nothing is changed, here or in the cloud.

Examples:
  adrecover guide --on-prem deleted --entra soft-deleted --mailbox soft-deleted
  adrecover guide UserA --evidence collected
  adrecover guide usera@contoso.com --on-prem deleted --cloud users.json --cloud deleted.json --mailboxes mailboxes.json
  adrecover guide UserA --cloud graph --mailboxes mailboxes.json
  adrecover guide UserA --evidence collected --script usera.ps1

Exit codes: 0 the case is known, 3 a state is unknown, 4 and 5 no user or several of that name, 12 a file is damaged or of an
unknown format. docs/decision-table.md has all 27 cases.";

/// Says how a hybrid user and its mailbox are got back: which case it is, and what to do, in order
///
/// Finds what became of the account on premises, of the Entra user and of the mailbox, and prints the way out: today's commands
/// with the user's own values, what each step needs, what is destructive, and how long there is time.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The user: account name, UPN, SID, DN or GUID
    #[arg(value_name = "USER")]
    user: Option<String>,
    /// What became of the account on premises; `managed` where nothing is synchronised
    #[arg(long, value_name = "STATE", value_parser = of_names(OnPremises::ALL, OnPremises::name, OnPremises::of_name))]
    on_prem: Option<OnPremises>,
    /// What became of the Entra user
    #[arg(long, value_name = "STATE", value_parser = of_names(EntraState::ALL, EntraState::name, EntraState::of_name))]
    entra: Option<EntraState>,
    /// What became of the mailbox; an inactive one is soft-deleted
    #[arg(long, value_name = "STATE", value_parser = of_names(MailboxState::ALL, MailboxState::name, MailboxState::of_name))]
    mailbox: Option<MailboxState>,
    #[command(flatten)]
    evidence: EvidenceArgs,
    /// Write the steps as a PowerShell script, too; an existing file is never written over
    #[arg(long, value_name = "FILE.ps1")]
    script: Option<PathBuf>,
    /// Write the guide as a page of its own, too; an existing file is never written over
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// A parser of the names of states.
fn of_names<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
    of_name: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|value| name(*value))).try_map(move |text| {
        // The parser before this one takes nothing else.
        of_name(&text).ok_or("no such state")
    })
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    if args.user.as_deref().is_some_and(|user| user.trim().is_empty()) {
        return Err(CliError::usage("USER is empty"));
    }
    [&args.script, &args.html].into_iter().flatten().try_for_each(|path| files::is_free(path))?;
    if args.evidence.asks_cloud() && args.user.is_none() {
        return Err(CliError::usage("it is not said for whom the cloud is to be asked").hint("give USER"));
    }
    let mut read = Inputs::read(ctx, &args.evidence, false).await?;
    // The cloud knows by what else the account may be found: a tombstone has lost its UPN.
    read.ask(ctx, guide::cloud_keys(args.user.as_deref(), None)).await?;
    let account = account(ctx, args, &read).await?;
    let (facts, no_facts_because) = match account {
        account::Asked::Found(facts) => (Some(*facts), None),
        account::Asked::Not(why) => (None, Some(why)),
    };
    read.ask(ctx, guide::cloud_keys(args.user.as_deref(), facts.as_ref())).await?;
    let mut findings = findings(ctx, args, &read, facts.as_ref(), no_facts_because.as_deref());
    if ask(&ctx.printer, args, &mut findings)? {
        let said = args.with(&findings);
        let again = self::findings(ctx, &said, &read, facts.as_ref(), no_facts_because.as_deref());
        findings = Findings {
            on_premises: findings.on_premises,
            entra: findings.entra,
            mailbox: findings.mailbox,
            ..again
        };
    }
    let guide = Guide::new(&findings);
    write_files(ctx, args, &findings, &guide)?;
    print(&ctx.printer, &guide)?;
    Ok(guide.exit_code())
}

impl Args {
    /// These, with the states that are known by now.
    fn with(&self, findings: &Findings) -> Self {
        let answered = |source| source == Some(Source::Answer);
        Self {
            user: self.user.clone(),
            on_prem: findings
                .on_premises
                .state
                .filter(|_| answered(findings.on_premises.source))
                .or(self.on_prem),
            entra: findings.entra.state.filter(|_| answered(findings.entra.source)).or(self.entra),
            mailbox: findings.mailbox.state.filter(|_| answered(findings.mailbox.source)).or(self.mailbox),
            evidence: EvidenceArgs::default(),
            script: None,
            html: None,
        }
    }
}

fn findings(
    ctx: &Ctx,
    args: &Args,
    read: &Inputs,
    facts: Option<&OnPremisesFacts>,
    no_facts_because: Option<&str>,
) -> Findings {
    let inputs = guide::Inputs {
        called: args.user.as_deref(),
        on_premises: args.on_prem,
        entra: args.entra,
        mailbox: args.mailbox,
        facts,
        no_facts_because: no_facts_because.map(str::to_owned),
        evidence: read.evidence.as_ref(),
        scope: read.scope.as_ref(),
    };
    guide::find(&inputs, ctx.now)
}

/// Asks the directory, where a user is named and nothing else says what became of the account.
async fn account(ctx: &Ctx, args: &Args, read: &Inputs) -> Result<account::Asked, CliError> {
    let evidence = read.evidence.as_ref();
    let not = |why: &str| Ok(account::Asked::Not(why.to_owned()));
    let Some(user) = &args.user else {
        return not("no user is named, so that no directory was asked: give USER, or --on-prem");
    };
    if args.on_prem.is_some() || guide::is_not_synchronised(evidence) {
        return not("it was not asked");
    }
    let settings = &ctx.settings;
    if settings.servers.is_empty()
        && settings.domain.is_none()
        && settings.user.is_none()
        && !settings.kerberos
    {
        return not("no server is named to ask: give --server, --domain or a profile, or --on-prem");
    }
    let session = ctx.connect().await?;
    let asked = account::ask(ctx, &session, &guide::names_on_premises(evidence, user)).await;
    session.close().await;
    asked
}

/// Asks for what is unknown, where somebody is there; whether anything was answered.
fn ask(printer: &Printer, args: &Args, findings: &mut Findings) -> Result<bool, CliError> {
    let has_evidence = args.evidence.any() || args.user.is_some();
    let any_said = args.on_prem.is_some() || args.entra.is_some() || args.mailbox.is_some();
    if !has_evidence && !any_said {
        printer.note("three states decide what to do; what is left empty stays unknown");
    }
    let here = answer(
        printer,
        "the account on premises (managed: nothing is synchronised)",
        &mut findings.on_premises,
        OnPremises::ALL,
        OnPremises::name,
    )?;
    let user = answer(printer, "the Entra user", &mut findings.entra, EntraState::ALL, EntraState::name)?;
    let mailbox =
        answer(printer, "the mailbox", &mut findings.mailbox, MailboxState::ALL, MailboxState::name)?;
    Ok(here || user || mailbox)
}

fn answer<T: Copy>(
    printer: &Printer,
    what: &str,
    found: &mut Found<T>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<bool, CliError> {
    if found.state.is_some() {
        return Ok(false);
    }
    let names: Vec<&str> = all.iter().map(|value| name(*value)).collect();
    loop {
        let question = format!("{what}: {}?", names.join(", "));
        let Some(text) = printer.ask(&question)?.filter(|text| !text.is_empty()) else { return Ok(false) };
        if let Some(value) = all.iter().copied().find(|value| name(*value).eq_ignore_ascii_case(&text)) {
            *found = Found::said(value, Source::Answer);
            return Ok(true);
        }
        printer.warn(format!("`{text}` is none of these; an empty answer leaves it unknown"));
    }
}

fn write_files(ctx: &Ctx, args: &Args, findings: &Findings, guide: &Guide) -> Result<(), CliError> {
    if let Some(path) = &args.html {
        files::write_new(path, &page::page(guide, ctx.now))?;
        ctx.printer.note(format!("the guide is in {}", path.display()));
    }
    let Some(path) = &args.script else { return Ok(()) };
    if guide.case.is_none() {
        ctx.printer.warn("no script is written: a state is unknown, and with it the steps");
        return Ok(());
    }
    files::write_new(path, &script::script(findings, guide))?;
    ctx.printer.note(format!(
        "{} was parsed in tests and never run: read it, and run it with -WhatIf first",
        path.display()
    ));
    Ok(())
}

fn print(printer: &Printer, guide: &Guide) -> Result<(), CliError> {
    match printer.format {
        Format::Json => printer.json(guide)?,
        Format::Jsonl => printer.json_line(guide)?,
        Format::Csv => {
            printer.csv_row([
                "n",
                "title",
                "by",
                "place",
                "when",
                "command",
                "replaces",
                "destructive",
                "needs",
            ])?;
            for step in &guide.steps {
                let text = |text: Option<&str>| printable_lines(text.unwrap_or_default());
                printer.csv_row([
                    step.n.to_string().as_str(),
                    step.title,
                    step.by,
                    step.place,
                    text(step.when.as_deref()).as_str(),
                    text(step.command.as_deref()).as_str(),
                    text(step.replaces).as_str(),
                    if step.destructive { "true" } else { "false" },
                    printable_lines(&step.needs.join("\n")).as_str(),
                ])?;
            }
        }
        Format::Table => text::print(printer, guide)?,
    }
    printer.flush()
}

/// Text of several lines that cannot drive a terminal.
fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use adrecover_core::decision_table::{Case, MailboxState, Question, REMAINS, Style, Values, fill};
    use clap::Parser;

    use crate::cli::Cli;

    /// What the table tells people to type is what this program takes.
    #[test]
    fn the_commands_of_the_table_are_those_of_this_program() {
        let steps = Case::all().flat_map(|case| case.cell().steps).map(|placed| placed.step);
        let steps = steps.chain(REMAINS.steps).map(|step| step.command);
        let asked =
            |question: Question| MailboxState::ALL.iter().map(move |mailbox| question.command(*mailbox));
        let commands = steps.chain(Question::ALL.into_iter().flat_map(asked));
        let mut seen = 0;
        for command in commands.filter(|c| c.starts_with("adrecover ")) {
            let mut text = fill(command, &Values::default(), Style::Words).text;
            text = text.replace("<GUID>", "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f");
            let parsed = Cli::try_parse_from(text.split(' '));
            assert!(parsed.is_ok(), "{text}: {}", parsed.err().map(|e| e.to_string()).unwrap_or_default());
            seen += 1;
        }
        assert!(seen > 20);
    }
}
