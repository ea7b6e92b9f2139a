//! One small run from rows to endpoint: text output, JSON documents, S3 keys and predictions.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use regex::Regex;

use super::document::{document, documents};
use super::shell::Shell;
use super::{check_all, predictions};
use crate::commands::frames;
use crate::world::job_names;

/// The name of the run.
pub(super) const RUN: &str = "pinned";
const TRAIN: &str = "train-100k --run pinned --samples 3000 --alarm-hours 1 --seed 7 \
                     --set rf.n_estimators=20 --set gb.n_estimators=20";
/// A smaller forest on the same rows.
const OTHER: &str = "train-100k --run other --samples 3000 --alarm-hours 1 --seed 7 \
                     --set rf.n_estimators=10 --only rf --wait";
const ORIGINAL: &str = "train-100k --profile original --samples 3000 --seed 7 --out original";

const SHARD: &str = "train-100k --samples 500 --alarm-hours 0.1 --seed 7 --out shards --shard";

/// What the run left behind, by place below `snapshots/`. The tests below share the run.
static TEXTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run_programs())
});

#[test]
fn text_output_matches_its_snapshots() {
    check_all(&TEXTS, "run/text-");
}

#[test]
fn json_documents_match_their_snapshots() {
    check_all(&TEXTS, "run/json-");
}

#[test]
fn s3_keys_and_records_match_their_snapshots() {
    check_all(&TEXTS, "run/keys");
}

#[test]
fn predictions_match_to_the_bit() {
    check_all(&TEXTS, "run/predictions-");
}

/// Calls the programs one after another.
async fn run_programs() -> BTreeMap<String, String> {
    let mut run = Recorder {
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
    run.text("deploy-deleted", "deploy-100k --delete");
    run.texts
}

/// Calls programs and keeps what they print and write.
struct Recorder {
    shell: Shell,
    texts: BTreeMap<String, String>,
}

impl Recorder {
    fn keep(&mut self, name: &str, text: String) {
        let place = format!("run/{name}");
        assert!(self.texts.insert(place, text).is_none(), "{name} twice");
    }

    /// Keeps the text output of a program.
    fn text(&mut self, name: &str, line: &str) {
        let output = self.shell.call(line);
        self.keep(&format!("text-{name}"), output.to_string());
    }

    /// The same for a table in which redacted values decide the width of columns.
    fn table(&mut self, name: &str, line: &str) {
        let output = self.shell.call(line).narrowed();
        self.keep(&format!("text-{name}"), output.to_string());
    }

    /// Keeps the JSON output of a program.
    fn json(&mut self, name: &str, line: &str) {
        let output = self.shell.call(&format!("{line} --output json"));
        self.keep(&format!("json-{name}"), document(&self.shell, &output.out));
    }

    fn train(&mut self) {
        self.text("train-dry-run", &format!("{TRAIN} --dry-run"));
        self.json("train-dry-run", &format!("{TRAIN} --dry-run"));
        self.text("train", &format!("{TRAIN} --wait"));
        self.text("train-resumed", TRAIN);
        self.json("train-resumed", TRAIN);
        self.text("train-out", ORIGINAL);
        self.text("train-shard", &format!("{SHARD} 1/2"));
        self.json("train-shard", &format!("{SHARD} 2/2"));
        self.shell.call(OTHER);
    }

    fn monitor(&mut self) {
        let jobs = job_names(RUN);
        let watch = format!("monitor-100k {}", jobs.join(" "));
        self.table("monitor", &format!("{watch} --wait --metrics"));
        self.json("monitor", &format!("{watch} --metrics"));
        self.table("monitor-list", "monitor-100k --list");
        self.table(
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
        self.text("deploy-dry-run", &format!("{deploy} --dry-run"));
        self.json("deploy-dry-run", &format!("{deploy} --dry-run"));
        self.text("deploy", &format!("{deploy} --test"));
        self.json("deploy", &format!("{deploy} --test"));
        self.share(&models);
        let watch = "monitor-100k --endpoint flir-scd41-best-model-endpoint";
        self.table("monitor-endpoint", watch);
        self.json("monitor-endpoint", watch);
    }

    /// Two variants behind one endpoint.
    fn share(&mut self, models: &[String]) {
        let deploy = "deploy-100k --endpoint-name shared";
        let variants = format!("--variant a={}:3 --variant b={}:1", models[0], models[1]);
        self.text("deploy-variants", &format!("{deploy} {variants} --test"));
        self.text("deploy-shift", &format!("{deploy} --shift a=1,b=1 --wait"));
        self.json("deploy-shift", &format!("{deploy} --shift a=1,b=3 --wait"));
        self.json("deploy-deleted", &format!("{deploy} --delete"));
    }

    fn report(&mut self) {
        self.text("report", "report-100k --run pinned");
        self.json("report", "report-100k --run pinned");
        self.text("report-compare", "report-100k --compare pinned other");
        self.json("report-compare", "report-100k --compare pinned other");
        for page in ["report", "compare-other"] {
            let file = format!("runs/pinned/{page}.html");
            let html = fs::read_to_string(self.shell.world.state_dir().join(file)).unwrap();
            let text = text_of_page(&self.shell.redacted(&html));
            self.keep(&format!("text-page-{page}"), text);
        }
    }

    /// Rows from a recording.
    fn extract(&mut self) {
        frames(&self.shell.path("hall.y16.gz"));
        let extract = "extract-rows --frames hall.y16.gz --out hall.csv";
        self.text("extract", extract);
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
        // Records hold what was printed last.
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

/// The words of a page, without pictures and durations.
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
