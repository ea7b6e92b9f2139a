//! Converts temperatures to palette indices, for pictures of frames.
//!
//! The scale is the difference from the median of the frame, so a colour means the same in every picture. It is linear
//! for small differences and logarithmic above, because a fire stands out hundreds of times more than a wall.

use crate::frame::ThermalFrame;

/// Number of palette indices.
pub const COUNT: u8 = 64;

/// The ends of the scale, K above the median of the frame.
const SPAN_K: (f32, f32) = (-5.0, 400.0);
/// The scale is linear up to about here, and logarithmic beyond.
const LINEAR_K: f32 = 3.0;

/// Black, violet, red, orange, pale yellow.
const STOPS: [[f32; 3]; 5] = [
    [0.0, 0.0, 4.0],
    [87.0, 16.0, 110.0],
    [188.0, 55.0, 84.0],
    [249.0, 142.0, 9.0],
    [252.0, 255.0, 164.0],
];

/// Red, green and blue of each palette index, one after another.
pub fn palette() -> Vec<u8> {
    let shares = (0..COUNT).map(|number| f32::from(number) / f32::from(COUNT - 1));
    shares.flat_map(colour).collect()
}

fn colour(share: f32) -> [u8; 3] {
    let position = share * (STOPS.len() - 1) as f32 * 0.999;
    let at = position as usize;
    let rest = position - at as f32;
    [0, 1, 2]
        .map(|channel| (STOPS[at][channel] * (1.0 - rest) + STOPS[at + 1][channel] * rest) as u8)
}

/// The palette index of a temperature this many K above the median of its frame.
pub fn number(kelvin: f32) -> u8 {
    let position = |kelvin: f32| libm::asinhf(kelvin / LINEAR_K);
    let (low, high) = (position(SPAN_K.0), position(SPAN_K.1));
    let share = ((position(kelvin) - low) / (high - low)).clamp(0.0, 1.0);
    (share * f32::from(COUNT - 1) + 0.5) as u8
}

/// The median temperature of a frame, C.
pub fn middle(frame: &ThermalFrame) -> f32 {
    let mut celsius = frame.celsius().to_vec();
    let half = celsius.len() / 2;
    *celsius.select_nth_unstable_by(half, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warmer_pixels_have_higher_indices_and_brighter_colours() {
        let numbers = [-50.0, -5.0, 0.0, 2.0, 20.0, 400.0, 900.0].map(number);
        assert!(numbers.is_sorted());
        assert_eq!((numbers[0], numbers[6]), (0, COUNT - 1));
        assert!(numbers[2] > 0 && numbers[2] < numbers[3] && numbers[3] < numbers[4]);
        let palette = palette();
        assert_eq!(palette.len(), 3 * usize::from(COUNT));
        let brightness: Vec<u32> = palette
            .chunks(3)
            .map(|colour| colour.iter().map(|&part| u32::from(part)).sum())
            .collect();
        assert!(brightness[0] < brightness[20] && brightness[20] < brightness[63]);
    }
}
