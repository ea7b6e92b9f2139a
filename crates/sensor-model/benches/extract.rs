//! The extractor on one core: `cargo bench -p sensor-model --bench extract`.
//!
//! Scenes have fixed seeds and are not timed. Under `cargo test` each case runs once.

use divan::Bencher;
use divan::counter::ItemsCount;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sensor_model::extract::{CheckedExtractorParams, Extractor, RowStream};
use sensor_model::{FRAME_PIXELS, FRAME_WIDTH, FrameProblem, ThermalFrame};

/// The approximate frame rate of a Lepton, in Hz.
const RATE_HZ: f64 = 9.0;
/// Frames of a scene: three seconds, so that no thermal feature is missing.
const FRAMES: u32 = 27;

/// The scene in front of the camera.
const SCENES: [Scene; 3] = [Scene::Room, Scene::Fire, Scene::Leaves];

#[derive(Clone, Copy, Debug)]
enum Scene {
    /// Nearly uniform, with a warm object, so only one corner has texture.
    Room,
    /// A flickering flame and a walking person.
    Fire,
    /// Texture and motion everywhere, the worst case for the flow.
    Leaves,
}

fn main() {
    divan::main();
}

/// Frames at 9 Hz with a row each second.
#[divan::bench(args = SCENES)]
fn stream(bencher: Bencher, scene: Scene) {
    let frames = frames(scene);
    bencher
        .counter(ItemsCount::new(FRAMES))
        .with_inputs(|| frames.clone())
        .bench_values(|frames| {
            let mut stream = RowStream::new(CheckedExtractorParams::default());
            for frame in frames.ok()? {
                stream.push_frame(frame).ok()?;
            }
            Some(stream.finish())
        });
}

/// Pushing one frame.
#[divan::bench(args = SCENES)]
fn push(bencher: Bencher, scene: Scene) {
    let frames = frames(scene);
    let mut extractor = Extractor::new(CheckedExtractorParams::default());
    let mut time_s = 0.0;
    let newest = frames.ok().and_then(|mut frames| frames.pop());
    bencher
        .with_inputs(|| {
            time_s += 1.0 / RATE_HZ;
            ThermalFrame::new(time_s, newest.clone()?.into_celsius()).ok()
        })
        .bench_local_values(|frame| extractor.push_frame(frame?).ok());
}

/// Computing one row.
#[divan::bench(args = SCENES)]
fn row(bencher: Bencher, scene: Scene) {
    let mut extractor = Extractor::new(CheckedExtractorParams::default());
    for frame in frames(scene).into_iter().flatten() {
        let _ = extractor.push_frame(frame);
    }
    bencher.bench_local(|| extractor.row_at(f64::from(FRAMES - 1) / RATE_HZ));
}

fn frames(scene: Scene) -> Result<Vec<ThermalFrame>, FrameProblem> {
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    (0..FRAMES)
        .map(|number| {
            let time = f64::from(number) / RATE_HZ;
            let pixels = (0..FRAME_PIXELS).map(|at| {
                let noise = rng.random_range(-0.03..0.03);
                scene.celsius(
                    (at % FRAME_WIDTH) as f32,
                    (at / FRAME_WIDTH) as f32,
                    time as f32,
                ) + noise
            });
            ThermalFrame::new(time, pixels.collect())
        })
        .collect()
}

impl Scene {
    /// Temperature at a pixel and a time.
    fn celsius(self, x: f32, y: f32, time_s: f32) -> f32 {
        let blob = |centre_x: f32, centre_y: f32, radius: f32| {
            let (dx, dy) = ((x - centre_x) / radius, (y - centre_y) / radius);
            libm::expf(-(dx * dx + dy * dy))
        };
        let room = 22.0 + 0.01 * x + 2.0 * blob(130.0, 50.0, 12.0);
        match self {
            Self::Room => room,
            Self::Fire => {
                let flicker = 1.0 + 0.3 * libm::sinf(12.0 * time_s);
                room + 250.0 * blob(60.0 + flicker, 70.0, 5.0 * flicker)
                    + 10.0 * blob(20.0 + 8.0 * time_s, 80.0, 14.0)
            }
            Self::Leaves => {
                let (x, y) = (x + 6.0 * time_s, y);
                room + 4.0 * libm::sinf(x / 2.5) * libm::sinf(y / 3.0)
            }
        }
    }
}
