//! `security_audit`: what was done, by whom, to whom. Outlives the user.
//!
//! Rows are appended at the end of their transaction ([`Write::commit`]), each to the chain of the lane that the
//! transaction takes. Nothing changes a row but [`Write::forget_person`], and nothing removes one but
//! [`Write::cut_audit`]; both leave a signed statement.

use durward_proto::{SessionId, Timestamp, UserId};
use serde_json::json;
use durward_verify::ReadAudit;
use sqlx::types::Json;

use crate::audit::{Audit, AuditRow, CheckpointKind, Head};
use crate::encode::Db;
use crate::error::StoreError;
use crate::later::later;
use crate::link::on;
use crate::open::Backend;
use crate::query::queries;
use crate::scope::{AnyUser, SeesAudit, System};
use crate::tables::After;
use crate::tx::{Ending, Read, Write};

queries! {
    /// Adds a row.
    INSERT = "INSERT INTO security_audit (id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        detail, node, lane, seq, salt, commitment, hash) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    /// Takes a row from before there were chains into one.
    JOIN = "UPDATE security_audit SET lane = $2, seq = $3, salt = $4, commitment = $5, hash = $6 \
        WHERE id = $1 AND lane IS NULL";
    /// Rows that stand in no chain, oldest first.
    OUTSIDE = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE lane IS NULL OR seq IS NULL ORDER BY at, id LIMIT $1";
    /// Rows of a lane after a number and up to another.
    RANGE = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE lane = $1 AND seq > $2 AND seq <= $3 ORDER BY seq, id LIMIT $4";
    /// Which numbers there are in which lane.
    EXTENT = "SELECT lane, MIN(seq) AS first, MAX(seq) AS last, COUNT(*) AS count FROM security_audit \
        WHERE lane IS NOT NULL AND seq IS NOT NULL GROUP BY lane ORDER BY lane";
    /// Removes the beginning of a lane.
    CUT = "DELETE FROM security_audit WHERE lane = $1 AND seq <= $2";
    /// Removes the addresses that go with a person, and their salts.
    FORGET = "UPDATE security_audit SET ip = NULL, salt = NULL WHERE salt IS NOT NULL \
        AND (actor_user_id = $1 OR (subject_user_id = $1 AND actor_user_id IS NULL))";
    /// All rows in the order of their time, from a place on, by anything.
    FORWARD = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE (at, id) > ($1, $2) AND at < $3 AND (CAST($4 AS TEXT) IS NULL OR event = $4) \
        AND (CAST($5 AS BIGINT) IS NULL OR actor_user_id = $5) AND (CAST($6 AS BIGINT) IS NULL OR subject_user_id = $6) \
        AND (session_id = $7 OR $7 IS NULL) AND (CAST($8 AS TEXT) IS NULL OR request_id = $8) \
        AND (CAST($9 AS TEXT) IS NULL OR ip = $9) ORDER BY at, id LIMIT $10";
    /// The same of one event, by its index.
    FORWARD_OF_EVENT = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE (at, id) > ($1, $2) AND at < $3 AND event = $4 \
        AND (CAST($5 AS BIGINT) IS NULL OR actor_user_id = $5) AND (CAST($6 AS BIGINT) IS NULL OR subject_user_id = $6) \
        AND (session_id = $7 OR $7 IS NULL) AND (CAST($8 AS TEXT) IS NULL OR request_id = $8) \
        AND (CAST($9 AS TEXT) IS NULL OR ip = $9) ORDER BY at, id LIMIT $10";
    /// The same of what one user did, by its index.
    FORWARD_OF_ACTOR = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE (at, id) > ($1, $2) AND at < $3 AND (CAST($4 AS TEXT) IS NULL OR event = $4) \
        AND actor_user_id = $5 AND (CAST($6 AS BIGINT) IS NULL OR subject_user_id = $6) \
        AND (session_id = $7 OR $7 IS NULL) AND (CAST($8 AS TEXT) IS NULL OR request_id = $8) \
        AND (CAST($9 AS TEXT) IS NULL OR ip = $9) ORDER BY at, id LIMIT $10";
    /// The same of what was done to one user, by its index.
    FORWARD_OF_SUBJECT = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE (at, id) > ($1, $2) AND at < $3 AND (CAST($4 AS TEXT) IS NULL OR event = $4) \
        AND (CAST($5 AS BIGINT) IS NULL OR actor_user_id = $5) AND subject_user_id = $6 \
        AND (session_id = $7 OR $7 IS NULL) AND (CAST($8 AS TEXT) IS NULL OR request_id = $8) \
        AND (CAST($9 AS TEXT) IS NULL OR ip = $9) ORDER BY at, id LIMIT $10";
    /// Rows, newest first, by anything.
    NEWEST = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE (at, id) < ($1, $2) AND at >= $3 AND at < $4 AND (CAST($5 AS TEXT) IS NULL OR event = $5) \
        AND (CAST($6 AS BIGINT) IS NULL OR actor_user_id = $6) AND (CAST($7 AS BIGINT) IS NULL OR subject_user_id = $7) \
        AND (session_id = $8 OR $8 IS NULL) AND (CAST($9 AS TEXT) IS NULL OR request_id = $9) \
        AND (CAST($10 AS TEXT) IS NULL OR ip = $10) ORDER BY at DESC, id DESC LIMIT $11";
    /// The same of one event, by its index.
    NEWEST_OF_EVENT = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE (at, id) < ($1, $2) AND at >= $3 AND at < $4 AND event = $5 \
        AND (CAST($6 AS BIGINT) IS NULL OR actor_user_id = $6) AND (CAST($7 AS BIGINT) IS NULL OR subject_user_id = $7) \
        AND (session_id = $8 OR $8 IS NULL) AND (CAST($9 AS TEXT) IS NULL OR request_id = $9) \
        AND (CAST($10 AS TEXT) IS NULL OR ip = $10) ORDER BY at DESC, id DESC LIMIT $11";
    /// The same of what one user did, by its index.
    NEWEST_OF_ACTOR = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE (at, id) < ($1, $2) AND at >= $3 AND at < $4 AND (CAST($5 AS TEXT) IS NULL OR event = $5) \
        AND actor_user_id = $6 AND (CAST($7 AS BIGINT) IS NULL OR subject_user_id = $7) \
        AND (session_id = $8 OR $8 IS NULL) AND (CAST($9 AS TEXT) IS NULL OR request_id = $9) \
        AND (CAST($10 AS TEXT) IS NULL OR ip = $10) ORDER BY at DESC, id DESC LIMIT $11";
    /// The same of what was done to one user, by its index.
    NEWEST_OF_SUBJECT = "SELECT id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, \
        CAST(detail AS TEXT) AS detail, node, lane, seq, salt, commitment, hash FROM security_audit \
        WHERE (at, id) < ($1, $2) AND at >= $3 AND at < $4 AND (CAST($5 AS TEXT) IS NULL OR event = $5) \
        AND (CAST($6 AS BIGINT) IS NULL OR actor_user_id = $6) AND subject_user_id = $7 \
        AND (session_id = $8 OR $8 IS NULL) AND (CAST($9 AS TEXT) IS NULL OR request_id = $9) \
        AND (CAST($10 AS TEXT) IS NULL OR ip = $10) ORDER BY at DESC, id DESC LIMIT $11";
}

/// Which rows are asked for. What is not said does not matter.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// The stable word.
    pub event: Option<String>,
    /// Who did it.
    pub actor: Option<UserId>,
    /// To whom it was done.
    pub subject: Option<UserId>,
    /// In which session.
    pub session: Option<SessionId>,
    /// The request's id.
    pub request_id: Option<String>,
    /// From which address, as it is written.
    pub ip: Option<String>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// How far the rows of a lane reach.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditExtent {
    /// The lane.
    pub lane: i64,
    /// The lowest number.
    pub first: i64,
    /// The highest.
    pub last: i64,
    /// How many rows there are.
    pub count: i64,
}

impl<S> Write<S> {
    /// At the commit, erases the addresses that go with a person from their rows of the trail (what they did, and what was
    /// done to them by nobody known), and leaves a signed statement. What this transaction says about itself has none.
    pub fn forget_person(&mut self, user: UserId) {
        self.forgotten.push(user);
    }
}

impl Write<Ending> {
    /// Appends what the transaction says about itself, and erases whom it forgets. The last thing before a commit: the
    /// lane is held from here on.
    pub(crate) async fn append_audits(&mut self) -> Result<(), StoreError> {
        let forgotten = std::mem::take(&mut self.forgotten);
        for user in &forgotten {
            self.forget_addresses(*user).await?;
        }
        let audits = std::mem::take(&mut self.audits);
        if audits.is_empty() {
            return Ok(());
        }
        let (_, node) = self.auditor()?;
        let taken = self.take_lane().await?;
        let mut head = taken.head.clone();
        for audit in audits {
            let row = self.next_row(&head, audit, &node, &forgotten);
            head = row.head();
            self.insert_row(&row).await?;
        }
        self.move_head(&head, &taken.mac_of(&head)).await
    }

    fn next_row(&self, head: &Head, mut audit: Audit, node: &str, forgotten: &[UserId]) -> AuditRow {
        if forgotten.iter().any(|user| audit.is_of(*user)) {
            audit.ip = None;
        }
        AuditRow::after(head, &audit, node, self.now(), self.random())
    }

    async fn insert_row(&mut self, row: &AuditRow) -> Result<(), StoreError> {
        let detail = row.detail().unwrap_or_default();
        later!(self, INSERT, [Db(row.id), Db(row.at), &row.event, row.actor_user_id.map(Db), row.subject_user_id.map(Db), row.session_id.map(Db), row.ip.as_deref(), row.request_id.as_deref(), Json(&detail), row.node.as_deref(), row.lane, row.seq, row.salt.as_deref(), row.commitment.as_deref(), row.hash.as_deref()])
    }

    async fn forget_addresses(&mut self, user: UserId) -> Result<(), StoreError> {
        self.hold_checkpoints().await?;
        let rows: u64 = on!(self, |c, sql| sqlx::query(sql(FORGET))
            .bind(user.0)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        self.add_checkpoint(CheckpointKind::Erased, json!({ "user": user.0, "rows": rows })).await.map(drop)
    }
}

impl Write<System> {
    /// Takes up to `limit` rows that stand in no chain into the first lane, the oldest first, and says how many there
    /// were. For rows from before there were chains.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn join_audit(&mut self, limit: u32) -> Result<usize, StoreError> {
        let taken = self.wait_for_lane(0).await?;
        let rows: Vec<AuditRow> =
            on!(self, |c, sql| sqlx::query_as(sql(OUTSIDE)).bind(i64::from(limit)).fetch_all(c).await)?;
        let count = rows.len();
        let mut head = taken.head.clone();
        for mut row in rows {
            row.join(&head, self.random());
            on!(self, |c, sql| sqlx::query(sql(JOIN))
                .bind(Db(row.id))
                .bind(row.lane)
                .bind(row.seq)
                .bind(row.salt.as_deref())
                .bind(row.commitment.as_deref())
                .bind(row.hash.as_deref())
                .execute(c)
                .await
                .map(drop))?;
            head = row.head();
        }
        if count > 0 {
            self.move_head(&head, &taken.mac_of(&head)).await?;
        }
        Ok(count)
    }

    /// Removes the beginning of a lane, up to and with the row that `through` describes, and leaves a signed statement.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn cut_audit(&mut self, through: &Head, before: Timestamp) -> Result<u64, StoreError> {
        self.hold_checkpoints().await?;
        let rows: u64 = on!(self, |c, sql| sqlx::query(sql(CUT))
            .bind(through.lane)
            .bind(through.seq)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        let body = json!({
            "lane": through.lane,
            "through": through.seq,
            "hash": data_encoding::HEXLOWER.encode(&through.hash),
            "rows": rows,
            "before": before.micros(),
        });
        self.add_checkpoint(CheckpointKind::Pruned, body).await?;
        Ok(rows)
    }
}

impl Read<System> {
    /// Rows of a lane after the number `after` and up to `through`, in order, at most `limit`.
    ///
    /// # Errors
    /// As all statements: `Unavailable`; `Broken` also when a row has a form that no server writes.
    pub async fn audit_range(
        &mut self,
        lane: i64,
        after: i64,
        through: i64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(RANGE))
            .bind(lane)
            .bind(after)
            .bind(through)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }

    /// Rows that stand in no chain, oldest first, at most `limit`.
    ///
    /// # Errors
    /// As [`Read::audit_range`].
    pub async fn audit_outside(&mut self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(OUTSIDE)).bind(i64::from(limit)).fetch_all(c).await)
    }

    /// How far the rows of each lane reach.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn audit_extents(&mut self) -> Result<Vec<AuditExtent>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(EXTENT)).fetch_all(c).await)
    }

    /// How JSON is kept: whether its text is the one that was written.
    pub fn keeps_json_text(&self) -> bool {
        self.backend() == Backend::Sqlite
    }
}

impl<S: SeesAudit> Read<S> {
    /// Rows of all lanes by time, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// As all statements: `Unavailable`; `Broken` also when a row has a form that no server writes.
    pub async fn audit_forward(
        &mut self,
        filter: &AuditFilter,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        // A row of the very time `since` comes after the lowest id there is.
        let since = || filter.since.map(|at| After { at, id: uuid::Uuid::nil() });
        let after = after.or_else(since).unwrap_or_else(After::oldest);
        let until = filter.until.unwrap_or(After::newest().at);
        let statement = match filter {
            AuditFilter { subject: Some(_), .. } => FORWARD_OF_SUBJECT,
            AuditFilter { actor: Some(_), .. } => FORWARD_OF_ACTOR,
            AuditFilter { event: Some(_), .. } => FORWARD_OF_EVENT,
            _ => FORWARD,
        };
        on!(self, |c, sql| sqlx::query_as(sql(statement))
            .bind(Db(after.at))
            .bind(after.id)
            .bind(Db(until))
            .bind(filter.event.as_deref())
            .bind(filter.actor.map(|user| user.0))
            .bind(filter.subject.map(|user| user.0))
            .bind(filter.session.map(Db))
            .bind(filter.request_id.as_deref())
            .bind(filter.ip.as_deref())
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }
}

impl Read<AnyUser<ReadAudit>> {
    /// Rows, newest first, at most `limit`.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn audit(
        &mut self,
        filter: &AuditFilter,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let after = after.unwrap_or_else(After::newest);
        let since = filter.since.unwrap_or(After::oldest().at);
        let until = filter.until.unwrap_or(After::newest().at);
        let statement = match filter {
            AuditFilter { subject: Some(_), .. } => NEWEST_OF_SUBJECT,
            AuditFilter { actor: Some(_), .. } => NEWEST_OF_ACTOR,
            AuditFilter { event: Some(_), .. } => NEWEST_OF_EVENT,
            _ => NEWEST,
        };
        on!(self, |c, sql| sqlx::query_as(sql(statement))
            .bind(Db(after.at))
            .bind(after.id)
            .bind(Db(since))
            .bind(Db(until))
            .bind(filter.event.as_deref())
            .bind(filter.actor.map(|user| user.0))
            .bind(filter.subject.map(|user| user.0))
            .bind(filter.session.map(Db))
            .bind(filter.request_id.as_deref())
            .bind(filter.ip.as_deref())
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }
}
