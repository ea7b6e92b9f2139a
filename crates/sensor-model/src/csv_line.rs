//! A line of delimited text as its cells: one rule for data files, CO2 logs and labels.

/// A quotation mark that is never closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unclosed<'a> {
    /// Position of the cell in the line.
    pub(crate) column: usize,
    /// The line from that cell on.
    pub(crate) text: &'a str,
}

/// The cells of a line, without the blanks around them.
///
/// A cell in quotation marks may hold separators; a doubled mark inside stays doubled, which only columns of text
/// can contain.
pub(crate) fn split(line: &str, separator: char) -> Result<Vec<&str>, Unclosed<'_>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let quoted = rest.trim_start().strip_prefix('"');
        let (cell, after) = match quoted {
            None => rest
                .split_once(separator)
                .map_or((rest, None), |(cell, rest)| (cell, Some(rest))),
            Some(inside) => {
                let end = closing_mark(inside).ok_or(Unclosed {
                    column: cells.len(),
                    text: rest,
                })?;
                let after = inside[end + 1..].split_once(separator);
                (&inside[..end], after.map(|(_, rest)| rest))
            }
        };
        cells.push(cell.trim());
        match after {
            Some(after) => rest = after,
            None => return Ok(cells),
        }
    }
}

/// Position of the quotation mark that closes a cell, passing over doubled ones.
fn closing_mark(inside: &str) -> Option<usize> {
    let bytes = inside.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        match (bytes[i], bytes.get(i + 1)) {
            (b'"', Some(b'"')) => i += 2,
            (b'"', _) => return Some(i),
            _ => i += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_split_at_separators_outside_quotation_marks() {
        let check = |line: &str, cells: &[&str]| {
            assert_eq!(split(line, ',').unwrap(), cells, "{line}");
            let line = line.replace(',', ";");
            let cells: Vec<_> = cells.iter().map(|cell| cell.replace(',', ";")).collect();
            assert_eq!(split(&line, ';').unwrap(), cells, "{line}");
        };
        check("1,2,3", &["1", "2", "3"]);
        check("1,,", &["1", "", ""]);
        check(" 1 , 2", &["1", "2"]);
        check("\"Hall, east\",2", &["Hall, east", "2"]);
        check("\"a \"\"b\"\"\",2", &["a \"\"b\"\"", "2"]);
        check("\"\",\"3\"", &["", "3"]);
    }

    #[test]
    fn a_mark_that_stays_open_is_refused() {
        assert_eq!(
            split("1,\"2,3", ','),
            Err(Unclosed {
                column: 1,
                text: "\"2,3"
            })
        );
    }
}
