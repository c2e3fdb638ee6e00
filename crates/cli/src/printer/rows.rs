//! Data as CSV.

use std::io::Write;

use adrecover_core::text::printable;

use crate::error::CliError;
use crate::printer::Printer;

impl Printer {
    /// One line of CSV (RFC 4180, line feeds). Cells that a spreadsheet would take for a formula are defused.
    pub(crate) fn csv_row<S: AsRef<str>>(&self, cells: impl IntoIterator<Item = S>) -> Result<(), CliError> {
        Ok(self.out().write_all(&csv_line(cells)?)?)
    }
}

pub(crate) fn csv_line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> Result<Vec<u8>, CliError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let cells: Vec<String> =
        cells.into_iter().map(|c| printable(&defused(c.as_ref())).into_owned()).collect();
    writer.write_record(&cells)?;
    writer.into_inner().map_err(|e| CliError::from(e.into_error()))
}

/// A leading `=`, `+`, `-`, `@`, tab or carriage return makes a formula of a cell: an apostrophe in front makes text of it.
fn defused(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::args::Format;

    #[test]
    fn formulas_are_defused_and_commas_quoted() {
        let (printer, out, _) = crate::printer::tests::printer(Format::Csv, 0);
        printer.csv_row(["=1+1", "a,b", "@x", "-5", "plain", "a\"b"]).unwrap();
        assert_eq!(out.text(), "'=1+1,\"a,b\",'@x,'-5,plain,\"a\"\"b\"\n");
    }
}
