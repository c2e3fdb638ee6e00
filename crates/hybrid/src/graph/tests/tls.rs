//! TLS with a server whose certificate is trusted or not.

use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server that gives a token to whoever asks; its address and its certificate.
async fn server() -> (String, String) {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let pem = own.cert.pem();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut octets = [0; 4096];
            let _ = stream.read(&mut octets).await;
            let body = r#"{"access_token":"x","expires_in":3600,"token_type":"Bearer"}"#;
            let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, pem)
}

#[tokio::test]
async fn a_server_is_trusted_by_its_certificate_only() {
    let (address, pem) = server().await;
    let endpoint = Endpoint::new(&address, &address).unwrap();
    let client = |ca: Option<&[u8]>| {
        Client::new(sign_in(secret(fake::SECRET)), endpoint.clone(), limits(), clock(), ca).unwrap()
    };
    client(Some(pem.as_bytes())).sign_in().await.unwrap();
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem();
    let error = client(Some(other.as_bytes())).sign_in().await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::Unreachable);
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[test]
fn what_is_no_anchor_is_told() {
    let endpoint = Endpoint::named("public").unwrap();
    for bad in [&b""[..], b"x", PKCS1] {
        let made = Client::new(sign_in(secret("x")), endpoint.clone(), limits(), clock(), Some(bad));
        assert!(made.unwrap_err().to_string().contains("the given file holds no certificate"));
    }
}
