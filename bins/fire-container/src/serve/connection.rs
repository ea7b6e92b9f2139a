//! Connections: accepted up to a limit, served, and ended in good order.

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

use super::bad_head;
use super::muted::Muted;
use super::routes::Endpoint;
use super::stall::Impatient;

/// What a connection beyond the limit gets.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    retry-after: 1\r\nconnection: close\r\ncontent-length: 66\r\n\r\n\
    {\"error\":\"there are too many connections; try again in a second\"}\n";

/// How long nothing is accepted after the system refused to: it lacks files or memory, which must be given back first.
const RECOVERY: Duration = Duration::from_millis(50);

/// Serves connections until `stop` resolves and then those that are open until they have their answers, or until the
/// grace is over.
pub(super) async fn serve_all(
    listener: TcpListener,
    endpoint: Arc<Endpoint>,
    stop: impl Future<Output = ()>,
) {
    let limit = endpoint.limits.connections;
    let places = Arc::new(Semaphore::new(limit));
    let (closing, _) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let place = places.clone().try_acquire_owned();
        match (accepted, place) {
            (Ok((stream, _)), Ok(place)) => {
                endpoint.counters.connected(true);
                let connection = Connection {
                    endpoint: endpoint.clone(),
                    places: places.clone(),
                    _place: place,
                };
                tokio::spawn(connection.serve(stream, closing.subscribe()));
            }
            (Ok((stream, _)), Err(_)) => {
                endpoint.counters.connected(false);
                // A fresh connection has room for these bytes; if not, it gets none.
                let _ = stream.try_write(FULL);
            }
            (Err(error), _) if concerns_one_client(&error) => {}
            (Err(_), _) => sleep(RECOVERY).await,
        }
    }
    drop(listener);
    // Every connection hears of it by the channel's end.
    drop(closing);
    let all_done = places.acquire_many(limit as u32);
    // What is still open then belongs to clients that do not read or send.
    let _ = timeout(endpoint.limits.grace, all_done).await;
}

/// Whether only the client that was to be accepted is gone.
fn concerns_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// One of them, which holds its place until it ends.
struct Connection {
    endpoint: Arc<Endpoint>,
    places: Arc<Semaphore>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(self, stream: TcpStream, mut closing: watch::Receiver<()>) {
        // A slower answer is an answer too.
        let _ = stream.set_nodelay(true);
        let limits = &self.endpoint.limits;
        // A client that has not said anything yet has no answer to wait for when the end comes.
        tokio::select! {
            _ = stream.readable() => {}
            _ = closing.changed() => return,
            () = sleep(limits.head) => return,
        }
        let io = TokioIo::new(Muted::new(Impatient::new(stream, limits.stall)));
        let service = service_fn(|request| {
            let open = limits.connections - self.places.available_permits();
            self.endpoint.clone().answer(request, open)
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            // A client may close its sending half and still wait for its answer.
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
        let muted = io.into_inner();
        let said = (muted.kept_back(), !read_buf.is_empty());
        let last = match &ended {
            Ok(()) => Vec::new(),
            Err(error) => match bad_head::refusal(error, said, limits.head) {
                Some(refusal) => bad_head::answer(&refusal, &self.endpoint),
                // The client went away, said nothing, or does not read.
                None => return,
            },
        };
        if let Some(stream) = muted.between_answers() {
            tokio::select! {
                () = bad_head::part(stream, &last) => {}
                _ = closing.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_too_many_connections_is_well_formed() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(body["error"].is_string());
    }
}
