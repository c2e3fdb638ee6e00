//! What remains when the account on premises cannot be undeleted.

use super::By::{Adrecover, PowerShell, Wait};
use super::{Place, Step};

/// The ways that are left, and what they cost.
#[derive(Debug)]
pub struct Remains {
    /// When this is for.
    pub summary: &'static str,
    /// What has to be given for an authoritative restore.
    pub conditions: &'static [&'static str],
    /// The authoritative restore, step by step.
    pub steps: &'static [Step],
    /// What to mind.
    pub warnings: &'static [&'static str],
    /// What `adrecover recreate`, the last way, cannot bring back.
    pub recreate_loses: &'static [&'static str],
}

/// What is typed into ntdsutil.
const AUTHORITATIVE: &str =
    "ntdsutil\nactivate instance ntds\nauthoritative restore\nrestore object \"{dn}\"\nquit\nquit";

/// Recycled, past its lifetime, or on a server that cannot undelete it: exit code 8.
pub static REMAINS: Remains = Remains {
    summary: "It is recycled, past its lifetime, or on a server that cannot undelete it. An authoritative restore from a backup is the only \
              way to the same SID and GUID, and so, for a synchronised user, to the same Entra user and mailbox.",
    conditions: &[
        "a system state backup of a writable domain controller of this domain, made before the deletion and younger than the tombstone \
         lifetime (an older one must not be brought back)",
        "the password of Directory Services Restore Mode of that domain controller",
        "another domain controller, which serves meanwhile",
    ],
    steps: &[
        Step::new("remains.otherServer", Adrecover, "If only this server is what cannot undelete it: another one may")
            .command("adrecover doctor"),
        Step::new("remains.holdSync", PowerShell, "Hold the synchronisation, where there is one and it runs still")
            .at(Place::SyncServer)
            .command("Set-ADSyncScheduler -SyncCycleEnabled $false"),
        Step::new("remains.restoreMode", PowerShell, "Start the domain controller in Directory Services Restore Mode")
            .at(Place::DomainController)
            .command("bcdedit /set safeboot dsrepair\nRestart-Computer")
            .why("Sign in as .\\Administrator with the password of that mode.")
            .destructive()
            .by_hand(),
        Step::new("remains.systemState", PowerShell, "Bring the backup back; let it restart into the same mode when it asks")
            .at(Place::DomainController)
            .command("wbadmin get versions\nwbadmin start systemstaterecovery -version:<VERSION>")
            .why(
                "For a backup on another disk or a share: -backuptarget:<WHERE> in both. Never start normally before the next step: the deletion \
                 would replicate in. Without -authsysvol. A snapshot or an image of a virtual machine is no substitute.",
            )
            .destructive()
            .by_hand(),
        Step::new("remains.authoritative", PowerShell, "Mark this one object as authoritative")
            .at(Place::DomainController)
            .command(AUTHORITATIVE)
            .needs(&["the DN before the deletion (adrecover show)"])
            .why("It writes ar_<time>_objects.txt and ar_<time>_links_<domain>.ldf into the folder that it runs in: keep both.")
            .destructive()
            .by_hand(),
        Step::new("remains.normalMode", PowerShell, "Start it normally and let it replicate")
            .at(Place::DomainController)
            .command("bcdedit /deletevalue safeboot\nRestart-Computer")
            .by_hand(),
        Step::new("remains.links", PowerShell, "Bring the memberships back, once the object has replicated")
            .at(Place::DomainController)
            .command("ldifde -i -k -f ar_<TIME>_links_<DOMAIN>.ldf")
            .why(
                "For groups of other domains: in each of them, on a global catalogue server, `create ldif file(s) from ar_<TIME>_objects.txt` in \
                 ntdsutil's authoritative restore, then ldifde with what that writes.",
            )
            .by_hand(),
        Step::new("remains.look", Adrecover, "See that it is there, on another domain controller, too (--server)")
            .command("adrecover show {user}"),
        Step::new("remains.goOn", Wait, "For a synchronised user: go on with the pre-flight, then release the synchronisation")
            .why("`adrecover guide` has those steps. The account is present now; its password and memberships are those of the backup."),
    ],
    warnings: &[
        "Make sure that only the objects that you want back are marked as authoritative: others can cause many problems in Active Directory (the article's warning).",
        "Never mark a whole subtree or the database for one object (restore subtree, restore database).",
        "What changed after the backup (passwords, memberships, attributes) is not in it.",
        "It takes hours, and the 30 days of the Entra user and of the mailbox go on meanwhile.",
    ],
    recreate_loses: &[
        "the SID: every permission on files, shares, mailboxes and SQL servers that names it, and of a user the Windows profile",
        "the objectGUID, and of a synchronised user with it the source anchor: the new account never matches the soft-deleted Entra user, and \
         since 2026 an anchor that is copied into it is refused",
        "of an account the password and its history, and data that is encrypted with it (DPAPI, EFS)",
        "memberships (of a group: members) that no source knows, and everything else that no source knows",
        "membership in groups of other domains, delegations, certificates that name the old object",
    ],
};
