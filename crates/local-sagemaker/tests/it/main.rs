//! The server driven over HTTP, with a program behind it that keeps the container contract.

/// A server on a temporary directory and a client for it.
#[cfg(test)]
mod world;

/// Services, shapes, regions, and calls that come at once.
#[cfg(test)]
mod wire;

/// Buckets and objects: what signed, framed and broken requests leave in the store.
#[cfg(test)]
mod s3;

/// Training jobs: what the program is given, what becomes of what it leaves.
#[cfg(test)]
mod training;

/// Endpoints: serving, updating, failing, crashing.
#[cfg(test)]
mod endpoints;

/// Several instances and variants, other shapes, and what is captured.
#[cfg(test)]
mod fleets;

/// What the programs print, through CloudWatch Logs.
#[cfg(test)]
mod logs;

/// What is measured, through CloudWatch.
#[cfg(test)]
mod metrics;

/// Auto scaling: what is registered, and what it does under load.
#[cfg(test)]
mod scaling;

/// Spot instances, checkpoints, limits of time, deletion, tags.
#[cfg(test)]
mod spot;

/// Roles and images, which clients look up before they begin.
#[cfg(test)]
mod lookups;

/// What goes wrong on purpose.
#[cfg(test)]
mod faults;

/// What has arrived, as it is written down.
#[cfg(test)]
mod calls;

/// Servers that are killed in the middle of things.
#[cfg(test)]
mod kills;

/// Locks, ports, idling, and what outlives a server.
#[cfg(test)]
mod lifetime;

/// The program `local-sagemaker`: its lines, files and exit codes.
#[cfg(test)]
mod program;
