//! What is removed when its time is over, by one node for all.

use std::time::Duration;

use durward_store::Target;

use crate::kit::{App, KEPT, PASSWORD, email, on_both};

const DAY: Duration = Duration::from_secs(86_400);

async fn count(app: &App, sql: &str) -> i64 {
    app.database.count(sql).await
}

on_both! {
    with &[KEPT, ("DURWARD_REGISTRATION__VERIFY_EMAIL", "true"), ("DURWARD_RETENTION__AUDIT", "200d")];

    /// Each at its own time; what has no time yet stays.
    async fn each_at_its_time(app) {
        let body = serde_json::json!({ "email": email("ann"), "password": PASSWORD });
        app.visitor().post("/api/v1/auth/register", body.clone()).await.is(202);
        app.visitor().post("/api/v1/auth/login", body.clone()).await.refused(403, "account_pending");
        app.posted().await;
        let retention = app.retention();
        let tables = ["users", "device_login_attempts", "security_audit", "revocation_events"];
        let counts = async || {
            let mut counts = Vec::new();
            for table in tables {
                counts.push(count(&app, &format!("SELECT COUNT(*) FROM {table}")).await);
            }
            counts
        };
        retention.tidy().await.unwrap().expect("it is due");
        let before = counts().await;
        assert_eq!(retention.tidy().await.unwrap(), None, "it is not due again");

        app.clock.advance(6 * DAY);
        retention.tidy().await.unwrap().expect("it is due");
        assert_eq!(counts().await, before, "a week is not over");
        app.clock.advance(2 * DAY);
        retention.tidy().await.unwrap().expect("it is due");
        assert_eq!(count(&app, "SELECT COUNT(*) FROM users").await, 0, "nobody confirmed the address");
        assert_eq!(count(&app, "SELECT COUNT(*) FROM device_login_attempts WHERE email_key <> ''").await, 0);
        let removed = "SELECT COUNT(*) FROM security_audit WHERE event = 'unverified_account_removed'";
        assert_eq!(count(&app, removed).await, 1);
        app.visitor().post("/api/v1/auth/register", body).await.is(202);

        app.clock.advance(91 * DAY);
        retention.tidy().await.unwrap().expect("it is due");
        assert_eq!(count(&app, "SELECT COUNT(*) FROM device_login_attempts").await, 0);
        assert!(count(&app, "SELECT COUNT(*) FROM security_audit").await > 0);
        app.clock.advance(201 * DAY);
        retention.tidy().await.unwrap().expect("it is due");
        assert_eq!(count(&app, "SELECT COUNT(*) FROM security_audit WHERE event = 'registered'").await, 0);
    }

    /// Of two nodes one does it; more rows than a step takes go as well.
    async fn one_node_does_it_for_all(app) {
        let at = match &app.database.options.target {
            Target::Sqlite { .. } => "1000000",
            Target::Postgres(_) => "to_timestamp(1)",
        };
        let rows = (0..1_203).map(|number| format!("({at}, 'n', 'x', '{number}', 1)")).collect::<Vec<_>>().join(",");
        app.database.sql(&format!("INSERT INTO figures (at, node, name, label, value) VALUES {rows}")).await;
        let (one, other) = (app.retention(), app.retention());
        let (one, other) = tokio::join!(one.tidy(), other.tidy());
        let done: Vec<u64> = [one.unwrap(), other.unwrap()].into_iter().flatten().collect();
        assert_eq!(done, [1_203]);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM figures").await, 0);
    }
}

on_both! {
    with &[("DURWARD_REGISTRATION__APPROVE", "true")];

    /// Who waits for an operator waits for as long as that takes.
    async fn who_waits_for_approval_stays(app) {
        app.register("ann").await;
        app.clock.advance(300 * DAY);
        app.retention().tidy().await.unwrap().expect("it is due");
        assert_eq!(count(&app, "SELECT COUNT(*) FROM users").await, 1);
    }
}
