//! Tests of the server over HTTP, with a program behind it that implements the container contract.

/// A server on a temporary directory, and a client for it.
#[cfg(test)]
mod world;

/// Services, wire formats, regions, concurrent calls, and the log of calls.
#[cfg(test)]
mod wire;

/// Buckets and objects: the effect of signed, framed and invalid requests on the store.
#[cfg(test)]
mod s3;

/// Training jobs: the program's inputs and results.
#[cfg(test)]
mod training;

/// Endpoints: serving, updating, failing, crashing.
#[cfg(test)]
mod endpoints;

/// Several instances and variants, capacity changes, and data capture.
#[cfg(test)]
mod fleets;

/// Images that are mapped to programs: their environment, real paths, and entry points of jobs.
#[cfg(test)]
mod images;

/// The programs' output, through CloudWatch Logs.
#[cfg(test)]
mod logs;

/// Metrics, through CloudWatch.
#[cfg(test)]
mod metrics;

/// Auto scaling: targets, policies, and their effect under load.
#[cfg(test)]
mod scaling;

/// Spot instances, checkpoints, time limits, deletion, tags.
#[cfg(test)]
mod spot;

/// Roles and images, which clients check before they start.
#[cfg(test)]
mod lookups;

/// Injected faults.
#[cfg(test)]
mod faults;

/// Servers that are killed while they are busy.
#[cfg(test)]
mod kills;

/// Locks, ports, idle servers, and restarts.
#[cfg(test)]
mod lifetime;

/// The program `local-sagemaker`: its output, files and exit codes.
#[cfg(test)]
mod program;
