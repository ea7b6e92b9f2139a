//! Draws a contact sheet with a row of captioned frames for each scenario: `cargo xtask scenes`, or
//! `cargo run -p sensor-model --example episode_scenes OUT.png [SEED]`.
//!
//! All frames use the colour scale of [`colours`](sensor_model::episode::colours).

mod font;
mod sheet;

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use sensor_model::episode::scenes;

use sheet::Sheet;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "scenes.png".to_owned());
    let seed = arguments.next().map_or(Ok(42), |seed| seed.parse())?;
    let scenes = scenes(seed)?;
    let mut sheet = Sheet::new(scenes.len());
    for (row, scene) in scenes.iter().enumerate() {
        sheet.put_scene(row, scene);
    }
    sheet.write(BufWriter::new(File::create(path)?))?;
    Ok(())
}
