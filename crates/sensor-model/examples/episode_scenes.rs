//! A contact sheet: one row of frames per scenario, in false colours: `cargo run -p sensor-model --example episode_scenes OUT.png [SEED]`.
//!
//! Each frame has a scale of its own, from its coldest to its hottest pixel with at least 12 C between them; the caption
//! list on the terminal names the scenario, the times and the hottest pixel of each.
#![expect(clippy::print_stdout, reason = "captions for people")]

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use sensor_model::episode::{SCENE_FRAMES, Scene, scenes};
use sensor_model::{FRAME_HEIGHT, FRAME_WIDTH, ThermalFrame};

/// Pixels between two frames.
const GAP: usize = 4;
const CELL: (usize, usize) = (FRAME_WIDTH + GAP, FRAME_HEIGHT + GAP);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "scenes.png".to_owned());
    let seed = arguments.next().map_or(Ok(42), |seed| seed.parse())?;
    let scenes = scenes(seed)?;
    let (width, height) = (SCENE_FRAMES * CELL.0, scenes.len() * CELL.1);
    let mut image = vec![255; width * height * 3];
    for (row, scene) in scenes.iter().enumerate() {
        for (column, frame) in scene.frames.iter().enumerate() {
            put(&mut image, width, (column * CELL.0, row * CELL.1), frame);
        }
        caption(scene);
    }
    let mut png = png::Encoder::new(
        BufWriter::new(File::create(path)?),
        width as u32,
        height as u32,
    );
    png.set_color(png::ColorType::Rgb);
    png.write_header()?.write_image_data(&image)?;
    Ok(())
}

fn put(image: &mut [u8], width: usize, (left, top): (usize, usize), frame: &ThermalFrame) {
    let (low, high) = extremes(frame);
    let span = (high - low).max(12.0);
    for (at, celsius) in frame.celsius().iter().enumerate() {
        let (x, y) = (left + at % FRAME_WIDTH, top + at / FRAME_WIDTH);
        let from = (y * width + x) * 3;
        image[from..from + 3].copy_from_slice(&colour((celsius - low) / span));
    }
}

fn extremes(frame: &ThermalFrame) -> (f32, f32) {
    let start = (f32::INFINITY, f32::NEG_INFINITY);
    let pixels = frame.celsius().iter();
    pixels.fold(start, |(low, high), &celsius| {
        (low.min(celsius), high.max(celsius))
    })
}

/// Black, violet, red, orange, pale yellow.
fn colour(share: f32) -> [u8; 3] {
    const STOPS: [[f32; 3]; 5] = [
        [0.0, 0.0, 4.0],
        [87.0, 16.0, 110.0],
        [188.0, 55.0, 84.0],
        [249.0, 142.0, 9.0],
        [252.0, 255.0, 164.0],
    ];
    let position = share.clamp(0.0, 1.0) * 3.999;
    let at = position as usize;
    let rest = position - at as f32;
    [0, 1, 2]
        .map(|channel| (STOPS[at][channel] * (1.0 - rest) + STOPS[at + 1][channel] * rest) as u8)
}

fn caption(scene: &Scene) {
    print!(
        "{:18} ignition {:>6}",
        scene.header.scenario,
        match scene.header.ignition_s {
            Some(ignition) => format!("{ignition:.0} s"),
            None => "never".to_owned(),
        }
    );
    for frame in &scene.frames {
        print!("  {:4.0} s {:5.1} C", frame.time_s(), extremes(frame).1);
    }
    println!();
}
