//! Reading and checking single values.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::error::Error;

/// Reads `value`, or says what `expected` describes.
pub(crate) fn parse<T: FromStr>(
    name: &'static str,
    value: &str,
    expected: &'static str,
) -> Result<T, Error> {
    let parsed = value.trim().parse();
    parsed.map_err(|_| out_of_range(name, &value, expected))
}

/// Refuses a whole number outside `range`.
pub(crate) fn whole<T: PartialOrd + Display>(
    name: &'static str,
    value: &T,
    range: &RangeInclusive<T>,
    expected: &'static str,
) -> Result<(), Error> {
    if range.contains(value) {
        Ok(())
    } else {
        Err(out_of_range(name, value, expected))
    }
}

/// What a share (of rows, of columns, of a step) must be.
pub(crate) const SHARE: &str = "a number above 0 and at most 1";
/// What a penalty or a threshold must be.
pub(crate) const PENALTY: &str = "a number from 0 to 1e9";

/// Refuses a value outside (0, 1].
pub(crate) fn share(name: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value <= 1.0 {
        Ok(())
    } else {
        Err(out_of_range(name, &value, SHARE))
    }
}

/// Refuses a value outside [0, 1e9].
pub(crate) fn penalty(name: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..=1e9).contains(&value) {
        Ok(())
    } else {
        Err(out_of_range(name, &value, PENALTY))
    }
}

/// Refuses what other settings rule out: any value but `known`, which `expected` describes.
pub(crate) fn only<T: PartialEq + Display>(
    name: &'static str,
    value: &T,
    known: &T,
    expected: &'static str,
) -> Result<(), Error> {
    if value == known {
        Ok(())
    } else {
        Err(out_of_range(name, value, expected))
    }
}

fn out_of_range(name: &'static str, value: &impl Display, expected: &'static str) -> Error {
    Error::ParameterValue {
        name,
        value: value.to_string(),
        expected,
    }
}
