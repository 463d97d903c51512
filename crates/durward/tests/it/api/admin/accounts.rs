//! What operators see and change of an account: at once, everywhere, and written down under their name.

use durward_core::factors::totp::TotpSecret;
use durward_proto::Clock;
use serde_json::{Value, json};

use crate::kit::{App, KEPT, on_both, token};

fn path(id: i64) -> String {
    format!("/api/v1/admin/users/{id}")
}

/// How often the trail has it that somebody did this to somebody else's account, or to anybody's where none is named.
async fn audited(app: &App, event: &str, whom: Option<(i64, i64)>) -> i64 {
    let (actor, subject) = match whom {
        Some((actor, subject)) => (format!("= {actor}"), format!("= {subject}")),
        None => ("IS NOT NULL".to_owned(), "<> actor_user_id".to_owned()),
    };
    let rows = "SELECT COUNT(*) FROM security_audit WHERE";
    app.database
        .count(&format!("{rows} event = '{event}' AND actor_user_id {actor} AND subject_user_id {subject}"))
        .await
}

on_both! {
    /// Suspended, the account is out at once: its sessions, its sockets, the next login. Active again, it is in.
    async fn a_suspension_holds_at_once(app) {
        let root = app.admin("root").await;
        let ann = app.user("ann").await;
        let id = ann.get("/api/v1/profile").await.json()["user"]["id"].as_i64().unwrap();
        let root_id = root.get("/api/v1/profile").await.json()["user"]["id"].as_i64().unwrap();
        let mut socket = ann.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        let changed = root.patch(&path(id), json!({ "status": "suspended" })).await.is(200).json();
        assert_eq!((&changed["status"], &changed["id"]), (&json!("suspended"), &json!(id)));
        assert_eq!(socket.closed().await, (1008, "account_inactive".to_owned()));
        ann.get("/api/v1/profile").await.refused(401, "account_inactive");
        let login = json!({ "email": "ann@example.com", "password": crate::kit::PASSWORD });
        app.visitor().post("/api/v1/auth/login", login).await.refused(403, "account_suspended");
        root.patch(&path(id), json!({ "status": "active" })).await.is(200);
        app.login("ann").await.get("/api/v1/profile").await.is(200);
        // Once more changes nothing, and says nothing.
        root.patch(&path(id), json!({ "status": "active" })).await.is(200);
        assert_eq!(root.patch(&path(id), json!({})).await.is(200).json()["status"], "active");
        assert_eq!(audited(&app, "status_changed", Some((root_id, id))).await, 2);
    }

    /// Deactivated goes, pending does not, and what is no status or nobody's id is refused.
    async fn only_what_can_be_is_accepted(app) {
        let root = app.admin("root").await;
        let id = app.register("ann").await;
        for body in [
            json!({ "status": "pending" }), json!({ "status": "gone" }), json!({ "role": "Big Boss" }),
            json!({ "role": "editor" }), json!({ "email": "a@example.com" }), json!({ "role": 1 }),
            json!({ "status": "suspended", "id": 1 }),
        ] {
            root.patch(&path(id), body).await.refused(422, "validation_failed");
        }
        for nobody in ["0", "-1", "999999", "abc", "99999999999999999999", "019a0000-0000-7000-8000-000000000000"] {
            root.get(&format!("/api/v1/admin/users/{nobody}")).await.refused(404, "not_found");
            let path = format!("/api/v1/admin/users/{nobody}");
            root.patch(&path, json!({ "status": "suspended" })).await.refused(404, "not_found");
            root.post_empty(&format!("{path}/reset-factors")).await.refused(404, "not_found");
        }
        assert_eq!(root.patch(&path(id), json!({ "status": "deactivated" })).await.is(200).json()["status"], "deactivated");
        let both = root.patch(&path(id), json!({ "status": "active", "role": "admin" })).await.is(200).json();
        assert_eq!((&both["status"], &both["role"]), (&json!("active"), &json!("admin")));
        let rows = "SELECT COUNT(*) FROM security_audit WHERE actor_user_id IS NOT NULL AND subject_user_id <> actor_user_id";
        assert_eq!(app.database.count(rows).await, 3);
    }

    /// Another role counts at once for tokens that are out already, and closes the sockets that were opened with the old.
    async fn a_role_changes_at_once(app) {
        let root = app.admin("root").await;
        let ann = app.user("ann").await;
        let id = ann.get("/api/v1/profile").await.json()["user"]["id"].as_i64().unwrap();
        let mut socket = ann.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        ann.get("/api/v1/admin/users").await.refused(403, "forbidden");
        root.patch(&path(id), json!({ "role": "admin" })).await.is(200);
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        ann.get("/api/v1/admin/users").await.is(200);
        root.patch(&path(id), json!({ "role": "user" })).await.is(200);
        ann.get("/api/v1/admin/users").await.refused(403, "forbidden");
        ann.get("/api/v1/profile").await.is(200);
    }

    /// Who gives roles or removes factors has shown who they are lately; who suspends need not have.
    async fn sensitive_acts_need_a_recent_authentication(app) {
        let root = app.admin("root").await;
        let id = app.register("ann").await;
        app.clock.advance(std::time::Duration::from_secs(601));
        root.patch(&path(id), json!({ "role": "admin" })).await.refused(403, "reauthentication_required");
        root.post_empty(&format!("{}/reset-factors", path(id))).await.refused(403, "reauthentication_required");
        root.patch(&path(id), json!({ "status": "suspended" })).await.is(200);
        root.post("/api/v1/auth/reauthenticate", json!({ "password": crate::kit::PASSWORD })).await.is(200);
        root.patch(&path(id), json!({ "role": "admin" })).await.is(200);
        root.post_empty(&format!("{}/reset-factors", path(id))).await.is(200);
    }

    /// Sessions end one by one or all at once, whoever's they are.
    async fn sessions_can_be_ended(app) {
        let root = app.admin("root").await;
        let ann = app.user("ann").await;
        let id = ann.get("/api/v1/profile").await.json()["user"]["id"].as_i64().unwrap();
        let second = app.login("ann").await;
        let mut socket = ann.socket("/api/v1/ws/chat").await;
        let session = socket.expect("ready").await["session_id"].as_str().unwrap().to_owned();
        let one = format!("/api/v1/admin/sessions/{session}");
        root.delete(&one).await.is(204);
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        ann.get("/api/v1/profile").await.refused(401, "token_revoked");
        second.get("/api/v1/profile").await.is(200);
        root.delete(&one).await.refused(404, "not_found");
        root.delete("/api/v1/admin/sessions/019a0000-0000-7000-8000-000000000000").await.refused(404, "not_found");
        let third = app.login("ann").await;
        let ended = root.post_empty(&format!("{}/revoke-sessions", path(id))).await.is(200).json();
        assert_eq!(ended["sessions"], 2);
        for gone in [second, third] {
            gone.get("/api/v1/profile").await.refused(401, "token_revoked");
        }
        root.get("/api/v1/profile").await.is(200);
        assert_eq!(audited(&app, "session_revoked", None).await, 1);
        assert_eq!(audited(&app, "sessions_revoked", None).await, 1);
    }

    /// What belongs to an account stands in its detail, and nothing that is the user's own secret.
    async fn the_detail_says_what_there_is(app) {
        let root = app.admin("root").await;
        let ann = app.user("ann").await;
        let id = ann.get("/api/v1/profile").await.json()["user"]["id"].as_i64().unwrap();
        let wrong = json!({ "email": "ann@example.com", "password": "not this one at all" });
        app.visitor().post("/api/v1/auth/login", wrong).await.refused(401, "invalid_credentials");
        ann.put("/api/v1/profile", json!({ "mission_statement": "to be left alone" })).await.is(200);
        let setup = ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
        let secret = setup["secret"].as_str().unwrap().to_owned();
        let code = TotpSecret::from_base32(&secret).unwrap().code_at(app.clock.now());
        ann.post("/api/v1/2fa/totp/enable", json!({ "code": code.expose() })).await.is(200);
        let answer = root.get(&path(id)).await.is(200);
        let text = answer.text();
        for hidden in ["argon2", "to be left alone", &secret, "password_hash"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
        let detail = answer.json();
        assert_eq!((&detail["id"], &detail["role"], &detail["scopes"]), (&json!(id), &json!("user"), &json!(["user"])));
        assert_eq!(detail["profile"]["filled"], json!(["mission_statement"]));
        assert_eq!(detail["factors"]["totp"]["enabled"], true);
        assert_eq!(detail["factors"]["backup_codes"]["remaining"], 10);
        assert_eq!(detail["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(detail["devices"].as_array().unwrap().len(), 1);
        let reasons: Vec<&Value> = detail["attempts"].as_array().unwrap().iter().map(|one| &one["reason"]).collect();
        assert_eq!(reasons, ["invalid_credentials", "ok"]);
    }
}

mod mailed {
    use super::*;

    on_both! {
        with &[KEPT, ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false")];

        /// A link to set a password with arrives, and works; who is suspended gets none.
        async fn a_reset_can_be_sent(app) {
            let root = app.admin("root").await;
            let id = app.register("ann").await;
            let send = format!("{}/send-reset", path(id));
            root.post_empty(&send).await.is(202);
            let token = token(&app.mails.expect("ann@example.com", "reset_password").await);
            let body = json!({ "token": token, "new_password": "four quiet herons at dusk" });
            app.visitor().post("/api/v1/password/reset", body).await.is(204);
            assert_eq!(audited(&app, "password_reset_sent", None).await, 1);
            root.patch(&path(id), json!({ "status": "suspended" })).await.is(200);
            root.post_empty(&send).await.refused(409, "factor_state");
        }

        /// Without a second factor the password is enough again; the user is told.
        async fn factors_can_be_reset(app) {
            let root = app.admin("root").await;
            let ann = app.user("ann").await;
            let id = ann.get("/api/v1/profile").await.json()["user"]["id"].as_i64().unwrap();
            let setup = ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
            let code = TotpSecret::from_base32(setup["secret"].as_str().unwrap()).unwrap().code_at(app.clock.now());
            ann.post("/api/v1/2fa/totp/enable", json!({ "code": code.expose() })).await.is(200);
            app.mails.expect("ann@example.com", "new_factor").await;
            let reset = format!("{}/reset-factors", path(id));
            let gone = root.post_empty(&reset).await.is(200).json();
            assert_eq!((&gone["totp"], &gone["passkeys"], &gone["sessions"]), (&json!(true), &json!(0), &json!(1)));
            ann.get("/api/v1/profile").await.refused(401, "token_revoked");
            app.mails.expect("ann@example.com", "factors_reset").await;
            app.login("ann").await.get("/api/v1/profile").await.is(200);
            assert_eq!(root.post_empty(&reset).await.is(200).json()["totp"], false);
            assert_eq!(audited(&app, "factors_reset", None).await, 2);
        }
    }
}

mod approved {
    use super::*;

    on_both! {
        with &[("DURWARD_REGISTRATION__APPROVE", "true")];

        /// Who waits for an approval gets in with it.
        async fn a_pending_account_becomes_active(app) {
            let body = json!({ "email": "ann@example.com", "password": crate::kit::PASSWORD });
            let id = app.visitor().post("/api/v1/auth/register", body.clone()).await.is(201).json()["user"]["id"].as_i64().unwrap();
            app.visitor().post("/api/v1/auth/login", body.clone()).await.refused(403, "account_pending");
            let root = {
                let id = app.register("root").await;
                app.operator.set_role(durward_proto::UserId(id), &durward_proto::Role::admin()).await.unwrap();
                app.operator.set_status(durward_proto::UserId(id), durward_proto::AccountStatus::Active).await.unwrap();
                app.login("root").await
            };
            let pending = root.get("/api/v1/admin/users?status=pending").await.is(200).json();
            assert_eq!(pending["items"][0]["id"], id);
            root.patch(&path(id), json!({ "status": "active" })).await.is(200);
            app.visitor().post("/api/v1/auth/login", body).await.is(200);
            root.post_empty(&format!("{}/send-reset", path(id))).await.refused(409, "mail_unavailable");
        }
    }
}
