//! Tables, and the formatting of their numbers.

use maud::{Markup, html};

/// A table whose first column names the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// The caption, also used as the label for screen readers.
    pub(crate) caption: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Indices of the columns with text instead of numbers.
    pub(crate) texts: Vec<usize>,
    /// Index of the highlighted row.
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

    /// The table as HTML; it scrolls horizontally if it is wider than the page.
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

/// A number with thousands separators.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A metric with four decimals.
pub(super) fn four_digits(value: f64) -> String {
    format!("{value:.4}")
}

/// The interval of a metric.
pub(super) fn interval([low, high]: [f64; 2]) -> String {
    format!("{low:.4} to {high:.4}")
}

/// A share between 0 and 1, in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// The value as text, or a dash for `None`.
pub(super) fn or_dash<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_escaped_and_the_first_is_the_row_header() {
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

    #[test]
    fn thousands_are_separated_by_commas() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), expected);
        }
    }
}
