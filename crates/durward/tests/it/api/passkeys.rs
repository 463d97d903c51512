//! `/api/v1/passkeys/…`, `/api/v1/auth/passkey/login/…`, and passkeys in other logins.

mod availability;
mod ceremonies;
mod decoys;
mod forged;
mod garbage;
mod login;
mod once;
mod own;
mod register;
mod second;

use serde_json::{Value, json};

use crate::kit::{Actor, Answer, App, Authenticator, PASSWORD, email};

const BEGIN: &str = "/api/v1/auth/passkey/login/begin";
const FINISH: &str = "/api/v1/auth/passkey/login/finish";

/// Registers a passkey of this user.
pub async fn register(app: &App, actor: &Actor, key: &mut Authenticator) -> Answer {
    let options = actor.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
    let credential = key.create(&app.origin, &options);
    let body = json!({ "ceremony_id": options["ceremony_id"], "credential": credential });
    actor.post("/api/v1/passkeys/register/finish", body).await
}

/// `name@example.com`, logged in as a browser, with a passkey.
async fn owner(app: &App, name: &str) -> (Actor, Authenticator, Value) {
    let actor = app.user(name).await;
    let mut key = Authenticator::new();
    let passkey = register(app, &actor, &mut key).await.is(201).json();
    (actor, key, passkey)
}

/// Logs `name@example.com` in and gives the account a passkey.
pub async fn give(app: &App, name: &str) {
    let actor = app.login(name).await;
    register(app, &actor, &mut Authenticator::new()).await.is(201);
}

/// What to ask the authenticator for.
async fn begin(app: &App) -> Value {
    app.visitor().post_empty(BEGIN).await.is(200).json()
}

/// What goes to `finish`.
fn answer_to(options: &Value, credential: Value) -> Value {
    json!({ "ceremony_id": options["ceremony_id"], "credential": credential, "transport": "bearer" })
}

/// Logs in with a passkey alone, as an app.
pub async fn log_in(app: &App, key: &mut Authenticator) -> Answer {
    log_in_as(app, &app.app_client(), key).await
}

/// The same as this client.
pub async fn log_in_as(app: &App, client: &Actor, key: &mut Authenticator) -> Answer {
    let options = begin(app).await;
    let credential = key.get(&app.origin, &options);
    client.post(FINISH, answer_to(&options, credential)).await
}

/// Answers what was asked with what another one was asked.
pub async fn log_in_wrong(app: &App, key: &mut Authenticator) -> Answer {
    let (options, others) = (begin(app).await, begin(app).await);
    let credential = key.get(&app.origin, &others);
    app.app_client().post(FINISH, answer_to(&options, credential)).await
}

/// Shows the password, as an app.
async fn password(app: &App, name: &str) -> Value {
    let body = json!({ "email": email(name), "password": PASSWORD, "transport": "bearer" });
    app.app_client().post("/api/v1/auth/login", body).await.is(200).json()
}
