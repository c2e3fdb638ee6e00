//! Values of the agent's options.

use std::net::SocketAddr;
use std::time::Duration;

use adrecover_agent::Threshold;

/// A time such as `30s`, `10m`, `2h`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is no time: write it as 30s, 10m or 2h");
    let text = text.trim();
    let (number, unit) = split(text).ok_or_else(bad)?;
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(bad()),
    };
    let seconds = number.checked_mul(unit).filter(|seconds| (1..=366 * 86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(bad)
}

/// A size such as `500M` or `2G`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let bad = || format!("`{text}` is no size of a megabyte or more: write it as 500M or 2G");
    let text = text.trim();
    let (number, unit) = split(text).ok_or_else(bad)?;
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(bad()),
    };
    number.checked_mul(1 << shift).filter(|size| (1 << 20..=1 << 50).contains(size)).ok_or_else(bad)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

/// Deletions in a time, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mass(pub(crate) Option<Threshold>);

pub(super) fn mass(text: &str) -> Result<Mass, String> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(Mass(None));
    }
    text.parse()
        .map(|threshold| Mass(Some(threshold)))
        .map_err(|error: adrecover_agent::BadThreshold| error.to_string())
}

/// An address of this computer, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listen(pub(crate) Option<SocketAddr>);

pub(super) fn listen(text: &str) -> Result<Listen, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("none") {
        return Ok(Listen(None));
    }
    let bad = || format!("`{text}` is no address with a port: write it as 127.0.0.1:9847, or none");
    let address: SocketAddr = text.replace("localhost:", "127.0.0.1:").parse().map_err(|_| bad())?;
    if !address.ip().is_loopback() {
        return Err(format!(
            "{address} can be reached from elsewhere, and what is told there is for this computer only: let something that \
             knows who asks pass it on"
        ));
    }
    Ok(Listen(Some(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes() {
        let seconds = |text: &str| time(text).ok().map(|time| time.as_secs());
        assert_eq!((seconds("30s"), seconds("7"), seconds("2m")), (Some(30), Some(7), Some(120)));
        assert_eq!((seconds("1h"), seconds("366d")), (Some(3600), Some(366 * 86_400)));
        for bad in ["", "0", "0s", "-1s", "1w", "s", "1.5h", "367d", "99999999999999999999s", "5é"] {
            assert!(time(bad).is_err(), "{bad}");
        }
        assert_eq!((size("2G").unwrap(), size("1m").unwrap()), (2 << 30, 1 << 20));
        for bad in ["", "1", "1K", "5X", "99999999T", "é"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_this_computer_may_ask() {
        assert_eq!(listen("none").unwrap(), Listen(None));
        assert_eq!(listen("localhost:80").unwrap().0.unwrap().to_string(), "127.0.0.1:80");
        assert_eq!(listen("[::1]:80").unwrap().0.unwrap().to_string(), "[::1]:80");
        for bad in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "80", "host:80", ""] {
            assert!(listen(bad).is_err(), "{bad}");
        }
    }
}
