//! `POST /api/v1/auth/login` and `/api/v1/auth/jwt/login`.

use std::time::{Duration, Instant};

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
            let problem = app.visitor().post_form(JWT_LOGIN, &with(more)).await.refused(422, "validation_failed").json();
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
        assert_eq!(cookies(&answer), [
            "access_token; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly",
            "csrf_token; Path=/; Max-Age=3600; SameSite=Lax",
            "device_id; Path=/; Max-Age=34560000; SameSite=Lax; HttpOnly",
            "refresh_token; Path=/api/v1/auth; Max-Age=604800; SameSite=Lax; HttpOnly",
        ]);
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
            assert_eq!(members(&body), [
                "access_token", "expires_in", "refresh_expires_in", "refresh_token", "session_id", "status",
                "token_type", "user",
            ]);
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
        assert_eq!(names, [
            "amr", "aud", "auth_time", "email", "exp", "iat", "id", "iss", "jti", "nbf", "role", "scope", "sid", "sub",
        ]);
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

mod hashing {
    use durward_store::testing::Backend;

    use super::*;

    on_both! {
        with &[
            ("DURWARD_PASSWORD__MEMORY_KIB", "19456"),
            ("DURWARD_PASSWORD__ITERATIONS", "10"),
            ("DURWARD_LIMITS__ACCOUNT_FAILURES", "1000"),
            ("DURWARD_LIMITS__ADDRESS_FAILURES", "1000"),
        ];

        /// A hash is computed for the unknown address too: the quickest answers of both take as long.
        async fn an_unknown_address_takes_as_long(app) {
            app.register("ann").await;
            let addresses = ["ann@example.com", "nobody@example.com", "not an address"];
            let mut quickest = [Duration::MAX; 3];
            for _ in 0..10 {
                for (address, least) in addresses.iter().zip(&mut quickest) {
                    let body = json!({ "email": address, "password": "not the password" });
                    let start = now();
                    app.visitor().post(LOGIN, body).await.is(401);
                    *least = start.elapsed().min(*least);
                }
            }
            let [known, others @ ..] = quickest;
            for unknown in others {
                let ratio = unknown.as_secs_f64() / known.as_secs_f64();
                assert!((0.5..2.0).contains(&ratio), "{quickest:?}");
            }
        }
    }

    on_both! {
        with &[("DURWARD_PASSWORD__MEMORY_KIB", "19456"), ("DURWARD_PASSWORD__ITERATIONS", "15")];

        /// Two logins at once, where each would bring an old hash up to date, both succeed.
        async fn an_old_hash_is_replaced_beside_others(app) {
            app.register("ann").await;
            let weak = App::with(Backend::Sqlite, &[]).await;
            let hash = weak.core.hasher().hash(durward_proto::Secret::new(PASSWORD)).await.unwrap();
            let id = app.operator.find(&email("ann").parse().unwrap()).await.unwrap().unwrap().id;
            app.operator.set_password(id, &hash).await.unwrap();
            let logins: Vec<_> = (0..4)
                .map(|_| {
                    let visitor = app.visitor();
                    tokio::spawn(async move { visitor.post(LOGIN, form("ann")).await })
                })
                .collect();
            for login in logins {
                login.await.unwrap().is(200);
            }
            let old = "SELECT COUNT(*) FROM users WHERE password_hash LIKE '%m=64,%'";
            assert_eq!(app.database.count(old).await, 0);
        }

        /// Whatever happens to the account while a password is being checked, no session outlives it.
        async fn an_account_that_changes_meanwhile(app) {
            let id = UserId(app.register("ann").await);
            let live = "SELECT COUNT(*) FROM user_sessions WHERE ended_at IS NULL";
            for change in ["suspension", "password"] {
                let visitor = app.visitor();
                let login = tokio::spawn(async move { visitor.post(LOGIN, form("ann")).await });
                tokio::time::sleep(Duration::from_millis(80)).await;
                if change == "password" {
                    app.operator.set_password(id, "$argon2id$v=19$m=64,t=1,p=1$c29tZSBzYWx0$bm8gaGFzaCBhdCBhbGw").await.unwrap();
                } else {
                    app.operator.set_status(id, AccountStatus::Suspended).await.unwrap();
                }
                let answer = login.await.unwrap();
                assert_eq!(app.database.count(live).await, 0, "{change}: {}", answer.text());
                app.operator.set_status(id, AccountStatus::Active).await.unwrap();
            }
            app.visitor().post(LOGIN, form("ann")).await.refused(401, "invalid_credentials");
        }
    }

    #[allow(clippy::disallowed_methods, reason = "it measures the machine")]
    fn now() -> Instant {
        Instant::now()
    }
}

mod cookie_names {
    use durward_store::testing::Backend;

    use super::*;

    const PRODUCTION: [(&str, &str); 2] =
        [("ENVIRONMENT", "production"), ("DURWARD_SERVER__PUBLIC_URL", "https://app.example.com")];

    async fn cookies_with(settings: &[(&str, &str)]) -> (App, Vec<String>) {
        let app = App::with(Backend::Sqlite, settings).await;
        app.register("ann").await;
        let ann = app.visitor();
        let answer = ann.post(LOGIN, form("ann")).await.is(200);
        // They are read back under the names that they were set with.
        ann.get("/api/v1/profile").await.is(200);
        ann.put("/api/v1/settings", json!({ "theme": "light" })).await.is(200);
        ann.post_empty("/api/v1/auth/refresh").await.is(200);
        let visitor = app.visitor();
        let token = visitor.get("/api/v1/auth/csrf-token").await.is(200);
        let mut all = cookies(&answer);
        all.extend(cookies(&token).into_iter().filter(|cookie| cookie.contains("csrf_binding")));
        (app, all)
    }

    #[tokio::test]
    async fn in_production_they_are_secure_and_prefixed() {
        let (app, cookies) = cookies_with(&PRODUCTION).await;
        assert_eq!(
            cookies,
            [
                "__Host-access_token; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly; Secure",
                "__Host-csrf_token; Path=/; Max-Age=3600; SameSite=Lax; Secure",
                "__Host-device_id; Path=/; Max-Age=34560000; SameSite=Lax; HttpOnly; Secure",
                "__Secure-refresh_token; Path=/api/v1/auth; Max-Age=604800; SameSite=Lax; HttpOnly; Secure",
                "__Host-csrf_binding; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly; Secure",
            ]
        );
        // A bare name, which any page of a sub-domain could have planted, is nobody's.
        let ann = app.login("ann").await;
        let bare = app.visitor();
        bare.set_cookie("access_token", &ann.cookie("__Host-access_token").unwrap());
        bare.get("/api/v1/profile").await.refused(401, "token_missing");
    }

    #[tokio::test]
    async fn a_domain_takes_the_host_prefix_away() {
        let settings = [PRODUCTION.as_slice(), &[("DURWARD_COOKIES__DOMAIN", ".example.com")]].concat();
        let (_, cookies) = cookies_with(&settings).await;
        assert_eq!(
            cookies,
            [
                "__Secure-access_token; Path=/; Max-Age=3600; SameSite=Lax; Domain=example.com; HttpOnly; Secure",
                "__Secure-csrf_token; Path=/; Max-Age=3600; SameSite=Lax; Domain=example.com; Secure",
                "__Secure-device_id; Path=/; Max-Age=34560000; SameSite=Lax; Domain=example.com; HttpOnly; Secure",
                "__Secure-refresh_token; Path=/api/v1/auth; Max-Age=604800; SameSite=Lax; Domain=example.com; HttpOnly; Secure",
                "__Secure-csrf_binding; Path=/; Max-Age=3600; SameSite=Lax; Domain=example.com; HttpOnly; Secure",
            ]
        );
    }

    #[tokio::test]
    async fn apps_that_know_the_bare_names() {
        let more = [("DURWARD_COOKIES__PREFIX", "false"), ("DURWARD_COOKIES__ACCESS_TOKEN_READABLE", "true")];
        let (_, cookies) = cookies_with(&[PRODUCTION.as_slice(), &more].concat()).await;
        assert_eq!(
            cookies[..4],
            [
                "access_token; Path=/; Max-Age=3600; SameSite=Lax; Secure",
                "csrf_token; Path=/; Max-Age=3600; SameSite=Lax; Secure",
                "device_id; Path=/; Max-Age=34560000; SameSite=Lax; HttpOnly; Secure",
                "refresh_token; Path=/api/v1/auth; Max-Age=604800; SameSite=Lax; HttpOnly; Secure",
            ]
        );
    }

    #[tokio::test]
    async fn an_https_url_makes_them_secure_in_development_too() {
        let settings = [("ENVIRONMENT", "development"), ("DURWARD_SERVER__PUBLIC_URL", "https://localhost:8443")];
        let (_, cookies) = cookies_with(&settings).await;
        assert!(cookies.iter().all(|cookie| cookie.starts_with("__") && cookie.ends_with("; Secure")), "{cookies:?}");
    }

    #[tokio::test]
    async fn a_domain_on_plain_http() {
        let settings = [
            ("DURWARD_SERVER__PUBLIC_URL", "http://app.example.test:8000"),
            ("DURWARD_COOKIES__DOMAIN", "example.test"),
        ];
        let (_, cookies) = cookies_with(&settings).await;
        assert!(cookies.iter().all(|cookie| !cookie.starts_with("__") && !cookie.contains("Secure")), "{cookies:?}");
        assert!(cookies.iter().all(|cookie| cookie.contains("; Domain=") && cookie.contains("example.test")));
    }
}
