//! `GET /api/v1/security/events`, and the login trail that it reads.

mod events;
mod trail;

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::second_factor::{VERIFY, answer_to, challenged, user_with_totp};
use crate::kit::{Actor, App, KEPT, PASSWORD, email, on_both};

const LOGIN: &str = "/api/v1/auth/login";
const EVENTS: &str = "/api/v1/security/events";

/// All of one's own events, newest first, page by page.
async fn events(who: &Actor, limit: u32) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("{EVENTS}?limit={limit}");
    loop {
        let page = who.get(&path).await.is(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit as usize);
        all.extend(items.iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return all };
        path = format!("{EVENTS}?limit={limit}&cursor={next}");
    }
}

async fn wrong_password(who: &Actor, name: &str) {
    let body = json!({ "email": email(name), "password": "not the password" });
    who.post(LOGIN, body).await.refused(401, "invalid_credentials");
}
