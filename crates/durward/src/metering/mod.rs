//! Metrics for Prometheus: what is recorded, and how it is shown.

mod catalogue;
mod page;
mod process;

use std::time::Duration;

use durward_core::Core;
use durward_proto::{Clock, Code};
use durward_store::SystemStore;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub use catalogue::{CATALOGUE, Family, Group, Kind, families};
pub use page::page;

/// The upper bounds of the histograms' buckets, in seconds: from a token's check in memory to the time after which a client
/// gives up.
const BUCKETS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// How often what was observed is put into the buckets. Until then each observation takes memory.
const UPKEEP: Duration = Duration::from_secs(5);
/// How often rows are counted.
const COUNT_EVERY: Duration = Duration::from_secs(300);

/// Begins to record, for the whole process.
///
/// # Errors
/// When something else records already.
pub(crate) fn start(clock: &dyn Clock) -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()?;
    for family in families() {
        match family.kind {
            Kind::Counter => {
                describe_counter!(family.name, family.help);
                // What is first seen with its first increase has not increased, as far as Prometheus can tell.
                if family.labels.is_empty() {
                    metrics::counter!(family.name).increment(0);
                }
            }
            Kind::Gauge => describe_gauge!(family.name, family.help),
            Kind::Histogram => describe_histogram!(family.name, family.help),
        }
    }
    metrics::counter!("durward_refreshes_total", "result" => Code::RefreshReused.as_str()).increment(0);
    metrics::gauge!("durward_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    process::started(clock.now());
    Ok(handle)
}

/// Keeps what was recorded small, also while nobody asks for it, until the future is dropped.
pub(crate) async fn keep_up(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

/// Counts rows now and then, until the future is dropped.
pub(crate) async fn count_rows(system: SystemStore) {
    loop {
        let counted = async { system.read().await?.budget_rows().await };
        match counted.await {
            Ok(rows) => metrics::gauge!("durward_guess_budget_rows").set(rows as f64),
            Err(error) => tracing::debug!(%error, "rows could not be counted"),
        }
        tokio::time::sleep(COUNT_EVERY).await;
    }
}

/// All metrics in Prometheus' text format, with those that are looked at only now.
pub(crate) fn show(handle: &PrometheusHandle, core: &Core) -> String {
    metrics::gauge!("durward_roster_sessions").set(core.verifier().liveness().len() as f64);
    process::look();
    handle.render()
}
