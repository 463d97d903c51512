//! People who use the program until it is killed, and remember what it has said.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::kit::{PASSWORD, email};

/// How often each person refreshes and changes something before they log out or leave.
const TURNS: u32 = 4;

/// The program, which may be gone at any moment.
#[derive(Clone, Copy)]
pub struct Server {
    pub address: SocketAddr,
}

impl Server {
    /// A call with JSON: the status and the body; none when the answer did not come whole.
    async fn call(self, method: Method, path: &str, token: Option<&str>, body: Value) -> Option<(u16, Value)> {
        let stream = TcpStream::connect(self.address).await.ok()?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", self.address.to_string());
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.header("content-type", "application/json");
        let answer = sender.send_request(request.body(Full::new(Bytes::from(body.to_string()))).unwrap()).await.ok()?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// A call that can only be answered with this status.
    async fn call_for(
        self,
        status: u16,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Value,
    ) -> Option<Value> {
        let (found, body) = self.call(method, path, token, body).await?;
        assert_eq!(found, status, "{path}: {body}");
        Some(body)
    }

    async fn refresh(self, token: &str) -> Option<(u16, Value)> {
        self.call(Method::POST, "/api/v1/auth/refresh", None, json!({ "refresh_token": token })).await
    }
}

/// What somebody was told.
pub struct Person {
    name: String,
    /// The number that their name was last changed to, as far as they know, and the one they last asked for.
    number: u32,
    asked: u32,
    sessions: Vec<Session>,
}

struct Session {
    access: String,
    /// Refresh tokens, oldest first.
    tokens: Vec<String>,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    No,
    /// It was asked for, and no answer came.
    Asked,
    Yes,
}

/// Registers people and does what people do, until the program is gone; then says what it had said.
pub async fn live(server: Server, name: String) -> Vec<Person> {
    let mut known = Vec::new();
    for count in 0.. {
        let name = format!("{name}-{count}");
        let body = json!({ "email": email(&name), "password": PASSWORD });
        if server.call_for(201, Method::POST, "/api/v1/auth/register", None, body).await.is_none() {
            break;
        }
        let mut person = Person { name, number: 0, asked: 0, sessions: Vec::new() };
        let done = person.use_it(server, count).await;
        known.push(person);
        if done.is_none() {
            break;
        }
    }
    known
}

impl Person {
    /// Two sessions, of which each second one ends.
    async fn use_it(&mut self, server: Server, count: u32) -> Option<()> {
        for session in 0..2 {
            let body = json!({ "email": email(&self.name), "password": PASSWORD, "transport": "bearer" });
            let opened = server.call_for(200, Method::POST, "/api/v1/auth/login", None, body).await?;
            self.sessions.push(Session { access: text(&opened, "access_token"), tokens: Vec::new(), end: End::No });
            self.sessions.last_mut()?.tokens.push(text(&opened, "refresh_token"));
            for _ in 0..TURNS {
                let session = self.sessions.last_mut()?;
                let (status, renewed) = server.refresh(session.tokens.last()?).await?;
                assert_eq!(status, 200, "{renewed}");
                session.tokens.push(text(&renewed, "refresh_token"));
                session.access = text(&renewed, "access_token");
                let access = session.access.clone();
                self.asked += 1;
                let change = json!({ "full_name": self.asked.to_string() });
                server.call_for(200, Method::PUT, "/api/v1/profile", Some(&access), change).await?;
                self.number = self.asked;
            }
            if (count + session).is_multiple_of(2) {
                let session = self.sessions.last_mut()?;
                session.end = End::Asked;
                server.call_for(204, Method::POST, "/api/v1/auth/logout", Some(&session.access), json!({})).await?;
                session.end = End::Yes;
            }
        }
        Some(())
    }

    /// How many writes were acknowledged to them.
    pub fn acknowledged(&self) -> usize {
        let of_sessions: usize =
            self.sessions.iter().map(|session| session.tokens.len() + usize::from(session.end == End::Yes)).sum();
        1 + self.number as usize + of_sessions
    }

    /// The newest refresh token that they hold works, also when it was used and the answer was lost; that of an ended
    /// session does not.
    pub async fn their_newest_tokens_work(&mut self, server: Server) {
        for session in &mut self.sessions {
            let (status, body) = server.refresh(session.tokens.last().unwrap()).await.unwrap();
            match (session.end, status) {
                (End::No | End::Asked, 200) => {
                    session.tokens.push(text(&body, "refresh_token"));
                    session.access = text(&body, "access_token");
                    session.end = End::No;
                }
                (End::Yes | End::Asked, 401) => session.end = End::Yes,
                _ => panic!("{}: {status} {body}", self.name),
            }
        }
    }

    /// They can log in, what they changed is changed, and ended sessions have stayed ended.
    pub async fn what_was_said_holds(&self, server: Server) {
        let body = json!({ "email": email(&self.name), "password": PASSWORD, "transport": "bearer" });
        let opened = server.call_for(200, Method::POST, "/api/v1/auth/login", None, body).await.unwrap();
        let access = text(&opened, "access_token");
        let profile = server.call_for(200, Method::GET, "/api/v1/profile", Some(&access), Value::Null).await.unwrap();
        let number: u32 = profile["user"]["full_name"].as_str().map_or(0, |name| name.parse().unwrap());
        assert!((self.number..=self.asked).contains(&number), "{}: {number}, not {}", self.name, self.number);
        for session in &self.sessions {
            let (status, body) =
                server.call(Method::GET, "/api/v1/profile", Some(&session.access), Value::Null).await.unwrap();
            match session.end {
                End::Yes => assert_eq!((status, &body["code"]), (401, &json!("token_revoked")), "{}", self.name),
                _ => assert_eq!(status, 200, "{}: {body}", self.name),
            }
        }
    }

    /// A refresh token whose successor was used is dead, and takes its session with it.
    pub async fn older_tokens_stay_dead(&self, server: Server) {
        for session in self.sessions.iter().filter(|session| session.end == End::No && session.tokens.len() > 2) {
            let (status, body) = server.refresh(&session.tokens[0]).await.unwrap();
            assert_eq!((status, &body["code"]), (401, &json!("refresh_reused")), "{}", self.name);
            let (status, body) = server.refresh(session.tokens.last().unwrap()).await.unwrap();
            assert_eq!(status, 401, "{}: {body}", self.name);
            let answer = server.call(Method::GET, "/api/v1/profile", Some(&session.access), Value::Null).await;
            let (status, body) = answer.unwrap();
            assert_eq!((status, &body["code"]), (401, &json!("token_revoked")), "{}", self.name);
        }
    }
}

#[track_caller]
fn text(body: &Value, member: &str) -> String {
    body[member].as_str().unwrap_or_else(|| panic!("no {member}: {body}")).to_owned()
}
