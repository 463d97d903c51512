//! What the server is made of, and the router over it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use durward_core::Core;
use durward_proto::wire::admin::ConfigEntry;
use durward_proto::wire::health::{HealthAnswer, Report};
use futures_util::future::BoxFuture;
use http::HeaderValue;
use ipnet::IpNet;

use crate::body::BodyRules;
use crate::layers::cookies::CookieRules;
use crate::layers::origin::{Origin, Origins};
use crate::layers::security_headers;
use crate::meters::TokenMeters;
use crate::paths::Paths;
use crate::routes;
use crate::server::Closing;
use crate::traces::Traces;
use crate::ui::Pages;

/// What the operators' pages ask of the program around the server.
pub trait Operations: Send + Sync + 'static {
    /// Whether requests can be served: everything that the server depends on.
    fn ready(&self) -> BoxFuture<'_, HealthAnswer>;
    /// Whether the program runs at all. Asks nobody.
    fn live(&self) -> HealthAnswer;
    /// The Golden Path report: every check, run now.
    fn diagnose(&self) -> BoxFuture<'_, Report>;
    /// What is configured, secrets masked.
    fn config(&self) -> Vec<ConfigEntry>;
    /// All metrics in Prometheus' text format.
    fn metrics(&self) -> String;
}

/// How the wire behaves, from the configuration.
#[derive(Debug, Clone)]
pub struct HttpRules {
    /// The origin of `server.public_url`.
    pub public_origin: Origin,
    /// `cors.allowed_origins`.
    pub allowed_origins: Vec<Origin>,
    /// `server.trusted_proxies`: who may say `X-Forwarded-For`.
    pub trusted_proxies: Vec<IpNet>,
    /// How cookies are set.
    pub cookies: CookieRules,
    /// `security_headers`.
    pub security_headers: bool,
    /// Whether `Strict-Transport-Security` is sent: in production over https.
    pub hsts: bool,
    /// Whether the environment is production: `/profile/debug` is then for admins.
    pub production: bool,
    /// `websocket.token_in_url`: whether a handshake may carry `?token=`.
    pub token_in_url: bool,
    /// `websocket.max_messages_per_minute`: how many messages one socket may send.
    pub messages_per_minute: u32,
    /// Whether `/metrics` is served here; not where it has a listener of its own.
    pub metrics_here: bool,
    /// `log.client_address`: whether the line for each request says where it came from.
    pub log_client_address: bool,
    /// The largest body and the largest WebSocket message, in bytes: 64 KiB.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a request's head may take to arrive, and a kept connection may lie idle.
    pub header_timeout: Duration,
    /// How many connections are open at once; more wait to be accepted.
    pub max_connections: usize,
    /// How long requests and sockets may take to finish when the server stops.
    pub drain: Duration,
}

impl HttpRules {
    /// The defaults for a server with this public origin.
    pub fn new(public_origin: Origin) -> Self {
        let secure = public_origin.is_https();
        Self {
            public_origin,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            cookies: CookieRules { secure, domain: None, prefix: true, access_token_readable: false },
            security_headers: true,
            hsts: false,
            production: false,
            token_in_url: false,
            messages_per_minute: 120,
            metrics_here: true,
            log_client_address: false,
            body_limit: 64 * 1024,
            body_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            max_connections: 20_000,
            drain: Duration::from_secs(10),
        }
    }

    pub(crate) fn body(&self) -> BodyRules {
        BodyRules { limit: self.body_limit, timeout: self.body_timeout }
    }
}

/// Everything that a server needs.
#[derive(Clone)]
pub struct App {
    /// What decides.
    pub core: Arc<Core>,
    /// What the operators' pages ask.
    pub operations: Arc<dyn Operations>,
    /// How the wire behaves.
    pub rules: HttpRules,
    /// The pages that people use; none where they are turned off.
    pub pages: Option<Arc<Pages>>,
    /// Where requests are parts of traces; none where nothing is exported.
    pub traces: Option<Arc<dyn Traces>>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// An [`App`] with what is made of it once.
pub(crate) struct Site {
    pub(crate) core: Arc<Core>,
    pub(crate) operations: Arc<dyn Operations>,
    pub(crate) rules: HttpRules,
    pub(crate) origins: Origins,
    pub(crate) page_policy: HeaderValue,
    pub(crate) pages: Option<Arc<Pages>>,
    pub(crate) paths: Paths,
    pub(crate) closing: Closing,
    pub(crate) traces: Option<Arc<dyn Traces>>,
    pub(crate) token_meters: TokenMeters,
}

/// What every handler gets as its state.
pub(crate) type Shared = Arc<Site>;

impl Site {
    pub(crate) fn new(app: App, closing: Closing) -> Shared {
        let App { core, operations, rules, pages, traces } = app;
        let origins = Origins::new(&rules.public_origin, &rules.allowed_origins);
        Arc::new(Self {
            page_policy: security_headers::page_policy(&origins),
            origins,
            pages,
            paths: Paths::of(routes::table()),
            core,
            operations,
            rules,
            closing,
            traces,
            token_meters: TokenMeters::default(),
        })
    }
}

/// The router of a listener that serves `/metrics` alone (`metrics.listen`).
pub fn metrics_router(operations: Arc<dyn Operations>) -> Router {
    let show = move || {
        let operations = operations.clone();
        async move { crate::api::health::metrics_text(&*operations) }
    };
    Router::new().route("/metrics", axum::routing::get(show))
}
