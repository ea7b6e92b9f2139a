//! Hyperparameters. Each is one line in its learner's table, from which everything else is generated.
//!
//! The macro [`hyperparameters!`] turns a table into a struct with `Default` and with parsing, printing and validation
//! by name. [`Hyperparameter`] describes one line of a table for documentation.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::error::Error;
use crate::names::names;

/// The description of one hyperparameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hyperparameter {
    /// The name in settings.
    pub name: &'static str,
    /// The default, as written in settings.
    pub default: String,
    /// The accepted values.
    pub range: String,
    /// The effect of the hyperparameter.
    pub doc: &'static str,
}

/// The accepted values of a hyperparameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Range {
    /// Integers in an inclusive range.
    Integer(u32, u32),
    /// Integers up to this one; 0 means off.
    ZeroOrInteger(u32),
    /// Above 0 and at most 1.
    Fraction,
    /// From 0 to 10⁹.
    NonNegative,
    /// Any value its type can parse, described in words.
    Words(&'static str),
}

impl Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(from, to) => write!(f, "a whole number from {from} to {to}"),
            Self::ZeroOrInteger(to) => write!(f, "a whole number from 0 (off) to {to}"),
            Self::Fraction => f.write_str("a number above 0 and at most 1"),
            Self::NonNegative => f.write_str("a number from 0 to 1e9"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

/// The type of a hyperparameter; settings are parsed by `read` and printed by `Display`.
pub(crate) trait Value: FromStr + Display {
    /// Parses a setting; `None` if the text is not a value of this type.
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Whether the value is in `range`.
    fn is_in(&self, range: Range) -> bool;
}

impl Value for u32 {
    fn is_in(&self, range: Range) -> bool {
        match range {
            Range::Integer(from, to) => (from..=to).contains(self),
            Range::ZeroOrInteger(to) => *self <= to,
            _ => true,
        }
    }
}

impl Value for f64 {
    fn is_in(&self, range: Range) -> bool {
        match range {
            Range::Fraction => *self > 0.0 && *self <= 1.0,
            Range::NonNegative => (0.0..=1e9).contains(self),
            _ => true,
        }
    }
}

impl Value for bool {
    // Python writes `True` and `False`, and SDKs pass them on.
    fn read(text: &str) -> Option<Self> {
        text.to_ascii_lowercase().parse().ok()
    }

    fn is_in(&self, _: Range) -> bool {
        true
    }
}

/// Parses a value without checking its range.
pub(crate) fn parse<T: Value>(name: &'static str, text: &str, range: Range) -> Result<T, Error> {
    T::read(text.trim()).ok_or_else(|| out_of_range(name, &text, range))
}

/// Rejects a value outside its range.
pub(crate) fn check<T: Value>(name: &'static str, value: &T, range: Range) -> Result<(), Error> {
    if value.is_in(range) {
        Ok(())
    } else {
        Err(out_of_range(name, value, range))
    }
}

/// Rejects any value except `allowed`, the only one compatible with other settings; `expected` explains this.
pub(crate) fn require<T: PartialEq + Display>(
    name: &'static str,
    value: &T,
    allowed: &T,
    expected: &str,
) -> Result<(), Error> {
    if value == allowed {
        Ok(())
    } else {
        Err(out_of_range(name, value, expected))
    }
}

/// Rejects any value except `allowed`, the only one that smartcore supports.
pub(crate) fn require_for_smartcore<T: PartialEq + Display>(
    name: &'static str,
    value: &T,
    allowed: &T,
) -> Result<(), Error> {
    let expected = format!("{allowed} with engine={}", Engine::Smartcore);
    require(name, value, allowed, &expected)
}

fn out_of_range(name: &'static str, value: &impl Display, expected: impl Display) -> Error {
    Error::ParameterValue {
        name,
        value: value.to_string(),
        expected: expected.to_string(),
    }
}

/// Defines a learner's parameters from lines of the form `name: type = default, range, "effect";`.
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
            /// Sets the parameter `name` without checking its range; false if the name is unknown.
            pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<bool, $crate::Error> {
                match name {
                    $(stringify!($name) => {
                        self.$name = $crate::hyperparameters::parse(stringify!($name), value, $range)?;
                    })*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// All parameters with their values, in table order.
            pub(crate) fn entries(&self) -> Vec<(String, String)> {
                vec![$((stringify!($name).to_owned(), self.$name.to_string())),*]
            }

            /// Rejects values outside their own range.
            pub(crate) fn check_ranges(&self) -> Result<(), $crate::Error> {
                $($crate::hyperparameters::check(stringify!($name), &self.$name, $range)?;)*
                Ok(())
            }

            /// The table as descriptions.
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

/// The implementation that grows the trees: `own` (this crate's) or `smartcore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// This crate's implementation, based on histograms.
    #[default]
    Histogram,
    /// smartcore's implementation, a slow reference.
    Smartcore,
}

impl Engine {
    /// The accepted values.
    pub(crate) const RANGE: Range = Range::Words("own or smartcore");
}

impl Value for Engine {
    fn is_in(&self, _: Range) -> bool {
        true
    }
}

names!(Engine, "engine" { Histogram = "own", Smartcore = "smartcore" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_read_in_any_case() {
        let read = |text| parse::<bool>("bootstrap", text, Range::Words("true or false"));
        for (text, value) in [
            ("true", true),
            ("True", true),
            ("TRUE", true),
            ("false", false),
            ("False", false),
            (" False ", false),
        ] {
            assert_eq!(read(text).unwrap(), value, "{text}");
        }
        for text in ["", "1", "0", "yes", "None", "T", "Tru e"] {
            let error = read(text).unwrap_err().to_string();
            let expected = format!("parameter `bootstrap` is `{text}`; it must be true or false");
            assert_eq!(error, expected);
        }
    }
}
