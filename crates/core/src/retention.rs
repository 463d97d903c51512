//! What is removed when its time is over. One node does it for all, once an hour, a few rows at a time, and months of the login
//! trail as a whole where they are partitions: nobody waits for it, and where it stops half-way another node goes on.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::{AccountStatus, Clock, Timestamp, UserId};
use durward_store::{Audit, Expired, SystemStore, TakenJob, UserRow};

use crate::account::budgets_of;
use crate::audit::erase_person;
use crate::fault::Fault;
use crate::second_factor::key_of;

/// The job's name.
const JOB: &str = "retention";
/// How often it is looked whether it is due.
const LOOK: Duration = Duration::from_secs(60);
/// How often it is due.
const EVERY: Duration = Duration::from_secs(3_600);
/// How long a node may say nothing before another one takes over.
const LEASE: Duration = Duration::from_secs(120);
/// How many rows are removed in one transaction.
const CHUNK: u32 = 500;
/// How long others have the database for themselves between two of them.
const PAUSE: Duration = Duration::from_millis(10);
/// Events, which every node has read within seconds, and what could not be sent, are kept so long: to be looked at.
const EVENTS_KEPT: Duration = Duration::from_secs(7 * 86_400);
const FAILED_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// How long what is kept. None: for ever.
#[derive(Debug, Clone, Copy)]
pub struct RetentionRules {
    /// Sessions after their end, so that an old token's refusal can still be explained.
    pub sessions: Duration,
    /// The login trail.
    pub login_attempts: Option<Duration>,
    /// The audit trail.
    pub audit: Option<Duration>,
    /// Alerts.
    pub alerts: Duration,
    /// Figures for charts.
    pub figures: Duration,
    /// Devices after their last use.
    pub devices: Option<Duration>,
    /// Accounts whose address nobody confirmed; none where nobody is asked to.
    pub unverified_accounts: Option<Duration>,
}

/// Removes what is over.
pub struct Retention {
    system: SystemStore,
    rules: RetentionRules,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Retention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retention").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// Why a run ended early.
enum Ended {
    /// Another node has the job.
    Lost,
    Fault(Fault),
}

impl<E: Into<Fault>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

impl Retention {
    /// With the capability of the system.
    pub fn new(system: SystemStore, rules: RetentionRules, clock: Arc<dyn Clock>) -> Self {
        Self { system, rules, clock }
    }

    /// Removes what is over whenever it is due, until `stop` is there.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let result = tokio::select! {
                () = &mut stop => return,
                result = self.tidy() => result,
            };
            if let Err(fault) = result {
                metrics::counter!("durward_retention_runs_total", "result" => "failed").increment(1);
                let cause = fault.cause().unwrap_or_default();
                tracing::warn!(cause, "could not remove what is over; trying again in a minute");
            }
        }
    }

    /// Removes what is over, if that is due and no other node is at it. Says how many rows there were.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn tidy(&self) -> Result<Option<u64>, Fault> {
        let now = self.clock.now();
        let mut write = self.system.write().await?;
        let Some(job) = write.take_job(JOB, now, now.plus(LEASE)).await? else { return Ok(None) };
        write.commit_unaudited("a job is taken before it is done").await?;
        let begun = self.clock.monotonic();
        let rows = match self.remove_all(&job, now).await {
            Ok(rows) => rows,
            Err(Ended::Lost) => return Ok(None),
            Err(Ended::Fault(fault)) => return Err(fault),
        };
        let mut write = self.system.write().await?;
        write.finish_job(JOB, job.holder, now.plus(EVERY), now).await?;
        write.commit_unaudited("a job is done").await?;
        let took = self.clock.monotonic().saturating_sub(begun);
        metrics::counter!("durward_retention_runs_total", "result" => "done").increment(1);
        metrics::gauge!("durward_retention_last_seconds").set(took.as_secs_f64());
        tracing::info!(rows, took_ms = took.as_millis(), "removed what is over");
        Ok(Some(rows))
    }

    async fn remove_all(&self, job: &TakenJob, now: Timestamp) -> Result<u64, Ended> {
        self.keep_months(now).await?;
        let mut rows = 0;
        for what in Expired::ALL {
            if let Some(kept) = self.kept(*what) {
                rows += self.remove(job, *what, now.minus(kept)).await?;
            }
        }
        if let Some(kept) = self.rules.unverified_accounts {
            rows += self.remove_unverified(job, now.minus(kept)).await?;
        }
        if let Some(kept) = self.rules.audit {
            let gone = crate::audit::prune(&self.system, now.minus(kept)).await?;
            count("audit", gone);
            rows += gone;
        }
        Ok(rows)
    }

    /// Months of the login trail that are over go as a whole, where there are partitions; those to come are made. What is over
    /// within a month goes row by row as everything else does, so that nothing is kept for longer because its month is not
    /// over yet.
    async fn keep_months(&self, now: Timestamp) -> Result<(), Ended> {
        self.system.make_trail_months().await?;
        let Some(kept) = self.kept(Expired::Attempts) else { return Ok(()) };
        for partition in self.system.drop_trail_months(now.minus(kept)).await? {
            metrics::counter!("durward_retention_partitions_total").increment(1);
            tracing::info!(partition, "dropped a month of the login trail that is over");
        }
        Ok(())
    }

    /// How long it is kept beyond its own end; none for ever.
    fn kept(&self, what: Expired) -> Option<Duration> {
        match what {
            Expired::RefreshTokens
            | Expired::Tickets
            | Expired::Challenges
            | Expired::Ceremonies
            | Expired::Trusts
            | Expired::Setups
            | Expired::RecoveryTokens
            | Expired::EmailChanges
            | Expired::Budgets => Some(Duration::ZERO),
            Expired::Sessions => Some(self.rules.sessions),
            Expired::Events => Some(EVENTS_KEPT),
            Expired::Mails | Expired::Webhooks => Some(FAILED_KEPT),
            Expired::Attempts => self.rules.login_attempts,
            Expired::Devices => self.rules.devices,
            Expired::Alerts => Some(self.rules.alerts),
            Expired::Figures => Some(self.rules.figures),
        }
    }

    async fn remove(&self, job: &TakenJob, what: Expired, before: Timestamp) -> Result<u64, Ended> {
        let mut all = 0;
        loop {
            let mut write = self.system.write().await?;
            let rows = write.remove_expired(what, before, CHUNK).await?;
            // In the same transaction: who has lost the job changes nothing any more.
            if !write.hold_job(JOB, job.holder, self.clock.now().plus(LEASE)).await? {
                return Err(Ended::Lost);
            }
            write.commit_unaudited("what is over is removed").await?;
            count(what.word(), rows);
            all += rows;
            if rows < u64::from(CHUNK) {
                return Ok(all);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Accounts that nobody confirmed: somebody mistyped their address, or gave another's. They go as if erased.
    async fn remove_unverified(&self, job: &TakenJob, before: Timestamp) -> Result<u64, Ended> {
        let (mut all, mut last) = (0, UserId(0));
        loop {
            let users = self.system.read().await?.unverified_users(before, last, CHUNK).await?;
            let Some(newest) = users.last() else { break };
            last = *newest;
            for user in users {
                let mut write = self.system.write().await?;
                if !write.hold_job(JOB, job.holder, self.clock.now().plus(LEASE)).await? {
                    return Err(Ended::Lost);
                }
                // It may have been confirmed meanwhile.
                let Some(row) = write.hold_user(user).await?.filter(is_unverified) else { continue };
                let email_key = key_of(&row.email);
                write.erase_user(user, &email_key, &budgets_of(&email_key)).await?;
                erase_person(&mut write, user);
                write.commit(Audit::new("unverified_account_removed").subject(user)).await?;
                all += 1;
            }
        }
        count("unverified_accounts", all);
        Ok(all)
    }
}

fn is_unverified(user: &UserRow) -> bool {
    user.status == AccountStatus::Pending && !user.email_verified
}

fn count(what: &'static str, rows: u64) {
    if rows > 0 {
        metrics::counter!("durward_retention_rows_total", "what" => what).increment(rows);
        tracing::debug!(what, rows, "removed what is over");
    }
}
