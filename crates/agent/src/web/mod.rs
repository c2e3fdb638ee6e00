//! Health and metrics over HTTP, on this computer only: two documents that are made when they are asked for.
//!
//! Whoever is on the machine may ask, and must not be able to hang the agent: it is another thread, a request is small, has to be
//! there within seconds, and there are few at a time.

mod health;
mod metrics;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::Event;
use crate::shared::Shared;

/// How many may ask at the same time.
const MOST: usize = 16;
/// The most octets of a request.
const LARGEST: usize = 8192;
/// How long a request may take to come.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(15);
/// How long after a failed accept.
const PAUSE: Duration = Duration::from_millis(500);

/// What is told beside how the agent stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// After so long without success the agent is not well.
    pub(crate) blind_after: Duration,
}

/// Answers for ever; says where, or why not.
pub(crate) async fn serve(shared: Arc<Shared>, address: SocketAddr, limits: Limits) {
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            let reason = format!("{address}: {error}").into();
            return shared.say(&Event::NotListening { reason });
        }
    };
    if let Ok(address) = listener.local_addr() {
        shared.say(&Event::Listening { address });
    }
    let room = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, for instance.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let response = answer(&shared, limits, &request);
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .keep_alive(false)
                .max_buf_size(LARGEST)
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), answer);
            // Whoever goes away early misses it.
            let _ = tokio::time::timeout(LONGEST, connection).await;
            drop(permit);
        });
    }
}

fn answer(shared: &Shared, limits: Limits, request: &Request<Incoming>) -> Response<String> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if !is_this_computer(host) {
        // A page on the web may have its name point here.
        return text(StatusCode::MISDIRECTED_REQUEST, "text/plain", "this is another host\n".to_owned());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET only\n".to_owned());
    }
    match request.uri().path() {
        "/healthz" => {
            let (is_well, document) = health::document(shared, limits);
            let code = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            text(code, "application/json", document)
        }
        "/metrics" => text(StatusCode::OK, metrics::CONTENT_TYPE, metrics::text(shared)),
        _ => text(StatusCode::NOT_FOUND, "text/plain", "/healthz or /metrics\n".to_owned()),
    }
}

fn text(code: StatusCode, kind: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}

/// Whether the name by which it was asked for is one of this computer: an address, or `localhost`.
fn is_this_computer(host: Option<&str>) -> bool {
    let Some(host) = host else { return true };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_hosts_are_refused() {
        for good in ["localhost", "LOCALHOST:9470", "127.0.0.1", "127.0.0.1:9470", "[::1]:9470", "[::1]"] {
            assert!(is_this_computer(Some(good)), "{good}");
        }
        for bad in ["evil.example", "evil.example:9470", "", "localhost.evil.example", ":80"] {
            assert!(!is_this_computer(Some(bad)), "{bad}");
        }
    }
}
