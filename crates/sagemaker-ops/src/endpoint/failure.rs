//! Why an endpoint did not start, with the last lines of its containers.

use super::Endpoint;
use crate::clients::Clients;
use crate::logs::{LogLocation, LogSource, LogTail, tail};

/// Log lines that are searched for the last health check.
const SEARCHED: usize = 200;

/// Details of a failed start or update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The reason reported by the service.
    pub reason: Option<String>,
    /// The last lines of the containers' log, oldest first; empty if there are none or they cannot be read.
    pub log: Vec<String>,
    /// Where the whole log is kept.
    pub log_location: LogLocation,
    /// The HTTP status of the last health check, if the log has one.
    pub last_ping: Option<u16>,
}

/// Collects the service's reason for a failed start or update, and the last `lines` lines that the
/// containers have printed since `since` (seconds since 1970).
///
/// Never fails: if the log cannot be read, the result has no log lines.
pub async fn explain_failure(
    clients: &Clients,
    endpoint: &Endpoint,
    lines: usize,
    since: f64,
) -> Failure {
    let source = LogSource::Endpoint(endpoint.name.clone());
    let searched = lines.max(SEARCHED);
    let log = match tail(clients, &source, searched, Some(since)).await {
        Ok(LogTail::Lines(log)) => log,
        // The service's reason matters most; the log is optional.
        Ok(LogTail::Unreadable(_)) | Err(_) => Vec::new(),
    };
    Failure {
        reason: endpoint.failure_reason.clone(),
        last_ping: log.iter().rev().find_map(|line| ping_status(line)),
        log: log[log.len().saturating_sub(lines)..].to_vec(),
        log_location: source.location(clients),
    }
}

/// The status in a line about the health check, such as `"GET /ping HTTP/1.1" 503 -` or
/// `GET /ping: 200`.
fn ping_status(line: &str) -> Option<u16> {
    let (_, after) = line.split_once("/ping")?;
    let words = after.split(|c: char| !c.is_ascii_alphanumeric());
    let statuses = words
        .filter(|word| word.len() == 3)
        .filter_map(|word| word.parse().ok());
    statuses
        .into_iter()
        .find(|status| (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::endpoint::describe;
    use crate::scripted::{Scripted, ok, rejection};

    #[test]
    fn the_status_of_a_health_check_is_read_only_from_lines_about_it() {
        for (line, expected) in [
            ("10.0.0.1 - - \"GET /ping HTTP/1.1\" 503 -", Some(503)),
            ("GET /ping: 200", Some(200)),
            ("GET /ping 10203 ms", None),
            ("GET /ping", None),
            ("POST /invocations 200", None),
            ("GET /ping took 999 ms, status=404", Some(404)),
        ] {
            assert_eq!(ping_status(line), expected, "{line}");
        }
    }

    #[tokio::test]
    async fn a_failed_start_is_explained_by_reason_log_and_health_check() {
        let reason = "The primary container for production variant AllTraffic did not pass the ping \
                      health check.";
        let failed = json!({
            "EndpointName": "e", "EndpointStatus": "Failed", "FailureReason": reason,
        });
        let streams = json!({"logStreams": [{"logStreamName": "AllTraffic/i-1"}]});
        let lines = ["no model here", "GET /ping 503", "one", "two"];
        let events = lines.map(|text| json!({"timestamp": 5000, "message": text}));
        let script = [
            ok(&failed.to_string()),
            ok(&streams.to_string()),
            ok(&json!({"events": events}).to_string()),
            rejection("AccessDeniedException", "not authorized"),
        ];
        let server = Scripted::start(script).await;
        let clients = server.clients();
        let endpoint = describe(&clients, &"e".parse().unwrap()).await.unwrap();
        let found = explain_failure(&clients, &endpoint, 2, 4.0).await;
        assert_eq!(found.reason.as_deref(), Some(reason));
        assert_eq!(
            (found.log, found.last_ping),
            (vec!["one".to_owned(), "two".to_owned()], Some(503))
        );
        let found = explain_failure(&clients, &endpoint, 2, 4.0).await;
        assert_eq!((found.log.len(), found.last_ping), (0, None));
        let source = LogSource::Endpoint(endpoint.name);
        assert_eq!(found.log_location, source.location(&clients));
    }
}
