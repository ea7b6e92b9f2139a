//! What docs/AWS.md says is sent to AWS, against the calls that arrive at the local server, in both
//! directions; and the policies of docs/iam against the calls.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fire_cli::Exit;
use serde_json::Value;

use crate::tidy::files_below;
use crate::world::{SMALL, World, texts};

const ENDPOINT: &str = "flir-scd41-best-model-endpoint";
const DATA: &str = "s3://fire-detection-training-691595239825/own/rows/";

/// The heading of the table that says which actions calls need.
const PERMISSIONS: &str = "Permissions";

/// Services as the document calls them, and as the actions of IAM do.
const SERVICES: [(&str, &str); 8] = [
    ("Application Auto Scaling", "application-autoscaling"),
    ("CloudWatch", "cloudwatch"),
    ("ECR", "ecr"),
    ("IAM", "iam"),
    ("Logs", "logs"),
    ("S3", "s3"),
    ("SageMaker", "sagemaker"),
    ("STS", "sts"),
];

/// Actions that AWS allows on everything or on nothing.
const NOT_NARROWED: [&str; 7] = [
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "ecr:GetAuthorizationToken",
    "sagemaker:ListEndpointConfigs",
    "sagemaker:ListTrainingJobs",
];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// A row of one of the document's tables.
#[derive(Debug)]
struct Row {
    /// Such as `s3:PutObject`; one of them or all, in any order.
    calls: BTreeSet<String>,
    /// The cells after them.
    rest: Vec<String>,
}

impl Row {
    /// A row of a table about calls; none for any other line.
    fn read(line: &str) -> Option<Self> {
        let columns: Vec<&str> = line.strip_prefix("| ")?.split('|').map(str::trim).collect();
        let service = SERVICES.iter().find(|(name, _)| *name == columns[0])?.1;
        let calls = quoted(columns[1]).map(|call| format!("{service}:{call}"));
        Some(Self {
            calls: calls.collect(),
            rest: columns[2..].iter().map(ToString::to_string).collect(),
        })
    }

    /// Why no test of this file makes the call; none where one must.
    fn excuse(&self) -> Option<&str> {
        let (_, why) = self.rest[0].split_once("*not in the test*:")?;
        Some(why.trim())
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The tables of the document by their heading.
fn tables() -> BTreeMap<String, Vec<Row>> {
    let text = std::fs::read_to_string(docs().join("AWS.md")).unwrap();
    let mut tables: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let mut heading = String::new();
    for line in text.lines() {
        if line.starts_with('#') {
            line.trim_start_matches('#').trim().clone_into(&mut heading);
        }
        if let Some(row) = Row::read(line) {
            tables.entry(heading.clone()).or_default().push(row);
        }
    }
    assert!(tables.len() >= 8, "the search found only {}", tables.len());
    tables
}

/// Gathers what arrives, program by program.
struct Arrivals {
    file: PathBuf,
    lines: usize,
    /// By the heading of the program's table.
    seen: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Arrivals {
    /// The world's server anew, which writes down what arrives.
    fn at(world: &World) -> Self {
        let file = world.path("calls.jsonl");
        world.restart_with("FIRE_CALLS", file.to_str().unwrap());
        Self {
            file,
            lines: 0,
            seen: BTreeMap::new(),
        }
    }

    /// What has arrived since the last look, which the program of this table has sent.
    fn of(&mut self, table: &'static str) -> Vec<String> {
        let text = std::fs::read_to_string(&self.file).unwrap();
        let new = text.lines().skip(self.lines).map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let [service, operation] = ["service", "operation"].map(|key| line[key].as_str());
            format!("{}:{}", service.unwrap(), operation.unwrap())
        });
        let new: Vec<String> = new.collect();
        self.lines += new.len();
        assert!(!new.is_empty(), "{table}: nothing has arrived");
        self.seen
            .entry(table)
            .or_default()
            .extend(new.iter().cloned());
        new
    }

    /// Leaves out what has arrived since the last look: the test itself has sent it.
    fn pass_over(&mut self) {
        let text = std::fs::read_to_string(&self.file).unwrap();
        self.lines = text.lines().count();
    }

    /// As [`Arrivals::of`], and that it came in the order of the table: rows may be left out and repeat
    /// themselves, but nothing goes back.
    fn in_order(&mut self, table: &'static str) {
        let rows = &tables()[table];
        let mut at = 0;
        for (number, call) in self.of(table).iter().enumerate() {
            let found = rows[at..].iter().position(|row| row.calls.contains(call));
            let Some(further) = found else {
                panic!(
                    "{table}: {call}, call {number}, comes after {:?}",
                    rows[at].calls
                );
            };
            at += further;
        }
    }

    /// Holds all that has arrived against the tables.
    fn agree(&self) {
        let tables = tables();
        for (table, seen) in &self.seen {
            let rows = &tables[*table];
            let told: BTreeSet<&String> = rows.iter().flat_map(|row| &row.calls).collect();
            for call in seen {
                assert!(
                    told.contains(call),
                    "{call} is sent, but not in the table of {table}"
                );
            }
            let due = rows.iter().filter(|row| row.excuse().is_none());
            let due: BTreeSet<&String> = due.flat_map(|row| &row.calls).collect();
            for call in &due {
                assert!(
                    seen.contains(*call),
                    "{call} is in the table of {table}, but was not sent"
                );
            }
            for call in told.difference(&due) {
                assert!(
                    !seen.contains(*call),
                    "{table}: {call} is sent, so it needs no excuse"
                );
            }
        }
        // What the local server has no part in; the last table is not of calls.
        let untried = tables
            .iter()
            .filter(|(table, _)| *table != PERMISSIONS && !self.seen.contains_key(table.as_str()));
        for (table, rows) in untried {
            for row in rows {
                let why = row.excuse();
                assert!(
                    why.is_some_and(|why| !why.is_empty()),
                    "{table}: {:?} is neither tried nor excused",
                    row.calls
                );
            }
        }
    }
}

/// Rows in S3 below [`DATA`], in a bucket that a first run has made.
async fn put_rows(world: &World) {
    let parts = world.path("parts");
    let flags = [&SMALL[..4], &["--out", parts.to_str().unwrap()]].concat();
    world.train(&flags).await.ended(Exit::Done);
    let bytes = std::fs::read(parts.join("train/part-00000.parquet")).unwrap();
    let uri = format!("{DATA}rows.parquet").parse().unwrap();
    let clients = world.clients().await;
    sagemaker_ops::storage::put_bytes(&clients, &uri, bytes)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_is_what_the_document_says_and_in_its_order() {
    let world = World::new();
    let mut arrivals = Arrivals::at(&world);
    let trained = train(&world, &mut arrivals).await;
    watch(&world, &mut arrivals, &texts(&trained["jobs"], "name")).await;
    let uris = texts(&trained["jobs"], "model_uri");
    deploy(&world, &mut arrivals, &uris).await;
    share(&world, &mut arrivals, &uris).await;
    arrivals.agree();
}

/// Into a new bucket, then a run that is there already, then with rows that lie in S3; the first
/// one's result.
async fn train(world: &World, arrivals: &mut Arrivals) -> Value {
    let run = [&SMALL[..], &["--run", "sent", "--wait"]].concat();
    let trained = world.train(&run).await.ended(Exit::Done).json();
    arrivals.in_order("train-100k");
    world.train(&run).await.ended(Exit::Done);
    arrivals.in_order("train-100k");
    put_rows(world).await;
    arrivals.pass_over();
    let small = ["--only", "rf", "--set", "rf.n_estimators=5"];
    let own = [&["--run", "own", "--data", DATA][..], &small].concat();
    world.train(&own).await.ended(Exit::Done);
    arrivals.in_order("train-100k");
    trained
}

/// Jobs that have ended, and one that is stopped: the slow reference takes some seconds.
async fn watch(world: &World, arrivals: &mut Arrivals, jobs: &[String]) {
    for flags in [
        &["--list"][..],
        &["--last"],
        &[&jobs[0], &jobs[1], "--wait", "--logs"],
    ] {
        world.monitor(flags).await.ended(Exit::Done);
    }
    arrivals.of("monitor-100k");
    let rows = [
        "--run",
        "slow",
        "--profile",
        "original",
        "--samples",
        "40000",
    ];
    let slow = ["--only", "rf", "--set", "rf.engine=smartcore"];
    world
        .train(&[&rows[..], &slow].concat())
        .await
        .ended(Exit::Done);
    arrivals.in_order("train-100k");
    let stop = ["flir-scd41-rf-100k-slow", "--stop"];
    world.monitor(&stop).await.ended(Exit::Done);
    arrivals.of("monitor-100k");
}

/// A new endpoint that scales, its update, its figures, the run's report, and its end.
async fn deploy(world: &World, arrivals: &mut Arrivals, uris: &[String]) {
    let machine = ["--instance-type", "ml.m5.large"];
    let scaled = [&machine[..], &["--autoscale", "1..2", "--test"]].concat();
    let one = ["--model-uri", uris[0].as_str()];
    let several = ["--model-uri", uris[1].as_str(), "--model-uri", &uris[2]];
    for models in [&one[..], &several] {
        let ran = world.deploy(&[models, &scaled].concat()).await;
        // Models of so few rows may be wrong about a probe, but they are asked.
        let asked = [Exit::Done, Exit::WorkFailed].contains(&ran.exit);
        assert!(asked, "{}", ran.err);
        arrivals.in_order("deploy-100k");
    }
    let figures = ["--endpoint", ENDPOINT];
    world.monitor(&figures).await.ended(Exit::Done);
    arrivals.of("monitor-100k");
    world.report(&["--run", "sent"]).await.ended(Exit::Done);
    arrivals.of("report-100k");
    let delete = ["--endpoint-name", ENDPOINT, "--delete"];
    world.deploy(&delete).await.ended(Exit::Done);
    arrivals.in_order("deploy-100k --delete");
}

/// Two models that share the requests, their shares changed, and the same deployment again.
async fn share(world: &World, arrivals: &mut Arrivals, uris: &[String]) {
    let endpoint = ["--endpoint-name", "flir-scd41-shared", "--wait"];
    let [a, b] = [format!("a={}:3", uris[0]), format!("b={}:1", uris[1])];
    let variants = [&endpoint[..], &["--variant", &a, "--variant", &b]].concat();
    world.deploy(&variants).await.ended(Exit::Done);
    arrivals.of("deploy-100k");
    let shift = [&endpoint[..], &["--shift", "a=1,b=1"]].concat();
    world.deploy(&shift).await.ended(Exit::Done);
    arrivals.in_order("deploy-100k --shift");
    world.deploy(&variants).await.ended(Exit::Done);
    arrivals.of("deploy-100k");
}

/// The actions that a call needs, by the document: its own name but for the exceptions.
fn needed(call: &str, exceptions: &[Row]) -> BTreeSet<String> {
    let exception = exceptions.iter().find(|row| row.calls.contains(call));
    let Some(row) = exception else {
        return BTreeSet::from([call.to_owned()]);
    };
    let actions = quoted(&row.rest[0]).map(str::to_owned);
    actions.filter(|action| action.contains(':')).collect()
}

/// A value, or each of a list of them.
fn each(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap()).collect(),
        one => vec![one.as_str().unwrap()],
    }
}

fn policy(name: &str) -> Vec<Value> {
    let text = std::fs::read(docs().join("iam").join(name)).unwrap();
    let policy: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(policy["Version"], "2012-10-17", "{name}");
    policy["Statement"].as_array().unwrap().clone()
}

#[test]
fn the_operators_policy_allows_what_the_calls_need_and_nothing_else() {
    let mut tables = tables();
    let exceptions = tables.remove(PERMISSIONS).unwrap();
    let calls = tables.values().flatten().flat_map(|row| &row.calls);
    let calls: BTreeSet<&String> = calls.collect();
    for row in &exceptions {
        for call in &row.calls {
            assert!(calls.contains(call), "nothing sends {call}");
        }
    }
    let needed: BTreeSet<String> = calls
        .iter()
        .flat_map(|call| needed(call, &exceptions))
        .collect();
    let mut allowed = BTreeSet::new();
    for statement in policy("operator.json") {
        assert_eq!(statement["Effect"], "Allow");
        let everything = each(&statement["Resource"]).contains(&"*");
        for action in each(&statement["Action"]) {
            assert_eq!(
                everything,
                NOT_NARROWED.contains(&action),
                "{action}: {statement}"
            );
            assert!(allowed.insert(action.to_owned()), "{action} twice");
        }
    }
    assert_eq!(allowed, needed);
}

#[test]
fn the_role_is_sagemakers_alone_and_writes_only_what_jobs_leave() {
    let trust = policy("execution-role-trust.json");
    assert_eq!(trust.len(), 1);
    assert_eq!(trust[0]["Principal"]["Service"], "sagemaker.amazonaws.com");
    assert_eq!(trust[0]["Action"], "sts:AssumeRole");
    for statement in policy("execution-role.json") {
        let actions = each(&statement["Action"]);
        let resources = each(&statement["Resource"]);
        assert!(actions.iter().all(|action| !action.contains('*')));
        if actions.contains(&"s3:PutObject") {
            let ours = |resource: &&str| {
                resource.ends_with("training/models/*")
                    || resource.ends_with("training/checkpoints/*")
            };
            assert!(resources.iter().all(ours), "{statement}");
        }
        let known = ["cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"];
        let unlimited = resources.contains(&"*");
        assert!(!unlimited || known.contains(&actions[0]), "{statement}");
    }
}

#[test]
fn every_test_that_the_document_names_exists() {
    let root = docs().join("..");
    let sources: String = ["crates", "bins", "tests"]
        .iter()
        .flat_map(|folder| files_below(&root.join(folder)))
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let text = std::fs::read_to_string(docs().join("AWS.md")).unwrap();
    let is_word = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
    let names: BTreeSet<&str> = text
        .lines()
        .flat_map(quoted)
        .filter(|name| name.chars().all(is_word) && name.matches('_').count() > 2)
        .collect();
    assert!(names.len() >= 12, "the search found only {names:?}");
    for name in names {
        assert!(sources.contains(&format!("fn {name}(")), "{name}");
    }
}
