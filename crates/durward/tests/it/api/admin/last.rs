//! The last active admin stays, whoever asks, in whatever way, and also when two ask at once.

use std::sync::Arc;

use durward_proto::{AccountStatus, Code, Role, UserId};
use durward_store::UserRow;
use serde_json::json;
use tokio::sync::Barrier;

use super::rights::with_role;
use crate::kit::{App, on_both};

async fn admins(app: &App) -> i64 {
    app.database.count("SELECT COUNT(*) FROM users WHERE role = 'admin' AND status = 'active'").await
}

on_both! {
    /// Neither by role nor by status, over the wire or at the command line.
    async fn the_last_one_cannot_go(app) {
        let (id, root) = with_role(&app, "root", "admin").await;
        let path = format!("/api/v1/admin/users/{id}");
        for body in [json!({ "role": "user" }), json!({ "status": "suspended" }), json!({ "status": "deactivated" })] {
            root.patch(&path, body).await.refused(409, "last_admin");
        }
        let (operator, user) = (&app.operator, UserId(id));
        for refused in [
            operator.set_role(user, &Role::user()).await,
            operator.set_status(user, AccountStatus::Suspended).await,
            operator.delete(user).await.map(drop),
        ] {
            assert_eq!(refused.unwrap_err().code(), Code::LastAdmin);
        }
        // A suspended one is no help, an active one is.
        let (second, _) = with_role(&app, "second", "admin").await;
        operator.set_status(UserId(second), AccountStatus::Suspended).await.unwrap();
        root.patch(&path, json!({ "role": "user" })).await.refused(409, "last_admin");
        operator.set_status(UserId(second), AccountStatus::Active).await.unwrap();
        root.patch(&path, json!({ "role": "user" })).await.is(200);
        root.get("/api/v1/admin/users").await.refused(403, "forbidden");
        assert_eq!(admins(&app).await, 1);
    }

    /// Two who take each other's role away, or suspend each other, at the same moment: one of them is left.
    async fn of_two_at_once_one_is_left(app) {
        let app = Arc::new(app);
        for round in 0..10 {
            let mut pair = Vec::new();
            for name in ["a", "b"] {
                pair.push(with_role(&app, &format!("{name}{round}"), "admin").await);
            }
            // Those of earlier rounds are out of the way.
            let all = app.operator.list(None, 100).await.unwrap();
            let is_earlier = |row: &&UserRow| row.role.is_admin() && pair.iter().all(|(own, _)| *own != row.id.0);
            for row in all.iter().filter(is_earlier) {
                app.operator.set_status(row.id, AccountStatus::Suspended).await.unwrap();
            }
            let barrier = Arc::new(Barrier::new(2));
            let body = if round % 2 == 0 { json!({ "role": "user" }) } else { json!({ "status": "suspended" }) };
            let others: Vec<i64> = pair.iter().rev().map(|(id, _)| *id).collect();
            let tasks: Vec<_> = pair
                .into_iter()
                .zip(others)
                .map(|((_, actor), other)| {
                    let (barrier, body) = (barrier.clone(), body.clone());
                    tokio::spawn(async move {
                        barrier.wait().await;
                        actor.patch(&format!("/api/v1/admin/users/{other}"), body).await.status.as_u16()
                    })
                })
                .collect();
            let mut statuses = Vec::new();
            for task in tasks {
                statuses.push(task.await.unwrap());
            }
            statuses.sort_unstable();
            // The other one was an admin no more when their turn came, or would have been the last to go.
            assert!(statuses[0] == 200 && [401, 403, 409].contains(&statuses[1]), "{statuses:?}");
            assert_eq!(admins(&app).await, 1);
        }
    }
}
