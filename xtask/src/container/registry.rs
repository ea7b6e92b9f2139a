//! A registry for images: Debian's docker-registry on a free port.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// A running registry, which stops when this value is dropped.
pub(super) struct Registry {
    process: Child,
    /// Host and port.
    pub(super) address: String,
}

impl Registry {
    /// Starts it with an empty store and waits until it accepts connections.
    pub(super) fn start(dir: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(dir)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let settings = dir.join("settings.yml");
        let store = dir.join("store");
        fs::write(
            &settings,
            format!(
                "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
                 http: {{addr: \"{address}\"}}\n",
                store.display()
            ),
        )?;
        let log = File::create(dir.join("log"))?;
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot start docker-registry")?;
        let mut registry = Self { process, address };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(&registry.address).is_err() {
            if let Some(status) = registry.process.try_wait()? {
                let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
                bail!("docker-registry ended with {status}: {log}");
            }
            if Instant::now() > deadline {
                bail!("docker-registry does not listen on {}", registry.address);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Both fail for a process that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
