//! S3: `s3s` speaks the protocol, and the store keeps the objects.
//!
//! Signatures are not verified: the server listens on the loopback interface only, and clients use
//! whatever credentials are configured. So what a signature adds to a request is removed before `s3s`
//! sees it, and `aws-chunked` bodies, which `s3s` decodes for verified signatures only, are decoded here.
//!
//! A request passes through `request` (addressing, signatures, framing), `s3s`, and the function of its
//! operation: `buckets`, `configuration`, `read`, `write`, `tagging`, `listing` or `multipart`. `headers`
//! translates between attributes and the API's members, `conditions` evaluates preconditions, `body` moves
//! contents in and out, and `errors` gives every error the form that S3 gives it.

mod body;
mod buckets;
mod chunked;
mod conditions;
mod configuration;
mod errors;
mod headers;
mod listing;
mod multipart;
mod operation;
mod operations;
mod read;
mod request;
mod tagging;
mod write;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, Response};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};

use crate::error::{Error, chain};
use crate::machine::database::Database;
use crate::machine::{blocking, log};
use crate::protocol::ApiError;
use crate::protocol::names::S3Uri;
use crate::store::attributes::{Algorithm, Attributes, ChecksumKind, Checksums, hasher};
use crate::store::{ListQuery, NewObject, Store, StoreError};
use operations::Operations;

pub(crate) use operation::operation;
pub(crate) use operations::is_implemented;
pub(crate) use request::path_style;

/// Bytes that are read or written at a time.
const BLOCK: usize = 256 << 10;

/// The object store, for clients and for the other services.
#[derive(Clone)]
pub(crate) struct Storage {
    /// The objects.
    store: Store,
    /// The protocol.
    service: S3Service,
}

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// Where it is.
    pub(crate) uri: S3Uri,
    /// Its length in bytes.
    pub(crate) size: u64,
}

impl Storage {
    /// Opens the store of a state directory.
    pub(crate) fn open(state_dir: &Path, database: Arc<Database>) -> Result<Self, Error> {
        let store = Store::open(state_dir, database)?;
        let mut service = S3ServiceBuilder::new(Operations {
            store: store.clone(),
        });
        let config = S3Config::default();
        service.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        Ok(Self {
            store,
            service: service.build(),
        })
    }

    /// The store of a state directory, without a server.
    #[cfg(test)]
    pub(crate) fn for_test(state_dir: &Path) -> Self {
        let database = Database::open(state_dir.join("state.db"), &[crate::store::SCHEMA]);
        Self::open(state_dir, Arc::new(database.unwrap())).unwrap()
    }

    /// Creates a bucket.
    #[cfg(test)]
    pub(crate) fn create_bucket(&self, name: &str) {
        self.store.create_bucket(name, "us-east-1").unwrap();
    }

    /// Handles one S3 request of a client in `region`.
    pub(crate) async fn serve(&self, request: Request<Body>, region: &str) -> Response<Body> {
        let head = errors::Head::of(&request);
        let name = operation(request.method(), request.uri(), request.headers());
        if !is_implemented(name) {
            return errors::response(&errors::not_implemented(name), &head);
        }
        let prepared = match request::prepare(request, region) {
            Ok(prepared) => prepared,
            Err(error) => return errors::response(&error, &head),
        };
        match self.service.call(prepared).await {
            Ok(response) => errors::complete(response.map(Body::new), &head).await,
            Err(error) => {
                log(&format!("S3 request for {} failed: {error:?}", head.path));
                errors::response(
                    &ApiError::internal("We encountered an internal error."),
                    &head,
                )
            }
        }
    }

    /// Whether the bucket exists.
    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        self.store.bucket(bucket).is_ok()
    }

    /// Whether the object exists.
    pub(crate) fn has_object(&self, uri: &S3Uri) -> bool {
        self.store.head(uri).is_ok()
    }

    /// Whether any key begins with the key of `prefix`.
    pub(crate) fn has_prefix(&self, prefix: &S3Uri) -> io::Result<bool> {
        let query = ListQuery {
            prefix: prefix.key.clone(),
            limit: 1,
            ..ListQuery::default()
        };
        match self.store.list(&prefix.bucket, &query) {
            Err(StoreError::NoSuchBucket) => Ok(false),
            page => Ok(!page.map_err(failure)?.objects.is_empty()),
        }
    }

    /// The objects whose keys begin with the key of `prefix`, sorted by key; none in a missing bucket.
    pub(crate) fn objects(&self, prefix: &S3Uri) -> io::Result<Vec<Object>> {
        let mut query = ListQuery {
            prefix: prefix.key.clone(),
            limit: 1000,
            ..ListQuery::default()
        };
        let mut objects = Vec::new();
        loop {
            let page = match self.store.list(&prefix.bucket, &query) {
                Err(StoreError::NoSuchBucket) => return Ok(objects),
                page => page.map_err(failure)?,
            };
            objects.extend(page.objects.into_iter().map(|listed| Object {
                uri: S3Uri {
                    bucket: prefix.bucket.clone(),
                    key: listed.key,
                },
                size: listed.size,
            }));
            query.token = page.next;
            if query.token.is_none() {
                return Ok(objects);
            }
        }
    }

    /// Opens an object for reading. The content stays as it is, whatever happens to the object.
    pub(crate) fn reader(&self, uri: &S3Uri) -> io::Result<impl Read + Send + use<>> {
        let opened = self.store.open_object(uri).map_err(failure)?;
        let size = opened.object.size;
        Ok(opened.reader(0, size))
    }

    /// Copies an object into a file.
    pub(crate) fn download(&self, uri: &S3Uri, target: &Path) -> io::Result<()> {
        io::copy(&mut self.reader(uri)?, &mut File::create(target)?)?;
        Ok(())
    }

    /// Stores a file as an object.
    pub(crate) async fn put(&self, uri: &S3Uri, file: &Path) -> io::Result<()> {
        let (store, uri, file) = (self.store.clone(), uri.clone(), file.to_owned());
        blocking(move || store_file(&store, &uri, &file)).await
    }
}

/// Stores a file as an object.
fn store_file(store: &Store, uri: &S3Uri, file: &Path) -> io::Result<()> {
    let mut file = File::open(file)?;
    let hasher = hasher(|algorithm| algorithm == Algorithm::Crc64Nvme);
    let mut writer = store.create_content(hasher).map_err(failure)?;
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block)? {
            0 => break,
            count => writer.write(&block[..count])?,
        }
    }
    let written = writer.finish();
    let object = NewObject {
        storage_class: "STANDARD".to_owned(),
        attributes: Attributes {
            checksums: Checksums {
                kind: Some(ChecksumKind::FullObject),
                ..written.checksums.clone()
            },
            ..Attributes::default()
        },
        tags: Vec::new(),
        written,
    };
    store
        .put(uri, object, |_| Ok(()))
        .map(drop)
        .map_err(|error| io::Error::other(format!("storing {uri} failed: {}", chain(&error))))
}

/// An error of the store as one of the file system.
fn failure(error: StoreError) -> io::Error {
    match error {
        StoreError::Io(error) => error,
        StoreError::Full => io::Error::new(io::ErrorKind::StorageFull, StoreError::Full),
        StoreError::NoSuchBucket | StoreError::NoSuchKey => {
            io::Error::new(io::ErrorKind::NotFound, error)
        }
        error => io::Error::other(error),
    }
}

/// A rejection in the form of S3; without a body for `HEAD`.
pub(crate) fn rejection(error: &ApiError, method: &Method, path: &str) -> Response<Body> {
    errors::response(
        error,
        &errors::Head {
            method: method.clone(),
            path: path.to_owned(),
            query: String::new(),
        },
    )
}
