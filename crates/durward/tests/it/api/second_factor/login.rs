//! The two halves of a login.

use super::*;
use crate::kit::{SECRET, jws};

on_both! {
    /// A browser: no cookie before the second factor, all of them after it.
    async fn with_cookies(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let browser = app.visitor();
        let challenge = challenged(&browser, "ann").await;
        assert_eq!(challenge["methods"], json!(["totp", "backup_code"]));
        let answer = verify(&browser, &challenge, "totp", &phone.next(&app)).await.is(200);
        for name in ["access_token", "refresh_token", "csrf_token", "device_id"] {
            assert!(answer.set_cookie(name).is_some(), "{name}");
        }
        assert!(answer.set_cookie("device_trust").is_none());
        let body = answer.json();
        assert_eq!((&body["status"], &body["user"]["tfa_enabled"]), (&json!("authenticated"), &json!(true)));
        assert!(body["csrf_token"].is_string() && body.get("refresh_token").is_none());
        assert!(body.get("backup_codes").is_none() && body.get("device_token").is_none());
        let status = browser.get("/api/v1/auth/status").await.json();
        assert_eq!(status["auth_methods"], json!(["pwd", "otp", "mfa"]));
        browser.put("/api/v1/settings", json!({ "theme": "light" })).await.is(200);
        browser.post_empty("/api/v1/auth/refresh").await.is(200);
        assert_eq!(browser.get("/api/v1/auth/status").await.json()["auth_methods"], json!(["pwd", "otp", "mfa"]));
    }

    /// An app: tokens in the body, and no `Set-Cookie` at all.
    async fn with_bearer_tokens(app) {
        let (_, phone, codes) = user_with_totp(&app, "ann").await;
        for (method, code) in [("totp", phone.next(&app)), ("backup_code", codes[6].clone())] {
            let client = app.app_client();
            let challenge = challenged_for(&client, "ann", "bearer").await;
            let answer = verify(&client, &challenge, method, &code).await.is(200);
            assert!(answer.set_cookies().is_empty(), "{:?}", answer.set_cookies());
            let body = answer.json();
            assert!(body["refresh_token"].is_string() && body.get("csrf_token").is_none());
            let (_, claims) = jws::read(body["access_token"].as_str().unwrap(), SECRET);
            assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]));
        }
    }

    /// The same form and path that OAuth2 clients use lead to the same challenge.
    async fn by_the_oauth2_form(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let client = app.app_client();
        let form = [("username", "ann@example.com"), ("password", PASSWORD), ("transport", "bearer")];
        let challenge = client.post_form("/api/v1/auth/jwt/login", &form).await.is(200).json();
        assert_eq!(challenge["status"], "second_factor_required");
        let spaced = phone.next(&app);
        let spaced = format!("{} {}", &spaced[..3], &spaced[3..]);
        verify(&client, &challenge, "totp", &spaced).await.is(200);
    }

    /// One step early and one late, and no more.
    async fn a_code_holds_in_the_steps_beside_its_own(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        for (steps, status) in [(-2, 401), (-1, 200), (2, 401), (1, 200), (0, 401), (-1, 401)] {
            // Away from all that was used before, but for the last two: those come after a later step.
            if steps != 0 && (steps, status) != (-1, 401) {
                app.clock.advance(STEP * 4);
                begin_step(&app);
            }
            let client = app.app_client();
            let challenge = challenged(&client, "ann").await;
            let answer = verify(&client, &challenge, "totp", &phone.steps_away(&app, steps)).await;
            if status == 200 { answer.is(200) } else { answer.refused(401, "invalid_second_factor") };
        }
    }

    /// A code is good once, whatever challenge it comes with.
    async fn a_code_does_not_come_twice(app) {
        let (_, phone, codes) = user_with_totp(&app, "ann").await;
        let code = phone.next(&app);
        for (method, code) in [("totp", &code), ("backup_code", &codes[0])] {
            let first = challenged(&app.visitor(), "ann").await;
            verify(&app.visitor(), &first, method, code).await.is(200);
            let second = challenged(&app.visitor(), "ann").await;
            verify(&app.visitor(), &second, method, code).await.refused(401, "invalid_second_factor");
        }
        let left = "SELECT COUNT(*) FROM backup_codes WHERE used_at IS NULL";
        assert_eq!(app.database.count(left).await, 9);
    }

    /// A person may type a backup code as it pleases them.
    async fn a_backup_code_as_it_is_typed(app) {
        let (_, _, codes) = user_with_totp(&app, "ann").await;
        let typed = [codes[0].to_lowercase(), codes[1].replace('-', ""), codes[2].replace('-', " ").replace('0', "o")];
        for code in &typed {
            let challenge = challenged(&app.visitor(), "ann").await;
            verify(&app.visitor(), &challenge, "backup_code", code).await.is(200);
        }
        let swapped = codes[3].replacen("04", "05", 1);
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "backup_code", &swapped).await.refused(401, "invalid_second_factor");
    }

    /// Codes are the user's own.
    async fn nobody_elses_code_will_do(app) {
        let (_, phone, codes) = user_with_totp(&app, "ann").await;
        user_with_totp(&app, "bob").await;
        let challenge = challenged(&app.visitor(), "bob").await;
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.refused(401, "invalid_second_factor");
        verify(&app.visitor(), &challenge, "backup_code", &codes[0]).await.refused(401, "invalid_second_factor");
    }

    /// What belongs to a method must be there, and nothing else. That is no guess.
    async fn what_is_not_an_answer_is_told(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let visitor = app.visitor();
        let challenge = challenged(&visitor, "ann").await;
        let token = &challenge["challenge_token"];
        let ceremony = "0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10";
        for body in [
            json!({ "challenge_token": token, "method": "totp" }),
            json!({ "challenge_token": token, "method": "backup_code" }),
            json!({ "challenge_token": token, "method": "passkey" }),
            json!({ "challenge_token": token, "method": "passkey", "code": "123456" }),
            json!({ "challenge_token": token, "method": "passkey", "ceremony_id": ceremony }),
            json!({ "challenge_token": token, "method": "totp", "code": "123456", "ceremony_id": ceremony }),
            json!({ "challenge_token": token, "method": "totp", "code": "123456", "credential": {} }),
            json!({ "challenge_token": token, "method": "totp", "code": 123_456 }),
            json!({ "challenge_token": token, "method": "sms", "code": "123456" }),
            json!({ "challenge_token": token, "method": "totp", "code": "123456", "remember": true }),
            json!({ "method": "totp", "code": "123456" }),
        ] {
            visitor.post(VERIFY, body).await.refused(422, "validation_failed");
        }
        verify(&visitor, &challenge, "totp", &phone.next(&app)).await.is(200);
    }

    /// What the user prefers is offered first.
    async fn methods_in_the_order_that_is_preferred(app) {
        let (ann, _, _) = user_with_totp(&app, "ann").await;
        for (preferred, offered) in [
            (json!(["backup_code"]), json!(["backup_code", "totp"])),
            (json!(["passkey", "totp", "backup_code"]), json!(["totp", "backup_code"])),
            (json!([]), json!(["totp", "backup_code"])),
        ] {
            let status = ann.put("/api/v1/2fa", json!({ "methods": preferred })).await.is(200).json();
            assert_eq!(status["methods"], offered);
            assert_eq!(challenged(&app.visitor(), "ann").await["methods"], offered);
        }
        ann.put("/api/v1/2fa", json!({ "methods": ["totp", "totp"] })).await.refused(422, "validation_failed");
        ann.put("/api/v1/2fa", json!({ "methods": ["sms"] })).await.refused(422, "validation_failed");
    }

    /// The trails say what was shown, and what came of it.
    async fn the_trails_know(app) {
        let (_, phone, codes) = user_with_totp(&app, "ann").await;
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "totp", "000000").await.refused(401, "invalid_second_factor");
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.is(200);
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "backup_code", &codes[1]).await.is(200);
        for (what, expected) in [
            ("device_login_attempts WHERE method = 'totp' AND reason = 'invalid_second_factor' AND NOT succeeded", 1),
            ("device_login_attempts WHERE method = 'totp' AND succeeded", 1),
            ("device_login_attempts WHERE method = 'backup_code' AND succeeded", 1),
            ("device_login_attempts WHERE reason = 'second_factor_required' AND NOT succeeded", 2),
            ("security_audit WHERE event = 'second_factor_failed'", 1),
            ("security_audit WHERE event = 'second_factor_asked'", 2),
            ("security_audit WHERE event = 'totp_enabled'", 1),
            ("security_audit WHERE event = 'backup_codes_made'", 1),
            ("security_audit WHERE event = 'backup_code_used'", 1),
            ("security_audit WHERE event = 'login'", 3),
        ] {
            assert_eq!(app.database.count(&format!("SELECT COUNT(*) FROM {what}")).await, expected, "{what}");
        }
    }
}

on_both! {
    with &[("DURWARD_SECOND_FACTOR__METHODS", "totp")];

    /// What an operator turned off is neither offered nor taken.
    async fn what_is_turned_off_is_not_taken(app) {
        let ann = app.user("ann").await;
        let phone = Phone::of(&ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json());
        let enabled = ann.post("/api/v1/2fa/totp/enable", json!({ "code": phone.shows(&app) })).await.is(200);
        assert_eq!(enabled.json()["backup_codes"], json!([]));
        let challenge = challenged(&app.visitor(), "ann").await;
        assert_eq!(challenge["methods"], json!(["totp"]));
        let code = "01-4KQ2-01Z8-PXYA-BCDE";
        verify(&app.visitor(), &challenge, "backup_code", code).await.refused(403, "method_unavailable");
        ann.post_empty("/api/v1/2fa/backup-codes").await.refused(403, "method_unavailable");
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.is(200);
    }
}

on_both! {
    with &[("DURWARD_SECOND_FACTOR__METHODS", "passkey")];

    /// Where the only factor of an account was turned off, the password alone does not do either.
    async fn nothing_weaker_takes_the_place_of_what_is_turned_off(app) {
        let ann = app.user("ann").await;
        ann.post_empty("/api/v1/2fa/totp/setup").await.refused(403, "method_unavailable");
        ann.post("/api/v1/2fa/totp/enable", json!({ "code": "123456" })).await.refused(403, "method_unavailable");
        // As it was before the operator turned it off.
        let id = app.operator.find(&email("ann").parse().unwrap()).await.unwrap().unwrap().id;
        let now = app.clock.now();
        let mut write = app.database.opened.gate.write().await.unwrap();
        write.ensure_factor_row(id, uuid::Uuid::from_u128(7), now).await.unwrap();
        assert!(write.enable_totp(id, b"sealed", 1, now).await.unwrap());
        write.set_tfa_enabled(id, true, now).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        app.visitor().post(LOGIN, body).await.refused(403, "method_unavailable");
    }
}
