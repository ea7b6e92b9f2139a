//! Accepts connections up to a limit, serves them, and closes them cleanly.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1::{self, Parts};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::filtered_stream::FilteredStream;
use super::malformed;
use super::routes::Endpoint;
use super::write_timeout::WriteTimeout;

/// The response on a connection over the limit.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    retry-after: 1\r\nconnection: close\r\ncontent-length: 66\r\n\r\n\
    {\"error\":\"there are too many connections; try again in a second\"}\n";

/// Pause after `accept` failed for lack of file descriptors or memory, which other connections must release first.
const RECOVERY: Duration = Duration::from_millis(50);

/// Serves connections until `stop` resolves, then waits until open requests have their responses or the grace period ends.
pub(super) async fn serve_all(
    listener: TcpListener,
    endpoint: Arc<Endpoint>,
    stop: impl Future<Output = ()>,
) {
    let limit = endpoint.limits.connections;
    let permits = Arc::new(Semaphore::new(limit));
    let (closing, _) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let permit = permits.clone().try_acquire_owned();
        // Accepted even without a permit: a client in the backlog would wait instead of getting a 503.
        match (accepted, permit) {
            (Ok((stream, _)), Ok(permit)) => {
                endpoint.metrics.count_connection(true);
                let connection = Connection {
                    endpoint: endpoint.clone(),
                    permits: permits.clone(),
                    _permit: permit,
                };
                tokio::spawn(connection.serve(stream, closing.subscribe()));
            }
            (Ok((stream, _)), Err(_)) => {
                endpoint.metrics.count_connection(false);
                // A new connection's send buffer has room for these bytes; waiting would block all other clients.
                let _ = stream.try_write(FULL);
            }
            (Err(error), _) if concerns_one_client(&error) => {}
            (Err(_), _) => sleep(RECOVERY).await,
        }
    }
    drop(listener);
    // Dropping the sender notifies every connection.
    drop(closing);
    let all_done = permits.acquire_many(limit as u32);
    // Connections that are still open after the grace period are abandoned.
    let _ = timeout(endpoint.limits.shutdown_grace, all_done).await;
}

/// Whether the error only means that this one client has disconnected.
fn concerns_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// One connection, which holds its permit until it ends.
struct Connection {
    endpoint: Arc<Endpoint>,
    permits: Arc<Semaphore>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(self, stream: TcpStream, mut closing: watch::Receiver<()>) {
        // If this fails, responses are slower but still correct.
        let _ = stream.set_nodelay(true);
        let limits = &self.endpoint.limits;
        // A client that has sent nothing expects no response, so shutdown need not wait for it.
        tokio::select! {
            _ = stream.readable() => {}
            _ = closing.changed() => return,
            () = sleep(limits.head_timeout) => return,
        }
        let stream = WriteTimeout::new(stream, limits.write_timeout);
        let io = TokioIo::new(FilteredStream::new(stream));
        let service = service_fn(|request| {
            let open = limits.connections - self.permits.available_permits();
            self.endpoint.clone().respond(request, open)
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            // A client may close its sending half and still wait for its response.
            .half_close(true)
            .serve_connection(io, service);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = closing.changed() => {
                Pin::new(&mut connection).graceful_shutdown();
                (&mut connection).await
            }
        };
        let Parts { io, read_buf, .. } = connection.into_parts();
        let stream = io.into_inner();
        let last = match &ended {
            Ok(()) => Vec::new(),
            Err(error) => {
                let begun = !read_buf.is_empty();
                let held_back = stream.held_back();
                match malformed::rejection(error, held_back, begun, limits.head_timeout) {
                    Some(rejection) => malformed::response(&rejection, &self.endpoint),
                    // The client has gone, sent nothing, or does not read.
                    None => return,
                }
            }
        };
        if let Some(stream) = stream.between_responses() {
            tokio::select! {
                () = malformed::close(stream, &last) => {}
                _ = closing.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_to_too_many_connections_is_well_formed() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(body["error"].is_string());
    }
}
