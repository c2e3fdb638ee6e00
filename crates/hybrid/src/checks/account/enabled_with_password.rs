//! `account.enabledWithPassword`.

use adrecover_core::UserAccountControl;

use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Known, SyncFeature};
use crate::scope::model::SettingName;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "account.enabledWithPassword",
    title: "the account is enabled, and its password was set",
    severity: Severity::Warn,
    needs: Needs::SomeCloud,
    why: "A disabled account is synchronised with accountEnabled false: the cloud sign-in is blocked, and its password hash is not \
          synchronised. A tombstone has lost its password. An account with PASSWD_NOTREQD may have an empty one.",
    evidence: "userAccountControl, pwdLastSet; accountEnabled of the cloud user; passwordSyncEnabled and \
               userForcePasswordChangeOnLogonEnabled of the tenant",
    fix: "set a password, then enable the account: Set-ADAccountPassword, Enable-ADAccount or restore it with --enable \
          --generate-password=FILE",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-password-hash-synchronization; [MS-ADTS] 2.2.16",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let uac = match case.subject.uac() {
        Known::Value(uac) => uac,
        _ => {
            return Finding::unknown("userAccountControl was not read").saw([case.saw("userAccountControl")]);
        }
    };
    let seen = [case.saw("userAccountControl"), case.saw("pwdLastSet")];
    Finding::all([enabled(case, uac), not_required(case, uac), password(case)]).saw(seen)
}

fn enabled(case: &Case<'_>, uac: UserAccountControl) -> Finding {
    if uac.is_enabled() {
        return Finding::pass();
    }
    let now = match case.cloud_user().map(|user| user.account_enabled()) {
        Some(Known::Value(true)) => ", where the cloud user is enabled now",
        _ => "",
    };
    let hash = match syncs_passwords(case) {
        Some(false) => "",
        _ => ", and its password hash is not synchronised",
    };
    Finding::fail(format!(
        "the account is disabled: it is synchronised as one that may not sign in{now}{hash}"
    ))
    .fix(command::enable(case.subject))
}

fn not_required(case: &Case<'_>, uac: UserAccountControl) -> Finding {
    if !uac.has(UserAccountControl::PASSWORD_NOT_REQUIRED) {
        return Finding::pass();
    }
    Finding::fail("the account may have an empty password (PASSWD_NOTREQD)").fix(command::once_live(
        case.subject,
        &format!(
            "Set-ADAccountControl -Identity {} -PasswordNotRequired $false",
            command::identity(case.subject)
        ),
    ))
}

fn password(case: &Case<'_>) -> Finding {
    let was = if case.subject.was_tombstone { " since the deletion, which took the old one" } else { "" };
    let set = command::set_password(case.subject);
    match case.subject.number("pwdLastSet") {
        Known::Value(0) => must_change(case, was).fix(set),
        Known::Value(_) => Finding::pass(),
        Known::Absent => Finding::fail(format!("no password was set{was}")).fix(set),
        Known::NotAsked => Finding::unknown("pwdLastSet was not read"),
    }
}

/// `pwdLastSet` 0: the password is to be changed at the next logon, or there never was one.
fn must_change(case: &Case<'_>, was: &str) -> Finding {
    let base = format!("no password was set{was}, or it must be changed at the next logon");
    if syncs_passwords(case) == Some(false) {
        return Finding::fail(base);
    }
    Finding::fail(match case.feature(SyncFeature::UserForcePasswordChangeOnLogon) {
        Known::Value(true) => base,
        Known::Value(false) => {
            format!(
                "{base}: a temporary password does not reach the cloud while userForcePasswordChangeOnLogonEnabled is off"
            )
        }
        _ => format!(
            "{base}: a temporary password reaches the cloud only with userForcePasswordChangeOnLogonEnabled on"
        ),
    })
}

/// Whether password hashes are synchronised, as far as is known.
fn syncs_passwords(case: &Case<'_>) -> Option<bool> {
    if let Known::Value(on) = case.feature(SyncFeature::PasswordSync) {
        return Some(on);
    }
    let (value, _) = case.sync_setting(SettingName::PasswordHashSync)?;
    crate::checks::engine::is_on(&value)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::anna;
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let control = |value: &str| Stage::new().with("userAccountControl", &[value]);
        // A failing finding of this rule becomes a warning by the rule's severity.
        table(
            &RULE,
            &[
                ("enabled, with a password", Stage::new(), Status::Pass),
                ("disabled", control("514"), Status::Fail),
                ("no password required", control("544"), Status::Fail),
                ("must change", Stage::new().with("pwdLastSet", &["0"]), Status::Fail),
                ("never set", Stage::new().without("pwdLastSet"), Status::Fail),
                ("pwdLastSet not read", Stage::new().not_asked("pwdLastSet"), Status::Unknown),
                ("not read", Stage::new().not_asked("userAccountControl"), Status::Unknown),
                ("no number", control("x"), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
            ],
        );
    }

    #[test]
    fn what_the_cloud_sees_is_said() {
        let enabled = anna(r#""accountEnabled":true"#);
        let says = |stage: Stage| stage.status(&RULE).1;
        let disabled = || Stage::new().with("userAccountControl", &["514"]);
        assert!(says(disabled().evidence(&[("users.json", &enabled)])).contains("is enabled now"));
        let features = |force: bool, hash: bool| {
            format!(
                r#"{{"id":"1","configuration":{{}},"features":{{"blockSoftMatchEnabled":false,"passwordSyncEnabled":{hash},"userForcePasswordChangeOnLogonEnabled":{force}}}}}"#
            )
        };
        let must = |force, hash| {
            let features = features(force, hash);
            says(Stage::new().with("pwdLastSet", &["0"]).evidence(&[("features.json", &features)]))
        };
        assert!(must(false, true).contains("does not reach the cloud"));
        assert!(!must(true, true).contains("reach"));
        assert!(!must(false, false).contains("reach"));
        assert!(
            says(Stage::new().without("pwdLastSet").changed(|s| s.was_tombstone = true))
                .contains("which took the old one")
        );
    }
}
