//! Text cells to numbers: one rule for data files and for requests.

use crate::problem::CellProblem;

/// The value of a text cell: a finite number, or NaN for an empty cell or a written `NaN`.
///
/// Surrounding blanks do not count. Infinity is refused, and so is a number that only becomes
/// infinite as `f32`.
pub fn parse_cell(text: &str) -> Result<f32, CellProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(f32::NAN);
    }
    // Parsed as f32 at once: by way of f64 a number could be rounded twice.
    let value: f32 = text.parse().map_err(|_| CellProblem::NotANumber)?;
    if value.is_infinite() {
        Err(CellProblem::NotFinite)
    } else {
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_written() {
        for (text, value) in [("25.0", 25.0), (" -3 ", -3.0), ("1e2", 100.0), ("+.5", 0.5)] {
            assert_eq!(parse_cell(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn empty_and_nan_are_missing() {
        for text in ["", "  ", "NaN", "nan"] {
            assert!(parse_cell(text).unwrap().is_nan(), "`{text}`");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["warm", "1,5", "null", "0x10", "1 2", "--1"] {
            assert_eq!(parse_cell(text), Err(CellProblem::NotANumber), "{text}");
        }
        for text in ["inf", "-Infinity", "1e39", "-1e400"] {
            assert_eq!(parse_cell(text), Err(CellProblem::NotFinite), "{text}");
        }
    }
}
