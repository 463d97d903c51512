//! `mail_outbox`: mails to send, and what was asked for by mail. Whoever works on a row leases it by a guarded write, so
//! that of many nodes one does; the number of the try is what proves the lease afterwards.

use std::time::Duration;

use durward_proto::ids::UuidId;
use durward_proto::{MailId, Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::{on, run};
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::{Read, Write};

/// A row for the outbox.
#[derive(Debug, Clone, Copy)]
pub struct NewMail<'a> {
    /// Its id.
    pub id: MailId,
    /// What kind of mail, or what is asked for, in a stable word.
    pub kind: &'static str,
    /// Whose mail it is, where that is known: it goes with the account.
    pub user_id: Option<UserId>,
    /// Recipient and contents, sealed.
    pub sealed: &'a [u8],
    /// The time.
    pub now: Timestamp,
    /// Until when it is worth sending.
    pub expires_at: Timestamp,
}

/// A row that was leased.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MailRow {
    /// Its id.
    #[sqlx(try_from = "Db<MailId>")]
    pub id: MailId,
    /// Its kind.
    pub kind: String,
    /// Whose mail it is.
    #[sqlx(try_from = "Db<Option<UserId>>")]
    pub user_id: Option<UserId>,
    /// Recipient and contents, sealed.
    pub sealed: Vec<u8>,
    /// Which try this is, from 1. It proves the lease.
    pub tries: i64,
    /// When it was written.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// Until when it is worth sending.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub expires_at: Timestamp,
}

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// How many rows.
    pub rows: i64,
    /// When the oldest of them was written.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub oldest: Option<Timestamp>,
    /// When the next of them is due.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub next: Option<Timestamp>,
}

queries! {
    /// Puts one in.
    INSERT = "INSERT INTO mail_outbox (id, kind, user_id, sealed, tries, created_at, next_try_at, expires_at) \
        VALUES ($1, $2, $3, $4, 0, $5, $5, $6)";
    /// Leases the one that has been due for the longest. PostgreSQL passes over those that another node is just taking.
    LEASE = {
        sqlite: "UPDATE mail_outbox SET tries = tries + 1, next_try_at = $2 WHERE id = (SELECT id FROM mail_outbox \
            WHERE next_try_at <= $1 AND failed_at IS NULL ORDER BY next_try_at, id LIMIT 1) \
            RETURNING id, kind, user_id, sealed, tries, created_at, expires_at",
        pg: "UPDATE mail_outbox SET tries = tries + 1, next_try_at = $2 WHERE id = (SELECT id FROM mail_outbox \
            WHERE next_try_at <= $1 AND failed_at IS NULL ORDER BY next_try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) \
            RETURNING id, kind, user_id, sealed, tries, created_at, expires_at"
    };
    /// Holds on to a lease.
    EXTEND = "UPDATE mail_outbox SET next_try_at = $3 WHERE id = $1 AND tries = $2 AND failed_at IS NULL";
    /// Takes out what is done, whoever has the lease: what was sent must not be sent again.
    TAKE_OUT = "DELETE FROM mail_outbox WHERE id = $1 AND failed_at IS NULL";
    /// Gives a lease back, to be tried again later.
    POSTPONE = "UPDATE mail_outbox SET next_try_at = $3, last_error = $4 \
        WHERE id = $1 AND tries = $2 AND failed_at IS NULL";
    /// Gives a lease back as if there had been none.
    PUT_BACK = "UPDATE mail_outbox SET next_try_at = $3, tries = tries - 1 \
        WHERE id = $1 AND tries = $2 AND failed_at IS NULL";
    /// Gives it up: of its contents nothing is kept.
    GIVE_UP = "UPDATE mail_outbox SET failed_at = $3, last_error = $4, sealed = NULL \
        WHERE id = $1 AND tries = $2 AND failed_at IS NULL";
    /// What waits.
    WAITING = "SELECT COUNT(*) AS rows, MIN(created_at) AS oldest, MIN(next_try_at) AS next FROM mail_outbox \
        WHERE failed_at IS NULL";
}

impl<S> Write<S> {
    /// Puts a mail into the outbox.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn insert_mail(&mut self, new: &NewMail<'_>) -> Result<(), StoreError> {
        run!(self, INSERT, [new.id.uuid(), new.kind, new.user_id.map(Db), new.sealed, Db(new.now), Db(new.expires_at)])
    }
}

impl Write<Gate> {
    /// Leases the row that has been due for the longest, for `lease` from now on, and counts the try. Of many at once
    /// each gets another row.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn lease_mail(&mut self, now: Timestamp, lease: Duration) -> Result<Option<MailRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(LEASE)).bind(Db(now)).bind(Db(now.plus(lease))).fetch_optional(c).await)
    }

    /// Holds on to a lease until then. False when it is lost.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn extend_mail_lease(&mut self, id: MailId, tries: i64, until: Timestamp) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(EXTEND))
            .bind(id.uuid())
            .bind(tries)
            .bind(Db(until))
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0))
    }

    /// Takes out what was sent or answered, whoever has the lease by now. False when it is not there any more.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn take_mail_out(&mut self, id: MailId) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(TAKE_OUT))
            .bind(id.uuid())
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0))
    }

    /// To be tried again at `next`. `why` never holds an address or a part of the mail.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn postpone_mail(
        &mut self,
        id: MailId,
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
    pub async fn put_mail_back(&mut self, id: MailId, tries: i64, next: Timestamp) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(PUT_BACK))
            .bind(id.uuid())
            .bind(tries)
            .bind(Db(next))
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0))
    }

    /// It will never be sent: recipient and contents are wiped, and the reason is kept. `why` as in
    /// [`Self::postpone_mail`].
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn give_mail_up(
        &mut self,
        id: MailId,
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

impl Read<Gate> {
    /// What waits in the outbox.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn waiting_mails(&mut self) -> Result<Waiting, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(WAITING)).fetch_one(c).await)
    }
}
