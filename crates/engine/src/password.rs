//! Passwords on their way to the directory: where they come from, and how one is made.

use adrecover_core::plan::ObjectPlan;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Gives the password of an object: the given one, or one that is generated and kept safe before it is used.
pub trait PasswordSource {
    /// Asked once for each object that needs one, before anything of it is written.
    fn password(&mut self, object: &ObjectPlan) -> Result<SecretString, PasswordError>;
}

/// Why there is no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PasswordError(pub String);

/// Refuses to give one: for plans that set no password.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPasswords;

impl PasswordSource for NoPasswords {
    fn password(&mut self, object: &ObjectPlan) -> Result<SecretString, PasswordError> {
        Err(PasswordError(format!("no password was given for {}", object.name)))
    }
}

/// The length of a generated password.
pub const LENGTH: usize = 48;

/// The characters of each class: nothing that looks like another one, or that a shell, a CSV cell or a spreadsheet
/// reads in its own way.
const CLASSES: [&[u8]; 4] =
    [b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnpqrstuvwxyz", b"23456789", b"#%+.:_~"];

/// Every third character is one of these, which no account name can hold: a domain's policy refuses a password with the account
/// name in it, and one of three letters would come about by chance in one password of six hundred.
const BETWEEN: &[u8] = b"+:";

/// A password of [`LENGTH`] characters of all four classes from the operating system's randomness.
pub fn random_password() -> Result<SecretString, PasswordError> {
    loop {
        let mut password = Zeroizing::new(String::with_capacity(LENGTH));
        while password.len() < LENGTH {
            let mut octets = Zeroizing::new([0u8; 64]);
            getrandom::fill(octets.as_mut_slice())
                .map_err(|e| PasswordError(format!("the system gives no randomness: {e}")))?;
            let all = CLASSES.concat();
            // Octets above the last whole multiple would favour the first characters.
            let fair = 256 / all.len() * all.len();
            for octet in octets.iter().map(|o| usize::from(*o)).filter(|o| *o < fair) {
                if password.len() < LENGTH {
                    let from = if password.len() % 3 == 2 { BETWEEN } else { &all };
                    password.push(char::from(from[octet % from.len()]));
                }
            }
        }
        // A spreadsheet takes a leading sign for a formula.
        let starts_well = password.as_bytes()[0].is_ascii_alphanumeric();
        if starts_well && CLASSES.iter().all(|class| password.bytes().any(|b| class.contains(&b))) {
            return Ok(SecretString::from(password.as_str()));
        }
    }
}

/// The value of `unicodePwd`: the password in quotation marks as UTF-16LE ([MS-ADTS] 3.1.1.3.1.5.1).
pub(crate) fn unicode_pwd(password: &SecretString) -> Zeroizing<Vec<u8>> {
    let text = password.expose_secret();
    let mut out = Zeroizing::new(Vec::with_capacity(2 * text.len() + 4));
    let quoted = std::iter::once('"').chain(text.chars()).chain(std::iter::once('"'));
    for character in quoted {
        for unit in character.encode_utf16(&mut [0; 2]) {
            out.extend_from_slice(&unit.to_le_bytes());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No three characters in a row that an account name could be made of.
    #[test]
    fn no_account_name_is_in_a_generated_password() {
        for _ in 0..200 {
            let password = random_password().unwrap();
            let runs = password.expose_secret().split(|c: char| "+:".contains(c));
            assert!(runs.map(str::len).all(|length| length < 3));
        }
    }

    #[test]
    fn generated_passwords_have_every_class_and_differ() {
        let one = random_password().unwrap();
        let two = random_password().unwrap();
        assert_ne!(one.expose_secret(), two.expose_secret());
        for password in [&one, &two] {
            assert_eq!(password.expose_secret().len(), LENGTH);
            for class in CLASSES {
                assert!(password.expose_secret().bytes().any(|b| class.contains(&b)));
            }
        }
    }

    #[test]
    fn the_attribute_value_is_quoted_utf16() {
        let value = unicode_pwd(&SecretString::from("aü"));
        assert_eq!(value.as_slice(), [0x22, 0, 0x61, 0, 0xfc, 0, 0x22, 0]);
    }
}
