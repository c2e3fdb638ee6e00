//! TLS as everywhere in the program: rustls with `ring`, the system's trust anchors, and one more file of them.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::error::GraphError;

/// The configuration, with these anchors (PEM, or one in DER) besides those of the system: a proxy that looks into TLS has its own.
pub(crate) fn configuration(more: Option<&[u8]>) -> Result<ClientConfig, GraphError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(octets) = more {
        for certificate in certificates(octets)? {
            roots
                .add(certificate)
                .map_err(|e| anchors(&format!("one of the given ones cannot be used: {e}")))?;
        }
    }
    if roots.is_empty() {
        return Err(anchors("the system has none; name a file of them with --ca"));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| anchors(&e.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// All certificates of a PEM file, or the one of a DER file, as for a domain controller.
fn certificates(octets: &[u8]) -> Result<Vec<CertificateDer<'_>>, GraphError> {
    // A sequence (X.690 8.9): a certificate, and no text.
    if octets.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(octets)]);
    }
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(octets).collect();
    let all = all.map_err(|e| anchors(&format!("the given ones are no PEM: {e}")))?;
    if all.is_empty() { Err(anchors("the given file holds no certificate")) } else { Ok(all) }
}

fn anchors(problem: &str) -> GraphError {
    GraphError::TrustAnchors { problem: problem.to_owned() }
}
