//! Our side of `cargo xtask bench --endpoint`, and the client for all contestants.
//!
//! - `endpoint combine OUT MODEL_DIR...` combines models with equal weights into one.
//! - `endpoint answers MODEL_DIR FILE` predicts in this process: one row at a time, then the first 10,000 rows of the
//!   file at once, as numbers and as a CSV request.
//! - `endpoint load ADDRESS CONNECTIONS SECONDS RATE` sends the documented row to a server on persistent connections,
//!   as fast as it responds (RATE 0) or RATE times per second, and counts the responses.
//!
//! Each prints a line of JSON. With a rate, latency is measured from the time when a request was due, so a slow server
//! does not reduce its own load.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use ensemble::artifact::{Artifact, MODEL_FILE};
use ensemble::{Matrix, Prepared};
use fire_container::serve::{Detail, Limits, Predictor, RequestOptions};
use sensor_model::{FEATURE_COUNT, fingerprint, read_features};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The documented request.
const ROW: &str = "25.0,5.0,45.0,40.0,10.0,5.0,2.0,1.0,3.0,1.5,5.0,2.0,30.0,5.0,1.0,450.0,50.0,5.0";
/// Numbers of single rows predicted for warm-up and for measurement.
const SINGLES: [usize; 2] = [5_000, 50_000];
/// Rows in a batch.
const BATCH: usize = 10_000;
/// Batches predicted; the median time is reported.
const BATCHES: usize = 31;

fn main() -> Result<()> {
    // Cargo always adds `--bench`.
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let found = match words.as_slice() {
        ["combine", out, models @ ..] => combine(Path::new(out), models)?,
        ["answers", model, rows] => predict(Path::new(model), Path::new(rows))?,
        ["load", address, connections, seconds, rate] => load(
            address,
            connections.parse()?,
            Duration::from_secs_f64(seconds.parse()?),
            rate.parse()?,
        )?,
        // `cargo test --benches` passes no arguments; nothing is measured then.
        _ => return Ok(()),
    };
    writeln!(std::io::stdout(), "{found}")?;
    Ok(())
}

/// Combines several artifacts into one.
fn combine(out: &Path, models: &[&str]) -> Result<Value> {
    let read = |model: &&str| -> Result<Artifact> {
        let bytes = fs::read(Path::new(model).join(MODEL_FILE))?;
        Ok(Artifact::from_bytes(&bytes, fingerprint())?)
    };
    let parts: Vec<Artifact> = models.iter().map(read).collect::<Result<_>>()?;
    let weights = vec![1.0; parts.len()];
    let combined = Artifact::combine(parts, &weights)?.to_bytes();
    fs::create_dir_all(out)?;
    fs::write(out.join(MODEL_FILE), &combined)?;
    Ok(json!({ "model_bytes": combined.len() }))
}

/// Rows as a client would send them in a request.
fn csv(values: &[f32]) -> String {
    let line = |row: &[f32]| {
        let cells = row.iter().map(|value| match value {
            missing if missing.is_nan() => String::new(),
            value => value.to_string(),
        });
        cells.collect::<Vec<_>>().join(",") + "\n"
    };
    values.chunks_exact(FEATURE_COUNT).map(line).collect()
}

/// Times predictions in this process.
fn predict(model: &Path, rows: &Path) -> Result<Value> {
    let bytes = fs::read(model.join(MODEL_FILE))?;
    let artifact = Artifact::from_bytes(&bytes, fingerprint())?;
    let mut values = read_features(rows)?;
    values.truncate(BATCH * FEATURE_COUNT);
    let body = csv(&values).into_bytes();
    let mut found = json!({ "rows": values.len() / FEATURE_COUNT });
    for member in &artifact.members {
        let alone = Artifact {
            members: vec![ensemble::artifact::Member {
                weight: 1.0,
                ..member.clone()
            }],
            ..artifact.clone()
        };
        found[member.algorithm().name()] = measure_model(&Prepared::new(alone), &values)?;
    }
    found["ensemble"] = measure_model(&Prepared::new(artifact), &values)?;
    let predictor = Predictor::load(model)?;
    let options = RequestOptions {
        content_type: Some("text/csv"),
        accept: Some("text/csv"),
        detail: Detail::default(),
    };
    let limits = Limits {
        rows: usize::MAX,
        ..Limits::default()
    };
    let seconds = median(BATCHES, || {
        let response = predictor.respond(options, &body, &limits);
        response
            .map(|response| response.rows)
            .map_err(|rejection| rejection.message().into())
    })?;
    found["ensemble"]["csv_rows_per_second"] =
        json!((values.len() / FEATURE_COUNT) as f64 / seconds);
    Ok(found)
}

/// p50 and p99 latency of single rows in microseconds, and rows per second in a batch.
fn measure_model(prepared: &Prepared, values: &[f32]) -> Result<Value> {
    let mut rows = values.chunks_exact(FEATURE_COUNT).cycle();
    let mut next = || rows.next().unwrap_or_default();
    for _ in 0..SINGLES[0] {
        std::hint::black_box(prepared.predict_row(next()));
    }
    let mut times = Vec::with_capacity(SINGLES[1]);
    for _ in 0..SINGLES[1] {
        let row = next();
        let started = Instant::now();
        std::hint::black_box(prepared.predict_row(row));
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let x = Matrix::new(values, FEATURE_COUNT)?;
    let mut probabilities = Vec::new();
    let seconds = median(BATCHES, || {
        Ok(prepared.predict_into(&x, &mut probabilities)?)
    })?;
    Ok(json!({
        "single_p50_us": microseconds(&times, 0.5),
        "single_p99_us": microseconds(&times, 0.99),
        "rows_per_second": x.rows() as f64 / seconds,
    }))
}

fn median<T>(runs: usize, mut work: impl FnMut() -> Result<T>) -> Result<f64> {
    let mut seconds = Vec::new();
    for _ in 0..runs {
        let started = Instant::now();
        std::hint::black_box(work()?);
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_unstable_by(f64::total_cmp);
    Ok(seconds[runs / 2])
}

/// A quantile of sorted times, in microseconds.
fn microseconds(times: &[Duration], share: f64) -> f64 {
    let at = (times.len() as f64 * share) as usize;
    let time = times.get(at.min(times.len().saturating_sub(1)));
    time.map_or(f64::NAN, |time| time.as_nanos() as f64 / 1e3)
}

/// The responses on one connection.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    statuses: BTreeMap<u16, u64>,
}

/// Sends requests to a server over many connections.
fn load(address: &str, connections: u32, lasting: Duration, rate: f64) -> Result<Value> {
    let started = Instant::now();
    let until = started + lasting;
    let seen = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..connections)
            .map(|number| {
                let pace = (rate > 0.0).then(|| Pace {
                    first: started + Duration::from_secs_f64(f64::from(number) / rate),
                    every: Duration::from_secs_f64(f64::from(connections) / rate),
                });
                scope.spawn(move || send_requests(address, until, pace))
            })
            .collect();
        let seen = clients.into_iter().map(|client| match client.join() {
            Ok(seen) => seen,
            Err(_) => Err("a client panicked".into()),
        });
        seen.collect::<Result<Vec<Seen>>>()
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let (mut times, mut statuses) = (Vec::new(), BTreeMap::new());
    for one in seen {
        times.extend(one.times);
        for (status, count) in one.statuses {
            *statuses.entry(status.to_string()).or_insert(0) += count;
        }
    }
    times.sort_unstable();
    Ok(json!({
        "requests": times.len(),
        "seconds": seconds,
        "requests_per_second": times.len() as f64 / seconds,
        "p50_us": microseconds(&times, 0.5),
        "p99_us": microseconds(&times, 0.99),
        "statuses": statuses,
    }))
}

/// A client's schedule: when its first request is due, and the interval between requests.
#[derive(Clone, Copy)]
struct Pace {
    first: Instant,
    every: Duration,
}

/// Sends requests on one connection until the time is up.
fn send_requests(address: &str, until: Instant, pace: Option<Pace>) -> Result<Seen> {
    let request = format!(
        "POST /invocations HTTP/1.1\r\nhost: {address}\r\ncontent-type: text/csv\r\n\
         content-length: {}\r\n\r\n{ROW}",
        ROW.len()
    );
    let mut connection = Connection::open(address)?;
    let mut seen = Seen::default();
    let mut due = pace.map(|pace| pace.first);
    loop {
        let now = Instant::now();
        if now >= until || due.is_some_and(|due| due >= until) {
            return Ok(seen);
        }
        let from = due.unwrap_or(now);
        if let Some(wait) = from.checked_duration_since(now) {
            std::thread::sleep(wait);
        }
        let (status, keep) = connection.exchange(request.as_bytes())?;
        seen.times.push(from.elapsed());
        *seen.statuses.entry(status).or_insert(0) += 1;
        if !keep {
            connection = Connection::open(address)?;
        }
        due = due.zip(pace).map(|(due, pace)| due + pace.every);
    }
}

/// A persistent connection, and the bytes of the current response read so far.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Sends a request and returns the response's status and whether the connection stays open.
    fn exchange(&mut self, request: &[u8]) -> Result<(u16, bool)> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let head_end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more()?;
        };
        let head = std::str::from_utf8(&self.buffer[..head_end])?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.ok_or("a response without a length")?.parse()?;
        while self.buffer.len() < head_end + length {
            self.read_more()?;
        }
        Ok((status, !head.contains("connection: close")))
    }

    fn read_more(&mut self) -> Result<()> {
        let mut bytes = [0; 4_096];
        match self.stream.read(&mut bytes)? {
            0 => Err("the server closed the connection".into()),
            read => {
                self.buffer.extend_from_slice(&bytes[..read]);
                Ok(())
            }
        }
    }
}
