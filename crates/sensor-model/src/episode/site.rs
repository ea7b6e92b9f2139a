//! A room with a camera and a CO2 sensor.
//!
//! Episodes of one site share its geometry and its sensors. The training and test parts have no site in common, so
//! recognising a room does not help a model.

use super::Purpose;
use super::background::Texture;
use super::camera::Camera;
use super::draw::{Draw, Part};

/// The camera's gain setting: the highest temperature that it reports, C, and its relative noise.
///
/// High gain saturates at 140 C, low gain at 400 C (datasheet). Low gain is about three times as noisy (an assumption
/// based on its accuracy of 10 C instead of 5).
#[derive(Clone, Copy, Debug)]
pub(super) struct Gain {
    pub(super) highest_c: f32,
    pub(super) noise: f32,
}

const HIGH: Gain = Gain {
    highest_c: 140.0,
    noise: 1.0,
};
const LOW: Gain = Gain {
    highest_c: 400.0,
    noise: 3.0,
};

/// The CO2 sensor of a site, and where it is mounted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Co2Mount {
    /// Height above the floor, m.
    pub(super) height_m: f64,
    /// Noise of a reading, ppm: 5 to 18 (measured on an SCD40 and on laboratory analysers).
    pub(super) noise_ppm: f64,
    /// Constant error, ppm: N(0, 50), the datasheet's accuracy at 400 to 1000 ppm.
    pub(super) offset_ppm: f64,
}

/// The hidden state that all episodes of a site share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) camera: Camera,
    pub(super) gain: Gain,
    /// Constant error of the camera, C: at most 5 (datasheet, high gain).
    pub(super) offset_c: f64,
    /// Distance from the camera to the far wall, m.
    pub(super) depth_m: f64,
    /// Height of the ceiling above the floor, m.
    pub(super) ceiling_m: f64,
    /// Floor area, m2.
    pub(super) floor_m2: f64,
    /// Air changes per second.
    pub(super) air_changes_hz: f64,
    /// Usual air temperature, C.
    pub(super) air_c: f64,
    pub(super) texture: Texture,
    pub(super) co2: Co2Mount,
}

impl Site {
    /// The site with this number; its geometry is an assumption about homes, offices, shops and workshops.
    pub(super) fn draw(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut draw = Draw::new(seed, purpose, Part::Site, number);
        let depth_m = draw.log_uniform(3.0, 20.0);
        let ceiling_m = 2.3 + 0.2 * (depth_m - 3.0) * draw.uniform(0.0, 1.0);
        let height_m = draw.uniform(1.0, ceiling_m - 0.2);
        // Aimed at a point 0.5 to 1.5 m above the floor, slightly beyond the middle of the room.
        let aim_m = draw.uniform(0.5, 1.5);
        let tilt = libm::atan2(height_m - aim_m, 0.6 * depth_m);
        let co2_height = match draw.weighted(&[0.3, 0.45, 0.25]) {
            0 => ceiling_m - 0.05,
            1 => draw.uniform(1.4, 2.0),
            _ => draw.uniform(0.6, 1.1),
        };
        Self {
            camera: Camera { height_m, tilt },
            gain: if draw.chance(0.6) { HIGH } else { LOW },
            offset_c: draw.normal(0.0, 1.5).clamp(-5.0, 5.0),
            depth_m,
            ceiling_m,
            floor_m2: depth_m * depth_m * draw.uniform(0.6, 1.2),
            // 0.3 to 6 air changes per hour: from a closed room to a ventilated kitchen.
            air_changes_hz: draw.log_uniform(0.3, 6.0) / 3_600.0,
            air_c: draw.normal(21.5, 4.0).clamp(5.0, 38.0),
            texture: Texture::draw(&mut draw),
            co2: Co2Mount {
                height_m: co2_height,
                noise_ppm: draw.uniform(5.0, 18.0),
                offset_ppm: draw.normal(0.0, 50.0),
            },
        }
    }

    /// Volume of the room, m3.
    pub(super) fn volume_m3(&self) -> f64 {
        self.floor_m2 * self.ceiling_m
    }

    /// The row where the far wall meets the ceiling, which may be outside the image.
    pub(super) fn ceiling_row(&self) -> f64 {
        self.camera.row(self.depth_m, self.ceiling_m)
    }
}
