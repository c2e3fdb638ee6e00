//! The report as one page: no script, no picture, nothing from the network.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_hybrid::checks::{CheckReport, Seen, UserReport, Verdict};

use super::summary::Summary;
use crate::error::CliError;
use crate::html;
pub(crate) use crate::html::escaped;

/// The page in the making: a file beside the one that it will be, so that no half a page is left under its name.
pub(crate) struct Page {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
    /// Where the summary is put in at the end.
    summary: u64,
    is_done: bool,
}

/// The room that is kept for the summary.
const SUMMARY: usize = 600;

const STYLE: &str = "\
:root{color-scheme:light dark;--bad:#b3261e;--open:#8a6100;--good:#1b6e3a;--line:#8884;--soft:#8881}
body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .3rem}p.of{margin:.2rem 0 1rem;opacity:.75}
.filter{display:inline-block;margin:0 .4rem 1rem 0}.filter+input{margin-left:1rem}
details{border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0;padding:.1rem .8rem}
summary{cursor:pointer;padding:.45rem 0;font-weight:600}summary small{font-weight:400;opacity:.7;margin-left:.6rem}
.v{display:inline-block;min-width:6.5rem;font-weight:700}.blocked .v,.fail .s{color:var(--bad)}
.incomplete .v,.warn .s,.unknown .s{color:var(--open)}.ready .v,.pass .s{color:var(--good)}
table{border-collapse:collapse;width:100%;margin:.3rem 0 .8rem}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;
border-top:1px solid var(--line)}td.s{font-weight:700;white-space:nowrap}code{background:var(--soft);padding:0 .25rem;
border-radius:.2rem;overflow-wrap:anywhere}.id{opacity:.6;white-space:nowrap}.fix{margin:.2rem 0}ul{margin:.2rem 0;
padding-left:1.1rem;font-size:.9em;opacity:.85}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.2rem 0 .8rem}
dt{opacity:.7}dd{margin:0}
#blocked:checked~main .u:not(.blocked),#incomplete:checked~main .u:not(.incomplete),#ready:checked~main .u:not(.ready){display:none}
#open:checked~main tr.pass,#open:checked~main tr.notApplicable{display:none}
";

impl Page {
    /// Begins a page.
    pub(crate) fn create(path: &Path) -> Result<Self, CliError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(CliError::usage("--html names no file"));
        }
        name.push(".part");
        let part = path.with_file_name(name);
        let file = File::create(&part).map_err(|error| CliError::file("write", &part, &error))?;
        let mut page =
            Self { path: path.to_owned(), part, file: BufWriter::new(file), summary: 0, is_done: false };
        page.begin().map_err(|error| page.failed(&error))?;
        Ok(page)
    }

    fn failed(&self, error: &std::io::Error) -> CliError {
        CliError::file("write", &self.part, error)
    }

    fn begin(&mut self) -> std::io::Result<()> {
        writeln!(
            self.file,
            "{}<h1>Pre-flight before a synchronisation</h1>",
            html::begin("pre-flight", STYLE)
        )?;
        self.summary = self.file.stream_position()?;
        writeln!(self.file, "{}", " ".repeat(SUMMARY))?;
        for (id, text) in [
            ("everybody", "all users"),
            ("blocked", "blocked"),
            ("incomplete", "incomplete"),
            ("ready", "ready"),
        ] {
            let checked = if id == "everybody" { " checked" } else { "" };
            writeln!(
                self.file,
                "<input type=\"radio\" name=\"verdict\" id=\"{id}\"{checked}><label class=\"filter\" for=\"{id}\">{text}</label>"
            )?;
        }
        writeln!(
            self.file,
            "<input type=\"checkbox\" id=\"open\" checked><label class=\"filter\" for=\"open\">only what is not as it should \
             be</label>\n<main>"
        )
    }

    /// Adds a user.
    pub(crate) fn user(&mut self, report: &UserReport) -> Result<(), CliError> {
        self.write_user(report).map_err(|error| self.failed(&error))
    }

    fn write_user(&mut self, report: &UserReport) -> std::io::Result<()> {
        let verdict = report.verdict.name();
        let named =
            report.user_principal_name.as_ref().or(report.sam_account_name.as_ref()).unwrap_or(&report.dn);
        let open = if report.verdict == Verdict::Ready { "" } else { " open" };
        let out = &mut self.file;
        writeln!(
            out,
            "<details class=\"u {verdict}\"{open}><summary><span class=\"v\">{verdict}</span>{}<small>{}</small></summary>",
            escaped(named),
            escaped(&report.dn)
        )?;
        let smtp = &report.primary_smtp;
        let agrees = match smtp.agrees {
            Some(true) => "agrees",
            Some(false) => "differs",
            None => "unknown",
        };
        write!(out, "<dl><dt>primary SMTP address</dt><dd>{agrees}: {}", escaped(&smtp.answer))?;
        if let Some(change) = &smtp.change {
            write!(out, "<br>{}", escaped(change))?;
        }
        write!(out, "</dd>")?;
        if let Some(guid) = report.guid {
            write!(out, "<dt>GUID</dt><dd><code>{guid}</code></dd>")?;
        }
        writeln!(out, "</dl><table>")?;
        report.checks.iter().try_for_each(|check| write_check(out, check))?;
        writeln!(out, "</table></details>")
    }

    /// Ends the page and puts it under its name.
    pub(crate) fn finish(
        mut self,
        server: &str,
        at: Timestamp,
        summary: &Summary,
    ) -> Result<PathBuf, CliError> {
        self.end(server, at, summary).map_err(|error| self.failed(&error))?;
        std::fs::rename(&self.part, &self.path)
            .map_err(|error| CliError::file("write", &self.path, &error))?;
        self.is_done = true;
        Ok(self.path.clone())
    }

    fn end(&mut self, server: &str, at: Timestamp, summary: &Summary) -> std::io::Result<()> {
        write!(self.file, "</main>{}", html::END)?;
        let Summary { users, ready, incomplete, blocked } = summary;
        let server: String = escaped(server).chars().take(SUMMARY / 3).collect();
        let text = format!(
            "<p class=\"of\">{users} user(s): {blocked} blocked, {incomplete} incomplete, {ready} ready. Read from {server} on {}. \
             Nothing was written.</p>",
            rfc3339(at)
        );
        self.file.seek(SeekFrom::Start(self.summary))?;
        self.file.write_all(text.as_bytes())?;
        self.file.flush()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if !self.is_done {
            // Half a page is of no use to anybody.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

fn write_check(out: &mut impl Write, check: &CheckReport) -> std::io::Result<()> {
    let status = check.status.name();
    write!(
        out,
        "<tr class=\"{status}\"><td class=\"s\">{status}</td><td><strong>{}</strong> <span class=\"id\">{}, {}</span>",
        escaped(check.title),
        check.id,
        check.severity.name()
    )?;
    if !check.detail.is_empty() {
        write!(out, "<div>{}</div>", escaped(&check.detail))?;
    }
    if let Some(fix) = &check.fix {
        write!(out, "<div class=\"fix\">&rarr; {}</div>", escaped(fix))?;
    }
    if !check.evidence.is_empty() {
        write!(out, "<ul>")?;
        check.evidence.iter().try_for_each(|seen| write_seen(out, seen))?;
        write!(out, "</ul>")?;
    }
    writeln!(out, "</td></tr>")
}

fn write_seen(out: &mut impl Write, seen: &Seen) -> std::io::Result<()> {
    let at = seen.at.map_or_else(String::new, |at| format!(", {}", rfc3339(at)));
    let value =
        seen.value.as_deref().map_or_else(|| "none".to_owned(), |v| format!("<code>{}</code>", escaped(v)));
    write!(out, "<li>{}: {value} ({}{at})</li>", escaped(&seen.attribute), escaped(&seen.source))
}
