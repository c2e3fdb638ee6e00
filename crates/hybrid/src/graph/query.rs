//! A request to Graph as a value: it can be shown, checked against the description, and sent.

use std::fmt;

use reqwest::Url;
use serde_json::Value;

use super::endpoint::Endpoint;

/// What is done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Does what the path names.
    Post,
    /// Changes properties.
    Patch,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        })
    }
}

/// Which of the two endpoints. What is in `beta` only may change without notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `v1.0`.
    V1,
    /// `beta`.
    Beta,
}

impl Version {
    /// As it stands in a path.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    /// Whether it asks the index that answers advanced queries, which may lag behind.
    pub(crate) is_eventual: bool,
    pub(crate) body: Option<Value>,
    /// Whether it may be sent again although the first one may have been carried out.
    pub(crate) is_repeatable: bool,
}

impl Request {
    pub(crate) fn new(method: Method, version: Version, path: &[&str]) -> Self {
        Self {
            method,
            version,
            path: path.iter().map(|s| (*s).to_owned()).collect(),
            query: vec![],
            is_eventual: false,
            body: None,
            is_repeatable: true,
        }
    }

    pub(crate) fn get(path: &[&str]) -> Self {
        Self::new(Method::Get, Version::V1, path)
    }

    pub(crate) fn beta(path: &[&str]) -> Self {
        Self::new(Method::Get, Version::Beta, path)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn select(self, properties: &[&str]) -> Self {
        self.with("$select", properties.join(","))
    }

    /// An advanced query (learn.microsoft.com/graph/aad-advanced-queries).
    pub(crate) fn eventual(mut self) -> Self {
        self.is_eventual = true;
        self.with("$count", "true")
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// What is sent, as JSON; nothing of it is secret.
    pub fn json(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    pub(crate) fn url(&self, endpoint: &Endpoint) -> Url {
        let mut url = endpoint.graph().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().push(self.version.segment()).extend(&self.path);
        }
        if !self.query.is_empty() {
            let pairs: Vec<String> =
                self.query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
            url.set_query(Some(&pairs.join("&")));
        }
        url
    }
}

/// The method and the path, without the query: filters hold names of people.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /{}/{}", self.method, self.version.segment(), self.path.join("/"))
    }
}

/// Text as it stands in a query: a plus sign, which base64 has, would be read as a space.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for octet in text.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(char::from(octet)),
            b'-' | b'.' | b'_' | b'~' | b'$' | b',' | b'(' | b')' | b':' | b'@' | b'/' => {
                out.push(char::from(octet));
            }
            _ => out.push_str(&format!("%{octet:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_asked_for_cannot_leave_its_place() {
        let endpoint = Endpoint::named("public").unwrap();
        let request = Request::get(&["users"]).with("$filter", "x eq 'KmtO+/w==&$top=9#'").eventual();
        assert_eq!(
            request.url(&endpoint).as_str(),
            "https://graph.microsoft.com/v1.0/users?$filter=x%20eq%20%27KmtO%2B/w%3D%3D%26$top%3D9%23%27&$count=true"
        );
        assert_eq!(request.to_string(), "GET /v1.0/users");
        let request = Request::beta(&["users", "a/b?c#d"]);
        assert_eq!(request.url(&endpoint).as_str(), "https://graph.microsoft.com/beta/users/a%2Fb%3Fc%23d");
    }

    proptest! {
        #[test]
        fn a_query_comes_back_as_it_was(value in ".{0,40}") {
            let endpoint = Endpoint::named("public").unwrap();
            let url = Request::get(&["users"]).with("$filter", value.clone()).url(&endpoint);
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, [("$filter".to_owned(), value)]);
        }
    }
}
