//! Registering.

use std::time::Duration;

use serde_json::{Value, json};

use super::{log_in, owner, register};
use crate::kit::{Authenticator, BACKED_UP, BACKUP_ELIGIBLE, PRESENT, VERIFIED, on_both};

const RENEW: &str = "/api/v1/auth/reauthenticate";

on_both! {
    /// What browsers are asked for, as `parseCreationOptionsFromJSON` reads it (WebAuthn level 3, section 5.1.10).
    async fn what_is_asked_for(app) {
        let ann = app.user("ann").await;
        let asked = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        let options = &asked["publicKey"];
        assert_eq!(options["rp"], json!({ "id": "localhost", "name": "durward" }));
        assert_eq!(options["user"]["name"], "ann@example.com");
        assert_eq!(options["user"]["displayName"], "ann");
        assert_eq!(options["user"]["id"].as_str().unwrap().len(), 22, "sixteen random bytes in base64url");
        assert_eq!(options["challenge"].as_str().unwrap().len(), 43);
        let selection = &options["authenticatorSelection"];
        assert_eq!((&selection["residentKey"], &selection["requireResidentKey"]), (&"required".into(), &true.into()));
        assert_eq!(selection["userVerification"], "preferred");
        assert_eq!((&options["attestation"], &options["timeout"]), (&"none".into(), &300_000.into()));
        assert_eq!(options["excludeCredentials"], json!([]));
        assert_eq!(options["pubKeyCredParams"][0], json!({ "type": "public-key", "alg": -7 }));

        let again = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        assert_eq!(again["publicKey"]["user"], options["user"], "the handle stays");
        assert_ne!(again["publicKey"]["challenge"], options["challenge"]);
        let bob = app.user("bob").await.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        assert_ne!(bob["publicKey"]["user"]["id"], options["user"]["id"]);
    }

    /// The first passkey turns the second factor on and brings backup codes; the second one is not asked for where the
    /// first one is.
    async fn the_first_and_the_second(app) {
        let (ann, mut key, first) = owner(&app, "ann").await;
        let codes = first["backup_codes"].as_array().unwrap();
        assert_eq!(codes.len(), 10);
        assert_eq!((&first["name"], &first["last_used_at"]), (&"Passkey 1".into(), &Value::Null));
        assert_eq!((&first["backup_eligible"], &first["backed_up"]), (&false.into(), &false.into()));
        assert_eq!(ann.get("/api/v1/profile").await.is(200).json()["user"]["tfa_enabled"], true);

        let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        let excluded = options["publicKey"]["excludeCredentials"].as_array().unwrap();
        assert_eq!(excluded.len(), 1);
        assert_eq!(excluded[0]["transports"], json!(["hybrid", "internal"]), "only what we know");
        key.flags = PRESENT | VERIFIED | BACKUP_ELIGIBLE | BACKED_UP;
        let credential = key.create(&app.origin, &options);
        let body = json!({ "ceremony_id": options["ceremony_id"], "credential": credential, "name": "  My phone  " });
        let second = ann.post("/api/v1/passkeys/register/finish", body).await.is(201).json();
        assert_eq!((&second["name"], second.get("backup_codes")), (&"My phone".into(), None));
        assert_eq!((&second["backup_eligible"], &second["backed_up"]), (&true.into(), &true.into()));

        let audit = "SELECT COUNT(*) FROM security_audit WHERE event = 'passkey_added' AND session_id IS NOT NULL";
        assert_eq!(app.database.count(audit).await, 2);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'backup_codes_made'").await, 1);
    }

    /// It needs an authentication that is younger than ten minutes, at both ends.
    async fn an_old_login_is_not_enough(app) {
        let ann = app.user("ann").await;
        let mut key = Authenticator::new();
        app.clock.advance(Duration::from_secs(590));
        let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        app.clock.advance(Duration::from_secs(15));
        let body = json!({ "ceremony_id": options["ceremony_id"], "credential": key.create(&app.origin, &options) });
        ann.post("/api/v1/passkeys/register/finish", body.clone()).await.refused(403, "reauthentication_required");
        ann.post_empty("/api/v1/passkeys/register/begin").await.refused(403, "reauthentication_required");
        ann.post(RENEW, json!({ "password": crate::kit::PASSWORD })).await.is(200);
        ann.post("/api/v1/passkeys/register/finish", body).await.is(201);
    }

    /// A name is one line of 1 to 100 characters; a bad one uses nothing up.
    async fn names(app) {
        let ann = app.user("ann").await;
        let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        let credential = Authenticator::new().create(&app.origin, &options);
        let named = |name: &str| json!({ "ceremony_id": options["ceremony_id"], "credential": credential, "name": name });
        for bad in ["", "   ", "two\nlines", "nul\0", &"x".repeat(101)] {
            let answer = ann.post("/api/v1/passkeys/register/finish", named(bad)).await.refused(422, "validation_failed");
            assert_eq!(answer.json()["errors"][0]["pointer"], "/name");
        }
        let longest = "ü".repeat(100);
        let passkey = ann.post("/api/v1/passkeys/register/finish", named(&longest)).await.is(201).json();
        assert_eq!(passkey["name"], longest);
    }

    /// One authenticator's passkey is registered once, whoever tries.
    async fn the_same_passkey_twice(app) {
        let ann = app.user("ann").await;
        let bob = app.user("bob").await;
        let mut key = Authenticator::new();
        let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
        let mut draft = key.draft_create(&app.origin, &options);
        let body = json!({ "ceremony_id": options["ceremony_id"], "credential": key.attest(&draft) });
        ann.post("/api/v1/passkeys/register/finish", body).await.is(201);
        for other in [&ann, &bob] {
            let options = other.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
            draft.challenge = options["publicKey"]["challenge"].as_str().unwrap().to_owned();
            let body = json!({ "ceremony_id": options["ceremony_id"], "credential": key.attest(&draft) });
            let answer = other.post("/api/v1/passkeys/register/finish", body).await;
            assert!(matches!(answer.status.as_u16(), 409 | 422), "{}", answer.text());
        }
        assert_eq!(app.database.count("SELECT COUNT(*) FROM passkey_credentials").await, 1);
        assert_eq!(bob.get("/api/v1/profile").await.is(200).json()["user"]["tfa_enabled"], false);
    }

    /// There are at most twenty.
    async fn as_many_as_may_be(app) {
        let (ann, mut key, _) = owner(&app, "ann").await;
        for _ in 1..20 {
            register(&app, &ann, &mut key).await.is(201);
        }
        ann.post_empty("/api/v1/passkeys/register/begin").await.refused(409, "factor_state");
        let all = ann.get("/api/v1/passkeys").await.is(200).json();
        assert_eq!(all["items"].as_array().unwrap().len(), 20);
        log_in(&app, &mut key).await.is(200);
    }

    /// A client that does not make sure of its user may be registered, and comes after a password alone.
    async fn without_verification(app) {
        let ann = app.user("ann").await;
        let mut key = Authenticator::new();
        key.flags = PRESENT;
        register(&app, &ann, &mut key).await.is(201);
        log_in(&app, &mut key).await.refused(401, "invalid_passkey");
    }
}
