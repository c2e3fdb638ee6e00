//! A user to restore, what the directory shows of it, and what has to be so at every moment and in the end.

use std::path::PathBuf;

use adrecover_engine::{Journal, OperationState};
use serde_json::Value;

/// A deleted user, with a journal of its own.
#[derive(Debug, Clone)]
pub(crate) struct Victim {
    pub(crate) guid: String,
    pub(crate) account: String,
    /// The DN before the deletion, which it is to have again.
    pub(crate) dn: String,
    pub(crate) upn: String,
    /// The groups that it was in, sorted.
    pub(crate) groups: Vec<String>,
    /// The folder of the journal.
    pub(crate) state: PathBuf,
    /// How often its password had been written when it was deleted.
    pub(crate) passwords: u32,
    /// Whether it has its old password again as soon as it is back: the Recycle Bin keeps it.
    pub(crate) keeps_password: bool,
}

/// What the directory shows of a victim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) dn: String,
    pub(crate) live: bool,
    pub(crate) enabled: bool,
    pub(crate) upn: String,
    pub(crate) groups: Vec<String>,
    /// How often `isDeleted` was written: once by the deletion, once by the undelete.
    pub(crate) deletions: u32,
    /// How often its password was written.
    pub(crate) passwords: u32,
}

impl Shown {
    /// The attributes that it takes.
    pub(super) const ATTRIBUTES: [&str; 6] = [
        "sAMAccountName",
        "isDeleted",
        "userAccountControl",
        "userPrincipalName",
        "memberOf",
        "replPropertyMetaData",
    ];
}

impl Victim {
    /// With its journal in another folder.
    pub(crate) fn with_state(&self, folder: impl Into<PathBuf>) -> Self {
        Self { state: folder.into(), ..self.clone() }
    }

    /// At no moment is it enabled without a password.
    #[track_caller]
    pub(crate) fn is_safe(&self, shown: &Shown) {
        let bare = !self.keeps_password && shown.passwords == self.passwords;
        let bare = bare && shown.live && shown.enabled;
        assert!(!bare, "enabled without a password: {self:?} {shown:?}");
    }

    /// It is back as it was meant to be, by one undelete.
    #[track_caller]
    pub(crate) fn is_back(&self, shown: &Shown, enabled: bool) {
        self.is_safe(shown);
        let meant = Shown {
            dn: self.dn.clone(),
            live: true,
            enabled,
            upn: self.upn.clone(),
            groups: self.groups.clone(),
            deletions: 2,
            passwords: shown.passwords,
        };
        assert_eq!(*shown, meant);
    }

    /// What a report says of it is so.
    #[track_caller]
    pub(crate) fn is_truly(&self, shown: &Shown, report: &Value) {
        self.is_safe(shown);
        for step in report["steps"].as_array().unwrap() {
            let name = step["step"].as_str().unwrap();
            let there = match name {
                "reanimate" => shown.live,
                "setUpn" => shown.upn == self.upn,
                "setPassword" => shown.passwords > self.passwords,
                "enable" => shown.live && shown.enabled,
                "disable" => shown.live && !shown.enabled,
                "addToGroup" => shown.groups.iter().any(|g| Some(g.as_str()) == step["group"].as_str()),
                other => panic!("an unknown step {other}"),
            };
            let unsure = step["message"].as_str().is_some_and(|m| m.contains("may or may not"));
            let told = match step["status"].as_str().unwrap() {
                "done" | "unchanged" => there,
                // The undelete of an enabled account enables it and gives it its password along.
                "skipped" | "failed" if matches!(name, "setPassword" | "enable") => true,
                "skipped" => !there,
                "failed" => unsure || !there,
                other => panic!("an unknown status {other}"),
            };
            assert!(told, "not so: {step}\nin {report}\nthe directory shows {shown:?}");
        }
    }

    /// Its journal can be read, and every step in it is done.
    #[track_caller]
    pub(crate) fn has_nothing_open(&self) {
        let journal = Journal::open(self.state.join("operations.db")).unwrap();
        for summary in journal.list(usize::MAX).unwrap() {
            let operation = journal.load(&summary.id.to_string()).unwrap();
            let open = operation.steps.iter().flatten().filter(|step| !step.state.is_done()).count();
            assert!(!summary.running && summary.state == OperationState::Done && open == 0, "{operation:?}");
        }
    }
}
