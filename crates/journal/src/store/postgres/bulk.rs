//! Rows that wait to be written together: one statement for hundreds of them instead of one each.
//!
//! No table refers to another, so that it does not matter in which order rows of different tables arrive, as long as they are there
//! before anything that could see them.

use super::values::Value;
use crate::store::Param;

/// So many rows are sent together at most.
const ROWS: usize = 1000;
/// And so many octets of values.
const OCTETS: usize = 1 << 20;

/// Rows of one statement.
#[derive(Debug)]
pub(super) struct Bulk {
    pub(super) sql: &'static str,
    columns: Vec<Value>,
    rows: usize,
    octets: usize,
}

/// A statement that inserts one row, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Insert {
    head: &'static str,
    table: &'static str,
    tail: &'static str,
}

/// Takes a statement apart; `None` where it is none that rows can be collected for.
fn insert(sql: &'static str) -> Option<Insert> {
    let (head, rest) = sql.split_once("VALUES (")?;
    let (_, tail) = rest.split_once(')')?;
    let table = head.strip_prefix("INSERT INTO ")?.split(' ').next()?;
    // A row that comes twice in one statement may be left out, but not be changed twice.
    matches!(tail.trim(), "" | "ON CONFLICT DO NOTHING").then_some(Insert { head, table, tail })
}

impl Bulk {
    /// An empty one for a statement that inserts a row of numbers and octets; `None` for others.
    pub(super) fn of(sql: &'static str, params: &[Param<'_>]) -> Option<Self> {
        insert(sql)?;
        let column = |param: &Param<'_>| match param {
            Param::Int(_) => Some(Value::Ints(vec![])),
            Param::Bytes(_) => Some(Value::Byteses(vec![])),
            Param::Null | Param::Text(_) => None,
        };
        let columns = params.iter().map(column).collect::<Option<_>>()?;
        Some(Self { sql, columns, rows: 0, octets: 0 })
    }

    /// Takes a row; `false` where its values are of other types, and it was not taken.
    pub(super) fn put(&mut self, params: &[Param<'_>]) -> bool {
        let fits = |(column, param): (&Value, &Param<'_>)| {
            matches!((column, param), (Value::Ints(_), Param::Int(_)) | (Value::Byteses(_), Param::Bytes(_)))
        };
        if params.len() != self.columns.len() || !self.columns.iter().zip(params).all(fits) {
            return false;
        }
        for (column, param) in self.columns.iter_mut().zip(params) {
            match (column, param) {
                (Value::Ints(all), Param::Int(number)) => all.push(*number),
                (Value::Byteses(all), Param::Bytes(octets)) => {
                    all.push(octets.to_vec());
                    self.octets += octets.len();
                }
                _ => {}
            }
        }
        self.rows += 1;
        true
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= ROWS || self.octets >= OCTETS
    }

    /// Whether a statement could see these rows.
    pub(super) fn is_seen_by(&self, sql: &str) -> bool {
        insert(self.sql).is_none_or(|insert| sql.contains(insert.table))
    }

    /// The statement that writes them all.
    pub(super) fn statement(&self) -> String {
        let Some(Insert { head, tail, .. }) = insert(self.sql) else { return self.sql.to_owned() };
        let column = |(at, column): (usize, &Value)| {
            let ty = if matches!(column, Value::Ints(_)) { "BIGINT" } else { "BYTEA" };
            format!("${}::{ty}[]", at + 1)
        };
        let columns: Vec<String> = self.columns.iter().enumerate().map(column).collect();
        format!("{head}SELECT * FROM UNNEST({}){tail}", columns.join(", "))
    }

    /// Its rows.
    pub(super) fn into_columns(self) -> Vec<Value> {
        self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql;

    #[test]
    fn rows_are_collected() {
        let row = [Param::Int(7), Param::Bytes(b"x")];
        let mut bulk = Bulk::of(sql::STATE_INSERT, &row).unwrap();
        assert!(bulk.put(&row) && bulk.put(&row));
        assert!(!bulk.put(&[Param::Int(7), Param::Int(7)]) && !bulk.put(&row[..1]));
        assert_eq!(
            bulk.statement(),
            "INSERT INTO states (object, payload) SELECT * FROM UNNEST($1::BIGINT[], $2::BYTEA[])"
        );
        assert!(bulk.is_seen_by(sql::STATE_GET) && !bulk.is_seen_by(sql::CONTENT_GET));
        assert_eq!(bulk.into_columns(), [Value::Ints(vec![7; 2]), Value::Byteses(vec![b"x".to_vec(); 2])]);
    }

    #[test]
    fn only_what_may_come_twice_is_collected() {
        let numbers = [Param::Int(1); 8];
        assert!(
            Bulk::of(sql::LINK_INSERT, &numbers).unwrap().statement().ends_with(" ON CONFLICT DO NOTHING")
        );
        assert!(Bulk::of(sql::LOOKUP_PUT, &numbers[..2]).is_some());
        assert!(Bulk::of(sql::STATE_PUT, &[Param::Int(1), Param::Bytes(b"")]).is_none());
        assert!(Bulk::of(sql::OBJECT_UPDATE, &numbers[..6]).is_none());
        assert!(Bulk::of(sql::META_PUT, &[Param::Text("a"), Param::Bytes(b"")]).is_none());
    }
}
