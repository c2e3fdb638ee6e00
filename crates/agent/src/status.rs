//! How a journal stands, as it is seen from outside: whether it is kept, how old it is, and what is missing in it.

use std::time::Duration;

use adrecover_core::change::Position;
use adrecover_core::time::Timestamp;
use adrecover_journal::{ContextStatus, JournalStatus};
use serde::Serialize;

/// By which way a naming context is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ReadBy {
    /// DirSync, with the right for it.
    DirSync,
    /// DirSync, with the account's own rights.
    OwnRights,
    /// Update sequence numbers.
    Numbers,
}

impl ReadBy {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::DirSync => "dirSync",
            Self::OwnRights => "ownRights",
            Self::Numbers => "numbers",
        }
    }
}

/// How a naming context stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextReport {
    /// Its DN.
    pub dn: String,
    /// How long ago something of it was last kept.
    pub lag_seconds: Option<u64>,
    /// When that was.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub last_success: Option<Timestamp>,
    /// When it was last read as a whole.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub last_full_read: Option<Timestamp>,
    /// Whether it is being read as a whole.
    pub is_full_read_under_way: bool,
    /// By which way it is read; `None` before it was, and where the position cannot be read.
    pub read_by: Option<ReadBy>,
    /// What is missing in it for want of rights, and how to grant them.
    pub missing: Option<String>,
}

/// What is to be said of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusReport {
    /// What is wrong; nothing where all is well.
    pub problems: Vec<String>,
    /// Its naming contexts.
    pub contexts: Vec<ContextReport>,
}

/// Judges how a journal stands. Whether an agent runs is asked only where one has to.
pub fn judge(
    status: &JournalStatus,
    now: Timestamp,
    longest_lag: Duration,
    must_run: Option<bool>,
) -> StatusReport {
    let contexts: Vec<ContextReport> = status.contexts.iter().map(|context| report(context, now)).collect();
    let is_late = |context: &ContextReport| context.lag_seconds.is_none_or(|lag| lag > longest_lag.as_secs());
    // While a large one is read as a whole the others wait.
    let is_busy = contexts.iter().any(|context| context.is_full_read_under_way && !is_late(context));
    let mut problems = vec![];
    if must_run == Some(false) {
        problems.push("no agent writes the journal".to_owned());
    }
    if contexts.is_empty() {
        problems.push("nothing was read yet".to_owned());
    }
    for context in &contexts {
        let dn = &context.dn;
        if is_late(context) && !is_busy {
            let ago =
                context.lag_seconds.map_or("ever".to_owned(), |lag| format!("for {} minutes", lag / 60));
            problems.push(format!("nothing of {dn} was read {ago}"));
        }
        if context.last_full_read.is_none() {
            problems
                .push(format!("{dn} was not yet read as a whole: what lies in it cannot all be given back"));
        }
    }
    StatusReport { problems, contexts }
}

fn report(context: &ContextStatus, now: Timestamp) -> ContextReport {
    let read_by = context.cursor.as_ref().map(|cursor| match cursor.position {
        Position::DirSync { own_rights: false, .. } => ReadBy::DirSync,
        Position::DirSync { own_rights: true, .. } => ReadBy::OwnRights,
        Position::Usn { .. } => ReadBy::Numbers,
    });
    ContextReport {
        dn: context.dn.clone(),
        lag_seconds: context.lag(now),
        last_success: context.succeeded,
        last_full_read: context.completed,
        is_full_read_under_way: context.is_reading,
        read_by,
        missing: missing(read_by, &context.dn),
    }
}

/// What the agent's account does not see, and what grants it ([MS-ADTS] 3.1.1.3.4.1.3).
fn missing(read_by: Option<ReadBy>, dn: &str) -> Option<String> {
    let what = match read_by? {
        ReadBy::DirSync => return None,
        ReadBy::OwnRights => {
            "what the account may not read is missing, and of deleted objects that it may not see all but the GUID"
        }
        ReadBy::Numbers => {
            "what the account may not read is missing, deleted objects that it may not see, and when and where single values were written"
        }
    };
    Some(format!(
        "{what}; grant it: dsacls \"{dn}\" /G ACCOUNT:CA;\"Replicating Directory Changes\", and start the agent once with --full"
    ))
}

#[cfg(test)]
mod tests {
    use adrecover_core::ObjectGuid;
    use adrecover_core::change::Cursor;
    use adrecover_journal::Counts;

    use super::*;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    fn context(dn: &str, succeeded: i64, completed: Option<i64>, position: Position) -> ContextStatus {
        let guid = ObjectGuid::from_wire(&[1; 16]).unwrap();
        ContextStatus {
            dn: dn.to_owned(),
            succeeded: Some(time(succeeded)),
            completed: completed.map(time),
            is_reading: completed.is_none(),
            cursor: Some(Cursor { context: guid, invocation: guid, usn: 7, position }),
        }
    }

    fn status(contexts: Vec<ContextStatus>) -> JournalStatus {
        JournalStatus {
            forest: "a.example".to_owned(),
            is_encrypted: false,
            octets: 0,
            objects: Counts::default(),
            changes: 0,
            links: 0,
            oldest_change: None,
            contexts,
        }
    }

    fn by(own_rights: bool) -> Position {
        Position::DirSync { cookie: vec![], own_rights, full: None }
    }

    fn problems(contexts: Vec<ContextStatus>, must_run: Option<bool>) -> Vec<String> {
        judge(&status(contexts), time(1000), Duration::from_secs(100), must_run).problems
    }

    #[test]
    fn what_is_wrong_is_said() {
        let fresh = || context("DC=a", 950, Some(10), by(false));
        let late = || context("DC=b", 10, Some(10), by(false));
        assert!(problems(vec![fresh()], Some(true)).is_empty());
        assert_eq!(problems(vec![fresh()], Some(false)), ["no agent writes the journal"]);
        assert!(problems(vec![fresh()], None).is_empty());
        assert_eq!(problems(vec![fresh(), late()], None), ["nothing of DC=b was read for 16 minutes"]);
        assert_eq!(problems(vec![], None), ["nothing was read yet"]);
        // Another one is read as a whole meanwhile.
        let reading = || context("DC=a", 950, None, by(false));
        let said = problems(vec![reading(), late()], None);
        assert!(said.len() == 1 && said[0].contains("not yet read as a whole"), "{said:?}");
    }

    #[test]
    fn missing_rights_have_a_way_out() {
        let ways = [by(false), by(true), Position::Usn { after: 1, full: None }];
        let contexts = ways.map(|way| context("DC=a", 950, Some(1), way)).to_vec();
        let report = judge(&status(contexts), time(1000), Duration::from_secs(100), None);
        let missing: Vec<bool> = report.contexts.iter().map(|context| context.missing.is_some()).collect();
        assert_eq!(missing, [false, true, true]);
        assert!(report.contexts[2].missing.as_ref().unwrap().contains("dsacls \"DC=a\""));
    }
}
