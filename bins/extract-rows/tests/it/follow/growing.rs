//! Alarms from a growing file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use fire_cli::Exit;
use fire_run::Package;
use serde_json::Value;

use super::{model, raw_frame, rule};
use crate::{Bench, Ran, call};

/// Timeout for an alarm; generous, because the machine may be busy.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Sends each line to the test as soon as it is printed.
struct Lines {
    sender: Sender<String>,
    line: Vec<u8>,
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend(bytes);
        while let Some(end) = self.line.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            let text = String::from_utf8(line).map_err(io::Error::other)?;
            // The receiver is gone if the test has failed.
            let _ = self.sender.send(text);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Frames of uniform temperature, ten per second, for `count` seconds.
fn seconds(count: usize, celsius: u16) -> Vec<u8> {
    raw_frame(celsius).repeat(10 * count)
}

#[test]
fn a_growing_file_is_followed_and_a_shrinking_one_is_an_error() {
    let bench = Bench::new();
    bench.file(
        "model.tar.gz",
        Package::new(model(Some(rule()))).pack().unwrap(),
    );
    let next = raw_frame(20);
    let (half, rest) = next.split_at(next.len() / 3);
    // The file starts with an incomplete last frame, because a recorder may be in the middle of writing one.
    let path = bench.file(
        "live.y16",
        [&seconds(5, 20), &seconds(5, 60), half].concat(),
    );
    let words = bench.words(&[
        "--follow",
        "--frames",
        "{}/live.y16",
        "--scale",
        "0.01K",
        "--fps",
        "10",
        "--model",
        "{}/model.tar.gz",
    ]);
    let (sender, lines) = mpsc::channel();
    let program = thread::spawn(move || {
        let line = Vec::new();
        call(&words, &mut Lines { sender, line })
    });
    let alarm_s = || {
        let line = lines.recv_timeout(TIMEOUT).unwrap();
        let alarm: Value = serde_json::from_str(&line).unwrap();
        alarm["time_s"].as_f64().unwrap()
    };
    let first_s = alarm_s();
    assert!((7.0..=8.0).contains(&first_s), "{first_s}");

    // Written only after the first alarm, so the second one must come from the new frames: calm from 10 s to 16 s, then
    // hot.
    let mut file = File::options().append(true).open(&path).unwrap();
    file.write_all(&[rest, &seconds(6, 20), &seconds(6, 60)].concat())
        .unwrap();
    let second_s = alarm_s();
    assert!((18.0..=19.2).contains(&second_s), "{second_s}");

    // A recorder that starts over truncates the file; its frames do not continue the recording.
    fs::write(&path, []).unwrap();
    let Ran { exit, err, .. } = program.join().unwrap();
    assert_eq!(exit, Exit::Usage, "{err}");
    assert!(err.contains("the file became shorter"), "{err}");
    assert!(lines.recv().is_err(), "there was a third alarm");
}
