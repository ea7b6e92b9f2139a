//! Builds the container image of `fire-container` without a container daemon and pushes it to any registry.
//!
//! An image consists of a gzipped tar with the files, a configuration that says what to run, and a manifest that names
//! both by their SHA-256. They are made from a statically linked program. The same program always gives the same bytes,
//! so two builds have the same digest.
//!
//! ```text
//! program ── layer ── image ─┬─ folder (skopeo's dir:) or archive (docker load)
//!                            └─ registry (HTTP, Basic or Bearer; for ECR the password from the aws CLI)
//! ```
//!
//! The manifest is a Docker manifest, schema 2, because SageMaker hosting rejects OCI manifests. TLS is used here and not
//! in the program inside the image.
//!
//! Exit codes: 0 done, 1 the image could not be built or written, 2 wrong usage or input, 3 the registry cannot be
//! reached or rejects the image. The numbers are those of `fire_cli::Exit`, which this program does not link because
//! `fire-cli` brings the AWS SDK.

mod cli;
mod credentials;
mod export;
mod image;
mod layer;
mod push;
mod reference;
mod registry;

pub use cli::{command, run};
