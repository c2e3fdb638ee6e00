//! Certificates for a server on loopback, made when they are needed.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate could not be made, or is not taken by the TLS library.
#[derive(Debug, thiserror::Error)]
#[error("no certificate: {0}")]
pub struct NoCertificate(String);

/// A certificate authority and the certificate of a server that it signed.
pub struct Certificates {
    /// The authority's certificate, in PEM.
    pub ca_pem: String,
    /// The server's certificate, in PEM.
    pub certificate_pem: String,
    /// The server's private key, in PEM.
    pub key_pem: String,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

fn failed(error: impl std::fmt::Display) -> NoCertificate {
    NoCertificate(error.to_string())
}

/// A new certificate authority: its certificate, signed by itself.
fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, NoCertificate> {
    let mut params = CertificateParams::new(Vec::<String>::new()).map_err(failed)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().map_err(failed)?).map_err(failed)
}

/// The certificate of an authority that signed nothing.
pub fn unrelated_authority() -> Result<String, NoCertificate> {
    Ok(authority("Unrelated CA")?.pem())
}

impl Certificates {
    /// For a server of these names at an address.
    pub fn new(names: &[&str], address: IpAddr) -> Result<Self, NoCertificate> {
        let ca = authority("Lab CA")?;
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.push(address.to_string());
        let first = names.first().cloned().unwrap_or_default();
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, first);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &ca).map_err(failed)?;
        Ok(Self {
            ca_pem: ca.pem(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            certificate: certificate.der().to_vec(),
            key: key.serialize_der(),
        })
    }

    /// What the TLS library needs to serve with it.
    pub fn config(&self) -> Result<Arc<ServerConfig>, NoCertificate> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(failed)?.with_no_client_auth();
        builder.with_single_cert(vec![self.certificate.clone().into()], key).map(Arc::new).map_err(failed)
    }
}
