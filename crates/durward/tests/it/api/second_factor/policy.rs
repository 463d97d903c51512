//! Where a second factor is demanded.

use super::*;

/// Shows the password of somebody who has to set a second factor up.
async fn enrolling(who: &Actor, name: &str) -> Value {
    let answer = who.post(LOGIN, json!({ "email": email(name), "password": PASSWORD })).await.is(200);
    assert!(answer.set_cookies().is_empty());
    let body = answer.json();
    assert_eq!(body["status"], "second_factor_setup_required", "{body}");
    assert_eq!((&body["methods"], &body["expires_in"]), (&json!(["totp"]), &json!(300)));
    body
}

on_both! {
    with &[("DURWARD_SECOND_FACTOR__POLICY", "required")];

    /// Who has none sets TOTP up in the course of the login.
    async fn everybody_must_have_one(app) {
        app.register("ann").await;
        let browser = app.visitor();
        let asked = enrolling(&browser, "ann").await;
        let phone = Phone::of(&asked["setup"]);
        assert!(asked["setup"]["otpauth_uri"].is_string() && asked["setup"]["qr_svg"].is_string());
        verify(&browser, &asked, "totp", "000000").await.refused(401, "invalid_second_factor");
        verify(&browser, &asked, "backup_code", "01-AAAA-AAAA-AAAA-AAAA").await.refused(409, "factor_state");
        let body = verify(&browser, &asked, "totp", &phone.shows(&app)).await.is(200).json();
        let codes = backup_codes(&body);
        assert_eq!(body["user"]["tfa_enabled"], true);
        assert_eq!(browser.get("/api/v1/auth/status").await.json()["auth_methods"], json!(["pwd", "otp", "mfa"]));
        let status = browser.get("/api/v1/2fa").await.json();
        assert_eq!((&status["enabled"], &status["required"]), (&json!(true), &json!(true)));
        // The code that turned it on is used up; the next one and the backup codes hold.
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.is(200);
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "backup_code", &codes[3]).await.is(200);
        // The last one stays.
        let disable = json!({ "password": PASSWORD });
        browser.post("/api/v1/2fa/totp/disable", disable).await.refused(409, "last_factor");
        browser.post("/api/v1/2fa/totp/disable", json!({ "code": phone.next(&app) })).await.refused(409, "last_factor");
        assert_eq!(browser.get("/api/v1/2fa").await.json()["enabled"], true);
    }

    /// A challenge to set one up is worth nothing once there is one: the password alone must not add another.
    async fn an_older_challenge_adds_nothing(app) {
        app.register("ann").await;
        let (owner, thief) = (app.visitor(), app.visitor());
        let stolen = enrolling(&thief, "ann").await;
        let asked = enrolling(&owner, "ann").await;
        let phone = Phone::of(&asked["setup"]);
        verify(&owner, &asked, "totp", &phone.shows(&app)).await.is(200);
        let thiefs = Phone::of(&stolen["setup"]);
        verify(&thief, &stolen, "totp", &thiefs.next(&app)).await.refused(401, "challenge_invalid");
        verify(&thief, &stolen, "totp", &phone.next(&app)).await.refused(401, "challenge_invalid");
        let challenge = challenged(&thief, "ann").await;
        verify(&thief, &challenge, "totp", &thiefs.shows(&app)).await.refused(401, "invalid_second_factor");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'totp_enabled'").await, 1);
    }

    /// It is bound, limited and ended as any other.
    async fn it_is_a_challenge_as_any_other(app) {
        app.register("ann").await;
        let browser = app.visitor().with("user-agent", "one");
        let asked = enrolling(&browser, "ann").await;
        let phone = Phone::of(&asked["setup"]);
        verify(&app.visitor(), &asked, "totp", &phone.shows(&app)).await.refused(401, "challenge_invalid");
        for _ in 0..5 {
            verify(&browser, &asked, "totp", "000000").await.refused(401, "invalid_second_factor");
        }
        verify(&browser, &asked, "totp", &phone.shows(&app)).await.refused(401, "challenge_invalid");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM user_sessions").await, 0);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM users WHERE tfa_enabled").await, 0);
    }

    /// A trusted device needs no code, but it does not stand in for a factor that is demanded and gone.
    async fn trust_does_not_replace_what_is_demanded(app) {
        app.register("ann").await;
        let client = app.app_client();
        let asked = client.post(LOGIN, json!({ "email": email("ann"), "password": PASSWORD, "transport": "bearer" })).await.json();
        let mut body = answer_to(&asked, "totp", &Phone::of(&asked["setup"]).shows(&app));
        body["trust_device"] = true.into();
        let token = client.post(VERIFY, body).await.is(200).json()["device_token"].as_str().unwrap().to_owned();
        let login = json!({ "email": email("ann"), "password": PASSWORD, "device_token": token });
        assert_eq!(client.post(LOGIN, login.clone()).await.json()["status"], "authenticated");
        let id = app.operator.find(&email("ann").parse().unwrap()).await.unwrap().unwrap().id;
        app.operator.reset_factors(id).await.unwrap();
        assert_eq!(client.post(LOGIN, login).await.json()["status"], "second_factor_setup_required");
    }
}

on_both! {
    with &[("DURWARD_SECOND_FACTOR__POLICY", "required_for_roles"), ("DURWARD_SECOND_FACTOR__ROLES", "admin,editor"), ("DURWARD_ROLES__EDITOR__SCOPES", "app:edit")];

    /// Those of some roles must have one, from their next login on.
    async fn some_roles_must_have_one(app) {
        let ann = app.user("ann").await;
        assert_eq!(ann.get("/api/v1/2fa").await.json()["required"], false);
        let id = app.operator.find(&email("ann").parse().unwrap()).await.unwrap().unwrap().id;
        for role in ["editor", "admin"] {
            app.operator.set_role(id, &role.parse().unwrap()).await.unwrap();
            enrolling(&app.visitor(), "ann").await;
        }
        // Somebody else has to be left.
        let root = app.register("root").await;
        app.operator.set_role(durward_proto::UserId(root), &durward_proto::Role::admin()).await.unwrap();
        app.operator.set_role(id, &durward_proto::Role::user()).await.unwrap();
        let ann = app.login("ann").await;
        enable(&app, &ann).await;
        ann.post("/api/v1/2fa/totp/disable", json!({ "password": PASSWORD })).await.is(204);
    }
}
