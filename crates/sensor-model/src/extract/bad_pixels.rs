//! Defective pixels, found by their shape and replaced.
//!
//! A lens blurs: of a point of light, 9 % or more of what the central pixel gains also reaches pixels beside it
//! (an Airy disc at 10 um and f/1.1 on pixels of 12 um, the best that the Lepton's optics could do).
//! So even the smallest flame raises its surroundings, while a defective pixel stands alone.
//! A pixel is defective if it is hotter (or colder) than all its neighbours but one, and those neighbours
//! are as equal among themselves as they would be without it. The one exempted neighbour makes pairs
//! of defective pixels visible.
//!
//! What that changes on the first frame of a real Lepton 3.5 with 19 defective pixels in one line: `t_max` 29.44
//! instead of 33.41 C, `t_std` 1.005 instead of 1.055 C, `t_grad_mean` 0.090 instead of 0.105 and `t_grad_std` 0.119
//! instead of 0.230 C/px. `t_mean` (22.750 and 22.760 C), `t_p95` and the hot areas hardly notice.

use crate::frame::{FRAME_HEIGHT, FRAME_WIDTH};

/// Neighbours that differ by this much among themselves, in Celsius, still count as equal.
const EQUAL_C: f32 = 1.25;
/// Neighbours that differ by this share of the deviation still count as equal: half of what a lens would cause.
const EQUAL_SHARE: f32 = 0.05;

type Row = [f32; FRAME_WIDTH];

/// Replaces each defective pixel of an image by the median of its eight neighbours, and says how many there were.
///
/// A pixel is examined if it deviates by more than `deviation_c`. At the border, the neighbours that are missing are
/// those of the other side.
pub(super) fn repair(celsius: &mut [f32], deviation_c: f32) -> usize {
    let (rows, _) = celsius.as_chunks::<FRAME_WIDTH>();
    // Judged on the image as it came, so that a repair does not lead to the next one.
    let repairs: Vec<_> = (0..rows.len())
        .filter(|&y| any_stands_out(beside(rows, y), deviation_c))
        .flat_map(|y| (0..FRAME_WIDTH).map(move |x| (x, y)))
        .filter_map(|(x, y)| {
            let median = replacement(beside(rows, y), x, deviation_c)?;
            Some((y * FRAME_WIDTH + x, median))
        })
        .collect();
    for &(at, median) in &repairs {
        celsius[at] = median;
    }
    repairs.len()
}

/// The row above, the row itself, the row below.
fn beside(rows: &[Row], y: usize) -> [&Row; 3] {
    let (above, below) = neighbours(y, FRAME_HEIGHT);
    [&rows[above], &rows[y], &rows[below]]
}

/// The positions before and after, mirrored at the border.
fn neighbours(at: usize, length: usize) -> (usize, usize) {
    let before = if at == 0 { 1 } else { at - 1 };
    let after = if at + 1 == length { at - 1 } else { at + 1 };
    (before, after)
}

/// Whether any pixel of the middle row stands out: nearly all rows end here.
fn any_stands_out([above, row, below]: [&Row; 3], deviation_c: f32) -> bool {
    let last = FRAME_WIDTH - 1;
    let at = |x: usize, beside: usize| {
        stands_out(
            row[x],
            [above[x], below[x], row[beside], row[beside]],
            deviation_c,
        )
    };
    let mut any = at(0, 1) | at(last, last - 1);
    for x in 1..last {
        let around = [above[x], below[x], row[x - 1], row[x + 1]];
        any |= stands_out(row[x], around, deviation_c);
    }
    any
}

/// Whether a pixel deviates from all but one of its four direct neighbours.
///
/// This is necessary for a defect and cheap.
fn stands_out(celsius: f32, [above, below, left, right]: [f32; 4], deviation_c: f32) -> bool {
    let (low_a, high_a) = ordered(above, below);
    let (low_b, high_b) = ordered(left, right);
    let (lows, highs) = (larger(low_a, low_b), smaller(high_a, high_b));
    let (second_lowest, second_highest) = ordered(lows, highs);
    larger(celsius - second_highest, second_lowest - celsius) > deviation_c
}

/// What to put in place of the pixel at `x` of the middle row; `None` if nothing is wrong with it.
fn replacement([above, row, below]: [&Row; 3], x: usize, deviation_c: f32) -> Option<f32> {
    let (left, right) = neighbours(x, FRAME_WIDTH);
    if !stands_out(
        row[x],
        [above[x], below[x], row[left], row[right]],
        deviation_c,
    ) {
        return None;
    }
    let mut around = [
        above[left],
        above[x],
        above[right],
        row[left],
        row[right],
        below[left],
        below[x],
        below[right],
    ];
    around.sort_by(f32::total_cmp);
    let [_, low, _, median_low, median_high, _, high, _] = around;
    let deviation = larger(row[x] - high, low - row[x]);
    let equal = larger(EQUAL_C, EQUAL_SHARE * deviation);
    (deviation > deviation_c && high - low <= equal)
        .then_some(f32::midpoint(median_low, median_high))
}

// `f32::min` and `f32::max` also decide about NaN, which no frame holds, and cost twice as much.
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

fn ordered(a: f32, b: f32) -> (f32, f32) {
    (smaller(a, b), larger(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FRAME_PIXELS;

    const CALM: f32 = 22.0;

    /// A calm scene, repaired after the given additions `(x, y, Celsius)`: what is left above it, and how many were replaced.
    fn repaired(additions: &[(usize, usize, f32)]) -> (f32, usize) {
        let mut image = vec![CALM; FRAME_PIXELS];
        for &(x, y, celsius) in additions {
            image[y * FRAME_WIDTH + x] += celsius;
        }
        let replaced = repair(&mut image, 2.0);
        let farthest = image
            .iter()
            .map(|value| value - CALM)
            .fold(
                0.0,
                |far: f32, off| if off.abs() > far.abs() { off } else { far },
            );
        (farthest, replaced)
    }

    #[test]
    fn lone_and_paired_defects_go_wherever_they_are() {
        for (x, y) in [
            (80, 60),
            (0, 0),
            (159, 0),
            (0, 119),
            (159, 119),
            (80, 0),
            (0, 60),
        ] {
            for celsius in [3.0, -3.0, 11.0, 300.0, -60.0] {
                assert_eq!(repaired(&[(x, y, celsius)]), (0.0, 1), "{x} {y} {celsius}");
            }
        }
        assert_eq!(repaired(&[(80, 60, 10.0), (81, 60, 11.0)]), (0.0, 2));
        assert_eq!(repaired(&[(80, 60, 10.0), (80, 61, 11.0)]), (0.0, 2));
    }

    /// What a lens at its physical limit makes of a point of light: shares of nine pixels around each other, by the
    /// point's place within the central pixel (Airy disc integrated over the pixels).
    #[test]
    fn the_smallest_flame_stays() {
        let centred = [
            [0.02, 0.107, 0.02],
            [0.107, 1.0, 0.107],
            [0.02, 0.107, 0.02],
        ];
        let on_the_edge = [[0.0, 0.109, 0.109], [0.02, 1.0, 1.0], [0.0, 0.109, 0.109]];
        let near_the_corner = [[0.02, 0.10, 0.05], [0.09, 1.0, 0.48], [0.05, 0.49, 0.25]];
        for shape in [centred, on_the_edge, near_the_corner] {
            for rise in [16.0_f32, 40.0, 130.0, 340.0] {
                let spots: Vec<_> = (0..9)
                    .map(|k| (80 + k % 3, 60 + k / 3, rise * shape[k / 3][k % 3]))
                    .collect();
                let (left, replaced) = repaired(&spots);
                assert_eq!(replaced, 0, "{rise} {shape:?}");
                assert!((left - rise).abs() < 1e-4, "{left} of {rise}");
            }
        }
    }

    #[test]
    fn what_deviates_little_stays() {
        assert_eq!(repaired(&[(80, 60, 1.9)]).1, 0);
        assert_eq!(repaired(&[(80, 60, -1.9)]).1, 0);
    }
}
