//! The generator profiles.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A way to generate synthetic rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Independent draws and the label rule of the original pipeline, see [`crate::original`].
    Original,
    /// Simulated rooms, fires and sensors, see [`crate::episode`].
    Episode,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 2] = [Self::Original, Self::Episode];
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Original => "original",
            Self::Episode => "episode",
        })
    }
}

impl FromStr for Profile {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        match given {
            "original" => Ok(Self::Original),
            "episode" => Ok(Self::Episode),
            _ => Err(Error::unknown_name("profile", given, &Self::ALL)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_names_can_be_parsed() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse::<Profile>().unwrap(), profile);
        }
    }

    #[test]
    fn an_unknown_name_is_rejected_with_the_known_ones() {
        let error = "orignal".parse::<Profile>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown profile `orignal`; expected one of original, episode"
        );
    }
}
