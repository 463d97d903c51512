//! Answers that are not what they should be: refused, all with the same words, and written down.

use serde_json::{Value, json};

use super::{FINISH, answer_to, begin, log_in, owner};
use crate::kit::{Authenticator, BACKED_UP, Draft, PRESENT, VERIFIED, email, on_both};

type Change = fn(&mut Draft);

on_both! {
    /// One thing is wrong, in an answer that is signed as it should be.
    async fn one_thing_is_wrong(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        let changes: [(&str, Change); 16] = [
            ("another origin", |draft| draft.origin = "https://evil.example".to_owned()),
            ("another port", |draft| draft.origin = "http://localhost:8001".to_owned()),
            ("a subdomain", |draft| draft.origin = "http://a.localhost:8000".to_owned()),
            ("another scheme", |draft| draft.origin = "https://localhost:8000".to_owned()),
            ("the origin with a path", |draft| draft.origin.push_str("/x")),
            ("the origin with a user", |draft| draft.origin = "http://user@localhost:8000".to_owned()),
            ("no origin", |draft| draft.origin = String::new()),
            ("in a frame of another site", |draft| draft.cross_origin = true),
            ("another RP ID", |draft| draft.rp_id = "evil.example".to_owned()),
            ("a registration", |draft| draft.kind = "webauthn.create".to_owned()),
            ("another challenge", |draft| draft.challenge = draft.challenge.chars().rev().collect()),
            ("nobody there", |draft| draft.flags = VERIFIED),
            ("not made sure of the user", |draft| draft.flags = PRESENT),
            ("backed up, which it cannot be", |draft| draft.flags |= BACKED_UP),
            ("another user", |draft| draft.user_handle = Some(vec![7; 16])),
            ("no user", |draft| draft.user_handle = None),
        ];
        let mut first: Option<Value> = None;
        for (what, change) in changes {
            let options = begin(&app).await;
            let mut draft = key.draft_get(&app.origin, &options);
            change(&mut draft);
            let answer = app.app_client().post(FINISH, answer_to(&options, key.assert(&draft))).await;
            let mut problem = answer.refused(401, "invalid_passkey").json();
            problem["request_id"] = Value::Null;
            assert_eq!(first.get_or_insert(problem.clone()), &problem, "{what}");
        }
        let attempts = "SELECT COUNT(*) FROM device_login_attempts WHERE method = 'passkey' AND reason = 'invalid_passkey' \
            AND email_key = 'ann@example.com'";
        assert_eq!(app.database.count(attempts).await, 16);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'login_failed'").await, 16);
        log_in(&app, &mut key).await.is(200);
    }

    /// What was signed and what is sent are not the same.
    async fn changed_after_it_was_signed(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        for part in ["authenticatorData", "clientDataJSON", "signature"] {
            let options = begin(&app).await;
            let mut credential = key.get(&app.origin, &options);
            let other = { let again = begin(&app).await; key.get(&app.origin, &again) };
            credential["response"][part] = other["response"][part].clone();
            app.app_client().post(FINISH, answer_to(&options, credential)).await.refused(401, "invalid_passkey");
        }
        // Somebody else's signature.
        let (_, mut mallory, _) = owner(&app, "mallory").await;
        let options = begin(&app).await;
        let mut draft = mallory.draft_get(&app.origin, &options);
        let own = key.draft_get(&app.origin, &options);
        (draft.credential_id, draft.user_handle, draft.counter) = (own.credential_id, own.user_handle, own.counter);
        app.app_client().post(FINISH, answer_to(&options, mallory.assert(&draft))).await.refused(401, "invalid_passkey");
        log_in(&app, &mut key).await.is(200);
    }

    /// A passkey that nobody registered here, and one that was removed.
    async fn unknown_and_removed(app) {
        let (ann, mut key, passkey) = owner(&app, "ann").await;
        let mut stranger = Authenticator::new();
        let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        stranger.create(&app.origin, &options);
        log_in(&app, &mut stranger).await.refused(401, "invalid_passkey");

        let options = begin(&app).await;
        let before = key.get(&app.origin, &options);
        ann.delete(&format!("/api/v1/passkeys/{}", passkey["id"].as_str().unwrap())).await.is(204);
        app.app_client().post(FINISH, answer_to(&options, before)).await.refused(401, "invalid_passkey");
        log_in(&app, &mut key).await.refused(401, "invalid_passkey");
    }

    /// The counter went back: there may be two of the authenticator. The answer is refused, and the user is shown why.
    async fn the_counter_went_back(app) {
        let (ann, mut key, passkey) = owner(&app, "ann").await;
        assert_eq!(passkey["clone_suspected_at"], Value::Null);
        log_in(&app, &mut key).await.is(200);
        for back in [0, 1] {
            let options = begin(&app).await;
            let mut draft = key.draft_get(&app.origin, &options);
            draft.counter -= 1 + back;
            app.app_client().post(FINISH, answer_to(&options, key.assert(&draft))).await.refused(401, "invalid_passkey");
        }
        // One that no longer counts does not get around it.
        let options = begin(&app).await;
        let mut draft = key.draft_get(&app.origin, &options);
        draft.counter = 0;
        app.app_client().post(FINISH, answer_to(&options, key.assert(&draft))).await.refused(401, "invalid_passkey");
        let listed = ann.get("/api/v1/passkeys").await.is(200).json();
        assert!(listed["items"][0]["clone_suspected_at"].is_string());
        let audit = "SELECT COUNT(*) FROM security_audit WHERE event = 'passkey_clone_suspected' AND subject_user_id IS NOT NULL";
        assert_eq!(app.database.count(audit).await, 3);
        // The one that is ahead still works, so that its owner is not locked out by the other.
        log_in(&app, &mut key).await.is(200);
    }

    /// The same with registrations: what is wrong is refused, and nothing is kept.
    async fn registrations(app) {
        let ann = app.user("ann").await;
        let changes: [(&str, Change); 9] = [
            ("another origin", |draft| draft.origin = "https://evil.example".to_owned()),
            ("another port", |draft| draft.origin = "http://localhost:8001".to_owned()),
            ("in a frame of another site", |draft| draft.cross_origin = true),
            ("another RP ID", |draft| draft.rp_id = "evil.example".to_owned()),
            ("a login", |draft| draft.kind = "webauthn.get".to_owned()),
            ("another challenge", |draft| draft.challenge = draft.challenge.chars().rev().collect()),
            ("nobody there", |draft| draft.flags = VERIFIED),
            ("backed up, which it cannot be", |draft| draft.flags |= BACKED_UP),
            ("an endless id", |draft| draft.credential_id = vec![7; 1024]),
        ];
        for (what, change) in changes {
            let mut key = Authenticator::new();
            let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
            let mut draft = key.draft_create(&app.origin, &options);
            change(&mut draft);
            let body = json!({ "ceremony_id": options["ceremony_id"], "credential": key.attest(&draft) });
            let answer = ann.post("/api/v1/passkeys/register/finish", body).await.refused(422, "validation_failed");
            assert_eq!(answer.json()["errors"][0]["pointer"], "/credential", "{what}");
        }
        assert_eq!(app.database.count("SELECT COUNT(*) FROM passkey_credentials").await, 0);
        assert_eq!(ann.get("/api/v1/profile").await.is(200).json()["user"]["email"], email("ann"));
    }
}
