//! The commands that grant what is missing: `dsacls` for Windows, `samba-tool` and Samba's Python module for Samba.
//!
//! Names from the directory are put into commands only where no shell could take a part of them for syntax; elsewhere a
//! placeholder stands for them.

use uuid::Uuid;

use super::DoctorFacts;
use crate::ObjectGuid;
use crate::security::ids;

/// Something to grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// List and read the container of deleted objects (KB 892806).
    ReadDeletedObjects,
    /// Reanimate tombstones, at the head of the domain.
    Reanimate,
    /// Write the properties of objects of a class below a container.
    WriteBelow(Uuid, &'static str),
    /// Set passwords of users below a container.
    ResetPasswordBelow,
    /// Create objects of a class in and below a container.
    Create(Uuid, &'static str),
    /// Change the members of a group.
    Member,
}

/// Whom to grant to, and on what kind of server.
#[derive(Debug, Clone)]
pub(super) struct Granter {
    is_samba: bool,
    trustee: String,
    sid: String,
}

impl Granter {
    pub(super) fn new(facts: &DoctorFacts) -> Self {
        let sid = facts.account.as_ref().and_then(|a| a.sid.as_ref());
        Self {
            is_samba: facts.server.is_samba,
            trustee: safe(&facts.account_name()).unwrap_or("DOMAIN\\account").to_owned(),
            sid: sid.map_or_else(|| "SID-OF-THE-ACCOUNT".to_owned(), ToString::to_string),
        }
    }

    /// The commands for one object.
    pub(super) fn commands(&self, object: &str, grant: Grant) -> Vec<String> {
        let object = safe(object).unwrap_or("DN-OF-THE-OBJECT");
        if self.is_samba { vec![self.samba(object, grant)] } else { self.windows(object, grant) }
    }

    fn windows(&self, object: &str, grant: Grant) -> Vec<String> {
        let who = &self.trustee;
        let (inherit, rights) = match grant {
            Grant::ReadDeletedObjects => ("", "LCRP".to_owned()),
            Grant::Reanimate => ("", "CA;Reanimate Tombstones".to_owned()),
            Grant::WriteBelow(_, class) => (" /I:S", format!("RPWP;;{class}")),
            Grant::ResetPasswordBelow => (" /I:S", "CA;Reset Password;user".to_owned()),
            Grant::Create(_, class) => (" /I:T", format!("CC;{class}")),
            Grant::Member => ("", "RPWP;member".to_owned()),
        };
        let mut commands = vec![];
        if grant == Grant::ReadDeletedObjects {
            commands.push(format!("dsacls \"{object}\" /takeownership"));
        }
        commands.push(format!("dsacls \"{object}\"{inherit} /G \"{who}:{rights}\""));
        commands
    }

    fn samba(&self, object: &str, grant: Grant) -> String {
        let sid = &self.sid;
        let member = ids::MEMBER.attribute;
        let ace = match grant {
            Grant::ReadDeletedObjects => return self.samba_on_deleted(object, &format!("(A;;RPLC;;;{sid})")),
            Grant::Reanimate => format!("(OA;;CR;{};;{sid})", ids::REANIMATE_TOMBSTONES),
            Grant::WriteBelow(class, _) => format!("(OA;CIIO;RPWP;;{class};{sid})"),
            Grant::ResetPasswordBelow => format!("(OA;CIIO;CR;{};{};{sid})", ids::RESET_PASSWORD, ids::USER),
            Grant::Create(class, _) => format!("(OA;CI;CC;{class};;{sid})"),
            Grant::Member => format!("(OA;;RPWP;{member};;{sid})"),
        };
        format!("samba-tool dsacl set --objectdn=\"{object}\" --sddl=\"{ace}\"")
    }

    /// `samba-tool dsacl` does not see deleted objects; the function below it does.
    fn samba_on_deleted(&self, object: &str, aces: &str) -> String {
        format!(
            "python3 -c \"from samba.samdb import SamDB; from samba.auth import system_session; \
             from samba.param import LoadParm; from samba.sd_utils import SDUtils; lp = LoadParm(); lp.load_default(); \
             db = SamDB(lp=lp, session_info=system_session()); SDUtils(db).dacl_add_ace('{object}', '{aces}')\""
        )
    }

    /// The command that grants what an undelete, and what follows it, takes on one deleted user; Samba only.
    pub(super) fn on_deleted(&self, guid: ObjectGuid) -> Option<String> {
        let (sid, reset) = (&self.sid, ids::RESET_PASSWORD);
        let aces = format!("(A;;RPWPRCLC;;;{sid})(OA;;CR;{reset};;{sid})");
        self.is_samba.then(|| self.samba_on_deleted(&guid.as_dn(), &aces))
    }
}

/// The text, where it cannot end a quoted argument of `cmd`, PowerShell or a POSIX shell, nor be expanded in one.
pub(super) fn safe(text: &str) -> Option<&str> {
    let is_safe = |c: char| c.is_alphanumeric() || " ,=.-_@+/:<>()\\".contains(c);
    // A backslash is harmless between two names, as in DOMAIN\account, and an escape elsewhere.
    let is_account = text.matches('\\').count() == 1 && !text.contains('=') && !text.ends_with('\\');
    let is_plain = !text.contains('\\') || is_account;
    (!text.is_empty() && is_plain && text.chars().all(is_safe)).then_some(text)
}
