//! Builds the container image of `fire-container` without a container daemon and pushes it to any registry.
//!
//! An image consists of a gzipped tar with the files, a configuration with the entry point, and a manifest that
//! references both by SHA-256. The only input is a statically linked program. The same program always gives the same
//! bytes, so two builds have the same digest.
//!
//! ```text
//! program ── layer ── image ─┬─ directory (skopeo's dir:) or archive (docker load)
//!                            └─ registry (HTTP, Basic or Bearer; for ECR the password from the aws CLI)
//! ```
//!
//! The manifest is a Docker manifest, schema 2, because SageMaker hosting rejects OCI manifests. Only this program uses
//! TLS; the program inside the image does not.
//!
//! Exit codes: 0 done, 1 the image could not be built or written, 2 invalid usage or input, 3 the registry could not be
//! reached or rejected the image. They match `fire_cli::Exit`, which is not used here because `fire-cli` depends on the
//! AWS SDK.

mod cli;
mod credentials;
mod export;
mod image;
mod layer;
mod push;
mod reference;
mod registry;

pub use cli::{command, run};
