//! Microsoft Graph: reads what Entra ID holds, and makes the few changes that a recovery needs.
//!
//! Start at [`Client`]. What it reads becomes the same [`Evidence`](crate::evidence::Evidence) as files of an export
//! ([`Client::gather`]); what it changes is a [`Change`] that can be shown first. Four rules hold throughout:
//!
//! - Secrets and tokens are in memory only, and in no error, `Debug` or text that is shown.
//! - The token goes to the two hosts of the [`Endpoint`] and nowhere else: no redirect is followed, no link to another host.
//! - Every wait, answer and list has a bound ([`Limits`]). Dropping a future ends what it does.
//! - A change that may have been made is never sent again ([`GraphError::OutcomeUnknown`]).
//!
//! `docs/cloud.md` says which permissions each call needs, and what was not tried against a live tenant.

mod answer;
mod auth;
mod change;
mod client;
mod conflicts;
mod endpoint;
mod error;
#[cfg(any(test, feature = "fake"))]
#[doc(hidden)]
pub mod fake;
mod feed;
mod filter;
mod gather;
mod hint;
mod keys;
mod limits;
mod page;
mod query;
mod read;
mod retry;
mod send;
pub(crate) mod tls;

#[cfg(test)]
pub(crate) mod tests;

/// What must hold of any answer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzzed(data: &[u8]) {
    let depth = page::depth(data);
    if depth > Limits::default().depth {
        return;
    }
    let refusal = error::refusal(400, data, RequestIds::default(), depth);
    let text = refusal.to_string();
    assert!(!text.contains(['\n', '\u{1b}', '\u{202e}']), "a refusal can drive a terminal");
    assert!(text.len() < 200_000, "a refusal is long");
    let Ok(read) = page::Page::read(data) else { return };
    assert!(depth >= 2, "a list of objects has brackets");
    let Ok(endpoint) = Endpoint::named("public") else { return };
    if let Some(Ok(next)) = read.next.as_deref().map(|link| page::next(link, &endpoint, "v1.0")) {
        assert_eq!(next.origin(), endpoint.graph().origin());
        assert!(next.path().starts_with("/v1.0/") || next.path() == "/v1.0");
    }
}

pub use auth::certificate::{Certificate, CertificateError, Signing};
pub use auth::{Credential, DevicePrompt, ShowDeviceCode, SignIn};
pub use change::{Change, LicenceGrant, ProxyConflict};
pub use client::{Client, Clock};
pub use conflicts::{Claimant, ClaimantKind, Claimed, Conflicts, Unseen};
pub use endpoint::{BadEndpoint, Endpoint};
pub use error::{ErrorDetail, GraphError, GraphErrorKind, Refusal, RequestIds};
pub use gather::{Gathered, Shortfall, Wanted};
pub use limits::Limits;
pub use query::{Method, Request, Version};
pub use read::{Key, Place, Read};
