//! Devices on which the second factor is not asked for.

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

/// Logs in with the second factor and trusts the device.
async fn trusted(app: &App, who: &Actor, phone: &Phone, name: &str, transport: &str) -> Answer {
    let challenge = challenged_for(who, name, transport).await;
    let mut body = answer_to(&challenge, "totp", &phone.next(app));
    body["trust_device"] = true.into();
    who.post(VERIFY, body).await.is(200)
}

/// What a login with the password is answered with.
async fn status_of_login(who: &Actor, name: &str, device_token: Option<&str>) -> String {
    let mut body = json!({ "email": email(name), "password": PASSWORD, "transport": "bearer" });
    if let Some(token) = device_token {
        body["device_token"] = token.into();
    }
    who.post(LOGIN, body).await.is(200).json()["status"].as_str().unwrap().to_owned()
}

on_both! {
    /// A browser keeps the trust in a cookie that only the login paths see.
    async fn in_a_browser(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let browser = app.visitor();
        let answer = trusted(&app, &browser, &phone, "ann", "cookie").await;
        let cookie = answer.set_cookie("device_trust").unwrap();
        for attribute in ["; Path=/api/v1/auth;", "; Max-Age=2592000;", "; SameSite=Lax", "; HttpOnly"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(answer.json().get("device_token").is_none());
        let again = json!({ "email": email("ann"), "password": PASSWORD });
        let body = browser.post(LOGIN, again.clone()).await.is(200).json();
        assert_eq!(body["status"], "authenticated");
        assert_eq!(browser.get("/api/v1/auth/status").await.json()["auth_methods"], json!(["pwd"]));
        // The password is still asked for, and elsewhere the second factor is.
        let wrong = json!({ "email": email("ann"), "password": "not the password" });
        browser.post(LOGIN, wrong).await.refused(401, "invalid_credentials");
        challenged(&app.visitor(), "ann").await;
        app.clock.advance(DAY * 29);
        assert_eq!(browser.post(LOGIN, again.clone()).await.is(200).json()["status"], "authenticated");
        app.clock.advance(DAY);
        assert_eq!(browser.post(LOGIN, again).await.is(200).json()["status"], "second_factor_required");
    }

    /// An app has it in the body, and sends it back there.
    async fn in_an_app(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let (_, other_phone, _) = user_with_totp(&app, "bob").await;
        let client = app.app_client();
        let answer = trusted(&app, &client, &phone, "ann", "bearer").await;
        assert!(answer.set_cookies().is_empty());
        let token = answer.json()["device_token"].as_str().unwrap().to_owned();
        assert_eq!(token.len(), 43);
        assert_eq!(status_of_login(&app.app_client(), "ann", Some(&token)).await, "authenticated");
        // It is the user's own, and nothing like it will do.
        assert_eq!(status_of_login(&app.app_client(), "bob", Some(&token)).await, "second_factor_required");
        for wrong in ["", "x", &token[1..], &token.to_lowercase()] {
            assert_eq!(status_of_login(&app.app_client(), "ann", Some(wrong)).await, "second_factor_required");
        }
        trusted(&app, &app.app_client(), &other_phone, "bob", "bearer").await;
        let events = "SELECT COUNT(*) FROM security_audit WHERE event = 'device_trusted'";
        assert_eq!(app.database.count(events).await, 2);
    }

    /// Without being asked, no device is trusted.
    async fn only_when_told_to(app) {
        let (ann, phone, _) = user_with_totp(&app, "ann").await;
        let browser = app.visitor();
        let challenge = challenged(&browser, "ann").await;
        let mut body = answer_to(&challenge, "totp", &phone.next(&app));
        body["trust_device"] = false.into();
        let answer = browser.post(VERIFY, body).await.is(200);
        assert!(answer.set_cookie("device_trust").is_none());
        assert_eq!(ann.get("/api/v1/2fa").await.json()["trusted_devices"], json!([]));
    }

    /// Its user ends the trust, and nobody else.
    async fn its_user_ends_it(app) {
        let (ann, phone, _) = user_with_totp(&app, "ann").await;
        let bob = app.user("bob").await;
        let tokens = [
            trusted(&app, &app.app_client().with("user-agent", "one"), &phone, "ann", "bearer").await,
            trusted(&app, &app.app_client().with("user-agent", "two"), &phone, "ann", "bearer").await,
        ].map(|answer| answer.json()["device_token"].as_str().unwrap().to_owned());
        let list = ann.get("/api/v1/2fa").await.json()["trusted_devices"].clone();
        let list = list.as_array().unwrap();
        assert_eq!(list.iter().map(|device| device["device"].as_str().unwrap()).collect::<Vec<_>>(), ["two", "one"]);
        assert!(list.iter().all(|device| device["ip"] == "127.0.0.1" && device["expires_at"].is_string()));
        let path = |at: usize| format!("/api/v1/2fa/trusted-devices/{}", list[at]["id"].as_str().unwrap());
        bob.delete(&path(0)).await.refused(404, "not_found");
        ann.delete("/api/v1/2fa/trusted-devices/0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10").await.refused(404, "not_found");
        ann.delete("/api/v1/2fa/trusted-devices/x").await.refused(404, "not_found");
        ann.delete(&path(0)).await.is(204);
        ann.delete(&path(0)).await.refused(404, "not_found");
        assert_eq!(status_of_login(&app.app_client(), "ann", Some(&tokens[1])).await, "second_factor_required");
        assert_eq!(status_of_login(&app.app_client(), "ann", Some(&tokens[0])).await, "authenticated");
    }

    /// A password that changes, and a factor that is removed, end it everywhere.
    async fn what_ends_it_everywhere(app) {
        let (ann, phone, _) = user_with_totp(&app, "ann").await;
        let trust = async || {
            let answer = trusted(&app, &app.app_client(), &phone, "ann", "bearer").await;
            answer.json()["device_token"].as_str().unwrap().to_owned()
        };
        let token = trust().await;
        let new = "four quiet herons at dusk";
        for (from, to) in [(PASSWORD, new), (new, PASSWORD)] {
            ann.post("/api/v1/password/change", json!({ "current_password": from, "new_password": to })).await.is(204);
        }
        assert_eq!(status_of_login(&app.app_client(), "ann", Some(&token)).await, "second_factor_required");

        let token = trust().await;
        let id = app.operator.find(&email("ann").parse().unwrap()).await.unwrap().unwrap().id;
        let hash = app.core.hasher().hash(durward_proto::Secret::new(PASSWORD)).await.unwrap();
        app.operator.set_password(id, &hash).await.unwrap();
        assert_eq!(status_of_login(&app.app_client(), "ann", Some(&token)).await, "second_factor_required");

        let answer = trusted(&app, &app.app_client(), &phone, "ann", "bearer").await.json();
        let ann = app.app_client().with_bearer(answer["access_token"].as_str().unwrap());
        ann.post("/api/v1/2fa/totp/disable", json!({ "password": PASSWORD })).await.is(204);
        enable(&app, &ann).await;
        let token = answer["device_token"].as_str();
        assert_eq!(status_of_login(&app.app_client(), "ann", token).await, "second_factor_required");
    }

    /// Twenty devices and no more: the oldest makes way.
    async fn not_without_end(app) {
        let (ann, phone, _) = user_with_totp(&app, "ann").await;
        for number in 0..22 {
            trusted(&app, &app.app_client().with("user-agent", &number.to_string()), &phone, "ann", "bearer").await;
        }
        let list = ann.get("/api/v1/2fa").await.json()["trusted_devices"].clone();
        let list = list.as_array().unwrap();
        assert_eq!((list.len(), &list[0]["device"], &list[19]["device"]), (20, &json!("21"), &json!("2")));
    }
}

on_both! {
    with &[("DURWARD_SECOND_FACTOR__TRUST_DEVICE", "off")];

    /// An operator can do without.
    async fn where_it_is_turned_off(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let answer = trusted(&app, &app.visitor(), &phone, "ann", "cookie").await;
        assert!(answer.set_cookie("device_trust").is_none());
        assert!(trusted(&app, &app.app_client(), &phone, "ann", "bearer").await.json().get("device_token").is_none());
        assert_eq!(app.database.count("SELECT COUNT(*) FROM trusted_devices").await, 0);
    }
}
