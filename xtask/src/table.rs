//! Tables on a terminal.

use crate::output::inert;

/// More than this in one cell is cut.
const WIDEST_CELL: usize = 100;

/// A table with a heading row.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self {
            rows: vec![columns.map(str::to_owned).to_vec()],
        }
    }

    /// Adds a row. Cells may hold strings of others: they are made inert.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(
            cells
                .map(|cell| inert(cell.trim_start(), WIDEST_CELL))
                .to_vec(),
        );
    }

    /// The table as text, without a line break at the end.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        let mut lines: Vec<String> = self.rows.iter().map(|row| aligned(row, &widths)).collect();
        lines.insert(1, aligned(&rule, &widths));
        lines.join("\n")
    }
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let cells = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:<width$}"));
    format!("  {}", cells.collect::<Vec<_>>().join("  "))
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["account", "connector"]);
        table.row(["111111111111", "aws-111111111111"]);
        table.row(["äö", ""]);
        insta::assert_snapshot!(table.render(), @r"
          account       connector
          ------------  ----------------
          111111111111  aws-111111111111
          äö
        ");
    }

    #[test]
    fn a_cell_cannot_break_the_table() {
        let mut table = Table::new(["name"]);
        table.row(["a\nb\u{1b}[2Jc"]);
        assert!(table.render().ends_with("a bc"));
    }
}
