//! No secret comes out anywhere. The real program is walked through with secrets that are looked for afterwards: in its
//! log at level trace, in what its commands print, in its answers, its metrics, its traces, its files and its database.

mod needles;
mod walk;
mod witness;

use durward_store::testing::Backend;
use rustix::process::Signal;

use crate::kit::Site;
use crate::kit::collector::Collector;
use needles::Needles;
use walk::Walk;

const TOKEN_SECRET: &str = "canary-of-the-token-secret-8fJ2kQ0z";
const CSRF_SECRET: &str = "canary-of-the-csrf-secret-Zx81mW4t";
const MAIL_PASSWORD: &str = "canary-of-the-mail-password-77";
const COLLECTOR_KEY: &str = "canary-of-the-collector-3Kd8vb";
const WEBHOOK_SECRET: &str = "canary-of-the-webhook-secret-4Lq8";
const WEBHOOK_PATH: &str = "canary-of-the-webhook-path-7Gn3";
const DATABASE_PASSWORD: &str = "canary-of-the-database-5Ht9";

async fn walked(backend: Backend) {
    let site = Site::empty(backend).await;
    let role = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(role(&site).await),
    };
    let mail = format!("smtp://postmaster:{MAIL_PASSWORD}@mail.example:587");
    let collector = Collector::start().await;
    let (collector_url, collector_header) = (collector.url(), format!("x-key={COLLECTOR_KEY}"));
    let webhook = format!("http://127.0.0.1:9/{WEBHOOK_PATH}");
    let settings = [
        ("DURWARD_ALERTS__WEBHOOK_URL", webhook.as_str()),
        ("DURWARD_ALERTS__WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector_url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", &collector_header),
        ("JWT_SECRET_KEY", TOKEN_SECRET),
        ("CSRF_SECRET_KEY", CSRF_SECRET),
        ("DURWARD_MAIL__URL", &mail),
        ("DURWARD_MAIL__FROM", "auth@example.com"),
        ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false"),
        // Nobody reads the mails.
        ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false"),
        ("DURWARD_LOG__LEVEL", "trace"),
        ("DURWARD_WEBSOCKET__TOKEN_IN_URL", "true"),
        ("DURWARD_DATA_DIR", "data"),
    ];
    let site = settings.into_iter().fold(site, |site, (name, value)| site.with(name, value));
    let site = match &role {
        Some(role) => as_role(site, role),
        None => site,
    };

    let mut needles = Needles::default();
    for secret in
        [TOKEN_SECRET, CSRF_SECRET, MAIL_PASSWORD, DATABASE_PASSWORD, COLLECTOR_KEY, WEBHOOK_SECRET, WEBHOOK_PATH]
    {
        needles.secret(secret);
    }
    let mut walk = Walk::new(&site, needles);
    walk.commands_before().await;
    let mut process = site.serve().await;
    walk.along(&process).await;
    walk.commands_beside().await;
    let in_use = site.database.everything().await;
    process.signal(Signal::TERM);
    let output = process.ended().await.code(0);
    let log = output.stdout + &output.stderr;
    assert!(log.contains("TRACE durward") && log.contains("DEBUG tungstenite"), "the log is as loud as it can be");
    let Walk { needles, witness, .. } = walk;
    needles.absent("the log", log.as_bytes());
    assert!(collector.spans().len() > 200, "the walk has left its traces: {}", collector.spans().len());
    needles.absent("the traces", &collector.bytes());
    for (name, bytes) in [("the database", in_use), ("the database after the end", site.database.everything().await)] {
        needles.absent(name, &bytes);
    }
    for (name, bytes) in files(site.path()) {
        needles.absent(&name, &bytes);
    }
    witness.judge(&needles);
    assert!(!log.contains("panicked"), "{log}");
    if let Some(role) = role {
        let give_back = format!("REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}");
        site.database.sql(&give_back).await;
    }
}

/// A role with a password, which owns the database.
async fn role(site: &Site) -> String {
    let name = name(site);
    let make =
        format!("CREATE ROLE {name} LOGIN PASSWORD '{DATABASE_PASSWORD}'; ALTER DATABASE {name} OWNER TO {name}");
    site.database.sql(&make).await;
    name
}

fn name(site: &Site) -> String {
    match &site.database.options.target {
        durward_store::Target::Postgres(target) => target.database.clone(),
        durward_store::Target::Sqlite { .. } => unreachable!("only PostgreSQL has roles"),
    }
}

fn as_role(site: Site, role: &str) -> Site {
    let durward_store::Target::Postgres(target) = &site.database.options.target else { unreachable!() };
    let url = format!("postgresql+asyncpg://{role}:{DATABASE_PASSWORD}@{}:{}/{role}", target.host, target.port);
    site.with("DATABASE_URL", &url)
}

/// Every file under the directory that the program runs in.
fn files(directory: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() { files(&path) } else { vec![(path.display().to_string(), std::fs::read(&path).unwrap())] }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    walked(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    walked(Backend::Postgres).await;
}
