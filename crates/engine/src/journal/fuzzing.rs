//! What the fuzz targets call (`tests/fuzz`), and the tests with the corpus and mutations of it.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::path::Path;

use adrecover_core::plan::{Action, Plan};
use adrecover_core::time::Timestamp;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::Value;

use super::{Journal, Operation, StepState, file};
use crate::undo_plan;

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[("journal", journal)];

/// The rows of a journal as somebody else may have written them.
#[derive(Deserialize)]
struct Rows {
    operations: Vec<Vec<Value>>,
    events: Vec<Vec<Value>>,
    restored: Vec<Vec<Value>>,
}

thread_local! {
    static JOURNAL: Journal = empty().expect("a journal in memory");
}

fn empty() -> rusqlite::Result<Journal> {
    let connection = Connection::open_in_memory()?;
    file::migrate(&connection)?;
    // There is no such folder, so that no operation looks as if it were carried out.
    let path = Path::new("/nonexistent/adrecover/operations.db").to_owned();
    Ok(Journal { connection, path, held: RefCell::default(), pending: Cell::new(false) })
}

/// The rows of the journal, as JSON: `{"operations": [[…]], "events": [[…]], "restored": [[…]]}`, the cells in the order of
/// the tables. A plan and a detail may stand there as objects.
pub fn journal(data: &[u8]) {
    let Ok(rows) = serde_json::from_slice::<Rows>(data) else { return };
    JOURNAL.with(|journal| {
        fill(&journal.connection, &rows).expect("a journal in memory");
        let Ok(list) = journal.list(100) else { return };
        for summary in &list {
            assert!(!summary.running);
            if let Ok(operation) = journal.load(&summary.id.to_string()) {
                assert_eq!(&operation.summary, summary);
                loaded(&operation);
            }
        }
        let unfinished = journal.unfinished(None, None);
        assert!(unfinished.is_ok_and(|some| some.len() <= list.len()));
        if let Ok(objects) = journal.restored_objects(None) {
            for object in objects {
                let _ = (journal.restored_by(object.guid), journal.restored_with(object.guid));
                let _ = journal.plans_of(&[object.guid]);
                let _ = journal.passwords_set(&HashSet::from([object.guid]));
            }
        }
    });
}

/// Puts the rows in, those that the tables take.
fn fill(connection: &Connection, rows: &Rows) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM restored; DELETE FROM events; DELETE FROM operations")?;
    for (table, width, rows) in
        [("operations", 14, &rows.operations), ("events", 8, &rows.events), ("restored", 6, &rows.restored)]
    {
        let marks = vec!["?"; width].join(", ");
        let mut insert = connection.prepare_cached(&format!("INSERT INTO {table} VALUES ({marks})"))?;
        for row in rows.iter().take(50).filter(|row| row.len() == width) {
            let _ = insert.execute(rusqlite::params_from_iter(row.iter().map(cell)));
        }
    }
    Ok(())
}

fn cell(value: &Value) -> rusqlite::types::Value {
    use rusqlite::types::Value as Cell;
    match value {
        Value::Null => Cell::Null,
        Value::Bool(bit) => Cell::Integer(i64::from(*bit)),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Cell::Integer(number),
            None => Cell::Real(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}

/// An operation that was read: what is made of it must hold together.
fn loaded(operation: &Operation) {
    assert_eq!(operation.steps.len(), operation.plan.objects.len());
    for (object, records) in operation.plan.objects.iter().zip(&operation.steps) {
        assert_eq!(records.len(), object.steps.len());
        for record in records {
            assert!(record.state != StepState::Fresh || *record == Default::default());
        }
    }
    let _ = (operation.is_finished(), operation.needs_password());
    let json = serde_json::to_string(&operation.plan).expect("a plan has JSON");
    assert_eq!(serde_json::from_str::<Plan>(&json).expect("its JSON is read again"), operation.plan);
    for delete_again in [false, true] {
        let undo = undo_plan(operation, delete_again, Timestamp::default());
        let json = serde_json::to_string(&undo).expect("a plan has JSON");
        assert_eq!(serde_json::from_str::<Plan>(&json).expect("its JSON is read again"), undo);
        let deletes = |object: &adrecover_core::plan::ObjectPlan| {
            object.steps.iter().any(|s| matches!(s.action, Action::Delete))
        };
        assert!(delete_again || !undo.objects.iter().any(deletes), "it deletes without having been asked to");
        assert!(undo.objects.len() <= operation.plan.objects.len());
    }
}

#[cfg(test)]
#[path = "../../../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_and_mutations_of_it() {
        super::replay::all(super::TARGETS, 500);
    }

    /// Otherwise nothing behind the reading of the rows would be tried.
    #[test]
    fn the_usual_seed_is_an_operation() {
        let seed = include_bytes!("../../../../tests/fuzz/corpus/journal/done");
        super::journal(seed);
        super::JOURNAL.with(|journal| {
            let summary = journal.list(2).unwrap().pop().unwrap();
            assert!(journal.load(&summary.id.to_string()).unwrap().is_finished());
            assert_eq!(journal.restored_objects(None).unwrap().len(), 1);
        });
    }
}
