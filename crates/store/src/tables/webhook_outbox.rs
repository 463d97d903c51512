//! `webhook_outbox`: calls of the operator's webhook that are on their way. As with mails, whoever works on a row leases it
//! by a guarded write, and the number of the try proves the lease afterwards.

use std::time::Duration;

use durward_proto::ids::UuidId;
use durward_proto::{Timestamp, WebhookId};
use serde_json::Value;
use sqlx::types::Json;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::System;
use crate::tables::Waiting;
use crate::tx::{Read, Write};

/// A call that was leased.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct WebhookRow {
    /// Its id, the same at each try.
    #[sqlx(try_from = "Db<WebhookId>")]
    pub id: WebhookId,
    /// What is sent.
    #[sqlx(json)]
    pub body: Value,
    /// Which try this is, from 1. It proves the lease.
    pub tries: i64,
    /// Until when it is worth trying.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub expires_at: Timestamp,
}

queries! {
    /// Puts one in.
    INSERT = "INSERT INTO webhook_outbox (id, body, tries, created_at, next_try_at, expires_at) \
        VALUES ($1, $2, 0, $3, $3, $4)";
    /// Leases the one that has been due for the longest. PostgreSQL passes over those that another node is just taking.
    LEASE = {
        sqlite: "UPDATE webhook_outbox SET tries = tries + 1, next_try_at = $2 WHERE id = (SELECT id FROM webhook_outbox \
            WHERE next_try_at <= $1 AND failed_at IS NULL ORDER BY next_try_at, id LIMIT 1) \
            RETURNING id, body, tries, expires_at",
        pg: "UPDATE webhook_outbox SET tries = tries + 1, next_try_at = $2 WHERE id = (SELECT id FROM webhook_outbox \
            WHERE next_try_at <= $1 AND failed_at IS NULL ORDER BY next_try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) \
            RETURNING id, body, tries, expires_at"
    };
    /// Takes out what arrived, whoever has the lease.
    TAKE_OUT = "DELETE FROM webhook_outbox WHERE id = $1 AND failed_at IS NULL";
    /// Gives a lease back, to be tried again later.
    POSTPONE = "UPDATE webhook_outbox SET next_try_at = $3, last_error = $4 \
        WHERE id = $1 AND tries = $2 AND failed_at IS NULL";
    /// Gives a lease back as if there had been none.
    PUT_BACK = "UPDATE webhook_outbox SET next_try_at = $3, tries = tries - 1 \
        WHERE id = $1 AND tries = $2 AND failed_at IS NULL";
    /// Gives it up.
    GIVE_UP = "UPDATE webhook_outbox SET failed_at = $3, last_error = $4 \
        WHERE id = $1 AND tries = $2 AND failed_at IS NULL";
    /// What waits.
    WAITING = "SELECT COUNT(*) AS rows, MIN(created_at) AS oldest, MIN(next_try_at) AS next FROM webhook_outbox \
        WHERE failed_at IS NULL";
}

impl Write<System> {
    /// Puts a call into the outbox.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn insert_webhook(
        &mut self,
        id: WebhookId,
        body: &Value,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(id.uuid())
            .bind(Json(body))
            .bind(Db(now))
            .bind(Db(expires_at))
            .execute(c)
            .await
            .map(drop))
    }

    /// Leases the call that has been due for the longest, for `lease` from now on, and counts the try.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn lease_webhook(&mut self, now: Timestamp, lease: Duration) -> Result<Option<WebhookRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(LEASE)).bind(Db(now)).bind(Db(now.plus(lease))).fetch_optional(c).await)
    }

    /// Takes out what arrived.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn take_webhook_out(&mut self, id: WebhookId) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(TAKE_OUT))
            .bind(id.uuid())
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0))
    }

    /// Gives a lease back, to be tried again at `next`. `why` holds nothing of the body.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn postpone_webhook(
        &mut self,
        id: WebhookId,
        tries: i64,
        next: Timestamp,
        why: &str,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(POSTPONE))
            .bind(id.uuid())
            .bind(tries)
            .bind(Db(next))
            .bind(why)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0))
    }

    /// It was not tried after all; the try does not count.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn put_webhook_back(&mut self, id: WebhookId, tries: i64, next: Timestamp) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(PUT_BACK))
            .bind(id.uuid())
            .bind(tries)
            .bind(Db(next))
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0))
    }

    /// It will not be tried again. `why` as for [`Self::postpone_webhook`].
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn give_webhook_up(
        &mut self,
        id: WebhookId,
        tries: i64,
        now: Timestamp,
        why: &str,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(GIVE_UP))
            .bind(id.uuid())
            .bind(tries)
            .bind(Db(now))
            .bind(why)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0))
    }
}

impl Read<System> {
    /// What waits for the webhook.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn waiting_webhooks(&mut self) -> Result<Waiting, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(WAITING)).fetch_one(c).await)
    }
}
