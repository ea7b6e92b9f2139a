//! Stopping on SIGTERM.
//!
//! The first process of a container has no default action for SIGTERM: without a handler, the signal is ignored and
//! SageMaker kills the container minutes later. Both `train` and `serve` therefore install a handler.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// A request to stop the work, shared by all clones.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Requests a stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was requested.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Requests the stop when SIGTERM or SIGINT arrives.
    pub(crate) fn on_signal(&self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let guard = runtime.enter();
        let arrival = signal_arrival()?;
        drop(guard);
        // A separate thread, because the fit keeps the calling thread busy.
        let stop = self.clone();
        std::thread::spawn(move || {
            runtime.block_on(arrival);
            stop.request();
        });
        Ok(())
    }
}

/// Resolves when SIGTERM or SIGINT arrives. Must be called within a runtime.
pub(crate) fn signal_arrival() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    // Installed before the future is polled: a signal that arrives in between is not lost.
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
