//! The way to the other domains of the forest, which whoever knows the network provides.

use std::future::Future;
use std::pin::Pin;

/// A domain controller of another domain, being looked for; or why there is none to ask, for people.
pub type Reaching<'s, D> = Pin<Box<dyn Future<Output = Result<&'s mut D, String>> + 's>>;

/// Gives a writable domain controller of each other domain of the forest.
///
/// An implementation connects when a domain is asked for first and keeps to that domain controller; a domain that could not be
/// reached is not tried again, so that a refused logon is not repeated. The same account is used as for the first connection, and
/// the same rules of encryption.
pub trait Elsewhere<D> {
    /// The domain controller of a domain, by the DNS name that its cross-reference has (`dnsRoot`).
    fn domain<'s>(&'s mut self, dns: &'s str) -> Reaching<'s, D>;
}

/// There is no way to other domains.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoElsewhere;

impl<D> Elsewhere<D> for NoElsewhere {
    fn domain<'s>(&'s mut self, _: &'s str) -> Reaching<'s, D> {
        Box::pin(async { Err("other domains are not asked here".to_owned()) })
    }
}
