//! The overview and its charts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{App, on_both};

const OVERVIEW: &str = "/api/v1/admin/overview";

fn count(overview: &Value, method: &str, result: &str) -> i64 {
    let logins = overview["logins"].as_array().unwrap();
    let found = logins.iter().find(|one| one["method"] == method && one["result"] == result);
    found.map_or(0, |one| one["count"].as_i64().unwrap())
}

async fn wrong_password(app: &App, email: &str) {
    let body = json!({ "email": email, "password": "not this one at all" });
    app.visitor().post("/api/v1/auth/login", body).await.refused(401, "invalid_credentials");
}

/// The sum of a chart's line.
fn sum(series: &Value, label: &str) -> i64 {
    let lines = series["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["label"] == label);
    line.map_or(0, |line| line["values"].as_array().unwrap().iter().map(|value| value.as_i64().unwrap()).sum())
}

on_both! {
    /// It counts what there is, and what was in the last 24 hours.
    async fn it_counts(app) {
        let root = app.admin("root").await;
        let ann = app.register("ann").await;
        wrong_password(&app, "ann@example.com").await;
        let mut socket = app.login("ann").await.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        app.register("bob").await;
        app.operator.set_status(durward_proto::UserId(ann), durward_proto::AccountStatus::Active).await.unwrap();
        let overview = root.get(OVERVIEW).await.is(200).json();
        let users = json!({ "total": 3, "pending": 0, "active": 3, "suspended": 0, "deactivated": 0 });
        assert_eq!((&overview["users"], &overview["sessions"]), (&users, &json!(2)));
        assert_eq!(overview["sockets"], 1);
        assert_eq!((count(&overview, "password", "ok"), count(&overview, "password", "invalid_credentials")), (2, 1));
        assert_eq!(overview["breakers"][0]["name"], "database");
        assert_eq!((&overview["mails_waiting"], &overview["alerts"]["critical"]), (&json!(0), &json!(0)));
        assert!(overview["version"].is_string() && overview["started_at"].is_string());
        assert!(overview["uptime"].as_u64().unwrap() < 60);
        app.clock.advance(Duration::from_secs(25 * 3_600));
        let root = app.login("root").await;
        let later = root.get(OVERVIEW).await.is(200).json();
        assert_eq!((count(&later, "password", "ok"), count(&later, "password", "invalid_credentials")), (1, 0));
    }

    /// What nodes count comes together in one chart, and nothing is counted twice.
    async fn charts_are_of_all_nodes(app) {
        let root = app.admin("root").await;
        let other = app.beside().await;
        wrong_password(&app, "ann@example.com").await;
        let body = json!({ "email": "zoe@example.com", "password": "not this one at all" });
        app.visitor().at(other.address).post("/api/v1/auth/login", body).await.refused(401, "invalid_credentials");
        for core in [&app.core, &other.core] {
            core.write_figures().await.unwrap();
            // Once more in the same minute: there is nothing new.
            core.write_figures().await.unwrap();
        }
        let chart = async |query: &str| root.get(&format!("{OVERVIEW}/series?{query}")).await.is(200).json();
        let logins = chart("name=logins").await;
        assert_eq!((sum(&logins, "password/invalid_credentials"), sum(&logins, "password/ok")), (2, 1));
        assert_eq!((&logins["unit"], &logins["step"]), (&json!("count"), &json!(300)));
        let values = logins["lines"][0]["values"].as_array().unwrap().len();
        assert!((288..=290).contains(&values), "{values}");
        let minutes = chart("name=logins&step=60").await;
        assert_eq!(sum(&minutes, "password/invalid_credentials"), 2);
        assert_eq!(sum(&chart("name=nodes&step=86400").await, ""), 2);
        assert!(sum(&chart("name=requests").await, "") >= 3);
        let times = chart("name=request_time&step=86400").await;
        assert!(sum(&times, "p50") > 0 && sum(&times, "p99") >= sum(&times, "p50"), "{times}");
        assert_eq!(sum(&chart("name=breakers").await, "database"), 0);
        assert_eq!(root.get(OVERVIEW).await.is(200).json()["nodes"], 2);
        let old = chart("name=logins&since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z").await;
        assert_eq!(old["lines"], json!([]));
        for query in [
            "", "name=passwords", "name=logins&step=61", "name=logins&step=0", "name=logins&since=now",
            "name=logins&since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
            "name=logins&since=2020-01-01T00:00:00Z&step=60", "name=logins&limit=1",
        ] {
            root.get(&format!("{OVERVIEW}/series?{query}")).await.refused(422, "validation_failed");
        }
        root.get(&format!("{OVERVIEW}/series?name=logins&since=0000-01-01T00:00:00Z")).await.is(200);
        root.get(&format!("{OVERVIEW}/series?name=logins&until=9999-12-31T23:59:59.999Z")).await.is(200);
    }
}
