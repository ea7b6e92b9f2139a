//! The number of hot pixels, and the size of the largest connected hot region.

use crate::frame::FRAME_WIDTH;

/// Numbers of pixels above a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HotArea {
    /// All hot pixels.
    pub(super) pixels: usize,
    /// The pixels of the largest region of hot pixels with common edges.
    pub(super) largest_blob: usize,
}

impl HotArea {
    /// Counts the pixels strictly above `threshold_c`.
    pub(super) fn of(celsius: &[f32], threshold_c: f32) -> Self {
        let hot = |value: &f32| *value > threshold_c;
        let pixels = celsius
            .iter()
            .map(|value| u32::from(hot(value)))
            .sum::<u32>() as usize;
        let largest_blob = if pixels == 0 {
            0
        } else {
            largest_region(celsius.chunks(FRAME_WIDTH).map(|row| runs(row, hot)))
        };
        Self {
            pixels,
            largest_blob,
        }
    }
}

/// Adjacent hot pixels in one row, from `start` up to but not including `end`.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    end: usize,
    region: usize,
}

fn runs(row: &[f32], hot: impl Fn(&f32) -> bool) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut x = 0;
    while let Some(offset) = row[x..].iter().position(&hot) {
        let start = x + offset;
        let end = row[start..]
            .iter()
            .position(|value| !hot(value))
            .map_or(row.len(), |length| start + length);
        runs.push(Run {
            start,
            end,
            region: 0,
        });
        x = end;
    }
    runs
}

/// The size of the largest region; runs of adjacent rows belong to the same region if they share a column.
fn largest_region(rows: impl Iterator<Item = Vec<Run>>) -> usize {
    let mut regions = Regions::default();
    let mut above: Vec<Run> = Vec::new();
    for mut row in rows {
        for run in &mut row {
            run.region = regions.add(run.end - run.start);
            for upper in above
                .iter()
                .filter(|upper| upper.start < run.end && run.start < upper.end)
            {
                regions.join(run.region, upper.region);
            }
        }
        above = row;
    }
    regions.pixels.into_iter().max().unwrap_or(0)
}

/// A disjoint-set forest of regions, whose roots contain the sizes.
#[derive(Default)]
struct Regions {
    parent: Vec<usize>,
    pixels: Vec<usize>,
}

impl Regions {
    fn add(&mut self, pixels: usize) -> usize {
        self.parent.push(self.parent.len());
        self.pixels.push(pixels);
        self.parent.len() - 1
    }

    fn root(&mut self, mut region: usize) -> usize {
        while self.parent[region] != region {
            self.parent[region] = self.parent[self.parent[region]];
            region = self.parent[region];
        }
        region
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.parent[b] = a;
            self.pixels[a] += self.pixels[b];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::FRAME_HEIGHT;

    /// An image from a drawing: `#` is hot, the rest of the frame is not.
    fn image(drawing: &[&str]) -> Vec<f32> {
        let mut image = vec![20.0; FRAME_WIDTH * FRAME_HEIGHT];
        for (y, line) in drawing.iter().enumerate() {
            for (x, _) in line.bytes().enumerate().filter(|(_, byte)| *byte == b'#') {
                image[y * FRAME_WIDTH + x] = 80.0;
            }
        }
        image
    }

    fn check(drawing: &[&str], pixels: usize, largest_blob: usize) {
        let expected = HotArea {
            pixels,
            largest_blob,
        };
        assert_eq!(HotArea::of(&image(drawing), 50.0), expected, "{drawing:#?}");
    }

    #[test]
    fn diagonal_pixels_are_not_connected() {
        check(&[], 0, 0);
        check(&["#"], 1, 1);
        check(&["#.", ".#"], 2, 1);
        check(&["##", ".#"], 3, 3);
        check(&["#.#", "#.#", "###"], 7, 7);
        check(&["###..##", "#.#..##", "###...."], 12, 8);
        check(&["#.#.#", "#.#.#", "#####", "....."], 11, 11);
    }

    #[test]
    fn the_threshold_itself_is_not_hot() {
        let area = HotArea::of(&vec![50.0; FRAME_WIDTH * FRAME_HEIGHT], 50.0);
        assert_eq!(area.pixels, 0);
    }

    /// A simple implementation: flood fill from each pixel.
    fn filled(image: &[f32]) -> usize {
        let mut hot: Vec<_> = image.iter().map(|&value| value > 50.0).collect();
        let mut largest = 0;
        for start in 0..hot.len() {
            let (mut stack, mut size) = (vec![start], 0);
            while let Some(at) = stack.pop() {
                if std::mem::take(&mut hot[at]) {
                    size += 1;
                    let (x, y) = (at % FRAME_WIDTH, at / FRAME_WIDTH);
                    let neighbours = [
                        (x > 0).then(|| at - 1),
                        (x + 1 < FRAME_WIDTH).then(|| at + 1),
                        (y > 0).then(|| at - FRAME_WIDTH),
                        (y + 1 < FRAME_HEIGHT).then(|| at + FRAME_WIDTH),
                    ];
                    stack.extend(neighbours.into_iter().flatten());
                }
            }
            largest = largest.max(size);
        }
        largest
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn joined_runs_are_what_filling_finds(
            share in 30_u32..80,
            dice in prop::collection::vec(0_u32..100, FRAME_WIDTH * FRAME_HEIGHT),
        ) {
            let image: Vec<_> = dice.iter().map(|&d| if d < share { 80.0 } else { 20.0 }).collect();
            prop_assert_eq!(HotArea::of(&image, 50.0).largest_blob, filled(&image));
        }
    }
}
