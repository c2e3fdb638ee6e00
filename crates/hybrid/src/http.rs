//! HTTPS as everywhere in the program: whoever sends a request begins with this.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};

use crate::graph::{GraphError, tls};

/// What makes a client: with these trust anchors (PEM, or one in DER) besides those of the system. It follows no redirect and sends
/// nothing a second time by itself.
pub fn builder(ca: Option<&[u8]>, connect: Duration) -> Result<ClientBuilder, GraphError> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls::configuration(ca)?)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(connect)
        .user_agent(concat!("adrecover/", env!("CARGO_PKG_VERSION"))))
}
