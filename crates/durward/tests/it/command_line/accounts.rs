//! `durward user`, while a server runs.

use durward_store::testing::backends;
use serde_json::{Value, json};

use super::refused_within_a_second;
use crate::kit::{Actor, Authenticator, PASSWORD, Process, Site};

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
        let shown_as_json: Value = serde_json::from_str(&shown).unwrap();
        for (member, value) in listed[1].as_object().unwrap() {
            assert_eq!(&shown_as_json[member], value, "{member}");
        }
        assert_eq!(
            (&shown_as_json["scopes"], &shown_as_json["factors"]["passkeys"]),
            (&json!(["user", "admin"]), &json!(0))
        );
        let sessions = shown_as_json["sessions"].as_array().unwrap().len();
        assert_eq!((sessions, &shown_as_json["attempts"][0]["reason"]), (1, &json!("ok")));
        assert!(!shown.contains(&password) && !shown.contains("argon2"), "{shown}");

        for command in
            [&["user", "create", "cleo@example.com", "--role", "edtor"][..], &["user", "set-role", ANN, "edtor"]]
        {
            let roles = [("DURWARD_ROLES__EDITOR__SCOPES", "app:edit")];
            let unknown = site.run_with(command, &roles).await.code(2);
            assert!(unknown.stderr.contains("did you mean editor?"), "{}", unknown.stderr);
        }
        let taken = site.run(&["user", "create", "ANN@example.com"]).await.code(1);
        assert!(taken.stderr.contains("has an account already") && taken.stdout.is_empty(), "{}", taken.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_there_and_what_is_too_weak() {
    for backend in backends() {
        let site = site_with_ann(backend).await;
        let commands: [&[&str]; 9] = [
            &["show"],
            &["set-role", "admin"],
            &["suspend"],
            &["activate"],
            &["revoke-sessions"],
            &["reset-factors"],
            &["send-reset"],
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
        // She is the only one: nobody would be left.
        for command in
            [&["user", "set-role", ANN, "user"][..], &["user", "suspend", ANN], &["user", "delete", ANN, "--yes"]]
        {
            let refused = site.run(command).await.code(1);
            assert!(refused.stderr.contains("admin"), "{}", refused.stderr);
        }
        before.get("/api/v1/admin/users").await.is(200);
        site.run(&["user", "create", "root@example.com", "--role", "admin"]).await.code(0);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_an_operator_sends() {
    for backend in backends() {
        // Nobody would send it.
        let site = site_with_ann(backend).await;
        let output = site.run(&["user", "send-reset", ANN]).await.code(1);
        assert!(output.stderr.contains("mail.url is not set"), "{}", output.stderr);
        assert_eq!(site.database.count("SELECT COUNT(*) FROM mail_outbox").await, 0);

        // In development mails are written to the log.
        let site = site.with("ENVIRONMENT", "development");
        let process = site.serve().await;
        let before = logged_in(&process, PASSWORD).await;
        let output = site.run(&["user", "send-reset", "ANN@example.com"]).await.code(0);
        assert!(output.stdout.contains("mails ANN@example.com a link"), "{}", output.stdout);
        let line = process.line("#token=").await;
        let (_, token) = line.split_once("#token=").unwrap();
        let token: String = token.chars().take(43).collect();
        let new = "marmalade evening over Bergen";
        let body = json!({ "token": token, "new_password": new });
        process.visitor().post("/api/v1/password/reset", body).await.is(204);
        before.get("/api/v1/profile").await.refused(401, "token_revoked");
        logged_in(&process, new).await;
        let audit = "SELECT COUNT(*) FROM security_audit WHERE event = 'password_reset_requested' AND ip IS NULL";
        assert_eq!(site.database.count(audit).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_factors_that_an_operator_removes() {
    for backend in backends() {
        let site = site_with_ann(backend).await;
        let process = site.serve().await;
        let none = site.run(&["user", "reset-factors", ANN]).await.code(0);
        assert!(none.stdout.contains("had no second factor"), "{}", none.stdout);

        let before = logged_in(&process, PASSWORD).await;
        let options = before.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        let credential = Authenticator::new().create(&process.origin, &options);
        let body = json!({ "ceremony_id": options["ceremony_id"], "credential": credential });
        before.post("/api/v1/passkeys/register/finish", body).await.is(201);
        let login = json!({ "email": ANN, "password": PASSWORD });
        let pending = process.visitor().post("/api/v1/auth/login", login.clone()).await.is(200).json();
        assert_eq!(pending["status"], "second_factor_required");

        let output = site.run(&["user", "reset-factors", ANN]).await.code(0);
        assert!(output.stdout.contains("has no second factor any more"), "{}", output.stdout);
        refused_within_a_second(&before).await.refused(401, "token_revoked");
        let shown: Value = serde_json::from_str(&site.run(&["user", "show", ANN]).await.code(0).stdout).unwrap();
        assert_eq!(shown["tfa_enabled"], false);
        for table in ["passkey_credentials", "backup_codes", "two_factor_challenges", "trusted_devices"] {
            assert_eq!(site.database.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
        }
        assert_eq!(process.visitor().post("/api/v1/auth/login", login).await.is(200).json()["status"], "authenticated");
        let audit = "SELECT COUNT(*) FROM security_audit WHERE event = 'factors_reset'";
        assert_eq!(site.database.count(audit).await, 2);
    }
}
