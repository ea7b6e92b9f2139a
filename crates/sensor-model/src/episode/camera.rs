//! Converts positions in the room to pixels of the image.

use crate::frame::{FRAME_HEIGHT, FRAME_WIDTH};

/// A Lepton 3.5 has 160 pixels for 57 degrees (datasheet): 6.2 mrad per pixel.
const PIXELS_PER_RADIAN: f64 = 160.0 * 180.0 / (57.0 * std::f64::consts::PI);

/// The camera's position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Camera {
    /// Height of the lens above the floor, m.
    pub(super) height_m: f64,
    /// Downward tilt, radians.
    pub(super) tilt: f64,
}

/// A position in the image, and the scale there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    /// Column; 0 is the middle of the leftmost pixel.
    pub(super) x: f64,
    /// Row; 0 is the middle of the topmost pixel.
    pub(super) y: f64,
    /// Pixels per metre across the line of sight.
    pub(super) scale: f64,
}

impl Camera {
    /// The image of a point at a distance, a height above the floor and a bearing (-1 left edge, 1 right edge).
    ///
    /// A point outside the image is moved to its border: there is nothing to learn from a scene out of view.
    pub(super) fn spot(&self, distance_m: f64, height_m: f64, bearing: f64) -> Spot {
        let (width, height) = (FRAME_WIDTH as f64, FRAME_HEIGHT as f64);
        Spot {
            x: (width / 2.0 + bearing * width / 2.0).clamp(4.0, width - 5.0),
            y: self.row(distance_m, height_m).clamp(10.0, height - 8.0),
            scale: PIXELS_PER_RADIAN / distance_m,
        }
    }

    /// The row of a point, which may be outside the image.
    pub(super) fn row(&self, distance_m: f64, height_m: f64) -> f64 {
        let below = libm::atan2(self.height_m - height_m, distance_m);
        FRAME_HEIGHT as f64 / 2.0 + PIXELS_PER_RADIAN * (below - self.tilt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Camera = Camera {
        height_m: 1.5,
        tilt: 0.0,
    };

    #[test]
    fn the_field_of_view_of_a_pixel_matches_the_datasheet() {
        for (distance, millimetres) in [(3.0, 19.0), (5.0, 31.0), (10.0, 62.0)] {
            let found = 1_000.0 / LEVEL.spot(distance, 1.5, 0.0).scale;
            assert!(
                (found - millimetres).abs() < 0.8,
                "{distance} m: {found} mm"
            );
        }
    }

    #[test]
    fn higher_points_appear_higher() {
        let rows = [0.0, 1.0, 1.5, 2.0].map(|height| LEVEL.row(4.0, height));
        assert!(rows.is_sorted_by(|low, high| low > high), "{rows:?}");
        assert!((rows[2] - 60.0).abs() < 1e-9);
    }
}
