//! The extended error that a Windows domain controller puts before its diagnostic message.
//!
//! The shape is `XXXXXXXX: NAME: DSID-YYYYYYYY, …`, where XXXXXXXX is a Win32 code in hexadecimal ([MS-ADTS] 3.1.1.3.1.9
//! and transcripts of Windows DCs). Samba writes the same shape with more general codes, or none.

/// The Win32 code at the start of a diagnostic message.
pub fn code(diagnostic: &str) -> Option<u32> {
    let head = diagnostic.get(..8)?;
    (diagnostic.as_bytes().get(8) == Some(&b':')).then(|| u32::from_str_radix(head, 16).ok()).flatten()
}

/// The attribute that the message names: `Att 90290 (userPrincipalName)`.
pub fn attribute(diagnostic: &str) -> Option<&str> {
    let tail = &diagnostic[diagnostic.find("Att ")?..];
    let (open, close) = (tail.find('(')?, tail.find(')')?);
    tail.get(open + 1..close).filter(|name| !name.is_empty())
}

/// What a Win32 code means for somebody who restores objects, in words; `None` for codes that have no special meaning
/// here. Names and numbers as in [MS-ERREF] 2.2.
pub fn meaning(code: u32) -> Option<&'static str> {
    Some(match code {
        0x0000_001f => "the connection is not encrypted well enough to set a password",
        0x0000_0525 => "the object that the value names does not exist",
        0x0000_052d => "the password does not meet the length, complexity or history rules of the domain",
        0x0000_0561 => "it is not a member of the group",
        0x0000_0562 => "it is already a member of the group",
        0x0000_2028 => "the server requires signing or sealing on this connection",
        0x0000_202b => "the server refers to another server",
        0x0000_2071 => "an object of this name already exists",
        0x0000_2076 => "the object is not deleted (any more)",
        0x0000_2077 => "the server does not allow this change of a deleted object",
        0x0000_2089 => "the parent container does not exist or is itself deleted",
        0x0000_208c => "the object has children",
        0x0000_208d => "the object was not found, or this account may not see it",
        0x0000_2093 => "the deletion of this object is still being processed: try again later",
        0x0000_2098 => "this account lacks the right to do it",
        0x0000_20b0 => "the target lies in another naming context",
        0x0000_20b5 => "the object that the value names is not known there",
        0x0000_20b9 => "the search filter is too complex",
        0x0000_20ce => "the object cannot be deleted",
        0x0000_20e1 => "the global catalogue could not be asked for the object that the value names",
        0x0000_2129 => "a deleted object cannot be moved",
        0x0000_2146 => "a universal group takes no domain local group as a member",
        0x0000_2147 => "a global group takes no members of other domains",
        0x0000_2148 => "a domain local group takes no domain local group of another domain as a member",
        0x0000_217b => "the account name is not unique",
        0x0000_21bf | 0x0000_21c0 => "the account may not do this while the policy requires signing",
        0x0000_21c5 => "the sAMAccountName is in use by another account",
        0x0000_21c7 => "a service principal name is in use by another account of the forest",
        0x0000_21c8 => "the userPrincipalName is in use by another account of the forest",
        _ => return None,
    })
}

/// Why a bind was refused, by the `data` sub-code of `80090308: LdapErr: …, data 52e, …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindRefusal {
    /// The name or the password is wrong (525, 52e).
    WrongCredentials,
    /// The account may not log on at this time or from here (530, 531).
    LogonRestricted,
    /// The password has expired (532).
    PasswordExpired,
    /// The account is disabled (533).
    AccountDisabled,
    /// The account has expired (701).
    AccountExpired,
    /// The password must be changed before the first logon (773).
    MustChangePassword,
    /// The account is locked out (775).
    LockedOut,
    /// Channel binding is required and was missing or wrong (80090346).
    ChannelBinding,
}

/// Reads the sub-code of a refused bind (result 49).
pub fn bind_refusal(diagnostic: &str) -> Option<BindRefusal> {
    if diagnostic.contains("80090346") {
        return Some(BindRefusal::ChannelBinding);
    }
    let data = diagnostic.split("data ").nth(1)?.split([',', ' ']).next()?;
    Some(match data {
        "525" | "52e" => BindRefusal::WrongCredentials,
        "530" | "531" => BindRefusal::LogonRestricted,
        "532" => BindRefusal::PasswordExpired,
        "533" => BindRefusal::AccountDisabled,
        "701" => BindRefusal::AccountExpired,
        "773" => BindRefusal::MustChangePassword,
        "775" => BindRefusal::LockedOut,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a Windows DC sends it when the UPN is taken (public transcript).
    const UPN_TAKEN: &str = "000021C8: AtrErr: DSID-03200BBA, #1:\n\t0: 000021C8: DSID-03200BBA, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 90290 (userPrincipalName)";

    #[test]
    fn windows_messages_are_read() {
        assert_eq!(code(UPN_TAKEN), Some(0x21c8));
        assert_eq!(attribute(UPN_TAKEN), Some("userPrincipalName"));
        assert!(meaning(0x21c8).unwrap().contains("userPrincipalName"));
        assert_eq!(code("Entry CN=x already exists"), None);
        assert_eq!(code("éééééééé:"), None);
        assert_eq!(attribute("Att )("), None);
    }

    #[test]
    fn bind_refusals_are_told_apart() {
        let message = |data| {
            format!(
                "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1"
            )
        };
        assert_eq!(bind_refusal(&message("52e")), Some(BindRefusal::WrongCredentials));
        assert_eq!(bind_refusal(&message("775")), Some(BindRefusal::LockedOut));
        assert_eq!(
            bind_refusal(
                "80090346: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 80090346, v4563"
            ),
            Some(BindRefusal::ChannelBinding)
        );
        assert_eq!(bind_refusal("nothing"), None);
    }
}
