//! The container image of `fire-container`, built without a container daemon and pushed to any registry.
//!
//! An image is three documents: a gzipped tar with the files, a configuration that says what to run, and a manifest
//! that names both by their SHA-256. They are made here from a statically linked program, always the same bytes from
//! the same program, so that two builds have one digest.
//!
//! ```text
//! fire-container ── layer ── image ─┬─ folder (skopeo's dir:) ─ archive (docker load)
//!                                   └─ registry (HTTP, Basic or Bearer; ECR by the aws CLI's password)
//! ```
//!
//! The manifest is Docker's, schema 2: SageMaker hosting refuses OCI manifests. TLS is here and not in the program
//! that the image holds.
//!
//! Exit codes: 0 done, 1 the image could not be built or written, 2 wrong usage, 3 the registry cannot be reached or
//! refuses.

mod cli;
mod credentials;
mod export;
mod image;
mod layer;
mod push;
mod reference;
mod registry;

pub use cli::{command, run};
