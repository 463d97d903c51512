//! What is in the database is worth nothing to whoever copies it.

use data_encoding::{BASE32_NOPAD, HEXLOWER};

use super::*;

fn holds(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

on_both! {
    /// Neither secrets nor codes nor tokens, in any form.
    async fn no_secret_is_kept_in_plain(app) {
        let ann = app.user("ann").await;
        let waiting = ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
        let bob = app.user("bob").await;
        let setup = bob.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
        let phone = Phone::of(&setup);
        let enabled = bob.post("/api/v1/2fa/totp/enable", json!({ "code": phone.shows(&app) })).await.is(200).json();
        let client = app.app_client();
        let pending = challenged(&app.visitor(), "bob").await;
        let challenge = challenged_for(&client, "bob", "bearer").await;
        let mut body = answer_to(&challenge, "totp", &phone.next(&app));
        body["trust_device"] = true.into();
        let opened = client.post(VERIFY, body).await.is(200).json();

        let everything = app.database.everything().await;
        let text = |value: &Value| value.as_str().unwrap().as_bytes().to_vec();
        let mut needles = Vec::new();
        for secret in [&waiting["secret"], &setup["secret"]] {
            let raw = BASE32_NOPAD.decode(&text(secret)).unwrap();
            needles.extend([text(secret), HEXLOWER.encode(&raw).into_bytes(), raw]);
        }
        for code in backup_codes(&enabled) {
            needles.extend([code.replace('-', "").into_bytes(), code.as_bytes()[3..].to_vec(), code[3..].replace('-', "").into_bytes()]);
        }
        for token in [&pending["challenge_token"], &challenge["challenge_token"], &opened["device_token"]] {
            needles.push(text(token));
        }
        for needle in needles {
            assert!(!holds(&everything, &needle), "{}", String::from_utf8_lossy(&needle));
        }
        assert!(holds(&everything, b"ann@example.com"), "the search finds what is there");
    }

    /// A sealed secret is its user's: moved to another account, it opens nothing.
    async fn a_secret_cannot_be_moved(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        user_with_totp(&app, "bob").await;
        app.database.sql(
            "UPDATE user_two_factor_auth SET totp_sealed = (SELECT f.totp_sealed FROM user_two_factor_auth f \
             JOIN users u ON u.id = f.user_id WHERE u.email = 'ann@example.com')",
        ).await;
        let challenge = challenged(&app.visitor(), "bob").await;
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.refused(503, "unavailable");
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.is(200);
    }
}
