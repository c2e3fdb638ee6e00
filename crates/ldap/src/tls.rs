//! TLS to a domain controller: what is trusted, and what each failure means.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{ConnectError, ConnectOptions};

/// How much is read from the network at once.
const RECORDS: usize = 64 << 10;

/// The client configuration for these options.
pub(crate) fn configuration(options: &ConnectOptions) -> Result<Arc<ClientConfig>, ConnectError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| ConnectError::NoTrustAnchors { problem: e.to_string() })?
        .dangerous();
    let verifier: Arc<dyn ServerCertVerifier> = if options.insecure {
        Arc::new(AcceptAnything(provider))
    } else {
        let roots = Arc::new(anchors(options.ca_file.as_deref())?);
        WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|e| ConnectError::NoTrustAnchors { problem: e.to_string() })?
    };
    Ok(Arc::new(builder.with_custom_certificate_verifier(verifier).with_no_client_auth()))
}

/// The system's trust anchors, as many as can be read, and those of the CA file.
fn anchors(ca_file: Option<&Path>) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca_file {
        let fail = |problem: String| ConnectError::CaFile { path: path.to_owned(), problem };
        for certificate in read_certificates(path).map_err(fail)? {
            roots.add(certificate).map_err(|e| fail(format!("a certificate in it cannot be used: {e}")))?;
        }
    }
    if roots.is_empty() {
        let problem = system.errors.first().map(ToString::to_string).unwrap_or_default();
        return Err(ConnectError::NoTrustAnchors { problem });
    }
    Ok(roots)
}

/// All certificates of a PEM file, or the one of a DER file.
fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    certificates(std::fs::read(path).map_err(|e| e.to_string())?)
}

pub(crate) fn certificates(octets: Vec<u8>) -> Result<Vec<CertificateDer<'static>>, String> {
    if octets.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(octets)]);
    }
    let certificates =
        CertificateDer::pem_slice_iter(&octets).collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
    if certificates.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(certificates) }
}

/// The TLS handshake.
pub(crate) async fn handshake(
    configuration: Arc<ClientConfig>,
    stream: TcpStream,
    host: &str,
    server: &str,
) -> Result<TlsStream<BufReader<TcpStream>>, ConnectError> {
    let name =
        ServerName::try_from(host.trim_end_matches('.').to_owned()).map_err(|e| ConnectError::Tls {
            server: server.to_owned(),
            reason: format!("the host name cannot stand in a certificate: {e}"),
        })?;
    // rustls itself reads 4 KiB at a time.
    let stream = BufReader::with_capacity(RECORDS, stream);
    TlsConnector::from(configuration).connect(name, stream).await.map_err(|e| failure(server, &e))
}

/// What a failed handshake means.
fn failure(server: &str, error: &io::Error) -> ConnectError {
    let server = server.to_owned();
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => certificate_failure(server, problem),
        Some(rustls::Error::InvalidMessage(_)) => {
            ConnectError::Tls { server, reason: "the server does not speak TLS on this port".to_owned() }
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            ConnectError::Tls { server, reason: format!("the server refused it with the alert {alert:?}") }
        }
        Some(other) => ConnectError::Tls { server, reason: other.to_string() },
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                let reason = "the server closed the connection during the handshake".to_owned();
                ConnectError::Tls { server, reason }
            }
            _ => ConnectError::Tls { server, reason: error.to_string() },
        },
    }
}

fn certificate_failure(server: String, problem: &CertificateError) -> ConnectError {
    match problem {
        CertificateError::UnknownIssuer => ConnectError::UntrustedIssuer { server },
        CertificateError::NotValidForName => ConnectError::WrongName { server, names: vec![] },
        CertificateError::NotValidForNameContext { presented, .. } => {
            ConnectError::WrongName { server, names: presented.iter().map(|n| plain_name(n)).collect() }
        }
        CertificateError::Expired => ConnectError::CertificateExpired { server, detail: String::new() },
        CertificateError::ExpiredContext { time, not_after } => ConnectError::CertificateExpired {
            server,
            detail: days(time.as_secs(), not_after.as_secs())
                .map(|d| format!(", {d} ago"))
                .unwrap_or_default(),
        },
        CertificateError::NotValidYet => {
            ConnectError::CertificateNotYetValid { server, detail: String::new() }
        }
        CertificateError::NotValidYetContext { time, not_before } => ConnectError::CertificateNotYetValid {
            server,
            detail: days(not_before.as_secs(), time.as_secs())
                .map(|d| format!(", {d} to go"))
                .unwrap_or_default(),
        },
        other => ConnectError::BadCertificate { server, reason: other.to_string() },
    }
}

/// `DnsName("dc1.contoso.com")`, as rustls writes it, without the wrapping.
fn plain_name(shown: &str) -> String {
    let inner = shown.split_once('(').and_then(|(_, t)| t.strip_suffix(')')).unwrap_or(shown);
    inner.trim_matches('"').to_owned()
}

fn days(later: u64, earlier: u64) -> Option<String> {
    match later.checked_sub(earlier)? / 86_400 {
        0 => Some("less than a day".to_owned()),
        1 => Some("1 day".to_owned()),
        n => Some(format!("{n} days")),
    }
}

/// For `--insecure`: the connection is encrypted, but to whomever.
#[derive(Debug)]
struct AcceptAnything(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_ca_file_must_hold_certificates() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        assert!(read_certificates(file.path()).unwrap_err().contains("no certificate"));
        file.write_all(b"-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
        assert!(read_certificates(file.path()).is_err());
        assert!(read_certificates(Path::new("/nonexistent/ca.pem")).is_err());
        let mut der = tempfile::NamedTempFile::new().unwrap();
        der.write_all(&[0x30, 0x03, 1, 2, 3]).unwrap();
        assert!(matches!(anchors(Some(der.path())), Err(ConnectError::CaFile { .. })));
    }

    #[test]
    fn names_lose_their_wrapping() {
        assert_eq!(plain_name("DnsName(\"dc1.contoso.com\")"), "dc1.contoso.com");
        assert_eq!(plain_name("IpAddress(127.0.0.1)"), "127.0.0.1");
        assert_eq!(plain_name("dc1"), "dc1");
    }
}
