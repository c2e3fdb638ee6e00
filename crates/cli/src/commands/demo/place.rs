//! Where the stand-in listens: a loopback address whose port of the global catalogue is free, since a client asks for that
//! at the address of the domain controller, on a port that cannot be chosen.

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use crate::error::CliError;

/// The port of the global catalogue with TLS.
pub(super) const CATALOGUE: u16 = 3269;

/// How many addresses are tried.
const TRIES: usize = 16;

/// Addresses to try: some that hardly anybody else has, and the only one that systems other than Linux and Windows have.
pub(super) fn candidates(mut random: impl FnMut() -> u64) -> Vec<IpAddr> {
    let mut part = || (random() % 254 + 1) as u8;
    let mut out: Vec<IpAddr> = (0..TRIES).map(|_| [127, 83, part(), part()].into()).collect();
    out.push(Ipv4Addr::LOCALHOST.into());
    out
}

/// The candidates from the first one on whose port is free; none where all are taken.
pub(super) fn free(candidates: &[IpAddr], port: u16) -> Result<&[IpAddr], CliError> {
    let mut refused = None;
    for (i, address) in candidates.iter().enumerate() {
        match TcpListener::bind((*address, port)) {
            Ok(_) => return Ok(&candidates[i..]),
            Err(error) => refused = Some(format!("{address}: {error}")),
        }
    }
    Err(taken(port, &refused.unwrap_or_default()))
}

/// No address could be used.
pub(super) fn taken(port: u16, why: &str) -> CliError {
    CliError::unexpected(format!("no loopback address has port {port} free ({why})"))
        .hint("another program listens there, or an earlier demo still runs: end it and try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_loopback_addresses_and_end_with_the_common_one() {
        let mut number = 250;
        let all = candidates(|| {
            number += 1;
            number
        });
        assert!(all.iter().all(IpAddr::is_loopback) && all.len() == TRIES + 1);
        assert_eq!(all.last(), Some(&Ipv4Addr::LOCALHOST.into()));
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_whose_port_is_taken_is_passed_over() {
        let [one, other]: [IpAddr; 2] = [[127, 82, 1, 1].into(), [127, 82, 1, 2].into()];
        let taken = TcpListener::bind((one, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(free(&[one, other], port).unwrap(), [other]);
        let error = free(&[one], port).unwrap_err();
        assert!(error.message.contains(&port.to_string()) && error.hint.is_some(), "{error}");
        drop(taken);
        assert_eq!(free(&[one, other], port).unwrap(), [one, other]);
    }
}
