//! Numbers that nobody can guess, for the addresses and the passwords of the stand-in.

use adrecover_engine::random_password;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::error::CliError;

/// A source of numbers, from the operating system's randomness.
pub(super) struct Random {
    seed: SecretString,
    given: u64,
}

impl Random {
    /// A source that nobody else has.
    pub(super) fn new() -> Result<Self, CliError> {
        let seed = random_password().map_err(|e| CliError::unexpected(e.to_string()))?;
        Ok(Self { seed, given: 0 })
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.given += 1;
        let digest = Sha256::new()
            .chain_update(self.seed.expose_secret())
            .chain_update(self.given.to_le_bytes())
            .finalize();
        digest.iter().take(8).fold(0, |number, octet| number << 8 | u64::from(*octet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_comes_twice() {
        let (mut one, mut other) = (Random::new().unwrap(), Random::new().unwrap());
        let numbers = [one.next(), one.next(), other.next(), other.next()];
        assert_eq!(numbers.iter().collect::<std::collections::HashSet<_>>().len(), 4);
    }
}
