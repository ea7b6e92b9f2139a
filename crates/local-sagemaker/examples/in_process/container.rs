//! The container: any program, in any language, that reads and writes below `/opt/ml` and serves two paths.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

/// `/opt/ml`, which is elsewhere on the local server.
fn opt_ml() -> PathBuf {
    std::env::var_os("FIRE_OPT_ML").map_or_else(|| "/opt/ml".into(), PathBuf::from)
}

/// Stores the words that occur only in spam as the model, and prints their number.
pub(crate) fn train() -> Result<(), Box<dyn Error>> {
    let (mut of_spam, mut of_mail) = (BTreeSet::new(), BTreeSet::new());
    for file in fs::read_dir(opt_ml().join("input/data/train"))? {
        for line in fs::read_to_string(file?.path())?.lines() {
            let (label, text) = line.split_once('\t').ok_or("a line has no tab")?;
            let words = if label == "spam" {
                &mut of_spam
            } else {
                &mut of_mail
            };
            words.extend(text.split_whitespace().map(str::to_owned));
        }
    }
    let known: Vec<&String> = of_spam.difference(&of_mail).collect();
    fs::write(
        opt_ml().join("model/words.json"),
        serde_json::to_vec(&known)?,
    )?;
    println!("train:words={};", known.len());
    Ok(())
}

/// Serves `GET /ping`, once the model is loaded, and `POST /invocations`.
pub(crate) async fn serve() -> Result<(), Box<dyn Error>> {
    let known: Vec<String> = serde_json::from_slice(&fs::read(opt_ml().join("model/words.json"))?)?;
    let predict = move |text: String| async move {
        let found: Vec<&str> = text
            .split_whitespace()
            .filter(|word| known.iter().any(|k| k == word))
            .collect();
        if text.is_empty() {
            return Err((StatusCode::BAD_REQUEST, "the text is empty"));
        }
        Ok(Json(json!({"spam": !found.is_empty(), "because": found})))
    };
    let router = Router::new()
        .route("/ping", get(|| async { "ok" }))
        .route("/invocations", post(predict));
    let address = std::env::var("FIRE_BIND_ADDRESS").unwrap_or_else(|_| "0.0.0.0".to_owned());
    let port = std::env::var("SAGEMAKER_BIND_TO_PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("{address}:{port}")).await?;
    Ok(axum::serve(listener, router).await?)
}
