//! What a login on a device has to show.

use super::*;

const AUTO: &str = "auto_login";

async fn set_level(who: &Actor, level: &str) -> Answer {
    let device = this_device(who).await;
    patch(who, &device, json!({ "security_level": level })).await
}

on_both! {
    with &[("DURWARD_RISK__ENABLED", "false")];

    /// On trusted and verified devices alone the second factor can be left out, and only there.
    async fn without_the_second_factor(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let browser = app.visitor().with("user-agent", FIREFOX);
        login_with(&browser, &app, &phone, "ann").await;
        set_level(&browser, AUTO).await.is(200);
        browser.post_empty("/api/v1/auth/logout").await.is(204);
        assert_eq!(login(&browser, "ann").await["status"], "authenticated");
        assert_eq!(browser.get("/api/v1/auth/status").await.json()["auth_methods"], json!(["pwd"]));
        // The password is asked for, and elsewhere the second factor, whatever the client looks like.
        let wrong = json!({ "email": email("ann"), "password": "not the password" });
        browser.post(LOGIN, wrong).await.refused(401, "invalid_credentials");
        challenged(&app.visitor().with("user-agent", FIREFOX), "ann").await;
        let copied = app.visitor().with("user-agent", FIREFOX);
        copied.set_cookie("device_id", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        challenged(&copied, "ann").await;
        // Less trust takes it away.
        let device = this_device(&browser).await;
        assert_eq!(patch(&browser, &device, json!({ "trust_level": "new" })).await.is(200).json()["security_level"], "always_login");
        assert_eq!(login(&browser, "ann").await["status"], "second_factor_required");
    }

    /// A device that is not trusted cannot have it, and it needs an authentication younger than ten minutes.
    async fn who_cannot_have_it(app) {
        let ann = app.user("ann").await;
        set_level(&ann, AUTO).await.refused(422, "validation_failed");
        let device = this_device(&ann).await;
        patch(&ann, &device, json!({ "trust_level": "trusted" })).await.is(200);
        app.clock.advance(Duration::from_secs(601));
        set_level(&ann, AUTO).await.refused(403, "reauthentication_required");
        ann.post("/api/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await.is(200);
        set_level(&ann, AUTO).await.is(200);
        let (client, _) = app.bearer("ann").await;
        set_level(&client, AUTO).await.refused(422, "validation_failed");
    }

    /// The second factor each time, whatever would stand in for it.
    async fn always_the_second_factor(app) {
        let ann = app.user("ann").await;
        set_level(&ann, "always_2fa").await.refused(409, "factor_state");
        let (phone, _) = enable(&app, &ann).await;
        let browser = app.visitor();
        let challenge = challenged(&browser, "ann").await;
        let mut body = answer_to(&challenge, "totp", &phone.next(&app));
        body["trust_device"] = true.into();
        browser.post(VERIFY, body).await.is(200);
        assert_eq!(login(&browser, "ann").await["status"], "authenticated", "the device is trusted with a token");
        set_level(&browser, "always_2fa").await.is(200);
        let challenge = challenged(&browser, "ann").await;
        browser.post(VERIFY, answer_to(&challenge, "totp", &phone.next(&app))).await.is(200);
        app.clock.advance(Duration::from_secs(601));
        set_level(&browser, "always_login").await.refused(403, "reauthentication_required");
        let code = json!({ "method": "totp", "code": phone.next(&app) });
        browser.post("/api/v1/auth/reauthenticate", code).await.is(200);
        set_level(&browser, "always_login").await.is(200);
        assert_eq!(login(&browser, "ann").await["status"], "authenticated");
    }
}

on_both! {
    with &[("DURWARD_RISK__ENABLED", "false"), ("DURWARD_SESSION__IDLE_TIMEOUT", "10m")];

    /// Its sessions do not end by idling, also one that nodes remember from before; those on other devices do.
    async fn a_session_that_idles(app) {
        let (browser, other) = (app.user("ann").await, app.login("ann").await);
        let device = this_device(&browser).await;
        let both = json!({ "trust_level": "trusted", "security_level": AUTO });
        assert_eq!(patch(&browser, &device, both).await.is(200).json()["security_level"], AUTO);
        app.clock.advance(Duration::from_secs(1_200));
        other.get("/api/v1/profile").await.refused(401, "token_revoked");
        browser.get("/api/v1/profile").await.is(200);
        app.clock.advance(Duration::from_secs(2_000));
        browser.post_empty("/api/v1/auth/refresh").await.is(200);
        browser.get("/api/v1/profile").await.is(200);
        let node = app.beside().await;
        app.clock.advance(Duration::from_secs(1_200));
        browser.copy().at(node.address).get("/api/v1/profile").await.is(200);
        set_level(&browser, "always_login").await.is(200);
        app.clock.advance(Duration::from_secs(1_200));
        browser.get("/api/v1/profile").await.refused(401, "token_revoked");
    }
}
