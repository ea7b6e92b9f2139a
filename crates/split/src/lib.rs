//! Train, validation and test parts that cannot leak into one another.
//!
//! A figure measured on rows that the model has in effect seen before is worthless, and rows of
//! one recording are nearly copies of each other. So rows travel in groups: [`split`] deals whole
//! groups to the three [`Part`]s, stratified by label, and [`audit()`] looks at the result as a
//! stranger would, with the feature values in hand and no code in common with the splitter.
//!
//! ```text
//! RowKey { group, label } per row ── split(keys, Ratios, seed) ── Assignment { part_of, report }
//!                                                                        │
//! features, labels, groups ───────────────────────────────────────────── audit ── Audit { checks }
//! ```
//!
//! What is guaranteed:
//! - no group has rows in two parts;
//! - where each group is a single row, every part has exactly its share of the rows (largest
//!   remainder), and each label is shared out within one row;
//! - otherwise the shares are as near as whole groups permit, and [`Report`] tells how near;
//! - the result depends on the seed and on the set of keys, but not on the order of the rows,
//!   provided that single-row groups have distinct numbers.
//!
//! Nothing here knows what the rows are about; nothing is read or written. There are no features.
//!
//! ```
//! use split::{Part, Ratios, RowKey, split};
//!
//! # fn main() -> Result<(), split::Error> {
//! // A hundred recordings of ten rows, every other one of a fire.
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
mod census;
mod exact;
mod greedy;
mod report;

mod audit;
mod error;

pub use assignment::{Assignment, RowKey, split};
pub use audit::{Audit, AuditInput, Check, audit, disjoint};
pub use error::Error;
pub use part::Part;
pub use ratios::Ratios;
pub use report::{Report, Share};

// The README's excerpt is run like the examples above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
