//! Some rows as bytes of a grid, by row and by column.

use super::grid::Grid;

/// Rows that go through one tree before the next tree is looked at.
pub(super) const BLOCK: usize = 128;

/// Up to [`BLOCK`] rows. What stands behind them is left over from earlier rows, and nobody asks for it.
#[derive(Debug)]
pub(super) struct Block<const SLOTS: usize> {
    /// For a walk, which looks at one byte of a row after the other.
    pub(super) rows: [[u8; SLOTS]; BLOCK],
    /// For a test that all rows are put to: [`signed`] bytes.
    pub(super) columns: [[i8; BLOCK]; SLOTS],
}

impl<const SLOTS: usize> Block<SLOTS> {
    pub(super) fn new() -> Self {
        Self {
            rows: [[0; SLOTS]; BLOCK],
            columns: [[0; BLOCK]; SLOTS],
        }
    }

    /// Takes these rows, at most [`BLOCK`], in the place of others.
    pub(super) fn take<'r>(&mut self, grid: &Grid, rows: impl Iterator<Item = &'r [f32]>) {
        let used = grid.slots();
        for (at, (row, codes)) in rows.zip(&mut self.rows).enumerate() {
            grid.encode(row, codes);
            for (column, code) in self.columns.iter_mut().zip(&codes[..used]) {
                column[at] = signed(*code);
            }
        }
    }
}

/// A byte in the order of signed ones: any x86-64 compares sixteen of these in one step, but none without a sign.
#[inline]
pub(super) fn signed(code: u8) -> i8 {
    (code ^ 0x80).cast_signed()
}
