//! Attributes whose values nobody may see: passwords and keys.
//!
//! Besides these, everything that the schema flags as confidential or withholds from read-only domain controllers is a secret
//! ([`is_flagged`]); only a live directory can tell that.
//!
//! `msDS-KeyCredentialLink` is none: it holds public keys. Who may *write* it can log on as its owner, so that it is never
//! restored without being named.

/// Passwords, keys and what they can be had from ([MS-ADTS] 3.1.1.3.1.5, 3.1.1.4.4, and the LAPS and BitLocker schemas).
const NAMES: [&str; 26] = [
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
    "pekList",
    "userPKCS12",
    "msPKIAccountCredentials",
    "msPKIDPAPIMasterKeys",
    "msDNS-SigningKeys",
    "msSFU30Password",
    "sambaNTPassword",
    "sambaLMPassword",
];

/// `searchFlags` of an `attributeSchema` ([MS-ADTS] 2.2.10): fCONFIDENTIAL, and fRODCFilteredAttribute, which is set for what
/// must not be known outside of well-kept rooms.
const FLAGS: i64 = 0x80 | 0x200;

/// Whether the schema says that the values are secret.
pub fn is_flagged(search_flags: i64) -> bool {
    search_flags & FLAGS != 0
}

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
        assert!(is_flagged(904) && is_flagged(640) && is_flagged(128) && !is_flagged(0x7f) && !is_flagged(0));
    }
}
