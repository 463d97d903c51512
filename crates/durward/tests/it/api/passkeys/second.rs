//! A passkey after the password, and to show again who one is.

use std::time::Duration;

use serde_json::{Value, json};

use super::{owner, password, register};
use crate::kit::{Authenticator, PRESENT, SECRET, VERIFIED, jws, on_both};

const VERIFY: &str = "/api/v1/auth/2fa/verify";
const RENEW: &str = "/api/v1/auth/reauthenticate";

fn shown(challenge: &Value, credential: Value) -> Value {
    json!({
        "challenge_token": challenge["challenge_token"], "method": "passkey",
        "ceremony_id": challenge["passkey"]["ceremony_id"], "credential": credential,
    })
}

on_both! {
    /// The options stand in the answer to the password, and ask for this user's passkeys alone.
    async fn after_the_password(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        owner(&app, "bob").await;
        let challenge = password(&app, "ann").await;
        assert_eq!(challenge["status"], "second_factor_required");
        assert!(challenge["methods"].as_array().unwrap().contains(&"passkey".into()));
        let options = &challenge["passkey"]["publicKey"];
        assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 1);
        assert_eq!(options["userVerification"], "preferred");
        let answer = app.app_client().post(VERIFY, shown(&challenge, key.get(&app.origin, &challenge["passkey"]))).await;
        let (_, claims) = jws::read(answer.is(200).json()["access_token"].as_str().unwrap(), SECRET);
        assert_eq!(claims["amr"], json!(["pwd", "hwk", "user", "mfa"]));
    }

    /// It need not make sure of its user: the password did.
    async fn without_verification(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        key.flags = PRESENT;
        let challenge = password(&app, "ann").await;
        let answer = app.app_client().post(VERIFY, shown(&challenge, key.get(&app.origin, &challenge["passkey"]))).await;
        let (_, claims) = jws::read(answer.is(200).json()["access_token"].as_str().unwrap(), SECRET);
        assert_eq!(claims["amr"], json!(["pwd", "hwk", "mfa"]));
    }

    /// Somebody else's passkey, an origin that is not ours, a counter that went back.
    async fn what_is_refused(app) {
        let (ann, mut key, _) = owner(&app, "ann").await;
        let (_, mut mallory, _) = owner(&app, "mallory").await;
        let challenge = password(&app, "ann").await;
        let mut asked = challenge["passkey"].clone();
        asked["publicKey"]["allowCredentials"] = json!([]);
        let body = shown(&challenge, mallory.get(&app.origin, &asked));
        app.app_client().post(VERIFY, body).await.refused(401, "invalid_passkey");

        let challenge = password(&app, "ann").await;
        let body = shown(&challenge, key.get("http://localhost:8001", &challenge["passkey"]));
        app.app_client().post(VERIFY, body).await.refused(401, "invalid_passkey");

        let challenge = password(&app, "ann").await;
        let mut draft = key.draft_get(&app.origin, &challenge["passkey"]);
        draft.counter = 1;
        app.app_client().post(VERIFY, shown(&challenge, key.assert(&draft))).await.refused(401, "invalid_passkey");
        let listed = ann.get("/api/v1/passkeys").await.is(200).json();
        assert!(listed["items"][0]["clone_suspected_at"].is_string());

        let challenge = password(&app, "ann").await;
        let right = shown(&challenge, key.get(&app.origin, &challenge["passkey"]));
        app.app_client().post(VERIFY, right.clone()).await.is(200);
        app.app_client().post(VERIFY, right).await.refused(401, "challenge_invalid");
    }

    /// To show again who one is, the authenticator has to make sure of its user.
    async fn to_show_again(app) {
        let (ann, mut key, passkey) = owner(&app, "ann").await;
        app.clock.advance(Duration::from_secs(700));
        let path = format!("/api/v1/passkeys/{}", passkey["id"].as_str().unwrap());
        ann.delete(&path).await.refused(403, "reauthentication_required");
        for (flags, status) in [(PRESENT, 401), (PRESENT | VERIFIED, 200)] {
            key.flags = flags;
            let options = ann.post_empty("/api/v1/auth/reauthenticate/passkey").await.is(200).json();
            assert_eq!(options["publicKey"]["userVerification"], "required");
            assert_eq!(options["publicKey"]["allowCredentials"].as_array().unwrap().len(), 1);
            let body = json!({
                "method": "passkey", "ceremony_id": options["ceremony_id"], "credential": key.get(&app.origin, &options),
            });
            ann.post(RENEW, body).await.is(status);
        }
        ann.delete(&path).await.is(204);
    }

    /// Who has no passkey cannot be asked for one.
    async fn none_to_show(app) {
        let ann = app.user("ann").await;
        ann.post_empty("/api/v1/auth/reauthenticate/passkey").await.refused(409, "factor_state");
        let mut key = Authenticator::new();
        register(&app, &ann, &mut key).await.is(201);
        ann.post_empty("/api/v1/auth/reauthenticate/passkey").await.is(200);
    }
}
