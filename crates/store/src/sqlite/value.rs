//! Values: what SQLite keeps, and what Rust's types are in it.

use std::borrow::Cow;
use std::fmt;

use rusqlite::types::{ToSqlOutput, ValueRef as Raw};
use serde::{Deserialize, Serialize};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::types::Json;
use sqlx::{Arguments, Decode, Encode, Type, TypeInfo, Value, ValueRef};
use uuid::Uuid;

use super::Sqlite;

/// One value (<https://www.sqlite.org/datatype3.html>).
#[derive(Debug, Clone, PartialEq)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub enum SqliteValue {
    /// None.
    Null,
    /// A number, and a truth: 0 or 1.
    Integer(i64),
    /// A number with a point.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl SqliteValue {
    /// A column's value, copied out of the statement.
    pub(super) fn of(raw: Raw<'_>) -> Result<Self, BoxDynError> {
        Ok(match raw {
            Raw::Null => Self::Null,
            Raw::Integer(number) => Self::Integer(number),
            Raw::Real(number) => Self::Real(number),
            Raw::Text(text) => Self::Text(std::str::from_utf8(text)?.to_owned()),
            Raw::Blob(bytes) => Self::Blob(bytes.to_vec()),
        })
    }
}

impl rusqlite::ToSql for SqliteValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => Raw::Null,
            Self::Integer(number) => Raw::Integer(*number),
            Self::Real(number) => Raw::Real(*number),
            Self::Text(text) => Raw::Text(text.as_bytes()),
            Self::Blob(bytes) => Raw::Blob(bytes),
        }))
    }
}

impl Value for SqliteValue {
    type Database = Sqlite;

    fn as_ref(&self) -> SqliteValueRef<'_> {
        SqliteValueRef(self)
    }

    fn type_info(&self) -> Cow<'_, SqliteTypeInfo> {
        Cow::Owned(match self {
            Self::Null => SqliteTypeInfo::Null,
            Self::Integer(_) => SqliteTypeInfo::Integer,
            Self::Real(_) => SqliteTypeInfo::Real,
            Self::Text(_) => SqliteTypeInfo::Text,
            Self::Blob(_) => SqliteTypeInfo::Blob,
        })
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// A value of a row.
#[derive(Debug, Clone, Copy)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub struct SqliteValueRef<'r>(pub(super) &'r SqliteValue);

impl<'r> ValueRef<'r> for SqliteValueRef<'r> {
    type Database = Sqlite;

    fn to_owned(&self) -> SqliteValue {
        self.0.clone()
    }

    fn type_info(&self) -> Cow<'_, SqliteTypeInfo> {
        Value::type_info(self.0)
    }

    fn is_null(&self) -> bool {
        Value::is_null(self.0)
    }
}

/// What a value is. Columns of `STRICT` tables hold what they say, and so nothing here is lenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub enum SqliteTypeInfo {
    /// None.
    Null,
    /// A number.
    Integer,
    /// A number with a point.
    Real,
    /// A text.
    Text,
    /// Bytes.
    Blob,
}

impl TypeInfo for SqliteTypeInfo {
    fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    fn name(&self) -> &str {
        match self {
            Self::Null => "NULL",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        }
    }
}

impl fmt::Display for SqliteTypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The parameters of a statement: `$1` is the first.
#[derive(Debug, Default)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub struct SqliteArguments(pub(super) Vec<SqliteValue>);

impl Arguments for SqliteArguments {
    type Database = Sqlite;

    fn reserve(&mut self, additional: usize, _size: usize) {
        self.0.reserve(additional);
    }

    fn add<'t, T>(&mut self, value: T) -> Result<(), BoxDynError>
    where
        T: Encode<'t, Sqlite> + Type<Sqlite>,
    {
        let before = self.0.len();
        match value.encode(&mut self.0) {
            Ok(IsNull::No) => Ok(()),
            Ok(IsNull::Yes) => {
                self.0.push(SqliteValue::Null);
                Ok(())
            }
            Err(error) => {
                self.0.truncate(before);
                Err(error)
            }
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

sqlx_core::impl_into_arguments_for_arguments!(SqliteArguments);
sqlx_core::impl_encode_for_option!(Sqlite);

/// What a type is in SQLite: the kind, how it is written, and how it is read.
macro_rules! kinds {
    ($($type:ty = $kind:ident, |$given:ident| $to:expr, |$held:ident| $from:expr;)+) => {$(
        impl Type<Sqlite> for $type {
            fn type_info() -> SqliteTypeInfo {
                SqliteTypeInfo::$kind
            }
        }

        impl Encode<'_, Sqlite> for $type {
            fn encode_by_ref(&self, values: &mut Vec<SqliteValue>) -> Result<IsNull, BoxDynError> {
                let $given = self;
                values.push(SqliteValue::$kind($to));
                Ok(IsNull::No)
            }
        }

        impl Decode<'_, Sqlite> for $type {
            fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
                match value.0 {
                    SqliteValue::$kind($held) => $from,
                    other => Err(unexpected(other)),
                }
            }
        }
    )+};
}

kinds! {
    i64 = Integer, |number| *number, |held| Ok(*held);
    bool = Integer, |truth| i64::from(*truth), |held| Ok(*held != 0);
    f64 = Real, |number| *number, |held| Ok(*held);
    String = Text, |text| text.clone(), |held| Ok(held.clone());
    Vec<u8> = Blob, |bytes| bytes.clone(), |held| Ok(held.clone());
    Uuid = Blob, |id| id.as_bytes().to_vec(), |held| Ok(Self::from_slice(held)?);
}

/// The borrowed forms.
macro_rules! borrowed {
    ($($type:ty = $kind:ident;)+) => {$(
        impl Type<Sqlite> for $type {
            fn type_info() -> SqliteTypeInfo {
                SqliteTypeInfo::$kind
            }
        }

        impl Encode<'_, Sqlite> for &$type {
            fn encode_by_ref(&self, values: &mut Vec<SqliteValue>) -> Result<IsNull, BoxDynError> {
                values.push(SqliteValue::$kind((*self).to_owned()));
                Ok(IsNull::No)
            }
        }

        impl<'r> Decode<'r, Sqlite> for &'r $type {
            fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
                match value.0 {
                    SqliteValue::$kind(held) => Ok(held),
                    other => Err(unexpected(other)),
                }
            }
        }
    )+};
}

borrowed! {
    str = Text;
    [u8] = Blob;
}

impl<T> Type<Sqlite> for Json<T> {
    fn type_info() -> SqliteTypeInfo {
        SqliteTypeInfo::Text
    }
}

impl<T: Serialize> Encode<'_, Sqlite> for Json<T> {
    fn encode_by_ref(&self, values: &mut Vec<SqliteValue>) -> Result<IsNull, BoxDynError> {
        values.push(SqliteValue::Text(self.encode_to_string()?));
        Ok(IsNull::No)
    }
}

impl<'r, T: Deserialize<'r> + 'r> Decode<'r, Sqlite> for Json<T> {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        Self::decode_from_string(<&str as Decode<'r, Sqlite>>::decode(value)?)
    }
}

/// Says what is there and not what it holds.
fn unexpected(value: &SqliteValue) -> BoxDynError {
    format!("the column holds {}", Value::type_info(value)).into()
}
