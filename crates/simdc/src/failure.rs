//! Why a request is refused: the result code and the message, in the form that Windows writes.

use std::fmt;

/// A result other than success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The LDAP result code (RFC 4511 appendix A).
    pub code: u32,
    /// The Win32 code ([MS-ERREF] 2.2) that begins the message; 0 where there is none.
    pub win32: u32,
    /// The diagnostic message.
    pub diagnostic: String,
    /// Where the request should go instead.
    pub referral: Option<String>,
}

/// The kinds of messages, by the name that stands after the Win32 code ([MS-ADTS] 3.1.1.3.1.9).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Attribute(&'static str),
    Name,
    Update,
    Service,
    Security,
    Ldap,
}

impl Failure {
    /// A message of this kind: `00002071: UpdErr: DSID-00000000, problem 6005 (ENTRY_EXISTS), data 0`. The DSID names a line of
    /// Windows' source code; here it is always zero.
    pub(crate) fn new(code: u32, win32: u32, kind: Kind, problem: &str) -> Self {
        let name = match kind {
            Kind::Attribute(_) => "AtrErr",
            Kind::Name => "NameErr",
            Kind::Update => "UpdErr",
            Kind::Service => "SvcErr",
            Kind::Security => "SecErr",
            Kind::Ldap => "LdapErr",
        };
        let diagnostic = match kind {
            // As in transcripts of Windows DCs: the attribute's number and name at the end.
            Kind::Attribute(attribute) => {
                let attid = crate::schema::schema().find(attribute).map_or(0, |a| a.attid);
                format!(
                    "{win32:08X}: {name}: DSID-00000000, #1:\n\t0: {win32:08X}: DSID-00000000, problem {problem}, data 0, Att {attid:x} ({attribute})"
                )
            }
            Kind::Ldap => format!("{win32:08X}: {name}: DSID-00000000, comment: {problem}, data 0, v4563"),
            _ => format!("{win32:08X}: {name}: DSID-00000000, problem {problem}, data 0"),
        };
        Self { code, win32, diagnostic, referral: None }
    }

    /// The object is not there, or the caller may not see it.
    pub(crate) fn no_object() -> Self {
        Self::new(32, 0x208d, Kind::Name, "2001 (NO_OBJECT)")
    }

    /// A right is missing.
    pub(crate) fn no_access() -> Self {
        Self::new(50, 0x2098, Kind::Security, "4003 (INSUFF_ACCESS_RIGHTS)")
    }

    /// The server does not do that.
    pub(crate) fn unwilling(win32: u32) -> Self {
        Self::new(53, win32, Kind::Service, "5003 (WILL_NOT_PERFORM)")
    }

    /// A value of an attribute breaks a rule.
    pub(crate) fn constraint(win32: u32, attribute: &'static str) -> Self {
        Self::new(19, win32, Kind::Attribute(attribute), "1005 (CONSTRAINT_ATT_TYPE)")
    }

    /// A DN that is none.
    pub(crate) fn bad_dn() -> Self {
        Self::new(34, 0x208f, Kind::Name, "2006 (BAD_NAME)")
    }

    /// Something about the request itself.
    pub(crate) fn protocol(problem: &str) -> Self {
        Self::new(2, 0x0057, Kind::Ldap, problem)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.diagnostic)
    }
}
