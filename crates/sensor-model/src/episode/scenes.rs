//! One example of each scenario, to look at.

use crate::error::Error;
use crate::frame::ThermalFrame;

use super::Purpose;
use super::header::Header;
use super::params::{EpisodeParams, WARM_UP_S};
use super::scenario::Scenario;
use super::source::EpisodeSource;

/// Number of frames in a scene.
pub const SCENE_FRAMES: usize = 6;

/// An episode of a scenario and some of its frames.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The episode.
    pub header: Header,
    /// [`SCENE_FRAMES`] frames from the end of the warm-up to the end of the episode.
    pub frames: Vec<ThermalFrame>,
}

/// One episode of each scenario with this seed, in the order of [`Scenario::ALL`].
pub fn scenes(seed: u64) -> Result<Vec<Scene>, Error> {
    Scenario::ALL
        .into_iter()
        .map(|scenario| scene(scenario, seed))
        .collect()
}

fn scene(scenario: Scenario, seed: u64) -> Result<Scene, Error> {
    let source = EpisodeSource::new(
        EpisodeParams::only(scenario).check()?,
        seed,
        Purpose::Training,
    );
    // With the same number, all scenes would show the same room.
    let episode = scenario.index() as u64;
    let header = source.header(episode);
    let (first, last) = (f64::from(WARM_UP_S), f64::from(header.duration_s - 1));
    let step = (last - first) / (SCENE_FRAMES - 1) as f64;
    let times = (0..SCENE_FRAMES).map(|n| first + step * n as f64);
    let frames = times
        .map(|time_s| source.render(episode, time_s))
        .collect::<Result<_, _>>()?;
    Ok(Scene { header, frames })
}
