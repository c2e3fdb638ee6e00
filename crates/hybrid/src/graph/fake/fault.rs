//! What can go wrong with one answer.

use serde_json::json;

use super::http::{Delivery, Received, Reply};
use super::in_json;

/// One misbehaviour.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing: for those that come later.
    None,
    /// A status with this `Retry-After`.
    Busy(u16, Option<String>),
    /// The request is carried out, and answered with this status.
    DoneBut(u16),
    /// The answer ends after so many octets.
    Cut(usize),
    /// The connection ends without an answer.
    Close,
    /// The request is carried out, and the connection ends.
    DoneThenClose,
    /// No answer.
    Hang,
    /// The answer comes an octet at a time.
    Drip,
    /// The answer never ends.
    Endless,
    /// These octets in place of an answer, from the first one.
    Raw(Vec<u8>),
    /// A success with this body.
    Body(Vec<u8>),
    /// The answer says that it is of another type.
    ContentType(&'static str),
    /// The list says that its next page is here.
    NextLink(String),
    /// The list leads to itself, with another token each time.
    NextLinkForEver(u64),
    /// The answer leads here.
    Redirect(String),
    /// The token is refused.
    Unauthorised,
    /// An error that repeats everything that was sent.
    Echo,
}

impl Fault {
    /// What is answered without looking at the request.
    pub(super) fn instead(&self, received: &Received, base: &str) -> Option<Reply> {
        let error = |status, code: &str, message: &str| {
            in_json(status, &json!({ "error": { "code": code, "message": message } }))
        };
        let delivered = |delivery| Some(Reply { status: 200, delivery, ..Reply::default() });
        match self {
            Self::Busy(status, after) => {
                let mut reply = error(*status, "TooManyRequests", "Too many requests.");
                reply.headers.extend(after.clone().map(|after| ("retry-after", after)));
                Some(reply)
            }
            Self::Close => delivered(Delivery::Close),
            Self::Hang => delivered(Delivery::Hang),
            Self::Endless => {
                let headers = vec![("content-type", "application/json".to_owned())];
                Some(Reply { status: 200, headers, delivery: Delivery::Endless, body: vec![] })
            }
            Self::Raw(octets) => {
                Some(Reply { body: octets.clone(), delivery: Delivery::Raw, ..Reply::default() })
            }
            Self::Body(body) => Some(Reply { body: body.clone(), ..in_json(200, &json!(null)) }),
            Self::Redirect(to) => {
                let mut reply = in_json(302, &json!({}));
                reply.headers.push(("location", to.clone()));
                Some(reply)
            }
            Self::Unauthorised => Some(error(401, "InvalidAuthenticationToken", "Access token has expired.")),
            Self::NextLinkForEver(n) => {
                let link = format!("{base}/v1.0/users?$skiptoken=ever{n}");
                Some(in_json(200, &json!({ "value": [], "@odata.nextLink": link })))
            }
            Self::Echo => {
                let token = received.header("authorization").unwrap_or_default();
                let form: Vec<String> =
                    reqwest::Url::parse(&format!("x:/?{}", String::from_utf8_lossy(&received.body)))
                        .map(|url| url.query_pairs().map(|(_, value)| value.into_owned()).collect())
                        .unwrap_or_default();
                let body = String::from_utf8_lossy(&received.body);
                let said = format!("you sent {token} {} {body}", form.join(" "));
                let mut reply = error(400, "Echo", &said);
                if received.path.contains("/oauth2/") {
                    reply = in_json(400, &json!({ "error": "invalid_client", "error_description": said }));
                }
                Some(reply)
            }
            _ => None,
        }
    }

    /// What becomes of the answer.
    pub(super) fn upon(self, mut reply: Reply, base: &str) -> Reply {
        match self {
            Self::DoneBut(status) => return in_json(status, &json!({})),
            Self::Cut(at) => reply.delivery = Delivery::Cut(at),
            Self::DoneThenClose => reply.delivery = Delivery::Close,
            Self::Drip => reply.delivery = Delivery::Drip,
            Self::ContentType(kind) => {
                reply.headers.retain(|(name, _)| *name != "content-type");
                reply.headers.push(("content-type", kind.to_owned()));
            }
            Self::NextLink(link) => {
                let mut body: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
                body["@odata.nextLink"] = json!(link.replace("{base}", base));
                reply.body = body.to_string().into_bytes();
            }
            _ => {}
        }
        reply
    }
}
