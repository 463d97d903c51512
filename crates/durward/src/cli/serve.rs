//! `durward serve`: checks everything, then serves until it is told to stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use durward_core::Core;
use durward_http::{Server, metrics_router};
use durward_proto::wire::health::{CheckStatus, Report};
use durward_proto::{Clock, SystemClock};
use durward_store::{Opened, SystemStore};
use durward_verify::SystemRandom;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::doctor::line;
use super::{Failure, logging};
use crate::checks::{self, Subject};
use crate::config::{Config, Inputs, Loaded};
use crate::wire;

/// How often rows that are no longer needed are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);

pub(super) async fn run(inputs: &Inputs) -> Result<ExitCode, Failure> {
    let started = start(inputs, |_| ()).await?;
    tracing::info!(
        listen = %started.server.local_addr(),
        public_url = %started.loaded.config.server.public_url,
        database = %started.loaded.config.database.url,
        "serving"
    );
    started.serve().await?;
    Ok(ExitCode::SUCCESS)
}

/// A program that passed its checks and is about to serve.
pub(super) struct Started {
    pub(super) loaded: Arc<Loaded>,
    pub(super) opened: Opened,
    pub(super) core: Arc<Core>,
    pub(super) server: Server,
    metrics: PrometheusHandle,
}

/// Loads the configuration, checks everything, and binds.
///
/// # Errors
/// Every check that fails, with its cure.
pub(super) async fn start(inputs: &Inputs, watch: impl FnOnce(&Subject)) -> Result<Started, Failure> {
    let mut loaded = Config::load(inputs)?;
    logging::start(&loaded.config);
    let metrics = record_metrics()?;
    // What cannot be made is found by the checks of the data directory and the secrets.
    let _ = loaded.make_secrets(&SystemRandom);
    let loaded = Arc::new(loaded);
    let subject = Subject::new(loaded.clone(), SystemClock::new(), Arc::new(SystemRandom), true);
    watch(&subject);
    let report =
        checks::run(&subject, |_| true, |finding| tracing::debug!(check = finding.id, found = finding.found)).await;
    refuse(&report)?;
    let wrong = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let opened = subject.prepared().await.map_err(|error| wrong(&error))?;
    let core = subject.core().await.map_err(|error| wrong(&error))?;
    let server = bind(loaded.config.server.listen, "server.listen (DURWARD_SERVER__LISTEN)").await?;
    Ok(Started { loaded, opened, core, server, metrics })
}

impl Started {
    /// Serves until SIGTERM or SIGINT.
    pub(super) async fn serve(self) -> Result<(), Failure> {
        let address = self.server.local_addr();
        let app = wire::app(&self.loaded, &self.opened, &self.core, address, self.metrics).map_err(Failure::usage)?;
        let (stop, stopping) = watch::channel(());
        let stopped = move || {
            let mut stopping = stopping.clone();
            async move { drop(stopping.changed().await) }
        };
        if let Some(listen) = self.loaded.config.metrics.listen {
            let server = bind(listen, "metrics.listen (DURWARD_METRICS__LISTEN)").await?;
            let (router, rules, stopped) = (metrics_router(app.operations.clone()), app.rules.clone(), stopped());
            tokio::spawn(async move { server.run_router(router, &rules, stopped).await });
        }
        tokio::spawn(self.core.clone().follow_events().await?);
        tokio::spawn(prune(self.opened.system.clone(), self.core.clock().clone()));
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping: requests may finish, sockets are closed");
            drop(stop);
        });
        self.server.run(app, stopped()).await;
        self.opened.close().await;
        Ok(())
    }
}

/// Refuses the start when a check fails, and names all that do.
fn refuse(report: &Report) -> Result<(), Failure> {
    let failing: Vec<String> =
        report.checks.iter().filter(|finding| finding.status == CheckStatus::Failing).map(line).collect();
    if failing.is_empty() {
        return Ok(());
    }
    let words = format!("durward does not start:\n{}\n`durward doctor` looks again.", failing.join("\n"));
    let settings = ["config", "environment", "secrets", "public_url", "cors", "cookies", "settings_schema", "keys"];
    let configured = report
        .checks
        .iter()
        .any(|finding| finding.status == CheckStatus::Failing && settings.contains(&finding.id.as_str()));
    Err(if configured { Failure::usage(words) } else { Failure::new(words) })
}

async fn bind(address: SocketAddr, setting: &str) -> Result<Server, Failure> {
    let bound = Server::bind(address).await;
    bound
        .map_err(|error| Failure::new(format!("cannot listen on {address}: {error}; set {setting} to another address")))
}

fn record_metrics() -> Result<PrometheusHandle, Failure> {
    PrometheusBuilder::new().install_recorder().map_err(|error| Failure::new(error.to_string()))
}

async fn prune(system: SystemStore, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(PRUNE_EVERY).await;
        let pruned = async {
            let mut write = system.write().await?;
            let rows = write.prune(clock.now()).await?;
            write.commit_unaudited("what has expired on its own is removed").await.map(|()| rows)
        };
        match pruned.await {
            Ok(rows) => tracing::debug!(rows, "removed what has expired"),
            Err(error) => tracing::warn!(%error, "could not remove what has expired; trying again in an hour"),
        }
    }
}
