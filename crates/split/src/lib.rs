//! Train, validation and test parts that cannot leak into one another.
//!
//! A metric is meaningless if the model has, in effect, already seen the test rows, and rows of the
//! same recording are almost copies of each other. Therefore each row belongs to a group: [`split`]
//! assigns whole groups to the three [`Part`]s, stratified by label. [`audit()`] then checks the
//! result independently: it reads the feature values and shares no code with the splitter.
//!
//! ```text
//! RowKey { group, label } per row ── split(keys, Ratios, seed) ── Assignment { part_of, report }
//!                                                                        │
//! Table { features, labels, groups, sites } ───────────────────────── audit ── Audit { checks }
//! ```
//!
//! Guarantees:
//! - no group has rows in more than one part;
//! - if every group is a single row, every part has exactly its share of the rows (by largest
//!   remainder), and its share of each label to within one row;
//! - otherwise the shares approximate the ratios by a greedy rule, and [`Report`] has the deviations;
//! - the result depends on the seed and on the set of keys, but not on the order of the rows,
//!   provided that single-row groups have distinct ids.
//!
//! The crate does not depend on what the rows represent, and neither reads nor writes files. It has
//! no Cargo features.
//!
//! ```
//! use split::{Part, Ratios, RowKey, split};
//!
//! # fn main() -> Result<(), split::Error> {
//! // A hundred recordings of ten rows each; every other one contains a fire.
//! let row = |i: u64| RowKey { group: i / 10, label: (i / 10 % 2) as u8 };
//! let keys: Vec<RowKey> = (0..1_000).map(row).collect();
//! let assignment = split(&keys, Ratios::new(0.7, 0.15, 0.15)?, 42)?;
//! assert_eq!(assignment.rows(Part::Train).len(), 700);
//! # Ok(())
//! # }
//! ```

mod part;
mod ratios;

mod assignment;
mod exact;
mod greedy;
mod group_counts;
mod report;

mod audit;
mod error;

pub use assignment::{Assignment, split};
pub use audit::{Audit, AuditInput, Check, HeldOut, Table, audit};
pub use error::Error;
pub use group_counts::RowKey;
pub use part::Part;
pub use ratios::Ratios;
pub use report::{Report, Share};

// Runs the README's example as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
