//! The program, served on a port of its own with a database of its own.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use durward::config::{Config, Inputs, Loaded, Purpose};
use durward::wire;
use durward_core::factors::password::Hasher;
use durward_core::operator::Operator;
use durward_core::{Alerts, Core, Retention};
use durward_http::Server;
use durward_proto::{Email, Role};
use durward_store::testing::{self, Backend, Fresh};
use durward_store::{Opened, Target};
use durward_verify::SystemRandom;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Actor, KEPT, Mails, PASSWORD, Proxy, TestClock};

/// What every test's configuration has, unless the test says otherwise.
const SETTINGS: [(&str, &str); 6] = [
    ("ENVIRONMENT", "test"),
    ("JWT_SECRET_KEY", SECRET),
    // Cheap hashes: the tests are about what is done with them.
    ("DURWARD_PASSWORD__MEMORY_KIB", "64"),
    ("DURWARD_PASSWORD__ITERATIONS", "1"),
    ("DURWARD_PASSWORD__MAX_CONCURRENT", "4"),
    ("DURWARD_WEBSOCKET__TOKEN_IN_URL", "true"),
];

/// The tests' signing secret.
pub const SECRET: &str = "a signing secret that only tests have 4711";

/// A running program. It stops when this goes.
pub struct App {
    pub address: SocketAddr,
    /// The public URL's origin.
    pub origin: String,
    pub clock: Arc<TestClock>,
    pub core: Arc<Core>,
    pub database: Fresh,
    pub data_dir: PathBuf,
    pub operator: Operator,
    /// What was mailed, where [`KEPT`](super::KEPT) says that mails are kept.
    pub mails: Arc<Mails>,
    loaded: Arc<Loaded>,
    node: Node,
    _directory: tempfile::TempDir,
}

/// One process's worth of the program. It stops when this goes.
pub struct Node {
    pub address: SocketAddr,
    pub core: Arc<Core>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl App {
    pub async fn start(backend: Backend) -> Self {
        Self::with(backend, &[]).await
    }

    /// With other settings, named as environment variables.
    pub async fn with(backend: Backend, settings: &[(&str, &str)]) -> Self {
        let clock = TestClock::new();
        let database = testing::fresh_with(backend, clock.clone(), Arc::new(SystemRandom)).await;
        let directory = tempfile::tempdir().unwrap();
        let mut environment: BTreeMap<_, _> =
            SETTINGS.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        let data_dir = directory.path().join("data");
        environment.insert("DURWARD_DATA_DIR".to_owned(), data_dir.clone().into());
        let inputs = Inputs {
            purpose: Purpose::Serve,
            file: None,
            directory: directory.path().to_owned(),
            environment,
            secrets_dir: directory.path().join("secrets"),
            cores: 2,
        };
        let loaded = Arc::new(Config::load(&inputs).unwrap_or_else(|errors| panic!("{errors}")));
        let mails = Mails::new();
        let node = serve(&loaded, &database.opened, &clock, &mails).await;
        Self {
            data_dir,
            address: node.address,
            origin: loaded.config.server.public_url.origin(),
            operator: Operator::new(database.opened.system.clone(), clock.clone()),
            mails,
            clock,
            core: node.core.clone(),
            database,
            loaded,
            node,
            _directory: directory,
        }
    }

    /// Another node of the program, on the same database.
    pub async fn beside(&self) -> Node {
        let opened = Opened::open(&self.database.options, self.clock.clone(), Arc::new(SystemRandom)).await.unwrap();
        serve(&self.loaded, &opened, &self.clock, &self.mails).await
    }

    /// What finds and tells alerts on this node; the test says when.
    pub fn alerts(&self) -> Alerts {
        let (system, breakers) = (self.database.opened.system.clone(), self.core.breakers());
        let random = Arc::new(SystemRandom);
        durward::alerting::alerts(&self.loaded.config, system, Some(breakers), self.clock.clone(), random).unwrap()
    }

    /// What removes what is over; the test says when.
    pub fn retention(&self) -> Retention {
        let rules = wire::retention_rules(&self.loaded.config);
        Retention::new(self.database.opened.system.clone(), rules, self.clock.clone())
    }

    /// A proxy in front of the PostgreSQL server.
    pub async fn proxy(&self) -> Proxy {
        let Target::Postgres(target) = &self.database.options.target else { panic!("it is PostgreSQL") };
        Proxy::to((target.host.clone(), target.port)).await
    }

    /// Another node that reaches the database through a proxy.
    pub async fn beside_through(&self, proxy: &Proxy) -> Node {
        let mut options = self.database.options.clone();
        options.acquire_timeout = self.loaded.config.breaker.call_timeout;
        let Target::Postgres(target) = &mut options.target else { panic!("it is PostgreSQL") };
        (target.host, target.port) = (proxy.address.ip().to_string(), proxy.address.port());
        let opened = Opened::open(&options, self.clock.clone(), Arc::new(SystemRandom)).await.unwrap();
        serve(&self.loaded, &opened, &self.clock, &self.mails).await
    }

    /// Tells it to stop, as SIGTERM does. What comes back is done when everything has finished or was cut off.
    pub fn stop(&mut self) -> JoinHandle<()> {
        let (_stop, served) = self.node.running.take().expect("it runs");
        served
    }

    /// Somebody with an empty cookie jar, on a page of the public origin.
    pub fn visitor(&self) -> Actor {
        Actor::new(self.address, &self.origin)
    }

    /// Registers `name@example.com`.
    pub async fn register(&self, name: &str) -> i64 {
        let body = json!({ "email": email(name), "password": PASSWORD, "full_name": name });
        let answer = self.visitor().post("/api/v1/auth/register", body).await.is(201);
        answer.json()["user"]["id"].as_i64().unwrap()
    }

    /// Registers `name@example.com` and logs in with cookies, as a browser does.
    pub async fn user(&self, name: &str) -> Actor {
        self.register(name).await;
        self.login(name).await
    }

    /// The same with the role `admin`.
    pub async fn admin(&self, name: &str) -> Actor {
        self.register(name).await;
        let email: Email = email(name).parse().unwrap();
        let user = self.operator.find(&email).await.unwrap().unwrap();
        self.operator.set_role(user.id, &Role::admin()).await.unwrap();
        self.login(name).await
    }

    /// Logs `name@example.com` in with cookies, as another browser.
    pub async fn login(&self, name: &str) -> Actor {
        let actor = self.visitor();
        let body = json!({ "email": email(name), "password": PASSWORD });
        actor.post("/api/v1/auth/login", body).await.is(200);
        actor
    }

    /// Logs `name@example.com` in with bearer tokens, as an app: the actor, and the refresh token.
    pub async fn bearer(&self, name: &str) -> (Actor, String) {
        let body = json!({ "email": email(name), "password": PASSWORD, "transport": "bearer" });
        let answer = self.app_client().post("/api/v1/auth/login", body).await.is(200).json();
        let token = answer["access_token"].as_str().unwrap();
        (self.app_client().with_bearer(token), answer["refresh_token"].as_str().unwrap().to_owned())
    }

    /// Somebody who is no browser: no cookies, no `Origin`.
    pub fn app_client(&self) -> Actor {
        Actor::new(self.address, &self.origin).without_origin()
    }
}

async fn serve(loaded: &Arc<Loaded>, opened: &Opened, clock: &Arc<TestClock>, mails: &Arc<Mails>) -> Node {
    let signing_keys = wire::signing_keys(loaded, opened, clock.clone(), Arc::new(SystemRandom)).unwrap();
    let keys = signing_keys.start().await.unwrap();
    let hasher = Arc::new(Hasher::start(wire::hash_settings(&loaded.config), Arc::new(SystemRandom)).unwrap());
    let keys = (signing_keys, keys);
    let mut parts = wire::parts(&loaded.config, opened, keys, hasher, clock.clone(), Arc::new(SystemRandom)).unwrap();
    if loaded.config.mail.url.as_ref().is_some_and(|url| KEPT.1.ends_with(&url.host)) {
        parts.mailing.courier = Some(mails.clone());
    }
    let core = Core::new(parts).unwrap();
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let address = server.local_addr();
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let app = wire::app(loaded, opened, &core, address, metrics).unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(server.run(app, async move { drop(stopped.await) }));
    tokio::spawn(core.clone().follow_events().await.unwrap());
    tokio::spawn(core.clone().run_post(std::future::pending()));
    Node { address, core, running: Some((stop, served)) }
}

/// The address that goes with a name.
pub fn email(name: &str) -> String {
    format!("{name}@example.com")
}
