//! No request makes the program panic, answer 500 or stop: malformed bodies, headers, cookies, tokens, paths and queries
//! are thrown at every row, as a visitor, a user and an admin, after a few that are well meant. `DURWARD_TEST_CASES` says
//! how many at each row.

use std::cell::RefCell;
use std::collections::BTreeMap;

use durward_http::routes::{Access, Row, table};
use durward_proto::Code;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::cases::{Case, Credential, FRAMING, Framing, Header, Path, Who, case, is_tchar};
use crate::kit::{Actor, Answer, App, PASSWORD, email, on_both, panics, raw};

/// How many requests each row gets in an ordinary run.
const CASES: u32 = 60;

/// How often a random request may happen to be right, and change the password or the role of who sent it.
const CHANCES: usize = 2;

/// The users that requests are sent as, logged in again whenever a request ended their session.
struct Cast<'a> {
    app: &'a App,
    user: Part,
    admin: Part,
    /// How many took the place of one who could not go on.
    replaced: usize,
    /// How often each status was answered.
    answers: BTreeMap<u16, usize>,
}

/// Somebody with an account.
struct Part {
    name: String,
    actor: Actor,
    /// What the actor can read, logged in.
    page: &'static str,
}

impl Part {
    async fn user(app: &App, name: String) -> Self {
        Self { actor: app.user(&name).await, name, page: "/api/v1/profile" }
    }

    async fn admin(app: &App, name: String) -> Self {
        Self { actor: app.admin(&name).await, name, page: "/api/v1/admin/users" }
    }

    /// Whether the actor is logged in, perhaps anew.
    async fn goes_on(&mut self, app: &App) -> bool {
        if self.actor.get(self.page).await.status == 200 {
            return true;
        }
        self.actor = app.visitor();
        let body = json!({ "email": email(&self.name), "password": PASSWORD });
        self.actor.post("/api/v1/auth/login", body).await;
        self.actor.get(self.page).await.status == 200
    }
}

impl<'a> Cast<'a> {
    async fn of(app: &'a App) -> Self {
        let (user, admin) = (Part::user(app, "ann".to_owned()).await, Part::admin(app, "root".to_owned()).await);
        Self { app, user, admin, replaced: 0, answers: BTreeMap::new() }
    }

    /// Sends what is well meant, which makes certain that all kinds of answers are reached.
    async fn begin(&mut self, row: &Row) -> Result<(), String> {
        for who in [Who::Visitor, Who::User, Who::Admin] {
            for credential in [Credential::Bearer, Credential::Browser] {
                let case = Case::plain(who, credential, row.access == Access::Socket);
                self.play(row, &case).await.map_err(|wrong| format!("{wrong}\n{case:?}"))?;
            }
        }
        Ok(())
    }

    /// Sends a request, and says what is wrong with its answer.
    async fn play(&mut self, row: &Row, case: &Case) -> Result<(), String> {
        self.revive().await;
        let request = self.render(row, case);
        let answer = raw::exchange(self.app.address, &request, case.framing.is_odd()).await;
        *self.answers.entry(answer.as_ref().map_or(0, |answer| answer.status.as_u16())).or_default() += 1;
        judge(&request, case, answer.as_ref())
    }

    async fn revive(&mut self) {
        if !self.user.goes_on(self.app).await {
            self.replaced += 1;
            self.user = Part::user(self.app, format!("ann{}", self.replaced)).await;
        }
        if !self.admin.goes_on(self.app).await {
            self.replaced += 1;
            self.admin = Part::admin(self.app, format!("root{}", self.replaced)).await;
        }
        assert!(self.replaced <= CHANCES, "requests that mean nothing lock their senders out");
    }

    fn actor(&self, who: Who) -> Option<&Actor> {
        match who {
            Who::Visitor => None,
            Who::User => Some(&self.user.actor),
            Who::Admin => Some(&self.admin.actor),
        }
    }

    /// The headers that say who it is.
    fn credential(&self, case: &Case) -> Vec<Header> {
        let owned = |name: &str, value: String| (name.as_bytes().to_vec(), value.into_bytes());
        let cookie = |name: &str| self.actor(case.who).and_then(|actor| actor.cookie(name)).unwrap_or_default();
        let token = cookie("access_token");
        match &case.credential {
            Credential::Odd(headers) => headers.clone(),
            Credential::Twisted(headers) => {
                headers.iter().map(|(name, value)| owned(name, value.replace('@', &token))).collect()
            }
            _ if case.who == Who::Visitor => Vec::new(),
            Credential::Bearer => vec![owned("authorization", format!("Bearer {token}"))],
            Credential::Browser => {
                let csrf = cookie("csrf_token");
                let cookies =
                    format!("access_token={token}; csrf_token={csrf}; refresh_token={}", cookie("refresh_token"));
                vec![owned("cookie", cookies), owned("x-csrf-token", csrf), owned("origin", self.app.origin.clone())]
            }
        }
    }

    /// The request's bytes.
    fn render(&self, row: &Row, case: &Case) -> Vec<u8> {
        let mut path = path(row, &case.path);
        if !case.query.is_empty() {
            path.push(b'?');
            path.extend_from_slice(&case.query);
        }
        let method = case.method.unwrap_or(row.method.as_str());
        let mut bytes =
            [method.as_bytes(), b" ", &path, b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"].concat();
        let mut header = |name: &[u8], value: &[u8]| bytes.extend_from_slice(&[name, b": ", value, b"\r\n"].concat());
        for (name, value) in self.credential(case).iter().chain(&case.headers) {
            header(name, value);
        }
        if let Some(kind) = &case.content_type {
            header(b"content-type", kind);
        }
        let (framing, body) = frame(case.framing, &case.body);
        for (name, value) in framing {
            header(name.as_bytes(), value.as_bytes());
        }
        [bytes.as_slice(), b"\r\n", &body].concat()
    }
}

fn path(row: &Row, change: &Path) -> Vec<u8> {
    let own = super::path(row).into_bytes();
    match change {
        Path::Own(id) => match row.path.split_once("{id}") {
            Some((before, after)) => [before.as_bytes(), id, after.as_bytes()].concat(),
            None => own,
        },
        Path::Longer(tail) => [&own, tail.as_slice()].concat(),
        Path::Encoded(at) => {
            let at = at % own.len();
            [&own[..at], format!("%{:02x}", own[at]).as_bytes(), &own[at + 1..]].concat()
        }
        Path::Other(path) => path.clone(),
    }
}

/// The headers that say where the body ends, and the body as it is sent.
fn frame(framing: Framing, body: &[u8]) -> (Vec<(&'static str, String)>, Vec<u8>) {
    let length = |length: String| ("content-length", length);
    let exact = body.len().to_string();
    let chunked = ("transfer-encoding", "chunked".to_owned());
    let chunks = || {
        let mut all: Vec<u8> = Vec::new();
        for chunk in body.chunks(1_000) {
            all.extend_from_slice(&[format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        }
        all
    };
    let plain = body.to_vec();
    match framing {
        Framing::Length => (vec![length(exact)], plain),
        Framing::Chunks => (vec![chunked], [chunks().as_slice(), b"0\r\n\r\n"].concat()),
        Framing::TooLong => (vec![length((body.len() + 10).to_string())], plain),
        Framing::TooShort => (vec![length((body.len() / 2).to_string())], plain),
        Framing::Twice => (vec![length(exact.clone()), length(exact)], plain),
        Framing::Differing => (vec![length(exact), length("1".to_owned())], plain),
        Framing::Negative => (vec![length("-1".to_owned())], plain),
        Framing::NoNumber => (vec![length("0x10, 3".to_owned())], plain),
        Framing::Enormous => (vec![length("99999999999999999999999".to_owned())], plain),
        Framing::BothWays => (vec![length(exact), chunked], [chunks().as_slice(), b"0\r\n\r\n"].concat()),
        Framing::BadChunks => (vec![chunked], [b"zz\r\n".as_slice(), body].concat()),
        Framing::OpenChunks => (vec![chunked], chunks()),
        Framing::OtherEncoding => (vec![("transfer-encoding", "gzip, chunked, identity".to_owned())], plain),
        Framing::Expect => (vec![length(exact), ("expect", "100-continue".to_owned())], plain),
        Framing::ExpectOther => (vec![length(exact), ("expect", "a miracle".to_owned())], plain),
    }
}

/// Whether HTTP itself may refuse it (RFC 9112), before there is a request that a row could answer.
fn is_no_request(request: &[u8], case: &Case) -> bool {
    let end = request.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(request.len());
    let head = &request[..end];
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let target = lines.next().unwrap_or_default();
    let lines: Vec<&[u8]> = lines.collect();
    let odd_line = |line: &&[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.len() == line.len()
            || name.is_empty()
            || !name.iter().all(is_tchar)
            || line.iter().any(|byte| *byte < 0x20 && *byte != b'\t' || *byte == 0x7f)
    };
    let frames =
        case.headers.iter().any(|(name, _)| FRAMING.iter().any(|own| name.eq_ignore_ascii_case(own.as_bytes())));
    let url = target.iter().any(|byte| !byte.is_ascii_graphic() && *byte != b' ')
        || b"\"<>\\^`{|}#".iter().any(|odd| target.contains(odd));
    let spaces = target.iter().filter(|byte| **byte == b' ').count() != 2;
    let form = !target.split(|byte| *byte == b' ').nth(1).unwrap_or_default().starts_with(b"/");
    case.framing.is_odd()
        || frames
        || url
        || spaces
        || form
        || head.len() > 16_000
        || lines.len() > 90
        || lines.iter().any(odd_line)
        || case.method == Some("CONNECT")
}

/// What every answer has to be.
fn judge(request: &[u8], case: &Case, answer: Option<&Answer>) -> Result<(), String> {
    let no_request = is_no_request(request, case);
    let Some(answer) = answer else {
        return if no_request { Ok(()) } else { Err("no answer".to_owned()) };
    };
    let status = answer.status.as_u16();
    if status >= 500 {
        return Err(format!("{status}: {}", answer.text()));
    }
    let by_http_itself = answer.header("x-request-id").is_none();
    if by_http_itself && no_request && [400, 414, 431].contains(&status) && answer.body.is_empty() {
        return Ok(());
    }
    if by_http_itself {
        return Err(format!("{status} without X-Request-Id"));
    }
    if status < 400 || case.method == Some("HEAD") {
        return Ok(());
    }
    // Pages refuse with pages, and say no more than problems do.
    if answer.header("content-type") == Some("text/html; charset=utf-8") {
        let is_ours = [401, 403, 404, 409, 422, 429].contains(&status) && answer.text().starts_with("<!doctype html>");
        return if is_ours { Ok(()) } else { Err(format!("{status} is no page of ours: {}", answer.text())) };
    }
    let body: serde_json::Value = serde_json::from_slice(&answer.body).map_err(|error| format!("{status}: {error}"))?;
    let known = Code::ALL.iter().any(|code| body["code"] == code.as_str() && code.status() == status);
    let is_problem = answer.header("content-type") == Some("application/problem+json");
    if !known || !is_problem || body["status"] != status || body["request_id"].as_str().is_none_or(str::is_empty) {
        return Err(format!("{status} is no problem of ours: {body}"));
    }
    let text = answer.text();
    match ["SELECT ", "INSERT ", "UPDATE ", "sqlx", "SQLITE", "panicked", ".rs:", "crates/"]
        .iter()
        .find(|word| text.contains(**word))
    {
        Some(word) => Err(format!("{status} says {word:?}: {text}")),
        None => Ok(()),
    }
}

fn cases() -> u32 {
    #[allow(clippy::disallowed_methods, reason = "a test is told how long it may run")]
    let given = std::env::var("DURWARD_TEST_CASES").ok();
    given.map_or(CASES, |text| text.parse().unwrap())
}

on_both! {
    with &[
        ("DURWARD_LIMITS__ACCOUNT_FAILURES", "1000000"),
        ("DURWARD_LIMITS__ADDRESS_FAILURES", "1000000"),
        // A database that this machine keeps waiting is no fault of a request.
        ("DURWARD_BREAKER__CALL_TIMEOUT", "25s"),
    ];

    /// Every answer is a good one or a problem with a known code, and afterwards all works as before.
    async fn nothing_breaks_it(app) {
        panics::watch();
        // What an administrator may do to an account by its number is no fault: whoever has the first numbers, which are
        // among those that are tried, is not looked at.
        for bystander in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"] {
            app.register(bystander).await;
        }
        let canary = app.user("canary").await;
        let mut cast = Cast::of(&app).await;
        for row in table() {
            cast.begin(row).await.unwrap_or_else(|wrong| panic!("{row:?}\n{wrong}"));
            storm(row, &mut cast).unwrap_or_else(|report| panic!("{row:?}\n{report}"));
            canary.get("/api/v1/profile").await.is(200);
        }
        assert_eq!(panics::seen(), Vec::<String>::new());
        let answers = cast.answers;
        for status in [101, 200, 204, 400, 401, 403, 404, 405, 413, 415, 422] {
            assert!(answers.contains_key(&status), "the storm reaches only {answers:?}");
        }
        app.login("canary").await.get("/api/v1/profile").await.is(200);
        canary.socket("/api/v1/ws/chat").await.expect("ready").await;
        app.visitor().get("/health/ready").await.is(200);
    }
}

/// Runs all cases of one row, one after the other, so that a failing one can be made smaller.
fn storm(row: &'static Row, cast: &mut Cast<'_>) -> Result<(), String> {
    let config = Config { cases: cases(), failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let cast = RefCell::new(cast);
    block_in_place(|| {
        let outcome = TestRunner::new(config).run(&case(row.access == Access::Socket), |case| {
            let cast = &mut *cast.borrow_mut();
            Handle::current().block_on(cast.play(row, &case)).map_err(TestCaseError::fail)
        });
        outcome.map_err(|error| format!("{error:.4000}"))
    })
}
