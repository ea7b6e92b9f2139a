//! What is done every second, whoever asks: machines are measured, metrics and captured requests
//! are put away.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::metrics::Looks;
use crate::services::Services;

/// Between two beats.
const BEAT: Duration = Duration::from_secs(1);
/// In how many beats the processes are looked at once.
const LOOK_BEATS: u64 = 2;

/// Beats for as long as it is polled.
pub(crate) async fn beat(services: Arc<Services>) {
    let mut looks = Looks::default();
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beat: u64 = 0;
    loop {
        beats.tick().await;
        if beat.is_multiple_of(LOOK_BEATS) {
            look(&services, &mut looks);
        }
        services.endpoints.store_captures().await;
        services.metrics.flush(false);
        beat += 1;
    }
}

/// Measures what each program uses.
fn look(services: &Services, looks: &mut Looks) {
    let mut processes = services.endpoints.processes();
    processes.extend(services.jobs.processes());
    let alive: Vec<_> = processes.iter().map(|(_, identity)| *identity).collect();
    looks.keep(&alive);
    for (watched, identity) in &processes {
        if let Some(usage) = looks.look(*identity) {
            services.metrics.usage(watched, usage);
        }
    }
}
