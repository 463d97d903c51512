//! A login that has seen the old password, and a change of it, at the same time.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Barrier;

use crate::kit::{PASSWORD, email, on_both};

const NEW: &str = "four quiet herons at dusk";

on_both! {
    /// Whatever the old password opened before the change is ended by it; what comes after it is refused.
    async fn no_session_outlives_the_password_that_opened_it(app) {
        let app = Arc::new(app);
        let mut opened = 0;
        for round in 0..12 {
            let name = format!("ann{round}");
            let ann = app.user(&name).await;
            let barrier = Arc::new(Barrier::new(9));
            let logins: Vec<_> = (0..8).map(|number| {
                let (app, barrier, email) = (app.clone(), barrier.clone(), email(&name));
                tokio::spawn(async move {
                    barrier.wait().await;
                    // Spread over the time that the change takes.
                    tokio::time::sleep(std::time::Duration::from_millis(number)).await;
                    let body = json!({ "email": email, "password": PASSWORD, "transport": "bearer" });
                    app.app_client().post("/api/v1/auth/login", body).await
                })
            }).collect();
            barrier.wait().await;
            ann.post("/api/v1/password/change", json!({ "current_password": PASSWORD, "new_password": NEW })).await.is(204);
            for login in logins {
                let answer = login.await.unwrap();
                if answer.status == 200 {
                    opened += 1;
                    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
                    app.app_client().with_bearer(&token).get("/api/v1/profile").await.refused(401, "token_revoked");
                } else {
                    answer.refused(401, "invalid_credentials");
                }
            }
            ann.get("/api/v1/profile").await.is(200);
        }
        println!("{opened} of 96 logins opened a session before the change, which ended it");
    }
}
