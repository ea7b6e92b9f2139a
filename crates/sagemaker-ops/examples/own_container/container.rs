//! The program in the image: it fits a straight line to the rents of flats, and serves the line's predictions.
//!
//! SageMaker passes inputs as files below `/opt/ml` and collects the files that the container writes there. A container
//! needs nothing else.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

/// `/opt/ml`, or the directory that the local server uses instead.
fn opt_ml() -> PathBuf {
    std::env::var_os("FIRE_OPT_ML").map_or_else(|| "/opt/ml".into(), PathBuf::from)
}

/// Reads the channel `train` and writes the line to `model`. Its output is the job's log.
pub(crate) fn train() -> Result<(), Box<dyn Error>> {
    let settings: Value = serde_json::from_slice(&fs::read(
        opt_ml().join("input/config/hyperparameters.json"),
    )?)?;
    let mut flats: Vec<(f64, f64)> = Vec::new();
    for file in fs::read_dir(opt_ml().join("input/data/train"))? {
        for line in fs::read_to_string(file?.path())?.lines() {
            let (size, rent) = line.split_once(',').ok_or("a line has no comma")?;
            // Hyperparameters are always strings.
            if settings["without"] != size {
                flats.push((size.parse()?, rent.parse()?));
            }
        }
    }
    let count = flats.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| flats.iter().map(of).sum::<f64>() / count;
    let (size, rent) = (mean(|flat| flat.0), mean(|flat| flat.1));
    let variance: f64 = flats.iter().map(|flat| (flat.0 - size).powi(2)).sum();
    let covariance: f64 = flats
        .iter()
        .map(|flat| (flat.0 - size) * (flat.1 - rent))
        .sum();
    let slope = covariance / variance;
    let at = |x: f64| rent + slope * (x - size);
    let error = flats
        .iter()
        .map(|flat| (at(flat.0) - flat.1).abs())
        .sum::<f64>()
        / count;
    println!("train:error={error:.1};");
    let line = json!({"at_0": at(0.0), "slope": slope});
    fs::write(opt_ml().join("model/line.json"), line.to_string())?;
    Ok(())
}

/// Loads the line, then responds to `GET /ping` and `POST /invocations`.
pub(crate) async fn serve() -> Result<(), Box<dyn Error>> {
    let line: Value = serde_json::from_slice(&fs::read(opt_ml().join("model/line.json"))?)?;
    let (at_0, slope) = (
        line["at_0"].as_f64().ok_or("no line")?,
        line["slope"].as_f64().ok_or("no line")?,
    );
    let respond = move |size: String| async move {
        match size.trim().parse::<f64>() {
            Ok(size) => (
                StatusCode::OK,
                format!("{:.0} a month", at_0 + slope * size),
            ),
            Err(_) => (
                StatusCode::BAD_REQUEST,
                format!("`{size}` is not a number of square metres"),
            ),
        }
    };
    let router = Router::new()
        .route("/ping", get(|| async { "well" }))
        .route("/invocations", post(respond));
    // SageMaker requires 0.0.0.0 and port 8080; the local server sets other values in the environment.
    let variable =
        |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let address = variable("FIRE_BIND_ADDRESS", "0.0.0.0");
    let port = variable("SAGEMAKER_BIND_TO_PORT", "8080");
    let listener = tokio::net::TcpListener::bind(format!("{address}:{port}")).await?;
    Ok(axum::serve(listener, router).await?)
}
