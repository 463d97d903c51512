//! The Golden Path: a throw-away user registers, logs in, reads their profile, refreshes, chats and logs out, over the
//! wire, against the program as it runs; afterwards the token must be dead and nothing of it be left.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use durward_core::Core;
use durward_core::budgets::account_key;
use durward_core::factors::password::prepare;
use durward_core::factors::totp::TotpSecret;
use durward_proto::{AccountStatus, Clock, Email, Random, Role, Secret, Timestamp, random};
use durward_store::{Audit, NewUser, SystemStore};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::browser::{Answer, Browser};

/// How long the WebSocket may take for each message.
const PATIENCE: Duration = Duration::from_secs(10);

/// A step that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
    /// What went wrong.
    pub(crate) fault: Option<String>,
}

/// What the walk needs to know about the program.
#[derive(Clone)]
pub(crate) struct Walk {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The public URL's origin.
    pub(crate) origin: String,
    /// Whether people may register by themselves, without an approval or a mail.
    pub(crate) open: bool,
    /// Whether the program itself answers in the chat. Another server is not waited for: it may be
    /// away, and it has a check of its own.
    pub(crate) echoes: bool,
    pub(crate) core: Arc<Core>,
    pub(crate) system: SystemStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// The throw-away user.
struct Walker {
    email: String,
    password: Secret,
}

impl Walk {
    /// Takes every step until one fails; then, in any case, removes all traces. `watch` hears of each step.
    pub(crate) async fn walk(&self, mut watch: impl FnMut(&Step)) -> Vec<Step> {
        let walker = self.walker();
        let mut browser = Browser::new(self.address, &self.origin);
        let mut csrf = String::new();
        let mut dead = String::new();
        let mut steps: Vec<Step> = Vec::new();
        for name in
            ["csrf_token", "register", "login", "profile", "refresh", "websocket_echo", "logout", "token_is_dead"]
        {
            let start = self.clock.monotonic();
            let outcome = match name {
                "csrf_token" => csrf_token(&mut browser, &mut csrf).await,
                "register" => self.register(&mut browser, &walker).await,
                "login" => login(&mut browser, &walker, &mut csrf, &*self.clock).await,
                "profile" => profile(&mut browser, &walker).await,
                "refresh" => refresh(&mut browser, &mut csrf).await,
                "websocket_echo" => self.echo(&browser).await,
                "logout" => logout(&mut browser, &mut dead).await,
                _ => self.token_is_dead(&dead).await,
            };
            let step = Step { name, took: self.clock.monotonic().saturating_sub(start), fault: outcome.err() };
            watch(&step);
            let failed = step.fault.is_some();
            steps.push(step);
            if failed {
                break;
            }
        }
        let start = self.clock.monotonic();
        let fault = self.erase(&walker).await.err();
        let step = Step { name: "traces_removed", took: self.clock.monotonic().saturating_sub(start), fault };
        watch(&step);
        steps.push(step);
        steps
    }

    fn walker(&self) -> Walker {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let name: [u8; 8] = random::bytes(&*self.random);
        let word: [u8; 24] = random::bytes(&*self.random);
        // RFC 2606: nobody can ever own an address under `.invalid`.
        Walker { email: format!("golden-path-{}@durward.invalid", hex(&name)), password: Secret::new(hex(&word)) }
    }

    /// Over the wire where people may register; else as an operator would, since a closed door is not a broken one.
    async fn register(&self, browser: &mut Browser, walker: &Walker) -> Result<(), String> {
        if self.open {
            let body = json!({ "email": walker.email, "password": walker.password, "full_name": "Golden Path" });
            let answer = browser.post_json("/api/v1/auth/register", None, &body).await?;
            return expect(&answer, 201, |body| body.pointer("/user/email") == Some(&json!(walker.email)));
        }
        let hash = self.core.hasher().hash(prepare(&walker.password)).await;
        let hash = hash.map_err(|fault| fault.problem().detail.clone())?;
        let email: Email = walker.email.parse().map_err(|error| format!("{error}"))?;
        let new = NewUser {
            email: &email,
            full_name: None,
            password_hash: &hash,
            role: &Role::user(),
            status: AccountStatus::Active,
            email_verified: false,
            now: self.clock.now(),
        };
        let insert = async {
            let mut write = self.system.write().await?;
            write.insert_user(&new).await?;
            write.commit(Audit::new("registered")).await
        };
        insert.await.map_err(|error: durward_store::StoreError| error.to_string())
    }

    async fn echo(&self, browser: &Browser) -> Result<(), String> {
        let mut request = format!("ws://{}/api/v1/ws/chat", self.address).into_client_request().map_err(text)?;
        request.headers_mut().insert("origin", self.origin.parse().map_err(text)?);
        request.headers_mut().insert("cookie", browser.cookies().parse().map_err(text)?);
        let stream = tokio::net::TcpStream::connect(self.address).await.map_err(text)?;
        let connect = tokio_tungstenite::client_async(request, stream);
        let (mut socket, _) = tokio::time::timeout(PATIENCE, connect).await.map_err(text)?.map_err(text)?;
        expect_message(next(&mut socket).await?, "ready")?;
        let message = json!({ "type": "message", "content": "is anybody there" });
        socket.send(Message::text(message.to_string())).await.map_err(text)?;
        expect_message(next(&mut socket).await?, "message.started")?;
        let mut waits = self.echoes;
        while waits {
            let message = next(&mut socket).await?;
            match kind_of(&message) {
                "message.delta" => {}
                "message.done" => waits = false,
                _ => return Err(format!("expected message.done, got {message}")),
            }
        }
        socket.close(None).await.map_err(text)
    }

    /// The access token of the session that was logged out, sent as a bearer token.
    async fn token_is_dead(&self, token: &str) -> Result<(), String> {
        let mut browser = Browser::new(self.address, &self.origin);
        let answer = browser.get_as("/api/v1/profile", token).await?;
        expect(&answer, 401, |body| body["code"] == "token_revoked")
    }

    async fn erase(&self, walker: &Walker) -> Result<(), String> {
        let erase = async {
            let mut write = self.system.write().await?;
            let Some(user) = write.user_by_email(&walker.email).await? else { return Ok(()) };
            write.erase_traces(user.id, &walker.email, &account_key(&walker.email)).await?;
            // The audit trail forgets nothing that was done, and says whose doing it was.
            write.commit(Audit::new("golden_path_walked").subject(user.id)).await
        };
        erase.await.map_err(|error: durward_store::StoreError| error.to_string())
    }
}

async fn csrf_token(browser: &mut Browser, csrf: &mut String) -> Result<(), String> {
    let answer = browser.get("/api/v1/auth/csrf-token").await?;
    *csrf = text_at(&answer.body, "csrf_token").to_owned();
    expect(&answer, 200, |body| body["csrf_token"].is_string())
}

async fn login(browser: &mut Browser, walker: &Walker, csrf: &mut String, clock: &dyn Clock) -> Result<(), String> {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("username", &walker.email)
        .append_pair("password", walker.password.expose())
        .finish();
    let answer = browser.post_form("/api/v1/auth/jwt/login", Some(csrf), form).await?;
    let answer = if text_at(&answer.body, "status") == "second_factor_setup_required" {
        enrol(browser, &answer.body, clock.now()).await?
    } else {
        answer
    };
    *csrf = text_at(&answer.body, "csrf_token").to_owned();
    expect(&answer, 200, |body| body["status"] == "authenticated")?;
    if browser.cookie("access_token").is_none() || browser.cookie("refresh_token").is_none() {
        return Err("the login answered 200 but set no access_token and refresh_token cookies".to_owned());
    }
    Ok(())
}

/// Where everybody must have a second factor, the walker sets one up as people do.
async fn enrol(browser: &mut Browser, asked: &Value, now: Timestamp) -> Result<Answer, String> {
    let secret = asked.pointer("/setup/secret").and_then(Value::as_str).and_then(TotpSecret::from_base32);
    let code = secret.ok_or("the login asked for a second factor and gave no secret for one")?.code_at(now);
    let body = json!({ "challenge_token": text_at(asked, "challenge_token"), "method": "totp", "code": code });
    browser.post_json("/api/v1/auth/2fa/verify", None, &body).await
}

async fn profile(browser: &mut Browser, walker: &Walker) -> Result<(), String> {
    let answer = browser.get("/api/v1/profile").await?;
    expect(&answer, 200, |body| body.pointer("/user/email") == Some(&json!(walker.email)))
}

async fn refresh(browser: &mut Browser, csrf: &mut String) -> Result<(), String> {
    let before = browser.cookie("refresh_token").map(str::to_owned);
    let answer = browser.post_json("/api/v1/auth/refresh", Some(csrf), &json!({})).await?;
    expect(&answer, 200, |body| body["status"] == "authenticated")?;
    *csrf = text_at(&answer.body, "csrf_token").to_owned();
    if browser.cookie("refresh_token").map(str::to_owned) == before {
        return Err("the refresh token was not rotated".to_owned());
    }
    Ok(())
}

async fn logout(browser: &mut Browser, dead: &mut String) -> Result<(), String> {
    *dead = browser.cookie("access_token").unwrap_or_default().to_owned();
    let answer = browser.post_json("/api/v1/auth/logout", None, &json!({})).await?;
    expect(&answer, 204, |_| true)?;
    if browser.cookie("access_token").is_some() {
        return Err("the logout did not clear the cookies".to_owned());
    }
    Ok(())
}

/// Holds an answer against what it should be; the fault says the code and the words of the problem.
fn expect(answer: &Answer, status: u16, holds: impl Fn(&Value) -> bool) -> Result<(), String> {
    if answer.status.as_u16() == status && holds(&answer.body) {
        return Ok(());
    }
    let (code, detail) = (text_at(&answer.body, "code"), text_at(&answer.body, "detail"));
    Err(format!("expected {status}, got {} {code}: {detail}", answer.status.as_u16()))
}

fn text_at<'a>(body: &'a Value, member: &str) -> &'a str {
    body.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn kind_of(message: &Value) -> &str {
    text_at(message, "type")
}

fn expect_message(message: Value, kind: &str) -> Result<(), String> {
    if kind_of(&message) == kind { Ok(()) } else { Err(format!("expected {kind}, got {message}")) }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

async fn next(socket: &mut Socket) -> Result<Value, String> {
    loop {
        let message =
            tokio::time::timeout(PATIENCE, socket.next()).await.map_err(|_| "no message in time".to_owned())?;
        match message.ok_or("the socket ended")?.map_err(text)? {
            Message::Text(message) => {
                let message = serde_json::from_str(message.as_str()).map_err(text)?;
                // A token that lives a minute or less is about to expire from the start.
                if kind_of(&message) != "auth.expiring" {
                    return Ok(message);
                }
            }
            Message::Close(Some(frame)) => return Err(format!("closed with {} {}", frame.code, frame.reason)),
            Message::Close(None) => return Err("closed without a reason".to_owned()),
            Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
