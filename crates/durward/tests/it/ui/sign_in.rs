//! Signing in with the form, as a browser does that runs no script.

use serde_json::Value;

use super::*;
use crate::api::second_factor::{Phone, enable};
use crate::kit::{KEPT, PASSWORD, email, on_both};

async fn send(who: &Actor, fields: &[(&str, &str)]) -> Answer {
    let answer = who.post_form("/login", fields).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer
}

async fn password(who: &Actor, name: &str, password: &str) -> Answer {
    send(who, &[("email", &email(name)), ("password", password)]).await
}

/// Fills the form of the second step in, as it came.
async fn code(who: &Actor, page: &html::Html, method: &str, code: &str) -> Answer {
    let hidden = ["challenge_token", "methods", "return_to"].map(|name| (name, page.field(name)));
    let mut fields: Vec<(&str, &str)> =
        hidden.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    fields.extend([("method", method), ("code", code)]);
    send(who, &fields).await
}

async fn status(who: &Actor) -> Value {
    who.get("/api/v1/auth/status").await.is(200).json()
}

/// Registers somebody with TOTP: their authenticator app and backup codes.
async fn with_totp(app: &App, name: &str) -> (Phone, Vec<String>) {
    let who = app.user(name).await;
    enable(app, &who).await
}

on_both! {
    /// The session's cookies, and on to where they wanted to go.
    async fn a_password_is_enough(app) {
        app.register("ann").await;
        let who = by_form(&app);
        let answer = password(&who, "ann", PASSWORD).await.is(303);
        assert_eq!((answer.header("location"), answer.body.len()), (Some("/account"), 0));
        let api = app.visitor();
        let by_api = api.post("/api/v1/auth/login", serde_json::json!({"email": email("ann"), "password": PASSWORD})).await;
        let names = |answer: &Answer| -> Vec<String> {
            let mut names: Vec<_> =
                answer.set_cookies().iter().map(|cookie| cookie.split_once('=').unwrap().0.to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&answer), names(&by_api));
        for name in ["access_token", "refresh_token", "device_id"] {
            let cookie = answer.set_cookie(name).unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        }
        assert_eq!(status(&who).await["authenticated"], true);
        who.get("/api/v1/profile").await.is(200);
        // What was set can be used with the CSRF token that came with it.
        let token = who.cookie("csrf_token").unwrap();
        who.copy().with("x-csrf-token", &token).put("/api/v1/settings", serde_json::json!({"theme": "light"})).await.is(200);
        who.copy().with("x-csrf-token", &token).post_empty("/api/v1/auth/refresh").await.is(200);
    }

    /// The same page for both, but for the address, which is kept.
    async fn a_wrong_password_and_an_unknown_address(app) {
        app.register("ann").await;
        let mut pages = Vec::new();
        for name in ["ann", "bob"] {
            let who = by_form(&app);
            let answer = password(&who, name, "wrong").await;
            assert!(answer.set_cookies().is_empty());
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
            let page = is_page(answer, 401);
            assert_eq!(page.message(), Some("The e-mail address or the password is wrong."));
            assert_eq!((page.field("email"), page.field("password")), (Some(email(name)), Some(String::new())));
            assert_eq!(page.focused().as_deref(), Some("password"));
            assert_eq!(page.boot()["error"], serde_json::json!({"code": "invalid_credentials"}));
            assert!(!page.0.contains("wrong\""), "the password does not come back");
            pages.push(page.0.replace(&email(name), "@"));
        }
        assert_eq!(pages[0], pages[1]);
        let german = by_form(&app).with("accept-language", "de");
        let page = is_page(password(&german, "ann", "wrong").await, 401);
        assert!(page.message().unwrap().contains("Passwort") && page.0.contains("<html lang=\"de\""), "{:?}", page.message());
        let odd = [("email", "\"><script>alert(1)</script>"), ("password", "x")];
        let page = is_page(send(&by_form(&app), &odd).await, 401);
        assert!(!page.0.contains("<script>"));
        assert_eq!(page.field("email").as_deref(), Some("\"><script>alert(1)</script>"));
    }

    /// By the authenticator app, on a device that is trusted from then on.
    async fn a_second_factor_by_totp(app) {
        let (phone, _) = with_totp(&app, "ann").await;
        let who = by_form(&app);
        let fields = [("email", "ann@example.com"), ("password", PASSWORD), ("return_to", "/chat")];
        let asked = send(&who, &fields).await;
        assert!(asked.set_cookies().is_empty(), "nothing is open yet");
        let page = is_page(asked, 200);
        assert_eq!(page.field("methods").as_deref(), Some("totp backup_code"));
        assert_eq!((page.field("return_to").as_deref(), page.focused().as_deref()), (Some("/chat"), Some("code")));
        assert!(!page.0.contains("<script") && page.0.contains("name=\"trust_device\""), "{}", page.0);
        assert!(page.field("password").is_none() && page.message().is_none());

        let again = is_page(code(&who, &page, "totp", "000000").await, 401);
        assert_eq!(again.message(), Some("This code is not right."));
        assert_eq!((again.field("challenge_token"), again.focused().as_deref()), (page.field("challenge_token"), Some("code")));
        let empty = is_page(code(&who, &again, "totp", " ").await, 422);
        assert!(empty.message().is_some());
        is_page(code(&who, &again, "passkey", "000000").await, 422);

        let token = page.field("challenge_token").unwrap();
        let shows = format!(" {} ", phone.next(&app));
        let fields = [
            ("challenge_token", token.as_str()), ("methods", "totp backup_code"), ("method", "totp"), ("code", &shows),
            ("trust_device", "true"), ("return_to", "/chat"),
        ];
        let answer = send(&who, &fields).await.is(303);
        assert_eq!(answer.header("location"), Some("/chat"));
        assert!(answer.set_cookie("device_trust").is_some());
        assert_eq!(status(&who).await["auth_methods"], serde_json::json!(["pwd", "otp", "mfa"]));
        // The challenge is used up: from the beginning.
        let over = is_page(send(&by_form(&app), &fields).await, 401);
        assert!(over.field("email").is_some() && over.message().is_some());
    }

    async fn a_second_factor_by_backup_code(app) {
        let (_, codes) = with_totp(&app, "ann").await;
        let who = by_form(&app);
        let page = is_page(password(&who, "ann", PASSWORD).await, 200);
        code(&who, &page, "backup_code", &codes[0]).await.is(303);
        assert_eq!(status(&who).await["authenticated"], true);
        let other = by_form(&app);
        let page = is_page(password(&other, "ann", PASSWORD).await, 200);
        is_page(code(&other, &page, "backup_code", &codes[0]).await, 401);
    }

    /// The fifth wrong code ends it, and a right one is worth nothing then.
    async fn five_wrong_codes(app) {
        let (phone, _) = with_totp(&app, "ann").await;
        let who = by_form(&app);
        let page = is_page(password(&who, "ann", PASSWORD).await, 200);
        for _ in 0..5 {
            let again = is_page(code(&who, &page, "totp", "000000").await, 401);
            assert!(again.field("challenge_token").is_some());
        }
        let over = is_page(code(&who, &page, "totp", &phone.next(&app)).await, 401);
        assert!(over.field("challenge_token").is_none() && over.field("email").is_some());
        assert!(over.message().unwrap().contains("too many wrong codes"), "{:?}", over.message());
        assert_eq!(status(&who).await["authenticated"], false);
    }

    /// A challenge holds for the client that showed the password.
    async fn a_stolen_challenge(app) {
        let (phone, _) = with_totp(&app, "ann").await;
        let who = by_form(&app).with("user-agent", "One");
        let page = is_page(password(&who, "ann", PASSWORD).await, 200);
        let thief = by_form(&app).with("user-agent", "Another");
        is_page(code(&thief, &page, "totp", &phone.next(&app)).await, 401);
        assert_eq!(status(&thief).await["authenticated"], false);
    }
}

mod limited {
    use super::*;

    on_both! {
        with &[("DURWARD_LIMITS__ACCOUNT_FAILURES", "2"), ("DURWARD_LIMITS__FIRST_DELAY", "30s")];

        /// It says how long to wait, in the header and in words.
        async fn too_many_wrong_passwords(app) {
            app.register("ann").await;
            for _ in 0..2 {
                is_page(password(&by_form(&app), "ann", "wrong").await, 401);
            }
            let answer = password(&by_form(&app), "ann", PASSWORD).await;
            let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=30).contains(&seconds), "{seconds}");
            let page = is_page(answer, 429);
            let message = page.message().unwrap();
            assert!(message.contains(&format!(" {seconds} s")), "{message}");
            let error = serde_json::json!({"code": "too_many_attempts", "retryAfter": seconds});
            assert_eq!(page.boot()["error"], error);
            assert_eq!(page.field("email"), Some(email("ann")));
        }
    }
}

mod demanded {
    use super::*;

    on_both! {
        with &[("DURWARD_SECOND_FACTOR__POLICY", "required")];

        /// Setting one up takes a script, and that is said. No secret stands in the page.
        async fn who_has_none(app) {
            app.register("ann").await;
            let answer = password(&by_form(&app), "ann", PASSWORD).await;
            assert!(answer.set_cookies().is_empty());
            let page = is_page(answer, 200);
            assert!(page.message().unwrap().contains("needs JavaScript"), "{:?}", page.message());
            assert!(page.field("challenge_token").is_none() && !page.0.contains("otpauth"));
        }
    }
}

mod waiting {
    use super::*;

    on_both! {
        with &[KEPT];

        /// Only who shows the right password learns that the account waits.
        async fn a_pending_account(app) {
            let body = serde_json::json!({"email": email("ann"), "password": PASSWORD});
            app.visitor().post("/api/v1/auth/register", body).await.is(202);
            let page = is_page(password(&by_form(&app), "ann", PASSWORD).await, 403);
            assert!(page.message().unwrap().contains("confirmed first"), "{:?}", page.message());
            assert_eq!(page.boot()["error"]["code"], "account_pending");
            let page = is_page(password(&by_form(&app), "ann", "wrong").await, 401);
            assert_eq!(page.boot()["error"]["code"], "invalid_credentials");
        }
    }
}

/// What does not come from one of our pages, and what is not the form.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_before_anything_is_looked_at() {
    let app = app(&[]).await;
    app.register("ann").await;
    let address = email("ann");
    let form = [("email", address.as_str()), ("password", PASSWORD)];
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("referer", "https://evil.example/login"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let who = app.visitor().without_origin().with(name, value);
        let answer = who.post_form("/login", &form).await.refused(403, "origin_denied");
        assert!(answer.set_cookies().is_empty());
    }
    let who = by_form(&app);
    who.post("/login", serde_json::json!({"email": address, "password": PASSWORD}))
        .await
        .refused(415, "unsupported_media_type");
    who.post_empty("/login").await.refused(415, "unsupported_media_type");
    who.post_form("/login", &[("email", "a"), ("email", "b")]).await.refused(422, "validation_failed");
    who.post_form("/login", &[form[0], form[1], ("role", "admin")]).await.refused(422, "validation_failed");
    // Not filled in: the first field that is missing is begun with.
    for (fields, focused) in [(&[][..], "email"), (&[("password", "x")][..], "email"), (&form[..1], "password")] {
        let page = is_page(send(&who, fields).await, 422);
        assert_eq!(page.focused().as_deref(), Some(focused), "{fields:?}");
        assert!(page.message().is_some());
    }
    assert_eq!(app.database.count("SELECT COUNT(*) FROM device_login_attempts").await, 0);
}

/// Whoever runs no script says `Origin` with the form only where the page lets the browser say where it comes from.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_lets_the_form_say_where_it_comes_from() {
    let app = app(&[]).await;
    let page = is_page(browser(&app).get("/login").await, 200);
    assert!(page.0.contains("<meta name=\"referrer\" content=\"same-origin\">"));
    assert_eq!((page.field("email"), page.focused().as_deref()), (Some(String::new()), Some("email")));
    assert!(page.field("return_to").is_none() && page.message().is_none());
    let labels = page.values("<label", "for");
    assert_eq!(labels, ["email", "password"]);
    assert_eq!(page.values("<form", "action"), ["/login"]);
    assert_eq!(page.values("<form", "method"), ["post"]);
}
