//! A cheap search for the part of a frame that may have texture.

use super::plane::{Plane, RADIUS, Region};
use crate::frame::{FRAME_HEIGHT, FRAME_WIDTH};

/// Number of adjacent pixels whose gradients are summed into one block; larger than the window's radius, so that a
/// window fits within three blocks.
const BLOCK: usize = 8;
/// Blocks per row.
const BLOCKS: usize = FRAME_WIDTH / BLOCK;
/// Sums in a different order may round differently; a pixel exactly at the threshold must be a candidate.
const SLACK: f32 = 0.999;

/// A sum for each block of a row.
type BlockRow = [f32; BLOCKS];

/// The smallest rectangle of blocks that contains all textured pixels of a frame, given its gradients along the rows and
/// down the columns.
///
/// The smaller eigenvalue of the structure tensor is at most each entry on its diagonal, and such an entry is a sum of
/// squares over the window: at most the sum over all blocks that the window can touch.
pub(super) fn candidates(gradient: [&Plane; 2], floor: f32) -> Option<Region> {
    let [along, down] = gradient.map(sums_of_neighbours);
    let mut found = None;
    for y in 0..FRAME_HEIGHT {
        let window = y.saturating_sub(RADIUS)..(y + RADIUS + 1).min(FRAME_HEIGHT);
        let (along, down) = (total(&along[window.clone()]), total(&down[window]));
        let candidate =
            |block: &usize| along[*block] >= SLACK * floor && down[*block] >= SLACK * floor;
        if let Some(first) = (0..BLOCKS).find(candidate) {
            let last = (first..BLOCKS).rfind(candidate).unwrap_or(first);
            found = Some(Region::around(found, first * BLOCK..(last + 1) * BLOCK, y));
        }
    }
    found
}

/// For each row and block, the sum of squares over the block and its two neighbours.
fn sums_of_neighbours(gradient: &Plane) -> Vec<BlockRow> {
    let sums = |y| {
        // With an empty block on either side.
        let mut squares = [0.0; BLOCKS + 2];
        let (blocks, _) = gradient.row(y).as_chunks::<BLOCK>();
        for (sum, block) in squares[1..].iter_mut().zip(blocks) {
            let s = block.map(|value| value * value);
            // In pairs, so that additions do not wait for each other.
            *sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
        }
        std::array::from_fn(|block| squares[block] + squares[block + 1] + squares[block + 2])
    };
    (0..FRAME_HEIGHT).map(sums).collect()
}

fn total(rows: &[BlockRow]) -> BlockRow {
    let mut total = [0.0; BLOCKS];
    for row in rows {
        for (total, sum) in total.iter_mut().zip(row) {
            *total += sum;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rectangle for gradients of 1 at the given pixels.
    fn check(pixels: &[(usize, usize)], floor: f32, expected: Option<[usize; 4]>) {
        let mut plane = Plane::new(FRAME_WIDTH, FRAME_HEIGHT);
        for &(x, y) in pixels {
            plane.row_mut(y)[x] = 1.0;
        }
        let found = candidates([&plane, &plane], floor).map(|r| [r.x0, r.x1, r.y0, r.y1]);
        assert_eq!(found, expected, "{pixels:?}");
    }

    #[test]
    fn every_window_with_enough_gradient_is_inside() {
        check(&[], 1.0, None);
        check(&[(83, 60)], 1.0, Some([72, 96, 57, 64]));
        check(&[(83, 60)], 1.1, None);
        check(&[(83, 60), (84, 61)], 2.0, Some([72, 96, 58, 64]));
        check(&[(0, 0)], 1.0, Some([0, 16, 0, 4]));
        check(&[(0, 0), (159, 119)], 1.0, Some([0, 160, 0, 120]));
    }

    #[test]
    fn a_gradient_in_only_one_direction_is_not_texture() {
        let mut edge = Plane::new(FRAME_WIDTH, FRAME_HEIGHT);
        edge.fill(std::iter::repeat(1.0));
        let none = Plane::new(FRAME_WIDTH, FRAME_HEIGHT);
        assert_eq!(candidates([&edge, &none], 1.0), None);
        assert_eq!(candidates([&none, &edge], 1.0), None);
    }
}
