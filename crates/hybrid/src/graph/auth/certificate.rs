//! Signing in with a certificate: a JSON Web Token that its key signs
//! (learn.microsoft.com/entra/identity-platform/certificate-credentials).

use std::fmt;

use adrecover_core::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use serde_json::json;

/// How long an assertion holds, in seconds. Entra ID takes up to a day; one is used at once.
const LIFETIME: i64 = 300;
/// How far the clock here may be ahead, in seconds.
const SKEW: i64 = 60;

/// How an assertion is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signing {
    /// `PS256`, and the certificate named by its SHA-256: what Microsoft recommends.
    #[default]
    Ps256,
    /// `RS256`, and the certificate named by its SHA-1: what older services know.
    Rs256,
}

/// Why a certificate or its key cannot be used. Nothing of the key is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// There is no certificate in the text.
    #[error("it holds no certificate; the file has to be PEM with the certificate and its key")]
    NoCertificate,
    /// There is no key in the text.
    #[error("it holds no private key; the file has to be PEM with the certificate and its key")]
    NoKey,
    /// The key has a passphrase.
    #[error(
        "its private key is encrypted; write one without a passphrase (openssl pkcs8 -in KEY -out NEW) into a file that only you can read"
    )]
    Encrypted,
    /// It is not an RSA key of 2048 to 4096 bits.
    #[error("its private key is no RSA key of 2048 to 4096 bits, which Entra ID asks for")]
    NotRsa,
    /// The key belongs to another certificate.
    #[error("its private key does not belong to its first certificate")]
    Mismatch,
    /// Signing failed.
    #[error("its private key does not sign")]
    Signing,
}

/// A certificate with its key.
pub struct Certificate {
    der: CertificateDer<'static>,
    key: RsaKeyPair,
    signing: Signing,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.thumbprint())
    }
}

impl Certificate {
    /// Reads PEM with a certificate, first of its chain, and an RSA key in PKCS #8 or PKCS #1.
    pub fn from_pem(pem: &[u8], signing: Signing) -> Result<Self, CertificateError> {
        let der = CertificateDer::pem_slice_iter(pem).next();
        let der = der.and_then(Result::ok).ok_or(CertificateError::NoCertificate)?;
        let has = |label: &[u8]| pem.windows(label.len()).any(|w| w == label);
        if has(b"BEGIN ENCRYPTED PRIVATE KEY") || has(b"Proc-Type: 4,ENCRYPTED") {
            return Err(CertificateError::Encrypted);
        }
        let key = match PrivateKeyDer::from_pem_slice(pem).map_err(|_| CertificateError::NoKey)? {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(CertificateError::NotRsa),
        };
        let key = key.map_err(|_| CertificateError::NotRsa)?;
        // The key of a certificate stands in it as it is: SubjectPublicKeyInfo holds the same DER.
        let own = key.public().as_ref();
        if !der.as_ref().windows(own.len()).any(|w| w == own) {
            return Err(CertificateError::Mismatch);
        }
        Ok(Self { der, key, signing })
    }

    /// Its SHA-1 in hexadecimal, as the portal shows it.
    pub fn thumbprint(&self) -> String {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der);
        hash.as_ref().iter().map(|b| format!("{b:02X}")).collect()
    }

    /// The signed assertion that `client_id` presents to the token endpoint. `id` is new for each.
    pub(crate) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: Timestamp,
        id: &str,
    ) -> Result<SecretString, CertificateError> {
        let (name, algorithm, hash) = match self.signing {
            Signing::Ps256 => ("x5t#S256", "PS256", digest::digest(&digest::SHA256, &self.der)),
            Signing::Rs256 => ("x5t", "RS256", digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der)),
        };
        let header = json!({ "alg": algorithm, "typ": "JWT", name: URL_SAFE_NO_PAD.encode(hash) });
        let now = now.timestamp();
        let claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": id,
            "nbf": now - SKEW, "iat": now - SKEW, "exp": now + LIFETIME,
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut token = format!("{}.{}", part(&header), part(&claims));
        let padding: &'static dyn RsaEncoding = match self.signing {
            Signing::Ps256 => &RSA_PSS_SHA256,
            Signing::Rs256 => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(padding, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| CertificateError::Signing)?;
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(token.into())
    }
}
