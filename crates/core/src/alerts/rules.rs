//! The rules. What all nodes share is looked at by one of them at a time; what each has for itself, by each.

use std::future::Future;
use std::pin::pin;
use std::sync::PoisonError;
use std::time::Duration;

use durward_proto::Timestamp;
use durward_store::SeenEvent;
use serde_json::{Value, json};

use super::finding::{Finding, Rule};
use super::{AlertRules, Alerts};
use crate::fault::Fault;

/// The job's name.
const JOB: &str = "alerts";
/// How often the rules are looked at.
const EVERY: Duration = Duration::from_secs(10);
/// How long a node may take before another one looks.
const LEASE: Duration = Duration::from_secs(60);
/// How much is looked at twice: a row that was written at some time may be seen a little later.
const OVERLAP: Duration = Duration::from_secs(60);
/// How far back it is looked at most, after a long stop.
const FURTHEST: Duration = Duration::from_secs(86_400);
/// How many rows are looked at at once.
const ROWS: u32 = 1_000;
/// How many findings are kept that cannot be written down.
const UNWRITTEN: usize = 100;

impl Alerts {
    /// Looks at the rules until `stop` is there.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let (mut stop, mut failing) = (pin!(stop), false);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            match self.look().await {
                Ok(()) => failing = false,
                Err(fault) if !std::mem::replace(&mut failing, true) => {
                    let cause = fault.cause().unwrap_or_default();
                    tracing::warn!(cause, "the rules for alerts cannot be looked at; trying again");
                }
                Err(_) => {}
            }
        }
    }

    /// Looks at all rules once, and raises what they find.
    ///
    /// # Errors
    /// When the database is away. What this node alone can know is kept until it is back.
    pub async fn look(&self) -> Result<(), Fault> {
        self.keep(self.breakers());
        for finding in self.kept() {
            self.raise(&finding).await?;
            self.written(&finding);
        }
        self.look_at_all().await
    }

    async fn look_at_all(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut write = self.system.write().await?;
        let Some(job) = write.take_job(JOB, now, now.plus(LEASE)).await? else { return Ok(()) };
        write.commit_unaudited("a job is taken before it is done").await?;
        let since = job.done_until.map_or(now.minus(self.rules.window), |done| done.minus(OVERLAP));
        let since = since.max(now.minus(FURTHEST));
        let (mut findings, done_until) = self.events(since, now).await?;
        findings.extend(self.counts(now).await?);
        for finding in &findings {
            self.raise(finding).await?;
        }
        // Last: who is told of by the trail is not told of again.
        let admins = self.system.read().await?.untold_admins(ROWS).await?;
        for user in admins {
            self.raise(&Finding::of_user(Rule::NewAdmin, user, now)).await?;
        }
        let mut write = self.system.write().await?;
        write.finish_job(JOB, job.holder, now.plus(EVERY), done_until).await?;
        Ok(write.commit_unaudited("a job is done").await?)
    }

    /// What the audit trail tells, and up to when it was looked at.
    async fn events(&self, since: Timestamp, now: Timestamp) -> Result<(Vec<Finding>, Timestamp), Fault> {
        let (mut findings, mut done_until) = (Vec::new(), now);
        let is_admin = |row: &SeenEvent| row.detail.get("role").and_then(Value::as_str) == Some("admin");
        for (event, rule) in
            [("refresh_reuse", Rule::RefreshReuse), ("role_changed", Rule::NewAdmin), ("user_created", Rule::NewAdmin)]
        {
            let rows = self.system.read().await?.happened(event, since, ROWS).await?;
            if u32::try_from(rows.len()).is_ok_and(|rows| rows == ROWS) {
                done_until = rows.last().map_or(done_until, |row| done_until.min(row.at.plus(OVERLAP)));
            }
            let rows = rows.into_iter().filter(|row| rule != Rule::NewAdmin || is_admin(row));
            findings.extend(rows.filter_map(|row| Some(Finding::of_user(rule, row.subject_user_id?, row.at))));
        }
        Ok((findings, done_until))
    }

    /// What is counted, and what waits.
    async fn counts(&self, now: Timestamp) -> Result<Vec<Finding>, Fault> {
        let AlertRules { window, login_failures, risk_denials, mail_stuck, .. } = self.rules;
        let (mut findings, mut read) = (Vec::new(), self.system.read().await?);
        if let Some(most) = login_failures {
            let count = read.failed_logins(now.minus(window)).await?;
            findings.extend(too_many(Rule::LoginFailures, count, most, window, now));
        }
        if let Some(most) = risk_denials {
            let count = read.denied_logins(now.minus(window)).await?;
            findings.extend(too_many(Rule::RiskDenials, count, most, window, now));
        }
        if let (Some(longest), Some(oldest)) = (mail_stuck, read.oldest_mail().await?)
            && now.since(oldest) > longest
        {
            let detail = json!({ "waits_seconds": now.since(oldest).as_secs() });
            findings.push(Finding::new(Rule::MailStuck, now, detail));
        }
        Ok(findings)
    }

    /// The breakers of this node that open again and again.
    fn breakers(&self) -> Vec<Finding> {
        let (Some(breakers), Some(most)) = (&self.breakers, self.rules.breaker_openings) else { return Vec::new() };
        let (now, window) = (self.clock.now(), self.rules.window);
        let openings = breakers.openings(now.minus(window)).into_iter();
        let often = openings.filter(|(_, count)| u32::try_from(*count).unwrap_or(u32::MAX) >= most);
        let finding = |(name, count)| Finding {
            rule: Rule::BreakerOpenings,
            about: format!("breaker:{name}"),
            at: now,
            detail: json!({ "count": count, "window_seconds": window.as_secs() }),
        };
        often.map(finding).collect()
    }

    /// Keeps what is to be written down, once for each thing that it is about.
    fn keep(&self, findings: Vec<Finding>) {
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        for finding in findings {
            if unwritten.len() < UNWRITTEN && !unwritten.iter().any(|kept| is_same(kept, &finding)) {
                unwritten.push(finding);
            }
        }
    }

    fn kept(&self) -> Vec<Finding> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn written(&self, finding: &Finding) {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| !is_same(kept, finding));
    }
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    one.rule == other.rule && one.about == other.about
}

fn too_many(rule: Rule, count: i64, most: u32, window: Duration, now: Timestamp) -> Option<Finding> {
    let detail = json!({ "count": count, "window_seconds": window.as_secs() });
    (count >= i64::from(most)).then(|| Finding::new(rule, now, detail))
}
