//! How the words of `durward-proto` stand in a column, on each database, so that both look right to a person
//! with a shell: a time is `TIMESTAMPTZ` in PostgreSQL and integer microseconds in SQLite; an id is `UUID`
//! and a 16-byte `BLOB`.

use durward_proto::ids::UuidId;
use durward_proto::wire::auth::Transport;
use durward_proto::wire::chat::Author;
use durward_proto::wire::device::{DeviceKind, SecurityLevel, TrustLevel};
use durward_proto::{
    AccountStatus, AlertId, ConversationId, DeviceId, EventId, MailId, MessageId, PasskeyId, Role, SessionId,
    Timestamp, TrustId, UserId, WebhookId,
};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Postgres, Type};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::sqlite::Sqlite;
use crate::tables::ChallengePurpose;

/// A value on its way into a column or out of it.
#[derive(Debug, Clone, Copy)]
#[allow(unreachable_pub, reason = "it stands in the bounds of public rows' derived code")]
pub struct Db<T>(pub T);

/// What a value is in each database.
#[allow(unreachable_pub, reason = "as Db")]
pub trait Column: Sized {
    /// What the SQLite driver takes for it.
    type Sqlite;
    /// What the PostgreSQL driver takes for it.
    type Postgres;
    fn to_sqlite(&self) -> Self::Sqlite;
    fn to_postgres(&self) -> Self::Postgres;
    fn from_sqlite(raw: Self::Sqlite) -> Result<Self, BoxDynError>;
    fn from_postgres(raw: Self::Postgres) -> Result<Self, BoxDynError>;
}

impl<T: Column> Column for Option<T> {
    type Sqlite = Option<T::Sqlite>;
    type Postgres = Option<T::Postgres>;
    fn to_sqlite(&self) -> Self::Sqlite {
        self.as_ref().map(T::to_sqlite)
    }
    fn to_postgres(&self) -> Self::Postgres {
        self.as_ref().map(T::to_postgres)
    }
    fn from_sqlite(raw: Self::Sqlite) -> Result<Self, BoxDynError> {
        raw.map(T::from_sqlite).transpose()
    }
    fn from_postgres(raw: Self::Postgres) -> Result<Self, BoxDynError> {
        raw.map(T::from_postgres).transpose()
    }
}

macro_rules! for_database {
    ($db:ident, $raw:ident, $to:ident, $from:ident) => {
        impl<T: Column> Type<$db> for Db<T>
        where
            T::$raw: Type<$db>,
        {
            fn type_info() -> <$db as Database>::TypeInfo {
                T::$raw::type_info()
            }
            fn compatible(ty: &<$db as Database>::TypeInfo) -> bool {
                T::$raw::compatible(ty)
            }
        }

        impl<'q, T: Column> Encode<'q, $db> for Db<T>
        where
            T::$raw: Encode<'q, $db>,
        {
            fn encode_by_ref(&self, buffer: &mut <$db as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.0.$to().encode(buffer)
            }
        }

        impl<'r, T: Column> Decode<'r, $db> for Db<T>
        where
            T::$raw: Decode<'r, $db>,
        {
            fn decode(value: <$db as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                T::$from(T::$raw::decode(value)?).map(Self)
            }
        }
    };
}
for_database!(Sqlite, Sqlite, to_sqlite, from_sqlite);
for_database!(Postgres, Postgres, to_postgres, from_postgres);

/// Lets the derived `FromRow` take `Db<T>` for a field of type `T`.
macro_rules! unwraps {
    ($($type:ty),+) => {$(
        impl From<Db<$type>> for $type {
            fn from(column: Db<$type>) -> Self {
                column.0
            }
        }
        impl From<Db<Option<$type>>> for Option<$type> {
            fn from(column: Db<Option<$type>>) -> Self {
                column.0
            }
        }
    )+};
}

/// A type that both drivers take as the same simple value.
macro_rules! same_on_both {
    ($($type:ty = $raw:ty, |$value:ident| $to:expr, |$column:ident| $from:expr;)+) => {$(
        impl Column for $type {
            type Sqlite = $raw;
            type Postgres = $raw;
            fn to_sqlite(&self) -> $raw {
                let $value = self;
                $to
            }
            fn to_postgres(&self) -> $raw {
                self.to_sqlite()
            }
            fn from_sqlite($column: $raw) -> Result<Self, BoxDynError> {
                $from
            }
            fn from_postgres(raw: $raw) -> Result<Self, BoxDynError> {
                Self::from_sqlite(raw)
            }
        }
        unwraps!($type);
    )+};
}

same_on_both! {
    UserId = i64, |id| id.0, |raw| Ok(Self(raw));
    SessionId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    DeviceId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    EventId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    ConversationId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    MailId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    MessageId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    PasskeyId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    TrustId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    AlertId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    WebhookId = Uuid, |id| id.uuid(), |raw| Ok(Self::from_uuid(raw));
    Role = String, |role| role.as_str().to_owned(), |raw| Ok(raw.parse()?);
    AccountStatus = String, |status| status.as_str().to_owned(), |raw| Ok(raw.parse()?);
    Transport = String, |transport| transport_word(*transport).to_owned(), |raw| match raw.as_str() {
        "cookie" => Ok(Self::Cookie),
        "bearer" => Ok(Self::Bearer),
        _ => Err("not a transport".into()),
    };
    ChallengePurpose = String, |purpose| purpose.as_str().to_owned(), |raw| match raw.as_str() {
        "verify" => Ok(Self::Verify),
        "enrol" => Ok(Self::Enrol),
        _ => Err("not a challenge's purpose".into()),
    };
    DeviceKind = String, |kind| kind.as_str().to_owned(), |raw| word(Self::ALL, Self::as_str, &raw);
    TrustLevel = String, |level| level.as_str().to_owned(), |raw| word(Self::ALL, Self::as_str, &raw);
    SecurityLevel = String, |level| level.as_str().to_owned(), |raw| word(Self::ALL, Self::as_str, &raw);
    [u8; 32] = Vec<u8>, |hash| hash.to_vec(), |raw| Self::try_from(raw).map_err(|_| "not 32 bytes".into());
    Author = String, |author| author.as_str().to_owned(), |raw| match raw.as_str() {
        "user" => Ok(Self::User),
        "assistant" => Ok(Self::Assistant),
        _ => Err("not an author".into()),
    };
}

/// The one of `all` that stands in a column as `raw`.
fn word<T: Copy, const N: usize>(all: [T; N], text: fn(T) -> &'static str, raw: &str) -> Result<T, BoxDynError> {
    all.into_iter().find(|one| text(*one) == raw).ok_or_else(|| "a word that is not known".into())
}

fn transport_word(transport: Transport) -> &'static str {
    match transport {
        Transport::Cookie => "cookie",
        Transport::Bearer => "bearer",
    }
}

impl Column for Timestamp {
    type Sqlite = i64;
    type Postgres = OffsetDateTime;
    fn to_sqlite(&self) -> i64 {
        self.micros()
    }
    fn to_postgres(&self) -> OffsetDateTime {
        self.to_offset()
    }
    fn from_sqlite(raw: i64) -> Result<Self, BoxDynError> {
        Ok(Self::from_micros(raw))
    }
    fn from_postgres(raw: OffsetDateTime) -> Result<Self, BoxDynError> {
        Ok(Self::from_offset(raw))
    }
}
unwraps!(Timestamp);
