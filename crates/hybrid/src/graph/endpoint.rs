//! Where to sign in and where Graph is: the public cloud and the sovereign ones.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// The two hosts of a cloud. Each is `https`, or a loopback address.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    login: Url,
    graph: Url,
}

/// An address that no token may be sent to, or a name that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEndpoint {
    /// It is no URL, or not only a scheme, a host and a port.
    #[error("`{0}` is not the address of a host; give it as https://graph.microsoft.com")]
    NotAnAddress(String),
    /// It is neither `https` nor a loopback address.
    #[error("`{0}` is not encrypted: a token is sent by https only, or to a loopback address")]
    NotEncrypted(String),
    /// There is no such cloud.
    #[error("there is no cloud `{0}`; there are public, usgov, usgov-dod and china")]
    NoSuchCloud(String),
}

impl Endpoint {
    /// The cloud of this name: `public`, `usgov` (GCC High), `usgov-dod` or `china`.
    /// (learn.microsoft.com/graph/deployments)
    pub fn named(name: &str) -> Result<Self, BadEndpoint> {
        let (login, graph) = match name.to_ascii_lowercase().as_str() {
            "public" => ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
            "usgov" => ("https://login.microsoftonline.us", "https://graph.microsoft.us"),
            "usgov-dod" => ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
            "china" => {
                ("https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn")
            }
            _ => return Err(BadEndpoint::NoSuchCloud(crate::evidence::brief(name))),
        };
        Self::new(login, graph)
    }

    /// Hosts of one's own choice, without a path.
    pub fn new(login: &str, graph: &str) -> Result<Self, BadEndpoint> {
        Ok(Self { login: host(login)?, graph: host(graph)? })
    }

    /// Where the token comes from.
    pub(crate) fn login(&self) -> &Url {
        &self.login
    }

    /// Where Graph is.
    pub(crate) fn graph(&self) -> &Url {
        &self.graph
    }

    /// The host of Graph, as texts name it.
    pub fn graph_host(&self) -> &str {
        self.graph.host_str().unwrap_or_default()
    }

    /// What tokens are asked for: all that the app was given.
    pub(crate) fn scope(&self) -> String {
        format!("{}.default", self.graph)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}, {})", self.login, self.graph)
    }
}

fn host(text: &str) -> Result<Url, BadEndpoint> {
    let bad = || BadEndpoint::NotAnAddress(crate::evidence::brief(text));
    let url: Url = text.trim().parse().map_err(|_| bad())?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !is_bare {
        return Err(bad());
    }
    let name = url.host_str().ok_or_else(bad)?;
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match url.scheme() {
        "https" => Ok(url),
        "http" if address.is_ok_and(|a| a.is_loopback()) => Ok(url),
        "http" => Err(BadEndpoint::NotEncrypted(crate::evidence::brief(text))),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_by_name() {
        for (name, graph) in [
            ("public", "graph.microsoft.com"),
            ("USGov", "graph.microsoft.us"),
            ("usgov-dod", "dod-graph.microsoft.us"),
            ("china", "microsoftgraph.chinacloudapi.cn"),
        ] {
            let endpoint = Endpoint::named(name).unwrap();
            assert_eq!(endpoint.graph_host(), graph);
            assert_eq!(endpoint.scope(), format!("https://{graph}/.default"));
            assert_eq!(endpoint.login().scheme(), "https");
        }
        assert!(matches!(Endpoint::named("germany"), Err(BadEndpoint::NoSuchCloud(_))));
    }

    #[test]
    fn a_token_goes_nowhere_unencrypted() {
        let https = "https://login.example";
        for bad in ["http://graph.example", "http://10.0.0.1", "http://localhost.example:80"] {
            assert!(matches!(Endpoint::new(https, bad), Err(BadEndpoint::NotEncrypted(_))), "{bad}");
        }
        for bad in ["graph.example", "ftp://x", "https://a:b@graph.example", "https://g/x", "https://g?x", ""]
        {
            assert!(matches!(Endpoint::new(https, bad), Err(BadEndpoint::NotAnAddress(_))), "{bad}");
        }
        for good in ["http://127.0.0.1:80", "http://[::1]:8080", "https://graph.example:444/"] {
            assert!(Endpoint::new(https, good).is_ok(), "{good}");
        }
    }
}
