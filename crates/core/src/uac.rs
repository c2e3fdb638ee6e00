//! `userAccountControl` ([MS-ADTS] 2.2.16): bits are changed one by one, the value is never written as a literal.

use serde::{Deserialize, Serialize};

/// The bits of `userAccountControl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserAccountControl(pub u32);

impl UserAccountControl {
    /// The account cannot log on.
    pub const DISABLED: u32 = 0x2;
    /// No password is required: an enabled account with this bit may have none.
    pub const PASSWORD_NOT_REQUIRED: u32 = 0x20;
    /// The account of a user.
    pub const NORMAL_ACCOUNT: u32 = 0x200;
    /// A trust of this domain with another one.
    pub const INTERDOMAIN_TRUST: u32 = 0x800;
    /// A member computer.
    pub const WORKSTATION_TRUST: u32 = 0x1000;
    /// A domain controller.
    pub const SERVER_TRUST: u32 = 0x2000;
    /// May impersonate anybody to any service.
    pub const TRUSTED_FOR_DELEGATION: u32 = 0x8_0000;
    /// Its Kerberos tickets can be asked for without its password.
    pub const NO_PREAUTHENTICATION: u32 = 0x40_0000;
    /// May obtain tickets for others by protocol transition.
    pub const TRUSTED_TO_AUTHENTICATE: u32 = 0x100_0000;
    /// A read-only domain controller.
    pub const PARTIAL_SECRETS: u32 = 0x400_0000;

    /// Parses the decimal text of the attribute; AD writes it as a signed 32-bit integer.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<i64>()
            .ok()
            .filter(|n| i32::try_from(*n).is_ok() || u32::try_from(*n).is_ok())
            .map(|n| Self(n as u32))
    }

    /// Whether any of the bits is set.
    pub fn has(self, bits: u32) -> bool {
        self.0 & bits != 0
    }

    /// With these bits set.
    #[must_use]
    pub fn with(self, bits: u32) -> Self {
        Self(self.0 | bits)
    }

    /// With these bits cleared.
    #[must_use]
    pub fn without(self, bits: u32) -> Self {
        Self(self.0 & !bits)
    }

    /// Whether the account may log on.
    pub fn is_enabled(self) -> bool {
        !self.has(Self::DISABLED)
    }

    /// Whether this is the account of a domain controller, writable or read-only.
    pub fn is_domain_controller(self) -> bool {
        self.has(Self::SERVER_TRUST | Self::PARTIAL_SECRETS)
    }

    /// The decimal text that the attribute takes.
    pub fn to_attribute(self) -> String {
        (self.0 as i32).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_bit_changes() {
        let uac = UserAccountControl::parse("66048").unwrap();
        assert!(uac.is_enabled());
        assert_eq!(uac.with(UserAccountControl::DISABLED).to_attribute(), "66050");
        assert_eq!(uac.with(UserAccountControl::DISABLED).without(UserAccountControl::DISABLED), uac);
        assert_eq!(UserAccountControl::parse("-2147483136").unwrap().to_attribute(), "-2147483136");
        assert_eq!(UserAccountControl::parse("99999999999"), None);
    }
}
