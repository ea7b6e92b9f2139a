//! Who holds a state directory: the lock that keeps a second server out, and the file that
//! tells clients where to go.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Stamp;
use crate::error::Error;
use crate::store;

/// How long [`end`] waits for a server to go: it waits for its containers first.
const END_TIMEOUT: Duration = Duration::from_mins(1);

/// How long [`Holder::take`] waits for a lock that no living server is known to hold. A server that was killed while it
/// started a program leaves a child behind that has the lock file open until it has become that program.
const ORPHAN_TIMEOUT: Duration = Duration::from_secs(1);

/// What `server.json` says about the server of a state directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Card {
    /// The server's process.
    pub(crate) pid: u32,
    /// The port on 127.0.0.1.
    pub(crate) port: u16,
    /// Where clients find it.
    pub(crate) url: String,
    /// The build of the program, see [`build_id`].
    pub(crate) build_id: String,
    /// When it began to listen, in milliseconds since the epoch.
    pub(crate) started: Stamp,
}

/// The lock on a state directory. It is the kernel's, so it goes with the process however that
/// ends.
pub(crate) struct Holder {
    /// The directory, absolute.
    state_dir: PathBuf,
    /// Open for as long as the lock is held.
    lock: File,
}

impl Holder {
    /// Takes the directory, which is made when it is missing.
    pub(crate) fn take(state_dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(state_dir).map_err(Error::io("create", state_dir))?;
        let path = state_dir.join("lock");
        let lock = open(&path)?;
        let deadline = Instant::now() + ORPHAN_TIMEOUT;
        while let Err(error) = lock.try_lock() {
            match error {
                TryLockError::WouldBlock => refuse_if_held(state_dir, deadline)?,
                TryLockError::Error(error) => return Err(Error::io("lock", path)(error)),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Programs are started in other directories, where a relative path would not lead here.
        let state_dir = fs::canonicalize(state_dir).map_err(Error::io("resolve", state_dir))?;
        // What a killed server left would send clients to a port that nobody listens on.
        let _ = fs::remove_file(state_dir.join("server.json"));
        Ok(Self { state_dir, lock })
    }

    /// The directory, absolute.
    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// Tells clients that the server listens on `port`.
    pub(crate) fn announce(&self, port: u16) -> Result<Card, Error> {
        let url = format!("http://127.0.0.1:{port}");
        let card = Card {
            pid: std::process::id(),
            port,
            url,
            build_id: build_id(),
            started: Stamp::now(),
        };
        store::save(&self.state_dir.join("server.json"), &card)?;
        Ok(card)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.state_dir.join("server.json"));
        // Closing the file would not do: a child that was forked elsewhere in this process and
        // has not yet become its program has the file open too, and with it the lock.
        let _ = self.lock.unlock();
    }
}

/// Refuses a locked directory whose server lives, or which is locked for longer than what a killed one leaves behind.
fn refuse_if_held(state_dir: &Path, deadline: Instant) -> Result<(), Error> {
    let card = card(state_dir);
    // A process that has ended, but was not waited for, has no program any more.
    let lives = |card: &Card| fs::read_link(format!("/proc/{}/exe", card.pid)).is_ok();
    if !card.as_ref().is_some_and(lives) && Instant::now() < deadline {
        return Ok(());
    }
    let holder = card.map_or("it is just starting".into(), |card| {
        format!("pid {}, port {}", card.pid, card.port)
    });
    Err(Error::Held {
        state_dir: state_dir.to_owned(),
        holder,
    })
}

/// The lock file. It is never removed: a lock on a removed file would keep nobody out.
fn open(path: &Path) -> Result<File, Error> {
    File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .map_err(Error::io("open", path))
}

/// What the server of a state directory says about itself.
pub(crate) fn card(state_dir: &Path) -> Option<Card> {
    store::load(&state_dir.join("server.json")).ok()
}

/// Ends the server that holds `state_dir` and waits until it is gone. False when there is none.
pub(crate) fn end(state_dir: &Path) -> Result<bool, Error> {
    let path = state_dir.join("lock");
    if !path.is_file() {
        return Ok(false);
    }
    let lock = open(&path)?;
    let deadline = Instant::now() + END_TIMEOUT;
    let mut asked = None;
    while lock.try_lock().is_err() {
        // Only what holds the lock is ended: a card without a holder is a killed server's, and
        // its pid may be anybody's.
        let holder = card(state_dir).map(|card| card.pid);
        if holder != asked {
            asked = holder;
            holder.map(|pid| kill(Pid::from_raw(pid as i32), Signal::SIGTERM));
        }
        if Instant::now() > deadline {
            let holder =
                holder.map_or_else(String::new, |pid| format!("pid {pid}, which does not end"));
            return Err(Error::Held {
                state_dir: state_dir.to_owned(),
                holder,
            });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(asked.is_some())
}

/// The build of the running program: the beginning of the SHA-256 of its file's length and time
/// of change. A newer build differs, and so an older server can be told from it without
/// starting it.
pub fn build_id() -> String {
    let metadata = std::env::current_exe().and_then(fs::metadata);
    let changed = metadata
        .as_ref()
        .ok()
        .and_then(|metadata| metadata.modified().ok());
    let length = metadata.map(|metadata| metadata.len()).unwrap_or_default();
    let digest = Sha256::digest(format!("{length} {changed:?}"));
    let start = digest
        .iter()
        .take(6)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{start:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Holder::take(dir.path()).unwrap();
        let early = Holder::take(dir.path()).err().unwrap().to_string();
        assert!(early.contains("it is just starting"), "{early}");
        first.announce(4566).unwrap();
        let late = Holder::take(dir.path()).err().unwrap().to_string();
        assert!(
            late.contains(&format!("pid {}, port 4566", std::process::id())),
            "{late}"
        );
        drop(first);
        assert_eq!(card(dir.path()), None);
        assert!(Holder::take(dir.path()).is_ok());
    }

    #[test]
    fn what_a_killed_server_leaves_behind_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let first = Holder::take(dir.path()).unwrap();
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        let mut card = first.announce(1).unwrap();
        card.pid = gone.id();
        gone.wait().unwrap();
        store::save(&dir.path().join("server.json"), &card).unwrap();
        // The file stays open here as in a child that has yet to become its program.
        let orphan = first.lock.try_clone().unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Holder::take(dir.path()).map(|_| ()));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!second.is_finished());
            orphan.unlock().unwrap();
            second.join().unwrap().unwrap();
        });
        drop(first);
    }

    #[test]
    fn a_card_without_a_holder_ends_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let holder = Holder::take(dir.path()).unwrap();
        let card = holder.announce(1).unwrap();
        drop(holder);
        store::save(&dir.path().join("server.json"), &card).unwrap();
        assert!(!end(dir.path()).unwrap());
    }

    #[test]
    fn the_build_id_is_stable() {
        assert_eq!(build_id(), build_id());
        assert_eq!(build_id().len(), 12);
    }
}
