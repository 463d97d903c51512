//! What operators are alerted to, and how they hear of it.

mod crash;
mod rules;
mod webhook;

use serde_json::Value;

use crate::kit::Actor;

const ALERTS: &str = "/api/v1/admin/alerts";

/// Rule and subject of all alerts, the oldest first.
async fn raised(admin: &Actor) -> Vec<(String, String)> {
    let page = admin.get(ALERTS).await.is(200).json();
    let items = page["items"].as_array().unwrap().iter().rev();
    items.map(|one| (text(&one["rule"]), text(&one["about"]))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
