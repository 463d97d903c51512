//! Signing keys: every algorithm, changes while nodes run, and what is sealed.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::{Clock, Code, SessionId, Timestamp};
use durward_store::testing::{Backend, fresh};
use durward_verify::{KeyRing, LastUse, LiveSession, Liveness, Redeemed, Refusal, Rules, Unavailable, Verifier};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::kit::process::{Output, database_url, run};
use crate::kit::{Actor, App, Control, PASSWORD, Process, SECRET, TestClock, email, jws, on_both};

const MASTER: &str = "the master key of these tests: 8c1f7a5be2d904";
/// A change must be in force everywhere within this time.
const SECOND: Duration = Duration::from_secs(1);

on_both! {
    with &[("DURWARD_TOKENS__ALGORITHM", "HS256"), ("DURWARD_KEYS__MASTER_KEY", MASTER)];
    /// Nothing of a secret is published, and any JWT library that has it reads the tokens.
    async fn hs256(app) {
        let token = end_to_end(&app, "HS256").await;
        jws::read(&token, SECRET);
        let jwks = app.visitor().get("/.well-known/jwks.json").await.is(200).json();
        assert_eq!(jwks, json!({ "keys": [] }));
    }
}

on_both! {
    with &[("DURWARD_TOKENS__ALGORITHM", "EdDSA"), ("DURWARD_KEYS__MASTER_KEY", MASTER)];
    async fn eddsa(app) {
        published(&app, "EdDSA", "OKP").await;
    }
}

on_both! {
    with &[("DURWARD_TOKENS__ALGORITHM", "ES256"), ("DURWARD_KEYS__MASTER_KEY", MASTER)];
    async fn es256(app) {
        published(&app, "ES256", "EC").await;
    }
}

on_both! {
    with &[("DURWARD_TOKENS__ALGORITHM", "RS256"), ("DURWARD_KEYS__MASTER_KEY", MASTER)];
    async fn rs256(app) {
        published(&app, "RS256", "RSA").await;
    }
}

on_both! {
    with &[("DURWARD_KEYS__MASTER_KEY", MASTER)];

    /// A new key signs on every node within a second, and no token is refused anywhere meanwhile: neither an old one, nor
    /// a new one that another node made.
    async fn a_rotation_is_felt_by_nobody(app) {
        let node = app.beside().await;
        app.register("ann").await;
        let old = app.bearer("ann").await.0;
        let nodes = [app.address, node.address];
        let (origin, clock) = (app.origin.clone(), app.clock.clone());
        let crossing = tokio::spawn(async move {
            let begun = clock.monotonic();
            let mut algorithms = std::collections::BTreeSet::new();
            while clock.monotonic() - begun < Duration::from_secs(5) {
                for (one, other) in [(nodes[0], nodes[1]), (nodes[1], nodes[0])] {
                    let token = login(&Actor::new(one, &origin).without_origin()).await;
                    algorithms.insert(header(&token)["alg"].as_str().unwrap().to_owned());
                    Actor::new(other, &origin).without_origin().with_bearer(&token).get("/api/v1/profile").await.is(200);
                }
            }
            algorithms
        });
        let said = keys(&app, &["rotate", "--algorithm", "EdDSA"]).await.code(0);
        let done = app.clock.monotonic();
        let kid = said.stdout.split_whitespace().next().unwrap().to_owned();
        for node in nodes {
            within_a_second(&app, done, async || kid_of(&login(&app.app_client().at(node)).await) == kid).await;
            old.copy().at(node).get("/api/v1/profile").await.is(200);
            let jwks = app.visitor().at(node).get("/.well-known/jwks.json").await.is(200).json();
            assert_eq!(jwks["keys"][0]["kid"], kid);
        }
        assert_eq!(crossing.await.unwrap().into_iter().collect::<Vec<_>>(), ["EdDSA", "HS256"]);
        assert_eq!(audit_of(&app, "key_rotated").await, 1);
    }

    /// The configuration's secret is the first key, and can be retired as any other: its tokens are refused, the sockets
    /// that they opened close, and the sessions live on.
    async fn a_retired_key_is_refused_everywhere(app) {
        let node = app.beside().await;
        app.register("ann").await;
        let (ann, refresh) = app.bearer("ann").await;
        let browser = app.login("ann").await;
        let old = kid_of(&token_of(&ann));
        let mut socket = app.visitor().with_bearer(&token_of(&ann)).at(node.address).socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;

        let refused = keys(&app, &["retire", &old]).await.code(1);
        assert!(refused.stderr.contains("`durward keys rotate` first"), "{}", refused.stderr);
        ann.get("/api/v1/profile").await.is(200);

        keys(&app, &["rotate"]).await.code(0);
        tokio::time::sleep(SECOND).await;
        let (newer, _) = app.bearer("ann").await;
        let mut stays = app.visitor().with_bearer(&token_of(&newer)).at(node.address).socket("/api/v1/ws/chat").await;
        stays.expect("ready").await;
        assert_ne!(kid_of(&token_of(&newer)), old);

        keys(&app, &["retire", &old]).await.code(0);
        let done = app.clock.monotonic();
        for address in [app.address, node.address] {
            let there = ann.copy().at(address);
            within_a_second(&app, done, async || there.get("/api/v1/profile").await.status == 401).await;
            there.get("/api/v1/profile").await.refused(401, "token_signature");
            newer.copy().at(address).get("/api/v1/profile").await.is(200);
        }
        assert_eq!(socket.closed().await, (1008, "token_signature".to_owned()));
        assert!(stays.is_quiet(Duration::from_millis(300)).await, "the newer key's socket stays");

        // The sessions live on: a refresh gives a token of the newer key.
        browser.get("/api/v1/profile").await.refused(401, "token_signature");
        browser.post_empty("/api/v1/auth/refresh").await.is(200);
        browser.get("/api/v1/profile").await.is(200);
        let answer = app.app_client().post("/api/v1/auth/refresh", json!({ "refresh_token": refresh })).await.is(200);
        assert_eq!(kid_of(answer.json()["access_token"].as_str().unwrap()), kid_of(&token_of(&newer)));

        let again = keys(&app, &["retire", &old]).await.code(1);
        assert!(again.stderr.contains("retired already"), "{}", again.stderr);
        let unknown = keys(&app, &["retire", "-nobody"]).await.code(1);
        assert!(unknown.stderr.contains("there is no key -nobody"), "{}", unknown.stderr);
        assert_eq!(audit_of(&app, "key_retired").await, 1);

        let listed = keys(&app, &["list"]).await.code(0).stdout;
        let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let short: Vec<_> = listed.iter().map(|key| (&key["state"], &key["origin"], key["kid"] == old.as_str())).collect();
        let row = |state, origin, is_old| (json!(state), json!(origin), is_old);
        let expected = [row("retired", "configuration", true), row("signing", "database", false)];
        assert_eq!(short, expected.iter().map(|(state, origin, is_old)| (state, origin, *is_old)).collect::<Vec<_>>());
    }

    /// A key that a node cannot read is refused there and told by its checks; the node goes on with the keys that it has.
    async fn a_key_of_another_master_is_told(app) {
        let admin = app.admin("root").await;
        keys(&app, &["rotate"]).await.code(0);
        let byte = if matches!(app.database.options.target, durward_store::Target::Sqlite { .. }) {
            "UPDATE signing_keys SET sealed = CAST(substr(sealed, 1, 20) || zeroblob(4) || substr(sealed, 25) AS BLOB)"
        } else {
            "UPDATE signing_keys SET sealed = overlay(sealed placing '\\x00000000'::bytea from 21)"
        };
        app.database.sql(byte).await;
        let report = admin.get("/api/v1/diagnostics").await.is(200).json();
        let check = report["checks"].as_array().unwrap().iter().find(|check| check["id"] == "keys").unwrap().clone();
        assert_eq!(check["status"], "degraded", "{check}");
        assert!(check["cure"].as_str().unwrap().contains("keys.master_key"), "{check}");
        assert!(app.visitor().get("/health/ready").await.is(200).json()["checks"]["keys"]["status"] == "degraded");
        let refused = keys(&app, &["rotate"]).await.code(1);
        assert!(refused.stderr.contains("cannot be opened"), "{}", refused.stderr);
    }
}

/// A start with a master key that does not open what is there, or with none, is refused and says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_start_without_the_master_key() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = fresh(backend).await;
        let url = database_url(&database);
        let directory = tempfile::tempdir().unwrap();
        let env = |master: Option<&'static str>, algorithm: &'static str| {
            let mut env = vec![
                ("ENVIRONMENT", "production"),
                ("DURWARD_SERVER__PUBLIC_URL", "https://auth.example.com"),
                ("DATABASE_URL", url.as_str()),
                ("JWT_SECRET_KEY", "Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue"),
                ("DURWARD_TOKENS__ALGORITHM", algorithm),
            ];
            env.extend(master.map(|master| ("DURWARD_KEYS__MASTER_KEY", master)));
            env
        };
        let start = async |env: Vec<(&str, &str)>| {
            let output = run(directory.path(), &["serve"], &env, "").await.code(2);
            assert!(output.stderr.contains("durward does not start"), "{}", output.stderr);
            let of_keys = output.stderr.split("FAILING").find(|part| part.trim_start().starts_with("keys")).unwrap();
            assert!(of_keys.contains("keys.master_key"), "{of_keys}");
            of_keys.to_owned()
        };
        assert!(start(env(None, "EdDSA")).await.contains("a new EdDSA key needs it"));
        let process = Process::start_in(directory.path(), &["serve"], &env(Some(MASTER), "EdDSA")).await;
        drop(process);
        let other = "another master key than the tests': 5d0e92b7";
        assert!(start(env(Some(other), "EdDSA")).await.contains("cannot be opened"));
        assert!(start(env(None, "HS256")).await.contains("in the database needs it"));
        let doctor = run(directory.path(), &["doctor"], &env(Some(other), "EdDSA"), "").await.code(1);
        assert!(doctor.stdout.contains("cannot be opened"), "{}", doctor.stdout);
    }
}

/// Neither the master key nor a private part stands in the log or in the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_written_down() {
    let directory = tempfile::tempdir().unwrap();
    let env = [
        ("ENVIRONMENT", "development"),
        ("DURWARD_TOKENS__ALGORITHM", "EdDSA"),
        ("DURWARD_LOG__LEVEL", "info,durward=trace,durward_core=trace,durward_store=trace,durward_verify=trace"),
    ];
    let mut process = Process::start_in(directory.path(), &["serve"], &env).await;
    let mut said = String::new();
    for args in [&["keys", "rotate"][..], &["keys", "list"]] {
        let output = run(directory.path(), args, &env, "").await.code(0);
        said += &(output.stdout + &output.stderr);
    }
    process.line("another key signs").await;
    process.signal(rustix::process::Signal::TERM);
    let output = process.ended().await.code(0);
    said += &(output.stdout + &output.stderr);

    let data = directory.path().join("data");
    let master = std::fs::read_to_string(data.join("keys.master_key")).unwrap();
    let database: Vec<u8> = ["durward.db", "durward.db-wal"]
        .iter()
        .flat_map(|name| std::fs::read(data.join(name)).unwrap_or_default())
        .collect();
    assert!(!said.contains(master.trim()) && !holds(&database, master.trim().as_bytes()));
    // The algorithm identifier of an Ed25519 key in PKCS#8 (RFC 8410 section 7), and what comes before the key itself.
    let pkcs8 = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    assert!(holds(&database, b"Ed25519"), "the public part is there, so this looks at the right file");
    assert!(!holds(&database, &pkcs8));
    assert!(!said.contains(&URL_SAFE_NO_PAD.encode(pkcs8)[..12]));
}

/// Logs in, is let in, and gives the token, whose header says what it should.
async fn end_to_end(app: &App, algorithm: &str) -> String {
    app.register("ann").await;
    let (ann, _) = app.bearer("ann").await;
    ann.get("/api/v1/profile").await.is(200);
    let token = token_of(&ann);
    let header = header(&token);
    assert_eq!((&header["alg"], &header["typ"]), (&json!(algorithm), &json!("at+jwt")));
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    let tampered = format!("{rest}.{flipped}{}", &signature[1..]);
    app.app_client().with_bearer(&tampered).get("/api/v1/profile").await.refused(401, "token_signature");
    token
}

/// The same for an algorithm with public keys: who has only the published set can check the token.
async fn published(app: &App, algorithm: &str, kty: &str) {
    let token = end_to_end(app, algorithm).await;
    let answer = app.visitor().get("/.well-known/jwks.json").await.is(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
    let jwks = answer.json();
    let [key] = jwks["keys"].as_array().unwrap().as_slice() else { panic!("one key: {jwks}") };
    assert_eq!(
        (&key["alg"], &key["kty"], &key["use"], &key["kid"]),
        (&json!(algorithm), &json!(kty), &json!("sig"), &header(&token)["kid"])
    );
    for private in ["d", "p", "q", "k"] {
        assert!(key.get(private).is_none(), "{private}");
    }
    let service = service(&jwks);
    let verified = service.token(&token).await.unwrap();
    assert_eq!(verified.email(), "someone@example.com", "what its own memory says");
    let (rest, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{rest}.{}", URL_SAFE_NO_PAD.encode([7; 64]));
    assert_eq!(service.token(&forged).await.unwrap_err(), Refusal::Signature);

    // The configuration's secret goes on checking: a change of the algorithm logs nobody out.
    let (ann, _) = app.bearer("ann").await;
    let claims = token_of(&ann).split('.').nth(1).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let secret = durward_proto::Secret::new(SECRET);
    let kid = KeyRing::hs256(&secret).unwrap().signing_kid().to_owned();
    let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{kid}"}}"#);
    let earlier = jws::sign(&header, std::str::from_utf8(&claims).unwrap(), SECRET);
    app.app_client().with_bearer(&earlier).get("/api/v1/profile").await.is(200);
}

/// Another service, which has the published key set and knows one user.
fn service(jwks: &Value) -> Verifier<OneUser> {
    let rules = Rules {
        issuer: "http://localhost:8000".to_owned(),
        audience: "durward".to_owned(),
        access_cookie: "access_token".to_owned(),
    };
    Verifier::new(KeyRing::from_jwks(jwks).unwrap(), rules, Arc::new(OneUser), TestClock::new())
}

/// Takes every session for alive, of the first user there is.
struct OneUser;

impl Liveness for OneUser {
    fn recall(&self, _: SessionId, _: Timestamp) -> Option<Arc<LiveSession>> {
        let user = serde_json::from_value(json!({
            "id": 1, "email": "someone@example.com", "full_name": null, "role": "user", "status": "active",
            "email_verified": true, "tfa_enabled": false,
            "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z",
        }));
        Some(Arc::new(LiveSession {
            user: Arc::new(user.unwrap()),
            scopes: Arc::new([]),
            expires_at: Timestamp::from_seconds(4_000_000_000),
            settled: AtomicU32::new(1),
            last_use: LastUse::default(),
        }))
    }
    async fn load(&self, _: SessionId) -> Result<Option<Arc<LiveSession>>, Unavailable> {
        Ok(None)
    }
    async fn settle(&self, _: SessionId, _: u32) -> Result<(), Unavailable> {
        Ok(())
    }
    async fn redeem(&self, _: &str, _: Option<&str>) -> Result<Option<Redeemed>, Unavailable> {
        Ok(None)
    }
    fn watch(&self, _: SessionId) -> watch::Receiver<Option<Code>> {
        watch::Sender::new(None).subscribe()
    }
}

/// Runs `durward keys …`, a process of its own, on the app's database.
async fn keys(app: &App, args: &[&str]) -> Output {
    let url = database_url(&app.database);
    let env = [
        ("ENVIRONMENT", "test"),
        ("DATABASE_URL", url.as_str()),
        ("JWT_SECRET_KEY", SECRET),
        ("DURWARD_KEYS__MASTER_KEY", MASTER),
    ];
    run(app.data_dir.parent().unwrap(), &[&["keys"], args].concat(), &env, "").await
}

/// It becomes so within a second of `since`.
async fn within_a_second(app: &App, since: Duration, is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        assert!(app.clock.monotonic() - since < SECOND, "not within a second");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn login(visitor: &Actor) -> String {
    let body = json!({ "email": email("ann"), "password": PASSWORD, "transport": "bearer" });
    let answer = visitor.post("/api/v1/auth/login", body).await.is(200).json();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// How many rows of this event the audit trail has.
async fn audit_of(app: &App, event: &str) -> i64 {
    app.database.count(&format!("SELECT COUNT(*) FROM security_audit WHERE event = '{event}'")).await
}

fn token_of(actor: &Actor) -> String {
    actor.header("authorization").unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

fn header(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

fn kid_of(token: &str) -> String {
    header(token)["kid"].as_str().unwrap().to_owned()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// With nothing configured: a server that runs already uses the key that the command line makes.
#[tokio::test]
async fn a_server_in_development_takes_a_key_from_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let server = Process::start_in(directory.path(), &["dev"], &[]).await;
    let env = [("ENVIRONMENT", "development")];
    run(directory.path(), &["keys", "rotate", "--algorithm", "EdDSA"], &env, "").await.code(0);
    let control = Control::of(server.address());
    let start = std::time::Instant::now();
    loop {
        let keys = server.visitor().get("/.well-known/jwks.json").await.is(200).json();
        if keys["keys"][0]["kty"] == "OKP" {
            return;
        }
        assert!(start.elapsed() < control.allows(Duration::from_secs(3)), "{keys}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
