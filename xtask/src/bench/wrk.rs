//! The same loads by wrk (Debian: `apt-get install wrk`), a client that is not ours.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::endpoint::Load;
use super::endpoint_server::Server;

/// Connections, as many as our own client opens.
const CONNECTIONS: u32 = 16;

/// A load that lasts for minutes.
#[derive(Debug)]
pub(super) struct Soak {
    pub(super) seconds: u32,
    pub(super) load: Load,
    /// Memory of the server: before the load, then minimum and maximum of one sample per second. The
    /// first tenth does not count, because buffers grow then.
    pub(super) resident_bytes: [u64; 3],
}

/// Whether wrk is installed.
pub(super) fn is_installed() -> bool {
    // Without arguments it prints its usage.
    Command::new("wrk")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// Sends the documented row as fast as the server responds.
pub(super) fn load(server: &Server, scripts: &Path, seconds: u32) -> anyhow::Result<Load> {
    finish(start(server, scripts, seconds)?)
}

/// Keeps the server at saturation and samples its memory every second.
pub(super) fn soak(server: &Server, scripts: &Path, seconds: u32) -> anyhow::Result<Soak> {
    let before = server.resident()?;
    let mut wrk = start(server, scripts, seconds)?;
    let mut samples = Vec::new();
    while wrk.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_secs(1));
        samples.push(server.resident()?);
    }
    let later = &samples[samples.len() / 10..];
    let (least, most) = (later.iter().min(), later.iter().max());
    let resident_bytes = [
        before,
        *least.context("wrk ended at once")?,
        *most.context("wrk ended at once")?,
    ];
    Ok(Soak {
        seconds,
        load: finish(wrk)?,
        resident_bytes,
    })
}

fn start(server: &Server, scripts: &Path, seconds: u32) -> anyhow::Result<Child> {
    Command::new("wrk")
        .args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s")])
        .args(["--latency", "-s"])
        .arg(scripts.join("row.lua"))
        .arg(format!("http://{}/invocations", server.address))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start wrk")
}

fn finish(wrk: Child) -> anyhow::Result<Load> {
    let output = wrk.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr));
    }
    parse(&text).with_context(|| format!("unexpected output of wrk: {text}"))
}

/// Parses what wrk prints.
fn parse(text: &str) -> anyhow::Result<Load> {
    let after = |label: &str| {
        let lines = text.lines().map(str::trim);
        lines
            .filter_map(|line| line.strip_prefix(label))
            .map(str::trim)
            .next()
    };
    let requests = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .context("no number of requests")?;
    let requests: u64 = requests.0.parse()?;
    let others: u64 = match after("Non-2xx or 3xx responses:") {
        Some(count) => count.parse()?,
        None => 0,
    };
    let mut statuses = BTreeMap::from([("2xx".to_owned(), requests - others)]);
    if others > 0 {
        statuses.insert("other".to_owned(), others);
    }
    if let Some(errors) = after("Socket errors:") {
        statuses.insert(format!("socket errors: {errors}"), 1);
    }
    Ok(Load {
        requests_per_second: after("Requests/sec:").context("no rate")?.parse()?,
        p50_us: microseconds(after("50%").context("no median")?)?,
        p99_us: microseconds(after("99%").context("no p99")?)?,
        statuses,
    })
}

fn microseconds(text: &str) -> anyhow::Result<f64> {
    let units = [("us", 1.0), ("ms", 1e3), ("s", 1e6), ("m", 6e7)];
    for (unit, size) in units {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * size);
        }
    }
    bail!("`{text}` is not a duration")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
Running 10m test @ http://127.0.0.1:37805/invocations
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   468.00us    1.29ms 102.18ms   96.40%
    Req/Sec    40.06k    10.08k   56.20k    68.13%
  Latency Distribution
     50%  323.00us
     75%  408.00us
     90%  559.00us
     99%    3.97ms
  23904215 requests in 10.00m, 4.79GB read
Requests/sec:  39839.13
Transfer/sec:      8.18MB
";

    #[test]
    fn the_output_of_wrk_is_parsed() {
        let load = parse(PRINTED).unwrap();
        assert_eq!((load.p50_us, load.p99_us), (323.0, 3970.0));
        assert_eq!(load.requests_per_second.to_string(), "39839.13");
        let all = BTreeMap::from([("2xx".to_owned(), 23_904_215)]);
        assert_eq!(load.statuses, all);
    }

    #[test]
    fn other_responses_and_errors_are_counted() {
        let bad = PRINTED.replace(
            "Requests/sec",
            "  Socket errors: connect 0, read 3, write 0, timeout 1\n  Non-2xx or 3xx responses: 215\nRequests/sec",
        );
        let statuses = parse(&bad).unwrap().statuses;
        assert_eq!((statuses["2xx"], statuses["other"]), (23_904_000, 215));
        assert_eq!(statuses.len(), 3);
        assert!(parse("Running 10m test").is_err());
    }
}
