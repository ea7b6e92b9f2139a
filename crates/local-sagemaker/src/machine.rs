//! Files, processes and the clock of this machine. Independent of AWS.

pub(crate) mod archive;
pub(crate) mod clock;
pub(crate) mod database;
pub(crate) mod lock_file;
pub(crate) mod opt_ml;
pub(crate) mod process;
pub(crate) mod table;

use std::io::{self, Write};

use clock::Timestamp;

/// Writes one line to the server's own log: stderr, which `--detached` redirects to `server.log`. Write
/// errors are ignored.
pub(crate) fn log(message: &str) {
    let now = Timestamp::now().seconds();
    let _ = writeln!(io::stderr(), "{now:.3} {message}");
}

/// Runs blocking file operations off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
