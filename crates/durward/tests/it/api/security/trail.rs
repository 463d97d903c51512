//! Every path that can be tried has its row.

use super::*;

async fn count(app: &App, condition: &str) -> i64 {
    app.database.count(&format!("SELECT COUNT(*) FROM device_login_attempts WHERE {condition}")).await
}

/// One more row of this kind than before, whatever else there is.
async fn leaves(app: &App, method: &str, reason: &str, and: &str, act: impl AsyncFnOnce()) {
    let condition = format!("method = '{method}' AND reason = '{reason}' AND {and}");
    let before = count(app, &condition).await;
    act().await;
    assert_eq!(count(app, &condition).await, before + 1, "{condition}");
}

const OPENED: &str =
    "succeeded AND user_id IS NOT NULL AND session_id IS NOT NULL AND registered_device_id IS NOT NULL";
const REFUSED: &str = "NOT succeeded AND user_id IS NOT NULL AND session_id IS NULL";
const AGAIN: &str = "succeeded AND user_id IS NOT NULL AND session_id IS NOT NULL AND registered_device_id IS NOT NULL";
const NOT_AGAIN: &str =
    "NOT succeeded AND user_id IS NOT NULL AND session_id IS NOT NULL AND registered_device_id IS NOT NULL";
const NOBODYS: &str = "NOT succeeded AND user_id IS NULL AND ip IS NOT NULL";

on_both! {
    with &[KEPT, ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false"), ("DURWARD_RISK__ENABLED", "false")];

    /// Passwords and second factors at logins.
    async fn passwords_and_second_factors(app) {
        let app = &app;
        let (_, phone, codes) = user_with_totp(app, "ann").await;
        let browser = app.visitor();
        leaves(app, "password", "second_factor_required", REFUSED, async || {
            challenged(&browser, "ann").await;
        }).await;
        leaves(app, "password", "invalid_credentials", REFUSED, async || wrong_password(&browser, "ann").await).await;
        leaves(app, "password", "invalid_credentials", NOBODYS, async || wrong_password(&browser, "nobody").await).await;
        let challenge = challenged(&browser, "ann").await;
        leaves(app, "totp", "invalid_second_factor", REFUSED, async || {
            browser.post(VERIFY, answer_to(&challenge, "totp", "000000")).await.refused(401, "invalid_second_factor");
        }).await;
        leaves(app, "backup_code", "ok", OPENED, async || {
            browser.post(VERIFY, answer_to(&challenge, "backup_code", &codes[0])).await.is(200);
        }).await;
        let challenge = challenged(&browser, "ann").await;
        leaves(app, "totp", "ok", OPENED, async || {
            browser.post(VERIFY, answer_to(&challenge, "totp", &phone.next(app))).await.is(200);
        }).await;
    }

    /// And within a session.
    async fn showing_again_who_one_is(app) {
        let app = &app;
        let (ann, phone, _) = user_with_totp(app, "ann").await;
        let again = async |body: Value| ann.post("/api/v1/auth/reauthenticate", body).await;
        leaves(app, "password", "reauthenticated", AGAIN, async || {
            again(json!({ "password": PASSWORD })).await.is(200);
        }).await;
        leaves(app, "password", "invalid_credentials", NOT_AGAIN, async || {
            again(json!({ "password": "not the password" })).await.refused(401, "invalid_credentials");
        }).await;
        leaves(app, "totp", "reauthenticated", AGAIN, async || {
            again(json!({ "method": "totp", "code": phone.next(app) })).await.is(200);
        }).await;
        leaves(app, "totp", "invalid_second_factor", NOT_AGAIN, async || {
            again(json!({ "method": "totp", "code": "000000" })).await.refused(401, "invalid_second_factor");
        }).await;
        leaves(app, "password", "invalid_credentials", NOT_AGAIN, async || {
            let body = json!({ "password": "not the password" });
            ann.post("/api/v1/2fa/totp/disable", body).await.refused(401, "invalid_credentials");
        }).await;
        leaves(app, "password", "invalid_credentials", NOT_AGAIN, async || {
            let body = json!({ "current_password": "not the password", "new_password": "four quiet herons at dusk" });
            ann.post("/api/v1/password/change", body).await.refused(401, "invalid_credentials");
        }).await;
    }

    /// Passkeys.
    async fn passkeys(app) {
        use crate::api::passkeys;
        let ann = app.user("ann").await;
        let mut key = crate::kit::Authenticator::new();
        passkeys::register(&app, &ann, &mut key).await.is(201);
        leaves(&app, "passkey", "ok", OPENED, async || {
            passkeys::log_in(&app, &mut key).await.is(200);
        }).await;
        let id = ann.get("/api/v1/passkeys").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
        ann.delete(&format!("/api/v1/passkeys/{id}")).await.is(204);
        leaves(&app, "passkey", "invalid_passkey", NOBODYS, async || {
            passkeys::log_in(&app, &mut key).await.refused(401, "invalid_passkey");
        }).await;
    }

    /// What was mailed, and a refresh token that comes twice.
    async fn mailed_tokens_and_refresh_tokens(app) {
        let app = &app;
        app.register("ann").await;
        let token = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let visitor = app.visitor();
        let reset = json!({ "token": token, "new_password": "four quiet herons at dusk" });
        for (method, path, body) in [
            ("reset_token", "/api/v1/password/reset", reset),
            ("verify_token", "/api/v1/email/verify", json!({ "token": token })),
            ("change_token", "/api/v1/email/change/confirm", json!({ "token": token })),
        ] {
            leaves(app, method, "link_invalid", NOBODYS, async || {
                visitor.post(path, body).await.refused(422, "link_invalid");
            }).await;
        }
        let (_, first) = app.bearer("ann").await;
        let refresh = async |token: &str| {
            app.app_client().post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await
        };
        let second = refresh(&first).await.is(200).json()["refresh_token"].as_str().unwrap().to_owned();
        refresh(&second).await.is(200);
        let condition = "NOT succeeded AND user_id IS NOT NULL AND session_id IS NOT NULL";
        leaves(app, "refresh", "refresh_reused", condition, async || {
            refresh(&first).await.refused(401, "refresh_reused");
        }).await;
    }
}
