//! SASL with Kerberos (RFC 4752, [MS-ADTS] 5.1.1.1.2): the bind, and the security layer that signs and seals what follows.
//!
//! `ldap3` has such a layer too, which loses what comes in one segment with the end of a frame, so that larger answers break.
//! Here the layer lies below the [wire](crate::wire) as a stream of its own, and nothing above it knows of it.

mod binding;
mod exchange;
#[cfg(any(windows, feature = "kerberos"))]
mod kerberos;
mod layer;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod testing;

pub(crate) use binding::end_point;
pub(crate) use exchange::{Failed, Protection, authenticate};
pub(crate) use layer::Sealed;

use crate::KerberosFailure;

/// Whether this program was built with Kerberos.
pub const HAS_KERBEROS: bool = cfg!(any(windows, feature = "kerberos"));

/// One side of a security context (RFC 2743): first it exchanges tokens, then it protects messages.
pub(crate) trait Mechanism: Send {
    /// Takes what the other side sent (`None` at first) and gives what to send to it; nothing where there is nothing to say.
    /// It may ask the KDC, so that it must not run where others wait.
    fn step(&mut self, token: Option<&[u8]>) -> Result<Vec<u8>, KerberosFailure>;

    /// Whether all tokens were exchanged.
    fn is_established(&self) -> bool;

    /// Protects a message: signed, and sealed as well if that is asked for.
    fn wrap(&mut self, seal: bool, clear: &[u8]) -> Result<Vec<u8>, String>;

    /// Checks a protected message and gives its contents.
    fn unwrap(&mut self, protected: &[u8]) -> Result<Vec<u8>, String>;
}

/// The context of a connection to a service such as `ldap/dc1.contoso.com`, with the ticket of a principal (`None` for whoever
/// has logged on) and a channel binding over TLS.
pub(crate) fn context(
    service: String,
    principal: Option<String>,
    binding: Option<Vec<u8>>,
) -> Result<Box<dyn Mechanism>, KerberosFailure> {
    #[cfg(any(windows, feature = "kerberos"))]
    return Ok(Box::new(kerberos::Context::new(service, principal, binding)));
    #[cfg(not(any(windows, feature = "kerberos")))]
    {
        let _ = (service, principal, binding);
        Err(KerberosFailure::NotBuilt)
    }
}
