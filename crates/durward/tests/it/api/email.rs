//! `/api/v1/email/…`, and registration where addresses are confirmed.

mod change;
mod notices;
mod race;
mod registration;

use serde_json::{Value, json};

use crate::kit::{Actor, Answer, App, KEPT, PASSWORD, email, on_both, token};

const REGISTER: &str = "/api/v1/auth/register";
const VERIFY: &str = "/api/v1/email/verify";
const RESEND: &str = "/api/v1/email/verify/resend";
const CHANGE: &str = "/api/v1/email/change";
const CONFIRM: &str = "/api/v1/email/change/confirm";

/// Mails are kept, and nobody has to confirm an address.
const OPEN: [(&str, &str); 2] = [KEPT, ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false")];

async fn send_token(actor: &Actor, path: &str, token: &str) -> Answer {
    actor.post(path, json!({ "token": token })).await
}

async fn login(app: &App, address: &str) -> Answer {
    app.visitor().post("/api/v1/auth/login", json!({ "email": address, "password": PASSWORD })).await
}

async fn audited(app: &App, event: &str) -> i64 {
    app.database.count(&format!("SELECT COUNT(*) FROM security_audit WHERE event = '{event}'")).await
}

fn form(address: &str) -> Value {
    json!({ "email": address, "password": PASSWORD, "full_name": "Ann Lee" })
}
