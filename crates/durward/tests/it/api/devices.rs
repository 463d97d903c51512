//! `/api/v1/devices`.

mod forget;
mod levels;
mod registered;
mod trust;

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::second_factor::{Phone, VERIFY, answer_to, challenged, enable, user_with_totp};
use crate::kit::{Actor, Answer, App, PASSWORD, email, on_both};

const LOGIN: &str = "/api/v1/auth/login";
const DEVICES: &str = "/api/v1/devices";
const DAY: Duration = Duration::from_secs(86_400);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// One's own devices, the one last used first.
async fn devices(who: &Actor) -> Vec<Value> {
    who.get(DEVICES).await.is(200).json()["items"].as_array().unwrap().clone()
}

/// The device of the session that asks.
async fn this_device(who: &Actor) -> Value {
    let current: Vec<Value> = devices(who).await.into_iter().filter(|device| device["current"] == true).collect();
    assert_eq!(current.len(), 1, "{current:?}");
    current[0].clone()
}

fn path_of(device: &Value) -> String {
    format!("{DEVICES}/{}", device["id"].as_str().unwrap())
}

async fn patch(who: &Actor, device: &Value, change: Value) -> Answer {
    who.patch(&path_of(device), change).await
}

/// Logs in again with what the actor has.
async fn login(who: &Actor, name: &str) -> Value {
    who.post(LOGIN, json!({ "email": email(name), "password": PASSWORD })).await.is(200).json()
}

/// Logs in with the second factor.
async fn login_with(who: &Actor, app: &App, phone: &Phone, name: &str) -> Value {
    let challenge = challenged(who, name).await;
    who.post(VERIFY, answer_to(&challenge, "totp", &phone.next(app))).await.is(200).json()
}
