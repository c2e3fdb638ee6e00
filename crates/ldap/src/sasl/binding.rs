//! The channel binding `tls-server-end-point` (RFC 5929 4): a digest of the server's certificate.

use ring::digest;

use crate::ber::{Reader, tag};

/// Signature algorithms whose digest is not SHA-256, by OID: SHA-384 and SHA-512 with RSA (RFC 8017) and ECDSA (RFC 5758).
/// MD5 and SHA-1 count as SHA-256 (RFC 5929 4.1), and so does what is not known.
const SHA_384: [&[u8]; 2] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
];
const SHA_512: [&[u8]; 2] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],
];

/// The binding of a connection to a server with this certificate (DER).
pub(crate) fn end_point(certificate: &[u8]) -> Vec<u8> {
    let algorithm = match signature_algorithm(certificate) {
        Some(oid) if SHA_384.contains(&oid) => &digest::SHA384,
        Some(oid) if SHA_512.contains(&oid) => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let mut binding = b"tls-server-end-point:".to_vec();
    binding.extend_from_slice(digest::digest(algorithm, certificate).as_ref());
    binding
}

/// The OID of `Certificate.signatureAlgorithm` (RFC 5280 4.1): the second of the three parts.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let outer = Reader::new(certificate).expect(tag::SEQUENCE, "the certificate").ok()?;
    let mut parts = Reader::new(outer);
    parts.next().ok()??;
    let algorithm = parts.expect(tag::SEQUENCE, "its signature algorithm").ok()?;
    Reader::new(algorithm).expect(0x06, "the OID").ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ber::element;

    fn certificate(oid: &[u8]) -> Vec<u8> {
        let algorithm = element(tag::SEQUENCE, &element(0x06, oid));
        let parts = [element(tag::SEQUENCE, b"\x02\x01\x01"), algorithm, element(0x03, b"\0sig")].concat();
        element(tag::SEQUENCE, &parts)
    }

    #[test]
    fn the_certificates_own_digest_is_used() {
        let prefix = b"tls-server-end-point:".len();
        for (oid, length) in [(SHA_384[0], 48), (SHA_384[1], 48), (SHA_512[0], 64), (SHA_512[1], 64)] {
            assert_eq!(end_point(&certificate(oid)).len(), prefix + length);
        }
        // sha1WithRSAEncryption, and what is no certificate.
        let sha1 = certificate(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05]);
        assert_eq!(end_point(&sha1).len(), prefix + 32);
        assert_eq!(end_point(b"").len(), prefix + 32);
        assert!(end_point(&sha1).ends_with(digest::digest(&digest::SHA256, &sha1).as_ref()));
    }
}
