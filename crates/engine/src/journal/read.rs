//! Reading the journal: lists, one operation with its steps folded, what is unfinished, what was restored.

use adrecover_core::ObjectGuid;
use adrecover_core::plan::Plan;
use adrecover_core::time::Timestamp;
use chrono::DateTime;
use rusqlite::{Row, params};

use super::{
    Command, Detail, Event, Journal, JournalError, Meta, OperationId, OperationState, StepState, lock::Lock,
};

/// One line of a list of operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationSummary {
    /// Its id.
    pub id: OperationId,
    /// Who, from where, when and why.
    pub meta: Meta,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The domain's DN.
    pub domain: String,
    /// The domain's SID.
    pub domain_sid: Option<String>,
    /// The DC.
    pub server: String,
    /// The operation that it takes back.
    pub undo_of: Option<String>,
    /// Where it stands.
    pub state: OperationState,
    /// Whether a process carries it out at this moment.
    pub running: bool,
    /// How many objects its plan has.
    pub objects: usize,
}

/// An operation with everything that is known about it.
#[derive(Debug, Clone)]
pub struct Operation {
    /// As in a list.
    pub summary: OperationSummary,
    /// The plan that it carries out.
    pub plan: Plan,
    /// For each object of the plan, each of its steps.
    pub steps: Vec<Vec<StepRecord>>,
}

/// What the journal says about one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepRecord {
    /// Where it stands.
    pub state: StepState,
    /// What was observed before it was begun.
    pub before: Detail,
    /// What was observed at its end.
    pub after: Detail,
    /// The position of its last event in the operation, by which "newest first" is told; 0 where there is none.
    pub seq: i64,
}

/// An object that an operation of this journal brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredObject {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// Its name before the deletion.
    pub name: String,
    /// `sAMAccountName` after the restore.
    pub sam_account_name: Option<String>,
    /// The DN under which it came back.
    pub dn: String,
}

const COLUMNS: &str = "id, started_at, finished_at, command, reason, bind_identity, os_user, host, domain, domain_sid, \
     server, undo_of, state, json_array_length(plan, '$.objects')";

impl Journal {
    /// The newest operations first, at most `limit`.
    pub fn list(&self, limit: usize) -> Result<Vec<OperationSummary>, JournalError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.summaries("ORDER BY id DESC LIMIT ?", params![limit])
    }

    /// What was begun on this domain and server and not finished, and is not being carried out at this moment; the
    /// newest first. `None` means any.
    pub fn unfinished(
        &self,
        domain_sid: Option<&str>,
        server: Option<&str>,
    ) -> Result<Vec<OperationSummary>, JournalError> {
        let mut found = self.summaries(
            "WHERE state IN ('running', 'interrupted', 'waiting') AND (?1 IS NULL OR domain_sid = ?1) \
             AND (?2 IS NULL OR lower(server) = lower(?2)) AND NOT EXISTS (SELECT 1 FROM operations u \
             WHERE u.undo_of = operations.id AND u.state IN ('done', 'partial')) ORDER BY id DESC",
            params![domain_sid, server],
        )?;
        found.retain(|o| !o.running);
        Ok(found)
    }

    /// Every object of a domain that was brought back, the latest restore of each.
    pub fn restored_objects(&self, domain_sid: Option<&str>) -> Result<Vec<RestoredObject>, JournalError> {
        let rows: Vec<(String, String, Option<String>, String)> = self.run(|c| {
            c.prepare_cached(
                "SELECT r.guid, r.name, r.sam_account_name, r.dn FROM restored r \
                 JOIN operations o ON o.id = r.operation \
                 WHERE (?1 IS NULL OR o.domain_sid = ?1) \
                 AND r.operation = (SELECT MAX(operation) FROM restored WHERE guid = r.guid) ORDER BY r.operation DESC",
            )?
            .query_map([domain_sid], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
            .collect()
        })?;
        rows.into_iter()
            .map(|(guid, name, sam_account_name, dn)| {
                Ok(RestoredObject { guid: parsed(&guid, "a GUID")?, name, sam_account_name, dn })
            })
            .collect()
    }

    /// One operation by its id or a beginning of it that no other has.
    pub fn load(&self, id: &str) -> Result<Operation, JournalError> {
        let id = self.resolve(id)?;
        let summary = self
            .summaries("WHERE id = ?", params![id])?
            .pop()
            .ok_or_else(|| JournalError::NotFound { id: id.clone() })?;
        let json: String =
            self.run(|c| c.query_row("SELECT plan FROM operations WHERE id = ?", [&id], |r| r.get(0)))?;
        let plan: Plan = serde_json::from_str(&json)
            .map_err(|e| JournalError::Damaged(format!("the plan of operation {id}: {e}")))?;
        let steps = self.fold(&id, &plan)?;
        Ok(Operation { summary, plan, steps })
    }

    fn resolve(&self, text: &str) -> Result<String, JournalError> {
        let text = text.trim().to_ascii_lowercase();
        let missing = || JournalError::NotFound { id: text.clone() };
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
            return Err(missing());
        }
        let mut ids: Vec<String> = self.run(|c| {
            c.prepare_cached(
                "SELECT id FROM operations WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 10",
            )?
            .query_map([&text], |r| r.get(0))?
            .collect()
        })?;
        if ids.len() > 1 {
            return Err(JournalError::Ambiguous { prefix: text, ids });
        }
        ids.pop().ok_or_else(missing)
    }

    /// Folds the events into the state of each step; an event that cannot follow is damage.
    fn fold(&self, id: &str, plan: &Plan) -> Result<Vec<Vec<StepRecord>>, JournalError> {
        let mut steps: Vec<Vec<StepRecord>> =
            plan.objects.iter().map(|o| vec![StepRecord::default(); o.steps.len()]).collect();
        let rows: Vec<(i64, i64, i64, String, String)> = self.run(|c| {
            c.prepare_cached(
                "SELECT seq, object, step, event, detail FROM events WHERE operation = ? ORDER BY seq",
            )?
            .query_map([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?
            .collect()
        })?;
        for (seq, object, step, name, detail) in rows {
            let damaged = |what: &str| JournalError::Damaged(format!("event {seq} of operation {id} {what}"));
            let place = usize::try_from(object).ok().zip(usize::try_from(step).ok());
            let record = place
                .and_then(|(o, s)| steps.get_mut(o)?.get_mut(s))
                .ok_or_else(|| damaged("is about a step that its plan does not have"))?;
            let event = event(&name)?;
            record.state = record.state.after(event).ok_or_else(|| damaged("cannot follow those before"))?;
            record.seq = seq;
            let detail = serde_json::from_str(&detail).map_err(|_| damaged("has unreadable details"))?;
            if event == Event::Started {
                record.before = detail;
            } else {
                record.after = detail;
            }
        }
        Ok(steps)
    }

    fn summaries(
        &self,
        condition: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<OperationSummary>, JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM operations {condition}");
        let rows: Vec<Raw> =
            self.run(|c| c.prepare_cached(&sql)?.query_map(parameters, Raw::read)?.collect())?;
        rows.into_iter().map(|raw| self.summary(raw)).collect()
    }

    fn summary(&self, raw: Raw) -> Result<OperationSummary, JournalError> {
        let [id, started_at, command, bind_identity, os_user, host, domain, server, state] = raw.texts;
        let [finished_at, reason, domain_sid, undo_of] = raw.options;
        let id: OperationId = id.parse()?;
        let state = OperationState::ALL.iter().find(|(_, name)| *name == state).map(|(state, _)| *state);
        let command = Command::ALL.iter().find(|(_, name)| *name == command).map(|(command, _)| *command);
        let (Some(state), Some(command)) = (state, command) else {
            return Err(JournalError::Damaged(format!("operation {id} has an unknown command or state")));
        };
        let mine = self.held.borrow().iter().any(|held| held.id == id);
        let running = state == OperationState::Running && (mine || Lock::is_taken(&self.path, id)?);
        Ok(OperationSummary {
            id,
            meta: Meta { command, reason, bind_identity, os_user, host, started_at: time(&started_at)? },
            finished_at: finished_at.as_deref().map(time).transpose()?,
            domain,
            domain_sid,
            server,
            undo_of,
            state,
            running,
            objects: usize::try_from(raw.objects.unwrap_or(0)).unwrap_or(0),
        })
    }
}

/// A row of [`COLUMNS`].
struct Raw {
    texts: [String; 9],
    options: [Option<String>; 4],
    objects: Option<i64>,
}

impl Raw {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = |i| row.get::<_, String>(i);
        let option = |i| row.get::<_, Option<String>>(i);
        Ok(Self {
            texts: [
                text(0)?,
                text(1)?,
                text(3)?,
                text(5)?,
                text(6)?,
                text(7)?,
                text(8)?,
                text(10)?,
                text(12)?,
            ],
            options: [option(2)?, option(4)?, option(9)?, option(11)?],
            objects: row.get(13)?,
        })
    }
}

pub(super) fn event(name: &str) -> Result<Event, JournalError> {
    Event::from_name(name).ok_or_else(|| JournalError::Damaged(format!("unknown event `{name}`")))
}

fn time(text: &str) -> Result<Timestamp, JournalError> {
    DateTime::parse_from_rfc3339(text)
        .map(|t| t.to_utc())
        .map_err(|_| JournalError::Damaged(format!("`{text}` is not a time")))
}

fn parsed<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, JournalError> {
    text.parse().map_err(|_| JournalError::Damaged(format!("`{text}` is not {what}")))
}
