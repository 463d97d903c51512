//! `durward user`, while a server runs.

use durward_store::testing::backends;
use serde_json::{Value, json};

use super::refused_within_a_second;
use crate::kit::{Actor, PASSWORD, Process, Site};

const ANN: &str = "ann@example.com";

/// Logs in with a bearer token that has been used.
async fn logged_in(process: &Process, password: &str) -> Actor {
    let body = json!({ "email": ANN, "password": password, "transport": "bearer" });
    let answer = process.app_client().post("/api/v1/auth/login", body).await.is(200).json();
    let actor = process.app_client().with_bearer(answer["access_token"].as_str().unwrap());
    actor.get("/api/v1/profile").await.is(200);
    actor
}

async fn site_with_ann(backend: durward_store::testing::Backend) -> Site {
    let site = Site::migrated(backend).await;
    let output = site.run_with_input(&["user", "create", ANN, "--password-stdin"], &format!("{PASSWORD}\n")).await;
    assert_eq!(output.code(0).stdout, format!("{ANN} has an account now, as user.\n"));
    site
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_list_and_show() {
    for backend in backends() {
        let site = site_with_ann(backend).await;
        let output = site.run(&["user", "create", "Bob@Example.com", "--role", "admin"]).await.code(0);
        let password = output.stdout.trim().strip_prefix("admin: Bob@Example.com  password: ").unwrap().to_owned();
        let process = site.serve().await;
        let body = json!({ "email": "bob@example.com", "password": password });
        let user = process.visitor().post("/api/v1/auth/login", body).await.is(200).json()["user"].clone();
        assert_eq!((&user["role"], &user["status"]), (&json!("admin"), &json!("active")));

        let listed = site.run(&["user", "list"]).await.code(0).stdout;
        let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(listed.iter().map(|user| &user["email"]).collect::<Vec<_>>(), [ANN, "Bob@Example.com"]);
        let shown = site.run(&["user", "show", "bob@EXAMPLE.com"]).await.code(0).stdout;
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), listed[1]);
        assert!(!shown.contains("password") && !shown.contains("argon2"), "{shown}");

        let taken = site.run(&["user", "create", "ANN@example.com"]).await.code(1);
        assert!(taken.stderr.contains("has an account already") && taken.stdout.is_empty(), "{}", taken.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_there_and_what_is_too_weak() {
    for backend in backends() {
        let site = site_with_ann(backend).await;
        let commands: [&[&str]; 7] = [
            &["show"],
            &["set-role", "admin"],
            &["suspend"],
            &["activate"],
            &["revoke-sessions"],
            &["set-password", "--password-stdin"],
            &["delete", "--yes"],
        ];
        for words in commands {
            let with = |email| [&["user", words[0], email], &words[1..]].concat();
            let nobody = site.run_with_input(&with("nobody@example.com"), PASSWORD).await.code(1);
            assert!(nobody.stderr.contains("nobody@example.com has no account"), "{}", nobody.stderr);
            let wrong = site.run_with_input(&with("nobody"), PASSWORD).await.code(2);
            assert!(wrong.stderr.contains("nobody"), "{}", wrong.stderr);
        }
        for weak in ["", "short", "password123", "aaaaaaaaaaaa"] {
            for words in [["create", "eve@example.com"], ["set-password", ANN]] {
                let output = site.run_with_input(&["user", words[0], words[1], "--password-stdin"], weak).await.code(1);
                assert!(!output.stderr.trim().is_empty() && output.stdout.is_empty(), "{weak}: {output:?}");
            }
        }
        site.run(&["user", "show", "eve@example.com"]).await.code(1);
        logged_in(&site.serve().await, PASSWORD).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_does_reaches_a_running_server_within_a_second() {
    for backend in backends() {
        let site = site_with_ann(backend).await;
        let process = site.serve().await;

        let before = logged_in(&process, PASSWORD).await;
        let mut socket = before.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        site.run(&["user", "suspend", ANN]).await.code(0);
        refused_within_a_second(&before).await.refused(401, "account_inactive");
        assert_eq!(socket.closed().await, (1008, "account_inactive".to_owned()));
        let body = json!({ "email": ANN, "password": PASSWORD });
        process.visitor().post("/api/v1/auth/login", body.clone()).await.refused(403, "account_suspended");

        site.run(&["user", "activate", ANN]).await.code(0);
        before.get("/api/v1/profile").await.refused(401, "token_revoked");
        let before = logged_in(&process, PASSWORD).await;
        let mut socket = before.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        before.get("/api/v1/admin/users").await.refused(403, "forbidden");
        site.run(&["user", "set-role", ANN, "admin"]).await.code(0);
        // No session ends: the token holds on with what the role may do now.
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        before.get("/api/v1/admin/users").await.is(200);
        let mut socket = before.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        site.run(&["user", "set-role", ANN, "user"]).await.code(0);
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        before.get("/api/v1/admin/users").await.refused(403, "forbidden");

        let another = logged_in(&process, PASSWORD).await;
        let ended = site.run(&["user", "revoke-sessions", ANN]).await.code(0);
        assert!(ended.stdout.starts_with("2 sessions"), "{}", ended.stdout);
        refused_within_a_second(&before).await.refused(401, "token_revoked");
        refused_within_a_second(&another).await.refused(401, "token_revoked");

        let before = logged_in(&process, PASSWORD).await;
        let mut socket = before.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        let new = "marmalade evening over Bergen";
        site.run_with_input(&["user", "set-password", ANN, "--password-stdin"], new).await.code(0);
        refused_within_a_second(&before).await.refused(401, "token_revoked");
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        process.visitor().post("/api/v1/auth/login", body).await.refused(401, "invalid_credentials");

        let before = logged_in(&process, new).await;
        site.run(&["user", "delete", ANN, "--yes"]).await.code(0);
        refused_within_a_second(&before).await.refused(401, "token_revoked");
        let body = json!({ "email": ANN, "password": new });
        process.visitor().post("/api/v1/auth/login", body).await.refused(401, "invalid_credentials");
        site.run(&["user", "show", ANN]).await.code(1);
    }
}
