//! Hyperparameters: each is declared in one line of its learner's table, and everything else follows from that line.
//!
//! The macro [`hyperparameters!`] makes a struct of a table, with `Default`, and with reading, printing and checking by
//! name. [`Hyperparameter`] is a line of the table for documentation.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::error::Error;

/// One hyperparameter of a learner, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hyperparameter {
    /// Its name in settings.
    pub name: &'static str,
    /// The default, as it is written in settings.
    pub default: String,
    /// The values that are accepted.
    pub range: String,
    /// What it controls.
    pub doc: &'static str,
}

/// The values that a hyperparameter may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Range {
    /// Whole numbers, including both ends.
    Whole(u32, u32),
    /// Whole numbers up to this one, where 0 switches something off.
    OffOr(u32),
    /// Above 0 and at most 1.
    Share,
    /// From 0 to 10⁹.
    Penalty,
    /// Whatever the type reads.
    Words(&'static str),
}

impl Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(from, to) => write!(f, "a whole number from {from} to {to}"),
            Self::OffOr(to) => write!(f, "a whole number from 0 (off) to {to}"),
            Self::Share => f.write_str("a number above 0 and at most 1"),
            Self::Penalty => f.write_str("a number from 0 to 1e9"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

/// A type of hyperparameter; its text in settings is read by `FromStr` and written by `Display`.
pub(crate) trait Value: FromStr + Display {
    /// Whether the value is in a range of its type.
    fn is_in(&self, range: Range) -> bool;
}

impl Value for u32 {
    fn is_in(&self, range: Range) -> bool {
        match range {
            Range::Whole(from, to) => (from..=to).contains(self),
            Range::OffOr(to) => *self <= to,
            _ => true,
        }
    }
}

impl Value for f64 {
    fn is_in(&self, range: Range) -> bool {
        match range {
            Range::Share => *self > 0.0 && *self <= 1.0,
            Range::Penalty => (0.0..=1e9).contains(self),
            _ => true,
        }
    }
}

impl Value for bool {
    fn is_in(&self, _: Range) -> bool {
        true
    }
}

/// Reads a value without checking its range.
pub(crate) fn parse<T: Value>(name: &'static str, text: &str, range: Range) -> Result<T, Error> {
    let parsed = text.trim().parse();
    parsed.map_err(|_| out_of_range(name, &text, range))
}

/// Rejects a value outside its range.
pub(crate) fn check<T: Value>(name: &'static str, value: &T, range: Range) -> Result<(), Error> {
    if value.is_in(range) {
        Ok(())
    } else {
        Err(out_of_range(name, value, range))
    }
}

/// Rejects any value but `allowed`, the only one that other settings leave; `expected` says so.
pub(crate) fn require<T: PartialEq + Display>(
    name: &'static str,
    value: &T,
    allowed: &T,
    expected: &'static str,
) -> Result<(), Error> {
    if value == allowed {
        Ok(())
    } else {
        Err(out_of_range(name, value, expected))
    }
}

fn out_of_range(name: &'static str, value: &impl Display, expected: impl Display) -> Error {
    Error::ParameterValue {
        name,
        value: value.to_string(),
        expected: expected.to_string(),
    }
}

/// Makes a learner's parameters of lines `name: type = default, range, "what it controls";`.
macro_rules! hyperparameters {
    ($(#[$attribute:meta])* $params:ident {
        $($name:ident: $type:ty = $default:expr, $range:expr, $doc:literal;)*
    }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $params {
            $(
                #[doc = concat!($doc, " (default `", stringify!($default), "`).")]
                pub $name: $type,
            )*
        }

        impl Default for $params {
            fn default() -> Self {
                Self { $($name: $default),* }
            }
        }

        impl $params {
            /// Sets the parameter `name` without checking its range; false if there is none of that name.
            pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<bool, $crate::Error> {
                match name {
                    $(stringify!($name) => {
                        self.$name = $crate::hyperparameters::parse(stringify!($name), value, $range)?;
                    })*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// All parameters with their values, in the order of the table.
            pub(crate) fn entries(&self) -> Vec<(String, String)> {
                vec![$((stringify!($name).to_owned(), self.$name.to_string())),*]
            }

            /// Rejects a value that is out of range by itself.
            pub(crate) fn check_ranges(&self) -> Result<(), $crate::Error> {
                $($crate::hyperparameters::check(stringify!($name), &self.$name, $range)?;)*
                Ok(())
            }

            /// The table.
            pub(crate) fn table() -> Vec<$crate::Hyperparameter> {
                let defaults = Self::default();
                vec![$($crate::Hyperparameter {
                    name: stringify!($name),
                    default: defaults.$name.to_string(),
                    range: $range.to_string(),
                    doc: $doc,
                }),*]
            }
        }
    };
}
pub(crate) use hyperparameters;

/// Which implementation grows the trees: `own` or `smartcore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// This crate's, on histograms.
    #[default]
    Own,
    /// smartcore's, the slow reference.
    Smartcore,
}

impl Engine {
    /// The values in settings.
    pub(crate) const RANGE: Range = Range::Words("own or smartcore");
}

impl Value for Engine {
    fn is_in(&self, _: Range) -> bool {
        true
    }
}

impl Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "own",
            Self::Smartcore => "smartcore",
        })
    }
}

impl FromStr for Engine {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let all = [Self::Own, Self::Smartcore];
        let found = all.into_iter().find(|engine| engine.to_string() == text);
        found.ok_or_else(|| Error::unknown_name("engine", text, &all))
    }
}
