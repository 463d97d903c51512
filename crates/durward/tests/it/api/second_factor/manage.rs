//! Setting second factors up, and taking them down.

use super::*;

on_both! {
    /// From nothing to everything and back.
    async fn the_whole_way(app) {
        let ann = app.user("ann").await;
        let status = ann.get("/api/v1/2fa").await.is(200).json();
        assert_eq!(status, json!({
            "enabled": false, "required": false, "methods": [], "totp": { "enabled": false, "enabled_at": null },
            "backup_codes": { "remaining": 0, "created_at": null }, "passkeys": 0, "trusted_devices": [],
        }));
        let setup = ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
        let secret = setup["secret"].as_str().unwrap();
        assert_eq!(secret.len(), 32);
        let uri = url::Url::parse(setup["otpauth_uri"].as_str().unwrap()).unwrap();
        assert_eq!((uri.scheme(), uri.host_str(), uri.path()), ("otpauth", Some("totp"), "/durward:ann%40example%2Ecom"));
        let pairs: Vec<(String, String)> = uri.query_pairs().into_owned().collect();
        for (name, value) in [("secret", secret), ("issuer", "durward"), ("algorithm", "SHA1"), ("digits", "6"), ("period", "30")] {
            assert!(pairs.contains(&(name.to_owned(), value.to_owned())), "{name} in {uri}");
        }
        assert!(setup["qr_svg"].as_str().unwrap().contains("<svg"));
        // Nothing holds yet.
        assert_eq!(ann.get("/api/v1/2fa").await.json()["enabled"], false);
        app.login("ann").await.get("/api/v1/profile").await.is(200);

        let phone = Phone::of(&setup);
        let body = json!({ "code": "000000" });
        ann.post("/api/v1/2fa/totp/enable", body).await.refused(401, "invalid_second_factor");
        let answer = ann.post("/api/v1/2fa/totp/enable", json!({ "code": phone.shows(&app) })).await.is(200);
        let codes = backup_codes(&answer.json());
        for (number, code) in codes.iter().enumerate() {
            assert!(code.starts_with(&format!("{:02}-", number + 1)) && code.len() == 22, "{code}");
        }
        let status = ann.get("/api/v1/2fa").await.json();
        assert_eq!((&status["enabled"], &status["totp"]["enabled"]), (&json!(true), &json!(true)));
        assert_eq!((&status["backup_codes"]["remaining"], &status["methods"]), (&json!(10), &json!(["totp", "backup_code"])));
        // The roster has heard of it.
        assert_eq!(ann.get("/api/v1/auth/status").await.json()["user"]["tfa_enabled"], true);
        for (path, body) in [("setup", json!({})), ("enable", json!({ "code": phone.next(&app) }))] {
            ann.post(&format!("/api/v1/2fa/totp/{path}"), body).await.refused(409, "factor_state");
        }

        let renewed = backup_codes(&ann.post_empty("/api/v1/2fa/backup-codes").await.is(200).json());
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "backup_code", &codes[0]).await.refused(401, "invalid_second_factor");
        verify(&app.visitor(), &challenge, "backup_code", &renewed[0]).await.is(200);
        assert_eq!(ann.get("/api/v1/2fa").await.json()["backup_codes"]["remaining"], 9);

        ann.post("/api/v1/2fa/totp/disable", json!({ "code": phone.next(&app) })).await.is(204);
        let status = ann.get("/api/v1/2fa").await.json();
        assert_eq!((&status["enabled"], &status["backup_codes"]["remaining"]), (&json!(false), &json!(0)));
        assert_eq!(ann.get("/api/v1/auth/status").await.json()["user"]["tfa_enabled"], false);
        app.login("ann").await.get("/api/v1/profile").await.is(200);
    }

    /// A secret waits 15 minutes, and the newest one counts.
    async fn a_secret_that_waits(app) {
        let ann = app.user("ann").await;
        let enable = |code: String| ann.post("/api/v1/2fa/totp/enable", json!({ "code": code }));
        enable("123456".to_owned()).await.refused(409, "factor_state");
        let older = Phone::of(&ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json());
        let newer = Phone::of(&ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json());
        enable(older.shows(&app)).await.refused(401, "invalid_second_factor");
        app.clock.advance(Duration::from_secs(15 * 60 + 1));
        ann.post(REAUTHENTICATE, json!({ "password": PASSWORD })).await.is(200);
        enable(newer.shows(&app)).await.refused(409, "factor_state");
        let (phone, _) = super::enable(&app, &ann).await;
        // A new secret begins anew: the step of the old one's last code is open to it.
        begin_step(&app);
        ann.post(REAUTHENTICATE, json!({ "method": "totp", "code": phone.shows(&app) })).await.is(200);
        ann.post("/api/v1/2fa/totp/disable", json!({ "password": PASSWORD })).await.is(204);
        super::enable(&app, &ann).await;
    }

    /// Of many who turn it on at once, one does.
    async fn one_turns_it_on(app) {
        let ann = app.user("ann").await;
        let phone = Phone::of(&ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json());
        let code = phone.shows(&app);
        let tries = (0..8).map(|_| ann.post("/api/v1/2fa/totp/enable", json!({ "code": code })));
        let answers = futures_util::future::join_all(tries).await;
        let (on, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(on.len(), 1);
        for answer in others {
            answer.refused(409, "factor_state");
        }
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "backup_code", &backup_codes(&on[0].json())[9]).await.is(200);
    }
}

on_both! {
    with &[("DURWARD_LIMITS__FIRST_DELAY", "1m")];

    /// By a code or by the password, which are guesses like any other.
    async fn turning_it_off(app) {
        let (ann, phone, codes) = user_with_totp(&app, "ann").await;
        let disable = |body: Value| ann.post("/api/v1/2fa/totp/disable", body);
        for body in [json!({}), json!({ "code": "123456", "password": PASSWORD }), json!({ "code": null })] {
            disable(body).await.refused(422, "validation_failed");
        }
        disable(json!({ "code": "000000" })).await.refused(401, "invalid_second_factor");
        disable(json!({ "code": codes[0] })).await.refused(401, "invalid_second_factor");
        disable(json!({ "password": "not the password" })).await.refused(401, "invalid_credentials");
        disable(json!({ "password": PASSWORD })).await.is(204);
        disable(json!({ "password": PASSWORD })).await.refused(409, "factor_state");
        ann.post_empty("/api/v1/2fa/backup-codes").await.refused(409, "factor_state");
        let (phone_again, _) = enable(&app, &ann).await;
        assert_ne!(phone.shows(&app), phone_again.shows(&app), "another secret");
        for _ in 0..10 {
            let answer = disable(json!({ "code": "000000" })).await;
            if answer.status == 429 {
                break;
            }
            answer.refused(401, "invalid_second_factor");
        }
        disable(json!({ "code": phone_again.steps_away(&app, 1) })).await.refused(429, "too_many_attempts");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'totp_disabled'").await, 1);
    }
}
