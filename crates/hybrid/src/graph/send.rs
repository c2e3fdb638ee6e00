//! Sends one request and reads the answer: no redirect, no answer without an end, no secret in an error.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client as Http, Url};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

pub(crate) use super::answer::{Answer, Fault};
use super::endpoint::Endpoint;
use super::error::{GraphError, RequestIds, short};
use super::limits::Limits;
use super::query::{Method, Request};
use super::retry::Patience;
use crate::http;

/// Where waits are written down instead of waited for.
pub(crate) type Waits = Arc<std::sync::Mutex<Vec<Duration>>>;

/// The names and values of a form, of which some are secret.
#[derive(Default)]
pub(crate) struct Form {
    pairs: Vec<(&'static str, SecretString, bool)>,
}

impl Form {
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.pairs.push((name, value.into(), false));
        self
    }

    pub(crate) fn with_secret(mut self, name: &'static str, value: SecretString) -> Self {
        self.pairs.push((name, value, true));
        self
    }

    pub(crate) fn encoded(&self) -> Option<String> {
        let mut url: Url = "form:/".parse().ok()?;
        for (name, value, _) in &self.pairs {
            url.query_pairs_mut().append_pair(name, value.expose_secret());
        }
        url.query().map(str::to_owned)
    }
}

/// The HTTP client.
#[derive(Debug)]
pub(crate) struct Sender {
    http: Http,
    pub(crate) limits: Limits,
    random: SystemRandom,
    waits: Option<Waits>,
}

impl Sender {
    pub(crate) fn new(endpoint: &Endpoint, limits: Limits, ca: Option<&[u8]>) -> Result<Self, GraphError> {
        let mut http = http::builder(ca, limits.connect)?;
        if endpoint.graph().scheme() == "http" {
            // It is this computer.
            http = http.no_proxy();
        }
        let http = http.build().map_err(|e| GraphError::TrustAnchors { problem: reason(&e) })?;
        Ok(Self { http, limits, random: SystemRandom::new(), waits: None })
    }

    /// Writes waits down instead of waiting.
    #[cfg(any(test, feature = "fake"))]
    pub(crate) fn hurry(&mut self, waits: Waits) {
        self.waits = Some(waits);
    }

    pub(crate) async fn pause(&self, wait: Duration) {
        match &self.waits {
            Some(waits) => waits.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(wait),
            None => tokio::time::sleep(wait).await,
        }
    }

    /// A new id, by which Microsoft finds a request.
    pub(crate) fn new_id(&self) -> Uuid {
        let mut octets = [0; 16];
        // Where the system has no randomness the id is the same each time; TLS does not work there either.
        let _ = self.random.fill(&mut octets);
        uuid::Builder::from_random_bytes(octets).into_uuid()
    }

    pub(crate) fn chance(&self) -> u8 {
        let mut octet = [0];
        let _ = self.random.fill(&mut octet);
        octet[0]
    }

    /// Sends a request of Graph once.
    pub(crate) async fn send(
        &self,
        request: &Request,
        url: Url,
        token: &SecretString,
        id: &str,
    ) -> Result<Answer, Fault> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
        };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Fault::NotSent("the token cannot be sent".into()))?;
        bearer.set_sensitive(true);
        let mut builder = self
            .http
            .request(method, url)
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/json")
            .header("client-request-id", id)
            .header("return-client-request-id", "true");
        if request.is_eventual {
            builder = builder.header("ConsistencyLevel", "eventual");
        }
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.to_string());
        } else if request.method != Method::Get {
            builder = builder.header(CONTENT_TYPE, "application/json").body("{}");
        }
        self.exchange(builder, id, &[token.expose_secret()]).await
    }

    /// Sends a form to the login host; busy answers are waited out.
    pub(crate) async fn post_form(&self, url: &Url, form: Form) -> Result<Answer, GraphError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let body = form.encoded().unwrap_or_default();
        let secrets: Vec<&str> =
            form.pairs.iter().filter(|p| p.2).map(|(_, value, _)| value.expose_secret()).collect();
        let mut patience = Patience::new(&self.limits);
        loop {
            let id = self.new_id().to_string();
            let builder = self
                .http
                .post(url.clone())
                .header(ACCEPT, "application/json")
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("client-request-id", &id)
                .body(body.clone());
            let answer = match self.exchange(builder, &id, &secrets).await {
                Ok(answer) => answer,
                Err(fault) => return Err(self.failed("sign-in", &host, &id, fault)),
            };
            if !matches!(answer.status, 429 | 502 | 503 | 504) {
                return Ok(answer);
            }
            match patience.wait(answer.retry_after, self.chance()) {
                Some(wait) => self.pause(wait).await,
                None => return Err(throttled("sign-in", &patience, &answer, self.limits.depth)),
            }
        }
    }

    async fn exchange(
        &self,
        builder: reqwest::RequestBuilder,
        id: &str,
        secrets: &[&str],
    ) -> Result<Answer, Fault> {
        let reading = async {
            let mut response = builder.send().await.map_err(|e| fault(&e))?;
            let mut answer = Answer::head(response.status().as_u16(), response.headers(), id);
            let most = self.limits.octets;
            if response.content_length().is_some_and(|length| length > most as u64) {
                return Err(Fault::TooLong(most));
            }
            while let Some(chunk) = response.chunk().await.map_err(|e| fault(&e))? {
                if answer.body.len() + chunk.len() > most {
                    return Err(Fault::TooLong(most));
                }
                answer.body.extend_from_slice(&chunk);
            }
            if !answer.is_success() {
                answer.forget(secrets);
            }
            Ok(answer)
        };
        tokio::time::timeout(self.limits.answer, reading).await.unwrap_or(Err(Fault::TimedOut))
    }

    /// What a fault is, where nothing can have been changed by it.
    pub(crate) fn failed(&self, what: &str, host: &str, id: &str, fault: Fault) -> GraphError {
        let (what, ids) = (what.to_owned(), RequestIds { request: None, client: Some(id.to_owned()) });
        match fault {
            Fault::NotSent(problem) | Fault::Lost(problem) => {
                GraphError::Unreachable { host: host.to_owned(), problem }
            }
            Fault::TimedOut => GraphError::TimedOut { what, seconds: self.limits.answer.as_secs(), ids },
            Fault::TooLong(most) => {
                GraphError::TooMuch { what, problem: format!("the answer is longer than {most} octets") }
            }
        }
    }
}

pub(crate) fn throttled(what: &str, patience: &Patience<'_>, answer: &Answer, depth: usize) -> GraphError {
    GraphError::Throttled {
        what: what.to_owned(),
        attempts: patience.attempts,
        retry_after: answer.retry_after,
        refusal: Box::new(super::error::refusal(answer.status, &answer.body, answer.ids.clone(), depth)),
    }
}

fn fault(error: &reqwest::Error) -> Fault {
    if error.is_timeout() && !error.is_connect() {
        Fault::TimedOut
    } else if error.is_connect() || error.is_builder() {
        Fault::NotSent(reason(error))
    } else {
        Fault::Lost(reason(error))
    }
}

/// The innermost reasons of an error, without the address that it names: that holds a query.
fn reason(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = vec![];
    let mut source = error.source();
    while let Some(inner) = source.filter(|_| parts.len() < 6) {
        let text = inner.to_string();
        if parts.last().is_none_or(|last| !last.contains(&text)) {
            parts.push(text);
        }
        source = inner.source();
    }
    if parts.is_empty() {
        parts.push(if error.is_timeout() { "no answer in time" } else { "the request failed" }.into());
    }
    short(&parts.join(": "))
}
