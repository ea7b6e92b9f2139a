//! The state directory's lock file, which excludes a second server, and its `server.json`, which tells
//! clients the server's address.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::clock::Timestamp;
use crate::error::Error;

/// How long [`stop_server`] waits. A server stops its containers before it exits.
const STOP_TIMEOUT: Duration = Duration::from_mins(1);

/// How long [`LockFile::acquire`] waits for a lock without a live server as its known holder. If a server
/// is killed while it starts a program, the forked child keeps the lock file open until its exec.
const ORPHAN_TIMEOUT: Duration = Duration::from_secs(1);

/// The content of `server.json`, which other programs read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServerInfo {
    /// The server's process id.
    pub(crate) pid: u32,
    /// Port on 127.0.0.1.
    pub(crate) port: u16,
    /// Base URL for clients.
    pub(crate) url: String,
    /// The program's build id, see [`build_id`].
    pub(crate) build_id: String,
    /// When the server began to listen, in milliseconds since the epoch.
    pub(crate) started: Timestamp,
}

/// The lock on a state directory. The kernel releases it when the process ends, even if it is killed.
pub(crate) struct LockFile {
    /// The directory, as an absolute path.
    state_dir: PathBuf,
    /// Open for as long as the lock is held.
    file: File,
}

impl LockFile {
    /// Locks the directory, which is created if missing.
    pub(crate) fn acquire(state_dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(state_dir).map_err(Error::io("create", state_dir))?;
        let path = state_dir.join("lock");
        let file = open(&path)?;
        let deadline = Instant::now() + ORPHAN_TIMEOUT;
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::WouldBlock => fail_if_held(state_dir, deadline)?,
                TryLockError::Error(error) => return Err(Error::io("lock", path)(error)),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Programs are started in other directories, so the path must be absolute.
        let state_dir = fs::canonicalize(state_dir).map_err(Error::io("resolve", state_dir))?;
        // A file left by a killed server would send clients to the wrong port.
        let _ = fs::remove_file(state_dir.join("server.json"));
        Ok(Self { state_dir, file })
    }

    /// The directory, as an absolute path.
    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// Writes `server.json` for a server that listens on `port`.
    pub(crate) fn announce(&self, port: u16) -> Result<ServerInfo, Error> {
        let info = ServerInfo {
            pid: std::process::id(),
            port,
            url: format!("http://127.0.0.1:{port}"),
            build_id: build_id(),
            started: Timestamp::now(),
        };
        save(&self.state_dir.join("server.json"), &info)?;
        Ok(info)
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.state_dir.join("server.json"));
        // Closing the file is not enough: a child that another thread has just forked keeps the file open,
        // and thus the lock, until its exec.
        let _ = self.file.unlock();
    }
}

/// Fails if a live server holds the lock, or if the deadline has passed, by which a killed server's child
/// would have released it.
fn fail_if_held(state_dir: &Path, deadline: Instant) -> Result<(), Error> {
    let info = server_info(state_dir);
    // A zombie process no longer has an executable.
    let lives = |info: &ServerInfo| fs::read_link(format!("/proc/{}/exe", info.pid)).is_ok();
    if !info.as_ref().is_some_and(lives) && Instant::now() < deadline {
        return Ok(());
    }
    let holder = info.map_or("which is still starting".into(), |info| {
        format!("pid {}, port {}", info.pid, info.port)
    });
    Err(Error::Held {
        state_dir: state_dir.to_owned(),
        holder,
    })
}

/// Opens the lock file. It is never removed, because a lock on a removed file excludes no other process.
fn open(path: &Path) -> Result<File, Error> {
    File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .map_err(Error::io("open", path))
}

/// Reads `server.json`, if there is one.
pub(crate) fn server_info(state_dir: &Path) -> Option<ServerInfo> {
    load(&state_dir.join("server.json")).ok()
}

/// Writes `value` as JSON; `path` always holds either the old or the new bytes.
fn save(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    // Pretty-printed for people who debug the server.
    let text = serde_json::to_vec_pretty(value).map_err(|source| Error::Corrupt {
        path: path.to_owned(),
        source,
    })?;
    let draft = path.with_extension("draft");
    fs::write(&draft, text).map_err(Error::io("write", &draft))?;
    fs::rename(&draft, path).map_err(Error::io("replace", path))
}

/// Reads a file written by [`save`].
fn load(path: &Path) -> Result<ServerInfo, Error> {
    let text = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&text).map_err(|source| Error::Corrupt {
        path: path.to_owned(),
        source,
    })
}

/// Stops the server that holds `state_dir` and waits until it has exited. Returns false if there is none.
pub(crate) fn stop_server(state_dir: &Path) -> Result<bool, Error> {
    let path = state_dir.join("lock");
    if !path.is_file() {
        return Ok(false);
    }
    let file = open(&path)?;
    let deadline = Instant::now() + STOP_TIMEOUT;
    let mut signalled = None;
    while file.try_lock().is_err() {
        // Only the holder of the lock is stopped. If the lock is free, `server.json` was left by a killed
        // server, and its process id may have been reused.
        let holder = server_info(state_dir).map(|info| info.pid);
        if holder != signalled {
            signalled = holder;
            holder.map(|pid| kill(Pid::from_raw(pid as i32), Signal::SIGTERM));
        }
        if Instant::now() > deadline {
            let holder =
                holder.map_or_else(String::new, |pid| format!("pid {pid}, which does not stop"));
            return Err(Error::Held {
                state_dir: state_dir.to_owned(),
                holder,
            });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(signalled.is_some())
}

/// The build id of the running program: the first 12 hexadecimal digits of the SHA-256 of its file's
/// length and modification time. A running server from another build is recognised by it.
pub fn build_id() -> String {
    let metadata = std::env::current_exe().and_then(fs::metadata);
    let changed = metadata
        .as_ref()
        .ok()
        .and_then(|metadata| metadata.modified().ok());
    let length = metadata.map(|metadata| metadata.len()).unwrap_or_default();
    let mut digits = hex::encode(Sha256::digest(format!("{length} {changed:?}")));
    digits.truncate(12);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_server_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = LockFile::acquire(dir.path()).unwrap();
        let early = LockFile::acquire(dir.path()).err().unwrap().to_string();
        assert!(early.contains("which is still starting"), "{early}");
        first.announce(4566).unwrap();
        let late = LockFile::acquire(dir.path()).err().unwrap().to_string();
        assert!(
            late.contains(&format!("pid {}, port 4566", std::process::id())),
            "{late}"
        );
        drop(first);
        assert_eq!(server_info(dir.path()), None);
        assert!(LockFile::acquire(dir.path()).is_ok());
    }

    #[test]
    fn a_new_server_waits_until_a_killed_ones_child_releases_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let first = LockFile::acquire(dir.path()).unwrap();
        let mut exited = std::process::Command::new("true").spawn().unwrap();
        let mut info = first.announce(1).unwrap();
        info.pid = exited.id();
        exited.wait().unwrap();
        save(&dir.path().join("server.json"), &info).unwrap();
        // The file stays open here as in a forked child before its exec.
        let orphan = first.file.try_clone().unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| LockFile::acquire(dir.path()).map(|_| ()));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!second.is_finished());
            orphan.unlock().unwrap();
            second.join().unwrap().unwrap();
        });
        drop(first);
    }

    #[test]
    fn without_the_lock_no_process_is_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let lock_file = LockFile::acquire(dir.path()).unwrap();
        let info = lock_file.announce(1).unwrap();
        drop(lock_file);
        save(&dir.path().join("server.json"), &info).unwrap();
        assert!(!stop_server(dir.path()).unwrap());
    }

    #[test]
    fn the_build_id_is_stable() {
        assert_eq!(build_id(), build_id());
        assert_eq!(build_id().len(), 12);
    }
}
