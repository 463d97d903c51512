//! The names and attributes of the cookies, by configuration.

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
            "__Secure-refresh_token; Path=/api/v1/auth; Max-Age=604800; SameSite=Lax; Domain=example.com; \
                HttpOnly; Secure",
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
    let settings =
        [("DURWARD_SERVER__PUBLIC_URL", "http://app.example.test:8000"), ("DURWARD_COOKIES__DOMAIN", "example.test")];
    let (_, cookies) = cookies_with(&settings).await;
    assert!(cookies.iter().all(|cookie| !cookie.starts_with("__") && !cookie.contains("Secure")), "{cookies:?}");
    assert!(cookies.iter().all(|cookie| cookie.contains("; Domain=") && cookie.contains("example.test")));
}
