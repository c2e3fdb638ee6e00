//! Questions to the DNS: SRV records of domain controllers, and their addresses.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::proto::xfer::Protocol;

use super::order::Target;

/// The most servers of one answer that are looked at.
const MAX_TARGETS: usize = 500;
/// How often a question is asked.
const ATTEMPTS: usize = 2;

/// Whoever is asked.
pub(super) struct Names {
    resolver: TokioResolver,
    /// Who that is, in words.
    pub(super) who: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// There is no such name.
    NoSuchName,
    /// There is, without records of the kind that was asked for.
    NoRecords,
    /// Nobody answered, or with an error.
    Failed(String),
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchName => f.write_str("there is no such name"),
            Self::NoRecords => f.write_str("the name has no such records"),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl Names {
    /// The servers that this computer uses, or the one that is given.
    pub(super) fn new(server: Option<SocketAddr>, patience: Duration) -> Result<Self, String> {
        let mut builder = match server {
            None => TokioResolver::builder_tokio()
                .map_err(|e| format!("the DNS settings of this computer: {e}"))?,
            Some(address) => {
                let mut config = ResolverConfig::new();
                config.add_name_server(NameServerConfig::new(address, Protocol::Udp));
                config.add_name_server(NameServerConfig::new(address, Protocol::Tcp));
                TokioResolver::builder_with_config(config, TokioConnectionProvider::default())
            }
        };
        let options = builder.options_mut();
        options.attempts = ATTEMPTS;
        options.timeout = (patience / 4).clamp(Duration::from_secs(1), Duration::from_secs(5));
        // An underscore is no letter of a host name.
        options.check_names = false;
        let who = server
            .map_or_else(|| "this computer's DNS servers".to_owned(), |a| format!("the DNS server {a}"));
        Ok(Self { resolver: builder.build(), who })
    }

    /// The servers of an SRV name.
    pub(super) async fn servers(&self, name: &str) -> Result<Vec<Target>, NoAnswer> {
        let found = self.resolver.srv_lookup(format!("{name}.")).await.map_err(|e| no_answer(&e))?;
        let target = |srv: &hickory_resolver::proto::rr::rdata::SRV| {
            let host = srv.target().to_utf8().trim_end_matches('.').to_lowercase();
            // RFC 2782: a dot alone says that there is none.
            (!host.is_empty()).then(|| Target {
                host,
                port: srv.port(),
                priority: srv.priority(),
                weight: srv.weight(),
            })
        };
        let targets: Vec<Target> = found.iter().filter_map(target).take(MAX_TARGETS).collect();
        if targets.is_empty() { Err(NoAnswer::NoRecords) } else { Ok(targets) }
    }

    /// The addresses of a host.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NoAnswer> {
        let found = self.resolver.lookup_ip(format!("{host}.")).await.map_err(|e| no_answer(&e))?;
        let addresses: Vec<IpAddr> = found.iter().collect();
        if addresses.is_empty() { Err(NoAnswer::NoRecords) } else { Ok(addresses) }
    }
}

fn no_answer(error: &hickory_resolver::ResolveError) -> NoAnswer {
    if error.is_nx_domain() {
        NoAnswer::NoSuchName
    } else if error.is_no_records_found() {
        NoAnswer::NoRecords
    } else {
        NoAnswer::Failed(error.to_string())
    }
}
