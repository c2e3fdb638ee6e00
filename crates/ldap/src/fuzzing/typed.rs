//! What people type or put into files: addresses, filters, certificates.

use adrecover_core::filter::{all_of, equals, escape_bytes};
use adrecover_core::text::printable;

use crate::deleted::checked_filter;
use crate::{Scheme, ServerUrl, tls};

/// Addresses of servers.
pub fn server_url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let url: ServerUrl = match text.parse() {
        Ok(url) => url,
        Err(error) => {
            let error: crate::BadServerUrl = error;
            // What stands before an `@` may be a password.
            let message = error.to_string();
            let (secret, rest) = text.rsplit_once('@').unwrap_or_default();
            let ours = format!(
                "`…@{rest}` is not a server URL: `…@{rest}` follows the host; only a host and a port are taken; the scheme is neither ldaps nor ldap"
            );
            for part in secret.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| part.len() >= 6) {
                assert!(!message.contains(part) || ours.contains(part), "{message} tells {part}");
            }
            assert!(message.split('@').rev().skip(1).all(|part| part.ends_with('…')), "{message}");
            return;
        }
    };
    assert!(url.port != 0 && !url.host.is_empty() && url.host.len() <= text.len());
    assert!(url.host.is_ascii() && !url.host.contains(['@', '/', '[', ']', ' ']));
    let shown = url.to_string();
    assert_eq!(printable(&shown), shown);
    assert_eq!(shown.parse(), Ok(url.clone()));
    assert_eq!(ServerUrl::new(url.scheme, &url.host).with_port(url.port), url);
    assert!(url.scheme == Scheme::Ldaps || text.trim().to_ascii_lowercase().starts_with("ldap://"));
}

/// Filters, and values that are put into them.
pub fn filter(data: &[u8]) {
    let value = escape_bytes(data);
    assert!(value.is_ascii() && value.len() <= 3 * data.len());
    let item = format!("(cn={value})");
    assert_eq!(checked_filter(&item).as_deref(), Ok(item.as_str()));
    assert_eq!(value_of(&item), data, "another value is asked for");
    let text = String::from_utf8_lossy(data);
    assert_eq!(value_of(&equals("cn", &text)), text.as_bytes());
    match checked_filter(&text) {
        Ok(checked) => {
            assert!(checked.starts_with('(') && checked.ends_with(')') && checked.len() <= text.len() + 2);
            assert_eq!(checked_filter(&checked).as_ref(), Ok(&checked));
            // It stays one part among others.
            let both = all_of(["(isDeleted=TRUE)".to_owned(), checked]);
            let Ok(lber::structures::Tag::Sequence(and)) = ldap3::parse_filter(&both) else {
                unreachable!("{both} does not parse")
            };
            assert_eq!((and.id, and.inner.len()), (0, 2), "{both}");
        }
        Err(error) => assert!(error.to_string().len() <= 10 * text.len() + 300),
    }
}

/// The value of an equality match as it goes to the server.
fn value_of(filter: &str) -> Vec<u8> {
    use lber::structures::{ASNTag, Tag};
    let tag = ldap3::parse_filter(filter).expect("it parses");
    assert!(matches!(tag, Tag::Sequence(_)));
    let lber::structure::PL::C(mut parts) = tag.into_structure().payload else { unreachable!("{filter}") };
    match parts.pop().map(|part| part.payload) {
        Some(lber::structure::PL::P(value)) => value,
        _ => unreachable!("{filter} is no equality match"),
    }
}

/// The file of a certificate authority.
pub fn ca_file(data: &[u8]) {
    let mut roots = rustls::RootCertStore::empty();
    match tls::certificates(data.to_vec()) {
        Ok(found) => {
            assert!(!found.is_empty() && found.iter().map(|c| c.len()).sum::<usize>() <= data.len());
            for certificate in found {
                let _ = roots.add(certificate);
            }
        }
        Err(problem) => assert!(!problem.is_empty() && problem.len() <= 10 * data.len() + 200),
    }
}
