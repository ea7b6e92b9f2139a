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

/// Locks, ports, idling, and what outlives a server.
#[cfg(test)]
mod lifetime;

/// The program `local-sagemaker`: its lines, files and exit codes.
#[cfg(test)]
mod program;
