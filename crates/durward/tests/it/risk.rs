//! Places, from where logins are allowed, and how risky they are: over the wire, from made-up addresses.

mod access;
mod decisions;
mod places;

use std::path::{Path, PathBuf};
use std::time::Duration;

use durward_store::testing::Backend;
use serde_json::{Value, json};

use crate::kit::{Actor, Answer, App, PASSWORD, email, mmdb};

const LOGIN: &str = "/api/v1/auth/login";
const HOUR: Duration = Duration::from_secs(3_600);

/// The addresses of the tests: Ann's home and phone, a hotel of hers, and a thief's.
const HOME: &str = "198.51.100.7";
const PHONE: &str = "198.51.100.130";
const HOTEL: &str = "203.0.113.9";
const THIEF: &str = "2001:db8:bad::7";

/// Where they are.
const CITIES: [(&str, &str, &str, f64, f64); 4] = [
    ("198.51.100.0/25", "DE", "Berlin", 52.52, 13.40),
    ("198.51.100.128/25", "DE", "Berlin", 52.50, 13.38),
    ("203.0.113.0/24", "FR", "Paris", 48.86, 2.35),
    ("2001:db8:bad::/48", "BR", "Recife", -8.05, -34.88),
];
const NETWORKS: [(&str, u32); 4] = [
    ("198.51.100.0/25", 64_500),
    ("198.51.100.128/25", 64_501),
    ("203.0.113.0/24", 64_502),
    ("2001:db8:bad::/48", 64_503),
];

/// Mails are kept, nobody has to confirm an address, and thresholds are those of production.
const MAILS: [(&str, &str); 4] =
    [crate::kit::KEPT, ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false"), THRESHOLDS[0], THRESHOLDS[1]];
/// In development and test they are off.
const THRESHOLDS: [(&str, &str); 2] = [("DURWARD_RISK__SECOND_FACTOR", "50"), ("DURWARD_RISK__DENY", "92")];

/// The databases of a test, in files that go when this goes.
struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { directory: tempfile::tempdir().unwrap() };
        std::fs::write(files.cities(), mmdb::cities(&CITIES)).unwrap();
        std::fs::write(files.networks(), mmdb::networks(&NETWORKS)).unwrap();
        files
    }

    fn cities(&self) -> PathBuf {
        self.directory.path().join("cities.mmdb")
    }

    fn networks(&self) -> PathBuf {
        self.directory.path().join("networks.mmdb")
    }
}

/// The program behind a proxy that says where clients are, with databases of places.
async fn app(backend: Backend, settings: &[(&str, &str)]) -> (App, Files) {
    let files = Files::new();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (cities, networks) = (text(&files.cities()), text(&files.networks()));
    let mut all = vec![
        ("DURWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ("DURWARD_GEOIP__DATABASE", cities.as_str()),
        ("DURWARD_GEOIP__ASN_DATABASE", networks.as_str()),
        // Whoever looks on does so for days.
        ("DURWARD_TOKENS__ACCESS_TTL", "20d"),
    ];
    all.extend(settings);
    (App::with(backend, &all).await, files)
}

/// Runs a test on both databases.
macro_rules! with_places {
    (with $settings:expr; $($(#[doc = $doc:literal])* async fn $name:ident($app:ident, $files:ident) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run(backend: durward_store::testing::Backend) {
                let ($app, $files) = $crate::risk::app(backend, $settings).await;
                let _ = &$files;
                $body
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(durward_store::testing::Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(durward_store::testing::Backend::Postgres).await;
            }
        }
    )*};
}
use with_places;

/// Somebody new at this address.
fn at(app: &App, address: &str) -> Actor {
    app.visitor().with("x-forwarded-for", address)
}

/// Tries to log in by password.
async fn log_in(who: &Actor, name: &str) -> Answer {
    who.post(LOGIN, json!({ "email": email(name), "password": PASSWORD })).await
}

/// Somebody whose habits are known: a week of mornings with their laptop at home.
async fn settled(app: &App, name: &str) -> Actor {
    app.register(name).await;
    let laptop = at(app, HOME);
    for _ in 0..7 {
        app.clock.advance(24 * HOUR);
        log_in(&laptop, name).await.is(200);
    }
    laptop
}

/// The newest login attempt, as an operator sees it.
async fn last_attempt(admin: &Actor) -> Value {
    let page = admin.get("/api/v1/admin/attempts?limit=1").await.is(200).json();
    page["items"][0].clone()
}

/// The names of the signals of an attempt.
fn signals(attempt: &Value) -> Vec<&str> {
    attempt["risk"]["signals"].as_array().unwrap().iter().map(|signal| signal["name"].as_str().unwrap()).collect()
}

async fn audited(app: &App, event: &str) -> i64 {
    app.database.count(&format!("SELECT COUNT(*) FROM security_audit WHERE event = '{event}'")).await
}
