//! Showing again who one is.

use super::*;
use crate::kit::{SECRET, jws};

const ID: &str = "0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10";
const OLD: Duration = Duration::from_secs(601);

/// Everything that asks for a fresh authentication.
async fn sensitive(who: &Actor) -> Vec<Answer> {
    vec![
        who.post_empty("/api/v1/2fa/totp/setup").await,
        who.post("/api/v1/2fa/totp/enable", json!({ "code": "123456" })).await,
        who.post("/api/v1/2fa/totp/disable", json!({ "password": PASSWORD })).await,
        who.post_empty("/api/v1/2fa/backup-codes").await,
        who.post_empty("/api/v1/passkeys/register/begin").await,
        who.post("/api/v1/passkeys/register/finish", json!({ "ceremony_id": ID, "credential": {} })).await,
        who.delete(&format!("/api/v1/passkeys/{ID}")).await,
        who.post("/api/v1/password/change", json!({ "current_password": PASSWORD, "new_password": "x" })).await,
        who.post("/api/v1/email/change", json!({ "new_email": "ann.lee@example.com" })).await,
    ]
}

fn claims_of(answer: &Answer) -> Value {
    jws::read(answer.json()["access_token"].as_str().unwrap(), SECRET).1
}

on_both! {
    /// An old login is asked to show again who it is, by every call that is sensitive; then none does.
    async fn an_old_login_is_not_enough(app) {
        let (ann, phone, _) = user_with_totp(&app, "ann").await;
        app.clock.advance(OLD);
        for answer in sensitive(&ann).await {
            answer.refused(403, "reauthentication_required");
        }
        // What is not sensitive goes on.
        ann.get("/api/v1/2fa").await.is(200);
        ann.put("/api/v1/2fa", json!({ "methods": [] })).await.is(200);
        ann.post_empty("/api/v1/auth/refresh").await.is(200);
        for answer in sensitive(&ann).await {
            answer.refused(403, "reauthentication_required");
        }
        ann.post(REAUTHENTICATE, json!({ "method": "totp", "code": phone.shows(&app) })).await.is(200);
        for answer in sensitive(&ann).await {
            assert!(!answer.text().contains("reauthentication_required"), "{}", answer.request);
        }
    }

    /// A browser gets the new token in its cookie, and a CSRF token that goes with it; nothing else changes.
    async fn in_a_browser(app) {
        let (ann, phone, _) = user_with_totp(&app, "ann").await;
        let session = ann.get("/api/v1/auth/status").await.json()["session_id"].clone();
        let refresh = ann.cookie("refresh_token");
        app.clock.advance(OLD);
        let answer = ann.post(REAUTHENTICATE, json!({ "method": "totp", "code": phone.shows(&app) })).await.is(200);
        let names: Vec<&str> = answer.set_cookies().iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
        assert_eq!(names, ["access_token", "csrf_token"]);
        let body = answer.json();
        assert_eq!((&body["status"], &body["session_id"]), (&json!("authenticated"), &session));
        assert!(body["csrf_token"].is_string() && body.get("refresh_token").is_none());
        let claims = claims_of(&answer);
        assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]));
        assert_eq!(claims["auth_time"], claims["iat"]);
        let status = ann.get("/api/v1/auth/status").await.json();
        assert_eq!((&status["auth_methods"], &status["session_id"]), (&json!(["pwd", "otp", "mfa"]), &session));
        assert_eq!(ann.cookie("refresh_token"), refresh);
        // The session remembers.
        app.clock.advance(Duration::from_secs(300));
        let refreshed = claims_of(&ann.post_empty("/api/v1/auth/refresh").await.is(200));
        assert_eq!((&refreshed["amr"], &refreshed["auth_time"]), (&claims["amr"], &claims["auth_time"]));
        ann.post_empty("/api/v1/2fa/backup-codes").await.is(200);
    }

    /// An app gets it in the body; its old token stays as old as it was.
    async fn in_an_app(app) {
        app.register("ann").await;
        let (ann, refresh) = app.bearer("ann").await;
        app.clock.advance(OLD);
        let answer = ann.post(REAUTHENTICATE, json!({ "password": PASSWORD })).await.is(200);
        assert!(answer.set_cookies().is_empty());
        let body = answer.json();
        assert!(body.get("csrf_token").is_none() && body.get("refresh_token").is_none());
        assert_eq!(claims_of(&answer)["amr"], json!(["pwd"]));
        ann.post_empty("/api/v1/2fa/totp/setup").await.refused(403, "reauthentication_required");
        let fresh = app.app_client().with_bearer(body["access_token"].as_str().unwrap());
        fresh.post_empty("/api/v1/2fa/totp/setup").await.is(200);
        let refreshed = ann.post("/api/v1/auth/refresh", json!({ "refresh_token": refresh })).await.is(200);
        assert_eq!(claims_of(&refreshed)["auth_time"], claims_of(&answer)["auth_time"]);
    }

    /// TOTP that is not set up shows nothing.
    async fn what_is_not_set_up(app) {
        let ann = app.user("ann").await;
        let setup = ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
        let code = Phone::of(&setup).shows(&app);
        ann.post(REAUTHENTICATE, json!({ "method": "totp", "code": code })).await.refused(401, "invalid_second_factor");
    }
}

on_both! {
    with &[("DURWARD_LIMITS__FIRST_DELAY", "1m")];

    /// Wrong answers are guesses, as at a login.
    async fn wrong_answers(app) {
        let (ann, phone, codes) = user_with_totp(&app, "ann").await;
        let again = |body: Value| ann.post(REAUTHENTICATE, body);
        for body in [
            json!({}),
            json!({ "password": PASSWORD, "method": "totp", "code": "123456" }),
            json!({ "password": PASSWORD, "code": "123456" }),
            json!({ "method": "totp" }),
            json!({ "method": "backup_code", "code": codes[0] }),
            json!({ "method": "passkey" }),
            json!({ "method": "passkey", "code": "123456" }),
            json!({ "code": "123456" }),
        ] {
            again(body).await.refused(422, "validation_failed");
        }
        let code = phone.next(&app);
        again(json!({ "method": "totp", "code": code })).await.is(200);
        again(json!({ "method": "totp", "code": code })).await.refused(401, "invalid_second_factor");
        for _ in 0..4 {
            again(json!({ "method": "totp", "code": "000000" })).await.refused(401, "invalid_second_factor");
        }
        for _ in 0..5 {
            again(json!({ "password": "not the password" })).await.refused(401, "invalid_credentials");
        }
        for body in [json!({ "password": PASSWORD }), json!({ "method": "totp", "code": phone.steps_away(&app, 1) })] {
            assert!(again(body).await.refused(429, "too_many_attempts").header("retry-after").is_some());
        }
        // The session itself goes on.
        ann.get("/api/v1/profile").await.is(200);
        let login = json!({ "email": email("ann"), "password": PASSWORD });
        app.visitor().post(LOGIN, login).await.refused(429, "too_many_attempts");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'reauthenticated'").await, 1);
    }
}
