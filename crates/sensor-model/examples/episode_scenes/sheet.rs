//! The contact sheet: frames side by side, captions and the colour scale.

use std::io::Write;

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};
use sensor_model::episode::colours::{self, middle, number};
use sensor_model::episode::{SCENE_FRAMES, Scene};
use sensor_model::{FRAME_HEIGHT, FRAME_WIDTH, ThermalFrame};

use crate::font;

/// Palette indices after those of the temperatures.
const WHITE: u8 = colours::COUNT;
const BLACK: u8 = colours::COUNT + 1;

/// Spacing in pixels.
const GAP: usize = 4;
/// Font scale of scene captions; frame captions have scale 1.
const TITLE: usize = 2;
const TITLE_HEIGHT: usize = TITLE * font::HEIGHT + 2 * GAP;
const CAPTION_HEIGHT: usize = font::HEIGHT + 2 * GAP;
const CELL_WIDTH: usize = FRAME_WIDTH + GAP;
const ROW_HEIGHT: usize = TITLE_HEIGHT + FRAME_HEIGHT + CAPTION_HEIGHT;
const WIDTH: usize = SCENE_FRAMES * CELL_WIDTH;
/// Height of the colour scale above all rows.
const SCALE_HEIGHT: usize = 12;
const HEAD_HEIGHT: usize = TITLE_HEIGHT + SCALE_HEIGHT + CAPTION_HEIGHT;

/// The temperature colours, then white and black.
fn palette() -> Vec<u8> {
    let mut palette = colours::palette();
    palette.extend([255; 3]);
    palette.extend([0; 3]);
    palette
}

/// An image whose pixels are palette indices.
pub(crate) struct Sheet {
    pixels: Vec<u8>,
}

impl Sheet {
    /// A sheet with room for `scenes` rows, and the colour scale at the top.
    pub(crate) fn new(scenes: usize) -> Self {
        let mut sheet = Self {
            pixels: vec![WHITE; WIDTH * (HEAD_HEIGHT + scenes * ROW_HEIGHT)],
        };
        sheet.put_scale();
        sheet
    }

    /// Draws the frames of a scene in row `row`.
    pub(crate) fn put_scene(&mut self, row: usize, scene: &Scene) {
        let top = HEAD_HEIGHT + row * ROW_HEIGHT;
        let ignition = scene
            .header
            .ignition_s
            .map_or("no fire".to_owned(), |at| format!("ignition at {at:.0} s"));
        let title = format!("{}   {ignition}", scene.header.scenario);
        self.write_text((0, top + GAP), TITLE, &title);
        for (column, frame) in scene.frames.iter().enumerate() {
            self.put_frame((column * CELL_WIDTH, top + TITLE_HEIGHT), frame);
        }
    }

    fn put_frame(&mut self, (left, top): (usize, usize), frame: &ThermalFrame) {
        let middle_c = middle(frame);
        for (row, celsius) in frame.celsius().chunks(FRAME_WIDTH).enumerate() {
            let place = &mut self.pixels[(top + row) * WIDTH + left..][..FRAME_WIDTH];
            for (pixel, celsius) in place.iter_mut().zip(celsius) {
                *pixel = number(celsius - middle_c);
            }
        }
        let hottest = frame.celsius().iter().copied().fold(f32::MIN, f32::max);
        let caption = format!(
            "{:.0} s  middle {middle_c:.0}  max {hottest:.0} C",
            frame.time_s()
        );
        self.write_text((left, top + FRAME_HEIGHT + GAP), 1, &caption);
    }

    /// Draws the colour scale with its labels.
    fn put_scale(&mut self) {
        self.write_text((0, GAP), TITLE, "K above the middle of the frame");
        let labels = [
            -5.0, -2.0, 0.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 400.0,
        ];
        let step = WIDTH / labels.len();
        for (at, kelvin) in labels.into_iter().enumerate() {
            let left = at * step;
            for row in TITLE_HEIGHT..TITLE_HEIGHT + SCALE_HEIGHT {
                self.pixels[row * WIDTH + left..][..step - GAP].fill(number(kelvin));
            }
            let top = TITLE_HEIGHT + SCALE_HEIGHT + GAP;
            self.write_text((left, top), 1, &format!("{kelvin:.0}"));
        }
    }

    /// Writes text with its top left corner at this position; each font pixel becomes a square of `size` pixels.
    fn write_text(&mut self, (left, top): (usize, usize), size: usize, text: &str) {
        for (at, letter) in text.chars().enumerate() {
            for (x, y) in font::pixels(letter) {
                let left = left + size * (at * font::ADVANCE + x);
                for row in 0..size {
                    self.pixels[(top + size * y + row) * WIDTH + left..][..size].fill(BLACK);
                }
            }
        }
    }

    /// Writes the sheet as a PNG.
    pub(crate) fn write(&self, to: impl Write) -> Result<(), EncodingError> {
        let height = self.pixels.len() / WIDTH;
        let mut png = Encoder::new(to, WIDTH as u32, height as u32);
        png.set_color(ColorType::Indexed);
        png.set_depth(BitDepth::Eight);
        png.set_palette(palette());
        // PNG filters predict a pixel from its neighbours, which does not help with palette indices.
        png.set_compression(Compression::High);
        png.set_filter(Filter::NoFilter);
        png.write_header()?.write_image_data(&self.pixels)
    }
}
