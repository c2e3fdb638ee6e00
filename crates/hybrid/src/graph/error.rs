//! What can go wrong with Graph, and what Graph says about it.

use std::fmt;
use std::time::Duration;

use adrecover_core::text::printable;
use serde::Deserialize;

use super::auth::certificate::CertificateError;

/// The ids by which Microsoft finds a request. Both are safe to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestIds {
    /// Graph's own, `request-id`.
    pub request: Option<String>,
    /// Ours, `client-request-id`.
    pub client: Option<String>,
}

impl fmt::Display for RequestIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = [("request-id", &self.request), ("client-request-id", &self.client)];
        let mut before = " (";
        for (name, id) in ids.into_iter().filter_map(|(name, id)| Some((name, id.as_ref()?))) {
            write!(f, "{before}{name} {id}")?;
            before = ", ";
        }
        if before == ", " { f.write_str(")") } else { Ok(()) }
    }
}

/// One detail of a refusal: which property is meant, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorDetail {
    /// Such as `ObjectConflict` or `ConflictingObjects`.
    pub code: String,
    /// The property, such as `proxyAddresses`.
    pub target: Option<String>,
    /// What Graph says about it.
    pub message: String,
}

/// That Graph refused a request, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Such as `Request_BadRequest`; empty where the answer holds none.
    pub code: String,
    /// What Graph says, shortened, without control characters.
    pub message: String,
    /// Its details.
    pub details: Vec<ErrorDetail>,
    /// The codes within the code, outermost first.
    pub inner_codes: Vec<String>,
    /// The ids to ask Microsoft with.
    pub ids: RequestIds,
}

impl Refusal {
    /// Whether another object holds what the request wants to give.
    pub fn is_conflict(&self) -> bool {
        let names = |code: &str| matches!(code, "ObjectConflict" | "ConflictingObjects");
        names(&self.code)
            || self.details.iter().any(|d| names(&d.code))
            || self.inner_codes.iter().any(|c| names(c))
    }

    /// The properties that conflict, such as `proxyAddresses`.
    pub fn conflicting(&self) -> impl Iterator<Item = &str> {
        self.details
            .iter()
            .filter(|d| matches!(d.code.as_str(), "ObjectConflict" | "ConflictingObjects"))
            .filter_map(|d| d.target.as_deref())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        if !self.code.is_empty() {
            write!(f, ", {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message.trim_end_matches('.'))?;
        }
        for detail in &self.details {
            write!(f, "; {}", detail.code)?;
            if let Some(target) = &detail.target {
                write!(f, " in {target}")?;
            }
            if !detail.message.is_empty() && detail.message != self.message {
                write!(f, ": {}", detail.message.trim_end_matches('.'))?;
            }
        }
        write!(f, "{}", self.ids)
    }
}

/// Why something was not done with Graph.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The tenant is neither an id nor a domain name.
    #[error("`{0}` is not a tenant: give its id, or one of its domains")]
    BadTenant(String),
    /// There is nothing to trust a server by.
    #[error("no trust anchors: {problem}")]
    TrustAnchors {
        /// What is wrong.
        problem: String,
    },
    /// No connection, or it was lost before anything was answered.
    #[error("cannot reach {host}: {problem}")]
    Unreachable {
        /// The host.
        host: String,
        /// Why.
        problem: String,
    },
    /// The answer took too long.
    #[error("{what} got no answer within {seconds} s{ids}")]
    TimedOut {
        /// The request.
        what: String,
        /// How long it was waited for.
        seconds: u64,
        /// The ids to ask Microsoft with.
        ids: RequestIds,
    },
    /// Entra ID gave no token.
    #[error("cannot sign in: {code}: {message}{ids}")]
    SignIn {
        /// Such as `invalid_client`.
        code: String,
        /// What Entra ID says; its number begins with `AADSTS`.
        message: String,
        /// The ids to ask Microsoft with.
        ids: RequestIds,
    },
    /// The person at the device code said no.
    #[error("the sign-in was declined")]
    SignInDeclined,
    /// Nobody entered the device code in time.
    #[error("the code was not entered within {seconds} s; start again")]
    SignInExpired {
        /// How long the code held.
        seconds: u64,
    },
    /// Graph refused the request.
    #[error("{what}: {refusal}")]
    Refused {
        /// The request.
        what: String,
        /// What Graph says.
        refusal: Box<Refusal>,
    },
    /// Graph asks for more patience than there is.
    #[error(
        "{what}: the service is throttling or busy ({refusal}), and after {attempts} attempts it {asks}; try again later",
        asks = asked(*.retry_after)
    )]
    Throttled {
        /// The request.
        what: String,
        /// How often it was sent.
        attempts: u32,
        /// How long Graph asks to wait now.
        retry_after: Option<Duration>,
        /// What it says.
        refusal: Box<Refusal>,
    },
    /// The answer is not what Graph answers.
    #[error("{what}: {problem}{ids}")]
    BadAnswer {
        /// The request.
        what: String,
        /// What is wrong with it.
        problem: String,
        /// The ids to ask Microsoft with.
        ids: RequestIds,
    },
    /// More came than is taken.
    #[error("{what}: {problem}")]
    TooMuch {
        /// The request.
        what: String,
        /// What is too much.
        problem: String,
    },
    /// A change was sent, and it is not known whether it was made.
    #[error("{what}: {problem}{ids}; the change may have been made: look at the object before trying again")]
    OutcomeUnknown {
        /// The change.
        what: String,
        /// What went wrong.
        problem: String,
        /// The ids to ask Microsoft with.
        ids: RequestIds,
    },
    /// What was fetched could not be read as evidence.
    #[error(transparent)]
    Evidence(#[from] crate::evidence::EvidenceError),
}

fn asked(retry_after: Option<Duration>) -> String {
    match retry_after {
        Some(wait) => format!("asks to wait {} s more", wait.as_secs()),
        None => "still is".into(),
    }
}

/// What an error means for whoever has to say what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphErrorKind {
    /// What was given is wrong: certificate, tenant, trust anchors.
    Input,
    /// The host cannot be reached, is busy, or does not answer in time.
    Unreachable,
    /// No token was given.
    SignIn,
    /// The token does not allow it.
    Denied,
    /// There is no such object; of a deleted one, perhaps no more.
    NotFound,
    /// Another object holds what is asked for.
    Conflict,
    /// Refused for another reason.
    Refused,
    /// It is not known whether a change was made.
    OutcomeUnknown,
    /// The answer is damaged, or not Graph's.
    BadAnswer,
}

impl GraphError {
    /// What it means.
    pub fn kind(&self) -> GraphErrorKind {
        match self {
            Self::Certificate(_) | Self::BadTenant(_) | Self::TrustAnchors { .. } => GraphErrorKind::Input,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Throttled { .. } => {
                GraphErrorKind::Unreachable
            }
            Self::SignIn { .. } | Self::SignInDeclined | Self::SignInExpired { .. } => GraphErrorKind::SignIn,
            Self::Refused { refusal, .. } => match refusal.status {
                401 | 403 => GraphErrorKind::Denied,
                404 => GraphErrorKind::NotFound,
                _ if refusal.is_conflict() => GraphErrorKind::Conflict,
                _ => GraphErrorKind::Refused,
            },
            Self::OutcomeUnknown { .. } => GraphErrorKind::OutcomeUnknown,
            Self::BadAnswer { .. } | Self::TooMuch { .. } | Self::Evidence(_) => GraphErrorKind::BadAnswer,
        }
    }

    /// What Graph says, where it refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } | Self::Throttled { refusal, .. } => Some(refusal),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Document {
    error: Body,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    code: Option<String>,
    message: Option<String>,
    target: Option<String>,
    details: Option<Vec<Body>>,
    #[serde(alias = "innererror")]
    inner_error: Option<Box<Body>>,
    #[serde(rename = "request-id")]
    request_id: Option<String>,
}

/// How many details and inner codes are kept.
const MAX_PARTS: usize = 8;

/// Reads an answer that is no success. What is no error of Graph leaves code and message empty.
pub(crate) fn refusal(status: u16, body: &[u8], mut ids: RequestIds, depth: usize) -> Refusal {
    let parsed =
        if super::page::depth(body) <= depth { serde_json::from_slice::<Document>(body).ok() } else { None };
    let body = parsed.map(|d| d.error).unwrap_or_default();
    let details = body.details.unwrap_or_default().into_iter().take(MAX_PARTS).map(|d| ErrorDetail {
        code: short(d.code.as_deref().unwrap_or_default()),
        target: d.target.as_deref().map(short),
        message: short(d.message.as_deref().unwrap_or_default()),
    });
    let details = details.collect();
    let mut inner_codes = vec![];
    let mut inner = body.inner_error;
    while let Some(body) = inner.take().filter(|_| inner_codes.len() < MAX_PARTS) {
        ids.request = ids.request.or(body.request_id.as_deref().map(short));
        inner_codes.extend(body.code.as_deref().map(short));
        inner = body.inner_error;
    }
    Refusal {
        status,
        code: short(body.code.as_deref().unwrap_or_default()),
        message: short(body.message.as_deref().unwrap_or_default()),
        details,
        inner_codes,
        ids,
    }
}

/// A text of a server that can be printed, on one line.
pub(crate) fn short(text: &str) -> String {
    const LENGTH: usize = 400;
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    let mut out: String = line.chars().take(LENGTH).collect();
    if out.len() < line.len() {
        out.push('…');
    }
    printable(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_read_with_their_targets() {
        let body = br#"{"error":{"code":"Request_BadRequest","message":"Conflicting object with value a@contoso.com.",
            "details":[{"code":"ObjectConflict","target":"proxyAddresses","message":"held by 8d4e\u001b[31m"}],
            "innerError":{"code":"x","request-id":"r-1","innererror":{"code":"y"}}}}"#;
        let refusal = refusal(400, body, RequestIds::default(), 32);
        assert!(refusal.is_conflict());
        assert_eq!(refusal.conflicting().collect::<Vec<_>>(), ["proxyAddresses"]);
        assert_eq!(refusal.inner_codes, ["x", "y"]);
        assert_eq!(
            refusal.to_string(),
            "status 400, Request_BadRequest: Conflicting object with value a@contoso.com; ObjectConflict in proxyAddresses: \
             held by 8d4e\\u{1b}[31m (request-id r-1)"
        );
        let error = GraphError::Refused { what: "x".into(), refusal: Box::new(refusal) };
        assert_eq!(error.kind(), GraphErrorKind::Conflict);
    }

    #[test]
    fn what_is_no_error_of_graph_is_a_status() {
        for body in [&b""[..], b"<html>", b"{}", br#"{"error":3}"#, b"\xff", br#"{"error":{}}"#] {
            let refusal = refusal(502, body, RequestIds::default(), 32);
            assert_eq!(refusal.to_string(), "status 502");
        }
    }
}
