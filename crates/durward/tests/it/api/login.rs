//! `POST /api/v1/auth/login` and `/api/v1/auth/jwt/login`.

mod cookie_names;
mod hashing;

use durward_proto::{AccountStatus, UserId};
use serde_json::{Value, json};

use crate::kit::{Answer, App, PASSWORD, SECRET, email, jws, on_both};

const LOGIN: &str = "/api/v1/auth/login";
const JWT_LOGIN: &str = "/api/v1/auth/jwt/login";

fn form(name: &str) -> Value {
    json!({ "email": email(name), "password": PASSWORD })
}

fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// `name; attributes` of every `Set-Cookie`, without the values, in order of the names.
fn cookies(answer: &Answer) -> Vec<String> {
    let shape = |cookie: &str| {
        let (pair, attributes) = cookie.split_once(';').unwrap();
        format!("{};{attributes}", pair.split_once('=').unwrap().0)
    };
    let mut all: Vec<String> = answer.set_cookies().into_iter().map(shape).collect();
    all.sort();
    all
}

/// A problem's body without what differs from request to request.
fn timeless(answer: &Answer) -> Value {
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id").unwrap();
    body
}

on_both! {
    /// JSON and form, on both paths.
    async fn both_paths_take_both_forms(app) {
        app.register("ann").await;
        for path in [LOGIN, JWT_LOGIN] {
            app.visitor().post(path, form("ann")).await.is(200);
            let address = email("ann");
            let fields = [("username", address.as_str()), ("password", PASSWORD)];
            app.visitor().post_form(path, &fields).await.is(200);
        }
        for spelling in ["ANN@EXAMPLE.COM", "  ann@example.com ", "Ann@Example.Com"] {
            app.visitor().post(LOGIN, json!({ "email": spelling, "password": PASSWORD })).await.is(200);
        }
    }

    /// What the OAuth2 password form brings besides is tolerated; what nobody knows is not.
    async fn the_oauth2_form(app) {
        app.register("ann").await;
        let address = email("ann");
        let plain = [("username", address.as_str()), ("password", PASSWORD)];
        let with = |more: &[(&'static str, &'static str)]| [plain.as_slice(), more].concat();
        for more in [
            &[("grant_type", "password"), ("scope", ""), ("client_id", "app"), ("client_secret", "x")][..],
            &[("grant_type", "password")],
            &[("scope", "user admin")],
            &[("client_id", "")],
        ] {
            let body = app.visitor().post_form(JWT_LOGIN, &with(more)).await.is(200).json();
            assert_eq!(body["user"]["role"], "user");
        }
        for (more, pointer) in [
            (&[("transport", "pigeon")][..], "/transport"),
            (&[("role", "admin")], "/role"),
            (&[("username", "bob@example.com")], "/username"),
        ] {
            let problem =
                app.visitor().post_form(JWT_LOGIN, &with(more)).await.refused(422, "validation_failed").json();
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        let problem = app.visitor().post_form(JWT_LOGIN, &plain[..1]).await.refused(422, "validation_failed").json();
        assert_eq!(problem["errors"][0]["pointer"], "/password");
        for (body, pointer) in [
            (json!({ "email": address, "password": PASSWORD, "transport": "pigeon" }), "/transport"),
            (json!({ "email": address, "password": PASSWORD, "grant_type": "password" }), "/grant_type"),
            (json!({ "email": address, "password": 5 }), "/password"),
            (json!({ "password": PASSWORD }), "/email"),
        ] {
            let problem = app.visitor().post(LOGIN, body).await.refused(422, "validation_failed").json();
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
    }

    /// By default the tokens come as cookies, with a CSRF token.
    async fn by_cookie(app) {
        let id = app.register("ann").await;
        let ann = app.visitor();
        let answer = ann.post(LOGIN, form("ann")).await.is(200);
        let body = answer.json();
        assert_eq!(
            members(&body),
            ["access_token", "csrf_token", "expires_in", "session_id", "status", "token_type", "user"]
        );
        assert_eq!((&body["status"], &body["token_type"]), (&json!("authenticated"), &json!("bearer")));
        assert_eq!((&body["expires_in"], &body["user"]["id"]), (&json!(3_600), &json!(id)));
        assert_eq!(
            cookies(&answer),
            [
                "access_token; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly",
                "csrf_token; Path=/; Max-Age=3600; SameSite=Lax",
                "device_id; Path=/; Max-Age=34560000; SameSite=Lax; HttpOnly",
                "refresh_token; Path=/api/v1/auth; Max-Age=604800; SameSite=Lax; HttpOnly",
            ]
        );
        assert_eq!(ann.cookie("access_token").as_deref(), body["access_token"].as_str());
        assert_eq!(ann.cookie("csrf_token").as_deref(), body["csrf_token"].as_str());
        assert_eq!(answer.header("x-csrf-token"), body["csrf_token"].as_str());
        assert_eq!(ann.cookie("refresh_token").unwrap().len(), 43);
        ann.get("/api/v1/profile").await.is(200);
        ann.put("/api/v1/settings", json!({ "theme": "light" })).await.is(200);
    }

    /// With `transport=bearer` everything is in the body, and no cookie is set at all, whatever came with the request.
    async fn by_bearer(app) {
        app.register("ann").await;
        let browser = app.login("ann").await;
        let address = email("ann");
        let json_body = json!({ "email": address, "password": PASSWORD, "transport": "bearer" });
        let fields = [("username", address.as_str()), ("password", PASSWORD), ("transport", "bearer")];
        for answer in [
            app.app_client().post(LOGIN, json_body.clone()).await,
            app.app_client().post_form(JWT_LOGIN, &fields).await,
            browser.post(JWT_LOGIN, json_body).await,
        ] {
            let answer = answer.is(200);
            assert_eq!(answer.set_cookies(), [""; 0]);
            assert_eq!(answer.header("x-csrf-token"), None);
            let body = answer.json();
            assert_eq!(
                members(&body),
                [
                    "access_token",
                    "expires_in",
                    "refresh_expires_in",
                    "refresh_token",
                    "session_id",
                    "status",
                    "token_type",
                    "user",
                ]
            );
            assert_eq!((&body["expires_in"], &body["refresh_expires_in"]), (&json!(3_600), &json!(604_800)));
            let client = app.app_client().with_bearer(body["access_token"].as_str().unwrap());
            client.put("/api/v1/settings", json!({ "theme": "light" })).await.is(200);
        }
    }

    /// A wrong password and an unknown address look the same, to the last header.
    async fn a_failure_says_nothing(app) {
        app.register("ann").await;
        let wrong = json!({ "email": email("ann"), "password": "not the password" });
        let known = app.visitor().post(LOGIN, wrong).await.refused(401, "invalid_credentials");
        assert!(known.set_cookies().is_empty());
        for address in ["nobody@example.com", "not an address", "", "ann@example.com\u{0}"] {
            for password in ["not the password", PASSWORD, ""] {
                let body = json!({ "email": address, "password": password });
                let unknown = app.visitor().post(LOGIN, body).await.refused(401, "invalid_credentials");
                assert_eq!(timeless(&unknown), timeless(&known));
                let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
                assert_eq!(names(&unknown), names(&known));
                assert_eq!(unknown.header("www-authenticate"), known.header("www-authenticate"));
            }
        }
    }

    /// Only whoever has the right password learns what is wrong with the account.
    async fn an_inactive_account_is_told_to_its_owner_alone(app) {
        let id = UserId(app.register("ann").await);
        let wrong = json!({ "email": email("ann"), "password": "not the password" });
        let stranger = timeless(&app.visitor().post(LOGIN, wrong.clone()).await.is(401));
        for (status, code) in [
            (AccountStatus::Pending, "account_pending"),
            (AccountStatus::Suspended, "account_suspended"),
            (AccountStatus::Deactivated, "account_deactivated"),
        ] {
            app.operator.set_status(id, status).await.unwrap();
            let answer = app.visitor().post(LOGIN, form("ann")).await.refused(403, code);
            assert!(answer.set_cookies().is_empty());
            let answer = app.visitor().post(LOGIN, wrong.clone()).await.refused(401, "invalid_credentials");
            assert_eq!(timeless(&answer), stranger);
        }
        app.operator.set_status(id, AccountStatus::Active).await.unwrap();
        app.login("ann").await;
        assert_eq!(app.database.count("SELECT COUNT(*) FROM user_sessions").await, 1);
    }

    /// The access token is what the contract says, to anybody with the secret.
    async fn the_access_token_is_a_plain_jws(app) {
        let id = app.register("ann").await;
        let before = durward_proto::Clock::now(&*app.clock).seconds();
        let body = app.visitor().post(LOGIN, form("ann")).await.is(200).json();
        let (header, claims) = jws::read(body["access_token"].as_str().unwrap(), SECRET);
        assert_eq!(members(&header), ["alg", "kid", "typ"]);
        assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("at+jwt")));
        assert!(!header["kid"].as_str().unwrap().is_empty());
        let names: Vec<_> = members(&claims).into_iter().filter(|name| *name != "gen").collect();
        assert_eq!(
            names,
            [
                "amr",
                "aud",
                "auth_time",
                "email",
                "exp",
                "iat",
                "id",
                "iss",
                "jti",
                "nbf",
                "role",
                "scope",
                "sid",
                "sub",
            ]
        );
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(app.origin), &json!("durward")));
        assert_eq!((&claims["sub"], &claims["id"]), (&json!(id.to_string()), &json!(id)));
        assert_eq!((&claims["email"], &claims["role"]), (&json!("ann@example.com"), &json!("user")));
        assert_eq!((&claims["scope"], &claims["amr"]), (&json!("user"), &json!(["pwd"])));
        assert_eq!(claims["sid"], body["session_id"]);
        assert_eq!(claims["jti"].as_str().unwrap().as_bytes()[14], b'7', "a UUIDv7");
        let iat = claims["iat"].as_i64().unwrap();
        assert!((before..=before + 5).contains(&iat));
        assert_eq!((&claims["nbf"], &claims["auth_time"]), (&json!(iat), &json!(iat)));
        assert_eq!(claims["exp"], json!(iat + 3_600));

        app.admin("root").await;
        let body = app.visitor().post(LOGIN, form("root")).await.is(200).json();
        let (_, claims) = jws::read(body["access_token"].as_str().unwrap(), SECRET);
        assert_eq!((&claims["role"], &claims["scope"]), (&json!("admin"), &json!("user admin")));
    }

    /// Each login is a session of its own, and each try is written down, without the password.
    async fn tries_are_written_down(app) {
        let ann = app.user("ann").await;
        let device = ann.cookie("device_id").unwrap();
        let first = ann.get("/api/v1/auth/status").await.json()["session_id"].clone();
        ann.post(LOGIN, form("ann")).await.is(200);
        assert_ne!(ann.get("/api/v1/auth/status").await.json()["session_id"], first);
        assert_eq!(ann.cookie("device_id").unwrap(), device, "the device stays the same");
        let wrong = json!({ "email": email("ann"), "password": "not the password" });
        app.visitor().post(LOGIN, wrong).await.is(401);
        app.visitor().post(LOGIN, json!({ "email": email("nobody"), "password": PASSWORD })).await.is(401);
        let count = async |sql: &str| app.database.count(&format!("SELECT COUNT(*) FROM {sql}")).await;
        assert_eq!(count("user_sessions").await, 2);
        assert_eq!(count("device_login_attempts WHERE succeeded AND reason = 'ok'").await, 2);
        assert_eq!(count("device_login_attempts WHERE NOT succeeded AND reason = 'invalid_credentials'").await, 2);
        assert_eq!(count("device_login_attempts WHERE ip = '127.0.0.1'").await, 4);
        assert_eq!(count("security_audit WHERE event = 'login'").await, 2);
        assert_eq!(count("security_audit WHERE event = 'login_failed'").await, 2);
    }

    /// A login replaces whatever the browser had, even what cannot be read, and needs no CSRF token.
    async fn old_cookies_are_no_hindrance(app) {
        app.register("ann").await;
        let browser = app.visitor().without_csrf();
        for name in ["access_token", "refresh_token", "csrf_token", "csrf_binding", "device_id"] {
            browser.set_cookie(name, "of another time");
        }
        browser.post(LOGIN, form("ann")).await.is(200);
        browser.get("/api/v1/profile").await.is(200);
        assert_eq!(browser.cookie("device_id").unwrap().len(), 43);
    }
}
