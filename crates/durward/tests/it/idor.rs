//! Ids of others: every row that takes an id, with the id of another user's thing. It is not there, and nothing of it
//! changes.

use bytes::Bytes;
use durward_core::factors::totp::TotpSecret;
use durward_http::routes::{Access, Row, table};
use durward_proto::Clock;
use http::Method;
use serde_json::{Value, json};

use crate::api::passkeys;
use crate::kit::{Actor, App, PASSWORD, Socket, email, on_both};

/// An id of the right form that stands for nothing.
const NOTHING: &str = "019a0000-0000-7000-8000-000000000000";

/// What the id of a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Session,
    Device,
    Trust,
    Passkey,
    Conversation,
    /// Something that only operators reach: everybody else is told so, whatever the id.
    Operators,
}

/// Every row that takes an id, with a body that would change something.
const CASES: &[(Method, &str, Of, Option<&str>)] = &[
    (Method::DELETE, "/api/v1/sessions/{id}", Of::Session, None),
    (Method::PATCH, "/api/v1/devices/{id}", Of::Device, Some(r#"{"name":"mine now"}"#)),
    (Method::PATCH, "/api/v1/devices/{id}", Of::Device, Some(r#"{"trust_level":"trusted"}"#)),
    (Method::PATCH, "/api/v1/devices/{id}", Of::Device, Some(r#"{"security_level":"always_2fa"}"#)),
    (Method::DELETE, "/api/v1/devices/{id}", Of::Device, None),
    (Method::DELETE, "/api/v1/2fa/trusted-devices/{id}", Of::Trust, None),
    (Method::PATCH, "/api/v1/passkeys/{id}", Of::Passkey, Some(r#"{"name":"mine now"}"#)),
    (Method::DELETE, "/api/v1/passkeys/{id}", Of::Passkey, None),
    (Method::GET, "/api/v1/conversations/{id}/messages", Of::Conversation, None),
    (Method::DELETE, "/api/v1/conversations/{id}", Of::Conversation, None),
];

/// What a user has that an id stands for, and what they see of it.
struct Owner {
    actor: Actor,
    user: i64,
    things: Vec<(Of, String)>,
}

impl Owner {
    /// Somebody with one of everything.
    async fn with_everything(app: &App, name: &str) -> Self {
        let user = app.register(name).await;
        let actor = app.login(name).await;
        let mut socket = actor.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        let conversation = say(&mut socket, "a secret of mine").await;
        socket.close().await;
        // A device that is trusted, and with it another session.
        let setup = actor.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
        let phone = TotpSecret::from_base32(setup["secret"].as_str().unwrap()).unwrap();
        let code = || phone.code_at(app.clock.now()).expose().to_owned();
        actor.post("/api/v1/2fa/totp/enable", json!({ "code": code() })).await.is(200);
        passkeys::register(app, &actor, &mut crate::kit::Authenticator::new()).await.is(201);
        app.clock.advance(std::time::Duration::from_secs(30));
        let other = app.visitor();
        let body = json!({ "email": email(name), "password": PASSWORD });
        let challenge = other.post("/api/v1/auth/login", body).await.is(200).json();
        let answer = json!({
            "challenge_token": challenge["challenge_token"], "method": "totp", "code": code(), "trust_device": true,
        });
        other.post("/api/v1/auth/2fa/verify", answer).await.is(200);
        let of = |of: Of, list: Value| (of, list[0]["id"].as_str().unwrap().to_owned());
        let items = async |path: &str| actor.get(path).await.is(200).json()["items"].clone();
        let things = vec![
            of(Of::Session, items("/api/v1/sessions").await),
            of(Of::Device, items("/api/v1/devices").await),
            of(Of::Trust, actor.get("/api/v1/2fa").await.is(200).json()["trusted_devices"].clone()),
            of(Of::Passkey, items("/api/v1/passkeys").await),
            (Of::Conversation, conversation),
        ];
        Self { actor, user, things }
    }

    fn id(&self, of: Of) -> &str {
        let of = self.things.iter().find(|(other, _)| *other == of);
        of.map(|(_, id)| id.as_str()).expect("everybody has one")
    }

    /// All that the owner sees of their things, but when they were last seen.
    async fn sees(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for path in ["/api/v1/sessions", "/api/v1/devices", "/api/v1/2fa", "/api/v1/passkeys", "/api/v1/conversations"]
        {
            let mut body = self.actor.get(path).await.is(200).json();
            if let Some(items) = body["items"].as_array_mut() {
                items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| drop(item.remove("last_seen_at")));
            }
            all.push(body);
        }
        let messages = format!("/api/v1/conversations/{}/messages", self.id(Of::Conversation));
        all.push(self.actor.get(&messages).await.is(200).json());
        all
    }
}

/// Says something, and waits for the whole answer: the conversation's id.
async fn say(socket: &mut Socket, content: &str) -> String {
    socket.send(json!({ "type": "message", "content": content })).await;
    loop {
        let next = socket.next().await;
        assert_ne!(next["type"], "error", "{next}");
        if next["type"] == "message.done" {
            return next["conversation_id"].as_str().unwrap().to_owned();
        }
    }
}

/// The rows that take an id. A page is the same for everybody, whatever its address names: its script asks the API.
fn rows() -> impl Iterator<Item = &'static Row> {
    table().iter().filter(|row| row.path.contains('{') && row.path.starts_with("/api/"))
}

fn is_operators(row: &Row) -> bool {
    row.path.starts_with("/api/v1/admin/")
}

/// What a row is called with: what stands in the table above, or for operators' rows anything at all.
fn cases(row: &Row) -> Vec<(Of, Option<&'static str>)> {
    if is_operators(row) {
        return vec![(Of::Operators, Some("{}"))];
    }
    let cases = CASES.iter().filter(|(method, path, ..)| *method == row.method && *path == row.path);
    cases.map(|(_, _, of, body)| (*of, *body)).collect()
}

async fn call(actor: &Actor, row: &Row, id: &str, body: Option<&str>) -> crate::kit::Answer {
    let body = body.map(|body| Bytes::from(body.to_owned())).unwrap_or_default();
    let kind = [("content-type", "application/json")];
    let kind = if body.is_empty() { &[] } else { kind.as_slice() };
    actor.send(row.method.clone(), &row.path.replace("{id}", id), kind, body).await
}

/// What does not belong to one request alone.
fn words(answer: &crate::kit::Answer) -> (u16, Value) {
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id");
    (answer.status.as_u16(), body)
}

#[test]
fn every_row_that_takes_an_id_has_a_case() {
    assert!(rows().count() >= 7);
    for row in rows() {
        assert!(!cases(row).is_empty(), "{row:?} has no case here: add what its id stands for");
        assert_eq!(row.path.matches('{').count(), 1, "{row:?}: one id, of the caller's own things");
        // An operator's row says who may call it, and no other row is for everybody.
        assert_eq!(row.access == Access::User, !is_operators(row), "{row:?}");
    }
    for (method, path, ..) in CASES {
        assert!(rows().any(|row| row.method == *method && row.path == *path), "{method} {path} is no row");
    }
}

on_both! {
    /// Another user's thing is answered like one that does not exist, with both kinds of credential, and stays as it was.
    async fn what_belongs_to_others_is_not_there(app) {
        let bob = Owner::with_everything(&app, "bob").await;
        let browser = app.user("ann").await;
        let (bearer, _) = app.bearer("ann").await;
        let before = bob.sees().await;
        let trails = ["security_audit", "revocation_events", "mail_outbox"];
        let mut written = Vec::new();
        for table in trails {
            written.push(app.database.count(&format!("SELECT COUNT(*) FROM {table}")).await);
        }
        for row in rows() {
            for (of, body) in cases(row) {
                for (actor, kind) in [(&browser, "cookie"), (&bearer, "bearer")] {
                    if of == Of::Operators {
                        for id in [bob.user.to_string(), bob.id(Of::Session).to_owned(), NOTHING.to_owned()] {
                            call(actor, row, &id, body).await.refused(403, "forbidden");
                        }
                        continue;
                    }
                    let others = call(actor, row, bob.id(of), body).await.refused(404, "not_found");
                    let nothing = call(actor, row, NOTHING, body).await.refused(404, "not_found");
                    assert_eq!(words(&others), words(&nothing), "{row:?} by {kind}");
                    // Neither is one kind of thing another kind.
                    for (_, id) in bob.things.iter().filter(|(other, _)| *other != of) {
                        call(actor, row, id, body).await.refused(404, "not_found");
                    }
                    call(actor, row, &bob.user.to_string(), body).await.refused(404, "not_found");
                }
            }
        }
        assert_eq!(bob.sees().await, before);
        for (table, rows) in trails.iter().zip(written) {
            assert_eq!(app.database.count(&format!("SELECT COUNT(*) FROM {table}")).await, rows, "{table}");
        }
        browser.get("/api/v1/profile").await.is(200);
    }

    /// An id in a message is answered in the same way, and nothing is said in another user's conversation.
    async fn what_belongs_to_others_in_a_message(app) {
        let bob = Owner::with_everything(&app, "bob").await;
        let ann = app.user("ann").await;
        let before = bob.sees().await;
        let mut socket = ann.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        let mut answers = Vec::new();
        for id in [bob.id(Of::Conversation), NOTHING] {
            socket.send(json!({ "type": "message", "content": "let me in", "conversation_id": id })).await;
            let answer = socket.next().await;
            assert_eq!(answer["type"], "error", "{answer}");
            answers.push(answer);
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(bob.sees().await, before);
    }

    /// The same ids work for who owns them, so that the refusals above were about nothing else.
    async fn what_is_ones_own_is_there(app) {
        let bob = Owner::with_everything(&app, "bob").await;
        // What ends other things comes last.
        let last = |row: &&Row| row.method == Method::DELETE && !row.path.contains("trusted-devices");
        let (ending, others): (Vec<_>, Vec<_>) = rows().filter(|row| !is_operators(row)).partition(last);
        let place = |row: &Row| ["conversations", "passkeys", "sessions", "devices"].iter().position(|part| row.path.contains(part));
        let mut ending = ending;
        ending.sort_by_key(|row| place(row));
        for row in others.into_iter().chain(ending) {
            for (of, body) in cases(row) {
                let answer = call(&bob.actor, row, bob.id(of), body).await;
                assert!(answer.status.is_success(), "{row:?}: {} {}", answer.status, answer.text());
            }
        }
    }
}
