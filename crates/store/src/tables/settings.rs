//! `user_settings`: the settings that a user changed. Defaults and types are not the database's concern.

use durward_proto::Timestamp;
use serde_json::Value;
use sqlx::types::Json;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Own;
use crate::tx::{Read, Write};

queries! {
    /// Everything a user changed.
    LIST = "SELECT key, value FROM user_settings WHERE user_id = $1 ORDER BY key";
    /// Sets one.
    PUT = "INSERT INTO user_settings (user_id, key, value, updated_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (user_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
}

impl Read<Own> {
    /// The settings that the asking user changed, by key.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn settings(&mut self) -> Result<Vec<(String, Value)>, StoreError> {
        let user = self.scope.user;
        let rows: Vec<(String, Json<Value>)> =
            on!(self, |c, sql| sqlx::query_as(sql(LIST)).bind(user.0).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(key, value)| (key, value.0)).collect())
    }
}

impl Write<Own> {
    /// Sets one.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Conflict` for a text with U+0000.
    pub async fn put_setting(&mut self, key: &str, value: &Value, now: Timestamp) -> Result<(), StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query(sql(PUT))
            .bind(user.0)
            .bind(key)
            .bind(Json(value))
            .bind(Db(now))
            .execute(c)
            .await
            .map(drop))
    }
}
