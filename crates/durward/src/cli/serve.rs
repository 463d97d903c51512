//! `durward serve`: checks everything, then serves until it is told to stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use durward_core::Core;
use durward_http::{Server, metrics_router};
use durward_proto::wire::health::{CheckStatus, Finding, Report};
use durward_proto::{Clock, SystemClock, Timestamp};
use durward_store::{Opened, StoreError, SystemStore};
use durward_verify::SystemRandom;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::doctor::line;
use super::{Failure, logging};
use crate::checks::{self, Subject};
use crate::config::{Config, ConfigErrors, Inputs, Loaded};
use crate::wire;

/// How often rows that are no longer needed are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// So many budgets are removed at a time.
const BUDGETS_AT_ONCE: u32 = 10_000;

pub(super) async fn run(inputs: &Inputs) -> Result<ExitCode, Failure> {
    let started = start(inputs, |_| ()).await?;
    tracing::info!(
        listen = %started.address(),
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
    listeners: Listeners,
    metrics: PrometheusHandle,
}

/// The ports, taken.
struct Listeners {
    server: Server,
    /// The one for metrics alone, where there is one.
    metrics: Option<Server>,
}

/// Loads the configuration, binds, and checks everything.
///
/// # Errors
/// Every check that fails, with its cure.
pub(super) async fn start(inputs: &Inputs, watch: impl FnOnce(&Subject)) -> Result<Started, Failure> {
    let mut loaded = Config::load(inputs).map_err(|errors| refusal(&checks::unread(&errors)))?;
    let log = logging::start(&loaded.config);
    // First of all: where a port is taken, nothing else is touched.
    let listeners = Listeners::bind(&loaded.config).await.map_err(|taken| problems(&loaded).unwrap_or(taken))?;
    loaded.took_port(listeners.server.local_addr().port());
    let metrics = record_metrics()?;
    // What cannot be made is found by the checks of the data directory and the secrets.
    let _ = loaded.make_secrets(&SystemRandom);
    // The same goes for this one. It is made before anybody needs it, so that a running node can read the keys that the
    // command line makes later.
    let _ = loaded.make_master_key(&SystemRandom);
    let loaded = Arc::new(loaded);
    let subject = Subject::new(loaded.clone(), SystemClock::new(), Arc::new(SystemRandom), true);
    watch(&subject);
    let report =
        checks::run(&subject, |_| true, |finding| tracing::debug!(check = finding.id, found = finding.found)).await;
    if report.status == CheckStatus::Failing {
        return Err(refusal(&report));
    }
    log.open();
    let wrong = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let opened = subject.prepared().await.map_err(|error| wrong(&error))?;
    let core = subject.core().await.map_err(|error| wrong(&error))?;
    Ok(Started { loaded, opened, core, listeners, metrics })
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Self, Failure> {
        let setting = "server.listen (DURWARD_SERVER__LISTEN, or API_PORT for the port alone)";
        let server = bind(config.server.listen, setting).await?;
        let metrics = match config.metrics.listen {
            Some(listen) => Some(bind(listen, "metrics.listen (DURWARD_METRICS__LISTEN)").await?),
            None => None,
        };
        Ok(Self { server, metrics })
    }
}

impl Started {
    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.listeners.server.local_addr()
    }

    /// Serves until SIGTERM or SIGINT.
    pub(super) async fn serve(self) -> Result<(), Failure> {
        let address = self.address();
        let app = wire::app(&self.loaded, &self.opened, &self.core, address, self.metrics).map_err(Failure::usage)?;
        let (stop, stopping) = watch::channel(());
        let stopped = move || {
            let mut stopping = stopping.clone();
            async move { drop(stopping.changed().await) }
        };
        if let Some(server) = self.listeners.metrics {
            tracing::info!(metrics = %server.local_addr(), "serving metrics");
            let (router, rules, stopped) = (metrics_router(app.operations.clone()), app.rules.clone(), stopped());
            tokio::spawn(async move { server.run_router(router, &rules, stopped).await });
        }
        tokio::spawn(self.core.clone().follow_events().await?);
        let post = tokio::spawn(self.core.clone().run_post(stopped()));
        let (core, figures_stopped) = (self.core.clone(), stopped());
        let figures = tokio::spawn(async move { core.run_figures(figures_stopped).await });
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
        self.listeners.server.run(app, stopped()).await;
        // A mail that is under way is handed in and written down before the database is closed.
        let _ = post.await;
        let _ = figures.await;
        self.opened.close().await;
        Ok(())
    }
}

/// What is wrong with the configuration itself, if anything is: that is said rather than what follows from it.
fn problems(loaded: &Loaded) -> Option<Failure> {
    let problems = loaded.problems();
    let errors = ConfigErrors { problems, unreadable: false };
    (!errors.problems.is_empty()).then(|| refusal(&checks::unread(&errors)))
}

/// Names every check that fails, with its cure.
fn refusal(report: &Report) -> Failure {
    let failing: Vec<&Finding> =
        report.checks.iter().filter(|finding| finding.status == CheckStatus::Failing).collect();
    let lines: Vec<String> = failing.iter().map(|finding| line(finding)).collect();
    let words = format!("durward does not start:\n{}\n`durward doctor` looks again.", lines.join("\n"));
    let settings =
        ["config", "environment", "secrets", "public_url", "cors", "cookies", "settings_schema", "mail", "keys"];
    let configured = failing.iter().any(|finding| settings.contains(&finding.id.as_str()));
    if configured { Failure::usage(words) } else { Failure::new(words) }
}

async fn bind(address: SocketAddr, setting: &str) -> Result<Server, Failure> {
    Server::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => "another program listens there; stop it, or".to_owned(),
            ErrorKind::PermissionDenied => {
                "ports below 1024 need a right (CAP_NET_BIND_SERVICE); grant it, or".to_owned()
            }
            ErrorKind::AddrNotAvailable => "this machine does not have that address;".to_owned(),
            _ => format!("{error};"),
        };
        Failure::new(format!("cannot listen on {address}: {why} set {setting} to another address"))
    })
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
            write.commit_unaudited("what has expired on its own is removed").await?;
            Ok::<u64, StoreError>(rows + prune_budgets(&system, clock.now()).await?)
        };
        match pruned.await {
            Ok(rows) => tracing::debug!(rows, "removed what has expired"),
            Err(error) => tracing::warn!(%error, "could not remove what has expired; trying again in an hour"),
        }
    }
}

/// Under attack there are millions of them: so they go bit by bit, and nobody waits long for a place among them.
async fn prune_budgets(system: &SystemStore, now: Timestamp) -> Result<u64, StoreError> {
    let mut all = 0;
    loop {
        let mut write = system.write().await?;
        let rows = write.prune_budgets(now, BUDGETS_AT_ONCE).await?;
        write.commit_unaudited("what has expired on its own is removed").await?;
        all += rows;
        if rows < u64::from(BUDGETS_AT_ONCE) {
            return Ok(all);
        }
    }
}
