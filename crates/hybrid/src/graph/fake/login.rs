//! The token endpoint: secret, assertion, device code, refresh.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::http::{Received, Reply};
use super::{CLIENT, SECRET, State, TENANT, in_json};

/// What every device code is.
pub(super) const DEVICE_CODE: &str = "fake-device-code-0123456789";

type Form = BTreeMap<String, String>;

impl State {
    pub(super) fn login(&mut self, received: &Received) -> Reply {
        let form: Form = reqwest::Url::parse(&format!("x:/?{}", String::from_utf8_lossy(&received.body)))
            .map(|url| url.query_pairs().into_owned().collect())
            .unwrap_or_default();
        let kind = received.header("content-type").unwrap_or_default();
        if received.method != "POST" || kind != "application/x-www-form-urlencoded" {
            return self.violated("a token is asked for by POST with a form");
        }
        if form.get("client_id") != Some(&CLIENT.to_string()) {
            return denied("unauthorized_client", "AADSTS700016: Application not found in the directory.");
        }
        match received.path.strip_prefix(&format!("/{TENANT}/oauth2/v2.0/")) {
            Some("token") => self.token(&form),
            Some("devicecode") => self.device_code(&form),
            _ => denied("invalid_request", "AADSTS90002: Tenant not found."),
        }
    }

    fn violated(&mut self, what: &str) -> Reply {
        self.violations.push(what.to_owned());
        denied("invalid_request", what)
    }

    fn scope(&self) -> String {
        format!("http://{}/.default", self.address)
    }

    fn token(&mut self, form: &Form) -> Reply {
        let get = |name: &str| form.get(name).map_or("", String::as_str);
        let known: &[&str] = match get("grant_type") {
            "client_credentials" if form.contains_key("client_secret") => &["scope", "client_secret"],
            "client_credentials" => &["scope", "client_assertion_type", "client_assertion"],
            "refresh_token" => &["scope", "refresh_token"],
            "urn:ietf:params:oauth:grant-type:device_code" => &["device_code"],
            other => return self.violated(&format!("the grant {other}")),
        };
        let extra = form
            .keys()
            .find(|n| !known.contains(&n.as_str()) && !["client_id", "grant_type"].contains(&n.as_str()));
        if let Some(extra) = extra {
            return self.violated(&format!("a form with {extra}"));
        }
        if let Some(missing) = known.iter().find(|n| !form.contains_key(**n)) {
            return self.violated(&format!("a form without {missing}"));
        }
        match get("grant_type") {
            "client_credentials" if get("scope") != self.scope() => self.violated("another scope"),
            "client_credentials" if form.contains_key("client_secret") => {
                if get("client_secret") == SECRET {
                    self.grant(false)
                } else {
                    denied("invalid_client", "AADSTS7000215: Invalid client secret provided.")
                }
            }
            "client_credentials" => match self.check_assertion(get("client_assertion")) {
                Ok(()) => self.grant(false),
                Err(why) => denied("invalid_client", &format!("AADSTS700027: {why}")),
            },
            "refresh_token" => {
                if self.refresh.remove(get("refresh_token")) {
                    self.grant(true)
                } else {
                    denied("invalid_grant", "AADSTS700082: The refresh token has expired.")
                }
            }
            _ => {
                if get("device_code") != DEVICE_CODE {
                    return denied("bad_verification_code", "AADSTS70019: The code is not known.");
                }
                match self.device.pop_front() {
                    Some(error) => denied(error, "AADSTS70016: not yet"),
                    None => self.grant(true),
                }
            }
        }
    }

    fn device_code(&mut self, form: &Form) -> Reply {
        if form.get("scope") != Some(&format!("{} offline_access", self.scope())) {
            return self.violated("another scope of a device code");
        }
        in_json(
            200,
            &json!({
                "device_code": DEVICE_CODE, "user_code": "ABCD-1234", "expires_in": 900, "interval": 5,
                "verification_uri": "https://microsoft.com/devicelogin", "message": "To sign in, …"
            }),
        )
    }

    fn grant(&mut self, is_person: bool) -> Reply {
        let number = self.next();
        let token = format!("fake.token.{number}.eyJhbGciOi");
        self.tokens.insert(token.clone());
        let mut body =
            json!({ "token_type": "Bearer", "expires_in": self.token_seconds, "access_token": token });
        if is_person {
            let refresh = format!("fake.refresh.{number}");
            self.refresh.insert(refresh.clone());
            body["refresh_token"] = json!(refresh);
        }
        in_json(200, &body)
    }

    fn check_assertion(&self, assertion: &str) -> Result<(), &'static str> {
        let (signed, signature) = assertion.rsplit_once('.').ok_or("no token")?;
        let (header, claims) = signed.split_once('.').ok_or("no claims")?;
        let part = |text: &str| -> Result<Vec<u8>, &'static str> {
            URL_SAFE_NO_PAD.decode(text).map_err(|_| "not base64")
        };
        let value_of = |text: &str| -> Result<Value, &'static str> {
            serde_json::from_slice(&part(text)?).map_err(|_| "not JSON")
        };
        let (header, claims) = (value_of(header)?, value_of(claims)?);
        let key = self.public_key.as_deref().ok_or("no key is registered")?;
        let algorithm: &dyn ring::signature::VerificationAlgorithm = match header["alg"].as_str() {
            Some("PS256") if header["x5t#S256"].is_string() => &RSA_PSS_2048_8192_SHA256,
            Some("RS256") if header["x5t"].is_string() => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err("an algorithm without its thumbprint"),
        };
        UnparsedPublicKey::new(algorithm, key)
            .verify(signed.as_bytes(), &part(signature)?)
            .map_err(|_| "the signature is wrong")?;
        let audience = format!("http://{}/{TENANT}/oauth2/v2.0/token", self.address);
        let client = CLIENT.to_string();
        let is_right = claims["aud"] == audience.as_str()
            && claims["iss"] == client.as_str()
            && claims["sub"] == client.as_str()
            && claims["jti"].as_str().is_some_and(|id| id.len() == 36)
            && claims["exp"].as_i64() > claims["nbf"].as_i64();
        if is_right { Ok(()) } else { Err("the claims are wrong") }
    }
}

fn denied(error: &str, description: &str) -> Reply {
    in_json(400, &json!({ "error": error, "error_description": description, "trace_id": "t" }))
}
