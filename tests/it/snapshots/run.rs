//! One small run from its rows to its endpoint: what each program says, its documents, the objects in S3, the predictions.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use regex::Regex;

use super::document::{document, documents};
use super::shell::Shell;
use super::{check_all, predictions};
use crate::commands::frames;
use crate::world::job_names;

/// Its name.
pub(super) const RUN: &str = "pinned";
const TRAIN: &str = "train-100k --run pinned --samples 3000 --alarm-hours 1 --seed 7 \
                     --set rf.n_estimators=20 --set gb.n_estimators=20";
/// The same rows, another forest.
const OTHER: &str = "train-100k --run other --samples 3000 --alarm-hours 1 --seed 7 \
                     --set rf.n_estimators=10 --only rf --wait";
const ORIGINAL: &str = "train-100k --profile original --samples 3000 --seed 7 --out original";

/// Every text by its place below `snapshots`.
static TEXTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(performed())
});

#[test]
fn programs_say_what_they_said() {
    check_all(&TEXTS, "run/said-");
}

#[test]
fn documents_are_as_they_were() {
    check_all(&TEXTS, "run/json-");
}

#[test]
fn objects_have_the_keys_that_they_had() {
    check_all(&TEXTS, "run/keys");
}

#[test]
fn models_predict_what_they_predicted() {
    check_all(&TEXTS, "run/predictions-");
}

/// Calls one program after the other.
async fn performed() -> BTreeMap<String, String> {
    let mut run = Performed {
        shell: Shell::new(),
        texts: BTreeMap::new(),
    };
    run.train();
    run.monitor();
    run.deploy();
    run.report();
    run.extract();
    run.keep_files();
    let bucket = predictions::Bucket::of(&run.shell).await;
    run.keep("keys", bucket.keys(&run.shell));
    for (name, text) in bucket.documents(&run.shell).await {
        run.keep(&format!("json-{name}"), text);
    }
    for (name, text) in bucket.predictions(&run.shell).await {
        run.keep(&format!("predictions-{name}"), text);
    }
    run.said("deploy-deleted", "deploy-100k --delete");
    run.texts
}

struct Performed {
    shell: Shell,
    texts: BTreeMap<String, String>,
}

impl Performed {
    fn keep(&mut self, name: &str, text: String) {
        let place = format!("run/{name}");
        assert!(self.texts.insert(place, text).is_none(), "{name} twice");
    }

    /// Keeps what a program says to people.
    fn said(&mut self, name: &str, line: &str) {
        let said = self.shell.call(line);
        self.keep(&format!("said-{name}"), said.to_string());
    }

    /// The same of a table whose columns are as wide as what is redacted.
    fn said_in_columns(&mut self, name: &str, line: &str) {
        let said = self.shell.call(line).narrowed();
        self.keep(&format!("said-{name}"), said.to_string());
    }

    /// Keeps what a program says to programs.
    fn json(&mut self, name: &str, line: &str) {
        let said = self.shell.call(&format!("{line} --output json"));
        self.keep(&format!("json-{name}"), document(&self.shell, &said.out));
    }

    fn train(&mut self) {
        self.said("train-dry-run", &format!("{TRAIN} --dry-run"));
        self.json("train-dry-run", &format!("{TRAIN} --dry-run"));
        self.said("train", &format!("{TRAIN} --wait"));
        self.said("train-resumed", TRAIN);
        self.json("train-resumed", TRAIN);
        self.said("train-out", ORIGINAL);
        self.shell.call(OTHER);
    }

    fn monitor(&mut self) {
        let jobs = job_names(RUN);
        let watch = format!("monitor-100k {}", jobs.join(" "));
        self.said_in_columns("monitor", &format!("{watch} --wait --metrics"));
        self.json("monitor", &format!("{watch} --metrics"));
        self.said_in_columns("monitor-list", "monitor-100k --list");
        self.said_in_columns(
            "monitor-logs",
            &format!("monitor-100k {} --wait --logs", jobs[1]),
        );
        let lines = format!("monitor-100k {} --wait --logs --output json", jobs[2]);
        let lines = self.shell.call(&lines).out;
        self.keep("json-monitor-events", documents(&self.shell, &lines));
    }

    fn deploy(&mut self) {
        let models = predictions::models(&job_names(RUN));
        let deploy = format!("deploy-100k --model-uri {}", models.join(" "));
        self.said("deploy-dry-run", &format!("{deploy} --dry-run"));
        self.json("deploy-dry-run", &format!("{deploy} --dry-run"));
        self.said("deploy", &format!("{deploy} --test"));
        self.json("deploy", &format!("{deploy} --test"));
        let watch = "monitor-100k --endpoint flir-scd41-best-model-endpoint";
        self.said_in_columns("monitor-endpoint", watch);
        self.json("monitor-endpoint", watch);
    }

    fn report(&mut self) {
        self.said("report", "report-100k --run pinned");
        self.json("report", "report-100k --run pinned");
        self.said("report-compare", "report-100k --compare pinned other");
        self.json("report-compare", "report-100k --compare pinned other");
        for page in ["report", "compare-other"] {
            let file = format!("runs/pinned/{page}.html");
            let html = fs::read_to_string(self.shell.world.state_dir().join(file)).unwrap();
            let text = text_of_page(&self.shell.redacted(&html));
            self.keep(&format!("said-page-{page}"), text);
        }
    }

    /// Rows of a recording of sensors.
    fn extract(&mut self) {
        frames(&self.shell.path("hall.y16.gz"));
        let extract = "extract-rows --frames hall.y16.gz --out hall.csv";
        self.said("extract", extract);
        self.json("extract", extract);
        let rows = fs::read_to_string(self.shell.path("hall.csv")).unwrap();
        self.keep("predictions-extracted-rows", rows);
    }

    /// The records that programs leave for each other.
    fn keep_files(&mut self) {
        let state = self.shell.world.state_dir();
        for (name, file) in [
            ("file-train", state.join("runs/pinned/train.json")),
            (
                "file-original-manifest",
                self.shell.path("original/manifest.json"),
            ),
        ] {
            let text = fs::read_to_string(&file).unwrap();
            self.keep(&format!("json-{name}"), document(&self.shell, &text));
        }
        // What was printed last is what was written.
        for (printed, file) in [
            ("deploy", "deploy.json"),
            ("deploy", "ensemble.json"),
            ("report", "report.json"),
        ] {
            let text = fs::read_to_string(state.join("runs/pinned").join(file)).unwrap();
            let printed = &self.texts[&format!("run/json-{printed}")];
            assert_eq!(&document(&self.shell, &text), printed, "{file}");
        }
        let records = fs::read_dir(state.join("runs/pinned")).unwrap();
        let mut records: Vec<_> = records
            .map(|record| record.unwrap().file_name().into_string().unwrap())
            .collect();
        records.sort();
        self.keep("keys-records", records.join("\n"));
    }
}

/// What a page says, without its pictures and how long things took.
fn text_of_page(html: &str) -> String {
    let cut = |text: &str, pattern: &str, by: &str| -> String {
        Regex::new(pattern).unwrap().replace_all(text, by).into()
    };
    let html = cut(
        html,
        r"(?s)<(style|script|svg)\b.*?</(style|script|svg)>",
        "",
    );
    let text = cut(&html, r"<[^>]*>", "\n");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let text = lines.collect::<Vec<_>>().join("\n");
    let steps = r"(?m)^(generate|split|upload|train|combine|deploy|test)\n[0-9]+\.[0-9]{2}$";
    let text = cut(&text, steps, "$1\n[seconds]");
    cut(
        &text,
        r"(ml\.m5\.4xlarge)\n[0-9.]+\n[0-9.]+\n[0-9.]+",
        "$1\n[times]\n[usd]",
    )
}
