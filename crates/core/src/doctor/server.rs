//! The connection, the account and the server.

use chrono::Duration;

use super::{Check, CheckStatus, DoctorFacts, Encryption, Need, ServerChoice};
use crate::time::rfc3339;

/// Kerberos refuses tickets when the clocks are further apart (`MaxClockSkew`, [MS-KILE] 3.1.1).
const MOST_SKEW: Duration = Duration::minutes(5);

pub(super) fn checks(facts: &DoctorFacts) -> Vec<Check> {
    vec![
        choice(facts),
        connection(facts),
        account(facts),
        writable(facts),
        catalogue(facts),
        clock(facts),
        levels(facts),
        vendor(facts),
    ]
}

fn choice(facts: &DoctorFacts) -> Check {
    let ServerChoice { how, passed_over, is_of_other_site } = &facts.connection.choice;
    let place = match (passed_over.is_empty(), is_of_other_site) {
        (true, false) => "the first of them",
        (_, true) => "none of this site could be used",
        (false, false) => "the first that could be used",
    };
    let others: String = passed_over.iter().map(|why| format!("; {why}")).collect();
    // The server that was not reached may be the one that the others are thought to be.
    let status =
        if passed_over.is_empty() && !is_of_other_site { CheckStatus::Ok } else { CheckStatus::Warn };
    Check::new("server.choice", "why this server", status, format!("{how}; {place}{others}"))
}

fn connection(facts: &DoctorFacts) -> Check {
    let c = &facts.connection;
    let host = c.host.as_deref().unwrap_or("no DNS name");
    let (status, how) = match c.encryption {
        Encryption::Ldaps => (CheckStatus::Ok, "TLS, certificate verified"),
        Encryption::StartTls => (CheckStatus::Ok, "StartTLS, certificate verified"),
        Encryption::Sealed => (CheckStatus::Ok, "signed and sealed by Kerberos"),
        Encryption::Unverified => {
            (CheckStatus::Warn, "TLS, but the certificate is not verified (--insecure)")
        }
    };
    let bind = match (c.by_ticket, c.encryption) {
        (false, _) => "; simple bind inside TLS, so that rules about unsigned binds do not apply",
        (true, Encryption::Sealed) => "",
        (true, _) => "; Kerberos ticket, bound to the TLS channel",
    };
    let seen = format!("{} ({}, {host}), {how}{bind}", c.url, c.address);
    let check = Check::new("server.connection", "the connection", status, seen);
    match c.encryption {
        Encryption::Unverified => {
            check.fix(["give the certificate of the authority with --ca FILE instead of --insecure"])
        }
        _ => check,
    }
}

fn account(facts: &DoctorFacts) -> Check {
    let id = "account.identity";
    let title = "the account";
    let name = facts.account_name();
    let place = facts.account.as_ref().map_or_else(
        || format!("logged on as {}, which is not an object of this domain", facts.connection.bind_name),
        |a| format!("{name}, {}", a.dn),
    );
    match &facts.token {
        Some(token) => {
            let role = if facts.is_administrator() { ", among them the built-in Administrators" } else { "" };
            Check::new(
                id,
                title,
                CheckStatus::Ok,
                format!("{place}; {} groups and identities{role}", token.len()),
            )
        }
        None => Check::new(
            id,
            title,
            CheckStatus::Warn,
            format!(
                "{place}; the server does not tell its groups (tokenGroups), so some rights stay unknown"
            ),
        ),
    }
}

fn writable(facts: &DoctorFacts) -> Check {
    let id = "server.writable";
    let title = "takes changes";
    let server = &facts.server;
    let check = if server.is_read_only {
        Check::new(id, title, CheckStatus::Fail, "this is a read-only domain controller")
            .fix(["name a writable domain controller with --server"])
    } else if server.is_synchronized == Some(false) {
        Check::new(
            id,
            title,
            CheckStatus::Warn,
            "it has not finished its first synchronisation, so that objects may be missing",
        )
        .fix(["wait until it has, or name another domain controller with --server"])
    } else {
        Check::new(id, title, CheckStatus::Ok, "a writable domain controller")
    };
    check.needed(Need::Ability)
}

fn catalogue(facts: &DoctorFacts) -> Check {
    let id = "server.globalCatalog";
    let title = "global catalogue";
    match &facts.server.catalogue {
        Some(Ok(())) => Check::new(id, title, CheckStatus::Ok, "answers, so that names can be checked in the whole forest"),
        Some(Err(reason)) => Check::new(id, title, CheckStatus::Warn, format!("cannot be asked: {reason}")).fix([
            "open the port (3269, or 3268 with StartTLS) or name a domain controller that is a global catalogue; without it a restore whose \
             names must be unique in the forest is blocked unless --allow-unchecked-forest is given",
        ]),
        None => Check::new(id, title, CheckStatus::Unknown, "was not asked"),
    }
}

fn clock(facts: &DoctorFacts) -> Check {
    let id = "server.clock";
    let title = "clocks";
    let Some(clock) = facts.server.clock else {
        return Check::new(id, title, CheckStatus::Unknown, "the server does not tell its time");
    };
    let skew = clock.server.signed_duration_since(clock.local);
    let seen = match skew.num_seconds() {
        // The server gives whole seconds, and the answer takes its time.
        -2..=2 => format!("agree ({})", rfc3339(clock.server)),
        s if s > 0 => format!("the server is {} ahead ({})", span(s), rfc3339(clock.server)),
        s => format!("the server is {} behind ({})", span(-s), rfc3339(clock.server)),
    };
    if skew.abs() <= MOST_SKEW {
        return Check::new(id, title, CheckStatus::Ok, seen);
    }
    Check::new(id, title, CheckStatus::Warn, seen).fix([
        "set both clocks by the same source: Kerberos needs them within 5 minutes, and ages (--since 7d, days left) are measured here",
    ])
}

fn span(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn levels(facts: &DoctorFacts) -> Check {
    let [domain, forest, controller] = facts.server.levels.map(level);
    let seen = format!("forest {forest}, domain {domain}, this server {controller}");
    Check::new("server.levels", "functional levels", CheckStatus::Ok, seen)
}

/// `msDS-Behavior-Version` ([MS-ADTS] 6.1.4.2 to 6.1.4.4).
fn level(value: Option<i64>) -> String {
    let name = match value {
        Some(0) => "2000",
        Some(1) => "2003 interim",
        Some(2) => "2003",
        Some(3) => "2008",
        Some(4) => "2008 R2",
        Some(5) => "2012",
        Some(6) => "2012 R2",
        Some(7) => "2016",
        Some(10) => "2025",
        Some(other) => return other.to_string(),
        None => "unknown",
    };
    name.to_owned()
}

fn vendor(facts: &DoctorFacts) -> Check {
    let id = "server.vendor";
    let title = "kind of server";
    if !facts.server.is_samba {
        let vendor =
            facts.server.vendor.as_deref().unwrap_or("Active Directory of Windows (no vendor is named)");
        return Check::new(id, title, CheckStatus::Ok, vendor).needed(Need::Ability);
    }
    let bin_is_on = facts.policy.effective.is_some_and(|p| p.recycle_bin);
    let check = if bin_is_on {
        Check::new(
            id,
            title,
            CheckStatus::Fail,
            "Samba, with the Recycle Bin on: it cannot undelete objects of the bin (16 noSuchAttribute isRecycled)",
        )
        .fix(["restore on a Windows domain controller of the domain, or from a backup of the Samba server"])
    } else {
        Check::new(
            id,
            title,
            CheckStatus::Ok,
            "Samba: its undelete does not look for account names, parents and name types that are wrong or taken, so adrecover does; \
             nothing else would",
        )
    };
    check.needed(Need::Ability)
}
