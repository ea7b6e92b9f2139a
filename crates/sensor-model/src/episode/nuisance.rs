//! Warm things other than a fire.
//!
//! Temperatures, powers and emissions come from datasheets and handbooks where these exist; sizes and positions are
//! assumptions about ordinary things.

mod cooking;
mod heater;
mod object;
mod person;
mod sun;
mod vehicle;

use super::Setting;
use super::canvas::Canvas;
use super::draw::Draw;
use super::scenario::Scenario;

use cooking::Cooking;
use heater::Heater;
use object::Object;
use person::Person;
use sun::{Glint, SunPatch};
use vehicle::Vehicle;

/// One warm thing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Nuisance {
    Person(Person),
    Sun(SunPatch),
    Glint(Glint),
    Heater(Heater),
    Cooking(Cooking),
    Object(Object),
    Vehicle(Vehicle),
}

impl Nuisance {
    /// The things in a scenario without fire.
    pub(super) fn draw(scenario: Scenario, setting: &Setting<'_>, draw: &mut Draw) -> Vec<Self> {
        let person = |draw: &mut Draw| Self::Person(Person::draw(setting, draw));
        match scenario {
            Scenario::People => (0..=draw.below(3)).map(|_| person(draw)).collect(),
            Scenario::SunPatch => vec![Self::Sun(SunPatch::draw(setting, draw))],
            Scenario::Heater => vec![Self::Heater(Heater::draw(setting, draw))],
            Scenario::Cooking => vec![Self::Cooking(Cooking::draw(setting, draw)), person(draw)],
            Scenario::Kettle => vec![Self::Object(Object::kettle(setting, draw))],
            Scenario::HeatGun => vec![Self::Object(Object::heat_gun(setting, draw)), person(draw)],
            Scenario::HotObject => vec![Self::Object(Object::draw(setting, draw))],
            Scenario::Vehicle => vec![Self::Vehicle(Vehicle::draw(setting, draw))],
            Scenario::Reflection if draw.chance(0.5) => {
                vec![Self::Person(Person::mirrored(setting, draw))]
            }
            Scenario::Reflection => vec![Self::Glint(Glint::draw(setting, draw))],
            _ => Vec::new(),
        }
    }

    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) {
        match self {
            Self::Person(person) => person.paint(time_s, canvas),
            Self::Sun(patch) => patch.paint(time_s, canvas),
            Self::Glint(glint) => glint.paint(time_s, canvas),
            Self::Heater(heater) => heater.paint(time_s, canvas),
            Self::Cooking(cooking) => cooking.paint(time_s, canvas),
            Self::Object(object) => object.paint(time_s, canvas),
            Self::Vehicle(vehicle) => vehicle.paint(time_s, canvas),
        }
    }

    /// CO2 emission, kg/s.
    pub(super) fn co2_kg_s(&self, time_s: f64) -> f64 {
        match self {
            Self::Person(person) => person.co2_kg_s(),
            Self::Heater(heater) => heater.co2_kg_s(time_s),
            Self::Cooking(cooking) => cooking.co2_kg_s(time_s),
            Self::Vehicle(vehicle) => vehicle.co2_kg_s(time_s),
            Self::Sun(_) | Self::Glint(_) | Self::Object(_) => 0.0,
        }
    }
}
