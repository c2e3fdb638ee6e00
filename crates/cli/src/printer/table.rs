//! Tables for people: columns two spaces apart, fitted to the terminal, whole on a pipe.

use adrecover_core::text::printable;
use tabled::builder::Builder;
use tabled::settings::object::{Columns, Object, Rows};
use tabled::settings::style::Style;
use tabled::settings::width::Width;
use tabled::settings::{Alignment, Padding};

use crate::error::CliError;
use crate::printer::Printer;

/// A table in the making.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// A column of a [`Table`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// What stands above it.
    pub(crate) title: &'static str,
    /// Whether its cells may be cut where the terminal is too narrow; identifiers may not.
    pub(crate) may_shrink: bool,
    /// Whether it holds numbers.
    pub(crate) right: bool,
}

/// No column is made narrower.
const LEAST: usize = 8;
const GAP: usize = 2;

impl Table {
    /// An empty table.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: vec![] }
    }

    /// Adds a row; cells are made printable.
    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|c| printable(c.as_ref()).into_owned()).collect());
    }

    /// The table as text, no wider than `width` where that can be had.
    pub(crate) fn render(&self, width: Option<usize>) -> String {
        let mut builder = Builder::default();
        builder.push_record(self.columns.iter().map(|c| c.title));
        self.rows.iter().for_each(|row| builder.push_record(row));
        let mut table = builder.build();
        table.with(Style::empty()).with(Padding::new(0, GAP, 0, 0));
        let fitted = width.map(|w| self.fit(w));
        for (i, column) in self.columns.iter().enumerate() {
            if column.right {
                table.modify(Columns::one(i).intersect(Rows::new(1..)), Alignment::right());
            }
            if let Some(limit) = fitted.as_ref().and_then(|f| f[i]) {
                table.modify(Columns::one(i), Width::truncate(limit).suffix("…"));
            }
        }
        let text = table.to_string();
        let mut out: String = text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
        if out.is_empty() {
            out.push('\n');
        }
        out
    }

    /// The width to which each column is cut: the widest of those that may shrink gives way first.
    fn fit(&self, width: usize) -> Vec<Option<usize>> {
        let widest = |i: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(i).map(String::as_str));
            cells.chain([self.columns[i].title]).map(display_width).max().unwrap_or(0)
        };
        let natural: Vec<usize> = (0..self.columns.len()).map(widest).collect();
        let mut widths = natural.clone();
        let gaps = GAP * self.columns.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > width {
            let shrinkable = (0..widths.len()).filter(|i| self.columns[*i].may_shrink && widths[*i] > LEAST);
            match shrinkable.max_by_key(|i| widths[*i]) {
                Some(i) => widths[i] -= 1,
                None => break,
            }
        }
        widths.iter().zip(&natural).map(|(w, n)| (w < n).then_some(*w)).collect()
    }
}

/// How many columns a text takes; colours take none.
pub(super) fn display_width(text: &str) -> usize {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().map_or(0, plain_width);
    first + parts.map(|part| plain_width(part.split_once('m').map_or(part, |(_, rest)| rest))).sum::<usize>()
}

fn plain_width(text: &str) -> usize {
    tabled::grid::util::string::get_line_width(text)
}

impl Printer {
    /// Prints a table: fitted to a terminal, whole elsewhere.
    pub(crate) fn table(&self, table: &Table) -> Result<(), CliError> {
        let text = table.render(self.width);
        let (head, body) = text.split_once('\n').unwrap_or((&text, ""));
        self.line(&self.bold(head))?;
        self.raw(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let column = |title, may_shrink, right| Column { title, may_shrink, right };
        let mut table = Table::new([
            column("NAME", true, false),
            column("DAYS", false, true),
            column("ID", false, false),
        ]);
        table.row(["a rather long name of a user", "5", "3c45a0ae"]);
        table.row(["日本", "160", "b\u{1b}c"]);
        table
    }

    #[test]
    fn whole_without_a_width() {
        let expected = "\
NAME                          DAYS  ID
a rather long name of a user     5  3c45a0ae
日本                           160  b\\u{1b}c
";
        assert_eq!(table().render(None), expected);
    }

    #[test]
    fn only_what_may_shrink_is_cut() {
        let text = table().render(Some(30));
        assert!(text.lines().all(|l| display_width(l) <= 30), "{text}");
        assert!(text.contains("…") && text.contains("3c45a0ae"), "{text}");
        // Too narrow for what must stay whole: wider than the terminal, but nothing is lost.
        assert!(table().render(Some(5)).contains("3c45a0ae"));
    }
}
