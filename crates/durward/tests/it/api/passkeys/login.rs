//! Logging in with a passkey alone.

use std::time::Duration;

use durward_proto::{AccountStatus, Email};
use serde_json::{Value, json};

use super::{BEGIN, FINISH, answer_to, begin, log_in, owner, register};
use crate::kit::{
    App, Authenticator, BACKED_UP, BACKUP_ELIGIBLE, PASSWORD, PRESENT, SECRET, VERIFIED, email, jws, on_both,
};

async fn set_status(app: &App, name: &str, status: AccountStatus) {
    let email: Email = email(name).parse().unwrap();
    let user = app.operator.find(&email).await.unwrap().unwrap();
    app.operator.set_status(user.id, status).await.unwrap();
}

on_both! {
    /// As a browser: cookies and a CSRF token, as after any login.
    async fn with_cookies(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        let visitor = app.visitor();
        let options = visitor.post_empty(BEGIN).await.is(200).json();
        assert_eq!(options["publicKey"]["allowCredentials"], json!([]));
        assert_eq!(options["publicKey"]["userVerification"], "required");
        assert_eq!((&options["publicKey"]["rpId"], &options["publicKey"]["timeout"]), (&"localhost".into(), &300_000.into()));
        let credential = key.get(&app.origin, &options);
        let body = json!({ "ceremony_id": options["ceremony_id"], "credential": credential });
        let answer = visitor.post(FINISH, body).await.is(200);
        assert_eq!(answer.json()["status"], "authenticated");
        assert_eq!(answer.json()["user"]["email"], "ann@example.com");
        assert!(answer.json()["csrf_token"].is_string() && answer.json().get("refresh_token").is_none());
        for cookie in ["access_token", "refresh_token", "csrf_token", "device_id"] {
            assert!(answer.set_cookie(cookie).is_some(), "{cookie}");
        }
        visitor.put("/api/v1/profile", json!({ "full_name": "Ann" })).await.is(200);
        visitor.post_empty("/api/v1/auth/refresh").await.is(200);
    }

    /// As an app: everything in the body. `amr` says what was shown (RFC 8176), and the passkey that it was used.
    async fn with_bearer_tokens(app) {
        let (ann, mut key, passkey) = owner(&app, "ann").await;
        assert_eq!(passkey["last_used_at"], Value::Null);
        let answer = log_in(&app, &mut key).await.is(200);
        assert!(answer.set_cookies().is_empty());
        let answer = answer.json();
        assert!(answer["refresh_token"].is_string());
        let (_, claims) = jws::read(answer["access_token"].as_str().unwrap(), SECRET);
        assert_eq!(claims["amr"], json!(["hwk", "user", "mfa"]));
        let listed = ann.get("/api/v1/passkeys").await.is(200).json();
        assert!(listed["items"][0]["last_used_at"].is_string());
        let attempts = "SELECT COUNT(*) FROM device_login_attempts WHERE method = 'passkey' AND reason = 'ok'";
        assert_eq!(app.database.count(attempts).await, 1);
    }

    /// A passkey that can be copied is a key in software; whether it has been copied follows what it says.
    async fn copied_passkeys(app) {
        let ann = app.user("ann").await;
        let mut key = Authenticator::new();
        key.flags = PRESENT | VERIFIED | BACKUP_ELIGIBLE;
        (key.counts, _) = (false, ());
        assert_eq!(register(&app, &ann, &mut key).await.is(201).json()["backed_up"], false);
        key.flags |= BACKED_UP;
        let answer = log_in(&app, &mut key).await.is(200).json();
        let (_, claims) = jws::read(answer["access_token"].as_str().unwrap(), SECRET);
        assert_eq!(claims["amr"], json!(["swk", "user", "mfa"]));
        assert_eq!(ann.get("/api/v1/passkeys").await.is(200).json()["items"][0]["backed_up"], true);
        // Authenticators of this kind do not count, and that is no sign of anything.
        log_in(&app, &mut key).await.is(200);
        key.flags = PRESENT | VERIFIED;
        log_in(&app, &mut key).await.refused(401, "invalid_passkey");
    }

    /// With an address only that account's passkeys are asked for.
    async fn with_an_address(app) {
        let (_, mut ann, _) = owner(&app, "ann").await;
        let (_, mut bob, _) = owner(&app, "bob").await;
        let options = app.visitor().post(BEGIN, json!({ "email": " ANN@Example.com " })).await.is(200).json();
        let allowed = options["publicKey"]["allowCredentials"].as_array().unwrap();
        assert_eq!(allowed.len(), 1);
        assert_eq!((&allowed[0]["type"], &allowed[0]["transports"]), (&"public-key".into(), &json!(["hybrid", "internal"])));
        // Authenticators need not say whose it is when they were asked for this very passkey.
        let mut draft = ann.draft_get(&app.origin, &options);
        draft.user_handle = None;
        let answer = app.app_client().post(FINISH, answer_to(&options, ann.assert(&draft))).await.is(200);
        assert_eq!(answer.json()["user"]["email"], "ann@example.com");

        let mut options = app.visitor().post(BEGIN, json!({ "email": email("ann") })).await.is(200).json();
        options["publicKey"]["allowCredentials"] = json!([]);
        let credential = bob.get(&app.origin, &options);
        app.app_client().post(FINISH, answer_to(&options, credential)).await.refused(401, "invalid_passkey");
    }

    /// Nobody is locked out of their account by others who guess its password.
    async fn a_used_up_budget_of_the_account_is_no_obstacle(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        let wrong = json!({ "email": email("ann"), "password": "not the password" });
        for _ in 0..10 {
            app.visitor().post("/api/v1/auth/login", wrong.clone()).await.refused(401, "invalid_credentials");
        }
        app.visitor().post("/api/v1/auth/login", wrong).await.refused(429, "too_many_attempts");
        log_in(&app, &mut key).await.is(200);
    }

    /// Who may not come in learns of it with the right passkey alone.
    async fn accounts_that_are_not_active(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        for (status, code) in
            [(AccountStatus::Suspended, "account_suspended"), (AccountStatus::Deactivated, "account_deactivated")]
        {
            set_status(&app, "ann", status).await;
            log_in(&app, &mut key).await.refused(403, code);
            let options = begin(&app).await;
            let mut draft = key.draft_get(&app.origin, &options);
            draft.challenge = "AAAA".to_owned();
            let body = answer_to(&options, key.assert(&draft));
            app.app_client().post(FINISH, body).await.refused(401, "invalid_passkey");
        }
        set_status(&app, "ann", AccountStatus::Active).await;
        log_in(&app, &mut key).await.is(200);
    }

    /// A session that a passkey opened is one like all others.
    async fn it_ends_as_others_do(app) {
        let (ann, mut key, _) = owner(&app, "ann").await;
        let token = log_in(&app, &mut key).await.is(200).json()["access_token"].as_str().unwrap().to_owned();
        let other = app.app_client().with_bearer(&token);
        other.get("/api/v1/profile").await.is(200);
        let change = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
        ann.post("/api/v1/password/change", change).await.is(204);
        other.get("/api/v1/profile").await.refused(401, "token_revoked");
        log_in(&app, &mut key).await.is(200);
    }

    /// What was asked is good for five minutes.
    async fn five_minutes(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        for (seconds, status) in [(290, 200), (301, 401)] {
            let options = begin(&app).await;
            app.clock.advance(Duration::from_secs(seconds));
            let credential = key.get(&app.origin, &options);
            app.app_client().post(FINISH, answer_to(&options, credential)).await.is(status);
        }
    }
}
