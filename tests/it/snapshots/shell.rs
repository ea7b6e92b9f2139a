//! Calls programs as a shell does, and replaces what differs from run to run in their output.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use regex::Regex;

use crate::world::{World, program};

/// A folder with a state directory and a server of its own. Programs run in it with the same environment everywhere.
pub(super) struct Shell {
    pub(super) world: World,
}

/// What a program printed, redacted, and its exit code.
pub(super) struct Output {
    line: String,
    exit: i32,
    pub(super) out: String,
    err: String,
}

impl Output {
    /// The same with two spaces between columns: their width depends on what was redacted.
    pub(super) fn narrowed(mut self) -> Self {
        while self.out.contains("   ") {
            self.out = self.out.replace("   ", "  ");
        }
        self
    }
}

impl Shell {
    pub(super) fn new() -> Self {
        Self {
            world: World::new(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.world.path(name)
    }

    /// Runs a program in the folder. Spaces separate the words of the line; there is no quoting.
    pub(super) fn call(&self, line: &str) -> Output {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ended = bare(words[0])
            .args(&words[1..])
            .current_dir(self.path(""))
            .env("HOME", self.path(""))
            .env("FIRE_STATE_DIR", self.world.state_dir())
            .output()
            .unwrap();
        let text = |bytes| self.redacted(&String::from_utf8(bytes).unwrap());
        Output {
            line: self.redacted(line),
            exit: ended.status.code().unwrap(),
            out: text(ended.stdout),
            err: text(ended.stderr),
        }
    }

    /// Replaces folders, ports, times and digests of models.
    pub(super) fn redacted(&self, text: &str) -> String {
        let here = self.path("here");
        let programs = program("train-100k");
        let mut text = text.to_owned();
        for (path, name) in [(&here, "[here]"), (&programs, "[programs]")] {
            text = text.replace(path.parent().unwrap().to_str().unwrap(), name);
        }
        for (pattern, name) in &*VARYING {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        text
    }
}

/// What differs from run to run, and its replacement.
static VARYING: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"127\.0\.0\.1:[0-9]+", "127.0.0.1:[port]"),
        (r"\b[0-9]{8}-[0-9]{6}\b", "[now]"),
        (r"after ([0-9]+ min )?[0-9.]+ s", "after [time]"),
        (r"([0-9]+ min )?[0-9]+ s ago", "[time] ago"),
        // The columns of `monitor-100k`: of jobs, and of the variants of an endpoint.
        (
            r"(Completed +Completed) .* (ml\.m5\.4xlarge x 1) +[0-9.]+",
            "$1  [times]  $2  [usd]",
        ),
        (r"(AllTraffic( +[0-9]+){5}) .*", "$1  [figures]"),
        (
            r"(best-model|best-model-endpoint|best-model-[ab]|shared)-[0-9a-f]{12}",
            "$1-[digest]",
        ),
        (r"algo-1-[0-9]+", "algo-1-[time]"),
        (r"model:bytes=[0-9]+", "model:bytes=[bytes]"),
        (r"model.tar.gz, [0-9]+ bytes", "model.tar.gz, [bytes] bytes"),
    ]
    .map(|(pattern, name)| (Regex::new(pattern).unwrap(), name))
    .into()
});

/// A program without the caller's environment.
///
/// glibc has several versions of `exp` and picks one by the processor. They differ in the last bit, and the logistic
/// regression depends on it, so every machine is told to use the same one.
pub(super) fn bare(name: &str) -> Command {
    let mut command = Command::new(program(name));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env(
            "GLIBC_TUNABLES",
            "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-FMA4,-FMA4_Usable",
        )
        .stdin(Stdio::null());
    command
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.line)?;
        for (name, text) in [("out", &self.out), ("err", &self.err)] {
            for line in text.lines() {
                writeln!(f, "{name}| {line}")?;
            }
        }
        writeln!(f, "exit code {}", self.exit)
    }
}
