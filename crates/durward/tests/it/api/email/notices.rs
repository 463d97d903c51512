//! What a user is told of unasked.

use super::*;

async fn login_from(app: &App, agent: &str, language: &str) -> Actor {
    let actor = app.visitor().with("user-agent", agent).with("accept-language", language);
    actor.post("/api/v1/auth/login", json!({ "email": email("ann"), "password": PASSWORD })).await.is(200);
    actor
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

on_both! {
    with &OPEN;

    /// The first device is no news; another one is, once.
    async fn a_login_from_a_new_device(app) {
        app.register("ann").await;
        let first = login_from(&app, "curl/8", "en").await;
        app.no_more_mails().await;
        let second = login_from(&app, FIREFOX, "de-CH").await;
        let mail = app.mails.expect(&email("ann"), "new_device").await;
        assert_eq!(mail.language, "de");
        assert!(mail.text.contains("Firefox, Linux") && mail.text.contains("127.0.0.1"), "{}", mail.text);
        let body = || json!({ "email": email("ann"), "password": PASSWORD });
        for (actor, agent) in [(&first, "curl/9"), (&second, FIREFOX)] {
            // Known by its cookie, whatever it calls itself, also when its session has ended.
            actor.post_empty("/api/v1/auth/logout").await.is(204);
            actor.copy().with("user-agent", agent).post("/api/v1/auth/login", body()).await.is(200);
        }
        // Without a cookie by where it is and what it calls itself.
        login_from(&app, FIREFOX, "en").await;
        app.no_more_mails().await;
        // Another's device is new to ann.
        app.register("bob").await;
        let bob = app.visitor().with("user-agent", "Safari/1 Mac OS X");
        bob.post("/api/v1/auth/login", json!({ "email": email("bob"), "password": PASSWORD })).await.is(200);
        bob.post("/api/v1/auth/login", body()).await.is(200);
        app.mails.expect(&email("ann"), "new_device").await;
        app.no_more_mails().await;
        let wrong = json!({ "email": email("ann"), "password": "not the password" });
        app.visitor().with("user-agent", "another/1").post("/api/v1/auth/login", wrong).await.refused(401, "invalid_credentials");
        app.no_more_mails().await;
    }

    /// A changed password, in the language of whoever changed it.
    async fn a_changed_password(app) {
        let ann = app.user("ann").await.with("accept-language", "de");
        let body = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
        ann.post("/api/v1/password/change", body).await.is(204);
        let mail = app.mails.expect(&email("ann"), "password_changed").await;
        assert_eq!(mail.language, "de");
        let wrong = json!({ "current_password": PASSWORD, "new_password": "seven loud herons at dawn" });
        ann.post("/api/v1/password/change", wrong).await.refused(401, "invalid_credentials");
        app.no_more_mails().await;
    }

    /// A refresh token that came twice, once.
    async fn a_reused_refresh_token(app) {
        app.register("ann").await;
        let (_, first) = app.bearer("ann").await;
        let refresh = async |token: &str| {
            app.app_client().post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await
        };
        let second = refresh(&first).await.is(200).json()["refresh_token"].as_str().unwrap().to_owned();
        refresh(&second).await.is(200);
        for _ in 0..3 {
            refresh(&first).await.refused(401, "refresh_reused");
        }
        app.mails.expect(&email("ann"), "sessions_ended_by_reuse").await;
        app.no_more_mails().await;
    }
}
