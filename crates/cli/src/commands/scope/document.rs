//! `adrecover/scope/v1`, and what people see of it.

use adrecover_core::text::printable;
use adrecover_hybrid::scope::{Reason, Verdict};
use serde::Serialize;

use super::word;
use crate::args::Format;
use crate::error::CliError;
use crate::printer::Printer;

/// One object and its verdict.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    /// The name, as it was given or as the directory has it.
    pub(super) dn: String,
    /// The verdict.
    #[serde(flatten)]
    pub(super) verdict: Verdict,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    results: &'a [Row],
}

impl Row {
    /// Of a name and its verdict.
    pub(super) fn new(dn: &str, verdict: Verdict) -> Self {
        Self { dn: dn.to_owned(), verdict }
    }
}

/// All in scope, one out, or one that cannot be told.
pub(super) fn code(rows: &[Row]) -> u8 {
    let any = |wanted| rows.iter().any(|row| row.verdict.in_scope == wanted);
    match () {
        () if any(Some(false)) => 6,
        () if any(None) => 3,
        () => 0,
    }
}

/// Prints the verdicts in the form that was asked for.
pub(super) fn print(printer: &Printer, rows: &[Row]) -> Result<(), CliError> {
    match printer.format {
        Format::Json => printer.json(&Document { schema: "adrecover/scope/v1", results: rows })?,
        Format::Jsonl => rows.iter().try_for_each(|row| printer.json_line(row))?,
        Format::Csv => csv(printer, rows)?,
        Format::Table => rows.iter().try_for_each(|row| block(printer, row))?,
    }
    printer.flush()
}

fn csv(printer: &Printer, rows: &[Row]) -> Result<(), CliError> {
    printer.csv_row(["dn", "inScope", "reason", "source", "path", "line", "value", "detail"])?;
    for Row { dn, verdict } in rows {
        let because = verdict.because.as_ref();
        let path = because.and_then(|b| b.path.as_ref()).map(|p| p.display().to_string());
        printer.csv_row([
            dn.clone(),
            verdict.in_scope.map(|is| is.to_string()).unwrap_or_default(),
            verdict.reason.name().to_owned(),
            because.map(|b| b.source.clone()).unwrap_or_default(),
            path.unwrap_or_default(),
            because.and_then(|b| b.line).map(|l| l.to_string()).unwrap_or_default(),
            because.map(|b| b.value.clone()).unwrap_or_default(),
            verdict.detail.clone().unwrap_or_default(),
        ])?;
    }
    Ok(())
}

/// The word and the name, and below them why.
fn block(printer: &Printer, row: &Row) -> Result<(), CliError> {
    let (word, color) = word(row.verdict.in_scope);
    printer.line(&format!("{}  {}", printer.paint(color, &format!("{word:<7}")), printable(&row.dn)))?;
    for line in [Some(why(&row.verdict)), row.verdict.detail.clone()].into_iter().flatten() {
        printer.line(&format!("{:9}{}", "", printable(&line)))?;
    }
    Ok(())
}

/// The reason in words, with what says so.
pub(super) fn why(verdict: &Verdict) -> String {
    let words = match verdict.reason {
        Reason::IncludedBy => "included by",
        Reason::ExcludedBy => "excluded by",
        Reason::PartitionNotSelected => "the partition is not selected:",
        Reason::NoPartition => "in no partition",
        Reason::NotListed => "no container above it is listed in",
        Reason::ClassNotSelected => "its class is not selected in",
        Reason::NotInGroup => "not in the group",
        Reason::FilteredByRule => "filtered by the rule",
        Reason::Unknown => "cannot be told, because of",
    };
    match &verdict.because {
        Some(because) => {
            let line = because.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{words} {}  ({}{line})", because.value, because.source)
        }
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use adrecover_hybrid::scope::Because;

    use super::*;
    use crate::printer::tests::printer;

    fn row(dn: &str, in_scope: Option<bool>, reason: Reason) -> Row {
        let because =
            Because { source: "a.xml".into(), path: None, line: Some(3), value: "OU=x\u{1b}".into() };
        Row::new(dn, Verdict { in_scope, reason, because: Some(because), detail: None })
    }

    #[test]
    fn one_that_is_out_decides_the_exit_code() {
        let is = row("CN=a", Some(true), Reason::IncludedBy);
        let out = row("CN=b", Some(false), Reason::ExcludedBy);
        let unknown = row("CN=c", None, Reason::Unknown);
        assert_eq!(code(std::slice::from_ref(&is)), 0);
        assert_eq!(code(&[is.clone(), unknown.clone()]), 3);
        assert_eq!(code(&[is, unknown, out]), 6);
    }

    #[test]
    fn people_get_the_line_of_the_file() {
        let (p, out, _) = printer(Format::Table, 0);
        print(&p, &[row("CN=a", Some(true), Reason::IncludedBy)]).unwrap();
        assert_eq!(out.text(), "in       CN=a\n         included by OU=x\\u{1b}  (a.xml:3)\n");
    }

    #[test]
    fn every_form_has_every_row() {
        let rows = [row("CN=a", None, Reason::Unknown), row("CN=b", Some(false), Reason::NotListed)];
        let (p, out, _) = printer(Format::Json, 0);
        print(&p, &rows).unwrap();
        let document: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
        assert_eq!(document["results"][0]["inScope"], serde_json::Value::Null);
        assert_eq!(document["results"][1]["because"]["line"], 3);
        let (p, out, _) = printer(Format::Jsonl, 0);
        print(&p, &rows).unwrap();
        assert_eq!(out.text().lines().count(), 2);
        let (p, out, _) = printer(Format::Csv, 0);
        print(&p, &rows).unwrap();
        let records: Vec<_> = csv::Reader::from_reader(out.text().as_bytes()).into_records().collect();
        assert_eq!(records.len(), 2);
        assert_eq!((&records[0].as_ref().unwrap()[1], &records[1].as_ref().unwrap()[1]), ("", "false"));
    }
}
