//! The client: a token for each request, retries within bounds, lists page by page.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use adrecover_core::time::Timestamp;
use reqwest::Url;
use serde_json::Value;

use super::auth::{SignIn, Tokens};
use super::change::Change;
use super::endpoint::Endpoint;
use super::error::{GraphError, RequestIds};
use super::limits::Limits;
use super::page::{self, Page};
use super::query::{Method, Request};
use super::read::Read;
use super::retry::Patience;
use super::send::{Answer, Fault, Sender, throttled};

/// What says what time it is: assertions are dated.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A client of one tenant. Nothing is sent before something is asked for.
pub struct Client {
    sender: Sender,
    tokens: Tokens,
    endpoint: Endpoint,
    clock: Clock,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client; `ca` holds trust anchors (PEM) besides those of the system.
    pub fn new(
        sign_in: SignIn,
        endpoint: Endpoint,
        limits: Limits,
        clock: Clock,
        ca: Option<&[u8]>,
    ) -> Result<Self, GraphError> {
        let sender = Sender::new(&endpoint, limits, ca)?;
        let tokens = Tokens::new(sign_in, endpoint.clone(), Arc::clone(&clock));
        Ok(Self { sender, tokens, endpoint, clock })
    }

    /// Writes waits down instead of waiting: for tests.
    #[cfg(any(test, feature = "fake"))]
    #[doc(hidden)]
    pub fn hurry(mut self, waits: super::send::Waits) -> Self {
        self.sender.hurry(waits);
        self
    }

    /// Signs in now, so that a wrong secret is told before anything else is done.
    pub async fn sign_in(&self) -> Result<(), GraphError> {
        self.tokens.get(&self.sender, None).await.map(|_| ())
    }

    /// One object; `None` where there is none.
    pub async fn one(&self, read: &Read) -> Result<Option<Value>, GraphError> {
        let request = read.request();
        match self.call(&request, request.url(&self.endpoint)).await {
            Ok(answer) => self.json(&request, &answer).map(Some),
            Err(GraphError::Refused { refusal, .. }) if refusal.status == 404 => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// All objects of a list, as far as [`Limits::objects`] go.
    pub async fn all(&self, read: &Read) -> Result<Vec<Value>, GraphError> {
        let mut pages = self.pages(read.request());
        let mut all = vec![];
        while let Some(body) = pages.next().await? {
            let page = Page::read(&body).map_err(|problem| pages.bad(problem))?;
            if all.len() + page.value.len() > self.sender.limits.objects {
                let problem = format!("more than {} objects; ask for fewer", self.sender.limits.objects);
                return Err(GraphError::TooMuch { what: pages.request.to_string(), problem });
            }
            for object in page.value {
                let object = serde_json::from_str(object.get());
                all.push(object.map_err(|_| pages.bad("an object is not JSON"))?);
            }
        }
        Ok(all)
    }

    /// Makes a change, once. The answer is the object as it is then, where Graph gives it.
    pub async fn apply(&self, change: &Change) -> Result<Option<Value>, GraphError> {
        let request = change.request();
        let answer = self.call(&request, request.url(&self.endpoint)).await?;
        if answer.status == 204 || answer.body.is_empty() {
            return Ok(None);
        }
        // It is made, whatever the answer looks like.
        self.json(&request, &answer).map(Some).or(Ok(None))
    }

    /// The host, as texts name it.
    pub fn host(&self) -> &str {
        self.endpoint.graph_host()
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn pages(&self, request: Request) -> Pages<'_> {
        let next = Some(request.url(&self.endpoint));
        Pages { client: self, request, next, seen: HashSet::new(), ids: RequestIds::default() }
    }

    /// The text of one object.
    pub(crate) async fn text(&self, request: &Request) -> Result<Vec<u8>, GraphError> {
        let answer = self.call(request, request.url(&self.endpoint)).await?;
        self.json(request, &answer)?;
        Ok(answer.body)
    }

    fn json(&self, request: &Request, answer: &Answer) -> Result<Value, GraphError> {
        self.check(request, answer)?;
        serde_json::from_slice(&answer.body).map_err(|e| {
            bad(request, if e.is_eof() { "the answer is cut" } else { "the answer is not JSON" }, &answer.ids)
        })
    }

    /// Refuses what is no JSON or nested too deeply, before anything reads it.
    fn check(&self, request: &Request, answer: &Answer) -> Result<(), GraphError> {
        if !answer.is_json {
            return Err(bad(request, "the answer is not JSON but of another content type", &answer.ids));
        }
        if page::depth(&answer.body) > self.sender.limits.depth {
            return Err(bad(request, "the answer is nested too deeply", &answer.ids));
        }
        Ok(())
    }

    /// Sends a request until there is an answer that counts.
    async fn call(&self, request: &Request, url: Url) -> Result<Answer, GraphError> {
        let mut patience = Patience::new(&self.sender.limits);
        let mut refused = None;
        loop {
            let token = self.tokens.get(&self.sender, refused).await?;
            let id = self.sender.new_id().to_string();
            let sent = self.sender.send(request, url.clone(), &token.text, &id).await;
            let (wait, answer) = match sent {
                Ok(answer) if answer.is_success() => return Ok(answer),
                // The token was withdrawn, or has ended: one new one is asked for.
                Ok(answer) if answer.status == 401 && refused.is_none() => {
                    refused = Some(token.number);
                    continue;
                }
                Ok(answer) if may_go_on(request, &answer) => {
                    (patience.wait(answer.retry_after, self.sender.chance()), answer)
                }
                Ok(answer) => return Err(self.refused(request, answer)),
                Err(fault) => {
                    let is_lost = matches!(fault, Fault::NotSent(_) | Fault::Lost(_));
                    let is_safe = matches!(fault, Fault::NotSent(_)) || request.method == Method::Get;
                    let wait = if is_lost && is_safe && patience.attempts < 3 {
                        patience.wait(None, self.sender.chance())
                    } else {
                        None
                    };
                    match wait {
                        Some(wait) => self.sender.pause(wait).await,
                        None => return Err(self.lost(request, &id, fault)),
                    }
                    continue;
                }
            };
            match wait {
                Some(wait) => self.sender.pause(wait).await,
                None if request.method == Method::Get || answer.status == 429 => {
                    return Err(throttled(
                        &request.to_string(),
                        &patience,
                        &answer,
                        self.sender.limits.depth,
                    ));
                }
                None => return Err(self.refused(request, answer)),
            }
        }
    }

    fn refused(&self, request: &Request, answer: Answer) -> GraphError {
        let (status, what) = (answer.status, request.to_string());
        let refusal = super::error::refusal(status, &answer.body, answer.ids, self.sender.limits.depth);
        if (300..400).contains(&status) {
            let problem = "the answer leads elsewhere, where the token does not go".into();
            return GraphError::BadAnswer { what, problem, ids: refusal.ids };
        }
        if status >= 500 && request.method != Method::Get {
            let ids = refusal.ids.clone();
            let problem = super::Refusal { ids: RequestIds::default(), ..refusal }.to_string();
            return GraphError::OutcomeUnknown { what, problem, ids };
        }
        GraphError::Refused { what, refusal: Box::new(refusal) }
    }

    fn lost(&self, request: &Request, id: &str, fault: Fault) -> GraphError {
        let what = request.to_string();
        if request.method == Method::Get || matches!(fault, Fault::NotSent(_)) {
            return self.sender.failed(&what, self.host(), id, fault);
        }
        let problem = match fault {
            Fault::NotSent(problem) | Fault::Lost(problem) => format!("the connection was lost: {problem}"),
            Fault::TimedOut => format!("no answer within {} s", self.sender.limits.answer.as_secs()),
            Fault::TooLong(most) => format!("the answer is longer than {most} octets"),
        };
        let ids = RequestIds { request: None, client: Some(id.to_owned()) };
        GraphError::OutcomeUnknown { what, problem, ids }
    }
}

/// Whether an answer says "later", and the request may be sent again then. A busy service that says how long to wait has not
/// taken it; without that it may have.
fn may_go_on(request: &Request, answer: &Answer) -> bool {
    match answer.status {
        429 => true,
        503 => request.is_repeatable || answer.retry_after.is_some(),
        502 | 504 => request.is_repeatable,
        _ => false,
    }
}

fn hash(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    hasher.finish()
}

fn bad(request: &Request, problem: &str, ids: &RequestIds) -> GraphError {
    GraphError::BadAnswer { what: request.to_string(), problem: problem.to_owned(), ids: ids.clone() }
}

/// A list, page by page.
pub(crate) struct Pages<'a> {
    client: &'a Client,
    pub(crate) request: Request,
    next: Option<Url>,
    seen: HashSet<u64>,
    ids: RequestIds,
}

impl Pages<'_> {
    /// The next page as it was sent: a list, as far as its outer form goes.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, GraphError> {
        let Some(url) = self.next.take() else { return Ok(None) };
        let most = self.client.sender.limits.pages;
        if self.seen.len() >= most as usize {
            let problem = format!("the list has more than {most} pages");
            return Err(GraphError::TooMuch { what: self.request.to_string(), problem });
        }
        if !self.seen.insert(hash(&url)) {
            return Err(self.bad("the list leads back to a page that was read"));
        }
        let answer = self.client.call(&self.request, url).await?;
        self.ids = answer.ids.clone();
        self.client.check(&self.request, &answer)?;
        let page = Page::read(&answer.body).map_err(|problem| self.bad(problem))?;
        let next = page.next.as_deref().filter(|link| !link.is_empty());
        let version = self.request.version.segment();
        let next = next.map(|link| page::next(link, &self.client.endpoint, version)).transpose();
        self.next = next.map_err(|problem| self.bad(problem))?;
        Ok(Some(answer.body))
    }

    pub(crate) fn bad(&self, problem: &str) -> GraphError {
        bad(&self.request, problem, &self.ids)
    }
}
