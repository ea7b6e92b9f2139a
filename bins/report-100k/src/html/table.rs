//! Tables of a page.

use maud::{Markup, html};

/// A table whose first column names the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// What it holds, for the caption and for whoever cannot see it.
    pub(crate) caption: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// The columns that hold texts and not numbers, counted from 0.
    pub(crate) texts: Vec<usize>,
    /// The row that matters most.
    pub(crate) main: Option<usize>,
}

impl Table {
    /// A table of numbers.
    pub(crate) fn new(caption: &str, head: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            caption: caption.to_owned(),
            head: head.iter().map(|&cell| cell.to_owned()).collect(),
            rows,
            ..Self::default()
        }
    }

    /// The table, to be scrolled sideways where it is wider than the page.
    pub(crate) fn markup(&self) -> Markup {
        let class = |column: usize| self.texts.contains(&column).then_some("text");
        html! {
            div.scroll tabindex="0" role="region" aria-label=(self.caption) {
                table {
                    caption { (self.caption) }
                    thead { tr {
                        @for (column, cell) in self.head.iter().enumerate() {
                            th scope="col" class=[class(column)] { (cell) }
                        }
                    } }
                    tbody {
                        @for (number, row) in self.rows.iter().enumerate() {
                            tr class=[(self.main == Some(number)).then_some("main")] {
                                @for (column, cell) in row.iter().enumerate() {
                                    @if column == 0 {
                                        th scope="row" { (cell) }
                                    } @else {
                                        td class=[class(column)] { (cell) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_escaped_and_the_first_names_its_row() {
        let row = vec!["<b>".to_owned(), "1".to_owned()];
        let table = Table::new("a & b", &["name", "n"], vec![row]);
        let html = table.markup().into_string();
        for expected in [
            "<th scope=\"row\">&lt;b&gt;</th><td>1</td>",
            "<caption>a &amp; b</caption>",
            "<th scope=\"col\">name</th>",
        ] {
            assert!(html.contains(expected), "{expected} is not in {html}");
        }
    }
}
