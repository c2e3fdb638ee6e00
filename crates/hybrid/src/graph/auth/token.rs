//! The token: asked for when it is first needed, kept in memory, and asked for again before it ends or when it is refused.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Credential, SignIn};
use crate::graph::client::Clock;
use crate::graph::endpoint::Endpoint;
use crate::graph::error::{GraphError, RequestIds, short};
use crate::graph::send::{Answer, Form, Sender};

/// A token is renewed this long before its end.
const EARLY: Duration = Duration::from_secs(120);
/// No token is believed to hold longer.
const LONGEST: u64 = 24 * 3600;
/// What the assertion is (RFC 7523 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Token {
    text: SecretString,
    until: Instant,
    number: u64,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    refresh: Option<SecretString>,
    count: u64,
}

/// A token for one use, and which one it is.
pub(crate) struct Borrowed {
    pub(crate) text: SecretString,
    pub(crate) number: u64,
}

/// Where tokens come from.
pub(crate) struct Tokens {
    pub(super) sign_in: SignIn,
    pub(super) endpoint: Endpoint,
    clock: Clock,
    state: Mutex<State>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("sign_in", &self.sign_in).finish_non_exhaustive()
    }
}

/// The answer of a token endpoint.
#[derive(Deserialize)]
pub(super) struct Granted {
    access_token: SecretString,
    #[serde(default)]
    token_type: Option<String>,
    /// Seconds; some services write them as text.
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    refresh_token: Option<SecretString>,
}

/// The answer of a token endpoint that gives none.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Denied {
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
}

impl Tokens {
    pub(crate) fn new(sign_in: SignIn, endpoint: Endpoint, clock: Clock) -> Self {
        Self { sign_in, endpoint, clock, state: Mutex::default() }
    }

    /// A token that holds. `refused` is the number of one that Graph did not take.
    pub(crate) async fn get(&self, sender: &Sender, refused: Option<u64>) -> Result<Borrowed, GraphError> {
        // Who waits here for another one's sign-in then gets the same token.
        let mut state = self.state.lock().await;
        let is_good = |t: &&Token| t.until > Instant::now() && Some(t.number) != refused;
        if let Some(token) = state.token.as_ref().filter(is_good) {
            return Ok(Borrowed { text: token.text.clone(), number: token.number });
        }
        state.token = None;
        let granted = self.renew(sender, &mut state.refresh).await?;
        if granted.token_type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(bad(&Answer::default(), "the token is of a type that is not known"));
        }
        let seconds = match &granted.expires_in {
            Some(serde_json::Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64(),
            None => None,
        };
        let lives = Duration::from_secs(seconds.unwrap_or(300).min(LONGEST));
        state.count += 1;
        let number = state.count;
        // A short-lived one is used for half of its life.
        let until = Instant::now() + lives.saturating_sub(EARLY).max(lives / 2);
        state.refresh = granted.refresh_token.or(state.refresh.take());
        state.token = Some(Token { text: granted.access_token.clone(), until, number });
        Ok(Borrowed { text: granted.access_token, number })
    }

    async fn renew(
        &self,
        sender: &Sender,
        refresh: &mut Option<SecretString>,
    ) -> Result<Granted, GraphError> {
        if let Some(token) = refresh.clone() {
            let form = self
                .form()
                .with("grant_type", "refresh_token")
                .with("scope", &self.scope())
                .with_secret("refresh_token", token);
            let answer = sender.post_form(&self.address("token"), form).await?;
            if answer.is_success() {
                return read(&answer);
            }
            // It was withdrawn, or it has ended: the person signs in again.
            *refresh = None;
        }
        let form = match &self.sign_in.credential {
            Credential::Secret(secret) => self.form().with_secret("client_secret", secret.clone()),
            Credential::Certificate(certificate) => {
                let id = sender.new_id().to_string();
                let client_id = self.sign_in.client_id.to_string();
                let audience = self.address("token").to_string();
                let assertion = certificate.assertion(&client_id, &audience, (self.clock)(), &id)?;
                self.form()
                    .with("client_assertion_type", JWT_BEARER)
                    .with_secret("client_assertion", assertion)
            }
            Credential::DeviceCode(show) => return self.device_code(sender, show).await,
        };
        let form = form.with("grant_type", "client_credentials").with("scope", &self.scope());
        let answer = sender.post_form(&self.address("token"), form).await?;
        if answer.is_success() { read(&answer) } else { Err(denied(&answer)) }
    }

    pub(super) fn form(&self) -> Form {
        Form::default().with("client_id", &self.sign_in.client_id.to_string())
    }

    /// For a person, so that the token can be renewed without another sign-in, that too.
    pub(super) fn scope(&self) -> String {
        let offline = matches!(self.sign_in.credential, Credential::DeviceCode(_));
        format!("{}{}", self.endpoint.scope(), if offline { " offline_access" } else { "" })
    }

    pub(super) fn address(&self, name: &str) -> reqwest::Url {
        let mut url = self.endpoint.login().clone();
        // The tenant is letters, digits, dots and dashes.
        url.set_path(&format!("/{}/oauth2/v2.0/{name}", self.sign_in.tenant));
        url
    }
}

/// Reads the token.
pub(super) fn read(answer: &Answer) -> Result<Granted, GraphError> {
    let granted: Granted =
        serde_json::from_slice(&answer.body).map_err(|_| bad(answer, "the answer holds no token"))?;
    let text = granted.access_token.expose_secret();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(bad(answer, "the answer holds no token"));
    }
    Ok(granted)
}

pub(super) fn bad(answer: &Answer, problem: &str) -> GraphError {
    GraphError::BadAnswer { what: "sign-in".into(), problem: problem.into(), ids: answer.ids.clone() }
}

/// Why there is no token.
pub(super) fn denied(answer: &Answer) -> GraphError {
    let denied: Denied = serde_json::from_slice(&answer.body).unwrap_or_default();
    let ids: RequestIds = answer.ids.clone();
    match denied.error {
        Some(code) => GraphError::SignIn {
            code: short(&code),
            message: short(denied.error_description.as_deref().unwrap_or("no reason is given")),
            ids,
        },
        None => GraphError::BadAnswer {
            what: "sign-in".into(),
            problem: format!("status {}, and no reason", answer.status),
            ids,
        },
    }
}
