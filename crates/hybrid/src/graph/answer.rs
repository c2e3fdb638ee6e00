//! One answer, read within bounds.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};

use super::error::{RequestIds, short};
use super::retry;

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) is_json: bool,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) ids: RequestIds,
}

/// Why there is no answer. What of these may leave a change made is for the caller to say.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nothing was sent.
    NotSent(String),
    /// It was sent, or it may have been.
    Lost(String),
    TimedOut,
    /// More than is taken.
    TooLong(usize),
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Reads what stands above the body.
    pub(crate) fn head(status: u16, headers: &HeaderMap, client: &str) -> Self {
        let text = |name| headers.get(name).and_then(|v: &reqwest::header::HeaderValue| v.to_str().ok());
        let request = headers.get("request-id").or_else(|| headers.get("x-ms-request-id"));
        let request = request.and_then(|v| v.to_str().ok()).map(short);
        let kind = text(CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        Self {
            status,
            body: vec![],
            is_json: kind == "application/json"
                || kind.starts_with("application/") && kind.ends_with("+json"),
            retry_after: text(RETRY_AFTER).and_then(|value| retry::after(value, text(DATE))),
            ids: RequestIds { request, client: Some(client.to_owned()) },
        }
    }

    /// Takes these texts out of the body: a service that repeats a secret must not bring it into an error.
    pub(crate) fn forget(&mut self, secrets: &[&str]) {
        for secret in secrets.iter().filter(|s| s.len() >= 4) {
            let in_json = serde_json::to_string(secret).unwrap_or_default();
            let in_json = in_json.trim_matches('"');
            let in_form = super::send::Form::default().with("x", secret).encoded().unwrap_or_default();
            let in_form = in_form.strip_prefix("x=").unwrap_or_default();
            for form in [*secret, in_json, in_form].into_iter().filter(|form| !form.is_empty()) {
                replace(&mut self.body, form.as_bytes());
            }
        }
    }
}

fn replace(body: &mut Vec<u8>, secret: &[u8]) {
    let Some(mut at) = find(body, secret) else { return };
    let mut out = Vec::with_capacity(body.len());
    let mut rest = &body[..];
    loop {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"...");
        rest = &rest[at + secret.len()..];
        match find(rest, secret) {
            Some(next) => at = next,
            None => break,
        }
    }
    out.extend_from_slice(rest);
    *body = out;
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|w| w == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_repeated_is_taken_out() {
        let body = br#"{"a":"p\"ss-1 and p\"ss-1","b":"p"}"#.to_vec();
        let mut answer = Answer { body, ..Answer::default() };
        answer.forget(&["p\"ss-1", ""]);
        assert_eq!(String::from_utf8(answer.body).unwrap(), r#"{"a":"... and ...","b":"p"}"#);
    }
}
