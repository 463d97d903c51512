//! `jobs`: what is done once for all nodes. A node takes a job by a guarded write, for as long as it renews the lease; when
//! it is done it leaves the lease to run until the job is due again.

use durward_proto::Timestamp;
use uuid::Uuid;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::System;
use crate::tx::Write;

/// A job that this node has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenJob {
    /// What proves it.
    pub holder: Uuid,
    /// Up to when it was done the last time; none when it never was.
    pub done_until: Option<Timestamp>,
}

queries! {
    /// Takes a job, unless somebody has it or it is not due.
    TAKE = "INSERT INTO jobs (name, holder, leased_until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE \
        SET holder = $2, leased_until = $3 WHERE jobs.leased_until <= $4 RETURNING done_until";
    /// Holds on to it.
    HOLD = "UPDATE jobs SET leased_until = $3 WHERE name = $1 AND holder = $2";
    /// It is done, and due again then.
    DONE = "UPDATE jobs SET leased_until = $3, done_until = $4 WHERE name = $1 AND holder = $2";
}

impl Write<System> {
    /// Takes a job until then. `None` when another node has it, or it is not due: of many at once, one gets it.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn take_job(
        &mut self,
        name: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<TakenJob>, StoreError> {
        let holder = durward_proto::ids::uuid_v7(now, self.random());
        let taken: Option<Db<Option<Timestamp>>> = on!(self, |c, sql| sqlx::query_scalar(sql(TAKE))
            .bind(name)
            .bind(holder)
            .bind(Db(until))
            .bind(Db(now))
            .fetch_optional(c)
            .await)?;
        Ok(taken.map(|Db(done_until)| TakenJob { holder, done_until }))
    }

    /// Holds on to a job until then. False when it was lost: the lease ran out and another node took it.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn hold_job(&mut self, name: &str, holder: Uuid, until: Timestamp) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(HOLD))
            .bind(name)
            .bind(holder)
            .bind(Db(until))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// The job is done up to `done_until`, and due again at `next`. False when it was lost.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn finish_job(
        &mut self,
        name: &str,
        holder: Uuid,
        next: Timestamp,
        done_until: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(DONE))
            .bind(name)
            .bind(holder)
            .bind(Db(next))
            .bind(Db(done_until))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }
}
