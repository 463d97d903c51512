//! Who is logged in while something befalls the database, and what they are answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::CHAT;
use crate::kit::{Actor, PASSWORD, email};

/// How often each asks each node.
const EVERY: Duration = Duration::from_millis(200);

/// Somebody with one session, and a socket at each node.
pub struct Person {
    pub name: String,
    /// With a bearer token, or with cookies.
    pub actor: Arc<Actor>,
    /// The refresh token of those who have no cookies.
    refresh: Option<String>,
    pub sockets: Vec<Watched>,
}

/// When and how a socket ended; `None` for how where the connection was just gone.
pub type End = (Instant, Option<(u16, String)>);

/// A socket that somebody waits for the end of.
pub struct Watched(JoinHandle<End>);

impl Watched {
    pub async fn open(actor: &Actor, node: SocketAddr) -> Self {
        let mut socket = actor.copy().at(node).socket(CHAT).await;
        socket.expect("ready").await;
        Self(tokio::spawn(async move {
            let how = socket.close_whenever().await;
            (Instant::now(), how)
        }))
    }

    pub fn is_open(&self) -> bool {
        !self.0.is_finished()
    }

    pub async fn end(&mut self, within: Duration) -> Option<End> {
        // What has ended already is there at once.
        tokio::time::timeout(within.max(Duration::from_millis(50)), &mut self.0).await.ok().map(Result::unwrap)
    }
}

impl Person {
    /// Registers at the first node, logs in, and is known at all of them.
    pub async fn join(name: String, nodes: &[SocketAddr], visitor: Actor, with_cookies: bool) -> Self {
        let body = json!({ "email": email(&name), "password": PASSWORD });
        visitor.copy().without_origin().post("/api/v1/auth/register", body).await.is(201);
        let mut person = Self { name, actor: Arc::new(visitor), refresh: None, sockets: Vec::new() };
        person.log_in(with_cookies).await;
        for node in nodes {
            person.actor.copy().at(*node).get("/api/v1/profile/debug").await.is(200);
            person.sockets.push(Watched::open(&person.actor, *node).await);
        }
        person
    }

    async fn log_in(&mut self, with_cookies: bool) {
        let transport = if with_cookies { "cookie" } else { "bearer" };
        let body = json!({ "email": email(&self.name), "password": PASSWORD, "transport": transport });
        let answer = self.actor.post("/api/v1/auth/login", body).await.is(200).json();
        if !with_cookies {
            self.take(&answer);
        }
    }

    fn take(&mut self, answer: &serde_json::Value) {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        self.actor = Arc::new(self.actor.copy().without_origin().with_bearer(&text("access_token")));
        self.refresh = Some(text("refresh_token"));
    }

    /// Refreshes at a node, as every client does in the end: the session lives on.
    pub async fn refresh(&mut self, node: SocketAddr) {
        match &self.refresh {
            Some(token) => {
                let actor = self.actor.copy().at(node);
                let answer = actor.post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await.is(200).json();
                self.take(&answer);
            }
            None => {
                let actor = self.actor.copy().at(node);
                actor.post_empty("/api/v1/auth/refresh").await.is(200);
                self.actor = Arc::new(actor);
            }
        }
    }

    /// Whether a refresh is refused, because the session has ended.
    pub async fn cannot_refresh(&self, node: SocketAddr) {
        let token = self.refresh.as_ref().expect("only those with bearer tokens are asked");
        let actor = self.actor.copy().at(node);
        let answer = actor.post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await.is(401);
        assert_eq!(answer.json()["code"], "token_revoked", "{}", answer.text());
    }
}

/// What one person was answered by one node, while they asked again and again.
#[derive(Debug, Default)]
pub struct Answers {
    /// When they asked last what was answered with 200.
    pub let_in: Option<Instant>,
    pub good: usize,
    pub unavailable: usize,
    /// 401 `token_revoked`: only for those whose session has ended.
    pub revoked: usize,
    /// The longest that an answer took.
    pub longest: Duration,
}

/// Asks a node again and again until told to stop. Whatever it answers must be one of three things.
pub fn ask(actor: &Actor, node: SocketAddr, mut stop: watch::Receiver<bool>) -> JoinHandle<Answers> {
    let actor = actor.copy().at(node);
    tokio::spawn(async move {
        let mut answers = Answers::default();
        while !*stop.borrow() {
            let asked = Instant::now();
            let answer = actor.get("/api/v1/profile/debug").await;
            answers.longest = answers.longest.max(asked.elapsed());
            assert_eq!(answer.set_cookies(), Vec::<&str>::new(), "no cookie is cleared: {}", answer.text());
            match answer.status.as_u16() {
                200 => {
                    answers.let_in = Some(asked);
                    answers.good += 1;
                }
                401 => {
                    answer.refused(401, "token_revoked");
                    answers.revoked += 1;
                }
                _ => {
                    let answer = answer.refused(503, "verification_unavailable");
                    assert!(answer.header("retry-after").is_some());
                    answers.unavailable += 1;
                }
            }
            let _ = tokio::time::timeout(EVERY, stop.changed()).await;
        }
        answers
    })
}
