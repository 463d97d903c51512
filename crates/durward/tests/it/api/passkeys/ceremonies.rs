//! Ceremonies: each belongs to one purpose, user, session and challenge, and is answered once.

use std::time::Duration;

use serde_json::json;

use super::{BEGIN, FINISH, answer_to, begin, log_in, owner, password};
use crate::kit::{Authenticator, email, on_both};

const REGISTER: &str = "/api/v1/passkeys/register/finish";
const RENEW: &str = "/api/v1/auth/reauthenticate";
const VERIFY: &str = "/api/v1/auth/2fa/verify";

on_both! {
    /// The same answer again, and an earlier answer to a later question.
    async fn an_answer_counts_once(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        let options = begin(&app).await;
        let body = answer_to(&options, key.get(&app.origin, &options));
        app.app_client().post(FINISH, body.clone()).await.is(200);
        app.app_client().post(FINISH, body.clone()).await.refused(401, "invalid_passkey");
        let later = begin(&app).await;
        let body = answer_to(&later, body["credential"].clone());
        app.app_client().post(FINISH, body).await.refused(401, "invalid_passkey");
    }

    /// A wrong answer uses the question up as well.
    async fn a_wrong_answer_counts_too(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        let options = begin(&app).await;
        let mut draft = key.draft_get(&app.origin, &options);
        let right = answer_to(&options, key.assert(&draft));
        draft.origin = "https://evil.example".to_owned();
        app.app_client().post(FINISH, answer_to(&options, key.assert(&draft))).await.refused(401, "invalid_passkey");
        app.app_client().post(FINISH, right).await.refused(401, "invalid_passkey");
    }

    /// What was asked for one purpose is no answer for another, and trying costs it nothing.
    async fn for_one_purpose(app) {
        let (ann, mut key, _) = owner(&app, "ann").await;
        let login = begin(&app).await;
        let challenge = password(&app, "ann").await;
        let second = challenge["passkey"].clone();
        let renewal = ann.post_empty("/api/v1/auth/reauthenticate/passkey").await.is(200).json();
        let registration = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        for other in [&second, &renewal] {
            let body = answer_to(other, key.get(&app.origin, other));
            app.app_client().post(FINISH, body).await.refused(401, "invalid_passkey");
        }
        for other in [&login, &second] {
            let body = json!({
                "method": "passkey", "ceremony_id": other["ceremony_id"], "credential": key.get(&app.origin, other),
            });
            ann.post(RENEW, body).await.refused(401, "invalid_passkey");
        }
        for other in [&login, &renewal] {
            let body = json!({
                "challenge_token": challenge["challenge_token"], "method": "passkey",
                "ceremony_id": other["ceremony_id"], "credential": key.get(&app.origin, other),
            });
            app.app_client().post(VERIFY, body).await.refused(401, "invalid_passkey");
        }
        let mut other = Authenticator::new();
        let credential = other.create(&app.origin, &registration);
        let body = json!({ "ceremony_id": login["ceremony_id"], "credential": credential });
        let answer = ann.post(REGISTER, body).await.refused(422, "validation_failed");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/ceremony_id");

        app.app_client().post(FINISH, answer_to(&login, key.get(&app.origin, &login))).await.is(200);
        let body = json!({
            "method": "passkey", "ceremony_id": renewal["ceremony_id"], "credential": key.get(&app.origin, &renewal),
        });
        ann.post(RENEW, body).await.is(200);
        let body = json!({
            "challenge_token": challenge["challenge_token"], "method": "passkey",
            "ceremony_id": second["ceremony_id"], "credential": key.get(&app.origin, &second),
        });
        app.app_client().post(VERIFY, body).await.is(200);
        ann.post(REGISTER, json!({ "ceremony_id": registration["ceremony_id"], "credential": credential })).await.is(201);
    }

    /// What one user, one session or one challenge was asked, another cannot answer.
    async fn of_one_user_session_and_challenge(app) {
        let (ann, mut key, _) = owner(&app, "ann").await;
        let bob = app.user("bob").await;
        let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        let body = json!({ "ceremony_id": options["ceremony_id"], "credential": Authenticator::new().create(&app.origin, &options) });
        bob.post(REGISTER, body.clone()).await.refused(422, "validation_failed");
        // Another session of the same user.
        let elsewhere = log_in(&app, &mut key).await.is(200).json();
        let elsewhere = app.app_client().with_bearer(elsewhere["access_token"].as_str().unwrap());
        elsewhere.post(REGISTER, body.clone()).await.refused(422, "validation_failed");
        let renewal = ann.post_empty("/api/v1/auth/reauthenticate/passkey").await.is(200).json();
        let renew = json!({
            "method": "passkey", "ceremony_id": renewal["ceremony_id"], "credential": key.get(&app.origin, &renewal),
        });
        elsewhere.post(RENEW, renew.clone()).await.refused(401, "invalid_passkey");
        ann.post(REGISTER, body).await.is(201);
        ann.post(RENEW, renew).await.is(200);
        // Another challenge of the same user.
        let (one, other) = (password(&app, "ann").await, password(&app, "ann").await);
        let body = json!({
            "challenge_token": other["challenge_token"], "method": "passkey",
            "ceremony_id": one["passkey"]["ceremony_id"], "credential": key.get(&app.origin, &one["passkey"]),
        });
        app.app_client().post(VERIFY, body).await.refused(401, "invalid_passkey");
    }

    /// Ids that are none, and one that nobody gave out.
    async fn unknown_ones(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        let options = begin(&app).await;
        let credential = key.get(&app.origin, &options);
        for (id, status) in [("0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10", 401), ("x", 422), ("", 422)] {
            let body = json!({ "ceremony_id": id, "credential": credential, "transport": "bearer" });
            app.app_client().post(FINISH, body).await.is(status);
        }
        app.app_client().post(FINISH, answer_to(&options, credential)).await.is(200);
    }

    /// A registration takes five minutes at most, and one that was begun before a change of the password is over.
    async fn registrations_end(app) {
        let ann = app.user("ann").await;
        let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        let body = json!({ "ceremony_id": options["ceremony_id"], "credential": Authenticator::new().create(&app.origin, &options) });
        app.clock.advance(Duration::from_secs(301));
        ann.post(REGISTER, body).await.refused(422, "validation_failed");

        let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        let body = json!({ "ceremony_id": options["ceremony_id"], "credential": Authenticator::new().create(&app.origin, &options) });
        let change = json!({ "current_password": crate::kit::PASSWORD, "new_password": "four quiet herons at dusk" });
        ann.post("/api/v1/password/change", change).await.is(204);
        ann.post(REGISTER, body).await.refused(422, "validation_failed");
    }

    /// What begin takes: nothing, or an address.
    async fn bodies_of_begin(app) {
        let visitor = app.visitor();
        for body in [json!({}), json!({ "email": null }), json!({ "email": email("ann") }), json!({ "email": "" })] {
            visitor.post(BEGIN, body).await.is(200);
        }
        for body in [json!({ "email": 5 }), json!({ "user": "ann" }), json!("ann")] {
            visitor.post(BEGIN, body).await.refused(422, "validation_failed");
        }
        visitor.post_form(BEGIN, &[("email", "ann@example.com")]).await.refused(415, "unsupported_media_type");
    }
}
