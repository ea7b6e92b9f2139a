//! The bootstrap sample of each tree.

use rand::Rng;

use crate::matrix::Samples;
use crate::packed::{PackedRow, pack_row};
use crate::sample_weights::ClassWeight;
use crate::sample_weights::SampleWeights;

/// The packed pair that one draw of each row adds.
#[derive(Debug)]
pub(super) struct Rows {
    /// Packed (weight if positive, weight).
    words: Vec<u32>,
    /// Draws beyond this limit are ignored, because the row's word would overflow. Even at the smallest limit, 16, this
    /// affects one row in 10^15.
    most_draws: u8,
}

impl Rows {
    /// Converts weights to integers: 1 if all are equal, otherwise up to 2047 for the heaviest row.
    pub(super) fn new(train: &Samples, class_weight: ClassWeight) -> Self {
        let labels = train.y();
        let weights = SampleWeights::new(train, class_weight);
        let Some(each) = weights.each else {
            let word = |&label: &u8| pack_row(i16::from(label), 1);
            return Self {
                words: labels.iter().map(word).collect(),
                most_draws: u8::MAX,
            };
        };
        // The sum cannot overflow even if every draw is the heaviest row.
        let heaviest = (i32::MAX / labels.len() as i32).min(2_047);
        let scale = f64::from(heaviest) / weights.largest;
        let word = |(&label, &weight): (&u8, &f32)| {
            let units = (f64::from(weight) * scale).ceil().min(f64::from(heaviest)) as i16;
            pack_row(units * i16::from(label), units as u16)
        };
        Self {
            words: labels.iter().zip(&each).map(word).collect(),
            most_draws: (i32::from(i16::MAX) / heaviest).min(255) as u8,
        }
    }

    /// The number of rows.
    pub(super) fn count(&self) -> usize {
        self.words.len()
    }

    /// The total weight of `rows` rows of mean weight, rounded up.
    pub(super) fn min_weight(&self, rows: u32) -> u32 {
        let total: u64 = self.words.iter().map(|word| u64::from(word & 0xffff)).sum();
        let weight = (u64::from(rows) * total).div_ceil(self.words.len() as u64);
        u32::try_from(weight).unwrap_or(u32::MAX)
    }
}

/// Draws the sample of one tree at a time, reusing memory.
#[derive(Debug, Default)]
pub(super) struct Bag {
    draws: Vec<u8>,
    packed_rows: Vec<PackedRow>,
}

impl Bag {
    /// Draws as many rows as there are with replacement, or takes every row once; in ascending order.
    pub(super) fn draw(
        &mut self,
        rows: &Rows,
        bootstrap: bool,
        rng: &mut impl Rng,
    ) -> &mut [PackedRow] {
        let count = rows.count();
        self.draws.clear();
        self.draws.resize(count, u8::from(!bootstrap));
        if bootstrap {
            for _ in 0..count {
                // The upper half of a 32 x 32 bit product: uniform to within rows / 2^32.
                let row = (u64::from(rng.next_u32()) * count as u64) >> 32;
                let draws = &mut self.draws[row as usize];
                *draws = draws.saturating_add(1);
            }
        }
        self.pack(rows);
        if self.packed_rows.is_empty() {
            // With very few rows, all drawn rows may have weight 0, but a tree needs some rows.
            self.draws.fill(1);
            self.pack(rows);
        }
        &mut self.packed_rows
    }

    /// Packs the drawn rows whose weight is above 0.
    fn pack(&mut self, rows: &Rows) {
        let drawn = self.draws.iter().filter(|&&draws| draws > 0).count();
        // Reserves enough for any later sample, because growing would briefly need two copies. Untouched pages are
        // free.
        self.packed_rows.clear();
        self.packed_rows.reserve_exact(self.draws.len() + 1);
        // One extra slot: a row that was not drawn is written too, then overwritten by the next.
        self.packed_rows.resize(drawn + 1, PackedRow::default());
        let mut at = 0;
        for ((row, &draws), &word) in (0..).zip(&self.draws).zip(&rows.words) {
            let word = word * u32::from(draws.min(rows.most_draws));
            self.packed_rows[at] = PackedRow { row, word };
            at += usize::from(word > 0);
        }
        self.packed_rows.truncate(at);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::matrix::Matrix;
    use crate::packed::{gradient, hessian, widen};

    #[test]
    fn a_bootstrap_draws_as_many_rows_as_there_are() {
        let labels: Vec<u8> = (0..1_000).map(|i| u8::from(i % 3 == 0)).collect();
        let values = vec![0.0; 1_000];
        let train = Samples::new(Matrix::new(&values, 1).unwrap(), &labels).unwrap();
        let mut bag = Bag::default();
        for bootstrap in [true, false] {
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let packed_rows = bag.draw(&Rows::new(&train, ClassWeight::None), bootstrap, &mut rng);
            let sums: Vec<u64> = packed_rows
                .iter()
                .map(|packed| widen(packed.word))
                .collect();
            assert_eq!(sums.iter().map(|&sum| hessian(sum)).sum::<u32>(), 1_000);
            let expected = if bootstrap { 600..665 } else { 1_000..1_001 };
            assert!(
                expected.contains(&packed_rows.len()),
                "{} of 1000 rows",
                packed_rows.len()
            );
            assert!(packed_rows.is_sorted_by_key(|packed| packed.row));
            for (packed, &sum) in packed_rows.iter().zip(&sums) {
                let label = labels[packed.row as usize];
                assert_eq!(gradient(sum), hessian(sum) as i32 * i32::from(label));
            }
        }
    }
}
