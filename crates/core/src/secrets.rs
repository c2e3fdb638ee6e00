//! Attributes whose values nobody may see: passwords and keys.
//!
//! Besides these, everything that the schema flags as confidential (`searchFlags` 0x80) is a secret; only a live directory
//! can tell that.

/// Passwords, keys and what they can be had from ([MS-ADTS] 3.1.1.3.1.5, 3.1.1.4.4, and the LAPS and BitLocker schemas).
const NAMES: [&str; 18] = [
    "unicodePwd",
    "userPassword",
    "unixUserPassword",
    "clearTextPassword",
    "dBCSPwd",
    "ntPwdHistory",
    "lmPwdHistory",
    "supplementalCredentials",
    "currentValue",
    "priorValue",
    "initialAuthIncoming",
    "initialAuthOutgoing",
    "trustAuthIncoming",
    "trustAuthOutgoing",
    "ms-Mcs-AdmPwd",
    "msDS-ManagedPassword",
    "msDS-ExecuteScriptPassword",
    "orclCommonAttribute",
];

/// Families of them: LAPS, BitLocker and TPM keys, group key distribution root keys, credential roaming.
const PREFIXES: [&str; 5] = ["msLAPS-", "msFVE-", "msTPM-", "msKds-", "msPKI-AccountCredentials"];

/// Whether the values of the attribute are secret by its name.
pub fn is_secret(attribute: &str) -> bool {
    let starts =
        |prefix: &str| attribute.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    NAMES.iter().any(|name| name.eq_ignore_ascii_case(attribute))
        || PREFIXES.iter().any(|prefix| starts(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name_and_family() {
        for secret in ["UNICODEPWD", "msLAPS-EncryptedPassword", "msfve-recoverypassword", "ms-Mcs-AdmPwd"] {
            assert!(is_secret(secret), "{secret}");
        }
        for open in ["displayName", "pwdLastSet", "msDS-ManagedPasswordInterval", "msé"] {
            assert!(!is_secret(open), "{open}");
        }
    }
}
