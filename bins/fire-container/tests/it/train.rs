//! The files and metrics that a job writes.

use std::num::NonZeroUsize;

use ensemble::artifact::Artifact;
use ensemble::{Algorithm, Predictions};
use sensor_model::episode::{EpisodeParams, EpisodeSource, Purpose};
use sensor_model::{FEATURE_COUNT, Rows, data_fingerprint, fingerprint, probes};
use serde_json::{Value, json};

use crate::job::{self, Job, rows};

fn settings(algorithm: &str) -> Value {
    let small = [("n_estimators", "12"), ("max_depth", "4"), ("seed", "7")];
    job::settings(algorithm, &small)
}

fn artifact(job: &Job) -> Artifact {
    let bytes = std::fs::read(job.path("model/model.bin")).unwrap();
    Artifact::from_bytes(&bytes, fingerprint()).unwrap()
}

/// The value of the last line `name=value;`, as a metric definition matches it.
fn metric(stdout: &str, name: &str) -> Option<f64> {
    let after = stdout.rsplit_once(&format!("{name}="))?.1;
    after.split_once(';')?.0.parse().ok()
}

#[test]
fn every_learner_writes_a_model_metrics_and_predictions() {
    for algorithm in Algorithm::ALL.map(Algorithm::name) {
        let job = Job::with_channels(&settings(algorithm));
        job.channel("test", "part-00000.csv", &rows(800..1_000));
        let ended = job.train();
        assert_eq!(ended.code, 0, "{}", ended.stdout);
        assert!(!job.path("output/failure").exists());

        let model = artifact(&job);
        assert_eq!(model.members[0].algorithm().to_string(), algorithm);
        assert_eq!(model.data_fingerprint, data_fingerprint(&rows(0..600)));
        let metrics = job.json("model/metrics.json");
        assert_eq!(metrics["algorithm"], algorithm);
        assert_eq!(
            metrics["rows"],
            json!({ "train": 600, "validation": 200, "test": 200 })
        );
        assert_near(&metrics["threshold"], model.threshold);
        assert_near(&metrics["test"]["auc"], model.test.as_ref().unwrap().auc);
        assert!(job.json("model/manifest.json").is_object());
        check_predictions(&job, "output/data/validation.csv", 600..800);
        check_predictions(&job, "output/data/test.csv", 800..1_000);
    }
}

/// Asserts that a JSON number equals `expected`, up to rounding.
#[track_caller]
fn assert_near(found: &Value, expected: f64) {
    assert!(
        (found.as_f64().unwrap() - expected).abs() < 1e-12,
        "{found} is not {expected}"
    );
}

fn check_predictions(job: &Job, name: &str, range: std::ops::Range<u64>) {
    let read = Predictions::read_csv(job.read(name).as_bytes(), name).unwrap();
    let (model, rows) = (artifact(job), rows(range));
    assert_eq!(
        (&read.ids, &read.groups, &read.labels),
        (&rows.ids, &rows.groups, &rows.labels)
    );
    for (i, probability) in read.probabilities.into_iter().enumerate() {
        assert_eq!(
            probability,
            model.predict_row(rows.row(i)),
            "{name}, row {i}"
        );
    }
}

#[test]
fn every_metric_of_every_part_is_printed_for_the_metric_definitions() {
    let job = Job::with_channels(&settings("random_forest"));
    job.channel("test", "part-00000.parquet", &rows(800..1_000));
    let stdout = job.train().stdout;
    let metrics = job.json("model/metrics.json");
    for part in ["train", "validation", "test"] {
        for name in [
            "auc",
            "accuracy",
            "f1",
            "precision",
            "recall",
            "logloss",
            "brier",
        ] {
            let printed = metric(&stdout, &format!("{part}:{name}"));
            let printed = printed.unwrap_or_else(|| panic!("{part}:{name} is not in {stdout}"));
            let stored = metrics[part][name].as_f64().unwrap();
            assert!(
                (printed - stored).abs() < 1e-6,
                "{part}:{name}: {printed}, {stored}"
            );
        }
    }
}

#[test]
fn the_size_of_the_model_is_printed_and_stored() {
    let job = Job::with_channels(&settings("gradient_boosting"));
    let stdout = job.train().stdout;
    let size = std::fs::metadata(job.path("model/model.bin"))
        .unwrap()
        .len();
    assert_eq!(metric(&stdout, "model:bytes"), Some(size as f64));
    assert_eq!(job.json("model/metrics.json")["model_bytes"], size);
}

#[test]
fn a_forest_reports_out_of_bag_metrics_on_request() {
    let mut requested = settings("random_forest");
    requested["oob_score"] = json!("true");
    let [requested, default] = [requested, settings("random_forest")].map(|settings| {
        let job = Job::with_channels(&settings);
        let stdout = job.train().stdout;
        (stdout, job.json("model/metrics.json")["out_of_bag"].take())
    });
    // About one row in 250 is in all 12 bags and thus has no out-of-bag prediction.
    let rows = requested.1["rows"].as_u64().unwrap();
    assert!((580..=600).contains(&rows), "{rows}");
    for name in ["auc", "accuracy", "logloss"] {
        let printed = metric(&requested.0, &format!("out_of_bag:{name}")).unwrap();
        assert!(
            (printed - requested.1[name].as_f64().unwrap()).abs() < 1e-6,
            "{name}"
        );
    }
    assert!(default.1.is_null() && !default.0.contains("out_of_bag"));
}

#[test]
fn boosting_prints_progress_under_the_name_of_the_metric() {
    let job = Job::with_channels(&settings("gradient_boosting"));
    let stdout = job.train().stdout;
    let lines = stdout
        .lines()
        .filter(|line| line.contains(" validation:logloss="));
    assert!(lines.count() >= 2, "{stdout}");
}

#[test]
fn a_test_channel_changes_neither_model_nor_threshold() {
    let without = Job::with_channels(&settings("gradient_boosting"));
    let with = Job::with_channels(&settings("gradient_boosting"));
    with.channel("test", "part-00000.csv", &rows(800..1_000));
    assert_eq!((without.train().code, with.train().code), (0, 0));
    let [without, with] = [artifact(&without), artifact(&with)];
    assert_eq!(without.threshold, with.threshold);
    assert_eq!(without.members[0].model, with.members[0].model);
    assert!(without.test.is_none() && with.test.is_some());
}

#[test]
fn the_same_job_gives_the_same_bytes() {
    let jobs = [(); 2].map(|()| Job::with_channels(&settings("random_forest")));
    for job in &jobs {
        assert_eq!(job.train().code, 0);
    }
    for name in [
        "model/model.bin",
        "model/metrics.json",
        "output/data/validation.csv",
    ] {
        let [a, b] = [0, 1].map(|i: usize| std::fs::read(jobs[i].path(name)).unwrap());
        assert!(a == b, "{name}");
    }
}

#[test]
fn probes_are_stored_with_the_predictions_of_this_model() {
    let job = Job::with_channels(&settings("random_forest"));
    job.train();
    let model = artifact(&job);
    assert_eq!(model.probes.len(), probes().len());
    for (packed, probe) in model.probes.iter().zip(probes()) {
        assert_eq!(
            (packed.name.as_str(), packed.expected),
            (probe.name, probe.expected)
        );
        assert_eq!(packed.probability, model.predict_row(&probe.row));
    }
}

#[test]
fn alarm_channels_are_predicted_if_present() {
    let job = Job::with_channels(&settings("logistic_regression"));
    job.channel("alarm-validation", "a.csv", &rows(1_000..1_100));
    job.channel("alarm-test", "a.csv", &rows(1_100..1_200));
    assert_eq!(job.train().code, 0);
    check_predictions(&job, "output/data/alarm-validation.csv", 1_000..1_100);
    check_predictions(&job, "output/data/alarm-test.csv", 1_100..1_200);
}

#[test]
fn an_optional_channel_without_fires_is_predicted_but_not_scored() {
    let job = Job::with_channels(&settings("logistic_regression"));
    let mut quiet = rows(1_000..1_100);
    quiet.labels.fill(0);
    job.channel("test", "a.csv", &quiet);
    let ended = job.train();
    assert_eq!(ended.code, 0);
    assert!(
        ended
            .stdout
            .contains("test has only one label and is not scored")
    );
    assert!(job.json("model/metrics.json")["test"].is_null());
    assert_eq!(job.read("output/data/test.csv").lines().count(), 101);
}

#[test]
fn missing_values_are_accepted_and_recorded_in_the_ranges() {
    for algorithm in Algorithm::ALL.map(Algorithm::name) {
        let job = Job::with_channels(&settings(algorithm));
        let mut train = rows(0..600);
        for (i, value) in train.features.iter_mut().enumerate() {
            if i % 7 == 0 || i % FEATURE_COUNT == 3 {
                *value = f32::NAN;
            }
        }
        job.channel("train", "part-00000.parquet", &train);
        let ended = job.train();
        assert_eq!(ended.code, 0, "{algorithm}: {}", ended.stdout);
        let model = artifact(&job);
        assert!(model.features[2].min < model.features[2].max);
        // A column without any value has an empty range.
        assert!(model.features[3].min > model.features[3].max);
        assert!(model.predict_row(&[f32::NAN; FEATURE_COUNT]).is_finite());
    }
}

#[test]
fn an_alarm_rule_is_chosen_on_whole_episodes_and_stored_with_the_model() {
    let job = Job::new(&settings("gradient_boosting"));
    let threads = NonZeroUsize::new(2).unwrap();
    for (channel, purpose, episodes) in [
        ("train", Purpose::Training, 0..60),
        ("validation", Purpose::Training, 60..80),
        ("alarm-validation", Purpose::AlarmValidation, 0..12),
        ("alarm-test", Purpose::AlarmTest, 0..10),
    ] {
        let params = match purpose {
            Purpose::Training => EpisodeParams::default(),
            _ => EpisodeParams::for_alarms(),
        };
        let source = EpisodeSource::new(params.check().unwrap(), 11, purpose);
        let rows = Rows::from(source.generate(episodes, threads).unwrap());
        job.channel(channel, "part-00000.parquet", &rows);
    }
    let ended = job.train();
    assert_eq!(ended.code, 0, "{}", ended.stdout);

    // Both are printed; the anchored definition of `validation:auc` finds only the second.
    for name in ["alarm-validation:auc=", "validation:auc="] {
        let lines = ended.stdout.lines().filter(|line| line.starts_with(name));
        assert_eq!(lines.count(), 1, "{name}");
    }

    let rule: alarm::AlarmRule = artifact(&job).extra(alarm::EXTRA).unwrap().unwrap();
    let alarm = &job.json("model/metrics.json")["alarm"];
    assert_near(
        &alarm["choice"]["rule"]["threshold"],
        rule.params().threshold,
    );
    // The number of episodes in `alarm-test`, not in `alarm-validation`, on which the rule was chosen.
    assert_eq!(alarm["test"]["all"]["recordings"], 10);
    let printed = metric(&ended.stdout, "alarm-test:false_alarms_per_day").unwrap();
    let stored = &alarm["test"]["all"]["false_alarms"]["per_day"];
    assert!((printed - stored.as_f64().unwrap()).abs() < 1e-6);
    let text = std::fs::read(job.path("output/data/alarm-test.csv")).unwrap();
    let predictions = Predictions::read_csv(&text[..], "alarm-test.csv").unwrap();
    let kinds = predictions.timeline.unwrap().kinds;
    assert!(
        kinds
            .iter()
            .all(|kind| alarm["test"]["kinds"].get(&**kind).is_some())
    );
}

#[test]
fn the_directories_contain_exactly_what_is_documented() {
    let job = Job::with_channels(&settings("logistic_regression"));
    job.channel("test", "part-00000.csv", &rows(800..1_000));
    // SageMaker puts these files next to the settings.
    job.put("input/config/inputdataconfig.json", b"{}");
    job.put("input/config/resourceconfig.json", b"{}");
    assert_eq!(job.train().code, 0);
    let files = |dir: &str| {
        let entries = std::fs::read_dir(job.path(dir)).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    };
    let model = ["manifest.json", "metrics.json", "model.bin"];
    assert_eq!(files("model"), model);
    assert_eq!(files("output/data"), ["test.csv", "validation.csv"]);
    assert_eq!(files("output"), ["data"]);
    for part in ["validation", "test"] {
        let text = job.read(&format!("output/data/{part}.csv"));
        let header = text.lines().next();
        assert_eq!(header, Some("row_id,group,label,probability"));
    }
}

#[test]
fn the_smartcore_engine_writes_the_same_files_and_predicts_like_its_artifact() {
    for algorithm in ["random_forest", "gradient_boosting"] {
        let mut settings = settings(algorithm);
        settings["engine"] = json!("smartcore");
        let job = Job::with_channels(&settings);
        let ended = job.train();
        assert_eq!(ended.code, 0, "{algorithm}: {}", ended.stdout);
        let member = &artifact(&job).members[0];
        let engine = ("engine".to_owned(), "smartcore".to_owned());
        assert!(member.hyperparameters.contains(&engine));
        check_predictions(&job, "output/data/validation.csv", 600..800);
    }
}
