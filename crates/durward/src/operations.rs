//! What the running program tells its operators: health, diagnostics, metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use durward_http::Operations;
use durward_proto::wire::health::{CheckStatus, Health, HealthAnswer, Report};
use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Mutex;

use crate::checks::{self, Subject, When};

/// How long an answer of `/health/ready` is used again: probes must not become load.
const FRESH: Duration = Duration::from_secs(1);

/// The running program, as its operators see it.
pub(crate) struct Program {
    subject: Subject,
    metrics: PrometheusHandle,
    /// The last answer and when it was made, by the monotonic clock. The lock also keeps two probes from checking at once.
    ready: Mutex<Option<(Duration, HealthAnswer)>>,
    /// The Golden Path is walked by one at a time.
    diagnosing: Mutex<()>,
}

impl Program {
    pub(crate) fn new(subject: Subject, metrics: PrometheusHandle) -> Self {
        Self { subject, metrics, ready: Mutex::new(None), diagnosing: Mutex::new(()) }
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
            let report = checks::run(&self.subject, |check| check.when == When::Always, |_| ()).await;
            let answer = short(report);
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

    fn metrics(&self) -> String {
        self.metrics.render()
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
