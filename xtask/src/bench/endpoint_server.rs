//! The endpoints that are measured: ours, and the peers' behind gunicorn.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// Time limit for the first response of a server.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server, which stops when this value is dropped.
pub(super) struct Server {
    process: Child,
    pub(super) address: String,
    /// From the start to the first 200 of `/ping`.
    pub(super) cold_start: Duration,
}

impl Server {
    /// Starts our endpoint.
    pub(super) fn ours(program: &Path, opt_ml: &Path) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut process = Command::new(program)
            .args(["serve", "--opt-ml"])
            .arg(opt_ml)
            .env("FIRE_BIND_ADDRESS", "127.0.0.1")
            .env("SAGEMAKER_BIND_TO_PORT", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start fire-container")?;
        let mut line = String::new();
        let stdout = process
            .stdout
            .take()
            .context("fire-container has no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ");
        let address = address
            .context("fire-container does not listen")?
            .to_owned();
        Self::until_ready(process, address, started)
    }

    /// Starts the peers' endpoint with two workers.
    pub(super) fn peers(python: &Path, scripts: &Path, models: &Path) -> anyhow::Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let started = Instant::now();
        let application = format!("endpoint_peers:app({:?})", models.display().to_string());
        let process = Command::new(python)
            .args(["-m", "gunicorn", "--workers", "2", "--bind", &address])
            .args(["--log-level", "error", &application])
            .current_dir(scripts)
            .env("OMP_NUM_THREADS", "1")
            .env("OPENBLAS_NUM_THREADS", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start gunicorn")?;
        Self::until_ready(process, address, started)
    }

    fn until_ready(process: Child, address: String, started: Instant) -> anyhow::Result<Self> {
        let mut server = Self {
            process,
            address,
            cold_start: Duration::ZERO,
        };
        while !pings(&server.address) {
            if let Some(status) = server.process.try_wait()? {
                bail!("the server ended with {status}");
            }
            if started.elapsed() > PATIENCE {
                bail!("/ping does not return 200");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.cold_start = started.elapsed();
        Ok(server)
    }

    /// Resident memory of the process without its children, in bytes.
    pub(super) fn resident(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes
            .context("/proc has no VmRSS of the server")?
            .parse::<u64>()?
            * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // gunicorn stops its workers on SIGTERM, but leaves them running when it is killed.
        let process = self.process.id().to_string();
        let _ = Command::new("kill").arg(&process).status();
        let signalled = Instant::now();
        while signalled.elapsed() < Duration::from_secs(10) {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn pings(address: &str) -> bool {
    let response = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        Ok(response)
    };
    response().is_ok_and(|text| text.starts_with("HTTP/1.1 200"))
}
