//! Small pictures of simulated scenes, as `data:` URIs.

use std::collections::BTreeMap;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use sensor_model::episode::{colours, scenes};
use sensor_model::{FRAME_HEIGHT, FRAME_WIDTH, ThermalFrame};

/// Width and height of a thumbnail pixel in pixels of the frame.
const COARSE: usize = 2;
pub(crate) const WIDTH: usize = FRAME_WIDTH / COARSE;
pub(crate) const HEIGHT: usize = FRAME_HEIGHT / COARSE;

/// An early and a late camera image of a scenario, as `data:image/png` URIs.
pub(crate) struct Thumbnail {
    pub(crate) early: String,
    pub(crate) late: String,
}

/// Thumbnails by scenario, showing the scenario's first episode with this seed.
pub(crate) fn thumbnails(seed: u64) -> anyhow::Result<BTreeMap<String, Thumbnail>> {
    let mut thumbnails = BTreeMap::new();
    for scene in scenes(seed)? {
        let [first, .., last] = scene.frames.as_slice() else {
            continue;
        };
        let thumbnail = Thumbnail {
            early: data_uri(first)?,
            late: data_uri(last)?,
        };
        thumbnails.insert(scene.header.scenario.to_string(), thumbnail);
    }
    Ok(thumbnails)
}

fn data_uri(frame: &ThermalFrame) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let mut png = Encoder::new(&mut bytes, WIDTH as u32, HEIGHT as u32);
    png.set_color(ColorType::Indexed);
    png.set_depth(BitDepth::Eight);
    png.set_palette(colours::palette());
    // PNG filters predict gradients, which indices into a palette do not have.
    png.set_compression(Compression::High);
    png.set_filter(Filter::NoFilter);
    let written = png
        .write_header()
        .and_then(|mut png| png.write_image_data(&pixels(frame)));
    written.context("cannot write a thumbnail")?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(bytes)))
}

/// The palette index of each pixel, from the mean temperature of the area it covers.
fn pixels(frame: &ThermalFrame) -> Vec<u8> {
    let middle = colours::middle(frame);
    let celsius = frame.celsius();
    let mean = |row: usize, column: usize| {
        let rows = (0..COARSE).map(|y| (row * COARSE + y) * FRAME_WIDTH + column * COARSE);
        let sum: f32 = rows
            .map(|from| celsius[from..from + COARSE].iter().sum::<f32>())
            .sum();
        sum / (COARSE * COARSE) as f32
    };
    let places = (0..HEIGHT).flat_map(|row| (0..WIDTH).map(move |column| (row, column)));
    places
        .map(|(row, column)| colours::number(mean(row, column) - middle))
        .collect()
}

#[cfg(test)]
mod tests {
    use sensor_model::episode::Scenario;

    use super::*;

    #[test]
    fn every_scenario_has_two_small_pictures() {
        let thumbnails = thumbnails(42).unwrap();
        assert_eq!(thumbnails.len(), Scenario::COUNT);
        for (name, thumbnail) in &thumbnails {
            for uri in [&thumbnail.early, &thumbnail.late] {
                let png = uri.strip_prefix("data:image/png;base64,").unwrap();
                let png = STANDARD.decode(png).unwrap();
                assert!(png.starts_with(b"\x89PNG") && png.len() < 8_000, "{name}");
            }
        }
        let fire = &thumbnails["flaming-near"];
        assert_ne!(fire.early, fire.late);
    }
}
