//! What the running program tells its operators: health, diagnostics, metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use durward_core::Core;
use durward_http::Operations;
use durward_proto::wire::admin::{BreakerState, ConfigEntry};
use durward_proto::wire::health::{CheckStatus, Health, HealthAnswer, Report};
use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Mutex;

use crate::checks::{self, Subject, When};
use crate::config::Held;
use crate::metering;

/// How long an answer of `/health/ready` is used again: probes must not become load.
const FRESH: Duration = Duration::from_secs(1);

/// The running program, as its operators see it.
pub(crate) struct Program {
    subject: Subject,
    core: Arc<Core>,
    metrics: PrometheusHandle,
    /// The last answer and when it was made, by the monotonic clock. The lock also keeps two probes from checking at once.
    ready: Mutex<Option<(Duration, HealthAnswer)>>,
    /// The Golden Path is walked by one at a time.
    diagnosing: Mutex<()>,
}

impl Program {
    pub(crate) fn new(subject: Subject, core: Arc<Core>, metrics: PrometheusHandle) -> Self {
        Self { subject, core, metrics, ready: Mutex::new(None), diagnosing: Mutex::new(()) }
    }
}

impl Program {
    /// All that is quick to look at. The database is not asked while its breaker is open: that would take as long as the
    /// probe takes to see it time out.
    async fn look(&self) -> HealthAnswer {
        let remote = remote(&self.core);
        let away = remote.iter().any(|(id, health)| id == BREAKER && health.status == CheckStatus::Failing);
        let wanted = |check: &checks::Check| check.when == When::Always && !(away && check.id == "database");
        let mut answer = short(checks::run(&self.subject, wanted, |_| ()).await);
        answer.checks.extend(remote);
        if away {
            let detail = Some("not asked while its breaker is open".to_owned());
            answer.checks.insert("database".to_owned(), Health { status: CheckStatus::Failing, detail });
        }
        answer.status = answer.checks.values().map(|health| health.status).fold(answer.status, CheckStatus::max);
        answer
    }
}

/// The check of the database's breaker.
const BREAKER: &str = "breaker_database";

/// The breakers, and how far this node has followed the revocations of others. Without the database nothing can be
/// answered; without anything else, something can.
fn remote(core: &Core) -> Vec<(String, Health)> {
    let mut all: Vec<_> = core
        .breakers()
        .list()
        .into_iter()
        .map(|breaker| {
            let id = format!("breaker_{}", breaker.name);
            let status = match breaker.state {
                BreakerState::Closed => CheckStatus::Ok,
                BreakerState::Open if id == BREAKER => CheckStatus::Failing,
                BreakerState::Open | BreakerState::HalfOpen => CheckStatus::Degraded,
            };
            let next = breaker.next_probe_in.map_or_else(String::new, |seconds| format!(", next probe in {seconds} s"));
            let detail = format!("{} after {} failures in a row{next}", word(breaker.state), breaker.failures);
            (id, Health { status, detail: (status != CheckStatus::Ok).then_some(detail) })
        })
        .collect();
    // Nobody is followed where nothing is served yet.
    if let Some(staleness) = core.bus().staleness() {
        let fresh = core.bus().is_fresh();
        let detail = format!(
            "revocations are known as of {} s ago; sessions are looked up in the database",
            staleness.as_secs()
        );
        let status = if fresh { CheckStatus::Ok } else { CheckStatus::Degraded };
        all.push(("revocations".to_owned(), Health { status, detail: (!fresh).then_some(detail) }));
    }
    all
}

fn word(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half-open",
    }
}

impl Operations for Program {
    fn live(&self) -> HealthAnswer {
        HealthAnswer { status: CheckStatus::Ok, version: env!("CARGO_PKG_VERSION").to_owned(), checks: BTreeMap::new() }
    }

    fn ready(&self) -> BoxFuture<'_, HealthAnswer> {
        Box::pin(async {
            let mut ready = self.ready.lock().await;
            let now = self.subject.clock().monotonic();
            if let Some((at, answer)) = ready.as_ref()
                && now.saturating_sub(*at) < FRESH
            {
                return answer.clone();
            }
            let answer = self.look().await;
            *ready = Some((now, answer.clone()));
            answer
        })
    }

    fn diagnose(&self) -> BoxFuture<'_, Report> {
        Box::pin(async {
            let _one = self.diagnosing.lock().await;
            checks::run(&self.subject, |_| true, |_| ()).await
        })
    }

    fn config(&self) -> Vec<ConfigEntry> {
        let entry = |held: &Held| ConfigEntry {
            key: held.key.to_string(),
            value: held.shown.clone(),
            source: held.source.to_string(),
        };
        self.subject.loaded().held().iter().map(entry).collect()
    }

    fn metrics(&self) -> String {
        metering::show(&self.metrics, &self.core)
    }
}

/// What anybody may see: which check fails, without what was found. That stands in the diagnostics.
fn short(report: Report) -> HealthAnswer {
    let checks = report.checks.into_iter().map(|finding| {
        let detail = (finding.status == CheckStatus::Failing).then(|| "see /api/v1/diagnostics".to_owned());
        (finding.id, Health { status: finding.status, detail })
    });
    HealthAnswer { status: report.status, version: report.version, checks: checks.collect() }
}
