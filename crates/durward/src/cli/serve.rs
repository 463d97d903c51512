//! `durward serve`: checks everything, then serves until it is told to stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use durward_core::audit::Checkpoints;
use durward_core::{Alerts, Core, Retention};
use durward_http::{Server, metrics_router};
use durward_proto::SystemClock;
use durward_proto::wire::health::{CheckStatus, Finding, Report};
use durward_store::Opened;
use durward_verify::SystemRandom;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

use super::doctor::line;
use super::{Failure, logging};
use crate::alerting;
use crate::checks::{self, Subject};
use crate::config::{Config, ConfigErrors, Inputs, Loaded, Source};
use crate::descriptors;
use crate::metering;
use crate::telemetry::Telemetry;
use crate::wire;

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
    telemetry: Option<Telemetry>,
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
    let telemetry = Telemetry::start(&loaded.config.telemetry).map_err(Failure::usage)?;
    let log = logging::start(&loaded.config, telemetry.as_ref());
    // First of all: where a port is taken, nothing else is touched.
    let listeners = Listeners::bind(&loaded.config).await.map_err(|taken| problems(&loaded).unwrap_or(taken))?;
    loaded.took_port(listeners.server.local_addr().port());
    let clock = SystemClock::new();
    let metrics = metering::start(&*clock).map_err(|error| Failure::new(error.to_string()))?;
    // What cannot be made is found by the checks of the data directory and the secrets.
    let _ = loaded.make_secrets(&SystemRandom);
    // The same goes for this one. It is made before anybody needs it, so that a running node can read the keys that the
    // command line makes later.
    let _ = loaded.make_master_key(&SystemRandom);
    let loaded = Arc::new(loaded);
    let subject = Subject::new(loaded.clone(), clock, Arc::new(SystemRandom), true);
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
    Ok(Started { loaded, opened, core, listeners, metrics, telemetry })
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

    fn alerts(&self) -> Result<Alerts, Failure> {
        let (config, breakers) = (&self.loaded.config, self.core.breakers());
        let (clock, random) = (self.core.clock().clone(), self.core.random().clone());
        alerting::alerts(config, self.opened.system.clone(), Some(breakers), clock, random).map_err(Failure::usage)
    }

    /// Serves until SIGTERM or SIGINT.
    pub(super) async fn serve(self) -> Result<(), Failure> {
        let address = self.address();
        let alerts = self.alerts()?;
        let mut app =
            wire::app(&self.loaded, &self.opened, &self.core, address, self.metrics.clone()).map_err(Failure::usage)?;
        let (wanted, possible) = (app.rules.max_connections, descriptors::raise());
        if possible < wanted && *self.loaded.source("server.max_connections") != Source::Default {
            tracing::warn!(
                wanted,
                possible,
                "there are too few file descriptors for server.max_connections: raise `ulimit -Hn` (LimitNOFILE in systemd)"
            );
        }
        app.rules.max_connections = wanted.min(possible);
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
        // The last one states what was written until the very end.
        let (over, is_over) = oneshot::channel::<()>();
        let checkpoints = Checkpoints::start(self.opened.system.clone()).await?;
        let checkpoints = tokio::spawn(checkpoints.run(async move { drop(is_over.await) }));
        let retention = Retention::new(
            self.opened.system.clone(),
            wire::retention_rules(&self.loaded.config),
            self.core.clock().clone(),
        );
        let retention = tokio::spawn(retention.run(stopped()));
        let alerts = tokio::spawn({
            let (looking, calling) = (stopped(), stopped());
            async move { tokio::join!(alerts.run(looking), alerts.run_webhook(calling)) }
        });
        tokio::spawn(metering::keep_up(self.metrics));
        tokio::spawn(metering::count_rows(self.opened.system.clone()));
        let (core, figures_stopped) = (self.core.clone(), stopped());
        let figures = tokio::spawn(async move { core.run_figures(figures_stopped).await });
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
        let _ = tokio::join!(retention, alerts, figures);
        drop(over);
        let _ = checkpoints.await;
        self.opened.close().await;
        if let Some(telemetry) = self.telemetry {
            telemetry.finish().await;
        }
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
    let settings = [
        "config",
        "environment",
        "secrets",
        "public_url",
        "cors",
        "cookies",
        "settings_schema",
        "mail",
        "pages",
        "keys",
    ];
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
