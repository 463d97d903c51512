//! `/api/v1/auth/2fa/verify`, `/api/v1/2fa/…` and `/api/v1/auth/reauthenticate`.

mod agreement;
mod challenge;
mod login;
mod mailed;
mod manage;
mod pending;
mod policy;
mod races;
mod step_up;
mod stored;
mod trust;

use std::time::Duration;

use durward_core::factors::totp::TotpSecret;
use durward_proto::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::kit::{Actor, Answer, App, PASSWORD, email, on_both};

const LOGIN: &str = "/api/v1/auth/login";
pub(super) const VERIFY: &str = "/api/v1/auth/2fa/verify";
const REAUTHENTICATE: &str = "/api/v1/auth/reauthenticate";
const STEP: Duration = Duration::from_secs(30);

/// An authenticator app.
pub(crate) struct Phone(TotpSecret);

impl Phone {
    /// That was shown the answer of a setup.
    fn of(setup: &Value) -> Self {
        Self(TotpSecret::from_base32(setup["secret"].as_str().unwrap()).unwrap())
    }

    /// What it shows now.
    fn shows(&self, app: &App) -> String {
        self.at(app.clock.now())
    }

    /// What it shows once the next step has begun, so that no code of it was used.
    pub(crate) fn next(&self, app: &App) -> String {
        app.clock.advance(STEP);
        self.shows(app)
    }

    /// What it shows so many steps from now.
    fn steps_away(&self, app: &App, steps: i64) -> String {
        self.at(Timestamp::from_micros(app.clock.now().micros() + steps * 30_000_000))
    }

    fn at(&self, now: Timestamp) -> String {
        self.0.code_at(now).expose().to_owned()
    }
}

/// Turns TOTP on: the app, and the backup codes.
pub(crate) async fn enable(app: &App, who: &Actor) -> (Phone, Vec<String>) {
    let phone = Phone::of(&who.post_empty("/api/v1/2fa/totp/setup").await.is(200).json());
    let body = json!({ "code": phone.shows(app) });
    let codes = backup_codes(&who.post("/api/v1/2fa/totp/enable", body).await.is(200).json());
    (phone, codes)
}

/// Registers somebody and turns TOTP on.
pub(crate) async fn user_with_totp(app: &App, name: &str) -> (Actor, Phone, Vec<String>) {
    let who = app.user(name).await;
    let (phone, codes) = enable(app, &who).await;
    (who, phone, codes)
}

fn backup_codes(body: &Value) -> Vec<String> {
    let codes: Vec<String> =
        body["backup_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10);
    codes
}

/// Shows the password: the answer, which is a challenge.
pub(super) async fn challenged(who: &Actor, name: &str) -> Value {
    challenged_for(who, name, "cookie").await
}

async fn challenged_for(who: &Actor, name: &str, transport: &str) -> Value {
    let body = json!({ "email": email(name), "password": PASSWORD, "transport": transport });
    let answer = who.post(LOGIN, body).await.is(200);
    assert!(answer.set_cookies().is_empty(), "{:?}", answer.set_cookies());
    let body = answer.json();
    assert_eq!(body["status"], "second_factor_required", "{body}");
    assert_eq!(body["expires_in"], 300);
    for member in ["access_token", "refresh_token", "session_id", "user", "csrf_token", "setup"] {
        assert!(body.get(member).is_none(), "{member} in {body}");
    }
    body
}

pub(super) fn answer_to(challenge: &Value, method: &str, code: &str) -> Value {
    json!({ "challenge_token": challenge["challenge_token"], "method": method, "code": code })
}

async fn verify(who: &Actor, challenge: &Value, method: &str, code: &str) -> Answer {
    who.post(VERIFY, answer_to(challenge, method, code)).await
}

/// Puts the clock forward to this time.
fn advance_to(app: &App, time: Timestamp) {
    app.clock.advance(time.since(app.clock.now()));
}

/// Puts the clock to shortly after a step has begun, so that it does not end within a test.
fn begin_step(app: &App) {
    let now = app.clock.now().seconds();
    advance_to(app, Timestamp::from_seconds(now + 30 - now.rem_euclid(30) + 1));
}
