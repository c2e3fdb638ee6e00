//! Writing events down, and when that is committed.

use adrecover_core::time::Timestamp;
use rusqlite::params;

use super::log::{Held, Log};
use super::{Detail, Event, Journal, JournalError, Place, RestoredObject, StepState, stamp};

impl Journal {
    /// Writes an event down. When this returns, it survives the end of the program, and so does what was noted before.
    pub fn record(
        &self,
        place: Place,
        event: Event,
        detail: &Detail,
        at: Timestamp,
    ) -> Result<StepState, JournalError> {
        let state = self.write(place, event, detail, at, None);
        // What was noted before is kept, whatever became of this event.
        self.commit().and(state)
    }

    /// Writes down that a step succeeded, and for an object that came back also where it is, so that the same command
    /// finds it again. It is committed with the next event or by [`Self::commit`]: one of them must come before the
    /// directory is asked or changed again.
    pub fn note_success(
        &self,
        place: Place,
        restored: Option<&RestoredObject>,
        detail: &Detail,
        at: Timestamp,
    ) -> Result<StepState, JournalError> {
        self.write(place, Event::Succeeded, detail, at, restored)
    }

    /// Commits what was noted.
    pub fn commit(&self) -> Result<(), JournalError> {
        if !self.pending.replace(false) {
            return Ok(());
        }
        let done = self.execute("COMMIT");
        if done.is_err() {
            let _ = self.execute("ROLLBACK");
            // What is known of the events has to be read again.
            self.held.borrow_mut().iter_mut().for_each(|held| held.log = None);
        }
        done
    }

    fn write(
        &self,
        place: Place,
        event: Event,
        detail: &Detail,
        at: Timestamp,
        restored: Option<&RestoredObject>,
    ) -> Result<StepState, JournalError> {
        let json = serde_json::to_string(detail).map_err(|e| JournalError::Damaged(e.to_string()))?;
        let at = stamp(at);
        if !self.pending.get() {
            self.execute("BEGIN IMMEDIATE")?;
            self.pending.set(true);
        }
        let mut held = self.held.borrow_mut();
        let mut fresh = None;
        let log = match held.iter_mut().find(|held| held.id == place.operation) {
            Some(Held { log: Some(log), .. }) => log,
            Some(Held { log, .. }) => log.insert(Log::read(self, place.operation)?),
            // Somebody else may write events of it too.
            None => fresh.insert(Log::read(self, place.operation)?),
        };
        let (seq, state) = log.next(place, event)?;
        // First: should only one of them be written, the step is begun and not done, and the directory is asked.
        if let Some(object) = restored {
            self.insert_restored(place, object, &at)?;
        }
        self.insert(place, seq, event, &json, &at)?;
        log.note((place.object, place.step), seq, state);
        Ok(state)
    }

    fn execute(&self, sql: &str) -> Result<(), JournalError> {
        self.run(|c| c.prepare_cached(sql)?.execute([])).map(|_| ())
    }

    fn insert(
        &self,
        place: Place,
        seq: i64,
        event: Event,
        detail: &str,
        at: &str,
    ) -> Result<(), JournalError> {
        self.run(|c| {
            c.prepare_cached(
                "INSERT INTO events (operation, seq, object, guid, step, event, at, detail) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                place.operation.to_string(),
                seq,
                place.object as i64,
                place.guid.to_string(),
                place.step as i64,
                event.name(),
                at,
                detail,
            ])
        })?;
        Ok(())
    }

    fn insert_restored(&self, place: Place, o: &RestoredObject, at: &str) -> Result<(), JournalError> {
        self.run(|c| {
            c.prepare_cached("INSERT OR REPLACE INTO restored VALUES (?, ?, ?, ?, ?, ?)")?.execute(params![
                o.guid.to_string(),
                place.operation.to_string(),
                o.name,
                o.sam_account_name,
                o.dn,
                at
            ])
        })?;
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let _ = self.commit();
    }
}
