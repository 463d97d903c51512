//! Accounts on a server that is measured, and their logins.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::Outcome;
use crate::load::{Client, PASSWORD, email};

/// A login as JSON.
pub(crate) fn login(number: usize) -> Value {
    json!({ "email": email(number), "password": PASSWORD, "transport": "bearer" })
}

/// Registers one of the accounts.
pub(crate) async fn open_account(client: &mut Client, number: usize) -> Outcome<()> {
    let form = json!({ "email": email(number), "password": PASSWORD });
    match client.post("/api/v1/auth/register", &form).await? {
        (201, _) => Ok(()),
        (status, body) => Err(format!("registering: {status} {}", String::from_utf8_lossy(&body)).into()),
    }
}

/// Logs it in.
pub(crate) async fn log_in(client: &mut Client, number: usize) -> Outcome<Tokens> {
    match client.post("/api/v1/auth/login", &login(number)).await? {
        (200, body) => Tokens::of(&body),
        (status, body) => Err(format!("logging in: {status} {}", String::from_utf8_lossy(&body)).into()),
    }
}

/// What a login or a refresh gives.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    /// Out of its answer.
    pub(crate) fn of(body: &Bytes) -> Outcome<Self> {
        let answer: Value = serde_json::from_slice(body)?;
        let part = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let missing = || format!("no tokens in {answer}");
        Ok(Self {
            access: part("access_token").ok_or_else(missing)?,
            refresh: part("refresh_token").ok_or_else(missing)?,
        })
    }
}
