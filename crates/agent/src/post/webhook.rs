//! An alert as a POST of JSON.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use zeroize::Zeroizing;

use crate::alert::Alert;

const LONGEST: Duration = Duration::from_secs(20);
/// No header is longer.
const LONGEST_HEADER: u64 = 8192;

/// A POST to a URL.
pub struct WebhookChannel {
    client: Client,
    url: Url,
    /// The file with a header; read anew each time, since it may be changed.
    secret: Option<PathBuf>,
}

/// A URL may hold a secret, so only its host is shown.
impl fmt::Debug for WebhookChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookChannel({})", self.host())
    }
}

impl WebhookChannel {
    /// To a URL: `https`, or `http` on this computer. `secret` is a file with one header, such as `Authorization: Bearer …`.
    ///
    /// The client is the program's: with its trust anchors.
    pub fn new(url: &str, secret: Option<PathBuf>, client: reqwest::ClientBuilder) -> Result<Self, String> {
        let bad = |why: &str| Err(format!("the webhook's URL cannot be used: {why}"));
        let Ok(url) = url.trim().parse::<Url>() else { return bad("it is no URL") };
        let Some(host) = url.host_str() else { return bad("it names no host") };
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_here = address.map_or(host == "localhost", |address| address.is_loopback());
        if !(url.scheme() == "https" || url.scheme() == "http" && is_here) {
            return bad("it has to begin with https://, or with http:// for this computer");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad("no name and no password belong in it; give a header from a file");
        }
        let client = if is_here { client.no_proxy() } else { client };
        let client = client.timeout(LONGEST).build().map_err(|error| error.without_url().to_string())?;
        let channel = Self { client, url, secret };
        // A file that cannot be used is said at once.
        channel.header()?;
        Ok(channel)
    }

    fn host(&self) -> String {
        format!("{}://{}", self.url.scheme(), self.url.host_str().unwrap_or_default())
    }

    pub(super) async fn deliver(&self, alert: &Alert) -> Result<(), String> {
        let octets = alert.document();
        let mut request =
            self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(octets);
        if let Some((name, value)) = self.header()? {
            request = request.header(name, value);
        }
        let host = self.host();
        let answer =
            request.send().await.map_err(|error| format!("{host}: {}", chain(&error.without_url())))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("{host} answered {status}")) }
    }

    /// The header of the secret's file.
    fn header(&self) -> Result<Option<(HeaderName, HeaderValue)>, String> {
        use std::io::Read;
        let Some(path) = &self.secret else { return Ok(None) };
        let bad = |why: &str| format!("the webhook's header in {} cannot be used: {why}", path.display());
        let mut octets = Zeroizing::new(vec![]);
        let file = std::fs::File::open(path).map_err(|error| bad(&error.to_string()))?;
        file.take(LONGEST_HEADER).read_to_end(&mut octets).map_err(|error| bad(&error.to_string()))?;
        let text = std::str::from_utf8(&octets).map_err(|_| bad("it is no text"))?;
        let (name, value) =
            text.trim().split_once(':').ok_or_else(|| bad("write it as `Authorization: Bearer …`"))?;
        let name = name.trim().parse::<HeaderName>().map_err(|_| bad("its name is none of a header"))?;
        let mut value =
            HeaderValue::from_str(value.trim()).map_err(|_| bad("its value is none of a header"))?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }
}

/// An error with its causes, of which the last ones say what happened.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    adrecover_core::text::printable(&text).into_owned()
}
