//! Signing in: how a token is got, kept and renewed (OAuth 2.0 of the Microsoft identity platform, v2.0 endpoints).

pub(crate) mod certificate;
mod device;
mod token;

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use uuid::Uuid;

use super::error::GraphError;
use certificate::Certificate;
pub(crate) use token::Tokens;

/// What a person is shown who shall sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePrompt {
    /// The page to open: `https`, without control characters.
    pub verification_uri: String,
    /// The code to enter there.
    pub user_code: String,
    /// How long it holds, in seconds.
    pub expires_in: u64,
}

/// Shows a person where to sign in, with which code.
pub type ShowDeviceCode = Arc<dyn Fn(&DevicePrompt) + Send + Sync>;

/// Who asks for a token.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// An app with a secret.
    Secret(SecretString),
    /// An app with a certificate.
    Certificate(Arc<Certificate>),
    /// A person, who signs in elsewhere with a code (RFC 8628). Permissions are those of the person within those of the app.
    DeviceCode(ShowDeviceCode),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("Secret(…)"),
            Self::Certificate(certificate) => certificate.fmt(f),
            Self::DeviceCode(_) => f.write_str("DeviceCode"),
        }
    }
}

/// Which app of which tenant signs in, and how.
#[derive(Debug, Clone)]
pub struct SignIn {
    tenant: String,
    client_id: Uuid,
    credential: Credential,
}

impl SignIn {
    /// `tenant` is the id of a tenant or one of its domains.
    pub fn new(tenant: &str, client_id: Uuid, credential: Credential) -> Result<Self, GraphError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let fits = tenant.len() <= 253
            && tenant.split('.').all(|label| !label.is_empty() && label.chars().all(is_name))
            // These stand for "whatever tenant somebody belongs to".
            && !["common", "organizations", "consumers"].contains(&tenant.to_ascii_lowercase().as_str());
        if fits {
            Ok(Self { tenant: tenant.to_owned(), client_id, credential })
        } else {
            Err(GraphError::BadTenant(super::error::short(tenant)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_an_id_or_a_domain() {
        let credential = || Credential::Secret("x".into());
        for good in ["contoso.onmicrosoft.com", "8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab"] {
            assert!(SignIn::new(good, Uuid::nil(), credential()).is_ok(), "{good}");
        }
        for bad in ["", "a/b", "..", "common", "Organizations", "a?b", "x@y", "a b", "a%2fb"] {
            assert!(SignIn::new(bad, Uuid::nil(), credential()).is_err(), "{bad}");
        }
    }
}
