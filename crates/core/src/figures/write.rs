//! Writing down, once a minute, what this node has counted.

use std::time::Duration;

use durward_proto::Timestamp;
use durward_proto::wire::admin::BreakerState;
use durward_store::NewFigure;

use super::latency::Percentiles;
use super::series::NODES;
use crate::fault::Fault;
use crate::service::Core;

/// How much time one row stands for, in microseconds.
pub(super) const MINUTE: i64 = 60_000_000;

/// A figure that is the node's own at this moment, or in this minute, and takes the place of an older one.
struct Reading {
    name: &'static str,
    label: String,
    value: i64,
}

impl Core {
    /// Writes down what was counted, at the end of every minute and at the end, until `stopped` is done. What cannot be
    /// written is kept for the next time.
    pub async fn run_figures(&self, stopped: impl Future<Output = ()>) {
        tokio::pin!(stopped);
        loop {
            let over = MINUTE - self.clock.now().micros().rem_euclid(MINUTE);
            let rest = Duration::from_micros(u64::try_from(over).unwrap_or(0));
            let stopping = tokio::select! {
                () = tokio::time::sleep(rest) => false,
                () = &mut stopped => true,
            };
            if let Err(fault) = self.write_figures().await {
                tracing::warn!(cause = fault.cause(), "could not write down the figures of a minute");
            }
            if stopping {
                return;
            }
        }
    }

    /// Writes down what was counted since the last time, for the minute in which most of that lies.
    ///
    /// # Errors
    /// 503 when the database is away; then nothing that was counted is lost.
    pub async fn write_figures(&self) -> Result<(), Fault> {
        let minute = self.clock.now().minus(Duration::from_secs(30)).micros().div_euclid(MINUTE);
        let at = Timestamp::from_micros(minute * MINUTE);
        let (counts, mut readings) = (self.figures.take_counts(), self.readings());
        readings.extend(percentiles("requests", "request_time", self.figures.requests.take()));
        readings.extend(percentiles("token_checks", "token_check_time", self.figures.checks.take()));
        let written = async {
            let node = self.figures.node.as_str();
            let mut write = self.gate.write().await?;
            for ((name, label), value) in &counts {
                write.put_figure(&NewFigure { at, node, name, label, value: *value, adds: true }).await?;
            }
            for Reading { name, label, value } in &readings {
                write.put_figure(&NewFigure { at, node, name, label, value: *value, adds: false }).await?;
            }
            write.commit_unaudited("figures are counts of what has its own rows").await
        };
        let written: Result<(), durward_store::StoreError> = written.await;
        if written.is_err() {
            for ((name, label), value) in counts {
                self.figures.add(name, label, value);
            }
        }
        Ok(written?)
    }

    /// What this node is doing at this moment. What is at rest has no row, so that an idle node writes little.
    fn readings(&self) -> Vec<Reading> {
        let one = |name, value: usize| Reading { name, label: String::new(), value: i64::try_from(value).unwrap_or(0) };
        let lag = self.bus.staleness().unwrap_or_default();
        let mut all = vec![
            one("sockets", self.sockets.open()),
            one("hash_queue", self.hasher.waiting()),
            one("revocation_lag", usize::try_from(lag.as_millis()).unwrap_or(usize::MAX)),
        ];
        all.extend(self.breakers.list().into_iter().map(|breaker| Reading {
            name: "breakers",
            label: breaker.name,
            value: match breaker.state {
                BreakerState::Closed => 0,
                BreakerState::HalfOpen => 1,
                BreakerState::Open => 2,
            },
        }));
        all.retain(|reading| reading.value != 0);
        all.push(one(NODES, 1));
        all
    }
}

fn percentiles(count: &'static str, time: &'static str, taken: Option<Percentiles>) -> Vec<Reading> {
    let Some(Percentiles { count: counted, p50, p95, p99 }) = taken else { return Vec::new() };
    let line = |name, label: &str, value| Reading { name, label: label.to_owned(), value };
    vec![line(count, "", counted), line(time, "p50", p50), line(time, "p95", p95), line(time, "p99", p99)]
}
