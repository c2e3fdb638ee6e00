//! Finds the domain controllers of a domain as Windows does ([MS-ADTS] 6.3.6): SRV records of the site, then of the domain,
//! and a ping that tells the site and who can be written to.

mod names;
mod order;
mod ping;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub use names::NoAnswer;
pub use order::{Target, order};
pub use ping::Pong;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use ping::read as read_pong;

use names::Names;

/// The most domain controllers that are asked for the site of this computer, and how many at once.
const MAX_PINGS: usize = 12;
const AT_ONCE: usize = 4;
/// How long each is waited for: it answers at once or not at all.
const PATIENCE: Duration = Duration::from_millis(800);
/// The most servers whose addresses are looked up.
const MAX_SERVERS: usize = 32;

/// What to look for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The domain's DNS name.
    pub domain: String,
    /// The site, where it is known.
    pub site: Option<String>,
    /// The DNS server to ask; `None` for those of this computer.
    pub dns_server: Option<SocketAddr>,
    /// The time limit of a question to the DNS.
    pub timeout: Duration,
    /// What the order among equals is drawn from.
    pub seed: u64,
}

/// A domain controller that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its DNS name.
    pub host: String,
    /// The port of plain LDAP.
    pub port: u16,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether the records of the site name it.
    pub is_of_site: bool,
    /// What it answered to a ping.
    pub pong: Option<Pong>,
}

/// Where the name of the site comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteSource {
    /// It was given.
    Given,
    /// A domain controller told it.
    Ping,
}

/// What was found, the best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The domain.
    pub domain: String,
    /// The site of this computer.
    pub site: Option<(String, SiteSource)>,
    /// The servers in the order in which to try them: those of the site first, those that are known to be read-only last.
    pub servers: Vec<Found>,
    /// The hosts of global catalogues, in such an order.
    pub catalogues: Vec<Found>,
    /// What was asked and answered, for whoever wants to know why.
    pub trace: Vec<String>,
}

/// Why no domain controller was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocateError {
    /// The text is no DNS name.
    #[error("`{name}` is not the DNS name of a {what}")]
    BadName {
        /// The text.
        name: String,
        /// What it should name.
        what: &'static str,
    },
    /// The DNS cannot be asked.
    #[error("the DNS cannot be asked for domain controllers: {0}")]
    NoDns(String),
    /// There are no records.
    #[error("no domain controller of {domain} was found: {who} said of {name} that {answer}")]
    NoServers {
        /// The domain.
        domain: String,
        /// The name that was asked for.
        name: String,
        /// Who was asked.
        who: String,
        /// The answer.
        answer: NoAnswer,
    },
    /// None of them has an address.
    #[error("none of the {count} domain controllers of {domain} has an address in the DNS")]
    NoAddresses {
        /// The domain.
        domain: String,
        /// How many there are.
        count: usize,
    },
}

impl LocateError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::BadName { .. } => "give it as in contoso.com".to_owned(),
            Self::NoDns(_) => "name a server: --server ldaps://dc1.contoso.com".to_owned(),
            Self::NoServers { domain, answer: NoAnswer::Failed(_), .. } => format!(
                "check the network, ask one of the domain's own DNS servers (--dns-server ADDRESS), or name a server: \
                 --server ldaps://dc1.{domain}"
            ),
            Self::NoServers { domain, .. } => format!(
                "check the name of the domain; where this computer does not use the domain's DNS servers, ask one of \
                 those (--dns-server ADDRESS), or name a server: --server ldaps://dc1.{domain}"
            ),
            Self::NoAddresses { .. } => {
                "ask one of the domain's own DNS servers (--dns-server ADDRESS), or name a server: --server ldaps://ADDRESS"
                    .to_owned()
            }
        }
    }
}

/// Looks for the domain controllers of a domain.
pub async fn locate(wanted: &Wanted) -> Result<Located, LocateError> {
    let domain = dns_name(&wanted.domain, "domain")?;
    let given = wanted.site.as_deref().map(site_name).transpose()?;
    let names = Names::new(wanted.dns_server, wanted.timeout).map_err(LocateError::NoDns)?;
    let mut random = Draw(wanted.seed);
    let mut draw = |below: u32| random.below(below);
    let mut trace = vec![];

    let of_domain = format!("_ldap._tcp.dc._msdcs.{domain}");
    let asked = names.servers(&of_domain).await;
    trace.push(told(&of_domain, &asked));
    let mut all = match asked {
        Ok(targets) => order(targets, &mut draw),
        Err(answer) if given.is_none() => {
            return Err(LocateError::NoServers { domain, name: of_domain, who: names.who, answer });
        }
        // The records of the site may be there all the same.
        Err(_) => vec![],
    };
    let mut found = resolve(&names, &all, &mut trace).await;
    let site = match given {
        Some(site) => Some((site, SiteSource::Given)),
        None => ping_some(&mut found, &domain, &mut trace).await.map(|site| (site, SiteSource::Ping)),
    };
    if let Some((site, _)) = &site {
        let name = format!("_ldap._tcp.{site}._sites.dc._msdcs.{domain}");
        let asked = names.servers(&name).await;
        trace.push(told(&name, &asked));
        match asked {
            Ok(targets) => prefer(&names, &mut all, &mut found, order(targets, &mut draw), &mut trace).await,
            Err(answer) if found.is_empty() => {
                return Err(LocateError::NoServers { domain, name, who: names.who, answer });
            }
            Err(_) => {}
        }
    }
    if found.is_empty() {
        return Err(LocateError::NoAddresses { domain, count: all.len() });
    }
    // A stable sort: the order of before among those that are alike.
    found.sort_by_key(|server| {
        (server.pong.as_ref().is_some_and(|pong| !pong.is_writable), !server.is_of_site)
    });
    let forest = found.iter().find_map(|s| s.pong.as_ref()).map(|pong| pong.forest.clone());
    let forest = forest.filter(|name| !name.is_empty()).unwrap_or_else(|| domain.clone());
    let of_forest = format!("_gc._tcp.{forest}");
    let asked = names.servers(&of_forest).await;
    trace.push(told(&of_forest, &asked));
    let catalogues = resolve(&names, &order(asked.unwrap_or_default(), &mut draw), &mut trace).await;
    Ok(Located { domain, site, servers: found, catalogues, trace })
}

fn told(name: &str, asked: &Result<Vec<Target>, NoAnswer>) -> String {
    match asked {
        Ok(targets) => {
            let hosts: Vec<String> = targets
                .iter()
                .map(|t| format!("{} (priority {}, weight {})", t.host, t.priority, t.weight))
                .collect();
            format!("{name}: {}", hosts.join(", "))
        }
        Err(answer) => format!("{name}: {answer}"),
    }
}

/// Those of the servers that have an address.
async fn resolve(names: &Names, targets: &[Target], trace: &mut Vec<String>) -> Vec<Found> {
    let mut found = vec![];
    for target in targets.iter().take(MAX_SERVERS) {
        match names.addresses(&target.host).await {
            Ok(addresses) => found.push(Found {
                host: target.host.clone(),
                port: target.port,
                addresses,
                is_of_site: false,
                pong: None,
            }),
            Err(answer) => trace.push(format!("{}: {answer}", target.host)),
        }
    }
    found
}

/// Puts the servers of the site first, in their order.
async fn prefer(
    names: &Names,
    all: &mut Vec<Target>,
    found: &mut Vec<Found>,
    of_site: Vec<Target>,
    trace: &mut Vec<String>,
) {
    let mut first = vec![];
    for target in of_site {
        let known = found.iter().position(|server| server.host == target.host);
        let server = match known {
            Some(at) => Some(found.remove(at)),
            None => {
                all.push(target.clone());
                resolve(names, std::slice::from_ref(&target), trace).await.pop()
            }
        };
        first.extend(server.map(|server| Found { is_of_site: true, port: target.port, ..server }));
    }
    first.append(found);
    *found = first;
}

/// Pings servers until one of them tells the site of this computer.
async fn ping_some(found: &mut [Found], domain: &str, trace: &mut Vec<String>) -> Option<String> {
    let count = found.len().min(MAX_PINGS);
    for some in found[..count].chunks_mut(AT_ONCE) {
        let mut asked = tokio::task::JoinSet::new();
        for (i, server) in some.iter().enumerate() {
            let Some(address) = server.addresses.first() else { continue };
            // It is the port of plain LDAP, as a datagram.
            let address = SocketAddr::new(*address, server.port);
            let domain = domain.to_owned();
            asked.spawn(async move { (i, ping::ping(address, &domain, PATIENCE).await) });
        }
        while let Some(answer) = asked.join_next().await {
            let Ok((i, pong)) = answer else { continue };
            trace.push(match &pong {
                Some(pong) => format!(
                    "{} answered the ping: {}, site {}, this computer's site {}",
                    some[i].host,
                    if pong.is_writable { "writable" } else { "read-only" },
                    pong.site,
                    if pong.client_site.is_empty() { "unknown" } else { &pong.client_site }
                ),
                None => format!("{} did not answer the ping", some[i].host),
            });
            some[i].pong = pong;
        }
        let told = some.iter().filter_map(|server| server.pong.as_ref());
        let site = told.map(|pong| &pong.client_site).find(|site| site_name(site).is_ok());
        if let Some(site) = site {
            return Some(site.clone());
        }
    }
    None
}

/// A DNS name in lower case, without a dot at the end.
fn dns_name(text: &str, what: &'static str) -> Result<String, LocateError> {
    let name = text.trim().trim_end_matches('.').to_lowercase();
    let good = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    if name.len() <= 253 && name.split('.').all(good) {
        Ok(name)
    } else {
        Err(LocateError::BadName { name: text.chars().take(80).collect(), what })
    }
}

/// A site's name is one label of a DNS name.
fn site_name(text: &str) -> Result<String, LocateError> {
    match dns_name(text, "site") {
        Ok(name) if !name.contains('.') => Ok(text.trim().to_owned()),
        _ => Err(LocateError::BadName { name: text.chars().take(80).collect(), what: "site" }),
    }
}

/// Numbers for the order among equals (SplitMix64): no secret depends on them.
struct Draw(u64);

impl Draw {
    fn below(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let number = (z ^ (z >> 31)) % u64::from(below.max(1));
        u32::try_from(number).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_before_they_are_asked_for() {
        assert_eq!(dns_name(" Contoso.COM. ", "domain").unwrap(), "contoso.com");
        for bad in ["", ".", "a..b", "a b", "x*", &"a".repeat(64)] {
            assert!(dns_name(bad, "domain").is_err(), "{bad}");
        }
        assert_eq!(site_name("Default-First-Site-Name").unwrap(), "Default-First-Site-Name");
        assert!(site_name("a.b").is_err() && site_name("").is_err());
    }

    #[test]
    fn draws_are_below_their_bound() {
        let mut draw = Draw(7);
        let mut seen = [false; 3];
        for _ in 0..100 {
            seen[draw.below(3) as usize] = true;
        }
        assert_eq!((seen, draw.below(0)), ([true; 3], 0));
    }
}
