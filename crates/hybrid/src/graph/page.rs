//! One page of a list: how much is on it, and where the next one is.

use std::borrow::Cow;

use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::endpoint::Endpoint;

/// What stands on a page. The objects stay as they are written.
#[derive(Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    pub(crate) value: Vec<&'a RawValue>,
    #[serde(rename = "@odata.nextLink", borrow, default)]
    pub(crate) next: Option<Cow<'a, str>>,
}

impl<'a> Page<'a> {
    /// Reads a page whose depth is known to be bounded.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, &'static str> {
        serde_json::from_slice(body).map_err(|e| match e.classify() {
            serde_json::error::Category::Eof => "the answer is cut",
            serde_json::error::Category::Data => "the answer is no list",
            _ => "the answer is not JSON",
        })
    }
}

/// How deep JSON is nested, without reading it: brackets within texts do not count.
pub(crate) fn depth(json: &[u8]) -> usize {
    let (mut now, mut most, mut is_text, mut is_escaped) = (0usize, 0, false, false);
    for octet in json {
        if is_text {
            match octet {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match octet {
            b'"' => is_text = true,
            b'{' | b'[' => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// The link to the next page, if the token may go there: the same host, and the same version of Graph.
pub(crate) fn next(link: &str, endpoint: &Endpoint, version: &str) -> Result<Url, &'static str> {
    let url: Url = link.parse().map_err(|_| "the link to the next page is none")?;
    let is_same = url.origin() == endpoint.graph().origin()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    if !is_same {
        return Err("the link to the next page leads to another host: the token does not go there");
    }
    if url.path_segments().and_then(|mut s| s.next()) != Some(version) {
        return Err("the link to the next page leads to another version of Graph");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        assert_eq!(depth(br#"{"a":["[[[\"[",{"b":1}],"c":[]}"#), 3);
        assert_eq!(depth(b"]]]["), 1);
        assert_eq!(depth(&[b'['; 1000]), 1000);
    }

    #[test]
    fn a_link_stays_on_its_host() {
        let endpoint = Endpoint::named("public").unwrap();
        assert!(next("https://graph.microsoft.com/v1.0/users?$skiptoken=x", &endpoint, "v1.0").is_ok());
        for bad in [
            "https://graph.microsoft.com.evil.example/v1.0/users",
            "http://graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com:444/v1.0/users",
            "https://graph.microsoft.com@evil.example/v1.0/users",
            "https://x@graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com/beta/users",
            "https://graph.microsoft.com/v1.0/../beta/users",
            "/v1.0/users",
            "file:///v1.0/users",
            "",
        ] {
            assert!(next(bad, &endpoint, "v1.0").is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>) {
            depth(&octets);
            let _ = Page::read(&octets);
            let _ = next(&String::from_utf8_lossy(&octets), &Endpoint::named("public").unwrap(), "v1.0");
        }
    }
}
