//! What becomes of a good token when its session or its account changes.

use std::time::Duration;

use durward_proto::{AccountStatus, Role, UserId};
use durward_store::testing::Backend;

use super::*;
use crate::kit::{PASSWORD, email};

on_both! {
    /// A session that never was, somebody else's, and a role that nobody gave.
    async fn the_database_has_the_last_word(app) {
        app.register("ann").await;
        app.register("bob").await;
        let (ann, bob) = (Forge::of(&app, "ann").await, Forge::of(&app, "bob").await);
        let unknown = ann.claim("sid", json!("01890000-0000-7000-8000-000000000000"));
        is_refused(show(&app, &unknown).await, "token_revoked", "an unknown session");
        is_refused(
            show(&app, &ann.claim("sid", bob.claims["sid"].clone())).await,
            "token_revoked",
            "another's session",
        );
        let promoted = ann.claim("role", json!("admin"));
        let promoted = app.app_client().with_bearer(&promoted);
        assert_eq!(promoted.get(PROFILE).await.is(200).json()["user"]["role"], "user");
        promoted.get("/api/v1/admin/users").await.refused(403, "forbidden");
    }

    /// What an operator does beside the server holds within a second.
    async fn an_operators_hand(app) {
        let id = UserId(app.register("ann").await);
        let address: durward_proto::Email = email("ann").parse().unwrap();
        assert_eq!(app.operator.find(&address).await.unwrap().unwrap().id, id);
        let (ann, token) = app.bearer("ann").await;
        ann.get("/api/v1/admin/users").await.refused(403, "forbidden");
        app.operator.set_role(id, &Role::admin()).await.unwrap();
        within_a_second(async || ann.get("/api/v1/admin/users").await.status == 200).await;
        assert_eq!(ann.get(PROFILE).await.is(200).json()["user"]["role"], "admin");
        // Somebody else has to be left.
        app.admin("root").await;
        app.operator.set_role(id, &Role::user()).await.unwrap();
        within_a_second(async || ann.get("/api/v1/admin/users").await.status == 403).await;
        ann.get(PROFILE).await.is(200);

        for status in [AccountStatus::Suspended, AccountStatus::Deactivated, AccountStatus::Pending] {
            let (client, _) = app.bearer("ann").await;
            client.get(PROFILE).await.is(200);
            app.operator.set_status(id, status).await.unwrap();
            within_a_second(async || client.get(PROFILE).await.status == 401).await;
            is_refused(client.get(PROFILE).await, "account_inactive", status.as_str());
            assert_eq!(client.get("/api/v1/auth/status").await.is(200).json()["authenticated"], false);
            // The sessions of before stay ended.
            app.operator.set_status(id, AccountStatus::Active).await.unwrap();
            within_a_second(async || client.get(PROFILE).await.json()["code"] == "token_revoked").await;
        }
        let refresh = json!({ "refresh_token": token });
        app.app_client().post("/api/v1/auth/refresh", refresh).await.refused(401, "token_revoked");

        let (client, _) = app.bearer("ann").await;
        client.get(PROFILE).await.is(200);
        assert_eq!(app.operator.revoke_sessions(id).await.unwrap(), 1);
        within_a_second(async || client.get(PROFILE).await.status == 401).await;
        is_refused(client.get(PROFILE).await, "token_revoked", "revoked by an operator");
        let (client, _) = app.bearer("ann").await;
        client.get(PROFILE).await.is(200);
        app.operator.delete(id).await.unwrap();
        within_a_second(async || client.get(PROFILE).await.status == 401).await;
        app.register("ann").await;
        client.get(PROFILE).await.is(401);
    }

    /// Where it cannot be found out whether a token holds, it is not refused: 503.
    async fn a_database_that_is_away(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        app.database.sql("ALTER TABLE user_sessions RENAME TO elsewhere").await;
        let answer = show(&app, &forge.good()).await.refused(503, "verification_unavailable");
        assert!(answer.header("retry-after").is_some() && answer.header("www-authenticate").is_none());
        // What needs no database is refused as ever.
        is_refused(show(&app, &forge.claim("exp", json!(1))).await, "token_expired", "expired");
        app.database.sql("ALTER TABLE elsewhere RENAME TO user_sessions").await;
        show(&app, &forge.good()).await.is(200);
    }
}

/// What one node ends, another one knows within a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_reaches_the_other_node() {
    let app = App::start(Backend::Postgres).await;
    let node = app.beside().await;
    app.register("ann").await;
    let (here, _) = app.bearer("ann").await;
    let there = here.copy().at(node.address);
    there.get(PROFILE).await.is(200);
    here.post_empty("/api/v1/auth/logout").await.is(204);
    here.get(PROFILE).await.refused(401, "token_revoked");
    within_a_second(async || there.get(PROFILE).await.status == 401).await;
    there.get(PROFILE).await.refused(401, "token_revoked");
    // A change of password there, too.
    let (here, _) = app.bearer("ann").await;
    let other = app.login("ann").await.at(node.address);
    other.get(PROFILE).await.is(200);
    let body = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
    here.post("/api/v1/password/change", body).await.is(204);
    within_a_second(async || other.get(PROFILE).await.status == 401).await;
}

#[track_caller]
fn within_a_second(holds: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let asked = std::panic::Location::caller();
    async move { wait_until(holds).await.unwrap_or_else(|_| panic!("{asked}: not within a second")) }
}

async fn wait_until(holds: impl AsyncFn() -> bool) -> Result<(), tokio::time::error::Elapsed> {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), wait).await
}
