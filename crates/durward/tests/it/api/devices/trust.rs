//! How a device comes to be trusted, and how it stops being so.

use super::*;

async fn trust_of(who: &Actor) -> String {
    this_device(who).await["trust_level"].as_str().unwrap().to_owned()
}

/// Logs in every other day, so many times.
async fn log_in_over_days(app: &App, who: &Actor, name: &str, times: usize) -> Vec<String> {
    let mut levels = Vec::new();
    for _ in 0..times {
        app.clock.advance(DAY * 2);
        login(who, name).await;
        levels.push(trust_of(who).await);
    }
    levels
}

on_both! {
    with &[("DURWARD_RISK__ENABLED", "false")];

    /// Five logins over a week, and none that failed in between.
    async fn by_itself(app) {
        let browser = app.user("ann").await;
        assert_eq!(log_in_over_days(&app, &browser, "ann", 2).await, ["new", "new"]);
        let wrong = json!({ "email": email("ann"), "password": "not the password" });
        browser.post(LOGIN, wrong).await.refused(401, "invalid_credentials");
        assert_eq!(log_in_over_days(&app, &browser, "ann", 5).await, ["new", "new", "new", "new", "trusted"]);
    }

    /// A second factor verifies the device it was shown on: at a login, and when its user shows again who they are.
    async fn by_a_second_factor(app) {
        let (first, phone, _) = user_with_totp(&app, "ann").await;
        assert_eq!(trust_of(&first).await, "new");
        let second = app.visitor();
        login_with(&second, &app, &phone, "ann").await;
        assert_eq!(trust_of(&second).await, "verified");
        first.post("/api/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await.is(200);
        assert_eq!(trust_of(&first).await, "new");
        let code = json!({ "method": "totp", "code": phone.next(&app) });
        first.post("/api/v1/auth/reauthenticate", code).await.is(200);
        assert_eq!(trust_of(&first).await, "verified");
        // Not what anybody can look like.
        let body = json!({ "email": email("ann"), "password": PASSWORD, "transport": "bearer" });
        let challenge = app.app_client().post(LOGIN, body).await.is(200).json();
        let answer = app.app_client().post(VERIFY, answer_to(&challenge, "totp", &phone.next(&app))).await.is(200).json();
        let client = app.app_client().with_bearer(answer["access_token"].as_str().unwrap());
        assert_eq!(trust_of(&client).await, "new");
        let code = json!({ "method": "totp", "code": phone.next(&app) });
        client.post("/api/v1/auth/reauthenticate", code).await.is(200);
        assert_eq!(trust_of(&client).await, "new");
        let device = this_device(&client).await;
        patch(&client, &device, json!({ "trust_level": "trusted" })).await.refused(422, "validation_failed");
    }

    /// A passkey alone does so, too.
    async fn by_a_passkey(app) {
        let ann = app.user("ann").await;
        let mut key = crate::kit::Authenticator::new();
        crate::api::passkeys::register(&app, &ann, &mut key).await.is(201);
        let options = ann.post_empty("/api/v1/auth/passkey/login/begin").await.is(200).json();
        let credential = key.get(&app.origin, &options);
        let body = json!({ "ceremony_id": options["ceremony_id"], "credential": credential, "transport": "cookie" });
        ann.post("/api/v1/auth/passkey/login/finish", body).await.is(200);
        assert_eq!(trust_of(&ann).await, "verified");
    }

    /// By its user: more needs an authentication younger than ten minutes, less does not.
    async fn by_its_user(app) {
        let ann = app.user("ann").await;
        let device = this_device(&ann).await;
        app.clock.advance(Duration::from_secs(601));
        let trusted = || json!({ "trust_level": "trusted" });
        patch(&ann, &device, trusted()).await.refused(403, "reauthentication_required");
        assert_eq!(patch(&ann, &device, json!({ "name": " the kitchen's " })).await.is(200).json()["name"], "the kitchen's");
        ann.post("/api/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await.is(200);
        assert_eq!(patch(&ann, &device, trusted()).await.is(200).json()["trust_level"], "trusted");
        app.clock.advance(Duration::from_secs(601));
        assert_eq!(patch(&ann, &device, trusted()).await.is(200).json()["trust_level"], "trusted");
        assert_eq!(patch(&ann, &device, json!({ "trust_level": "new" })).await.is(200).json()["trust_level"], "new");
        for wrong in [
            json!({ "trust_level": "verified" }),
            json!({ "trust_level": "absolute" }),
            json!({ "name": "" }),
            json!({ "name": "two\nlines" }),
            json!({ "name": "x".repeat(101) }),
            json!({ "kind": "bot" }),
            json!({ "id": device["id"] }),
        ] {
            patch(&ann, &device, wrong).await.refused(422, "validation_failed");
        }
        let unchanged = patch(&ann, &device, json!({})).await.is(200).json();
        assert_eq!((&unchanged["name"], &unchanged["trust_level"]), (&json!("the kitchen's"), &json!("new")));
        let events = "SELECT COUNT(*) FROM security_audit WHERE event = 'device_changed'";
        assert_eq!(app.database.count(events).await, 3);
        // What its user took away has to be earned again, in whole.
        assert_eq!(log_in_over_days(&app, &ann, "ann", 5).await, ["new", "new", "new", "new", "trusted"]);
    }

    /// A password that changes takes it from all other devices, and a factor that is removed from all.
    async fn what_takes_it_away(app) {
        let (ann, phone, _) = user_with_totp(&app, "ann").await;
        let browsers = [app.visitor(), app.visitor()];
        for browser in &browsers {
            login_with(browser, &app, &phone, "ann").await;
            let device = this_device(browser).await;
            patch(browser, &device, json!({ "security_level": "auto_login" })).await.is(200);
        }
        let [first, second] = &browsers;
        let body = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
        first.post("/api/v1/password/change", body).await.is(204);
        let levels = |all: Vec<Value>| -> Vec<(String, String)> {
            let word = |device: &Value, member: &str| device[member].as_str().unwrap().to_owned();
            let mut words: Vec<_> =
                all.iter().map(|device| (word(device, "trust_level"), word(device, "security_level"))).collect();
            words.sort();
            words
        };
        let pair = |trust: &str, security: &str| (trust.to_owned(), security.to_owned());
        let new = pair("new", "always_login");
        assert_eq!(levels(devices(first).await), [new.clone(), new.clone(), pair("verified", "auto_login")]);
        let body = json!({ "email": email("ann"), "password": "four quiet herons at dusk" });
        assert_eq!(second.post(LOGIN, body).await.is(200).json()["status"], "second_factor_required");
        let device = this_device(first).await;
        patch(first, &device, json!({ "security_level": "always_2fa" })).await.is(200);
        first.post("/api/v1/2fa/totp/disable", json!({ "password": "four quiet herons at dusk" })).await.is(204);
        // No device asks for a second factor that is not there.
        assert_eq!(levels(devices(first).await), [new.clone(), new.clone(), new]);
        drop(ann);
    }
}
