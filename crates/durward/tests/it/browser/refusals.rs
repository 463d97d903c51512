//! What a real browser's answers are refused for.

use durward_store::testing::Backend;
use serde_json::{Value, json};

use super::page::Page;
use crate::kit::Site;

async fn with_passkey() -> (Page, Value) {
    let page = Page::start(Backend::Sqlite).await;
    page.account("ann").await;
    let passkey = page.register_passkey().await;
    (page, passkey)
}

/// A page of another origin for which the browser does use the passkey, since the RP ID is the same: another port.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assertion_of_another_origin() {
    let (page, _) = with_passkey().await;
    let other = Site::migrated(Backend::Sqlite).await.serve().await;
    assert_ne!(other.origin, page.program.origin);
    page.open(&other.origin).await;
    let foreign = page.assertion().await;
    page.finish(&foreign).await.refused(401, "invalid_passkey");

    // Where the host is another one, the browser has none to offer.
    page.open(&format!("http://127.0.0.1:{}", other.address().port())).await;
    let asked = page.visitor().post_empty("/api/v1/auth/passkey/login/begin").await.is(200).json();
    let error = page.browser.run(&format!("get({asked})")).await.unwrap_err();
    assert!(error.starts_with("SecurityError"), "{error}");

    page.open(&page.program.origin).await;
    let own = page.assertion().await;
    page.finish(&own).await.is(200);
}

/// One that was removed from the account, while the authenticator still has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_passkey() {
    let (page, passkey) = with_passkey().await;
    let before = page.assertion().await;
    let path = format!("/api/v1/passkeys/{}", passkey["id"].as_str().unwrap());
    page.call("DELETE", &path, Value::Null).await.is(204);
    page.finish(&before).await.refused(401, "invalid_passkey");
    let after = page.assertion().await;
    page.finish(&after).await.refused(401, "invalid_passkey");
    assert_eq!(page.browser.passkeys().await.len(), 1);
}

/// The same answer again, and an answer to an earlier question.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_challenge() {
    let (page, _) = with_passkey().await;
    let assertion = page.assertion().await;
    page.finish(&assertion).await.is(200);
    page.finish(&assertion).await.refused(401, "invalid_passkey");
    let mut later = page.assertion().await;
    later["credential"] = assertion["credential"].clone();
    page.finish(&later).await.refused(401, "invalid_passkey");
}

/// Two of one authenticator: the one that is behind is refused, and its owner sees that there may be two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_that_went_back() {
    let (page, _) = with_passkey().await;
    let copy = page.browser.passkeys().await;
    for _ in 0..2 {
        let assertion = page.assertion().await;
        page.finish(&assertion).await.is(200);
    }
    let ahead = page.browser.passkeys().await;
    assert!(ahead[0]["signCount"].as_u64() > copy[0]["signCount"].as_u64(), "{ahead:?}");
    page.browser.replace_passkeys(&copy).await;
    let behind = page.assertion().await;
    page.finish(&behind).await.refused(401, "invalid_passkey");
    let listed = page.call("GET", "/api/v1/passkeys", Value::Null).await.is(200);
    assert!(listed["items"][0]["clone_suspected_at"].is_string(), "{listed}");
    page.browser.replace_passkeys(&ahead).await;
    let assertion = page.assertion().await;
    page.finish(&assertion).await.is(200);
}

/// Without having made sure of its user the authenticator is not enough alone. The browser knows, and asks in vain; what
/// a script makes of the question does not help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_was_not_verified() {
    let (page, _) = with_passkey().await;
    page.browser.verify_user(false).await;
    let mut asked = page.visitor().post_empty("/api/v1/auth/passkey/login/begin").await.is(200).json();
    let error = page.browser.run(&format!("get({asked})")).await.unwrap_err();
    assert!(error.starts_with("NotAllowedError"), "{error}");
    asked["publicKey"]["userVerification"] = "discouraged".into();
    let credential = page.run(&format!("get({asked})")).await;
    let assertion = json!({ "ceremony_id": asked["ceremony_id"], "credential": credential, "transport": "bearer" });
    page.finish(&assertion).await.refused(401, "invalid_passkey");
}
