//! Temperatures as numbers of a palette.

use sensor_model::ThermalFrame;

/// Numbers from here on are no temperatures.
const TEMPERATURES: u8 = 64;
pub(crate) const WHITE: u8 = TEMPERATURES;
pub(crate) const BLACK: u8 = TEMPERATURES + 1;

/// The scale's ends, K above the middle of the frame.
const SPAN_K: (f32, f32) = (-5.0, 400.0);
/// The scale is straight up to about here, and logarithmic beyond.
const STRAIGHT_K: f32 = 3.0;

/// Black, violet, red, orange, pale yellow.
const STOPS: [[f32; 3]; 5] = [
    [0.0, 0.0, 4.0],
    [87.0, 16.0, 110.0],
    [188.0, 55.0, 84.0],
    [249.0, 142.0, 9.0],
    [252.0, 255.0, 164.0],
];

/// Red, green and blue of every number.
pub(crate) fn palette() -> Vec<u8> {
    let shares = (0..TEMPERATURES).map(|number| f32::from(number) / f32::from(TEMPERATURES - 1));
    let mut palette: Vec<u8> = shares.flat_map(colour).collect();
    palette.extend([255; 3]);
    palette.extend([0; 3]);
    palette
}

fn colour(share: f32) -> [u8; 3] {
    let position = share * (STOPS.len() - 1) as f32 * 0.999;
    let at = position as usize;
    let rest = position - at as f32;
    [0, 1, 2]
        .map(|channel| (STOPS[at][channel] * (1.0 - rest) + STOPS[at + 1][channel] * rest) as u8)
}

/// The number of a temperature so many K above the middle of its frame.
pub(crate) fn number(kelvin: f32) -> u8 {
    let position = |kelvin: f32| libm::asinhf(kelvin / STRAIGHT_K);
    let (low, high) = (position(SPAN_K.0), position(SPAN_K.1));
    let share = ((position(kelvin) - low) / (high - low)).clamp(0.0, 1.0);
    (share * f32::from(TEMPERATURES - 1) + 0.5) as u8
}

/// What half of the pixels lie below, C.
pub(crate) fn middle(frame: &ThermalFrame) -> f32 {
    let mut celsius = frame.celsius().to_vec();
    let half = celsius.len() / 2;
    *celsius.select_nth_unstable_by(half, f32::total_cmp).1
}
