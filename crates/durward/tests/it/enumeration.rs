//! Nobody learns who has an account: not from what is answered, not from how long it takes, since the same statements
//! run for a known address and an unknown one.
//!
//! `DURWARD_TEST_SAMPLES=1000` takes so many samples of each for the figures that are printed.

#![allow(clippy::disallowed_methods, reason = "the real time that passes on the wire is what is measured")]
#![allow(clippy::print_stdout, reason = "the figures are what one wants to see")]

use std::cell::RefCell;
use std::sync::Once;
use std::time::{Duration, Instant};

use bytes::Bytes;
use durward_proto::SPANS;
use durward_store::testing::Backend;
use http::Method;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use crate::api::passkeys;
use crate::kit::{Answer, App, KEPT, Line, PASSWORD, email};

/// How many samples are taken of each, without a word in the environment.
const SAMPLES: usize = 30;
/// So many accounts, each with a passkey, take turns.
const ACCOUNTS: usize = 8;

/// Guessing and asking go on as long as the measurement does.
const SETTINGS: [(&str, &str); 6] = [
    KEPT,
    ("DURWARD_REGISTRATION__VERIFY_EMAIL", "true"),
    ("DURWARD_LIMITS__ACCOUNT_FAILURES", "1000000"),
    ("DURWARD_LIMITS__ADDRESS_FAILURES", "1000000"),
    ("DURWARD_LIMITS__MAILS_PER_ADDRESS", "1000000"),
    ("DURWARD_LIMITS__MAILS_PER_CLIENT", "1000000"),
];

/// A path on which an address is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Login,
    Forgot,
    Resend,
    Register,
    PasskeyBegin,
    /// The same for accounts that have no passkey.
    PasskeyBeginWithout,
}

use Way::*;

const WAYS: [Way; 6] = [Login, Forgot, Resend, Register, PasskeyBegin, PasskeyBeginWithout];

impl Way {
    fn path(self) -> &'static str {
        match self {
            Login => "/api/v1/auth/login",
            Forgot => "/api/v1/password/forgot",
            Resend => "/api/v1/email/verify/resend",
            Register => "/api/v1/auth/register",
            PasskeyBegin | PasskeyBeginWithout => "/api/v1/auth/passkey/login/begin",
        }
    }

    fn body(self, address: &str) -> Value {
        match self {
            Login => json!({ "email": address, "password": "not the password of anybody" }),
            Forgot | Resend | PasskeyBegin | PasskeyBeginWithout => json!({ "email": address }),
            Register => json!({ "email": address, "password": PASSWORD }),
        }
    }

    /// An address that has an account.
    fn known(self, number: usize) -> String {
        let name = if self == PasskeyBeginWithout { "plain" } else { "known" };
        email(&format!("{name}{}", number % ACCOUNTS))
    }

    /// One of the same length that has none. Registering makes it known, so that each is used once there.
    fn unknown(self, number: usize) -> String {
        if self == Register { email(&format!("n{number:05}")) } else { email(&format!("nobod{}", number % ACCOUNTS)) }
    }
}

/// Accounts with and without passkeys, made as long as nobody has to confirm an address by hand.
async fn cast(app: &App) {
    for number in 0..ACCOUNTS {
        for name in ["known", "plain"] {
            let email = email(&format!("{name}{number}"));
            let body = json!({ "email": email, "password": PASSWORD });
            app.visitor().post("/api/v1/auth/register", body).await.is(202);
            app.mails.expect(&email, "verify_email").await;
        }
    }
    app.database.sql("UPDATE users SET status = 'active', email_verified = TRUE").await;
    for number in 0..ACCOUNTS {
        passkeys::give(app, &format!("known{number}")).await;
    }
    app.posted().await;
}

async fn send(line: &mut Line, way: Way, address: &str) -> Answer {
    let body = Bytes::from(way.body(address).to_string());
    line.send(Method::POST, way.path(), &[("content-type", "application/json")], body).await
}

/// What does not differ from one answer to the next.
fn shape(way: Way, answer: &Answer) -> (u16, Vec<String>, Vec<String>, usize) {
    let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    let mut members = Vec::new();
    outline(&answer.json(), "", &mut members);
    // Authenticators make ids of many lengths; those that are made up are of one.
    let length = if matches!(way, PasskeyBegin | PasskeyBeginWithout) { 0 } else { answer.body.len() };
    (answer.status.as_u16(), headers, members, length)
}

fn outline(value: &Value, at: &str, members: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| outline(value, &format!("{at}/{name}"), members))
        }
        Value::Array(items) => items.iter().for_each(|item| outline(item, &format!("{at}/-"), members)),
        other => members.push(format!("{at}: {}", if other.is_string() { "text" } else { "other" })),
    }
}

/// Hears the names of the statements that run for requests, on threads that listen.
///
/// It is the whole process's: a subscriber of one thread alone is not asked when another thread is the first to come by a
/// statement, and what is not enabled then stays so.
struct Statements;

/// What a thread that listens has heard.
#[derive(Default)]
struct Heard {
    /// How many requests' spans are entered: what jobs and followers ask meanwhile is theirs.
    requests: usize,
    names: Vec<String>,
}

thread_local! {
    static HEARD: RefCell<Option<Heard>> = const { RefCell::new(None) };
}

impl Statements {
    fn listen() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| tracing::subscriber::set_global_default(Self).unwrap());
        HEARD.set(Some(Heard::default()));
    }

    /// Those since the last time.
    fn take() -> Vec<String> {
        HEARD.with_borrow_mut(|heard| std::mem::take(&mut heard.as_mut().unwrap().names))
    }

    fn is_statement(metadata: &Metadata<'_>) -> bool {
        metadata.target() == "durward_store::statement"
    }

    fn is_request(metadata: &Metadata<'_>) -> bool {
        metadata.target() == SPANS && metadata.name() == "request"
    }

    fn heard(change: impl FnOnce(&mut Heard)) {
        HEARD.with_borrow_mut(|heard| heard.as_mut().map(change));
    }
}

impl Visit for Statements {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "name" {
            Self::heard(|heard| heard.names.extend((heard.requests > 0).then(|| value.to_owned())));
        }
    }
}

impl Subscriber for Statements {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::is_statement(metadata) || Self::is_request(metadata) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        HEARD.with_borrow(Option::is_some) && (Self::is_statement(metadata) || Self::is_request(metadata))
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Self);
    }
    fn enter(&self, _: &Id) {
        Self::heard(|heard| heard.requests += 1);
    }
    fn exit(&self, _: &Id) {
        Self::heard(|heard| heard.requests -= 1);
    }
}

/// The same statements in the same order, and the same answer but for what is random in it.
async fn alike(backend: Backend) {
    Statements::listen();
    let app = App::with(backend, &SETTINGS).await;
    cast(&app).await;
    for way in WAYS {
        let mut seen = Vec::new();
        for address in [way.known(0), way.unknown(0), way.known(1), way.unknown(1)] {
            let mut line = Line::open(app.address).await;
            app.posted().await;
            Statements::take();
            let answer = send(&mut line, way, &address).await;
            seen.push((address, Statements::take(), shape(way, &answer)));
        }
        let (_, ran, answered) = &seen[0];
        assert!(!ran.is_empty(), "{way:?} runs statements");
        for (address, other_ran, other_answered) in &seen[1..] {
            assert_eq!((other_ran, other_answered), (ran, answered), "{way:?} {address}");
        }
        println!("{backend:?} {way:?}: {}", ran.join(", "));
    }
}

#[tokio::test]
async fn the_same_statements_and_answers_on_sqlite() {
    alike(Backend::Sqlite).await;
}

#[tokio::test]
async fn the_same_statements_and_answers_on_postgres() {
    alike(Backend::Postgres).await;
}

/// Known and unknown in random order, over one kept connection.
async fn sample(app: &App, way: Way, samples: usize) -> [Vec<Duration>; 2] {
    let mut line = Line::open(app.address).await;
    let mut times: [Vec<Duration>; 2] = Default::default();
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    for number in 0..samples + 4 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let order = if random.is_multiple_of(2) { [true, false] } else { [false, true] };
        for known in order {
            let address = if known { way.known(number) } else { way.unknown(number) };
            let body = Bytes::from(way.body(&address).to_string());
            let begun = Instant::now();
            line.send(Method::POST, way.path(), &[("content-type", "application/json")], body).await;
            // The first ones fill caches.
            if number >= 4 {
                times[usize::from(known)].push(begun.elapsed());
            }
        }
    }
    app.posted().await;
    times
}

/// How well a time tells the two apart (the area under the ROC curve, by Mann and Whitney): 0.5 is not at all.
fn area(unknown: &[Duration], known: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = unknown.iter().map(|time| (*time, false)).collect();
    all.extend(known.iter().map(|time| (*time, true)));
    all.sort();
    let ranks: usize = all.iter().enumerate().filter(|(_, (_, known))| *known).map(|(place, _)| place + 1).sum();
    let (m, n) = (unknown.len() as f64, known.len() as f64);
    (ranks as f64 - n * (n + 1.0) / 2.0) / (m * n)
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

#[allow(clippy::disallowed_methods, reason = "tests are set up by the environment")]
fn samples() -> usize {
    std::env::var("DURWARD_TEST_SAMPLES").ok().and_then(|text| text.parse().ok()).unwrap_or(SAMPLES)
}

/// Prints how well the time of an answer tells known addresses from unknown ones. A machine with other things to do says
/// little; what holds everywhere is that nobody is told by the statements, above.
async fn timed(backend: Backend) {
    let samples = samples();
    let app = App::with(backend, &SETTINGS).await;
    cast(&app).await;
    for way in WAYS {
        let [unknown, known] = sample(&app, way, samples).await;
        let (area, ours, theirs) = (area(&unknown, &known), median(&known), median(&unknown));
        assert_eq!((unknown.len(), known.len()), (samples, samples));
        println!(
            "{backend:?} {way:?}: AUC {area:.3} over {samples} samples each; median {ours:?} known, {theirs:?} unknown"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_on_sqlite() {
    timed(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_on_postgres() {
    timed(Backend::Postgres).await;
}

#[test]
fn an_area_is_what_it_should_be() {
    let times = |from: u64, to: u64| (from..to).map(Duration::from_millis).collect::<Vec<_>>();
    assert!((area(&times(0, 100), &times(100, 200)) - 1.0).abs() < 1e-9);
    assert!(area(&times(100, 200), &times(0, 100)).abs() < 1e-9);
    let (odd, even): (Vec<_>, Vec<_>) = times(0, 1_000).into_iter().partition(|time| time.as_millis() % 2 == 1);
    assert!((area(&odd, &even) - 0.5).abs() < 0.01);
}
