//! Checkpoints: signed statements, each over the one before it.

use durward_proto::Timestamp;
use serde_json::{Value, json};
use sqlx::error::BoxDynError;

use super::canonical::{Fields, canonical};
use super::keys::AuditKeys;
use crate::encode::{Column, Db};

/// What a checkpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointKind {
    /// The heads of all lanes, at the start of a node. After the first of these no row stands outside of the lanes.
    Start,
    /// The heads that are others than before.
    Heads,
    /// Rows that were cut off a lane because they were old enough.
    Pruned,
    /// A person whose addresses were erased.
    Erased,
}

impl CheckpointKind {
    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Heads => "heads",
            Self::Pruned => "pruned",
            Self::Erased => "erased",
        }
    }
}

impl Column for CheckpointKind {
    type Sqlite = String;
    type Postgres = String;
    fn to_sqlite(&self) -> String {
        self.as_str().to_owned()
    }
    fn to_postgres(&self) -> String {
        self.to_sqlite()
    }
    fn from_sqlite(raw: String) -> Result<Self, BoxDynError> {
        [Self::Start, Self::Heads, Self::Pruned, Self::Erased]
            .into_iter()
            .find(|kind| kind.as_str() == raw)
            .ok_or_else(|| "not a kind of checkpoint".into())
    }
    fn from_postgres(raw: String) -> Result<Self, BoxDynError> {
        Self::from_sqlite(raw)
    }
}

impl From<Db<CheckpointKind>> for CheckpointKind {
    fn from(column: Db<CheckpointKind>) -> Self {
        column.0
    }
}

/// A signed statement.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CheckpointRow {
    /// Its number, from 1 and without a gap.
    pub number: i64,
    /// What it says.
    #[sqlx(try_from = "Db<CheckpointKind>")]
    pub kind: CheckpointKind,
    /// When it was made.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub at: Timestamp,
    /// The text of a JSON object: `key`, `node`, `previous` (the hash of the one before), and what its kind has.
    pub statement: String,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Ed25519 (RFC 8032) over the hash.
    pub signature: Vec<u8>,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// It was changed.
    #[error("it was changed")]
    Hash,
    /// It was not signed with its key.
    #[error("its signature is not the server's")]
    Signature,
    /// Its key is not known.
    #[error("it is signed under another key ({key}) than the one that is configured: was keys.master_key changed?")]
    Key {
        /// The key's name.
        key: String,
    },
    /// It does not name the one before it.
    #[error("it does not follow from the checkpoint before it")]
    Previous,
}

impl CheckpointRow {
    /// The next one. `body` is a JSON object.
    pub(crate) fn signed(
        kind: CheckpointKind,
        (last, previous): (i64, &str),
        mut body: Value,
        (keys, node): (&AuditKeys, &str),
        at: Timestamp,
    ) -> Self {
        if let Value::Object(members) = &mut body {
            members.insert("key".to_owned(), json!(keys.id()));
            members.insert("node".to_owned(), json!(node));
            members.insert("previous".to_owned(), json!(previous));
        }
        let statement = canonical(&body).to_string();
        let number = last + 1;
        let hash = signed_hash(number, kind.as_str(), at, &statement);
        Self { number, kind, at, signature: keys.sign(&hash), hash: hash.to_vec(), statement }
    }

    /// What it says, as JSON; null when it is not JSON.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.statement).unwrap_or(Value::Null)
    }

    /// Whether it is as it was written, after one whose hash in hex is this. `canonical_text` where the database keeps
    /// JSON as it was written, so that its text has to be the only one there is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, previous: &str, keys: &AuditKeys, canonical_text: bool) -> Result<(), CheckpointFault> {
        let body = self.body();
        let text = canonical(&body).to_string();
        let hash = signed_hash(self.number, self.kind.as_str(), self.at, &text);
        if hash[..] != self.hash || (canonical_text && text != self.statement) {
            return Err(CheckpointFault::Hash);
        }
        let key = body.get("key").and_then(Value::as_str).unwrap_or_default();
        match keys.signed(key, &self.hash, &self.signature) {
            Some(true) => {}
            Some(false) => return Err(CheckpointFault::Signature),
            None => return Err(CheckpointFault::Key { key: key.to_owned() }),
        }
        if body.get("previous").and_then(Value::as_str) != Some(previous) {
            return Err(CheckpointFault::Previous);
        }
        Ok(())
    }
}

/// What a checkpoint's signature is over. `statement` is the JSON in its canonical form: members by name, no spaces.
pub fn signed_hash(number: i64, kind: &str, at: Timestamp, statement: &str) -> [u8; 32] {
    Fields::new("durward audit checkpoint v1")
        .number(number)
        .bytes(kind.as_bytes())
        .number(at.micros())
        .bytes(statement.as_bytes())
        .finish()
}
