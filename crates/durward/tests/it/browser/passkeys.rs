//! What works.

use durward_store::testing::Backend;
use serde_json::{Value, json};

use super::page::Page;
use crate::kit::{PASSWORD, email};

/// Registers a passkey; logs in with it alone; logs in with the password and then with it. On a page of the program's own
/// origin, with nothing but what browsers have.
async fn register_and_log_in(backend: Backend) {
    let page = Page::start(backend).await;
    page.account("ann").await;
    let passkey = page.register_passkey().await;
    assert_eq!(passkey["name"], "Browser");
    assert_eq!(passkey["backup_codes"].as_array().unwrap().len(), 10);
    let kept = page.browser.passkeys().await;
    assert_eq!(
        (kept.len(), &kept[0]["isResidentCredential"], &kept[0]["rpId"]),
        (1, &true.into(), &"localhost".into())
    );
    page.call("POST", "/api/v1/auth/logout", Value::Null).await.is(204);
    assert_eq!(page.call("GET", "/api/v1/auth/status", Value::Null).await.is(200)["authenticated"], false);

    // Alone: nobody says who they are but the authenticator.
    let script = "(async () => {
        const asked = (await call('POST', '/api/v1/auth/passkey/login/begin')).body;
        if (asked.publicKey.allowCredentials.length) throw new Error('it asks for a certain passkey');
        return call('POST', '/api/v1/auth/passkey/login/finish', { ceremony_id: asked.ceremony_id, credential: await get(asked) });
    })()";
    let told = page.run(script).await;
    assert_eq!((&told["status"], &told["body"]["status"]), (&200.into(), &"authenticated".into()), "{told}");
    let status = page.call("GET", "/api/v1/auth/status", Value::Null).await.is(200);
    assert_eq!(status["user"]["email"], email("ann"));
    assert_eq!(status["auth_methods"], json!(["hwk", "user", "mfa"]));
    page.call("PUT", "/api/v1/profile", json!({ "full_name": "Ann" })).await.is(200);
    page.call("POST", "/api/v1/auth/logout", Value::Null).await.is(204);

    // As the second factor.
    let login = json!({ "email": email("ann"), "password": PASSWORD });
    let script = format!(
        "(async () => {{
            const challenge = (await call('POST', '/api/v1/auth/login', {login})).body;
            if (challenge.status !== 'second_factor_required') throw new Error(challenge.status);
            return call('POST', '/api/v1/auth/2fa/verify', {{
                challenge_token: challenge.challenge_token, method: 'passkey',
                ceremony_id: challenge.passkey.ceremony_id, credential: await get(challenge.passkey),
            }});
        }})()"
    );
    let told = page.run(&script).await;
    assert_eq!(told["status"], 200, "{told}");
    let status = page.call("GET", "/api/v1/auth/status", Value::Null).await.is(200);
    assert_eq!(status["auth_methods"], json!(["pwd", "hwk", "user", "mfa"]));

    // To show again who one is.
    let script = "(async () => {
        const asked = (await call('POST', '/api/v1/auth/reauthenticate/passkey')).body;
        const body = { method: 'passkey', ceremony_id: asked.ceremony_id, credential: await get(asked) };
        return call('POST', '/api/v1/auth/reauthenticate', body);
    })()";
    assert_eq!(page.run(script).await["status"], 200);
    let listed = page.call("GET", "/api/v1/passkeys", Value::Null).await.is(200);
    assert!(listed["items"][0]["last_used_at"].is_string());
    assert_eq!(listed["items"][0]["clone_suspected_at"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn register_and_log_in_on_sqlite() {
    register_and_log_in(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn register_and_log_in_on_postgres() {
    register_and_log_in(Backend::Postgres).await;
}

/// Conditional UI: the form's field offers the passkey, and nobody presses a button for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_the_fields_of_a_form() {
    let page = Page::start(Backend::Sqlite).await;
    page.account("ann").await;
    page.register_passkey().await;
    assert_eq!(page.run("PublicKeyCredential.isConditionalMediationAvailable()").await, true);
    let assertion = page.assertion_where("{ mediation: 'conditional' }").await;
    let answer = page.finish(&assertion).await.is(200).json();
    assert_eq!(answer["user"]["email"], email("ann"));
}

/// The browser itself does not make a second passkey on the same authenticator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_passkey_for_each_authenticator() {
    let page = Page::start(Backend::Sqlite).await;
    page.account("ann").await;
    page.register_passkey().await;
    let asked = page.call("POST", "/api/v1/passkeys/register/begin", Value::Null).await.is(200);
    let error = page.browser.run(&format!("create({asked})")).await.unwrap_err();
    assert!(error.starts_with("InvalidStateError"), "{error}");
}
