//! The device code flow (RFC 8628): a person signs in elsewhere while this waits.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::Instant;

use super::token::{Denied, Granted, Tokens, bad, denied, read};
use super::{DevicePrompt, ShowDeviceCode};
use crate::graph::error::{GraphError, short};
use crate::graph::send::Sender;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How much longer to wait after `slow_down` (RFC 8628 3.5).
const SLOWER: u64 = 5;
/// No code is waited for longer than this, in seconds.
const LONGEST: u64 = 1800;

#[derive(Deserialize)]
struct Offered {
    device_code: SecretString,
    user_code: String,
    #[serde(alias = "verification_url")]
    verification_uri: String,
    expires_in: u64,
    #[serde(default)]
    interval: Option<u64>,
}

impl Tokens {
    pub(super) async fn device_code(
        &self,
        sender: &Sender,
        show: &ShowDeviceCode,
    ) -> Result<Granted, GraphError> {
        let form = self.form().with("scope", &self.scope());
        let answer = sender.post_form(&self.address("devicecode"), form).await?;
        if !answer.is_success() {
            return Err(denied(&answer));
        }
        let offered: Offered = serde_json::from_slice(&answer.body)
            .map_err(|_| bad(&answer, "the answer holds no code to sign in with"))?;
        let page = short(&offered.verification_uri);
        let is_code = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_shown = (1..=40).contains(&offered.user_code.len()) && offered.user_code.chars().all(is_code);
        if !page.starts_with("https://") || !is_shown {
            return Err(bad(&answer, "the page or the code to sign in with is none"));
        }
        let expires_in = offered.expires_in.min(LONGEST);
        show(&DevicePrompt { verification_uri: page, user_code: offered.user_code, expires_in });
        let interval = offered.interval.unwrap_or(5).clamp(1, 60);
        self.poll(sender, &offered.device_code, expires_in, interval).await
    }

    async fn poll(
        &self,
        sender: &Sender,
        code: &SecretString,
        expires_in: u64,
        mut interval: u64,
    ) -> Result<Granted, GraphError> {
        let end = Instant::now() + Duration::from_secs(expires_in);
        // Waits are counted too: where they are not real, time does not pass.
        let mut waited = 0;
        loop {
            waited += interval;
            if waited > expires_in || Instant::now() >= end {
                return Err(GraphError::SignInExpired { seconds: expires_in });
            }
            sender.pause(Duration::from_secs(interval)).await;
            let form = self.form().with("grant_type", DEVICE_CODE).with_secret("device_code", code.clone());
            let answer = match sender.post_form(&self.address("token"), form).await {
                Ok(answer) => answer,
                // A lost connection is no answer: ask again, more slowly (RFC 8628 3.5).
                Err(GraphError::Unreachable { .. } | GraphError::TimedOut { .. }) => {
                    interval = (interval * 2).min(60);
                    continue;
                }
                Err(other) => return Err(other),
            };
            if answer.is_success() {
                return read(&answer);
            }
            let said: Denied = serde_json::from_slice(&answer.body).unwrap_or_default();
            match said.error.as_deref() {
                Some("authorization_pending") => {}
                Some("slow_down") => interval += SLOWER,
                Some("authorization_declined" | "access_denied") => return Err(GraphError::SignInDeclined),
                Some("expired_token" | "code_expired") => {
                    return Err(GraphError::SignInExpired { seconds: expires_in });
                }
                _ => return Err(denied(&answer)),
            }
        }
    }
}
