//! The main event of an episode.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The main event of an episode. Names are stable, because reports and files contain them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scenario {
    /// Flames within a few metres, in full view.
    FlamingNear,
    /// A small flaming fire at the far side of the room.
    FlamingFar,
    /// Flames behind furniture: the camera sees only their upper part, or only what they warm.
    FlamingOccluded,
    /// Smouldering without flames.
    Smouldering,
    /// A pool of burning liquid: full size within seconds, sometimes nearly transparent (alcohol).
    LiquidPool,
    /// Just the room.
    EmptyRoom,
    /// People who sit, stand and walk.
    People,
    /// Sunlight on floor or wall, with passing clouds.
    SunPatch,
    /// A radiator, a glowing heater or a stove.
    Heater,
    /// A pan on an electric or gas hob, with the cook and an oven door.
    Cooking,
    /// Boiling water and its steam.
    Kettle,
    /// A hand-held hair dryer or heat gun.
    HeatGun,
    /// A hot drink, a soldering iron, a toaster, a lamp, a candle.
    HotObject,
    /// A vehicle with a hot engine and exhaust.
    Vehicle,
    /// People mirrored in glass or metal, and glints of the sun.
    Reflection,
}

impl Scenario {
    /// Number of scenarios.
    pub const COUNT: usize = 15;

    /// All scenarios, fires first.
    pub const ALL: [Self; Self::COUNT] = [
        Self::FlamingNear,
        Self::FlamingFar,
        Self::FlamingOccluded,
        Self::Smouldering,
        Self::LiquidPool,
        Self::EmptyRoom,
        Self::People,
        Self::SunPatch,
        Self::Heater,
        Self::Cooking,
        Self::Kettle,
        Self::HeatGun,
        Self::HotObject,
        Self::Vehicle,
        Self::Reflection,
    ];

    /// Whether it includes uncontrolled combustion.
    pub fn is_fire(self) -> bool {
        self <= Self::LiquidPool
    }

    /// Name in reports and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::FlamingNear => "flaming-near",
            Self::FlamingFar => "flaming-far",
            Self::FlamingOccluded => "flaming-occluded",
            Self::Smouldering => "smouldering",
            Self::LiquidPool => "liquid-pool",
            Self::EmptyRoom => "empty-room",
            Self::People => "people",
            Self::SunPatch => "sun-patch",
            Self::Heater => "heater",
            Self::Cooking => "cooking",
            Self::Kettle => "kettle",
            Self::HeatGun => "heat-gun",
            Self::HotObject => "hot-object",
            Self::Vehicle => "vehicle",
            Self::Reflection => "reflection",
        }
    }

    /// Position in [`ALL`](Self::ALL).
    pub fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Scenario {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        let found = Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == given);
        found.ok_or_else(|| Error::unknown_name("scenario", given, &Self::ALL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_parsed_and_indices_match_positions() {
        for (index, scenario) in Scenario::ALL.into_iter().enumerate() {
            assert_eq!(scenario.to_string().parse::<Scenario>().unwrap(), scenario);
            assert_eq!(scenario.index(), index);
        }
    }

    #[test]
    fn an_unknown_name_is_rejected_with_the_known_ones() {
        let message = "barbecue".parse::<Scenario>().unwrap_err().to_string();
        assert!(
            message.starts_with("unknown scenario `barbecue`; expected one of flaming-near, "),
            "{message}"
        );
    }
}
