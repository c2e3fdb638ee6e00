//! What goes into a statement and what comes out of an answer, with types that have to be those of the schema.

use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};

use super::failed::{failed, wrong_type};
use crate::StoreError;
use crate::store::{Param, Row};

/// A parameter that is kept until its statement is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Bytes(Vec<u8>),
    Text(String),
    Ints(Vec<i64>),
    Byteses(Vec<Vec<u8>>),
}

/// A column of the database has another type than the schema says.
#[derive(Debug, thiserror::Error)]
#[error("a column is of another type")]
pub(super) struct WrongType;

impl From<&Param<'_>> for Value {
    fn from(param: &Param<'_>) -> Self {
        match param {
            Param::Null => Self::Null,
            Param::Int(number) => Self::Int(*number),
            Param::Bytes(octets) => Self::Bytes(octets.to_vec()),
            Param::Text(text) => Self::Text((*text).to_owned()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(ty, out),
            (Self::Bytes(octets), &Type::BYTEA) => octets.to_sql(ty, out),
            (Self::Text(text), &Type::TEXT) => text.to_sql(ty, out),
            (Self::Ints(numbers), &Type::INT8_ARRAY) => numbers.to_sql(ty, out),
            (Self::Byteses(all), &Type::BYTEA_ARRAY) => all.to_sql(ty, out),
            _ => Err(Box::new(WrongType)),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Which of them fits depends on the value.
        true
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(ty, out)
    }
}

impl Row for tokio_postgres::Row {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.int_or_null(column)?.ok_or_else(wrong_type)
    }

    fn int_or_null(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.try_get(column).map_err(|error| failed(&error))
    }

    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.try_get::<_, Option<&[u8]>>(column).map_err(|error| failed(&error))?.ok_or_else(wrong_type)
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.text_or_null(column)?.ok_or_else(wrong_type)
    }

    fn text_or_null(&self, column: usize) -> Result<Option<&str>, StoreError> {
        self.try_get(column).map_err(|error| failed(&error))
    }
}
