//! A shard of a large dataset, which several machines can generate in parallel.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Shard `number` of `count`, numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    number: u64,
    count: u64,
}

impl Shard {
    /// The single shard of an undivided dataset.
    pub(crate) const WHOLE: Self = Self {
        number: 1,
        count: 1,
    };

    /// The number of shards in the dataset.
    pub(crate) fn count(self) -> u64 {
        self.count
    }

    /// This shard's piece of a range. The pieces of all shards make up the range, in order and without
    /// overlap.
    pub(crate) fn piece(self, range: &Range<u64>) -> Range<u64> {
        let length = u128::from(range.end - range.start);
        let bound = |number: u64| {
            range.start + (length * u128::from(number) / u128::from(self.count)) as u64
        };
        bound(self.number - 1)..bound(self.number)
    }

    /// The file name of this shard's rows, the same for every channel.
    pub(crate) fn file_name(self) -> String {
        if self == Self::WHOLE {
            return "part-00000.parquet".to_owned();
        }
        format!("part-{:05}-of-{:05}.parquet", self.number, self.count)
    }

    /// The name of the record that marks this shard as complete.
    pub(crate) fn record_name(self) -> String {
        format!("shard-{:05}-of-{:05}.json", self.number, self.count)
    }

    /// All shards of the same dataset.
    pub(crate) fn siblings(self) -> impl Iterator<Item = Self> {
        let count = self.count;
        (1..=count).map(move |number| Self { number, count })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(number, count)| Some((number.parse().ok()?, count.parse().ok()?)));
        match numbers {
            Some((number, count)) if (1..=count).contains(&number) && count <= 99_999 => {
                Ok(Self { number, count })
            }
            Some((number, count)) if count <= 99_999 => Err(format!(
                "there is no shard {number} of {count}; the first shard is 1"
            )),
            _ => Err(
                "expected I/N with N at most 99999, such as 3/8 for the third of eight shards"
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_all_shards_cover_the_range() {
        for (range, count) in [(0..10, 3), (5..6, 4), (0..0, 2), (0..u64::MAX, 7)] {
            let shards = Shard { number: 1, count }.siblings();
            let pieces: Vec<_> = shards.map(|shard| shard.piece(&range)).collect();
            assert_eq!(pieces.first().unwrap().start, range.start);
            assert_eq!(pieces.last().unwrap().end, range.end);
            assert!(pieces.windows(2).all(|two| two[0].end == two[1].start));
        }
    }

    #[test]
    fn an_out_of_range_shard_is_rejected_with_a_hint() {
        assert_eq!("3/8".parse::<Shard>().unwrap().to_string(), "3/8");
        for (text, expected) in [
            ("0/8", "no shard 0 of 8"),
            ("9/8", "no shard 9 of 8"),
            ("1/0", "no shard 1 of 0"),
            ("3", "expected I/N"),
            ("-1/2", "expected I/N"),
            ("1/100000", "at most 99999"),
        ] {
            let error = text.parse::<Shard>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
