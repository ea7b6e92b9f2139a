//! The server's own log: lines on stderr, which `--detached` points at `server.log`.

use std::io::Write;

use crate::clock::Stamp;

/// Writes one line with the time before it. A log that cannot be written is no reason to stop
/// serving.
pub(crate) fn line(message: &str) {
    let _ = writeln!(std::io::stderr(), "{:.3} {message}", Stamp::now().seconds());
}
